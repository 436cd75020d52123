"""The door's refusals: every no it can say, each with a stable code."""

from __future__ import annotations

from rostra.ground.refusals import Refusal

TICKET_INVALID = Refusal(
    "ticket_invalid",
    403,
    "This ticket is not valid. Open the event's page again to take your place.",
)
TICKET_EXPIRED = Refusal(
    "ticket_expired",
    403,
    "This ticket has expired. Open the event's page again to take a new place.",
)
TICKET_OTHER_EVENT = Refusal(
    "ticket_other_event",
    403,
    "This ticket belongs to another event. Open this event's page to take your place.",
)
PASS_MISSING = Refusal(
    "pass_missing",
    403,
    "Listening needs a pass. Open the event's page: it shows your place and lets you in.",
)
PASS_INVALID = Refusal(
    "pass_invalid", 403, "This pass is not valid. Open the event's page again to get a new one."
)
PASS_EXPIRED = Refusal(
    "pass_expired", 403, "This pass has expired. Ask for a new one with your ticket."
)
PASS_OTHER_EVENT = Refusal(
    "pass_other_event", 403, "This pass belongs to another event. Open this event's page."
)
NOT_YOUR_TURN = Refusal(
    "not_your_turn", 403, "It is not your turn yet. Your place is kept; the page shows it."
)
NO_PLACE_FREE = Refusal(
    "no_place_free",
    429,
    "It is your turn, but no place is free this moment. Ask again in a few seconds.",
)
DOORS_CLOSED = Refusal(
    "doors_closed",
    403,
    "The doors of this event are not open. Its page says when they open; a place is kept.",
)
REHEARSAL_ONLY = Refusal(
    "rehearsal_only",
    403,
    "This is a rehearsal: it is played to virtual listeners only. Real events are on the list.",
)

ALL: tuple[Refusal, ...] = (
    TICKET_INVALID, TICKET_EXPIRED, TICKET_OTHER_EVENT, PASS_MISSING, PASS_INVALID, PASS_EXPIRED,
    PASS_OTHER_EVENT, NOT_YOUR_TURN, NO_PLACE_FREE, DOORS_CLOSED, REHEARSAL_ONLY,
)  # fmt: skip
