"""One who speaks on the stage during a rehearsal: a real WHIP peer (RFC 9725) over aiortc.

The sound is made and encoded once, then sent round and round, so that speaking costs next to
nothing while a crowd is driven from the same machine.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import secrets
import time
from collections.abc import AsyncIterator
from fractions import Fraction
from functools import cache
from typing import Any
from urllib.parse import urlsplit

import av
import httpx
from aiortc import MediaStreamTrack, RTCConfiguration, RTCPeerConnection, RTCSessionDescription

from rostra.ground.facts import FRAME_SAMPLES, SAMPLE_RATE
from rostra.rehearsal.trouble import RehearsalTrouble
from rostra.rehearsal.voice import speech

log = logging.getLogger(__name__)

CONNECT_S = 20.0
JOIN_S = 8.0  # one attempt
ASK_EACH_S = 0.4
TRY_EACH_S = 0.25
SELDOM_AFTER_S, SELDOM_S = 10.0, 2.0  # a stage that has been away for longer is asked less often
SOUND_S = 20.0
BIT_RATE = 48_000
NAME = "Rehearsal"
_FRAME_S = FRAME_SAMPLES / SAMPLE_RATE
_LOOPBACK = ("127.0.0.1", "localhost", "::1")


@cache
def packets(seed: int) -> tuple[bytes, ...]:
    """Twenty seconds of speech as Opus packets of 20 ms."""
    encoder: Any = av.CodecContext.create("libopus", "w")
    encoder.sample_rate, encoder.layout, encoder.format = SAMPLE_RATE, "mono", "flt"
    encoder.bit_rate = BIT_RATE
    encoder.options = {"application": "voip", "frame_duration": "20", "compression_level": "5"}
    made: list[bytes] = []
    frames = speech(SOUND_S, seed).reshape(-1, FRAME_SAMPLES)
    for number, pcm in enumerate(frames):
        frame = av.AudioFrame.from_ndarray(pcm[None, :], format="flt", layout="mono")
        frame.sample_rate, frame.pts = SAMPLE_RATE, number * FRAME_SAMPLES
        made += [bytes(packet) for packet in encoder.encode(frame)]
    return tuple(made)


class _Sound(MediaStreamTrack):
    """The packets, one each 20 ms, over and over."""

    kind = "audio"

    def __init__(self, payloads: tuple[bytes, ...]) -> None:
        super().__init__()
        self._payloads = payloads
        self._start = time.monotonic()
        self._number = 0

    async def recv(self) -> Any:
        await asyncio.sleep(self._start + self._number * _FRAME_S - time.monotonic())
        packet = av.Packet(self._payloads[self._number % len(self._payloads)])
        packet.pts, packet.time_base = self._number * FRAME_SAMPLES, Fraction(1, SAMPLE_RATE)
        self._number += 1
        return packet


class Voice:
    """Speaks from `speaking` on, and again whenever the stage forgot about it."""

    def __init__(
        self, http: httpx.AsyncClient, event_id: str, token: str, payloads: tuple[bytes, ...]
    ) -> None:
        self._http = http
        self._event_id = event_id
        self._headers = {
            "Authorization": f"Bearer {token}",
            "Rostra-Name": NAME,
            "Rostra-Seat": secrets.token_urlsafe(24),
        }
        self._payloads = payloads
        self._peer: RTCPeerConnection | None = None
        self._location = ""
        self._gone: list[tuple[float, float]] = []  # monotonic times without a voice
        self._gone_at: float | None = None
        self.connections = 0

    @property
    def on_stage(self) -> bool:
        """Whether its sound reaches the stage, as far as is known."""
        return self._peer is not None and self._gone_at is None

    def gone_s(self, begin: float, end: float) -> float:
        """For how long of that time (monotonic clock) no voice reached the stage."""
        spans = list(self._gone)
        if self._gone_at is not None:
            spans.append((self._gone_at, end))
        return sum(max(0.0, min(end, to) - max(begin, since)) for since, to in spans)

    async def join(self) -> None:
        """Go on stage, once. RehearsalTrouble where the stage refuses or no sound gets through."""
        peer = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        try:
            peer.addTransceiver(_Sound(self._payloads), direction="sendonly")
            await peer.setLocalDescription(await peer.createOffer())
            answer = await self._http.post(
                f"/whip/{self._event_id}",
                content=peer.localDescription.sdp,
                headers={**self._headers, "Content-Type": "application/sdp"},
            )
            if answer.status_code != 201:
                raise _refused(answer)
            await peer.setRemoteDescription(RTCSessionDescription(answer.text, "answer"))
            async with asyncio.timeout(JOIN_S):
                while peer.connectionState != "connected":
                    if peer.connectionState in ("failed", "closed"):
                        raise TimeoutError
                    await asyncio.sleep(0.02)
        except httpx.HTTPError as error:
            await peer.close()
            raise RehearsalTrouble(
                "stage_silent", f"The stage does not answer the voice: {error!r}."
            ) from error
        except TimeoutError as error:
            await peer.close()
            raise RehearsalTrouble(
                "voice_unheard",
                "The stage answered, but no sound gets through to it: its UDP ports are not "
                "reachable from here (stage.public_ip, or a firewall).",
            ) from error
        except BaseException:
            await peer.close()
            raise
        self._peer, self._location = peer, answer.headers["location"]
        self.connections += 1

    async def join_within(self, seconds: float) -> None:
        """`join` until it succeeds; the last trouble where it does not."""
        end = time.monotonic() + seconds
        while True:
            try:
                return await self.join()
            except RehearsalTrouble:
                if time.monotonic() + TRY_EACH_S > end:
                    raise
            await asyncio.sleep(TRY_EACH_S)

    async def stay(self) -> None:
        """Watch over the seat; come back as often as it is lost. Ends by being cancelled."""
        while True:
            heard = time.monotonic()
            while await self._known():
                heard = time.monotonic()
                await asyncio.sleep(ASK_EACH_S)
            self._gone_at = heard
            log.info("the voice of the rehearsal lost its seat and comes back")
            await self._close()
            while True:
                with contextlib.suppress(RehearsalTrouble):
                    await self.join()
                    break
                long = time.monotonic() - heard > SELDOM_AFTER_S
                await asyncio.sleep(SELDOM_S if long else TRY_EACH_S)
            self._gone.append((self._gone_at, time.monotonic()))
            self._gone_at = None

    async def _known(self) -> bool:
        """Whether the stage still has this seat; slowness is no answer, a closed port is one."""
        if self._peer is None or self._peer.connectionState != "connected":
            return False
        session = self._location.rsplit("/", 1)[-1]
        try:
            answer = await self._http.get(
                f"/api/stage/{self._event_id}",
                headers={**self._headers, "Rostra-Session": session},
            )
            return not answer.is_success or bool(answer.json()["session"] != "gone")
        except httpx.TimeoutException:
            return True
        except (httpx.HTTPError, ValueError, KeyError):
            return False

    async def _close(self) -> None:
        peer, self._peer = self._peer, None
        if peer is not None:
            await peer.close()

    async def leave(self) -> None:
        """Say goodbye, as far as there is somebody to hear it."""
        if self._peer is not None:
            with contextlib.suppress(httpx.HTTPError):
                await self._http.delete(self._location, headers=self._headers)
        await self._close()


def _refused(answer: httpx.Response) -> RehearsalTrouble:
    try:
        error = answer.json()["error"]
        code, message = str(error["code"]), str(error["message"])
    except (ValueError, KeyError, TypeError):
        code, message = f"http_{answer.status_code}", "it gave no reason"
    return RehearsalTrouble("voice_refused", f"The stage refuses the voice ({code}): {message}")


@contextlib.asynccontextmanager
async def speaking(speaker_link: str, seed: int = 1) -> AsyncIterator[Voice]:
    """A voice on the stage of `http://…/s/ID#TOKEN`; it is heard when this begins.

    Raises RehearsalTrouble if it is not within twenty seconds.
    """
    link = urlsplit(speaker_link)
    event_id = link.path.removeprefix("/s/")
    if link.scheme not in ("http", "https") or event_id in ("", link.path) or not link.fragment:
        raise RehearsalTrouble("bad_speaker_link", "That is no link for a speaker.")
    payloads = await asyncio.to_thread(packets, seed)
    async with httpx.AsyncClient(
        base_url=f"{link.scheme}://{link.netloc}",
        timeout=5.0,
        # A certificate names the public host; a call to this machine needs none.
        verify=link.hostname not in _LOOPBACK,
        trust_env=False,
    ) as http:
        voice = Voice(http, event_id, link.fragment, payloads)
        await voice.join_within(CONNECT_S)
        staying = asyncio.ensure_future(voice.stay())
        try:
            yield voice
        finally:
            staying.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await staying
            await voice.leave()
