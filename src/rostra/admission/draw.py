"""The draw: a commitment before, a seed at doors-open, and the rank that anyone can recompute."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

from rostra.ground.door_values import Covered

COHORT_S = 10
FRACTION_BITS = 32
NO_CHAIN = bytes(32)  # where an edge's chain begins
_COHORT_MOST = (1 << 21) - 1  # ranks stay whole numbers in JSON (53 bits, RFC 8259 6)


def commitment(secret: bytes) -> bytes:
    """What is published when the event is created; `secret`: 32 random bytes."""
    return hashlib.sha256(b"rostra commitment\0" + secret).digest()


def chained(chain: bytes, ticket_id: str) -> bytes:
    """An edge's running hash after it issued one more ticket; begins with `NO_CHAIN`."""
    return hashlib.sha256(chain + ticket_id.encode()).digest()


def covered_lines(covered: Iterable[Covered]) -> str:
    """What the digest is made of: a line `edge run issued chain` each, ordered by edge and run."""
    ordered = sorted(covered, key=lambda row: (row.edge, row.run))
    return "".join(f"{row.edge} {row.run} {row.issued} {row.chain}\n" for row in ordered)


def digest(covered: Iterable[Covered]) -> bytes:
    """SHA-256 of all that the edges had issued when the doors opened."""
    return hashlib.sha256(b"rostra covered\0" + covered_lines(covered).encode()).digest()


def seed(secret: bytes, covered: Iterable[Covered]) -> bytes:
    """What fractions are drawn with: nobody knows it before the doors open."""
    return hashlib.sha256(b"rostra seed\0" + secret + digest(covered)).digest()


def cohort(arrived_s: int, opened_at_s: int) -> int:
    """0 for everyone before the doors opened (Unix seconds), then one more each `COHORT_S`."""
    if arrived_s < opened_at_s:
        return 0
    return min(1 + (arrived_s - opened_at_s) // COHORT_S, _COHORT_MOST)


def fraction(seed: bytes, ticket_id: str) -> int:
    """Where a ticket stands within its cohort: 32 bits."""
    return int.from_bytes(
        hashlib.sha256(b"rostra rank\0" + seed + ticket_id.encode()).digest()[:4], "big"
    )


def rank(arrived_s: int, opened_at_s: int, seed: bytes, ticket_id: str) -> int:
    """Where a ticket stands: cohort × 2³² + fraction; the smaller, the earlier."""
    return cohort(arrived_s, opened_at_s) << FRACTION_BITS | fraction(seed, ticket_id)
