"""The knee is found where it is, and nothing is found where the generator was the limit."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rostra.rehearsal.findings import RungFound, Step
from rostra.rehearsal.house_io import EdgeReading, Reading, StageReading
from rostra.rehearsal.knee import (
    Program,
    bounds,
    joins,
    judge,
    next_joins,
    night_void,
    rounded,
    rung_found,
)
from rostra.rehearsal.orders import Histogram, Second

MS_1500, MS_7000 = 76, 92  # buckets: 1.1^76 ≈ 1,400, 1.1^92 ≈ 6,430


def step(rung: int, listeners: int, carried: bool, **values: Any) -> Step:
    reason = "" if carried else "stalled"
    values = {"reason": reason, "seconds": 8, **values}
    return Step(rung=rung, listeners=listeners, carried=carried, **values)


def second(at_s: float, **values: Any) -> Second:
    calm = {"here": 1000, "playing": 1000, "heard_s": 1000.0, "cpu_fraction": 0.4}
    return Second(at_s=at_s, **{**calm, **values})


def steady(seconds: int = 8, **values: Any) -> list[Second]:
    return [second(10.0 + at_s, **values) for at_s in range(seconds)]


def judged(held: list[Second], **values: Any) -> Step:
    return judge(held, values.pop("each", {"a": held}), [], rung=1, listeners=1000, **values)


# --- the programme ------------------------------------------------------------------------------


def played(program: Program, house: dict[int, float], can: float = 1e9) -> tuple[list[Step], float]:
    """The steps that a house of that capacity gives, with a generator that can be `can`."""
    steps: list[Step] = []
    elapsed_s = 0.0
    while planned := program.next(steps, elapsed_s):
        elapsed_s += planned.lasts_s
        steps.append(
            step(
                planned.rung,
                planned.listeners,
                planned.listeners <= house[planned.rung],
                void="generator_cpu" if planned.listeners > can else "",
            )
        )
        assert len(steps) < 200
    return steps, elapsed_s


ROOMY: dict[str, Any] = {"within_s": 3000.0, "joins_s": 1000.0}


@settings(max_examples=100, deadline=None)
@given(
    st.integers(100, 60_000),
    st.lists(st.floats(1.05, 6), min_size=3, max_size=3),
    st.integers(1_000, 60_000),
)
def test_every_knee_that_can_be_reached_is_bracketed(
    least: int, steeper: list[float], most: int
) -> None:
    house = {0: float(least)}
    for rung, factor in enumerate(steeper, 1):
        house[rung] = house[rung - 1] * factor
    steps, _ = played(Program(most=most, **ROOMY), house)
    for rung in range(4):
        carried, knee = bounds([s for s in steps if s.rung == rung])
        if knee is None:
            assert carried == most
        else:
            assert carried <= house[rung] < knee
            assert knee <= max(carried, 1) * 1.3 or carried == 0


@settings(max_examples=60, deadline=None)
@given(st.floats(60, 900), st.integers(100, 20_000), st.integers(1, 20_000))
def test_the_time_is_kept_and_never_more_come_than_can(
    within_s: float, capacity: int, most: int
) -> None:
    program = Program(most=most, within_s=within_s)
    house = {rung: capacity * (rung + 1.0) for rung in range(4)}
    steps, elapsed_s = played(program, house)
    assert elapsed_s <= within_s
    assert all(1 <= s.listeners <= most for s in steps)


def test_nobody_has_to_leave_where_the_next_rung_begins() -> None:
    steps, _ = played(Program(most=30_000, **ROOMY), {0: 3000, 1: 9000, 2: 14_000, 3: 20_000})
    assert {s.rung for s in steps} == {0, 1, 2, 3}
    for before, after in pairwise(steps):
        if before.rung != after.rung:
            assert after.listeners >= before.listeners


def test_a_house_that_carries_everything_is_asked_once_at_each_rung_beyond_the_first() -> None:
    steps, _ = played(Program(most=8000, **ROOMY), dict.fromkeys(range(4), 1e9))
    assert [(s.rung, s.listeners) for s in steps] == [
        (0, 500), (0, 1000), (0, 2000), (0, 4000), (0, 8000), (1, 8000), (2, 8000), (3, 8000),
    ]  # fmt: skip


def test_a_void_step_is_tried_once_more_and_then_given_up() -> None:
    steps, _ = played(Program(most=8000, **ROOMY), dict.fromkeys(range(4), 1e9), can=3000)
    at_4000 = [s for s in steps if s.rung == 0 and s.listeners == 4000]
    assert len(at_4000) == 2
    assert bounds([s for s in steps if s.rung == 0]) == (
        max(s.listeners for s in steps if s.rung == 0 and not s.void),
        None,
    )


def test_a_house_that_carries_nobody_is_asked_for_less_until_it_is_no_crowd() -> None:
    steps, _ = played(Program(most=1000, **ROOMY), dict.fromkeys(range(4), 0.0))
    first = [s.listeners for s in steps if s.rung == 0]
    assert first == sorted(first, reverse=True) and first[-1] < 50
    assert {s.rung for s in steps} == {0, 1, 2, 3}


def test_too_little_time_still_gives_a_step_of_the_first_rung() -> None:
    steps, _ = played(Program(most=1000, within_s=20), dict.fromkeys(range(4), 1e9))
    assert [(s.rung, s.listeners) for s in steps] == [(0, 500)]


@given(st.floats(1, 1e7))
def test_rounding_stays_near(listeners: float) -> None:
    assert abs(rounded(listeners) - listeners) <= max(0.5, 0.03 * listeners)


def test_of_steps_with_one_crowd_the_last_counts() -> None:
    assert bounds([step(0, 100, False), step(0, 100, True)]) == (100, None)
    assert bounds([step(0, 200, True), step(0, 100, False)]) == (0, 100)


# --- the judgement ------------------------------------------------------------------------------


def test_a_calm_step_is_carried() -> None:
    found = judged(steady(), arriving=[second(5, came=100, joined=100, join=_joins(100, MS_1500))])
    assert found.carried and not found.reason and not found.void
    assert found.heard_s == 1000 and found.joined == 100
    assert 1.3 < found.join_p50_s < 1.6


def _joins(number: int, bucket: int) -> Histogram:
    return Histogram(buckets={bucket: number})


@pytest.mark.parametrize(("stalls", "carried"), [(0, True), (5, True), (6, False)])
def test_at_most_five_in_a_thousand_may_stall(stalls: int, carried: bool) -> None:
    held = steady()
    held[3] = second(13, stalls=stalls)
    found = judged(held)
    assert found.carried is carried
    assert found.stalled_share == pytest.approx(stalls / 1000)
    assert found.reason == ("" if carried else "stalled")


def test_who_was_silent_from_the_beginning_counts_once() -> None:
    found = judged([second(10.0 + i, stalled=40, stalls=40 if i == 0 else 0) for i in range(8)])
    assert found.stalled_share == pytest.approx(0.04)


def test_joins_may_take_five_seconds_for_all_but_one_in_a_hundred() -> None:
    mixed = Histogram(buckets={MS_1500: 995, MS_7000: 5})
    slow = Histogram(buckets={MS_1500: 970, MS_7000: 30})
    assert judged(steady(), arriving=[second(5, join=mixed)]).carried
    found = judged(steady(), arriving=[second(5, join=slow)])
    assert found.reason == "joins_slow" and 6 < found.join_p99_s < 8


def test_who_has_heard_nothing_yet_counts_among_the_joins() -> None:
    join = _joins(100, MS_1500)
    found = judged(steady(playing=950), arriving=[second(5, came=150, join=join)])
    assert found.reason == "joins_slow" and found.join_p99_s >= 9
    assert found.join_p50_s < 2
    # Those who have only just come may still be on their way.
    held = [*steady(7, playing=950), second(17, playing=950, came=50)]
    assert judged(held, arriving=[second(5, came=100, join=join)]).carried


def test_a_few_who_never_hear_among_many_who_joined_long_ago() -> None:
    assert judged(steady(playing=990)).reason == "joins_slow"
    many = _joins(9990, MS_1500)
    found = judged(steady(playing=990), arriving=[second(5, join=many)])
    assert found.reason == "no_sound_for_some"


def test_silence_everywhere_is_not_carried() -> None:
    assert judged(steady(heard_s=0.0)).reason == "no_sound"


def test_who_gave_up_was_not_carried_and_is_not_missing() -> None:
    found = judged(steady(here=900, playing=900), arriving=[second(5, gave_up=100)])
    assert found.reason == "gave_up" and not found.void


@pytest.mark.parametrize(
    ("each", "code"),
    [
        ([steady(), steady(cpu_fraction=0.9)], "generator_cpu"),
        ([steady(), [*steady(5), *(second(15.0 + i, cpu_fraction=1.0) for i in range(3))]], ""),
        ([steady(late=Histogram(buckets={70: 10}))], "generator_late"),
        ([steady(late=Histogram(buckets={10: 2000, 70: 10}))], ""),
        ([steady(loop_lag_ms=300)], "generator_late"),
        ([[second(10, loop_lag_ms=300), *steady()]], ""),
        ([steady(no_socket=1)], "generator_sockets"),
        ([steady(failures={"bounded": 3})], "generator_bounded"),
        ([steady(), steady(3)], "generator_lost"),
        ([steady(), []], "generator_lost"),
        ([steady()], ""),
    ],
)
def test_a_generator_at_its_limit_makes_the_step_void(each: list[list[Second]], code: str) -> None:
    generators = {str(i): one for i, one in enumerate(each)}
    assert judged(steady(), each=generators).void == code
    assert night_void(steady(), generators) == code, "a night likewise"


def test_a_step_without_its_crowd_is_void() -> None:
    assert judged(steady(here=970)).void == "crowd_missing"
    assert judged(steady(here=985)).void == ""
    assert judge([], {}, [], rung=0, listeners=5).void == "too_short"


def test_the_house_is_read_beside_the_listeners() -> None:
    edges = [
        (EdgeReading(edge="a", cpu=0.5, busy=0.4, loop_lag_p99_ms=3),
         EdgeReading(edge="b", cpu=0.7, busy=0.6, loop_lag_p99_ms=9)),
        (EdgeReading(edge="a", cpu=0.7, busy=0.8), EdgeReading(edge="b", cpu=0.9, busy=0.6)),
    ]  # fmt: skip
    readings = [Reading(at="", edges=two, stage=StageReading(late_ticks=1)) for two in edges]
    found = judge(steady(), {}, [*readings, Reading(at="")], rung=0, listeners=1000)
    assert found.edges_cpu == pytest.approx(1.4)
    assert found.edges_busy == pytest.approx(0.7)
    assert found.loop_lag_p99_ms == 9 and found.stage_late_ticks == 2


def test_a_step_can_be_sealed() -> None:
    found = judged(steady(playing=0, heard_s=0.0))
    assert "null" not in msgspec.json.encode(found).decode()  # no infinity, no NaN


# --- what a rung is worth -----------------------------------------------------------------------


def costly(listeners: int, carried: bool = True, each_us: float = 80, idle_us: float = 0) -> Step:
    cores = (idle_us + each_us * listeners) / 1e6
    return step(
        1, listeners, carried, heard_s=float(listeners), edges_cpu=cores,
        body_bytes_s=9000.0 * listeners,
    )  # fmt: skip


def test_with_a_knee_nine_tenths_of_what_was_carried_are_allowed() -> None:
    found = rung_found(1, [costly(1000), costly(2000), costly(4000, False)], 2)
    assert (found.carried, found.knee, found.allowed, found.basis) == (2000, 4000, 1800, "knee")


def test_without_a_knee_cost_may_allow_more_but_never_twice_what_was_seen() -> None:
    steps = [costly(1000), costly(2000), costly(4000)]
    found = rung_found(1, steps, 1.0)  # 0.6 cores / 80 µs = 7,500
    assert found.allowed == pytest.approx(7500, abs=1) and found.basis == "cost"
    assert rung_found(1, steps, 4.0).allowed == 8000
    found = rung_found(1, steps, 0.1)
    assert (found.allowed, found.basis) == (4000, "seen")


def test_idle_work_is_no_listeners_cost() -> None:
    steps = [costly(n, each_us=50, idle_us=40_000) for n in (500, 1000, 2000, 4000)]
    found = rung_found(1, steps, 1.0)
    assert found.cpu_us.value == pytest.approx(50, rel=1e-6)
    assert found.body_bytes == pytest.approx(9000)


def test_one_step_tells_a_cost_with_more_doubt() -> None:
    found = rung_found(1, [costly(1000)], 1.0)
    assert found.cpu_us.low < found.cpu_us.value < found.cpu_us.high
    assert found.allowed == 2000


def test_a_house_beyond_its_knee_does_not_tell_the_cost() -> None:
    steps = [costly(1000), costly(2000), costly(3000), costly(6000, False, each_us=300)]
    assert rung_found(1, steps, 1.0).cpu_us.value == pytest.approx(80, rel=1e-6)


def test_void_steps_and_other_rungs_say_nothing() -> None:
    void = msgspec.structs.replace(costly(8000), void="generator_cpu")
    other = msgspec.structs.replace(costly(9000), rung=2)
    found = rung_found(1, [costly(1000), void, other], 1.0)
    assert found.carried == 1000 and found.knee is None
    assert rung_found(1, [void], 1.0).basis == "nothing"


def test_nothing_carried_allows_nothing() -> None:
    found = rung_found(1, [costly(500, False)], 2)
    assert (found.allowed, found.basis, found.knee) == (0, "nothing", 500)


def test_the_law_of_scalability_is_fitted_where_there_are_three_crowds() -> None:
    found = rung_found(1, [costly(1000), costly(2000), costly(4000)], 2)
    assert found.usl is not None and found.usl.rate.value == pytest.approx(1)
    assert rung_found(1, [costly(1000), costly(2000)], 2).usl is None


# --- joins --------------------------------------------------------------------------------------


def trial(joins_s: float, limit: float, void: str = "") -> Step:
    carried = joins_s <= limit
    return step(
        1, 1000, carried, joins_s=joins_s, reason="" if carried else "joins_slow", void=void
    )


@given(st.floats(5, 5000))
def test_the_joins_that_are_carried_are_bracketed(limit: float) -> None:
    trials: list[Step] = []
    while rate := next_joins(trials, 100):
        trials.append(trial(rate, limit))
        assert len(trials) < 20
    found = joins(trials)
    if limit >= 100:
        assert found is not None
        assert found.value <= limit < found.high <= found.value * 1.5 * 1.001


def test_a_void_trial_ends_the_trials() -> None:
    assert next_joins([trial(100, 1e9, void="generator_cpu")], 100) is None
    assert joins([trial(100, 1e9, void="generator_cpu")]) is None


def test_joins_that_never_became_slow_are_at_least_so_many() -> None:
    found = joins([trial(100, 1e9), trial(150, 1e9), step(1, 9000, False, joins_s=200)])
    assert found is not None
    assert (found.value, found.low, found.high) == (150, 150, 150)


def test_the_rate_of_joins_is_the_best_of_five_seconds_on_end() -> None:
    arriving = [second(at_s, joined=n) for at_s, n in enumerate([0, 100, 100, 100, 100, 100, 20])]
    assert judged(steady(), arriving=arriving).joins_s == 100


def test_what_is_found_can_be_written_as_json() -> None:
    steps = [
        step(0, n, n < 4000, heard_s=float(n), edges_cpu=n / 9000 + 0.02)
        for n in (500, 1000, 2000, 4000)
    ]
    found = rung_found(0, steps, 2.0)
    assert found.usl is not None
    assert msgspec.json.decode(msgspec.json.encode(found), type=RungFound) == found
