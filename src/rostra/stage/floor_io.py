"""One event's floor: its seats with their sound, mixed each 20 ms and sent back without echo."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from rostra.ground.facts import FRAME_SAMPLES, Event, Phase
from rostra.stage.jitter_buffer import Counts, RtpPacket
from rostra.stage.mixer import Mixer, to_pcm16
from rostra.stage.opus_io import OpusEncoder
from rostra.stage.peers_io import Peer
from rostra.stage.playout_io import Playout
from rostra.stage.seats import SILENCE_DBFS, Seats, level_dbfs

Pcm = NDArray[np.float32]

_FALL = 1 - (np.arange(FRAME_SAMPLES, dtype=np.float32) + 1) / FRAME_SAMPLES
_SEND_BIT_S = 48_000
_LEAST_LOSS_PERCENT = 5  # reports come late; some FEC from the beginning


@dataclass
class Voice:
    """One connected seat: a session, its connection, its sound both ways."""

    session: str
    seat_id: str
    peer: Peer
    playout: Playout = field(default_factory=Playout)
    encoder: OpusEncoder = field(default_factory=lambda: OpusEncoder(_SEND_BIT_S))
    was_muted: bool = False

    def expect_loss(self) -> None:
        """Tell the encoder what the listener's own reports say their network loses."""
        self.encoder.expect_loss(max(_LEAST_LOSS_PERCENT, self.peer.loss_percent()))

    def hear(self, packet: RtpPacket, now: float) -> None:
        self.playout.add(packet, now)


@dataclass(frozen=True)
class Tick:
    """What 20 ms of an event sound like: 16-bit little-endian samples."""

    programme: bytes
    stems: dict[str, bytes]  # as the microphone gave it, of seats that sounded


class Floor:
    """All that belongs to one event on stage. `now` is monotonic seconds."""

    def __init__(self, event: Event, max_seats: int) -> None:
        self.event = event
        self.audience = 0
        self.seats = Seats(event.event_id, max_seats)
        self.voices: dict[str, Voice] = {}  # by seat id
        self.stirred = True  # someone came, went, or was muted: everyone should see it now
        self.past = Counts()  # of voices that have left
        self._mixer = Mixer()

    @property
    def live(self) -> bool:
        return self.event.phase is Phase.LIVE

    def tick(self, now: float) -> Tick:
        """Mix the 20 ms that begin at `now` and send each listening seat its own."""
        sounds: dict[str, Pcm] = {}
        for seat_id, voice in self.voices.items():
            frame = voice.playout.frame(now)
            muted = self.seats.is_muted(seat_id)
            if frame is not None and muted:
                frame = None if voice.was_muted else np.multiply(frame, _FALL)
            voice.was_muted = muted
            self.seats.hear(seat_id, SILENCE_DBFS if frame is None else level_dbfs(frame), now)
            if frame is not None:
                sounds[seat_id] = frame
        listening = [i for i, v in self.voices.items() if v.peer.listens and v.peer.connected]
        mix = self._mixer.mix(sounds, listening)
        for seat_id in listening:
            voice = self.voices[seat_id]
            voice.peer.send(voice.encoder.encode(mix.without[seat_id]))
        return Tick(
            to_pcm16(mix.programme).tobytes(),
            {seat_id: to_pcm16(frame).tobytes() for seat_id, frame in sounds.items()},
        )

    def seat(self, voice: Voice) -> Voice | None:
        """Put the voice on its seat; gives the voice that sat there before."""
        before = self.voices.get(voice.seat_id)
        self.voices[voice.seat_id] = voice
        self.stirred = True
        return before

    def unseat(self, voice: Voice, now: float) -> None:
        """The voice has left; another session may sit on its seat already."""
        self._keep_counts(voice)
        if self.voices.get(voice.seat_id) is voice:
            del self.voices[voice.seat_id]
            self.seats.leave(voice.seat_id, now)
            self.stirred = True

    def forget_gone(self, now: float) -> None:
        for seat_id in self.seats.forget_gone(now):
            self._mixer.forget(seat_id)
            self.stirred = True

    def troubles(self) -> tuple[int, int]:
        """Frames concealed and packets lost, since the stage began."""
        counts = [self.past, *(voice.playout.buffer.counts for voice in self.voices.values())]
        return sum(c.concealed for c in counts), sum(c.lost for c in counts)

    async def close(self) -> None:
        await asyncio.gather(*(voice.peer.close() for voice in list(self.voices.values())))

    def _keep_counts(self, voice: Voice) -> None:
        counts = voice.playout.buffer.counts
        self.past.concealed += counts.concealed
        self.past.lost += counts.lost
