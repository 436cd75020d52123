"""Which rung: down after three seconds of need, up slowly, never to and fro."""

from __future__ import annotations

import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rostra.admission.capacity import Capacity
from rostra.admission.rung_choice import CLEAR_S, RungChoice

CAPACITY = Capacity((1000, 2000, 4000, 6000), 100.0, "certificate")


class Night:
    """Seconds that pass before a RungChoice."""

    def __init__(self, rung: int = 0, reason: str = "rung_best") -> None:
        self.choice = RungChoice(rung, reason)
        self.now = 0.0
        self.rungs: list[int] = []

    def second(self, **seen: Any) -> tuple[int, str]:
        usual: dict[str, Any] = {
            "capacity": CAPACITY, "inside": 0, "demand": 0, "busy": 0.1, "lag_p99_ms": 5.0,
            "failed": False, "media_flows": True, "people_wait": True, "open_all": False,
            "forced": None, "settled": True,
        }  # fmt: skip
        found = self.choice.choose(**{**usual, **seen}, now=self.now)
        self.now += 1
        self.rungs.append(found[0])
        return found

    def seconds(self, many: int, **seen: Any) -> tuple[int, str]:
        for _ in range(many):
            found = self.second(**seen)
        return found

    @property
    def changes(self) -> int:
        return sum(a != b for a, b in zip(self.rungs, self.rungs[1:], strict=False))


def test_a_quiet_house_has_the_best() -> None:
    assert Night().seconds(100, demand=500) == (0, "rung_best")


@pytest.mark.parametrize(("demand", "rung"), [(1500, 1), (3000, 2), (5000, 3), (9000, 3)])
def test_demand_leads_straight_to_the_rung_that_carries_it(demand: int, rung: int) -> None:
    night = Night()
    assert night.seconds(3, demand=demand)[0] == 0
    assert night.second(demand=demand) == (rung, "rung_demand")


def test_two_seconds_of_need_are_none() -> None:
    night = Night()
    for _ in range(20):
        night.seconds(2, demand=3000)
        night.second(demand=500)
    assert night.changes == 0


def test_the_house_is_full_when_rung_3_is_and_people_wait() -> None:
    night = Night()
    assert night.seconds(10, demand=9000, inside=3000) == (3, "rung_demand")
    assert night.seconds(10, demand=9000, inside=5950) == (4, "rung_house_full")
    assert night.seconds(500, demand=9000, inside=5800) == (4, "rung_house_full")


def test_recovery_takes_a_minute_of_headroom_for_each_rung() -> None:
    night = Night()
    night.seconds(10, demand=5000)
    began = len(night.rungs)
    night.seconds(600, demand=300)
    left = [began + night.rungs[began:].index(rung) - began for rung in (2, 1, 0)]
    assert left[0] >= CLEAR_S
    assert left[1] - left[0] >= CLEAR_S
    assert left[2] - left[1] >= CLEAR_S
    assert night.second(demand=300) == (0, "rung_best")


def test_on_the_way_up_it_says_that_it_recovered() -> None:
    night = Night()
    night.seconds(10, demand=5000)
    assert night.seconds(62, demand=300) == (2, "rung_recovered")


def test_no_recovery_into_a_load_that_the_better_rung_would_not_carry() -> None:
    night = Night()
    night.seconds(10, demand=3000)
    night.seconds(500, demand=300, busy=0.5)  # a second's parts would quadruple it
    assert night.rungs[-1] == 2
    night.seconds(100, demand=300, busy=0.1)
    assert night.rungs[-1] == 1


@pytest.mark.parametrize(
    ("load", "reason"),
    [({"busy": 0.95}, "rung_edge_busy"), ({"lag_p99_ms": 300.0}, "rung_loop_lag")],
)
def test_load_leads_down_one_rung_at_a_time(load: dict[str, float], reason: str) -> None:
    night = Night()
    assert night.seconds(4, demand=10, **load) == (1, reason)
    assert night.seconds(15, demand=10, **load) == (1, reason)
    assert night.seconds(300, demand=10, **load) == (3, reason)  # and no further than 3


def test_the_operators_word_stands_until_it_is_taken_back() -> None:
    night = Night()
    assert night.second(forced=2) == (2, "rung_operator")
    assert night.seconds(20, forced=2, demand=9000) == (2, "rung_operator")
    assert night.second(demand=9000) == (3, "rung_demand")


def test_without_live_sound_it_is_rung_5_until_the_sound_is_back() -> None:
    night = Night()
    night.seconds(10, demand=1500)
    assert night.second(demand=1500, failed=True, media_flows=False) == (5, "rung_live_failed")
    # the stage is up again, but nothing is heard yet
    assert night.seconds(60, demand=1500, media_flows=False)[0] == 5
    assert night.seconds(9, demand=1500)[0] == 5
    assert night.seconds(3, demand=1500) == (1, "rung_demand")


def test_after_a_restart_an_unknown_audience_is_no_reason_to_recover() -> None:
    night = Night(3, "rung_demand")
    assert night.seconds(120, settled=False) == (3, "rung_demand")


@pytest.mark.parametrize("rung", range(5))
def test_it_goes_on_from_the_rung_that_was_kept(rung: int) -> None:
    assert Night(rung, "rung_demand").second(settled=False) == (rung, "rung_demand")


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 7000), st.floats(0, 0.07), st.integers(0, 1000))
def test_noise_around_any_demand_never_makes_it_oscillate(
    demand: int, noise: float, seed: int
) -> None:
    chance = random.Random(seed)
    night = Night()
    for _ in range(1800):
        seen = round(demand * chance.uniform(1 - noise, 1 + noise))
        night.second(
            demand=seen,
            inside=min(seen, 5950),
            busy=chance.uniform(0.1, 0.14),
            lag_p99_ms=chance.expovariate(1 / 6),
        )
    assert night.rungs == sorted(night.rungs)  # only ever down to where it is carried
    assert night.changes <= 4


def test_a_load_that_follows_the_rung_does_not_swing_it() -> None:
    """The machine carries rung 1 and not rung 0: a careless rule would try for ever."""
    night = Night()
    for _ in range(3600):
        night.second(demand=900, busy=min(1.0, 0.95 * 0.5 ** (night.rungs or [0])[-1]))
    assert night.rungs[-1] == 1
    assert night.changes == 1
