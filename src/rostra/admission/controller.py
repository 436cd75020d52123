"""The controller: who may come in, how fast, and on which rung; one decision a second."""

from __future__ import annotations

import math
from collections import deque

import msgspec

from rostra.admission.capacity import Capacity
from rostra.admission.ladder import HOUSE_FULL, LIVE_FAILED, MEDIA_RUNGS
from rostra.admission.line import CALL_S, Line
from rostra.admission.pace import Pace
from rostra.admission.rung_choice import MEDIA_SILENT_S, RungChoice, reserve

# So few free places are offered one by one: nobody is called on the guess that others stay away.
FEW = 64
# An open house calls newcomers before they come, as long as it holds this many seconds of them.
AHEAD_S = 20.0
LEND_S = 4.0  # how much of the pace stands lent: two seconds there and back, and one in reserve
LEND_LEAST = 16
SHARE_LEAST = 0.5  # of the called who come, as far as it is believed
_SHARE_S = 60.0
_SOON_SHARE, _LONG_SHARE = 0.1, 1 / 60  # of the newest second in the means of joins
_BOUNDLESS = 1 << 31
_FLOWS_S = 5.0


class Seen(msgspec.Struct, frozen=True, kw_only=True):
    """What the controller is told each second.

    `inside`: ordinary places held (lanes not among them). `waiting`: beyond the admitted rank;
    `called`: up to it and expected (Line.waiting, Line.called). `granted_s`: passes issued on
    leases since the last decision. `newest_rank`: the last rank of the cohort that arrives now, -1
    before the draw. `busy`: the busiest edge's fraction of its core. `media_silent_s`: since media
    was last sealed, or since the event went live. `settled`: `inside` is known
    (Audience.settled). `cap`, `pace_most`, `hold`, `open_all`, `rung_forced`: the operator's words.
    """

    inside: int
    waiting: int
    called: int
    newest_rank: int
    capacity: Capacity
    granted_s: int = 0
    busy: float = 0.0
    loop_lag_p99_ms: float = 0.0
    live: bool = False
    media_silent_s: float = 0.0
    stage_ok: bool = True
    packager_ok: bool = True
    settled: bool = True
    cap: int | None = None
    pace_most: float | None = None
    hold: bool = False
    open_all: bool = False
    rung_forced: int | None = None


class Decision(msgspec.Struct, frozen=True, kw_only=True):
    """What is done: for `DoorMoved`, and `places` for `Leases.lend`.

    `pace`: joins a second that the line may expect; `pace_limit`: the most that are called.
    """

    admitted_rank: int
    pace: float
    pace_limit: float
    places: int
    rung: int
    reason: str
    full: bool


class _Calls:
    """Who was called and has not come yet, and the share of the called who come."""

    def __init__(self) -> None:
        self._open: deque[tuple[float, float]] = deque()  # when, how many
        self._ripe: deque[tuple[float, float]] = deque()
        self._called = self._came = 0.0
        self._at: float | None = None

    def step(self, came: int, now: float) -> None:
        """So many came since the last step."""
        passed_s = 0.0 if self._at is None else max(0.0, now - self._at)
        self._at = now
        while self._ripe and self._ripe[0][0] <= now - CALL_S / 2:
            self._called += self._ripe.popleft()[1]
        fading = math.exp(-passed_s / _SHARE_S)
        self._called, self._came = self._called * fading, self._came * fading + came
        left = float(came)
        while self._open and (left > 0 or self._open[0][0] <= now - CALL_S):
            at, many = self._open.popleft()
            if at > now - CALL_S and many > left:
                self._open.appendleft((at, many - left))
            left = max(0.0, left - many)

    def call(self, many: int, now: float) -> None:
        """So many more were called."""
        self._open.append((now, many))
        self._ripe.append((now, many))

    @property
    def open(self) -> float:
        """Called and neither come nor overdue."""
        return sum(many for _, many in self._open)

    @property
    def share(self) -> float:
        """Of the called, those who come."""
        share = (self._came + FEW) / (self._called + FEW)
        return min(1.0, max(SHARE_LEAST, share))


class Controller:
    """One event's controller; it begins with what was kept of its last decision.

    The admitted rank never goes down. People are called ahead as far as the pace and the free
    places allow, until as many have come; the leases hold the limit whatever the calls did.
    `hold` stops calls and leases; `cap` lowers the limit; `open_all` takes the limit of the machine
    away (a cap still holds) while the pace stays; a forced rung 4 or 5 lets nobody in.
    """

    def __init__(self, admitted_rank: int = -1, rung: int = 0, reason: str = "rung_best") -> None:
        self._admitted_rank = admitted_rank
        self._choice = RungChoice(rung, reason)
        self._pace = Pace()
        self._calls = _Calls()
        self._joins_s = self._joins_long_s = 0.0
        self._full = False

    def decide(self, seen: Seen, line: Line, now: float) -> Decision:
        """What to do now (monotonic seconds); called each second, and it may be late."""
        rung, reason = self._rung(seen, now)
        limit = self._limit(seen, rung)
        kept = 0 if seen.open_all else reserve(limit)
        most = seen.capacity.joins_s
        if seen.pace_most is not None:
            most = min(most, max(0.0, seen.pace_most))
        rate = self._pace.step(most, seen.loop_lag_p99_ms, seen.busy, now)
        self._calls.step(seen.granted_s, now)
        self._joins_s += _SOON_SHARE * (seen.granted_s - self._joins_s)
        self._joins_long_s += _LONG_SHARE * (seen.granted_s - self._joins_long_s)
        expected = self._expected(seen)
        room = limit - kept - seen.inside
        closed = (
            seen.hold
            or not seen.settled
            or rung == LIVE_FAILED
            or seen.rung_forced == HOUSE_FULL
            or seen.newest_rank < 0
        )
        if not closed:
            self._call(seen, line, room, expected, rate, now)
        line.call(self._admitted_rank, now)
        # Half of what is kept stays free for the error of the count; a listener who comes back has
        # a rank that was called long ago and takes a place from the other half.
        places = 0 if closed else max(0, limit - kept // 2 - seen.inside)
        free = room - expected
        self._full = free < 1 or (self._full and bool(seen.waiting) and free <= limit // 50)
        return Decision(
            admitted_rank=self._admitted_rank,
            pace=0.0 if closed else self._forecast(seen, rate, room),
            pace_limit=rate,
            places=min(places, max(LEND_LEAST, math.ceil(rate * LEND_S))),
            rung=rung,
            reason=reason,
            full=self._full,
        )

    def _rung(self, seen: Seen, now: float) -> tuple[int, str]:
        demand = seen.inside
        if not seen.hold:
            demand += seen.waiting + seen.called
            if seen.cap is not None:  # an operator's cap makes nobody's sound worse
                demand = min(demand, max(seen.cap, seen.inside))
        silent = seen.live and seen.media_silent_s >= MEDIA_SILENT_S
        return self._choice.choose(
            capacity=seen.capacity,
            inside=seen.inside,
            demand=demand,
            busy=seen.busy,
            lag_p99_ms=seen.loop_lag_p99_ms,
            failed=silent and not (seen.stage_ok and seen.packager_ok),
            media_flows=not seen.live or seen.media_silent_s < _FLOWS_S,
            people_wait=seen.waiting > 0,
            open_all=seen.open_all,
            forced=seen.rung_forced,
            settled=seen.settled,
            now=now,
        )

    @staticmethod
    def _limit(seen: Seen, rung: int) -> int:
        limit = _BOUNDLESS
        if not seen.open_all:
            limit = seen.capacity.listeners[min(rung, MEDIA_RUNGS - 1)]
        return limit if seen.cap is None else min(limit, max(0, seen.cap))

    def _expected(self, seen: Seen) -> int:
        if seen.called <= FEW:
            return seen.called
        # Where an edge lets thousands in each second it does not name them, and the line takes
        # them for people who are still expected.
        return min(seen.called, math.ceil(self._calls.open))

    def _call(
        self, seen: Seen, line: Line, room: int, expected: int, rate: float, now: float
    ) -> None:
        share = 1.0 if room <= FEW else self._calls.share
        wanted = min(
            room / share - expected,
            max(1.0, rate * (CALL_S + LEND_S) / share) - expected,
            self._pace.credit / share,
        )
        many = min(math.floor(wanted), seen.waiting)
        if many > 0:
            rank = line.rank_of_next(many, self._admitted_rank, now)
            if rank > self._admitted_rank:
                self._admitted_rank = min(rank, max(self._admitted_rank, seen.newest_rank))
                self._calls.call(many, now)
                self._pace.credit -= many * share
        # Nobody is left behind, and the house is wide open: whoever arrives now may come in at
        # once. A crowd that uses this within its ten seconds still meets the leases.
        if (
            max(many, 0) >= seen.waiting
            and room - expected - seen.waiting >= max(FEW, AHEAD_S * self._joins_s)
            and expected + seen.waiting + self._joins_s <= rate
        ):
            self._admitted_rank = max(self._admitted_rank, seen.newest_rank)

    def _forecast(self, seen: Seen, rate: float, room: int) -> float:
        if not seen.waiting:
            return rate
        # In a full house the line moves as fast as people left of late.
        return round(min(rate, max(self._joins_long_s, room / CALL_S)), 3)
