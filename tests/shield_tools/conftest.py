"""An edge in a process of its own, and the tools that others use against servers.

Everything stays on the loopback, is bounded in count, and ends by itself within 15 s.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import ssl
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import msgspec
import pytest

from rostra.delivery.desk_io import Limits
from rostra.ground.facts import ShieldSet
from tests.delivery.test_edge_io import certificate
from tests.shield_tools.served import LARGE, LARGE_BYTES, Options, Seen

PATH = os.environ.get("PATH", "") + ":/usr/sbin"
PACKAGES = {"slowhttptest": "slowhttptest", "h2load": "nghttp2-client", "nghttp": "nghttp2-client"}
# As an edge has them, but sooner: a tool runs for seconds here.
HASTY = Limits(head_s=2, idle_s=3, stall_s=2, linger_s=1)
_COLOURS = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
_TOOL_S = 15


class Served:
    """The edge's process."""

    def __init__(self, process: subprocess.Popen[str], log: Path, client: ssl.SSLContext | None):
        assert process.stdout is not None
        self.process = process
        self.client = client  # what a client needs to trust it, over TLS
        self.port = int(process.stdout.readline() or 0)
        assert self.port, log.read_text()
        self.seen = Seen()
        self._log = log
        self._reader = threading.Thread(target=self._read, args=(process.stdout,), daemon=True)
        self._reader.start()

    def _read(self, said: IO[str]) -> None:
        for line in said:
            self.seen = msgspec.json.decode(line, type=Seen)

    @property
    def url(self) -> str:
        """Where it stands."""
        scheme, host = ("https", "localhost") if self.client else ("http", "127.0.0.1")
        return f"{scheme}://{host}:{self.port}"

    def end(self) -> None:
        """It ends when told, and had nothing to complain of."""
        assert self.process.poll() is None, self._log.read_text()
        self.process.terminate()
        assert self.process.wait(20) == 0, self._log.read_text()
        self._reader.join(20)
        assert self._log.read_text() == ""


@contextlib.contextmanager
def serving(
    folder: Path,
    limits: Limits = HASTY,
    shield: ShieldSet | None = None,
    tls: bool = False,
    files: int = 0,
    proxies: tuple[str, ...] = (),
) -> Iterator[Served]:
    """An edge on a port of its own, until the end of the block. Its log must stay empty."""
    large = folder / "pages" / LARGE[1:]
    large.parent.mkdir(parents=True)
    large.write_bytes(os.urandom(LARGE_BYTES))
    client = certificate(folder)[1] if tls else None
    options = Options(
        limits=limits,
        shield=shield or ShieldSet(at_ms=0),
        tls=tls,
        files=files,
        proxies=proxies,
    )
    words = [str(folder), msgspec.json.encode(options).decode()]
    log = folder / "stderr.txt"
    with (
        log.open("w") as stderr,
        subprocess.Popen(
            [sys.executable, "-m", "tests.shield_tools.served", *words],
            stdout=subprocess.PIPE,
            stderr=stderr,
            text=True,
        ) as process,
    ):
        try:
            served = Served(process, log, client)
            yield served
            served.end()
        finally:
            process.kill()


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    """A hasty edge."""
    with serving(tmp_path) as one:
        yield one


def tool(*words: str) -> str:
    """All that a tool says, without its colours. It must end by itself, whatever its exit code."""
    if shutil.which(words[0], path=PATH) is None:
        package = PACKAGES.get(words[0], words[0])
        pytest.fail(f"this test needs Debian's {package}: sudo apt-get install {package}")
    done = subprocess.run(
        ["nice", "-n", "5", *words],
        capture_output=True,
        text=True,
        errors="replace",
        timeout=_TOOL_S,
        env=os.environ | {"PATH": PATH},
    )
    return _COLOURS.sub("", done.stdout + done.stderr)
