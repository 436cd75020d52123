"""What an operator sees of the shield: values only, ready to be shown (policy.py fills them).

Sources stand here as text; a status is shown to operators and written nowhere.
"""

from __future__ import annotations

import msgspec


class SourceStatus(msgspec.Struct, frozen=True, kw_only=True):
    """One suspected source. `source`: "203.0.113.7" or "2001:db8::/64".

    `points`: by reason, what it did lately (halved each 30 s). `demand`: units lately, likewise;
    `explained`: the share of them that its listeners explain, 0 to 1. `vouched`: listeners from
    there. `step`: of its ban, empty for none. `held`: why it is not banned, or not further
    ("allowed", "listeners"), empty where nothing holds.
    """

    source: str
    neighbourhood: str
    points: dict[str, float]
    demand: float
    explained: float
    vouched: int
    connections: int
    step: str = ""
    held: str = ""


class BanStatus(msgspec.Struct, frozen=True, kw_only=True):
    """One ban. `says`: the reason in words. `times`: how often it was banned or taken further."""

    source: str
    step: str
    reason: str
    says: str
    since_ms: int
    until_ms: int
    times: int


class NeighbourhoodStatus(msgspec.Struct, frozen=True, kw_only=True):
    """Bans and suspects of one /24 or /48. Nothing is ever decided by it."""

    neighbourhood: str
    bans: int
    suspects: int


class PressureChange(msgspec.Struct, frozen=True, kw_only=True):
    """When the pressure changed and why.

    `reason`: a code of shield/reasons.py. `statistic`: the value of the CUSUM that caused it.
    `onset_ms`: when, by that CUSUM, it began (its last zero); 0 where nothing was estimated.
    """

    at_ms: int
    before: int
    pressure: int
    reason: str
    says: str
    statistic: float = 0.0
    onset_ms: int = 0


class Moment(msgspec.Struct, frozen=True, kw_only=True):
    """One second of the history. Units a second; `refused`: requests and connections a second.

    `reasons`: what was refused, by code; in a dry run what would have been done, by word.
    """

    at_ms: int
    pressure: int
    spent: float
    explained: float
    unexplained: float
    refused: int
    distinct: int
    busy: float
    reasons: dict[str, int] = {}


class Cost(msgspec.Struct, frozen=True, kw_only=True):
    """What it costs. `busy`, `loop_lag_p99_ms`: of the worst edge.

    `unexplained`: demand without a listener, as a share of what all edges can bear.
    """

    busy: float = 0.0
    loop_lag_p99_ms: float = 0.0
    unexplained: float = 0.0
    accounts: int = 0  # kept at the edges
    suspects: int = 0  # kept here
    suspects_most: int = 0
    bans_most: int = 0


class Status(msgspec.Struct, frozen=True, kw_only=True):
    """Everything about the shield, as of `at_ms` (Unix ms; 0 before the first second).

    `mode`: "auto", "attack" or "off". `why`, `says`: why the pressure is as it is. `spent`,
    `explained`, `unexplained`: units in the last second. `refused`: by code, in the last second;
    `acts`: by word, likewise (`would_…` in a dry run). `distinct`: sources in the last second.
    `statistics`: the CUSUMs. `changes`: newest last. `history`: a second each, at most 900.
    `path`: what the model of our player's path was learnt from.
    `kernel`: what is to be said of drops in the kernel, `kernel_drops`: its packets since control
    started. `failed`: the deciding code broke, no new tickets for now.
    """

    at_ms: int = 0
    mode: str = "auto"
    dry_run: bool = False
    failed: bool = False
    pressure: int = 0
    pressure_since_ms: int = 0
    onset_ms: int = 0
    why: str = "calm"
    says: str = ""
    difficulty: int = 0
    spent: float = 0.0
    explained: float = 0.0
    unexplained: float = 0.0
    refused: dict[str, int] = {}
    acts: dict[str, int] = {}
    distinct: int = 0
    vouched: int = 0
    waiting: int = 0
    inside: int = 0
    statistics: dict[str, float] = {}
    worst: tuple[SourceStatus, ...] = ()
    neighbourhoods: tuple[NeighbourhoodStatus, ...] = ()
    bans: tuple[BanStatus, ...] = ()
    bans_by_step: dict[str, int] = {}
    allow: tuple[str, ...] = ()
    deny: tuple[str, ...] = ()
    changes: tuple[PressureChange, ...] = ()
    history: tuple[Moment, ...] = ()
    cost: Cost = Cost()
    path: str = ""
    kernel: str = ""
    kernel_drops: int = 0
