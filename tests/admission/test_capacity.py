"""Capacity before there is a certificate."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rostra.admission.capacity import CORES_SHARE, FILES_SHARE, defaults
from rostra.admission.ladder import LADDER


@given(st.floats(0.1, 1e6), st.integers(1, 256), st.integers(1, 10_000_000))
def test_no_rung_carries_more_than_cores_and_files_allow(
    cost_us: float, cores: int, connections: int
) -> None:
    found = defaults(cost_us, cores, connections)
    assert list(found.listeners) == sorted(found.listeners)
    for rung, listeners in zip(LADDER, found.listeners, strict=False):
        busy = listeners * rung.requests_s * cost_us / 1e6
        assert listeners == 1 or busy <= CORES_SHARE * cores * 1.000001
        assert listeners == 1 or listeners <= FILES_SHARE * connections
    assert found.joins_s >= 1
    assert found.source == "measured at start"


def test_dearer_requests_make_a_smaller_house() -> None:
    cheap, dear = defaults(10, 2, 10_000_000), defaults(20, 2, 10_000_000)
    assert cheap.listeners[0] == pytest.approx(2 * dear.listeners[0], abs=2)
    assert cheap.joins_s == pytest.approx(2 * dear.joins_s)


@pytest.mark.parametrize("bad", [(0, 2, 10), (10, 0, 10), (10, 2, 0), (-1, 2, 10)])
def test_what_is_not_positive_is_an_error(bad: tuple[float, int, int]) -> None:
    with pytest.raises(ValueError, match="positive"):
        defaults(*bad)
