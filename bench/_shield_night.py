"""One night of a crowd and an attack at one server; what the crowd heard and the attack got.

The generator of the crowd, the attackers and the two speakers are on the last core.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import random
import sys
import time
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any, cast
from urllib.parse import urlsplit

import msgspec

from bench._rehearsal_steps import LAST_CORE, NoReadings, all_play
from bench.edge_throughput import cpu_s
from rostra.rehearsal import knee
from rostra.rehearsal.attack_found import attack_found
from rostra.rehearsal.attack_orders import AttackOrders, AttackReport, AttackSecond
from rostra.rehearsal.attackers_io import Attackers
from rostra.rehearsal.coordinator_io import Coordinator
from rostra.rehearsal.findings import AttackFound, Step
from rostra.rehearsal.house_io import HouseAtHand
from rostra.rehearsal.orders import Begin, Come, Person
from rostra.rehearsal.watch_io import Watch

CONNECTIONS, SOURCES = 2000, 1000
TOGETHER = 50  # listeners behind one address
COMING_S, SETTLE_S, BEFORE_S, AHEAD_S = 15.0, 8.0, 6.0, 8.0
JOIN_SHARE_S = 0.005  # of the crowd comes each second of the attack
STAY_S = 8.0
HEARD = 0.95
LATE_S = 60.0  # attackers that have not ended by then are ended, and the night is no result


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """`requests_s`: of the attack, 0 for peace; `requests_most`: that consent is asked for."""

    listeners: int
    attack_s: float
    rung: int
    requests_s: float = 0.0
    requests_most: int = 60_000


class Server(msgspec.Struct, frozen=True, kw_only=True):
    """Who is measured. `begin`: has it consent to these keys. `pids`: whose CPU it is.

    `house` and `go_live` only where it is ours: the event begins under attack.
    """

    name: str
    pids: tuple[int, ...]
    begin: Callable[[Sequence[str], Plan], Awaitable[Begin]]
    house: HouseAtHand | None = None
    go_live: Callable[[], Awaitable[object]] | None = None


class Night(msgspec.Struct, frozen=True, kw_only=True):
    """`start_s`: from Go live until all but a few hear it. `server`: cores, meanwhile.

    `attack_s`: of the attack; `onset_at`: Unix seconds. `crowd_s`: its requests a second.
    """

    found: AttackFound
    attack_s: float
    onset_at: float
    step: Step
    crowd_s: float
    start_s: float | None
    server: float
    relief_s: float | None


def _addresses(listeners: int) -> tuple[str, ...]:
    """One each, but for those behind one."""
    own = max(0, listeners - TOGETHER)
    return (
        *(f"127.2.{number // 250}.{1 + number % 250}" for number in range(own)),
        *(["127.3.0.1"] * TOGETHER),
    )


def _people(first: int, count: int, from_s: float, over_s: float, stay_s: float) -> Come:
    chance = random.Random(first)
    return Come(
        people=tuple(
            Person(
                number=first + n,
                at_s=from_s + (n + chance.random()) * over_s / max(1, count),
                stay_s=stay_s,
            )
            for n in range(count)
        )
    )


@contextlib.asynccontextmanager
async def _coordinated() -> Any:
    coordinator = Coordinator()
    await coordinator.start()
    try:
        yield coordinator
    finally:
        await coordinator.close()


async def night(server: Server, plan: Plan) -> Night:
    """The crowd comes, the attack begins, the event begins (where it has not), both go on."""
    async with _coordinated() as coordinator:
        await coordinator.spawn(1, frozenset(LAST_CORE))
        (hello,) = await coordinator.workers(1, 60)
        attackers = Attackers(1)
        begin = await server.begin((hello.key, *attackers.keys), plan)
        begin = msgspec.structs.replace(begin, sources=_addresses(plan.listeners))
        await coordinator.begin(lambda *_: begin)
        watch = Watch(coordinator, server.house or cast(HouseAtHand, NoReadings()))
        watch.begin(await coordinator.zero(1.0))
        try:
            return await _played(server, plan, begin, coordinator, attackers, watch)
        finally:
            await watch.close()
            await coordinator.end()


async def _played(
    server: Server,
    plan: Plan,
    begin: Begin,
    coordinator: Coordinator,
    attackers: Attackers,
    watch: Watch,
) -> Night:
    come_s = watch.now() + 1.0
    await coordinator.send(_people(0, plan.listeners, come_s, COMING_S, 1e6))
    here_s = come_s + COMING_S + 2.0
    await watch.until(here_s)
    if server.go_live is None:
        here_s = await all_play(watch, here_s) + SETTLE_S
        await watch.until(here_s + BEFORE_S)
    joins = round(JOIN_SHARE_S * plan.listeners * plan.attack_s)
    await coordinator.send(
        _people(plan.listeners, joins, watch.now() + AHEAD_S, plan.attack_s - AHEAD_S, STAY_S)
    )
    onset: list[float] = []

    def began(second: AttackSecond) -> None:
        if not onset:
            onset.append(watch.now() - second.at_s)

    orders = AttackOrders(
        run=begin.run,
        generator="",
        origin=begin.origin,
        page=begin.page,
        token=begin.token,
        profiles=("mixture",),
        lasts_s=plan.attack_s,
        requests_s=min(float(plan.requests_most), plan.requests_s),
        connections=CONNECTIONS,
        sources=SOURCES,
        seed=1,
    )
    at_s, at, cpu = watch.now(), time.monotonic(), sum(map(cpu_s, server.pids))
    attack = asyncio.ensure_future(
        attackers.play(orders, began) if plan.requests_s else asyncio.sleep(plan.attack_s)
    )
    live_s = None
    if server.go_live is not None:
        await watch.until(at_s + AHEAD_S)
        live_s = watch.now()
        await server.go_live()
    report = await asyncio.wait_for(attack, plan.attack_s + LATE_S)
    took_s = time.monotonic() - at
    used = sum(map(cpu_s, server.pids)) - cpu
    at_s, end_s = (onset[0] if onset else at_s), watch.now()
    onset_at = time.time() - (end_s - at_s)
    await watch.until(end_s)
    start_s = None
    judged_s = at_s
    if live_s is not None:
        heard = [one.all for one in watch.told if one.all.at_s >= live_s]
        first = next((s.at_s for s in heard if s.playing >= HEARD * plan.listeners), None)
        start_s = None if first is None else first - live_s
        judged_s = (first or live_s) + 2.0  # before, nobody could hear anything
    step = knee.judge(
        watch.held(judged_s, end_s),
        watch.each(judged_s, end_s),
        watch.readings(at_s, end_s),
        rung=plan.rung,
        listeners=plan.listeners,
    )
    told = report if isinstance(report, AttackReport) else None
    found = attack_found("mixture", told, watch.held(judged_s, end_s), judged_s, step)
    return Night(
        found=found,
        step=step,
        crowd_s=step.requests_s,
        start_s=start_s,
        server=used / took_s,
        relief_s=_relief_s(watch, at_s, judged_s, end_s, plan),
        attack_s=plan.attack_s,
        onset_at=onset_at,
    )


def _relief_s(watch: Watch, at_s: float, heard_s: float, end_s: float, plan: Plan) -> float | None:
    """From the onset until no more than one in two hundred is silent, to the end; before `heard_s`
    there was nothing to hear."""
    seconds = watch.held(heard_s, end_s)
    ill = [s.at_s - at_s for s in seconds if s.stalled > 0.005 * plan.listeners]
    if not ill or not seconds:
        return 0.0
    return None if ill[-1] >= seconds[-1].at_s - at_s else ill[-1]


async def latencies(speaker_link: str, seconds: float) -> asyncio.Task[list[float]]:
    """Two speakers take their seats and measure what lies between them, for so long."""
    link = urlsplit(speaker_link)
    url = f"{link.scheme}://{link.netloc}/whip/{link.path.removeprefix('/s/')}"
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bench._shield_voices", url, link.fragment, str(seconds)),
        stdout=asyncio.subprocess.PIPE,
        cwd=Path(__file__).parents[1],
        env=dict(os.environ),
    )

    async def told() -> list[float]:
        said, _ = await process.communicate()
        return cast("list[float]", json.loads(said)) if said else []

    return asyncio.ensure_future(told())
