"""The supervisor, over real processes."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from rostra.ground.facts import ProcessesSeen
from rostra.supervision.supervisor_io import Supervisor, end_orphans, start_ticks

SLEEPER = [sys.executable, "-c", "import time; time.sleep(60)"]
STUBBORN = [
    sys.executable,
    "-c",
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(60)",
]


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not true():
            await asyncio.sleep(0.01)


def pid_of(run_dir: Path, name: str) -> int:
    rows = msgspec.json.decode((run_dir / "processes.json").read_bytes())
    return int(next(row["pid"] for row in rows if row["name"] == name))


async def test_a_killed_process_starts_again_and_everyone_is_told(tmp_path: Path) -> None:
    seen: list[ProcessesSeen] = []
    supervisor = Supervisor({"a": SLEEPER, "b": SLEEPER}, tmp_path, seen.append)
    await supervisor.start()
    first = pid_of(tmp_path, "a")
    other = pid_of(tmp_path, "b")
    os.kill(first, signal.SIGKILL)
    await until(lambda: pid_of(tmp_path, "a") != first)
    assert pid_of(tmp_path, "b") == other
    await until(lambda: seen[-1].processes[0].restarts == 1 and seen[-1].processes[0].up)
    assert any(not fact.processes[0].up for fact in seen)
    pids = [pid_of(tmp_path, name) for name in "ab"]
    await supervisor.stop()
    assert [start_ticks(pid) for pid in pids] == ["", ""]


async def test_one_that_will_not_end_is_killed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rostra.supervision.supervisor_io._GRACE_S", 0.5)
    supervisor = Supervisor({"a": STUBBORN}, tmp_path, lambda _: None)
    await supervisor.start()
    pid = pid_of(tmp_path, "a")
    await asyncio.sleep(0.3)  # until it ignores SIGTERM
    await supervisor.stop()
    await until(lambda: start_ticks(pid) == "")


def test_orphans_of_a_killed_supervisor_are_ended_and_nobody_else(tmp_path: Path) -> None:
    orphan = subprocess.Popen(SLEEPER)
    stranger = subprocess.Popen(SLEEPER)
    try:
        rows = [
            {"name": "stage", "pid": orphan.pid, "started": start_ticks(orphan.pid)},
            # The same process id, but another process than the one written down.
            {"name": "edge-0", "pid": stranger.pid, "started": "1"},
        ]
        (tmp_path / "processes.json").write_bytes(msgspec.json.encode(rows))
        assert end_orphans(tmp_path) == 1
        assert orphan.wait(timeout=10) == -signal.SIGTERM
        assert stranger.poll() is None
    finally:
        for process in (orphan, stranger):
            process.kill()
            process.wait()


def test_no_list_or_a_damaged_one_means_no_orphans(tmp_path: Path) -> None:
    assert end_orphans(tmp_path) == 0
    (tmp_path / "processes.json").write_text("{")
    assert end_orphans(tmp_path) == 0
