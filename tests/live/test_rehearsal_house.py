"""A house consents to a rehearsal, takes nobody in it for a person, goes by what it found."""

from __future__ import annotations

import re
import time
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest

from rostra.ground.sealed import public_key
from rostra.rehearsal.consent import Consent, read_consent, refusal_for
from rostra.rehearsal.findings import Findings, Generator, Interval, RungFound
from tests.live.admission import admitted
from tests.live.conftest import House, end_house, free_ports, start_house, until

pytestmark = [pytest.mark.live, pytest.mark.timeout(240)]

MINE = public_key(b"\1" * 32)
WISH = {"generators": [MINE], "listeners": 100, "requests_s": 600, "minutes": 5}
WELL_KNOWN = "/.well-known/rostra-rehearsal"


def rehearsed(house: House) -> Any:
    """A rehearsal whose event has its doors open."""
    run = house.api("POST", "/api/rehearsals", WISH)
    house.api("POST", f"/api/events/{run['event_id']}/open-doors")
    until(lambda: consents(house) != [], "the edges consent")
    return run


def consents(house: House) -> list[Consent]:
    """What the edges answer: one asks, as generators do."""
    answer = httpx.get(house.audience + WELL_KNOWN, follow_redirects=False)
    if answer.status_code == 404:
        return []
    assert answer.headers["cache-control"] == "no-store"
    found = []
    for raw in msgspec.json.decode(answer.content, type=dict[str, list[msgspec.Raw]])["consents"]:
        read = read_consent(bytes(raw))
        assert isinstance(read, tuple), read
        found.append(read[0])
    return found


def ticket(house: House, event_id: str, **fields: str) -> httpx.Response:
    return httpx.post(f"{house.audience}/e/{event_id}/ticket", headers=fields)


def virtual_listener(house: House, run: Any) -> dict[str, str]:
    """The header fields of a pass for the rehearsal."""
    given: list[str] = []

    def let_in() -> bool:
        fields = {"Rostra-Rehearsal": run["token"]}
        place = ticket(house, run["event_id"], **fields).json()["ticket"]
        page = f"{house.audience}/e/{run['event_id']}/pass"
        answer = httpx.post(page, headers={"Authorization": f"Bearer {place}"})
        given.extend([answer.json()["pass"]] if answer.is_success else [])
        return bool(given)

    until(let_in, "a virtual listener is let in")
    return {"Authorization": f"Bearer {given[-1]}"}


def test_a_virtual_listener_is_nobody_and_nothing_is_left(running: House) -> None:
    real = running.create("A real evening")
    run = rehearsed(running)
    (consent,) = consents(running)
    origin = f"http://127.0.0.1:{running.ports[0]}"
    assert refusal_for(consent, run["run"], MINE, origin, time.time()) is None
    assert run["origin"] == origin

    refused = ticket(running, run["event_id"])
    assert (refused.status_code, refused.json()["error"]["code"]) == (403, "rehearsal_only")
    fields = virtual_listener(running, run)
    inside = f"/api/rehearsals/{run['run']}"
    until(
        lambda: running.api("GET", inside)["readings"][-1]["inside"] == 1,
        "the virtual listener is inside, for the rehearsal",
    )
    reading = running.api("GET", inside)["readings"][-1]
    assert {edge["edge"] for edge in reading["edges"]} == {"edge-0", "edge-1"}
    assert running.state(real)["audience"]["inside"] == 0
    metrics = httpx.get(f"{running.control}/metrics").text
    assert re.search(rf'rostra_audience_inside{{event="{real["id"]}"}} 0.0', metrics)
    assert run["event_id"] not in metrics
    assert run["event_id"] not in httpx.get(running.audience).text
    elsewhere = httpx.post(f"{real['listener_link']}/pass", headers=fields)
    assert elsewhere.json()["error"]["code"] == "pass_other_event"

    running.kill("control")  # a fault that a rehearsal may make: it goes on
    until(lambda: running.api("GET", inside)["readings"] != [], "control reads the house again")
    assert not running.api("GET", inside)["withdrawn"]
    running.kill("edge-0")
    until(lambda: len({bool(consents(running)) for _ in range(8)}) == 1, "both edges answer")
    assert consents(running) == [consent]

    folder = running.data / "events" / run["event_id"]
    assert folder.is_dir()
    running.api("POST", f"{inside}/withdraw")
    until(lambda: consents(running) == [], "no edge consents any more")
    until(lambda: not folder.exists(), "its files are gone")
    assert httpx.get(f"{running.audience}{run['page']}").status_code == 404
    assert [event["id"] for event in running.api("GET", "/api/events")] == [real["id"]]


def test_it_gives_way_when_a_real_event_opens_its_doors(running: House) -> None:
    real = running.create("A real evening")
    run = rehearsed(running)
    running.api("POST", f"/api/events/{real['id']}/open-doors")
    until(lambda: consents(running) == [], "no edge consents any more")
    assert running.api("GET", f"/api/rehearsals/{run['run']}")["withdrawn"]
    admitted(running, real)


def findings(run: str) -> Any:
    us = Interval(20.0, 19.0, 21.0)
    generator = Generator(
        name="g", key=MINE, machine="", cpu_most=0.1, late_most_ms=1.0, same_machine=True
    )
    rungs = tuple(
        RungFound(
            rung=rung, carried=700, knee=900, allowed=630, basis="knee", cpu_us=us, body_bytes=1.0
        )
        for rung in range(4)
    )
    found = Findings(
        run=run, started="2026-11-24T00:00:00Z", ended="2026-11-24T00:09:00Z", program="",
        generators=(generator,), steps=(), rungs=rungs, joins_s=Interval(80.0, 70.0, 90.0),
    )  # fmt: skip
    return msgspec.to_builtins(found)


def test_a_certificate_is_gone_by_until_a_setting_changes(folder: Path) -> None:
    first, second, third = free_ports(3)
    config = folder / "rostra.toml"

    def opened(settings: str) -> House:
        config.write_text(settings)
        ports = (first, second, third)
        return start_house(folder / "data", ports, "--config", str(config))

    def capacity(house: House) -> Any:
        real = house.create("An evening")
        return house.api("GET", f"/api/events/{real['id']}/door")["capacity"]

    house = opened("")
    try:
        run = rehearsed(house)
        house.api("POST", f"/api/rehearsals/{run['run']}/certificate", findings(run["run"]))
        assert capacity(house)["listeners"] == [630] * 4
        until(lambda: consents(house) == [], "the rehearsal is over")
    finally:
        end_house(house)

    house = opened("[door]\ncap = 100\n")  # a wish, not what the house carries
    try:
        assert capacity(house) == {
            "listeners": [630] * 4, "joins_s": 70.0, "source": "certificate"
        }  # fmt: skip
        assert house.api("GET", "/api/certificate")["holds"]
    finally:
        end_house(house)

    house = opened("[edge]\nmax_connections = 500\n")
    try:
        assert capacity(house)["source"] == "measured at start"
        stands = house.api("GET", "/api/certificate")
        assert not stands["holds"]
        assert "edge.max_connections: 18000, now 500" in stands["why_not"]
    finally:
        end_house(house)
    log = (folder / "serve.log").read_text()
    assert re.search(r"does not hold: .*settings changed \(edge.max_connections", log), log[-2000:]
