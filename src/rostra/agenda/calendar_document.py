"""The event as a calendar file (RFC 5545), with its current start."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from icalendar import Alarm, Calendar, vText
from icalendar import Event as CalendarEntry

from rostra.ground.facts import Event, Phase


def render(event: Event, page_url: str) -> bytes:
    """A VCALENDAR with one VEVENT; UID and SEQUENCE make a delay an update of the same entry."""
    start = datetime.fromtimestamp(event.start_ms / 1000, UTC)
    entry = CalendarEntry()
    entry.add("uid", f"{event.event_id}@rostra")
    entry.add("sequence", event.revision)
    entry.add("dtstamp", datetime.fromtimestamp(event.created_ms / 1000, UTC))
    entry.add("dtstart", start)
    entry.add("dtend", start + timedelta(minutes=event.duration_min))
    entry.add("summary", event.title)
    entry.add("description", f"{event.description}\n\n{page_url}".strip())
    entry.add("url", page_url)
    entry.add("location", page_url)
    entry.add("status", "CANCELLED" if event.phase is Phase.CANCELLED else "CONFIRMED")
    alarm = Alarm()
    alarm.add("action", "DISPLAY")
    alarm.add("trigger", timedelta(minutes=-10))
    alarm.add("description", vText(event.title))
    entry.add_component(alarm)
    calendar = Calendar()
    calendar.add("prodid", "-//Rostra//Rostra//EN")
    calendar.add("version", "2.0")
    calendar.add("method", "PUBLISH")
    calendar.add_component(entry)
    document: bytes = calendar.to_ical()
    return document
