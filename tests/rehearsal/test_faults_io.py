"""Faults over real processes that the test itself starts."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from rostra.rehearsal.faults_io import hog, inject, kill, slow_disk
from rostra.rehearsal.trouble import RehearsalTrouble
from rostra.supervision.identity import Identity
from rostra.supervision.supervisor_io import start_ticks


@pytest.fixture
def sleeper() -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    yield process
    process.kill()
    process.wait()


def write_down(run_dir: Path, *rows: Identity) -> None:
    (run_dir / "processes.json").write_bytes(msgspec.json.encode(rows))


def test_the_process_of_that_name_is_killed_and_no_other(
    tmp_path: Path, sleeper: subprocess.Popen[bytes]
) -> None:
    me = Identity("control", os.getpid(), start_ticks(os.getpid()))
    write_down(tmp_path, me, Identity("edge-0", sleeper.pid, start_ticks(sleeper.pid)))
    inject(tmp_path, "edge-0")
    assert sleeper.wait(10) == -signal.SIGKILL


def test_a_process_id_that_was_given_to_another_is_left_alone(
    tmp_path: Path, sleeper: subprocess.Popen[bytes]
) -> None:
    write_down(tmp_path, Identity("edge-0", sleeper.pid, "1"))
    with pytest.raises(RehearsalTrouble) as trouble:
        kill(tmp_path, "edge-0")
    assert trouble.value.code == "no_such_process"
    assert sleeper.poll() is None


@pytest.mark.parametrize("written", [None, b"[", b"[]", b'[{"name":"stage","pid":1,"started":""}]'])
def test_what_is_not_written_down_is_not_killed(tmp_path: Path, written: bytes | None) -> None:
    if written is not None:
        (tmp_path / "processes.json").write_bytes(written)
    with pytest.raises(RehearsalTrouble, match="does not run here"):
        inject(tmp_path, "stage")


def test_an_unknown_fault_names_those_there_are(tmp_path: Path) -> None:
    with pytest.raises(RehearsalTrouble, match="control, disk, edge-0, hog, packager, stage"):
        inject(tmp_path, "earthquake")
    with pytest.raises(RehearsalTrouble):
        inject(tmp_path, "storm")  # the generators' own


def children() -> set[int]:
    raw = Path(f"/proc/{os.getpid()}/task/{os.getpid()}/children").read_text()
    return {int(pid) for pid in raw.split()}


def test_a_hog_spins_and_is_gone_after_its_time() -> None:
    before = children()
    over = hog(1, 0.5)
    (spinning,) = children() - before
    over.join(20)
    assert not over.is_alive()
    assert start_ticks(spinning) == ""


def test_the_disk_is_written_to_and_nothing_is_left(tmp_path: Path) -> None:
    over = slow_disk(tmp_path, 0.3)
    over.join(20)
    assert not over.is_alive()
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_is_not_filled_further(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rostra.rehearsal.faults_io.DISK_FREE_LEAST", 1 << 62)
    with pytest.raises(RehearsalTrouble, match="free space"):
        inject(tmp_path, "disk")
