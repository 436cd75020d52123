"""The acts of a rehearsal that are attacks: beside a steady crowd, or where a script says."""

from __future__ import annotations

import asyncio
import contextlib
import statistics
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

from rostra.rehearsal import knee
from rostra.rehearsal.attack import PROFILES, SAYS, expanded
from rostra.rehearsal.attack_found import attack_found, crowd_for, requests_for
from rostra.rehearsal.attack_orders import AttackOrders, AttackReport, AttackSecond
from rostra.rehearsal.house_io import Allowed
from rostra.rehearsal.orders import DropAll
from rostra.rehearsal.script import Attack, Script

if TYPE_CHECKING:
    from rostra.rehearsal.run_io import Conductor

TIMES = 10.0  # the crowd's own requests
BEFORE_S = 10.0  # heard before the onset, to compare
REST_MOST_S = 8.0  # between two attacks
_AROUND_S = 12.0  # until attackers are there, and gone
JOINING_SHARE = 0.005  # of the crowd, each second, to see whether one still can
JOINED_STAY_S = 8.0
STORM_EACH_S = 8.0
ARRIVE_LEAST_S, ARRIVE_S = 5.0, 100  # seconds; people a second


def _rest_s(attack_s: float) -> float:
    return min(REST_MOST_S, attack_s / 2)


def lasts_s(attack_s: float) -> float:
    """What one profile takes, with what is before and after it."""
    return attack_s + _rest_s(attack_s) + _AROUND_S


async def under_attack(on: Conductor, allowed: Allowed, most: int) -> None:
    """A crowd that listens and joins, and each profile beside it, one after another."""
    attack_s = float(on.wish.attack_s)
    rung = 1 if 1 in on.wish.rungs else on.wish.rungs[0]
    crowd = crowd_for(on.wish.listeners, await on.house.certified(rung), most)
    on.progress.rung, on.progress.step_listeners = rung, crowd
    await on.house.door(allowed.event_id, rung=rung)
    on.say("attack", f"{crowd:,} listeners come")
    come_s = await on.grow(crowd, max(ARRIVE_LEAST_S, crowd / ARRIVE_S))
    await on.until(come_s + BEFORE_S)
    for name in expanded(on.wish.attack):
        if on.left_s() < lasts_s(attack_s):
            on.cut_short = on.cut_short or f"no time was left for the attack {name}"
            return
        joins = max(10, round(crowd * JOINING_SHARE * attack_s))
        planned = Attack(
            profile=name,
            from_s=0.0,
            until_s=attack_s,
            requests_s=float(on.wish.attack_requests_s),
            times=TIMES,
            sources=on.wish.attack_sources,
            connections=on.wish.attack_connections,
        )
        await _attacked(on, allowed, planned, joins, rung, crowd)
        await on.until(on.watch.now() + _rest_s(attack_s))


async def _attacked(
    on: Conductor, allowed: Allowed, planned: Attack, joins: int, rung: int, crowd: int
) -> None:
    """One attack is played and judged; `joins` people come meanwhile."""
    name = planned.profile
    lasts_s = planned.until_s - planned.from_s
    before = on.watch.held(on.watch.now() - BEFORE_S, on.watch.now())
    crowd_s = statistics.fmean([sum(one.requests.values()) for one in before] or [0.0])
    rate = requests_for(
        int(planned.requests_s), planned.times, crowd_s, on.wish.attack_requests_most
    )
    on.say("attack", f"{name}: {SAYS[name]}")
    if joins:
        await on.grow(joins, lasts_s, stay_s=JOINED_STAY_S)
    at_s = on.watch.now()
    report: AttackReport | None = None
    if name in PROFILES and PROFILES[name].honest:
        ends_s = at_s + lasts_s
        while on.watch.now() < ends_s:
            await on.crowd.send(DropAll())
            await on.until(min(ends_s, on.watch.now() + STORM_EACH_S))
    else:
        onset: list[float] = []

        def began(second: AttackSecond) -> None:
            if not onset:
                onset.append(on.watch.now() - second.at_s)

        orders = AttackOrders(
            run=allowed.run,
            generator="",
            origin=on.attacked,
            page=allowed.page,
            token=allowed.token,
            profiles=(name,),
            lasts_s=lasts_s,
            requests_s=rate,
            connections=planned.connections,
            sources=planned.sources,
            seed=on.wish.seed,
        )
        report = await on.attackers.play(orders, began)
        at_s = onset[0] if onset else at_s
    end_s = on.watch.now()
    await on.until(end_s)
    step = knee.judge(
        on.watch.held(at_s, end_s),
        on.watch.each(at_s, end_s),
        on.watch.readings(at_s, end_s),
        rung=rung,
        listeners=crowd,
    )
    seconds = on.watch.held(at_s - BEFORE_S, end_s)
    on.attacks.append(attack_found(name, report, seconds, at_s, step))


@contextlib.asynccontextmanager
async def attacks_of(
    on: Conductor, script: Script, allowed: Allowed, zero_s: float
) -> AsyncIterator[None]:
    """The attacks of a script are played in their time. `zero_s`: when the script begins."""

    async def one(planned: Attack) -> None:
        await on.until(zero_s + planned.from_s - script.begins_s)
        await _attacked(on, allowed, planned, 0, on.progress.rung, on.watch.here())

    tasks = [asyncio.ensure_future(one(planned)) for planned in script.attacks]
    try:
        yield
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
