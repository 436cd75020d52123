"""Pressure: one number from 0 to 3 for how much comes in that no listener explains.

Three one-sided CUSUM statistics (E. S. Page, "Continuous Inspection Schemes", Biometrika 41, 1954)
over seconds, each in seconds of what all edges can bear (`CAPACITY_S` units an edge):

- `demand_unexplained`: units that no listener explained within their patience;
- `refusals_many`: requests and connections that the shield refused;
- `edges_suffer`: how busy and late the worst edge is, times how much of either of these came. A
  crowd alone, however large, leaves the second factor at zero.

The first two raise to 2 at most, the third to 3: a siege is an attack that hurts.

A listener explains what their page asked for only once they show a ticket. So each second's demand
waits `PATIENCE_S`, is paid for by whatever is explained meanwhile, oldest first, and only what is
then left counts; `TOLERATED` of it need never be explained. It follows that while of each second's
demand all but that share is explained within the patience, nothing ever counts: no crowd of any
size or shape raises the pressure. (Let the queue have been empty at s. All that was explained since
paid for demand since, and is at least 1 - TOLERATED of all demand of (s, t - patience], so all of
that is paid at t.) The price: a flood is seen in its third second if it is four times what the
crowd that just comes asks for, in its eighth if it is as large, and less than 0.4 of it is not.
"""

from __future__ import annotations

from collections import deque

import msgspec

from rostra.shield.reasons import PRESSURE
from rostra.shield.status import PressureChange

CAPACITY_S = 20_000.0  # units a second that one edge bears beside its listeners, on one core
TOLERATED = 0.3  # of the demand: tickets' signatures, crawlers, people who leave at once
ALWAYS = 0.05  # of the capacity, each second: what is no attack whatever it is
LEVELS = (0.25, 0.6, 1.0)  # of a statistic, from which the pressure is 1, 2, 3
VALUE_MOST = 4.0
CALM_S = 30  # seconds in a row in which no statistic rises, for one step down
PATIENCE_S = 2
# Who must solve a challenge explains later: 2 s on a slow phone, or four times that (challenge.py).
PATIENCE_BY_DIFFICULTY_S = (0, 1, 2, 8)
PATIENCE_BY_LAG_S = ((250.0, 1), (1000.0, 1))  # and whom a late edge keeps waiting: ms, more
HURTS_FROM = 0.25  # of the capacity without a listener: from there late edges are its doing
SUFFERED = 0.25  # a second: what edges bear
BUSY = (0.75, 0.95)  # of a core: from the one it counts, from the other fully
LAG_MS = (100.0, 500.0)
CHANGES_KEPT = 64

UNEXPLAINED, REFUSALS, SUFFER = "demand_unexplained", "refusals_many", "edges_suffer"
CALM, OPERATOR, BEFORE = "calm", "operator", "before"


class Evidence(msgspec.Struct, frozen=True, kw_only=True):
    """One second of all edges together, ending at `at_ms`.

    `spent`, `explained`: units. `refused`: by the shield, but for sources with listeners.
    `capacity`: units. `busy`, `loop_lag_p99_ms`: of the worst edge. `difficulty`: of the challenge
    that was asked for in it.
    """

    at_ms: int
    spent: float = 0.0
    explained: float = 0.0
    refused: float = 0.0
    capacity: float = CAPACITY_S
    busy: float = 0.0
    loop_lag_p99_ms: float = 0.0
    difficulty: int = 0


class Overdue(msgspec.Struct, frozen=True):
    """Units that ran out of patience in one second, and when the oldest were spent (Unix ms)."""

    units: float
    at_ms: int


class _Waiting:
    """One second's demand, until it is explained or `due` (both in calls)."""

    __slots__ = ("at_ms", "due", "number", "units")

    def __init__(self, number: int, at_ms: int, units: float) -> None:
        self.number = self.due = number
        self.at_ms = at_ms
        self.units = units


class Patience:
    """Demand that waits for a listener who explains it; one call a second."""

    def __init__(self) -> None:
        self._waiting: deque[_Waiting] = deque()
        self._number = 0

    def second(self, spent: float, explained: float, patience_s: int, at_ms: int) -> Overdue:
        """One second's demand and what was explained in it; what is overdue then.

        Whoever waits already gets a longer patience too, and is not hurried by a shorter one.
        """
        self._number += 1
        waiting = self._waiting
        waiting.append(_Waiting(self._number, at_ms, (1 - TOLERATED) * spent))
        for second in waiting:
            second.due = max(second.due, second.number + patience_s)
            paid = min(explained, second.units)
            second.units -= paid
            explained -= paid
        units, oldest_ms = 0.0, at_ms
        while waiting and waiting[0].due <= self._number:
            second = waiting.popleft()
            units += second.units
            oldest_ms = min(oldest_ms, second.at_ms)
        return Overdue(units, oldest_ms)


class Cusum:
    """One statistic: its value, and since when it has not been zero."""

    def __init__(self) -> None:
        self.value = 0.0
        self.onset_ms = 0

    def add(self, more: float, at_ms: int) -> None:
        """One second's evidence, less what is usual; the second ended at `at_ms`."""
        if self.value <= 0:
            self.onset_ms = at_ms - 1000
        self.value = min(VALUE_MOST, max(0.0, self.value + more))

    def level(self, most: int) -> int:
        """The pressure that this statistic alone asks for."""
        return min(most, sum(self.value >= least for least in LEVELS))


class Pressure:
    """The number, and how it came about. One call of `second` a second.

    `level`: where a policy left it whose place this one takes.
    """

    def __init__(self, level: int = 0) -> None:
        self.level = level
        self.why = BEFORE if level else CALM
        self.since_ms = 0
        self.onset_ms = 0
        self.unexplained = 0.0  # units that ran out of patience in the last second
        self.changes: deque[PressureChange] = deque(maxlen=CHANGES_KEPT)
        self._measured = level
        self._calm_s = 0
        self._patience = Patience()
        self._statistics = {UNEXPLAINED: Cusum(), REFUSALS: Cusum(), SUFFER: Cusum()}

    def statistics(self) -> dict[str, float]:
        """The values of all CUSUMs."""
        return {name: round(one.value, 3) for name, one in self._statistics.items()}

    def second(self, evidence: Evidence, least: int = 0) -> int:
        """One second more; the pressure now, never below `least`, which an operator demands."""
        at_ms = evidence.at_ms
        overdue = self._patience.second(
            evidence.spent, evidence.explained, patience_s(evidence), at_ms
        )
        self.unexplained = overdue.units
        unexplained = overdue.units / evidence.capacity
        refused = evidence.refused / evidence.capacity
        without = min(1.0, max(unexplained, refused) / HURTS_FROM)
        more = {
            UNEXPLAINED: (unexplained - ALWAYS, overdue.at_ms, 2),
            REFUSALS: (refused - ALWAYS, at_ms, 2),
            SUFFER: (suffering(evidence) * without - SUFFERED, at_ms, 3),
        }
        reached, why = 0, CALM
        for name, (by, when_ms, most) in more.items():
            statistic = self._statistics[name]
            statistic.add(by, when_ms)
            if statistic.level(most) > reached:
                reached, why = statistic.level(most), name
        rises = any(by > 0 for by, _, _ in more.values())
        self._calm_s = 0 if rises else self._calm_s + 1
        if reached > self._measured:
            self._measured = reached
            self._tell(least, why, at_ms)
        elif self._calm_s >= CALM_S:
            self._calm_s = 0
            self._statistics = {name: Cusum() for name in self._statistics}
            self._measured = max(0, self._measured - 1)
            self._tell(least, CALM, at_ms)
        else:
            self._tell(least, OPERATOR, at_ms)  # where `least` is another than it was
        return self.level

    def reset(self, at_ms: int) -> None:
        """The shield is off: nothing is measured any more."""
        self._measured = self._calm_s = 0
        self._patience = Patience()
        self._statistics = {name: Cusum() for name in self._statistics}
        self.unexplained = 0.0
        self._tell(0, OPERATOR, at_ms)

    def _tell(self, least: int, why: str, at_ms: int) -> None:
        before, self.level = self.level, max(self._measured, least)
        if self.level == before:
            return
        if why == CALM and self._measured < least:
            why = OPERATOR
        statistic = self._statistics.get(why)
        if self.level > before:
            self.onset_ms = statistic.onset_ms if statistic else at_ms
        elif self.level == 0:
            self.onset_ms = 0
        self.why, self.since_ms = why, at_ms
        self.changes.append(
            PressureChange(
                at_ms=at_ms,
                before=before,
                pressure=self.level,
                reason=why,
                says=PRESSURE[why],
                statistic=round(statistic.value, 3) if statistic else 0.0,
                onset_ms=self.onset_ms,
            )
        )


def patience_s(evidence: Evidence) -> int:
    """How many seconds demand waits for its listener."""
    by_lag = sum(more for ms, more in PATIENCE_BY_LAG_S if evidence.loop_lag_p99_ms >= ms)
    hardest = len(PATIENCE_BY_DIFFICULTY_S) - 1
    return PATIENCE_S + PATIENCE_BY_DIFFICULTY_S[min(evidence.difficulty, hardest)] + by_lag


def suffering(evidence: Evidence) -> float:
    """How badly the worst edge is off, 0 to 1: by its busy share or its lag."""
    return max(_within(evidence.busy, BUSY), _within(evidence.loop_lag_p99_ms, LAG_MS))


def _within(value: float, bounds: tuple[float, float]) -> float:
    low, high = bounds
    return min(1.0, max(0.0, (value - low) / (high - low)))
