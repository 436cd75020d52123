"""Real proxies in front: a bot and a listener come through the same one; each pays for itself."""

from __future__ import annotations

import asyncio
import contextlib
import re
import shutil
import socket
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from rostra.ground.facts import ShieldSet
from tests.live.conftest import free_ports, until
from tests.shield_tools.conftest import HASTY, PATH, Served, serving
from tests.shield_tools.honest import NEIGHBOUR, Listener
from tests.shield_tools.served import STILL

pytestmark = pytest.mark.live
BOT, LIAR = "127.0.0.9", "127.0.0.8"
BOT_CONNECTIONS, BOT_EACH = 60, 40
PATIENCE_S = 30.0
STATE = f"GET /e/{STILL}/state.json HTTP/1.1\r\nHost: x\r\n"

HAPROXY = """
global
  maxconn 400
defaults
  mode http
  timeout client 30s
  timeout server 30s
  timeout connect 5s
frontend all
  bind 127.0.0.1:{port}
  {forwarded}
  default_backend edge
backend edge
  http-reuse {reuse}
  server edge 127.0.0.1:{edge} {word}
"""
NGINX = """
daemon off; master_process off; pid {home}/nginx.pid; error_log {home}/error.log crit;
events {{ worker_connections 400; }}
http {{
  access_log off;
  client_body_temp_path {home}/t1; proxy_temp_path {home}/t2; fastcgi_temp_path {home}/t3;
  uwsgi_temp_path {home}/t4; scgi_temp_path {home}/t5;
  upstream edge {{ server 127.0.0.1:{edge}; keepalive 8; }}
  server {{
    listen 127.0.0.1:{port};
    location / {{
      proxy_pass http://edge;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_set_header Host $host;
      proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
    }}
  }}
}}
"""
KINDS = ("nginx, X-Forwarded-For", "HAProxy, X-Forwarded-For", "HAProxy, PROXY version 2")


def command(kind: str, home: Path, port: int, edge: int) -> list[str]:
    """What starts it."""
    name = "nginx" if kind.startswith("nginx") else "haproxy"
    found = shutil.which(name, path=PATH)
    assert found, f"this test needs Debian's {name}: sudo apt-get install {name}"
    config = home / "proxy.conf"
    if name == "nginx":
        config.write_text(NGINX.format(home=home, port=port, edge=edge))
        return [found, "-p", str(home), "-c", str(config)]
    by_header = "Forwarded" in kind
    config.write_text(
        HAPROXY.format(
            port=port,
            edge=edge,
            forwarded="option forwardfor" if by_header else "",
            reuse="always" if by_header else "never",
            word="" if by_header else "send-proxy-v2",
        )
    )
    return [found, "-db", "-f", str(config)]


@pytest.fixture
def believing(tmp_path: Path) -> Iterator[Served]:
    """An edge under attack that believes the proxies of this machine's own address."""
    with serving(tmp_path, HASTY, ShieldSet(at_ms=0, pressure=2), proxies=("127.0.0.1",)) as served:
        yield served


@contextlib.contextmanager
def proxy(kind: str, home: Path, edge: int) -> Iterator[int]:
    """Such a proxy in front of the edge; its port."""
    (port,) = free_ports(1)
    folder = home / "proxy"
    folder.mkdir()
    with subprocess.Popen(command(kind, folder, port, edge)) as process:
        try:

            def answers() -> bool:
                assert process.poll() is None
                with closing(socket.socket()) as probe:
                    return probe.connect_ex(("127.0.0.1", port)) == 0

            until(answers, "the proxy answers")
            yield port
        finally:
            process.terminate()
            process.wait(20)


async def statuses(port: int, source: str, fields: str = "") -> AsyncIterator[int]:
    """What one connection of a bot is answered."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port, local_addr=(source, 0))
    try:
        for _ in range(BOT_EACH):
            writer.write(f"{STATE}{fields}\r\n".encode())
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            length = re.search(r"(?i)content-length: (\d+)", head)
            await reader.readexactly(int(length[1]) if length else 0)
            yield int(head.split()[1])
    except (OSError, asyncio.IncompleteReadError):
        return  # dropped
    finally:
        writer.close()


async def flood(port: int, source: str, fields: str = "") -> set[int]:
    """A bot of one address, until it was refused or gave up."""
    seen: set[int] = set()
    refused = asyncio.Event()

    async def one() -> None:
        async for status in statuses(port, source, fields):
            seen.add(status)
            if status == 429:
                refused.set()

    tasks = [asyncio.ensure_future(one()) for _ in range(BOT_CONNECTIONS)]
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(refused.wait(), PATIENCE_S)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    return seen


@pytest.mark.parametrize("kind", KINDS)
def test_a_bot_behind_a_proxy_pays_and_a_listener_behind_it_does_not_notice(
    kind: str, believing: Served, tmp_path: Path
) -> None:
    with proxy(kind, tmp_path, believing.port) as port:
        listener = Listener(port, NEIGHBOUR)
        listener.start()
        try:
            until(lambda: bool(listener.visits or listener.troubles), "a listener has visited")
            visits = listener.visits
            assert asyncio.run(flood(port, BOT)) >= {200, 429}
            until(
                lambda: bool(listener.visits > visits or listener.troubles),
                "a listener has visited again",
            )
        finally:
            listener.end()
        listener.assert_served()
        assert believing.seen.refusals.keys() <= {"source_spent", "connection_spent"}


def test_a_stranger_who_says_that_somebody_else_asks_pays_itself(
    believing: Served, tmp_path: Path
) -> None:
    listener = Listener(believing.port, NEIGHBOUR)
    listener.start()
    try:
        refused = asyncio.run(flood(believing.port, LIAR, f"X-Forwarded-For: {NEIGHBOUR}\r\n"))
        until(lambda: bool(listener.visits or listener.troubles), "a listener has visited")
    finally:
        listener.end()
    assert 429 in refused
    listener.assert_served()
