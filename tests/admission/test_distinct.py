"""Distinct listeners: exact while few, one sketch whatever the order beyond, garbage refused."""

from __future__ import annotations

import random
from collections.abc import Iterable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rostra.admission import distinct
from rostra.admission.distinct import Distinct, Estimate, WireInvalid

FEW = 12  # stands for EXACT_MOST where a test crosses it often
listeners = st.lists(st.binary(min_size=8, max_size=8), max_size=3 * FEW)


@pytest.fixture(autouse=True, scope="module")
def _few() -> Iterable[None]:
    most, distinct.EXACT_MOST = distinct.EXACT_MOST, FEW
    yield
    distinct.EXACT_MOST = most


def crowd(seed: int, size: int) -> list[bytes]:
    chance = random.Random(seed)
    return [chance.randbytes(8) for _ in range(size)]


def union(*wires: bytes) -> bytes:
    whole = Distinct()
    for wire in wires:
        whole.add_wire(wire)
    return whole.wire()


@given(listeners, listeners)
def test_union_is_commutative(a: list[bytes], b: list[bytes]) -> None:
    one, other = distinct.of(a), distinct.of(b)
    assert union(one, other) == union(other, one) == distinct.of(a + b)


@given(listeners, listeners, listeners)
def test_union_is_associative(a: list[bytes], b: list[bytes], c: list[bytes]) -> None:
    x, y, z = distinct.of(a), distinct.of(b), distinct.of(c)
    assert union(union(x, y), z) == union(x, union(y, z))


@given(listeners)
def test_union_with_itself_changes_nothing(a: list[bytes]) -> None:
    wire = distinct.of(a)
    assert union(wire, wire) == union(wire) == wire


@given(listeners)
def test_a_few_are_counted_exactly_and_the_wire_lists_them(a: list[bytes]) -> None:
    few = a[:FEW]
    wire = distinct.of(few)
    whole = Distinct()
    whole.add_wire(wire)
    size = len(set(few))
    assert whole.estimate() == Estimate(size, size, size)
    assert distinct.hashes(wire) == sorted(set(few))


@given(listeners, listeners)
def test_adding_one_by_one_and_by_wire_end_the_same(a: list[bytes], b: list[bytes]) -> None:
    one, other = Distinct(), Distinct()
    for listener in a + b:
        one.add(listener)
    other.add_wire(distinct.of(b))
    for listener in a:
        other.add(listener)
    assert one.wire() == other.wire()
    assert one.estimate() == other.estimate()


def test_large_sketches_are_the_same_bytes_whatever_the_order() -> None:
    parts = [distinct.of(crowd(seed, size)) for seed, size in ((1, 3000), (2, 30_000), (3, 9))]
    parts.append(distinct.of(crowd(2, 20_000) + crowd(4, 5000)))
    assert union(*parts) == union(*reversed(parts)) == union(*parts, *parts)


def test_a_sketch_names_nobody_and_travels_in_bounded_bytes() -> None:
    wire = distinct.of(crowd(1, 100_000))
    assert distinct.hashes(wire) is None
    assert len(wire) < distinct.SKETCH_MOST_BYTES
    back = Distinct()
    back.add_wire(wire)
    assert back.wire() == wire


def test_the_truth_lies_within_the_error_bar_and_the_error_within_one_percent() -> None:
    within = 0
    for seed in range(1, 21):
        whole = Distinct()
        for listener in crowd(seed, 5000):
            whole.add(listener)
        shown = whole.estimate()
        assert shown.low < shown.value < shown.high
        assert abs(shown.value - 5000) <= 50
        within += shown.low <= 5000 <= shown.high
    assert within >= 17  # 95 %, and what twenty throws may deviate


@settings(max_examples=300)
@given(st.binary(max_size=200))
def test_garbage_is_refused_and_changes_nothing(wire: bytes) -> None:
    whole = Distinct()
    whole.add(b"12345678")
    before = whole.wire()
    valid = not wire or (wire[:1] == b"x" and (len(wire) - 1) % 8 == 0 and len(wire) <= 1 + 8 * FEW)
    if valid:
        whole.add_wire(wire)
    else:
        with pytest.raises(WireInvalid):
            whole.add_wire(wire)
        assert whole.wire() == before


WIRE = distinct.of(crowd(1, 20_000))


@given(st.data())
def test_a_damaged_sketch_is_refused(data: st.DataObject) -> None:
    wire = bytearray(WIRE)
    at = data.draw(st.integers(0, len(wire) - 1))
    wire[at] ^= data.draw(st.integers(1, 255))
    with pytest.raises(WireInvalid):
        Distinct().add_wire(bytes(wire))
    with pytest.raises(WireInvalid):
        Distinct().add_wire(bytes(wire[:at]) or b"?")


@pytest.mark.parametrize("word", [1, 2, 3, 4])
def test_a_preamble_that_asks_for_much_memory_is_refused(word: int) -> None:
    body = bytearray(distinct.of(crowd(1, 50_000))[9:])
    body[4 + 4 * word : 8 + 4 * word] = b"\xff\xff\xff\x7f"
    with pytest.raises(WireInvalid):
        Distinct().add_wire(b"s" + distinct._digest(bytes(body)) + bytes(body))


def test_a_sketch_of_another_size_or_too_long_is_refused() -> None:
    from datasketches import cpc_sketch

    other = cpc_sketch(12)
    other.update(1)
    body = other.serialize()
    for wrong in (body, b"\0" * (distinct.SKETCH_MOST_BYTES + 1), b""):
        with pytest.raises(WireInvalid, match="sketch"):
            Distinct().add_wire(b"s" + distinct._digest(wrong) + wrong)


def test_a_list_longer_than_any_edge_sends_is_refused() -> None:
    with pytest.raises(WireInvalid, match="beyond"):
        Distinct().add_wire(b"x" + b"".join(crowd(1, FEW + 1)))


def test_a_listener_of_another_length_is_refused() -> None:
    with pytest.raises(ValueError, match="8 bytes"):
        Distinct().add(b"123")
