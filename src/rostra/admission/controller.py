"""The controller: who may come in, how fast, and on which rung; one decision a second."""

from __future__ import annotations

import msgspec

from rostra.admission.capacity import Capacity
from rostra.admission.line import Line


class Seen(msgspec.Struct, frozen=True, kw_only=True):
    """What the controller is told each second.

    `inside`: ordinary places held (lanes not among them). `waiting`: beyond the admitted rank;
    `called`: up to it and expected (Line.waiting, Line.called). `granted_s`: passes issued on
    leases since the last decision. `newest_rank`: the last rank of the cohort that arrives now, -1
    before the draw. `busy`: the busiest edge's fraction of its core. `media_silent_s`: since media
    was last sealed, or since the event went live. `settled`: `inside` is known
    (Audience.settled). `rung_forced`: the operator's.
    """

    inside: int
    waiting: int
    called: int
    capacity: Capacity
    granted_s: int = 0
    newest_rank: int = -1
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
    """What is done: for `DoorMoved`, and `places` for Leases.lend.

    `pace`: joins a second that the line may expect; `pace_limit`: the most that are called.
    """

    admitted_rank: int
    pace: float
    pace_limit: float
    places: int
    rung: int
    reason: str
    full: bool


class Controller:
    """One event's controller, from what was kept of it."""

    def __init__(self, admitted_rank: int = -1, rung: int = 0, reason: str = "rung_best") -> None:
        self._admitted_rank = admitted_rank
        self._rung = rung
        self._reason = reason

    def decide(self, seen: Seen, line: Line, now: float) -> Decision:
        """What to do now (monotonic seconds); call it each second."""
        raise NotImplementedError
