"""The calendar file."""

from __future__ import annotations

from typing import Any

from icalendar import Calendar

from rostra.agenda import agenda, calendar_document
from rostra.agenda.life import Act
from rostra.ground.facts import Event

EVENT = Event(
    event_id="abc",
    title="Une soirée; à deux, enfin",
    language="fr",
    start_ms=1_796_155_200_000,  # 2026-12-01T20:00Z
    created_ms=1_790_000_000_000,
)


def entry(event: Event) -> Any:
    document = calendar_document.render(event, "http://localhost:8080/e/abc")
    return Calendar.from_ical(document.decode()).walk("VEVENT")[0]


def test_the_file_says_title_start_and_page() -> None:
    event = entry(EVENT)
    assert event["summary"] == EVENT.title
    assert event.decoded("dtstart").isoformat() == "2026-12-01T20:00:00+00:00"
    assert (event.decoded("dtend") - event.decoded("dtstart")).seconds == 3600
    assert event["url"] == "http://localhost:8080/e/abc"


def test_a_delay_updates_the_same_entry() -> None:
    delayed = agenda.change(EVENT, 0, start_ms=EVENT.start_ms + 42 * 60_000)
    assert isinstance(delayed, Event)
    before, after = entry(EVENT), entry(delayed)
    assert before["uid"] == after["uid"]
    assert after["sequence"] > before["sequence"]
    assert after.decoded("dtstart").isoformat() == "2026-12-01T20:42:00+00:00"


def test_a_cancelled_event_says_so() -> None:
    cancelled = agenda.act(EVENT, Act.CANCEL, 0)
    assert isinstance(cancelled, Event)
    assert entry(cancelled)["status"] == "CANCELLED"
