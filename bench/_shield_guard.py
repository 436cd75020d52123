"""What an edge's guard holds and costs when a million sources come: run alone, says one JSON line.

    python -m bench._shield_guard SOURCES

Each source comes once, under attack, asks for more than it may, sends garbage and leaves: so each
has refusals of its own to remember. Then, with the table full: what one call costs.
"""

from __future__ import annotations

import json
import os
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path

from rostra.ground.facts import ShieldSet
from rostra.shield.accounts import ACCOUNTS_MOST, Purse
from rostra.shield.guard import Guard
from rostra.shield.terms import BY_PRESSURE

EACH_SECOND = 50_000  # sources of one tally
_CALLS = 20_000
_TALLIES = 5


def rss_mib() -> float:
    """Of this process, now."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 2**20


def source(number: int) -> bytes:
    """A different IPv4 address each, spread over all networks."""
    return (number * 2_654_435_761 % 2**32).to_bytes(4)


def come(guard: Guard, number: int, now: float) -> None:
    """One source, once."""
    purse = guard.connected(source(number), now)
    if purse is not None:
        guard.ask(purse, 2 * BY_PRESSURE[2].burst, now)
        guard.broke(purse, 5.0, "garbage")
        guard.closed(purse)


def each_us(call: Callable[[int], object], calls: int = _CALLS) -> float:
    """Microseconds of one call."""
    began = time.perf_counter()
    for number in range(calls):
        call(number)
    return (time.perf_counter() - began) / calls * 1e6


def main(sources: int) -> dict[str, float]:
    """All figures by name."""
    guard, now = Guard(), 1000.0
    guard.handle(ShieldSet(at_ms=0, pressure=2))
    before, tallies_ms, tenth = rss_mib(), [], 0.0
    for number in range(sources):
        come(guard, number, now)
        if number % EACH_SECOND == EACH_SECOND - 1:
            now += 1
            began = time.perf_counter()
            guard.tally(1.0)
            tallies_ms.append((time.perf_counter() - began) * 1000)
        if number == sources // 10:
            tenth = rss_mib() - before
    grown = rss_mib() - before
    last = sources
    figures = {
        "before_mib": before,
        "tenth_mib": tenth,
        "grown_mib": grown,
        "tally_ms": max(tallies_ms, default=0.0),
    }
    # The table is full: a new source takes the place of another.
    figures["connected_new_us"] = each_us(lambda n: guard.connected(source(last + n), now))
    purses: list[Purse] = []

    def connect_again(number: int) -> None:
        purse = guard.connected(source(last + number), now)
        assert purse is not None
        purses.append(purse)

    figures["connected_known_us"] = each_us(connect_again)
    figures["ask_us"] = each_us(lambda n: guard.ask(purses[n], 1.0, now))
    figures["refused_us"] = each_us(lambda n: guard.ask(purses[n], 1000.0, now))
    figures["vouch_us"] = each_us(lambda n: guard.vouch(purses[n].account, None))
    figures["closed_us"] = each_us(lambda n: guard.closed(purses[n]))
    # The worst second: every source of the table was refused something.
    worst = []
    for turn in range(_TALLIES):
        for number in range(ACCOUNTS_MOST):
            come(guard, 2 * last + turn * ACCOUNTS_MOST + number, now)
        began = time.perf_counter()
        guard.tally(1.0)
        worst.append((time.perf_counter() - began) * 1000)
    figures["tally_full_ms"] = sorted(worst)[_TALLIES // 2]
    return figures


if __name__ == "__main__":
    os.nice(5)
    print(json.dumps(main(int(sys.argv[1]))))
