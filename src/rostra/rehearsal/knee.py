"""Finding the knee: which crowd comes next at which rung, and what a step of it says."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Literal, Protocol

import msgspec
import numpy as np

from rostra.rehearsal import cost, histogram, usl
from rostra.rehearsal.findings import (
    GENERATOR_CPU_MOST,
    GENERATOR_LATE_MOST_MS,
    JOIN_P99_MOST_S,
    STALLED_MOST,
    Interval,
    RungFound,
    Step,
)
from rostra.rehearsal.orders import Histogram, Second

CORES_SHARE = 0.6  # of the edges' cores, where only the cost is known
KNEE_SHARE = 0.9
FURTHER_MOST = 2.0  # never more than so many times what was carried
CLOSE = 1.15  # a knee within this factor is known well enough
LEAST = 20  # listeners; fewer are no crowd
TRIES = 2  # of a step that was void
LEAVES_FASTER = 5.0  # than joining
SUSTAINED_S = 5  # a generator's CPU and a rate of joins are judged by so many seconds on end
GONE_S = 3.0  # a generator that has said nothing for so long is gone
PRESENT_LEAST = 0.98
JOINS_FACTOR = 1.5
JOINING = ("joins_slow", "no_sound_for_some", "no_sound", "gave_up")  # reasons that newcomers have


class EdgeRead(Protocol):
    """One edge in one second, as control told it."""

    @property
    def cpu(self) -> float: ...
    @property
    def busy(self) -> float: ...
    @property
    def loop_lag_p99_ms(self) -> float: ...


class StageRead(Protocol):
    """The stage in one second."""

    @property
    def late_ticks(self) -> int: ...


class Read(Protocol):
    """The house in one second."""

    @property
    def edges(self) -> Sequence[EdgeRead]: ...
    @property
    def stage(self) -> StageRead | None: ...


class Planned(msgspec.Struct, frozen=True):
    """The next step: `listeners` in all at `rung`.

    Newcomers come evenly over `arrive_s` (or those too many leave), `settle_s` pass unjudged, then
    `hold_s` are judged.
    """

    rung: int
    listeners: int
    arrive_s: float
    settle_s: float
    hold_s: float

    @property
    def lasts_s(self) -> float:
        """All of it."""
        return self.arrive_s + self.settle_s + self.hold_s


class Program(msgspec.Struct, frozen=True, kw_only=True):
    """What a rehearsal does to find the knees. `most`: listeners that the generators can be."""

    most: int
    rungs: tuple[int, ...] = (0, 1, 2, 3)
    first: int = 500
    factor: float = 2.0
    joins_s: float = 200.0
    within_s: float = 360.0
    settle_s: tuple[float, ...] = (4.0, 4.0, 8.0, 12.0)
    hold_s: tuple[float, ...] = (8.0, 8.0, 12.0, 15.0)

    def next(self, steps: Sequence[Step], elapsed_s: float) -> Planned | None:
        """The step after `steps`, `elapsed_s` after the first one began; None: it is over.

        Each rung may take an equal share of the time that is left when it begins.
        """
        here = steps[-1].listeners if steps else 0
        for place, rung in enumerate(self.rungs):
            if any(step.rung in self.rungs[place + 1 :] for step in steps):
                continue
            mine = [step for step in steps if step.rung == rung]
            before = [step for step in steps if step.rung != rung]
            wanted = self._grown(mine, before) if mine else self._begin(before)
            if wanted is None:
                continue
            planned = self.planned(rung, here, wanted)
            spent_s = self._spent_s(before, mine)
            share_s = (self.within_s - elapsed_s + spent_s) / (len(self.rungs) - place)
            if spent_s + planned.lasts_s <= share_s:
                return planned
            if not mine and elapsed_s + planned.lasts_s <= self.within_s:
                return planned  # one step of each rung, rather than none
        return None

    def planned(self, rung: int, here: int, wanted: int) -> Planned:
        """A step to `wanted` listeners where there are `here`."""
        joins_s = self.joins_s if wanted >= here else self.joins_s * LEAVES_FASTER
        return Planned(
            rung, wanted, abs(wanted - here) / joins_s, self.settle_s[rung], self.hold_s[rung]
        )

    def _spent_s(self, before: Sequence[Step], mine: Sequence[Step]) -> float:
        here = before[-1].listeners if before else 0
        spent_s = 0.0
        for step in mine:
            spent_s += self.planned(step.rung, here, step.listeners).lasts_s
            here = step.listeners
        return spent_s

    def _begin(self, before: Sequence[Step]) -> int:
        """The first crowd of a rung: those who are here, and those who were too many before."""
        if not before:
            return min(self.first, self.most)
        last = [step for step in before if step.rung == before[-1].rung]
        carried, knee = bounds(last)
        return min(self.most, max(before[-1].listeners, knee or carried, 1))

    def _grown(self, mine: Sequence[Step], before: Sequence[Step]) -> int | None:
        """The next crowd of a rung: ever more until it is too many, then between the two.

        What a dearer rung carried, a cheaper one is expected to carry.
        """
        last = mine[-1]
        if last.void and sum(step.listeners == last.listeners for step in mine) < TRIES:
            return last.listeners
        carried, knee = bounds(mine)
        void = [step.listeners for step in mine if step.void and step.listeners > carried]
        ceiling = min([*void, *([knee] if knee else [])], default=None)
        if ceiling is None:
            return min(self.most, rounded(carried * self.factor)) if carried < self.most else None
        if not carried:
            dearer = max((step.listeners for step in before if _counts(step)), default=0)
            if ceiling <= dearer * CLOSE:
                dearer = 0
            wanted = rounded((dearer * ceiling) ** 0.5 if dearer else ceiling / self.factor)
            return wanted if LEAST <= wanted < ceiling else None
        if ceiling <= carried * CLOSE:
            return None
        wanted = rounded((carried * ceiling) ** 0.5)
        return wanted if carried < wanted < ceiling else None


def rounded(listeners: float) -> int:
    """To a number that a person can say: two digits and a half."""
    unit = max(1.0, 0.5 * math.pow(10, int(math.log10(max(listeners, 1))) - 1))
    return max(1, round(round(listeners / unit) * unit))


def _counts(step: Step) -> bool:
    return step.carried and not step.void


def bounds(steps: Sequence[Step]) -> tuple[int, int | None]:
    """Of one rung's valid steps: the largest crowd carried below the knee (or 0), and the knee.

    Of several steps with one crowd the last counts.
    """
    last = {step.listeners: step.carried for step in steps if not step.void}
    knee = min((crowd for crowd, carried in last.items() if not carried), default=None)
    below = [c for c, carried in last.items() if carried and (knee is None or c < knee)]
    return max(below, default=0), knee


def _void(
    held: Sequence[Second],
    generators: Mapping[str, Sequence[Second]],
    listeners: int,
    gave_up: int,
) -> tuple[str, float, float]:
    """Why the seconds say nothing (or nothing), the busiest process' CPU, the latest one's ms."""
    cpu = late_ms = 0.0
    code = ""
    for seconds in generators.values():
        cpu = max(cpu, _sustained([second.cpu_fraction for second in seconds]))
        late = Histogram()
        for second in seconds:
            histogram.merge(late, second.late)
        # One hiccup of a loop may be any machine's; two are the generator's.
        lags_ms = sorted((second.loop_lag_ms for second in seconds), reverse=True)
        late_ms = max(late_ms, histogram.quantile(late, 0.99), *lags_ms[1:2])
        if any(second.no_socket for second in seconds):
            code = "generator_sockets"
        elif any(second.failures.get("bounded") for second in seconds):
            code = code or "generator_bounded"
        if not seconds or seconds[-1].at_s < held[-1].at_s - GONE_S:
            code = code or "generator_lost"
    if cpu > GENERATOR_CPU_MOST:
        code = "generator_cpu"
    elif late_ms > GENERATOR_LATE_MOST_MS:
        code = code or "generator_late"
    here = _mean([float(second.here) for second in held])
    if not code and here + gave_up < listeners * PRESENT_LEAST:
        code = "crowd_missing"
    return code, cpu, late_ms


def judge(
    held: Sequence[Second],
    generators: Mapping[str, Sequence[Second]],
    readings: Sequence[Read],
    *,
    rung: int,
    listeners: int,
    arriving: Sequence[Second] = (),
) -> Step:
    """What the judged seconds of a step say.

    `held`: of all generators together; `generators`: of each, with the arrivals' seconds;
    `arriving`: the seconds before, for the joins. `stalled_share` counts who was silent when the
    step began and every stall since, so a listener who stalled twice counts twice: never too few.
    Who is here longer than a join may last, and has heard nothing yet, counts among the joins.
    """
    if not held:
        return Step(rung=rung, listeners=listeners, seconds=0, carried=False, void="too_short")
    all_ = (*arriving, *held)
    gave_up = sum(second.gave_up for second in all_)
    void, generator_cpu, generator_late_ms = _void(held, generators, listeners, gave_up)
    join, answers = Histogram(), Histogram()
    for second in all_:
        histogram.merge(join, second.join)
    failures: dict[str, int] = {}
    for second in held:
        histogram.merge(answers, second.answers)
        for failure, number in second.failures.items():
            failures[failure] = failures.get(failure, 0) + number
    length = len(held)
    playing = max(1.0, _mean([float(second.playing) for second in held]))
    stalls = max(held[0].stalled, held[0].stalls) + sum(second.stalls for second in held[1:])
    heard_s = sum(second.heard_s for second in held)
    silent_s = sum(second.silent_s for second in held)
    stalled_share = min(1.0, stalls / playing)
    young = sum(second.came for second in all_[-math.ceil(JOIN_P99_MOST_S) :])
    never = max(0, held[-1].here - held[-1].playing - young)
    joined = histogram.count(join)
    longest_s = histogram.quantile(join, 1.0) / 1000
    at_least_s = max(longest_s, float(len(arriving) + length), 2 * JOIN_P99_MOST_S)

    def join_s(share: float) -> float:
        if (joined + never) * share > joined:
            return at_least_s
        return histogram.quantile(join, share * (joined + never) / max(joined, 1)) / 1000

    join_p99_s = join_s(0.99)
    reason = ""
    if not heard_s:
        reason = "no_sound"
    elif stalled_share > STALLED_MOST:
        reason = "stalled"
    elif join_p99_s > JOIN_P99_MOST_S:
        reason = "joins_slow"
    elif never > listeners * STALLED_MOST:
        reason = "no_sound_for_some"
    elif gave_up > listeners * STALLED_MOST:
        reason = "gave_up"
    edges = [read.edges for read in readings if read.edges]
    return Step(
        rung=rung,
        listeners=listeners,
        seconds=float(length),
        carried=not reason,
        reason=reason,
        void=void,
        stalled_share=stalled_share,
        silent_share=silent_s / max(silent_s + heard_s, 1e-9),
        join_p50_s=join_s(0.5),
        join_p99_s=join_p99_s,
        joined=joined,
        joins_s=_sustained([float(second.joined) for second in all_]),
        answer_p99_ms=histogram.quantile(answers, 0.99),
        behind_s=_mean([second.behind_s for second in held if second.behind_s > 0]),
        heard_s=heard_s / length,
        requests_s=sum(sum(second.requests.values()) for second in held) / length,
        body_bytes_s=sum(second.body_bytes for second in held) / length,
        failures=failures,
        edges_cpu=_mean([sum(edge.cpu for edge in each) for each in edges]),
        edges_busy=_mean([max(edge.busy for edge in each) for each in edges]),
        loop_lag_p99_ms=max((edge.loop_lag_p99_ms for each in edges for edge in each), default=0.0),
        stage_late_ticks=sum(read.stage.late_ticks for read in readings if read.stage),
        generator_cpu=generator_cpu,
        generator_late_ms=generator_late_ms,
    )


def _sustained(numbers: Sequence[float]) -> float:
    """The largest mean of so many on end."""
    width = min(SUSTAINED_S, max(1, len(numbers)))
    return float(np.convolve(numbers or [0.0], np.ones(width) / width, "valid").max())


def _mean(numbers: Sequence[float]) -> float:
    return sum(numbers) / len(numbers) if numbers else 0.0


def rung_found(rung: int, steps: Sequence[Step], cores: float) -> RungFound:
    """What the steps say of one rung, where the edges may use `cores`.

    `allowed` as docs/decisions/0009 has it. Cost is taken from the steps that were carried, where
    there are any: a house beyond its knee spends its time otherwise.
    """
    valid = [step for step in steps if step.rung == rung and not step.void]
    carried, knee = bounds(valid)
    calm = [step for step in valid if step.carried and step.listeners <= carried] or valid
    cpu_us, idle_us = cost.listener_second(calm)
    heard = sum(step.heard_s for step in calm)
    body_bytes = sum(step.body_bytes_s for step in calm) / heard if heard else 0.0
    basis: Literal["knee", "cost", "seen", "nothing"]
    if not carried:
        basis, allowed = "nothing", 0
    elif knee is not None:
        basis, allowed = "knee", int(carried * KNEE_SHARE)
    else:
        by_cost = 0.0
        if cpu_us.high > 0:
            by_cost = (cores * CORES_SHARE * 1e6 - idle_us) / cpu_us.high
        allowed = int(min(max(by_cost, carried), carried * FURTHER_MOST))
        basis = "cost" if allowed > carried else "seen"
    return RungFound(
        rung=rung,
        carried=carried,
        knee=knee,
        allowed=allowed,
        basis=basis,
        cpu_us=cpu_us,
        body_bytes=body_bytes,
        usl=usl.fit([s.listeners for s in valid], [s.heard_s for s in valid]),
    )


def next_joins(trials: Sequence[Step], first: float) -> float | None:
    """Joins a second to try next: half as many again until they are too many, then one between.

    `trials`: a step for each rate that was tried. None: it is known well enough, or a generator
    was too slow.
    """
    if not trials:
        return first
    if any(trial.void for trial in trials):
        return None
    good = max((trial.joins_s for trial in trials if trial.carried), default=0.0)
    bad = min((trial.joins_s for trial in trials if not trial.carried), default=math.inf)
    if math.isinf(bad):
        return good * JOINS_FACTOR
    if not good:
        return bad / 2 if len(trials) < TRIES else None
    return (good * bad) ** 0.5 if bad > good * JOINS_FACTOR else None


def joins(steps: Sequence[Step]) -> Interval | None:
    """Joins a second: the most in a step that was carried, up to where joining became slow.

    Where it never did, all three are the same: at least so many.
    """
    valid = [step for step in steps if not step.void and step.joins_s > 0]
    most = max((step.joins_s for step in valid if step.carried), default=0.0)
    slow = [step.joins_s for step in valid if step.reason in JOINING and step.joins_s > most]
    return Interval(most, most, min(slow, default=most)) if most else None


def night_void(held: Sequence[Second], generators: Mapping[str, Sequence[Second]]) -> str:
    """Why the seconds of a night say nothing about the house: a generator was its own limit."""
    return _void(held, generators, 0, 0)[0]
