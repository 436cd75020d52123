"""A speaker's sound out of packets: libopus and the buffer together, in virtual time."""

from __future__ import annotations

import numpy as np

from rostra.stage.jitter_buffer import RtpPacket
from rostra.stage.opus_io import OpusEncoder
from rostra.stage.playout_io import Playout


def packets(count: int) -> list[bytes]:
    """A tone of full frames."""
    encoder = OpusEncoder(48_000)
    t = np.arange(960 * count) / 48_000
    tone = (0.5 * np.sin(2 * np.pi * 500 * t)).astype(np.float32)
    return [encoder.encode(tone[n * 960 : (n + 1) * 960]) for n in range(count)]


def played(silent_from: int, count: int) -> list[np.ndarray[tuple[int], np.dtype[np.float32]]]:
    """Frames that come out when the sender falls silent for good."""
    playout = Playout()
    frames = []
    sent = packets(silent_from)
    for tick in range(count):
        now = 10.0 + tick * 0.02
        if tick < len(sent):
            playout.add(RtpPacket(tick, tick * 960, sent[tick], 7), now)
        frame = playout.frame(now + 0.001)
        frames.append(np.zeros(960, np.float32) if frame is None else frame)
    return frames


def test_a_tone_comes_out_whole() -> None:
    frames = played(silent_from=200, count=200)
    loud = [float(np.sqrt((frame**2).mean())) for frame in frames[20:]]
    assert min(loud) > 0.25


def test_sound_ends_without_a_click() -> None:
    sound = np.concatenate(played(silent_from=100, count=200))
    assert float(np.abs(sound[-9600:]).max()) == 0.0
    # 500 Hz at 0.5 moves at most 0.033 a sample; a cut would be a jump of up to 0.5.
    assert float(np.abs(np.diff(sound)).max()) < 0.1


def test_sound_that_ends_within_a_frame_fades_out() -> None:
    playout = Playout()
    playout._left = np.full(500, 0.5, np.float32)  # what a shortened frame leaves behind
    playout._silent = False
    frame = playout.frame(1.0)
    assert frame is not None
    assert float(frame[200]) == 0.5
    assert float(np.abs(np.diff(frame)).max()) < 0.01
    assert not frame[500:].any()
