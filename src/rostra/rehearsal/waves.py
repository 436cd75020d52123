"""Waves of arrivals: the kinds there are, and how many of each come when."""

from __future__ import annotations

from typing import Any

import msgspec
import numpy as np

Value = str | int | float | list[float]
CELLS = 2_000  # cells of a curve's rate
TAIL = 8.0  # time constants after which a spike's tail is cut (0.03 % of it)
DAY_S = 86_400.0


class Key(msgspec.Struct, frozen=True):
    """One row of the table. `default` None: must be given. Numbers are bounded, both inclusive."""

    name: str
    default: Value | None
    says: str
    least: float = 0.0
    most: float = DAY_S


AT = Key("at_s", None, "seconds from T0", -DAY_S)
_SHARE = Key("share", 1.0, "of the crowd, beside the other waves' shares", 1e-9, 1e9)
_FROM = Key("from_s", None, "first moment, seconds from T0", -DAY_S)
_UNTIL = Key("until_s", None, "last moment", -DAY_S)
WAVES: dict[str, tuple[str, tuple[Key, ...]]] = {
    "even": ("the same number each second", (_SHARE, _FROM, _UNTIL)),
    "ramp": ("from none to ever more each second", (_SHARE, _FROM, _UNTIL)),
    "steps": (
        "level after level: the k-th brings k times the first's number",
        (_SHARE, _FROM, _UNTIL, Key("steps", 5, "how many levels", 1, 1000)),
    ),
    "spike": (
        "grows by e each `rise_s` until `at_s`, then falls by e each `fall_s`",
        (
            _SHARE,
            msgspec.structs.replace(AT, default=0.0),
            Key("rise_s", 20.0, "time constant of the rise", 0.01),
            Key("fall_s", 60.0, "time constant of the fall", 0.01),
        ),
    ),
    "mention": (
        "a second spike, unannounced: a link is read out on air at `at_s`; the rate is "
        "t·exp(−t / `reach_s`)",
        (_SHARE, AT, Key("reach_s", 20.0, "from the mention to the most a second", 0.01)),
    ),
    "country": (
        "one country's people: a bell around `at_s`",
        (
            _SHARE,
            Key("name", "", "which"),
            AT,
            Key("width_s", 60.0, "standard deviation of the bell", 0.01),
        ),
    ),
    "shape": (
        "as counted somewhere: `counts[k]` come in the k-th `each_s`",
        (
            _SHARE,
            msgspec.structs.replace(_FROM, default=0.0),
            Key("each_s", 60.0, "seconds of one count", 0.01),
            Key("counts", None, "numbers, none negative", 0, 1e15),
        ),
    ),
}


class Wave(msgspec.Struct, frozen=True, kw_only=True):
    """Part of the crowd. `values`: the kind's keys (see WAVES)."""

    kind: str
    share: float
    values: dict[str, Value]

    def number(self, name: str) -> float:
        """A value that is a number."""
        value = self.values[name]
        assert isinstance(value, int | float)
        return float(value)


def span(wave: Wave) -> tuple[float, float]:
    """The first and the last moment of a wave."""
    number = wave.number
    if wave.kind in ("even", "ramp", "steps"):
        return number("from_s"), number("until_s")
    if wave.kind == "spike":
        at_s = number("at_s")
        return at_s - TAIL * number("rise_s"), at_s + TAIL * number("fall_s")
    if wave.kind == "mention":
        return number("at_s"), number("at_s") + 1.5 * TAIL * number("reach_s")
    if wave.kind == "country":
        half_s = TAIL / 2 * number("width_s")
        return number("at_s") - half_s, number("at_s") + half_s
    counts = wave.values["counts"]
    assert isinstance(counts, list)
    return number("from_s"), number("from_s") + number("each_s") * len(counts)


def rates(wave: Wave) -> tuple[Any, Any]:
    """Cells' edges in seconds from T0 (n + 1) and how many come in each (n), to no scale."""
    first_s, last_s = span(wave)
    number = wave.number
    if wave.kind == "shape":
        counts = np.asarray(wave.values["counts"], float)
        return first_s + number("each_s") * np.arange(len(counts) + 1), counts
    if wave.kind == "even":
        return np.array([first_s, last_s]), np.ones(1)
    if wave.kind == "steps":
        steps = int(number("steps"))
        return np.linspace(first_s, last_s, steps + 1), np.arange(1.0, steps + 1)
    edges_s = np.linspace(first_s, last_s, CELLS + 1)
    if wave.kind == "spike":
        at_s, half = number("at_s"), CELLS // 2
        before = np.linspace(first_s, at_s, half, endpoint=False)
        edges_s = np.concatenate((before, np.linspace(at_s, last_s, CELLS - half + 1)))
    middle_s = (edges_s[:-1] + edges_s[1:]) / 2
    if wave.kind == "ramp":
        rate = middle_s - first_s
    elif wave.kind == "spike":
        off_s = middle_s - number("at_s")
        rate = np.exp(np.where(off_s < 0, off_s / number("rise_s"), -off_s / number("fall_s")))
    elif wave.kind == "mention":
        late = (middle_s - first_s) / number("reach_s")
        rate = late * np.exp(-late)
    else:
        rate = np.exp(-0.5 * ((middle_s - number("at_s")) / number("width_s")) ** 2)
    return edges_s, rate * np.diff(edges_s)
