"""One speaker's sound: packets in, a frame of 20 ms out at each tick (buffer, libopus, stretch)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from rostra.ground.facts import FRAME_SAMPLES
from rostra.stage.jitter_buffer import JitterBuffer, RtpPacket, Step, StepKind
from rostra.stage.opus_io import OpusDecoder, OpusError
from rostra.stage.stretch import stretch

Pcm = NDArray[np.float32]

_MOST_STEPS = 10  # a frame is at most eight packets of 2.5 ms, and some shortening
_EDGE = 240  # samples of fade where sound begins or stops
_RISE = (np.arange(_EDGE, dtype=np.float32) + 0.5) / _EDGE


class Playout:
    """The way from one sender's RTP packets to the mixer."""

    def __init__(self) -> None:
        self.buffer = JitterBuffer()
        self._decoder = OpusDecoder()
        self._left: Pcm = np.zeros(0, np.float32)  # decoded, not yet played; less than 120 ms
        self._silent = True

    def add(self, packet: RtpPacket, now: float) -> None:
        self.buffer.add(packet, now)

    def frame(self, now: float) -> Pcm | None:
        """The 960 samples of the tick at `now`, or None for silence."""
        for _ in range(_MOST_STEPS):
            if len(self._left) >= FRAME_SAMPLES:
                break
            step = self.buffer.pull(now, len(self._left))
            if step is None:
                break
            self._left = np.concatenate((self._left, self._sound(step)))
        if len(self._left) == 0:
            self._silent = True
            return None
        frame, self._left = self._left[:FRAME_SAMPLES], self._left[FRAME_SAMPLES:]
        if self._silent and len(frame) >= _EDGE:
            frame = frame.copy()
            frame[:_EDGE] *= _RISE
        end = len(frame)
        self._silent = end < FRAME_SAMPLES
        if self._silent:
            fade = min(_EDGE, end)
            frame = np.concatenate((frame, np.zeros(FRAME_SAMPLES - end, np.float32)))
            frame[end - fade : end] *= _RISE[_EDGE - fade :][::-1]
        return frame

    @property
    def position(self) -> int:
        """RTP timestamp (unwrapped) of the first sample of the frame given last."""
        return self.buffer.due - len(self._left) - FRAME_SAMPLES

    def _sound(self, step: Step) -> Pcm:
        try:
            if step.kind is StepKind.DECODE:
                pcm = self._decoder.decode(step.payload)
                return stretch(pcm, step.stretch, step.insist) if step.stretch else pcm
            if step.kind is StepKind.RECOVER:
                return self._decoder.recover(step.payload, step.samples)
            return self._decoder.conceal(step.samples)
        except OpusError:  # a packet that authenticates and is still not Opus
            return np.zeros(step.samples, np.float32)
