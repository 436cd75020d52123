"""Tickets: a signed place in the line, which any edge issues and checks alone."""

from __future__ import annotations

import hashlib
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from rostra.admission import tokens
from rostra.admission.refused import TICKET_EXPIRED, TICKET_INVALID, TICKET_OTHER_EVENT
from rostra.admission.tokens import Kind
from rostra.ground.keys import KeyRing
from rostra.ground.refusals import Refusal

Id = Annotated[str, Meta(pattern=r"^[A-Za-z0-9_-]{22}\Z")]
EventId = Annotated[str, Meta(min_length=1, max_length=64)]
Lane = Annotated[str, Meta(pattern=r"^[^\x00-\x1f\x7f-\x9f]{0,64}\Z")]
Seconds = Annotated[int, Meta(ge=0, le=1 << 37)]  # a year that calendars can write


class Ticket(msgspec.Struct, frozen=True, kw_only=True):
    """A place in the line of one event.

    `ticket_id`: 16 random bytes, base64url. Times are Unix seconds of the door's clock. `lane`
    names the priority lane that it was given out for beforehand.
    `rehearsal`: of a virtual listener.
    """

    event_id: str
    ticket_id: str
    arrived_s: int
    expires_s: int
    lane: str = ""
    rehearsal: bool = False


class _Claims(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True
):
    """RFC 7519 4.1, and `ev`, `lane`, `reh`."""

    aud: Literal["door"]
    ev: EventId
    jti: Id
    iat: Seconds
    exp: Seconds
    lane: Lane = ""
    reh: bool = False


_decoder = msgspec.json.Decoder(_Claims)


def listener_hash(ticket_id: str) -> bytes:
    """The 8 bytes by which edges and control count a ticket (BLAKE2b, RFC 7693)."""
    return hashlib.blake2b(ticket_id.encode(), digest_size=8).digest()


def sign_ticket(ticket: Ticket, ring: KeyRing) -> str:
    """A compact JWT (RFC 7519), signed with the newest key."""
    claims = _Claims(
        aud="door",
        ev=ticket.event_id,
        jti=ticket.ticket_id,
        iat=ticket.arrived_s,
        exp=ticket.expires_s,
        lane=ticket.lane,
        reh=ticket.rehearsal,
    )
    return tokens.sign(Kind.TICKET, claims, ring)


def _ticket(payload: bytes | None) -> Ticket | None:
    if payload is None:
        return None
    try:
        claims = _decoder.decode(payload)
    except msgspec.DecodeError:
        return None
    return Ticket(
        event_id=claims.ev,
        ticket_id=claims.jti,
        arrived_s=claims.iat,
        expires_s=claims.exp,
        lane=claims.lane,
        rehearsal=claims.reh,
    )


def read_ticket(token: str, event_id: str, ring: KeyRing, now_s: float) -> Ticket | Refusal:
    """The ticket in `token`, or why it does not hold. `now_s`: Unix seconds of the door's clock."""
    ticket = _ticket(tokens.verified(Kind.TICKET, token, ring))
    if ticket is None:
        return TICKET_INVALID
    if ticket.event_id != event_id:
        return TICKET_OTHER_EVENT
    if ticket.expires_s <= now_s:
        return TICKET_EXPIRED
    return ticket


def claimed_ticket(token: str) -> Ticket | None:
    """What a ticket says, its signature unchecked: for explaining it without the key."""
    if tokens.kind_of(token) is not Kind.TICKET:
        return None
    return _ticket(tokens.unverified(token))
