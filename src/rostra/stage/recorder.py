"""Recorded files: names, the WAV header, and what is to be finished (pure; recorder_io writes).

While an event is live its programme and one stem for each seat grow as WAV, every sample at the
place its time gives it. All files share one time line: sample 0 is the moment the event went live;
what was never written reads as silence. Afterwards they become FLAC of one length.
"""

from __future__ import annotations

import re
import struct
import unicodedata
from collections.abc import Mapping, Sequence

import msgspec

from rostra.ground.facts import SAMPLE_RATE

PROGRAMME = "programme"
HEADER_BYTES = 44
SAMPLE_BYTES = 2
_MOST = 0xFFFFFFFF


class RecordedFile(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the manifest."""

    file: str
    kind: str  # "programme" | "stem"
    name: str  # the speaker's, or "Programme"
    seat_id: str | None
    samples: int


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """`manifest.json`: what was recorded. All files begin at the same moment."""

    event_id: str
    sample_rate: int
    samples: int
    files: tuple[RecordedFile, ...]


class Finish(msgspec.Struct, frozen=True, kw_only=True):
    """One WAV to turn into one FLAC."""

    source: str
    target: str
    kind: str
    name: str
    seat_id: str | None


def wav_header(samples: int) -> bytes:
    """44 bytes before `samples` of 16-bit mono at 48 kHz (RIFF WAVE, PCM).

    Sizes that do not fit 32 bits (after 12 hours) are given as the largest, as streams do.
    """
    size = samples * SAMPLE_BYTES
    return struct.pack(
        "<4sI4s4sIHHIIHH4sI",
        b"RIFF",
        min(size + HEADER_BYTES - 8, _MOST),
        b"WAVE",
        b"fmt ",
        16,
        1,
        1,
        SAMPLE_RATE,
        SAMPLE_RATE * SAMPLE_BYTES,
        SAMPLE_BYTES,
        8 * SAMPLE_BYTES,
        b"data",
        min(size, _MOST),
    )


def samples_in(file_bytes: int) -> int:
    """Whole samples in a WAV of that size, whatever its header says: a crash leaves it behind."""
    return max(0, file_bytes - HEADER_BYTES) // SAMPLE_BYTES


def offset_of(sample: int) -> int:
    """Where a sample stands in the file."""
    return HEADER_BYTES + SAMPLE_BYTES * sample


def wav_name(track: str) -> str:
    """The growing file of the programme or of a seat."""
    return "programme.wav" if track == PROGRAMME else f"stem-{track}.wav"


def safe_name(name: str) -> str:
    """A speaker's name as part of a file name: letters, digits and hyphens, never empty."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "-", plain.lower()).strip("-")[:40] or "speaker"


def to_finish(wav_files: Sequence[str], names: Mapping[str, str]) -> list[Finish]:
    """Every WAV with the FLAC it becomes; the programme last, its length rules the others.

    `names`: seat id → the speaker's name. Two speakers of one name are told apart by seat id.
    """
    plan: list[Finish] = []
    taken = {"programme.flac"}
    for source in sorted(wav_files):
        if not source.startswith("stem-"):
            continue
        seat_id = source.removeprefix("stem-").removesuffix(".wav")
        name = names.get(seat_id, "")
        target = f"stem-{safe_name(name)}.flac"
        if target in taken:
            target = f"stem-{safe_name(name)}-{safe_name(seat_id)}.flac"
        taken.add(target)
        plan.append(Finish(source=source, target=target, kind="stem", name=name, seat_id=seat_id))
    if "programme.wav" in wav_files:
        plan.append(
            Finish(
                source="programme.wav",
                target="programme.flac",
                kind=PROGRAMME,
                name="Programme",
                seat_id=None,
            )
        )
    return plan
