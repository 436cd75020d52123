"""What is to be rehearsed, and what is shown while it runs."""

from __future__ import annotations

import math

import msgspec

from rostra.rehearsal.findings import Step
from rostra.rehearsal.script import Script, squeezed

KNEE_MIN = 9  # what finding the knees of all rungs takes
MINUTES_MOST = 58  # of a rehearsal: a house consents to an hour
AROUND_S = 40.0  # a night's beginning and end
ATTACK_REQUESTS_S = 50_000  # at most, where nobody says how many


class Wish(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be rehearsed. `listeners` 0: as many as the generators can be.

    `processes`: generators on this machine; `workers`: others that are waited for at `listen`.
    `origin`: the audience's address, where it is not what the house says of itself. `attack`: names
    of attack profiles, each played `attack_s` beside a crowd; `attack_requests_s` 0: ten times the
    crowd's.
    """

    listeners: int = 0
    minutes: int = 9
    rungs: tuple[int, ...] = (0, 1, 2, 3)
    script: Script | None = None
    only_script: bool = False
    faults: bool = True
    processes: int = 1
    workers: int = 0
    listen: tuple[str, int] = ("127.0.0.1", 0)
    origin: str = ""
    seed: int = 1
    attack: tuple[str, ...] = ()
    attack_s: int = 20
    attack_requests_s: int = 0
    attack_sources: int = 1000
    attack_connections: int = 2000

    @property
    def attacks(self) -> bool:
        """Whether anything is attacked, by the wish or by its script."""
        return bool(self.attack or (self.script and self.script.attacks))

    @property
    def attack_requests_most(self) -> int:
        """Requests a second that consent is asked for."""
        told = [one.requests_s for one in self.script.attacks] if self.script else []
        return max([ATTACK_REQUESTS_S, self.attack_requests_s, *map(int, told)])

    def attack_bounds(self) -> dict[str, int | bool]:
        """What a consent to the attacks must leave; empty where there are none."""
        if not self.attacks:
            return {}
        those = self.script.attacks if self.script else ()
        return {
            "attacks": True,
            "attack_requests_s": self.attack_requests_most,
            "attack_connections": self.attack_connections + sum(one.connections for one in those),
            "attack_sources": max([self.attack_sources, *(one.sources for one in those)]),
        }


def fitted(script: Script, minutes: int | None, only_script: bool) -> tuple[Script, int, float]:
    """The script as it can be played, the minutes that all takes, and how many times as fast.

    `minutes`: at most so many; None for as many as it takes, up to what a house consents to. What
    is too long is played faster, all of it, and so is steeper (script.squeezed).
    """
    lasts_s = script.ends_s - script.begins_s
    knee_min = 0 if only_script else KNEE_MIN
    if minutes is None:
        minutes = min(MINUTES_MOST, math.ceil((lasts_s + AROUND_S) / 60) + knee_min)
    # The night comes first; where there is little time the search for knees gets half of it.
    least_min = min(knee_min, minutes / 2)
    room_s = max(10.0, (minutes - least_min) * 60 - AROUND_S)
    return squeezed(script, room_s), minutes, max(1.0, lasts_s / room_s)


class Progress(msgspec.Struct, kw_only=True):
    """What screen and control room show."""

    phase: str = "begin"  # begin, night, ramp, joins, faults, attack, done
    says: str = ""
    rung: int = 0
    step_listeners: int = 0
    here: int = 0
    playing: int = 0
    stalled_share: float = 0.0
    join_p99_s: float = 0.0
    generator_cpu: float = 0.0
    generator_late_ms: float = 0.0
    elapsed_s: float = 0.0
    left_s: float = 0.0
    steps: list[Step] = []
