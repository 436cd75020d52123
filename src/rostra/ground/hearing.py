"""Who hears which facts from whom: by process, from each other process."""

from __future__ import annotations

from rostra.ground.facts import (
    AudienceCounted,
    CheckpointSigned,
    DoorMoved,
    DoorSet,
    EdgeTallied,
    EventChanged,
    HostAsked,
    MediaSealed,
    PackagerTallied,
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
    StageTallied,
)

CONTROL_HEARS: dict[str, list[type]] = {
    "stage": [SeatsChanged, HostAsked, StageTallied, RecordingFinished],
    "packager": [ReplaySealed, PackagerTallied],
    "edge": [EdgeTallied],
    "supervisor": [ProcessesSeen],
}
STAGE_HEARS: dict[str, list[type]] = {"control": [EventChanged, AudienceCounted, ShieldSet]}
PACKAGER_HEARS: dict[str, list[type]] = {"control": [EventChanged], "stage": [ProgrammeMixed]}
EDGE_HEARS: dict[str, list[type]] = {
    "control": [
        EventChanged,
        AudienceCounted,
        DoorSet,
        DoorMoved,
        ReplayPromised,
        CheckpointSigned,
        RehearsalSet,
        ShieldSet,
        PlaylistsOffered,  # these two of a replay that was made without the packager
        ReplaySealed,
    ],
    "stage": [SeatsChanged],
    "packager": [MediaSealed, PlaylistRendered, PlaylistsOffered, ReplaySealed],
}
