"""One second of all generators together."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from rostra.rehearsal.orders import Histogram, Second

_ADDED = (
    *("here", "waiting", "playing", "stalled", "came", "left", "joined", "stalls"),
    *("heard_s", "silent_s", "gave_up", "body_bytes", "sockets", "no_socket"),
)
_COUNTED = ("requests", "failures", "rungs")
_MEASURED = ("join", "admit", "answers", "late")
_WORST = ("cpu_fraction", "loop_lag_ms")


class Merged(msgspec.Struct, frozen=True, kw_only=True):
    """A second of the run. `missing`: generators that did not tell of it (yet)."""

    at_s: float
    all: Second
    each: dict[str, Second]
    missing: tuple[str, ...] = ()


def merge(at_s: float, seconds: Iterable[Second]) -> Second:
    """Sums; `behind_s` is the mean over those who hear; `cpu_fraction` and `loop_lag_ms` are the
    worst generator's.
    """
    whole = Second(at_s=at_s)
    found = {name: getattr(whole, name) for name in Second.__struct_fields__}
    hearing = behind = 0.0
    for second in seconds:
        for name in _ADDED:
            found[name] += getattr(second, name)
        for name in _WORST:
            found[name] = max(found[name], getattr(second, name))
        for name in _COUNTED:
            for key, count in getattr(second, name).items():
                found[name][key] = found[name].get(key, 0) + count
        for name in _MEASURED:
            into: Histogram = found[name]
            for bucket, count in getattr(second, name).buckets.items():
                into.buckets[bucket] = into.buckets.get(bucket, 0) + count
        if second.behind_s > 0:
            those = max(0, second.playing - second.stalled)
            hearing += those
            behind += those * second.behind_s
    found["behind_s"] = behind / hearing if hearing else 0.0
    return Second(**found)
