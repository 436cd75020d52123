"""The supervisor: starts the processes, starts again what dies, ends them in order.

If the supervisor itself is killed, its children go on (the event does not end with it); the next
`rostra serve` on the same data folder ends them by the identity it finds on disk, then starts anew.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

import msgspec

from rostra.ground.facts import ProcessesSeen, ProcessState
from rostra.supervision.identity import FILE, Identity, read_identities, started
from rostra.supervision.restarts import Restarts

log = logging.getLogger(__name__)
_GRACE_S = 8.0


def start_ticks(pid: int) -> str:
    """When `pid` started (proc(5), field 22), or an empty string if it does not run."""
    try:
        return started(Path(f"/proc/{pid}/stat").read_text())
    except OSError:
        return ""


def end_orphans(run_dir: Path) -> int:
    """End the children of a supervisor that was killed; how many there were."""
    try:
        rows = read_identities((run_dir / FILE).read_bytes())
    except OSError:
        return 0
    alive = [row for row in rows if row.started and start_ticks(row.pid) == row.started]
    for row in alive:
        os.kill(row.pid, signal.SIGTERM)
    deadline = time.monotonic() + _GRACE_S
    while any(start_ticks(row.pid) == row.started for row in alive):
        if time.monotonic() > deadline:
            for row in alive:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(row.pid, signal.SIGKILL)
        time.sleep(0.05)
    return len(alive)


class _Child:
    def __init__(self, name: str, command: list[str]) -> None:
        self.name = name
        self.command = command
        self.process: asyncio.subprocess.Process | None = None
        self.restarts = Restarts()
        self.since_ms = 0

    @property
    def up(self) -> bool:
        return self.process is not None and self.process.returncode is None


class Supervisor:
    """Keeps `commands` (name → command line) running until `stop`."""

    def __init__(
        self,
        commands: dict[str, list[str]],
        run_dir: Path,
        publish: Callable[[ProcessesSeen], None],
    ) -> None:
        self._children = [_Child(name, command) for name, command in commands.items()]
        self._run_dir = run_dir
        self._publish = publish
        self._stopping = False
        self._tasks: list[asyncio.Task[None]] = []
        self._written: list[Identity] = []

    async def start(self) -> None:
        """Start every child once and watch over it."""
        for child in self._children:
            await self._spawn(child)
        self._tell()
        self._tasks = [asyncio.create_task(self._watch(child)) for child in self._children]
        self._tasks.append(asyncio.create_task(self._pulse()))

    async def _spawn(self, child: _Child) -> None:
        # Its own process group: a ctrl-C at the terminal reaches the supervisor alone, which ends
        # the children in order.
        child.process = await asyncio.create_subprocess_exec(
            *child.command, stdin=asyncio.subprocess.DEVNULL, process_group=0
        )
        child.since_ms = time.time_ns() // 1_000_000

    async def _watch(self, child: _Child) -> None:
        while True:
            assert child.process is not None
            born = time.monotonic()
            code = await child.process.wait()
            if self._stopping:
                return
            child.restarts = child.restarts.died(time.monotonic() - born)
            child.since_ms = time.time_ns() // 1_000_000
            log.warning(
                "%s ended (%s); starting it again in %.2f s",
                child.name,
                f"signal {-code}" if code < 0 else f"exit {code}",
                child.restarts.wait_s,
            )
            self._tell()
            await asyncio.sleep(child.restarts.wait_s)
            await self._spawn(child)
            self._tell()

    async def _pulse(self) -> None:
        while True:
            await asyncio.sleep(1.0)
            self._tell()

    def _tell(self) -> None:
        rows = [
            Identity(child.name, child.process.pid, start_ticks(child.process.pid))
            for child in self._children
            if child.process is not None
        ]
        if rows != self._written:
            self._written = rows
            path = self._run_dir / FILE
            fresh = path.with_suffix(".new")
            fresh.write_bytes(msgspec.json.encode(rows))
            fresh.replace(path)
        self._publish(
            ProcessesSeen(
                processes=tuple(
                    ProcessState(
                        name=child.name,
                        up=child.up,
                        restarts=child.restarts.in_all,
                        since_ms=child.since_ms,
                    )
                    for child in self._children
                ),
                at_ms=time.time_ns() // 1_000_000,
            )
        )

    async def stop(self) -> None:
        """End all children: SIGTERM, and after eight seconds SIGKILL."""
        self._stopping = True
        for child in self._children:
            if child.up and child.process is not None:
                child.process.send_signal(signal.SIGTERM)
        waits = [child.process.wait() for child in self._children if child.process is not None]
        try:
            async with asyncio.timeout(_GRACE_S):
                await asyncio.gather(*waits)
        except TimeoutError:
            for child in self._children:
                if child.up and child.process is not None:
                    log.warning("%s did not end in %.0f s; killed", child.name, _GRACE_S)
                    child.process.kill()
        for task in self._tasks:
            task.cancel()
        with contextlib.suppress(FileNotFoundError):
            (self._run_dir / FILE).unlink()
