from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from rostra.rehearsal.wheel import SLOT_S, Wheel

MOMENTS = st.floats(0, 60, allow_nan=False)


def drained(wheel: Wheel[float], now: float) -> list[float]:
    found: list[float] = []
    while (due := wheel.due(now)) is not None:
        found += due[1]
    return found


@given(st.lists(MOMENTS), MOMENTS)
def test_nothing_comes_early_and_all_comes_within_a_slot(moments: list[float], now: float) -> None:
    wheel: Wheel[float] = Wheel(0.0)
    for at in moments:
        wheel.put(at, at)
    found = drained(wheel, now)
    assert all(at <= now for at in found)
    assert {at for at in moments if at <= now - 2 * SLOT_S} <= set(found)
    assert sorted(found + drained(wheel, 61)) == sorted(moments)


def test_what_is_put_while_a_slot_is_worked_through_comes_later() -> None:
    wheel: Wheel[str] = Wheel(0.0)
    wheel.put("first", 0.0)
    due = wheel.due(1.0)
    assert due is not None and due[1] == ["first"]
    assert wheel.put("again", 0.0) > due[0]
    assert len(wheel) == 1


def test_the_slots_of_one_turn_come_in_order() -> None:
    wheel: Wheel[float] = Wheel(5.0)
    for at in (5.3, 5.1, 5.2):
        wheel.put(at, at)
    assert drained(wheel, 6.0) == [5.1, 5.2, 5.3]
