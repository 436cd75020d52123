"""From records to a night: gaps, faults, doubles, intervals."""

from __future__ import annotations

import numpy as np
import pytest
from tests.verdict.nights import KERNEL, SIZE, evening, promise

from rostra.verdict.readings import (
    Bounds,
    EdgeSaid,
    HouseSaid,
    Mishap,
    Promise,
    carried_on,
    night,
    rebuilt_retries,
    widened,
)


def test_people_units_and_price() -> None:
    found = evening(people=500)
    assert found.people[-1] == 500 and found.from_s == 0 and found.start == 60
    assert found.unit_price[-1] == pytest.approx(0.5, rel=0.05)
    assert found.capacity == Bounds(SIZE, SIZE * 0.95, SIZE * 1.05)
    assert found.seen.min() == 1 and not found.fault.any() and not found.silent


def test_an_edge_that_was_down_is_lost_capacity_and_no_missing_record() -> None:
    found = evening(mishaps=(Mishap(subject="edge-1", from_s=100, until_s=120),))
    assert found.fault[110] == 0.5 and found.fault[99] == 0 and found.fault[120] == 0


def test_without_the_stage_nobody_hears() -> None:
    found = evening(mishaps=(Mishap(subject="stage", from_s=100, until_s=100),))
    assert found.fault[100] == 1 and found.fault[101] == 0


def test_a_late_loop_that_is_not_busy_is_a_fault_and_a_busy_one_is_not() -> None:
    def of(busy: float) -> float:
        said = EdgeSaid(at_s=0, edge="edge-0", busy=busy, lag_ms=800)
        return float(night(promise(), [said], [], [], KERNEL).fault[0])

    assert of(0.4) == pytest.approx(0.3) and of(0.95) == 0


def test_an_edge_that_never_reported_is_named() -> None:
    found = night(promise(), [EdgeSaid(at_s=0, edge="edge-0", issued=4)], [], [], KERNEL)
    assert found.silent == ("edge-1",) and found.seen[0] == 0.5
    assert found.issued[0] == 8  # what the other did not say is taken to be as much


def test_two_records_of_one_second_count_once() -> None:
    one, other = (EdgeSaid(at_s=0, edge="edge-0", issued=n) for n in (3, 5))
    both = night(promise(), [one, other], [], [], KERNEL)
    assert both.issued[0] == 10


def test_what_control_did_not_write_is_carried_on_and_said() -> None:
    house = [HouseSaid(at_s=t, inside=40) for t in (0, 9)]
    found = night(promise(), [], house, [], KERNEL)
    assert found.people.tolist() == [40.0] * 10 and found.house_missing == 0.8


def test_caps_holds_and_settings_are_lost_capacity() -> None:
    house = [HouseSaid(at_s=0, cap=250), HouseSaid(at_s=1, held=True, inside=600)]
    found = night(promise(), [], house, [], KERNEL)
    assert found.act.tolist() == [0.75, 0.4]
    low = Promise(
        start_s=0, capacity=promise().capacity, joins_s=1.0, edges=("edge-0",), set_share=0.5
    )
    assert night(low, [], house, [], KERNEL).fault.tolist() == [0.5, 0.5]


def test_intervals_widen_by_their_basis_and_never_shrink() -> None:
    given = Bounds(1000, 950, 1050)
    sure, lapsed, none = (widened(given, basis) for basis in ("certificate", "lapsed", "none"))
    assert sure == given
    assert none.low < lapsed.low < given.low and given.high < lapsed.high < none.high
    with pytest.raises(ValueError, match="basis"):
        widened(given, "hope")
    with pytest.raises(ValueError, match="interval"):
        widened(Bounds(1, 2, 3), "certificate")


def test_retries_come_after_refusals_by_the_law() -> None:
    refused = np.array([100.0, 0, 0, 0])
    assert rebuilt_retries(refused, KERNEL).tolist() == [0.0, 40.0, 30.0, 15.0]
    assert rebuilt_retries(np.zeros(0), KERNEL).size == 0


def test_carried_on() -> None:
    there = np.array([False, True, False, True])
    assert carried_on(np.array([9.0, 1, 9, 2]), there).tolist() == [0, 1, 1, 2]


def test_nothing_promised_and_endless_nights_are_refused() -> None:
    with pytest.raises(ValueError, match="no capacity"):
        night(Promise(start_s=0, capacity=(), joins_s=1, edges=()), [], [], [], KERNEL)
    with pytest.raises(ValueError, match="more than a day"):
        night(promise(), [], [HouseSaid(at_s=0), HouseSaid(at_s=10**6)], [], KERNEL)


def test_before_the_announced_start_nobody_misses_the_stage() -> None:
    found = evening(mishaps=(Mishap(subject="stage", from_s=30, until_s=70),))
    assert not found.fault[30:60].any() and found.fault[60:70].all()
