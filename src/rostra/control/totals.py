"""Sums over what edges and stage tallied each second: counters that only grow."""

from __future__ import annotations

from collections import Counter

from rostra.ground.facts import EdgeTallied

LABELS_MOST = 512  # of one kind: what a broken edge says must not grow without bound


class Totals:
    """Since control started: requests by edge and class, refusals by edge and code, bytes out."""

    def __init__(self) -> None:
        self.requests: Counter[tuple[str, str]] = Counter()
        self.refusals: Counter[tuple[str, str]] = Counter()
        self.body_bytes: Counter[str] = Counter()

    def heard(self, tally: EdgeTallied) -> None:
        """One second of one edge."""
        for counter, counts in ((self.requests, tally.requests), (self.refusals, tally.refusals)):
            for name, count in counts.items():
                key = (tally.edge, name)
                if key in counter or len(counter) < LABELS_MOST:
                    counter[key] += count
        self.body_bytes[tally.edge] += tally.body_bytes
