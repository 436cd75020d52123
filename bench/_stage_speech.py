"""Speech as Opus packets for the stage's benchmarks (espeak-ng, or a synthetic vowel)."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rostra.stage.opus_io import OpusEncoder

TEXT = (
    "Good evening, and welcome. Tonight we talk about how a few people can hold a conversation in "
    "front of a crowd of any size, and what happens when everybody arrives in the same minute. "
    "I am glad that you are here. Shall we begin with the waiting line, or with the sound?"
)


def speech(voice: str = "en-us") -> NDArray[np.float32]:
    """About fifteen seconds, mono, 48 kHz."""
    if shutil.which("espeak-ng") is None or shutil.which("ffmpeg") is None:
        at = np.arange(48000 * 15) / 48000
        vowel = np.sum([np.sin(2 * np.pi * 140 * k * at) / k for k in range(1, 12)], axis=0)
        return np.asarray(0.1 * vowel * (1 + np.sin(2 * np.pi * 3 * at)), np.float32)
    with tempfile.TemporaryDirectory() as folder:
        wav = Path(folder) / "speech.wav"
        subprocess.run(["espeak-ng", "-v", voice, "-w", str(wav), TEXT], check=True)
        command = ["ffmpeg", "-v", "error", "-i", str(wav), "-ar", "48000", "-ac", "1"]
        raw = subprocess.run([*command, "-f", "f32le", "-"], check=True, capture_output=True).stdout
    return np.frombuffer(raw, np.float32)


def packets(seconds: float, expected_loss: int) -> list[bytes]:
    """Speech in packets of 20 ms, as a browser encodes it for the stage's answer (64 kbit/s)."""
    encoder = OpusEncoder(64_000, expected_loss=expected_loss)
    frames = speech()
    frames = frames[: len(frames) // 960 * 960].reshape(-1, 960)
    return [encoder.encode(frames[n % len(frames)]) for n in range(round(seconds * 50))]
