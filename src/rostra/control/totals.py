"""Sums over what edges tallied each second: counters that only grow."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import TypeVar

from rostra.ground.facts import EdgeTallied
from rostra.ground.shield_values import ShieldTally

_Label = TypeVar("_Label", str, tuple[str, str])

LABELS_MOST = 512  # of one kind: what a broken edge says must not grow without bound


class Totals:
    """Since control started: requests by edge and class, refusals by edge and code, bytes out.

    Of the shield: refusals by reason, acts by word, and units of cost by whether they are spent or
    explained.
    """

    def __init__(self) -> None:
        self.requests: Counter[tuple[str, str]] = Counter()
        self.refusals: Counter[tuple[str, str]] = Counter()
        self.body_bytes: Counter[str] = Counter()
        self.shield_refused: Counter[str] = Counter()
        self.shield_acts: Counter[str] = Counter()
        self.shield_units = {"spent": 0.0, "explained": 0.0}

    def heard(self, tally: EdgeTallied) -> None:
        """One second of one edge."""
        for counter, counts in ((self.requests, tally.requests), (self.refusals, tally.refusals)):
            _add(counter, {(tally.edge, name): count for name, count in counts.items()})
        self.body_bytes[tally.edge] += tally.body_bytes
        if tally.shield is not None:
            self._shield(tally.shield)

    def _shield(self, tally: ShieldTally) -> None:
        _add(self.shield_refused, tally.refused)
        _add(self.shield_acts, tally.acts)
        self.shield_units["spent"] += tally.spent
        self.shield_units["explained"] += tally.explained


def _add(counter: Counter[_Label], counts: Mapping[_Label, int]) -> None:
    for name, count in counts.items():
        if name in counter or len(counter) < LABELS_MOST:
            counter[name] += count
