"""Speech for tests, and FFmpeg's opinion of how loud it is."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

TEXT = {
    "en-us": "Good evening, and welcome. Tonight we talk about how a few people can hold a "
    "conversation in front of a crowd of any size, and what happens when everybody arrives in the "
    "same minute. I am glad that you are here. Shall we begin with the waiting line?",
    "fr": "Bonsoir et bienvenue. Ce soir, nous parlons de la foule, de la file d'attente, et de la "
    "voix qui reste claire quand tout le monde arrive à la même minute. Commençons, voulez-vous ?",
    "de": "Guten Abend und willkommen. Heute sprechen wir darüber, wie wenige Menschen vor einer "
    "beliebig großen Menge ein Gespräch führen, und was geschieht, wenn alle zugleich kommen.",
}


def spoken(voice: str, folder: Path) -> NDArray[np.float32]:
    """espeak-ng's speech, mono, 48 kHz."""
    wav = folder / f"{voice}.wav"
    subprocess.run(["espeak-ng", "-v", voice, "-w", wav, TEXT[voice]], check=True)
    raw = subprocess.run(
        ["ffmpeg", "-v", "error", "-i", wav, "-ar", "48000", "-ac", "1", "-f", "f32le", "-"],
        check=True,
        capture_output=True,
    ).stdout
    return np.frombuffer(raw, np.float32)


def ebur128(pcm: NDArray[np.float32]) -> float:
    """Integrated loudness by FFmpeg's ebur128 filter, LUFS."""
    command = ["ffmpeg", "-hide_banner", "-nostats", "-f", "f32le", "-ar", "48000", "-ac", "1"]
    command += ["-i", "-", "-af", "ebur128", "-f", "null", "-"]
    done = subprocess.run(
        command, input=pcm.astype(np.float32).tobytes(), check=True, capture_output=True
    )
    found = re.findall(r"I:\s+(-?[\d.]+) LUFS", done.stderr.decode())
    return float(found[-1])
