"""Pressure: what no listener explains raises it, a crowd never does."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rostra.shield.pressure import (
    CALM_S,
    CAPACITY_S,
    LEVELS,
    TOLERATED,
    Cusum,
    Evidence,
    Patience,
    Pressure,
    patience_s,
    suffering,
)
from rostra.shield.reasons import PRESSURE
from rostra.shield.terms import ARRIVAL


class Seconds:
    """Seconds of one edge, one after the other."""

    def __init__(self) -> None:
        self.pressure = Pressure()
        self.at_ms = 0

    def __call__(
        self,
        times: int = 1,
        least: int = 0,
        spent: float = 0.0,
        explained: float = 0.0,
        refused: float = 0.0,
        busy: float = 0.0,
        loop_lag_p99_ms: float = 0.0,
    ) -> int:
        """`spent`, `explained`, `refused`: in shares of the capacity. The pressure after them."""
        for _ in range(times):
            self.at_ms += 1000
            evidence = Evidence(
                at_ms=self.at_ms,
                spent=spent * CAPACITY_S,
                explained=explained * CAPACITY_S,
                refused=refused * CAPACITY_S,
                busy=busy,
                loop_lag_p99_ms=loop_lag_p99_ms,
            )
            self.pressure.second(evidence, least)
        return self.pressure.level


@pytest.mark.parametrize(("share", "seconds"), [(0.6, 3), (1.0, 3), (5.0, 3), (0.25, 5)])
def test_a_flood_is_attack_or_watched_within_seconds(share: float, seconds: int) -> None:
    second = Seconds()
    assert second(seconds - 1, spent=share) == 0
    assert second(spent=share) >= 1


def test_a_flood_beside_a_crowd_is_seen_as_soon_and_its_onset_is_known() -> None:
    second = Seconds()
    second(60, spent=0.2, explained=0.2)
    assert second(3, spent=1.4, explained=0.2) == 1
    change = second.pressure.changes[-1]
    assert (change.reason, change.before, change.pressure) == ("demand_unexplained", 0, 1)
    assert change.onset_ms == 60_000  # the end of the last second without a flood
    assert change.at_ms == 63_000
    assert change.statistic >= LEVELS[0]
    assert second(spent=1.4, explained=0.2) == 2


@pytest.mark.parametrize(("flood", "seconds"), [(4.0, 3), (2.0, 5), (1.0, 8)])
def test_the_smaller_a_flood_is_beside_the_crowd_that_comes_the_later_it_is_seen(
    flood: float, seconds: int
) -> None:
    """Until then what is explained might be for all of it: a crowd that just grew."""
    second = Seconds()
    second(60, spent=1.0, explained=1.0)
    assert second(seconds - 1, spent=1.0 + flood, explained=1.0) == 0
    assert second(spent=1.0 + flood, explained=1.0) >= 1


def test_refusals_alone_keep_it_up_while_the_attack_goes_on() -> None:
    second = Seconds()
    assert second(4, spent=1.0) == 2
    assert second(300, spent=0.0, refused=0.3) == 2
    assert second.pressure.why == "demand_unexplained"


def test_it_goes_down_one_step_after_each_half_minute_of_calm_and_no_sooner() -> None:
    second = Seconds()
    second(10, spent=2.0, busy=1.0)
    assert second.pressure.level == 3
    second(2)  # what was asked for last is overdue now
    for expected in (3, 2, 1):
        assert second(CALM_S - 1) == expected
        assert second() == expected - 1
    assert [change.reason for change in second.pressure.changes][-3:] == ["calm"] * 3
    assert second.pressure.onset_ms == 0


def test_one_wave_of_the_attack_begins_the_half_minute_anew() -> None:
    second = Seconds()
    second(5, spent=1.0)
    second(CALM_S - 5)
    assert second(1, refused=0.2) == 2
    assert second(CALM_S - 1) == 2
    assert second() == 1


def test_busy_and_late_edges_alone_raise_nothing() -> None:
    second = Seconds()
    assert second(300, spent=1.0, explained=1.0, busy=1.0, loop_lag_p99_ms=5000) == 0


def test_with_an_attack_edges_that_suffer_make_it_a_siege() -> None:
    calm, suffers = Seconds(), Seconds()
    assert calm(10, spent=1.0, busy=0.5) == 2
    assert suffers(6, spent=1.0, busy=1.0) == 3
    assert suffers.pressure.why == "edges_suffer"
    late = Seconds()
    assert late(10, spent=1.0, busy=0.5, loop_lag_p99_ms=600) == 3


def test_little_that_nobody_explains_is_no_attack_however_long_it_goes_on() -> None:
    second = Seconds()
    assert second(3600, spent=0.07) == 0


def test_an_operator_demands_a_least_and_takes_it_back() -> None:
    second = Seconds()
    assert second(least=2) == 2
    assert second.pressure.why == "operator"
    assert second(300, least=2) == 2
    assert second(least=0) == 0
    assert [c.reason for c in second.pressure.changes] == ["operator", "operator"]
    second(5, spent=1.0, least=2)
    assert second(spent=1.0, least=0) == 2  # that much was measured meanwhile


def test_switched_off_nothing_of_before_counts_any_more() -> None:
    second = Seconds()
    second(5, spent=1.0)
    second.pressure.reset(second.at_ms)
    assert second.pressure.level == 0
    assert second() == 0
    assert set(second.pressure.statistics().values()) == {0.0}


def test_it_begins_where_another_left_it_and_calms_down_from_there() -> None:
    second = Seconds()
    second.pressure = Pressure(2)
    assert second() == 2
    assert second.pressure.why == "before" and "before" in PRESSURE
    assert second(CALM_S) == 1


def test_the_changes_kept_are_bounded() -> None:
    second = Seconds()
    for number in range(500):
        second(least=2 * (number % 2))
    assert len(second.pressure.changes) == 64


def test_every_reason_has_words() -> None:
    second = Seconds()
    assert set(second.pressure.statistics()) < set(PRESSURE)


def test_who_solves_a_challenge_or_waits_for_a_late_edge_is_waited_for() -> None:
    patience = [patience_s(Evidence(at_ms=0, difficulty=d)) for d in (0, 1, 2, 3, 9)]
    assert patience == [2, 3, 4, 10, 10]
    assert patience_s(Evidence(at_ms=0, loop_lag_p99_ms=1500)) == 4
    assert suffering(Evidence(at_ms=0, busy=0.85)) == pytest.approx(0.5)


def test_a_longer_patience_reaches_those_who_wait_already_and_a_shorter_one_hurries_nobody() -> (
    None
):
    patience = Patience()
    patience.second(1000, 0, 2, 0)
    patience.second(0, 0, 2, 1)
    assert [patience.second(0, 0, 4, t).units for t in (2, 3, 4)] == [0, 0, 700]
    patience = Patience()
    patience.second(1000, 0, 4, 0)
    assert [patience.second(0, 0, 2, t).units for t in (1, 2, 3, 4)] == [0, 0, 0, 700]


def test_what_is_explained_pays_for_the_oldest_first_and_nothing_in_advance() -> None:
    patience = Patience()
    patience.second(0, 10_000, 2, 0)
    patience.second(1000, 0, 2, 1)
    patience.second(1000, 700, 2, 2)
    assert patience.second(0, 0, 2, 3).units == 0
    overdue = patience.second(0, 0, 2, 4)
    assert (overdue.units, overdue.at_ms) == (700, 2)


def test_cusum_adds_what_is_above_the_usual_and_remembers_when_it_was_last_zero() -> None:
    cusum = Cusum()
    for at_s, more in enumerate((-1.0, 0.2, -0.3, 0.2, 0.2), start=1):
        cusum.add(more, at_s * 1000)
    assert cusum.value == pytest.approx(0.4)
    assert cusum.onset_ms == 3000
    assert cusum.level(3) == 1
    cusum.add(100.0, 6000)
    assert cusum.level(2) == 2
    assert cusum.value == 4.0


crowds = st.lists(st.integers(0, 20_000), min_size=1, max_size=40)  # arrivals each second
delays = st.lists(st.integers(0, 2), min_size=1, max_size=5)
late = st.lists(st.integers(3, 12), max_size=1)


@given(crowds, delays, late, st.floats(0, 1), st.floats(0, 3000))
@settings(max_examples=200, deadline=None)
def test_a_crowd_of_any_size_and_shape_never_raises_it(
    arrivals: list[int], delays: list[int], late: list[int], busy: float, lag_ms: float
) -> None:
    """A fifth at most shows a ticket only after the patience, a tenth of what each spends never
    is explained."""
    pressure = Pressure()
    within = delays * 4
    explained: dict[int, float] = {}
    for at_s in range(len(arrivals) + 15):
        came = arrivals[at_s] if at_s < len(arrivals) else 0
        each = came * ARRIVAL / (len(within) + (len(late) * len(delays)))
        for delay in within + late * len(delays):
            explained[at_s + delay] = explained.get(at_s + delay, 0.0) + each
        pressure.second(
            Evidence(
                at_ms=at_s * 1000,
                spent=came * ARRIVAL / 0.9,
                explained=explained.pop(at_s, 0.0),
                busy=busy,
                loop_lag_p99_ms=lag_ms,
            )
        )
        assert pressure.level == 0
        assert pressure.unexplained <= 1e-6 * CAPACITY_S


@given(crowds, st.integers(0, 30))
@settings(max_examples=100, deadline=None)
def test_a_flood_in_the_midst_of_any_crowd_raises_it_within_three_seconds(
    arrivals: list[int], begins: int
) -> None:
    pressure = Pressure()
    flood = (CAPACITY_S + 4 * max(arrivals) * ARRIVAL) / (1 - TOLERATED)
    for at_s in range(begins + 3):
        crowd = arrivals[at_s % len(arrivals)] * ARRIVAL
        comes = flood if at_s >= begins else 0.0
        pressure.second(Evidence(at_ms=at_s * 1000, spent=crowd + comes, explained=crowd))
    assert pressure.level >= 1
