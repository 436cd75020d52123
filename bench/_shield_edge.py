"""The edge of the refusals' benchmark: one that refuses for one reason, and tallies as usual.

    python -m bench._shield_edge PORT REASON [SOURCE]

REASON: `peace` (nothing is refused for its source), `spent` (every source has spent all, and no
request is slowed first), `tarpit` (the same as under siege: a refused connection is not read for
two seconds), `banned` (SOURCE is refused), `dropped` (SOURCE is dropped when it connects),
`full` (no connection is free), `challenge` (a new ticket wants a challenge solved).
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
import time
from pathlib import Path

import msgspec
import uvloop

from bench.edge_throughput import PLAYLIST, RING, door_moved, door_set
from rostra.delivery.desk_io import Limits
from rostra.delivery.edge_io import Edge
from rostra.ground.facts import Event, EventChanged, Phase, PlaylistRendered, ShieldSet
from rostra.ground.shield_values import Ban
from rostra.shield.sources import source_of
from rostra.shield.terms import BY_PRESSURE

_HOUR_MS = 3_600_000


def shield_set(reason: str, source: str) -> ShieldSet:
    """What control would say."""
    now_ms = int(time.time() * 1000)
    bans: tuple[Ban, ...] = ()
    if reason in {"banned", "dropped"}:
        step = "refuse" if reason == "banned" else "drop"
        bans = (
            Ban(
                source=source_of(source),
                step=step,
                reason="operator",
                since_ms=now_ms,
                until_ms=now_ms + _HOUR_MS,
            ),
        )
    return ShieldSet(
        at_ms=now_ms,
        pressure={"spent": 3, "tarpit": 3, "challenge": 2}.get(reason, 0),
        difficulty=2 if reason == "challenge" else 0,
        bans=bans,
    )


async def serve(port: int, reason: str, source: str = "127.0.0.1") -> None:
    """Until it is ended."""
    limits = Limits(connections=0) if reason == "full" else Limits()
    folder = Path(tempfile.gettempdir())
    edge = Edge("bench", folder, None, b"bench" * 8, limits=limits, ring=RING)
    edge.handle(door_set())
    edge.handle(door_moved({}))
    event = Event(event_id="bench", title="Bench", start_ms=0, phase=Phase.LIVE)
    edge.handle(EventChanged(event=event))
    edge.handle(
        PlaylistRendered(
            event_id="bench",
            path=PLAYLIST.removeprefix("/e/bench/"),
            msn=1,
            part=-1,
            body=b"#EXTM3U\n".ljust(1024, b"#"),
            blocking=False,
        )
    )
    edge.handle(shield_set(reason, source))
    if reason == "spent":
        edge.desk.guard.terms = msgspec.structs.replace(
            BY_PRESSURE[3], burst=1, rate_s=0, purse_burst=1, purse_rate_s=0, slowed=0, tarpit_s=0
        )
    await edge.serve("127.0.0.1", port)
    while True:
        run = edge.tally(time.monotonic()).doors["bench"].run
        edge.handle(door_moved({"bench": (run, 1 << 40)}))
        await asyncio.sleep(1)


if __name__ == "__main__":
    uvloop.run(serve(int(sys.argv[1]), *sys.argv[2:]))
