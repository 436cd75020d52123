"""Door time follows control's clock and is not fooled by facts that were kept."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from rostra.admission.door_time import DoorTime

NOW = 1_800_000_000_000
MINUTE = 60_000


@given(st.lists(st.integers(-5 * MINUTE, 5 * MINUTE), min_size=2, max_size=6))
def test_edges_whose_clocks_differ_by_minutes_agree(skews: list[int]) -> None:
    moments = set()
    for skew in skews:
        time = DoorTime()
        time.heard("door a", NOW, NOW + skew)
        moments.add(time.now_ms(NOW + skew + 1234))
        assert time.wall_ms(time.now_ms(NOW)) == NOW
    assert moments == {NOW + 1234}


def test_before_control_is_heard_the_own_clock_has_to_do() -> None:
    assert DoorTime().now_ms(NOW) == NOW


def test_the_last_difference_stays_while_control_is_silent() -> None:
    time = DoorTime()
    time.heard("door a", NOW, NOW + 5 * MINUTE)
    assert time.now_ms(NOW + 65 * MINUTE) == NOW + 60 * MINUTE


def test_an_older_fact_changes_nothing() -> None:
    time = DoorTime()
    time.heard("door a", NOW, NOW)
    time.heard("door b", NOW - MINUTE, NOW + 10)
    time.heard("door a", NOW, NOW + MINUTE)
    assert time.offset_ms == 0


def test_a_fact_that_was_kept_since_yesterday_is_not_believed() -> None:
    time = DoorTime()
    time.heard("door a", NOW - 1440 * MINUTE, NOW)
    assert time.offset_ms == 0
    time.heard("door b", NOW + MINUTE, NOW)
    assert time.offset_ms == MINUTE


def test_a_clock_that_is_an_hour_off_is_mended_by_the_second_fact() -> None:
    time = DoorTime()
    time.heard("door a", NOW, NOW - 60 * MINUTE)
    time.heard("door a", NOW + 1000, NOW - 60 * MINUTE + 1000)
    assert time.offset_ms == 60 * MINUTE
