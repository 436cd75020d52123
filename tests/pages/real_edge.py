"""A real edge under attack for the pages' tests: its own door and shield, no control, no media."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import uvloop

from rostra.delivery.edge_io import Edge
from rostra.ground.facts import AnyFact, DoorSet, Event, EventChanged, Phase, ShieldSet
from tests.pages.mock_house import PAGES

PAGE = "/e/k3v9x2mq"
EVENT_ID = "k3v9x2mq"


class RealEdge:
    """An edge on its own loop in a thread of its own."""

    def __init__(self, folder: Path, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self.edge = Edge("edge-0", folder, PAGES, b"k" * 32)

    @property
    def port(self) -> int:
        """Where it listens, on loopback."""
        return self.edge.port

    def handle(self, fact: AnyFact) -> None:
        """Let it hear a fact."""
        asked = asyncio.run_coroutine_threadsafe(self._handle(fact), self._loop)
        asked.result(10)

    async def _handle(self, fact: AnyFact) -> None:
        self.edge.handle(fact)

    def shield(self, difficulty: int) -> None:
        """From now on new tickets are challenged so."""
        pressure = 2 if difficulty else 0
        now_ms = time.time_ns() // 1_000_000
        self.handle(ShieldSet(at_ms=now_ms, pressure=pressure, difficulty=difficulty))

    def acts(self) -> dict[str, int]:
        """What the shield did since the last call."""
        tally = self.edge.tally(time.monotonic()).shield
        return dict(tally.acts) if tally else {}

    def open_doors(self, language: str = "en") -> None:
        """The event is announced, its line is drawn, and nobody's turn has come."""
        now_ms = time.time_ns() // 1_000_000
        event = Event(
            event_id=EVENT_ID,
            title="The night the crowd came",
            language=language,
            start_ms=now_ms + 600_000,
            phase=Phase.DOORS_OPEN,
        )
        self.handle(EventChanged(event=event))
        self.handle(
            DoorSet(
                event_id=EVENT_ID,
                commitment="c0" * 32,
                places_until_s=now_ms // 1000 + 50_000,
                secret="5e" * 32,
                seed="5d" * 32,
                opened_at_s=now_ms // 1000 - 5,
            )
        )


@contextmanager
def real_edge(folder: Path, host: str = "127.0.0.1") -> Iterator[RealEdge]:
    """Until the end of the block."""
    loop = uvloop.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    opened = RealEdge(folder, loop)
    try:
        asyncio.run_coroutine_threadsafe(opened.edge.serve(host, 0), loop).result(10)
        yield opened
    finally:
        asyncio.run_coroutine_threadsafe(opened.edge.close(), loop).result(20)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
