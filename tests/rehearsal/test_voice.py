"""The voice is loud enough, has pauses, and is the same for the same seed."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from rostra.rehearsal.voice import LEVEL_DBFS, PEAK_MOST, speech

FRAME = 960


def levels(sound: NDArray[np.float32]) -> NDArray[np.float64]:
    """dBFS of each 20 ms."""
    frames = sound.astype(np.float64).reshape(-1, FRAME)
    return np.asarray(10 * np.log10(np.mean(frames**2, axis=1) + 1e-12))


def test_it_is_as_loud_as_speech_with_pauses_between() -> None:
    sound = speech(20.0, seed=1)
    assert sound.dtype == np.float32
    assert len(sound) == 20 * 48_000
    assert float(np.abs(sound).max()) <= PEAK_MOST
    spoken = sound[np.abs(sound) > 1e-4].astype(np.float64)
    assert abs(10 * np.log10(np.mean(spoken**2)) - LEVEL_DBFS) < 1.5
    silent = levels(sound) < -60
    assert 0.05 < float(np.mean(silent)) < 0.4
    # A round begins and ends in a pause, so that no seam is heard.
    assert silent[:8].all()
    assert silent[-20:].all()


def test_its_loudness_moves_as_that_of_speech_does() -> None:
    envelope = np.abs(speech(20.0, seed=2).astype(np.float64)).reshape(-1, 480).mean(axis=1)
    power = np.abs(np.fft.rfft(envelope - envelope.mean())) ** 2
    hertz = np.fft.rfftfreq(len(envelope), 0.01)
    of_speech = power[(hertz > 1) & (hertz < 9)].sum() / power.sum()
    assert of_speech > 0.5


def test_the_same_seed_speaks_the_same_words() -> None:
    assert np.array_equal(speech(2.0, seed=3), speech(2.0, seed=3))
    assert not np.array_equal(speech(2.0, seed=3), speech(2.0, seed=4))
