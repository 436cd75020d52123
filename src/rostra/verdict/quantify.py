"""Quantification: how much of the demand was an attack; never how many flags were seen.

A sign is shown by part of the attack and, more seldom, by part of the crowd. What is counted is
therefore corrected by both rates: adjusted classify & count (G. Forman, "Quantifying counts and
costs via classification", 2008), and where clients show several signs, the priors by expectation
maximisation (M. Saerens et al., "Adjusting the outputs of a classifier to new a priori
probabilities", 2002). The rates are constants of the model, uncertain themselves: each draw has its
own. Everything is clipped to [0, 1].
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from rostra.verdict.readings import Floats, Night

Chance: TypeAlias = np.random.Generator

# Of each sign: how often the crowd shows it, and the attack's clients with a ticket or pass;
# mean and standard deviation of the rate over nights.
CROWD_RATE = {
    "f": (0.01, 0.008), "n": (0.03, 0.015), "s": (0.03, 0.015), "d": (0.012, 0.01),
    "t": (0.001, 0.001),
}  # fmt: skip
ATTACK_RATE = {
    "f": (0.25, 0.1), "n": (0.7, 0.12), "s": (0.6, 0.12), "d": (0.35, 0.15), "t": (0.1, 0.05),
}  # fmt: skip
# Units that a person asks for before the ticket (page, files, challenge); decisions/0010-shield.md.
NEWCOMER = (30.0, 6.0)
CROWD_BARE = (0.02, 0.01)  # of the crowd's clean units: asked for without a credential otherwise
# Of all units: those by clients with no credential and another sign besides; crowd's, attack's.
LOUD = ((0.004, 0.003), (0.97, 0.02))
# Who has no credential and stays within what such a client may: a newcomer who was refused and asks
# again looks the same. So much of what the player's law allows is taken for the crowd's.
LAW_KEPT = (0.85, 1.15)
RETRY_UNITS = 2.0  # of one request that comes again
BLOCK_S = 30  # shares are estimated over so long
_CYCLES = 40


@dataclass(frozen=True)
class Share:
    """An attack's part of each step, of shape (draws, steps); a second's mean in it.

    `bare`: units by clients without a credential; `dear`: units beyond their budget by clients
    with one; `inside`: of the clients with a credential, the share that is the attack's.
    """

    bare: Floats
    dear: Floats
    inside: Floats


def adjusted_share(flagged: Floats, fpr: Floats, tpr: Floats) -> Floats:
    """The positive share behind a `flagged` share, by Forman's adjusted count; shapes broadcast.

    0 where the rates tell nothing apart (tpr <= fpr).
    """
    apart = tpr - fpr
    told = apart > 1e-9
    return np.where(told, np.clip((flagged - fpr) / np.where(told, apart, 1), 0, 1), 0.0)


def em_share(counts: Floats, crowd: Floats, attack: Floats) -> Floats:
    """The attack's prior by EM, from counts of patterns.

    `counts`: (blocks, patterns). `crowd`, `attack`: (draws, patterns), the chance of each pattern
    in either class. Returns (draws, blocks); 0 where nothing was counted.
    """
    total = counts.sum(1)
    weight = counts / np.maximum(total, 1e-12)[:, None]
    prior = np.full((crowd.shape[0], counts.shape[0]), 0.2)
    for _ in range(_CYCLES):
        a = prior[:, :, None] * attack[:, None, :]
        both = a + (1 - prior[:, :, None]) * crowd[:, None, :]
        prior = (weight[None] * a / np.maximum(both, 1e-300)).sum(2)
    return np.where(total[None] > 0, np.clip(prior, 0, 1), 0.0)


def rates(
    of: dict[str, tuple[float, float]], signs: tuple[str, ...], draws: int, chance: Chance
) -> Floats:
    """The chance of each pattern (draws, patterns) by independent signs with drawn rates (beta).

    The first draw has the means.
    """
    out = np.ones((draws, len(signs)))
    for letter, (mean, spread) in of.items():
        size = mean * (1 - mean) / spread**2 - 1
        rate = chance.beta(mean * size, (1 - mean) * size, draws)
        rate[0] = mean
        shown = np.array([letter in s for s in signs])
        out *= np.where(shown[None], rate[:, None], 1 - rate[:, None])
    return out


def _normal(of: tuple[float, float], draws: int, chance: Chance) -> Floats:
    drawn = np.maximum(chance.normal(of[0], of[1], draws), 0.0)
    drawn[0] = of[0]
    return drawn[:, None]


def quantify(night: Night, draws: int, chance: Chance, step_s: int = 1) -> Share:
    """The attack's part, `draws` times, in steps of `step_s` seconds.

    The first draw has the means of all rates.
    """
    bare = np.array(["c" in s for s in night.signs], dtype=bool)
    plain = np.array([s == "c" for s in night.signs], dtype=bool)
    units = binned(night.units, step_s)
    retries = binned(night.retries, step_s)
    clean = units[[s == "" for s in night.signs]].sum(0)
    crowd_bare = _normal(CROWD_BARE, draws, chance) * clean[None]
    newcomers = _normal(NEWCOMER, draws, chance) * binned(smoothed(night.issued, 5), step_s)[None]
    kept = chance.uniform(*LAW_KEPT, draws)[:, None]
    kept[0] = 1.0
    quiet = units[plain].sum(0)[None]
    quiet = np.maximum(0.0, quiet - newcomers - crowd_bare - kept * retries[None] * RETRY_UNITS)
    total = units.sum(0)[None]
    flagged = units[bare & ~plain].sum(0)[None] / np.maximum(total, 1e-9)
    loud = total * adjusted_share(flagged, *(_normal(of, draws, chance) for of in LOUD))
    named = np.array(["c" not in s for s in night.signs], dtype=bool)
    inside = _inside(night, named, draws, chance, step_s)
    over = named & np.array(["d" in s for s in night.signs], dtype=bool)
    own = binned(night.unit_price * night.clients[over].sum(0), step_s)  # what they may ask for
    excess = np.maximum(0.0, units[over].sum(0) - own - retries)
    return Share(quiet + loud, np.broadcast_to(excess, inside.shape), inside)


def _inside(
    night: Night, named: npt.NDArray[np.bool_], draws: int, chance: Chance, step_s: int
) -> Floats:
    """The attack's share of the clients with a credential, by EM over each block."""
    steps = -(-night.people.size // step_s)
    patterns = tuple(s for s, there in zip(night.signs, named.tolist(), strict=True) if there)
    if not patterns:
        return np.zeros((draws, steps))
    counts = binned(night.clients[named], BLOCK_S).T
    crowd = rates(CROWD_RATE, patterns, draws, chance)
    share = em_share(counts, crowd, rates(ATTACK_RATE, patterns, draws, chance))
    return share[:, np.arange(steps) * step_s // BLOCK_S]


def binned(values: Floats, step_s: int) -> Floats:
    """Means of `step_s` seconds along the last axis; the last step may be shorter."""
    n = values.shape[-1]
    edges = np.arange(0, n, step_s)
    sums = np.add.reduceat(values, edges, axis=-1)
    means: Floats = sums / np.minimum(step_s, n - edges)
    return means


def smoothed(values: Floats, width: int) -> Floats:
    """The mean of the `width` seconds up to each, for one dimension."""
    total = np.concatenate([[0.0], np.cumsum(values)])
    ends = np.arange(1, values.size + 1)
    begins = np.maximum(0, ends - width)
    means: Floats = (total[ends] - total[begins]) / np.maximum(ends - begins, 1)
    return means
