"""Paths: which attackers are found and after how many requests, and what following costs.

Walks that were not learnt from (tests/shield/walkers.py) are judged by the model that comes with
Rostra. Then one step is timed, alone and as part of a hot-path request in this process; and two
edges that are under attack are asked for the playlist by wrk, one of which follows all connections.
"""

from __future__ import annotations

import random
import shutil
import statistics
import sys
import time
from collections.abc import Callable
from typing import Any

from tests.shield.walkers import (
    Steps,
    flood,
    hammering,
    hastened,
    mimic,
    players,
    recorded,
    strange_after,
    walk_of,
)

from bench.edge_throughput import PLAYLIST, free_port, measure, pass_token, pinned
from rostra.shield.path import BY_NAME, Automaton, Walk, class_of
from rostra.shield.path_model import automaton_of
from rostra.shield.paths_io import came

Row = dict[str, Any]
SEED = 7  # learn_paths.py has others
FAR_S = (0.003, 0.012, 0.035, 0.09, 0.25, 0.7)
EACH = 100
FLOODS: dict[str, tuple[tuple[str, ...], tuple[float, ...]]] = {
    "playlist flood": (("playlist",), (100, 20, 5)),
    "state flood": (("state", "state", "page"), (20, 5, 2.5)),
    "cache busting": (("page", "state", "playlist", "playlist", "asset", "asset"), (20, 5)),
    "ticket flood": (("ticket",), (20, 5, 1)),
}
MIMICS = (100, 40, 20, 10, 6)
HASTE = (10, 5, 3, 2)


def _row(name: str, walks: list[Steps], automaton: Automaton, honest: bool = False) -> Row:
    after = [number for walk in walks if (number := strange_after(walk, automaton))]
    share = len(after) / len(walks)
    row: Row = {
        "name": name,
        "value": round(share, 3),
        "unit": f"of {len(walks):,} walks found strange",
    }
    if honest:
        row |= {"aim": "0", "met": not after}
    elif after:
        row |= {"peer": "requests until half of these are found", "peer_value": _median(after)}
    return row


def _median(numbers: list[int]) -> int:
    return round(statistics.median(numbers))


def _detection(quick: bool) -> list[Row]:
    automaton, chance = automaton_of(came()[0]), random.Random(SEED)
    honest = [(n, w) for n, walks in players(SEED, FAR_S, 2 if quick else 6) for w in walks]
    found = [
        _row("listeners, whatever happens to them", [w for _, w in honest], automaton, True),
        _row("people who press back 40 times", hammering(SEED, FAR_S), automaton, True),
        _row(
            "browsers (these were learnt; see tests/shield/test_path.py)",
            [walk_of(text, chance) for each in recorded().values() for text in each],
            automaton,
            True,
        ),
    ]
    for name, (names, rates) in FLOODS.items():
        for rate in rates:
            walks = [flood(chance, names, 1 / rate) for _ in range(EACH)]
            found.append(_row(f"{name}, {rate:g} a second and connection", walks, automaton))
    for rate in MIMICS:
        walks = [mimic(chance, 1 / rate) for _ in range(EACH)]
        found.append(_row(f"mimic, {rate:g} a second and connection", walks, automaton))
    for times in HASTE:
        for name, rungs in (("0 and 1", (0, 1)), ("2 and 3", (2, 3))):
            calm = [w for n, w in honest if n == "calm" and _rung(w) in rungs]
            walks = [hastened(walk, times) for walk in calm]
            found.append(_row(f"a listener at rungs {name}, {times} x as fast", walks, automaton))
    return found


def _rung(walk: Steps) -> int:
    """Roughly: who asks for a playlist more than once a second is at 0 or 1."""
    asked = sum(what == BY_NAME["playlist"] for _, what in walk)
    return 0 if asked > 0.4 * (walk[-1][0] - walk[0][0]) else 2


def _ns(act: Callable[[], None], times: int) -> float:
    """Of one call; the best of five rounds."""
    best = float("inf")
    for _ in range(5):
        began = time.perf_counter_ns()
        for _ in range(times):
            act()
        best = min(best, (time.perf_counter_ns() - began) / times)
    return best


def _steps(quick: bool) -> list[Row]:
    times = 20_000 if quick else 200_000
    walk, now, media = Walk(automaton_of(came()[0])), time.monotonic, BY_NAME["media"]
    target = PLAYLIST.encode()

    def nothing() -> None:
        pass

    idle = _ns(nothing, times)
    return [
        {
            "name": "a step of a walk, with the clock",
            "value": round(_ns(lambda: _void(walk.step(media, now())), times) - idle),
            "unit": "ns",
        },
        {
            "name": "the class of a target (not on the hot path)",
            "value": round(_ns(lambda: _void(class_of(target)), times) - idle),
            "unit": "ns",
        },
    ]


def _void(_: object) -> None:
    pass


def _edges(quick: bool) -> list[Row]:
    if not shutil.which("wrk"):
        return [{"name": "edges", "peer": "wrk is not installed"}]
    runs, seconds = (1, 3) if quick else (7, 6)
    cookie = {"Cookie": f"rostra_pass={pass_token()}"}
    ports = {how: free_port() for how in ("followed", "pressed")}
    command = [sys.executable, "-m", "bench.edge_throughput"]
    figures: dict[str, list[float]] = {how: [] for how in ports}
    with (
        pinned([*command, str(ports["followed"]), "passes", "followed"], ports["followed"]) as one,
        pinned([*command, str(ports["pressed"]), "passes", "pressed"], ports["pressed"]) as other,
    ):
        for _ in range(runs):
            for how, pid in (("followed", one), ("pressed", other)):
                per_cpu_s, _ = measure(pid, ports[how], PLAYLIST, 200, seconds, cookie)
                figures[how].append(per_cpu_s)
    value, peer = (statistics.median(figures[how]) for how in ("followed", "pressed"))
    return [
        {
            "name": "edge under attack, 1 KiB playlist, all connections followed",
            "value": round(value),
            "unit": "requests / server CPU-s",
            "peer": "nobody followed",
            "peer_value": round(peer),
            "ratio": round(value / peer, 3),
            "aim": "ratio ≥ 0.9",
            "met": value >= 0.9 * peer,
        },
        {
            "name": "that is, for one request",
            "value": round(1e9 / value - 1e9 / peer),
            "unit": f"ns more, of {1e9 / peer:,.0f}",
        },
    ]


def rows(quick: bool) -> list[Row]:
    """Detection, then cost."""
    return _detection(quick) + _steps(quick) + _edges(quick)
