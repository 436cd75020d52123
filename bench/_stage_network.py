"""A seeded network in virtual time: delay, jitter, loss, bursts and clock drift for RTP packets."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from rostra.ground.facts import FRAME_SAMPLES, SAMPLE_RATE
from rostra.stage.jitter_buffer import RtpPacket, Step, StepKind

TICK_S = FRAME_SAMPLES / SAMPLE_RATE
SILK_20_MS = 0x48  # table of contents byte: SILK, wide band, 20 ms, mono, one frame


@dataclass(frozen=True)
class Network:
    """Each packet is lost with `loss`, or arrives after `base_s` and up to `jitter_s` more.

    `stalls`: (begin, end) in seconds of sending: what is sent in between arrives at the end.
    `drift`: how much slower (above 0) the sender's clock is, as a share.
    `slips`: (at, seconds): the sender stood still for so long and left that sound out.
    """

    loss: float = 0.0
    base_s: float = 0.020
    jitter_s: float = 0.040
    seed: int = 1
    drift: float = 0.0
    stalls: tuple[tuple[float, float], ...] = ()
    slips: tuple[tuple[float, float], ...] = ()

    def carry(self, packets: Iterable[tuple[float, RtpPacket]]) -> list[tuple[float, RtpPacket]]:
        """(sent, packet) in, (arrived, packet) out in order of arrival."""
        chance = random.Random(self.seed)
        arrivals = []
        for sent, packet in packets:
            lost = chance.random() < self.loss
            delay = self.base_s + chance.random() * self.jitter_s
            if lost:
                continue
            slipped = sum(seconds for begin, seconds in self.slips if begin <= sent)
            at = sent * (1 + self.drift) + slipped + delay
            for begin, end in self.stalls:
                if begin <= sent < end:
                    at = max(at, end + self.base_s)
            arrivals.append((at, packet))
        arrivals.sort(key=lambda arrival: arrival[0])
        return arrivals


def sending(
    payloads: Iterable[bytes], samples: int = FRAME_SAMPLES, sequence: int = 0, timestamp: int = 0
) -> Iterator[tuple[float, RtpPacket]]:
    """Packets as a microphone sends them: each when its last sample was spoken (0 s: the first)."""
    for number, payload in enumerate(payloads):
        yield (
            (number + 1) * samples / SAMPLE_RATE,
            RtpPacket(
                (sequence + number) & 0xFFFF, (timestamp + number * samples) & 0xFFFFFFFF, payload
            ),
        )


def numbered(count: int, fec: bool = True, toc: int = SILK_20_MS) -> list[bytes]:
    """Packets that are Opus to a jitter buffer, each carrying its number (and its predecessor)."""
    return [bytes((toc, 0x40 if fec else 0)) + n.to_bytes(4, "big") for n in range(count)]


def after_stretch(step: Step) -> int:
    """Samples that come of a step when its stretch is done in full, as in a pure vowel."""
    if step.kind is not StepKind.DECODE or step.samples < FRAME_SAMPLES:
        return step.samples
    if step.stretch <= -120:
        return step.samples - min(600, -step.stretch)
    return step.samples + (300 if step.stretch > 0 else 0)
