"""Fingerprint: which build, settings and machine a certificate was made with, hashes and words."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from typing import Any

from rostra.ground.sealed import canonical
from rostra.ground.settings import TABLE, Settings

# Names, addresses, paths and ports say where the house stands, not what it carries; cap and pace
# are what an operator wishes, and are applied over what was measured.
_ELSEWHERE = re.compile(r"serve\.(data|(\w+_)?(host|port|url)|tls_cert|tls_key)|stage\.public_ip")
_WISHES = {"door.cap", "door.pace"}
_MODEL = re.compile(r"^(?:model name|Model|Hardware|uarch)\s*:\s*(.+)$", re.MULTILINE)
_MEMORY = re.compile(r"^MemTotal:\s*(\d+) kB$", re.MULTILINE)


def build_hash(files: Iterable[tuple[str, bytes]], interpreter: str) -> str:
    """SHA-256 (hex) over the files of the installed package (relative path, body) and Python.

    The order in which they come does not matter.
    """
    whole = hashlib.sha256(b"rostra build\0" + interpreter.encode() + b"\0")
    for path, body in sorted(files):
        whole.update(path.encode() + b"\0" + hashlib.sha256(body).digest())
    return whole.hexdigest()


def settings_said(settings: Settings, edges: int) -> dict[str, Any]:
    """The settings that matter for what the house carries. `edges`: as many as really run."""
    said: dict[str, Any] = {
        row.name: settings.values[row.name]
        for row in TABLE
        if row.name not in _WISHES and not _ELSEWHERE.fullmatch(row.name)
    }
    said["serve.edges"] = edges
    said["serve.tls"] = bool(settings.values["serve.tls_cert"])
    return said


def machine_said(
    *, cpuinfo: str, meminfo: str, architecture: str, cores: int, kernel: str, files: int
) -> dict[str, Any]:
    """The machine in words. `cpuinfo`, `meminfo`: as proc(5) gives them; `files`: the limit."""
    model, memory = _MODEL.search(cpuinfo), _MEMORY.search(meminfo)
    return {
        "cpu": " ".join(model[1].split()) if model else architecture,
        "cores": cores,
        # Whole GiB: the kernel keeps a little more or less for itself at each start.
        "memory_gib": round(int(memory[1]) / 1024**2) if memory else 0,
        "kernel": kernel,
        "files": files,
    }


def said_hash(said: Mapping[str, Any]) -> str:
    """SHA-256 (hex) over the canonical JSON of what is said."""
    return hashlib.sha256(canonical(dict(said))).hexdigest()
