from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from rostra.stage.limiter import CEILING, DELAY
from rostra.stage.mixer import Mixer, to_pcm16


def tone(hertz: float, frames: int, level: float = 0.1) -> NDArray[np.float32]:
    at = np.arange(960 * frames) / 48000
    return (level * np.sin(2 * np.pi * hertz * at)).astype(np.float32).reshape(-1, 960)


def power_at(pcm: NDArray[np.float32], hertz: float) -> float:
    spectrum = np.abs(np.fft.rfft(pcm * np.hanning(len(pcm)))) ** 2
    at = np.fft.rfftfreq(len(pcm), 1 / 48000)
    return float(spectrum[abs(at - hertz) < 20].sum() / max(spectrum.sum(), 1e-12))


def test_each_listener_hears_all_but_themselves() -> None:
    voices = {"a": 300.0, "b": 700.0, "c": 1500.0}
    sounds = {seat: tone(hertz, 50) for seat, hertz in voices.items()}
    mixer = Mixer()
    heard: dict[str, list[NDArray[np.float32]]] = {seat: [] for seat in (*voices, "silent")}
    for at in range(50):
        mix = mixer.mix({seat: sound[at] for seat, sound in sounds.items()}, heard)
        for seat in heard:
            heard[seat].append(mix.without[seat])
    for seat, frames in heard.items():
        sound = np.concatenate(frames)
        for other, hertz in voices.items():
            share = power_at(sound, hertz)
            assert share < 1e-6 if other == seat else share > 0.25


def test_the_programme_is_all_of_them_and_silence_without_any() -> None:
    mixer = Mixer()
    a, b = tone(300, 10), tone(700, 10)
    mixes = [mixer.mix({"a": a[i], "b": b[i]}, []).programme for i in range(10)]
    expected = (a + b).reshape(-1)
    assert np.allclose(np.concatenate(mixes)[DELAY:], expected[:-DELAY], atol=1e-5)
    assert not Mixer().mix({}, ["x"]).programme.any()


def test_many_loud_voices_stay_below_the_ceiling() -> None:
    mixer = Mixer()
    sounds = {str(k): tone(200 + 31 * k, 30, 0.9) for k in range(10)}
    for at in range(30):
        mix = mixer.mix({seat: sound[at] for seat, sound in sounds.items()}, ["0"])
        assert max(np.abs(mix.programme).max(), np.abs(mix.without["0"]).max()) <= CEILING + 1e-6


def test_a_seat_that_was_forgotten_begins_at_unity() -> None:
    mixer = Mixer()
    mixer.mix({"a": tone(300, 1)[0]}, ["a"])
    mixer.forget("a")
    assert mixer.gain_db("a") == 0.0


@pytest.mark.parametrize(("value", "sample"), [(1.0, 32767), (2.0, 32767), (-2.0, -32768), (0, 0)])
def test_samples_are_rounded_and_clipped_to_16_bits(value: float, sample: int) -> None:
    assert to_pcm16(np.full(960, value, np.float32))[0] == sample
