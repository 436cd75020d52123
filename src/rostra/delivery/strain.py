"""Strain: how busy an edge is: pages then ask seldomer, and who is refused comes back later."""

from __future__ import annotations

from math import ceil

CALM, MOST = 1.0, 4.0
_BUSY_FROM, _LATE_FROM_MS, _LATE_MOST_MS = 0.8, 50.0, 500.0
_BY_PRESSURE = (1.0, 1.0, 1.5, 2.0)
_LEFT_A_SECOND = 0.9  # of what is above the calm: it rises at once and falls slowly
_RETRY_WITHIN_S = 4


class Strain:
    """`factor`: from 1, in peace, to 4."""

    __slots__ = ("factor",)

    def __init__(self) -> None:
        self.factor = CALM

    def second(self, busy: float, lag_ms: float, pressure: int) -> None:
        """Each second: this edge's CPU share, its loop's lag (p99), the shield's pressure."""
        more = max(
            (busy - _BUSY_FROM) / (1.0 - _BUSY_FROM),
            (lag_ms - _LATE_FROM_MS) / (_LATE_MOST_MS - _LATE_FROM_MS),
        )
        target = max(CALM + (MOST - CALM) * min(1.0, max(0.0, more)), _BY_PRESSURE[pressure])
        fallen = CALM + (self.factor - CALM) * _LEFT_A_SECOND
        self.factor = max(target, fallen if fallen > CALM + 0.05 else CALM)

    def stretched(self, interval_s: int, most_s: int) -> int:
        """How often pages should ask for the state: seldomer under strain, `most_s` at most."""
        return min(max(interval_s, most_s), ceil(interval_s * self.factor - 0.01))

    def retry_after_s(self, number: int) -> int:
        """When whoever is refused may ask again; `number` tells one from another."""
        return 1 + number % ceil(_RETRY_WITHIN_S * self.factor - 0.01)
