"""Loudness by ITU-R BS.1770-5 (K weighting, gates), one frame of 20 ms at a time.

The K weighting is applied to each frame's power spectrum instead of in the time domain: the mean
square of a block of 400 ms is then the mean over its 20 frames. A test holds the result beside
FFmpeg's ebur128.
"""

from __future__ import annotations

import math
from collections import deque

import numpy as np
from numpy.typing import NDArray

from rostra.ground.facts import FRAME_SAMPLES, SAMPLE_RATE

Pcm = NDArray[np.float32]

BLOCK_FRAMES = 20  # 400 ms
STEP_FRAMES = 5  # blocks overlap by 75 %
ABSOLUTE_GATE = -70.0
RELATIVE_GATE = 10.0
_SILENCE = 1e-12

# BS.1770-5, annex 1, tables 1 and 2: the shelf of the head, and the high pass (48 kHz).
_SHELF = (
    (1.53512485958697, -2.69169618940638, 1.19839281085285),
    (1.0, -1.69065929318241, 0.73248077421585),
)
_HIGH_PASS = ((1.0, -2.0, 1.0), (1.0, -1.99004745483398, 0.99007225036621))


def _weights() -> NDArray[np.float64]:
    # A bin of the spectrum stands for a band 50 Hz wide, so its weight is the mean over the band.
    fine = 32
    bins = FRAME_SAMPLES // 2 + 1
    offsets = (np.arange(fine) + 0.5) / fine - 0.5
    hertz = np.abs(np.arange(bins)[:, None] + offsets[None, :]) * SAMPLE_RATE / FRAME_SAMPLES
    z = np.exp(-2j * np.pi * hertz / SAMPLE_RATE)
    power = np.ones(hertz.shape)
    for above, below in (_SHELF, _HIGH_PASS):
        top = above[0] + above[1] * z + above[2] * z * z
        bottom = below[0] + below[1] * z + below[2] * z * z
        power = power * np.abs(top / bottom) ** 2
    weights = power.mean(axis=1)
    weights[1:-1] *= 2  # the negative frequencies
    return np.asarray(weights / FRAME_SAMPLES**2)


_K = _weights()


def k_power(frame: Pcm) -> float:
    """Mean square of the K-weighted frame (960 samples, full scale 1.0)."""
    spectrum = np.fft.rfft(frame)
    return float(_K @ (spectrum.real**2 + spectrum.imag**2))


def lufs(power: float) -> float:
    """Loudness of a K-weighted mean square (BS.1770-5, equation 2; one channel)."""
    return -0.691 + 10 * math.log10(max(power, _SILENCE))


def gated(powers: NDArray[np.float64]) -> float | None:
    """Integrated loudness of 400 ms blocks (BS.1770-5, equations 5 to 7); None if all is gated."""
    loud = powers[powers > 10 ** ((ABSOLUTE_GATE + 0.691) / 10)]
    if loud.size == 0:
        return None
    loud = loud[loud > loud.mean() * 10 ** (-RELATIVE_GATE / 10)]
    return lufs(float(loud.mean()))


class BlockMeter:
    """Gathers frames into overlapping blocks of 400 ms."""

    def __init__(self) -> None:
        self._frames: deque[float] = deque(maxlen=BLOCK_FRAMES)
        self._since = 0

    def add(self, power: float) -> float | None:
        """Take a frame's K-weighted power; each 100 ms, the mean over the last 400 ms."""
        self._frames.append(power)
        self._since += 1
        if len(self._frames) < BLOCK_FRAMES or self._since < STEP_FRAMES:
            return None
        self._since = 0
        return sum(self._frames) / BLOCK_FRAMES
