from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from rostra.shield.challenge_used import Used


def test_what_was_claimed_is_held_until_it_could_not_be_claimed_anyway() -> None:
    used = Used()
    used.add(b"a", 120, 0)
    assert used.holds(b"a", 119.9) and not used.holds(b"a", 120) and not used.holds(b"b", 0)


def test_a_full_set_forgets_the_oldest() -> None:
    used = Used(most=2)
    for name in (b"a", b"b", b"c"):
        used.add(name, 120, 0)
    assert len(used) == 2
    assert not used.holds(b"a", 1) and used.holds(b"b", 1) and used.holds(b"c", 1)


def test_what_has_expired_makes_room_by_itself() -> None:
    used = Used(most=2)
    used.add(b"a", 10, 0)
    used.add(b"b", 20, 0)
    used.add(b"c", 130, 15)
    assert len(used) == 2 and used.holds(b"b", 15)


@given(
    st.lists(st.tuples(st.integers(0, 30), st.integers(0, 5), st.integers(1, 50)), max_size=80),
    st.integers(1, 8),
)
def test_it_never_grows_beyond_its_bound_and_holds_the_newest(
    steps: list[tuple[int, int, int]], most: int
) -> None:
    used, now = Used(most), 0
    for name, later, lasts in steps:
        now += later
        used.add(bytes([name]), now + lasts, now)
        assert len(used) <= most
        assert used.holds(bytes([name]), now)
