"""Eight million people at a door for one million, decided by the code that runs the night.

The line, the leases and the controller are the real ones; people and edges are arrays. Every person
is there by themselves; the line hears of one in 128, as it does from edges in such a crowd, and
the count that the controller reads carries the error of its sketches.
"""

from __future__ import annotations

import math
import resource
import time
from itertools import pairwise
from typing import Any

import numpy as np

from rostra.admission.capacity import Capacity
from rostra.admission.draw import COHORT_S
from rostra.admission.simulated import NEVER, announced_evening
from rostra.admission.simulation import DOORS_OPEN_S, Evening, World, run

Row = dict[str, Any]
PEOPLE, HOUSE, JOINS_S = 8_000_000, 1_000_000, 5_000.0
MOST_S, MOST_BYTES = 60.0, 4e9
_GROUPS = 10


def kendall_tau(first: Any, second: Any) -> float:
    """Kendall's tau of small whole numbers over the pairs whose `first` differ.

    A pair that ties in `second` counts as neither. Exact for any number of people, by a table.
    """
    table = np.zeros((int(first.max()) + 1, int(second.max()) + 1))
    np.add.at(table, (first, second), 1)
    later = np.flip(np.flip(table, 0).cumsum(0), 0)[1:]  # in all later rows
    after = np.flip(np.flip(later, 1).cumsum(1), 1)
    concordant = float((table[:-1, :-1] * after[:, 1:]).sum())
    discordant = float((table[:-1, 1:] * later.cumsum(1)[:, :-1]).sum())
    return (concordant - discordant) / float((table[:-1] * later.sum(1, keepdims=True)).sum())


def chi_square_p(statistic: float, degrees: int) -> float:
    """The chance of at least this chi-square (E. B. Wilson and M. M. Hilferty, 1931)."""
    spread = 2 / (9 * degrees)
    deviation = ((statistic / degrees) ** (1 / 3) - (1 - spread)) / math.sqrt(spread)
    return 0.5 * math.erfc(deviation / math.sqrt(2))


def uniformity_p(evening: Evening) -> float:
    """Whether coming earlier within a cohort helped: chi-square of tenths by tenths.

    Over all cohorts whose people were called after the last of them had come.
    """
    chance = np.random.Generator(np.random.PCG64(0))
    cohorts = evening.cohorts
    statistic, degrees = 0.0, 0
    starts = np.flatnonzero(np.diff(cohorts, prepend=-1))
    for begin, end in pairwise([*starts.tolist(), len(cohorts)]):
        came = begin + np.flatnonzero(evening.admitted_s[begin:end] != NEVER)
        closed_s = DOORS_OPEN_S + COHORT_S * int(cohorts[begin])
        if len(came) < 5 * _GROUPS**2 or evening.admitted_s[came].min() <= closed_s:
            continue
        tenth = np.arange(len(came)) * _GROUPS // len(came)
        by_arrival, by_admission = np.empty_like(tenth), np.empty_like(tenth)
        by_arrival[np.argsort(evening.arrived_s[came])] = tenth
        drawn = chance.random(len(came))  # among those of one second
        by_admission[np.lexsort((drawn, evening.admitted_s[came]))] = tenth
        table = np.zeros((_GROUPS, _GROUPS))
        np.add.at(table, (by_arrival, by_admission), 1)
        fair = table.sum(0) * table.sum(1, keepdims=True) / len(came)
        statistic += float(((table - fair) ** 2 / fair).sum())
        degrees += (_GROUPS - 1) ** 2
    return chi_square_p(statistic, degrees)


def reversals(series: list[float]) -> int:
    """How often a series that rose begins to fall, or the other way round."""
    steps = [b > a for a, b in pairwise(series) if a != b]
    return sum(a != b for a, b in pairwise(steps))


def world(people: int, house: int, joins_s: float) -> World:
    """A house for `house` at rung 3, and less at the better rungs."""
    listeners = (35 * house // 100, 60 * house // 100, 90 * house // 100, house)
    return World(
        visitors=announced_evening(people, np.random.Generator(np.random.PCG64(1))),
        capacity=Capacity(listeners, joins_s, "certificate"),
        stop_early=True,
    )


def rows(quick: bool) -> list[Row]:
    """How long it took, how fair it was, how full the house, how steady the controller."""
    people, house = (PEOPLE // 40, HOUSE // 40) if quick else (PEOPLE, HOUSE)
    began = time.monotonic()
    evening = run(world(people, house, JOINS_S * house / HOUSE))
    took_s = time.monotonic() - began
    resident = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    came = evening.admitted_s != NEVER
    waited_s = (evening.admitted_s - np.maximum(evening.arrived_s, DOORS_OPEN_S))[came]
    missing = int((~came & ~evening.gone).sum())
    tau = kendall_tau(evening.cohorts[came], evening.admitted_s[came] - DOORS_OPEN_S)
    p = uniformity_p(evening)
    most = max(second.inside for second in evening.seconds)
    full_at = next(i for i, s in enumerate(evening.seconds) if s.inside >= 0.98 * house)
    pressed = [s for s in evening.seconds[full_at:] if s.decision.full]
    used = float(np.mean([second.inside for second in pressed])) / house
    listening = float(np.mean([second.listening for second in pressed])) / house
    filled_s = evening.seconds[full_at].at_s - DOORS_OPEN_S
    rungs = [second.decision.rung for second in evening.seconds]
    changes = sum(a != b for a, b in pairwise(rungs))
    turns = reversals([second.decision.pace_limit for second in evening.seconds])
    falls = reversals([float(rung) for rung in rungs])
    name = f"{people / 1e6:g} M for {house / 1e6:g} M places"
    return [
        {
            "name": f"{name}: the simulation takes",
            "value": round(took_s, 1),
            "unit": "s",
            "aim": f"≤ {MOST_S:g}",
            "met": took_s <= MOST_S,
        },
        {
            "name": f"{name}: memory",
            "value": round(resident / 1e9, 2),
            "unit": "GB",
            "aim": f"≤ {MOST_BYTES / 1e9:g}",
            "met": resident <= MOST_BYTES,
        },
        {"name": f"{name}: the house is full after", "value": filled_s, "unit": "s"},
        {
            "name": f"{name}: let in, of those who stayed",
            "value": 1 - missing / int((~evening.gone).sum()),
            "unit": "",
            "aim": "1",
            "met": missing == 0,
        },
        *(
            {
                "name": f"{name}: time to admit, p{part}",
                "value": round(float(np.percentile(waited_s, part)) / 60, 1),
                "unit": "min",
            }
            for part in (10, 50, 90)
        ),
        {
            "name": f"{name}: Kendall's tau, cohort and admission",
            "value": round(tau, 5),
            "unit": "",
            "aim": "≥ 0.99",
            "met": tau >= 0.99,
        },
        {
            "name": f"{name}: coming earlier within a cohort did not help, chi-square",
            "value": round(p, 3),
            "unit": "p",
            "aim": "≥ 0.01",
            "met": p >= 0.01,
        },
        {
            "name": f"{name}: places held, most",
            "value": most,
            "unit": "",
            "aim": f"≤ {house:,}",
            "met": most <= house,
        },
        {
            "name": f"{name}: places held while people wait",
            "value": round(used, 4),
            "unit": "of capacity",
            "aim": "≥ 0.97",
            "met": used >= 0.97,
        },
        {
            "name": f"{name}: of them, somebody listens",
            "value": round(listening, 4),
            "unit": "of capacity",
        },
        {
            "name": f"{name}: rung changes / reversals",
            "value": changes,
            "unit": f"changes, {falls} reversals",
            "aim": "≤ 4, 0",
            "met": changes <= 4 and falls == 0,
        },
        {
            "name": f"{name}: reversals of the pace limit",
            "value": turns,
            "unit": f"in {len(rungs):,} s",
        },
        {
            "name": f"{name}: sent away at the door for want of a lease",
            "value": sum(second.refused for second in evening.seconds) / int(came.sum()),
            "unit": "a person",
        },
    ]
