from __future__ import annotations

import pytest

from rostra.shield.sketches import Heavy, SourceCount, merged_count


def test_the_same_source_at_two_edges_counts_once() -> None:
    one, two = SourceCount(), SourceCount()
    for number in range(1000):
        one.add(number.to_bytes(4))
        two.add((number + 500).to_bytes(4))
    assert merged_count([one.wire(), two.wire(), b""]) == pytest.approx(1500, rel=0.06)


def test_nothing_came() -> None:
    assert SourceCount().wire() == b"" and merged_count([]) == merged_count([b""]) == 0


def test_the_wire_is_small_whatever_it_saw() -> None:
    count = SourceCount()
    for number in range(300_000):
        count.add(number.to_bytes(4))
    assert len(count.wire()) < 4096


def test_bytes_that_are_no_sketch_are_refused() -> None:
    with pytest.raises(ValueError, match="larger"):
        merged_count([b"x" * 10_000])
    with pytest.raises(ValueError, match="no sketch"):
        merged_count([b"garbage"])


def test_the_worst_of_very_many_sources_are_found() -> None:
    heavy = Heavy()
    for number in range(100_000):
        heavy.add(number.to_bytes(4), 1)
        if number % 100 == 0:
            heavy.add(b"worst!!!", 20)
    assert heavy.worst(3)[0][0] == b"worst!!!"
    assert 19_000 < heavy.least(b"worst!!!") <= 20_000
    assert heavy.least((5).to_bytes(4)) <= 1
