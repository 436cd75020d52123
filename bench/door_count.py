"""The count against the truth: simulated listeners over four edges, counted as control counts them.

Everyone renews a pass each 60 s and fetches; 20 % have a second tab, mostly on another edge; one in
ten sends no proof (a browser's own player). People come and go all the time: within an hour 10 %
vanish without a word and 10 % say goodbye, and as many come. Two truths: who listens by the
definition (renewed within 90 s, no goodbye), and who really listens in that second.
The count runs in a process of its own, fed by a pipe, so that its memory and time are its own.
"""

from __future__ import annotations

import ctypes
import json
import statistics
import struct
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from rostra.admission import distinct
from rostra.admission.audience import LISTENING_S, Audience
from rostra.ground.door_values import DoorTally

EDGES = 4
RENEW_S, FETCH_S = 60, 20
UNTIL_S = 260
INSTANTS = (140, 180, 220, 259)
SHARE_TABS, SHARE_SILENT, SHARE_GOODBYE, SHARE_NATIVE = 0.2, 0.1, 0.1, 0.1
HOUR_S = 3600
# listeners: runs, and runs with --quick
SIZES = {100: (30, 5), 10_000: (20, 3), 100_000: (20, 2), 1_000_000: (4, 1)}
_FRAME = struct.Struct(">dI")
_MANY = 65_536


class Evening:
    """One simulated audience. Arrays hold a row for each person or each tab."""

    def __init__(self, size: int, seed: int, all_drop_at: int | None = None) -> None:
        chance = np.random.default_rng(seed)
        coming = int(size * (SHARE_SILENT + SHARE_GOODBYE) * UNTIL_S / HOUR_S)
        people = size + coming
        self.names = chance.integers(0, 2**64, people, np.uint64)
        self.native = chance.random(people) < SHARE_NATIVE
        self.joined = -chance.integers(0, HOUR_S, people)
        self.joined[size:] = chance.integers(0, UNTIL_S, coming)
        fate = chance.random(people)
        leaves = fate < SHARE_SILENT + SHARE_GOODBYE
        self.silent = fate < SHARE_SILENT
        # Everyone who is here leaves within the hour that has just begun, if at all.
        when = np.maximum(chance.integers(0, HOUR_S, people), self.joined + 1)
        self.ended = np.where(leaves, when, 10 * HOUR_S)
        if all_drop_at is not None:
            self.ended[self.silent] = all_drop_at
        second = np.flatnonzero(chance.random(people) < SHARE_TABS)
        self.person = np.concatenate([np.arange(people), second])
        self.edge = chance.integers(0, EDGES, len(self.person))
        late = chance.integers(0, RENEW_S, len(second))  # the second tab is opened a little later
        self.start = np.concatenate([self.joined, self.joined[second] + late])
        self.renewed = np.full(people, -np.inf)
        self.gone = np.zeros(people, bool)

    def second(self, now: int) -> list[DoorTally]:
        """What each edge tells of this second; keeps the definition's truth beside it."""
        here = (self.start <= now) & (now < self.ended[self.person])
        age = now - self.start
        renews = here & (age % RENEW_S == 0)
        fetches = here & (age % FETCH_S == 0)
        leaves = (self.ended[self.person] == now) & ~self.silent[self.person] & (self.start <= now)
        self.renewed[self.person[renews]] = now
        self.gone[self.person[leaves]] = True
        tallies = []
        for edge in range(EDGES):
            mine = self.edge == edge
            renewed = self.person[mine & renews]
            # The first pass is had for a ticket, with no proof yet.
            proven = self.person[mine & renews & (age > 0)]
            tallies.append(
                DoorTally(
                    run=f"edge-{edge}",
                    issued=0,
                    chain=b"",
                    sequence=0,
                    granted=0,
                    renewed=self._wire(renewed),
                    proven=self._wire(proven[~self.native[proven]]),
                    fetched=self._wire(self.person[mine & fetches]),
                    left=self._wire(self.person[mine & leaves]),
                )
            )
        return tallies

    def truth(self, now: int) -> tuple[int, int]:
        """Who listens by the definition, and who really does."""
        defined = (self.renewed >= now - LISTENING_S) & ~self.gone
        return int(defined.sum()), int(((self.joined <= now) & (now < self.ended)).sum())

    def _wire(self, people: Any) -> bytes:
        raw = self.names[people].astype(">u8").tobytes()
        return distinct.of(raw[at : at + 8] for at in range(0, len(raw), 8))


class Counter:
    """The counting process."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "bench.door_count"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        assert self._process.stdin is not None and self._process.stdout is not None
        self._in, self._out = self._process.stdin, self._process.stdout

    def heard(self, tally: DoorTally, now: float) -> None:
        raw = msgspec.msgpack.encode(tally)
        self._in.write(_FRAME.pack(now, len(raw)) + raw)

    def counts(self, now: float) -> dict[str, Any]:
        self._in.write(_FRAME.pack(now, 0))
        self._in.flush()
        counts: dict[str, Any] = json.loads(self._out.readline())
        return counts

    def close(self) -> None:
        self._in.close()
        self._process.wait(timeout=30)


def memory_kb() -> int:
    """What this process has in memory now."""
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0])


def count() -> None:
    """The child: hear tallies from standard input, answer with the counts."""
    audience = Audience()
    decoder = msgspec.msgpack.Decoder(DoorTally)
    # What the imports freed would hide what the count takes.
    ctypes.CDLL(None).malloc_trim(0)
    begun = memory_kb()
    spent, seconds = 0.0, set()
    while len(head := sys.stdin.buffer.read(_FRAME.size)) == _FRAME.size:
        now, size = _FRAME.unpack(head)
        tally = decoder.decode(sys.stdin.buffer.read(size)) if size else None
        seconds.add(now)
        before = time.process_time()
        if tally is not None:
            audience.heard(tally, now)
            spent += time.process_time() - before
            continue
        counts = audience.counts(now)
        once = time.process_time() - before
        told = {
            "counts": msgspec.to_builtins(counts),
            "heard_ms": 1000 * spent / len(seconds),
            "counts_ms": 1000 * once,
            "memory_mb": (memory_kb() - begun) / 1024,
        }
        print(json.dumps(told), flush=True)


def measure(size: int, seed: int) -> list[dict[str, Any]]:
    """One evening: at each instant the number shown, and both truths."""
    evening, counter, found = Evening(size, seed), Counter(), []
    try:
        for now in range(UNTIL_S):
            for tally in evening.second(now):
                counter.heard(tally, now)
            if now in INSTANTS:
                told = counter.counts(now)
                shown = told["counts"]["listening"]
                defined, really = evening.truth(now)
                bar = (shown["high"] - shown["low"]) / 2
                found.append(
                    told
                    | {
                        "error": abs(shown["value"] - defined) / defined,
                        "really": abs(shown["value"] - really) / really,
                        "bar": bar / defined,
                        "within": shown["low"] <= defined <= shown["high"],
                    }
                )
    finally:
        counter.close()
    return found


def forgetting(size: int = 10_000) -> int:
    """Seconds until the number is right to 1 % after 10 % dropped silently in one second."""
    drop = 150
    evening, counter = Evening(size, 1, all_drop_at=drop), Counter()
    try:
        for now in range(UNTIL_S):
            for tally in evening.second(now):
                counter.heard(tally, now)
            if now >= drop:
                _, really = evening.truth(now)
                shown = counter.counts(now)["counts"]["listening"]["value"]
                if abs(shown - really) <= 0.01 * really:
                    return now - drop
    finally:
        counter.close()
    return UNTIL_S - drop


def rows(quick: bool = False) -> list[dict[str, Any]]:
    """Error, error bar, memory and time for each size."""
    found: list[dict[str, Any]] = []

    def add(name: str, value: float, unit: str, aim: str = "", met: bool | None = None) -> None:
        found.append({"name": name, "value": value, "unit": unit, "aim": aim, "met": met})

    for size, runs in SIZES.items():
        seen = [one for seed in range(runs[quick]) for one in measure(size, seed + 1)]
        who = f"{size:,} listeners"
        exact = size <= _MANY
        worst = 100 * max(one["error"] for one in seen)
        bar = 100 * statistics.fmean(one["bar"] for one in seen)
        share = 100 * statistics.fmean(one["within"] for one in seen)
        most = 0.0 if exact else 1.0
        add(
            f"{who}: largest error by the definition, {len(seen)} instants of {runs[quick]} runs",
            worst,
            "%",
            "exact" if exact else "≤ 1",
            worst <= most,
        )
        add(f"{who}: error bar shown (±)", bar, "%")
        add(f"{who}: instants with the truth within the bar", share, "%", "≥ 95", share >= 95)
        late = 100 * statistics.fmean(one["really"] for one in seen)
        add(f"{who}: mean error against that very second", late, "%", "≤ 1", late <= 1)
        most_late = 100 * max(one["really"] for one in seen)
        add(f"{who}: largest error against that very second", most_late, "%")
        add(f"{who}: memory of the count", max(one["memory_mb"] for one in seen), "MiB")
        add(
            f"{who}: CPU of the count a second (four tallies, one count)",
            statistics.median(one["heard_ms"] + one["counts_ms"] for one in seen),
            "ms",
        )
    add("10 % drop silently at once: until the number is right to 1 %", forgetting(), "s", "≤ 90")
    found[-1]["met"] = found[-1]["value"] <= LISTENING_S
    return found


if __name__ == "__main__":
    count()
