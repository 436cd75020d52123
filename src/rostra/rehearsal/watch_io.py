"""What a running rehearsal sees: seconds of its listeners, seconds of the house, side by side."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import AsyncIterator
from datetime import datetime
from typing import Protocol

from rostra.rehearsal.house_io import HouseAtHand, Reading
from rostra.rehearsal.merging import Merged
from rostra.rehearsal.orders import Second
from rostra.rehearsal.trouble import RehearsalTrouble

log = logging.getLogger(__name__)
SILENT_MOST_S = 20.0  # a control that was ended on purpose is back before
LATE_S = 2.5  # a second of a generator is told about so much later
KEPT = 3600


class Seconds(Protocol):
    """What a coordinator tells."""

    def seconds(self) -> AsyncIterator[Merged]: ...


class Watch:
    """Keeps what was told. Times are seconds since the run's zero, by `clock`."""

    def __init__(self, crowd: Seconds, house: HouseAtHand) -> None:
        self._crowd = crowd
        self._house = house
        self._zero_wall_s = 0.0
        self._zero = time.monotonic()
        self._news = asyncio.Event()  # something was told, or it is over
        self.told: list[Merged] = []
        self.read: list[tuple[float, Reading]] = []
        self.ended = ""  # why the house takes no more part, or ""
        self._silent_since: float | None = None
        self._tasks: list[asyncio.Task[None]] = []

    def begin(self, zero: float) -> None:
        """The run's zero, by the monotonic clock."""
        self._zero = zero
        self._zero_wall_s = time.time() - (time.monotonic() - zero)
        self._tasks = [asyncio.ensure_future(self._hear()), asyncio.ensure_future(self._read())]

    async def close(self) -> None:
        """No more is kept."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def now(self) -> float:
        """Seconds since zero."""
        return time.monotonic() - self._zero

    async def _hear(self) -> None:
        async for merged in self._crowd.seconds():
            self.told.append(merged)
            del self.told[:-KEPT]
            self._news.set()

    async def _read(self) -> None:
        since_s = self._zero_wall_s
        while not self.ended:
            try:
                readings = await self._house.readings(since_s)
                self._silent_since = None
            except RehearsalTrouble as trouble:
                self._failed(trouble)
                readings = ()
            for reading in readings:
                at_s = datetime.fromisoformat(reading.at).timestamp()
                if at_s > since_s:
                    since_s = at_s
                    self.read.append((at_s - self._zero_wall_s, reading))
            del self.read[:-KEPT]
            if self._house.withdrawn:
                self.ended = "withdrawn"
            if self.ended:
                self._news.set()
            await asyncio.sleep(1.0)

    def _failed(self, trouble: RehearsalTrouble) -> None:
        if trouble.code not in ("house_silent", "house_failed"):
            self.ended = trouble.code  # it does not know this run any more
            return
        self._silent_since = self._silent_since or time.monotonic()
        if time.monotonic() - self._silent_since > SILENT_MOST_S:
            self.ended = "house_silent"

    @property
    def last(self) -> Merged | None:
        """The newest second of all generators."""
        return self.told[-1] if self.told else None

    def here(self) -> int:
        """People who came and did not leave."""
        return self.last.all.here if self.last else 0

    def held(self, begin_s: float, end_s: float) -> list[Second]:
        """The seconds of all generators together in that time."""
        return [one.all for one in self.told if begin_s < one.at_s <= end_s]

    def each(self, begin_s: float, end_s: float) -> dict[str, list[Second]]:
        """The same for each generator."""
        found: dict[str, list[Second]] = {}
        for one in self.told:
            if begin_s < one.at_s <= end_s:
                for name, second in one.each.items():
                    found.setdefault(name, []).append(second)
        return found

    def readings(self, begin_s: float, end_s: float) -> list[Reading]:
        """The house's seconds in that time."""
        return [reading for at_s, reading in self.read if begin_s < at_s <= end_s]

    async def until(self, at_s: float) -> bool:
        """Wait until then, and for what was told of it; False where the house ended the run."""
        while not self.ended and self.now() < at_s + LATE_S:
            if self.last is not None and self.last.at_s >= at_s and not self.last.missing:
                break
            self._news.clear()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(max(0.01, at_s + LATE_S - self.now())):
                    await self._news.wait()
        return not self.ended
