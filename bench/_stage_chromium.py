"""A real Chromium speaks to the stage across two network namespaces and a lossy userspace link.

The kernel's own emulator (netem) is not everywhere; a process that holds a TUN device in each
namespace carries the packets instead, with seeded loss and jitter in both directions. Needs root.
Delay: from the fastest packets' transit, which is the link's 20 ms and 20 ms of framing; what the
browser's microphone path adds before that cannot be seen from here and is left out. A run in which
the link process itself was late is void, for both receivers alike.
"""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import fcntl
import heapq
import json
import os
import random
import select
import shutil
import struct
import subprocess
import sys
import tempfile
import time
from collections import deque
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

BASE_S, JITTER_S, FRAMING_S = 0.020, 0.040, 0.020
STAGE_IP, BROWSER_IP, PORT = "10.201.7.1", "10.201.7.2", 8090
WARM_UP_S = 4.0
MOST_LINK_LAG_MS = 20.0  # beyond it the run shows the machine, not the receiver
ATTEMPTS = 2
_CLONE_NEWNET = 0x40000000
_TUNSETIFF = 0x400454CA
_IFF_TUN_NO_PI = 0x1001

PAGE = """<!doctype html><script>
(async () => {
  const media = await navigator.mediaDevices.getUserMedia({audio: {echoCancellation: false,
    noiseSuppression: false, autoGainControl: false}});
  const pc = new RTCPeerConnection();
  pc.addTransceiver(media.getAudioTracks()[0], {direction: "sendonly"});
  await pc.setLocalDescription(await pc.createOffer());
  await new Promise(done => { pc.onicegatheringstatechange = () =>
    pc.iceGatheringState === "complete" && done(); setTimeout(done, 2000); });
  const answer = await fetch("/whip", {method: "POST", body: pc.localDescription.sdp});
  await pc.setRemoteDescription({type: "answer", sdp: await answer.text()});
})();
</script>"""


# --- the link -------------------------------------------------------------------------------------


def _tun(namespace: str, name: str) -> int:
    libc = ctypes.CDLL(None, use_errno=True)
    with open(f"/var/run/netns/{namespace}") as space:
        if libc.setns(space.fileno(), _CLONE_NEWNET) != 0:
            raise OSError(ctypes.get_errno(), "setns")
    tun = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    fcntl.ioctl(tun, _TUNSETIFF, struct.pack("16sH22x", name.encode(), _IFF_TUN_NO_PI))
    return tun


def link(namespaces: list[str], loss: float, seed: int) -> None:
    """Carry packets between the two until the parent ends. TCP, the signalling, is not harmed."""
    ends = [_tun(namespace, "link") for namespace in namespaces]
    for namespace, address in zip(namespaces, (STAGE_IP, BROWSER_IP), strict=True):
        command = ["ip", "-n", namespace]
        subprocess.run([*command, "addr", "add", f"{address}/24", "dev", "link"], check=True)
        subprocess.run([*command, "link", "set", "dev", "link", "up"], check=True)
    print("up", flush=True)
    chance, number, parent = random.Random(seed), 0, os.getppid()
    waiting: list[tuple[float, int, int, bytes]] = []
    lag = 0.0
    while os.getppid() == parent:
        timeout = max(0.0, waiting[0][0] - time.monotonic()) if waiting else 0.5
        ready, _, _ = select.select(ends, [], [], timeout)
        now = time.monotonic()
        for end in ready:
            with contextlib.suppress(BlockingIOError):
                while packet := os.read(end, 2048):
                    udp = packet[0] >> 4 == 4 and packet[9] == 17
                    lost, jitter = chance.random() < loss, chance.random() * JITTER_S
                    if udp and lost:
                        continue
                    number += 1
                    other = ends[1 - ends.index(end)]
                    due = now + BASE_S + (jitter if udp else 0.0)
                    heapq.heappush(waiting, (due, number, other, packet))
        while waiting and waiting[0][0] <= time.monotonic():
            if (late := time.monotonic() - waiting[0][0]) > lag:
                lag = late
                print(f"lag {lag}", flush=True)
            with contextlib.suppress(OSError):
                os.write(waiting[0][2], waiting[0][3])
            heapq.heappop(waiting)


# --- the two receivers ----------------------------------------------------------------------------


async def _serve(kind: str, seconds: float) -> None:
    from starlette.applications import Starlette
    from starlette.requests import Request
    from starlette.responses import HTMLResponse, Response
    from starlette.routing import Route
    from uvicorn import Config, Server

    hearing = _Ours() if kind == "ours" else _Aiortc()

    async def page(_: Request) -> Response:
        return HTMLResponse(PAGE)

    async def whip(request: Request) -> Response:
        offer = (await request.body()).decode()
        return Response(await hearing.answer(offer), 201, media_type="application/sdp")

    app = Starlette(routes=[Route("/", page), Route("/whip", whip, methods=["POST"])])
    server = Server(Config(app, host=STAGE_IP, port=PORT, log_level="error"))
    serving = asyncio.ensure_future(server.serve())
    deadline = time.monotonic() + 30
    while hearing.first is None and time.monotonic() < deadline:  # noqa: ASYNC110
        await asyncio.sleep(0.05)
    if hearing.first is None:
        raise SystemExit("Chromium sent no sound within 30 s")
    start, number = time.monotonic(), 0
    while number * 0.02 < seconds + WARM_UP_S:
        await asyncio.sleep(max(0.0, start + number * 0.02 - time.monotonic()))
        due = start + number * 0.02
        if number * 0.02 >= WARM_UP_S:
            hearing.tick_lag = max(hearing.tick_lag, time.monotonic() - due)
        hearing.tick(due, number * 0.02 >= WARM_UP_S)
        number += 1
    fastest = hearing.fastest
    print(
        json.dumps(
            {
                "own": hearing.own,
                "delays": [
                    at - timestamp / 48000 - fastest + BASE_S + FRAMING_S
                    for at, timestamp in hearing.played
                ],
                "received": hearing.received,
                "tick_lag_ms": round(1000 * hearing.tick_lag, 1),
                "longest_outage_ms": round(1000 * hearing.outage),
            }
        ),
        flush=True,
    )
    server.should_exit = True
    await asyncio.wait_for(serving, 5)


class _Hearing:
    def __init__(self) -> None:
        self.first: float | None = None
        self.fastest = float("inf")
        self.own: list[bool] = []
        self.played: list[tuple[float, int]] = []
        self.received = 0
        self.tick_lag = 0.0
        self.outage = 0.0  # longest time between two arrivals
        self._newest = 0.0

    def arrived(self, timestamp: int, now: float) -> None:
        if self._newest:
            self.outage = max(self.outage, now - self._newest)
        self._newest = now
        self.first = self.first or now
        self.received += 1
        self.fastest = min(self.fastest, now - timestamp / 48000)


class _Ours(_Hearing):
    def __init__(self) -> None:
        from rostra.stage.peers_io import Peer
        from rostra.stage.playout_io import Playout

        super().__init__()
        self.playout = Playout()
        self.peer = Peer(self.hear, lambda: None)

    async def answer(self, offer: str) -> str:
        answer = await self.peer.answer(offer)
        if not isinstance(answer, str):
            raise SystemExit(answer.code)
        return answer

    def hear(self, packet: Any, now: float) -> None:
        self.arrived(packet.timestamp, now)
        self.playout.add(packet, now)

    def tick(self, now: float, count: bool) -> None:
        before = self.playout.buffer.counts.concealed
        frame = self.playout.frame(now)
        own = frame is not None and self.playout.buffer.counts.concealed == before
        if count:
            self.own.append(own)
            if own:
                self.played.append((now, self.playout.position))


class _Aiortc(_Hearing):
    """aiortc as it is: its buffer, its decoder thread, its track read once a tick."""

    def __init__(self) -> None:
        from aiortc import RTCConfiguration, RTCPeerConnection

        super().__init__()
        self.pc = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        self.frames: deque[int] = deque()
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
            self.arrived(packet.timestamp, time.monotonic())
            flag, frame = add(packet)
            if frame is not None and self.origin is None:
                self.origin = frame.timestamp  # its frames count from the first one it gave
            return flag, frame

        buffer.add = added
        self._reading = asyncio.ensure_future(self._read(track))

    async def _read(self, track: Any) -> None:
        while True:
            frame = await track.recv()
            self.frames.append(frame.pts + (self.origin or 0))

    def tick(self, now: float, count: bool) -> None:
        timestamp = self.frames.popleft() if self.frames else None
        if count:
            self.own.append(timestamp is not None)
            if timestamp is not None:
                self.played.append((now, timestamp))


# --- one run --------------------------------------------------------------------------------------


@contextlib.contextmanager
def _namespaces() -> Iterator[list[str]]:
    names = [f"rostra-{os.getpid()}-{side}" for side in ("stage", "browser")]
    try:
        for name in names:
            subprocess.run(["ip", "netns", "add", name], check=True, capture_output=True)
            command = ["ip", "-n", name, "link", "set", "lo", "up"]
            subprocess.run(command, check=True, capture_output=True)
        yield names
    finally:
        for name in names:
            subprocess.run(["ip", "netns", "del", name], check=False, capture_output=True)


def _end(process: subprocess.Popen[str]) -> None:
    process.terminate()
    try:
        process.wait(5)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    if process.stdout is not None:
        process.stdout.close()


def run(kind: str, loss: float, seconds: float, seed: int) -> dict[str, Any]:
    """One Chromium for `seconds`. Raises OSError or CalledProcessError where that cannot be."""
    from bench._stage_speech import speech
    from rostra.stage.mixer import to_pcm16
    from rostra.stage.recorder import wav_header

    me = [sys.executable, "-m", "bench._stage_chromium"]
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        pcm = to_pcm16(speech()).tobytes()
        (folder / "speech.wav").write_bytes(wav_header(len(pcm) // 2) + pcm)
        names = stack.enter_context(_namespaces())

        def start(command: list[str], **given: Any) -> subprocess.Popen[str]:
            process = subprocess.Popen(
                command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **given
            )
            stack.callback(_end, process)
            return process

        carrying = start([*me, "link", *names, str(loss), str(seed)])
        assert carrying.stdout is not None
        if carrying.stdout.readline().strip() != "up":
            assert carrying.stderr is not None
            raise OSError(carrying.stderr.read().strip().splitlines()[-1])
        inside = ["ip", "netns", "exec"]
        serving = start([*inside, names[0], *me, "serve", kind, str(seconds)])
        time.sleep(2.5)
        page = f"http://{STAGE_IP}:{PORT}/"
        chromium = shutil.which("chromium") or "chromium"
        start(
            [
                *inside, names[1], chromium, "--headless=new", "--no-sandbox", "--disable-gpu",
                "--no-first-run", "--disable-background-networking",
                f"--user-data-dir={folder / 'profile'}",
                f"--unsafely-treat-insecure-origin-as-secure={page}",
                "--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream",
                f"--use-file-for-fake-audio-capture={folder / 'speech.wav'}", page,
            ]
        )  # fmt: skip
        out, error = serving.communicate(timeout=seconds + WARM_UP_S + 60)
        if serving.returncode != 0 or not out.strip():
            raise OSError((error.strip().splitlines() or ["the receiver ended"])[-1])
        result: dict[str, Any] = json.loads(out.strip().splitlines()[-1])
        carrying.terminate()
        lags = [line.split()[1] for line in carrying.stdout if line.startswith("lag ")]
        result["link_lag_ms"] = round(1000 * float(lags[-1]), 1) if lags else 0.0
        return result


Table = Callable[[str, dict[str, float], str, dict[str, float] | None], list[dict[str, Any]]]


def rows(
    loss: float, seconds: float, table: Table, summary: Callable[[Any], dict[str, float]]
) -> list[dict[str, Any]]:
    """Rows of one loss, ours beside aiortc's; one honest row where it cannot be measured."""
    prefix = f"Chromium, loss {loss:.0%}"
    try:
        if os.geteuid() != 0:
            raise PermissionError("needs root")
        measured = summary(_valid("ours", loss, seconds))
        theirs = summary(_valid("aiortc", loss, seconds))
    except (OSError, subprocess.SubprocessError) as error:
        return [
            {
                "name": f"{prefix}: not measured ({error})", "value": None, "unit": "", "peer": "",
                "peer_value": None, "ratio": None, "aim": "", "met": None,
            }
        ]  # fmt: skip
    return table(prefix, measured, "aiortc as it is", theirs)


def _valid(kind: str, loss: float, seconds: float) -> dict[str, Any]:
    """A run in which the link itself kept time; what was heard plays no part in the choice."""
    lags = []
    for attempt in range(ATTEMPTS):
        result = run(kind, loss, seconds, 401 + attempt)
        if result["link_lag_ms"] <= MOST_LINK_LAG_MS:
            return result
        lags.append(f"{result['link_lag_ms']:.0f}")
    raise OSError(f"the emulating link itself lagged by {', '.join(lags)} ms: machine too busy")


if __name__ == "__main__":
    if sys.argv[1] == "link":
        link(sys.argv[2:4], float(sys.argv[4]), int(sys.argv[5]))
    else:
        asyncio.run(_serve(sys.argv[2], float(sys.argv[3])))
