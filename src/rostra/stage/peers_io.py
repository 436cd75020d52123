"""One speaker's WebRTC connection (aiortc): RTP packets in, encoded packets of their mix out.

aiortc's audio jitter buffer turns one lost packet into a gap of 320 ms and a delay that stays, and
its receiver keeps a decoder thread that it joins on the event loop. So its buffer is replaced by a
tap that hands packets on, and its thread is let go as soon as it starts. These private names are
pinned by tests (`tests/live/test_stage_peers.py`) and by the upper bound in pyproject.
"""

from __future__ import annotations

import asyncio
import fractions
import logging
import time
from collections import deque
from collections.abc import Callable
from typing import Any

import av
from aiortc import (
    MediaStreamTrack,
    RTCConfiguration,
    RTCPeerConnection,
    RTCRtpReceiver,
    RTCRtpSender,
    RTCSessionDescription,
)
from aiortc.mediastreams import MediaStreamError

from rostra.ground.facts import FRAME_SAMPLES, SAMPLE_RATE
from rostra.ground.refusals import Refusal
from rostra.stage.jitter_buffer import RtpPacket
from rostra.stage.session_description import (
    cleaned_offer,
    offers_opus,
    with_fec,
    with_public_address,
)

log = logging.getLogger(__name__)

QUEUE_PACKETS = 5  # to a peer; more than 100 ms late is no conversation
CONNECT_S = 30.0

SDP_INVALID = Refusal("sdp_invalid", 400, "The offer is not a session description. Send SDP.")
NO_OPUS = Refusal("no_opus", 422, "The offer has no Opus audio. The stage hears Opus only.")

_TIME_BASE = fractions.Fraction(1, SAMPLE_RATE)


class _Tap:
    """Stands where aiortc's jitter buffer was."""

    def __init__(self, hear: Callable[[RtpPacket, float], None]) -> None:
        self._hear = hear

    def add(self, packet: Any) -> tuple[bool, None]:
        self._hear(
            RtpPacket(packet.sequence_number, packet.timestamp, packet._data, packet.ssrc),
            time.monotonic(),
        )
        return False, None


def tap(receiver: Any, hear: Callable[[RtpPacket, float], None]) -> None:
    """Hand `hear` each packet of an RTCRtpReceiver and its time of arrival; decode nothing."""
    receiver._RTCRtpReceiver__jitter_buffer = _Tap(hear)
    begin = receiver.receive

    async def receive(parameters: Any) -> None:
        await begin(parameters)
        if receiver._RTCRtpReceiver__decoder_thread is not None:
            receiver._RTCRtpReceiver__decoder_queue.put(None)  # the thread ends by itself
            receiver._RTCRtpReceiver__decoder_thread = None  # so nobody joins it

    receiver.receive = receive


class _MixTrack(MediaStreamTrack):
    """Already encoded packets, newest kept; aiortc sends them as they are."""

    kind = "audio"

    def __init__(self) -> None:
        super().__init__()
        self._packets: deque[Any] = deque(maxlen=QUEUE_PACKETS)
        self._there = asyncio.Event()
        self._pts = 0

    def put(self, payload: bytes) -> None:
        packet = av.Packet(payload)
        packet.pts = self._pts
        packet.time_base = _TIME_BASE
        self._pts += FRAME_SAMPLES
        self._packets.append(packet)
        self._there.set()

    async def recv(self) -> Any:
        while not self._packets:
            if self.readyState != "live":
                raise MediaStreamError
            self._there.clear()
            await self._there.wait()
        return self._packets.popleft()


class Peer:
    """The connection of one seat. `hear` gets each RTP packet and its time of arrival; `gone` is
    called once when the connection failed or was closed from the other side."""

    def __init__(
        self,
        hear: Callable[[RtpPacket, float], None],
        gone: Callable[[], None],
        public_ip: str | None = None,
    ) -> None:
        self._hear = hear
        self._gone: Callable[[], None] | None = gone
        self._public_ip = public_ip
        self._pc = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        self._mix = _MixTrack()
        self._deadline: asyncio.TimerHandle | None = None
        self._sender: RTCRtpSender | None = None
        self.connected = False
        self.listens = False  # whether it takes a mix; a plain WHIP publisher does not

    async def answer(self, offer: str) -> str | Refusal:
        """The answer to `offer`, with all candidates (full ICE), or why not."""
        if "m=" not in offer or not offer.lstrip().startswith("v=0"):
            return SDP_INVALID
        if not offers_opus(offer):
            return NO_OPUS
        try:
            return await self._negotiate(offer)
        except Exception as error:  # aiortc raises whatever its parser meets in a hostile offer
            log.info("an offer was refused: %s", type(error).__name__)
            await self.close()
            return SDP_INVALID

    async def _negotiate(self, offer: str) -> str:
        pc = self._pc
        transceiver = pc.addTransceiver(self._mix, direction="sendrecv")
        self._sender = transceiver.sender
        known = RTCRtpReceiver.getCapabilities("audio")
        assert known is not None
        opus = [codec for codec in known.codecs if codec.mimeType.lower() == "audio/opus"]
        transceiver.setCodecPreferences(opus)
        pc.on("connectionstatechange", self._state_changed)
        await pc.setRemoteDescription(RTCSessionDescription(cleaned_offer(offer), "offer"))
        for other in pc.getTransceivers():
            if other is transceiver:
                tap(other.receiver, self._hear)
            else:
                other.direction = "inactive"  # video and second microphones are not taken
        await pc.setLocalDescription(await pc.createAnswer())
        self.listens = transceiver.currentDirection in ("sendrecv", "sendonly")
        self._deadline = asyncio.get_running_loop().call_later(CONNECT_S, self._give_up)
        answer = with_fec(pc.localDescription.sdp)
        return with_public_address(answer, self._public_ip) if self._public_ip else answer

    def send(self, payload: bytes) -> None:
        """An encoded frame of 20 ms for this seat; the oldest is dropped if the peer is slow."""
        if self.connected and self.listens:
            self._mix.put(payload)

    def loss_percent(self) -> int:
        """What the other side says it lost lately of what we sent (RTCP, RFC 3550 6.4.1)."""
        for report in self._sent_stats().values():
            if report.type == "remote-inbound-rtp":
                return int(100 * report.fractionLost / 256)
        return 0

    def _sent_stats(self) -> dict[str, Any]:
        sender: Any = self._sender
        return sender._RTCRtpSender__stats if sender is not None else {}

    async def close(self) -> None:
        """End the connection; `gone` is not called."""
        self._gone = None
        if self._deadline is not None:
            self._deadline.cancel()
        self._mix.stop()
        await self._pc.close()

    def _state_changed(self) -> None:
        state = self._pc.connectionState
        if state == "connected":
            self.connected = True
            if self._deadline is not None:
                self._deadline.cancel()
        elif state in ("failed", "closed"):
            self._tell_gone()

    def _give_up(self) -> None:
        if not self.connected:
            self._tell_gone()

    def _tell_gone(self) -> None:
        self.connected = False
        if self._gone is not None:
            gone, self._gone = self._gone, None
            gone()
