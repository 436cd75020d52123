"""The simulated crowd, its edges and their work."""

from __future__ import annotations

from typing import Any

import msgspec
import numpy as np
import pytest

from rostra.admission.capacity import Capacity
from rostra.admission.simulated import (
    NEVER,
    Busyness,
    Costs,
    Later,
    People,
    Visitors,
    Work,
    announced_evening,
)
from rostra.admission.simulation import GOODBYE_S, HELD_S, Evening, World, run

COSTS = Costs(
    cores=1.0,
    listener_us=(200.0, 100.0, 25.0, 15.0),
    body_bytes=(12_000.0, 11_000.0, 10_000.0, 5_000.0),
    arrive_us=600.0,
    enter_us=600.0,
    return_us=200.0,
    poll_us=50.0,
    beat_us=100.0,
)
WIDE = Capacity((100_000, 100_000, 100_000, 100_000), 10_000.0, "certificate")
NOTHING = Busyness(rung=0, playing=0, arrivals=0, entries=0, returns=0, polls=0, beats=0)


def visitors(arrived_s: Any, **columns: Any) -> Visitors:
    many = len(arrived_s)
    row: dict[str, Any] = {
        "arrived_s": np.asarray(arrived_s, np.float32),
        "until_s": np.full(many, 300, np.float32),
        "stay_s": np.full(many, np.inf, np.float32),
        "silent": np.zeros(many, bool),
        "absent": np.zeros(many, bool),
        "tabs": np.ones(many, np.int8),
        "drop_after_s": np.full(many, np.nan, np.float32),
        "dropped_s": np.zeros(many, np.float32),
    }
    return Visitors(**(row | columns))


def evening(crowd: Visitors, capacity: Capacity = WIDE, **fields: Any) -> Evening:
    row: dict[str, Any] = {"doors_s": -60, "last_s": 300, "costs": COSTS}
    return run(World(visitors=crowd, capacity=capacity, **(row | fields)))


def at(night: Evening, second: int) -> Any:
    return next(one for one in night.seconds if one.at_s == second)


def test_who_comes_to_a_wide_house_is_let_in_at_once() -> None:
    night = evening(visitors(np.linspace(0, 100, 500)))
    waited_s = night.admitted_s - night.arrived_s
    assert (night.admitted_s != NEVER).all()
    assert waited_s.max() <= 2


def test_nobody_is_let_in_before_the_doors_open() -> None:
    night = evening(visitors(np.linspace(-200, -61, 500)))
    assert (night.admitted_s >= -60).all()


def test_who_leaves_gives_their_place_back() -> None:
    night = evening(visitors(np.linspace(0, 10, 300), until_s=np.full(300, 100, np.float32)))
    assert at(night, 90).listening == at(night, 90).inside == 300
    assert at(night, 102).listening == 0
    assert at(night, 102 + GOODBYE_S).inside == 0


def test_who_leaves_without_a_word_keeps_their_place_until_the_pass_runs_out() -> None:
    crowd = visitors(
        np.linspace(0, 10, 300), until_s=np.full(300, 100, np.float32), silent=np.ones(300, bool)
    )
    night = evening(crowd)
    assert at(night, 102 + GOODBYE_S).inside == 300
    assert at(night, 102 + HELD_S).inside == 0


def test_who_waits_longer_than_they_want_to_gives_up() -> None:
    full = Capacity((50, 50, 50, 50), 100.0, "certificate")
    crowd = visitors(np.linspace(0, 10, 300), patience_s=np.full(300, 30, np.float32))
    night = evening(crowd, full)
    came = night.admitted_s != NEVER
    assert came.sum() == 50
    assert night.until_s[~came] == pytest.approx(night.arrived_s[~came] + 30)


def test_two_tabs_play_twice_and_hold_one_place() -> None:
    night = evening(visitors(np.linspace(0, 10, 300), tabs=np.full(300, 2, np.int8)))
    assert at(night, 60).inside == 300
    assert at(night, 60).playing == 600


def test_a_short_loss_of_the_network_keeps_the_place() -> None:
    crowd = visitors(
        np.linspace(0, 10, 300),
        drop_after_s=np.full(300, 50, np.float32),
        dropped_s=np.full(300, 15, np.float32),
    )
    night = evening(crowd)
    assert at(night, 62).playing == 0
    assert at(night, 62).inside == 300
    assert at(night, 80).playing == 300


def test_a_long_loss_of_the_network_costs_the_place_and_they_come_back() -> None:
    crowd = visitors(
        np.zeros(300),
        drop_after_s=np.full(300, 20, np.float32),
        dropped_s=np.full(300, 180, np.float32),
    )
    night = evening(crowd)
    assert at(night, 30).listening == 0
    assert at(night, 30 + HELD_S).inside == 0
    assert at(night, 210).inside == at(night, 210).playing == 300
    assert (night.admitted_s < 10).all()  # when they first came in


def test_a_storm_makes_the_edges_busier_for_a_moment() -> None:
    costs = msgspec.structs.replace(COSTS, return_us=3_000.0)
    night = evening(visitors(np.linspace(0, 10, 300)), costs=costs, storms=(100.0,))
    assert at(night, 100).busy > 2 * at(night, 99).busy
    assert at(night, 105).busy == pytest.approx(at(night, 99).busy)


def test_edges_that_are_asked_for_too_much_make_the_rung_go_down() -> None:
    crowd = visitors(np.linspace(0, 20, 4000))
    costs = msgspec.structs.replace(COSTS, listener_us=(240.0, 120.0, 30.0, 15.0))
    night = evening(crowd, costs=costs)  # 4000 × 240 µs: all of the core
    assert at(night, 10).decision.rung == 0
    assert at(night, 120).decision.rung >= 1
    assert at(night, 120).decision.reason in ("rung_edge_busy", "rung_loop_lag")


def test_work_that_is_not_done_in_its_second_makes_answers_late_and_then_silence() -> None:
    work = Work(COSTS)
    seconds = [msgspec.structs.replace(NOTHING, playing=10_000)] * 4  # twice what a core can do
    shares = []
    for second in seconds:
        work.second(second)
        shares.append(work.stalled_share)
    assert work.busy == 1.0
    assert work.late_s == pytest.approx(4.0)
    assert shares[0] == 0.0  # the buffers hold
    assert shares[-1] > 0.5
    for _ in range(6):
        work.second(NOTHING)
    assert work.late_s == 0.0
    assert work.stalled_share == 0.0


def test_later_gives_everyone_back_once() -> None:
    later = Later()
    later.add(np.array([3, 1, 3]), np.array([10, 11, 12]))
    later.add(np.array([1]), np.array([13]))
    assert sorted(later.take(1).tolist()) == [11, 13]
    assert later.take(1).tolist() == []
    assert sorted(later.take_all().tolist()) == [10, 12]
    assert later.take(3).tolist() == []


def test_ranks_are_by_cohort_and_names_are_different() -> None:
    chance = np.random.Generator(np.random.PCG64(1))
    people = People(announced_evening(5_000, chance), -600, chance)
    cohorts = people.ranks >> np.uint64(32)
    assert (np.diff(people.ranks.astype(np.int64)) >= 0).all()
    assert ((cohorts == 0) == (people.arrived < -600)).all()
    assert len(np.unique(people.hashes)) == 5_000
