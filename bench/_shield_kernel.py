"""The scene of the kernel's benchmark, in a network namespace of its own: `python -m … SECONDS`.

An edge on the first core answers wrk; a flood of connections from another address comes beside it,
first let in, then dropped by the edge, then dropped by the kernel. One line of JSON: for each, what
wrk got, what the flood asked for, the edge's CPU, and packets that the kernel dropped.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import multiprocessing
import os
import re
import socket
import struct
import subprocess
import sys
import tempfile
import time
from multiprocessing.synchronize import Event
from pathlib import Path
from typing import Any

import uvloop

from bench.edge_throughput import cpu_s, free_port, pinned
from rostra.shield.nft_io import Kernel
from rostra.shield.sources import source_of

FLOODER = "127.0.0.9"
EDGE = (sys.executable, "-m", "bench._shield_edge")
BANS = 4096  # beside the flooder: as many as a table of bans holds
_LAST = (os.cpu_count() or 2) - 1
_AT_ONCE = struct.pack("ii", 1, 0)  # a reset: else its ports are used up for a minute
STATE = "/e/bench/state.json"


def flood(port: int, over: Event, asked: Any) -> None:
    """Connections from one address, each given up at once, as fast as half a core can."""
    os.sched_setaffinity(0, {_LAST})
    count = 0
    while not over.is_set():
        for _ in range(50):
            with socket.socket() as one, contextlib.suppress(OSError):
                one.setblocking(False)
                one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _AT_ONCE)
                one.bind((FLOODER, 0))
                one.connect_ex(("127.0.0.1", port))
                count += 1
        asked.value = count
        time.sleep(0.001)


def served(port: int, pid: int, seconds: int, flooding: bool) -> dict[str, float]:
    """wrk beside the flood."""
    over, asked = multiprocessing.Event(), multiprocessing.Value("q", 0)
    process = multiprocessing.Process(target=flood, args=(port, over, asked), daemon=True)
    if flooding:
        process.start()
        time.sleep(0.5)
    before, began, first = cpu_s(pid), time.monotonic(), asked.value
    said = subprocess.run(
        ["taskset", "-c", str(_LAST), "wrk", "-t1", "-c50", f"-d{seconds}s",
         f"http://127.0.0.1:{port}{STATE}"],
        capture_output=True, text=True, check=True, timeout=seconds + 30,
    ).stdout  # fmt: skip
    took_s = time.monotonic() - began
    count, used = asked.value - first, cpu_s(pid) - before
    over.set()
    if flooding:
        process.join(10)
    found = re.search(r"(\d+) requests in", said)
    return {
        "wrk_s": int(found[1]) / took_s if found else 0.0,
        "asked_s": count / took_s,
        "cpu": used / took_s,
    }


async def main(seconds: int) -> dict[str, Any]:
    """Each scene in turn."""
    found: dict[str, Any] = {}
    for name, reason in (
        ("quiet", "peace"),
        ("let in", "peace"),
        ("dropped by the edge", "dropped"),
    ):
        port = free_port()
        with pinned([*EDGE, str(port), reason, FLOODER], port) as pid:
            found[name] = served(port, pid, seconds, flooding=name != "quiet")
    port = free_port()
    with (
        tempfile.TemporaryDirectory() as folder,
        pinned([*EDGE, str(port), "peace"], port) as pid,
    ):
        kernel = Kernel(Path(folder), (port,))
        await kernel.start()
        if not kernel.on:
            raise SystemExit(kernel.note)
        until_ms = int(1000 * time.time()) + 600_000
        bans = {(0x0A000000 + number).to_bytes(4): until_ms for number in range(BANS - 1)}
        began = time.monotonic()
        kernel.set(bans | {source_of(FLOODER): until_ms})
        while kernel._held is None or len(kernel._held) < BANS:  # noqa: ASYNC110 (no one tells)
            await asyncio.sleep(0.005)
        batch_ms = 1000 * (time.monotonic() - began)
        dropped, began = kernel.drops(), time.monotonic()
        seen = await asyncio.to_thread(served, port, pid, seconds, True)
        await asyncio.sleep(2.5)  # counters are read each two seconds
        found["dropped by the kernel"] = {
            **seen,
            "packets": kernel.drops() - dropped,
            "batch_ms": batch_ms,
        }
        await kernel.close()
    return found


if __name__ == "__main__":
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    print(json.dumps(uvloop.run(main(int(sys.argv[1])))))
