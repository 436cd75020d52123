from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rostra.rehearsal.histogram import add, bucket, count, merge, quantile
from rostra.rehearsal.orders import Histogram

TIMES = st.lists(st.floats(0.0, 1e6), max_size=60)


def of(times: list[float]) -> Histogram:
    h = Histogram()
    for ms in times:
        add(h, ms)
    return h


def test_buckets_are_a_tenth_wide_and_begin_at_a_millisecond() -> None:
    assert [bucket(ms) for ms in (0, 0.99, 1.0, 1.09, 1.1, 1.21)] == [-1, -1, 0, 0, 1, 2]
    assert bucket(float("nan")) == -1


def test_nothing_counted_has_no_quantile() -> None:
    assert quantile(Histogram(), 0.5) == 0.0


@given(TIMES.filter(bool), st.floats(0.0, 1.0))
def test_a_quantile_is_right_within_its_bucket(times: list[float], q: float) -> None:
    ordered = sorted(times)
    exact = ordered[max(0, min(len(ordered) - 1, -int(-q * len(ordered) // 1) - 1))]
    found = quantile(of(times), q)
    assert found <= max(exact * 1.1, 1.0) + 1e-6 or q * len(times) % 1 < 1e-6
    assert found >= min(exact / 1.1001, 1.0 if exact >= 1 else 0.0) - 1e-6


@given(TIMES, TIMES)
def test_merging_counts_all_of_both(some: list[float], others: list[float]) -> None:
    merged = of(some)
    merge(merged, of(others))
    assert merged == of(some + others)
    assert count(merged) == len(some) + len(others)


def test_quantiles_of_a_thousand_times() -> None:
    h = of([float(ms) for ms in range(1, 1001)])
    assert quantile(h, 0.5) == pytest.approx(500, rel=0.05)
    assert quantile(h, 0.99) == pytest.approx(990, rel=0.1)
