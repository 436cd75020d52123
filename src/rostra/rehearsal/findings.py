"""Findings: what a rehearsal found, as it stands in a certificate."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

STALLED_MOST = 0.005  # share of listeners who may stall in a step that is carried
JOIN_P99_MOST_S = 5.0
GENERATOR_CPU_MOST = 0.85  # of a core, any generator process
GENERATOR_LATE_MOST_MS = 250.0


class Interval(msgspec.Struct, frozen=True):
    """An estimate and its 95 % interval."""

    value: float
    low: float
    high: float


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """One step of the crowd at one rung, held for `seconds`.

    `void`: why it says nothing about the house (a code), or empty. `reason`: why it was not
    carried, or empty.
    """

    rung: int
    listeners: int
    seconds: float
    carried: bool
    reason: str = ""
    void: str = ""
    stalled_share: float = 0.0
    silent_share: float = 0.0
    join_p50_s: float = 0.0
    join_p99_s: float = 0.0
    joined: int = 0
    joins_s: float = 0.0  # first sounds a second, in the best five seconds
    answer_p99_ms: float = 0.0
    behind_s: float = 0.0
    heard_s: float = 0.0  # listener-seconds of sound a second
    requests_s: float = 0.0
    body_bytes_s: float = 0.0
    failures: dict[str, int] = {}
    edges_cpu: float = 0.0  # cores, all edges together
    edges_busy: float = 0.0  # the busiest edge
    loop_lag_p99_ms: float = 0.0
    stage_late_ticks: int = 0
    generator_cpu: float = 0.0  # the busiest process
    generator_late_ms: float = 0.0


class Usl(msgspec.Struct, frozen=True, kw_only=True):
    """Universal Scalability Law (Gunther 1993): X(N) = λN / (1 + σ(N−1) + κN(N−1))."""

    rate: Interval  # λ
    contention: Interval  # σ
    coherency: Interval  # κ
    peak: float | None  # the N of the largest X, if there is one
    points: int


class RungFound(msgspec.Struct, frozen=True, kw_only=True):
    """One rung. `knee`: the smallest valid step that was not carried, if any.

    `carried`: the largest valid step that was, below the knee. `basis` of `allowed`: "knee", "cost"
    (further than was seen, by cost), or "seen". `cpu_us`, `body_bytes`: of the edges, for one
    listener-second.
    """

    rung: int
    carried: int
    knee: int | None
    allowed: int
    basis: Literal["knee", "cost", "seen", "nothing"]
    cpu_us: Interval
    body_bytes: float
    usl: Usl | None = None


class FaultFound(msgspec.Struct, frozen=True, kw_only=True):
    """What a fault did. `recovered_s`: until as few as before it were silent; None: not in time."""

    name: str
    says: str
    listeners: int
    stalled: int  # at the worst moment
    silent_s: float  # mean, of all listeners
    recovered_s: float | None


class NightFound(msgspec.Struct, frozen=True, kw_only=True):
    """What a script's crowd met, with the door as on the night. `series` for the picture.

    `admit_…`: from the arrival to the pass, those who waited for the doors among them. `void`: why
    it says nothing about the house (a code), or empty.
    """

    script: str
    script_hash: str
    seed: int
    people: int
    joined: int
    gave_up: int
    join_p50_s: float
    join_p99_s: float
    stalled_share: float
    silent_share: float
    admit_p50_s: float = 0.0
    admit_p90_s: float = 0.0
    admit_p99_s: float = 0.0
    void: str = ""
    series: dict[str, list[float]] = {}


class AttackFound(msgspec.Struct, frozen=True, kw_only=True):
    """What an attack profile met, and what those heard who listened meanwhile.

    `due`: requests (or connections) that were to be; of these `served` were given what they asked
    for, `refused` (403, 429, 503), answered only after a quarter of a second (`slow`), cut off or
    never answered (`dropped`), or not even sent (`held`). `open`: connections at the end. `cpu`: of
    the attackers, in cores. `honest`: it is no attack. `relief_s`: from the onset until as few as
    before were silent, None: not in time. `failures`: of the listeners' own requests, by code.
    """

    name: str
    says: str
    honest: bool
    seconds: float
    sources: int
    connections: int
    due: int
    sent: int
    served: int
    refused: int
    slow: int
    dropped: int
    held: int
    open: int
    cpu: float
    listeners: int
    requests_s: float  # of the listeners, before
    stalled_share: float
    silent_share: float
    joined: int
    join_p50_s: float
    join_p99_s: float
    relief_s: float | None
    stage_late_ticks: int
    failures: dict[str, int] = {}
    void: str = ""
    why: str = ""  # what ended it before its time


class Generator(msgspec.Struct, frozen=True, kw_only=True):
    """One generator process."""

    name: str
    key: str
    machine: str
    cpu_most: float
    late_most_ms: float
    same_machine: bool


class Findings(msgspec.Struct, frozen=True, kw_only=True):
    """What a rehearsal found. Times are RFC 3339 UTC. `void`: why the whole run is none."""

    run: str
    started: str
    ended: str
    program: str  # what was run, in words
    generators: tuple[Generator, ...]
    steps: tuple[Step, ...]
    rungs: tuple[RungFound, ...]
    joins_s: Interval | None
    faults: tuple[FaultFound, ...] = ()
    night: NightFound | None = None
    attacks: tuple[AttackFound, ...] = ()
    void: str = ""
    cut_short: str = ""  # why it ended before its time
    not_tested: tuple[str, ...] = ()
    doubts: tuple[str, ...] = ()


class House(msgspec.Struct, frozen=True, kw_only=True):
    """What was rehearsed: a certificate holds as long as all three hashes are the same."""

    build: str  # hash of the installed package and of its interpreter
    settings: str  # hash of the settings that matter
    machine: str  # hash of the machine's description
    version: str
    settings_said: dict[str, Any]
    machine_said: dict[str, Any]
    edges: int


UNKNOWN = House(
    build="", settings="", machine="", version="", settings_said={}, machine_said={}, edges=0
)


class Certificate(msgspec.Struct, frozen=True, kw_only=True):
    """What is sealed (kind "certificate")."""

    v: int
    number: str
    issued: str
    house: House
    findings: Findings
