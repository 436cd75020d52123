"""A night as it was met: what the seconds of a script's crowd say together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from rostra.rehearsal import histogram
from rostra.rehearsal.findings import NightFound
from rostra.rehearsal.orders import Histogram, Second
from rostra.rehearsal.script import Script


class _Edge(Protocol):
    @property
    def busy(self) -> float: ...


class _Read(Protocol):
    @property
    def edges(self) -> Sequence[_Edge]: ...
    @property
    def rung(self) -> int: ...


def night_found(
    script: Script,
    script_hash: str,
    people: int,
    zero_s: float,
    seconds: Sequence[Second],
    readings: Sequence[tuple[float, _Read]],
    void: str = "",
) -> NightFound:
    """What the crowd met. `zero_s`: T0 on the clock of the `seconds` and of the `readings`; `void`:
    why that says nothing about the house (knee.night_void).
    """
    join, admit = Histogram(), Histogram()
    for second in seconds:
        histogram.merge(join, second.join)
        histogram.merge(admit, second.admit)
    joined = sum(second.joined for second in seconds)
    heard_s = sum(second.heard_s for second in seconds)
    silent_s = sum(second.silent_s for second in seconds)
    read = {round(at_s): one for at_s, one in readings}
    rungs: list[float] = []
    busy: list[float] = []
    for second in seconds:
        one = read.get(round(second.at_s))
        rungs.append(float(one.rung) if one else (rungs[-1] if rungs else 0.0))
        busy.append(max((edge.busy for edge in one.edges), default=0.0) if one else 0.0)
    return NightFound(
        void=void,
        script=script.name,
        script_hash=script_hash,
        seed=script.seed,
        people=people,
        joined=joined,
        gave_up=sum(second.gave_up for second in seconds),
        join_p50_s=histogram.quantile(join, 0.5) / 1000,
        join_p99_s=histogram.quantile(join, 0.99) / 1000,
        admit_p50_s=histogram.quantile(admit, 0.5) / 1000,
        admit_p90_s=histogram.quantile(admit, 0.9) / 1000,
        admit_p99_s=histogram.quantile(admit, 0.99) / 1000,
        stalled_share=min(1.0, sum(second.stalls for second in seconds) / max(1, joined)),
        silent_share=silent_s / max(1e-9, heard_s + silent_s),
        series={
            "at_s": [second.at_s - zero_s for second in seconds],
            "inside": [float(second.playing) for second in seconds],
            "waiting": [float(second.waiting) for second in seconds],
            "stalled": [float(second.stalled) for second in seconds],
            "rung": rungs,
            "busy": busy,
        },
    )
