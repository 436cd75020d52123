"""Sound under loss: our jitter buffer beside aiortc's own, emulated and with a real Chromium.

A *gap* is a run of ticks without sound of the speaker's own: nothing, or concealed; what in-band
FEC restored is the speaker's own. *Delay* is from the moment the first sample of a frame was spoken
to the tick that mixes it: 20 ms of framing, the network, the wait in the buffer. The network has
20 ms of delay and up to 40 ms of jitter, evenly spread, and reorders. For aiortc's buffer only
empty ticks count as gaps, not the frames it leaves out, which is in its favour. The seeds are
others than those the buffer was tuned on.
"""

from __future__ import annotations

import statistics
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from aiortc.jitterbuffer import JitterBuffer as AiortcBuffer
from aiortc.rtp import RtpPacket as AiortcPacket

from bench import _stage_chromium
from bench._stage_network import TICK_S, Network, sending
from bench._stage_speech import packets
from rostra.stage.jitter_buffer import RtpPacket
from rostra.stage.playout_io import Playout

LOSSES = (0.0, 0.01, 0.05, 0.10)
PHASES_S = (0.001, 0.006, 0.011, 0.016)  # where in a tick the sender's frames end
AIM_GAP_MS = 60
AIM_DELAY_MS = 110

Arrivals = list[tuple[float, RtpPacket]]


@dataclass
class Heard:
    """One run: for each tick whether it was the speaker's own sound, and the delay of frames."""

    own: list[bool] = field(default_factory=list)
    delays: list[float] = field(default_factory=list)

    @property
    def gaps_ms(self) -> list[float]:
        gaps, run = [], 0
        for own in [*self.own, True]:
            if not own:
                run += 1
            elif run:
                gaps.append(run * TICK_S * 1000)
                run = 0
        return gaps

    def drift_ms(self) -> float:
        part = max(1, min(500, len(self.delays) // 4))
        begin, end = self.delays[part : 2 * part], self.delays[-part:]
        return 1000 * (statistics.median(end) - statistics.median(begin))


def _by_tick(arrivals: Arrivals, seconds: float, phase_s: float) -> list[tuple[float, Arrivals]]:
    pending, ticks = deque(arrivals), []
    for tick in range(int(seconds / TICK_S)):
        now = tick * TICK_S + phase_s
        come = []
        while pending and pending[0][0] <= now:
            come.append(pending.popleft())
        ticks.append((now, come))
    return ticks


def ours(arrivals: Arrivals, seconds: float, phase_s: float) -> Heard:
    """Through our buffer, libopus and the stretching."""
    heard, playout = Heard(), Playout()
    for now, come in _by_tick(arrivals, seconds, phase_s):
        for at, packet in come:
            playout.add(packet, at)
        before = playout.buffer.counts.concealed
        frame = playout.frame(now)
        if frame is None and not heard.own:
            continue
        own = frame is not None and playout.buffer.counts.concealed == before
        heard.own.append(own)
        if own:
            heard.delays.append(now - playout.position / 48000)
    return heard


def aiortcs(arrivals: Arrivals, seconds: float, phase_s: float) -> Heard:
    """Through aiortc's buffer as RTCRtpReceiver sets it up, its track read once a tick."""
    heard, frames = Heard(), deque[int]()
    buffer = AiortcBuffer(capacity=16, prefetch=4)
    for now, come in _by_tick(arrivals, seconds, phase_s):
        for _, packet in come:
            theirs = AiortcPacket(sequence_number=packet.sequence, timestamp=packet.timestamp)
            theirs._data = packet.payload  # type: ignore[attr-defined]
            _, frame = buffer.add(theirs)
            if frame is not None:
                frames.append(frame.timestamp)
        if not frames and not heard.own:
            continue
        heard.own.append(bool(frames))
        if frames:
            heard.delays.append(now - frames.popleft() / 48000)
    return heard


def _worst(runs: list[Heard]) -> dict[str, float]:
    ticks = sum(len(run.own) for run in runs)
    return {
        "longest gap": max([0.0, *(gap for run in runs for gap in run.gaps_ms)]),
        "gaps over 60 ms": float(sum(gap > AIM_GAP_MS for run in runs for gap in run.gaps_ms)),
        "share not the speaker's own": 100 * sum(not o for run in runs for o in run.own) / ticks,
        "median delay": 1000 * statistics.median(d for run in runs for d in run.delays),
        "drift of the delay": statistics.median(run.drift_ms() for run in runs),
    }


_AIMS: dict[str, tuple[str, str, Callable[[float], bool] | None]] = {
    "longest gap": ("ms", "≤ 60 ms", lambda v: v <= AIM_GAP_MS + 0.01),
    "gaps over 60 ms": ("gaps", "0", lambda v: v == 0),
    "share not the speaker's own": ("%", "", None),
    "median delay": ("ms", "≤ 110 ms", lambda v: v <= AIM_DELAY_MS),
    "drift of the delay": ("ms", "", None),
}


def table(
    prefix: str, measured: dict[str, float], peer: str, peers: dict[str, float] | None
) -> list[dict[str, Any]]:
    """Rows of one network, beside the peer's."""
    rows = []
    for name, (unit, aim, met) in _AIMS.items():
        value = measured[name]
        other = peers[name] if peers else None
        rows.append(
            {
                "name": f"{prefix}: {name}",
                "value": round(value, 2),
                "unit": unit,
                "peer": peer if peers else "",
                "peer_value": None if other is None else round(other, 2),
                "ratio": round(value / other, 3) if aim and other and value else None,
                "aim": aim,
                "met": met(value) if met else None,
            }
        )
    return rows


def _from_chromium(run: dict[str, Any]) -> dict[str, float]:
    return _worst([Heard(own=run["own"], delays=run["delays"])])


def rows(quick: bool) -> list[dict[str, Any]]:
    """In virtual time at four losses, then Chromium across two network namespaces."""
    found: list[dict[str, Any]] = []
    seconds = 30.0 if quick else 120.0
    for loss in LOSSES:
        payloads = packets(seconds, expected_loss=round(loss * 100))
        runs: list[Heard] = []
        theirs: list[Heard] = []
        for seed, phase_s in enumerate(PHASES_S[:2] if quick else PHASES_S, start=501):
            network = Network(loss=loss, base_s=0.020, jitter_s=0.040, seed=seed)
            arrivals = network.carry(sending(payloads))
            runs.append(ours(arrivals, seconds - 0.5, phase_s))
            theirs.append(aiortcs(arrivals, seconds - 0.5, phase_s))
        prefix = f"emulated, loss {loss:.0%}"
        found += table(prefix, _worst(runs), "aiortc's buffer", _worst(theirs))
    for loss in LOSSES[1:3] if quick else LOSSES:
        found += _stage_chromium.rows(loss, 20.0 if quick else 60.0, table, _from_chromium)
    return found
