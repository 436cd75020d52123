from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from rostra.stage.limiter import CEILING, DELAY, Limiter


def limited(pcm: NDArray[np.float32]) -> NDArray[np.float32]:
    limiter = Limiter()
    return np.concatenate([limiter.limit(frame) for frame in pcm.reshape(-1, 960)])


def sine(frames: int, level: float, hertz: float = 220) -> NDArray[np.float32]:
    at = np.arange(frames * 960) / 48000
    return (level * np.sin(2 * np.pi * hertz * at)).astype(np.float32)


def test_quiet_sound_passes_unchanged_5_ms_later() -> None:
    sound = sine(10, 0.5)
    out = limited(sound)
    assert np.array_equal(out[DELAY:], sound[:-DELAY])
    assert not out[:DELAY].any()


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 10**6), st.floats(0, 3), st.floats(0, 0.2))
def test_no_sample_is_above_the_ceiling(seed: int, level_log: float, burst: float) -> None:
    chance = np.random.default_rng(seed)
    sound = chance.standard_normal(960 * 12) * 10 ** (level_log - 2)
    sound[chance.random(960 * 12) < burst] *= 20
    assert np.abs(limited(sound.astype(np.float32))).max() <= CEILING + 1e-7


@pytest.mark.parametrize("level", [1.0, 2.0, 8.0])
def test_loud_sound_is_turned_down_without_clipping_or_steps(level: float) -> None:
    sound = np.concatenate((sine(5, 0.2), sine(20, level), sine(20, 0.2)))
    out = limited(sound)
    assert np.abs(out).max() <= CEILING + 1e-7
    # The gain falls by a fifth a millisecond at most; so no step is larger than the sine's own
    # at the ceiling and the gain's change together.
    assert np.abs(np.diff(out)).max() < 2 * np.pi * 220 / 48000 * level + level / 240 + 0.01
    loud = out[12 * 960 : 20 * 960]
    distortion = np.abs(np.fft.rfft(loud * np.hanning(len(loud))))
    at = np.fft.rfftfreq(len(loud), 1 / 48000)
    near = np.abs(at - 220) < 30
    assert (distortion[~near] ** 2).sum() < 0.01 * (distortion[near] ** 2).sum()


def test_the_limiter_lets_go_again() -> None:
    sound = np.concatenate((sine(10, 4.0), sine(100, 0.5)))
    out = limited(sound)
    assert np.abs(out[-960:]).max() == pytest.approx(0.5, abs=0.01)


def test_frames_join_as_if_there_were_none() -> None:
    sound = sine(40, 1.6, 90)
    out = limited(sound)
    inside = np.abs(np.diff(out, 2))
    at_joins = inside[959::960]
    assert at_joins.max() <= inside.max() * 1.0001
    assert at_joins.max() < 0.01
