"""The Universal Scalability Law is found again where it was put."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rostra.rehearsal.usl import fit, intervals, not_negative, predicted

CROWDS = [500, 1000, 2000, 4000, 8000, 16000]


def law(n: float, rate: float, contention: float, coherency: float) -> float:
    return rate * n / (1 + contention * (n - 1) + coherency * n * (n - 1))


@settings(max_examples=25, deadline=None)
@given(
    st.floats(0.1, 100),
    st.sampled_from([0.0, 1e-6, 1e-5, 1e-4]),
    st.sampled_from([0.0, 1e-10, 1e-9, 1e-8]),
)
def test_exact_points_give_the_law_back(rate: float, contention: float, coherency: float) -> None:
    found = fit(CROWDS, [law(n, rate, contention, coherency) for n in CROWDS])
    assert found is not None
    assert found.rate.value == pytest.approx(rate, rel=1e-6)
    assert found.contention.value == pytest.approx(contention, rel=1e-4, abs=1e-12)
    assert found.coherency.value == pytest.approx(coherency, rel=1e-4, abs=1e-16)
    for n in (750, 30000):
        assert predicted(found, n) == pytest.approx(law(n, rate, contention, coherency), rel=1e-4)


def test_the_peak_is_where_the_law_has_its_largest_value() -> None:
    found = fit(CROWDS, [law(n, 1, 1e-5, 1e-8) for n in CROWDS])
    assert found is not None and found.peak is not None
    around = [predicted(found, found.peak * f) for f in (0.99, 1, 1.01)]
    assert max(around) == around[1]


def test_without_coherency_there_is_no_peak() -> None:
    found = fit(CROWDS, [law(n, 1, 1e-5, 0) for n in CROWDS])
    assert found is not None and found.peak is None


def test_the_intervals_hold_the_truth_in_noise_and_grow_with_it() -> None:
    chance = np.random.Generator(np.random.PCG64(5))
    crowds = np.linspace(500, 16000, 24)
    true = np.array([law(n, 1.0, 2e-5, 4e-9) for n in crowds])
    held, widths = 0, []
    for noise in (0.01, 0.05):
        width = 0.0
        for _ in range(15):
            found = fit(crowds.tolist(), (true * (1 + noise * chance.standard_normal(24))).tolist())
            assert found is not None
            held += found.coherency.low <= 4e-9 <= found.coherency.high
            width += found.coherency.high - found.coherency.low
        widths.append(width)
    assert held >= 25  # of 30; 28.5 are expected
    assert widths[1] > 2 * widths[0]


def test_the_same_points_give_the_same_intervals() -> None:
    rates = [law(n, 1, 1e-5, 1e-9) * (1 + 0.01 * (i % 3)) for i, n in enumerate(CROWDS)]
    assert fit(CROWDS, rates) == fit(CROWDS, rates)


def test_two_crowds_are_too_few() -> None:
    assert fit([1000, 1000, 2000, 2000], [1, 1, 2, 2]) is None
    assert fit([0, 1000, 2000], [0, 1, 2]) is None


def test_better_than_linear_is_taken_as_linear() -> None:
    found = fit(CROWDS, [n * (1 + n / 50000) for n in CROWDS])
    assert found is not None
    assert found.contention.value == 0 and found.coherency.value == 0


def test_no_coefficient_is_negative() -> None:
    columns = np.array([[1.0, 1], [1, 2], [1, 3]])
    assert not_negative(columns, np.array([3.0, 2, 1]), ([0], [1], [0, 1])).tolist() == [2, 0]


def test_what_all_points_do_not_determine_has_no_interval() -> None:
    assert intervals(lambda rows: None, 4, 1) is None
