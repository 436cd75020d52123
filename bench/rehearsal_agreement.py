"""A simulated night against the same night rehearsed: the same script, seed, people and house.

A real house with two edges, its door closed until twenty seconds before the start, and a crowd that
comes within half a minute, so that most wait for their turn at the pace that the house measured for
itself. The simulation is given that capacity and, as from a certificate, the cost of a request: the
one with which the smallest crowd's work is the same; larger crowds are then predicted. It is also
given what is the machine's and not the night's: the edges' lag second by second (house and crowd
share the machine), and the moment when the doors were in truth opened.
"""

from __future__ import annotations

import asyncio
import os
import resource
import secrets
import shutil
import tempfile
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from tests.live.conftest import House, end_house, free_ports, start_house

from rostra.admission.capacity import Capacity
from rostra.rehearsal import simulate_io
from rostra.rehearsal.acts_io import AHEAD_S
from rostra.rehearsal.coordinator_io import Coordinator
from rostra.rehearsal.findings import GENERATOR_LATE_MOST_MS, NightFound
from rostra.rehearsal.house_io import HouseAtHand
from rostra.rehearsal.night_told_io import House as Supposed
from rostra.rehearsal.night_told_io import found
from rostra.rehearsal.run_io import At, Conductor
from rostra.rehearsal.script import Script, Shares, Stay
from rostra.rehearsal.waves import Wave
from rostra.rehearsal.wish import Wish

Row = dict[str, Any]
CROWDS = (1_000, 5_000, 20_000)
DOORS_S, RUSH_S = -20.0, 10.0
LISTEN_S = 20.0  # after the last was let in
LISTENERS_EACH = 12_000  # of one generator; more than one has sockets for more
ERROR_MOST, BUSY_ERROR_MOST = 0.15, 0.15
CLOSE_S = 1.5  # the simulation's second, and half of one in the house


class Real(msgspec.Struct, frozen=True, kw_only=True):
    """A rehearsed night. `read`: seconds from T0, cores that all edges used, and their lag (ms)."""

    night: NightFound
    capacity: Capacity
    read: list[tuple[float, float, float]]
    opened_s: float  # when somebody was called for the first time
    void: str


def script(people: int, joins_s: float) -> Script:
    """Nobody leaves before the end, which comes when all are in."""
    lasts_s = max(40.0, people / joins_s * 1.25 + LISTEN_S)
    return Script(
        name="agreement",
        waves=(
            Wave(kind="even", share=0.5, values={"from_s": -30.0, "until_s": 0.0}),
            Wave(
                kind="spike",
                share=0.5,
                values={"at_s": 0.0, "rise_s": RUSH_S / 2, "fall_s": RUSH_S},
            ),
        ),
        listeners=people,
        doors_s=DOORS_S,
        not_before_s=-30.0,
        ends_s=lasts_s,
        stay=Stay(to_end=1.0),
        shares=Shares(),
    )


async def _rehearse(house: House, people: int) -> Real:
    at = At(
        control_url=house.control,
        operator_key=house.operator_key,
        run_dir=house.data / "run",
        cores=float(os.cpu_count() or 1),
    )
    # The house's own measurement, from any event's door.
    event = house.create("Capacity")
    door = house.api("GET", f"/api/events/{event['id']}/door")
    house.api("POST", f"/api/events/{event['id']}/cancel")
    capacity = msgspec.convert(door["capacity"], Capacity)
    night_script = script(people, capacity.joins_s)
    wish = Wish(
        listeners=people,
        minutes=15,
        script=night_script,
        only_script=True,
        faults=False,
        processes=-(-people // LISTENERS_EACH),
    )
    async with AsyncExitStack() as stack:
        at_hand = await stack.enter_async_context(HouseAtHand(at.control_url, at.operator_key))
        crowd = Coordinator("127.0.0.1", 0, secrets.token_urlsafe(24))
        await crowd.start()
        stack.push_async_callback(crowd.close)
        told_s: list[float] = []  # when the people were told to come
        conductor = Conductor(
            wish,
            at,
            at_hand,
            crowd,
            lambda progress: (
                told_s.append(conductor.watch.now()) if "people come" in progress.says else None
            ),
        )
        stack.push_async_callback(conductor.withdraw)
        outcome = await conductor.run(stack)
        night = outcome.findings.night
        if night is None:
            raise RuntimeError(f"{people:,} people: no night ({outcome.findings.cut_short})")
        zero_s = told_s[0] + AHEAD_S - night_script.begins_s
        read = [
            (
                at_s - zero_s,
                sum(edge.cpu for edge in reading.edges),
                max((edge.loop_lag_p99_ms for edge in reading.edges), default=0.0),
            )
            for at_s, reading in conductor.watch.read
        ]
        called_s = [at_s for at_s, one in conductor.watch.read if one.admitted > 0]
        return Real(
            opened_s=min(called_s, default=0.0) - zero_s,
            night=night,
            capacity=capacity,
            read=read,
            void=outcome.findings.void
            or outcome.findings.cut_short
            or _void([one.all.loop_lag_ms for one in conductor.watch.told]),
        )


def _void(lags_ms: list[float]) -> str:
    """Whether the crowd itself was late in more than one second of twenty."""
    late = sum(lag_ms > GENERATOR_LATE_MOST_MS for lag_ms in lags_ms)
    return "generator_late" if late * 20 > len(lags_ms) else ""


def rehearsed(people: int) -> Real:
    """The night on a house of its own."""
    folder = Path(tempfile.mkdtemp(prefix="rostra-"))
    first, second, third = free_ports(3)
    house = start_house(folder / "data", (first, second, third))
    try:
        return asyncio.run(_rehearse(house, people))
    finally:
        end_house(house)
        shutil.rmtree(folder, ignore_errors=True)


def simulated(people: int, real: Real, request_us: float) -> NightFound:
    """The same night as the simulation has it."""
    files = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    cores = os.cpu_count() or 1
    supposed: Supposed = msgspec.structs.replace(
        simulate_io.assumed(cores, files, request_us), capacity=real.capacity
    )
    night = msgspec.structs.replace(
        script(people, real.capacity.joins_s), doors_s=float(round(real.opened_s))
    )
    lags = {round(at_s): lag_ms for at_s, _, lag_ms in real.read}
    evening = simulate_io.simulate(
        night,
        people,
        supposed.capacity,
        supposed.costs,
        lag_ms=lambda at_s: lags.get(at_s, lags.get(at_s - 1, 0.0)),
    )
    return found(night, supposed, evening, 0.0).night


def mean_wait_s(night: NightFound) -> float:
    """Mean wait for the pass, by Little's law: people-seconds in the line for each who came."""
    return sum(night.series["waiting"]) / max(1, night.people)


def _cores(real: Real) -> float:
    """Mean over the night."""
    used = [
        cores for at_s, cores, _ in real.read if DOORS_S <= at_s <= real.night.series["at_s"][-1]
    ]
    return float(np.mean(used)) if used else 0.0


def _cores_simulated(night: NightFound) -> float:
    series = night.series
    used = [
        busy for at_s, busy in zip(series["at_s"], series["busy"], strict=True) if at_s >= DOORS_S
    ]
    return float(np.mean(used)) * (os.cpu_count() or 1)


def calibrated_us(people: int, real: Real) -> float:
    """The cost of a request that gives the simulation the work that was measured."""
    request_us = simulate_io.ASSUMED_REQUEST_US
    for _ in range(4):
        request_us *= _cores(real) / _cores_simulated(simulated(people, real, request_us))
    return request_us


def _compared(name: str, unit: str, simulated_: float, real: float, most: float | None) -> Row:
    error = (simulated_ - real) / real if real else 0.0
    row: Row = {
        "name": name,
        "value": round(simulated_, 3),
        "unit": unit,
        "peer": "rehearsed",
        "peer_value": round(real, 3),
        "ratio": round(1 + error, 3),
    }
    if most is not None:
        near = unit == "s" and abs(simulated_ - real) <= CLOSE_S
        aim = f"within {most:.0%}" + (f" or {CLOSE_S:g} s" if unit == "s" else "")
        row |= {"aim": aim, "met": near or abs(error) <= most}
    return row


def rows(quick: bool) -> list[Row]:
    """Admission times and work, simulated and rehearsed, for each crowd."""
    told: list[Row] = []
    request_us = 0.0
    for people in CROWDS[:1] if quick else CROWDS:
        real = rehearsed(people)
        if not request_us:
            request_us = calibrated_us(people, real)
            told.append(
                {"name": "a request, by the smallest crowd", "value": request_us, "unit": "CPU-µs"}
            )
        night, there = simulated(people, real, request_us), real.night
        what = f"{people:,} people" + (f" (void: {real.void})" if real.void else "")
        told += [
            _compared(
                f"{what}: mean wait", "s", mean_wait_s(night), mean_wait_s(there), ERROR_MOST
            ),
            _compared(f"{what}: wait p50", "s", night.admit_p50_s, there.admit_p50_s, ERROR_MOST),
            _compared(f"{what}: wait p90", "s", night.admit_p90_s, there.admit_p90_s, ERROR_MOST),
            _compared(f"{what}: wait p99", "s", night.admit_p99_s, there.admit_p99_s, ERROR_MOST),
            _compared(f"{what}: let in", "people", night.joined, there.joined, None),
            _compared(
                f"{what}: cores that the edges use, mean",
                "cores" if people > CROWDS[0] else "cores (calibrated here)",
                _cores_simulated(night),
                _cores(real),
                BUSY_ERROR_MOST if people > CROWDS[0] else None,
            ),
        ]
    return told
