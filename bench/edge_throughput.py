"""Our edge beside nginx: requests per server CPU-second, one core each, wrk as the client.

Ours does all that a real request passes through: it wants a pass (a cookie), counts its budget down
and tallies. nginx gets the same cookie and looks at nothing. Both serve the same bytes from memory
(nginx from tmpfs with sendfile, open_file_cache and no access log) to requests with the header
fields a browser sends. The server is pinned to the first core and wrk to the last; runs are
interleaved, medians taken. Per CPU-second, because wrk saturates first.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import uvloop

from rostra.admission.passes import Pass, sign_pass
from rostra.delivery.edge_io import Edge
from rostra.delivery.shares import Share
from rostra.ground.facts import (
    DoorMoved,
    DoorSet,
    Event,
    EventChanged,
    MediaSealed,
    Phase,
    PlaylistRendered,
    ShieldSet,
)
from rostra.ground.keys import KeyRing
from rostra.shield.paths_io import Paths

SEGMENT, PLAYLIST = "/e/bench/media/aac/s4/1.m4s", "/e/bench/live/3/aac.m3u8"
RING = KeyRing((b"bench" * 6 + b"!!",))
TICKET_ID = "A" * 22
BODIES = {SEGMENT: 16 * 1024, PLAYLIST: 1024}
BROWSER = {
    "Host": "listen.example.org",
    "Connection": "keep-alive",
    "sec-ch-ua": '"Chromium";v="142", "Google Chrome";v="142", "Not_A Brand";v="99"',
    "sec-ch-ua-mobile": "?0",
    "sec-ch-ua-platform": '"Linux"',
    "User-Agent": "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/142.0.0.0 Safari/537.36",
    "CMCD-Session": 'sid="6e2fb550-c457-11e9-bb97-0800200c9a66"',
    "Accept": "*/*",
    "Sec-Fetch-Site": "same-origin",
    "Sec-Fetch-Mode": "cors",
    "Sec-Fetch-Dest": "empty",
    "Referer": "https://listen.example.org/e/bench",
    "Accept-Encoding": "identity;q=1, *;q=0",  # so that both servers send the same bytes
    "Accept-Language": "en-US,en;q=0.9",
}
NGINX = """
worker_processes 1; worker_rlimit_nofile 19000; daemon off; pid {root}/nginx.pid;
error_log {root}/error.log crit;
events {{ worker_connections 18000; multi_accept on; }}
http {{
  access_log off; sendfile on; tcp_nopush on; tcp_nodelay on; keepalive_requests 1000000000;
  open_file_cache max=1000 inactive=600s; open_file_cache_valid 600s;
  types {{ video/mp4 m4s; application/vnd.apple.mpegurl m3u8; }}
  client_body_temp_path {root}/t1; proxy_temp_path {root}/t2; fastcgi_temp_path {root}/t3;
  uwsgi_temp_path {root}/t4; scgi_temp_path {root}/t5;
  server {{
    listen 127.0.0.1:{port} backlog=4096; root {root}/www;
    add_header Cache-Control "public, max-age=31536000, immutable";
    add_header Access-Control-Allow-Origin "*";
  }}
}}
"""


def free_port() -> int:
    """A port nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def children(pid: int) -> list[int]:
    """A process and those it started."""
    path = Path(f"/proc/{pid}/task/{pid}/children")
    return [pid, *(int(child) for child in path.read_text().split())]


def cpu_s(pid: int) -> float:
    """User and system time of a process and its children so far."""
    ticks = 0
    for process in children(pid):
        fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def await_port(port: int) -> None:
    """Until somebody listens there. Raises TimeoutError."""
    until = time.monotonic() + 15
    while time.monotonic() < until:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.05)
    raise TimeoutError(f"nothing listens on port {port}")


@contextlib.contextmanager
def pinned(command: list[str], port: int) -> Iterator[int]:
    """A server on the first core; yields its process id."""
    process = subprocess.Popen(
        ["taskset", "-c", "0", *command], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        await_port(port)
        yield process.pid
    finally:
        process.terminate()
        process.wait(20)


class _Endless(Share):
    """One pass stands for a whole crowd here: it is counted down, and never runs out."""

    __slots__ = ()

    def refill(self, now: float) -> None:
        """Nothing to fill."""


def pass_token() -> str:
    """A pass for all requests of a run, signed as an edge signs it."""
    now_s = int(time.time())
    return sign_pass(
        Pass(
            event_id="bench",
            ticket_id=TICKET_ID,
            session="s" * 11,
            issued_s=now_s,
            expires_s=now_s + 86_400,
        ),
        RING,
    )


async def serve(port: int, admission: str, how: str = "") -> None:
    """The edge under test, with all that `rostra serve` gives it: tallies each second too.

    `how`: "pressed" (it is under attack) or "followed" (it also follows connections).
    """
    folder = Path(tempfile.gettempdir())
    edge = Edge("bench", folder, None, b"bench" * 8, admission=admission, ring=RING)
    crowd = _Endless("bench", b"crowd...", 0.0)
    crowd.left, crowd.connections = float("inf"), -1_000_000

    def of(event_id: str, listener: bytes, now: float) -> Share:
        crowd.event_id = event_id
        return crowd

    edge.desk.door.shares.of = of  # type: ignore[method-assign]
    edge.handle(door_set())
    edge.handle(door_moved({}))
    event = Event(event_id="bench", title="Bench", start_ms=0, phase=Phase.LIVE)
    edge.handle(EventChanged(event=event))
    edge.handle(
        MediaSealed(
            event_id="bench",
            path=SEGMENT.removeprefix("/e/bench/"),
            body=os.urandom(BODIES[SEGMENT]),
            content_type="video/mp4",
            keep_s=3600,
            stored=False,
        )
    )
    edge.handle(
        PlaylistRendered(
            event_id="bench",
            path=PLAYLIST.removeprefix("/e/bench/"),
            msn=1,
            part=-1,
            body=b"#EXTM3U\n".ljust(BODIES[PLAYLIST], b"#"),
            blocking=False,
        )
    )
    if how:
        edge.handle(ShieldSet(at_ms=0, pressure=1))
    if how == "followed":
        edge.watch_path(Paths(folder).changed)
    await edge.serve("127.0.0.1", port)
    while True:
        run = edge.tally(time.monotonic()).doors["bench"].run
        edge.handle(door_moved({"bench": (run, 1 << 40)}))
        await asyncio.sleep(1)


def door_set() -> DoorSet:
    """The doors are open since now."""
    now_s = int(time.time())
    return DoorSet(
        event_id="bench",
        commitment="00" * 32,
        places_until_s=now_s + 86_400,
        secret="00" * 32,
        seed="00" * 32,
        opened_at_s=now_s,
    )


def door_moved(leases: dict[str, tuple[str, int]]) -> DoorMoved:
    """What control repeats each second, or the leases are void."""
    now_ms = int(time.time() * 1000)
    return DoorMoved(
        event_id="bench",
        at_ms=now_ms,
        sequence=1,
        admitted_rank=1 << 52,
        pace=1e6,
        rung=0,
        rung_since_ms=0,
        reason="rung_best",
        full=False,
        waiting=0,
        leases=leases,
    )


def measure(
    pid: int,
    port: int,
    target: str,
    connections: int,
    seconds: int,
    fields: dict[str, str] | None = None,
    method: str = "GET",
) -> tuple[float, float]:
    """Requests per CPU-second of the server, and per second on the clock."""
    sent = BROWSER | (fields or {})
    headers = [part for name, value in sent.items() for part in ("-H", f"{name}: {value}")]
    if method != "GET":
        script = Path(tempfile.gettempdir()) / f"rostra-wrk-{method}.lua"
        script.write_text(f'wrk.method = "{method}"\n')
        headers += ["-s", str(script)]
    before = cpu_s(pid)
    output = subprocess.run(
        ["taskset", "-c", str((os.cpu_count() or 2) - 1), "wrk", "-t1", f"-c{connections}",
         f"-d{seconds}s", *headers, f"http://127.0.0.1:{port}{target}"],
        capture_output=True, text=True, check=True, timeout=seconds + 60,
    ).stdout  # fmt: skip
    used = cpu_s(pid) - before
    found = re.search(r"(\d+) requests in ([\d.]+)s", output)
    if not found or used <= 0 or "Non-2xx" in output:
        raise RuntimeError(f"wrk did not measure {target}: {output}")
    return int(found[1]) / used, int(found[1]) / float(found[2])


def rows(quick: bool) -> list[dict[str, Any]]:
    """Segment and playlist, 200 and 5,000 connections, ours beside nginx."""
    if not (shutil.which("nginx") and shutil.which("wrk")):
        return [{"name": "edge against nginx", "peer": "nginx or wrk is not installed"}]
    runs, seconds = (1, 3) if quick else (3, 8)
    memory = "/dev/shm" if Path("/dev/shm").is_dir() else None
    with tempfile.TemporaryDirectory(dir=memory) as folder:
        root = Path(folder)
        os.chmod(root, 0o755)
        for target, size in BODIES.items():
            path = root / "www" / target[1:]
            path.parent.mkdir(parents=True)
            path.write_bytes(os.urandom(size))
        ours, theirs = free_port(), free_port()
        (root / "nginx.conf").write_text(NGINX.format(root=root, port=theirs))
        nginx = ["nginx", "-e", f"{root}/error.log", "-c", f"{root}/nginx.conf"]
        edge = [sys.executable, "-m", "bench.edge_throughput", str(ours), "passes"]
        cookie = {"Cookie": f"rostra_pass={pass_token()}"}
        found = []
        with pinned(edge, ours) as our_pid, pinned(nginx, theirs) as their_pid:
            for connections in (200, 5000):
                for target, what in ((SEGMENT, "16 KiB segment"), (PLAYLIST, "1 KiB playlist")):
                    us, them = [], []
                    for _ in range(runs):
                        us.append(measure(our_pid, ours, target, connections, seconds, cookie))
                        them.append(
                            measure(their_pid, theirs, target, connections, seconds, cookie)
                        )
                    value = statistics.median(per_cpu_s for per_cpu_s, _ in us)
                    peer = statistics.median(per_cpu_s for per_cpu_s, _ in them)
                    found.append(
                        {
                            "name": f"edge with passes, {what}, {connections:,} connections",
                            "value": round(value),
                            "unit": "requests / server CPU-s",
                            "peer": "nginx static, tmpfs",
                            "peer_value": round(peer),
                            "ratio": round(value / peer, 3),
                            "aim": "ratio ≥ 1.0",
                            "met": value >= peer,
                        }
                    )
    return found


if __name__ == "__main__":
    uvloop.run(serve(int(sys.argv[1]), *sys.argv[2:]))
