"""When a process that died starts again: at once the first time, later if it keeps dying."""

from __future__ import annotations

import msgspec

FIRST_S = 0.05
MOST_S = 5.0
CALM_S = 30.0  # a process that lived this long has earned a quick restart again


class Restarts(msgspec.Struct, frozen=True):
    """How often a process died in a row, and in all."""

    in_a_row: int = 0
    in_all: int = 0

    def died(self, lived_s: float) -> Restarts:
        """After one more death, having lived `lived_s` seconds."""
        in_a_row = 1 if lived_s >= CALM_S else self.in_a_row + 1
        return Restarts(in_a_row, self.in_all + 1)

    @property
    def wait_s(self) -> float:
        """Seconds until the next start: 0.05, 0.1, 0.2, … at most 5."""
        return float(min(FIRST_S * 2 ** max(self.in_a_row - 1, 0), MOST_S))
