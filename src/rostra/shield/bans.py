"""Bans: refuse, then slow, then drop, then the kernel; each step only where the last was ignored.

A ban begins at 30 s, doubles with each step and each repetition up to an hour, and ends by itself.
The table is bounded: the lowest step goes first, and of these what ends soonest.
"""

from __future__ import annotations

import heapq
from collections import Counter, OrderedDict
from collections.abc import Iterable

from rostra.ground.shield_values import Ban
from rostra.shield.sources import Networks, neighbourhood

BANS_MOST = 4096  # as many as a ShieldSet carries
STEPS = ("refuse", "slow", "drop", "kernel")
RANK = {step: rank for rank, step in enumerate(STEPS)}
FIRST_S = 30
LONGEST_S = 3600
REPEATS_S = 3600  # after a ban a source that comes back was here before, for so long
IGNORED_S = 5  # a step was ignored: in so many of its seconds the source was refused on,
IGNORED_POINTS = 20  # and so often in all
STILL_MS = 5000  # a ban that was ignored so lately when it ends goes on


class _Held:
    """A ban in the table, and how it is obeyed."""

    __slots__ = ("ban", "ignored_ms", "points", "seconds", "spared", "times")

    def __init__(self, ban: Ban, times: int, spared: bool) -> None:
        self.ban = ban
        self.spared = spared  # it has listeners
        self.times = times  # banned, taken further or gone on with, lately
        self.points = 0.0  # refused since this step began
        self.seconds = 0  # in which it was
        self.ignored_ms = 0


class Bans:
    """All bans. Times are Unix milliseconds and never go back by more than a clock's step.

    `kernel`: whether the last step may be used.
    """

    def __init__(self, kernel: bool = False, most: int = BANS_MOST) -> None:
        self._last = RANK["kernel"] if kernel else RANK["drop"]
        self._most = most
        self._held: dict[bytes, _Held] = {}
        self._past: OrderedDict[bytes, tuple[int, int]] = OrderedDict()  # times, until when known
        self._order: list[tuple[int, int, bytes]] = []  # a heap: who goes first; some outdated

    def __len__(self) -> int:
        return len(self._held)

    def find(self, source: bytes) -> Ban | None:
        """The source's ban."""
        held = self._held.get(source)
        return held.ban if held else None

    def times(self, source: bytes) -> int:
        """How often it was banned, taken further or gone on with; 0 for one that is not banned."""
        held = self._held.get(source)
        return held.times if held else 0

    def all(self) -> tuple[Ban, ...]:
        """All bans, in the order of their sources."""
        return tuple(self._held[source].ban for source in sorted(self._held))

    # --- what the policy decides --------------------------------------------------------------

    def ban(self, source: bytes, reason: str, now_ms: int, spared: bool = False) -> None:
        """Refuse a source that is not banned yet; `spared`: it has listeners, see `spare`."""
        if source in self._held:
            return
        if len(self._held) >= self._most:
            self._evict()
        times = self._past.pop(source, (0, 0))[0]
        ban = Ban(source=source, step=STEPS[0], reason=reason, since_ms=now_ms, until_ms=now_ms)
        self._held[source] = _Held(ban, times, spared)
        self._prolong(self._held[source], STEPS[0], now_ms)

    def spare(self, source: bytes, spared: bool, now_ms: int) -> None:
        """Whether it has listeners: then it is held at the first step, and never for long."""
        held = self._held.get(source)
        if held is None:
            return
        held.spared = spared
        soon_ms = now_ms + FIRST_S * 1000
        if spared and (held.ban.step != STEPS[0] or held.ban.until_ms > soon_ms):
            self._step(held, STEPS[0], min(held.ban.until_ms, soon_ms))

    def end(self, source: bytes) -> None:
        """It is not banned any more, and never was."""
        self._held.pop(source, None)
        self._past.pop(source, None)

    def ignored(self, source: bytes, points: float, now_ms: int) -> None:
        """In the last second a banned source was refused so often (`points`)."""
        held = self._held.get(source)
        if held is None or points <= 0:
            return
        held.points += points
        held.seconds += 1
        held.ignored_ms = now_ms
        rank = RANK[held.ban.step]
        ignored = held.seconds >= IGNORED_S and held.points >= IGNORED_POINTS
        if ignored and not held.spared and rank < self._last:
            self._prolong(held, STEPS[rank + 1], now_ms)

    def second(self, now_ms: int) -> None:
        """What is over ends; what is still ignored then goes on, at the same step."""
        for source, held in list(self._held.items()):
            if held.ban.until_ms > now_ms:
                continue
            if now_ms - held.ignored_ms <= STILL_MS:
                self._prolong(held, held.ban.step, now_ms)
            else:
                self._remember(source, held.times, now_ms)
                del self._held[source]
        while self._past and next(iter(self._past.values()))[1] <= now_ms:
            self._past.popitem(last=False)

    # --- what an operator asks ----------------------------------------------------------------

    def lift(self, networks: Networks) -> list[bytes]:
        """End all bans of sources that lie there, as if they had never been; which."""
        lifted = [source for source in self._held if source in networks]
        for source in [*lifted, *(source for source in self._past if source in networks)]:
            self.end(source)
        return lifted

    def clear(self) -> int:
        """End all bans; how many there were."""
        number = len(self._held)
        self._held.clear()
        self._past.clear()
        self._order.clear()
        return number

    # --- the table ----------------------------------------------------------------------------

    def _prolong(self, held: _Held, step: str, now_ms: int) -> None:
        held.times += 1
        doubled = 0 if held.spared else min(held.times - 1, 7)
        duration_s = min(LONGEST_S, FIRST_S * 2**doubled)
        self._step(held, step, now_ms + duration_s * 1000)

    def _step(self, held: _Held, step: str, until_ms: int) -> None:
        before = held.ban
        if step != before.step:
            held.points, held.seconds = 0.0, 0
        held.ban = Ban(
            source=before.source,
            step=step,
            reason=before.reason,
            since_ms=before.since_ms,
            until_ms=until_ms,
        )
        heapq.heappush(self._order, _order(held.ban))
        if len(self._order) > 2 * self._most + 64:
            self._order = [_order(one.ban) for one in self._held.values()]
            heapq.heapify(self._order)

    def _evict(self) -> None:
        while self._order:
            first = heapq.heappop(self._order)
            held = self._held.get(first[2])
            if held is not None and _order(held.ban) == first:
                del self._held[first[2]]
                return

    def _remember(self, source: bytes, times: int, now_ms: int) -> None:
        self._past.pop(source, None)
        self._past[source] = times, now_ms + REPEATS_S * 1000
        if len(self._past) > self._most:
            self._past.popitem(last=False)


def _order(ban: Ban) -> tuple[int, int, bytes]:
    return RANK[ban.step], ban.until_ms, ban.source


def standing(bans: Iterable[Ban], now_ms: int) -> tuple[Ban, ...]:
    """Those that are not over."""
    return tuple(ban for ban in bans if ban.until_ms > now_ms)


def by_neighbourhood(sources: Iterable[bytes]) -> Counter[bytes]:
    """How many of the sources lie in each /24 or /48; for people to look at, never to ban by."""
    return Counter(map(neighbourhood, sources))
