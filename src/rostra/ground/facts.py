"""Facts: what happened, in past participles, as typed values that travel over the bus.

Times: `*_ms` fields named `at_ms`, `start_ms`, … are wall time (UTC, Unix milliseconds).
Samples count at 48 kHz.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TypeAlias

import msgspec

from rostra.ground.door_values import Covered, DoorTally, LaneState, LinePiece
from rostra.ground.shield_values import Ban, ShieldTally

SAMPLE_RATE = 48_000
FRAME_SAMPLES = 960  # 20 ms, the stage's tick


class Phase(StrEnum):
    """Where an event stands in its life (agenda/life.py holds the table)."""

    SCHEDULED = "scheduled"
    DOORS_OPEN = "doors_open"
    LIVE = "live"
    ENDED = "ended"
    POSTED = "posted"
    CANCELLED = "cancelled"


class Role(StrEnum):
    """What an invitation lets its bearer do on the stage."""

    HOST = "host"
    CO_HOST = "co-host"
    SPEAKER = "speaker"


class Announcement(msgspec.Struct, frozen=True, kw_only=True):
    """A sentence from the host or operator to everyone."""

    number: int
    at_ms: int
    text: str


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """All that is public about an event."""

    event_id: str
    title: str
    description: str = ""
    language: str = "en"
    start_ms: int
    duration_min: int = 60
    phase: Phase = Phase.SCHEDULED
    first_start_ms: int | None = None  # the start that was announced first, if it was moved
    live_at_ms: int | None = None
    ended_at_ms: int | None = None
    replay_s: float | None = None  # length of the replay once it is posted
    announcements: tuple[Announcement, ...] = ()
    people: tuple[str, ...] = ()  # names announced beforehand
    created_ms: int = 0
    revision: int = 0  # counts the public changes; the calendar's SEQUENCE
    rehearsal: bool = False  # played to virtual listeners only; never listed, counted or posted


class Seat(msgspec.Struct, frozen=True, kw_only=True):
    """One person who may speak, as everyone may see them."""

    seat_id: str
    name: str
    role: Role
    connected: bool = True
    muted: bool = False
    speaking: bool = False
    level_dbfs: float = -100.0


class Fact(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """The root of all facts; the class name is the tag on the wire."""


# --- from control -----------------------------------------------------------------------------


class EventChanged(Fact, frozen=True, kw_only=True):
    """An event was created, or anything public about it changed. Kept: the newest of each event."""

    event: Event


class AudienceCounted(Fact, frozen=True, kw_only=True):
    """The audience over all edges; docs/reference/count.md defines each number. Kept.

    `low`/`high`: the 95 % error bar of `listening`; both equal it while the count is exact.
    """

    event_id: str
    connected: int
    at_ms: int
    listening: int = 0
    low: int = 0
    high: int = 0
    proven: int = 0
    fetched: int = 0
    inside: int = 0
    waiting: int = 0
    peak: int = 0
    total_net: int = 0
    total_gross: int = 0


class DoorSet(Fact, frozen=True, kw_only=True):
    """How an event's line is drawn. Kept: the newest of each event.

    `secret`, `seed` and `covered` are empty, `opened_at_s` None, until the doors open.
    `places_until_s`: Unix seconds until which tickets hold.
    """

    event_id: str
    commitment: str  # hex
    places_until_s: int
    secret: str = ""
    seed: str = ""
    covered: tuple[Covered, ...] = ()
    opened_at_s: int | None = None


class DoorMoved(Fact, frozen=True, kw_only=True):
    """Where the line stands, each second while the doors are open. Kept: the newest of each event.

    `leases[edge] = (run, most)`: passes that this run of the edge may have issued in all.
    `sequence` counts up; an edge repeats the newest it heard in its tally.
    """

    event_id: str
    at_ms: int
    sequence: int
    admitted_rank: int  # -1: nobody yet
    pace: float  # joins per second
    rung: int
    rung_since_ms: int
    reason: str  # why this rung; a stable code
    full: bool
    waiting: int
    line: tuple[LinePiece, ...] = ()
    leases: dict[str, tuple[str, int]] = {}
    lanes: tuple[LaneState, ...] = ()
    beat_s: int = 30  # how often a waiting page should show that it is still there


class ReplayPromised(Fact, frozen=True, kw_only=True):
    """The replay will be there by `due_ms`, whatever becomes of live. Kept."""

    event_id: str
    due_ms: int


class CheckpointSigned(Fact, frozen=True, kw_only=True):
    """The newest checkpoint of an event's ledger, as a signed note (C2SP). Kept."""

    event_id: str
    at_ms: int
    note: str


class RehearsalSet(Fact, frozen=True, kw_only=True):
    """A rehearsal may run against this house, or (with an empty `consent`) no longer. Kept.

    `consent`: the signed consent as edges answer it (rehearsal/consent.py), until `until_ms`.
    """

    run: str
    event_id: str
    until_ms: int
    consent: bytes = b""


class ShieldSet(Fact, frozen=True, kw_only=True):
    """What edges and the stage do against an attack. Kept: the newest.

    `pressure`: 0 peace, 1 watch, 2 attack, 3 siege. `difficulty`: of the challenge before a new
    ticket, 0 for none. `dry_run`: count and say, but refuse nobody. `off`: the shield does nothing
    at all (for comparisons). `failed`: the deciding code broke; no new tickets until it is back,
    and those inside go on. `allow`/`deny`: prefixes as the operator wrote them ("203.0.113.0/24").
    """

    at_ms: int
    pressure: int = 0
    difficulty: int = 0
    dry_run: bool = False
    off: bool = False
    failed: bool = False
    bans: tuple[Ban, ...] = ()
    allow: tuple[str, ...] = ()
    deny: tuple[str, ...] = ()


# --- from the stage ---------------------------------------------------------------------------


class SeatsChanged(Fact, frozen=True, kw_only=True):
    """Who sits on the stage, who is muted, who is speaking. Kept: the newest of each event."""

    event_id: str
    seats: tuple[Seat, ...]
    at_ms: int


class ProgrammeMixed(Fact, frozen=True, kw_only=True):
    """20 ms of programme sound. Sample 0 is the moment the event went live.

    `pcm`: 960 samples, signed 16-bit little endian, mono, 48 kHz.
    """

    event_id: str
    sample_index: int
    pcm: bytes


class HostAsked(Fact, frozen=True, kw_only=True):
    """A host pressed a button on the stage page; control decides."""

    event_id: str
    act: str  # "go_live" | "end"
    by: str
    at_ms: int


class StageTallied(Fact, frozen=True, kw_only=True):
    """The stage's health, each second."""

    at_ms: int
    seats: int
    ticks: int
    late_ticks: int  # mixer ticks that began more than one frame late
    cpu_fraction: float
    loop_lag_ms: float
    frames_concealed: int
    packets_lost: int
    strangers: int = 0  # connections that have shown no invitation
    refused: dict[str, int] = {}  # at its port since the last tally, by code (stage/strangers.py)


class RecordingFinished(Fact, frozen=True, kw_only=True):
    """Recorded files of an event were finished into playable ones."""

    event_id: str
    files: tuple[str, ...]
    at_ms: int


# --- from the packager ------------------------------------------------------------------------


class MediaSealed(Fact, frozen=True, kw_only=True):
    """An init segment, part or segment whose bytes will never change again.

    `path` is relative to the event's page (`media/aac/s4/17.m4s`). `keep_s` says how long an edge
    keeps it in memory; if `stored`, the same bytes stand on disk below the event's folder.
    """

    event_id: str
    path: str
    body: bytes
    content_type: str
    keep_s: float
    stored: bool
    nonce: str = ""  # the proof of listening that these bytes carry, if they begin a segment


class PlaylistRendered(Fact, frozen=True, kw_only=True):
    """The newest text of one playlist; everyone who waits gets these bytes.

    `msn`/`part`: the last part that the playlist names (RFC 8216bis 6.2.5.2); `part` is -1 where
    the playlist has no parts (its last whole segment is `msn`). `hints`: paths of parts that do not
    exist yet and on which a request may wait. `delta` answers `_HLS_skip=YES`, empty if none.
    """

    event_id: str
    path: str
    msn: int
    part: int
    body: bytes
    delta: bytes = b""
    blocking: bool = True
    target_s: float = 4.0
    part_target_s: float = 0.0
    ended: bool = False
    hints: tuple[str, ...] = ()


class PlaylistInfo(msgspec.Struct, frozen=True, kw_only=True):
    """What state.json tells a client of one playlist."""

    rung: int
    rendition: str
    codec: str
    bandwidth: int
    path: str


class PlaylistsOffered(Fact, frozen=True, kw_only=True):
    """The playlists that exist for an event now. Kept: the newest of each event."""

    event_id: str
    live: tuple[PlaylistInfo, ...] = ()
    rewind: tuple[PlaylistInfo, ...] = ()
    replay: tuple[PlaylistInfo, ...] = ()


class ReplaySealed(Fact, frozen=True, kw_only=True):
    """The replay's playlists and segments stand on disk and can be played."""

    event_id: str
    duration_s: float
    at_ms: int


class PackagerTallied(Fact, frozen=True, kw_only=True):
    """The packager's health, each second."""

    at_ms: int
    events: int
    media_samples: int
    silence_samples: int  # filled in because the stage sent nothing in time
    behind_ms: float
    cpu_fraction: float


# --- from an edge -----------------------------------------------------------------------------


class EdgeTallied(Fact, frozen=True, kw_only=True):
    """What one edge did in one second."""

    edge: str
    at_ms: int
    connections: int
    held: int
    requests: dict[str, int]  # by class: page, state, playlist, media, asset, door, refused
    refusals: dict[str, int]  # by refusal code
    body_bytes: int
    busy_fraction: float  # CPU time of this process, of one core
    loop_lag_ms: float
    listeners: dict[str, bytes]  # event id → sorted distinct 8-byte keyed hashes of player sessions
    doors: dict[str, DoorTally] = {}  # by event
    loop_lag_p99_ms: float = 0.0
    shield: ShieldTally | None = None
    records: dict[str, bytes] = {}  # by event: this second for its ledger (evidence/record.py)


# --- from the supervisor ----------------------------------------------------------------------


class ProcessState(msgspec.Struct, frozen=True, kw_only=True):
    """One process of this machine as the supervisor sees it."""

    name: str
    up: bool
    restarts: int
    since_ms: int


class ProcessesSeen(Fact, frozen=True, kw_only=True):
    """Which processes run, each second and on each change. Kept."""

    processes: tuple[ProcessState, ...]
    at_ms: int


AnyFact: TypeAlias = (
    EventChanged
    | AudienceCounted
    | DoorSet
    | DoorMoved
    | ReplayPromised
    | CheckpointSigned
    | RehearsalSet
    | ShieldSet
    | SeatsChanged
    | ProgrammeMixed
    | HostAsked
    | StageTallied
    | RecordingFinished
    | MediaSealed
    | PlaylistRendered
    | PlaylistsOffered
    | ReplaySealed
    | PackagerTallied
    | EdgeTallied
    | ProcessesSeen
)

_encoder = msgspec.msgpack.Encoder()
_decoder: msgspec.msgpack.Decoder[AnyFact] = msgspec.msgpack.Decoder(AnyFact)


def encode(fact: AnyFact) -> bytes:
    """The fact as msgpack."""
    return _encoder.encode(fact)


def decode(raw: bytes | memoryview) -> AnyFact:
    """The fact in `raw`. Raises `msgspec.DecodeError` on anything else."""
    return _decoder.decode(raw)
