"""What the bus keeps of each kind of fact for those who come later."""

from __future__ import annotations

import msgspec

from rostra.ground.facts import (
    AnyFact,
    AudienceCounted,
    CheckpointSigned,
    DoorMoved,
    DoorSet,
    EventChanged,
    HostAsked,
    MediaSealed,
    Phase,
    PlaylistRendered,
    PlaylistsOffered,
    ProcessesSeen,
    ProgrammeMixed,
    RecordingFinished,
    RehearsalSet,
    ReplayPromised,
    ReplaySealed,
    SeatsChanged,
    ShieldSet,
)

RING_S = 10.0  # of programme sound: a packager that restarts loses nothing shorter than this
ASKED_S = 30.0
PLAYLIST_S = 900.0
FOREVER_S = float("inf")


class Keep(msgspec.Struct, frozen=True):
    """`key`: a newer fact under the same key takes its place; `keep_s`: gone after that."""

    key: str
    keep_s: float


def gone(fact: AnyFact) -> str | None:
    """The event of which nothing is kept any more but this word: a rehearsal that is over."""
    if isinstance(fact, EventChanged) and fact.event.rehearsal:
        return fact.event.event_id if fact.event.phase is Phase.CANCELLED else None
    return None


def keeping(fact: AnyFact, serial: int) -> Keep | None:
    """How `fact`, the publisher's `serial`-th, is kept; None: only those listening now get it."""
    match fact:
        case EventChanged():
            return Keep(f"event/{fact.event.event_id}", FOREVER_S)
        case (
            SeatsChanged() | AudienceCounted() | PlaylistsOffered() | ReplaySealed()
            | DoorSet() | DoorMoved() | ReplayPromised() | CheckpointSigned()
        ):  # fmt: skip
            return Keep(f"{type(fact).__name__}/{fact.event_id}", FOREVER_S)
        case RehearsalSet():
            return Keep(f"rehearsal/{fact.run}", FOREVER_S)
        case ShieldSet():
            return Keep("shield", FOREVER_S)
        case RecordingFinished():
            return Keep(f"recording/{fact.event_id}", FOREVER_S)
        case ProcessesSeen():
            return Keep("processes", FOREVER_S)
        case MediaSealed():
            return Keep(f"media/{fact.event_id}/{fact.path}", fact.keep_s)
        case PlaylistRendered():
            return Keep(f"playlist/{fact.event_id}/{fact.path}", PLAYLIST_S)
        case ProgrammeMixed():
            return Keep(f"programme/{serial}", RING_S)
        case HostAsked():
            return Keep(f"asked/{serial}", ASKED_S)
        case _:
            return None
