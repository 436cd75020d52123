"""The model of our player's path: learnt from walks, merged, written and read.

A walk is text, two characters a step: the class' letter and the gap's bucket (the first step has no
gap). The walks that come nearest to the floor stand in the file, so that it can be found anew when
counts are added.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise

import msgspec

from rostra.shield.path import (
    BUCKETS,
    CELLS,
    LEAST_STEPS,
    SIZE,
    Automaton,
    Walk,
    bucket,
    smoothed,
)

VERSION = 1
SAMPLES_MOST = 64  # of each kind: the least likely walks, and the quickest
STEPS_MOST = 160  # of a sample; means forget within 50
MARGIN = 0.5  # below the least likely of our players' walks; browsers left out went 0.1 below
GAP_MARGIN = 0.7  # of the quickest
FILE_MOST_BYTES = 256 * 1024
_LETTERS = "pasrtlymo"  # in the order of CLASSES
# A gap from the middle of each bucket, to walk a text again.
_MIDDLE_S = tuple(0.01 * 10 ** ((place - 0.5) / 2) for place in range(BUCKETS))


class PathModel(msgspec.Struct, frozen=True, kw_only=True):
    """`counts`: by state, next and bucket, as in a walk's text ("ym4": media 0.3 to 1 s after a
    playlist). `beside`: the mark of the model that it was learnt beside. The rest: as of
    `Automaton`."""

    version: int = VERSION
    learnt_from: str
    beside: str = ""
    usual: float
    floor: float
    quickest_s: float
    counts: dict[str, float]
    samples: tuple[str, ...] = ()


class Unreadable(ValueError):
    """A file that is no model of this version."""


def text(steps: Iterable[tuple[int, float]]) -> str:
    """A walk's text from (class, seconds since the step before)."""
    return "".join(f"{_LETTERS[what]}{bucket(gap_s)}" for what, gap_s in steps)


def steps_of(walk: str) -> list[tuple[int, int]]:
    """(class, bucket) of each step. ValueError or IndexError where it is no walk."""
    return [(_LETTERS.index(walk[at]), int(walk[at + 1])) for at in range(0, len(walk), 2)]


def lowest(walk: str, automaton: Automaton) -> tuple[float, float, int, int]:
    """The lowest mean and gap (s) that a walk comes to once it is judged, and at which steps;
    infinite if it is too short. `automaton` finds nothing strange."""
    going, at = Walk(automaton), 0.0
    mean = gap_s = float("inf")
    least = quickest = 0
    for number, (what, gap) in enumerate(steps_of(walk)):
        at += _MIDDLE_S[gap]
        going.step(what, at)
        if going.steps >= LEAST_STEPS:
            if going.mean < mean:
                mean, least = going.mean, number
            if going.gap_s < gap_s:
                gap_s, quickest = going.gap_s, number
    return mean, gap_s, least, quickest


def learn(walks: Sequence[str], learnt_from: str, beside: PathModel | None = None) -> PathModel:
    """The model of these walks; `beside`: one whose player is ours too, and weighs as much.

    ValueError where no walk is long enough to be judged.
    """
    if not any(len(steps_of(walk)) > LEAST_STEPS for walk in walks):
        raise ValueError("no walk is long enough to be judged")
    counts = [0.0] * SIZE
    for walk in walks:
        steps = steps_of(walk)
        for (last, _), (what, gap) in pairwise(steps):
            counts[last * CELLS + what * BUCKETS + gap] += 1
    if beside is not None:
        more = _counts(beside)
        share = max(1.0, sum(counts)) / max(1.0, sum(more))  # each as much as the other
        counts = [one + share * other for one, other in zip(counts, more, strict=True)]
        learnt_from = "; beside: ".join(filter(None, (learnt_from, beside.learnt_from)))
        walks = (*walks, *beside.samples)
    logs = smoothed(counts)
    usual = sum(n * each for n, each in zip(counts, logs, strict=True)) / max(1.0, sum(counts))
    believing = Automaton(logs, usual)
    found = [(*lowest(walk, believing), walk) for walk in walks]
    found = [one for one in found if one[0] < float("inf")]
    least = sorted(found)[:SAMPLES_MOST]
    quick = sorted(found, key=lambda one: (one[1], one))[:SAMPLES_MOST]
    samples = [_before(walk, at) for _, _, at, _, walk in least]
    samples += [_before(walk, at) for _, _, _, at, walk in quick]
    return PathModel(
        learnt_from=learnt_from,
        usual=round(usual, 4),
        floor=round(min(least[0][0], usual) - MARGIN, 4),
        quickest_s=round(GAP_MARGIN * quick[0][1], 4),
        counts=_sparse(counts),
        samples=tuple(dict.fromkeys(samples)),
    )


def automaton_of(model: PathModel) -> Automaton:
    """What walks are judged by."""
    return Automaton(smoothed(_counts(model)), model.usual, model.floor, model.quickest_s)


def write(model: PathModel) -> bytes:
    """As JSON, the same for the same model."""
    return msgspec.json.format(msgspec.json.encode(model, order="sorted"), indent=1) + b"\n"


def read(raw: bytes) -> PathModel:
    """Raises Unreadable."""
    if len(raw) > FILE_MOST_BYTES:
        raise Unreadable("too large for a model")
    try:
        model = msgspec.json.decode(raw, type=PathModel)
        if model.version != VERSION:
            raise Unreadable(f"of version {model.version}; this Rostra reads {VERSION}")
        _counts(model)
        for walk in model.samples:
            steps_of(walk)
    except (msgspec.DecodeError, ValueError, IndexError) as error:
        raise Unreadable(str(error)) from error
    return model


def _before(walk: str, at: int) -> str:
    """What led to that step."""
    end = 2 * (at + 1)
    return walk[max(0, end - 2 * STEPS_MOST) : end]


def _sparse(counts: list[float]) -> dict[str, float]:
    found = {}
    for cell, number in enumerate(counts):
        if number:
            state, rest = divmod(cell, CELLS)
            what, gap = divmod(rest, BUCKETS)
            found[f"{_LETTERS[state]}{_LETTERS[what]}{gap}"] = round(number, 3)
    return found


def _counts(model: PathModel) -> list[float]:
    counts = [0.0] * SIZE
    for name, number in model.counts.items():
        state, what, gap = _LETTERS.index(name[0]), _LETTERS.index(name[1]), int(name[2])
        if len(name) != 3 or not 0 <= number < float("inf"):
            raise ValueError(f"{name}: {number}")
        counts[state * CELLS + what * BUCKETS + gap] = number
    return counts
