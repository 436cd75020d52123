"""The Universal Scalability Law, fitted to what was measured, with bootstrap intervals.

X(N) = λN / (1 + σ(N−1) + κN(N−1)) (Gunther, "A simple capacity model of massively parallel
transaction systems", 1993) is linear once it is turned over: N/X = a + b(N−1) + cN(N−1) with
λ = 1/a, σ = b/a, κ = c/a. None of the three may be negative, so the least squares are solved for
each set of coefficients that may be zero, and the best one without a negative is taken.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from rostra.rehearsal.findings import Interval, Usl

RESAMPLES = 400
LOW, HIGH = 2.5, 97.5
_SETS = ([0], [0, 1], [0, 2], [0, 1, 2])


def intervals(
    fit: Callable[[Any], Sequence[float] | None], points: int, seed: int
) -> tuple[Interval, ...] | None:
    """The estimates of `fit` over all points, each with its bootstrap 95 % interval.

    `fit` is given the points' numbers (an integer array, some of them repeated) and answers the
    estimates, or None where those points do not determine them; None too, if all do not.
    Percentiles of resampled points (Efron 1979).
    """
    best = fit(np.arange(points))
    if best is None:
        return None
    chance = np.random.Generator(np.random.PCG64(seed))
    drawn = (fit(chance.integers(0, points, points)) for _ in range(RESAMPLES))
    found = np.array([values for values in drawn if values is not None] or [best])
    lows, highs = np.percentile(found, (LOW, HIGH), axis=0)
    return tuple(
        # Few points: percentiles may miss the estimate itself.
        Interval(float(value), min(float(value), float(low)), max(float(value), float(high)))
        for value, low, high in zip(best, lows, highs, strict=True)
    )


def not_negative(columns: Any, wanted: Any, sets: Sequence[list[int]]) -> Any:
    """Least squares with no negative coefficient; `sets`: which may be other than zero."""
    best, least = np.zeros(columns.shape[1]), math.inf
    for chosen in sets:
        part, _, rank, _ = np.linalg.lstsq(columns[:, chosen], wanted, rcond=None)
        if rank < len(chosen) or (part < 0).any():
            continue
        left = float(((columns[:, chosen] @ part - wanted) ** 2).sum())
        if left < least:
            best, least = np.zeros(columns.shape[1]), left
            best[chosen] = part
    return best


def fit(listeners: Sequence[float], rate: Sequence[float], seed: int = 1) -> Usl | None:
    """The law through the points (N, X), errors relative; None with fewer than three N."""
    crowd, done = np.asarray(listeners, float), np.asarray(rate, float)
    kept = (crowd >= 1) & (done > 0)
    crowd, done = crowd[kept], done[kept]
    if len(np.unique(crowd)) < 3:
        return None
    turned = crowd / done
    # Columns of about the same size, else the rank of N(N−1) beside 1 is lost.
    most = float(crowd.max())
    columns = np.stack(
        (np.ones_like(crowd), (crowd - 1) / most, crowd * (crowd - 1) / most**2), axis=1
    )
    columns /= turned[:, None]

    def law(rows: Any) -> tuple[float, float, float] | None:
        if len(np.unique(crowd[rows])) < 3:
            return None
        a, b, c = not_negative(columns[rows], np.ones(len(rows)), _SETS)
        return (1 / a, b / a / most, c / a / most**2) if a > 0 else None

    found = intervals(law, len(crowd), seed)
    if found is None:
        return None
    contention, coherency = found[1], found[2]
    peak = None
    if coherency.value > 0 and contention.value < 1:
        peak = math.sqrt((1 - contention.value) / coherency.value)
    return Usl(
        rate=found[0],
        contention=contention,
        coherency=coherency,
        peak=peak,
        points=len(crowd),
    )


def predicted(law: Usl, listeners: float) -> float:
    """X(N) by the estimates."""
    more = law.contention.value + law.coherency.value * listeners
    return law.rate.value * listeners / (1 + more * (listeners - 1))
