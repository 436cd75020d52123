"""A real house that is killed in parts leaves evidence that verifies, and names nobody."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import httpx
import pytest

from rostra.evidence.ledger_io import read_entries
from rostra.evidence.record import EdgeSecond, Happened, decode
from tests.live.conftest import ROSTRA, House, until

pytestmark = [pytest.mark.live, pytest.mark.timeout(400)]


def verify(*words: str) -> tuple[int, Any]:
    done = subprocess.run(
        [*ROSTRA, "verify", *words, "--json"], capture_output=True, text=True, check=False
    )
    return done.returncode, json.loads(done.stdout)


def size(house: House, event: Any) -> int:
    note = house.state(event)["checkpoint"]
    return int(note.split("\n")[1]) if note else 0


def test_killed_in_parts_it_still_verifies(running: House, folder: Path) -> None:
    event = running.create("A night")
    running.api("POST", f"/api/events/{event['id']}/open-doors")
    until(lambda: size(running, event) > 10, "a checkpoint stands in the state")
    kept = folder / "state.json"
    kept.write_text(json.dumps(running.state(event)))
    for _ in range(5):
        httpx.get(event["listener_link"], headers={"User-Agent": "a-person-s-player"})
    for name in ("control", "edge-0"):
        running.kill(name)
        then = size(running, event)
        until(lambda then=then: size(running, event) > then + 10, "it goes on")  # type: ignore[misc]
    out = folder / "night.zip"
    exported = running.command("evidence", "export", event["id"], "-o", str(out))
    code, found = verify(str(out), "--witness", str(kept), "--key", exported["key"])
    assert (code, found["ok"]) == (0, True), found["findings"]
    assert found["witnesses"][0]["holds"]
    assert set(found["records"]) == {"control", "edge-0", "edge-1"}
    assert found["counts"]["gap"] >= 1 and "clock_back" not in found["counts"]

    judged = running.command("verdict", str(out))
    assert judged["word"] in {"NO HARM", "FAULT", "UNDETERMINED"}, "nobody is accused"
    assert judged["provisional"] and judged["event"] == event["id"]

    ledger = running.data / "events" / event["id"] / "ledger"
    raw = (ledger / "entries").read_bytes()
    for word in (b"127.0.0", b"::1", b"7f0000", b"a-person-s-player", b"localhost", b"A night"):
        assert word not in raw

    changed = bytearray(out.read_bytes())
    changed[len(changed) // 2] ^= 1
    out.write_bytes(changed)
    code, found = verify(str(out))
    assert (code, found["ok"]) == (1, False)


def test_an_edge_writes_what_it_did(running: House, folder: Path) -> None:
    event = running.create("A night")
    running.api("POST", f"/api/events/{event['id']}/open-doors")
    path = running.data / "events" / event["id"] / "ledger" / "entries"
    until(path.exists, "the ledger begins")
    for _ in range(20):
        httpx.get(f"{event['listener_link']}/state.json")

    def seconds() -> list[EdgeSecond]:
        records = [decode(raw) for raw in read_entries(path)]
        return [one for one in records if isinstance(one, EdgeSecond)]

    until(lambda: sum(one.requests.get("state", 0) for one in seconds()) >= 20, "all were counted")
    assert max(one.sources for one in seconds()) == 1
    running.api("POST", f"/api/events/{event['id']}/cancel")

    def over() -> bool:
        last = [decode(raw) for raw in read_entries(path)][-3:]
        return any(isinstance(one, Happened) and one.subject == "cancelled" for one in last)

    until(over, "it ends with the event")
