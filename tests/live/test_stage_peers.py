"""Real WebRTC on loopback: speakers hear each other, not themselves, and keep their seats."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import threading
import time
from collections.abc import AsyncIterator
from fractions import Fraction
from pathlib import Path

import av
import httpx
import numpy as np
import pytest
from aiortc import (
    MediaStreamTrack,
    RTCConfiguration,
    RTCPeerConnection,
    RTCSessionDescription,
)
from numpy.typing import NDArray

from rostra.ground.facts import AnyFact, Event, EventChanged, Phase, ProgrammeMixed, Role
from rostra.ground.signing import Invitation, sign_invitation
from rostra.stage.signalling_io import make_app
from rostra.stage.stage_io import Stage

pytestmark = pytest.mark.live

KEY = b"k" * 32
EVENT = "k3v9x2mq"


class Tone(MediaStreamTrack):
    """A microphone that hears one sine."""

    kind = "audio"

    def __init__(self, hertz: float) -> None:
        super().__init__()
        self._hertz = hertz
        self._start = time.monotonic()
        self._frames = 0

    async def recv(self) -> av.AudioFrame:
        await asyncio.sleep(max(0, self._start + self._frames * 0.02 - time.monotonic()))
        at = (self._frames * 960 + np.arange(960)) / 48000
        pcm = (8000 * np.sin(2 * np.pi * self._hertz * at)).astype(np.int16)
        frame = av.AudioFrame.from_ndarray(pcm[None, :], format="s16", layout="mono")
        frame.sample_rate, frame.pts, frame.time_base = (
            48000,
            self._frames * 960,
            Fraction(1, 48000),
        )
        self._frames += 1
        return frame


class Client:
    """A speaker: joins by WHIP, keeps what it hears."""

    def __init__(self, http: httpx.AsyncClient, token: str, name: str, secret: str) -> None:
        self._http = http
        self._headers = {
            "Authorization": f"Bearer {token}",
            "Rostra-Name": name,
            "Rostra-Seat": secret,
        }
        self.pc = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        self.heard: list[NDArray[np.int16]] = []
        self.location = ""
        self._listening: asyncio.Task[None] | None = None

    async def join(self, hertz: float, direction: str = "sendrecv") -> None:
        self.pc.addTransceiver(Tone(hertz), direction=direction)
        self.pc.on("track", self._listen)
        await self.pc.setLocalDescription(await self.pc.createOffer())
        answer = await self._http.post(
            f"/whip/{EVENT}",
            content=self.pc.localDescription.sdp,
            headers={**self._headers, "Content-Type": "application/sdp"},
        )
        assert answer.status_code == 201, answer.text
        self.location = answer.headers["location"]
        await self.pc.setRemoteDescription(RTCSessionDescription(answer.text, "answer"))
        async with asyncio.timeout(20):
            while self.pc.connectionState != "connected":
                await asyncio.sleep(0.05)

    def _listen(self, track: MediaStreamTrack) -> None:
        async def keep() -> None:
            with contextlib.suppress(Exception):
                while True:
                    frame = await track.recv()
                    assert isinstance(frame, av.AudioFrame)
                    self.heard.append(frame.to_ndarray().reshape(-1, 2)[:, 0].astype(np.int16))

        self._listening = asyncio.ensure_future(keep())

    async def leave(self) -> None:
        await self._http.delete(self.location, headers=self._headers)
        await self.close()

    async def status(self) -> dict[str, object]:
        session = self.location.rsplit("/", 1)[-1]
        headers = {**self._headers, "Rostra-Session": session}
        answer = await self._http.get(f"/api/stage/{EVENT}", headers=headers)
        body: dict[str, object] = answer.json()
        return body

    async def close(self) -> None:
        await self.pc.close()
        if self._listening is not None:
            self._listening.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._listening


def power_at(pcm: NDArray[np.int16], hertz: float) -> float:
    """Share of the sound's power within 20 Hz of `hertz`."""
    spectrum = np.abs(np.fft.rfft(pcm * np.hanning(len(pcm)))) ** 2
    at = np.fft.rfftfreq(len(pcm), 1 / 48000)
    return float(spectrum[abs(at - hertz) < 20].sum() / spectrum.sum())


class Running:
    def __init__(self, stage: Stage, facts: list[AnyFact], http: httpx.AsyncClient) -> None:
        self.stage = stage
        self.facts = facts
        self.http = http
        self.clients: list[Client] = []

    def client(self, name: str, secret: str, role: Role = Role.SPEAKER) -> Client:
        invitation = Invitation(event_id=EVENT, role=role, expires_s=int(time.time()) + 3600)
        client = Client(self.http, sign_invitation(invitation, KEY), name, secret)
        self.clients.append(client)
        return client


@pytest.fixture
async def running(tmp_path: Path) -> AsyncIterator[Running]:
    facts: list[AnyFact] = []
    stage = Stage(KEY, tmp_path, facts.append)
    stage.handle(EventChanged(event=Event(event_id=EVENT, title="T", start_ms=0)))
    transport = httpx.ASGITransport(app=make_app(stage, None, "http://localhost"))
    ticking = asyncio.ensure_future(stage.run())
    async with httpx.AsyncClient(transport=transport, base_url="http://stage") as http:
        running = Running(stage, facts, http)
        yield running
        await asyncio.gather(*(client.close() for client in running.clients))
    await stage.close()
    await ticking


async def test_two_speakers_hear_each_other_and_not_themselves(running: Running) -> None:
    ada, grace = running.client("Ada", "a" * 20), running.client("Grace", "g" * 20)
    await ada.join(440)
    await grace.join(1000)
    await asyncio.sleep(2)
    ada.heard.clear()
    grace.heard.clear()
    await asyncio.sleep(2)
    for client, other, own in ((ada, 1000, 440), (grace, 440, 1000)):
        sound = np.concatenate(client.heard)
        assert len(sound) > 48000
        assert power_at(sound, other) > 0.9
        assert power_at(sound, own) < 0.001


async def test_the_programme_of_a_live_event_holds_all_speakers(running: Running) -> None:
    ada, grace = running.client("Ada", "a" * 20), running.client("Grace", "g" * 20)
    await ada.join(440)
    await grace.join(1000, direction="sendonly")  # a plain WHIP publisher
    await asyncio.sleep(1)
    live = Event(
        event_id=EVENT, title="T", start_ms=0, phase=Phase.LIVE, live_at_ms=time.time_ns() // 10**6
    )
    running.stage.handle(EventChanged(event=live))
    await asyncio.sleep(2)
    mixed = [fact for fact in running.facts if isinstance(fact, ProgrammeMixed)]
    steps = {b.sample_index - a.sample_index for a, b in itertools.pairwise(mixed)}
    assert steps == {960}
    assert mixed[0].sample_index < 48000
    sound = np.frombuffer(b"".join(fact.pcm for fact in mixed[10:]), "<i2")
    assert power_at(sound, 440) > 0.2
    assert power_at(sound, 1000) > 0.2


async def test_leaving_and_coming_back_keeps_the_seat(running: Running) -> None:
    ada, grace = running.client("Ada", "a" * 20), running.client("Grace", "g" * 20)
    await ada.join(440)
    await grace.join(1000)
    before = {s["name"]: s["id"] for s in (await ada.status())["seats"]}  # type: ignore[attr-defined]
    await grace.leave()
    seats = (await ada.status())["seats"]
    assert [s["connected"] for s in seats] == [True, False]  # type: ignore[attr-defined]
    again = running.client("Grace", "g" * 20)
    await again.join(1000)
    after = {s["name"]: s["id"] for s in (await again.status())["seats"]}  # type: ignore[attr-defined]
    assert after == before
    assert (await again.status())["session"] == "known"
    assert (await grace.status())["session"] == "gone"


async def test_a_speaker_who_vanishes_leaves_an_empty_seat_and_no_thread(running: Running) -> None:
    threads = {t.name for t in threading.enumerate()}
    ada = running.client("Ada", "a" * 20)
    await ada.join(440)
    await asyncio.sleep(0.5)
    stage_threads = [t.name for t in threading.enumerate() if t.name not in threads]
    await ada.close()  # DTLS close reaches the stage
    async with asyncio.timeout(20):
        while (await ada.status())["session"] != "gone":
            await asyncio.sleep(0.05)
    seats = (await ada.status())["seats"]
    assert [s["connected"] for s in seats] == [False]  # type: ignore[attr-defined]
    # One decoder thread at most, the client's own: the stage let its one go.
    assert sum("audio-decoder" in name for name in stage_threads) <= 1
