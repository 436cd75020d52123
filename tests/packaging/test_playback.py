"""Independent players hear what was said: ffmpeg decodes every playlist and every cut."""

from __future__ import annotations

import json
import subprocess
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.packaging.conversation import Night, Pcm, write_down

from rostra.ground.facts import MediaSealed, Phase, PlaylistRendered
from rostra.packaging.playlists import init_path
from rostra.packaging.renditions import RENDITIONS, RUNGS

pytestmark = pytest.mark.live
LENGTH_S = 20.0
WORDS = (
    "Good evening and welcome. We begin on the announced second, and we stay with you while the "
    "crowd comes in. Ask what you like, listen as long as you please, and check every figure."
)
REPLAYS = [f"replay/{rendition.name}.m3u8" for rendition in RENDITIONS]
PLAYLISTS = [
    *(f"live/{rung.number}/{name}.m3u8" for rung in RUNGS for name in rung.renditions),
    *(f"rewind/{rendition.name}.m3u8" for rendition in RENDITIONS),
    *REPLAYS,
]


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Pcm:
    """Speech over a steady tone, 48 kHz: the tone shows gaps, the speech shows time."""
    wav = tmp_path_factory.mktemp("speech") / "speech.wav"
    subprocess.run(["espeak-ng", "-w", str(wav), WORDS], check=True)
    command = ["ffmpeg", "-v", "error", "-i", str(wav), "-f", "s16le", "-ac", "1", "-ar", "48000"]
    speech = np.frombuffer(
        subprocess.run([*command, "-"], check=True, capture_output=True).stdout, np.int16
    )
    samples = np.resize(speech, int(LENGTH_S * 48_000)).astype(np.float64) * 0.5
    samples += 2500 * np.sin(2 * np.pi * 440 * np.arange(len(samples)) / 48_000)
    return np.clip(samples, -32768, 32767).astype(np.int16)


def play(data_dir: Path, sound: Pcm, kill_s: float | None) -> Night:
    night = Night(data_dir, sound)
    night.say(Phase.LIVE)
    if kill_s is not None:
        night.run(kill_s)
        # Away for 1.5 s; the bus plays back the last ten seconds.
        night.seconds = round(kill_s + 1.5, 6)
        night.back(0, round(night.seconds / 0.02))
    night.run(LENGTH_S)
    night.finish()
    write_down(
        night.folder,
        [(f.path, f.body) for f in night.facts if isinstance(f, MediaSealed | PlaylistRendered)],
    )
    return night


@pytest.fixture(scope="module", params=[None, 7.3], ids=["undisturbed", "killed"])
def night(request: Any, tmp_path_factory: pytest.TempPathFactory, sound: Pcm) -> Night:
    return play(tmp_path_factory.mktemp("night"), sound, request.param)


def decode(source: Path) -> Pcm:
    command = ["ffmpeg", "-v", "error", "-i", str(source), "-f", "s16le", "-ac", "1"]
    done = subprocess.run(
        [*command, "-ar", "48000", "-"], check=True, capture_output=True, timeout=60
    )
    return np.frombuffer(done.stdout, np.int16)


def compare(spoken: Pcm, heard: Pcm) -> tuple[float, int, float]:
    """(normalised correlation at the best lag, lag in samples, level difference in dB)."""
    length = min(len(spoken), len(heard))
    one, other = spoken[:length].astype(float), heard[:length].astype(float)
    size = 1 << (2 * length).bit_length()
    product = np.fft.rfft(other, size) * np.conj(np.fft.rfft(one, size))
    correlation = np.fft.irfft(product, size)
    lag = int(np.argmax(correlation))
    best = float(correlation[lag] / np.sqrt((one**2).sum() * (other**2).sum()))
    level = 10 * np.log10((other**2).sum() / (one**2).sum())
    return best, lag if lag < size // 2 else lag - size, float(level)


def longest_gap_s(heard: Pcm) -> float:
    """The longest time without the tone, in steps of 5 ms, the fade-in at the start left out."""
    blocks = heard[1200 : len(heard) - len(heard) % 240].astype(float).reshape(-1, 240)
    quiet = np.sqrt((blocks**2).mean(axis=1)) < 2500 / np.sqrt(2) / 2
    longest = run = 0
    for block in quiet:
        run = run + 1 if block else 0
        longest = max(longest, run)
    return longest * 0.005


def same_sound(spoken: Pcm, heard: Pcm) -> None:
    correlation, lag, level = compare(spoken, heard)
    assert abs(len(heard) / 48_000 - LENGTH_S) <= 0.1
    assert correlation >= 0.9 and abs(level) <= 1.0
    assert abs(lag) <= 480
    assert longest_gap_s(heard) <= 0.022


@pytest.mark.parametrize("path", PLAYLISTS)
def test_ffmpeg_hears_all_that_was_said(night: Night, sound: Pcm, path: str) -> None:
    same_sound(sound, decode(night.folder / path))


@pytest.mark.parametrize("cut", ["p0", "p1"])
@pytest.mark.parametrize("rendition", [r.name for r in RENDITIONS])
def test_the_parts_alone_sound_the_same(
    night: Night, sound: Pcm, rendition: str, cut: str, tmp_path: Path
) -> None:
    parts = {
        tuple(map(int, path.rsplit("/", 1)[1].split(".")[:2])): body
        for path, body in night.media().items()
        if path.startswith(f"media/{rendition}/{cut}/")
    }
    body = b"".join(parts[key] for key in sorted(parts))
    whole = tmp_path / "parts.mp4"
    whole.write_bytes(night.media()[init_path(rendition, 0)] + body)
    same_sound(sound, decode(whole))


@pytest.mark.parametrize("path", REPLAYS)
def test_ffprobe_sees_one_audio_track_and_no_hole_between_packets(night: Night, path: str) -> None:
    command = ["ffprobe", "-v", "error", "-of", "json", "-show_streams", "-show_packets"]
    done = subprocess.run(
        [*command, str(night.folder / path)], check=True, capture_output=True, timeout=60
    )
    probed = json.loads(done.stdout)
    assert [s["codec_type"] for s in probed["streams"]] == ["audio"]
    expected = "opus" if "opus" in path else "aac"
    assert probed["streams"][0]["codec_name"] == expected
    frame_s = 0.02 if expected == "opus" else 1024 / int(probed["streams"][0]["sample_rate"])
    times = [float(packet["pts_time"]) for packet in probed["packets"]]
    for start, following in pairwise(times):
        assert abs(start + frame_s - following) < 0.001


def test_gaps_and_other_sounds_would_be_noticed(sound: Pcm) -> None:
    holed = sound.copy()
    holed[48_000:50_000] = 0
    assert longest_gap_s(holed) > 0.03 > longest_gap_s(sound)
    assert compare(sound, sound[::-1].copy())[0] < 0.9
