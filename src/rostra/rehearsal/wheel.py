"""Due moments in slots of a few milliseconds: one costs the same, however many there are."""

from __future__ import annotations

from typing import Generic, TypeVar

SLOT_S = 0.005

T = TypeVar("T")


class Wheel(Generic[T]):
    """What is due when; a moment is that of the end of its slot, never earlier."""

    def __init__(self, now: float) -> None:
        self._slots: dict[int, list[T]] = {}
        self._next = self._slot(now)

    @staticmethod
    def _slot(at: float) -> int:
        return int(at / SLOT_S) + 1

    def put(self, what: T, at: float) -> int:
        """Due at `at`; the slot that it stands in (the next one where that has gone by)."""
        slot = int(at / SLOT_S) + 1
        if slot < self._next:
            slot = self._next
        those = self._slots.get(slot)
        if those is None:
            self._slots[slot] = [what]
        else:
            those.append(what)
        return slot

    def due(self, now: float) -> tuple[int, list[T]] | None:
        """The earliest slot that has come and what is in it; ask until there is none.

        What is put while it is worked through comes in a later slot.
        """
        last = int(now / SLOT_S)
        while self._next <= last:
            slot = self._next
            self._next += 1
            those = self._slots.pop(slot, None)
            if those is not None:
                return slot, those
        return None

    def __len__(self) -> int:
        return sum(map(len, self._slots.values()))
