"""One house under one attack, and honest listeners of four kinds, one after another.

    python -m bench._honest_evening FILE [--quick] [--namespaces HOUSE LISTENER]

writes to FILE what each met. Started within the namespace HOUSE (if there are namespaces), so that
loopback and the kernel's bans are the bench's own; the far listener is in LISTENER.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import msgspec
from tests.live.conftest import House, end_house, free_ports, start_house

from bench import _honest_browsers, _honest_peer
from bench._honest_bot import Bot
from bench._honest_browsers import Seen
from bench._honest_crowd import FULL, LISTENERS, QUICK, Crowds, Met, Times, ended, played
from bench._honest_crowd import SOURCES as BEHIND
from bench._honest_link import HOUSE_IP, lossy
from rostra.rehearsal.attack_orders import AttackOrders, AttackSecond, Tally, total
from rostra.rehearsal.attackers_io import Attackers
from rostra.rehearsal.coordinator_io import Coordinator
from rostra.rehearsal.house_io import Allowed, HouseAtHand
from rostra.rehearsal.orders import Begin
from rostra.rehearsal.trouble import RehearsalTrouble
from rostra.rehearsal.voice_io import speaking
from rostra.rehearsal.watch_io import Watch

REQUESTS_S, SOURCES, CONNECTIONS = 2000, 1000, 2000
_LIVE_S = 6.0  # until there is something to hear
_LONGEST_S = 240.0


class Evening(msgspec.Struct, kw_only=True):
    """Everything. Where a situation could not be, why in words instead."""

    together: Met | str = ""
    newcomers: Met | str = ""
    storm: Met | str = ""
    hammered: Seen | str = ""
    far: Seen | str = ""
    link: dict[str, Any] = {}
    attack: dict[str, float] = {}
    attack_ended: str = ""
    bans: list[str] = []  # "step: how many"
    peer: Crowds | str = ""


class _Stage:
    """The house, its attack and those who listen."""

    def __init__(self, house: House, times: Times, namespaces: list[str], folder: Path) -> None:
        self.house, self.times = house, times
        self.namespaces, self.folder = namespaces, folder
        self.found = Evening()
        self._attack: list[AttackSecond] = []
        self._names: list[str] = []  # of the generators, as their addresses

    async def play(self) -> Evening:
        async with AsyncExitStack() as stack:
            at = await stack.enter_async_context(
                HouseAtHand(self.house.control, self.house.operator_key)
            )
            crowd = Coordinator()
            await crowd.start()
            stack.push_async_callback(crowd.close)
            await crowd.spawn(len(BEHIND))
            hellos = await crowd.workers(len(BEHIND), 30)
            self._names = [hello.name for hello in hellos]
            attackers = Attackers(1)
            allowed = await at.ask(
                {
                    "generators": [*(hello.key for hello in hellos), *attackers.keys],
                    "listeners": 4 * LISTENERS,
                    "requests_s": 10_000,
                    "minutes": 6,
                    "faults": False,
                    "attacks": True,
                    "attack_requests_s": REQUESTS_S,
                    "attack_connections": CONNECTIONS,
                    "attack_sources": SOURCES,
                }
            )
            stack.push_async_callback(at.withdraw)
            await at.door(allowed.event_id, open_all=True, rung=0)
            await stack.enter_async_context(speaking(allowed.speaker_link))
            await at.go_live(allowed.event_id)
            await crowd.begin(lambda index, _: _begin(allowed, index))
            watch = Watch(crowd, at)
            watch.begin(await crowd.zero(1.0))
            stack.push_async_callback(watch.close)
            await asyncio.sleep(_LIVE_S)
            attack = asyncio.ensure_future(self._attacked(attackers, allowed))
            stack.push_async_callback(ended, attack)
            await self._onset(attack)
            await self._crowds(crowd, watch, allowed)
            await crowd.end(10.0)
            await self._browsers(allowed)
            self._conclude(attack, await asyncio.to_thread(self.house.api, "GET", "/api/shield"))
        return self.found

    async def _attacked(self, attackers: Attackers, allowed: Allowed) -> str:
        orders = AttackOrders(
            run=allowed.run,
            generator="",
            origin=allowed.origin,
            page=allowed.page,
            token=allowed.token,
            profiles=("mixture",),
            lasts_s=_LONGEST_S,
            requests_s=float(REQUESTS_S),
            connections=CONNECTIONS,
            sources=SOURCES,
        )
        return (await attackers.play(orders, self._attack.append)).why

    async def _onset(self, attack: asyncio.Future[str]) -> None:
        """The listeners come into an attack that is there."""
        until = time.monotonic() + 20
        while len(self._attack) < 2 and time.monotonic() < until:
            if attack.done():
                raise RuntimeError(f"the attack ended: {attack.result()}")
            await asyncio.sleep(0.1)

    async def _crowds(self, crowd: Coordinator, watch: Watch, allowed: Allowed) -> None:
        bots = [Bot(allowed.origin, allowed.page, source) for source in BEHIND]
        met = await played(crowd, watch, self._names, bots, self.times, self._ban_of)
        found = self.found
        found.together, found.storm, found.newcomers = met.together, met.storm, met.newcomers or ""

    def _ban_of(self, source: str) -> str:
        """The step of its ban and the reason, or nothing."""
        bans = self.house.api("GET", "/api/shield")["bans"]
        return next((f"{b['step']}: {b['reason']}" for b in bans if b["source"] == source), "")

    async def _browsers(self, allowed: Allowed) -> None:
        found = self.found
        if why := _honest_browsers.there():
            found.hammered = found.far = why
            return
        found.hammered = await _or_why(
            lambda: _honest_browsers.hammered(allowed.origin, allowed.page, allowed.token)
        )
        if not self.namespaces:
            found.far = _honest_browsers.can_link()
            return
        origin = f"http://{HOUSE_IP}:{self.house.ports[0]}"
        found.far = await _or_why(
            lambda: _honest_browsers.far(
                origin,
                allowed.page,
                allowed.token,
                self.namespaces[1],
                self.times.far_s,
                self.folder,
            )
        )

    def _conclude(self, attack: asyncio.Future[str], shield: Any) -> None:
        if attack.done():
            self.found.attack_ended = str(attack.exception() or attack.result())
        whole: Tally = total(second.all for second in self._attack)
        self.found.attack = {
            "seconds": len(self._attack),
            "due": whole.due,
            "sent": whole.sent,
            "served": whole.served,
            "refused": whole.refused,
        }
        steps = Counter(str(ban["step"]) for ban in shield["bans"])
        self.found.bans = [f"{step}: {count}" for step, count in steps.items()]


def _peer(times: Times) -> Crowds | str:
    try:
        return _honest_peer.at_nginx(times) if _honest_peer.there() else "it is not installed"
    except (AssertionError, RuntimeError, OSError, RehearsalTrouble) as error:
        return f"{type(error).__name__}: {error}".splitlines()[0]


async def _or_why(act: Callable[[], Awaitable[Seen]]) -> Seen | str:
    try:
        return await asyncio.wait_for(act(), 110.0)
    except Exception as error:
        return f"{type(error).__name__}: {error}".splitlines()[0]


def _begin(allowed: Allowed, index: int) -> Begin:
    return Begin(
        run=allowed.run,
        origin=allowed.origin,
        page=allowed.page,
        token=allowed.token,
        share=(index, len(BEHIND)),
        seed=1 + index,
        sources=(BEHIND[index],),
    )


def main() -> None:
    """A house, the evening, nothing left."""
    parser = argparse.ArgumentParser()
    parser.add_argument("target", type=Path)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--namespaces", nargs=2, default=[])
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="rostra-") as name, contextlib.ExitStack() as stack:
        folder = Path(name)
        link = stack.enter_context(lossy(chosen.namespaces)) if chosen.namespaces else None
        one, two, three = free_ports(3)
        house = start_house(folder / "data", (one, two, three))
        try:
            house.command("shield", "mode", "attack")
            times = QUICK if chosen.quick else FULL
            found = asyncio.run(_Stage(house, times, chosen.namespaces, folder).play())
        finally:
            end_house(house)
        if not chosen.quick:
            found.peer = _peer(times)
        stack.close()
        if link is not None:
            found.link = link.done
        chosen.target.write_bytes(msgspec.json.encode(found))


if __name__ == "__main__":
    main()
    sys.stdout.flush()
