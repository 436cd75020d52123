"""Beats are counted once a second each, and sampled by hash where there are too many."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rostra.admission.beats import BEATS_MOST, NOT_DRAWN, Beats, read


def listener(number: int) -> bytes:
    return hashlib.blake2b(number.to_bytes(8, "big"), digest_size=8).digest()


@given(st.dictionaries(st.binary(min_size=8, max_size=8), st.integers(0, NOT_DRAWN), max_size=50))
def test_what_was_added_is_read(ranks: dict[bytes, int]) -> None:
    beats = Beats()
    for one, rank in ranks.items():
        beats.add(one, rank)
        beats.add(one, rank)
    assert dict(read(beats.wire())) == ranks
    assert len(beats.wire()) == 16 * len(ranks)
    assert beats.sampled == 1


def test_the_wire_is_hash_and_rank_big_endian() -> None:
    beats = Beats()
    beats.add(b"12345678", 258)
    beats.add(b"abcdefgh", NOT_DRAWN)
    assert beats.wire() == b"12345678" + bytes(6) + b"\1\2" + b"abcdefgh" + b"\xff" * 8


def test_who_was_let_in_waits_no_more() -> None:
    beats = Beats()
    beats.add(b"12345678", 1)
    beats.drop(b"12345678")
    beats.drop(b"unknown!")
    assert beats.wire() == b""


def test_a_crowd_is_sampled_by_hash_and_estimated_well() -> None:
    beats, many = Beats(), 20_000
    for number in range(many):
        beats.add(listener(number), number)
    rows = read(beats.wire())
    assert BEATS_MOST // 4 < len(rows) <= BEATS_MOST
    assert beats.sampled in {8, 16, 32}
    assert all(int.from_bytes(one, "big") % beats.sampled == 0 for one, _ in rows)
    assert abs(len(rows) * beats.sampled - many) < 0.1 * many


def test_half_a_beat_is_refused() -> None:
    with pytest.raises(ValueError, match="16 bytes"):
        read(b"short")
