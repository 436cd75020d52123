"""Drives the listeners of one process: they come at their moments and go on by their own law.

Open loop: moments are kept whether or not the last answer came, and lateness is the generator's
own fault and told as such. Times are seconds from the run's zero.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import time
from collections.abc import Callable, Iterable
from functools import partial
from math import inf

import msgspec

from rostra.rehearsal.asks import Ask
from rostra.rehearsal.connections_io import Bounds, Connections, Tab
from rostra.rehearsal.experience import Experience
from rostra.rehearsal.histogram import bucket
from rostra.rehearsal.household import Household
from rostra.rehearsal.listener import Listener
from rostra.rehearsal.orders import Begin, Histogram, Person, Second
from rostra.rehearsal.puzzles_io import Puzzles
from rostra.rehearsal.sockets_io import Target
from rostra.rehearsal.wheel import SLOT_S, Wheel

CLOCK_JUMP_S = 1.0
SOLVES_S = 1.5  # a phone, the challenge before a ticket at normal difficulty


class Crowd(Connections):
    """See the module. `zero`: the run's on this process' monotonic clock."""

    def __init__(self, begin: Begin, target: Target, bounds: Bounds, zero: float) -> None:
        super().__init__(begin, target, bounds, zero)
        self.experience = Experience()
        self.driven = 0  # people, in all
        self._begin = begin
        self._most = bounds.listeners
        self._chance = random.Random(f"{begin.seed}.{begin.share[0]}")  # noqa: S311
        self._here: dict[int, list[Tab]] = {}  # by the person's number
        self._open = 0  # tabs
        self._came: set[int] = set()
        self._wheel: Wheel[Tab] = Wheel(0.0)
        self._acts: Wheel[Callable[[], None]] = Wheel(0.0)
        self._timer: asyncio.TimerHandle | None = None
        self._turned = self.now()
        self._wall = time.time() - self._turned
        self._late: dict[int, int] = {}
        self._lag_s = 0.0
        self._cpu = (time.perf_counter(), time.process_time())
        self._left = asyncio.Event()
        self._closed = False
        self._puzzles = Puzzles()

    # --- orders -------------------------------------------------------------------------------

    def start(self) -> None:
        """From now on what is due is done."""
        self._loop.add_reader(self._poll.fileno(), self._look)
        self._timer = self._loop.call_later(SLOT_S, self._tick)

    def come(self, people: Iterable[Person]) -> None:
        """They come at their moments; those whose moment has gone by come late, and are told so."""
        share, shares = self._begin.share
        for person in people:
            if person.number % shares == share and person.number not in self._came:
                self._came.add(person.number)
                self._acts.put(partial(self._arrive, person), person.at_s)

    def drop_all(self) -> None:
        """Every connection is closed at once."""
        now = self.now()
        for tabs in list(self._here.values()):
            for tab in tabs:
                self._drop(tab, now)

    def leave(self, people: int, over_s: float) -> None:
        """So many of those who are here go, each at a moment of their own within `over_s`."""
        now = self.now()
        for number in self._chance.sample(list(self._here), min(people, len(self._here))):
            at = now + self._chance.random() * over_s
            self._acts.put(partial(self._go, number), at)

    async def end(self, most_s: float = 3.0) -> None:
        """All leave; then nothing is open any more, whoever did not answer."""
        self.leave(len(self._here), most_s / 3)
        deadline = self.now() + most_s
        with contextlib.suppress(TimeoutError):
            while self._here and not self._closed:
                self._left.clear()
                async with asyncio.timeout(deadline - self.now()):
                    await self._left.wait()
        self.close()

    def close(self) -> None:
        """At once: no request more."""
        if self._closed:
            return
        self._closed = True
        if self._timer is not None:
            self._timer.cancel()
            self._loop.remove_reader(self._poll.fileno())
        self._puzzles.close()
        for tab in list(self._tabs.values()):
            self._disconnect(tab)
        self._poll.close()

    # --- time ---------------------------------------------------------------------------------

    def _look(self) -> None:
        self._readable()
        now = self.now()
        if now - self._turned > 2 * SLOT_S:
            self._turn(now)

    def _tick(self) -> None:
        if self._closed:
            return
        self._timer = self._loop.call_later(SLOT_S, self._tick)
        self._turn(self.now())

    def _turn(self, now: float) -> None:
        """Do what is due."""
        passed, self._turned = now - self._turned, now
        self._lag_s = max(self._lag_s, passed - SLOT_S)
        self._allow(passed)
        while (acts := self._acts.due(now)) is not None:
            for act in acts[1]:
                now = self.now()
                self._note_late(acts[0], now, 1)
                act()
        while (due := self._wheel.due(now)) is not None:
            slot, tabs = due
            now = self.now()
            self._note_late(slot, now, len(tabs))
            for tab in tabs:
                if tab.planned >= slot * SLOT_S or tab.planned == inf:
                    continue  # it has been done, or is planned again for later
                tab.planned = inf
                if tab.listener.due <= now:
                    self._go_on(tab, tab.listener.wake(now), now)
                else:
                    self._plan(tab)

    def _note_late(self, slot: int, now: float, number: int) -> None:
        place = bucket(1000 * (now - slot * SLOT_S))
        self._late[place] = self._late.get(place, 0) + number

    def take(self, at_s: int) -> Second:
        """The second of the run that ends now, at `at_s`."""
        now = self.now()
        self._lose_late(now)
        wall = time.time() - now
        if abs(wall - self._wall) > CLOCK_JUMP_S:
            self.experience.failed("clock_jumped")
        self._wall = wall
        second = self.experience.take(now)
        was, used = self._cpu
        self._cpu = (time.perf_counter(), time.process_time())
        lag_s, self._lag_s = self._lag_s, 0.0
        late, self._late = self._late, {}
        no_socket, self._no_socket = self._no_socket, 0
        return msgspec.structs.replace(
            second,
            at_s=float(at_s),
            cpu_fraction=(self._cpu[1] - used) / max(1e-3, self._cpu[0] - was),
            loop_lag_ms=1000 * lag_s,
            late=Histogram(buckets=late),
            sockets=len(self._tabs),
            no_socket=no_socket,
        )

    # --- people -------------------------------------------------------------------------------

    def _arrive(self, person: Person) -> None:
        if self._open + person.tabs > self._most:
            self.experience.failed("bounded")
            return
        self.driven += 1
        self._open += person.tabs
        shared = Household(person.tabs)
        those = self._here[person.number] = []
        for number in range(person.tabs):
            chance = random.Random(f"{self._begin.seed}.{person.number}.{number}")  # noqa: S311
            listener = Listener(
                person,
                number,
                shared,
                self._begin.page,
                self.library,
                self.experience,
                chance,
                self._wall,
            )
            tab = Tab(listener, person.number)
            those.append(tab)
            self._plan(tab)

    def _drop(self, tab: Tab, now: float) -> None:
        if tab.ask is not None:
            self._lose(tab, "dropped", now)
        else:
            self._disconnect(tab)

    def _go(self, number: int) -> None:
        now = self.now()
        for tab in list(self._here.get(number, ())):
            if not tab.listener.gone:
                self._go_on(tab, tab.listener.leave(now), now)

    def _forget(self, tab: Tab) -> None:
        self._disconnect(tab)
        those = self._here.get(tab.number)
        if those is not None and tab in those:
            those.remove(tab)
            self._open -= 1
            if not those:
                del self._here[tab.number]
                self._left.set()

    # --- listeners ---------------------------------------------------------------------------

    def _go_on(self, tab: Tab, ask: Ask | None, now: float) -> None:
        """What a listener does next: ask, wait for its moment, or be gone."""
        if tab.listener.cut:
            tab.listener.cut = False
            self._disconnect(tab)
        if puzzle := tab.listener.take_puzzle():
            self._puzzles.solve(puzzle, partial(self._solved, tab, now + SOLVES_S))
        if ask is not None:
            self._ask(tab, ask, now)
        elif tab.listener.gone and tab.ask is None:
            self._forget(tab)
            return
        self._plan(tab)

    def _solved(self, tab: Tab, at: float, proof: str) -> None:
        """Not before a phone would have solved it: in a rehearsal the challenges are lighter."""
        if (left_s := at - self.now()) > 0:
            self._loop.call_later(left_s, self._solved, tab, at, proof)
        elif not tab.listener.gone:
            tab.listener.solved(proof, self.now())
            self._plan(tab)

    def _plan(self, tab: Tab) -> None:
        due = tab.listener.due
        if due < tab.planned:
            tab.planned = self._wheel.put(tab, due) * SLOT_S - SLOT_S / 2
