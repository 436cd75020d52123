"""Two speakers of one event: how long a burst of one takes to the ears of the other, by the stage.

    python -m bench._shield_voices WHIP_URL TOKEN SECONDS

Prints the milliseconds of each burst as JSON. Both are in this process and have one clock; what a
browser adds before and after (microphone, its own buffer) is not in it.
"""

from __future__ import annotations

import asyncio
import json
import os
import secrets
import sys
import time
from fractions import Fraction
from typing import Any

import av
import httpx
import numpy as np
import uvloop
from aiortc import (
    MediaStreamTrack,
    RTCConfiguration,
    RTCPeerConnection,
    RTCSessionDescription,
)

from rostra.stage.opus_io import OpusDecoder, OpusEncoder
from rostra.stage.peers_io import tap

RATE, FRAME = 48_000, 960
EACH = 50  # packets: a burst a second
BURST = 2
LOUD = 0.02  # of full scale: the stage's levelling may have turned it down
SETTLED_S = 4.0


def _packets() -> list[bytes]:
    chance = np.random.default_rng(7)
    encoder = OpusEncoder()
    made = []
    for number in range(EACH):
        loud = 0.5 if number < BURST else 1e-4
        made.append(encoder.encode((loud * chance.uniform(-1, 1, FRAME)).astype(np.float32)))
    return made


class Bursts(MediaStreamTrack):
    """Bursts and near silence, a packet each 20 ms; `sent` are the moments of the bursts."""

    kind = "audio"

    def __init__(self, payloads: list[bytes], loud: bool) -> None:
        super().__init__()
        self._payloads, self._loud = payloads, loud
        self._start = time.monotonic()
        self._number = 0
        self.sent: list[float] = []

    async def recv(self) -> Any:
        await asyncio.sleep(max(0.0, self._start + self._number * 0.02 - time.monotonic()))
        place = self._number % EACH
        packet = av.Packet(self._payloads[place if self._loud else EACH - 1])
        packet.pts, packet.time_base = self._number * FRAME, Fraction(1, RATE)
        if place == 0:
            self.sent.append(time.monotonic())
        self._number += 1
        return packet


async def _join(http: httpx.AsyncClient, url: str, token: str, track: Bursts, hear: Any) -> Any:
    pc = RTCPeerConnection(RTCConfiguration(iceServers=[]))
    pc.addTransceiver(track, direction="sendrecv")
    tap(pc.getReceivers()[0], hear)
    await pc.setLocalDescription(await pc.createOffer())
    answer = await http.post(
        url,
        content=pc.localDescription.sdp,
        headers={
            "Authorization": f"Bearer {token}",
            "Content-Type": "application/sdp",
            "Rostra-Seat": secrets.token_urlsafe(24),
        },
    )
    answer.raise_for_status()
    await pc.setRemoteDescription(RTCSessionDescription(answer.text, "answer"))
    return pc


async def main(url: str, token: str, seconds: float) -> list[float]:
    """The milliseconds of each burst that was heard."""
    payloads, decoder = _packets(), OpusDecoder()
    mouth, ear = Bursts(payloads, loud=True), Bursts(payloads, loud=False)
    heard: list[float] = []

    def hear(packet: Any, _now: float) -> None:
        now = time.monotonic()
        pcm = np.asarray(decoder.decode(packet.payload))
        if len(pcm) and float(np.abs(pcm).max()) > LOUD and (not heard or now > heard[-1] + 0.3):
            heard.append(now)

    began = time.monotonic()
    async with httpx.AsyncClient(timeout=20, verify=False) as http:
        peers = [
            await _join(http, url, token, mouth, lambda *_: None),
            await _join(http, url, token, ear, hear),
        ]
        await asyncio.sleep(seconds)
        await asyncio.gather(*(pc.close() for pc in peers))
    lags = []
    for at in heard:
        before = [sent for sent in mouth.sent if sent <= at]
        if before and before[-1] > began + SETTLED_S:
            lags.append(1000 * (at - before[-1]))
    return lags


if __name__ == "__main__":
    os.setpriority(os.PRIO_PROCESS, 0, -10)
    print(json.dumps(uvloop.run(main(sys.argv[1], sys.argv[2], float(sys.argv[3])))))
