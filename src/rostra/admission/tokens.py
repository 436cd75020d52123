"""The door's signed tokens: JWS compact (RFC 7515), HS256 pinned, one spelling, one type each."""

from __future__ import annotations

import base64
import binascii
import re
from enum import StrEnum
from typing import Annotated

import msgspec
from jwt.algorithms import HMACAlgorithm
from msgspec import Meta

from rostra.ground.keys import KeyRing, key_id

TOKEN_MOST = 1024  # bytes; a longer one is refused before anything is parsed
_ALGORITHM = "HS256"
# The last character of 43 that spell 32 bytes carries two bits that mean nothing: they must be 0,
# or one signature would have four spellings.
_SHAPE = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]\Z")
_hs256 = HMACAlgorithm(HMACAlgorithm.SHA256)


class Kind(StrEnum):
    """What a token is for. Explicit types (RFC 8725 3.11) keep one from standing for the other."""

    TICKET = "ticket+jwt"
    PASS = "pass+jwt"  # noqa: S105
    REHEARSAL = "rehearsal+jwt"


class _Header(msgspec.Struct, forbid_unknown_fields=True):
    alg: str
    kid: Annotated[str, Meta(pattern=r"^[0-9a-f]{8}\Z")]
    typ: Kind


_headers = msgspec.json.Decoder(_Header)


def _text(raw: bytes) -> bytes:
    return base64.urlsafe_b64encode(raw).rstrip(b"=")


def _raw(segment: str) -> bytes:
    return base64.urlsafe_b64decode(segment + "=" * (-len(segment) % 4))


def sign(kind: Kind, claims: msgspec.Struct, ring: KeyRing) -> str:
    """`claims` as JSON, signed with the ring's newest key."""
    header = _Header(alg=_ALGORITHM, kid=key_id(ring.newest), typ=kind)
    signed = _text(msgspec.json.encode(header)) + b"." + _text(msgspec.json.encode(claims))
    return (signed + b"." + _text(_hs256.sign(signed, ring.newest))).decode()


def _header(token: str) -> _Header | None:
    if len(token) > TOKEN_MOST or _SHAPE.match(token) is None:
        return None
    try:
        header = _headers.decode(_raw(token[: token.index(".")]))
    except (binascii.Error, msgspec.DecodeError, UnicodeDecodeError):
        return None
    return header if header.alg == _ALGORITHM else None


def kind_of(token: str) -> Kind | None:
    """What the token says it is, unchecked: good for choosing words, never for trust."""
    header = _header(token)
    return header.typ if header else None


def kid_of(token: str) -> str:
    """The name of the key that the token says it was signed with, unchecked; or empty."""
    header = _header(token)
    return header.kid if header else ""


def verified(kind: Kind, token: str, ring: KeyRing) -> bytes | None:
    """The claims (JSON) of a token of this kind that a key of the ring signed; None otherwise.

    The signature is checked by PyJWT, in constant time, before the claims are decoded. The frame
    around it is read here, since the door takes one algorithm, one header and one spelling only
    (PyJWT's own reader takes many, and five times as long).
    """
    header = _header(token)
    if header is None or header.typ is not kind:
        return None
    key = ring.find(header.kid)
    if key is None:
        return None
    signed, _, signature = token.rpartition(".")
    if not _hs256.verify(signed.encode(), key, _raw(signature)):
        return None
    return _claims(token)


def unverified(token: str) -> bytes | None:
    """The claims (JSON) of a well-formed token, unchecked: for explaining it without its key."""
    return _claims(token) if _header(token) else None


def _claims(token: str) -> bytes | None:
    try:
        return _raw(token.split(".")[1])
    except binascii.Error:
        return None
