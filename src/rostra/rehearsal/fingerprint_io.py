"""Takes the fingerprint of this installation: reads its package, the machine, the limits."""

from __future__ import annotations

import os
import platform
import resource
import sys
from collections.abc import Iterator
from pathlib import Path

import rostra
from rostra.ground.settings import Settings
from rostra.rehearsal.findings import House
from rostra.rehearsal.fingerprint import build_hash, machine_said, said_hash, settings_said

PACKAGE = Path(rostra.__file__).parent


def house(settings: Settings, edges: int, package: Path = PACKAGE) -> House:
    """What a rehearsal here is made with. Reads some megabytes. Raises OSError."""
    settings_now = settings_said(settings, edges)
    files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    machine_now = machine_said(
        cpuinfo=_read(Path("/proc/cpuinfo")),
        meminfo=_read(Path("/proc/meminfo")),
        architecture=platform.machine(),
        cores=os.cpu_count() or 1,
        kernel=platform.release(),
        files=files,
    )
    interpreter = f"{sys.implementation.name} {platform.python_version()}"
    return House(
        build=build_hash(_files(package), interpreter),
        settings=said_hash(settings_now),
        machine=said_hash(machine_now),
        version=rostra.__version__,
        settings_said=settings_now,
        machine_said=machine_now,
        edges=edges,
    )


def _files(package: Path) -> Iterator[tuple[str, bytes]]:
    for path in package.rglob("*"):
        if path.is_file() and "__pycache__" not in path.parts and path.suffix != ".pyc":
            yield path.relative_to(package).as_posix(), path.read_bytes()


def _read(path: Path) -> str:
    try:
        return path.read_text(errors="replace")
    except OSError:
        return ""  # another system: its kernel's name stands for it
