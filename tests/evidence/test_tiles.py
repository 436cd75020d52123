"""The layout of C2SP tlog-tiles."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rostra.evidence import tiles
from rostra.evidence.merkle import leaf_hash, root_of
from rostra.evidence.tiles import Tile


def test_paths_as_the_specification_writes_them() -> None:
    assert tiles.tile_path(Tile(0, 1_234_067)) == "tile/0/x001/x234/067"
    assert tiles.tile_path(Tile(2, 0, 17)) == "tile/2/000.p/17"
    assert tiles.entries_path(1000) == "tile/entries/x001/000"
    assert tiles.entries_path(5, 3) == "tile/entries/005.p/3"


def test_the_tiles_of_the_specifications_example() -> None:
    """A log of 70,000 records: 273 full tiles and a partial one of 112, 1 and 17, one of 1."""
    found = list(tiles.all_tiles(70_000))
    assert found[272:] == [
        Tile(0, 272), Tile(0, 273, 112), Tile(1, 0), Tile(1, 1, 17), Tile(2, 0, 1),
    ]  # fmt: skip
    assert list(tiles.all_tiles(0)) == []


@pytest.mark.parametrize("size", [0, 1, 255, 256, 257, 600, 65_536, 65_793])
def test_tiles_hold_the_tree(size: int) -> None:
    leaves = [leaf_hash(i.to_bytes(4)) for i in range(size)]
    made = dict(tiles.tiles_of(leaves))
    assert sorted(made) == sorted(tiles.all_tiles(size))
    for tile, raw in made.items():
        hashes = tiles.hashes_in(raw)
        assert len(hashes) == tile.width
        span = 256**tile.level
        for i in {0, tile.width - 1}:
            first = (tile.index * 256 + i) * span
            assert hashes[i] == root_of(leaves[first : first + span])


@given(st.lists(st.binary(min_size=1, max_size=300), max_size=20), st.binary(max_size=9))
def test_entries_are_read_back(entries: list[bytes], torn: bytes) -> None:
    raw = b"".join(tiles.frame(entry) for entry in entries)
    assert tiles.entries_in(raw) == (entries, len(raw))
    rest = b"\x7f\xff" + torn
    assert tiles.entries_in(raw + rest) == (entries, len(raw))
    assert tiles.entries_in(raw + bytes(8)) == (entries, len(raw))
    some = sum(2 + len(entry) for entry in entries[:2])
    assert tiles.entries_in(raw, 2) == (entries[:2], some)


def test_an_entry_has_to_fit() -> None:
    assert len(tiles.frame(bytes(65_535))) == 65_537
    for entry in (b"", bytes(65_536)):
        with pytest.raises(ValueError, match="entry"):
            tiles.frame(entry)
