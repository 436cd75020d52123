"""A replay from the recording alone."""

from __future__ import annotations

import subprocess
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from rostra.ground.facts import SAMPLE_RATE, AnyFact, Event, Phase, ReplaySealed
from rostra.packaging.broadcast import Settings
from rostra.packaging.event_io import EventPackager
from rostra.packaging.replay_maker_io import NothingRecorded, make_replay, programme
from rostra.packaging.shelf_io import Shelf
from rostra.stage.recorder import wav_header

LIVE_MS = 1_796_155_200_000


def event(seconds: float | None) -> Event:
    ended = None if seconds is None else LIVE_MS + round(seconds * 1000)
    return Event(
        event_id="a", title="x", start_ms=LIVE_MS, phase=Phase.ENDED, live_at_ms=LIVE_MS,
        ended_at_ms=ended,
    )  # fmt: skip


def recorded(data: Path, seconds: float, tail: bytes = b"") -> Path:
    """A WAV whose header says nothing yet, as a crash leaves it."""
    folder = data / "events" / "a" / "recording"
    folder.mkdir(parents=True)
    t = np.arange(round(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    tone: NDArray[np.int16] = (8000 * np.sin(2 * np.pi * 440 * t)).astype("<i2")
    (folder / "programme.wav").write_bytes(wav_header(0) + tone.tobytes() + tail)
    return folder


def played(playlist: Path) -> NDArray[np.float32]:
    command = ["ffmpeg", "-v", "error", "-i", str(playlist), "-ac", "1", "-ar", "16000"]
    raw = subprocess.run([*command, "-f", "f32le", "-"], check=True, capture_output=True).stdout
    return np.frombuffer(raw, np.float32)


def test_what_a_crash_left_becomes_a_replay_of_the_same_length(tmp_path: Path) -> None:
    recorded(tmp_path, 9.5, tail=b"\x01")
    assert make_replay(event(None), tmp_path) == pytest.approx(9.5, abs=0.05)
    folder = tmp_path / "events" / "a"
    for name in Shelf(folder).replays():
        sound = played(folder / f"replay/{name}.m3u8")
        assert len(sound) / 16_000 == pytest.approx(9.5, abs=0.1)
        inside = sound[1600 : 1600 + 160 * 900]
        loud = np.abs(inside).reshape(-1, 160).max(axis=1)
        assert loud.min() > 0.1, "the tone has no gap"
    assert set(Shelf(folder).replays()) == {"aac", "opus", "eco"}
    assert not (folder / "making").exists()


def test_what_the_packager_wrote_is_left_alone(tmp_path: Path) -> None:
    recorded(tmp_path, 5)
    shelf = Shelf(tmp_path / "events" / "a")
    shelf.write("media/aac/s4/0.m4s", b"known to caches")
    shelf.write("index.jsonl", b"")
    make_replay(event(None), tmp_path)
    assert shelf.read("media/aac/s4/0.m4s") == b"known to caches"
    assert shelf.read("index.jsonl") == b""


def test_what_was_said_after_the_end_is_not_in_it_and_a_second_run_is_harmless(
    tmp_path: Path,
) -> None:
    recorded(tmp_path, 8)
    (tmp_path / "events" / "a" / "making" / "media").mkdir(parents=True)
    for _ in range(2):
        assert make_replay(event(5.0), tmp_path) == pytest.approx(5.0, abs=0.05)


def test_a_finished_recording_is_read_too(tmp_path: Path) -> None:
    folder = recorded(tmp_path, 3.25)
    wav = b"".join(programme(folder))
    source, target = folder / "programme.wav", folder / "programme.flac"
    source.write_bytes(wav_header(len(wav) // 2) + wav)
    subprocess.run(["ffmpeg", "-v", "error", "-i", str(source), str(target)], check=True)
    source.unlink()
    assert b"".join(programme(folder)) == wav


def test_a_packager_that_comes_back_leaves_the_replay_as_it_is(tmp_path: Path) -> None:
    recorded(tmp_path, 5)
    make_replay(event(None), tmp_path)
    shelf = Shelf(tmp_path / "events" / "a")
    before = {name: shelf.read(f"replay/{name}.m3u8") for name in shelf.replays()}
    told: list[AnyFact] = []
    late = EventPackager(event(None), shelf, told.append, 0.0, lambda: LIVE_MS, Settings())
    late.offer(0, bytes(2 * 960), 0.0)
    late.end(LIVE_MS + 20, 0.1)
    late.advance(2.0)
    assert late.done
    assert {name: shelf.read(f"replay/{name}.m3u8") for name in shelf.replays()} == before
    assert [fact.duration_s for fact in told if isinstance(fact, ReplaySealed)] == [
        pytest.approx(5.0, abs=0.05)
    ]


def test_without_a_recording_it_says_so(tmp_path: Path) -> None:
    with pytest.raises(NothingRecorded):
        make_replay(event(5.0), tmp_path)
    recorded(tmp_path, 0)
    with pytest.raises(NothingRecorded):
        make_replay(event(5.0), tmp_path)
