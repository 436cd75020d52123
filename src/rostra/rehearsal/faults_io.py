"""Faults that a rehearsal makes on this machine; only where the consent allows faults.

Each is bounded in time and undoes itself. The supervisor starts again whatever is killed.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import threading
from pathlib import Path

from rostra.rehearsal.faults import DISK, HOG, KILLED, SAYS, STORM
from rostra.rehearsal.trouble import RehearsalTrouble
from rostra.supervision.identity import FILE, Identity, read_identities, started

HOG_S = 10.0
HOG_MOST_S = 60.0
DISK_FREE_LEAST = 2 * 1024**3
_GRACE_S = 2.0

# Each ends by its own clock, and at once when whoever started it is gone.
_SPIN = """
import os, sys, time
parent, end = int(sys.argv[1]), time.monotonic() + float(sys.argv[2])
while time.monotonic() < end and os.getppid() == parent:
    for _ in range(100_000):
        pass
"""
_WRITE = """
import os, sys, tempfile, time
parent, end = int(sys.argv[1]), time.monotonic() + float(sys.argv[2])
block = os.urandom(1 << 20)
with tempfile.TemporaryFile(dir=sys.argv[3], buffering=0) as file:
    while time.monotonic() < end and os.getppid() == parent:
        file.write(block)
        os.fsync(file.fileno())
        if file.tell() >= 256 << 20:
            file.seek(0)
"""


def inject(run_dir: Path, name: str) -> None:
    """Make the fault `name` (faults.SAYS) on the house whose run folder this is.

    Returns at once. Raises RehearsalTrouble where there is no such fault, process or disk space.
    """
    if name in KILLED:
        kill(run_dir, name)
    elif name == HOG:
        hog(os.cpu_count() or 1, HOG_S)
    elif name == DISK:
        slow_disk(run_dir, HOG_S)
    else:
        here = ", ".join(sorted(set(SAYS) - {STORM}))
        raise RehearsalTrouble("unknown_fault", f"There is no fault {name!r} here. Use: {here}.")


def kill(run_dir: Path, name: str) -> int:
    """SIGKILL the process `name` of the house; its id.

    Only the very process that the supervisor wrote down: same id and same start time.
    """
    who = process(run_dir, name)
    if who is None or not who.started or _start_ticks(who.pid) != who.started:
        raise RehearsalTrouble("no_such_process", f"The process {name!r} does not run here now.")
    try:
        os.kill(who.pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError) as error:
        raise RehearsalTrouble(
            "no_such_process",
            f"The process {name!r} cannot be killed: {error.strerror}. Rehearse as the user who "
            f"runs the house, or with --no-faults.",
        ) from error
    return who.pid


def process(run_dir: Path, name: str) -> Identity | None:
    """The process of that name as the supervisor wrote it down."""
    try:
        rows = read_identities((run_dir / FILE).read_bytes())
    except OSError:
        return None
    return next((row for row in rows if row.name == name), None)


def _start_ticks(pid: int) -> str:
    try:
        return started(Path(f"/proc/{pid}/stat").read_text())
    except OSError:
        return ""


def hog(cores: int, seconds: float) -> threading.Thread:
    """So many processes that only spin, at the usual niceness; the thread ends when they did."""
    return _beside([[_SPIN]] * max(1, min(cores, os.cpu_count() or 1)), seconds)


def slow_disk(folder: Path, seconds: float) -> threading.Thread:
    """Write and fsync without pause on the disk of `folder`; at most 256 MiB, gone afterwards."""
    if shutil.disk_usage(folder).free < DISK_FREE_LEAST:
        raise RehearsalTrouble(
            "disk_full", "The disk fault wants 2 GiB of free space. Make room, or leave it out."
        )
    return _beside([[_WRITE, str(folder)]], seconds)


def _beside(programs: list[list[str]], seconds: float) -> threading.Thread:
    seconds = min(seconds, HOG_MOST_S)
    running = [
        subprocess.Popen(
            [sys.executable, "-I", "-S", "-c", code, str(os.getpid()), str(seconds), *more],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        for code, *more in programs
    ]
    waiting = threading.Thread(target=_end, args=(running, seconds), name="fault", daemon=True)
    waiting.start()
    return waiting


def _end(running: list[subprocess.Popen[bytes]], seconds: float) -> None:
    for one in running:
        with contextlib.suppress(subprocess.TimeoutExpired):
            one.wait(seconds + _GRACE_S)
        one.kill()
        one.wait()
