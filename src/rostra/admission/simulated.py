"""A simulated night's people, edges and work, as arrays: what `simulation` decides about."""

from __future__ import annotations

from typing import Any

import msgspec
import numpy as np

from rostra.admission import distinct
from rostra.admission.draw import COHORT_S, FRACTION_BITS
from rostra.admission.ladder import MEDIA_RUNGS
from rostra.admission.line import EXACT_MOST
from rostra.ground.door_values import DoorTally

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
STAY_S = 25 * 60.0
GONE_SHARE, GONE_S = 0.10, 300.0  # closed the laptop so long after they came, without a word
GOODBYE_SHARE = 0.5
EDGES = 4
NEVER = np.iinfo(np.int32).min
# How long an answer may take before sound stops, by rung: what a player holds ahead of it.
BUFFER_S = (1.5, 3.0, 12.0, 18.0)
BACKLOG_MOST_S = 20.0  # a listener's request times out then, and its work with it
_CALM_LAG_MS = 8.0


class Visitors(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """A column for each question, a row for each person, in any order; seconds from T0.

    `until_s`: leaves for good then, wherever they are; `stay_s`: or so long after being let in.
    `silent`: leaves without a goodbye. `absent`: shows themselves in the line and never comes in.
    `drop_after_s` (from the arrival; NaN: never), `dropped_s`: is without a network.
    `patience_s`: gives up if not let in so long after they came (infinite or none: never).
    """

    arrived_s: Any
    until_s: Any
    stay_s: Any
    silent: Any
    absent: Any
    tabs: Any
    drop_after_s: Any
    dropped_s: Any
    patience_s: Any = None


def announced_evening(people: int, chance: Any, stay_s: float = STAY_S) -> Visitors:
    """The crowd of an announced evening without an end."""
    shares = np.array([share for _, _, share in ARRIVALS])
    row = chance.choice(len(ARRIVALS), people, p=shares / shares.sum())
    begin = np.array([row[0] for row in ARRIVALS], np.float32)[row]
    end = np.array([row[1] for row in ARRIVALS], np.float32)[row]
    arrived_s = begin + (end - begin) * chance.random(people, np.float32)
    absent = chance.random(people) < GONE_SHARE
    return Visitors(
        arrived_s=arrived_s,
        until_s=np.where(absent, arrived_s + np.float32(GONE_S), np.float32(np.inf)),
        stay_s=chance.exponential(stay_s, people).astype(np.float32),
        silent=chance.random(people) >= GOODBYE_SHARE,
        absent=absent,
        tabs=np.ones(people, np.int8),
        drop_after_s=np.full(people, np.nan, np.float32),
        dropped_s=np.zeros(people, np.float32),
    )


class Costs(msgspec.Struct, frozen=True, kw_only=True):
    """What the edges' work costs: CPU-µs, and the `cores` that they have in all.

    `listener_us`, `body_bytes`: of one listener-second at the rungs 0 to 3. `arrive_us`: a page,
    its assets, the state, a ticket; `enter_us`: a pass and what fills the buffer; `return_us`: of
    one who was cut off. `poll_us`: of one who waits and asks for the state, `beat_us`: or tells
    that they live.
    """

    cores: float
    listener_us: tuple[float, float, float, float]
    body_bytes: tuple[float, float, float, float]
    arrive_us: float
    enter_us: float
    return_us: float
    poll_us: float
    beat_us: float


class Busyness(msgspec.Struct, frozen=True, kw_only=True):
    """What one second asked of the edges: pages that play, and how often each of the others."""

    rung: int
    playing: int
    arrivals: int
    entries: int
    returns: int
    polls: float
    beats: float


class Work:
    """The edges' work as a fluid: what cannot be done in its second is done later."""

    def __init__(self, costs: Costs) -> None:
        self._costs = costs
        self.busy = 0.0
        self.late_s = 0.0  # how long an answer takes
        self.stalled_share = 0.0
        self.bit_s = 0.0

    def second(self, asked: Busyness) -> None:
        """One second."""
        costs, rung = self._costs, min(asked.rung, MEDIA_RUNGS - 1)
        media = asked.playing * costs.listener_us[rung]
        other = (
            asked.arrivals * costs.arrive_us
            + asked.entries * costs.enter_us
            + asked.returns * costs.return_us
            + asked.polls * costs.poll_us
            + asked.beats * costs.beat_us
        )
        wanted = (media + other) / 1e6 / costs.cores + self.late_s
        self.busy = min(1.0, wanted)
        self.late_s = min(BACKLOG_MOST_S, wanted - self.busy)
        late = self.late_s > BUFFER_S[rung]
        self.stalled_share = 1 - 1 / wanted if late else 0.0
        self.bit_s = 8 * asked.playing * (1 - self.stalled_share) * costs.body_bytes[rung]

    def lag_ms(self, chance: Any) -> float:
        """A loop's lag: that of a calm machine, longer the busier it is, and what it is behind."""
        calm_ms = _CALM_LAG_MS / 2 * float(chance.lognormal(0, 0.6))
        return calm_ms / max(0.05, 1 - self.busy) + 1000 * self.late_s


class People:
    """Everyone, in the order of ranks. `begin_s`: second zero of `by_second`."""

    def __init__(self, visitors: Visitors, doors_s: int, chance: Any) -> None:
        many = len(visitors.arrived_s)
        cohorts = np.floor((visitors.arrived_s - doors_s) / COHORT_S).astype(np.int64) + 1
        fractions = chance.integers(0, 1 << FRACTION_BITS, many, np.uint64)
        ranks = np.maximum(cohorts, 0).astype(np.uint64) << np.uint64(FRACTION_BITS) | fractions
        order = np.argsort(ranks)
        self.ranks = ranks[order]
        self.arrived = visitors.arrived_s[order].astype(np.float32)
        self.until = visitors.until_s[order].astype(np.float32)
        self.stay = visitors.stay_s[order].astype(np.float32)
        # Until when they wait: a pass changes it to `until`.
        self.waits = self.until
        if visitors.patience_s is not None:
            patience_s = (visitors.arrived_s + visitors.patience_s)[order]
            self.waits = np.minimum(self.until, patience_s.astype(np.float32))
        self.silent, self.absent = visitors.silent[order], visitors.absent[order]
        self.tabs = visitors.tabs[order]
        self.drop_at = (visitors.arrived_s + visitors.drop_after_s)[order].astype(np.float32)
        self.dropped = visitors.dropped_s[order].astype(np.float32)
        self.by_arrival = np.argsort(self.arrived, kind="stable")
        self.admitted_s = np.full(many, NEVER, np.int32)
        # As edges sample: a hash that the sampling divides belongs to the sample.
        self.sampled = 1
        while many / self.sampled > EXACT_MOST:
            self.sampled *= 2
        hashes = chance.permutation(many).astype(np.uint64) + np.uint64(1)
        self.hashes = hashes.astype(">u8")
        self.in_sample = hashes % np.uint64(self.sampled) == 0

    def called(self, before: int, rank: int, at_s: int) -> Any:
        """Those who are here and whose turn has come now."""
        first, last = (int(np.searchsorted(self.ranks, np.uint64(r + 1))) for r in (before, rank))
        turn = np.arange(first, last)
        here = (self.arrived[turn] < at_s) & (self.waits[turn] > at_s) & ~self.absent[turn]
        return turn[here & (self.admitted_s[turn] == NEVER)]


class Edges:
    """Edges as far as leases go: each hears a second late what control says."""

    def __init__(self, chance: Any) -> None:
        self._chance = chance
        self._granted = [0] * EDGES
        self._heard: tuple[int, dict[str, tuple[str, int]]] = (0, {})
        self._tallies: list[DoorTally] = []

    def hear(self, sequence: int, leases: dict[str, tuple[str, int]]) -> None:
        """What stands lent."""
        self._heard = sequence, leases

    def ask(self, askers: Any, hashes: Any) -> tuple[Any, Any]:
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
                    renewed=_named(hashes[here[:free]]),
                )
            )
        return np.concatenate(let_in), np.concatenate(refused)

    def tallies(self) -> list[DoorTally]:
        """What each edge says of this second."""
        return self._tallies


def _named(hashes: Any) -> bytes:
    raw = hashes.tobytes()
    return distinct.of(raw[at : at + 8] for at in range(0, len(raw), 8))


class Later:
    """Arrays of people by the second in which something is due for them."""

    def __init__(self) -> None:
        self._due: dict[int, list[Any]] = {}

    def add(self, at_s: Any, people: Any) -> None:
        """`at_s`: whole seconds, one for each."""
        if not len(people):
            return
        order = np.argsort(at_s, kind="stable")
        seconds, starts = np.unique(at_s[order], return_index=True)
        for second, some in zip(seconds, np.split(people[order], starts[1:]), strict=True):
            self._due.setdefault(int(second), []).append(some)

    def take_all(self) -> Any:
        """Everyone, due or not."""
        due = [some for each in self._due.values() for some in each]
        self._due.clear()
        return np.concatenate(due) if due else np.empty(0, np.int64)

    def take(self, at_s: int) -> Any:
        """Those for whom it is due now."""
        due = self._due.pop(at_s, [])
        return np.concatenate(due) if due else np.empty(0, np.int64)
