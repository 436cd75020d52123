"""Passes: a signed, short-lived right to the media, renewed by any edge alone."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from rostra.admission import tokens
from rostra.admission.refused import PASS_EXPIRED, PASS_INVALID, PASS_MISSING, PASS_OTHER_EVENT
from rostra.admission.tickets import EventId, Id, Lane, Seconds
from rostra.admission.tokens import Kind
from rostra.ground.keys import KeyRing
from rostra.ground.refusals import Refusal

EXPIRES_S = 120
RENEW_S = 60
LEEWAY_S = 20  # a renewal that is under way when a pass runs out still counts
NONCE_MOST = 64


class Pass(msgspec.Struct, frozen=True, kw_only=True):
    """The right to one event's media until `expires_s` (Unix seconds of the door's clock).

    `session`: since the ticket was last exchanged. `heard_s`: seconds listened in it, with proof.
    `last_nonce`: the proof that was used last, so that none counts twice in a row.
    `rehearsal`: of a virtual listener.
    """

    event_id: str
    ticket_id: str
    session: str
    issued_s: int
    expires_s: int
    heard_s: int = 0
    last_nonce: str = ""
    lane: str = ""
    rehearsal: bool = False


class _Claims(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True
):
    """RFC 7519 4.1, and `ev`, `sid`, `h`, `n`, `lane`, `reh`."""

    aud: Literal["media"]
    ev: EventId
    sub: Id
    sid: Annotated[str, Meta(pattern=r"^[A-Za-z0-9_-]{11}\Z")]
    iat: Seconds
    exp: Seconds
    h: Seconds = 0
    n: Annotated[str, Meta(max_length=NONCE_MOST)] = ""
    lane: Lane = ""
    reh: bool = False


_decoder = msgspec.json.Decoder(_Claims)


def sign_pass(given: Pass, ring: KeyRing) -> str:
    """A compact JWT (RFC 7519), signed with the newest key."""
    claims = _Claims(
        aud="media",
        ev=given.event_id,
        sub=given.ticket_id,
        sid=given.session,
        iat=given.issued_s,
        exp=given.expires_s,
        h=given.heard_s,
        n=given.last_nonce,
        lane=given.lane,
        reh=given.rehearsal,
    )
    return tokens.sign(Kind.PASS, claims, ring)


def read_pass(token: str, event_id: str, ring: KeyRing, now_s: float) -> Pass | Refusal:
    """The pass in `token`, or why it does not hold (`LEEWAY_S` after it ran out, it still does).

    `now_s`: Unix seconds of the door's clock.
    """
    if not token:
        return PASS_MISSING
    payload = tokens.verified(Kind.PASS, token, ring)
    if payload is None:
        return PASS_INVALID
    try:
        claims = _decoder.decode(payload)
    except msgspec.DecodeError:
        return PASS_INVALID
    if claims.ev != event_id:
        return PASS_OTHER_EVENT
    if claims.exp + LEEWAY_S <= now_s:
        return PASS_EXPIRED
    return Pass(
        event_id=claims.ev,
        ticket_id=claims.sub,
        session=claims.sid,
        issued_s=claims.iat,
        expires_s=claims.exp,
        heard_s=claims.h,
        last_nonce=claims.n,
        lane=claims.lane,
        rehearsal=claims.reh,
    )
