"""To listen with numbers: make speech, find it again in what was heard, measure level and gaps."""

from __future__ import annotations

import subprocess
import wave
from pathlib import Path
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Sound: TypeAlias = NDArray[np.float32]
RATE = 16_000  # speech is recognised well enough at this rate
_HOP = 160  # 10 ms
_WINDOW = 512
_BANDS = 40


def speak(text: str, voice: str, path: Path, pause_s: float = 0.0) -> Path:
    """`text` as speech in a 48 kHz mono WAV file, with silence after it."""
    spoken = path.with_suffix(".espeak.wav")
    subprocess.run(["espeak-ng", "-v", voice, "-w", str(spoken), text], check=True)
    command = ["ffmpeg", "-v", "error", "-y", "-i", str(spoken)]
    command += ["-af", f"apad=pad_dur={pause_s}", "-ac", "1", "-ar", "48000", str(path)]
    subprocess.run(command, check=True)
    return path


def load(path: Path | str) -> Sound:
    """Any file or playlist that ffmpeg reads, as mono samples at RATE."""
    command = ["ffmpeg", "-v", "error", "-i", str(path), "-ac", "1", "-ar", str(RATE)]
    raw = subprocess.run([*command, "-f", "f32le", "-"], check=True, capture_output=True).stdout
    return np.frombuffer(raw, np.float32)


def save(path: Path, sound: Sound, rate: int) -> Path:
    """A mono 16-bit WAV."""
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes((np.clip(sound, -1, 1) * 32767).astype("<i2").tobytes())
    return path


def spectrogram(sound: Sound) -> NDArray[np.float32]:
    """Log band energies, frames × bands, each frame without its mean (so level does not matter)."""
    frames = np.lib.stride_tricks.sliding_window_view(sound, _WINDOW)[::_HOP]
    power = np.abs(np.fft.rfft(frames * np.hanning(_WINDOW).astype(np.float32))) ** 2
    edges = np.unique(np.geomspace(4, power.shape[1] - 1, _BANDS + 1).astype(int))
    bands = np.add.reduceat(power, edges[:-1], axis=1)
    log = np.log10(bands + 1e-6)
    # What is silent says nothing: it is set to the frame's mean and so weighs nothing.
    return np.asarray(log - log.mean(axis=1, keepdims=True), np.float32)


def find(heard: Sound, spoken: Sound) -> tuple[float, float]:
    """How well `spoken` matches its best place in `heard` (−1 … 1), and where (s)."""
    a, b = spectrogram(heard), spectrogram(spoken)
    if len(a) < len(b):
        return -1.0, 0.0
    size = 1 << (len(a) + len(b)).bit_length()
    cross = np.fft.irfft(
        (np.fft.rfft(a, size, axis=0) * np.conj(np.fft.rfft(b, size, axis=0))).sum(axis=1), size
    )[: len(a) - len(b) + 1]
    energy = np.concatenate([[0.0], np.cumsum((a.astype(np.float64) ** 2).sum(axis=1))])
    window = energy[len(b) :] - energy[: len(a) - len(b) + 1]
    score = cross / np.sqrt(np.maximum(window, 1e-9) * float((b**2).sum()))
    best = int(np.argmax(score))
    return float(score[best]), best * _HOP / RATE


def level_dbfs(sound: Sound) -> float:
    """RMS level of the 20 ms frames that are not silent."""
    frames = sound[: len(sound) // 320 * 320].reshape(-1, 320)
    rms = np.sqrt((frames**2).mean(axis=1))
    loud = rms[rms > 10 ** (-50 / 20)]
    return float(20 * np.log10(np.sqrt((loud**2).mean()))) if len(loud) else -100.0


def silences_s(
    sound: Sound, least_s: float, floor_dbfs: float = -60.0
) -> list[tuple[float, float]]:
    """Every stretch quieter than the floor and longer than `least_s`: (start, length), s."""
    frames = sound[: len(sound) // 160 * 160].reshape(-1, 160)
    quiet = np.sqrt((frames**2).mean(axis=1)) < 10 ** (floor_dbfs / 20)
    edges = np.flatnonzero(np.diff(np.concatenate([[False], quiet, [False]]).astype(int)))
    runs = [(a * 0.01, (b - a) * 0.01) for a, b in zip(edges[::2], edges[1::2], strict=True)]
    return [(at, length) for at, length in runs if length > least_s]
