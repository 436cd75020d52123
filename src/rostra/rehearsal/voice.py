"""The voice of a rehearsal: sound that a codec and a level meter take for speech."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from rostra.ground.facts import SAMPLE_RATE

LEVEL_DBFS = -20.0
PEAK_MOST = 0.9
_RATE = 16_000
_FORMANTS = ((700, 1200), (400, 2000), (300, 2300), (500, 900), (350, 700), (550, 1500))  # Hz
_WIDTH = 120.0  # Hz


def speech(seconds: float, seed: int) -> NDArray[np.float32]:
    """Mono at 48 kHz, RMS −20 dBFS where it is not silent; begins and ends in a pause.

    Some 5 syllables a second, where the modulation of speech peaks (Ding et al. 2017), voiced with
    two formants after a burst of noise; phrases of some syllables with pauses between. The same
    seed, the same sound.
    """
    chance = np.random.default_rng(seed)
    size = int(seconds * _RATE)
    sound = np.zeros(size)
    at = int(0.2 * _RATE)
    last = size - int(0.6 * _RATE)
    base_hz = chance.uniform(105, 190)
    while at < last:
        syllables = int(chance.integers(4, 14))
        for place in range(syllables):
            if at >= last:
                break
            voiced = _syllable(chance, base_hz * (1.12 - 0.24 * place / syllables))
            end = min(last, at + len(voiced))
            sound[at:end] += voiced[: end - at]
            at = end + int(chance.uniform(0.0, 0.06) * _RATE)
        at += int(chance.uniform(0.25, 0.7) * _RATE)
    heard = np.abs(sound) > 1e-4
    rms = float(np.sqrt(np.mean(sound[heard] ** 2))) if heard.any() else 1.0
    sound *= 10 ** (LEVEL_DBFS / 20) / rms
    fine = np.arange(int(seconds * SAMPLE_RATE)) * (_RATE / SAMPLE_RATE)
    made = np.clip(np.interp(fine, np.arange(size), sound), -PEAK_MOST, PEAK_MOST)
    return np.asarray(made, np.float32)


def _syllable(chance: np.random.Generator, hertz: float) -> NDArray[np.float64]:
    burst = int(chance.uniform(0.02, 0.07) * _RATE)
    vowel = int(chance.uniform(0.11, 0.22) * _RATE)
    bend = np.linspace(1.03, 0.97, vowel) * chance.uniform(0.92, 1.1)
    phase = 2 * np.pi * np.cumsum(hertz * bend) / _RATE
    formants = _FORMANTS[int(chance.integers(len(_FORMANTS)))]
    numbers = np.arange(1, int(4_000 / hertz))
    gains = sum(1 / (1 + ((numbers * hertz - middle) / _WIDTH) ** 2) for middle in formants)
    tone = (gains + 0.1 / numbers) @ np.sin(numbers[:, None] * phase[None, :])
    tone *= np.sin(np.pi * np.linspace(0, 1, vowel)) ** 0.5 / np.sqrt(np.mean(tone**2))
    noise = np.diff(chance.standard_normal(burst + 1)) * np.linspace(0.2, 0.0, burst)
    return np.concatenate([noise, tone])
