"""A crowd that waits: keep-alive connections that each read `state.json` every ten seconds.

A real house with as many edges as the crowd needs (a process here may open so many files), an event
whose doors are open and whose house is full, and generators in processes of their own on the same
machine, each from a loopback address of its own. Arrivals are open loop: each listener has its
moments, whether the last answer came or not, and lateness is counted from the intended moment.
A run in which a generator itself fell behind by more than a quarter second is void and says so.
"""

from __future__ import annotations

import heapq
import json
import os
import random
import resource
import select
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import IO, Any

from tests.live.conftest import House, end_house, free_ports, start_house, until

from bench.edge_throughput import BROWSER

Row = dict[str, Any]
PERIOD_S, JITTER = 10.0, 0.2
AIM = 200_000
MOST_LATE_S = 0.25
_SPARE_FILES = 600
_IP_BIND_ADDRESS_NO_PORT = 24  # linux/in.h
_KERNEL_BYTES = 12_000  # of both ends of a connection; bounds the crowd by the memory there is


def _connected(port: int, source: str) -> socket.socket:
    one = socket.socket()
    one.settimeout(20)
    # Else the kernel looks for a port that is free towards everybody, which takes long in the end.
    one.setsockopt(socket.IPPROTO_IP, _IP_BIND_ADDRESS_NO_PORT, 1)
    one.bind((source, 0))
    one.connect(("127.0.0.1", port))
    return one


def generator(port: int, source: str, connections: int, path: str, seconds: float) -> None:
    """Connects slowly, says so, waits for a word, then polls for `seconds`; prints what it saw."""
    chance = random.Random(source)
    fields = "".join(f"{name}: {value}\r\n" for name, value in BROWSER.items())
    request = f"GET {path} HTTP/1.1\r\n{fields}\r\n".encode()
    poll, sockets = select.epoll(), dict[int, socket.socket]()
    refused = 0
    for _ in range(connections):
        try:
            one = _connected(port, source)
        except OSError:
            refused += 1
            continue
        one.sendall(request)
        if not one.recv(65536).startswith(b"HTTP/1.1 200"):
            refused += 1
            one.close()
            continue
        one.setblocking(False)
        sockets[one.fileno()] = one
        poll.register(one.fileno(), select.EPOLLIN | select.EPOLLET)
    print(json.dumps({"connected": len(sockets), "refused": refused}), flush=True)
    sys.stdin.readline()
    start = time.monotonic()
    due = [(start + chance.uniform(0, PERIOD_S), number) for number in sockets]
    heapq.heapify(due)
    intended: dict[int, float] = {}
    late: list[float] = []
    behind, failed, cpu = 0.0, 0, time.process_time()
    while (now := time.monotonic()) < start + seconds:
        while due and due[0][0] <= now:
            at, number = due[0]
            heapq.heapreplace(due, (at + PERIOD_S * chance.uniform(1 - JITTER, 1 + JITTER), number))
            if now - start > 1:
                behind = max(behind, now - at)
            if number not in intended:
                intended[number] = at
                try:
                    sockets[number].send(request)
                except OSError:
                    failed += 1
        for number, _ in poll.poll(max(0.0, min(0.05, due[0][0] - now)), 1024):
            answer = sockets[number].recv(65536)
            if not answer:
                failed += 1
                poll.unregister(number)
            elif (at_ := intended.pop(number, None)) is not None:
                late.append(time.monotonic() - at_)
    late.sort()
    print(
        json.dumps(
            {
                "answers": len(late),
                "unanswered": len(intended),
                "failed": failed,
                "late": [late[min(len(late) - 1, int(len(late) * q))] for q in QUANTILES],
                "behind_s": behind,
                "cpu_s": time.process_time() - cpu,
            }
        ),
        flush=True,
    )


QUANTILES = [i / 1000 for i in range(1001)]


def _cpu_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _rss_bytes(pid: int) -> int:
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.split("VmRSS:")[1].split()[0]) * 1024


def crowd_size(wanted: int) -> int:
    """As many as were wanted, or as the memory and the kernel's table of files allow."""
    free = int(Path("/proc/meminfo").read_text().split("MemAvailable:")[1].split()[0]) * 1024
    files = int(Path("/proc/sys/fs/file-max").read_text())
    return min(wanted, free // 2 // _KERNEL_BYTES, files // 3)


class _Generators:
    def __init__(self, house: House, path: str, size: int, seconds: float) -> None:
        each = resource.getrlimit(resource.RLIMIT_NOFILE)[1] - _SPARE_FILES
        self.processes: list[subprocess.Popen[str]] = []
        left = size
        while left > 0:
            source = f"127.0.1.{1 + len(self.processes)}"
            words = [house.ports[0], source, min(each, left), path, seconds]
            self.processes.append(
                subprocess.Popen(
                    [sys.executable, "-m", "bench.door_crowd", *map(str, words)],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    text=True,
                )
            )
            left -= each

    def hear(self) -> list[dict[str, Any]]:
        """One line of each."""
        lines = []
        for process in self.processes:
            pipe: IO[str] | None = process.stdout
            assert pipe is not None
            line = pipe.readline()
            if not line:
                raise RuntimeError(f"a generator ended early: {process.args!r}")
            lines.append(json.loads(line))
        return lines

    def go(self) -> None:
        """All begin."""
        for process in self.processes:
            pipe: IO[str] | None = process.stdin
            assert pipe is not None
            pipe.write("go\n")
            pipe.flush()

    def end(self) -> None:
        """None is left behind."""
        for process in self.processes:
            process.terminate()
            process.wait(20)


def _measured(size: int, seconds: float) -> dict[str, Any]:
    each = resource.getrlimit(resource.RLIMIT_NOFILE)[1] - _SPARE_FILES
    edges = max(os.cpu_count() or 1, -(-size * 21 // 20 // each))  # hashing does not spread evenly
    with tempfile.TemporaryDirectory(prefix="rostra-") as folder:
        one, two, three = free_ports(3)
        config = Path(folder) / "rostra.toml"
        config.write_text(f"[edge]\nmax_connections = {each}\n[door]\ncap = 1\n")
        house = start_house(
            Path(folder) / "data",
            (one, two, three),
            *("--edges", str(edges), "--config", str(config)),
        )
        try:
            event = house.create("A crowd that waits")
            house.api("POST", f"/api/events/{event['id']}/open-doors")
            until(lambda: house.state(event)["phase"] == "doors_open", "the doors are open")
            pids = [house.pid(f"edge-{index}") for index in range(edges)]
            empty = sum(map(_rss_bytes, pids))
            generators = _Generators(house, f"/e/{event['id']}/state.json", size, seconds)
            try:
                began = time.monotonic()
                connected = generators.hear()
                connecting_s = time.monotonic() - began
                before = [_cpu_s(pid) for pid in pids]
                generators.go()
                lines = generators.hear()
                cpu = sum(_cpu_s(pid) - was for pid, was in zip(pids, before, strict=True))
                rss = sum(map(_rss_bytes, pids)) - empty
            finally:
                generators.end()
        finally:
            end_house(house)
    late = sorted(value for line in lines for value in line["late"])
    return {
        "connected": sum(line["connected"] for line in connected),
        "refused": sum(line["refused"] for line in connected),
        "connecting_s": connecting_s,
        "edges": edges,
        "p50_ms": 1000 * late[len(late) // 2],
        "p99_ms": 1000 * late[int(len(late) * 0.99)],
        "answers": sum(line["answers"] for line in lines),
        "unanswered": sum(line["unanswered"] + line["failed"] for line in lines),
        "cores": cpu / seconds,
        "generator_cores": sum(line["cpu_s"] for line in lines) / seconds,
        "behind_s": max(line["behind_s"] for line in lines),
        "bytes": rss / max(1, sum(line["connected"] for line in connected)),
    }


def rows(quick: bool) -> list[Row]:
    """How many wait at once, what each costs, and how late their answers are."""
    size = crowd_size(20_000 if quick else AIM)
    seconds = 15.0 if quick else 40.0
    found = _measured(size, seconds)
    void = found["behind_s"] > MOST_LATE_S
    lost = found["unanswered"] + found["refused"]
    name = f"{found['connected']:,} who wait, each polling every {PERIOD_S:g} s"
    late = {"unit": "ms" if not void else "ms (void: the generator was late)"}
    return [
        {
            "name": f"people who wait at once, {found['edges']} edges",
            "value": found["connected"],
            "unit": "connections",
            "aim": "" if quick else f"≥ {AIM:,}",
            "met": None if quick else found["connected"] >= AIM and lost == 0,
        },
        {
            "name": f"{name}: refused, unanswered or failed",
            "value": lost,
            "unit": "requests",
            "aim": "0",
            "met": lost == 0,
        },
        {
            "name": f"{name}: answers",
            "value": round(found["answers"] / seconds),
            "unit": "a second",
        },
        {
            "name": f"{name}: CPU of all edges",
            "value": round(found["cores"], 3),
            "unit": "cores",
            "peer": "the generator",
            "peer_value": round(found["generator_cores"], 3),
            "ratio": round(found["cores"] / found["generator_cores"], 2),
        },
        {"name": f"{name}: memory", "value": round(found["bytes"]), "unit": "bytes each"},
        {"name": f"{name}: p50", "value": round(found["p50_ms"], 1), **late},
        {"name": f"{name}: p99", "value": round(found["p99_ms"], 1), **late},
        {
            "name": f"{name}: the generator's own lateness",
            "value": round(1000 * found["behind_s"], 1),
            "unit": "ms",
            "aim": f"≤ {1000 * MOST_LATE_S:g}",
            "met": not void,
        },
    ]


if __name__ == "__main__":
    generator(int(sys.argv[1]), sys.argv[2], int(sys.argv[3]), sys.argv[4], float(sys.argv[5]))
