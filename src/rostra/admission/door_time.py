"""Door time: control's clock, kept by every edge as the difference to its own."""

from __future__ import annotations

_DOUBTFUL_MS = 600_000


class DoorTime:
    """The difference between control's clock and the caller's, from facts that carry control's.

    The newest counts; while control is silent the last one stays, and before the first the
    caller's own clock has to do. The first fact of a source may have been kept for hours before it
    was heard: it is believed only where it differs by less than ten minutes.
    """

    def __init__(self) -> None:
        self.offset_ms = 0
        self._newest_ms = 0
        self._sources: set[str] = set()

    def heard(self, source: str, at_ms: int, wall_ms: int) -> None:
        """A fact of `source` that control made at `at_ms` was heard at the caller's `wall_ms`."""
        first = source not in self._sources
        self._sources.add(source)
        difference = at_ms - wall_ms
        if at_ms <= self._newest_ms or (first and abs(difference) > _DOUBTFUL_MS):
            return
        self._newest_ms = at_ms
        self.offset_ms = difference

    def now_ms(self, wall_ms: int) -> int:
        """Control's clock when the caller's shows `wall_ms`."""
        return wall_ms + self.offset_ms

    def wall_ms(self, door_ms: int) -> int:
        """The caller's clock when control's shows `door_ms`."""
        return door_ms - self.offset_ms
