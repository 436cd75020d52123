"""Who comes to the stage's port without an invitation that holds, and how much of that is heard.

Speakers show theirs with each call, so whatever does not is either a page being opened or junk. It
is bounded by source and in all, so that nothing of it can keep the stage from its 20 ms. A source
is the bytes of an IPv4 address or an IPv6 /64. `now`: monotonic seconds.
"""

from __future__ import annotations

from collections import Counter, OrderedDict

import msgspec

SOURCES_MOST = 4096
CONNECTIONS_MOST = 512
CONNECTIONS_EACH = 24  # four browsers that open a page at once
KNOWN_S = 3600.0  # how long a source counts as a speaker's after an invitation was shown there


class Budget(msgspec.Struct, frozen=True):
    """Requests at once, and each second after that."""

    burst: float
    rate_s: float


PAGES = Budget(240, 20)  # of one source: the page and its files, forty times
FAILED = Budget(12, 0.5)  # of one source: calls without an invitation that holds
ALL_PAGES = Budget(1200, 400)  # of all sources together, but for those where speakers are known
ALL_FAILED = Budget(200, 40)


class _Left:
    """What is left of a budget."""

    __slots__ = ("at", "budget", "left")

    def __init__(self, budget: Budget, now: float) -> None:
        self.budget = budget
        self.left = budget.burst
        self.at = now

    def wait_s(self, now: float) -> float:
        """Seconds until there is one; 0 if there is."""
        budget = self.budget
        self.left = min(budget.burst, self.left + (now - self.at) * budget.rate_s)
        self.at = now
        return 0.0 if self.left >= 1 else (1 - self.left) / budget.rate_s


class _Source:
    __slots__ = ("connections", "failed", "invited_at", "pages")

    def __init__(self, now: float) -> None:
        self.connections: OrderedDict[int, None] = OrderedDict()  # the oldest first
        self.pages = _Left(PAGES, now)
        self.failed = _Left(FAILED, now)
        self.invited_at = float("-inf")

    def known(self, now: float) -> bool:
        return now - self.invited_at < KNOWN_S


class Strangers:
    """All of them. A connection is a number of the caller's.

    Connections are bounded also while nothing else is `enforced`: they hold memory.
    """

    def __init__(self, now: float) -> None:
        self._sources: OrderedDict[bytes, _Source] = OrderedDict()
        self._pages = _Left(ALL_PAGES, now)
        self._failed = _Left(ALL_FAILED, now)
        self.connections = 0
        self.enforced = True  # False: what is over is only counted
        self.refused: Counter[str] = Counter()  # by code; the caller takes and clears it

    def __len__(self) -> int:
        return len(self._sources)

    def arrived(self, source: bytes, number: int, now: float) -> tuple[bytes, int] | None:
        """A connection came; the one that is to be dropped for it, if any.

        Never the new one: it may be the speaker's among a flood from the same address, and all
        that tells them apart is what it will show.
        """
        here = self._find(source, now)
        here.connections[number] = None
        self.connections += 1
        if len(here.connections) > CONNECTIONS_EACH:
            return source, next(iter(here.connections))
        if self.connections > CONNECTIONS_MOST:
            # The most crowded source's, and those where speakers are known to be last of all.
            crowded = max(
                (s for s in self._sources if self._sources[s].connections),
                key=lambda s: (
                    not self._sources[s].known(now),
                    len(self._sources[s].connections),
                ),
            )
            return crowded, next(iter(self._sources[crowded].connections))
        return None

    def left(self, source: bytes, number: int) -> None:
        """It ended, or is no stranger's any more."""
        here = self._sources.get(source)
        if here is not None and number in here.connections:
            del here.connections[number]
            self.connections -= 1

    def invited(self, source: bytes, now: float) -> None:
        """An invitation that holds was shown from there."""
        self._find(source, now).invited_at = now

    def page(self, source: bytes, now: float) -> float:
        """Something is asked that needs no invitation: seconds to wait, 0 if it is answered."""
        here = self._find(source, now)
        budgets = (here.pages,) if here.known(now) else (here.pages, self._pages)
        return self._waits(_take(now, *budgets))

    def failed(self, source: bytes, now: float) -> float:
        """A call came without an invitation that holds: likewise."""
        self.refused["invitation_failed"] += 1
        return self._waits(_take(now, self._find(source, now).failed, self._failed))

    def _waits(self, wait_s: float) -> float:
        if wait_s:
            self.refused["stranger_spent" if self.enforced else "would_stranger_spent"] += 1
        return wait_s if self.enforced else 0.0

    def _find(self, source: bytes, now: float) -> _Source:
        here = self._sources.get(source)
        if here is None:
            if len(self._sources) >= SOURCES_MOST:
                self._forget(now)
            here = self._sources[source] = _Source(now)
        self._sources.move_to_end(source)
        return here

    def _forget(self, now: float) -> None:
        """The one longest unused of those that nobody is connected from; speakers' last."""
        idle = (s for s, here in self._sources.items() if not here.connections)
        first = next(idle)  # connections are bounded more narrowly than sources
        known = self._sources[first].known(now)
        others = (s for s in idle if not self._sources[s].known(now))
        del self._sources[next(others, first) if known else first]


def _take(now: float, *budgets: _Left) -> float:
    wait_s = max(left.wait_s(now) for left in budgets)
    if not wait_s:
        for left in budgets:
            left.left -= 1
    return wait_s
