"""Readings: per-second records become a `Night`, the arrays that the judgement is made from.

One element is one second. What nobody reported is carried on from the second before and counted as
not seen, so that it widens what follows; it is never taken for quiet.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import msgspec
import numpy as np
import numpy.typing as npt

Floats: TypeAlias = npt.NDArray[np.float64]

LONGEST_S = 24 * 3600
# Units a listener-second costs at rungs 0 to 3 where the night itself does not say.
UNITS = (4.0, 2.0, 0.5, 0.33)
WAITS = 0.2  # units a second for a page that waits: the shared state
LISTENERS_LEAST = 20  # inside, for the night to say what one costs
LAG_SLOW_MS, BUSY_LOW = 250, 0.8  # late, and not for want of work: something else is slow
ACT_LEAST = 0.02  # of the capacity: less is rounding
MEDIA_PROCESSES = ("stage", "packager")  # without one of them, nobody hears anything
# How far a capacity may be off (low, high; of the point), by what it rests on.
SPREAD_LAPSED, SPREAD_NONE = (0.65, 1.35), (0.4, 1.8)


class Bounds(msgspec.Struct, frozen=True):
    """An estimate and its 95 % interval, in listeners."""

    point: float
    low: float
    high: float


class EdgeSaid(msgspec.Struct, frozen=True, kw_only=True):
    """One second of one edge. `strata`: signs to (clients, requests, units)."""

    at_s: int
    edge: str
    strata: Mapping[str, tuple[int, int, int]] = {}
    refused: int = 0  # for want of room, not for what the client did
    busy: float = 0.0
    lag_ms: int = 0
    issued: int = 0
    stalled: int = 0  # listeners who are out of sound in this second


class HouseSaid(msgspec.Struct, frozen=True, kw_only=True):
    """One second of control. `cap`: the operator's, -1 for none."""

    at_s: int
    rung: int = 3
    cap: int = -1
    held: bool = False
    waiting: int = 0
    inside: int = 0


class Mishap(msgspec.Struct, frozen=True, kw_only=True):
    """A process (`subject`) that was down, from and until (s; the same second: one second)."""

    subject: str
    from_s: int
    until_s: int
    reason: str = ""


class Promise(msgspec.Struct, frozen=True, kw_only=True):
    """What was sealed before. `basis`: "certificate", "lapsed" or "none".

    `capacity`: listeners at rungs 0 to 3. `joins_s`: people a second. `edges`: who should report.
    `set_share`: of what was certified, how much the settings let the house use.
    """

    start_s: int
    capacity: tuple[Bounds, ...]
    joins_s: float
    edges: tuple[str, ...]
    basis: str = "certificate"
    set_share: float = 1.0


@dataclass(frozen=True)
class Night:
    """`n` seconds from `from_s` (Unix). Arrays are of shape (n,) unless said.

    `people`: inside or waiting; `waiting`, `inside`, `stalled`, `issued`, `refused`; `signs`, and
    `clients`, `units` of shape (len(signs), n); `retries`: requests that the player's law explains
    by refusals; `seen`: share of the edges that reported; `fault`, `act`: share of the capacity
    lost to faults and by the operator; `unit_price`: units a listener-second costs; `scale`: best
    rung's listeners for one at the rung in force; `capacity`: listeners at the best rung;
    `joins_s`: people a second; `first_s`: first speech after the announced start (None: not known).
    """

    from_s: int
    start: int
    people: Floats
    waiting: Floats
    inside: Floats
    stalled: Floats
    issued: Floats
    refused: Floats
    retries: Floats
    signs: tuple[str, ...]
    clients: Floats
    units: Floats
    seen: Floats
    fault: Floats
    act: Floats
    rung: Floats
    unit_price: Floats
    scale: Floats
    capacity: Bounds
    joins_s: float
    basis: str
    silent: tuple[str, ...]  # edges that never reported
    house_missing: float  # share of the seconds that control did not write
    first_s: float | None


def widened(capacity: Bounds, basis: str) -> Bounds:
    """The interval, as wide as its basis deserves.

    ValueError where it is not 0 <= low <= point <= high, or the basis is unknown.
    """
    if not 0 <= capacity.low <= capacity.point <= capacity.high:
        raise ValueError(f"no interval: {capacity}")
    if basis not in {"certificate", "lapsed", "none"}:
        raise ValueError(f"unknown basis: {basis}")
    point, low, high = capacity.point, capacity.low, capacity.high
    if basis != "certificate":
        below, above = SPREAD_LAPSED if basis == "lapsed" else SPREAD_NONE
        low, high = min(low, point * below), max(high, point * above)
    return Bounds(point, low, high)


def rebuilt_retries(refused: Floats, kernel: Floats) -> Floats:
    """Requests that come again: refusals (a second) convolved with the law's `kernel`.

    `kernel[k]`: the chance that one refused asks again k seconds later. Both and the result are of
    one dimension; the result is as long as `refused`.
    """
    if not refused.size or not kernel.size:
        return np.zeros_like(refused)
    return np.convolve(refused, kernel)[: refused.size]


def carried_on(values: Floats, there: npt.NDArray[np.bool_]) -> Floats:
    """`values` where they are `there`, the last one before where not (0 before the first)."""
    last = np.maximum.accumulate(np.where(there, np.arange(values.size), -1))
    return np.where(last >= 0, values[np.maximum(last, 0)], 0.0)


def night(
    promise: Promise,
    edges: Sequence[EdgeSaid],
    house: Sequence[HouseSaid],
    mishaps: Sequence[Mishap],
    kernel: Floats,
    first_speech_s: float | None = None,
) -> Night:
    """The night. Of two records of one edge and second, the later in the sequence counts.

    ValueError where the promise has no capacity or the records span more than a day.
    """
    if not promise.capacity or max(b.point for b in promise.capacity) <= 0:
        raise ValueError("nothing was promised: no capacity")
    times = [r.at_s for r in edges] + [r.at_s for r in house]
    begin = min(times, default=promise.start_s)
    n = max(times, default=promise.start_s - 1) - begin + 1
    if n > LONGEST_S:
        raise ValueError(f"{n} s are more than a day")
    told = _house(house, begin, n)
    names = tuple(sorted(set(promise.edges) | {r.edge for r in edges}))
    by = {(r.edge, r.at_s - begin): r for r in edges}
    spoke = {name: np.zeros(n, dtype=bool) for name in names}
    signs = tuple(sorted({s for r in edges for s in r.strata}))
    clients, units = np.zeros((len(signs), n)), np.zeros((len(signs), n))
    issued, refused, stalled = np.zeros(n), np.zeros(n), np.zeros(n)
    slow = np.zeros(n)
    row = {s: i for i, s in enumerate(signs)}
    for (name, t), said in by.items():
        spoke[name][t] = True
        issued[t] += said.issued
        refused[t] += said.refused
        stalled[t] += said.stalled
        if said.lag_ms >= LAG_SLOW_MS and said.busy < BUSY_LOW:
            slow[t] += 1 - said.busy
        for s, (of, _, cost) in said.strata.items():
            clients[row[s], t] += of
            units[row[s], t] += cost
    count = max(1, len(names))
    seen = sum(spoke.values(), np.zeros(n)) / count if n else np.zeros(0)
    fault = np.clip(slow / count, 0, 1)
    down = _down(mishaps, names, begin, n, promise.start_s)
    unset = 1 - promise.set_share if promise.set_share < 1 - ACT_LEAST else 0.0
    fault = np.clip(fault + down + unset, 0, 1)
    full = np.maximum(seen, 1 / count)
    gap = np.maximum(0.0, 1 - seen - down)  # silent, and nobody said it was down
    grown = 1 + np.where(seen > 0, np.minimum(gap / full, 3.0), 0.0)
    rung = np.clip(told["rung"], 0, len(promise.capacity) - 1)
    at = np.array([max(b.point, 1e-9) for b in promise.capacity])[rung.astype(np.int64)]
    best = max(promise.capacity, key=lambda b: b.point)
    clean = units[row[""]] if "" in row else np.zeros(n)
    return Night(
        from_s=begin,
        start=promise.start_s - begin,
        people=told["waiting"] + told["inside"],
        waiting=told["waiting"],
        inside=told["inside"],
        stalled=stalled * grown,
        issued=issued * grown,
        refused=refused * grown,
        retries=rebuilt_retries(refused * grown, kernel),
        signs=signs,
        clients=clients * grown,
        units=units * grown,
        seen=seen,
        fault=fault,
        act=_acts(told, at),
        rung=rung,
        unit_price=_price(clean * grown - WAITS * told["waiting"], told["inside"], rung),
        scale=best.point / at,
        capacity=widened(best, promise.basis),
        joins_s=max(promise.joins_s, 1e-6),
        basis=promise.basis,
        silent=tuple(name for name in names if not spoke[name].any()),
        house_missing=float(told["missing"].mean()) if n else 1.0,
        first_s=None if first_speech_s is None else first_speech_s - promise.start_s,
    )


def _house(house: Sequence[HouseSaid], begin: int, n: int) -> dict[str, Floats]:
    names = ("rung", "cap", "held", "waiting", "inside")
    there = np.zeros(n, dtype=bool)
    values = {name: np.zeros(n) for name in names}
    for said in house:
        t = said.at_s - begin
        there[t] = True
        for name in names:
            values[name][t] = float(getattr(said, name))
    out = {name: carried_on(values[name], there) for name in names}
    out["cap"] = np.where(np.logical_or.accumulate(there), out["cap"], -1.0) if n else out["cap"]
    return {**out, "missing": 1.0 - there}


def _down(
    mishaps: Sequence[Mishap], names: tuple[str, ...], begin: int, n: int, start_s: int
) -> Floats:
    """Share of the capacity that was down; before the announced start, nobody misses the voice."""
    gone = np.zeros((len(names) + 1, n))
    for mishap in mishaps:
        a, b = max(0, mishap.from_s - begin), min(n, max(mishap.until_s, mishap.from_s + 1) - begin)
        if mishap.subject in names:
            gone[names.index(mishap.subject), a:b] = 1 / len(names)
        elif mishap.subject in MEDIA_PROCESSES:
            gone[-1, max(a, start_s - begin) : b] = 1.0
    total: Floats = gone.sum(0)
    return np.minimum(1.0, total)


def _acts(told: dict[str, Floats], at: Floats) -> Floats:
    """Share of the capacity that the operator took: a cap, or a hold."""
    limit = np.where(told["cap"] >= 0, np.minimum(at, told["cap"]), at)
    limit = np.where(told["held"] > 0, np.minimum(limit, told["inside"]), limit)
    lost = 1 - limit / at
    return np.where(lost > ACT_LEAST, np.clip(lost, 0, 1), 0.0)


def _price(clean: Floats, inside: Floats, rung: Floats) -> Floats:
    """Units for a listener-second: the night's own median at each rung, else the ladder's."""
    price = np.array(UNITS)[rung.astype(np.int64)]
    for r in range(len(UNITS)):
        there = (rung == r) & (inside >= LISTENERS_LEAST) & (clean > 0)
        if there.sum() >= 5:
            price[rung == r] = max(np.median(clean[there] / inside[there]), UNITS[r] / 4)
    return price
