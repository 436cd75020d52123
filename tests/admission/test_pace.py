"""The pace: gently up, halved at most once in five seconds."""

from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st

from rostra.admission.pace import HALVED_LEAST_S, LEAST, Pace


def test_it_grows_to_the_most_and_no_further() -> None:
    pace = Pace()
    rates = [pace.step(100, 5, 0.2, float(second)) for second in range(60)]
    assert rates[0] < 60
    assert rates == sorted(rates)
    assert rates[-1] == 100


def test_late_answers_halve_it_once_in_five_seconds() -> None:
    pace = Pace()
    for second in range(60):
        pace.step(100, 5, 0.2, float(second))
    rates = [pace.step(100, 80, 0.2, 60.0 + second) for second in range(6)]
    assert rates == [50, 50, 50, 50, 50, 25]


def test_busy_edges_let_it_grow_no_further() -> None:
    pace = Pace()
    first = pace.step(100, 5, 0.95, 0.0)
    assert pace.step(100, 5, 0.95, 1.0) == first


def test_a_silence_is_no_reason_to_call_everyone_at_once() -> None:
    pace = Pace()
    pace.step(100, 5, 0.2, 0.0)
    rate = pace.step(100, 5, 0.2, 300.0)
    assert pace.credit <= 2 * rate


@given(st.lists(st.tuples(st.floats(0, 500), st.floats(0, 10)), max_size=60))
def test_it_stays_between_its_bounds_and_never_halves_twice_in_five_seconds(
    steps: list[tuple[float, float]],
) -> None:
    pace, now, halved, before = Pace(), 0.0, [], 0.0
    for lag_ms, passed_s in steps:
        now += passed_s
        rate = pace.step(200, lag_ms, 0.1, now)
        assert LEAST <= rate <= 200
        if rate < before:
            halved.append(now)
        before = rate
    for first, second in itertools.pairwise(halved):
        assert second - first >= HALVED_LEAST_S
