"""The replay's deadline and the end that nobody called."""

from __future__ import annotations

import msgspec
import pytest

from rostra.agenda import deadline
from rostra.ground.facts import Event, Phase

MINUTE_MS = 60_000
HOUR_MS = 60 * MINUTE_MS
PLANNED = Event(event_id="abc", title="x", start_ms=100 * HOUR_MS, duration_min=60)
LIVE = msgspec.structs.replace(PLANNED, phase=Phase.LIVE, live_at_ms=PLANNED.start_ms + MINUTE_MS)
ENDED = msgspec.structs.replace(
    LIVE, phase=Phase.ENDED, ended_at_ms=PLANNED.start_ms + 31 * MINUTE_MS
)


def test_the_promise_follows_the_planned_end_and_then_the_real_one() -> None:
    assert deadline.due_ms(PLANNED, 30) == 101 * HOUR_MS + 30 * MINUTE_MS
    assert deadline.due_ms(LIVE, 30) == 101 * HOUR_MS + 31 * MINUTE_MS
    assert deadline.due_ms(ENDED, 30) == 101 * HOUR_MS + MINUTE_MS


def test_the_replay_is_made_elsewhere_five_minutes_before_the_deadline() -> None:
    at = deadline.rescue_from_ms(ENDED, 30)
    assert at == deadline.due_ms(ENDED, 30) - max(5, 30 // deadline.MADE_TIMES_REAL) * MINUTE_MS
    assert not deadline.wants_rescue(ENDED, 30, at - 1, 0, False)
    assert deadline.wants_rescue(ENDED, 30, at, 0, False)


def test_a_long_event_begins_earlier_and_a_short_promise_leaves_half_to_the_packager() -> None:
    long = msgspec.structs.replace(ENDED, ended_at_ms=PLANNED.start_ms + 3 * HOUR_MS)
    assert deadline.due_ms(long, 120) - deadline.rescue_from_ms(long, 120) > 30 * MINUTE_MS
    assert deadline.due_ms(ENDED, 1) - deadline.rescue_from_ms(ENDED, 1) == MINUTE_MS // 2


@pytest.mark.parametrize(("silent_s", "rung_5", "wanted"), [
    (0, False, False), (59, False, False), (60, False, True), (0, True, True),
])  # fmt: skip
def test_a_silent_packager_or_rung_5_is_no_reason_to_wait(
    silent_s: float, rung_5: bool, wanted: bool
) -> None:
    assert ENDED.ended_at_ms is not None
    assert deadline.wants_rescue(ENDED, 30, ENDED.ended_at_ms, silent_s, rung_5) is wanted


def test_nothing_is_made_while_live_nor_of_what_never_was() -> None:
    never = msgspec.structs.replace(ENDED, live_at_ms=None)
    for event in (PLANNED, LIVE, never, msgspec.structs.replace(ENDED, phase=Phase.POSTED)):
        assert not deadline.wants_rescue(event, 30, 10**15, 1e9, True)


def test_a_live_event_is_over_fifteen_minutes_after_planned_end_and_programme() -> None:
    end = deadline.planned_end_ms(LIVE)
    fifteen = 15 * MINUTE_MS
    assert not deadline.abandoned(LIVE, 0, end + fifteen - 1)
    assert deadline.abandoned(LIVE, 0, end + fifteen)
    assert not deadline.abandoned(LIVE, end + HOUR_MS, end + HOUR_MS + fifteen - 1)
    assert not deadline.abandoned(PLANNED, 0, end + 10 * HOUR_MS)
