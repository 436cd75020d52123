"""Ten-second buckets of distinct listeners: a crowd of any size in bounded memory."""

from __future__ import annotations

from collections.abc import Iterable

from rostra.admission.distinct import Distinct

BUCKET_S = 10
KEEP_S = 120


class Buckets:
    """Who was heard of when, to ten seconds; nobody can be taken out again.

    A window ends with the bucket that is being filled and begins with the first bucket of which at
    least half lies within it: so it is right to 5 s.
    """

    def __init__(self) -> None:
        self._buckets: dict[int, Distinct] = {}

    def add(self, listeners: Distinct, at: float) -> None:
        """These were heard of at `at` (monotonic seconds)."""
        if (bucket := self._at(at)) is not None:
            bucket.include(listeners)

    def add_one(self, listener: bytes, at: float) -> None:
        """This one was."""
        if (bucket := self._at(at)) is not None:
            bucket.add(listener)

    def _at(self, at: float) -> Distinct | None:
        number = int(at // BUCKET_S)
        oldest = max([number, *self._buckets]) - KEEP_S // BUCKET_S - 1
        if number < oldest:
            return None
        if number not in self._buckets:
            self._buckets = {n: those for n, those in self._buckets.items() if n >= oldest}
            self._buckets[number] = Distinct()
        return self._buckets[number]

    def within(self, seconds: float, now: float) -> Iterable[Distinct]:
        """The buckets of the last `seconds`."""
        first = now - seconds - BUCKET_S / 2
        return [those for number, those in self._buckets.items() if number * BUCKET_S >= first]
