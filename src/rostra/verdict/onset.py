"""Onsets: when a series left what it was, by a one-sided CUSUM (E. S. Page, 1954).

It answers one question, which came first; so it needs no penalty and no number of change points.
"""

from __future__ import annotations

import numpy as np

from rostra.verdict.readings import Floats

ALLOWED, ALARM = 0.5, 8.0  # in standard deviations: drift that is none, and where it is one
BASE_SHARE = 0.2  # the first part of the night says what is usual


def onset(values: Floats, least: float) -> int | None:
    """The second from which `values` (n,) rose for good over what they were; None if never.

    `least`: what counts as one standard deviation at least, in the unit of the values.
    """
    if not values.size:
        return None
    base = values[: max(1, int(values.size * BASE_SHARE))]
    middle = float(np.median(base))
    spread = max(1.4826 * float(np.median(np.abs(base - middle))), least)
    steps = (values - middle) / spread - ALLOWED
    level = np.cumsum(steps)
    lowest = np.minimum.accumulate(np.minimum(level, 0.0))
    over = np.flatnonzero(level - lowest > ALARM)
    if not over.size:
        return None
    before = np.flatnonzero(level[: over[0] + 1] <= lowest[: over[0] + 1])
    return int(before[-1]) + 1 if before.size else 0


def order(series: dict[str, tuple[Floats, float]]) -> tuple[tuple[str, int], ...]:
    """Names and onsets (s), the first first, then by name; those that never rose are left out.

    `series`: by name, the values and what counts as one standard deviation at least.
    """
    found = [
        (at, name) for name, (v, least) in series.items() if (at := onset(v, least)) is not None
    ]
    return tuple((name, at) for at, name in sorted(found))
