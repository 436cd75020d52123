"""Priority lanes: places in the line that are given out beforehand, each a link of its own."""

from __future__ import annotations

import base64
import os
import re

import msgspec

from rostra.admission.tickets import Ticket, sign_ticket
from rostra.control.door_record import DoorRecord, Lane
from rostra.ground.keys import KeyRing
from rostra.ground.refusals import Refusal

PLACES_MOST = 10_000
LANES_MOST = 20
_NAME = re.compile(r"[a-z0-9-]{1,32}", re.ASCII)


def with_lane(record: DoorRecord, name: str, places: int) -> DoorRecord | Refusal:
    """The door with one more lane, or why not."""
    if not _NAME.fullmatch(name):
        return Refusal(
            "bad_lane", 422, "A lane's name has 1 to 32 small letters, digits and hyphens."
        )
    if not 1 <= places <= PLACES_MOST:
        return Refusal("bad_places", 422, f"A lane has 1 to {PLACES_MOST} places.")
    if any(lane.name == name for lane in record.lanes):
        return Refusal("lane_exists", 409, f"There is a lane {name} already; choose another name.")
    if len(record.lanes) >= LANES_MOST:
        return Refusal("too_many_lanes", 409, f"An event has at most {LANES_MOST} lanes.")
    return msgspec.structs.replace(record, lanes=(*record.lanes, Lane(name, places)))


def place_links(
    event_id: str, lane: Lane, now_s: int, until_s: int, ring: KeyRing, public_url: str
) -> list[str]:
    """A link for each place of the lane, shown once and kept nowhere.

    The ticket stands in the fragment (RFC 3986 3.5), so no server's log can hold it.
    """
    return [
        f"{public_url}/e/{event_id}#place="
        + sign_ticket(
            Ticket(
                event_id=event_id,
                ticket_id=base64.urlsafe_b64encode(os.urandom(16)).rstrip(b"=").decode(),
                arrived_s=now_s,
                expires_s=until_s,
                lane=lane.name,
            ),
            ring,
        )
        for _ in range(lane.places)
    ]
