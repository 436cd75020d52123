"""Wall time as text."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rostra.ground.wall_time import rfc3339

START_MS = 1_796_155_200_000  # 2026-12-01 20:00 UTC
MOMENTS = st.integers(min_value=-62_135_596_800_000, max_value=253_402_300_799_999)  # years 1–9999


@pytest.mark.parametrize(
    ("at_ms", "text"),
    [
        (0, "1970-01-01T00:00:00Z"),
        (1_120, "1970-01-01T00:00:01.120Z"),
        (START_MS, "2026-12-01T20:00:00Z"),
        (START_MS + 7, "2026-12-01T20:00:00.007Z"),
        (START_MS + 999, "2026-12-01T20:00:00.999Z"),
        (-1, "1969-12-31T23:59:59.999Z"),
    ],
)
def test_milliseconds_are_written_only_where_there_are_some(at_ms: int, text: str) -> None:
    assert rfc3339(at_ms) == text


@pytest.mark.parametrize(
    ("at_ms", "text"),
    [(START_MS, "2026-12-01T20:00:00.000Z"), (START_MS + 7, "2026-12-01T20:00:00.007Z")],
)
def test_milliseconds_are_always_written_where_that_is_asked(at_ms: int, text: str) -> None:
    assert rfc3339(at_ms, always_ms=True) == text


def test_no_time_stays_none() -> None:
    assert rfc3339(None) is None
    assert rfc3339(None, always_ms=True) is None


@given(at_ms=MOMENTS, always_ms=st.booleans())
def test_what_is_written_reads_back_to_the_same_millisecond(at_ms: int, always_ms: bool) -> None:
    text = rfc3339(at_ms, always_ms=always_ms)
    epoch = datetime(1970, 1, 1, tzinfo=UTC)
    assert datetime.fromisoformat(text) - epoch == timedelta(milliseconds=at_ms)


@given(a=MOMENTS, b=MOMENTS)
def test_texts_of_equal_precision_sort_as_their_times_do(a: int, b: int) -> None:
    assert (a < b) == (rfc3339(a, always_ms=True) < rfc3339(b, always_ms=True))
