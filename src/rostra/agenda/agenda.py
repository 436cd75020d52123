"""Decisions about events: create, change, move through life, announce, what is due when."""

from __future__ import annotations

import hashlib
import re

import msgspec

from rostra.agenda.life import Act, after
from rostra.ground.facts import Announcement, Event, Phase
from rostra.ground.refusals import Refusal

_ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"  # nothing that is misread aloud
_LANGUAGE = re.compile(r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$")
TITLE_MOST = 200
DESCRIPTION_MOST = 4000
ANNOUNCEMENTS_MOST = 50
PEOPLE_MOST = 64
DELAY_MOST_MIN = 7 * 24 * 60
_UNDECIDED = (Phase.SCHEDULED, Phase.DOORS_OPEN)


def event_id(chance: bytes) -> str:
    """Ten letters from at least 16 random bytes: public, but not guessed in passing (49 bits)."""
    number = int.from_bytes(hashlib.sha256(chance).digest()[:8])
    letters = []
    for _ in range(10):
        number, index = divmod(number, len(_ALPHABET))
        letters.append(_ALPHABET[index])
    return "".join(letters)


def create(event: Event, now_ms: int) -> Event | Refusal:
    """A new event as it may stand on the agenda, or why not."""
    refusal = _wrong(event)
    if refusal:
        return refusal
    return msgspec.structs.replace(event, phase=Phase.SCHEDULED, created_ms=now_ms)


def change(event: Event, now_ms: int, **fields: object) -> Event | Refusal:
    """`event` with other public fields; a moved start keeps the first one announced."""
    start_ms = fields.get("start_ms", event.start_ms)
    if start_ms != event.start_ms:
        if event.phase not in _UNDECIDED:
            return Refusal(
                "wrong_phase", 409, f"The event is {event.phase}: its start cannot move."
            )
        fields["first_start_ms"] = (
            event.first_start_ms if event.first_start_ms is not None else event.start_ms
        )
        if fields["first_start_ms"] == start_ms:
            fields["first_start_ms"] = None
    changed = msgspec.structs.replace(event, revision=event.revision + 1, **fields)
    return _wrong(changed) or changed


def act(event: Event, what: Act, now_ms: int) -> Event | Refusal:
    """`event` after `what` was done to it, or why that cannot be."""
    phase = after(event.phase, what)
    if isinstance(phase, Refusal):
        return phase
    stamps: dict[str, int] = {}
    if phase is Phase.LIVE:
        stamps["live_at_ms"] = now_ms
    if phase is Phase.ENDED:
        stamps["ended_at_ms"] = now_ms
    return msgspec.structs.replace(event, phase=phase, revision=event.revision + 1, **stamps)


def announce(event: Event, text: str, now_ms: int) -> Event | Refusal:
    """`event` with one more announcement; the oldest beyond 50 go."""
    text = text.strip()
    if not 0 < len(text) <= 500:
        return Refusal("bad_announcement", 422, "An announcement has 1 to 500 characters.")
    number = event.announcements[-1].number + 1 if event.announcements else 1
    following = (*event.announcements, Announcement(number=number, at_ms=now_ms, text=text))
    return msgspec.structs.replace(
        event, announcements=following[-ANNOUNCEMENTS_MOST:], revision=event.revision + 1
    )


def delay(event: Event, minutes: int, now_ms: int) -> Event | Refusal:
    """`event` with its start so many minutes later (or earlier, if negative)."""
    if minutes == 0 or abs(minutes) > DELAY_MOST_MIN:
        return Refusal(
            "bad_delay", 422, f"A delay is from 1 to {DELAY_MOST_MIN} minutes, or less than 0."
        )
    return change(event, now_ms, start_ms=event.start_ms + minutes * 60_000)


def withdraw(event: Event, number: int) -> Event | Refusal:
    """`event` without the announcement of that number."""
    left = tuple(one for one in event.announcements if one.number != number)
    if len(left) == len(event.announcements):
        return Refusal("no_such_announcement", 404, f"There is no announcement {number} any more.")
    return msgspec.structs.replace(event, announcements=left, revision=event.revision + 1)


def due(event: Event, now_ms: int, doors_open_before_ms: int) -> Act | None:
    """What time alone does to an event now; a rehearsal's doors open when its conductor says."""
    if event.rehearsal:
        return None
    opens_ms = event.start_ms - doors_open_before_ms
    if event.phase is Phase.SCHEDULED and now_ms >= opens_ms:
        return Act.OPEN_DOORS
    return None


def _wrong(event: Event) -> Refusal | None:
    if not 0 < len(event.title.strip()) <= TITLE_MOST:
        return Refusal("bad_title", 422, f"A title has 1 to {TITLE_MOST} characters.")
    if len(event.description) > DESCRIPTION_MOST:
        return Refusal("bad_description", 422, f"At most {DESCRIPTION_MOST} characters, please.")
    if not _LANGUAGE.match(event.language):
        return Refusal("bad_language", 422, 'A language is a tag such as "en" or "fr" (BCP 47).')
    if not 1 <= event.duration_min <= 24 * 60:
        return Refusal("bad_duration", 422, "A duration is from 1 minute to 24 hours.")
    if len(event.people) > PEOPLE_MOST or any(not 0 < len(p) <= 80 for p in event.people):
        return Refusal("bad_people", 422, "At most 64 names of at most 80 characters each.")
    return None
