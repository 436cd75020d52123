"""Paths beside a real house: attackers are found by how they ask, listeners are not, and the house
learns from what it saw."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from tests.live.conftest import House, until
from tests.live.rehearsing import Rehearsal

pytestmark = [pytest.mark.live, pytest.mark.timeout(240)]

ATTACKERS = 40  # each from an address of its own, on one connection
SCRIPT = f"""
name = "paths"
says = "A crowd that comes in ten seconds, then a mimic of it, then a flood."
doors_s = -10
ends_s = 50
[shares]
double_tabs = 0.1
[[wave]]
kind = "even"
share = 1
from_s = -10
until_s = 0
[[attack]]
profile = "mimic"
from_s = 8
until_s = 24
sources = {ATTACKERS}
connections = {ATTACKERS}
requests_s = 800
[[attack]]
profile = "state_flood"
from_s = 30
until_s = 40
sources = {ATTACKERS}
connections = {ATTACKERS}
requests_s = 800
"""


def test_attackers_are_found_by_their_path_and_no_listener_is(running: House, folder: Path) -> None:
    came = running.api("GET", "/api/shield")["path"]
    running.api("POST", "/api/shield", {"mode": "attack"})  # in peace nobody is followed
    script = folder / "paths.toml"
    script.write_text(SCRIPT)
    words = ("--listeners", "150", "--minutes", "3", "--script", str(script), "--only-script")
    rehearsal = Rehearsal(running, *words)
    strange: set[str] = set()

    def over() -> bool:
        for row in running.api("GET", "/api/shield?since=9e9")["worst"]:
            if "path_strange" in row["points"]:
                strange.add(row["source"])
        return rehearsal.process.poll() is not None

    try:
        until(over, "the night is over", 200)
        found = rehearsal.ended()
    finally:
        rehearsal.close()
    attackers = {source for source in strange if source.startswith(("127.16.", "127.17."))}
    listeners = {source for source in strange if source.startswith("127.1.")}
    print(f"found strange: {len(attackers)} of {ATTACKERS} attackers, {len(listeners)} listeners")
    assert found.night is not None and found.night.joined > 100
    assert len(attackers) > 0.8 * ATTACKERS
    assert listeners == set()

    learnt = running.api("GET", "/api/shield")["path"]
    assert learnt.startswith("the rehearsal ") and learnt.endswith(came)
    [kept] = running.data.glob("player-path.json")
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert "127." not in kept.read_text()
    running.kill("control")
    until(lambda: running.api("GET", "/api/shield")["path"] == learnt, "control is back and knows")
