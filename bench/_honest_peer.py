"""The same listeners and bot at nginx as many would set it up: limits by address before files.

It serves a real stream, mirrored from a house (`_rehearsal_peers`), at rung 2: a listener asks less
often there than ours do. No other attack is played beside it. Both are in the peer's favour.
"""

from __future__ import annotations

import asyncio
import shutil
import subprocess
import tempfile
from contextlib import AsyncExitStack
from pathlib import Path
from typing import cast

from tests.live.conftest import House, free_ports, open_house

from bench._honest_bot import Bot
from bench._honest_crowd import LATER, LISTENERS, SOURCES, Crowds, Times, played
from bench._rehearsal_peers import RUN, RUNG, consent, mirrored, nginx, served_folder
from bench._rehearsal_steps import NoReadings
from rostra.rehearsal.coordinator_io import Coordinator
from rostra.rehearsal.house_io import HouseAtHand
from rostra.rehearsal.orders import Begin
from rostra.rehearsal.voice_io import speaking
from rostra.rehearsal.watch_io import Watch

_ZONES = """
  limit_req_zone $binary_remote_addr zone=often:10m rate=10r/s;
  limit_conn_zone $binary_remote_addr zone=many:10m;
"""
_LIMITS = "limit_req zone=often burst=60; limit_conn many 20;"
_FILES = 4_000


def there() -> str:
    """Its name, or nothing where it is not installed."""
    if not shutil.which("nginx"):
        return ""
    said = subprocess.run(["nginx", "-v"], capture_output=True, text=True, check=True).stderr
    version = said.strip().rpartition("/")[2]
    return f"nginx {version}, limit_req 10 r/s burst 60, limit_conn 20, rung {RUNG}, no attack"


async def _crowds(house: House, times: Times, root: Path) -> Crowds:
    event = house.create("Mirrored")
    name = event["id"]
    (port,) = free_ports(1)
    origin, page = f"http://127.0.0.1:{port}", f"/e/{name}"
    async with AsyncExitStack() as stack:
        house.api("POST", f"/api/events/{name}/open-doors")
        house.api("POST", f"/api/events/{name}/door", {"rung": RUNG})
        await stack.enter_async_context(speaking(event["speaker_link"]))
        house.api("POST", f"/api/events/{name}/go-live")
        await stack.enter_async_context(mirrored(house.audience, name, root / "www"))
        stack.enter_context(nginx(root, name, port, _FILES, _LIMITS, _ZONES))
        crowd = Coordinator()
        await crowd.start()
        stack.push_async_callback(crowd.close)
        await crowd.spawn(1)
        (hello,) = await crowd.workers(1, 30)
        consent(root / "www", origin, [hello.key], 2 * (LISTENERS + LATER))
        begin = Begin(
            run=RUN,
            origin=origin,
            page=page,
            token="none",
            share=(0, 1),
            seed=1,
            sources=SOURCES[:1],
        )
        await crowd.begin(lambda *_: begin)
        watch = Watch(crowd, cast(HouseAtHand, NoReadings()))
        watch.begin(await crowd.zero(1.0))
        stack.push_async_callback(watch.close)
        bots = [Bot(origin, page, SOURCES[0])]
        found = await played(crowd, watch, [hello.name], bots, times, lambda _: "")
        await crowd.end(10.0)
        return found


def at_nginx(times: Times) -> Crowds:
    """The crowd there. RuntimeError, OSError, RehearsalTrouble where it cannot be."""
    with (
        tempfile.TemporaryDirectory(prefix="rostra-") as folder,
        served_folder() as root,
        open_house(Path(folder), '[door]\nadmission = "open"\n') as house,
    ):
        return asyncio.run(_crowds(house, times, root))
