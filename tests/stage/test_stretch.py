from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from rostra.stage.stretch import stretch


def vowel(samples: int, hertz: float = 140) -> NDArray[np.float32]:
    at = np.arange(samples) / 48000
    partials = [np.sin(2 * np.pi * hertz * k * at) / k for k in range(1, 10)]
    return np.asarray(0.2 * np.sum(partials, axis=0), np.float32)


def largest_step(pcm: NDArray[np.float32]) -> float:
    return float(np.abs(np.diff(pcm)).max())


@pytest.mark.parametrize("hertz", [90, 140, 220, 400])
def test_shortening_a_vowel_removes_whole_periods_without_a_click(hertz: float) -> None:
    sound = vowel(2880, hertz)
    frame = sound[960:1920]
    short = stretch(frame, -600)
    joined = np.concatenate((sound[:960], short, sound[1920:]))
    assert 120 <= len(frame) - len(short) <= 600
    assert largest_step(joined) < 1.5 * largest_step(sound)


@pytest.mark.parametrize("hertz", [90, 140, 220, 400])
def test_lengthening_a_vowel_repeats_whole_periods_without_a_click(hertz: float) -> None:
    sound = vowel(2880, hertz)
    frame = sound[960:1920]
    long = stretch(frame, 600)
    joined = np.concatenate((sound[:960], long, sound[1920:]))
    assert 120 <= len(long) - len(frame) <= 600
    assert largest_step(joined) < 1.5 * largest_step(sound)


def test_no_more_is_cut_than_asked() -> None:
    frame = vowel(960)
    assert 960 - len(stretch(frame, -200, insist=True)) <= 200
    assert stretch(frame, -100) is frame
    assert stretch(frame, 0) is frame


def test_loud_noise_is_cut_only_when_insisted() -> None:
    noise = np.random.default_rng(1).standard_normal(960).astype(np.float32) * 0.3
    assert stretch(noise, -600) is noise
    assert len(stretch(noise, -600, insist=True)) < 960


def test_silence_is_cut_at_once() -> None:
    assert len(stretch(np.zeros(960, np.float32), -600)) < 960
