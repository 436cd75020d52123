"""Nonces: the proofs of listening that an event's media carried in the last two hours."""

from __future__ import annotations

NONCE_S = 7200
NONCES_MOST = 65_536


class Nonces:
    """A bounded book of one event's nonces; times are Unix milliseconds of the door's clock."""

    def __init__(self) -> None:
        self._heard: dict[str, int] = {}  # in the order heard

    def __len__(self) -> int:
        return len(self._heard)

    def heard(self, nonce: str, now_ms: int) -> None:
        """A segment with this nonce was sealed. One that is heard again keeps its first time."""
        self._heard.setdefault(nonce, now_ms)
        while self._heard:
            oldest = next(iter(self._heard))
            fresh = now_ms - self._heard[oldest] <= NONCE_S * 1000
            if fresh and len(self._heard) <= NONCES_MOST:
                return
            del self._heard[oldest]

    def proves(self, nonce: str, now_ms: int) -> bool:
        """Whether the media of the last two hours carried this nonce."""
        at_ms = self._heard.get(nonce)
        return at_ms is not None and now_ms - at_ms <= NONCE_S * 1000
