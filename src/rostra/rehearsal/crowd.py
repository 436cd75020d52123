"""The crowd of a script: who comes when, for how long, and with which habits; seeded.

Every chance is drawn by inverting a distribution over the raw 64-bit stream of PCG64, whose values
NumPy promises not to change (the methods of `Generator` carry no such promise). So the same script
and number give the same people on every machine.
"""

from __future__ import annotations

import math
from typing import Any

import msgspec
import numpy as np

from rostra.rehearsal.orders import Person
from rostra.rehearsal.script import Script

# Which stream of the seed a question reads, so that one answer never moves another.
(
    _ARRIVAL,
    _STAY,
    _TO_END,
    _TABS,
    _ECONOMY,
    _SILENT,
    _DROPS,
    _DROP_AT,
    _DROPPED,
    _IMPATIENT,
    _PATIENCE,
) = range(11)


class Crowd(msgspec.Struct, frozen=True, eq=False):
    """A column for each question, a row for each person, in the order in which they come.

    `at_s`: seconds from T0 (float64; before it negative). `stay_s`: from their arrival (float64).
    `tabs` (int8), `economy`, `silent` (bool), `drop_after_s` (float64; NaN: never), `dropped_s`,
    `patience_s` (float64; infinite: for ever).
    """

    at_s: Any
    stay_s: Any
    tabs: Any
    economy: Any
    silent: Any
    drop_after_s: Any
    dropped_s: Any
    patience_s: Any


def _uniform(script: Script, stream: int, people: int) -> Any:
    """`people` numbers in [0, 1), 53 bits each."""
    source = np.random.PCG64([script.seed, stream])
    return (source.random_raw(people) >> np.uint64(11)) * 2.0**-53


def _numbers(shares: list[float], people: int) -> list[int]:
    """`people` divided by `shares`, whole (largest remainders)."""
    exact = [people * share / sum(shares) for share in shares]
    whole = [int(part) for part in exact]
    rest = sorted(range(len(shares)), key=lambda i: (whole[i] - exact[i], i))
    for i in rest[: people - sum(whole)]:
        whole[i] += 1
    return whole


def arrivals(script: Script, people: int) -> Any:
    """When each of `people` comes: seconds from T0, ascending (float64 array)."""
    chance = _uniform(script, _ARRIVAL, people)
    numbers = _numbers([wave.share for wave in script.waves], people)
    at_s = np.empty(people)
    first = 0
    for wave, number in zip(script.waves, numbers, strict=True):
        edges_s, weights = script.come(wave)
        reached = np.concatenate(([0.0], np.cumsum(weights)))
        part = slice(first, first + number)
        at_s[part] = np.interp(chance[part] * reached[-1], reached, edges_s)
        first += number
    at_s.sort()
    return at_s


def crowd(script: Script, people: int) -> Crowd:
    """All of `people`, as columns; 8,000,000 take a few seconds and 500 MB."""
    at_s = arrivals(script, people)
    stay = script.stay
    left = -np.log1p(-_uniform(script, _STAY, people))
    stay_s = stay.scale_s * left ** (1 / stay.shape)
    ends = _uniform(script, _TO_END, people) < stay.to_end
    until_end_s = script.ends_s - at_s
    stay_s = np.where(ends, until_end_s, np.minimum(stay_s, until_end_s))
    habits = script.shares
    drops = _uniform(script, _DROPS, people) < habits.drops
    drop_after_s = np.where(drops, _uniform(script, _DROP_AT, people) * stay_s, np.nan)
    lost_s = -np.log1p(-_uniform(script, _DROPPED, people)) * habits.dropped_s
    impatient = _uniform(script, _IMPATIENT, people) < habits.impatient
    patience_s = -np.log1p(-_uniform(script, _PATIENCE, people)) * habits.patience_s
    return Crowd(
        at_s=at_s,
        stay_s=stay_s,
        tabs=(1 + (_uniform(script, _TABS, people) < habits.double_tabs)).astype(np.int8),
        economy=_uniform(script, _ECONOMY, people) < habits.economy,
        silent=_uniform(script, _SILENT, people) < habits.silent,
        drop_after_s=drop_after_s,
        dropped_s=np.where(drops, lost_s, 0.0),
        patience_s=np.where(impatient, patience_s, np.inf),
    )


def people(script: Script, listeners: int) -> tuple[Person, ...]:
    """The same crowd as orders for the generators; zero is the script's `begins_s`."""
    all_ = crowd(script, listeners)
    rows = zip(
        (all_.at_s - script.begins_s).tolist(),
        all_.stay_s.tolist(),
        all_.tabs.tolist(),
        all_.economy.tolist(),
        all_.silent.tolist(),
        all_.drop_after_s.tolist(),
        all_.dropped_s.tolist(),
        all_.patience_s.tolist(),
        strict=True,
    )
    return tuple(
        Person(
            number=number,
            at_s=at_s,
            stay_s=stay_s,
            tabs=tabs,
            economy=economy,
            silent=silent,
            drop_after_s=None if math.isnan(drop_s) else drop_s,
            dropped_s=dropped_s,
            patience_s=None if math.isinf(wait_s) else wait_s,
        )
        for number, (at_s, stay_s, tabs, economy, silent, drop_s, dropped_s, wait_s) in enumerate(
            rows
        )
    )
