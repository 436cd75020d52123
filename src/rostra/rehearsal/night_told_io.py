"""What a simulated night was like, as figures and in words."""

from __future__ import annotations

import resource
from itertools import pairwise
from typing import Any

import msgspec
import numpy as np

from rostra.admission.capacity import Capacity
from rostra.admission.simulated import NEVER, Costs
from rostra.admission.simulation import Evening
from rostra.rehearsal import night_pictures_io
from rostra.rehearsal.findings import NightFound
from rostra.rehearsal.script import Script, digest

AT_ONCE_S = 2.0  # who is let in within that did not wait
AT_LEAST_S = 0.05  # page, state, ticket and pass, one after the other, where nothing is late
FIRST_SOUND_S = 0.5  # from the pass to the first sound, where nothing is late
_QUANTILES = (0.1, 0.5, 0.9, 0.99)


class House(msgspec.Struct, frozen=True, kw_only=True):
    """What the night plays on. `basis`: where the figures come from, in words."""

    capacity: Capacity
    costs: Costs
    basis: str
    measured: bool
    machines: int = 1


class Simulated(msgspec.Struct, frozen=True, kw_only=True):
    """What came of a simulated night.

    `waited_s`: from the arrival, or from doors-open, to the pass: quantiles of those let in, by
    name ("p50"). `used`: places held while people wait, of what the rung carries. `rung_s`: seconds
    on each rung while live. `wanted`: places that all who came at once would have taken.
    """

    night: NightFound
    basis: str
    measured: bool
    machines: int
    listeners: tuple[int, int, int, int]
    joins_s: float
    let_in: int
    gave_up: int
    at_once: int
    waited_s: dict[str, float]
    heard_h: float
    inside_most: int
    waiting_most: int
    wanted: int
    used: float | None
    rung_s: dict[int, int]
    rung_changes: int
    busy_most: float
    late_most_s: float
    overloaded_s: int  # seconds in which the edges were behind with their work
    refused: int
    egress_most_bit_s: float
    took_s: float
    memory_bytes: int


def found(script: Script, house: House, evening: Evening, took_s: float) -> Simulated:
    """What the night was like."""
    series = _series(script, house, evening)
    came = evening.admitted_s != NEVER
    arrived_s = evening.arrived_s[came]
    # The second's end is known; within it, people come and go in its middle.
    waited_s = np.maximum(
        evening.admitted_s[came] - 0.5 - np.maximum(arrived_s, script.doors_s), AT_LEAST_S
    )
    let_in, people = int(came.sum()), len(came)
    admit_s = np.maximum(evening.admitted_s[came] - 0.5 - arrived_s, AT_LEAST_S)
    admit_p50_s, admit_p90_s, admit_p99_s = (
        np.quantile(admit_s, (0.5, 0.9, 0.99)).tolist() if let_in else (0.0, 0.0, 0.0)
    )
    quantiles = np.quantile(waited_s, _QUANTILES).tolist() if let_in else [0.0] * len(_QUANTILES)
    live = [second for second in evening.seconds if second.at_s >= 0]
    rungs = [second.decision.rung for second in live]
    full = [second for second in evening.seconds if second.decision.full]
    playing_s = sum(second.playing for second in live)
    silent_s = sum(second.stalled for second in live)
    at_once = waited_s <= AT_ONCE_S
    late_s = {second.at_s: second.late_s for second in evening.seconds}
    joins = [
        FIRST_SOUND_S + late_s.get(int(at_s), 0.0)
        for at_s in np.unique(evening.admitted_s[came][at_once])
    ]
    return Simulated(
        night=NightFound(
            script=script.name,
            script_hash=digest(script),
            seed=script.seed,
            people=people,
            joined=let_in,
            gave_up=people - let_in,
            join_p50_s=float(np.quantile(joins, 0.5)) if joins else 0.0,
            join_p99_s=float(np.quantile(joins, 0.99)) if joins else 0.0,
            stalled_share=max((s.stalled / max(1, s.playing) for s in live), default=0.0),
            silent_share=silent_s / max(1, playing_s),
            admit_p50_s=admit_p50_s,
            admit_p90_s=admit_p90_s,
            admit_p99_s=admit_p99_s,
            series=series,
        ),
        basis=house.basis,
        measured=house.measured,
        machines=house.machines,
        listeners=house.capacity.listeners,
        joins_s=house.capacity.joins_s,
        let_in=let_in,
        gave_up=people - let_in,
        at_once=int(at_once.sum()),
        waited_s={f"p{q * 100:g}": s for q, s in zip(_QUANTILES, quantiles, strict=True)},
        heard_h=sum(second.listening for second in live) / 3600,
        inside_most=max((second.inside for second in evening.seconds), default=0),
        waiting_most=int(max(series["waiting"], default=0)),
        wanted=int(max(series["here"], default=0)),
        used=float(
            np.mean([s.inside / house.capacity.listeners[min(s.decision.rung, 3)] for s in full])
        )
        if full
        else None,
        rung_s={rung: rungs.count(rung) for rung in sorted(set(rungs))},
        rung_changes=sum(a != b for a, b in pairwise(rungs)),
        busy_most=max((second.busy for second in evening.seconds), default=0.0),
        late_most_s=max(late_s.values(), default=0.0),
        overloaded_s=sum(late > 0 for late in late_s.values()),
        refused=sum(second.refused for second in evening.seconds),
        egress_most_bit_s=max((second.bit_s for second in evening.seconds), default=0.0),
        took_s=took_s,
        memory_bytes=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
    )


def _series(script: Script, house: House, evening: Evening) -> dict[str, list[float]]:
    """A value for each second; seconds from T0."""
    begin_s = int(np.floor(min(script.begins_s, script.doors_s)))
    at_s = np.arange(begin_s, round(script.ends_s))

    def by_second(moments: Any) -> Any:
        places = np.clip(np.ceil(moments).astype(np.int64) - begin_s, 0, len(at_s))
        return np.bincount(places, minlength=len(at_s) + 1)[: len(at_s)]

    came = evening.admitted_s != NEVER
    arrived = by_second(evening.arrived_s)
    let_in = by_second(evening.admitted_s[came])
    left = by_second(evening.until_s)
    gave_up = by_second(evening.until_s[~came])
    told = {second.at_s: second for second in evening.seconds}
    shown: dict[str, list[float]] = {
        "at_s": at_s.astype(float).tolist(),
        "here": np.cumsum(arrived - left).astype(float).tolist(),
        "waiting": np.cumsum(arrived - let_in - gave_up).astype(float).tolist(),
        "came_s": arrived.astype(float).tolist(),
        "let_in_s": let_in.astype(float).tolist(),
    }
    names = ("inside", "held", "stalled", "rung", "busy", "carries")
    shown |= {name: [] for name in names}
    rung = 0
    for second in at_s.tolist():
        one = told.get(second)
        rung = one.decision.rung if one else rung
        row = (
            (one.listening, one.inside, one.stalled, rung, one.busy) if one else (0, 0, 0, rung, 0)
        )
        for name, value in zip(names, (*row, house.capacity.listeners[min(rung, 3)]), strict=True):
            shown[name].append(float(value))
    waits = night_pictures_io.waits_by_arrival(
        evening.arrived_s[came], evening.admitted_s[came] - 0.5, script.doors_s
    )
    return shown | waits


def answer(simulated: Simulated) -> str:
    """The night in a sentence or two."""
    one, people = simulated, max(1, simulated.night.people)
    said = [f"{one.night.people:,} people came and {one.let_in:,} were let in."]
    if one.gave_up > people // 100:
        said.append(f"{one.gave_up:,} left before their turn.")
    if one.overloaded_s > 30:
        said.append(
            f"For {_time(one.overloaded_s)} the edges had more to do than they could: "
            "this crowd is too large for this house."
        )
    elif one.night.silent_share > 0.005:
        said.append(f"{one.night.silent_share:.1%} of the listening time was silent.")
    return " ".join(said)


def lines(simulated: Simulated) -> list[tuple[str, str]]:
    """The night in words: names and values."""
    one, night = simulated, simulated.night
    live_s = max(1, sum(one.rung_s.values()))
    rungs = ", ".join(f"{rung}: {100 * s / live_s:.0f} %" for rung, s in one.rung_s.items())
    rows = [
        ("played on", f"{one.machines} × {one.basis}" if one.machines > 1 else one.basis),
        ("the house carries at rungs 0 to 3", " / ".join(f"{n:,}" for n in one.listeners)),
        ("joins a second, at most", f"{one.joins_s:,.0f}"),
        ("people who came", f"{night.people:,}"),
        ("here at once, most", f"{one.wanted:,}"),
        ("let in", f"{one.let_in:,} ({100 * one.let_in / max(1, night.people):.1f} %)"),
        ("of them without waiting", f"{100 * one.at_once / max(1, one.let_in):.1f} %"),
        ("left before their turn", f"{one.gave_up:,}"),
        (
            "waited for their turn, p10 / p50 / p90 / p99",
            " / ".join(_time(s) for s in one.waited_s.values()),
        ),
        ("in the line at once, most", f"{one.waiting_most:,}"),
        ("places held at once, most", f"{one.inside_most:,}"),
        ("places held while the house was full", "-" if one.used is None else f"{one.used:.1%}"),
        ("listened in all", f"{one.heard_h:,.0f} h"),
        ("time on each rung", rungs or "-"),
        ("rung changes", str(one.rung_changes)),
        ("edges busy, most", f"{one.busy_most:.0%}"),
        ("edges behind with their work", _time(one.overloaded_s)),
        ("an answer late by, most", f"{one.late_most_s:.2f} s"),
        ("listening time without sound", f"{night.silent_share:.2%}"),
        ("egress, most", f"{one.egress_most_bit_s / 1e9:.2f} Gbit/s"),
        ("the simulation took", f"{one.took_s:.1f} s, {one.memory_bytes / 1e9:.1f} GB"),
    ]
    if not one.measured:
        rows[0] = (rows[0][0], f"{rows[0][1]}. Rehearse, and this becomes a forecast.")
    return rows


def _time(seconds: float) -> str:
    return f"{seconds:.1f} s" if seconds < 120 else f"{seconds / 60:.1f} min"
