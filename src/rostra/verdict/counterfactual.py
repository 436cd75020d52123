"""The night again, without some of its causes: a deterministic house with a line, per second.

Everything is in places: one place is the work of one listener at the best rung. The house has its
capacity, less what faults and the operator took, less the attack's work, less the work of those who
ask again. Those above it wait, or hear nothing. Harm is what goes beyond the night that was
promised: a crowd of the same shape, within the promise, and none of the four causes.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

import numpy as np

from rostra.verdict.quantify import NEWCOMER, Chance, binned, quantify
from rostra.verdict.readings import Floats, Night

CAUSES = ("crowd", "attack", "retries", "fault")
SUBSETS: tuple[tuple[bool, ...], ...] = tuple(product((False, True), repeat=len(CAUSES)))
STEPS_MOST = 360  # longer nights are taken in steps of several seconds
RETRY_MOST = 0.9  # places of work that one person without a place may cost
WAIT_PLACES = 0.02  # of one who waits quietly: the shared state
LINE_BOTS = 0.2  # share of bots from which nobody else may be in the line
PRICE_SPREAD, FAULT_SPREAD, COVER_SPREAD = 0.08, 0.15, 0.5


@dataclass(frozen=True)
class Drawn:
    """What is not known exactly, drawn: shape (draws, steps), `capacity` and `retry` (draws,).

    `people`: who want to listen; of them `waiting`, and `silent` inside; `attack`: places of work;
    `arriving`: places of work for those who come; `lost`: share of the capacity lost to faults and
    the operator's act; `step_s`: seconds of one step.
    """

    people: Floats
    waiting: Floats
    silent: Floats
    attack: Floats
    arriving: Floats
    lost: Floats
    capacity: Floats
    promised: float
    joins: float
    retry: Floats
    step_s: int


def subset(*causes: str) -> int:
    """The row of `SUBSETS` with these causes. ValueError if one is unknown."""
    if unknown := set(causes) - set(CAUSES):
        raise ValueError(f"no such cause: {', '.join(sorted(unknown))}")
    return SUBSETS.index(tuple(cause in causes for cause in CAUSES))


def draw(night: Night, draws: int, promise: float, chance: Chance) -> Drawn:
    """`draws` nights that the ledger leaves possible; the first has the points of all intervals.

    `promise`: the share of the capacity that the door was to let in.
    """
    step_s = max(1, -(-night.people.size // STEPS_MOST))
    share = quantify(night, draws, chance, step_s)
    bounds = night.capacity
    up = np.log(max(bounds.high, 1e-9) / max(bounds.point, 1e-9)) / 1.96
    down = np.log(max(bounds.point, 1e-9) / max(bounds.low, 1e-9)) / 1.96
    z = chance.standard_normal(draws)
    z[0] = 0.0
    capacity = bounds.point * np.exp(np.where(z > 0, up, down) * z)
    price = np.exp(PRICE_SPREAD * chance.standard_normal(draws))
    fault_scale = np.exp(FAULT_SPREAD * chance.standard_normal(draws))
    cover = chance.uniform(-COVER_SPREAD, COVER_SPREAD, draws)
    price[0], fault_scale[0], cover[0] = 1.0, 1.0, 0.0
    places = night.scale / night.unit_price
    short = np.maximum(night.people - night.inside, 0).sum() + night.stalled.sum()
    again = float((night.retries * places).sum() / max(short, 1.0))
    retry = np.clip(again * np.exp(0.2 * chance.standard_normal(draws)), 0, RETRY_MOST)
    # Of those who wait, as many bots as of all, or up to nobody else: a line shows few signs.
    line = chance.uniform(0, 1, draws)
    line[0] = 0.0
    hidden = line[:, None] * np.minimum(1.0, share.inside / LINE_BOTS)
    inside = binned(night.inside, step_s)
    waiting = binned(night.waiting, step_s) * (1 - share.inside) * (1 - hidden)
    people = inside * (1 - share.inside) + waiting
    bots = binned(night.people, step_s) - people
    unseen = binned(np.maximum(0.0, 1 - night.seen) * (1 - night.fault), step_s)
    attack = (share.bare + share.dear) * binned(places, step_s) * price[:, None] + bots
    fault, act = binned(night.fault, step_s), binned(night.act, step_s)
    lost = np.where(fault >= 1, 1.0, np.clip(fault * fault_scale[:, None], 0, 1))
    # With no edge left, or no voice, who is inside hears nothing, whoever says so.
    silent = np.where(night.fault >= 1, night.inside, np.minimum(night.stalled, night.inside))
    return Drawn(
        people=people,
        waiting=waiting,
        silent=np.broadcast_to(binned(silent, step_s), people.shape),
        attack=attack * (1 + cover[:, None] * unseen),
        arriving=binned(night.issued * NEWCOMER[0] * places, step_s) * price[:, None],
        lost=1 - (1 - lost) * (1 - act),
        capacity=capacity,
        promised=promise * bounds.point,
        joins=night.joins_s * step_s,
        retry=retry,
        step_s=step_s,
    )


def harms(drawn: Drawn) -> Floats:
    """Listener-minutes of harm, of shape (16, draws), rows as in `SUBSETS`.

    Who has a seat keeps it while there is no room, hears nothing, and need not come in again.
    """
    on = np.array(SUBSETS, dtype=bool)[:, :, None]  # 16, cause, 1
    crowd, attacked, again, faulty = (on[:, i] for i in range(4))
    draws, steps = drawn.people.shape
    shape = (len(SUBSETS), draws)
    seats, without, kept = np.zeros(shape), np.zeros(shape), np.zeros(draws)
    total = np.zeros(shape)
    held = np.minimum(drawn.promised, drawn.capacity)
    smaller = np.minimum(1.0, held / np.maximum(drawn.people.max(1, initial=0.0), 1e-9))
    grace = drawn.joins / drawn.step_s  # who came in this second
    for t in range(steps):
        promised = drawn.people[:, t] * smaller
        wanted = np.where(crowd, drawn.people[:, t], promised)
        kept = np.minimum(promised, kept + drawn.joins)
        # The arrival of a crowd as promised is borne: it is what was rehearsed.
        excess = drawn.arriving[:, t] * (1 - smaller)
        work = np.where(attacked, drawn.attack[:, t], 0.0) + np.where(crowd, excess, 0.0)
        # Who is without a place asks again; all of them are never more than half a house's work.
        work = work + np.where(again, np.minimum(drawn.retry * without, 0.5 * drawn.capacity), 0)
        left = drawn.capacity * (1 - np.where(faulty, drawn.lost[:, t], 0.0))
        room = np.maximum(0.0, left - work)
        part = np.clip(room / np.maximum(drawn.capacity, 1e-9), 0, 1)
        seats = np.minimum(wanted, np.maximum(seats, np.minimum(room, seats + drawn.joins * part)))
        without = wanted - np.minimum(seats, room)
        beyond = without - (promised - kept) - grace
        total += np.maximum(0.0, beyond)
    return total * drawn.step_s / 60.0


def shapley(values: Floats) -> Floats:
    """Each cause's share of the harm of all four (L. S. Shapley, 1953), shape (4,), sum 1 or 0.

    `values`: harm of each subset, shape (16,). A cause that lowered the harm has no share.
    """
    weight = {0: 1 / 4, 1: 1 / 12, 2: 1 / 12, 3: 1 / 4}
    found = np.zeros(len(CAUSES))
    for i in range(len(CAUSES)):
        for row, chosen in enumerate(SUBSETS):
            if not chosen[i]:
                wider = SUBSETS.index((*chosen[:i], True, *chosen[i + 1 :]))
                found[i] += weight[sum(chosen)] * (values[wider] - values[row])
    found = np.maximum(found, 0.0)
    total = found.sum()
    return found / total if total > 0 else found


def observed(drawn: Drawn) -> Floats:
    """Listener-minutes of harm as the ledger saw them, of shape (draws,).

    People who wait beyond the promise, or are inside and out of sound.
    """
    draws, steps = drawn.people.shape
    kept, total = np.zeros(draws), np.zeros(draws)
    smaller = np.minimum(1.0, drawn.promised / np.maximum(drawn.people.max(1, initial=0.0), 1e-9))
    for t in range(steps):
        promised = drawn.people[:, t] * smaller
        kept = np.minimum(promised, kept + drawn.joins)
        beyond = drawn.waiting[:, t] - (promised - kept) - drawn.joins / drawn.step_s
        total += np.maximum(0.0, beyond) + drawn.silent[:, t]
    return total * drawn.step_s / 60.0
