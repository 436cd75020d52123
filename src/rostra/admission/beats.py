"""Beats: the signs of life of those who wait, in one second at one edge; sampled where too many."""

from __future__ import annotations

import struct

BEATS_MOST = 2048
NOT_DRAWN = (1 << 64) - 1  # the rank before the seed is known
_ROW = struct.Struct(">8sQ")


class Beats:
    """Hash → rank. Beyond `BEATS_MOST`, only hashes that the next power of two divides are kept.

    `sampled`: one in so many is kept: those with `int.from_bytes(hash, "big") % sampled == 0`.
    """

    def __init__(self) -> None:
        self.sampled = 1
        self._ranks: dict[bytes, int] = {}

    def add(self, listener: bytes, rank: int) -> None:
        """One who waits with this rank (`NOT_DRAWN` before the draw) showed that they are there."""
        if int.from_bytes(listener, "big") % self.sampled:
            return
        self._ranks[listener] = rank
        while len(self._ranks) > BEATS_MOST:
            self.sampled *= 2
            self._ranks = {
                row: rank
                for row, rank in self._ranks.items()
                if int.from_bytes(row, "big") % self.sampled == 0
            }

    def drop(self, listener: bytes) -> None:
        """This one was let in."""
        self._ranks.pop(listener, None)

    def wire(self) -> bytes:
        """16 bytes each: hash, rank (big endian)."""
        return b"".join(_ROW.pack(listener, rank) for listener, rank in self._ranks.items())


def read(wire: bytes) -> list[tuple[bytes, int]]:
    """The hashes and ranks of `Beats.wire`. Raises ValueError on anything else."""
    if len(wire) % _ROW.size:
        raise ValueError("beats are 16 bytes each")
    return list(_ROW.iter_unpack(wire))
