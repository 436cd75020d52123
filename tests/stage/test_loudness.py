from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from rostra.stage.loudness import BlockMeter, gated, k_power, lufs
from tests.stage.speech import ebur128, spoken

needs_espeak = pytest.mark.skipif(
    shutil.which("espeak-ng") is None, reason="espeak-ng is not installed"
)


def integrated(pcm: NDArray[np.float32]) -> float | None:
    meter = BlockMeter()
    blocks = (meter.add(k_power(frame)) for frame in pcm[: len(pcm) // 960 * 960].reshape(-1, 960))
    return gated(np.array([block for block in blocks if block is not None]))


def test_a_full_scale_sine_of_997_hz_is_3_01_lufs_below_zero() -> None:
    # BS.1770-5, annex 1: 0 dBFS at 997 Hz in one channel indicates -3.01 LKFS.
    at = np.arange(48000 * 3) / 48000
    loudness = integrated(np.sin(2 * np.pi * 997 * at).astype(np.float32))
    assert loudness == pytest.approx(-3.01, abs=0.1)


def through_filters(pcm: NDArray[np.float64]) -> NDArray[np.float64]:
    """The two biquads of BS.1770-5, annex 1, sample by sample."""
    for b, a in (
        (
            (1.53512485958697, -2.69169618940638, 1.19839281085285),
            (-1.69065929318241, 0.73248077421585),
        ),
        ((1.0, -2.0, 1.0), (-1.99004745483398, 0.99007225036621)),
    ):
        out, x1, x2, y1, y2 = [], 0.0, 0.0, 0.0, 0.0
        for x in pcm.tolist():
            y = b[0] * x + b[1] * x1 + b[2] * x2 - a[0] * y1 - a[1] * y2
            x1, x2, y1, y2 = x, x1, y, y1
            out.append(y)
        pcm = np.array(out)
    return pcm


@pytest.mark.parametrize("hertz", [50, 100, 300, 1000, 3000, 10000])
def test_the_weighting_of_spectra_is_that_of_the_standards_filters(hertz: float) -> None:
    sine = np.sin(2 * np.pi * hertz * np.arange(960 * 30) / 48000)
    filtered = np.mean(through_filters(sine)[960 * 10 :] ** 2)
    power = np.mean([k_power(frame) for frame in sine[960 * 10 :].reshape(-1, 960)])
    assert 10 * np.log10(power / filtered) == pytest.approx(0, abs=0.6 if hertz < 100 else 0.2)


@needs_espeak
@pytest.mark.parametrize("voice", ["en-us", "fr", "de"])
def test_speech_is_as_loud_as_ffmpegs_ebur128_says(voice: str, tmp_path: Path) -> None:
    pcm = spoken(voice, tmp_path)
    assert integrated(pcm) == pytest.approx(ebur128(pcm), abs=0.3)


def test_silence_has_no_loudness() -> None:
    assert integrated(np.zeros(48000, np.float32)) is None
    assert lufs(0.0) < -100


def test_quiet_passages_are_gated_out() -> None:
    loud = np.random.default_rng(1).standard_normal(48000 * 4).astype(np.float32) * 0.1
    quiet = loud * 0.01
    alone = integrated(loud)
    mixed = integrated(np.concatenate((loud, quiet)))
    assert alone is not None and mixed is not None
    assert mixed == pytest.approx(alone, abs=0.3)
