"""The night: a crowd and an attack arrive together. Ours with the shield, without it, and peers.

The server on the first core (ours with its whole house: stage, packager, control), everything else
on the last. The crowd has one address each but for 50 behind one. The attack is the mixture of all
profiles from 1,000 addresses, with ten times the requests that the crowd makes at rung 1, as far as
its own core gives them: what it did give stands in the row. Ours plays rung 1 (low latency, parts
of a second) and begins the event while it is attacked. Peers have it easier: they serve rung 2
(classic HLS, a quarter of the requests) of a stream that runs already, static files behind a
mirror, no passes: nginx with limit_req and limit_conn, and HAProxy with a stick-table in front of
the same nginx. The attack on them is as strong.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import statistics
import sys
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec
import uvloop
from tests.live.conftest import House, free_ports

from bench._rehearsal_peers import RUN, RUNG, consent, mirrored, nginx, on_cores, served_folder
from bench._rehearsal_steps import LAST_CORE
from bench._shield_night import CONNECTIONS, SOURCES, Night, Plan, Server, latencies, night
from bench.edge_throughput import pinned
from bench.rehearsal_listeners import house_on_first_core, most_files
from rostra.rehearsal.house_io import HouseAtHand
from rostra.rehearsal.orders import Begin
from rostra.rehearsal.voice_io import speaking

Row = dict[str, Any]
PATH = os.environ.get("PATH", "") + ":/usr/sbin"
NGINX, HAPROXY_NAME = "nginx limit_req, limit_conn", "HAProxy stick-table before nginx"
STALLED_AIM, JOIN_AIM_S, START_AIM_S, LATENCY_AIM_MS = 0.005, 5.0, 1.0, 300.0
# As careful people set them: ten pages' worth at once, ten requests a second for an address.
ZONES = """limit_req_zone $binary_remote_addr zone=often:20m rate=10r/s;
  limit_conn_zone $binary_remote_addr zone=many:20m;"""
LIMITS = "limit_req zone=often burst=200 nodelay; limit_conn many 60; limit_req_status 429;"
HAPROXY = """
global
  nbthread 1
  maxconn 9000
defaults
  mode http
  timeout client 60s
  timeout server 60s
  timeout connect 5s
  timeout http-request 10s
frontend all
  bind 127.0.0.1:{port} backlog 4096
  stick-table type ip size 1m expire 60s store http_req_rate(10s),conn_cur
  http-request track-sc0 src
  http-request deny deny_status 429 if {{ sc_http_req_rate(0) gt 300 }}
  http-request deny deny_status 429 if {{ sc_conn_cur(0) gt 60 }}
  default_backend files
backend files
  http-reuse always
  server files 127.0.0.1:{behind}
"""
TIMES = 10  # the crowd's requests
_LIVE_S = 12.0  # until there is a stream to begin with


class Ours(msgspec.Struct, frozen=True, kw_only=True):
    """`lags`: ms between the speakers. `pressed_s`: from the onset until the pressure rose to 2."""

    night: Night
    lags: list[float]
    pressed_s: float | None


async def ours(house: House, plan: Plan) -> Ours:
    """A house with passes; the event begins under attack."""
    lags: list[asyncio.Task[list[float]]] = []
    event = ""
    async with HouseAtHand(house.control, house.operator_key) as at_hand:

        async def begin(keys: Sequence[str], plan: Plan) -> Begin:
            nonlocal event
            allowed = await at_hand.ask(
                {
                    "generators": list(keys),
                    "listeners": 2 * plan.listeners,
                    "requests_s": 100 * plan.listeners,
                    "minutes": 10,
                    "faults": False,
                    "attacks": True,
                    "attack_requests_s": plan.requests_most,
                    "attack_connections": CONNECTIONS,
                    "attack_sources": SOURCES,
                }
            )
            event = allowed.event_id
            await at_hand.open_doors(event)
            await at_hand.door(event, open_all=True, rung=plan.rung)
            lags.append(await latencies(allowed.speaker_link, 40.0 + plan.attack_s))
            return Begin(
                run=allowed.run,
                origin=allowed.origin,
                page=allowed.page,
                token=allowed.token,
                share=(0, 1),
                seed=1,
            )

        server = Server(
            name="ours",
            pids=(house.pid("edge-0"),),
            begin=begin,
            house=at_hand,
            go_live=lambda: at_hand.go_live(event),
        )
        found = await night(server, plan)
    return Ours(night=found, lags=await lags[0], pressed_s=_pressed_s(house, found))


def _pressed_s(house: House, found: Night) -> float | None:
    for change in house.api("GET", "/api/shield")["changes"]:
        at = datetime.fromisoformat(change["at"]).timestamp()
        if change["pressure"] >= 2 and at > found.onset_at:
            return at - found.onset_at
    return None


@contextlib.asynccontextmanager
async def _peer(name: str, root: Path, event: str) -> AsyncIterator[tuple[int, tuple[int, ...]]]:
    """Port and processes of a peer."""
    port, behind = free_ports(2)
    files = most_files()
    if name == NGINX:
        with nginx(root, event, port, files, LIMITS, ZONES) as pid:
            yield port, (pid, *_children(pid))
        return
    config = root / "haproxy.cfg"
    config.write_text(HAPROXY.format(port=port, behind=behind))
    with (
        nginx(root, event, behind, files) as pid,
        pinned(["haproxy", "-db", "-q", "-f", str(config)], port) as proxy,
    ):
        yield port, (proxy, pid, *_children(pid))


def _children(pid: int) -> tuple[int, ...]:
    told = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return tuple(map(int, told))


async def theirs(house: House, plan: Plan, root: Path, names: Sequence[str]) -> dict[str, Night]:
    """The peers, before the same crowd and the same attack."""
    event = house.create("Mirrored")
    origin = f"http://127.0.0.1:{house.ports[0]}"
    found = {}
    async with AsyncExitStack() as stack:
        house.api("POST", f"/api/events/{event['id']}/open-doors")
        house.api("POST", f"/api/events/{event['id']}/door", {"rung": RUNG})
        await stack.enter_async_context(speaking(event["speaker_link"]))
        house.api("POST", f"/api/events/{event['id']}/go-live")
        await asyncio.sleep(_LIVE_S)
        await stack.enter_async_context(mirrored(origin, event["id"], root / "www"))
        for name in names:
            async with _peer(name, root, event["id"]) as (port, pids):
                here = f"http://127.0.0.1:{port}"

                async def begin(keys: Sequence[str], plan: Plan, here: str = here) -> Begin:
                    attacks = {
                        "attacks": True,
                        "attack_requests_s": plan.requests_most,
                        "attack_connections": CONNECTIONS,
                        "attack_sources": SOURCES,
                    }
                    consent(root / "www", here, keys, 2 * plan.listeners, **attacks)
                    return Begin(
                        run=RUN,
                        origin=here,
                        page=f"/e/{event['id']}",
                        token="none",
                        share=(0, 1),
                        seed=1,
                    )

                found[name] = await night(Server(name=name, pids=pids, begin=begin), plan)
    return found


def _row(who: str, what: str, value: object, unit: str, aim: str = "", met: object = None) -> Row:
    return {"name": f"{who}: {what}", "value": value, "unit": unit, "aim": aim, "met": met}


def _table(who: str, one: Night) -> list[Row]:
    """The figures that every server has."""
    found, step = one.found, one.step
    mine = who.startswith("ours")
    attack_s = one.attack_s
    stalled, joined = found.stalled_share, found.join_p99_s
    note = f", void: {step.void}" if step.void else ""
    rows = [
        _row(
            who,
            f"{found.listeners:,} listeners at rung {step.rung}, stalled{note}",
            round(100 * stalled, 3),
            "%",
            f"< {100 * STALLED_AIM} %" if mine else "",
            stalled < STALLED_AIM if mine else None,
        ),
        _row(
            who,
            f"joins meanwhile ({found.joined}), p99",
            round(joined, 2),
            "s",
            f"< {JOIN_AIM_S:.0f} s" if mine else "",
            joined < JOIN_AIM_S if mine else None,
        ),
        _row(who, "from the onset until relief", one.relief_s, "s"),
        _row(who, "CPU of the server", round(one.server, 2), "cores"),
        _row(who, "listeners' own requests that failed", _told(found.failures), "by code"),
    ]
    if found.due:
        sent = max(1, found.sent)
        rows += [
            _row(
                who,
                f"the attack: due {found.due / attack_s:,.0f} a second, sent",
                round(found.sent / attack_s),
                "requests/s",
            ),
            _row(who, "of those sent, refused", round(100 * found.refused / sent, 1), "%"),
            _row(who, "of those sent, served", round(100 * found.served / sent, 1), "%"),
            _row(who, "not taken at all", round(100 * found.held / max(1, found.due), 1), "%"),
            _row(who, "CPU of the attackers", round(found.cpu, 2), "cores"),
        ]
    rows.append(_row(who, "CPU of the crowd's generator", round(step.generator_cpu, 2), "cores"))
    return rows


def _told(failures: dict[str, int]) -> str:
    return ", ".join(f"{code} {count}" for code, count in sorted(failures.items())) or "none"


def _house_rows(who: str, mine: Ours, peace: Night | None) -> list[Row]:
    """What only a house has: the start, the stage, the speakers."""
    one, lags = mine.night, mine.lags
    rows = [_row(who, "from Go live until 95 % hear it", one.start_s, "s")]
    if peace is not None and peace.start_s is not None and one.start_s is not None:
        delay = one.start_s - peace.start_s
        rows.append(
            _row(
                who,
                "start delay (beyond that in peace)",
                round(delay, 1),
                "s",
                f"≤ {START_AIM_S:.0f} s",
                delay <= START_AIM_S,
            )
        )
    if one.found.due and mine.pressed_s is not None:
        rows.append(_row(who, "from the onset until it is known", round(mine.pressed_s, 1), "s"))
    late = one.step.stage_late_ticks
    rows.append(_row(who, "stage mixer misses", late, "ticks", "0", late == 0))
    if lags:
        p50 = statistics.median(lags)
        rows.append(
            _row(
                who,
                f"speaker to speaker, median of {len(lags)} (longest {max(lags):.0f})",
                round(p50),
                "ms",
                f"≤ {LATENCY_AIM_MS:.0f} ms",
                p50 <= LATENCY_AIM_MS,
            )
        )
    return rows


def rows(quick: bool) -> list[Row]:
    """Ours in peace, under attack with and without the shield; then the peers."""
    calm = Plan(listeners=300 if quick else 1000, attack_s=30 if quick else 45, rung=1)
    found: list[Row] = []
    with on_cores(LAST_CORE):
        peace = _ours("ours, no attack", calm, "auto", None, found)
        if peace is None:
            return found
        each_s = peace.crowd_s / calm.listeners
        few = msgspec.structs.replace(calm, requests_s=TIMES * peace.crowd_s)
        more = 600 if quick else 3000
        many = msgspec.structs.replace(calm, listeners=more, requests_s=TIMES * each_s * more)
        _ours("ours, shield", few, "auto", peace, found)
        _ours("ours, shield off", few, "off", peace, found)
        _ours("ours, shield, larger crowd", many, "auto", peace, found)
        found += _peers(msgspec.structs.replace(few, rung=RUNG))
    return found


def _ours(who: str, plan: Plan, mode: str, peace: Night | None, found: list[Row]) -> Night | None:
    with house_on_first_core("") as house:
        house.command("shield", "mode", mode)
        try:
            mine = uvloop.run(ours(house, plan))
        except TimeoutError:
            found.append(_row(who, "not measured: the attackers did not end", None, ""))
            return None
    found += [*_table(who, mine.night), *_house_rows(who, mine, peace)]
    return mine.night


def _peers(plan: Plan) -> list[Row]:
    names = [
        name
        for name, command in ((NGINX, "nginx"), (HAPROXY_NAME, "haproxy"))
        if shutil.which("nginx", path=PATH) and shutil.which(command, path=PATH)
    ]
    with served_folder() as root, house_on_first_core('[door]\nadmission = "open"\n') as house:
        found = uvloop.run(theirs(house, plan, root, names))
    return [row for name, one in found.items() for row in _table(name, one)]


if __name__ == "__main__":
    began = time.monotonic()
    for row in rows("--quick" in sys.argv):
        print({key: value for key, value in row.items() if value not in ("", None)})
    print(f"{time.monotonic() - began:.0f} s", file=sys.stderr)
