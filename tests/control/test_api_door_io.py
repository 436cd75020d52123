"""The door's part of the API, through its real application."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
import pytest
from click.testing import CliRunner

from rostra.admission.tickets import Ticket, read_ticket
from rostra.agenda.links import Addresses
from rostra.cli import main
from rostra.control import keys_io
from rostra.control.api_io import make_app
from rostra.control.control_io import Control
from rostra.control.storage_io import Storage

KEY = bytes(range(32))
START_S = 2_111_515_200  # 2036-12-01T20:00Z


@pytest.fixture
def client(tmp_path: Path) -> httpx.AsyncClient:
    control = Control(
        Storage(tmp_path), tmp_path, bytes(32), Addresses("http://p", "http://c", "http://s"),
        lambda _: None,
    )  # fmt: skip
    return httpx.AsyncClient(
        transport=httpx.ASGITransport(make_app(control, KEY, tmp_path, None)),
        base_url="http://c",
        headers={"Authorization": f"Bearer {KEY.hex()}"},
    )


@pytest.fixture
async def base(client: httpx.AsyncClient) -> str:
    new = {"title": "An evening", "start": "2036-12-01T20:00Z"}
    return f"/api/events/{(await client.post('/api/events', json=new)).json()['id']}"


async def code(answer: httpx.Response) -> str:
    return str(answer.json()["error"]["code"])


async def test_a_door_shows_what_an_operator_needs(client: httpx.AsyncClient, base: str) -> None:
    view = (await client.get(f"{base}/door")).json()
    assert {
        "admitted_rank", "pace", "rung", "reason", "full", "cap", "hold", "open_all",
        "rung_forced", "capacity", "line", "waiting", "audience", "lanes", "replay_due", "history",
    } <= set(view)  # fmt: skip
    assert (view["admitted_rank"], view["cap"], view["hold"]) == (-1, None, False)
    assert len(view["capacity"]["listeners"]) == 4


async def test_each_change_of_the_door_is_an_act_that_can_be_undone(
    client: httpx.AsyncClient, base: str
) -> None:
    answer = await client.post(f"{base}/door", json={"cap": 3, "hold": True, "rung": 2})
    view = answer.json()
    assert (view["cap"], view["hold"], view["rung_forced"]) == (3, True, 2)
    await client.post(f"{base}/door", json={"cap": 5})
    acts = (await client.get(f"{base}/acts")).json()
    assert [row["act"] for row in acts] == ["cap", "rung", "hold", "cap", "create"]
    assert acts[0]["detail"] == "3 → 5"
    assert [row["undoable"] for row in acts] == [True, True, True, False, False]
    assert {row["by"] for row in acts} == {"operator"}
    for row, cap in ((acts[0], 3), (acts[3], None)):
        assert (await client.post(f"{base}/acts/{row['number']}/undo")).status_code == 200
        assert (await client.get(f"{base}/door")).json()["cap"] == cap
    undone = (await client.get(f"{base}/acts")).json()
    assert [row["act"] for row in undone[:2]] == ["undo", "undo"]


async def test_what_did_not_change_is_no_act(client: httpx.AsyncClient, base: str) -> None:
    await client.post(f"{base}/door", json={"hold": False, "cap": None})
    assert [row["act"] for row in (await client.get(f"{base}/acts")).json()] == ["create"]


async def test_an_act_that_people_followed_says_that_it_stays(
    client: httpx.AsyncClient, base: str
) -> None:
    for path in ("open-doors", "go-live", "end"):
        await client.post(f"{base}/{path}")
        newest = (await client.get(f"{base}/acts")).json()[0]
        assert newest["act"] == path.replace("-", "_")
        refused = await client.post(f"{base}/acts/{newest['number']}/undo")
        assert (refused.status_code, await code(refused)) == (409, "cannot_undo")
    assert await code(await client.post(f"{base}/acts/999/undo")) == "no_such_act"
    refused = await client.post(f"{base}/door", json={"cap": 3})
    assert (refused.status_code, await code(refused)) == (409, "wrong_phase")


async def test_a_delay_and_an_announcement_can_be_taken_back(
    client: httpx.AsyncClient, base: str
) -> None:
    delayed = (await client.post(f"{base}/delay", json={"minutes": 42})).json()
    assert (delayed["start"], delayed["first_start"]) == (
        "2036-12-01T20:42:00Z", "2036-12-01T20:00:00Z",
    )  # fmt: skip
    await client.post(f"{base}/announcements", json={"text": "Ten minutes more"})
    await client.patch(base, json={"people": ["Ada"], "title": "Another"})
    for row in (await client.get(f"{base}/acts")).json()[:3]:
        assert (await client.post(f"{base}/acts/{row['number']}/undo")).status_code == 200
    event = (await client.get(base)).json()
    assert (event["start"], event["first_start"]) == ("2036-12-01T20:00:00Z", None)
    assert (event["announcements"], event["people"]) == ([], [])
    assert event["title"] == "An evening"


async def test_a_lane_gives_each_place_a_ticket_of_its_own_and_keeps_none(
    client: httpx.AsyncClient, base: str, tmp_path: Path
) -> None:
    answer = await client.post(f"{base}/lanes", json={"name": "press-1", "places": 3})
    assert (answer.status_code, answer.json()["places"]) == (201, 3)
    ring, tickets = keys_io.load_ring(tmp_path, "door"), []
    for link in answer.json()["links"]:
        page, token = link.split("#place=")
        assert page == "http://p/e/" + base.rsplit("/", 1)[1]
        ticket = read_ticket(token, base.rsplit("/", 1)[1], ring, START_S)
        assert isinstance(ticket, Ticket)
        tickets.append(ticket)
        assert token.encode() not in b"".join(p.read_bytes() for p in tmp_path.glob("rostra.sq*"))
    assert {ticket.lane for ticket in tickets} == {"press-1"}
    assert len({ticket.ticket_id for ticket in tickets}) == 3
    lanes = (await client.get(f"{base}/door")).json()["lanes"]
    assert lanes == [{"name": "press-1", "places": 3, "inside": 0}]
    again = await client.post(f"{base}/lanes", json={"name": "press-1", "places": 3})
    assert (again.status_code, await code(again)) == (409, "lane_exists")


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("door", {"cap": 0}),
        ("door", {"cap": "many"}),
        ("door", {"rung": 6}),
        ("door", {"hold": None}),
        ("door", {"lid": 1}),
        ("lanes", {"name": "Press", "places": 1}),
        ("lanes", {"name": "press", "places": 0}),
        ("lanes", {"name": "press", "places": 10_001}),
        ("lanes", {"name": "p" * 33, "places": 1}),
        ("delay", {"minutes": 0}),
        ("delay", {"minutes": 10**9}),
    ],
)
async def test_what_is_out_of_bounds_is_refused(
    client: httpx.AsyncClient, base: str, path: str, body: Any
) -> None:
    answer = await client.post(f"{base}/{path}", json=body)
    assert answer.status_code == 422
    assert await code(answer)


async def test_an_event_has_twenty_lanes_at_most(client: httpx.AsyncClient, base: str) -> None:
    codes = [
        (await client.post(f"{base}/lanes", json={"name": f"l{n}", "places": 1})).status_code
        for n in range(21)
    ]
    assert codes == [201] * 20 + [409]


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "door"), ("POST", "door"), ("POST", "lanes"), ("POST", "delay"), ("GET", "acts"),
     ("POST", "acts/1/undo")],
)  # fmt: skip
async def test_only_operators_and_only_of_events_that_are(
    client: httpx.AsyncClient, method: str, path: str
) -> None:
    bodies: dict[str, dict[str, Any]] = {
        "door": {"cap": 1}, "lanes": {"name": "a", "places": 1}, "delay": {"minutes": 1},
    }  # fmt: skip
    body = bodies.get(path, {})
    answer = await client.request(method, f"/api/events/nope/{path}", json=body)
    assert (answer.status_code, await code(answer)) == (404, "no_such_event")
    answer = await client.request(
        method, f"/api/events/nope/{path}", json=body, headers={"Authorization": "Bearer 00"}
    )
    assert (answer.status_code, await code(answer)) == (401, "not_operator")


async def test_metrics_need_no_key_and_hold_no_titles(client: httpx.AsyncClient, base: str) -> None:
    answer = await client.get("/metrics", headers={"Authorization": ""})
    assert answer.status_code == 200
    assert "rostra_door_rung{" in answer.text
    assert "An evening" not in answer.text


async def test_the_openapi_describes_the_door(client: httpx.AsyncClient) -> None:
    paths = (await client.get("/openapi.json")).json()["paths"]
    for path in ("door", "lanes", "delay", "acts", "acts/{number}/undo"):
        assert f"/api/events/{{event_id}}/{path}" in paths


def test_the_command_line_says_when_no_house_is_open(tmp_path: Path) -> None:
    for words in (["door", "show", "x"], ["lane", "create", "x", "press", "--places", "1"]):
        done = CliRunner().invoke(main, [*words, "--data", str(tmp_path), "--json"])
        assert done.exit_code == 1
        assert "no house is open" in done.output
