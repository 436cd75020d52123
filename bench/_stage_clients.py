"""Speakers for CPU benchmarks: real WebRTC clients in a process of their own, sparing of CPU.

They send speech that was encoded beforehand and count what they hear without decoding it.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from fractions import Fraction
from typing import Any

import av
import httpx
from aiortc import (
    MediaStreamTrack,
    RTCConfiguration,
    RTCPeerConnection,
    RTCSessionDescription,
)

from bench._stage_speech import packets
from rostra.stage.peers_io import tap


class Speech(MediaStreamTrack):
    """Encoded speech, a packet each 20 ms, each speaker at another place of the text."""

    kind = "audio"

    def __init__(self, payloads: list[bytes], offset: int) -> None:
        super().__init__()
        self._payloads = payloads
        self._offset = offset
        self._start = time.monotonic()
        self._number = 0

    async def recv(self) -> Any:
        due = self._start + self._number * 0.02
        await asyncio.sleep(max(0.0, due - time.monotonic()))
        payload = self._payloads[(self._offset + self._number) % len(self._payloads)]
        packet = av.Packet(payload)
        packet.pts, packet.time_base = self._number * 960, Fraction(1, 48000)
        self._number += 1
        return packet


async def _whip(http: httpx.AsyncClient, target: dict[str, Any], offer: str) -> str:
    headers = {"Authorization": f"Bearer {target['token']}", "Content-Type": "application/sdp"}
    answer = await http.post(target["url"], content=offer, headers=headers)
    answer.raise_for_status()
    return answer.text


async def _janus(http: httpx.AsyncClient, target: dict[str, Any], offer: str) -> str:
    async def post(path: str, **body: Any) -> dict[str, Any]:
        sent = await http.post(target["url"] + path, json={**body, "transaction": "t"})
        answer: dict[str, Any] = sent.json()
        return answer

    session = f"/{(await post('', janus='create'))['data']['id']}"
    attached = await post(session, janus="attach", plugin="janus.plugin.audiobridge")
    handle = f"{session}/{attached['data']['id']}"
    join = {"request": "join", "room": target["room"], "quality": 5, "bitrate": 48000}
    join |= {"expected_loss": 5, "fec": True}
    jsep = {"type": "offer", "sdp": offer}
    await post(handle, janus="message", body=join, jsep=jsep)
    for _ in range(20):
        event = (await http.get(target["url"] + session, timeout=35)).json()
        if "jsep" in event:
            return str(event["jsep"]["sdp"])
        if "error" in event or "error" in event.get("plugindata", {}).get("data", {}):
            raise RuntimeError(f"Janus refused: {event}")
    raise RuntimeError("Janus gave no answer")


async def speak(target: dict[str, Any], speakers: int) -> None:
    """Connect all, say `connected`, and talk until the parent closes our input."""
    payloads = packets(15, expected_loss=5)
    ask = _janus if target["kind"] == "janus" else _whip
    heard = [0] * speakers
    peers = []
    async with httpx.AsyncClient(timeout=20) as http:
        for number in range(speakers):
            pc = RTCPeerConnection(RTCConfiguration(iceServers=[]))
            pc.addTransceiver(Speech(payloads, number * 37), direction="sendrecv")

            def hear(_packet: Any, _now: float, number: int = number) -> None:
                heard[number] += 1

            tap(pc.getReceivers()[0], hear)
            await pc.setLocalDescription(await pc.createOffer())
            answer = await ask(http, target, pc.localDescription.sdp)
            await pc.setRemoteDescription(RTCSessionDescription(answer, "answer"))
            peers.append(pc)
        async with asyncio.timeout(20):
            while any(pc.connectionState != "connected" for pc in peers):  # noqa: ASYNC110
                await asyncio.sleep(0.05)
        print("connected", flush=True)
        loop = asyncio.get_running_loop()
        while line := await loop.run_in_executor(None, sys.stdin.readline):
            if line.strip() == "heard":
                print(json.dumps(heard), flush=True)
        await asyncio.gather(*(pc.close() for pc in peers))


if __name__ == "__main__":
    asyncio.run(speak(json.loads(sys.argv[1]), int(sys.argv[2])))
