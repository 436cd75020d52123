"""What the door costs an edge: issuing tickets and passes, and the pass on each request.

Through real HTTP over loopback, wrk as the client: requests per CPU-second of the server, medians
of interleaved runs. With and without a pass: the same edge with `admission = "passes"` and a
cookie, and with `admission = "open"` and none.
"""

from __future__ import annotations

import shutil
import statistics
import sys
import time
from typing import Any

from bench.edge_throughput import (
    PLAYLIST,
    RING,
    SEGMENT,
    TICKET_ID,
    free_port,
    measure,
    pass_token,
    pinned,
)
from rostra.admission.tickets import Ticket, sign_ticket


def ticket_token() -> str:
    """A ticket whose turn has come."""
    now_s = int(time.time())
    return sign_ticket(
        Ticket(
            event_id="bench",
            ticket_id=TICKET_ID,
            arrived_s=now_s,
            expires_s=now_s + 86_400,
            lane="",
        ),
        RING,
    )


def rows(quick: bool) -> list[dict[str, Any]]:
    """Tickets and passes per second and core, and throughput with a pass against without."""
    if not shutil.which("wrk"):
        return [{"name": "the door's cost", "peer": "wrk is not installed"}]
    runs, seconds = (2, 3) if quick else (5, 5)
    with_port, open_port = free_port(), free_port()
    edge = [sys.executable, "-m", "bench.edge_throughput"]
    cookie = {"Cookie": f"rostra_pass={pass_token()}"}
    acts: tuple[tuple[str, str, dict[str, str]], ...] = (
        ("tickets issued", "ticket", {}),
        ("passes issued for a ticket", "pass", {"Authorization": f"Bearer {ticket_token()}"}),
        ("passes renewed", "pass", {"Authorization": f"Bearer {pass_token()}"}),
    )
    found: list[dict[str, Any]] = []
    with (
        pinned([*edge, str(with_port), "passes"], with_port) as with_pid,
        pinned([*edge, str(open_port), "open"], open_port) as open_pid,
    ):
        for name, act, fields in acts:
            issued = [
                measure(with_pid, with_port, f"/e/bench/{act}", 200, seconds, fields, "POST")[0]
                for _ in range(runs)
            ]
            found.append(
                {
                    "name": f"{name}, one edge",
                    "value": round(statistics.median(issued)),
                    "unit": "a server CPU-s",
                }
            )
        for connections in (200, 5000):
            for target, what in ((SEGMENT, "16 KiB segment"), (PLAYLIST, "1 KiB playlist")):
                checked, unchecked = [], []
                for _ in range(runs):
                    checked.append(
                        measure(with_pid, with_port, target, connections, seconds, cookie)[0]
                    )
                    unchecked.append(measure(open_pid, open_port, target, connections, seconds)[0])
                value, peer = statistics.median(checked), statistics.median(unchecked)
                found.append(
                    {
                        "name": f"requests with a pass, {what}, {connections:,} connections",
                        "value": round(value),
                        "unit": "requests / server CPU-s",
                        "peer": "the same without passes",
                        "peer_value": round(peer),
                        "ratio": round(value / peer, 3),
                        "aim": "ratio ≥ 0.85",
                        "met": value >= 0.85 * peer,
                    }
                )
    return found
