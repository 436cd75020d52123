"""The replay's deadline: a timer that fires whatever becomes of live, and the maker it starts."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Coroutine, Sequence
from pathlib import Path
from typing import Any

import msgspec

from rostra.agenda import deadline
from rostra.ground.facts import (
    AnyFact,
    Event,
    PackagerTallied,
    Phase,
    PlaylistsOffered,
    ReplayPromised,
    ReplaySealed,
)
from rostra.packaging.broadcast import replay_offer
from rostra.packaging.playlists import length_s

log = logging.getLogger(__name__)
NOTHING_RECORDED = 4  # what the replay maker exits with
_MAKING_LEAST_S = 600.0
_AGAIN_S = 20.0


class ReplayKeeper:
    """Promises each event's replay and sees to it that the promise is kept.

    `command` starts the replay maker (event as JSON on its standard input; it ends with 0 once the
    replay stands on disk); one runs at a time. `now` is monotonic seconds.
    """

    def __init__(
        self,
        data_dir: Path,
        command: Sequence[str],
        within_min: int,
        publish: Callable[[AnyFact], None],
        sealed: Callable[[ReplaySealed], None],
        now: float,
    ) -> None:
        self._events_dir = data_dir / "events"
        self._command = list(command)
        self._within_min = within_min
        self._publish, self._sealed = publish, sealed
        self._packager_at = now
        self._promised: dict[str, int] = {}
        self._hopeless: set[str] = set()
        self._making: asyncio.Task[None] | None = None
        self._not_before = now
        self._told: set[str] = set()

    def follow(self, event: Event) -> None:
        """The event is new or was changed: promise its replay anew if the time moved."""
        if deadline.is_promised(event):
            due_ms = deadline.due_ms(event, self._within_min)
            if self._promised.get(event.event_id) != due_ms:
                self._promised[event.event_id] = due_ms
                self._publish(ReplayPromised(event_id=event.event_id, due_ms=due_ms))
        elif event.phase is Phase.POSTED:
            self._tell(event.event_id)

    def due_ms(self, event_id: str) -> int | None:
        """By when the replay is promised."""
        return self._promised.get(event_id)

    def handle(self, fact: AnyFact, now: float) -> None:
        """The packager's signs of life."""
        if isinstance(fact, PackagerTallied | ReplaySealed):
            self._packager_at = now

    def packager_silent_s(self, now: float) -> float:
        """Since the packager was last heard (or control started)."""
        return now - self._packager_at

    def tick(
        self, events: Sequence[Event], rung_5: Callable[[str], bool], now: float, now_ms: int
    ) -> None:
        """See whether a replay has to be made from the recording now."""
        if (self._making and not self._making.done()) or now < self._not_before:
            return
        silent_s = self.packager_silent_s(now)
        for event in events:
            if event.event_id in self._hopeless:
                continue
            if deadline.wants_rescue(
                event, self._within_min, now_ms, silent_s, rung_5(event.event_id)
            ):
                self._not_before = now + _AGAIN_S
                self._making = start(self._make(event))
                return

    async def close(self) -> None:
        """End the replay maker; what it wrote is made anew next time."""
        if self._making is not None:
            self._making.cancel()
            await asyncio.gather(self._making, return_exceptions=True)

    async def _make(self, event: Event) -> None:
        """One try; a failure is logged and tried again, for the promise stands."""
        if not self._tell(event.event_id):
            log.warning("%s: its replay is made from the recording", event.event_id)
            length = (event.ended_at_ms or 0) - (event.live_at_ms or 0)
            code = await self._run(event, max(_MAKING_LEAST_S, length / 1000))
            if code == NOTHING_RECORDED:
                self._hopeless.add(event.event_id)
                log.error("%s: nothing was recorded; there will be no replay", event.event_id)
                return
            if code != 0 or not self._tell(event.event_id):
                log.error("%s: the replay was not made (%s)", event.event_id, code)

    async def _run(self, event: Event, most_s: float) -> int | None:
        starting = asyncio.ensure_future(
            asyncio.create_subprocess_exec(*self._command, stdin=asyncio.subprocess.PIPE)
        )
        try:
            process = await asyncio.shield(starting)
        except asyncio.CancelledError:
            # A process that is half started would be nobody's: let it begin, then end it.
            process = await starting
            process.kill()
            await process.wait()
            raise
        try:
            async with asyncio.timeout(most_s):
                await process.communicate(msgspec.json.encode(event))
        except TimeoutError:
            log.error("%s: the replay maker took longer than %.0f s", event.event_id, most_s)
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        return process.returncode

    def _tell(self, event_id: str) -> bool:
        """Tell everyone where the replay is, if it stands on disk; the packager may be dead."""
        folder = self._events_dir / event_id / "replay"
        if event_id in self._told or not (folder / "index.m3u8").exists():
            return event_id in self._told
        self._told.add(event_id)
        found = [file for file in folder.glob("*.m3u8") if file.stem != "index"]
        offer: PlaylistsOffered = replay_offer(event_id, [file.stem for file in found])
        sealed = ReplaySealed(
            event_id=event_id,
            duration_s=max((length_s(file.read_text()) for file in found), default=0.0),
            at_ms=time.time_ns() // 1_000_000,
        )
        self._publish(offer)
        self._publish(sealed)
        self._sealed(sealed)
        return True


def start(work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
    """Run `work` beside; an exception is logged."""
    task = asyncio.get_running_loop().create_task(work)
    task.add_done_callback(_done)
    return task


def _done(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and (error := task.exception()) is not None:
        log.error("the replay was not made", exc_info=error)
