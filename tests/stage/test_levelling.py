from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from rostra.stage.levelling import LEAST_GAIN_DB, MOST_GAIN_DB, Leveller
from rostra.stage.limiter import CEILING
from rostra.stage.mixer import Mixer
from tests.stage.speech import ebur128, spoken

needs_espeak = pytest.mark.skipif(
    shutil.which("espeak-ng") is None, reason="espeak-ng is not installed"
)


def levelled(pcm: NDArray[np.float32], leveller: Leveller | None = None) -> NDArray[np.float32]:
    leveller = leveller or Leveller()
    frames = pcm[: len(pcm) // 960 * 960].reshape(-1, 960)
    return np.concatenate([leveller.level(frame) for frame in frames])


@needs_espeak
@pytest.mark.parametrize("voice", ["en-us", "fr"])
@pytest.mark.parametrize("input_lufs", [-35, -30, -23, -16, -10])
def test_speech_of_any_level_becomes_a_programme_of_16_lufs(
    voice: str, input_lufs: float, tmp_path: Path
) -> None:
    speech = spoken(voice, tmp_path)
    speech = speech * np.float32(10 ** ((input_lufs - ebur128(speech)) / 20))
    mixer, seconds = Mixer(), 8
    frames = np.concatenate((speech, speech, speech))
    frames = frames[: len(frames) // 960 * 960].reshape(-1, 960)
    programme = np.concatenate([mixer.mix({"ada": frame}, []).programme for frame in frames])
    assert ebur128(programme[seconds * 48000 :]) == pytest.approx(-16, abs=1.5)
    assert np.abs(programme).max() <= CEILING + 1e-6


def test_noise_is_not_pumped_up() -> None:
    noise = np.random.default_rng(1).standard_normal(48000 * 20).astype(np.float32)
    for rms_db in (-60, -45, -35):
        leveller = Leveller()
        levelled(noise * np.float32(10 ** (rms_db / 20)), leveller)
        assert abs(leveller.gain_db) < 6.5


@needs_espeak
def test_in_a_pause_the_gain_stands_still(tmp_path: Path) -> None:
    speech = spoken("en-us", tmp_path) * np.float32(0.1)
    leveller = Leveller()
    levelled(speech, leveller)
    before = leveller.gain_db
    noise = np.random.default_rng(1).standard_normal(48000 * 20).astype(np.float32) * 0.001
    levelled(noise, leveller)
    assert leveller.gain_db == pytest.approx(before, abs=1.0)


@needs_espeak
def test_the_gain_is_bounded_and_has_no_steps(tmp_path: Path) -> None:
    speech = spoken("en-us", tmp_path)
    for scale in (0.001, 30.0):
        leveller, gains = Leveller(), []
        for frame in (speech[: len(speech) // 960 * 960] * np.float32(scale)).reshape(-1, 960):
            leveller.level(frame)
            gains.append(leveller.gain_db)
        assert min(gains) >= LEAST_GAIN_DB and max(gains) <= MOST_GAIN_DB
        assert np.abs(np.diff(gains)).max() <= 0.41


def test_the_gain_glides_inside_a_frame() -> None:
    leveller = Leveller()
    at = np.arange(960 * 100) / 48000
    tone = np.sin(2 * np.pi * 300 * at).astype(np.float32) * 0.5
    tone[: 960 * 20] *= 0.001
    out = levelled(tone, leveller)
    # A step of gain between two samples would show as a step larger than the sine's own.
    assert np.abs(np.diff(out[960 * 21 :])).max() < 0.05
