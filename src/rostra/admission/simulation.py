"""A night at the door with millions of people, decided by the very code that runs the night.

The line, the leases and the controller (with the ladder) are the real ones; people, edges and their
work are arrays, a second at a time.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import msgspec
import numpy as np

from rostra.admission.beats import NOT_DRAWN
from rostra.admission.capacity import Capacity
from rostra.admission.controller import Controller, Decision, Seen
from rostra.admission.draw import COHORT_S, FRACTION_BITS
from rostra.admission.leases import Leases
from rostra.admission.line import BEAT_USUAL_S, EXACT_MOST, Line
from rostra.admission.simulated import (
    NEVER,
    Busyness,
    Costs,
    Edges,
    Later,
    People,
    Visitors,
    Work,
)

DOORS_OPEN_S = -600
GOODBYE_S, HELD_S, RENEW_S = 20, 120, 60
POLL_S = 10
DRAWN_S = 2_000  # beats a second of all who waited when the doors open (the page's `haste_s`)
COUNT_ERROR = 0.0027  # one standard deviation of the count's sketches
_BEAT_ROW = np.dtype([("listener", ">u8"), ("rank", ">u8")])


def usual_poll_s(waiting: int, is_open: bool) -> int:
    """How often a page in the line asks for the state, where nobody says otherwise."""
    return POLL_S


class World(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """Who comes to what; seconds from T0, when it goes live.

    `last_s`: when it is over. `stop_early`: or when all have been let in. `storms`: all connections
    drop. Without `costs` the edges are three quarters busy in a full house. `poll_s(waiting, open)`
    as the state tells it; `before_poll_s`: before the doors open. `lag_ms(at_s)`: the edges' lag
    where it was measured.
    """

    visitors: Visitors
    capacity: Capacity
    costs: Costs | None = None
    doors_s: int = DOORS_OPEN_S
    last_s: int = 4 * 3600
    stop_early: bool = False
    storms: tuple[float, ...] = ()
    seed: int = 1
    poll_s: Callable[[int, bool], int] = usual_poll_s
    before_poll_s: int = POLL_S
    lag_ms: Callable[[int], float] | None = None


class Second(msgspec.Struct, frozen=True, kw_only=True):
    """One second as it was: the truth, and what was decided.

    `inside`: places held; `listening`: people there; `playing`: pages that play; `late_s`: how long
    an answer takes; `stalled`: pages that are silent for want of media.
    """

    at_s: int
    inside: int
    listening: int
    refused: int
    decision: Decision
    playing: int = 0
    busy: float = 0.0
    late_s: float = 0.0
    stalled: float = 0.0
    bit_s: float = 0.0


class Evening(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """What came of it. Arrays are in the order of ranks; `NEVER`: not let in.

    `seconds` begin when the doors open. `admitted_s` is the second's end. `until_s`: when those
    who were let in left at the latest, and when the others gave up.
    """

    seconds: list[Second]
    arrived_s: Any
    ranks: Any
    admitted_s: Any
    gone: Any
    until_s: Any

    @property
    def cohorts(self) -> Any:
        """Each one's cohort."""
        return (self.ranks >> np.uint64(FRACTION_BITS)).astype(np.int64)


class _House:
    """Those inside, by what will happen to them; `step`: seconds since the first."""

    def __init__(self, steps: int, people: People, chance: Any) -> None:
        self._last = steps
        self._people, self._chance = people, chance
        self._frees = np.zeros(steps + 1, np.int64)
        self._leaves = np.zeros(steps + 1, np.int64)
        self._plays = np.zeros(steps + 1, np.int64)  # pages more (or fewer) from this second
        self._returns = np.zeros(steps + 1, np.int64)
        self.inside = self.listening = self.playing = 0

    def _at(self, table: Any, moments: Any, many: Any = 1) -> None:
        np.add.at(table, np.clip(np.ceil(moments), 0, self._last).astype(np.int64), many)

    def enter(self, let_in: Any, step: int, at_s: int) -> tuple[Any, Any]:
        """They have passes. Whoever loses theirs without a network: who, and when they ask again.

        All moments are steps.
        """
        people, chance = self._people, self._chance
        zero_s = at_s - step
        end = np.minimum(step + people.stay[let_in], people.until[let_in] - zero_s)
        silent = people.silent[let_in].copy()
        dropped, tabs = people.dropped[let_in], people.tabs[let_in].astype(np.int64)
        drop = people.drop_at[let_in] - zero_s
        drops = (drop > step) & (drop < end)  # not where it is NaN
        lost = drops & (dropped > chance.uniform(HELD_S - RENEW_S, HELD_S, len(let_in)))
        back = drop + dropped
        again = lost & (back < end)
        away = drops & ~lost
        self._at(self._plays, drop[away], -tabs[away])
        self._at(self._plays, np.minimum(back, end)[away], tabs[away])
        self._at(self._returns, back[away & (back < end)])
        end = np.where(lost, drop, end)
        silent |= lost
        people.drop_at[let_in[lost]] = np.nan  # once only
        self._at(self._plays, np.full(1, step), tabs.sum())
        self._at(self._plays, end, -tabs)
        self._at(self._leaves, end)
        unheard_s = chance.uniform(HELD_S - RENEW_S, HELD_S, len(let_in))
        self._at(self._frees, end + np.where(silent, unheard_s, GOODBYE_S))
        self.inside += len(let_in)
        self.listening += len(let_in)
        return let_in[again], np.ceil(back[again]).astype(np.int64)

    def second(self, step: int) -> int:
        """What was due happens; how many came back from a lost network."""
        self.inside -= int(self._frees[step])
        self.listening -= int(self._leaves[step])
        self.playing += int(self._plays[step])
        return int(self._returns[step])


def run(world: World, told: Callable[[float], None] | None = None) -> Evening:
    """The evening from the first arrival until it is over. `told`: which part has been played."""
    chance = np.random.Generator(np.random.PCG64(world.seed))
    people = People(world.visitors, world.doors_s, chance)
    first_s = math.floor(people.arrived[people.by_arrival[0]]) if len(people.arrived) else 0
    begin_s = min(first_s, world.doors_s)
    steps = world.last_s - begin_s
    arrivals_at = np.searchsorted(
        people.arrived[people.by_arrival], np.arange(begin_s - 1, world.last_s + 1)
    )
    line, leases, controller = Line(), Leases(), Controller()
    edges, asks, beats = Edges(chance), Later(), Later()
    house = _House(steps + 1, people, chance)
    work = Work(world.costs) if world.costs else None
    storms = {math.ceil(storm_s) for storm_s in world.storms}
    granted, error, count_error = 0, 0.0, COUNT_ERROR
    admitted, beat_s, poll_s, waits = -1, BEAT_USUAL_S, world.before_poll_s, 0
    expected = int((~people.absent).sum())
    seconds: list[Second] = []
    for step in range(steps):
        at_s, now = begin_s + step, float(step)
        open_ = at_s >= world.doors_s
        # --- people
        came = people.by_arrival[arrivals_at[step] : arrivals_at[step + 1]]
        early = came[people.ranks[came] <= admitted] if admitted >= 0 else came[:0]
        askers = np.concatenate([asks.take(at_s), early[~people.absent[early]]])
        known = people.admitted_s[askers] != NEVER  # who lost their pass has been in before
        askers = askers[np.where(known, people.until[askers], people.waits[askers]) > at_s]
        chance.shuffle(askers)
        let_in, refused = edges.ask(askers, people.hashes)
        asks.add(at_s + chance.integers(1, 5, len(refused)), refused)
        people.admitted_s[let_in] = np.where(
            people.admitted_s[let_in] == NEVER, at_s, people.admitted_s[let_in]
        )
        again, again_step = house.enter(let_in, step, at_s)
        asks.add(begin_s + again_step, again)
        returned = house.second(step) + (house.playing if at_s in storms else 0)
        granted += len(let_in)
        # --- what the edges say
        showing = came[people.in_sample[came]]
        if at_s == world.doors_s:  # the seed is public: who waits tells soon that they live
            haste_s = min(beat_s, max(1.0, waits / DRAWN_S)) if waits else beat_s
            waited = beats.take_all()
            learnt_s = chance.uniform(0, world.before_poll_s + haste_s, len(waited))
            beats.add((at_s + 1 + learnt_s).astype(np.int64), waited)
        showing = np.concatenate([beats.take(at_s), showing])
        showing = showing[(people.admitted_s[showing] == NEVER) & (people.waits[showing] > at_s)]
        spread_s = beat_s * chance.uniform(0.8, 1.2, len(showing))
        # Who is called asks for a pass and shows themselves no other way.
        staying = people.ranks[showing] > max(admitted, 0)
        beats.add((at_s + np.ceil(spread_s)).astype(np.int64)[staying], showing[staying])
        rows = np.empty(len(showing), _BEAT_ROW)
        rows["listener"] = people.hashes[showing]
        rows["rank"] = people.ranks[showing] if open_ else NOT_DRAWN
        tallies = edges.tallies()
        tallies[0] = msgspec.structs.replace(
            tallies[0], beats=rows.tobytes(), beats_sampled=people.sampled
        )
        for edge, tally in enumerate(tallies):
            leases.heard(f"edge-{edge}", tally, now)
            # Beyond a few thousand a second edges name nobody who was let in.
            line.heard(
                tally if people.sampled == 1 else msgspec.structs.replace(tally, renewed=b""), now
            )
        waits = line.waiting(now, admitted)
        if work is not None:
            work.second(
                Busyness(
                    rung=seconds[-1].decision.rung if seconds else 0,
                    playing=house.playing if at_s >= 0 else 0,
                    arrivals=len(came),
                    entries=len(let_in),
                    returns=returned,
                    # Who is inside asks too; once it is live that is part of what a listener costs.
                    polls=waits / poll_s
                    + (house.listening / world.before_poll_s if at_s < 0 else 0),
                    beats=len(showing) * people.sampled,
                )
            )
        if told is not None and step % 60 == 0:
            told(step / steps)
        if not open_:
            continue
        # --- control
        error = 0.99 * error + math.sqrt(1 - 0.99**2) * count_error * float(chance.normal())
        rung = seconds[-1].decision.rung if seconds else 0
        most = world.capacity.listeners[min(rung, 3)]
        lag_ms = work.lag_ms(chance) if work else 8 * float(chance.lognormal(0, 0.6))
        seen = Seen(
            inside=round(house.inside * (1 + error)) if house.inside > EXACT_MOST else house.inside,
            waiting=waits,
            called=line.called(now, admitted),
            newest_rank=((at_s - world.doors_s) // COHORT_S + 2 << FRACTION_BITS) - 1,
            capacity=world.capacity,
            granted_s=len(let_in),
            busy=work.busy if work else min(1.0, 0.75 * house.inside / most),
            loop_lag_p99_ms=world.lag_ms(at_s) if world.lag_ms else lag_ms,
            live=at_s >= 0,
        )
        decision = controller.decide(seen, line, now)
        edges.hear(step + 1, leases.lend(decision.places, now, step + 1))
        poll_s = world.poll_s(line.waiting(now, -1), True)
        # When a page asks next it settled when it asked last: at first, before the doors opened.
        early_on = at_s < world.doors_s + world.before_poll_s
        learn_s = world.before_poll_s if early_on else poll_s
        called = people.called(admitted, decision.admitted_rank, at_s)
        asks.add(at_s + chance.integers(1, learn_s + 2, len(called)), called)
        admitted = decision.admitted_rank
        beat_s = line.beat_s(now)
        seconds.append(
            Second(
                at_s=at_s,
                inside=house.inside,
                listening=house.listening,
                refused=len(refused),
                decision=decision,
                playing=house.playing,
                busy=seen.busy,
                late_s=work.late_s if work else 0.0,
                stalled=work.stalled_share * house.playing if work and at_s >= 0 else 0.0,
                bit_s=work.bit_s if work else 0.0,
            )
        )
        if world.stop_early and granted >= expected:
            break
    return Evening(
        seconds=seconds,
        arrived_s=people.arrived,
        ranks=people.ranks,
        admitted_s=people.admitted_s,
        gone=people.absent,
        until_s=np.where(people.admitted_s == NEVER, people.waits, people.until),
    )
