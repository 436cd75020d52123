"""What lets a rehearsal's generators have tickets: a signed word of control, for one event."""

from __future__ import annotations

from typing import Literal

import msgspec

from rostra.admission import tokens
from rostra.admission.tickets import EventId, Seconds
from rostra.admission.tokens import Kind
from rostra.ground.keys import KeyRing


class _Claims(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    aud: Literal["rehearsal"]
    ev: EventId
    exp: Seconds


_decoder = msgspec.json.Decoder(_Claims)


def sign_rehearsal(event_id: str, expires_s: int, ring: KeyRing) -> str:
    """A compact JWT (RFC 7519) that holds for this rehearsal's event until then (Unix seconds)."""
    return tokens.sign(Kind.REHEARSAL, _Claims(aud="rehearsal", ev=event_id, exp=expires_s), ring)


def rehearses(token: str, event_id: str, ring: KeyRing, now_s: float) -> bool:
    """Whether the token lets its bearer have tickets of this rehearsal's event."""
    payload = tokens.verified(Kind.REHEARSAL, token, ring) if token else None
    if payload is None:
        return False
    try:
        claims = _decoder.decode(payload)
    except msgspec.DecodeError:
        return False
    return claims.ev == event_id and now_s < claims.exp
