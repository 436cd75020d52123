"""CPU of the stage for 2, 5 and 10 speakers, beside Janus AudioBridge with the same clients.

The clients run in processes of their own: Opus over real WebRTC on loopback, everybody speaks and
listens. Measured is the CPU time of the serving process (`/proc/PID/stat`), as a share of one core.
*Conversation* mixes and sends each speaker their mix, as Janus does; *on air* also publishes the
programme and records it with a stem for each speaker, which Janus is not asked for.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

SPEAKERS = (2, 5, 10)
KEY = b"b" * 32
EVENT = "bench000"
ROOM = 1234
_UNUSED = (
    "voicemail recordplay streaming textroom sip nosip videocall videoroom lua duktape echotest "
    "mqtt nanomsg pfunix rabbitmq websockets"
)


def _free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


def _cpu_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@contextlib.contextmanager
def _started(command: list[str], **given: Any) -> Iterator[subprocess.Popen[str]]:
    pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    process = subprocess.Popen(command, text=True, **{**pipes, **given})
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                with contextlib.suppress(BrokenPipeError):
                    pipe.close()


def _until_open(port: int) -> None:
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        with socket.socket() as sock:
            if sock.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    raise OSError(f"nothing listens on port {port}")


@contextlib.contextmanager
def stage(live: bool) -> Iterator[tuple[int, dict[str, Any]]]:
    """Our stage in a process: its pid and where clients go."""
    from rostra.ground.facts import Role
    from rostra.ground.signing import Invitation, sign_invitation

    port = _free_port()
    invitation = Invitation(event_id=EVENT, role=Role.SPEAKER, expires_s=int(time.time()) + 3600)
    url = f"http://127.0.0.1:{port}/whip/{EVENT}"
    target = {"kind": "whip", "url": url, "token": sign_invitation(invitation, KEY)}
    with tempfile.TemporaryDirectory() as data:
        me = [sys.executable, "-m", "bench.stage_cpu", str(port), data, "live" if live else ""]
        with _started(me) as process:
            _until_open(port)
            yield process.pid, target


@contextlib.contextmanager
def janus() -> Iterator[tuple[int, dict[str, Any]]]:
    """Janus with its AudioBridge and a room at 48 kHz."""
    port = _free_port()
    with tempfile.TemporaryDirectory() as folder:
        unused = ",".join(f"libjanus_{name}.so" for name in _UNUSED.split())
        configs = {
            "janus.jcfg": "general: { debug_level = 1 }\n"
            'media: { rtp_port_range = "42000-43000" }\n'
            f'plugins: {{ disable = "{unused}" }}\ntransports: {{ disable = "{unused}" }}\n',
            "janus.transport.http.jcfg": 'general: { json = "compact"\n base_path = "/janus"\n '
            f'http = true\n port = {port}\n ip = "127.0.0.1"\n https = false }}\n'
            "admin: { admin_http = false }\n",
            "janus.plugin.audiobridge.jcfg": f'room-{ROOM}: {{ description = "bench"\n '
            "sampling_rate = 48000\n record = false }\n",
        }
        for name, text in configs.items():
            (Path(folder) / name).write_text(text)
        command = [shutil.which("janus") or "janus", "-F", folder, "-o"]
        with _started(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
            _until_open(port)
            url = f"http://127.0.0.1:{port}/janus"
            yield process.pid, {"kind": "janus", "url": url, "room": ROOM}


def _share(pid: int, target: dict[str, Any], speakers: int, seconds: float) -> float:
    """CPU share of `pid` while that many talk. Raises OSError if they did not hear each other."""
    command = [sys.executable, "-m", "bench._stage_clients", json.dumps(target), str(speakers)]
    with _started(command) as clients:
        assert clients.stdin is not None and clients.stdout is not None

        def heard() -> list[int]:
            assert clients.stdin is not None and clients.stdout is not None
            clients.stdin.write("heard\n")
            clients.stdin.flush()
            counts: list[int] = json.loads(clients.stdout.readline() or "[]")
            return counts

        if clients.stdout.readline().strip() != "connected":
            raise OSError("the clients did not connect")
        time.sleep(3)
        before, cpu, start = heard(), _cpu_s(pid), time.monotonic()
        time.sleep(seconds)
        spent, lasted, after = _cpu_s(pid) - cpu, time.monotonic() - start, heard()
        # A server that is spared work because its clients starve has not been measured.
        least = min(b - a for a, b in zip(before, after, strict=True))
        if least < 0.9 * lasted * 50:
            raise OSError(f"a client heard {least} packets in {lasted:.0f} s")
        return 100 * spent / lasted


def _measured(server: Any, speakers: int, seconds: float) -> tuple[float | None, str]:
    try:
        with server as (pid, target):
            return _share(pid, target, speakers, seconds), ""
    except (OSError, ValueError) as error:
        return None, str(error)


def rows(quick: bool) -> list[dict[str, Any]]:
    """Share of a core, all speaking, with and without being on air."""
    found = []
    for speakers in SPEAKERS[:2] if quick else SPEAKERS:
        seconds = 5.0 if quick else 15.0
        peer, trouble = (
            _measured(janus(), speakers, seconds)
            if shutil.which("janus")
            else (None, "not installed")
        )
        for name, live in (("conversation", False), ("on air", True)):
            value, ours = _measured(stage(live), speakers, seconds)
            beside = peer is not None and not live
            missing = f" (not measured: {ours})" if ours else ""
            without = f"Janus not measured: {trouble}" if trouble and not live else ""
            found.append(
                {
                    "name": f"stage CPU, {speakers} speakers, {name}{missing}",
                    "value": None if value is None else round(value, 1),
                    "unit": "% of a core",
                    "peer": "Janus AudioBridge" if beside else without,
                    "peer_value": round(peer, 1) if beside and peer is not None else None,
                    "ratio": round(value / peer, 2) if beside and value and peer else None,
                    "aim": "",
                    "met": None,
                }
            )
    return found


async def _serve(port: int, data: Path, live: bool) -> None:
    from uvicorn import Config, Server

    from rostra.ground.facts import Event, EventChanged, Phase
    from rostra.stage.signalling_io import make_app
    from rostra.stage.stage_io import Stage

    on_stage = Stage(KEY, data, lambda _fact: None)
    now_ms = time.time_ns() // 10**6
    event = Event(
        event_id=EVENT,
        title="bench",
        start_ms=now_ms,
        phase=Phase.LIVE if live else Phase.DOORS_OPEN,
        live_at_ms=now_ms if live else None,
    )
    on_stage.handle(EventChanged(event=event))
    app = make_app(on_stage, None, "http://localhost")
    config = Config(app, host="127.0.0.1", port=port, log_level="error", access_log=False)
    ticking = asyncio.ensure_future(on_stage.run())
    await Server(config).serve()
    await on_stage.close()
    await ticking


if __name__ == "__main__":
    import uvloop

    uvloop.run(_serve(int(sys.argv[1]), Path(sys.argv[2]), sys.argv[3] == "live"))
