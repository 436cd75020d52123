"""Bundles made to do harm are refused before anything is unpacked."""

from __future__ import annotations

import struct
import warnings
import zipfile
from pathlib import Path

import pytest

from rostra.evidence import container
from rostra.evidence.bundle_io import verify
from rostra.evidence.container import End, Member
from rostra.ground.refusals import Refusal

NEEDED = [Member(name, 0, 10, 10, 0) for name in ("checkpoint", "checkpoints", "key.txt")]


def laid_out(*members: Member) -> list[Member]:
    """The members one after the other, the needed ones first."""
    at, placed = 0, []
    for one in [*NEEDED, *members]:
        placed.append(
            Member(
                one.name, one.crc, one.packed, one.size, at, one.method, one.flags, one.attributes
            )
        )
        at += len(container.local_header(one)) + one.packed
    return placed


def refused(*members: Member) -> str:
    found = container.check(laid_out(*members), End(9, 9, 2**40))
    return found.code if found else ""


def test_a_usual_one_is_let_through() -> None:
    assert refused(Member("tile/0/000.p/3", 0, 96, 96, 0), Member("README.txt", 0, 1, 1, 0)) == ""


@pytest.mark.parametrize(
    "name",
    ["../key", "tile/../../etc/passwd", "/etc/passwd", "tile\\0", "C:key", "tile/0/000\0.png"],
)
def test_paths_that_lead_outside(name: str) -> None:
    assert refused(Member(name, 0, 1, 1, 0)) == "bundle_path"


@pytest.mark.parametrize(
    "name",
    ["evil.sh", "tile/0/1", "tile/0/x001", "tile/entries/0.p/1", "", "tile/", "KEY.TXT"],
)
def test_names_that_no_bundle_has(name: str) -> None:
    assert refused(Member(name, 0, 1, 1, 0)) == "bundle_unknown"


def test_links_and_twins_and_strange_packing() -> None:
    link = Member("README.txt", 0, 1, 1, 0, attributes=0o120777 << 16)
    assert refused(link) == "bundle_link"
    assert refused(Member("key.txt", 0, 10, 10, 0)) == "bundle_twice"
    assert refused(Member("README.txt", 0, 1, 1, 0, method=14)) == "bundle_method"
    assert refused(Member("README.txt", 0, 1, 1, 0, flags=1)) == "bundle_method"


def test_bombs() -> None:
    assert refused(Member("tile/0/000", 0, 10, 8193, 0)) == "bundle_bomb"
    assert refused(Member("tile/0/000", 0, 10**6, 8192, 0)) == "bundle_bomb"
    assert refused(Member("tile/entries/000", 0, 1000, 10**7, 0)) == "bundle_bomb"
    big = [Member(f"tile/entries/{i:03}", 0, 10**6, 16 * 10**6, 0) for i in range(150)]
    assert refused(*big) == "bundle_bomb"
    inside = [*laid_out(), Member("README.txt", 0, 10, 10, 20)]
    found = container.check(inside, End(4, 9, 2**40))
    assert found is not None and found.code == "bundle_bomb"
    found = container.check(laid_out(), End(3, 9, 20))
    assert found is not None and found.code == "bundle_bomb"


def test_what_has_to_be_there() -> None:
    found = container.check(laid_out()[:2], End(2, 9, 2**40))
    assert found is not None and found.code == "bundle_missing"


def end(members: int, directory_bytes: int, at: int, comment: int = 0) -> bytes:
    counts = (0, 0, members, members, directory_bytes, at, comment)
    return struct.pack("<4s4H2LH", b"PK\x05\x06", *counts)


def test_ends_that_promise_too_much() -> None:
    def code(size: int, tail: bytes) -> str:
        found = container.read_end(size, tail)
        return found.code if isinstance(found, Refusal) else ""

    assert code(122, end(1, 50, 50)) == ""
    assert code(122, end(1, 50, 51)) == "bundle_unreadable"
    assert code(122, end(1, 50, 50, comment=9)) == "bundle_unreadable"
    assert code(122, b"") == "bundle_unreadable"
    assert code(container.PACKED_MOST + 1, end(1, 50, 50)) == "bundle_too_large"
    assert code(10**9, end(65_535, 50, 50)) == "bundle_too_many"
    assert code(10**9, end(9, 2**31, 50)) == "bundle_too_many"
    assert code(10**9, b"PK\x06\x07" + bytes(16) + end(1, 50, 50)) == "bundle_too_large"


@pytest.mark.parametrize("name", ["../evil", "evil", "tile/0/000"])
def test_files_of_another_make(tmp_path: Path, name: str) -> None:
    path = tmp_path / "night.zip"
    with warnings.catch_warnings(), zipfile.ZipFile(path, "w") as made:
        warnings.simplefilter("ignore")
        made.writestr(name, bytes(8))
        made.writestr(name, bytes(8))
    found = verify(path)
    assert isinstance(found, Refusal)
    assert found.code in ("bundle_path", "bundle_unknown", "bundle_twice")


def test_a_bomb_in_a_file_is_not_unpacked(tmp_path: Path) -> None:
    path = tmp_path / "night.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as made:
        for i in range(4):
            made.writestr(f"tile/entries/{i:03}", bytes(16_000_000))
    found = verify(path)
    assert isinstance(found, Refusal) and found.code == "bundle_bomb"


def test_a_stream_must_be_whole_and_alone() -> None:
    raw = b"x" * 100
    stored = Member("key.txt", 0x8E3AA4D5, 100, 100, 0, method=0)
    assert container.unpacked(stored, raw) is None
    assert container.unpacked(Member("key.txt", 0, 3, 9, 0), b"\x03\x00") is None
    assert container.unpacked(Member("key.txt", 0, 2, 0, 0), b"\x03\x00") == b""
    assert container.unpacked(Member("key.txt", 0, 3, 0, 0), b"\x03\x00\x00") is None
    assert container.unpacked(Member("key.txt", 0, 2, 0, 0), b"\x02\x00") is None
    assert container.unpacked(Member("key.txt", 0, 1, 0, 0), b"\xff") is None
