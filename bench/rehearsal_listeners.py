"""Listeners sustained on one core with zero stalls, ours at rungs 1 to 3, beside its peers.

The server on the first core, the generator and the speaker on the last. On the first core there
also runs a whole house (stage, packager, control), in the peers' turn too: their stream comes from
it, through a mirror. The crowd grows in steps until some listener stalls (a step with a stall or
two is tried once more) or generator or open files are the limit: then a figure is "at least", and
the CPU-µs that a listener-second costs the server compare the servers. The peers serve rung 2,
classic HLS of 4 s segments, and check no pass.
"""

from __future__ import annotations

import asyncio
import contextlib
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import AsyncExitStack
from importlib.metadata import version
from pathlib import Path
from typing import Any

import msgspec
import uvloop
from tests.live.conftest import House, end_house, free_ports, start_house

from bench import _rehearsal_mediamtx
from bench._rehearsal_mediamtx import mediamtx
from bench._rehearsal_peers import (
    RUN,
    RUNG,
    consent,
    mirrored,
    naive,
    nginx,
    on_cores,
    served_folder,
)
from bench._rehearsal_steps import LAST_CORE, Found, Target, sustained
from rostra.rehearsal import knee
from rostra.rehearsal.orders import Begin, Hello
from rostra.rehearsal.trouble import RehearsalTrouble
from rostra.rehearsal.voice_io import speaking

Row = dict[str, Any]
Peers = dict[str, list[Found] | str]
RUNGS = (1, 2, 3)
NGINX, NAIVE, MEDIAMTX = "nginx", "naive", "mediamtx"
_LIVE_S = 12.0  # until there is a stream to begin with
NAIVE_JOINS_S = 40.0  # whoever comes costs it many files: it is given time for them
_SPARE_FILES = 1_000
_SOURCES = ("127.1.0.1", "127.1.0.2")


def most_files() -> int:
    """Connections that one server process and one generator may both have open."""
    return resource.getrlimit(resource.RLIMIT_NOFILE)[1] - _SPARE_FILES


@contextlib.contextmanager
def house_on_first_core(settings: str) -> Iterator[House]:
    """A house on the first core, with one edge."""
    with tempfile.TemporaryDirectory(prefix="rostra-") as folder:
        config = Path(folder) / "rostra.toml"
        config.write_text(f"[edge]\nmax_connections = {most_files() + 400}\n{settings}")
        one, two, three = free_ports(3)
        with on_cores({0}):
            house = start_house(
                Path(folder) / "data", (one, two, three), "--edges", "1", "--config", str(config)
            )
        try:
            yield house
        finally:
            end_house(house)


async def ours(house: House, program: knee.Program) -> list[Found]:
    """A rehearsal on a house with passes, as anyone would play it."""
    event = ""

    async def begin(hello: Hello, most: int) -> Begin:
        nonlocal event
        allowed = house.api(
            "POST",
            "/api/rehearsals",
            {
                "generators": [hello.key],
                "listeners": most,
                "requests_s": 100 * most,
                "minutes": 30,
                "faults": False,
            },
        )
        event = allowed["event_id"]
        door(program.rungs[0])
        await stack.enter_async_context(speaking(allowed["speaker_link"]))
        house.api("POST", f"/api/events/{event}/go-live")
        await asyncio.sleep(_LIVE_S)
        return Begin(
            run=allowed["run"],
            origin=allowed["origin"],
            page=allowed["page"],
            token=allowed["token"],
            share=(0, 1),
            seed=1,
            sources=_SOURCES,
        )

    def door(rung: int) -> None:
        house.api("POST", f"/api/events/{event}/door", {"open_all": True, "rung": rung})

    async with AsyncExitStack() as stack:
        return await sustained(Target(pid=house.pid("edge-0"), begin=begin, rung=door), program)


@contextlib.asynccontextmanager
async def _server(peer: str, root: Path, event: str, port: int) -> AsyncIterator[tuple[int, Path]]:
    """The peer on `port`: its process id, and the folder that it serves."""
    files = most_files() + _SPARE_FILES
    if peer == MEDIAMTX:
        own = root / "mediamtx"
        # The mirror goes on in its own folder meanwhile.
        shutil.copytree(root / "www", own / "www", ignore=shutil.ignore_patterns(".*.new"))
        async with mediamtx(own, event, port, files) as pid:
            yield pid, own / "www"
    elif peer == NGINX:
        with nginx(root, event, port, files) as pid:
            yield pid, root / "www"
    else:
        with naive(root, event, port) as pid:
            yield pid, root / "www"


async def _peer(peer: str, program: knee.Program, root: Path, event: str) -> list[Found]:
    (port,) = free_ports(1)
    origin = f"http://127.0.0.1:{port}"
    async with _server(peer, root, event, port) as (pid, folder):

        async def begin(hello: Hello, most: int) -> Begin:
            consent(folder, origin, [hello.key], most)
            return Begin(
                run=RUN,
                origin=origin,
                page=f"/e/{event}",
                token="none",
                share=(0, 1),
                seed=1,
                sources=_SOURCES,
            )

        return await sustained(Target(pid=pid, begin=begin, rung=lambda _: None), program)


async def theirs(house: House, peers: dict[str, knee.Program], root: Path) -> Peers:
    """Each peer with the same crowd, at the one rung that it has; in words why one has nothing."""
    event = house.create("Mirrored")
    name = event["id"]
    origin = f"http://127.0.0.1:{house.ports[0]}"
    found: Peers = {}
    async with AsyncExitStack() as stack:
        house.api("POST", f"/api/events/{name}/open-doors")
        house.api("POST", f"/api/events/{name}/door", {"rung": RUNG})
        await stack.enter_async_context(speaking(event["speaker_link"]))
        house.api("POST", f"/api/events/{name}/go-live")
        await stack.enter_async_context(mirrored(origin, name, root / "www"))
        for peer, program in peers.items():
            try:
                found[peer] = await _peer(peer, program, root, name)
            except (RuntimeError, OSError, RehearsalTrouble) as error:
                found[peer] = f"could not be measured: {error}"
    return found


def _programs(quick: bool) -> tuple[knee.Program, dict[str, knee.Program]]:
    if quick:
        program = knee.Program(
            rungs=RUNGS,
            first=1_500,
            most=1_500,
            within_s=120.0,
            settle_s=(3.0, 3.0, 6.0, 8.0),
            hold_s=(6.0, 6.0, 8.0, 10.0),
        )
        same = msgspec.structs.replace(program, rungs=(RUNG,))
        few = msgspec.structs.replace(same, first=500, most=500, joins_s=NAIVE_JOINS_S)
        held = msgspec.structs.replace(program, rungs=(_rehearsal_mediamtx.RUNG,))
        return program, {NGINX: same, NAIVE: few, MEDIAMTX: held}
    most = most_files()
    program = knee.Program(rungs=RUNGS, first=2_000, most=most, joins_s=150.0, within_s=540.0)
    return (
        program,
        {
            NGINX: msgspec.structs.replace(program, rungs=(RUNG,), first=4_000, within_s=300.0),
            NAIVE: msgspec.structs.replace(
                program, rungs=(RUNG,), first=500, joins_s=NAIVE_JOINS_S, within_s=300.0
            ),
            MEDIAMTX: msgspec.structs.replace(
                program, rungs=(_rehearsal_mediamtx.RUNG,), first=500, within_s=240.0
            ),
        },
    )


def _row(what: str, unit: str, mine: float, peer: tuple[str, float] | None) -> Row:
    row: Row = {"name": what, "value": round(mine, 1), "unit": unit}
    if peer is not None:
        row |= {"peer": peer[0], "peer_value": round(peer[1], 1)}
        row["ratio"] = round(mine / peer[1], 3) if peer[1] else None
    return row


def _table(rostra: Sequence[Found], others: Peers) -> list[Row]:
    table = []
    for one in rostra:
        pairs: list[tuple[str, Found] | None] = [
            (peer, found[0])
            for peer, found in others.items()
            if not isinstance(found, str) and found and found[0].rung == one.rung
        ]
        for pair in pairs or [None]:
            crowd = cpu = None
            if pair is not None:
                name, them = pair
                crowd = (f"{name}, {them.told}", float(them.listeners))
                cpu = (f"{name}, {them.tried.step.listeners:,} listeners", them.tried.cpu_us)
            what = f"rung {one.rung}: listeners with zero stalls, {one.told}"
            table.append(_row(what, "listeners", one.listeners, crowd))
            what = (
                f"rung {one.rung}: CPU of the server for a listener-second, "
                f"{one.tried.step.listeners:,} listeners"
            )
            table.append(_row(what, "µs", one.tried.cpu_us, cpu))
    return table


def _named(peer: str) -> str:
    """The peer with its version."""
    if peer == NAIVE:
        return f"uvicorn {version('uvicorn')} + Starlette {version('starlette')}, no passes"
    if peer == MEDIAMTX:
        return f"MediaMTX {_rehearsal_mediamtx.there()} at LL-HLS, no passes; nginx before it"
    said = subprocess.run(["nginx", "-v"], capture_output=True, text=True, check=True).stderr
    return f"nginx {said.strip().rpartition('/')[2]} static, no passes"


def _missing(peer: str, why: str) -> Row:
    return {"name": "listeners with zero stalls", "peer": f"{peer}: {why}"}


def rows(quick: bool) -> list[Row]:
    """Listeners with zero stalls, and CPU-µs of the server for a listener-second."""
    mine, peers = _programs(quick)
    missing = []
    if not shutil.which("nginx"):
        del peers[NGINX]
        missing.append(_missing("nginx", "not measured, it is not installed"))
    if not _rehearsal_mediamtx.there():
        del peers[MEDIAMTX]
        missing.append(_missing("MediaMTX at LL-HLS", "not measured, no mediamtx on the PATH"))
    with on_cores(LAST_CORE):
        with house_on_first_core("") as house:
            rostra = uvloop.run(ours(house, mine))
        with served_folder() as root, house_on_first_core('[door]\nadmission = "open"\n') as house:
            others = uvloop.run(theirs(house, peers, root))
    named = {_named(peer): found for peer, found in others.items()}
    missing += [_missing(peer, why) for peer, why in named.items() if isinstance(why, str)]
    return [*_table(rostra, named), *missing]


if __name__ == "__main__":
    began = time.monotonic()
    for row in rows("--quick" in sys.argv):
        print(row)
    print(f"{time.monotonic() - began:.0f} s", file=sys.stderr)
