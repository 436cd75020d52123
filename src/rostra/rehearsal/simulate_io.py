"""`rostra rehearse --simulate`: a script's night of any size, with no server and no network."""

from __future__ import annotations

import os
import resource
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

import msgspec
import numpy as np
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from rostra.admission.capacity import Capacity, defaults
from rostra.admission.ladder import LADDER, MEDIA_RUNGS
from rostra.admission.simulated import Costs, Visitors
from rostra.admission.simulation import Evening, World
from rostra.admission.simulation import run as play
from rostra.delivery.state import line_poll_s
from rostra.ground.refusals import Refusal
from rostra.rehearsal import certificate as certificates
from rostra.rehearsal import night_pictures_io
from rostra.rehearsal.crowd import crowd
from rostra.rehearsal.findings import Certificate
from rostra.rehearsal.night_told_io import House, Simulated, answer, found, lines
from rostra.rehearsal.script import Script
from rostra.rehearsal.trouble import RehearsalTrouble

# Where nothing was measured: what a request takes on a small virtual machine of today.
ASSUMED_REQUEST_US = 60.0
# In requests for prepared bytes. Who comes: a connection, the page, its assets, the state, a ticket
# (a signature). Who is let in: a pass (two), playlists, an init segment, what fills the buffer. Who
# comes back: a connection, a playlist, a part.
ARRIVE_REQUESTS, ENTER_REQUESTS, RETURN_REQUESTS = 12, 12, 4
# How often pages ask for the state before the doors open, and when live (delivery/state.py).
NEAR_START_S, NEAR_POLL_S, FAR_POLL_S = 120, 2, 10
LIVE_POLL_S = 2  # a listener's page asks for the state; what is measured has it in it
CACHED_ARRIVE_REQUESTS = 3  # with a cache in front: the ticket


def of_certificate(certificate: Certificate) -> House | None:
    """What a certificate says; None where it allows nothing."""
    allowed = certificates.allowed(certificate)
    if allowed is None:
        return None
    rows = {r.rung: r for r in certificate.findings.rungs if r.cpu_us.value > 0}
    if rows:
        request_us = statistics.median(
            row.cpu_us.value / (LADDER[rung].requests_s + 1 / LIVE_POLL_S)
            for rung, row in rows.items()
        )
    else:
        request_us = ASSUMED_REQUEST_US
    us, size = [], []
    for rung in LADDER[:MEDIA_RUNGS]:
        row = rows.get(rung.number)
        us.append(row.cpu_us.value if row else request_us * (rung.requests_s + 1 / LIVE_POLL_S))
        size.append(row.body_bytes if row and row.body_bytes else rung.bit_s / 8)
    cores = certificate.house.machine_said.get("cores")
    edges = max(1, certificate.house.edges)
    return House(
        capacity=Capacity(allowed[0], allowed[1], "certificate"),
        costs=_costs(
            us, size, request_us, float(min(edges, cores) if isinstance(cores, int) else edges)
        ),
        basis=f"certificate {certificate.number}",
        measured=bool(rows),
    )


def _costs(us: list[float], size: list[float], request_us: float, cores: float) -> Costs:
    return Costs(
        cores=cores,
        listener_us=(us[0], us[1], us[2], us[3]),
        body_bytes=(size[0], size[1], size[2], size[3]),
        arrive_us=ARRIVE_REQUESTS * request_us,
        enter_us=ENTER_REQUESTS * request_us,
        return_us=RETURN_REQUESTS * request_us,
        poll_us=request_us,
        beat_us=2 * request_us,
    )


def assumed(cores: int, files: int, request_us: float = ASSUMED_REQUEST_US) -> House:
    """A machine that nobody rehearsed, as `serve` takes it without a certificate."""
    rungs = LADDER[:MEDIA_RUNGS]
    return House(
        capacity=defaults(request_us, cores, files * cores),
        costs=_costs(
            [request_us * (rung.requests_s + 1 / LIVE_POLL_S) for rung in rungs],
            [rung.bit_s / 8 for rung in rungs],
            request_us,
            float(cores),
        ),
        basis=f"assumed, not measured: {request_us:g} µs a request, {cores} cores",
        measured=False,
    )


def times(house: House, machines: int) -> House:
    """So many of that machine, as if the crowd were spread evenly and nothing were in between."""
    one = house.capacity
    zero, first, second, third = (listeners * machines for listeners in one.listeners)
    return msgspec.structs.replace(
        house,
        capacity=Capacity((zero, first, second, third), one.joins_s * machines, one.source),
        costs=msgspec.structs.replace(house.costs, cores=house.costs.cores * machines),
        machines=house.machines * machines,
    )


def behind_a_cache(house: House) -> House:
    """The same, where a cache in front answers for pages, assets and the state (not for media)."""
    costs = house.costs
    arrive_us = costs.arrive_us * CACHED_ARRIVE_REQUESTS / ARRIVE_REQUESTS
    return msgspec.structs.replace(
        house,
        costs=msgspec.structs.replace(costs, arrive_us=arrive_us, poll_us=0.0),
        basis=f"{house.basis}, a cache in front for pages and state",
    )


def visitors(script: Script, listeners: int) -> Visitors:
    """The script's crowd, as the simulation takes it."""
    all_ = crowd(script, listeners)
    patience_s = getattr(all_, "patience_s", None)
    until_s = (all_.at_s + all_.stay_s).astype(np.float32)
    return Visitors(
        arrived_s=all_.at_s.astype(np.float32),
        until_s=np.minimum(until_s, np.float32(script.ends_s)),
        stay_s=np.full(listeners, np.inf, np.float32),
        silent=all_.silent,
        absent=np.zeros(listeners, bool),
        tabs=all_.tabs,
        drop_after_s=all_.drop_after_s.astype(np.float32),
        dropped_s=all_.dropped_s.astype(np.float32),
        patience_s=None if patience_s is None else patience_s.astype(np.float32),
    )


def simulate(
    script: Script,
    listeners: int,
    capacity: Capacity,
    costs: Costs | None,
    told: Callable[[float], None] | None = None,
    lag_ms: Callable[[int], float] | None = None,
) -> Evening:
    """The night from the first moment to the event's end.

    `told`: which part has been played. `lag_ms`: the edges' lag by second, where it was measured.
    """
    return play(
        World(
            visitors=visitors(script, listeners),
            capacity=capacity,
            costs=costs,
            doors_s=round(script.doors_s),
            last_s=round(script.ends_s),
            storms=script.storms,
            seed=script.seed,
            poll_s=line_poll_s,
            before_poll_s=NEAR_POLL_S if script.doors_s >= -NEAR_START_S else FAR_POLL_S,
            lag_ms=lag_ms,
        ),
        told,
    )


# --- the command -----------------------------------------------------------------------------


def house_at(path: Path | None) -> House:
    """What the certificate at `path` says (the newest, where it is a folder), or an assumption.

    RehearsalTrouble `certificate_unreadable`, `certificate_allows_nothing`.
    """
    if path is not None and path.is_dir():
        path = max(path.glob("*.json"), key=lambda one: one.stat().st_mtime, default=None)
    elif path is not None and not path.exists() and path.suffix != ".json":
        path = None  # no folder of certificates yet
    if path is None:
        return assumed(os.cpu_count() or 1, resource.getrlimit(resource.RLIMIT_NOFILE)[0])
    try:
        read = certificates.read(path.read_bytes())
    except OSError as error:
        raise RehearsalTrouble("certificate_unreadable", f"{path}: {error.strerror}") from error
    if isinstance(read, Refusal):
        raise RehearsalTrouble(read.code, f"{path}: {read.message}")
    house = of_certificate(read[0])
    if house is None:
        raise RehearsalTrouble(
            "certificate_allows_nothing", f"{path}: it is void; simulate with another one."
        )
    return house


def run(
    script: Script,
    listeners: int,
    *,
    certificate_path: Path | None = None,
    html: Path | None = None,
    as_json: bool = False,
    machines: int = 1,
    cached: bool = False,
) -> Simulated:
    """Play it, tell on stdout what came of it, write the picture; RehearsalTrouble of `house_at`.

    `machines`: so many of the certificate's; `cached`: with a cache in front for all but media.
    """
    house = times(house_at(certificate_path), machines)
    if cached:
        house = behind_a_cache(house)
    screen = Console(stderr=True)
    began = time.monotonic()
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=screen, transient=True) as progress:
        task = progress.add_task(f"{script.name}, {listeners:,} people", total=1.0)
        evening = simulate(
            script,
            listeners,
            house.capacity,
            house.costs,
            lambda part: progress.update(task, completed=part),
        )
    simulated = found(script, house, evening, time.monotonic() - began)
    if html is not None:
        html.write_text(
            night_pictures_io.page(
                simulated.night, answer(simulated), lines(simulated), script.says
            )
        )
    if as_json:
        sys.stdout.buffer.write(msgspec.json.encode(simulated) + b"\n")
        sys.stdout.buffer.flush()
        return simulated
    table = Table(title=f"{script.name}: {listeners:,} people", title_justify="left")
    table.add_column("what")
    table.add_column("value", justify="right")
    for name, value in lines(simulated):
        table.add_row(name, value)
    console = Console()
    console.print(table)
    console.print(answer(simulated), highlight=False)
    if html is not None:
        console.print(f"The picture of the night: {html}", highlight=False)
    return simulated
