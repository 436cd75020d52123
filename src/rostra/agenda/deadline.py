"""The replay's deadline: by when it is promised, when it must be made elsewhere, when live is over.

docs/reference/life.md states these rules in words.
"""

from __future__ import annotations

from rostra.ground.facts import Event, Phase

MINUTE_MS = 60_000
RESCUE_BEFORE_MS = 5 * MINUTE_MS
# Making a replay is allowed a fifth of the event's length; it was measured at a fortieth.
MADE_TIMES_REAL = 5
SILENT_S = 60.0
ABANDONED_MS = 15 * MINUTE_MS


def planned_end_ms(event: Event) -> int:
    """When the event should end: from its real beginning, if it has begun."""
    began_ms = event.live_at_ms if event.live_at_ms is not None else event.start_ms
    return began_ms + event.duration_min * MINUTE_MS


def due_ms(event: Event, within_min: int) -> int:
    """By when the replay is promised: `within_min` after the end, the planned one until it came."""
    end_ms = event.ended_at_ms if event.ended_at_ms is not None else planned_end_ms(event)
    return end_ms + within_min * MINUTE_MS


def rescue_from_ms(event: Event, within_min: int) -> int:
    """When an ended event's replay, still missing, is made from the recording.

    Five minutes before the deadline, earlier where making it takes longer, and never before half
    of the time is over: until then the packager has its chance.
    """
    due = due_ms(event, within_min)
    if event.ended_at_ms is None or event.live_at_ms is None:
        return due
    length_ms = max(event.ended_at_ms - event.live_at_ms, 0)
    before_ms = max(RESCUE_BEFORE_MS, length_ms // MADE_TIMES_REAL)
    return due - min(before_ms, within_min * MINUTE_MS // 2)


def wants_rescue(
    event: Event, within_min: int, now_ms: int, packager_silent_s: float, posted_later: bool
) -> bool:
    """Whether the replay has to be made from the recording now.

    `packager_silent_s`: since the packager was last heard. `posted_later`: rung 5 was the last.
    """
    if event.phase is not Phase.ENDED or event.live_at_ms is None:
        return False
    silent = packager_silent_s >= SILENT_S
    return silent or posted_later or now_ms >= rescue_from_ms(event, within_min)


def abandoned(event: Event, programme_ms: int, now_ms: int) -> bool:
    """Whether a live event has ended without anybody saying so.

    `programme_ms`: when somebody was last on a stage that answers (or control started).
    """
    if event.phase is not Phase.LIVE:
        return False
    return now_ms >= max(planned_end_ms(event), programme_ms) + ABANDONED_MS


def is_promised(event: Event) -> bool:
    """Whether there is a replay to wait for."""
    return event.phase not in (Phase.POSTED, Phase.CANCELLED)
