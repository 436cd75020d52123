"""Brings each speaker towards the programme's loudness: slow, gated, bounded, not pumping noise."""

from __future__ import annotations

from collections import deque

import numpy as np
from numpy.typing import NDArray

from rostra.ground.facts import FRAME_SAMPLES
from rostra.stage.loudness import BlockMeter, gated, k_power, lufs

Pcm = NDArray[np.float32]

PROGRAMME_LUFS = -16.0
MOST_GAIN_DB = 22.0
LEAST_GAIN_DB = -14.0
HISTORY_BLOCKS = 100  # 10 s of speech decide
SPEECH_LUFS = -52.0  # quieter blocks are never speech
SPEECH_ABOVE_NOISE = 10.0  # LU above the noise floor
FLOOR_FRAMES = 150  # the noise floor is the quietest frame of 3 s: speech pauses that often
LEAST_FLOOR_FRAMES = 50  # before a second was heard, nobody can tell speech from noise
FIRST_RATE_DB_S = 20.0  # while the speaker is new
RATE_DB_S = 3.0
SETTLED_BLOCKS = 30

_RAMP = (np.arange(FRAME_SAMPLES, dtype=np.float32) + 1) / FRAME_SAMPLES


class Leveller:
    """One speaker's gain. Nothing but speech moves it; in pauses it stands still."""

    def __init__(self) -> None:
        self.gain_db = 0.0
        self._meter = BlockMeter()
        self._speech: deque[float] = deque(maxlen=HISTORY_BLOCKS)
        self._blocks = 0
        self._recent: deque[float] = deque(maxlen=FLOOR_FRAMES)
        self._wanted_db = 0.0
        self._gain = 1.0

    def level(self, frame: Pcm) -> Pcm:
        """The frame at the speaker's gain, which glides inside the frame."""
        power = k_power(frame)
        self._recent.append(power)
        block = self._meter.add(power)
        if block is not None and self._is_speech(block):
            self._speech.append(block)
            self._blocks += 1
            loudness = gated(np.fromiter(self._speech, np.float64))
            if loudness is not None:
                wanted = PROGRAMME_LUFS - loudness
                self._wanted_db = min(max(wanted, LEAST_GAIN_DB), MOST_GAIN_DB)
        rate = FIRST_RATE_DB_S if self._blocks < SETTLED_BLOCKS else RATE_DB_S
        step = rate * FRAME_SAMPLES / 48_000
        self.gain_db += min(max(self._wanted_db - self.gain_db, -step), step)
        before, self._gain = self._gain, 10.0 ** (self.gain_db / 20)
        if before == self._gain:
            return np.asarray(frame * before, np.float32)
        return np.asarray(frame * (before + _RAMP * (self._gain - before)), np.float32)

    def _is_speech(self, block: float) -> bool:
        if len(self._recent) < LEAST_FLOOR_FRAMES:
            return False
        floor = lufs(min(self._recent))
        return lufs(block) > max(SPEECH_LUFS, floor + SPEECH_ABOVE_NOISE)
