"""What one listener-second costs the edges, by regression over the steps, with its interval."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from rostra.rehearsal import usl
from rostra.rehearsal.findings import Interval, Step

FEW_DOUBT = 2.0  # factor of doubt, either way, in a cost that one or two steps tell


def _few(each: float) -> tuple[Interval, float]:
    return Interval(each, each / FEW_DOUBT, each * FEW_DOUBT), 0.0


def listener_second(steps: Sequence[Step]) -> tuple[Interval, float]:
    """CPU-µs of the edges for a listener-second, and CPU-µs a second with nobody there.

    A line through the steps, errors relative, neither part negative; its interval by bootstrap.
    Zeros where no step tells.
    """
    heard = np.array([step.heard_s for step in steps])
    spent = np.array([step.edges_cpu * 1e6 for step in steps])
    kept = (heard > 0) & (spent > 0)
    heard, spent = heard[kept], spent[kept]
    if not len(heard):
        return Interval(0.0, 0.0, 0.0), 0.0
    columns = np.stack((np.ones_like(heard), heard), axis=1) / spent[:, None]

    def line(rows: Any) -> tuple[float, float] | None:
        if len(np.unique(heard[rows])) < 2:
            return None
        idle, each = usl.not_negative(columns[rows], np.ones(len(rows)), ([1], [0, 1]))
        return (float(each), float(idle)) if each > 0 else None

    found = None
    if len(np.unique(heard)) >= 3:
        found = usl.intervals(line, len(heard), seed=1)
    if found is None:
        return _few(float(spent.sum() / heard.sum()))
    return found[0], found[1].value
