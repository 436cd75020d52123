"""Checkpoints: the size and root of a ledger, signed.

The text is that of C2SP tlog-checkpoint, in an envelope of C2SP signed-note (Ed25519). One line
more says the wall time at which it was signed (`at`, Unix milliseconds).
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Iterator

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey,
    Ed25519PublicKey,
)

from rostra.evidence.merkle import HASH_BYTES
from rostra.ground.refusals import Refusal

NOTE_MOST = 16 * 1024  # bytes
SIZE_MOST = 2**63 - 1
_ED25519 = b"\x01"  # the algorithm's byte in signed-note
_DASH = "— "
_AT = "at "


class Checkpoint(msgspec.Struct, frozen=True):
    """What is signed: which log, how many records, their root, and when (0 if it does not say)."""

    origin: str
    size: int
    root: bytes
    at_ms: int = 0


class Signature(msgspec.Struct, frozen=True):
    """One signature line of a note: whose it claims to be, and the bytes."""

    name: str
    key_id: bytes
    signature: bytes


class Note(msgspec.Struct, frozen=True):
    """A signed note that was read; nothing of it is believed before `signed_by`."""

    text: str
    signatures: tuple[Signature, ...]


def _refused(code: str, message: str) -> Refusal:
    return Refusal(f"checkpoint_{code}", 422, message)


def origin_of(event_id: str) -> str:
    """The name of an event's log and of the key that signs it."""
    return f"rostra/{event_id}"


def key_hash(name: str, public: bytes) -> bytes:
    """The key ID of signed-note: SHA-256(name, newline, 0x01, public key), its first 4 bytes."""
    return hashlib.sha256(name.encode() + b"\n" + _ED25519 + public).digest()[:4]


def verifier_key(name: str, public: bytes) -> str:
    """The public key as signed-note's tools take it: name, key ID and key."""
    shown = base64.b64encode(_ED25519 + public).decode()
    return f"{name}+{key_hash(name, public).hex()}+{shown}"


def read_verifier_key(text: str) -> tuple[str, bytes] | Refusal:
    """The name and public key (32 bytes) in a verifier key."""
    name, _, rest = text.strip().partition("+")
    shown_id, _, shown = rest.partition("+")
    try:
        raw = base64.b64decode(shown, validate=True)
    except (binascii.Error, ValueError):
        raw = b""
    if not name or len(raw) != 1 + 32 or raw[:1] != _ED25519:
        return _refused("key_unreadable", "This is no Ed25519 verifier key of a signed note.")
    if key_hash(name, raw[1:]).hex() != shown_id:
        return _refused("key_unreadable", "The ID of this verifier key does not fit its key.")
    return name, raw[1:]


def body(checkpoint: Checkpoint) -> str:
    """The text that is signed."""
    root = base64.b64encode(checkpoint.root).decode()
    at = f"{_AT}{checkpoint.at_ms}\n" if checkpoint.at_ms else ""
    return f"{checkpoint.origin}\n{checkpoint.size}\n{root}\n{at}"


def sign_text(text: str, name: str, key: bytes) -> str:
    """The text (it ends with a newline) as a note signed with the private key (32 bytes)."""
    private = Ed25519PrivateKey.from_private_bytes(key)
    public = private.public_key().public_bytes_raw()
    signature = base64.b64encode(key_hash(name, public) + private.sign(text.encode()))
    return f"{text}\n{_DASH}{name} {signature.decode()}\n"


def sign(checkpoint: Checkpoint, key: bytes) -> str:
    """The checkpoint as a note; its key has the log's name."""
    return sign_text(body(checkpoint), checkpoint.origin, key)


def read_note(text: str) -> Note | Refusal:
    """The text and signatures of a note (C2SP signed-note)."""
    if len(text) > NOTE_MOST:
        return _refused("too_large", f"A note is at most {NOTE_MOST} characters long.")
    said, between, signed = text.rpartition("\n\n")
    if not between or not signed.endswith("\n"):
        return _refused("unreadable", "This is no signed note: it has no signature.")
    signatures = []
    for line in signed[:-1].split("\n"):
        name, _, shown = line.removeprefix(_DASH).partition(" ")
        try:
            raw = base64.b64decode(shown, validate=True)
        except (binascii.Error, ValueError):
            raw = b""
        if not line.startswith(_DASH) or not name or len(raw) < 5:
            return _refused("unreadable", "A signature line of this note cannot be read.")
        signatures.append(Signature(name, raw[:4], raw[4:]))
    return Note(f"{said}\n", tuple(signatures))


def signed_by(note: Note, name: str, public: bytes) -> bool:
    """Whether the note carries a signature of that key (32 bytes) that holds."""
    key_id = key_hash(name, public)
    for one in note.signatures:
        if one.name == name and one.key_id == key_id:
            try:
                Ed25519PublicKey.from_public_bytes(public).verify(one.signature, note.text.encode())
            except (InvalidSignature, ValueError):
                return False
            return True
    return False


def read_body(text: str) -> Checkpoint | Refusal:
    """The checkpoint that a note's text says (C2SP tlog-checkpoint)."""
    lines = text.split("\n")
    if len(lines) < 4 or lines[-1] or not all(lines[:-1]):
        return _refused("unreadable", "This note is no checkpoint: lines are missing.")
    origin, size, shown, *more = lines[:-1]
    try:
        root = base64.b64decode(shown, validate=True)
    except (binascii.Error, ValueError):
        root = b""
    number = _decimal(size)
    if number is None or len(root) != HASH_BYTES:
        return _refused("unreadable", "This note is no checkpoint: its size or root is none.")
    at = next((line.removeprefix(_AT) for line in more if line.startswith(_AT)), "0")
    return Checkpoint(origin, number, root, _decimal(at) or 0)


def _decimal(text: str) -> int | None:
    """A number written in the one way: ASCII digits, no zero in front."""
    if not text.isascii() or not text.isdigit() or len(text) > 19 or (text[0] == "0" != text):
        return None
    number = int(text)
    return number if number <= SIZE_MOST else None


def read(text: str, origin: str, public: bytes) -> Checkpoint | Refusal:
    """The checkpoint in the note `text`, if that key signed it for that log."""
    note = read_note(text)
    if isinstance(note, Refusal):
        return note
    said = read_body(note.text)
    if isinstance(said, Refusal):
        return said
    if said.origin != origin:
        return _refused("other_log", f"It is of the log {said.origin[:80]!r}, not {origin!r}.")
    if not signed_by(note, origin, public):
        return _refused("unsigned", "It carries no signature of this log's key that holds.")
    return said


def notes_in(text: str) -> Iterator[str]:
    """The notes that stand one after the other in `text`, with or without lines between.

    What is left at the end comes too, so that whoever reads it sees that it is none.
    """
    lines: list[str] = []
    for line in text.splitlines(keepends=True):
        if lines and lines[-1].startswith(_DASH) and not line.startswith(_DASH):
            yield "".join(lines)
            lines = []
        if lines or line != "\n":
            lines.append(line)
    if lines:
        yield "".join(lines)
