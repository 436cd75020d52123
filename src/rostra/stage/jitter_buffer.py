"""The adaptive jitter buffer: which Opus packet to decode, recover or conceal at each tick.

The ideas are those of WebRTC's NetEQ: the target delay is a quantile of how much later than the
fastest packets the others came; the delay is steered towards it by shortening and lengthening
decoded sound by a pitch period, never by an audible cut; a frame that is missing is taken from the
next packet's in-band FEC (RFC 6716 2.1.7) or concealed. Times are seconds of one monotonic clock,
durations in samples at 48 kHz (RFC 7587 4.1: the RTP clock of Opus is always 48 kHz).
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections import deque
from dataclasses import dataclass
from enum import Enum
from typing import NamedTuple

from rostra.ground.facts import FRAME_SAMPLES, SAMPLE_RATE
from rostra.stage import opus_packet

TICK_S = FRAME_SAMPLES / SAMPLE_RATE
QUANTILE = 0.98  # of relative delays; what comes later still is lost, FEC or concealment repairs it
WINDOW = 250  # packets whose delay is remembered: 5 s, so a burst is forgotten after 5 s
CAPACITY = 100  # packets held at most: 2 s
FIRST_TARGET_S = 0.050
LEAST_TARGET_S = 0.015
MOST_TARGET_S = 0.400
# One frame more, so that the successor of a lost packet is there in time, in the measure that loss
# is there: at 5 % half of it leaves the median under 110 ms at each phase of the sender.
FEC_WAIT_S = 0.020
FEC_FULL_AT = 0.10  # share of packets lost from which the whole wait is worth it
TOO_EARLY_S = 0.003  # below the target by this: lengthen
TOO_LATE_S = 0.002  # above the target by this and a tick: shorten
LEAST_STRETCH = 120  # samples; stretch.py cuts no less
FAR_S = 0.040  # this far from the target: every second frame, otherwise every fourth
PATIENCE_FRAMES = 40  # after this many frames away from the target, stretch what is hard to stretch
SKIP_S = 0.300  # above the target by this: leave packets out
REST_FRAMES = 10  # concealed in a row before silence; libopus has faded out by then
ENOUGH_CONCEALED = 3 * FRAME_SAMPLES  # 60 ms in a row
JUMP_PACKETS = 3000  # RFC 3550 A.1, MAX_DROPOUT: beyond this the sender may have restarted
JUMP_SAMPLES = 30 * SAMPLE_RATE


class RtpPacket(NamedTuple):
    """What the buffer needs of an RTP packet (RFC 3550 5.1)."""

    sequence: int  # 16 bits
    timestamp: int  # 32 bits
    payload: bytes
    ssrc: int = 0


class StepKind(Enum):
    DECODE = "decode"
    RECOVER = "recover"  # decode the in-band FEC of `payload`, which is the next packet
    CONCEAL = "conceal"


class Step(NamedTuple):
    """What to do with the decoder next.

    `stretch`: shorten the sound by at most so many samples (below 0) or lengthen it (above 0)
    where that is not heard, or anywhere if `insist`.
    """

    kind: StepKind
    payload: bytes
    samples: int
    stretch: int = 0
    insist: bool = False


@dataclass
class Counts:
    """Since the buffer was made. `lost` packets were not there when due; `late` ones came after."""

    received: int = 0
    lost: int = 0
    late: int = 0
    duplicate: int = 0
    malformed: int = 0
    skipped: int = 0  # left out because the delay had grown too far
    recovered: int = 0  # frames
    concealed: int = 0  # frames
    restarts: int = 0


class _Held(NamedTuple):
    timestamp: int  # unwrapped
    samples: int
    payload: bytes


def _unwrap(value: int, near: int, bits: int) -> int:
    half = 1 << (bits - 1)
    return near + ((value - near + half) & ((1 << bits) - 1)) - half


class JitterBuffer:
    """One sender's packets, in order, each at its time. Bounded; never raises on bad input."""

    def __init__(self) -> None:
        self.counts = Counts()
        self._loss = 0.0  # share of packets lost, smoothed over about 100
        self._fec = 0.0  # share of packets that carry FEC, likewise
        self._forget()

    def _forget(self) -> None:
        self._ssrc: int | None = None
        self._sequence = 0  # newest seen, unwrapped
        self._timestamp = 0
        self._strange: int | None = None  # sequence that would confirm a jump
        self._packets: dict[int, _Held] = {}
        self._order: list[int] = []
        self._transits: deque[float] = deque()
        self._sorted: list[float] = []
        self._next: int | None = None  # sequence due now
        self._play = 0  # timestamp due now
        self._duration = FRAME_SAMPLES
        self._pausing = False
        self._run = 0  # concealed in a row for want of any packet
        self._owed = 0  # samples of it for which the play position did not move on
        self._concealed = 0  # samples in a row
        self._since_stretch = 0
        self._astray = 0  # frames since the delay was right

    # --- what the network does ----------------------------------------------------------------

    def add(self, packet: RtpPacket, now: float) -> None:
        """Take a packet that arrived at `now`."""
        duration = opus_packet.samples(packet.payload)
        if duration == 0:
            self.counts.malformed += 1
            return
        if self._ssrc is None or packet.ssrc != self._ssrc:
            self._restart(packet)
        sequence = _unwrap(packet.sequence, self._sequence, 16)
        timestamp = _unwrap(packet.timestamp, self._timestamp, 32)
        resumed = self._pausing and sequence == self._sequence + 1
        if abs(sequence - self._sequence) > JUMP_PACKETS or (
            abs(timestamp - self._timestamp) > JUMP_SAMPLES and not resumed
        ):
            if packet.sequence != self._strange:  # RFC 3550 A.1: two in a row, or it was a stray
                self._strange = (packet.sequence + 1) & 0xFFFF
                return
            self._restart(packet)
            sequence, timestamp = self._sequence, self._timestamp
        self._strange = None
        self._observe(now - timestamp / SAMPLE_RATE)
        if sequence >= self._sequence:
            self._sequence, self._timestamp = sequence, timestamp
            self._pausing = opus_packet.is_pause(packet.payload)
        if sequence in self._packets:
            self.counts.duplicate += 1
            return
        self.counts.received += 1
        carries = opus_packet.carries_previous(packet.payload)
        self._fec += (carries - self._fec) / 100
        if self._next is not None and sequence < self._next:
            self.counts.late += 1
            return
        self._packets[sequence] = _Held(timestamp, duration, packet.payload)
        insort(self._order, sequence)
        while len(self._order) > CAPACITY:
            self._leave_out()

    def _restart(self, packet: RtpPacket) -> None:
        if self._ssrc is not None:
            self.counts.restarts += 1
        self._forget()
        self._ssrc = packet.ssrc
        self._sequence, self._timestamp = packet.sequence, packet.timestamp

    def _observe(self, transit: float) -> None:
        self._transits.append(transit)
        insort(self._sorted, transit)
        if len(self._transits) > WINDOW:
            del self._sorted[bisect_left(self._sorted, self._transits.popleft())]

    @property
    def target_s(self) -> float:
        """The delay to keep, beyond that of the fastest packets."""
        seen = len(self._sorted)
        if seen == 0:
            return FIRST_TARGET_S
        needed = self._sorted[int(QUANTILE * (seen - 1) + 0.5)] - self._sorted[0]
        if seen < 25:
            needed = max(needed, FIRST_TARGET_S)
        needed = min(max(needed, LEAST_TARGET_S), MOST_TARGET_S)
        if self._fec > 0.3:
            needed += FEC_WAIT_S * min(1.0, self._loss / FEC_FULL_AT)
        return needed

    @property
    def due(self) -> int:
        """The RTP timestamp, unwrapped, at which the next step begins."""
        return self._play

    def _delay(self, timestamp: int, now: float) -> float:
        fastest = self._sorted[0] if self._sorted else 0.0
        return now - fastest - timestamp / SAMPLE_RATE

    # --- what the mixer asks ------------------------------------------------------------------

    def pull(self, now: float, held: int = 0) -> Step | None:
        """The next step, or None if there is nothing to play yet (silence).

        `held`: decoded samples the caller still has. Call until it has a frame.
        """
        if not self._order:
            return self._starve()
        first = self._order[0]
        packet = self._packets[first]
        target = self.target_s
        if self._next is None or self._run >= REST_FRAMES:
            return self._begin(now, held, target)
        while self._delay(self._play, now) > target + SKIP_S and len(self._order) > 1:
            self._leave_out()
            first = self._order[0]
            packet = self._packets[first]
            self._next, self._play = first, packet.timestamp
        gap = packet.timestamp - self._play
        if first == self._next:
            if gap <= 0:
                return self._decode(now, held, target)
            # Nothing was lost, so the sender paused (DTX): go on when the packet's time has come.
            if self._delay(packet.timestamp, now) >= target:
                return self._decode(now, held, target)
            return self._fill()
        if self._owed:  # what was concealed before stood for what turns out to be lost
            self._play += min(self._owed, max(gap, 0))
            gap = packet.timestamp - self._play
            self._owed = 0
        if gap < 120:
            return self._decode(now, held, target)
        if gap > REST_FRAMES * FRAME_SAMPLES:
            if self._delay(packet.timestamp, now) >= target:
                return self._decode(now, held, target)
            return self._fill()
        return self._mend(packet, gap) or self._decode(now, held, target)

    def _mend(self, packet: _Held, gap: int) -> Step | None:
        """Fill `gap` samples before `packet`, one step at a time; None if that is enough."""
        carries = opus_packet.carries_previous(packet.payload)
        if self._concealed >= ENOUGH_CONCEALED:
            # Longer is heard as a gap. What was lost is lost; the delay it leaves comes back.
            gap = min(gap, self._duration) if carries else 0
            self._play = packet.timestamp - gap
        if gap <= self._duration and carries:
            self._play += gap
            self._concealed = 0
            self.counts.recovered += 1
            return Step(StepKind.RECOVER, packet.payload, gap - gap % 120)
        return self._conceal(gap) if gap else None

    def _conceal(self, gap: int) -> Step:
        piece = min(gap - gap % 120, FRAME_SAMPLES)
        self._play += piece
        self._concealed += piece
        self.counts.concealed += 1
        return Step(StepKind.CONCEAL, b"", piece)

    def _begin(self, now: float, held: int, target: float) -> Step | None:
        while len(self._order) > 1:  # after a long stall, not from its beginning
            if self._delay(self._packets[self._order[0]].timestamp, now) < target + SKIP_S:
                break
            self._leave_out()
        first = self._packets[self._order[0]]
        if self._delay(first.timestamp, now) < target:
            return None
        if self._next is not None:
            self.counts.lost += max(0, self._order[0] - self._next)
        self._next = None
        return self._decode(now, held, target)

    def _decode(self, now: float, held: int, target: float) -> Step:
        sequence = self._order.pop(0)
        packet = self._packets.pop(sequence)
        if self._next is not None and sequence > self._next:
            lost = sequence - self._next
            self.counts.lost += lost
            for _ in range(min(lost, 50)):
                self._loss += (1 - self._loss) / 100
        self._loss -= self._loss / 100
        self._next = sequence + 1
        self._play = packet.timestamp
        stretch = self._steer(self._delay(self._play, now) - target, held)
        self._play += packet.samples
        self._duration = packet.samples
        self._run = self._owed = self._concealed = 0
        insist = self._astray > PATIENCE_FRAMES
        return Step(StepKind.DECODE, packet.payload, packet.samples, stretch, insist)

    def _steer(self, excess: float, held: int) -> int:
        """How many samples to shorten (below 0) or lengthen by, to come back to the target.

        A packet is needed at the tick before what is held runs out, so the delay at which packets
        are needed moves in whole ticks; held samples are delay without use and may always go.
        """
        self._since_stretch += 1
        if excess > TICK_S + TOO_LATE_S:
            surplus = held + round((excess - TICK_S) * SAMPLE_RATE) + FRAME_SAMPLES
        elif excess < -TOO_EARLY_S:
            surplus = round(excess * SAMPLE_RATE) - FRAME_SAMPLES
        elif held >= LEAST_STRETCH and excess >= 0:
            surplus = held
        else:
            self._astray = 0
            return 0
        self._astray += 1
        if self._since_stretch < (2 if abs(excess) > FAR_S else 4):
            return 0
        self._since_stretch = 0
        return -surplus

    def _starve(self) -> Step | None:
        if self._next is None:
            return None
        if self._pausing:
            return self._fill()
        if self._run >= REST_FRAMES:
            return None
        self._run += 1
        self._owed += FRAME_SAMPLES
        self._concealed += FRAME_SAMPLES
        self.counts.concealed += 1
        return Step(StepKind.CONCEAL, b"", FRAME_SAMPLES)

    def _fill(self) -> Step | None:
        """Background sound while the sender pauses on purpose: not a loss."""
        if self._run >= REST_FRAMES:
            return None
        self._run += 1
        return Step(StepKind.CONCEAL, b"", FRAME_SAMPLES)

    def _leave_out(self) -> None:
        del self._packets[self._order.pop(0)]
        self.counts.skipped += 1
