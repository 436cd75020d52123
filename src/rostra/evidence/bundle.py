"""What stands in a bundle (`night.zip`) beside tiles and records, and what its check answers."""

from __future__ import annotations

import msgspec

from rostra.evidence import checkpoint as checkpoints
from rostra.evidence.audit import Mark
from rostra.evidence.checkpoint import Checkpoint
from rostra.evidence.container import refused
from rostra.evidence.found import Finding
from rostra.evidence.record import Sealed
from rostra.ground.refusals import Refusal

WITNESS_MOST = 16 * 1024**2  # bytes

_README = """Evidence of the event {event_id}.

This file holds what the event's house wrote down, second by second, as a log that only grows.
checkpoint       the newest signed size and root of the log
checkpoints      all of them, in order; any that somebody kept must be among them, or fit them
key.txt          the public key that signed them; compare it with the one that was published
tile/<L>/        the hashes of the tree (C2SP tlog-tiles; RFC 9162, section 2.1)
tile/entries/    the records, each a JSON object behind its length (two bytes, the higher first)

To check it, without a network and without trust in whoever gave it to you:

    rostra verify night.zip --key {key}
    rostra verify night.zip --witness state.json

The second compares it with a checkpoint that a listener kept: the state.json of the event's page
carried the newest one, all evening.

Key: {key}
"""


class Witnessed(msgspec.Struct, frozen=True, kw_only=True):
    """A checkpoint that somebody kept, and whether the log begins with what it says."""

    witness: str
    size: int
    at_ms: int
    holds: bool


class Verified(msgspec.Struct, frozen=True, kw_only=True):
    """What checking a bundle gave. `ok`: nothing grave was found.

    `findings` are listed up to a limit, `counts` counts them all by code; `records` are those that
    can be read, by writer.
    """

    ok: bool
    origin: str
    key: str  # hex
    size: int
    root: str  # hex
    signed_ms: int
    checkpoints: int
    first_ms: int
    last_ms: int
    records: dict[str, int]
    packed_bytes: int
    unpacked_bytes: int
    witnesses: tuple[Witnessed, ...]
    findings: tuple[Finding, ...]
    counts: dict[str, int]
    sealed: Sealed | None = None


class Signed(msgspec.Struct, frozen=True):
    """Whose log it is, what was signed last, and every note that was signed."""

    origin: str
    public: bytes
    newest: Checkpoint
    marks: tuple[Mark, ...]


def readme(event_id: str, public: bytes) -> str:
    """For whoever opens the bundle without us."""
    return _README.format(event_id=event_id, key=public.hex())


def read_signed(key: str, newest: str, all_notes: str, wanted: str | None) -> Signed | Refusal:
    """What the bundle's key signed; `wanted`: the key (hex) that it must be, if that is known."""
    named = checkpoints.read_verifier_key(key)
    if isinstance(named, Refusal):
        return refused("key", f"The bundle's key cannot be read: {named.message}")
    origin, public = named
    if wanted is not None and public.hex() != wanted:
        return refused("other_key", f"It is of the key {public.hex()}, not of {wanted}.")
    last = checkpoints.read(newest, origin, public)
    if isinstance(last, Refusal):
        return refused("checkpoint", f"The newest checkpoint does not hold: {last.message}")
    marks = [Mark(last.size, last.root, last.at_ms)]
    for number, note in enumerate(checkpoints.notes_in(all_notes), 1):
        said = checkpoints.read(note, origin, public)
        if isinstance(said, Refusal):
            return refused("checkpoint", f"Checkpoint {number} does not hold: {said.message}")
        if said.size > last.size:
            message = f"Checkpoint {number} is of more records than the newest: some were removed."
            return refused("cut", message)
        marks.append(Mark(said.size, said.root, said.at_ms))
    return Signed(origin, public, last, tuple(marks))


def read_witness(name: str, raw: bytes, signed: Signed) -> list[Mark | Finding]:
    """The checkpoints that a listener kept: notes, or a JSON object that has a `checkpoint`.

    Those that are not of this log, or of more records than it has, are findings.
    """
    text = raw.decode(errors="replace")
    try:
        held = msgspec.json.decode(raw, type=dict[str, object])
        text = str(held.get("checkpoint", ""))
    except (msgspec.DecodeError, ValueError, RecursionError):
        pass  # then it is the note itself
    found: list[Mark | Finding] = []
    for note in checkpoints.notes_in(text):
        said = checkpoints.read(note, signed.origin, signed.public)
        if isinstance(said, Refusal):
            code = "witness_" + said.code.removeprefix("checkpoint_")
            words = f"{name}: no witness of this log. {said.message}"
            found.append(Finding(code=code, grave=True, words=words))
        elif said.size > signed.newest.size:
            words = (
                f"{name}: {said.size} records were signed, this log ends after "
                f"{signed.newest.size}: the others are kept back, or were not yet exported"
            )
            found.append(Finding(code="witness_ahead", grave=True, words=words, at_ms=said.at_ms))
        else:
            found.append(Mark(said.size, said.root, said.at_ms, name))
    if not found:
        words = f"{name} has no checkpoint in it"
        found.append(Finding(code="witness_unreadable", grave=True, words=words))
    return found
