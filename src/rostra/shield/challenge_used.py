"""Challenges that were claimed at this edge, so that each has one claim."""

from __future__ import annotations

from collections import OrderedDict

USED_MOST = 65_536


class Used:
    """A bounded set with expiry; when it is full the oldest goes.

    An edge that took 65,536 in the life of one (two minutes) took 546 a second, each of which cost
    its solver far more than what forgetting it gives: one more derivation for us, and no second
    place, since a solution gives the same ticket again.
    """

    def __init__(self, most: int = USED_MOST) -> None:
        self._most = most
        self._until: OrderedDict[bytes, float] = OrderedDict()

    def __len__(self) -> int:
        return len(self._until)

    def holds(self, nonce: bytes, now_s: float) -> bool:
        """Whether it was claimed, and has not expired since."""
        return self._until.get(nonce, now_s) > now_s

    def add(self, nonce: bytes, until_s: float, now_s: float) -> None:
        """It is claimed; after `until_s` nobody could claim it again anyway."""
        while self._until:
            oldest = next(iter(self._until))
            if self._until[oldest] > now_s and len(self._until) < self._most:
                break
            del self._until[oldest]
        self._until[nonce] = until_s
        self._until.move_to_end(nonce)
