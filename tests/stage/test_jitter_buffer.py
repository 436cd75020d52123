from __future__ import annotations

import statistics
from dataclasses import dataclass, field

import pytest
from bench._stage_network import (
    TICK_S,
    Network,
    after_stretch,
    numbered,
    sending,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from rostra.stage.jitter_buffer import CAPACITY, JitterBuffer, RtpPacket, Step, StepKind

DECODE, RECOVER, CONCEAL = StepKind.DECODE, StepKind.RECOVER, StepKind.CONCEAL


@dataclass
class Heard:
    """What a mixer got: one list of steps for each tick, after the first sound."""

    ticks: list[list[Step]] = field(default_factory=list)
    delays: list[float] = field(default_factory=list)
    buffer: JitterBuffer = field(default_factory=JitterBuffer)

    @property
    def kinds(self) -> list[StepKind]:
        return [step.kind for steps in self.ticks for step in steps]

    @property
    def numbers(self) -> list[int]:
        steps = [step for steps in self.ticks for step in steps]
        return [int.from_bytes(s.payload[2:], "big") for s in steps if s.kind is DECODE]

    @property
    def longest_gap(self) -> int:
        """The most ticks in a row without sound of the speaker's own."""
        longest = run = 0
        for steps in self.ticks:
            run = run + 1 if any(s.kind is CONCEAL for s in steps) or steps == [] else 0
            longest = max(longest, run)
        return longest


def play(arrivals: list[tuple[float, RtpPacket]], seconds: float, phase_s: float = 0.007) -> Heard:
    heard, held, pending = Heard(), 0, list(reversed(arrivals))
    for tick in range(int(seconds / TICK_S)):
        now = tick * TICK_S + phase_s
        while pending and pending[-1][0] <= now:
            at, packet = pending.pop()
            heard.buffer.add(packet, at)
        steps: list[Step] = []
        while held < 960 and (step := heard.buffer.pull(now, held)) is not None:
            if step.kind is DECODE and len(step.payload) == 6:
                number = int.from_bytes(step.payload[2:], "big")
                heard.delays.append(now + held / 48000 - number * TICK_S)
            held += after_stretch(step)
            steps.append(step)
        if steps or held >= 960 or heard.ticks:
            heard.ticks.append(steps if steps or held < 960 else [Step(DECODE, b"", 0)])
        held = max(0, held - 960)
    return heard


def through(network: Network, seconds: float = 60, fec: bool = True) -> Heard:
    packets = numbered(int(seconds / TICK_S), fec)
    return play(network.carry(sending(packets)), seconds - 0.5)


def test_in_order_and_on_time_everything_is_decoded_once() -> None:
    heard = through(Network(jitter_s=0), 10)
    assert set(heard.kinds) == {DECODE}
    played = [n for n in heard.numbers if n]
    assert played == list(range(played[0], played[-1] + 1))


@pytest.mark.parametrize("loss", [0.0, 0.01, 0.05, 0.10])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_loss_and_jitter_leave_no_gap_over_60_ms_and_110_ms_of_delay(
    loss: float, seed: int
) -> None:
    network = Network(loss=loss, seed=seed)
    medians = []
    for phase_s in (0.001, 0.007, 0.013, 0.019):
        packets = numbered(60 * 50)
        heard = play(network.carry(sending(packets)), 59.5, phase_s)
        assert heard.longest_gap * TICK_S <= 0.0601
        medians.append(statistics.median(heard.delays))
    assert statistics.median(medians) <= 0.110


def test_a_lost_packet_is_taken_from_the_next_ones_fec() -> None:
    packets = list(sending(numbered(200)))
    del packets[100]
    heard = play(Network(jitter_s=0, base_s=0.02).carry(packets), 3)
    # Without loss the buffer does not wait for successors, so it conceals the first loss at most.
    assert heard.buffer.counts.lost == 1
    assert heard.kinds.count(RECOVER) + heard.kinds.count(CONCEAL) == 1


def test_without_fec_in_the_next_packet_a_loss_is_concealed() -> None:
    heard = through(Network(loss=0.05), 20, fec=False)
    assert RECOVER not in heard.kinds
    assert heard.buffer.counts.concealed >= heard.buffer.counts.lost > 0


def test_with_loss_most_lost_packets_are_recovered() -> None:
    counts = through(Network(loss=0.10)).buffer.counts
    assert counts.recovered > 0.6 * counts.lost


def test_packets_out_of_order_are_played_in_order() -> None:
    heard = through(Network(jitter_s=0.060), 20)
    numbers = [n for n in heard.numbers if n]
    assert numbers == sorted(numbers)
    assert len(set(numbers)) == len(numbers)


def test_duplicates_are_counted_and_not_played() -> None:
    arrivals = Network(jitter_s=0).carry(sending(numbered(100)))
    twice = [arrival for arrival in arrivals for _ in range(2)]
    heard = play(twice, 1.9)
    assert heard.buffer.counts.duplicate + heard.buffer.counts.late >= 90
    assert set(heard.kinds) == {DECODE}


def test_sequence_and_timestamp_wrap_unnoticed() -> None:
    packets = sending(numbered(500), sequence=65300, timestamp=2**32 - 200 * 960)
    heard = play(Network(jitter_s=0.01).carry(packets), 9.5)
    assert set(heard.kinds) == {DECODE}
    assert heard.buffer.counts.restarts == 0


def test_after_a_burst_of_delay_the_delay_shrinks_again() -> None:
    network = Network(jitter_s=0.010, stalls=((10.0, 10.25),))
    heard = through(network, 40)
    before = statistics.median(heard.delays[100:400])
    worst = max(heard.delays[480:560])
    after = statistics.median(heard.delays[-300:])
    assert worst > before + 0.15
    assert after < before + 0.021
    assert heard.buffer.counts.skipped == 0  # nothing the speaker said is missing
    assert heard.buffer.counts.lost == 0


def test_a_stall_longer_than_a_second_does_not_stay_as_delay() -> None:
    heard = through(Network(jitter_s=0.0, stalls=((5.0, 6.5),)), 30)
    assert statistics.median(heard.delays[-300:]) < 0.09
    assert heard.buffer.counts.skipped > 0


@pytest.mark.parametrize("drift", [3e-4, -3e-4])
def test_a_clock_that_drifts_does_not_pile_up_delay(drift: float) -> None:
    network = Network(jitter_s=0.010, drift=drift)
    heard = play(network.carry(sending(numbered(50 * 300))), 299)
    wall_ahead = drift * 299  # media time is this much behind at the end, on its own clock
    end = statistics.median(heard.delays[-200:]) - wall_ahead
    start = statistics.median(heard.delays[200:400])
    assert abs(end - start) < 0.045
    assert heard.longest_gap <= 1


@pytest.mark.parametrize("slip_s", [0.010, 0.125, 0.300])
@pytest.mark.parametrize("loss", [0.0, 0.01])
def test_a_sender_that_left_sound_out_is_heard_with_the_delay_of_before(
    slip_s: float, loss: float
) -> None:
    # Chromium's fake microphone does that whenever it wakes up late.
    for seed, phase_s in enumerate((0.001, 0.007, 0.013, 0.019)):
        network = Network(loss=loss, seed=seed, slips=((20.0, slip_s),))
        heard = play(network.carry(sending(numbered(50 * 40))), 39.5, phase_s)
        before = statistics.median(heard.delays[400:900])
        after = statistics.median(heard.delays[1050:1250]) - slip_s  # from a second later on
        assert abs(after - before) < TICK_S
        assert heard.longest_gap * TICK_S <= slip_s + 0.061  # and what is missing is all that is


def test_a_pause_with_dtx_is_silence_and_no_loss() -> None:
    payloads = numbered(100)
    packets = list(sending(payloads))
    at, last = packets[-1]
    packets.append((at + TICK_S, RtpPacket(100, last.timestamp + 960, b"\x48")))
    late = [
        (at + 2.02 + n * TICK_S, RtpPacket(101 + n, last.timestamp + 96960 + 960 * n, payload))
        for n, payload in enumerate(numbered(100))
    ]
    heard = play(Network(jitter_s=0.005).carry(packets + late), 6.5)
    assert heard.buffer.counts.lost == 0
    assert heard.buffer.counts.concealed <= 10  # after its last packet
    assert heard.numbers[-1] == 99


@pytest.mark.parametrize(("toc", "samples"), [(0x40, 480), (0x50, 1920), (0x58, 2880)])
def test_packets_of_other_durations_play_without_gaps(toc: int, samples: int) -> None:
    packets = sending(numbered(500, toc=toc), samples)
    network = Network(jitter_s=0.010)
    heard = play(network.carry(packets), 500 * samples / 48000 - 0.3)
    assert set(heard.kinds) == {DECODE}
    assert heard.longest_gap == 0


def test_a_new_ssrc_begins_anew() -> None:
    buffer = JitterBuffer()
    for sent, packet in sending(numbered(50)):
        buffer.add(packet, sent)
        buffer.pull(sent + 0.06)
    for sent, packet in sending(numbered(50), sequence=9, timestamp=77):
        buffer.add(packet._replace(ssrc=5), sent + 1)
    assert buffer.counts.restarts == 1
    step = buffer.pull(2.2)
    assert step is not None and step.kind is DECODE


def test_a_stray_packet_changes_nothing_and_two_in_a_row_restart() -> None:
    buffer = JitterBuffer()
    for sent, packet in sending(numbered(20)):
        buffer.add(packet, sent)
    payload = numbered(1)[0]
    buffer.add(RtpPacket(30000, 5, payload), 0.5)
    assert buffer.counts.restarts == 0
    buffer.add(RtpPacket(30001, 965, payload), 0.52)
    assert buffer.counts.restarts == 1


def test_what_is_not_opus_is_counted_and_ignored() -> None:
    buffer = JitterBuffer()
    buffer.add(RtpPacket(1, 1, b""), 0)
    buffer.add(RtpPacket(2, 2, b"\x03"), 0)
    assert buffer.counts.malformed == 2
    assert buffer.pull(1) is None


def test_a_sender_that_falls_silent_is_concealed_and_then_quiet() -> None:
    heard = play(Network(jitter_s=0).carry(sending(numbered(50))), 3)
    assert heard.kinds.count(CONCEAL) == 10
    assert heard.ticks[-1] == []


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.integers(0, 2**16 - 1),
            st.integers(0, 2**32 - 1),
            st.binary(max_size=8),
            st.integers(0, 2),
            st.floats(0, 0.2),
        ),
        max_size=300,
    )
)
def test_any_packets_at_all_keep_it_bounded_and_alive(
    packets: list[tuple[int, int, bytes, int, float]],
) -> None:
    buffer, now = JitterBuffer(), 0.0
    for sequence, timestamp, payload, ssrc, wait in packets:
        now += wait
        buffer.add(RtpPacket(sequence, timestamp, payload, ssrc), now)
        for _ in range(3):
            step = buffer.pull(now)
            if step is not None:
                assert 0 < step.samples <= 5760
                assert step.samples % 120 == 0
    assert len(buffer._packets) == len(buffer._order) <= CAPACITY


@settings(max_examples=40, deadline=None)
@given(
    loss=st.floats(0, 0.3),
    jitter_s=st.floats(0, 0.1),
    base_s=st.floats(0, 0.2),
    seed=st.integers(0, 10**6),
    sequence=st.integers(0, 2**16 - 1),
    timestamp=st.integers(0, 2**32 - 1),
)
def test_on_any_network_packets_play_in_order_once_and_all_are_accounted_for(
    loss: float, jitter_s: float, base_s: float, seed: int, sequence: int, timestamp: int
) -> None:
    network = Network(loss=loss, jitter_s=jitter_s, base_s=base_s, seed=seed)
    arrivals = network.carry(sending(numbered(400), sequence=sequence, timestamp=timestamp))
    heard = play(arrivals, 9.0)
    steps = [s for ticks in heard.ticks for s in ticks if s.kind is DECODE and s.payload]
    numbers = [int.from_bytes(s.payload[2:], "big") for s in steps]
    assert numbers == sorted(set(numbers))
    counts = heard.buffer.counts
    assert counts.received == len(arrivals) == len(numbers) + counts.late + counts.skipped
    if numbers:
        between = numbers[-1] - numbers[0] + 1 - len(numbers)
        assert counts.lost == between - counts.skipped or counts.skipped


def test_of_five_packets_lost_in_a_row_at_most_60_ms_are_concealed() -> None:
    # Of longer runs more is: the buffer is empty before there is anything to go on to.
    packets = list(sending(numbered(400)))
    del packets[200:205]
    heard = play(Network(jitter_s=0.080).carry(packets), 7)
    assert heard.longest_gap <= 3
    assert heard.buffer.counts.lost >= 5
