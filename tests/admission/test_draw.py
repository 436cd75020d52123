"""The draw is fixed before anybody can choose, and anyone can recompute it."""

from __future__ import annotations

import base64
import hashlib
from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from rostra.admission import draw
from rostra.ground.door_values import Covered

SECRET = bytes(range(32))
COVERED = (
    Covered(edge="edge-2", run="b", issued=5, chain="aa" * 32),
    Covered(edge="edge-1", run="z", issued=3, chain="bb" * 32),
    Covered(edge="edge-1", run="a", issued=0, chain="00" * 32),
)
MOMENTS = st.integers(0, 1 << 34)


def ticket_id(number: int) -> str:
    chance = hashlib.sha256(number.to_bytes(8, "big")).digest()[:16]
    return base64.urlsafe_b64encode(chance).rstrip(b"=").decode()


def test_the_formulas_are_those_of_the_decision() -> None:
    assert draw.commitment(SECRET) == hashlib.sha256(b"rostra commitment\0" + SECRET).digest()
    chain = hashlib.sha256(bytes(32) + ticket_id(1).encode()).digest()
    assert draw.chained(draw.NO_CHAIN, ticket_id(1)) == chain
    lines = f"edge-1 a 0 {'00' * 32}\nedge-1 z 3 {'bb' * 32}\nedge-2 b 5 {'aa' * 32}\n"
    digest = hashlib.sha256(b"rostra covered\0" + lines.encode()).digest()
    assert draw.digest(COVERED) == digest
    seed = hashlib.sha256(b"rostra seed\0" + SECRET + digest).digest()
    assert draw.seed(SECRET, COVERED) == seed
    first = hashlib.sha256(b"rostra rank\0" + seed + ticket_id(1).encode()).digest()[:4]
    assert draw.fraction(seed, ticket_id(1)) == int.from_bytes(first, "big")
    assert draw.rank(1025, 1000, seed, ticket_id(1)) == 3 * 2**32 + int.from_bytes(first, "big")


@given(st.permutations(COVERED))
def test_the_order_in_which_edges_are_heard_changes_nothing(covered: list[Covered]) -> None:
    assert draw.digest(covered) == draw.digest(COVERED)


def test_every_ticket_issued_before_the_doors_changes_the_seed() -> None:
    chain = bytes.fromhex(COVERED[0].chain)
    more = Covered(edge="edge-2", run="b", issued=6, chain=draw.chained(chain, ticket_id(9)).hex())
    assert draw.seed(SECRET, (more, *COVERED[1:])) != draw.seed(SECRET, COVERED)


def test_cohorts_begin_at_the_opening_and_last_ten_seconds() -> None:
    assert [draw.cohort(at, 1000) for at in (0, 999, 1000, 1009, 1010, 1019, 1020)] == [
        0, 0, 1, 1, 2, 2, 3,
    ]  # fmt: skip


@given(MOMENTS, MOMENTS, MOMENTS, st.integers(0, 99), st.integers(0, 99))
def test_no_earlier_cohort_has_a_larger_rank_than_a_later_one(
    one_s: int, other_s: int, opened_at_s: int, one: int, other: int
) -> None:
    seed = draw.seed(SECRET, COVERED)
    ranks = [
        draw.rank(at, opened_at_s, seed, ticket_id(number))
        for at, number in ((one_s, one), (other_s, other))
    ]
    cohorts = [draw.cohort(at, opened_at_s) for at in (one_s, other_s)]
    if cohorts[0] < cohorts[1]:
        assert ranks[0] < ranks[1]
    assert all(0 <= rank < 1 << 53 for rank in ranks)
    assert [rank >> draw.FRACTION_BITS for rank in ranks] == cohorts


def test_fractions_are_spread_evenly() -> None:
    seed = draw.seed(SECRET, COVERED)
    many = Counter(draw.fraction(seed, ticket_id(n)) * 16 >> 32 for n in range(8000))
    # Chi-square with 15 degrees of freedom: 37.7 is passed once in a thousand draws; this is one.
    assert sum((many[slot] - 500) ** 2 / 500 for slot in range(16)) < 37.7


def test_another_seed_gives_another_order() -> None:
    ids = [ticket_id(n) for n in range(50)]

    def order(secret: bytes) -> list[str]:
        seed = draw.seed(secret, ())
        return sorted(ids, key=lambda one: draw.fraction(seed, one))

    assert order(SECRET) != order(bytes(32))
    assert sorted(order(SECRET)) == sorted(ids)
