"""Which rung: down after 3 s of need, up after 60 s of clear headroom, one rung at a time."""

from __future__ import annotations

import math

from rostra.admission.capacity import Capacity
from rostra.admission.ladder import HOUSE_FULL, LADDER, LIVE_FAILED, MEDIA_RUNGS

NEED_S = 3.0
CLEAR_S = 60.0
CLEAR_MOST_S = 960.0  # after recoveries that did not last
LASTED_S = 300.0  # a recovery that was taken back within this time did not last
SETTLE_S = 20.0  # until a change for the sake of load has shown what it brought
BUSY_MOST, LAG_MOST_MS = 0.85, 200.0
# Clear headroom: what the better rung would need, in parts of what it has.
CLEAR_SHARE, CLEAR_BUSY, CLEAR_LAG_MS = 0.8, 0.6, 25.0
MEDIA_SILENT_S = 30.0
MEDIA_BACK_S = 10.0
_FULL_SHARE = 0.97
_NEVER = float("-inf")
_NOT_OF_LOAD = {"rung_operator", "rung_live_failed"}


def reserve(limit: int) -> int:
    """Places kept for listeners who come back after their pass ran out: 1 %, none below 1,000."""
    return limit // 100 if limit >= 1000 else 0


class _Since:
    """Since when something has been so without a break."""

    def __init__(self) -> None:
        self._at: float | None = None

    def lasts(self, so: bool, now: float) -> float:
        """For how many seconds; negative if it is not so."""
        if not so:
            self._at = None
            return -1.0
        if self._at is None:
            self._at = now
        return now - self._at


class RungChoice:
    """Chooses the rung of one event, and says why (the codes of ladder.REASONS)."""

    def __init__(self, rung: int, reason: str) -> None:
        # What the operator or a failure had put there tells nothing of the load.
        self._own = 0 if reason in _NOT_OF_LOAD else min(rung, HOUSE_FULL)
        self._reason = "rung_best" if reason in _NOT_OF_LOAD else reason
        self._failed = reason == "rung_live_failed"
        self._shown = rung
        self._need, self._busy, self._lag = _Since(), _Since(), _Since()
        self._clear, self._back = _Since(), _Since()
        self._least_need = HOUSE_FULL
        self._loaded_at = _NEVER
        self._recovered_at = _NEVER
        self._clear_s = CLEAR_S

    @property
    def own(self) -> int:
        """The rung without the operator's word."""
        return LIVE_FAILED if self._failed else self._own

    def choose(
        self,
        *,
        capacity: Capacity,
        inside: int,
        demand: int,
        busy: float,
        lag_p99_ms: float,
        failed: bool,
        media_flows: bool,
        people_wait: bool,
        open_all: bool,
        forced: int | None,
        settled: bool,
        now: float,
    ) -> tuple[int, str]:
        """`demand`: listeners if everybody who may came in; `failed`: live sound has failed.

        `settled`: the numbers are whole; otherwise a small demand tells nothing.
        """
        if failed:
            self._failed = True
            self._back.lasts(False, now)
        elif self._failed and self._back.lasts(media_flows, now) >= MEDIA_BACK_S:
            self._failed = False
        if not self._failed:
            need = self._needed(capacity, inside, demand, people_wait and not open_all)
            if open_all and self._own == HOUSE_FULL:  # nobody is kept outside
                self._own, self._reason = MEDIA_RUNGS - 1, "rung_demand"
            self._down(need, busy, lag_p99_ms, now)
            self._up(capacity, demand if settled else None, busy, lag_p99_ms, now)
        self._shown = self.own if forced is None else forced
        if forced is not None:
            return forced, "rung_operator"
        return self._shown, "rung_live_failed" if self._failed else self._reason

    def _needed(self, capacity: Capacity, inside: int, demand: int, may_fill: bool) -> int:
        most = max(capacity.listeners)
        for rung, listeners in enumerate(capacity.listeners):
            if demand <= listeners - reserve(listeners):
                return rung
        if may_fill and inside >= math.ceil(_FULL_SHARE * most):
            return HOUSE_FULL
        return capacity.listeners.index(most)

    def _down(self, need: int, busy: float, lag_p99_ms: float, now: float) -> None:
        lasts_s = self._need.lasts(need > self._own, now)
        if lasts_s <= 0:  # it has just begun, or it is not so
            self._least_need = HOUSE_FULL
        self._least_need = min(self._least_need, need) if lasts_s >= 0 else HOUSE_FULL
        if lasts_s >= NEED_S:
            full = self._least_need == HOUSE_FULL
            self._degrade(self._least_need, "rung_house_full" if full else "rung_demand", now)
            return
        busy_s = self._busy.lasts(busy > BUSY_MOST, now)
        lag_s = self._lag.lasts(lag_p99_ms > LAG_MOST_MS, now)
        if self._own < MEDIA_RUNGS - 1 and now - self._loaded_at >= SETTLE_S:
            if lag_s >= NEED_S:
                self._degrade(self._own + 1, "rung_loop_lag", now)
            elif busy_s >= NEED_S:
                self._degrade(self._own + 1, "rung_edge_busy", now)

    def _degrade(self, rung: int, reason: str, now: float) -> None:
        if now - self._recovered_at < LASTED_S:
            self._clear_s = min(2 * self._clear_s, CLEAR_MOST_S)
        self._own, self._reason = rung, reason
        self._loaded_at = now
        for since in (self._need, self._busy, self._lag, self._clear):
            since.lasts(False, now)

    def _up(
        self, capacity: Capacity, demand: int | None, busy: float, lag_p99_ms: float, now: float
    ) -> None:
        if self._own == 0:
            return
        better = self._own - 1
        most = capacity.listeners[min(better, MEDIA_RUNGS - 1)]
        shown = LADDER[min(self._shown, MEDIA_RUNGS - 1)]
        # What the better rung would make of the load that is seen now.
        dearer = LADDER[min(better, MEDIA_RUNGS - 1)].requests_s / shown.requests_s
        clear = (
            demand is not None
            and demand <= CLEAR_SHARE * most
            and busy * dearer <= CLEAR_BUSY
            and lag_p99_ms <= CLEAR_LAG_MS
        )
        if self._clear.lasts(clear, now) < self._clear_s:
            return
        if now - self._recovered_at >= LASTED_S + CLEAR_MOST_S:
            self._clear_s = CLEAR_S
        self._own = better
        self._reason = "rung_recovered" if better else "rung_best"
        self._recovered_at = now
        self._clear.lasts(False, now)
