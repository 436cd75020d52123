"""Logs that real nginx and real Varnish write, in the guide's own lines, are counted."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from rostra.admission.log_files_io import count
from tests.live.conftest import free_ports

GUIDE = (Path(__file__).parents[2] / "docs" / "guide" / "counting.md").read_text()
PATH = os.environ.get("PATH", "") + ":/usr/sbin"
pytestmark = pytest.mark.live

NGINX = """
daemon off; master_process off; pid {home}/nginx.pid; error_log {home}/error.log;
events {{ worker_connections 64; }}
http {{
  {format}
  access_log {home}/guide.log rostra;
  access_log {home}/combined.log combined;
  client_body_temp_path {home}/t1; proxy_temp_path {home}/t2; fastcgi_temp_path {home}/t3;
  uwsgi_temp_path {home}/t4; scgi_temp_path {home}/t5;
  server {{ listen 127.0.0.1:{port}; root {home}/site; }}
}}
"""


def needs(command: str) -> str:
    found = shutil.which(command, path=PATH)
    if found is None:
        pytest.skip(f"{command} is not installed")
    return found


def answers(port: int, process: subprocess.Popen[bytes]) -> bool:
    for _ in range(150):
        if process.poll() is not None:
            return False
        try:
            httpx.get(f"http://127.0.0.1:{port}/", timeout=2)
            return True
        except httpx.TransportError:
            time.sleep(0.1)
    return False


@pytest.fixture
def home(tmp_path: Path) -> Path:
    playlist = tmp_path / "site" / "e" / "abc" / "live" / "0" / "aac.m3u8"
    playlist.parent.mkdir(parents=True)
    playlist.write_text("#EXTM3U\n")
    return tmp_path


@pytest.fixture
def nginx(home: Path) -> Iterator[int]:
    """nginx serves `home`/site and logs as the guide says; its port."""
    command = needs("nginx")
    (port,) = free_ports(1)
    written = re.search(r"log_format rostra .*?;", GUIDE, re.DOTALL)
    assert written is not None
    config = home / "nginx.conf"
    config.write_text(NGINX.format(home=home, port=port, format=written[0]))
    process = subprocess.Popen([command, "-p", str(home), "-c", str(config)])
    assert answers(port, process), (home / "error.log").read_text()
    yield port
    process.terminate()
    process.wait(timeout=20)


def listen(port: int, sessions: int) -> None:
    """Sessions in the header, two in the query, one player without, and some who misbehave."""
    with httpx.Client(base_url=f"http://127.0.0.1:{port}") as client:
        for number in range(sessions):
            for _ in range(2):
                client.get(
                    "/e/abc/live/0/aac.m3u8", headers={"CMCD-Session": f'sid="player-{number}"'}
                )
        for name in ("asked-1", "asked-2"):
            client.get("/e/abc/live/0/aac.m3u8", params={"CMCD": f'br=64,sid="{name}"'})
        client.get("/e/abc/live/0/aac.m3u8")
        client.get("/e/abc/live/0/none.m3u8", headers={"CMCD-Session": 'sid="not-served"'})
        rude = {"User-Agent": 'a "quote" \\ and \\x22', "Referer": '" 200 1 "'}
        client.get(
            "/e/abc/live/0/aac.m3u8", headers=rude | {"CMCD-Session": 'sid="player-0",x="\\"'}
        )


def test_logs_of_real_nginx_are_counted(nginx: int, home: Path) -> None:
    listen(nginx, 5)
    counted = count([home / "guide.log"])
    event = counted.events[0]
    assert (event.event_id, event.distinct, event.without_sid) == ("abc", 7, 1)
    assert event.peak == 7
    assert counted.files[0].not_understood == 0
    assert "127.0.0.1" not in (home / "guide.log").read_text()
    plain = count([home / "combined.log"])
    assert plain.events[0].distinct == 2
    assert plain.files[0].not_understood == 0


def test_logs_of_real_varnish_are_counted(nginx: int, home: Path) -> None:
    varnishd, varnishncsa = needs("varnishd"), needs("varnishncsa")
    written = re.search(r"varnishncsa .*-F '(.*)'", GUIDE)
    assert written is not None
    (port,) = free_ports(1)
    work = home / "varnish"
    here, behind = f"127.0.0.1:{port}", f"127.0.0.1:{nginx}"
    cache = subprocess.Popen(
        [varnishd, "-F", "-n", work, "-j", "none", "-a", here, "-b", behind, "-s", "malloc,16m"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=os.environ | {"PATH": PATH},
    )
    try:
        assert answers(port, cache), "varnishd did not start"
        listen(port, 5)
        for name, options in {"guide.ncsa": ["-F", written[1]], "combined.ncsa": []}.items():
            # -d: what the log in memory holds, then end
            command = [varnishncsa, "-d", "-n", work, "-w", home / name, *options]
            subprocess.run(command, check=True, timeout=30)
    finally:
        cache.terminate()
        cache.wait(timeout=20)
    counted = count([home / "guide.ncsa"])
    event = counted.events[0]
    assert (event.event_id, event.distinct, event.without_sid) == ("abc", 7, 1)
    assert counted.files[0].not_understood == 0
    plain = count([home / "combined.ncsa"])
    assert plain.events[0].distinct == 2
    assert plain.files[0].not_understood == 0
