"""Where hashes and records of a log stand: the layout of C2SP tlog-tiles.

A tile is 256 hashes of one level of the tree, 8 levels above the one below; the last of a level
may be partial. An entry bundle is the records under one tile of level 0, each behind its length
(uint16, big endian).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import msgspec

from rostra.evidence.merkle import HASH_BYTES, root_of

WIDTH = 256  # hashes of a full tile
HEIGHT = 8  # levels of the tree in one tile
ENTRY_MOST = 65_535  # what the length before an entry can say
BUNDLE_MOST = WIDTH * (2 + ENTRY_MOST)  # bytes


class Tile(msgspec.Struct, frozen=True, order=True):
    """A place in the layout: the level (in tiles), which one, and how many hashes it has."""

    level: int
    index: int
    width: int = WIDTH


def _number(index: int) -> str:
    """The index in groups of three digits, all but the last behind an x: 1234067, x001/x234/067."""
    groups = [f"{index % 1000:03}"]
    while index := index // 1000:
        groups.append(f"x{index % 1000:03}")
    return "/".join(reversed(groups))


def _partial(width: int) -> str:
    return "" if width == WIDTH else f".p/{width}"


def tile_path(tile: Tile) -> str:
    """`tile/<L>/<N>[.p/<W>]`."""
    return f"tile/{tile.level}/{_number(tile.index)}{_partial(tile.width)}"


def entries_path(index: int, width: int = WIDTH) -> str:
    """`tile/entries/<N>[.p/<W>]`: the records under a tile of level 0."""
    return f"tile/entries/{_number(index)}{_partial(width)}"


def level_tiles(level: int, size: int) -> Iterator[Tile]:
    """The tiles of one level of a log of `size` records, in order."""
    hashes = size >> (HEIGHT * level)
    full, rest = divmod(hashes, WIDTH)
    for index in range(full):
        yield Tile(level, index)
    if rest:
        yield Tile(level, full, rest)


def all_tiles(size: int) -> Iterator[Tile]:
    """All tiles of a log of `size` records, level by level."""
    level = 0
    while size >> (HEIGHT * level):
        yield from level_tiles(level, size)
        level += 1


def tiles_of(leaves: Iterable[bytes]) -> Iterator[tuple[Tile, bytes]]:
    """The tiles over these leaves' hashes, each as soon as it is full; the partial ones last."""
    rows: list[list[bytes]] = [[]]
    counts = [0]
    for leaf in leaves:
        node, level = leaf, 0
        while True:
            row = rows[level]
            row.append(node)
            if len(row) < WIDTH:
                break
            yield Tile(level, counts[level]), b"".join(row)
            node = root_of(row)
            counts[level] += 1
            row.clear()
            level += 1
            if level == len(rows):
                rows.append([])
                counts.append(0)
    for level, row in enumerate(rows):
        if row:
            yield Tile(level, counts[level], len(row)), b"".join(row)


def hashes_in(raw: bytes) -> list[bytes]:
    """The hashes of a tile."""
    return [raw[i : i + HASH_BYTES] for i in range(0, len(raw), HASH_BYTES)]


def frame(entry: bytes) -> bytes:
    """The record behind its length. ValueError where it is too long or empty."""
    if not 0 < len(entry) <= ENTRY_MOST:
        raise ValueError(f"an entry of {len(entry)} bytes; {ENTRY_MOST} is the most, 1 the least")
    return len(entry).to_bytes(2) + entry


def entries_in(raw: bytes, most: int = BUNDLE_MOST) -> tuple[list[bytes], int]:
    """The whole records at the beginning of `raw`, up to `most`, and how many bytes they take.

    A length of nothing ends them too: no record is empty, but what a disk never wrote is zeros.
    """
    entries: list[bytes] = []
    at = 0
    while at + 2 <= len(raw) and len(entries) < most:
        size = int.from_bytes(raw[at : at + 2])
        if not size or at + 2 + size > len(raw):
            break
        entries.append(raw[at + 2 : at + 2 + size])
        at += 2 + size
    return entries, at
