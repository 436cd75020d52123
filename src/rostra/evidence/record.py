"""Records of the ledger: canonical JSON (RFC 8785), one fact or one second each.

All numbers are integers, so that there is one way to write them: fractions are in thousandths
(`_permille`), times in Unix milliseconds (`at_ms`, by the writer's clock). Nothing here names a
person, an address, a user agent or an invitation (docs/reference/evidence.md).
"""

from __future__ import annotations

from typing import Any, TypeAlias

import msgspec

from rostra.ground.sealed import canonical

VERSION = 1
RECORD_MOST = 65_535  # bytes; the length before a record in the log has 16 bits

# Letters of a stratum: what the clients in it did or did not show (EdgeSecond.strata).
NO_CREDENTIAL = "c"  # neither pass nor ticket
FAILED = "f"  # a challenge or nonce of theirs was wrong
NO_PROOF = "n"  # inside for over two minutes, and never a nonce from the media
STRANGE = "s"  # their path is not our player's
DEAR = "d"  # beyond the budget of what they showed
DECOY = "t"  # asked for what no person sees
SIGNS = NO_CREDENTIAL + FAILED + NO_PROOF + STRANGE + DEAR + DECOY

# Upper ends (ms) of the buckets of EdgeSecond.latency; one more for what is above.
LATENCY_MS = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000)


class Record(msgspec.Struct, frozen=True, kw_only=True, tag=True, tag_field="kind"):
    """What all records have: when (the writer's clock) and whose word it is."""

    at_ms: int
    by: str  # "control", "edge-0", …


class Sealed(Record, frozen=True, kw_only=True):
    """The first record: what was promised, before anything happened."""

    version: int
    event_id: str
    start_ms: int
    build: str
    settings: str  # hash, as in a certificate
    settings_said: dict[str, Any] = {}
    certificate: str = ""  # the signed document (text), empty if there is none that holds
    certificate_hash: str = ""  # of that text, SHA-256; alone where the text is too long
    lapsed: tuple[str, ...] = ()  # why the newest certificate does not hold
    capacity: tuple[int, ...]  # listeners at rungs 0 to 3 that the house went by
    joins_permille: int  # joins a second, in thousandths
    thresholds: dict[str, int]  # of the verdict (verdict/thresholds.py)
    definitions: str  # hash of the page that defines the audience's numbers
    model: str  # of the verdict
    edges: tuple[str, ...]  # who should report


class Stratum(msgspec.Struct, frozen=True, array_like=True):
    """Clients of one second that showed the same signs."""

    clients: int
    requests: int
    cost: int  # units (shield/prices.py)


class EdgeSecond(Record, frozen=True, kw_only=True):
    """What one edge did in one second.

    `number` counts up from 0 in each `run` of the edge; `previous` is the hash of its record
    before, so that one which was left out is missed. `strata`: by the signs shown (letters above,
    in the order of SIGNS; empty for clients that showed none).
    """

    run: str
    number: int
    previous: str  # hex, 16 bytes; empty for the first
    requests: dict[str, int] = {}  # by class
    refused: dict[str, int] = {}  # by code
    acts: dict[str, int] = {}  # of the shield, by word
    strata: dict[str, Stratum] = {}
    sources: int = 0  # distinct, estimated from the sketch
    sketch: str = ""  # base64; sources under the event's key
    body_bytes: int = 0
    connections: int = 0
    busy_permille: int = 0  # of one core
    lag_ms: int = 0  # the loop's, p99
    latency: tuple[int, ...] = ()  # requests by time to the answer, buckets of LATENCY_MS
    issued: int = 0  # tickets, in this second
    granted: int = 0  # passes given to those who came in
    wanted: int = 0  # were called, and asked to come back for want of a place
    renewed: int = 0
    proven: int = 0
    stalled: int = 0  # listeners inside whose player ran dry, as it says with its renewal
    lost: int = 0  # seconds before this one that this run could not write down


class ControlSecond(Record, frozen=True, kw_only=True):
    """Where the evening stands, each second."""

    phase: str
    rung: int
    rung_reason: str
    admitted_rank: int
    pace_permille: int
    full: bool
    capacity: int  # listeners at this rung that the controller goes by now
    cap: int = -1  # the operator's; -1 for none
    held: bool = False  # by the operator
    waiting: int = 0
    inside: int = 0
    listening: int = 0
    low: int = 0
    high: int = 0
    connected: int = 0
    peak: int = 0
    pressure: int = 0
    start_ms: int = 0  # the start as announced now
    late_ticks: int = 0  # of the mixer


class Happened(Record, frozen=True, kw_only=True):
    """One thing that happened. `what`: phase, act, fault, back, ban, pressure, rung, first_speech,
    gap, destroyed (a code; docs/reference/evidence.md lists them)."""

    what: str
    subject: str = ""  # of what: a process, a phase, an act
    reason: str = ""
    says: str = ""
    number: int = 0
    from_ms: int = 0
    until_ms: int = 0


AnyRecord: TypeAlias = Sealed | EdgeSecond | ControlSecond | Happened


def encode(record: AnyRecord) -> bytes:
    """The one form of the record. ValueError where it has none or is too long."""
    raw = canonical(msgspec.to_builtins(record))
    if len(raw) > RECORD_MOST:
        raise ValueError(f"a record of {len(raw)} bytes; {RECORD_MOST} is the most")
    return raw


_decoder: msgspec.json.Decoder[AnyRecord] = msgspec.json.Decoder(AnyRecord)


def decode(raw: bytes) -> AnyRecord:
    """The record in `raw`. Raises msgspec.DecodeError on anything else."""
    return _decoder.decode(raw)
