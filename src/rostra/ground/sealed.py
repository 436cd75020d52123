"""Sealed documents: JSON that anyone can read, signed so that anyone can check who said it.

Ed25519 (RFC 8032) over the canonical form (RFC 8785) of what is said. The kind of document stands
under the signature, so that one kind can never be passed off as another.
"""

from __future__ import annotations

from typing import Any

import msgspec
import rfc8785
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey,
    Ed25519PublicKey,
)

from rostra.ground.refusals import Refusal

DOCUMENT_MOST = 4 * 1024 * 1024


class Sealed(msgspec.Struct, frozen=True):
    """What a checked document says, and the public key (hex) that says it."""

    says: dict[str, Any]
    key: str


class _Wire(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    kind: str
    says: dict[str, Any]
    key: str
    signature: str


def _refused(code: str, message: str) -> Refusal:
    return Refusal(f"seal_{code}", 422, message)


def public_key(key: bytes) -> str:
    """The public half (hex) of a private key of 32 bytes."""
    return Ed25519PrivateKey.from_private_bytes(key).public_key().public_bytes_raw().hex()


def canonical(value: Any) -> bytes:
    """The one form of a JSON value (RFC 8785). ValueError where JSON cannot say it."""
    try:
        return rfc8785.dumps(value)
    except rfc8785.CanonicalizationError as error:
        raise ValueError(f"no canonical form: {error}") from error


def _message(kind: str, says: dict[str, Any]) -> bytes:
    return b"rostra " + kind.encode() + b"\0" + canonical(says)


def seal(kind: str, says: dict[str, Any], key: bytes) -> bytes:
    """The document, signed with the private `key` (32 bytes). ValueError as in `canonical`."""
    signature = Ed25519PrivateKey.from_private_bytes(key).sign(_message(kind, says))
    wire = _Wire(kind, says, public_key(key), signature.hex())
    return msgspec.json.format(msgspec.json.encode(wire), indent=2) + b"\n"


def read_sealed(kind: str, raw: bytes) -> Sealed | Refusal:
    """What the document says, if its signature holds; whose key it should be, the caller knows."""
    if len(raw) > DOCUMENT_MOST:
        return _refused("too_large", f"The {kind} is larger than {DOCUMENT_MOST} bytes.")
    try:
        wire = msgspec.json.decode(raw, type=_Wire)
        key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(wire.key))
        signature = bytes.fromhex(wire.signature)
        message = _message(kind, wire.says)
    except (msgspec.DecodeError, ValueError) as error:
        return _refused("unreadable", f"This is no {kind}: {error}.")
    if wire.kind != kind:
        return _refused("other_kind", f"This is a {wire.kind[:40]}, not a {kind}.")
    try:
        key.verify(signature, message)
    except InvalidSignature:
        return _refused("broken", f"The signature of this {kind} does not hold: it was changed.")
    return Sealed(wire.says, wire.key)
