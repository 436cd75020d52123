"""Locust as a generator: installed on demand, apart from all else; let loose once consent holds."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from tests.live.conftest import House

from rostra.rehearsal.asks import Ask, Intent
from rostra.rehearsal.connections_io import HELD_MOST_S
from rostra.rehearsal.consent_check_io import ConsentCheck
from rostra.rehearsal.orders import Failed, Second
from rostra.rehearsal.request_head import Heads
from rostra.rehearsal.sockets_io import find

_ROOT = Path(__file__).parents[1]
_LOCK = _ROOT / "requirements" / "bench.lock"
_PLACE = _ROOT / "build" / "locust"
_INSTALL_MOST_S = 300


class NoLocust(Exception):
    """Why there is no figure, in words."""


def program() -> Path:
    """Locust as locked, in an environment of its own. NoLocust if it cannot be had."""
    locust, stamp = _PLACE / "bin" / "locust", _PLACE / ".ready"
    digest = hashlib.sha256(_LOCK.read_bytes()).hexdigest()
    if locust.exists() and stamp.exists() and stamp.read_text() == digest:
        return locust
    for words in (
        ("venv", "--clear", "--python", sys.executable, _PLACE),
        ("pip", "install", "--python", _PLACE / "bin" / "python", "--require-hashes", "-r", _LOCK),
    ):
        uv = [sys.executable, "-m", "uv", "-q", *words]
        try:
            done = subprocess.run(uv, capture_output=True, text=True, timeout=_INSTALL_MOST_S)
        except subprocess.TimeoutExpired as error:
            raise NoLocust("its installation took too long") from error
        if done.returncode:
            print(done.stderr, file=sys.stderr)
            raise NoLocust("requirements/bench.lock could not be installed here")
    stamp.write_text(digest)
    return locust


def version() -> str:
    """Locust with its version, as it says itself. NoLocust."""
    said = subprocess.run([program(), "--version"], capture_output=True, text=True)
    if said.returncode:
        print(said.stderr, file=sys.stderr)
        raise NoLocust("it does not start here")
    return f"Locust {said.stdout.split()[1]}"


def _fields(house: House, page: str) -> dict[str, str]:
    """The header fields that our own virtual listeners send with each request."""
    origin = house.audience
    heads = Heads(origin.partition("://")[2], origin, page, "")
    lines = heads.rest(Ask("GET", page, "", "", Intent.PAGE)).decode().split("\r\n")[1:]
    fields = dict(line.split(": ", 1) for line in lines if line)
    del fields["Host"]  # Locust says it itself
    return fields


def _consent(house: House, crowd: int) -> Any:
    """The house's answer to the wish to rehearse, once its edges show the consent."""
    key = Ed25519PrivateKey.generate().public_key().public_bytes_raw().hex()
    wish = {
        "generators": [key],
        "listeners": crowd,
        "requests_s": 100 * crowd,
        "minutes": 10,
        "faults": False,
    }
    allowed = house.api("POST", "/api/rehearsals", wish)

    async def ask() -> Any:
        check = ConsentCheck(find(house.audience), allowed["run"], key)
        try:
            for _ in range(50):
                said = await check.ask()
                if not isinstance(said, Failed):
                    return said
                await asyncio.sleep(0.1)
            return said
        finally:
            check.close()

    said = asyncio.run(ask())
    if isinstance(said, Failed):
        raise NoLocust(f"no consent: {said.message}")
    return allowed


@contextlib.contextmanager
def crowd_of(
    house: House, listeners: int, rung: int, over_s: float, most_s: float, core: int
) -> Iterator[Iterator[Second]]:
    """A crowd of Locust users that comes within `over_s`, on one core, for `most_s` at most.

    Yields what each second was like, at an event that is open and on air at `rung`. NoLocust.
    """
    locust = program()
    allowed = _consent(house, listeners)
    event = allowed["event_id"]
    try:
        house.api("POST", f"/api/events/{event}/door", {"open_all": True, "rung": rung})
        house.api("POST", f"/api/events/{event}/go-live")
        settings = {
            "token": allowed["token"],
            "origin": house.audience,
            "page": allowed["page"],
            "fields": _fields(house, allowed["page"]),
            "timeout_s": HELD_MOST_S,
        }
        words = ["timeout", "-k", "5", f"{most_s + 10:.0f}", "taskset", "-c", str(core)]
        words += [str(locust), "-f", str(Path(__file__).with_name("_rehearsal_locustfile.py"))]
        words += ["--headless", "--only-summary", "--loglevel", "ERROR", "--host", house.audience]
        words += ["-u", str(listeners), "-r", f"{listeners / over_s:.3f}", "-t", f"{most_s:.0f}s"]
        with (
            tempfile.TemporaryDirectory() as folder,
            (Path(folder) / "stderr").open("w+") as noise,
            subprocess.Popen(
                words,
                cwd=folder,
                env=os.environ
                | {
                    "ROSTRA_LOCUST": msgspec.json.encode(settings).decode(),
                    "PYTHONPATH": str(_ROOT / "src"),
                },
                stdout=subprocess.PIPE,
                stderr=noise,
                text=True,
            ) as process,
        ):
            try:
                yield _seconds(process, noise)
            finally:
                process.terminate()
    finally:
        house.api("POST", f"/api/rehearsals/{allowed['run']}/withdraw")


def _seconds(process: subprocess.Popen[str], noise: Any) -> Iterator[Second]:
    assert process.stdout is not None
    for line in process.stdout:
        if line.startswith("{"):
            yield msgspec.json.decode(line, type=Second)
    noise.seek(0)
    print(noise.read(), file=sys.stderr)
    raise NoLocust("it ended too early")
