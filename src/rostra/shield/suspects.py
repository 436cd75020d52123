"""Suspects: what each of the worst sources did lately over all edges, and whether that is enough.

Everything is halved each 30 s, so that a source is judged by what it does now. The table is
bounded: the source that was told longest ago goes first.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable

import msgspec

from rostra.ground.shield_values import SourceTally
from rostra.shield.terms import ARRIVAL, EACH_S

SUSPECTS_MOST = 8192
HALF_LIFE_S = 30.0
VOUCHED_MS = 60_000  # a source had listeners if an edge said so within this
# With listeners who explain at least this share of its demand, a source is judged by its budget
# alone; with fewer of them it may be banned, but never beyond the first step.
EXPLAINED_SHARE = 0.25
PRESENT_POINTS = 5.0  # from which a reason is there at all

# Of each code that an edge tells of a source: for which reason it speaks, and how loudly.
SIGNS: dict[str, tuple[str, float]] = {
    "source_spent": ("overspent", 1.0),
    "connection_spent": ("overspent", 1.0),
    "source_banned": ("overspent", 1.0),
    "dropped": ("overspent", 1.0),
    "connections_crowded": ("idle_flood", 1.0),
    "idle_flood": ("idle_flood", 5.0),
    "garbage": ("garbage", 5.0),
    "no_pass": ("no_pass", 2.0),
    "pass_replayed": ("pass_replayed", 2.0),  # the pass' own listener may ask again, too
    "challenge_failed": ("unsolved", 5.0),
    "unsolved": ("unsolved", 5.0),
    "slow_head": ("slow_head", 5.0),
    "slow_read": ("slow_read", 5.0),
    "nonce_invented": ("nonce_invented", 10.0),
    "path_strange": ("path_strange", 5.0),
    "decoy": ("decoy", 20.0),
}
WEAK = frozenset(
    {"path_strange", "decoy", "nonce_invented"}
)  # people can look like that too: never alone


class Bar(msgspec.Struct, frozen=True):
    """What it takes to be banned: points, and seconds in which some were made (both halved)."""

    points: float
    seconds: float


BARS: dict[int, Bar] = {1: Bar(600, 18), 2: Bar(120, 9), 3: Bar(60, 7)}  # by pressure; none at 0


class Told(msgspec.Struct):
    """One second of one source over all edges."""

    spent: float = 0.0
    connections: int = 0
    vouched: int = 0
    refused: int = 0
    points: dict[str, float] = {}


class Suspect:
    """One source. All but `vouched` and `connections` (told last) is halved each 30 s."""

    __slots__ = (
        "at_ms",
        "connections",
        "explained",
        "known",
        "points",
        "seconds",
        "source",
        "spent",
        "vouched",
        "vouched_ms",
    )

    def __init__(self, source: bytes, now_ms: int) -> None:
        self.source = source
        self.at_ms = now_ms
        self.points: dict[str, float] = {}
        self.seconds = 0.0
        self.spent = 0.0
        self.explained = 0.0
        self.known = 0.0  # listeners from there whose coming is counted in `explained`
        self.vouched = 0
        self.vouched_ms: int | None = None
        self.connections = 0

    def fade(self, now_ms: int) -> None:
        """Time has passed."""
        left = 0.5 ** (max(0, now_ms - self.at_ms) / 1000 / HALF_LIFE_S)
        self.at_ms = max(self.at_ms, now_ms)
        self.points = {reason: p * left for reason, p in self.points.items() if p * left > 0.01}
        self.seconds *= left
        self.spent *= left
        self.explained *= left
        self.known *= left

    def heard(self, told: Told, now_ms: int) -> None:
        """One second of it, over all edges."""
        self.fade(now_ms)
        strong = False
        for reason, points in told.points.items():
            self.points[reason] = self.points.get(reason, 0.0) + points
            strong = strong or reason not in WEAK
        self.seconds += strong
        self.spent += max(told.spent, float(told.refused))
        self.explained += told.vouched * EACH_S + max(0.0, told.vouched - self.known) * ARRIVAL
        self.known = max(self.known, float(told.vouched))
        self.vouched, self.connections = told.vouched, told.connections
        if told.vouched > 0:
            self.vouched_ms = now_ms

    @property
    def share(self) -> float:
        """Of its demand, what its listeners explain; 0 to 1."""
        return min(1.0, self.explained / self.spent) if self.spent > 0 else 1.0

    def has_listeners(self, now_ms: int) -> bool:
        """Whether an edge vouched for somebody there lately: never beyond the first step."""
        return self.vouched_ms is not None and now_ms - self.vouched_ms <= VOUCHED_MS

    def is_crowd(self, now_ms: int) -> bool:
        """Whether its listeners explain enough of it: its budget is all it needs."""
        return self.has_listeners(now_ms) and self.share >= EXPLAINED_SHARE

    def total(self) -> float:
        """All points, but those of one weak sign alone."""
        present = {reason for reason, points in self.points.items() if points >= PRESENT_POINTS}
        if len(present) < 2:
            return sum(points for reason, points in self.points.items() if reason not in WEAK)
        return sum(self.points.values())

    def reason(self) -> str:
        """What speaks loudest."""
        return max(sorted(self.points), key=lambda reason: self.points[reason])

    def guilty(self, pressure: int) -> bool:
        """Whether that is enough for a ban at this pressure."""
        bar = BARS.get(pressure)
        return bar is not None and self.total() >= bar.points and self.seconds >= bar.seconds


class Suspects:
    """The table."""

    def __init__(self, most: int = SUSPECTS_MOST) -> None:
        self._most = most
        self._suspects: OrderedDict[bytes, Suspect] = OrderedDict()

    def __len__(self) -> int:
        return len(self._suspects)

    def sources(self) -> list[bytes]:
        """All that did anything but spend."""
        return [source for source, suspect in self._suspects.items() if suspect.points]

    def heard(self, tallies: Iterable[SourceTally], now_ms: int) -> list[tuple[Suspect, Told]]:
        """What all edges told in one second; each source once, in the order of sources."""
        merged: dict[bytes, Told] = {}
        for tally in tallies:
            if tally.source:  # a client without an address is never judged
                _merge(merged.setdefault(tally.source, Told()), tally)
        found = []
        for source in sorted(merged):
            suspect = self._suspects.pop(source, None) or Suspect(source, now_ms)
            self._suspects[source] = suspect
            suspect.heard(merged[source], now_ms)
            found.append((suspect, merged[source]))
        while len(self._suspects) > self._most:
            self._suspects.popitem(last=False)
        return found

    def worst(self, most: int, now_ms: int) -> list[Suspect]:
        """Those with most points, then with most demand."""
        for suspect in self._suspects.values():
            suspect.fade(now_ms)
        ranked = sorted(
            self._suspects.values(), key=lambda s: (-sum(s.points.values()), -s.spent, s.source)
        )
        return ranked[:most]

    def forget(self, sources: Iterable[bytes]) -> None:
        """Begin anew with these."""
        for source in sources:
            self._suspects.pop(source, None)

    def clear(self) -> None:
        """Begin anew with all."""
        self._suspects.clear()


def _merge(told: Told, tally: SourceTally) -> None:
    told.spent += tally.spent
    told.connections += tally.connections
    told.vouched += tally.vouched
    for code, times in tally.refused.items():
        sign = SIGNS.get(code)
        if sign is not None:
            reason, points = sign
            told.refused += times
            told.points[reason] = told.points.get(reason, 0.0) + points * times
