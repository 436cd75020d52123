"""Walks: what a sample of virtual listeners asked for and when, for the shield's model of paths.

A walk is one connection's, as an edge sees it. What is kept of it are classes and gaps alone.
"""

from __future__ import annotations

import random

from rostra.shield.path import LEAST_STEPS, class_of
from rostra.shield.path_model import STEPS_MOST, text

FOLLOWED_MOST = 32  # connections at once
KEPT_MOST = 128  # walks of one generator

Walked = list[tuple[int, float]]  # class, moment


class Walks:
    """Of one generator."""

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance
        self._followed = 0
        self._ended = 0
        self._kept: list[str] = []

    def begin(self) -> Walked | None:
        """A connection opens: where its steps are to be noted, if it is one of the sample."""
        if self._followed >= FOLLOWED_MOST:
            return None
        self._followed += 1
        return []

    def step(self, walked: Walked, target: str, now: float) -> None:
        """It asks for this now."""
        if len(walked) >= STEPS_MOST:
            self._keep(walked)
            del walked[:-1]  # it goes on from there
        walked.append((class_of(target.encode()), now))

    def end(self, walked: Walked) -> None:
        """The connection is closed."""
        self._followed -= 1
        self._keep(walked)

    def _keep(self, walked: Walked) -> None:
        """Of all that ended each is kept with the same chance (reservoir, Vitter's R)."""
        if len(walked) <= LEAST_STEPS:
            return
        self._ended += 1
        place = len(self._kept)
        if place >= KEPT_MOST:
            place = self._chance.randrange(self._ended)
            if place >= KEPT_MOST:
                return
        before = [walked[0], *walked]
        steps = ((what, at - was) for (what, at), (_, was) in zip(walked, before, strict=False))
        self._kept[place : place + 1] = [text(steps)]

    def texts(self) -> tuple[str, ...]:
        """What is kept."""
        return tuple(self._kept)
