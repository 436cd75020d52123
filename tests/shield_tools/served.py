"""The edge that outside tools are turned on: a process of its own, as `rostra serve` runs one.

    python -m tests.shield_tools.served FOLDER OPTIONS

OPTIONS is `Options` as JSON. The first line it says is its port; then, five times a second, what
the edge holds and has done (`Seen`), a line of JSON each. Warnings and errors go to standard error,
which therefore stays empty on a good day. It ends by SIGTERM.

Event `abc` stands still (one playlist, one part); event `now` gets a part each half second.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import resource
import signal
import ssl
import sys
import time
from collections import Counter
from pathlib import Path

import msgspec
import uvloop

from rostra.delivery.desk_io import Limits
from rostra.delivery.edge_io import Edge
from rostra.ground.facts import DoorMoved, DoorSet, EventChanged, ShieldSet
from rostra.shield.proxied_io import introduced
from rostra.shield.proxies import Proxies
from tests.delivery.playing import RING, event, media, playlist

STILL, MOVING = "abc", "now"
LARGE = "/assets/large-x.js"  # of 1 MiB, for everyone
LARGE_BYTES = 1 << 20
PARTS = 8  # in a segment
_LOOK_S = 0.05
_PART_S, _SAY_S, _MOVE_S = 0.5, 0.2, 1.0


class Options(msgspec.Struct, frozen=True, kw_only=True):
    """How the edge is set up. `tls`: with FOLDER/both.pem. `files`: it may open so many.

    `proxies`: those that it believes.
    """

    limits: Limits = Limits()
    shield: ShieldSet = ShieldSet(at_ms=0)
    tls: bool = False
    files: int = 0
    proxies: tuple[str, ...] = ()


class Seen(msgspec.Struct, frozen=True, kw_only=True):
    """What the edge holds now, and what it did since it began.

    `largest`: most bytes that one connection kept of what its client sent, ever seen.
    """

    connections: int = 0
    held: int = 0
    rss_kib: int = 0
    largest: int = 0
    requests: dict[str, int] = {}
    refusals: dict[str, int] = {}


def _facts(event_id: str) -> list[EventChanged | DoorSet]:
    now_s = int(time.time())
    doors = DoorSet(
        event_id=event_id,
        commitment="c0" * 32,
        places_until_s=now_s + 50_000,
        secret="5e" * 32,
        seed="5d" * 32,
        opened_at_s=now_s - 900,
    )
    return [EventChanged(event=event(event_id=event_id)), doors]


def _moved(event_id: str, leases: dict[str, tuple[str, int]]) -> DoorMoved:
    """Everyone may come in; control repeats it each second, or the leases are void."""
    return DoorMoved(
        event_id=event_id,
        at_ms=time.time_ns() // 1_000_000,
        sequence=1,
        admitted_rank=1 << 62,
        pace=1e6,
        rung=0,
        rung_since_ms=0,
        reason="rung_best",
        full=False,
        waiting=0,
        leases=leases,
    )


class _Evening:
    """What goes on at this edge while tools come and go."""

    def __init__(self, edge: Edge) -> None:
        self.edge = edge
        self.number = 17 * PARTS
        self._statm = os.open("/proc/self/statm", os.O_RDONLY)  # while there are files left
        self.largest = 0
        self.requests: Counter[str] = Counter()
        self.refusals: Counter[str] = Counter()

    def begin(self) -> None:
        for event_id in (STILL, MOVING):
            for fact in (*_facts(event_id), _moved(event_id, {})):
                self.edge.handle(fact)
        self.edge.handle(media(keep_s=3600))
        self.edge.handle(playlist(17, 3))
        self.part()
        self.second()

    def part(self) -> None:
        msn, part = divmod(self.number, PARTS)
        self.edge.handle(media(f"media/aac/p500/{msn}.{part}.m4s", event_id=MOVING))
        self.edge.handle(playlist(msn, part, event_id=MOVING))
        self.number += 1

    def second(self) -> None:
        tally = self.edge.tally(time.monotonic())
        self.requests.update(tally.requests)
        self.refusals.update(tally.refusals)
        for event_id, doors in tally.doors.items():
            self.edge.handle(_moved(event_id, {"edge-0": (doors.run, 1 << 40)}))

    def look(self) -> None:
        for connection in self.edge._connections():
            self.largest = max(self.largest, len(connection.buffer) + len(connection.tail))

    def say(self) -> None:
        pages = int(os.pread(self._statm, 100, 0).split()[1])
        seen = Seen(
            connections=self.edge.desk.connections,
            held=self.edge.desk.held,
            rss_kib=pages * resource.getpagesize() // 1024,
            largest=self.largest,
            requests=dict(self.requests),
            refusals=dict(self.refusals),
        )
        print(msgspec.json.encode(seen).decode(), flush=True)


async def serve(folder: Path, options: Options) -> None:
    """Until SIGTERM."""
    context = None
    if options.tls:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(folder / "both.pem")
    edge = Edge(
        "edge-0",
        folder,
        folder / "pages",
        b"k" * 32,
        limits=options.limits,
        ring=RING,
        proxies=Proxies(options.proxies),
    )
    edge.handle(options.shield)
    evening = _Evening(edge)
    evening.begin()
    await edge.serve("127.0.0.1", 0, context, introduced)
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGTERM, ended.set)
    print(edge.port, flush=True)
    due = [(_PART_S, evening.part), (_SAY_S, evening.say), (_MOVE_S, evening.second)]
    at = [loop.time()] * len(due)
    while not ended.is_set():
        evening.look()
        for number, (each_s, act) in enumerate(due):
            if loop.time() >= at[number] + each_s:
                at[number] = loop.time()
                act()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(ended.wait(), _LOOK_S)
    await edge.close()


if __name__ == "__main__":
    logging.basicConfig(level=logging.WARNING)
    chosen = msgspec.json.decode(sys.argv[2], type=Options)
    if chosen.files:
        resource.setrlimit(resource.RLIMIT_NOFILE, (chosen.files, chosen.files))
    uvloop.run(serve(Path(sys.argv[1]), chosen))
