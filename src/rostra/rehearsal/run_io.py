"""The conductor of a rehearsal: asks for consent, lets the acts be played, says what was found."""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import signal
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import msgspec
import uvloop

from rostra.ground.wall_time import rfc3339
from rostra.rehearsal import assembly, knee, limits
from rostra.rehearsal.acts_io import (
    AHEAD_S,
    break_things,
    find_joins,
    find_knees,
    play_night,
    settle_down,
)
from rostra.rehearsal.attack_acts_io import under_attack
from rostra.rehearsal.attackers_io import Attackers
from rostra.rehearsal.consent import is_here
from rostra.rehearsal.coordinator_io import Coordinator
from rostra.rehearsal.findings import AttackFound, FaultFound, Findings, NightFound, Step
from rostra.rehearsal.house_io import Allowed, HouseAtHand
from rostra.rehearsal.orders import Begin, Come, Hello, Person
from rostra.rehearsal.sockets_io import port_range
from rostra.rehearsal.trouble import RehearsalTrouble
from rostra.rehearsal.voice_io import Voice, speaking
from rostra.rehearsal.watch_io import Watch
from rostra.rehearsal.wish import Progress, Wish

SOURCES_EACH = 4
FOREVER_S = 86_400.0
REQUESTS_EACH = 6  # a second and listener, at the dearest rung and in a storm
JOINING_MOST = 20_000  # who come and go beside those who stay
REQUESTS_JOINING = 10_000  # a second, of those who come


class At(msgspec.Struct, frozen=True, kw_only=True):
    """The house that is open on this machine. `cores`: those that its edges may use."""

    control_url: str
    operator_key: str
    run_dir: Path
    cores: float


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What came of it. `sealed`: the certificate's bytes, if the house gave one."""

    findings: Findings
    sealed: bytes | None


Show = Callable[[Progress], None]


class Conductor:
    """One rehearsal that runs: house, crowd, what was found so far."""

    def __init__(
        self, wish: Wish, at: At, house: HouseAtHand, crowd: Coordinator, show: Show
    ) -> None:
        self.wish, self.at, self.house, self.crowd = wish, at, house, crowd
        self._show = show
        self.watch = Watch(crowd, house)
        self.progress = Progress()
        self._chance = random.Random(wish.seed)  # noqa: S311
        self.number = 0
        self._over = False
        self._ends = time.monotonic() + wish.minutes * 60
        self._began_ms = _wall_ms()
        self.steps: list[Step] = []
        self.trials: list[Step] = []
        self.faults: list[FaultFound] = []
        self.night: NightFound | None = None
        self.attacks: list[AttackFound] = []
        self.attackers = Attackers(max(1, (os.cpu_count() or 1) // 2) if wish.attacks else 0)
        self.attacked = ""  # the origin that attacks are played at
        self.voice: Voice | None = None
        self.cut_short = ""
        self._hellos: list[Hello] = []

    # --- the run ------------------------------------------------------------------------------

    async def run(self, stack: AsyncExitStack) -> Outcome:
        self.say("begin", "starting the generators")
        if self.wish.processes:
            await self.crowd.spawn(self.wish.processes)
        wanted = self.wish.processes + self.wish.workers
        self._hellos = await self.crowd.workers(wanted, 600.0 if self.wish.workers else 30.0)
        most = self._most()
        allowed = await self.house.ask(
            {
                "generators": [*(hello.key for hello in self._hellos), *self.attackers.keys],
                "listeners": most + JOINING_MOST,
                "requests_s": most * REQUESTS_EACH + REQUESTS_JOINING,
                "minutes": min(60, self.wish.minutes + 2),
                "faults": self.wish.faults,
                **({"origins": [self.wish.origin]} if self.wish.origin else {}),
                **self.wish.attack_bounds(),
            }
        )
        self.attacked = next(filter(is_here, allowed.consent.origins), "")
        self.say("begin", "a voice goes on stage")
        night_first = self.wish.script is not None
        await self.house.door(allowed.event_id, open_all=not night_first)
        if not night_first:
            await self.go_live(allowed, stack)
        await self.crowd.begin(lambda index, hello: self._begin(allowed, index, wanted))
        self.watch.begin(await self.crowd.zero(AHEAD_S))
        stack.push_async_callback(self.watch.close)
        async with _beside(self._tell_of_it()):
            try:
                if self.wish.script is not None:
                    await play_night(self, self.wish.script, allowed, most, stack)
                if self.wish.attack:
                    await under_attack(self, allowed, most)
                if not self.wish.only_script:
                    await find_knees(self, allowed, most)
                    rung, crowd = await settle_down(self, allowed)
                    if crowd:
                        await find_joins(self, rung, crowd)
                    if crowd and self.wish.faults:
                        await break_things(self, crowd)
            except RehearsalTrouble as trouble:
                self.cut_short = f"{trouble.code}: {trouble}"
            except asyncio.CancelledError:
                # Ctrl-C: what was found until now is worth keeping.
                self.cut_short = "it was stopped by hand"
        return await self._conclude()

    def _most(self) -> int:
        """Listeners that these generators can be; RehearsalTrouble where more are wished."""
        files = min(hello.files for hello in self._hellos)
        count = len(self._hellos)
        can = count * limits.listeners_each(files)
        # Workers come from addresses of their own; those here take as many as they need.
        sources = count * SOURCES_EACH
        script = self.wish.script
        wished = self.wish.listeners or (script.listeners if script else 0)
        problems = limits.check(wished or can, files, count, sources, port_range())
        if wished and problems:
            raise RehearsalTrouble("crowd_too_large", "\n".join(problems))
        return self.wish.listeners or can

    def _begin(self, allowed: Allowed, index: int, of: int) -> Begin:
        return Begin(
            run=allowed.run,
            origin=self.wish.origin or allowed.origin,
            page=allowed.page,
            token=allowed.token,
            share=(index, of),
            seed=self.wish.seed * 1000 + index,
            sources=_sources(allowed.origin, index) if index < self.wish.processes else (),
        )

    async def go_live(self, allowed: Allowed, stack: AsyncExitStack) -> None:
        self.voice = await stack.enter_async_context(speaking(allowed.speaker_link))
        await self.house.go_live(allowed.event_id)

    def left_s(self) -> float:
        return self._ends - time.monotonic()

    # --- people -------------------------------------------------------------------------------

    async def grow(self, newcomers: int, over_s: float, stay_s: float = FOREVER_S) -> float:
        """So many more, evenly but not in step; the moment when the last comes."""
        begin_s = self.watch.now() + AHEAD_S
        each_s = over_s / max(1, newcomers)
        await self.crowd.send(
            Come(
                people=tuple(
                    Person(
                        number=self.number + i,
                        at_s=begin_s + (i + self._chance.random()) * each_s,
                        stay_s=stay_s,
                    )
                    for i in range(newcomers)
                )
            )
        )
        self.number += newcomers
        return begin_s + over_s

    async def until(self, at_s: float) -> None:
        if not await self.watch.until(at_s):
            raise assembly.ended(self.watch.ended)
        if len(self.crowd.lost) == len(self._hellos):
            raise assembly.ended(*(why.rpartition(": ")[2] for why in self.crowd.lost))

    # --- the end ------------------------------------------------------------------------------

    async def _conclude(self) -> Outcome:
        self.say("done", "everybody leaves")
        with contextlib.suppress(RehearsalTrouble):
            await self.crowd.end(10.0)
        findings = self._findings()
        sealed = None
        with contextlib.suppress(RehearsalTrouble):  # the certificate is worth more
            await self.house.walks(self.crowd.walks())
        try:
            sealed = await self.house.certificate(findings)
            self._over = True
        except RehearsalTrouble as trouble:
            findings = msgspec.structs.replace(
                findings, cut_short=findings.cut_short or f"{trouble.code}: {trouble}"
            )
        return Outcome(findings=findings, sealed=sealed)

    def _findings(self) -> Findings:
        return assembly.findings(
            self.wish,
            run=self.house.run,
            started=rfc3339(self._began_ms),
            ended=rfc3339(_wall_ms()),
            generators=assembly.generators(
                self._hellos, self.watch.each(0.0, self.watch.now()), self.wish.processes
            ),
            steps=self.steps,
            trials=self.trials,
            cores=self.at.cores,
            faults=self.faults,
            night=self.night,
            attacks=self.attacks,
            cut_short=self.cut_short,
            lost=self.crowd.lost,
        )

    async def withdraw(self) -> None:
        """Nothing goes on that was not ended in order."""
        if not self._over:
            with contextlib.suppress(RehearsalTrouble):
                await self.house.withdraw()

    # --- what is shown ------------------------------------------------------------------------

    def say(self, phase: str, says: str) -> None:
        self.progress.phase, self.progress.says = phase, says
        self._show(self.progress)

    async def _tell_of_it(self) -> None:
        while True:
            await asyncio.sleep(1.0)
            self._look()
            self._show(self.progress)
            shown: dict[str, Any] = msgspec.to_builtins(self.progress)
            with contextlib.suppress(RehearsalTrouble):
                await self.house.progress(shown)

    def _look(self) -> None:
        now = self.watch.now()
        recent = self.watch.held(now - 10, now)
        progress = self.progress
        progress.elapsed_s, progress.left_s = now, max(0.0, self.left_s())
        if not recent:
            return
        seen = knee.judge(
            recent,
            self.watch.each(now - 10, now),
            [],
            rung=progress.rung,
            listeners=progress.step_listeners,
        )
        progress.here, progress.playing = recent[-1].here, recent[-1].playing
        progress.stalled_share, progress.join_p99_s = seen.stalled_share, seen.join_p99_s
        progress.generator_cpu = seen.generator_cpu
        progress.generator_late_ms = seen.generator_late_ms


@contextlib.asynccontextmanager
async def _beside(work: Any) -> AsyncIterator[None]:
    task = asyncio.ensure_future(work)
    try:
        yield
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


def _sources(origin: str, index: int) -> tuple[str, ...]:
    """Loopback addresses of a generator here: more than one address has ports for."""
    host = urlsplit(origin).hostname or ""
    if host not in ("127.0.0.1", "localhost"):
        return ()
    return tuple(f"127.1.{index}.{1 + place}" for place in range(SOURCES_EACH))


def _wall_ms() -> int:
    return time.time_ns() // 1_000_000


async def rehearse(wish: Wish, at: At, token: str, show: Show) -> Outcome:
    """A whole rehearsal. Raises RehearsalTrouble where it cannot begin; later it keeps what it has.

    `token`: what workers show to the coordinator.
    """
    async with AsyncExitStack() as stack:
        house = await stack.enter_async_context(HouseAtHand(at.control_url, at.operator_key))
        crowd = Coordinator(*wish.listen, token)
        await crowd.start()
        stack.push_async_callback(crowd.close)
        conductor = Conductor(wish, at, house, crowd, show)
        stack.push_async_callback(conductor.withdraw)
        return await conductor.run(stack)


def play(wish: Wish, at: At, token: str, show: Show) -> Outcome:
    """`rehearse` in a loop of its own; the first Ctrl-C (or SIGTERM) ends it in order."""

    async def main() -> Outcome:
        task = asyncio.ensure_future(rehearse(wish, at, token, show))
        loop = asyncio.get_running_loop()
        for one in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(one, task.cancel)
        try:
            return await task
        except asyncio.CancelledError:
            raise RehearsalTrouble("stopped", "It was stopped before it began.") from None

    return uvloop.run(main())
