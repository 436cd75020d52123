"""Vouchers: who cannot or would rather not compute waits a little, and keeps the same place.

A JWT (RFC 7519, HS256) with a key of its own purpose. It carries the arrival, so the place in the
line is that of the moment its bearer came; and it gives the same one ticket however often and at
whatever edge it is shown.
"""

from __future__ import annotations

import base64
import binascii
from typing import Any

import jwt
import msgspec

from rostra.ground.keys import KeyRing, key_id
from rostra.shield.challenge import Failed, Why, derived, place_of

EXPIRES_S = 300  # after the arrival
VOUCHER_MOST = 512  # characters
_WAIT_S = {1: 10, 2: 20, 3: 40}
_TYPE = "voucher+jwt"


class Voucher(msgspec.Struct, frozen=True):
    """`arrived_s`, `ready_s`: Unix seconds of the door's clock. `place`: as of `Solved`."""

    arrived_s: int
    ready_s: int
    place: bytes


def wait_s(difficulty: int) -> int:
    """How long somebody waits who does not compute."""
    return _WAIT_S[min(max(abs(difficulty), 1), max(_WAIT_S))]


def looks_like_one(text: str) -> bool:
    """Whether it may be a voucher; a solution has no dots."""
    return text.count(".") == 2


def sign_voucher(event_id: str, difficulty: int, ring: KeyRing, now_s: int, fresh: bytes) -> str:
    """For somebody who came now. `fresh`: 16 bytes from the operating system's generator."""
    claims: dict[str, Any] = {
        "aud": "wait",
        "ev": event_id,
        "jti": base64.urlsafe_b64encode(fresh[:16]).rstrip(b"=").decode(),
        "iat": now_s,
        "nbf": now_s + wait_s(difficulty),
    }
    headers = {"kid": key_id(ring.newest), "typ": _TYPE}
    return jwt.encode(claims, derived(ring.newest, "voucher"), algorithm="HS256", headers=headers)


def read_voucher(text: str, event_id: str, ring: KeyRing, now_s: float) -> Voucher | Failed:
    """The voucher in `text`, whether its time has come or not, or why it does not hold."""
    if len(text) > VOUCHER_MOST:
        return Failed(Why.SIGNATURE)
    kid = ""
    try:
        header = jwt.get_unverified_header(text)
        kid = str(header.get("kid", ""))
        key = ring.find(kid)
        if key is None or header.get("typ") != _TYPE:
            return Failed(Why.SIGNATURE, kid if key is None else "")
        claims = jwt.decode(
            text,
            derived(key, "voucher"),
            algorithms=["HS256"],
            audience="wait",
            options={
                "require": ["aud", "ev", "jti", "iat", "nbf"],
                "verify_iat": False,  # times are judged by the door's clock
                "verify_nbf": False,
            },
        )
        nonce = base64.urlsafe_b64decode(str(claims["jti"]) + "==")
        arrived_s, ready_s = int(claims["iat"]), int(claims["nbf"])
    except (jwt.InvalidTokenError, binascii.Error, ValueError, TypeError):
        return Failed(Why.SIGNATURE)
    if claims["ev"] != event_id:
        return Failed(Why.EVENT)
    if now_s >= arrived_s + EXPIRES_S:
        return Failed(Why.EXPIRED)
    return Voucher(arrived_s, ready_s, place_of(key, nonce))
