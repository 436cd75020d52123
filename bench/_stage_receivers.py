"""The receivers that a Chromium speaks to side by side: ours, aiortc as it is, libwebrtc by wrtc.

Ours and aiortc's are asked for a frame every 20 ms, at four phases of the sender's frames at once:
where a tick falls moves the delay by up to 20 ms. libwebrtc hands its sound over by a clock of its
own, so its delay ends there, without the wait for a mixer's tick; its gaps are what it counts as
one concealment event, its share the samples it counts as concealed.
"""

from __future__ import annotations

import asyncio
import importlib
import json
import sys
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

PORTS = {"ours": 8090, "aiortc": 8091, "wrtc": 8092}
PHASES_S = (0.0, 0.005, 0.010, 0.015)
WARM_UP_S = 4.0
STATISTICS_S = 0.055  # libwebrtc remembers its statistics for 50 ms

PAGE = """<!doctype html><script>
(async () => {
  const media = await navigator.mediaDevices.getUserMedia({audio: {echoCancellation: false,
    noiseSuppression: false, autoGainControl: false}});
  for (const port of PORTS) (async () => {
    const pc = new RTCPeerConnection();
    pc.addTransceiver(media.getAudioTracks()[0], {direction: "sendonly"});
    await pc.setLocalDescription(await pc.createOffer());
    await new Promise(done => { pc.onicegatheringstatechange = () =>
      pc.iceGatheringState === "complete" && done(); setTimeout(done, 2000); });
    const whip = `http://${location.hostname}:${port}/whip`;
    const answer = await fetch(whip, {method: "POST", body: pc.localDescription.sdp});
    await pc.setRemoteDescription({type: "answer", sdp: await answer.text()});
  })();
})();
</script>"""


class Receiver(Protocol):
    """One engine. `tick` is for those that are asked, of the given phase."""

    first: float | None
    ssrc: int

    async def answer(self, offer: str) -> str: ...
    def tick(self, phase: int, now: float, count: bool) -> None: ...
    def result(self) -> dict[str, Any]: ...


class _Asked:
    """What ours and aiortc's have in common."""

    def __init__(self) -> None:
        self.first: float | None = None
        self.ssrc = 0
        self.arrivals: list[tuple[float, int, int, str]] = []
        self.own: list[list[bool]] = [[] for _ in PHASES_S]
        self.played: list[list[tuple[float, int]]] = [[] for _ in PHASES_S]

    def arrived(self, now: float, ssrc: int, sequence: int, timestamp: int, data: bytes) -> None:
        self.first = self.first or now
        self.ssrc = ssrc
        self.arrivals.append((now, sequence, timestamp, data.hex()))

    def heard(self, phase: int, now: float, timestamp: int | None) -> None:
        self.own[phase].append(timestamp is not None)
        if timestamp is not None:
            self.played[phase].append((now, timestamp))

    def result(self) -> dict[str, Any]:
        return {"own": self.own, "played": self.played, "arrivals": self.arrivals}


class Ours(_Asked):
    """Our connection and buffer."""

    def __init__(self) -> None:
        from rostra.stage.peers_io import Peer
        from rostra.stage.playout_io import Playout

        super().__init__()
        self.playouts = [Playout() for _ in PHASES_S]
        self.peer = Peer(self.hear, lambda: None)

    async def answer(self, offer: str) -> str:
        answer = await self.peer.answer(offer)
        if not isinstance(answer, str):
            raise SystemExit(answer.code)
        return answer

    def hear(self, packet: Any, now: float) -> None:
        self.arrived(now, packet.ssrc, packet.sequence, packet.timestamp, packet.payload)
        for playout in self.playouts:
            playout.add(packet, now)

    def tick(self, phase: int, now: float, count: bool) -> None:
        playout = self.playouts[phase]
        before = playout.buffer.counts.concealed
        frame = playout.frame(now)
        own = frame is not None and playout.buffer.counts.concealed == before
        if count:
            self.heard(phase, now, playout.position if own else None)


class Aiortcs(_Asked):
    """aiortc as it is: its buffer, its decoder thread, its track read once a tick."""

    def __init__(self) -> None:
        from aiortc import RTCConfiguration, RTCPeerConnection

        super().__init__()
        self.pc = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        self.frames: list[deque[int]] = [deque() for _ in PHASES_S]
        self.origin: int | None = None

    async def answer(self, offer: str) -> str:
        from aiortc import RTCSessionDescription

        from rostra.stage.session_description import cleaned_offer, with_fec

        self.pc.on("track", self._track)
        await self.pc.setRemoteDescription(RTCSessionDescription(cleaned_offer(offer), "offer"))
        await self.pc.setLocalDescription(await self.pc.createAnswer())
        return with_fec(self.pc.localDescription.sdp)

    def _track(self, track: Any) -> None:
        receiver: Any = self.pc.getReceivers()[0]
        buffer = receiver._RTCRtpReceiver__jitter_buffer
        add = buffer.add

        def added(packet: Any) -> Any:
            self.arrived(
                time.monotonic(), packet.ssrc, packet.sequence_number, packet.timestamp, b""
            )
            flag, frame = add(packet)
            if frame is not None and self.origin is None:
                self.origin = frame.timestamp  # its frames count from the first one it gave
            return flag, frame

        buffer.add = added
        self._reading = asyncio.ensure_future(self._read(track))

    async def _read(self, track: Any) -> None:
        while True:
            frame = await track.recv()
            for waiting in self.frames:
                waiting.append(frame.pts + (self.origin or 0))

    def tick(self, phase: int, now: float, count: bool) -> None:
        timestamp = self.frames[phase].popleft() if self.frames[phase] else None
        if count:
            self.heard(phase, now, timestamp)


class Wrtcs:
    """libwebrtc as the package `wrtc` has it; 10 ms at a time, by its own clock."""

    def __init__(self) -> None:
        self._webrtc: Any = importlib.import_module("webrtc")  # its own environment has it
        self.pc: Any = self._webrtc.RTCPeerConnection()
        self.first: float | None = None
        self.ssrc = 0
        self.played: list[tuple[float, int]] = []
        self.counts: list[tuple[float, int, int, int]] = []

    async def answer(self, offer: str) -> str:
        from rostra.stage.session_description import cleaned_offer, with_fec

        webrtc = self._webrtc
        self.pc.on("track", self._track)
        init = webrtc.RTCSessionDescriptionInit
        await self.pc.set_remote_description(init("offer", cleaned_offer(offer)))
        await self.pc.set_local_description(await self.pc.create_answer())
        deadline = time.monotonic() + 5
        while self.pc.ice_gathering_state != "complete" and time.monotonic() < deadline:  # noqa: ASYNC110
            await asyncio.sleep(0.02)
        return with_fec(self.pc.local_description.sdp)

    def _track(self, event: Any) -> None:
        self._reading = asyncio.ensure_future(self._read(event.track, event.receiver))
        self._counting = asyncio.ensure_future(self._count(event.receiver))

    async def _read(self, track: Any, receiver: Any) -> None:
        init = self._webrtc.MediaStreamTrackProcessorInit(track, 100)
        reader = self._webrtc.MediaStreamTrackProcessor(init).readable.get_reader()
        newest, position = None, 0
        while (data := (await reader.read()).value) is not None:
            now = time.monotonic()
            samples = round(data.number_of_frames * 48000 / data.sample_rate)
            data.close()
            position += samples
            sources = receiver.get_synchronization_sources()
            if not sources:
                continue
            self.first = self.first or now
            self.ssrc = sources[0].source
            if sources[0].rtp_timestamp != newest:  # its first 10 ms are in this piece
                newest = position = sources[0].rtp_timestamp
            if now - self.first >= WARM_UP_S:
                self.played.append((now, position))

    async def _count(self, receiver: Any) -> None:
        while True:
            await asyncio.sleep(STATISTICS_S)
            if self.first is None or time.monotonic() - self.first < WARM_UP_S:
                continue
            for found in (await receiver.get_stats()).values():
                if found.type == "inbound-rtp":
                    self.counts.append(
                        (
                            time.monotonic(),
                            found.total_samples_received,
                            found.concealed_samples,
                            found.concealment_events,
                        )
                    )

    def tick(self, phase: int, now: float, count: bool) -> None:
        """Nothing: it keeps time by itself."""

    def result(self) -> dict[str, Any]:
        return {"played": [self.played], "counts": self.counts}


KINDS: dict[str, Callable[[], Receiver]] = {"ours": Ours, "aiortc": Aiortcs, "wrtc": Wrtcs}


async def _signalling(receiver: Receiver, ports: list[str], address: str, port: int) -> Any:
    """The page, and an offer answered: just enough HTTP, for it must run in a bare environment."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        lengths = [
            int(line.split(":")[1])
            for line in head.splitlines()
            if line.lower().startswith("content-length:")
        ]
        offer = (await reader.readexactly(lengths[0])).decode() if lengths else ""
        status, kind, body = "200 OK", "text/html", PAGE.replace("PORTS", f"[{','.join(ports)}]")
        if head.startswith("POST /whip "):
            status, kind, body = "201 Created", "application/sdp", await receiver.answer(offer)
        writer.write(
            f"HTTP/1.1 {status}\r\ncontent-type: {kind}\r\ncontent-length: {len(body.encode())}\r\n"
            f"access-control-allow-origin: *\r\nconnection: close\r\n\r\n{body}".encode()
        )
        await writer.drain()
        writer.close()

    return await asyncio.start_server(serve, address, port)


async def serve(kind: str, seconds: float, ports: list[str], address: str) -> dict[str, Any]:
    """Listen for one speaker, hear it for `seconds` after the warming up, give what was heard."""
    receiver: Receiver = KINDS[kind]()
    server = await _signalling(receiver, ports, address, PORTS[kind])
    print("listening", flush=True)
    deadline = time.monotonic() + 30
    while receiver.first is None and time.monotonic() < deadline:  # noqa: ASYNC110
        await asyncio.sleep(0.05)
    if receiver.first is None:
        raise SystemExit("Chromium sent no sound within 30 s")
    start, lag = time.monotonic(), 0.0
    steps = round((seconds + WARM_UP_S) / 0.02) * len(PHASES_S)
    for step in range(steps):
        number, phase = divmod(step, len(PHASES_S))
        due = start + number * 0.02 + PHASES_S[phase]
        await asyncio.sleep(max(0.0, due - time.monotonic()))
        count = number * 0.02 >= WARM_UP_S
        if count:
            lag = max(lag, time.monotonic() - due)
        receiver.tick(phase, due, count)
    result = {**receiver.result(), "ssrc": receiver.ssrc, "tick_lag_ms": round(1000 * lag, 1)}
    result |= {"first": receiver.first, "start": start}
    server.close()
    return result


if __name__ == "__main__":
    name, length, listed, host, file = sys.argv[1:6]
    found = asyncio.run(serve(name, float(length), listed.split(","), host))
    Path(file).write_text(json.dumps(found))
