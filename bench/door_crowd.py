"""A crowd that waits: keep-alive connections that each read `state.json` every ten seconds.

A real house with as many edges as the crowd needs (a process here may open so many files), an event
whose doors are open and whose house is full, and generators in processes of their own on the same
machine, from loopback addresses of their own. Arrivals are open loop: each listener has its
moments, whether the last answer came or not, and lateness is counted from the intended moment; one
who is still without the last answer by then counts as failed. Who is connected asks from the
start, while the others connect; figures are taken once all are here.
A run in which a generator itself fell behind by more than a quarter second is void and says so.
"""

from __future__ import annotations

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
_STEP_S = 0.005
_EARLIEST_STEP = int(PERIOD_S * (1 - JITTER) / _STEP_S)
_LATEST_STEP = int(PERIOD_S * (1 + JITTER) / _STEP_S)
_AT_A_TIME, _ARRIVING = 8, 64  # all generators' together stay far below an edge's backlog
_PORTS_OF_A_SOURCE = 10_000  # the kernel's search gets slow when half of the 28,000 are taken
_LAST_ANSWERS_S = 5.0
_SPARE_FILES = 600
_IP_BIND_ADDRESS_NO_PORT = 24  # linux/in.h
_KERNEL_BYTES = 12_000  # of both ends of a connection; bounds the crowd by the memory there is


class _Crowd:
    """The listeners of one generator, in one loop: each asks at its moments while others connect.

    Moments are kept in a wheel of steps, so that one costs the same however many there are; a
    listener's moment is that of its step.
    """

    def __init__(self, port: int, place: int, path: str) -> None:
        fields = "".join(f"{name}: {value}\r\n" for name, value in BROWSER.items())
        self.request = f"GET {path} HTTP/1.1\r\n{fields}\r\n".encode()
        self.port, self.place = port, place
        self.chance = random.Random(place)
        self.poll = select.epoll()
        self.poll.register(sys.stdin.fileno(), select.EPOLLIN)
        self.sockets: dict[int, socket.socket] = {}
        self.lost: list[socket.socket] = []
        self.arriving: set[int] = set()  # those whose first answer is not here yet
        self.tried = 0
        self.wheel: list[list[int]] = [[] for _ in range(_LATEST_STEP + 1)]
        self.step = 0
        self.origin = time.monotonic()
        self.asked: dict[int, float] = {}  # the moment of what is not answered yet
        self.told = False
        self.reset()

    def reset(self) -> None:
        """What was seen so far does not count."""
        self.late: list[float] = []
        self.behind_s, self.failed, self.cpu_s = 0.0, 0, time.process_time()

    def arrive(self, most: int) -> None:
        """Some connect and ask; the rest when these have been answered."""
        for _ in range(min(_AT_A_TIME, _ARRIVING - len(self.arriving), most - self.tried)):
            source = f"127.0.{self.place}.{1 + self.tried // _PORTS_OF_A_SOURCE}"
            self.tried += 1
            one = socket.socket()
            # Else the kernel looks for a port that is free towards everybody, which takes long.
            one.setsockopt(socket.IPPROTO_IP, _IP_BIND_ADDRESS_NO_PORT, 1)
            try:
                one.bind((source, 0))
                one.connect(("127.0.0.1", self.port))
                one.send(self.request)
            except OSError:
                one.close()
                continue
            one.setblocking(False)
            number = one.fileno()
            self.sockets[number] = one
            self.arriving.add(number)
            self.asked[number] = time.monotonic()
            self.poll.register(number, select.EPOLLIN | select.EPOLLET)

    def ask(self) -> float:
        """Those whose moment has come ask, answered or not; the time of the next moment."""
        while (at := self.origin + self.step * _STEP_S) <= (now := time.monotonic()):
            place = self.step % len(self.wheel)
            due, self.wheel[place] = self.wheel[place], []
            self.behind_s = max(self.behind_s, now - at)
            for number in due:
                self._at(_EARLIEST_STEP, _LATEST_STEP, number)
                if number not in self.sockets or number in self.asked:
                    self.failed += 1
                    continue
                self.asked[number] = at
                try:
                    self.sockets[number].send(self.request)
                except OSError:
                    self._lose(number)
            self.step += 1
        return at

    def hear(self, until: float) -> None:
        """Wait for answers, no longer than `until`; take those that are here."""
        for number, _ in self.poll.poll(max(0.0, until - time.monotonic()), 512):
            if number == sys.stdin.fileno():
                if not sys.stdin.readline():
                    raise SystemExit("nobody is left to measure for")
                self.told = True
                self.poll.unregister(number)
                continue
            try:
                answer = self.sockets[number].recv(8192)
            except OSError:
                answer = b""
            if not answer.startswith(b"HTTP/1.1 200") or number not in self.asked:
                self._lose(number)
                continue
            self.late.append(time.monotonic() - self.asked.pop(number))
            if number in self.arriving:
                self.arriving.remove(number)
                self._at(1, int(PERIOD_S / _STEP_S), number)

    def _at(self, earliest: int, latest: int, number: int) -> None:
        steps = earliest + int(self.chance.random() * (latest + 1 - earliest))
        self.wheel[(self.step + steps) % len(self.wheel)].append(number)

    def _lose(self, number: int) -> None:
        self.failed += 1
        self.asked.pop(number, None)
        self.arriving.discard(number)
        self.poll.unregister(number)
        self.lost.append(self.sockets.pop(number))  # open, or its number would be another's


def generator(port: int, place: int, connections: int, path: str, seconds: float) -> None:
    """Connects all, says so, measures for `seconds` from the word on; prints what it saw."""
    crowd = _Crowd(port, place, path)
    while crowd.tried < connections or crowd.arriving:
        due = crowd.ask()
        crowd.arrive(connections)
        crowd.hear(due)
    held = len(crowd.sockets)
    print(json.dumps({"connected": held, "refused": connections - held}), flush=True)
    while not crowd.told:
        crowd.hear(crowd.ask())
    crowd.reset()
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        crowd.hear(crowd.ask())
    late_s, cpu_s = crowd.behind_s, time.process_time() - crowd.cpu_s
    while crowd.asked and time.monotonic() < end + _LAST_ANSWERS_S:
        crowd.hear(end + _LAST_ANSWERS_S)
    late = sorted(crowd.late)
    print(
        json.dumps(
            {
                "answers": len(late),
                "unanswered": len(crowd.asked),
                "failed": crowd.failed,
                "late": [late[min(len(late) - 1, int(len(late) * q))] for q in QUANTILES],
                "behind_s": late_s,
                "cpu_s": cpu_s,
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
            place = 1 + len(self.processes)
            words = [house.ports[0], place, min(each, left), path, seconds]
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
    generator(int(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), sys.argv[4], float(sys.argv[5]))
