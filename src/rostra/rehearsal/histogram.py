"""Histograms of times in steps of a tenth: cheap to add to, mergeable, small on the wire."""

from __future__ import annotations

import math

from rostra.rehearsal.orders import Histogram

_STEP = 1.1
_PER_LOG = 1 / math.log(_STEP)


def bucket(ms: float) -> int:
    """Which bucket `ms` falls in; -1 below one millisecond (and where it is no number)."""
    return int(math.log(ms) * _PER_LOG + 1e-9) if ms >= 1.0 else -1


def add(h: Histogram, ms: float) -> None:
    """Count one time."""
    place = int(math.log(ms) * _PER_LOG + 1e-9) if ms >= 1.0 else -1
    buckets = h.buckets
    buckets[place] = buckets.get(place, 0) + 1


def merge(into: Histogram, other: Histogram) -> None:
    """Count in `into` all that `other` counted."""
    for place, number in other.buckets.items():
        into.buckets[place] = into.buckets.get(place, 0) + number


def count(h: Histogram) -> int:
    """How many times were counted."""
    return sum(h.buckets.values())


def quantile(h: Histogram, q: float) -> float:
    """The time (ms) that a share `q` did not exceed, within a tenth; 0 if nothing was counted."""
    total = count(h)
    if not total:
        return 0.0
    wanted, seen = max(0.0, min(1.0, q)) * total, 0
    for place in sorted(h.buckets):
        number = h.buckets[place]
        if number and seen + number >= wanted:
            low = _STEP**place if place >= 0 else 0.0
            high = _STEP ** (place + 1)
            return low + (high - low) * max(0.0, wanted - seen) / number
        seen += number
    return _STEP ** (max(h.buckets) + 1)
