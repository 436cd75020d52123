"""An evening at the door with millions of people, decided by the very code that runs the night."""

from __future__ import annotations

import math
from typing import Any

import msgspec
import numpy as np

from rostra.admission import distinct
from rostra.admission.beats import NOT_DRAWN
from rostra.admission.capacity import Capacity
from rostra.admission.controller import Controller, Decision, Seen
from rostra.admission.draw import COHORT_S, FRACTION_BITS
from rostra.admission.leases import Leases
from rostra.admission.line import BEAT_USUAL_S, EXACT_MOST, Line
from rostra.ground.facts import DoorTally

# Seconds from the announced start, share of all who come. The shape is that of announced evenings:
# links spread for a quarter of an hour, calendars and reminders fire two minutes before, most come
# within the minute around the start itself (0.5 to 1.1 million a minute were published for one
# service of 65 million listeners; the spike here is 1.6 million in its first minute at 8 million),
# and news of it brings the rest.
ARRIVALS = (
    (-1200, -600, 0.06),
    (-600, -300, 0.09),
    (-300, -120, 0.10),
    (-120, 0, 0.20),
    (0, 60, 0.20),
    (60, 300, 0.20),
    (300, 1200, 0.15),
)
DOORS_OPEN_S = -600
STAY_S = 25 * 60.0
GONE_SHARE, GONE_S = 0.10, 300.0  # closed the laptop so long after they came, without a word
GOODBYE_SHARE = 0.5
GOODBYE_S, HELD_S, RENEW_S = 20, 120, 60
POLL_S = 12
EDGES = 4
NEVER = np.iinfo(np.int32).min
COUNT_ERROR = 0.0027  # one standard deviation of the count's sketches
_BEAT_ROW = np.dtype([("listener", ">u8"), ("rank", ">u8")])


class World(msgspec.Struct, frozen=True, kw_only=True):
    """Who comes to what. `last_s`: when it is over, in seconds from the announced start."""

    people: int
    capacity: Capacity
    stay_s: float = STAY_S
    last_s: int = 4 * 3600
    seed: int = 1


class Second(msgspec.Struct, frozen=True, kw_only=True):
    """One second as it was: the truth, and what was decided."""

    at_s: int
    inside: int
    listening: int
    refused: int
    decision: Decision


class Evening(msgspec.Struct, frozen=True, kw_only=True):
    """What came of it. Arrays are in the order of ranks; `NEVER`: not let in."""

    seconds: list[Second]
    arrived_s: Any
    ranks: Any
    admitted_s: Any
    gone: Any

    @property
    def cohorts(self) -> Any:
        """Each one's cohort."""
        return (self.ranks >> np.uint64(FRACTION_BITS)).astype(np.int64)


class _Edges:
    """Edges as far as leases go: each hears a second late what control says."""

    def __init__(self, chance: Any) -> None:
        self._chance = chance
        self._granted = [0] * EDGES
        self._heard: tuple[int, dict[str, tuple[str, int]]] = (0, {})
        self._tallies: list[DoorTally] = []

    def hear(self, sequence: int, leases: dict[str, tuple[str, int]]) -> None:
        self._heard = sequence, leases

    def ask(self, askers: Any, names: Any) -> tuple[Any, Any]:
        """Who of these gets a pass, and who is sent away."""
        at = self._chance.integers(0, EDGES, len(askers))
        sequence, leases = self._heard
        let_in, refused = [], []
        self._tallies = []
        for edge in range(EDGES):
            here = askers[at == edge]
            most = leases.get(f"edge-{edge}", ("", 0))[1]
            free = max(0, most - self._granted[edge])
            let_in.append(here[:free])
            refused.append(here[free:])
            self._granted[edge] += len(here[:free])
            self._tallies.append(
                DoorTally(
                    run="run",
                    issued=0,
                    chain=b"",
                    sequence=sequence,
                    granted=self._granted[edge],
                    wanted=len(here[free:]),
                    renewed=distinct.of(names[i].tobytes() for i in here[:free]),
                )
            )
        return np.concatenate(let_in), np.concatenate(refused)

    def tallies(self) -> list[DoorTally]:
        return self._tallies


class _Later:
    """Arrays of people by the second in which something is due for them."""

    def __init__(self) -> None:
        self._due: dict[int, list[Any]] = {}

    def add(self, at_s: Any, people: Any) -> None:
        if not len(people):
            return
        order = np.argsort(at_s, kind="stable")
        seconds, starts = np.unique(at_s[order], return_index=True)
        for second, some in zip(seconds, np.split(people[order], starts[1:]), strict=True):
            self._due.setdefault(int(second), []).append(some)

    def take(self, at_s: int) -> Any:
        due = self._due.pop(at_s, [])
        return np.concatenate(due) if due else np.empty(0, np.int64)


class _People:
    """Everyone, in the order of ranks."""

    def __init__(self, world: World, chance: Any) -> None:
        shares = np.array([share for _, _, share in ARRIVALS])
        row = chance.choice(len(ARRIVALS), world.people, p=shares / shares.sum())
        begin = np.array([row[0] for row in ARRIVALS], np.float32)[row]
        end = np.array([row[1] for row in ARRIVALS], np.float32)[row]
        arrived = begin + (end - begin) * chance.random(world.people, np.float32)
        cohorts = np.floor((arrived - DOORS_OPEN_S) / COHORT_S).astype(np.int64) + 1
        fractions = chance.integers(0, 1 << FRACTION_BITS, world.people, np.uint64)
        ranks = np.maximum(cohorts, 0).astype(np.uint64) << np.uint64(FRACTION_BITS) | fractions
        order = np.argsort(ranks)
        self.ranks, self.arrived = ranks[order], arrived[order]
        self.gone = chance.random(world.people) < GONE_SHARE
        self.by_arrival = np.argsort(self.arrived, kind="stable")
        self.admitted_s = np.full(world.people, NEVER, np.int32)
        # As edges sample: a hash that the sampling divides belongs to the sample.
        self.sampled = 1
        while world.people / self.sampled > EXACT_MOST:
            self.sampled *= 2
        hashes = chance.permutation(world.people).astype(np.uint64) + np.uint64(1)
        self.hashes = hashes.astype(">u8")
        self.in_sample = hashes % np.uint64(self.sampled) == 0


def run(world: World) -> Evening:
    """The evening from the first arrival until all are in or it is over."""
    chance = np.random.Generator(np.random.PCG64(world.seed))
    people = _People(world, chance)
    arrivals_at = np.searchsorted(
        people.arrived[people.by_arrival], np.arange(ARRIVALS[0][0] - 1, world.last_s + 1)
    )
    line, leases, controller = Line(), Leases(), Controller()
    edges, asks, beats = _Edges(chance), _Later(), _Later()
    frees = np.zeros(world.last_s - ARRIVALS[0][0] + 2, np.int64)
    leaves = np.zeros_like(frees)
    inside = listening = granted = 0
    error = 0.0
    admitted, beat_s = -1, BEAT_USUAL_S
    expected = int((~people.gone).sum())
    seconds: list[Second] = []
    for at_s in range(ARRIVALS[0][0], world.last_s):
        step = at_s - ARRIVALS[0][0]
        now = float(step)
        open_ = at_s >= DOORS_OPEN_S
        # --- people
        came = people.by_arrival[arrivals_at[step] : arrivals_at[step + 1]]
        early = came[people.ranks[came] <= admitted] if admitted >= 0 else came[:0]
        early = early[~people.gone[early]]
        asks.add(np.full(len(early), at_s + 1), early)
        askers = asks.take(at_s)
        chance.shuffle(askers)
        let_in, refused = edges.ask(askers, people.hashes.view("V8"))
        asks.add(at_s + chance.integers(1, 5, len(refused)), refused)
        people.admitted_s[let_in] = at_s
        stay_s = chance.exponential(world.stay_s, len(let_in))
        silent_s = chance.uniform(HELD_S - RENEW_S, HELD_S, len(let_in))
        held_s = np.where(chance.random(len(let_in)) < GOODBYE_SHARE, GOODBYE_S, silent_s)
        np.add.at(leaves, np.minimum(step + stay_s, len(frees) - 1).astype(np.int64), 1)
        np.add.at(frees, np.minimum(step + stay_s + held_s, len(frees) - 1).astype(np.int64), 1)
        inside += len(let_in) - int(frees[step])
        listening += len(let_in) - int(leaves[step])
        granted += len(let_in)
        # --- what the edges say
        first = came[people.in_sample[came]]
        showing = np.concatenate([beats.take(at_s), first])
        showing = showing[people.admitted_s[showing] == NEVER]
        showing = showing[~people.gone[showing] | (at_s - people.arrived[showing] < GONE_S)]
        spread_s = beat_s * chance.uniform(0.9, 1.1, len(showing))
        # Who is called asks for a pass and shows themselves no other way.
        staying = people.ranks[showing] > max(admitted, 0)
        beats.add((at_s + np.ceil(spread_s)).astype(np.int64)[staying], showing[staying])
        rows = np.empty(len(showing), _BEAT_ROW)
        rows["listener"] = people.hashes[showing]
        rows["rank"] = people.ranks[showing] if open_ else NOT_DRAWN
        told = edges.tallies()
        told[0] = msgspec.structs.replace(
            told[0], beats=rows.tobytes(), beats_sampled=people.sampled
        )
        for edge, tally in enumerate(told):
            leases.heard(f"edge-{edge}", tally, now)
            # Beyond a few thousand a second edges name nobody who was let in.
            line.heard(
                tally if people.sampled == 1 else msgspec.structs.replace(tally, renewed=b""), now
            )
        if not open_:
            continue
        # --- control
        error = 0.99 * error + math.sqrt(1 - 0.99**2) * COUNT_ERROR * float(chance.normal())
        rung = seconds[-1].decision.rung if seconds else 0
        most = world.capacity.listeners[min(rung, 3)]
        seen = Seen(
            inside=round(inside * (1 + error)) if inside > EXACT_MOST else inside,
            waiting=line.waiting(now, admitted),
            called=line.called(now, admitted),
            newest_rank=((at_s - DOORS_OPEN_S) // COHORT_S + 2 << FRACTION_BITS) - 1,
            capacity=world.capacity,
            granted_s=len(let_in),
            busy=min(1.0, 0.75 * inside / most),
            loop_lag_p99_ms=8 * float(chance.lognormal(0, 0.6)),
            live=at_s >= 0,
        )
        decision = controller.decide(seen, line, now)
        edges.hear(step + 1, leases.lend(decision.places, now, step + 1))
        called = _called(people, admitted, decision.admitted_rank, at_s)
        asks.add(at_s + chance.integers(2, POLL_S + 2, len(called)), called)
        admitted = decision.admitted_rank
        beat_s = line.beat_s(now)
        seconds.append(
            Second(
                at_s=at_s,
                inside=inside,
                listening=listening,
                refused=len(refused),
                decision=decision,
            )
        )
        if granted >= expected:
            break
    return Evening(
        seconds=seconds,
        arrived_s=people.arrived,
        ranks=people.ranks,
        admitted_s=people.admitted_s,
        gone=people.gone,
    )


def _called(people: _People, before: int, rank: int, at_s: int) -> Any:
    """Those who are here and whose turn has come now."""
    first, last = (int(np.searchsorted(people.ranks, np.uint64(r + 1))) for r in (before, rank))
    turn = np.arange(first, last)
    return turn[(people.arrived[turn] <= at_s) & ~people.gone[turn]]
