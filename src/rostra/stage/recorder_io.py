"""Writes the recording while the event is live, and finishes it after, even after a crash.

One thread does all disk work; the mixer only puts into a bounded queue. What a kill -9 can lose:
the samples still in that queue, under normal load one tick (20 ms) and at most QUEUE_TICKS (2 s).
What has been written stands in the kernel's page cache and outlives the process; each second it is
pushed to the disk, so a power cut loses about a second more.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import queue
import shutil
import threading
import time
from collections.abc import Mapping
from concurrent.futures import Future
from pathlib import Path

import av
import msgspec
import numpy as np

from rostra.ground.facts import SAMPLE_RATE
from rostra.stage.recorder import (
    PROGRAMME,
    Finish,
    Manifest,
    RecordedFile,
    offset_of,
    samples_in,
    to_finish,
    wav_header,
    wav_name,
)

log = logging.getLogger(__name__)

QUEUE_TICKS = 100
SYNC_S = 1.0
_CHUNK = SAMPLE_RATE  # samples read at once when finishing


def recording_dir(data_dir: Path, event_id: str) -> Path:
    """Where an event's recording stands."""
    return data_dir / "events" / event_id / "recording"


class _Files:
    """The growing files of one event; the writer thread's own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._open: dict[str, int] = {}
        self._dirty: set[str] = set()
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)

    def write(self, track: str, sample: int, pcm: bytes) -> None:
        number = self._open.get(track)
        if number is None:
            path = self.folder / wav_name(track)
            number = self._open[track] = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
            if os.fstat(number).st_size == 0:
                os.pwrite(number, wav_header(0), 0)
        os.pwrite(number, pcm, offset_of(sample))
        self._dirty.add(track)

    def sync(self) -> None:
        for track in self._dirty:
            number = self._open[track]
            os.pwrite(number, wav_header(samples_in(os.fstat(number).st_size)), 0)
            os.fdatasync(number)
        self._dirty.clear()

    def close(self) -> None:
        self.sync()
        for number in self._open.values():
            os.close(number)
        self._open.clear()


_Work = tuple[str, int, Mapping[str, bytes]]


class Recorder:
    """All events' recordings. `write` never waits; what does not fit the queue is counted."""

    def __init__(self, data_dir: Path) -> None:
        self._data_dir = data_dir
        self._queue: queue.Queue[_Work | Future[None] | None] = queue.Queue(QUEUE_TICKS)
        self._names: dict[str, dict[str, str]] = {}
        self._named: dict[str, dict[str, str]] = {}  # as the writer thread last wrote them
        self._finishing: set[str] = set()
        self._closing: str | None = None
        self.dropped_ticks = 0
        self._thread = threading.Thread(target=self._work, name="recorder", daemon=True)
        self._thread.start()

    def write(self, event_id: str, sample: int, sounds: Mapping[str, bytes]) -> None:
        """One tick: 16-bit samples of the programme and the seats, to stand at `sample`."""
        try:
            self._queue.put_nowait((event_id, sample, sounds))
        except queue.Full:
            self.dropped_ticks += 1

    def name_seats(self, event_id: str, names: Mapping[str, str]) -> None:
        """What the stems will be called; kept beside them for whoever finishes after a crash."""
        self._names[event_id] = {**self._names.get(event_id, {}), **names}

    async def finish(self, event_id: str) -> list[str]:
        """Turn what was recorded into FLAC; the names of the files, or nothing if none was left.

        Safe to call at any time and again after a crash: a WAV is removed only when its FLAC has
        been read back and has all its samples. Raises OSError or av.FFmpegError; nothing is lost.
        """
        folder = recording_dir(self._data_dir, event_id)
        if event_id in self._finishing or not (
            event_id in self._names or (folder / wav_name(PROGRAMME)).exists()
        ):
            return []
        self._finishing.add(event_id)
        try:
            await self._until_written()
            return await asyncio.to_thread(finish_folder, folder, event_id)
        finally:
            self._finishing.discard(event_id)
            self._names.pop(event_id, None)

    async def discard(self, event_id: str) -> None:
        """Keep nothing of what was recorded of an event. Raises OSError."""
        await self._until_written()
        self._names.pop(event_id, None)
        folder = recording_dir(self._data_dir, event_id)
        await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)

    async def _until_written(self) -> None:
        written: Future[None] = Future()
        await asyncio.to_thread(self._queue.put, written)
        await asyncio.wrap_future(written)

    async def close(self) -> None:
        """Write what is queued and stop."""
        await asyncio.to_thread(self._queue.put, None)
        await asyncio.to_thread(self._thread.join)

    # --- the writer thread --------------------------------------------------------------------

    def _work(self) -> None:
        files: dict[str, _Files] = {}
        synced = time.monotonic()
        while True:
            try:
                work = self._queue.get(timeout=SYNC_S)
            except queue.Empty:
                work = ("", 0, {})
            if work is None or isinstance(work, Future):
                for opened in files.values():
                    self._try(opened.close)
                files.clear()
                if work is None:
                    return
                work.set_result(None)
                continue
            event_id, sample, sounds = work
            if sounds:
                self._try(self._write_tick, files, event_id, sample, sounds)
            if time.monotonic() - synced >= SYNC_S:
                synced = time.monotonic()
                for opened in files.values():
                    self._try(opened.sync)

    def _write_tick(
        self, files: dict[str, _Files], event_id: str, sample: int, sounds: Mapping[str, bytes]
    ) -> None:
        if event_id not in files:
            files[event_id] = _Files(recording_dir(self._data_dir, event_id))
        for track, pcm in sounds.items():
            files[event_id].write(track, sample, pcm)
        names = self._names.get(event_id)
        if names and names != self._named.get(event_id):
            self._named[event_id] = names
            _write_whole(files[event_id].folder / "names.json", msgspec.json.encode(names))

    def _try(self, act: object, *arguments: object) -> None:
        """A full or failing disk must not end the thread: the conversation goes on."""
        try:
            act(*arguments)  # type: ignore[operator]
        except OSError as error:
            self.dropped_ticks += 1
            if self._closing != str(error):
                self._closing = str(error)
                log.error("the recording cannot be written: %s", error)


def _write_whole(path: Path, body: bytes) -> None:
    part = path.with_suffix(".part")
    number = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(number, "wb") as file:
        file.write(body)
        file.flush()
        os.fdatasync(file.fileno())
    part.rename(path)


def finish_folder(folder: Path, event_id: str) -> list[str]:
    """Finish every WAV in `folder`; returns the files that stand there for good."""
    programme = folder / wav_name(PROGRAMME)
    if not programme.exists():
        return []
    samples = samples_in(programme.stat().st_size)
    names: dict[str, str] = {}
    with contextlib.suppress(OSError, msgspec.DecodeError):
        names = msgspec.json.decode((folder / "names.json").read_bytes(), type=dict[str, str])
    plan = to_finish([path.name for path in folder.glob("*.wav")], names)
    for step in plan:
        _to_flac(folder / step.source, folder / step.target, samples)
    files = tuple(_line(step, samples) for step in plan)
    manifest = Manifest(event_id=event_id, sample_rate=SAMPLE_RATE, samples=samples, files=files)
    _write_whole(
        folder / "manifest.json", msgspec.json.format(msgspec.json.encode(manifest), indent=2)
    )
    for step in plan:  # the programme last: while it stands, all of this can be done again
        (folder / step.source).unlink()
    return ["manifest.json", *(step.target for step in plan)]


def _line(step: Finish, samples: int) -> RecordedFile:
    return RecordedFile(
        file=step.target, kind=step.kind, name=step.name, seat_id=step.seat_id, samples=samples
    )


def _to_flac(source: Path, target: Path, samples: int) -> None:
    part = target.with_suffix(".part")
    part.touch(mode=0o600)
    with source.open("rb") as wav, av.open(str(part), "w", format="flac") as container:
        stream = container.add_stream("flac", rate=SAMPLE_RATE, layout="mono", format="s16")
        stream.codec_context.open()
        size = stream.codec_context.frame_size or 4608
        wav.seek(offset_of(0))
        done = 0
        while done < samples:
            count = min(size, samples - done)
            sound = np.frombuffer(wav.read(2 * count)[: 2 * count], "<i2")
            padded = np.zeros((1, count), np.int16)
            padded[0, : len(sound)] = sound
            frame = av.AudioFrame.from_ndarray(padded, format="s16", layout="mono")
            frame.sample_rate = SAMPLE_RATE
            frame.pts = done
            container.mux(stream.encode(frame))
            done += count
        container.mux(stream.encode(None))
    _verify(part, source, samples)
    with part.open("rb") as file:
        os.fdatasync(file.fileno())
    part.rename(target)


def _verify(flac: Path, wav: Path, samples: int) -> None:
    """Raises OSError unless the FLAC holds the WAV's samples and is `samples` long."""
    total = 0
    with av.open(str(flac)) as container, wav.open("rb") as file:
        file.seek(offset_of(0))
        for frame in container.decode(audio=0):
            decoded = np.frombuffer(bytes(frame.planes[0])[: 2 * frame.samples], "<i2")
            raw = file.read(2 * frame.samples)
            written = np.frombuffer(raw[: len(raw) // 2 * 2], "<i2")
            if not np.array_equal(decoded[: len(written)], written):
                raise OSError(f"{flac.name} does not hold what {wav.name} does; both are kept")
            total += frame.samples
    if total != samples:
        raise OSError(f"{flac.name} has {total} of {samples} samples; {wav.name} is kept")
