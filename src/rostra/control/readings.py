"""Readings: what the house did in each second of a rehearsal, for whoever conducts it."""

from __future__ import annotations

from collections import deque
from typing import Any

from rostra.control.dashboard import Dashboard
from rostra.ground.wall_time import rfc3339

KEPT_S = 15 * 60


class Readings:
    """The last quarter of an hour, one a second. `now` is monotonic seconds, `now_ms` wall time."""

    def __init__(self) -> None:
        self._kept: deque[tuple[int, dict[str, Any]]] = deque(maxlen=KEPT_S)
        self._ticks: int | None = None

    def add(self, board: Dashboard, door: dict[str, Any], now: float, now_ms: int) -> None:
        """One second has passed. `door`: the door's brief and its audience."""
        stage, packager = board.stage(now), board.packager(now)
        late_ticks = 0
        if stage is not None:
            # The stage counts since its own start, and begins anew where it was killed.
            late_ticks = max(0, stage["late_ticks"] - (self._ticks or 0))
            late_ticks = 0 if self._ticks is None else late_ticks
            self._ticks = stage["late_ticks"]
        reading = {
            "at": rfc3339(now_ms, always_ms=True),
            "edges": [
                {
                    "edge": tally.edge,
                    "cpu": tally.busy_fraction,
                    "busy": tally.busy_fraction,
                    "loop_lag_p99_ms": tally.loop_lag_p99_ms,
                    "connections": tally.connections,
                    "requests_s": sum(tally.requests.values()),
                    "egress_bit_s": 8 * tally.body_bytes,
                }
                for tally in sorted(board.fresh_edges(now), key=lambda row: row.edge)
            ],
            "stage": stage and {"late_ticks": late_ticks, "cpu": stage["cpu_fraction"]},
            "packager": packager
            and {"behind_ms": packager["behind_ms"], "cpu": packager["cpu_fraction"]},
            "rung": door["rung"],
            "admitted": door["admitted_rank"],
            "inside": door["inside"],
            "waiting": door["waiting"],
        }
        self._kept.append((now_ms, reading))

    def after(self, since_s: float) -> list[dict[str, Any]]:
        """Those later than that Unix second, the oldest first."""
        return [reading for at_ms, reading in self._kept if at_ms > since_s * 1000]
