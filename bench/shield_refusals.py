"""What a refusal costs: each class of ours beside nginx and HAProxy, and the guard's own memory.

Refusals per CPU-second of the server, which is pinned to the first core; wrk on the last core asks
all of them for the same with the header fields a browser sends, over 200 connections. Two ways:
on live connections, one refusal after the other; and each on a new connection (the request says
`Connection: close`, or the server ends it). What was refused is checked by a request before each
run. Where a server ends connections without a word, wrk's read errors are the count. Runs are
interleaved, medians taken. nginx and HAProxy refuse everyone, or by `limit_req` / a stick-table.

Then a million sources come to one guard, alone in a process: memory, and microseconds of one call.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from bench.edge_throughput import BROWSER, PLAYLIST, cpu_s, free_port, pinned

Row = dict[str, Any]
CONNECTIONS = 200
SOURCES = 1_000_000
PATH = os.environ.get("PATH", "") + ":/usr/sbin"
NGINX = """
worker_processes 1; worker_rlimit_nofile 19000; daemon off; pid {root}/nginx.pid;
error_log {root}/error.log crit;
events {{ worker_connections 18000; multi_accept on; }}
http {{
  access_log off; keepalive_requests 1000000000; tcp_nodelay on;
  client_body_temp_path {root}/t1; proxy_temp_path {root}/t2; fastcgi_temp_path {root}/t3;
  uwsgi_temp_path {root}/t4; scgi_temp_path {root}/t5;
  limit_req_zone $binary_remote_addr zone=often:10m rate=1r/s;
  server {{
    listen 127.0.0.1:{port} backlog=4096; root {root}/www;
    location = /403 {{ return 403; }}
    location = /405 {{ return 405; }}
    location = /444 {{ return 444; }}
    location = /limited {{ limit_req zone=often; }}
  }}
}}
"""
HAPROXY = """
global
  nbthread 1
  maxconn 9000
defaults
  mode http
  timeout client 60s
  timeout server 60s
  timeout connect 5s
  timeout http-keep-alive 60s
frontend deny
  bind 127.0.0.1:{deny} backlog 4096
  http-request deny deny_status 403 if {{ path /403 }}
  http-request deny deny_status 404 if {{ path /404 }}
  http-request deny deny_status 405 if {{ path /405 }}
  http-request deny deny_status 503
frontend limited
  bind 127.0.0.1:{limited} backlog 4096
  stick-table type ip size 1m expire 60s store http_req_rate(10s)
  http-request track-sc0 src
  http-request deny deny_status 429 if {{ sc_http_req_rate(0) gt 10 }}
  http-request return status 200
frontend rejected
  bind 127.0.0.1:{rejected} backlog 4096
  stick-table type ip size 1m expire 60s store conn_rate(10s)
  tcp-request connection track-sc0 src
  tcp-request connection reject if {{ sc_conn_rate(0) gt 10 }}
  http-request return status 200
"""


# wrk reads its first request itself, and garbage would end it: that one is sound.
LUA = """
local raw, sound = "%s", "GET / HTTP/1.1\\r\\nHost: x\\r\\n\\r\\n"
local asked = 0
request = function()
  asked = asked + 1
  if asked == 1 then return sound end
  return raw
end
"""


class Asked(msgspec.Struct, frozen=True):
    """One thing to ask of one server. `status`: of the refusal; 0 where it says nothing."""

    server: str
    target: str
    status: int
    method: str = "GET"
    anew: bool = False  # each on a new connection
    garbage: bool = False
    hasty: bool = False  # it answers and ends before it was asked: wrk may meet the end first

    @property
    def raw(self) -> bytes:
        """The bytes of the request."""
        fields = BROWSER | ({"Connection": "close"} if self.anew else {})
        first = "\x01" if self.garbage else ""
        lines = [f"{first}{self.method} {self.target} HTTP/1.1"]
        lines += [f"{name}: {value}" for name, value in fields.items()]
        return ("\r\n".join(lines) + "\r\n\r\n").encode()


class Refused(msgspec.Struct, frozen=True):
    """A class of refusals: ours, and who does likewise by name."""

    name: str
    ours: Asked
    peers: tuple[tuple[str, Asked], ...]


TICKET = "/e/bench/ticket"
PAGE = "/e/bench"
CLASSES = (
    Refused(
        "429, its source has spent all, live connection",
        Asked("spent", PAGE, 429),
        (
            ("nginx limit_req 503", Asked("nginx", "/limited", 503)),
            ("HAProxy stick-table deny 429", Asked("limited", "/", 429)),
        ),
    ),
    Refused(
        "429, likewise, each on a new connection",
        Asked("spent", PAGE, 429, anew=True),
        (
            ("nginx limit_req 503", Asked("nginx", "/limited", 503, anew=True)),
            ("HAProxy stick-table deny 429", Asked("limited", "/", 429, anew=True)),
        ),
    ),
    Refused(
        "429, its source is banned, live connection",
        Asked("banned", PAGE, 429),
        (
            ("nginx 403", Asked("nginx", "/403", 403)),
            ("HAProxy deny 403", Asked("deny", "/403", 403)),
        ),
    ),
    Refused(
        "403, media without a pass, live connection",
        Asked("peace", PLAYLIST, 403),
        (
            ("nginx 403", Asked("nginx", "/403", 403)),
            ("HAProxy deny 403", Asked("deny", "/403", 403)),
        ),
    ),
    Refused(
        "403, a new ticket without a challenge solved",
        Asked("challenge", TICKET, 403, method="POST"),
        (
            ("nginx 403", Asked("nginx", "/403", 403, method="POST")),
            ("HAProxy deny 403", Asked("deny", "/403", 403, method="POST")),
        ),
    ),
    Refused(
        "404, unknown address, live connection",
        Asked("peace", "/nothing/here.js", 404),
        (
            ("nginx 404 of a missing file", Asked("nginx", "/nothing/here.js", 404)),
            ("HAProxy deny 404", Asked("deny", "/404", 404)),
        ),
    ),
    Refused(
        "400, garbage, each on a new connection",
        Asked("peace", "/", 400, garbage=True),
        (
            ("nginx 400", Asked("nginx", "/403", 400, garbage=True)),
            ("HAProxy 400", Asked("deny", "/403", 400, garbage=True)),
        ),
    ),
    Refused(
        "405, other methods, each on a new connection",
        Asked("peace", PAGE, 405, method="DELETE", anew=True),
        (
            ("nginx 405", Asked("nginx", "/405", 405, method="DELETE", anew=True)),
            ("HAProxy deny 405", Asked("deny", "/405", 405, method="DELETE", anew=True)),
        ),
    ),
    Refused(
        "503, no free connection",
        Asked("full", PAGE, 503, anew=True, hasty=True),
        (
            ("nginx limit_req 503", Asked("nginx", "/limited", 503, anew=True)),
            ("HAProxy deny 503", Asked("deny", "/", 503, anew=True)),
        ),
    ),
    Refused(
        "dropped when it connects, its source is banned",
        Asked("dropped", PAGE, 0, anew=True),
        (
            ("nginx 444", Asked("nginx", "/444", 0, anew=True)),
            ("HAProxy connection reject", Asked("rejected", "/", 0, anew=True)),
        ),
    ),
)


def status_of(port: int, raw: bytes) -> int:
    """Of the answer to `raw`; 0 where there is none."""
    with (
        socket.create_connection(("127.0.0.1", port), 20) as client,
        contextlib.suppress(OSError),
    ):
        client.sendall(raw)
        return int(client.recv(4096)[9:12] or 0)
    return 0


def measure(pid: int, port: int, asked: Asked, seconds: int, folder: Path) -> tuple[float, float]:
    """Refusals per CPU-second of the server, and per second on the clock."""
    for _ in range(12):  # limits that let some through have been reached then
        status = status_of(port, asked.raw)
    if status != asked.status:
        raise RuntimeError(f"{asked.server} answers {status} to {asked.target}, not {asked.status}")
    script = folder / "raw.lua"
    text = "".join(f"\\{byte:03d}" for byte in asked.raw)
    script.write_text(LUA % text)
    before = cpu_s(pid)
    output = subprocess.run(
        ["taskset", "-c", str((os.cpu_count() or 2) - 1), "wrk", "-t1", f"-c{CONNECTIONS}",
         f"-d{seconds}s", "-s", str(script), f"http://127.0.0.1:{port}/"],
        capture_output=True, text=True, check=True, timeout=seconds + 60,
    ).stdout  # fmt: skip
    used = cpu_s(pid) - before
    answered = re.search(r"(\d+) requests in ([\d.]+)s", output)
    refused = re.search(r"Non-2xx or 3xx responses: (\d+)", output)
    errors = re.search(r"connect (\d+), read (\d+), write (\d+)", output)
    if not answered or used <= 0:
        raise RuntimeError(f"wrk did not measure {asked}: {output}")
    count = int(refused[1]) if refused else 0
    if asked.hasty or not asked.status:
        count += sum(map(int, errors.groups())) if errors else 0
    elif int(answered[1]) - count > 0.01 * count:
        raise RuntimeError(f"{asked.server} refused too few: {output}")
    return count / used, count / float(answered[2])


@contextlib.contextmanager
def servers(root: Path) -> Iterator[dict[str, tuple[int, int]]]:
    """Process and port of each server by name; all on the first core, and only one has work."""
    edges = ("peace", "spent", "banned", "dropped", "full", "challenge")
    with contextlib.ExitStack() as stack:
        found = {}
        for reason in edges:
            port = free_port()
            words = [sys.executable, "-m", "bench._shield_edge", str(port), reason]
            found[reason] = (stack.enter_context(pinned(words, port)), port)
        port = free_port()
        (root / "www").mkdir()
        (root / "www" / "limited").write_text("ok\n")
        (root / "nginx.conf").write_text(NGINX.format(root=root, port=port))
        nginx = ["nginx", "-e", f"{root}/error.log", "-c", f"{root}/nginx.conf"]
        found["nginx"] = (stack.enter_context(pinned(nginx, port)), port)
        ports = {name: free_port() for name in ("deny", "limited", "rejected")}
        (root / "haproxy.cfg").write_text(HAPROXY.format(**ports))
        haproxy = ["haproxy", "-db", "-q", "-f", f"{root}/haproxy.cfg"]
        pid = stack.enter_context(pinned(haproxy, ports["deny"]))
        found |= {name: (pid, port) for name, port in ports.items()}
        yield found


def _refusals(quick: bool) -> list[Row]:
    runs, seconds = (1, 1) if quick else (3, 2)
    found: list[Row] = []
    memory = "/dev/shm" if Path("/dev/shm").is_dir() else None
    with tempfile.TemporaryDirectory(dir=memory) as folder:
        root = Path(folder)
        os.chmod(root, 0o755)
        with servers(root) as by_name:
            for refused in CLASSES:
                every = (("ours", refused.ours), *refused.peers)
                seen: dict[str, list[tuple[float, float]]] = {name: [] for name, _ in every}
                for _ in range(runs):
                    for name, asked in every:
                        pid, port = by_name[asked.server]
                        seen[name].append(measure(pid, port, asked, seconds, root))
                ours = statistics.median(per_cpu_s for per_cpu_s, _ in seen.pop("ours"))
                for peer, those in seen.items():
                    theirs = statistics.median(per_cpu_s for per_cpu_s, _ in those)
                    found.append(
                        {
                            "name": refused.name,
                            "value": round(ours),
                            "unit": "refusals / server CPU-s",
                            "peer": peer,
                            "peer_value": round(theirs),
                            "ratio": round(ours / theirs, 3),
                        }
                    )
    return found


def _guard(quick: bool) -> list[Row]:
    sources = SOURCES // 10 if quick else SOURCES
    said = subprocess.run(
        [sys.executable, "-m", "bench._shield_guard", str(sources)],
        capture_output=True, text=True, check=True, timeout=280,
    ).stdout  # fmt: skip
    figures: dict[str, float] = json.loads(said)
    grown, tenth = figures["grown_mib"], figures["tenth_mib"]
    rows: list[Row] = [
        {
            "name": f"a guard's memory after {sources:,} sources, all refused",
            "value": round(grown, 1),
            "unit": "MiB",
            "peer": f"after {sources // 10:,}",
            "peer_value": round(tenth, 1),
            "ratio": round(grown / tenth, 2) if tenth > 0 else None,
            "aim": "bounded: ratio ≤ 1.25",
            "met": grown <= 1.25 * tenth,
        }
    ]
    said_of = {
        "connected_new_us": "a new source connects, and another is forgotten",
        "connected_known_us": "a known source connects",
        "ask_us": "a purse asks its account",
        "refused_us": "a purse asks and is refused",
        "vouch_us": "a listener vouches",
        "closed_us": "a connection closes",
    }
    rows += [
        {"name": f"guard, its table full: {words}", "value": round(figures[name], 2), "unit": "µs"}
        for name, words in said_of.items()
    ]
    rows.append(
        {
            "name": "guard: the tally of a second in which every source was refused",
            "value": round(figures["tally_full_ms"], 1),
            "unit": "ms, of the edge's loop",
        }
    )
    return rows


def rows(quick: bool) -> list[Row]:
    """Each class of refusals beside its peers, and the guard with a million sources."""
    missing = [name for name in ("wrk", "nginx", "haproxy") if not shutil.which(name, path=PATH)]
    if missing:
        return [{"name": "refusals", "peer": f"not installed: {', '.join(missing)}"}]
    os.environ["PATH"] = PATH
    return _refusals(quick) + _guard(quick)
