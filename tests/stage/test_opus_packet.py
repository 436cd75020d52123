from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rostra.stage import opus_packet
from rostra.stage.opus_io import OpusEncoder


@pytest.mark.parametrize(
    ("payload", "samples"),
    [
        (bytes([0 << 3]), 480),
        (bytes([3 << 3]), 2880),
        (bytes([12 << 3]), 480),
        (bytes([15 << 3]), 960),
        (bytes([16 << 3]), 120),
        (bytes([31 << 3]), 960),
        (bytes([31 << 3 | 1]), 1920),
        (bytes([31 << 3 | 2]), 1920),
        (bytes([31 << 3 | 3, 6]), 5760),
        (bytes([31 << 3 | 3, 7]), 0),  # 140 ms
        (bytes([31 << 3 | 3]), 0),
        (b"", 0),
    ],
)
def test_durations_follow_rfc_6716_table_2(payload: bytes, samples: int) -> None:
    assert opus_packet.samples(payload) == samples


def test_packets_of_an_encoder_that_expects_loss_carry_their_predecessor() -> None:
    at = np.arange(960 * 50) / 48000
    vowel = np.sum([np.sin(2 * np.pi * 140 * k * at) / k for k in range(1, 12)], axis=0)
    voice = (0.1 * vowel * (1 + np.sin(2 * np.pi * 3 * at))).astype(np.float32)
    for expected_loss, least, most in ((20, 0.8, 1.0), (0, 0.0, 0.0)):
        encoder = OpusEncoder(64_000, expected_loss=expected_loss, fec=expected_loss > 0)
        frames = voice.reshape(-1, 960)
        packets = [encoder.encode(frame) for frame in frames][5:]
        share = sum(map(opus_packet.carries_previous, packets)) / len(packets)
        assert least <= share <= most


@given(st.binary(max_size=40))
def test_any_bytes_have_an_answer(payload: bytes) -> None:
    assert 0 <= opus_packet.samples(payload) <= 5760
    assert opus_packet.carries_previous(payload) in (True, False)
