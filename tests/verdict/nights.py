"""Small nights for the tests of the verdict."""

from __future__ import annotations

import numpy as np

from rostra.verdict.readings import Bounds, EdgeSaid, HouseSaid, Mishap, Night, Promise, night

KERNEL = np.array([0.0, 0.4, 0.3, 0.15, 0.1, 0.05])
SIZE = 1000


def promise(spread: float = 0.05, basis: str = "certificate", start_s: int = 60) -> Promise:
    bounds = Bounds(SIZE, SIZE * (1 - spread), SIZE * (1 + spread))
    return Promise(
        start_s=start_s,
        capacity=(bounds,) * 4,
        joins_s=50.0,
        edges=("edge-0", "edge-1"),
        basis=basis,
    )


def evening(
    *,
    people: int = 500,
    attack: int = 0,
    sign: str = "cd",
    stalled: int = 0,
    mishaps: tuple[Mishap, ...] = (),
    of: Promise | None = None,
    skip: range = range(0),
    seconds: int = 240,
    seats: int = 850,
) -> Night:
    """`people` come at 20 a second; from second 100 to 200, `attack` units a second."""
    edges, house = [], []
    for t in range(seconds):
        there = min(people, 20 * t)
        inside = min(there, seats)
        on = 100 <= t < 200
        for name in ("edge-0", "edge-1"):
            strata = {"": (inside // 2, inside // 4, inside // 4)}
            if on and attack:
                strata[sign] = (10, attack // 2, attack // 2)
            if t not in skip:
                edges.append(
                    EdgeSaid(
                        at_s=t,
                        edge=name,
                        strata=strata,
                        issued=10 if there < people else 0,
                        stalled=stalled // 2 if on else 0,
                        busy=0.5,
                    )
                )
        house.append(HouseSaid(at_s=t, rung=2, inside=inside, waiting=there - inside))
    return night(of or promise(), edges, house, mishaps, KERNEL)
