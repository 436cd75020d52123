"""What a source without credentials may do, by pressure: all budgets in one table.

A listener who arrives spends about `ARRIVAL` units (one page, its files, the state, one ticket) and
then explains them: who shows a ticket or pass that holds gives their source that much back. So what
runs out is the demand that no listener explains, however many of them share an address.
"""

from __future__ import annotations

import msgspec

ARRIVAL = 40.0  # units, see prices.py; measured on our page (tests/pages/test_arrival.py)
EACH_S = 1.0  # units a second that each listener inside or in the line adds: state and beats


class Terms(msgspec.Struct, frozen=True, kw_only=True):
    """At one pressure. `burst`, `rate_s`: of a source, before its listeners add theirs.

    `enforced`: False in peace: what is over is counted, not refused. `connections`: a source may
    hold without a credential; each of its listeners adds `shares.CONNECTIONS_MOST`. `slowed`:
    requests of one source that may wait in the slow lane at once; further ones are refused.
    `slow_s`, `slow_most_s`: how long each waits, growing with the debt. `tarpit_s`: how long a
    connection is not read after a refusal. `head_s`, `idle_s`: as in delivery's Limits.
    `purse_rate_s`, `purse_burst`: of one connection.
    """

    enforced: bool
    burst: float
    rate_s: float
    connections: int
    purse_burst: float
    purse_rate_s: float
    slowed: int
    slow_s: float
    slow_most_s: float
    tarpit_s: float
    head_s: int
    idle_s: int


BY_PRESSURE: tuple[Terms, ...] = (
    Terms(
        enforced=False, burst=4000, rate_s=400, connections=1_000_000, purse_burst=1000,
        purse_rate_s=100, slowed=64, slow_s=0.25, slow_most_s=1, tarpit_s=0, head_s=10, idle_s=75,
    ),
    Terms(
        enforced=True, burst=1200, rate_s=60, connections=256, purse_burst=300,
        purse_rate_s=20, slowed=64, slow_s=0.25, slow_most_s=2, tarpit_s=0.5, head_s=6, idle_s=60,
    ),
    Terms(
        enforced=True, burst=320, rate_s=5, connections=64, purse_burst=120,
        purse_rate_s=6, slowed=24, slow_s=0.25, slow_most_s=4, tarpit_s=1, head_s=4, idle_s=30,
    ),
    Terms(
        enforced=True, burst=160, rate_s=3, connections=32, purse_burst=80,
        purse_rate_s=4, slowed=12, slow_s=0.5, slow_most_s=4, tarpit_s=2, head_s=3, idle_s=15,
    ),
)  # fmt: skip
