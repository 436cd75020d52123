"""Decisions about events."""

from __future__ import annotations

import msgspec
import pytest

from rostra.agenda import agenda
from rostra.agenda.life import Act
from rostra.ground.facts import Event, Phase
from rostra.ground.refusals import Refusal

HOUR_MS = 3_600_000
EVENT = Event(event_id="abc", title="An evening", start_ms=100 * HOUR_MS)


def ok(event: Event | Refusal) -> Event:
    assert isinstance(event, Event), event
    return event


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"title": "  "}, "bad_title"),
        ({"title": "x" * 201}, "bad_title"),
        ({"description": "x" * 4001}, "bad_description"),
        ({"language": "Klingon!"}, "bad_language"),
        ({"duration_min": 0}, "bad_duration"),
        ({"people": ("",)}, "bad_people"),
    ],
)
def test_a_wrong_event_is_refused_with_a_code(fields: dict[str, object], code: str) -> None:
    refusal = agenda.create(msgspec.structs.replace(EVENT, **fields), 1)
    assert isinstance(refusal, Refusal)
    assert refusal.code == code


def test_a_moved_start_keeps_the_first_one_announced() -> None:
    later = ok(agenda.change(EVENT, 1, start_ms=EVENT.start_ms + HOUR_MS))
    latest = ok(agenda.change(later, 2, start_ms=EVENT.start_ms + 2 * HOUR_MS))
    assert later.first_start_ms == latest.first_start_ms == EVENT.start_ms
    back = ok(agenda.change(latest, 3, start_ms=EVENT.start_ms))
    assert back.first_start_ms is None
    assert back.revision == 3


def test_the_start_of_a_live_event_cannot_move() -> None:
    live = ok(agenda.act(EVENT, Act.GO_LIVE, 5))
    refusal = agenda.change(live, 6, start_ms=7)
    assert isinstance(refusal, Refusal)
    assert refusal.code == "wrong_phase"


def test_going_live_and_ending_are_stamped() -> None:
    live = ok(agenda.act(EVENT, Act.GO_LIVE, 5))
    ended = ok(agenda.act(live, Act.END, 9))
    assert (ended.phase, ended.live_at_ms, ended.ended_at_ms) == (Phase.ENDED, 5, 9)


def test_doors_open_when_it_is_time_and_not_before() -> None:
    before = EVENT.start_ms - 15 * 60_000
    assert agenda.due(EVENT, before - 1, 15 * 60_000) is None
    assert agenda.due(EVENT, before, 15 * 60_000) is Act.OPEN_DOORS
    opened = ok(agenda.act(EVENT, Act.OPEN_DOORS, before))
    assert agenda.due(opened, before + 1, 15 * 60_000) is None


def test_announcements_count_up_and_the_oldest_go() -> None:
    event = EVENT
    for number in range(60):
        event = ok(agenda.announce(event, f"number {number}", number))
    assert [a.number for a in event.announcements] == list(range(11, 61))
    refusal = agenda.announce(event, "  ", 61)
    assert isinstance(refusal, Refusal)
    assert refusal.code == "bad_announcement"


def test_event_ids_differ_and_use_letters_that_can_be_read_aloud() -> None:
    ids = {agenda.event_id(bytes([n]) * 16) for n in range(200)}
    assert len(ids) == 200
    assert not set("".join(ids)) & set("ilo01")


def test_a_delay_moves_the_start_by_minutes_and_keeps_the_first() -> None:
    later = ok(agenda.delay(EVENT, 42, 1))
    assert (later.start_ms - EVENT.start_ms, later.first_start_ms) == (42 * 60_000, EVENT.start_ms)
    assert ok(agenda.delay(later, -42, 2)).first_start_ms is None


@pytest.mark.parametrize("minutes", [0, 7 * 24 * 60 + 1, -(10**9)])
def test_a_delay_of_nothing_or_of_ages_is_refused(minutes: int) -> None:
    refusal = agenda.delay(EVENT, minutes, 1)
    assert isinstance(refusal, Refusal)
    assert refusal.code == "bad_delay"


def test_an_announcement_can_be_withdrawn_and_its_number_is_not_used_again() -> None:
    event = ok(agenda.announce(ok(agenda.announce(EVENT, "one", 1)), "two", 2))
    event = ok(agenda.withdraw(event, 1))
    assert [one.text for one in event.announcements] == ["two"]
    assert ok(agenda.announce(event, "three", 3)).announcements[-1].number == 3
    refusal = agenda.withdraw(event, 1)
    assert isinstance(refusal, Refusal)
    assert refusal.code == "no_such_announcement"


def test_a_rehearsal_opens_when_its_conductor_says_and_never_by_itself() -> None:
    rehearsal = msgspec.structs.replace(EVENT, rehearsal=True)
    assert agenda.due(EVENT, EVENT.start_ms, 0) is Act.OPEN_DOORS
    assert agenda.due(rehearsal, EVENT.start_ms, 0) is None
