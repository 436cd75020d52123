"""The verdict on nights whose truth is known: how often right, how often silent, whom it accuses.

The nights are `_verdict_nights`' and share no dynamics with the judgement. Seeds below `MEASURED`
are for tuning (without the families that are held out); those from it are for measuring only.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from bench._verdict_nights import CROWD_ONLY, HELD_ATTACK, HELD_FAULT, Sealed, nights
from rostra.verdict.judgement import ACCUSING, Verdict, judge
from rostra.verdict.readings import night
from rostra.verdict.thresholds import Thresholds

Row = dict[str, Any]
TUNED, MEASURED = 1, 1000  # first seeds
BATCH, BATCHES = 132, 9
# The player's law as `night_io` has it: chances to ask again 0, 1, 2 … seconds after a refusal.
KERNEL = np.array([0.0, 0.35, 0.3, 0.1, 0.07, 0.06, 0.05, 0.04, 0.03])
Told = list[tuple[Sealed, Verdict]]


def judged(first: int, batches: int, batch: int, held_out: bool) -> Told:
    """Nights of `batches` seeds from `first`, and what the judgement says of each."""
    found: Told = []
    for seed in range(first, first + batches):
        for sealed in nights(seed, batch, held_out):
            read = night(sealed.promise, sealed.edges, sealed.house, sealed.mishaps, KERNEL)
            sealed.edges, sealed.house = [], []
            found.append((sealed, judge(read, Thresholds(), 1)))
    return found


def accuses(truth: str) -> bool:
    """Whether an attack is said to have done it, alone or with others."""
    return truth in ACCUSING


def calibration_error(told: Told, bins: int = 10) -> float:
    """Expected calibration error of the likeliest word, decided or not."""
    sure = np.array([v.probability for _, v in told])
    right = np.array([v.likeliest == s.truth for s, v in told], dtype=float)
    at = np.minimum((sure * bins).astype(int), bins - 1)
    apart = [
        abs(float(sure[at == b].mean()) - float(right[at == b].mean())) * float((at == b).mean())
        for b in range(bins)
        if (at == b).any()
    ]
    return sum(apart)


def best_bound(told: Told, of: Callable[[Sealed], float]) -> float:
    """The bound above which `of` says attack that is right most often on the tuning nights."""
    values = np.array([of(s) for s, _ in told])
    truth = np.array([accuses(s.truth) for s, _ in told])
    bounds: list[float] = np.unique(np.quantile(values, np.linspace(0, 1, 101))).tolist()
    return max(bounds, key=lambda bound: float(((values > bound) == truth).mean()))


def by_rate(sealed: Sealed) -> float:
    """Work that is asked for in the worst second, over what the promise asks."""
    return sealed.peak


def by_entropy(sealed: Sealed) -> float:
    """How far the entropy of the sources fell."""
    return 1 - sealed.entropy


def figures(told: Told) -> dict[str, float]:
    """The four figures of the aims, and accuracy of decided nights that were harmed."""
    decided = [(s, v) for s, v in told if v.word != "UNDETERMINED"]
    crowd = [(s, v) for s, v in told if s.kind in CROWD_ONLY]
    harmed = [(s, v) for s, v in told if s.truth != "NO HARM"]
    spoken = [(s, v) for s, v in harmed if v.word != "UNDETERMINED"]

    def share(of: Told, among: Told) -> float:
        return len(of) / max(1, len(among))

    return {
        "accused": share([x for x in crowd if accuses(x[1].word)], crowd),
        "decided": share(decided, told),
        "right": share([x for x in decided if x[1].word == x[0].truth], decided),
        "calibration": calibration_error(told),
        "decided_harmed": share(spoken, harmed),
        "right_harmed": share([x for x in spoken if x[1].word == x[0].truth], spoken),
        "nights": float(len(told)),
    }


def _row(name: str, value: float, unit: str, aim: str = "", met: bool | None = None) -> Row:
    row: Row = {"name": name, "value": round(value, 4), "unit": unit}
    return {**row, "aim": aim, "met": met} if aim else row


def _aimed(label: str, found: dict[str, float]) -> list[Row]:
    return [
        _row(f"{label}: crowd-only nights accused", found["accused"], "of them", "≤ 0.01",
             found["accused"] <= 0.01),
        _row(f"{label}: decided", found["decided"], f"of {found['nights']:.0f} nights", "≥ 0.6",
             found["decided"] >= 0.6),
        _row(f"{label}: right when decided", found["right"], "of decided", "≥ 0.95",
             found["right"] >= 0.95),
        _row(f"{label}: calibration error", found["calibration"], "", "≤ 0.05",
             found["calibration"] <= 0.05),
        _row(f"{label}: decided, of nights with harm", found["decided_harmed"], "of them"),
        _row(f"{label}: right when decided, of nights with harm", found["right_harmed"],
             "of decided"),
    ]  # fmt: skip


def rows(quick: bool) -> list[Row]:
    """The figures on the measuring seeds, by uncertainty of the capacity, beside naive rules."""
    batches, batch = (1, 66) if quick else (BATCHES, BATCH)
    tuned = judged(TUNED, max(1, batches // 3), batch, held_out=False)
    told = judged(MEASURED, batches, batch, held_out=True)
    out = _aimed("all", figures(told))
    for uncertainty in (0.05, 0.10, 0.20):
        of = [x for x in told if x[0].uncertainty == uncertainty]
        out += _aimed(f"capacity ± {uncertainty:.0%}", figures(of))
    for name, family in (("attack family", HELD_ATTACK), ("fault family", HELD_FAULT)):
        found = figures([x for x in told if family in (x[0].attack, x[0].fault)])
        out.append(_row(f"held-out {name}: decided", found["decided"], f"of {found['nights']:.0f}"))
        out.append(_row(f"held-out {name}: right when decided", found["right"], "of decided"))
    mine = [(accuses(v.word), accuses(s.truth), s.kind) for s, v in told]
    for name, of_night in (("rate above a threshold", by_rate), ("source entropy", by_entropy)):
        bound = best_bound(tuned, of_night)
        theirs = [(of_night(s) > bound, accuses(s.truth), s.kind) for s, _ in told]
        out += _beside(name, mine, theirs)
    return out


def _beside(
    name: str, mine: list[tuple[bool, bool, str]], theirs: list[tuple[bool, bool, str]]
) -> list[Row]:
    def wrong(of: list[tuple[bool, bool, str]]) -> float:
        crowd = [said for said, _, kind in of if kind in CROWD_ONLY]
        return sum(crowd) / max(1, len(crowd))

    def falsely(of: list[tuple[bool, bool, str]]) -> float:
        accused = [truth for said, truth, _ in of if said]
        return 1 - sum(accused) / max(1, len(accused))

    return [
        {
            "name": f"{what}, beside {name}",
            "value": round(figure(mine), 4),
            "unit": unit,
            "peer": name,
            "peer_value": round(figure(theirs), 4),
            "ratio": round(figure(mine) / figure(theirs), 3) if figure(theirs) else None,
        }
        for what, unit, figure in (
            ("crowd-only nights accused", "of them", wrong),
            ("accusations that are false", "of accusations", falsely),
        )
    ]
