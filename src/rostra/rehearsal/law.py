"""The page's law of asking again (web/src/ground/retry.ts), for listeners who are none."""

from __future__ import annotations

from typing import Protocol


class Chance(Protocol):
    """Where chances come from: `random.Random`, seeded by the run."""

    def random(self) -> float: ...


def backoff_s(
    attempt: int, chance: Chance, floor_s: float = 0.5, cap_s: float = 8.0, over_s: float = 0.0
) -> float:
    """Exponential back-off with full jitter: from `floor_s` to the doubling ceiling.

    `over_s`: a crowd that fails in one moment is spread over so long at least.
    """
    doubled = floor_s * 2.0 ** (min(max(0, attempt), 30) + 1)
    ceiling = min(cap_s, max(floor_s + over_s, doubled))
    return floor_s + chance.random() * (ceiling - floor_s)


def player_again_s(attempt: int, chance: Chance) -> float:
    """How long the player waits before it loads again (web/src/audience/recovery.ts)."""
    return backoff_s(attempt, chance, 0.5, 8.0, 1.0)


def spread_s(interval_s: float, chance: Chance) -> float:
    """A regular interval, spread by ±20 %."""
    return interval_s * (0.8 + 0.4 * chance.random())


def obeyed_s(asked_s: float | None, chance: Chance) -> float:
    """What `Retry-After` asked for (ten minutes at most), and up to two fifths more."""
    return min(600.0, max(0.0, asked_s or 0.0)) * (1 + 0.4 * chance.random())


def engine_retry_s(base_s: float, tries: int) -> float:
    """How long hls.js waits before it repeats a request; `base_s` as web/src/audience/deck.ts."""
    return min(8.0, base_s * 2.0 ** min(tries, 30))
