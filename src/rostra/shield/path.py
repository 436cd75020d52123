"""Paths: whether a client asks as our player asks, in what order and how fast; told, never refused.

A probabilistic timed automaton of the simplest form (after PDRTA: Verwer, de Weerdt, Witteveen,
ICGI 2010; counts to probabilities: Carrasco, Oncina, ICGI 1994): the state is what was asked for
last, and each state gives a probability to what comes next and how soon. One clock more stands
above all states: who goes only likely steps, but goes them many times as fast, is found by it.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from math import log

CLASSES = ("page", "asset", "state", "ticket", "pass", "leave", "playlist", "media", "other")
BY_NAME = {name: number for number, name in enumerate(CLASSES)}  # `Prepared.kind` is among them
PLAYLIST, MEDIA, OTHER = BY_NAME["playlist"], BY_NAME["media"], BY_NAME["other"]
# Geometric, from 10 ms to 100 s, two a decade; the first bucket is below, the last above.
GAPS_S = tuple(0.01 * 10 ** (step / 2) for step in range(9))
BUCKETS = len(GAPS_S) + 1
CELLS = len(CLASSES) * BUCKETS  # of one state
SIZE = len(CLASSES) * CELLS

LEAST_STEPS = 12  # before a walk is judged; so much weighs what is believed of it at first
MEMORY = 50  # steps over which the means forget
GAP_MOST_S = 0.5  # a longer pause says no more than that it was one
# What each step weighs in the means: the first ones more.
_WEIGHTS = tuple(1 / (1 + step + LEAST_STEPS) for step in range(MEMORY - LEAST_STEPS))
_WEIGHING, _LEAST_WEIGHT, _UNJUDGED = len(_WEIGHTS), 1 / MEMORY, LEAST_STEPS - 1
_WORST = -8.0  # no single step tells more than this: one odd request condemns nobody

_TARGET = re.compile(
    rb"(?:https?://[^/?#]+)?/(?:"
    rb"(?P<asset>assets/.*)"
    rb"|e/[A-Za-z0-9_-]{1,64}(?:/(?:~[^/?]*/)?(?:(?P<state>state\.json)|(?P<ticket>ticket)"
    rb"|(?P<pass>pass)|(?P<leave>leave)|(?P<playlist>[^?]*\.m3u8)"
    rb"|(?P<media>(?:media|replay)/.*)|(?P<page>calendar\.ics|)))?"
    rb"|count|robots\.txt|healthz|\.well-known/rostra-rehearsal|)(?:\?.*)?",
    re.DOTALL,
)


def class_of(target: bytes) -> int:
    """What a raw target asks for: a number of CLASSES."""
    found = _TARGET.fullmatch(target)
    return OTHER if found is None else BY_NAME[found.lastgroup or "page"]


def bucket(gap_s: float) -> int:
    """Which of BUCKETS a gap falls into."""
    return bisect_right(GAPS_S, gap_s)


class Automaton:
    """`logs[state * CELLS + next * BUCKETS + bucket]`: log-likelihoods. `usual`: their mean along
    our player's paths; a walk is strange where its own mean is below `floor`, or its gaps are
    shorter on average than `quickest_s`."""

    __slots__ = ("floor", "logs", "quickest_s", "usual")

    def __init__(
        self,
        logs: tuple[float, ...],
        usual: float,
        floor: float = float("-inf"),
        quickest_s: float = 0.0,
    ) -> None:
        self.logs = logs
        self.usual = usual
        self.floor = floor
        self.quickest_s = quickest_s


def smoothed(counts: list[float], added: float = 0.5) -> tuple[float, ...]:
    """Log-likelihoods from counts of steps (additive smoothing).

    A tenth of each count goes to either neighbouring bucket: gaps know no borders. A state that
    was never seen tells nothing.
    """
    logs: list[float] = []
    for state in range(len(CLASSES)):
        own = counts[state * CELLS : (state + 1) * CELLS]
        spread = [0.0] * CELLS
        for cell, count in enumerate(own):
            place = cell % BUCKETS
            sides = [cell + step for step in (-1, 1) if 0 <= place + step < BUCKETS]
            spread[cell] += count * (1 - 0.1 * len(sides))
            for side in sides:
                spread[side] += 0.1 * count
        whole = sum(own) + added * CELLS
        logs += [max(_WORST, log((count + added) / whole)) for count in spread]
    return tuple(logs)


class Walk:
    """What one connection did so far: five numbers, however long it lasts; by which automaton.

    `mean`: of the log-likelihoods; `gap_s`: of the gaps. Both begin as our player's are: whoever
    comes is believed, and so is who was found strange and asks on.
    """

    __slots__ = ("at", "automaton", "gap_s", "last", "mean", "steps")

    def __init__(self, automaton: Automaton) -> None:
        self.automaton = automaton
        self.at = 0.0
        self.last = -1
        self._believe()

    def _believe(self) -> None:
        self.mean = self.automaton.usual
        self.gap_s = GAP_MOST_S
        self.steps = 0

    def step(self, what: int, now: float) -> bool:
        """It asks for this now (seconds, monotonic); whether it is found not to be our player."""
        last, gap_s = self.last, now - self.at
        self.last, self.at = what, now
        if last < 0:
            return False
        automaton, steps = self.automaton, self.steps
        weight = _WEIGHTS[steps] if steps < _WEIGHING else _LEAST_WEIGHT
        self.steps = steps + 1
        found = automaton.logs[last * CELLS + what * BUCKETS + bisect_right(GAPS_S, gap_s)]
        mean = self.mean
        self.mean = mean = mean + (found - mean) * weight
        quick_s = self.gap_s
        self.gap_s = quick_s = (
            quick_s + ((gap_s if gap_s < GAP_MOST_S else GAP_MOST_S) - quick_s) * weight
        )
        if (mean >= automaton.floor and quick_s >= automaton.quickest_s) or steps < _UNJUDGED:
            return False
        self._believe()
        return True
