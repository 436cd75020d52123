"""Turns: who has no pass is served for a few milliseconds of each turn of the loop, in order.

A loop turns once for all connections that have something to say. Were all of them served whole, a
thousand who ask for new tickets would keep those who listen waiting for a tenth of a second or
more each time; a listener's request is never kept waiting here.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

EACH_S = 0.005


class Turn:
    """A place in the queue, until it is called or given up."""

    __slots__ = ("_resume",)

    def __init__(self, resume: Callable[[], None]) -> None:
        self._resume: Callable[[], None] | None = resume

    def cancel(self) -> None:
        """Whoever waited is gone."""
        self._resume = None

    def come(self) -> None:
        """It is their turn."""
        resume, self._resume = self._resume, None
        if resume is not None:
            resume()


class Turns:
    """`now`: monotonic seconds; `soon`: calls what it is given in the loop's next turn."""

    def __init__(
        self, now: Callable[[], float], soon: Callable[[Callable[[], None]], object]
    ) -> None:
        self._now = now
        self._soon = soon
        self._until = 0.0
        self._begun = False
        self._waiting: deque[Turn] = deque()

    def __len__(self) -> int:
        return len(self._waiting)

    def over(self) -> bool:
        """Whether those without a pass have had their time in this turn."""
        if not self._begun:
            self._begin()
        return self._now() >= self._until

    def wait(self, resume: Callable[[], None]) -> Turn:
        """To be called in a later turn; each that is called is served once at least."""
        if not self._begun:
            self._begin()
        turn = Turn(resume)
        self._waiting.append(turn)
        return turn

    def _begin(self) -> None:
        self._begun = True
        self._until = self._now() + EACH_S
        self._soon(self._next)

    def _next(self) -> None:
        """Those who wait go before those who come in this turn."""
        self._begun = False
        if not self._waiting:
            return
        self._begin()
        for _ in range(len(self._waiting)):  # who has to wait again has had a turn
            self._waiting.popleft().come()
            if self._now() >= self._until:
                break
