"""The door's last quarter of an hour, a point each second, for the operator's plots."""

from __future__ import annotations

from collections import deque

import msgspec

KEPT_S = 900
SHOWN_MOST = 450


class Point(msgspec.Struct, frozen=True, kw_only=True):
    """One second. Requests, refusals, lag and bits are those of all edges together.

    `low` and `high` are the error bar of `listening`. `admitted`: cohort and
    fraction as one rank, -1 for nobody yet.
    """

    at: str
    waiting: int
    inside: int
    listening: int
    low: int
    high: int
    admitted: int
    rung: int
    pace: float
    requests_s: dict[str, int]
    refusals_s: dict[str, int]
    busy: float
    loop_lag_ms: float
    egress_bit_s: int


class History:
    """Points in, at most `SHOWN_MOST` of them out."""

    def __init__(self) -> None:
        self._points: deque[Point] = deque(maxlen=KEPT_S)
        self._seen = 0

    def add(self, point: Point) -> None:
        """The second that has just passed."""
        self._points.append(point)
        self._seen += 1

    def shown(self) -> list[Point]:
        """The points, the oldest first; where there are too many, every second one and the newest.

        Which ones are left out does not change while time goes on, so that a plot stands still.
        """
        step = -(-len(self._points) // SHOWN_MOST) or 1
        first = self._seen - len(self._points)
        kept = [point for place, point in enumerate(self._points) if not (first + place) % step][
            :SHOWN_MOST
        ]
        if self._points and kept and kept[-1] is not self._points[-1]:
            kept = [*kept[1 - SHOWN_MOST :], self._points[-1]]
        return kept
