"""What a virtual listener costs its generator: requests a second and listeners a core, by rung.

A real house with its edge on the first core, one generator on the last; an event on air, the crowd
steady. The peers on the same edge: wrk, which follows no law and keeps no buffer: the least that
any generator could cost; and Locust (FastHttpUser), whose users run our listeners' own law, in a
crowd that it can carry. At the end as many listeners as three generators may open; they wait.
"""

from __future__ import annotations

import contextlib
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import uvloop
from tests.live.conftest import House, end_house, free_ports, start_house, until

from bench._rehearsal_locust import NoLocust, crowd_of, version
from bench.edge_throughput import BROWSER, cpu_s
from rostra.rehearsal.coordinator_io import Coordinator
from rostra.rehearsal.findings import GENERATOR_CPU_MOST
from rostra.rehearsal.limits import listeners_each
from rostra.rehearsal.orders import Begin, Come, Person, Second

Row = dict[str, Any]
AIM_REQUESTS_S = 20_000
AIM_AT_ONCE = 50_000
LOCUST_CROWDS = {0: 400, 2: 1_500}  # by rung: about half a core of Locust
_SPREAD_S = 12.0
_SETTLED_S = 6
_HOLD_S = 8
_CHANGED_S = 12  # after a rung, until everybody plays the next
_FIRST, _LAST = {0}, {(os.cpu_count() or 2) - 1}


@contextlib.contextmanager
def _on(cores: set[int]) -> Any:
    """What is started meanwhile runs on these cores."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cores)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


@contextlib.asynccontextmanager
async def _run(
    house: House, processes: int, listeners: int, live: bool
) -> AsyncIterator[tuple[Any, Any]]:
    coordinator = Coordinator()
    await coordinator.start()
    try:
        await coordinator.spawn(processes, frozenset(_LAST))
        hellos = await coordinator.workers(processes, 60)
        wish = {
            "generators": [hello.key for hello in hellos],
            "listeners": listeners,
            "requests_s": 100 * listeners,
            "minutes": 10,
            "faults": False,
        }
        allowed = house.api("POST", "/api/rehearsals", wish)
        event = allowed["event_id"]
        if live:
            house.api("POST", f"/api/events/{event}/door", {"open_all": True, "rung": 0})
            house.api("POST", f"/api/events/{event}/go-live")
        else:
            house.api("POST", f"/api/events/{event}/door", {"hold": True})
            house.api("POST", f"/api/events/{event}/open-doors")
        await coordinator.begin(
            lambda index, _: Begin(
                run=allowed["run"],
                origin=house.audience,
                page=allowed["page"],
                token=allowed["token"],
                share=(index, processes),
                seed=1,
                sources=tuple(f"127.1.{index}.{1 + place}" for place in range(2)),
            )
        )
        await coordinator.zero(0.5)
        yield coordinator, event
        await coordinator.end()
        house.api("POST", f"/api/rehearsals/{allowed['run']}/withdraw")
    finally:
        await coordinator.close()


async def _watch(coordinator: Coordinator, from_s: float, to_s: float) -> list[Second]:
    found = []
    async for second in coordinator.seconds():
        if second.at_s > from_s:
            found.append(second.all)
        if second.at_s >= to_s:
            break
    return found


def _people(first: int, count: int, at_s: float, over_s: float) -> Come:
    return Come(
        people=tuple(
            Person(number=first + n, at_s=at_s + n * over_s / count, stay_s=1e6)
            for n in range(count)
        )
    )


def _found(rung: int, crowd: int, seconds: Sequence[Second], edge_s: float) -> dict[str, float]:
    cpu = statistics.fmean(s.cpu_fraction for s in seconds)
    # A mean, as of the CPU: segments of 4 s are asked for in bursts.
    requests = statistics.fmean(sum(s.requests.values()) for s in seconds)
    return {
        "rung": rung,
        "requests": requests,
        "us": 1e6 * cpu / max(1, requests),
        "a_core": crowd * GENERATOR_CPU_MOST / cpu,
        "edge": edge_s / len(seconds),
        "cpu": cpu,
        "stalled": max(s.stalled for s in seconds) / crowd,
        "failed": sum(sum(s.failures.values()) for s in seconds),
    }


async def _by_rung(house: House, crowd: int, rungs: Sequence[int]) -> list[dict[str, float]]:
    pid = house.pid("edge-0")
    found = []
    async with _run(house, 1, crowd, True) as (coordinator, event):
        await coordinator.send(_people(0, crowd, 0.5, _SPREAD_S))
        at_s = 0.5 + _SPREAD_S + _SETTLED_S
        for rung in rungs:
            house.api("POST", f"/api/events/{event}/door", {"rung": rung})
            await _watch(coordinator, at_s - 1, at_s)
            before = cpu_s(pid)
            seconds = await _watch(coordinator, at_s, at_s + _HOLD_S)
            found.append(_found(rung, crowd, seconds, cpu_s(pid) - before))
            at_s += _HOLD_S + _CHANGED_S
    return found


def _locust(house: House, crowd: int, rung: int) -> dict[str, float]:
    """As `_by_rung`, by Locust at one rung. Raises NoLocust."""
    pid = house.pid("edge-0")
    wait_s = _SPREAD_S + _SETTLED_S
    with crowd_of(house, crowd, rung, _SPREAD_S, wait_s + _HOLD_S + 10, *_LAST) as told:
        while next(told).at_s < wait_s:
            pass
        before = cpu_s(pid)
        seconds = [next(told) for _ in range(_HOLD_S)]
        found = _found(rung, crowd, seconds, cpu_s(pid) - before)
    if found["cpu"] > GENERATOR_CPU_MOST:
        raise NoLocust(f"{crowd:,} listeners were more than it can drive on this core")
    return found


async def _most(house: House, processes: int) -> tuple[int, list[Second]]:
    """As many as `processes` may open; all wait, so that the one core of the edges is enough."""
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    crowd = min(AIM_AT_ONCE, processes * listeners_each(limit))
    async with _run(house, processes, crowd, False) as (coordinator, _):
        over_s = crowd / 500  # a whole page each: less than that core can serve
        await coordinator.send(_people(0, crowd, 0.5, over_s))
        return crowd, await _watch(coordinator, over_s + 8, over_s + 24)


def _wrk(house: House, page: str) -> float:
    """CPU-µs of wrk for one request of the same edge."""
    headers = [part for name, value in BROWSER.items() for part in ("-H", f"{name}: {value}")]
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    address = f"http://127.0.0.1:{house.ports[0]}{page}/state.json"
    output = subprocess.run(
        ["taskset", "-c", str(*_LAST), "wrk", "-t1", "-c200", "-d4s", *headers, address],
        capture_output=True, text=True, check=True, timeout=60,
    ).stdout  # fmt: skip
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - used.ru_utime - used.ru_stime
    return 1e6 * cpu / int(output.split(" requests in ")[0].split()[-1])


@contextlib.contextmanager
def _house(edges: int) -> Any:
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    with tempfile.TemporaryDirectory(prefix="rostra-") as folder:
        config = Path(folder) / "rostra.toml"
        config.write_text(f"[edge]\nmax_connections = {limit - 600}\n")
        one, two, three = free_ports(3)
        with _on(_FIRST):
            house = start_house(
                Path(folder) / "data",
                (one, two, three),
                *("--edges", str(edges), "--config", str(config)),
            )
        try:
            yield house
        finally:
            end_house(house)


def _beside_locust(house: House) -> list[Row]:
    """Ours and Locust, one after the other, with the same crowds of the same law."""
    table: list[Row] = []
    for rung, crowd in LOCUST_CROWDS.items():
        at_rung = f"generator at rung {rung}, {crowd:,} listeners"
        what = f"{at_rung}: CPU of a request"
        try:
            peer = f"{version()} FastHttpUser, same law"
            (one,) = uvloop.run(_by_rung(house, crowd, [rung]))
            them = _locust(house, crowd, rung)
        except NoLocust as error:
            table.append({"name": what, "peer": f"Locust: not measured, {error}"})
            continue
        mine, theirs = (
            f"({found['requests'] / crowd:.2f} requests/s each, {found['cpu']:.0%} of a core, "
            f"stalled at most {found['stalled']:.2%}, {found['failed']:.0f} failed)"
            for found in (one, them)
        )
        table += [
            {
                "name": f"{what} {mine}",
                "value": round(one["us"], 1),
                "unit": "µs",
                "peer": f"{peer} {theirs}",
                "peer_value": round(them["us"], 1),
                "ratio": round(one["us"] / them["us"], 3),
            },
            {
                "name": f"{at_rung}: listeners a core at {GENERATOR_CPU_MOST:.0%} of it",
                "value": round(one["a_core"]),
                "unit": "listeners",
                "peer": peer,
                "peer_value": round(them["a_core"]),
                "ratio": round(one["a_core"] / them["a_core"], 1),
            },
        ]
    return table


def rows(quick: bool) -> list[Row]:
    """CPU-µs a request, requests a second and listeners a core by rung; the most at once."""
    crowd = 1_000 if quick else 3_000
    found: list[Row] = []
    with _house(1) as house:
        by_rung = uvloop.run(_by_rung(house, crowd, range(4)))
        event = house.create("Raw")
        until(lambda: house.state(event)["phase"] == "scheduled", "the page is there")
        raw = _wrk(house, f"/e/{event['id']}")
        beside = _beside_locust(house)
    for one in by_rung:
        at_rung = f"generator at rung {one['rung']:.0f}, {crowd:,} listeners"
        requests_s = 1e6 * GENERATOR_CPU_MOST / one["us"]
        found += [
            {
                "name": f"{at_rung}: requests a second of a process at "
                f"{GENERATOR_CPU_MOST:.0%} of a core",
                "value": round(requests_s),
                "unit": "requests / s",
                "aim": f"≥ {AIM_REQUESTS_S:,}",
                "met": requests_s >= AIM_REQUESTS_S,
            },
            {
                "name": f"{at_rung}: CPU of a request",
                "value": round(one["us"], 1),
                "unit": "µs",
                "peer": "wrk, state.json, no law, no buffer",
                "peer_value": round(raw, 1),
                "ratio": round(one["us"] / raw, 1),
            },
            {
                "name": f"{at_rung}: listeners a core ({one['requests'] / crowd:.2f} requests/s "
                f"each, edge at {one['edge']:.0%}, stalled at most {one['stalled']:.2%})",
                "value": round(one["a_core"]),
                "unit": "listeners",
                "peer": "wrk, as many requests of state.json",
                "peer_value": round(crowd / one["requests"] * 1e6 * GENERATOR_CPU_MOST / raw),
                "ratio": round(raw / one["us"], 2),
            },
        ]
    found += beside
    if not quick:
        with _house(4) as house:
            size, seconds = uvloop.run(_most(house, 3))
        here = min(min(s.here, s.sockets) for s in seconds)
        lost = sum(sum(s.failures.values()) for s in seconds)
        found.append(
            {
                "name": f"listeners of three processes at once, all waiting, of {size:,} ({lost:,} "
                f"requests failed, generators at {max(s.cpu_fraction for s in seconds):.0%} each, "
                f"{max(s.loop_lag_ms for s in seconds):.0f} ms late)",
                "value": here,
                "unit": "listeners",
                "aim": f"≥ {AIM_AT_ONCE:,}",
                "met": here >= AIM_AT_ONCE and lost == 0,
            }
        )
    return found


if __name__ == "__main__":
    began = time.monotonic()
    for row in rows("--quick" in sys.argv):
        print(row)
    print(f"{time.monotonic() - began:.0f} s", file=sys.stderr)
