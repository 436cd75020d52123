"""What the benchmark of loss measures by: the sender's clock, gaps, libwebrtc's counts."""

from __future__ import annotations

import pytest
from bench._stage_chromium import counted
from bench._stage_heard import Heard, figures
from bench._stage_link import Journal, Sent


def sent(count: int, slips: dict[int, float], late: dict[int, float]) -> list[Sent]:
    """Packets each 20 ms; from packet n on the sender's clock is behind, or only n is late."""
    packets, behind = [], 0.0
    for number in range(count):
        behind += slips.get(number, 0.0)
        at = 100 + (number + 1) * 0.020 + behind + late.get(number, 0.0)
        packets.append(Sent(number * 960, at))
    return packets


def test_a_packet_that_leaves_late_was_not_spoken_late() -> None:
    journal = Journal(sent(200, {}, {100: 0.015}))
    assert journal.spoken(100 * 960) == pytest.approx(100 + 100 * 0.020)
    assert journal.slipped_s() == pytest.approx(0.0)


def test_what_a_slipping_clock_adds_is_no_delay_of_the_receiver() -> None:
    journal = Journal(sent(400, {150: 0.125}, {}))
    assert journal.spoken(50 * 960) == pytest.approx(100 + 1.0)
    assert journal.spoken(300 * 960) == pytest.approx(100 + 6.0 + 0.125)
    assert journal.slipped_s() == pytest.approx(0.125)
    assert journal.pause_s(100, 110) == pytest.approx(0.145)


def test_a_sample_within_a_frame_was_spoken_that_much_later() -> None:
    journal = Journal(sent(100, {}, {}))
    assert journal.spoken(10 * 960 + 480) == pytest.approx(journal.spoken(10 * 960) + 0.010)


def test_timestamps_that_wrap_are_found() -> None:
    wrapped = [Sent(2**32 - 960 * 5 + packet.timestamp, packet.at) for packet in sent(20, {}, {})]
    assert Journal(wrapped).spoken(960) == pytest.approx(100 + 6 * 0.020)


def test_a_link_that_saw_nothing_says_so() -> None:
    with pytest.raises(ValueError, match="no sound"):
        Journal([])


def test_gaps_are_runs_of_ticks_without_sound_of_ones_own() -> None:
    own = [True, False, True, False, False, False, False, True]
    heard = Heard.of_ticks(own, [0.1] * 3)
    assert heard.gaps_ms == pytest.approx([20, 80])
    assert heard.share_not_own == 5 / 8
    assert figures([heard, heard])["gaps over 60 ms"] == 2
    assert figures([heard, heard], max)["gaps over 60 ms"] == 1


def test_libwebrtcs_counts_become_gaps() -> None:
    # (time, samples, concealed, events): an event that lasts over two readings, then two at once
    counts = [
        (0.0, 0, 0, 0),
        (0.1, 4800, 960, 1),
        (0.2, 9600, 1920, 1),
        (0.3, 14400, 1920, 1),
        (0.4, 19200, 3840, 3),
    ]
    gaps, share = counted(counts)
    assert gaps == pytest.approx([40, 20, 20])
    assert share == 0.2


def test_libwebrtc_without_loss_has_no_gaps() -> None:
    assert counted([(0.0, 0, 7, 3), (1.0, 48000, 7, 3)]) == ([], 0.0)
