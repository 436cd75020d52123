"""`rostra rehearse` as a person starts it, and processes that are slow on purpose."""

from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path
from typing import Any

import msgspec

from rostra.rehearsal.findings import Findings
from tests.live.conftest import ROSTRA, House, until

# Read by each Python that starts with the folder on its path; only those named are slowed.
_SLOW = """
import sys, time
if {words!r} in " ".join(sys.orig_argv):
    from {module} import {owner}
    quick = {owner}.{method}
    def slow(self, *given):
        time.sleep({seconds})
        return quick(self, *given)
    {owner}.{method} = slow
"""


def slowed(folder: Path, words: str, place: str, seconds: float) -> dict[str, str]:
    """The environment in which processes whose command line has `words` sleep for `seconds` at
    each call of `place` (module:Class.method).
    """
    module, _, name = place.partition(":")
    owner, _, method = name.partition(".")
    folder.mkdir()
    (folder / "sitecustomize.py").write_text(
        _SLOW.format(words=words, module=module, owner=owner, method=method, seconds=seconds)
    )
    already = os.environ.get("PYTHONPATH")
    return {"PYTHONPATH": os.pathsep.join([str(folder), *([already] if already else [])])}


class Rehearsal:
    """A `rostra rehearse` that runs beside `house`."""

    def __init__(self, house: House, *words: str, env: dict[str, str] | None = None) -> None:
        self.house = house
        self._log = house.data.parent / "rehearse.log"
        # A file and no pipe: what it found is more than a pipe holds, and nobody reads meanwhile.
        self._told = house.data.parent / "rehearse.json"
        with self._log.open("w") as log, self._told.open("w") as told:
            self.process = subprocess.Popen(
                [*ROSTRA, "rehearse", "--data", str(house.data), "--json", *words],
                stdout=told,
                stderr=log,
                text=True,
                env=os.environ | (env or {}),
                start_new_session=True,
            )
        self._here: set[int] = set()  # its processes, as far as they were seen

    @property
    def said(self) -> str:
        """What stood on the screen."""
        return self._log.read_text()

    def progress(self) -> Any:
        """What the control room shows of it; empty before it has begun."""
        shown = self.house.api("GET", "/api/status")["rehearsal"]
        return (shown and shown["progress"]) or {}

    def until(self, what: str, timeout_s: float = 60.0) -> None:
        """Wait until `what` is more than nothing: steps that are done, people who are here."""

        def true() -> bool:
            assert self.process.poll() is None, self.said
            self._look()
            return bool(self.progress().get(what))

        until(true, f"the rehearsal has {what}", timeout_s)

    def _look(self) -> None:
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        self._here |= {int(pid) for pid in children.read_text().split()}

    def interrupt(self) -> None:
        """ctrl-C, as a terminal gives it to all of a command."""
        os.killpg(self.process.pid, signal.SIGINT)

    def ended(self, timeout_s: float = 150.0) -> Findings:
        """What it found, once it has ended; nothing of it runs any more."""
        self.process.wait(timeout_s)
        told = self._told.read_bytes()
        assert told, self.said
        left = [pid for pid in self._here if Path(f"/proc/{pid}").exists()]
        assert left == [], self.said
        return msgspec.json.decode(told, type=Findings)

    def refused(self, timeout_s: float = 60.0) -> str:
        """What it said where it found nothing, since it was refused."""
        self.process.wait(timeout_s)
        assert self._told.read_bytes() == b"" and self.process.returncode == 1, self.said
        return self.said

    def close(self) -> None:
        """However the test went."""
        if self.process.poll() is None:
            self.interrupt()
            try:
                self.process.wait(timeout=30)
            except subprocess.TimeoutExpired:
                self.process.kill()
