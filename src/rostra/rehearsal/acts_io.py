"""The acts of a rehearsal: a night by its script, growing crowds, faults."""

from __future__ import annotations

import time
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING

import msgspec

from rostra.rehearsal import faults, knee
from rostra.rehearsal.attack_acts_io import attacks_of
from rostra.rehearsal.crowd import people
from rostra.rehearsal.faults_io import inject
from rostra.rehearsal.house_io import Allowed
from rostra.rehearsal.night import night_found
from rostra.rehearsal.orders import Come, DropAll, Leave
from rostra.rehearsal.script import Script, digest

if TYPE_CHECKING:
    from rostra.rehearsal.run_io import Conductor

AHEAD_S = 1.5  # arrivals are told to the generators so long before they are due
FAULT_S = 25.0  # watched for so long after it
FAULT_LASTS_S = FAULT_S + 8.0
COMFORT_SHARE = 0.6  # of what was carried: a house that is full recovers from nothing
JOINS_FIRST_S = 50.0
JOINING_S, JOINED_STAY_S, HELD_S = 6.0, 8.0, 3.0
JOIN_LASTS_S = JOINING_S + JOINED_STAY_S + HELD_S + 3.0
JOINS_TRIED = 6
FAULTS = ("storm", "edge-0", "packager", "stage")


async def find_knees(on: Conductor, allowed: Allowed, most: int) -> None:
    """Growing crowds, rung by rung."""
    faults_s = FAULT_LASTS_S * len(FAULTS) if on.wish.faults else 0.0
    within_s = max(60.0, on.left_s() - faults_s - JOINS_TRIED * JOIN_LASTS_S - 30)
    program = knee.Program(most=most, rungs=on.wish.rungs, within_s=within_s)
    began_s = on.watch.now()
    while planned := program.next(on.steps, on.watch.now() - began_s):
        on.progress.rung, on.progress.step_listeners = planned.rung, planned.listeners
        on.say("ramp", f"rung {planned.rung}: {planned.listeners:,} listeners")
        await on.house.door(allowed.event_id, rung=planned.rung)
        from_s = on.watch.now()
        more = planned.listeners - on.watch.here()
        if more > 0:
            come_s = await on.grow(more, planned.arrive_s)
        else:
            if more < 0:
                await on.crowd.send(Leave(people=-more, over_s=planned.arrive_s))
            come_s = from_s + (planned.arrive_s if more < 0 else 0.0)
        begin_s = come_s + planned.settle_s
        end_s = begin_s + planned.hold_s
        await on.until(end_s)
        on.steps.append(
            knee.judge(
                on.watch.held(begin_s, end_s),
                on.watch.each(from_s, end_s),
                on.watch.readings(begin_s, end_s),
                rung=planned.rung,
                listeners=planned.listeners,
                arriving=on.watch.held(from_s, begin_s),
            )
        )
        on.progress.steps = on.steps


async def settle_down(on: Conductor, allowed: Allowed) -> tuple[int, int]:
    """Three fifths of what a middle rung carried stay: the rung and how many (0: none was)."""
    rung = 1 if 1 in on.wish.rungs else on.wish.rungs[0]
    carried = max((s.listeners for s in on.steps if s.rung == rung and s.carried), default=0)
    crowd = int(carried * COMFORT_SHARE)
    if crowd == 0:
        return rung, 0
    on.progress.rung, on.progress.step_listeners = rung, crowd
    await on.house.door(allowed.event_id, rung=rung)
    if (too_many := on.watch.here() - crowd) > 0:
        await on.crowd.send(Leave(people=too_many, over_s=5.0))
    elif too_many < 0:
        await on.until(await on.grow(-too_many, 10.0))
    await on.until(on.watch.now() + 15.0)
    return rung, crowd


async def find_joins(on: Conductor, rung: int, crowd: int) -> None:
    """More and more come each second for a moment, while others listen."""
    while on.left_s() > len(FAULTS) * FAULT_LASTS_S * on.wish.faults + JOIN_LASTS_S:
        rate = knee.next_joins(on.trials, JOINS_FIRST_S)
        if rate is None:
            return
        on.say("joins", f"{rate:,.0f} join each second, beside {crowd:,} listeners")
        from_s = on.watch.now()
        come_s = await on.grow(round(rate * JOINING_S), JOINING_S, stay_s=JOINED_STAY_S)
        end_s = come_s + HELD_S
        await on.until(end_s)
        on.trials.append(
            knee.judge(
                on.watch.held(come_s, end_s),
                on.watch.each(from_s, end_s),
                on.watch.readings(from_s, end_s),
                rung=rung,
                listeners=crowd,
                arriving=on.watch.held(from_s, come_s),
            )
        )
        await on.until(end_s + JOINED_STAY_S)


async def break_things(on: Conductor, crowd: int) -> None:
    """Connections and processes are ended, and it is watched how long it is heard."""
    on.say("faults", f"{crowd:,} listeners, then things break")
    for name in FAULTS:
        if on.left_s() < FAULT_S + 5:
            break
        on.say("faults", faults.SAYS[name])
        at_s, began = on.watch.now(), time.monotonic()
        if name == "storm":
            await on.crowd.send(DropAll())
        else:
            inject(on.at.run_dir, name)
        await on.until(at_s + FAULT_S)
        gone_s = on.voice.gone_s(began, time.monotonic()) if on.voice else 0.0
        seconds = on.watch.held(at_s - 6, on.watch.now())
        on.faults.append(faults.found(name, seconds, at_s, voice_gone_s=gone_s))
        await on.until(on.watch.now() + 3.0)


async def play_night(
    on: Conductor, script: Script, allowed: Allowed, most: int, stack: AsyncExitStack
) -> None:
    """The script's crowd, with the door as on the night; then all leave."""
    listeners = min(on.wish.listeners or script.listeners, most)
    those = people(script, listeners)
    zero_s = on.watch.now() + AHEAD_S
    on.number = len(those)
    on.say("night", f"{script.name}: {listeners:,} people come")
    on.progress.step_listeners = listeners
    await on.crowd.send(
        Come(people=tuple(msgspec.structs.replace(one, at_s=one.at_s + zero_s) for one in those))
    )
    acts: list[tuple[float, str]] = [
        (script.doors_s, "doors"),
        (0.0, "live"),
        *((storm_s, "storm") for storm_s in script.storms),
        *((fault.at_s, fault.name) for fault in script.faults if on.wish.faults),
    ]
    ends_s = zero_s + script.ends_s - script.begins_s
    try:
        async with attacks_of(on, script, allowed, zero_s):
            for at_s, act in sorted(acts):
                await on.until(zero_s + at_s - script.begins_s)
                on.say("night", f"{script.name}: {act} at {at_s:+.0f} s")
                if act == "doors":
                    await on.house.open_doors(allowed.event_id)
                elif act == "live":
                    await on.go_live(allowed, stack)
                elif act == "storm":
                    await on.crowd.send(DropAll())
                else:
                    inject(on.at.run_dir, act)
            await on.until(ends_s)
    finally:  # also of a night that was cut short
        heard = on.watch.held(zero_s, ends_s)
        if heard:
            on.night = night_found(
                script, digest(script), listeners, zero_s - script.begins_s, heard, on.watch.read,
                knee.night_void(heard, on.watch.each(zero_s, ends_s)),
            )  # fmt: skip
    await on.crowd.send(Leave(people=on.watch.here(), over_s=3.0))
    await on.until(on.watch.now() + 5.0)
    await on.house.door(allowed.event_id, open_all=True)
