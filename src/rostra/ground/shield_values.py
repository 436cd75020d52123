"""Values that facts about the shield carry.

Only these and `ShieldSet` hold parts of listeners' addresses (a source); they live in memory and on
the bus, never on disk, in a log or in the ledger.
"""

from __future__ import annotations

import msgspec


class Ban(msgspec.Struct, frozen=True, kw_only=True):
    """One source that is kept out for a while.

    `source`: the 4 bytes of an IPv4 address or the 8 of an IPv6 /64 prefix. `step`: "refuse",
    "slow", "drop" or "kernel" (dropped by the kernel; edges drop it too). Times: Unix ms.
    """

    source: bytes
    step: str
    reason: str  # a code of shield/reasons.py
    since_ms: int
    until_ms: int


class SourceTally(msgspec.Struct, frozen=True, kw_only=True):
    """What one source did at one edge in one second. `source`: as in `Ban`.

    `vouched`: listeners from there who showed a pass or ticket that holds, lately.
    """

    source: bytes
    refused: dict[str, int]  # by reason code
    spent: float  # units of cost (shield/prices.py) without a credential
    connections: int
    vouched: int


class ShieldTally(msgspec.Struct, frozen=True, kw_only=True):
    """What one edge's shield saw and did in one second.

    `distinct`: the sources that asked for anything, in the wire form of shield/sketches.py.
    `worst`: the sources with most refusals and cost, at most 64. `acts`: what was done, by word:
    refused, slowed, dropped, crowded, evicted, moved, challenged, solved, unsolved, waited,
    strange, decoy; with `would_` before it where it was not done (dry run).
    """

    accounts: int
    distinct: bytes = b""
    worst: tuple[SourceTally, ...] = ()
    spent: float = 0.0  # units of cost without a credential, by all sources
    explained: float = 0.0  # of these, what the listeners who came or are here explain
    vouched: int = 0  # listeners whose pass or ticket holds
    refused: dict[str, int] = {}  # by code: of the shield, and of who has no pass or sends garbage
    acts: dict[str, int] = {}
