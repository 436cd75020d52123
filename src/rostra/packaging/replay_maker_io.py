"""Makes an event's replay from its recording alone, where the packager could not."""

from __future__ import annotations

import fcntl
import logging
import os
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import av
import numpy as np

from rostra.ground.facts import SAMPLE_RATE, AnyFact, Event, ReplaySealed
from rostra.packaging.broadcast import Settings
from rostra.packaging.event_io import EventPackager
from rostra.packaging.shelf_io import REPLAY, Shelf
from rostra.stage.recorder import PROGRAMME, SAMPLE_BYTES, offset_of, wav_name

log = logging.getLogger(__name__)
_MAKING = "making"  # below the event's folder, where no listener can ask
_MEDIA = "replay/media"


class NothingRecorded(Exception):
    """There is no recording, or nothing in it."""


def programme(recording: Path) -> Iterator[bytes]:
    """The programme, a second of 16-bit mono 48 kHz at a time; raises NothingRecorded.

    The growing WAV counts as far as it was written, whatever its header says: a crash leaves that
    behind. The recorder removes it only once the FLAC is whole.
    """
    try:
        file = (recording / wav_name(PROGRAMME)).open("rb")
    except FileNotFoundError:
        yield from _decoded(recording / f"{PROGRAMME}.flac")
        return
    with file:
        file.seek(offset_of(0))
        while second := file.read(SAMPLE_RATE * SAMPLE_BYTES):
            yield second[: len(second) // SAMPLE_BYTES * SAMPLE_BYTES]


def _decoded(flac: Path) -> Iterator[bytes]:
    if not flac.exists():
        raise NothingRecorded(f"there is no programme in {flac.parent}")
    held = bytearray()
    with av.open(str(flac)) as container:
        for frame in container.decode(audio=0):
            held += np.ascontiguousarray(frame.to_ndarray()).astype("<i2").tobytes()
            while len(held) >= SAMPLE_RATE * SAMPLE_BYTES:
                yield bytes(held[: SAMPLE_RATE * SAMPLE_BYTES])
                del held[: SAMPLE_RATE * SAMPLE_BYTES]
    if held:
        yield bytes(held)


def make_replay(event: Event, data_dir: Path) -> float:
    """Package the whole recording, unless a replay is there; its length in seconds.

    The same encoders, cuts and playlists as on air; the media stands below `replay/media`, apart
    from the packager's: its paths may be known to caches, and the packager may come back. Safe to
    repeat after a kill. Raises NothingRecorded, OSError.
    """
    folder = data_dir / "events" / event.event_id
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "making.lock").open("ab") as lock:
        # The maker of a control that was killed may still be at it.
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not Shelf(folder).replays():
            _make(event, folder)
    return Shelf(folder).replay_s()


def _make(event: Event, folder: Path) -> None:
    making = folder / _MAKING
    shutil.rmtree(making, ignore_errors=True)
    _package(event, Shelf(making), folder / "recording")
    for unused in making.glob("media/*/s6"):
        shutil.rmtree(unused)
    media = folder / _MEDIA
    shutil.rmtree(media, ignore_errors=True)
    media.parent.mkdir(parents=True, exist_ok=True)
    (making / "media").rename(media)
    shelf = Shelf(folder)
    made = sorted((making / "replay").iterdir(), key=lambda file: file.name == Path(REPLAY).name)
    for file in made:  # the index last: its presence says that the others are there
        shelf.write(f"replay/{file.name}", file.read_bytes().replace(b"../media/", b"media/"))
    shutil.rmtree(making)


def _package(event: Event, shelf: Shelf, recording: Path) -> None:
    live_at_ms = event.live_at_ms if event.live_at_ms is not None else event.start_ms
    sealed: list[ReplaySealed] = []

    def publish(fact: AnyFact) -> None:
        if isinstance(fact, ReplaySealed):
            sealed.append(fact)

    packager = EventPackager(event, shelf, publish, 0.0, lambda: live_at_ms, Settings())
    samples, most = 0, None
    if event.ended_at_ms is not None:
        most = max(event.ended_at_ms - live_at_ms, 0) * SAMPLE_RATE // 1000
    for second in programme(recording):
        if most is not None:
            second = second[: (most - samples) * SAMPLE_BYTES]
        if not second:
            break
        end = samples + len(second) // SAMPLE_BYTES
        packager.offer(samples, second, end / SAMPLE_RATE)
        samples = end
    if not samples:
        raise NothingRecorded(f"the recording of {event.event_id} is empty")
    packager.end(live_at_ms + samples * 1000 // SAMPLE_RATE, samples / SAMPLE_RATE)
    later_s = samples / SAMPLE_RATE + 1.0
    while not packager.done:
        packager.advance(later_s)
    if not sealed:
        raise OSError(f"the replay of {event.event_id} could not be written")


def make_gently(event: Event, data_dir: Path) -> float:
    """`make_replay`, at a low priority, with a line in the log."""
    os.nice(10)
    began = time.monotonic()
    length_s = make_replay(event, data_dir)
    log.info(
        "%s: a replay of %.0f s was made from the recording in %.1f s",
        event.event_id, length_s, time.monotonic() - began,
    )  # fmt: skip
    return length_s
