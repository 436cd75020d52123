"""Many held playlist requests released by one sealed part: how late is the last listener?

Clients in several processes and from several loopback addresses (a process may open few files) ask
for a part that does not exist yet. Then the edge is told of the playlist that has it. Each client
notes when its answer began to arrive, on the clock that all processes share; so the figures hold
the client's own work too.
"""

from __future__ import annotations

import asyncio
import json
import os
import resource
import select
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import IO, Any, ClassVar, cast

import uvloop

from bench.edge_throughput import BROWSER, await_port, free_port
from rostra.delivery.edge_io import Edge
from rostra.ground.facts import Event, EventChanged, Phase, PlaylistRendered

PATH = "live/0/aac.m3u8"
PER_CLIENT = 2500
_PEER = "bare uvloop protocol that parses nothing"
_COMMAND = [sys.executable, "-m", "bench.edge_release"]


async def serve(port: int, connections: int) -> None:
    """The edge under test; a line on standard input says which part is sealed now."""
    edge = Edge(
        "bench",
        Path(tempfile.gettempdir()),
        None,
        b"bench" * 8,
        max_connections=connections + 100,
        admission="open",
    )
    edge.handle(
        EventChanged(event=Event(event_id="bench", title="Bench", start_ms=0, phase=Phase.LIVE))
    )

    def sealed(part: int) -> None:
        edge.handle(
            PlaylistRendered(
                event_id="bench",
                path=PATH,
                msn=0,
                part=part,
                body=b"#EXTM3U\n".ljust(1500, b"%d" % (part % 10)),
                target_s=30,
                part_target_s=0.5,
            )
        )

    def told() -> None:
        line = sys.stdin.readline()
        if line.startswith("seal"):
            at = time.monotonic()
            sealed(int(line.split()[1]))
            print(at, flush=True)
        elif line:
            print(edge.desk.held, flush=True)

    sealed(0)
    asyncio.get_running_loop().add_reader(sys.stdin.fileno(), told)
    await edge.serve("127.0.0.1", port)
    while True:
        await asyncio.sleep(1)
        edge.tally(time.monotonic())


class _Bare(asyncio.Protocol):
    """The least that could be done: no parsing, no limits, the same bytes to whoever asked."""

    waiting: ClassVar[list[asyncio.Transport]] = []

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        self.waiting.append(self.transport)


async def serve_bare(port: int) -> None:
    """The peer: what the kernel and the loop cost by themselves."""
    loop = asyncio.get_running_loop()
    answer = b"HTTP/1.1 200 OK\r\n".ljust(1900, b"x")
    tasks: list[asyncio.Task[None]] = []

    async def release(waiting: list[asyncio.Transport]) -> None:
        for first in range(0, len(waiting), 500):
            for transport in waiting[first : first + 500]:
                transport.write(answer)
            await asyncio.sleep(0)

    def told() -> None:
        line = sys.stdin.readline()
        if line.startswith("seal"):
            print(time.monotonic(), flush=True)
            waiting, _Bare.waiting = _Bare.waiting, []
            tasks.append(loop.create_task(release(waiting)))
        elif line:
            print(len(_Bare.waiting), flush=True)

    loop.add_reader(sys.stdin.fileno(), told)
    server = await loop.create_server(_Bare, "127.0.0.1", port, backlog=4096)
    await server.serve_forever()


def client(port: int, source: str, connections: int) -> None:
    """Connects, then for each part named on standard input: asks, waits, prints arrival times."""
    sockets = {}
    poll = select.epoll()
    for _ in range(connections):
        connection = socket.create_connection(("127.0.0.1", port), 20, (source, 0))
        connection.setblocking(False)
        sockets[connection.fileno()] = connection
        poll.register(connection.fileno(), select.EPOLLIN | select.EPOLLET)
    print("connected", flush=True)
    fields = "".join(f"{name}: {value}\r\n" for name, value in BROWSER.items())
    for line in sys.stdin:
        target = f"/e/bench/{PATH}?_HLS_msn=0&_HLS_part={int(line)}"
        request = f"GET {target} HTTP/1.1\r\n{fields}\r\n".encode()
        for connection in sockets.values():
            connection.send(request)
        print("asked", flush=True)
        arrived: dict[int, float] = {}
        until = time.monotonic() + 30
        while len(arrived) < connections and time.monotonic() < until:
            for number, _ in poll.poll(1, 512):
                now = time.monotonic()
                data = sockets[number].recv(65536)
                if number not in arrived and data.startswith(b"HTTP/1.1 200"):
                    arrived[number] = now
        print(json.dumps(list(arrived.values())), flush=True)


def _rss_bytes(pid: int) -> int:
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.split("VmRSS:")[1].split()[0]) * 1024


def _start(core: int, *arguments: object) -> subprocess.Popen[str]:
    return subprocess.Popen(
        ["taskset", "-c", str(core), *_COMMAND, *(str(argument) for argument in arguments)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def _say(process: subprocess.Popen[str], line: str) -> None:
    pipe: IO[str] | None = process.stdin
    assert pipe is not None
    pipe.write(line + "\n")
    pipe.flush()


def _hear(process: subprocess.Popen[str]) -> str:
    pipe: IO[str] | None = process.stdout
    assert pipe is not None
    line = pipe.readline()
    if not line:
        raise RuntimeError(f"{process.args!r} ended early")
    return line.strip()


def _until_held(server: subprocess.Popen[str], wanted: int) -> None:
    until = time.monotonic() + 20
    while time.monotonic() < until:
        _say(server, "held")
        if int(_hear(server)) >= wanted:
            return
        time.sleep(0.05)
    raise TimeoutError(f"{wanted} requests are not held")


def _measured(kind: str, held: int, rounds: int) -> tuple[float, float, float]:
    """p50 and p99 in ms, and bytes of RSS a held request, of one server."""
    port, core = free_port(), (os.cpu_count() or 2) - 1
    server = _start(0, kind, port, held)
    clients = []
    try:
        await_port(port)
        time.sleep(0.2)
        empty = _rss_bytes(server.pid)
        for index in range(held // PER_CLIENT):
            clients.append(_start(core, "client", port, f"127.0.0.{2 + index}", PER_CLIENT))
            _hear(clients[-1])
        p50s, p99s, rss = [], [], 0.0
        for part in range(1, rounds + 2):
            for one in clients:
                _say(one, str(part))
            for one in clients:
                _hear(one)
            _until_held(server, held)
            rss = (_rss_bytes(server.pid) - empty) / held
            _say(server, f"seal {part}")
            sealed_at = float(_hear(server))
            late = sorted(at - sealed_at for one in clients for at in json.loads(_hear(one)))
            if len(late) < held:
                raise RuntimeError(f"{held - len(late)} clients got no answer")
            if part > 1:  # the first round fills caches on both sides
                p50s.append(late[len(late) // 2] * 1000)
                p99s.append(late[int(len(late) * 0.99)] * 1000)
    finally:
        for process in (*clients, server):
            process.terminate()
            process.wait(20)
    return statistics.median(p50s), statistics.median(p99s), rss


def rows(quick: bool) -> list[dict[str, Any]]:
    """Lateness after the part is sealed, and memory for each held request."""
    held, rounds = (2500, 2) if quick else (10_000, 7)
    files = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    held = min(held, (files - 500) // PER_CLIENT * PER_CLIENT)
    bare_p50, bare_p99, bare_rss = _measured("bare", held, rounds)
    p50, p99, rss = _measured("serve", held, rounds)
    name = f"{held:,} held requests released by one part"
    return [
        {
            "name": f"{name}, p50",
            "value": round(p50, 1),
            "unit": "ms",
            "peer": _PEER,
            "peer_value": round(bare_p50, 1),
            "ratio": round(p50 / bare_p50, 2),
        },
        {
            "name": f"{name}, p99",
            "value": round(p99, 1),
            "unit": "ms",
            "peer": _PEER,
            "peer_value": round(bare_p99, 1),
            "ratio": round(p99 / bare_p99, 2),
            "aim": "≤ 100",
            "met": p99 <= 100,
        },
        {
            "name": "memory of a held request (RSS; without the kernel's socket memory)",
            "value": round(rss),
            "unit": "bytes",
            "peer": _PEER,
            "peer_value": round(bare_rss),
            "ratio": round(rss / bare_rss, 2),
            "aim": "≤ 4096",
            "met": rss <= 4096,
        },
    ]


if __name__ == "__main__":
    if sys.argv[1] == "serve":
        uvloop.run(serve(int(sys.argv[2]), int(sys.argv[3])))
    elif sys.argv[1] == "bare":
        uvloop.run(serve_bare(int(sys.argv[2])))
    else:
        client(int(sys.argv[2]), sys.argv[3], int(sys.argv[4]))
