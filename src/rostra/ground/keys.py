"""Key rings: the newest key signs, the older ones still check until their tokens have run out."""

from __future__ import annotations

import hashlib
from functools import lru_cache

import msgspec


@lru_cache(maxsize=64)
def key_id(key: bytes) -> str:
    """A short public name for a key (RFC 7515, `kid`)."""
    return hashlib.sha256(b"rostra key id\0" + key).hexdigest()[:8]


class KeyRing(msgspec.Struct, frozen=True):
    """`keys`: 32 bytes each from the operating system's generator, the newest first."""

    keys: tuple[bytes, ...]

    @property
    def newest(self) -> bytes:
        """The key that signs."""
        return self.keys[0]

    def find(self, kid: str) -> bytes | None:
        """The key of that name."""
        return next((key for key in self.keys if key_id(key) == kid), None)
