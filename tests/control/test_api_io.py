"""The HTTP API, through its real application."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rostra.agenda.links import Addresses
from rostra.control.api_io import make_app
from rostra.control.control_io import Control
from rostra.control.storage_io import Storage

KEY = bytes(range(32))
NEW = {"title": "An evening", "start": "2036-12-01T20:00Z"}


@pytest.fixture
def client(tmp_path: Path) -> httpx.AsyncClient:
    control = Control(
        Storage(tmp_path),
        tmp_path,
        bytes(32),
        Addresses("http://p", "http://c", "http://s"),
        lambda _: None,
    )
    app = make_app(control, KEY, tmp_path, None)
    return httpx.AsyncClient(
        transport=httpx.ASGITransport(app, raise_app_exceptions=False),
        base_url="http://c",
        headers={"Authorization": f"Bearer {KEY.hex()}"},
    )


async def created(client: httpx.AsyncClient) -> dict[str, Any]:
    answer = await client.post("/api/events", json=NEW)
    assert answer.status_code == 201, answer.text
    event: dict[str, Any] = answer.json()
    return event


async def test_an_event_is_created_with_three_links(client: httpx.AsyncClient) -> None:
    event = await created(client)
    assert event["start"] == "2036-12-01T20:00:00Z"
    assert event["phase"] == "scheduled"
    assert event["listener_link"] == f"http://p/e/{event['id']}"
    assert event["host_link"] != event["speaker_link"]
    assert (await client.get(f"/api/events/{event['id']}")).json() == event
    assert (await client.get("/api/events")).json() == [event]


async def test_an_event_is_led_through_its_life(client: httpx.AsyncClient) -> None:
    event = await created(client)
    for path, phase in (("open-doors", "doors_open"), ("go-live", "live"), ("end", "ended")):
        answer = await client.post(f"/api/events/{event['id']}/{path}")
        assert answer.json()["phase"] == phase
    answer = await client.post(f"/api/events/{event['id']}/go-live")
    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "wrong_phase")


async def test_a_moved_start_is_shown_as_a_delay(client: httpx.AsyncClient) -> None:
    event = await created(client)
    answer = await client.patch(f"/api/events/{event['id']}", json={"start": "2036-12-01T20:42Z"})
    assert answer.json()["start"] == "2036-12-01T20:42:00Z"
    assert answer.json()["first_start"] == "2036-12-01T20:00:00Z"


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/api/events"),
        ("POST", "/api/events"),
        ("GET", "/api/status"),
        ("POST", "/api/events/x/go-live"),
        ("GET", "/api/events/x/recordings"),
    ],
)
@pytest.mark.parametrize("token", ["", "Bearer ", "Bearer 00", "Basic " + KEY.hex()])
async def test_without_the_operator_key_nothing_is_told(
    client: httpx.AsyncClient, method: str, path: str, token: str
) -> None:
    answer = await client.request(method, path, json=NEW, headers={"Authorization": token})
    assert (answer.status_code, answer.json()["error"]["code"]) == (401, "not_operator")


@pytest.mark.parametrize(
    ("body", "names"),
    [
        ({"title": "x"}, "start"),
        ({"title": "x", "start": "tomorrow"}, "start"),
        ({"title": "x", "start": "2036-12-01T20:00"}, "start"),
        ({**NEW, "titel": "x"}, "titel"),
        ({**NEW, "duration_min": "long"}, "duration_min"),
        ({**NEW, "people": [""]}, "names"),
        ([1], "body"),
    ],
)
async def test_a_malformed_event_gets_a_clear_422(
    client: httpx.AsyncClient, body: Any, names: str
) -> None:
    answer = await client.post("/api/events", json=body)
    assert answer.status_code == 422
    assert names in answer.json()["error"]["message"]
    assert (await client.get("/api/events")).json() == []


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.binary(max_size=300))
async def test_any_body_gets_a_4xx_with_a_code(client: httpx.AsyncClient, body: bytes) -> None:
    answer = await client.post(
        "/api/events", content=body, headers={"Content-Type": "application/json"}
    )
    assert 400 <= answer.status_code < 500
    assert answer.json()["error"]["code"]


async def test_unknown_paths_and_methods_have_codes(client: httpx.AsyncClient) -> None:
    assert (await client.get("/nope")).json()["error"]["code"] == "not_found"
    assert (await client.delete("/api/events")).json()["error"]["code"] == "method_not_allowed"
    assert (await client.get("/api/events/nope")).json()["error"]["code"] == "no_such_event"


async def test_an_oversize_body_is_refused_unread(client: httpx.AsyncClient) -> None:
    answer = await client.post("/api/events", content=b"x" * 300_000)
    assert (answer.status_code, answer.json()["error"]["code"]) == (413, "too_large")


async def test_recordings_are_listed_and_nothing_else_can_be_read(
    client: httpx.AsyncClient, tmp_path: Path
) -> None:
    event = await created(client)
    folder = tmp_path / "events" / event["id"] / "recording"
    folder.mkdir(parents=True)
    (folder / "programme.flac").write_bytes(b"fLaC")
    (folder / "secret.txt").write_text("no")
    url = f"/api/events/{event['id']}/recordings"
    rows = (await client.get(url)).json()
    assert [(row["name"], row["kind"]) for row in rows] == [("programme.flac", "programme")]
    assert (await client.get(rows[0]["url"])).content == b"fLaC"
    for name in ("secret.txt", "..%2F..%2F..%2Frostra.sqlite", "nope.flac"):
        assert (await client.get(f"{url}/{name}")).status_code in (404, 422)


async def test_the_api_describes_itself(client: httpx.AsyncClient) -> None:
    described = (await client.get("/openapi.json")).json()
    assert described["openapi"].startswith("3.")
    assert "/api/events/{event_id}/go-live" in described["paths"]


async def test_an_invitation_for_one_person_and_an_announcement(client: httpx.AsyncClient) -> None:
    event = await created(client)
    base = f"/api/events/{event['id']}"
    answer = await client.post(f"{base}/invitations", json={"role": "co-host", "name": "Ada"})
    assert answer.json()["link"].startswith(f"http://s/s/{event['id']}#")
    answer = await client.post(f"{base}/announcements", json={"text": "Ten minutes more"})
    assert answer.json()["announcements"][0]["text"] == "Ten minutes more"


async def test_status_says_what_is_silent(client: httpx.AsyncClient) -> None:
    await created(client)
    status = (await client.get("/api/status")).json()
    assert (status["stage"], status["packager"], status["edges"]) == (None, None, [])
    event = status["events"][0]
    assert set(event["audience"].values()) == {0}
    assert (event["door"]["admitted_rank"], event["door"]["rung"]) == (-1, 0)
    assert event["replay_due"] == "2036-12-01T21:30:00Z"
