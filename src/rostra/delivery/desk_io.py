"""The desk all connections of an edge share: catalogue, disk, who waits, and the counts."""

from __future__ import annotations

import asyncio
import logging
import os
import time
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import msgspec

from rostra.delivery.catalogue import Catalogue
from rostra.delivery.door_desk_io import DoorDesk
from rostra.delivery.listeners import Listeners
from rostra.delivery.manner import Manner
from rostra.delivery.prepared import Document
from rostra.delivery.refused import HOUSE_BUSY
from rostra.delivery.shares import unpaid
from rostra.delivery.targets import Target
from rostra.delivery.turns import Turns
from rostra.delivery.window import Release, Stored, Wait, Waiter
from rostra.ground.refusals import Refusal
from rostra.shield.guard import Guard
from rostra.shield.path import Automaton
from rostra.shield.proxies import Proxies

log = logging.getLogger(__name__)
_READERS = 4
_READS_MOST = 64  # files being read or queued for it
_FILE_MOST_BYTES = 64 * 1024 * 1024
_READ_PATIENCE_S = 30.0
_MANNERS_MOST = 4096
_GUARD_AGAIN_S = 5.0


class Limits(msgspec.Struct, frozen=True):
    """What one edge bears."""

    connections: int = 18_000
    held: int = 18_000
    released_each_turn: int = 500  # answers written before the loop looks at its sockets again
    head_bytes: int = 16 * 1024
    pipelined_bytes: int = 32 * 1024  # what a client may send ahead while its answer is held
    head_s: int = 10
    idle_s: int = 75
    stall_s: int = 20
    read_bytes_s: int = 2048  # what a client must read at least, once it is behind
    linger_s: int = 2


def _read(path: Path) -> bytes | None:
    """The file, or None if there is none. Raises OSError."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except (FileNotFoundError, NotADirectoryError):
        return None
    with os.fdopen(handle, "rb") as file:
        if os.fstat(handle).st_size > _FILE_MOST_BYTES:
            raise OSError(f"{path.name} is larger than an edge serves")
        return file.read()


class Desk:
    """Shared by all connections of one edge; everything runs on the loop but `_read`.

    `make_room` ends the worst of the connections without a credential but the one that is given;
    False where there is none.
    """

    def __init__(
        self,
        catalogue: Catalogue,
        listeners: Listeners,
        door: DoorDesk,
        events_dir: Path,
        limits: Limits,
        now: Callable[[], float] = time.monotonic,
        wall_ms: Callable[[], int] = lambda: time.time_ns() // 1_000_000,
    ) -> None:
        self.catalogue = catalogue
        self.listeners = listeners
        self.door = door
        self.limits = limits
        self.now = now
        self.wall_ms = wall_ms
        self.turns = Turns(now, lambda act: asyncio.get_running_loop().call_soon(act))
        self.proxies = Proxies()  # that are believed
        self.guard = Guard()
        self.guard_failed = False  # its code broke lately
        self.automaton: Automaton | None = None  # of our player's path; None: nobody is followed
        self.unpaid = unpaid()  # of connections that nobody can judge
        self.free = unpaid()  # of media that need no pass; empty while the house is attacked
        self.make_room: Callable[[object], bool] = lambda _: False
        self.connections = 0
        self.held = 0
        self.requests: Counter[str] = Counter()
        self.refusals: Counter[str] = Counter()
        self.body_bytes = 0
        self._events_dir = events_dir
        self._readers = ThreadPoolExecutor(_READERS, "edge-reader")
        self._reading: dict[Stored, Wait] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._manners: dict[Manner, Manner] = {}
        self._releasing: deque[tuple[Wait, Iterator[Waiter], Document | Refusal]] = deque()
        self._turn_due = False

    def find(self, raw: bytes, target: Target, manner: Manner) -> Document | Wait | Refusal:
        """The answer to a target; a file that is on disk only is waited for."""
        catalogue = self.catalogue
        answer = catalogue.find(raw, target, manner.accepts_gzip, self.now(), self.wall_ms())
        return self._from_disk(answer) if isinstance(answer, Stored) else answer

    def guard_fails(self) -> None:
        """The shield's code broke; it is tried again after a while."""
        self.guard_failed = True
        asyncio.get_running_loop().call_later(_GUARD_AGAIN_S, self._guard_again)

    def _guard_again(self) -> None:
        self.guard_failed = False

    def shared(self, manner: Manner) -> Manner:
        """The one object for all equal manners that come again: browsers of a kind ask alike."""
        if not manner.repeatable:
            return manner  # it may hold kilobytes of what the client wrote
        if len(self._manners) >= _MANNERS_MOST:
            self._manners.clear()
        return self._manners.setdefault(manner, manner)

    # --- disk -----------------------------------------------------------------------------

    def _from_disk(self, stored: Stored) -> Document | Wait | Refusal:
        found = self.catalogue.recall(stored)
        if found is not None:
            return found
        wait = self._reading.get(stored)
        if wait is None:
            if len(self._reading) >= _READS_MOST:
                return HOUSE_BUSY
            wait = Wait(stored.event_id, stored.path, self.now() + _READ_PATIENCE_S)
            self._reading[stored] = wait
            task = asyncio.get_running_loop().create_task(self._read(stored, wait))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        return wait

    async def _read(self, stored: Stored, wait: Wait) -> None:
        path = self._events_dir / stored.event_id / stored.path
        loop = asyncio.get_running_loop()
        answer: Document | Refusal
        try:
            body = await loop.run_in_executor(self._readers, _read, path)
            answer = self.catalogue.store(stored, body, self.wall_ms())
        except OSError as error:
            log.warning("cannot read %s of event %s: %s", stored.path, stored.event_id, error)
            answer = HOUSE_BUSY
        finally:
            del self._reading[stored]
        self.release([Release(wait, answer)])

    # --- waiting --------------------------------------------------------------------------

    def release(self, releases: Iterable[Release]) -> None:
        """Answer those who wait, in slices: the first now, the others a slice each loop turn."""
        for release in releases:
            if release.wait.waiters:
                waiters = iter(list(release.wait.waiters))
                self._releasing.append((release.wait, waiters, release.answer))
        if self._releasing and not self._turn_due:
            self._turn()

    def _next_turn(self) -> None:
        self._turn_due = False
        self._turn()

    def _turn(self) -> None:
        left = self.limits.released_each_turn
        while self._releasing and left > 0:
            wait, waiters, answer = self._releasing[0]
            for waiter in waiters:
                if waiter.wait is wait:  # else its client has left in the meantime
                    waiter.released(answer)
                left -= 1
                if left == 0:
                    break
            else:
                self._releasing.popleft()
        if self._releasing and not self._turn_due:
            self._turn_due = True
            asyncio.get_running_loop().call_soon(self._next_turn)

    def finish_releasing(self) -> None:
        """Answer all who are still to be answered, in one go (the edge closes)."""
        while self._releasing:
            self._turn()

    def close(self) -> None:
        """Read no more files."""
        for task in self._tasks:
            task.cancel()
        self._readers.shutdown(wait=False, cancel_futures=True)
