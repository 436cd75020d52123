"""The largest crowd that a server carries without a stall, by one generator on the last core.

A step with a stall or two is tried once more: on a machine that does other things too, one hiccup
is no knee.
"""

from __future__ import annotations

import os
import random
import sys
import time
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import cast

import msgspec

from bench.edge_throughput import cpu_s
from rostra.rehearsal import knee
from rostra.rehearsal.coordinator_io import Coordinator
from rostra.rehearsal.findings import STALLED_MOST, Step
from rostra.rehearsal.house_io import HouseAtHand, Reading
from rostra.rehearsal.orders import Begin, Come, Hello, Leave, Person
from rostra.rehearsal.watch_io import Watch

LAST_CORE = {(os.cpu_count() or 2) - 1}
_AHEAD_S = 1.0
_JOIN_MOST_S = 60.0


class Tried(msgspec.Struct, frozen=True, kw_only=True):
    """A step, and what it took: cores of the server, of all on the first core."""

    step: Step
    server: float
    core: float

    @property
    def cpu_us(self) -> float:
        """CPU-µs of the server for a listener-second."""
        return 1e6 * self.server / max(1.0, self.step.heard_s)


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """The largest crowd at a rung. `stop`: what ended the search.

    `tried`: that step, or the last that was tried where none was carried (`listeners` 0).
    """

    rung: int
    listeners: int
    stop: str
    tried: Tried

    @property
    def told(self) -> str:
        """What ended the search, and how busy server and generator were at that crowd."""
        return (
            f"{self.stop} (server {self.tried.server:.0%} of the core, the whole core "
            f"{self.tried.core:.0%}, generator {self.tried.step.generator_cpu:.0%})"
        )


class Target(msgspec.Struct, frozen=True, kw_only=True):
    """A server to try. `begin`: has it consent to these generators. `rung`: play that one."""

    pid: int
    begin: Callable[[Hello, int], Awaitable[Begin]]
    rung: Callable[[int], None]


class NoReadings:
    """The bench reads the processes itself."""

    withdrawn = False

    async def readings(self, _: float) -> tuple[Reading, ...]:
        return ()


def _first_core_s() -> float:
    """Seconds in which the first core was not idle."""
    line = next(row for row in Path("/proc/stat").read_text().splitlines() if row[:5] == "cpu0 ")
    ticks = [int(word) for word in line.split()[1:9]]
    return (sum(ticks) - ticks[3] - ticks[4]) / os.sysconf("SC_CLK_TCK")


class Crowd:
    """Those who listen. Nobody leaves but where a crowd was too large."""

    def __init__(self, coordinator: Coordinator, watch: Watch) -> None:
        self._coordinator, self._watch = coordinator, watch
        self._chance = random.Random(1)
        self._number = 0

    async def become(self, listeners: int, over_s: float) -> float:
        """The moment when the last has come or gone."""
        more = listeners - self._watch.here()
        from_s = self._watch.now() + _AHEAD_S
        if more < 0:
            await self._coordinator.send(Leave(people=-more, over_s=over_s))
        elif more:
            each_s = over_s / more
            those = tuple(
                Person(
                    number=self._number + n,
                    at_s=from_s + (n + self._chance.random()) * each_s,
                    stay_s=1e6,
                )
                for n in range(more)
            )
            self._number += more
            await self._coordinator.send(Come(people=those))
        return from_s + (over_s if more else 0.0)


async def all_play(watch: Watch, come_s: float) -> float:
    """When all who came by then hear something, or have had time enough for it.

    A door lets fewer in each second when its edges are late; how fast people join is not the
    question here.
    """
    await watch.until(come_s)
    while watch.now() < come_s + _JOIN_MOST_S:
        last = watch.last
        if last is not None and last.all.playing >= last.all.here * (1 - STALLED_MOST):
            break
        await watch.until(watch.now() + 1.0)
    return watch.now()


async def _tried(
    coordinator: Coordinator, target: Target, program: knee.Program
) -> tuple[list[Tried], bool]:
    """Every step of the program, and whether the generator stayed."""
    watch = Watch(coordinator, cast(HouseAtHand, NoReadings()))
    crowd = Crowd(coordinator, watch)
    watch.begin(await coordinator.zero(_AHEAD_S))
    tried: list[Tried] = []
    steps: list[Step] = []
    again = False
    began_s = watch.now()
    try:
        while not coordinator.lost:
            planned = program.next(steps, watch.now() - began_s)
            if planned is None and not again:
                break
            if again or planned is None:
                planned = program.planned(steps[-1].rung, watch.here(), steps[-1].listeners)
            target.rung(planned.rung)
            from_s = watch.now()
            come_s = await crowd.become(planned.listeners, planned.arrive_s)
            begin_s = await all_play(watch, come_s) + planned.settle_s
            end_s = begin_s + planned.hold_s
            await watch.until(begin_s)
            at, server_s, core_s = time.monotonic(), cpu_s(target.pid), _first_core_s()
            await watch.until(end_s)
            took_s = time.monotonic() - at
            step = knee.judge(
                watch.held(begin_s, end_s),
                watch.each(from_s, end_s),
                [],
                rung=planned.rung,
                listeners=planned.listeners,
            )
            few = step.carried and 0 < step.stalled_share <= STALLED_MOST
            if step.stalled_share:
                step = msgspec.structs.replace(step, carried=False, reason=step.reason or "stalled")
            again = few and not again
            steps.append(step)
            tried.append(
                Tried(
                    step=step,
                    server=(cpu_s(target.pid) - server_s) / took_s,
                    core=(_first_core_s() - core_s) / took_s,
                )
            )
            _note(tried[-1])
    finally:
        await watch.close()
    return tried, not coordinator.lost


def _note(tried: Tried) -> None:
    if os.environ.get("BENCH_NOTES"):
        step = tried.step
        print(
            f"  rung {step.rung} {step.listeners:,}: carried {step.carried} {step.reason} "
            f"{step.void} stalled {step.stalled_share:.4%} "
            f"server {tried.server:.2f} core {tried.core:.2f} {tried.cpu_us:.1f} µs "
            f"generator {step.generator_cpu:.2f} {step.generator_late_ms:.0f} ms "
            f"{step.requests_s:,.0f}/s {step.failures}",
            file=sys.stderr,
        )


def _found(rung: int, tried: Sequence[Tried], most: int, stayed: bool) -> Found:
    mine = [one for one in tried if one.step.rung == rung]
    listeners, knee_at = knee.bounds([one.step for one in mine])
    void = next((one.step.void for one in reversed(mine) if one.step.void), "")
    if knee_at is not None:
        last = next(one.step for one in reversed(mine) if one.step.listeners == knee_at)
        stop = f"{knee_at:,} were too many: {last.reason}"
    elif listeners >= most:
        stop = "at least: no more were tried"
    else:
        stop = f"at least: {void or ('time' if stayed else 'the generator ended')}"
    shown = [one for one in mine if one.step.carried and one.step.listeners == listeners]
    return Found(rung=rung, listeners=listeners, stop=stop, tried=(shown or mine)[-1])


async def sustained(target: Target, program: knee.Program) -> list[Found]:
    """The largest crowd at each rung of the program."""
    coordinator = Coordinator()
    await coordinator.start()
    try:
        await coordinator.spawn(1, frozenset(LAST_CORE))
        (hello,) = await coordinator.workers(1, 60)
        order = await target.begin(hello, program.most)
        await coordinator.begin(lambda *_: order)
        tried, stayed = await _tried(coordinator, target, program)
        await coordinator.end()
    finally:
        await coordinator.close()
    there = {one.step.rung for one in tried}
    return [_found(rung, tried, program.most, stayed) for rung in program.rungs if rung in there]
