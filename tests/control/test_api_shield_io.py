"""The shield's part of the API through its real application, over a real keeper and policy."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import httpx
import pytest

from rostra.agenda.links import Addresses
from rostra.control.api_io import make_app
from rostra.control.control_io import Control
from rostra.control.storage_io import Storage
from rostra.ground.facts import AnyFact, EdgeTallied, ShieldSet
from rostra.ground.shield_values import ShieldTally, SourceTally
from rostra.shield.pressure import CAPACITY_S

KEY = bytes(range(32))
BOT = b"\xc6\x33\x64\x17"  # 198.51.100.23
PEACE = ShieldTally(accounts=3, spent=80.0, explained=80.0, vouched=12)
ATTACK = ShieldTally(
    accounts=900,
    worst=(
        SourceTally(
            source=BOT, refused={"source_spent": 4000}, spent=9000.0, connections=40, vouched=0
        ),
    ),
    spent=2 * CAPACITY_S,
    explained=80.0,
    vouched=12,
    refused={"source_spent": 12_000},
    acts={"refused": 12_000, "slowed": 30},
)


class House:
    """A control, the time it is told, what it publishes, and its API."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.published: list[AnyFact] = []
        self.open()

    def open(self) -> None:
        """Control starts, perhaps not for the first time."""
        self.control = Control(
            Storage(self.folder), self.folder, bytes(32),
            Addresses("http://p", "http://c", "http://s"), self.published.append,
        )  # fmt: skip
        self.now = time.monotonic() + 1
        self.client = httpx.AsyncClient(
            transport=httpx.ASGITransport(make_app(self.control, KEY, self.folder, None)),
            base_url="http://c",
            headers={"Authorization": f"Bearer {KEY.hex()}"},
        )

    def seconds(self, number: int, tally: ShieldTally) -> None:
        """So many seconds of one edge."""
        for _ in range(number):
            self.now += 1
            self.control.handle(
                EdgeTallied(
                    edge="edge-0", at_ms=0, connections=9, held=0, requests={}, refusals={},
                    body_bytes=0, busy_fraction=0.5, loop_lag_ms=1, listeners={}, shield=tally,
                )
            )  # fmt: skip
            self.control.shield.tick([], self.now, round(self.now * 1000))

    def told(self) -> ShieldSet:
        """What the edges heard last."""
        return next(fact for fact in reversed(self.published) if isinstance(fact, ShieldSet))

    async def ask(self, method: str, path: str, body: Any = None) -> httpx.Response:
        """A call of the operator."""
        return await self.client.request(method, f"/api/shield{path}", json=body)

    async def view(self) -> Any:
        """What the operator sees."""
        return (await self.ask("GET", "")).json()


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House(tmp_path)


def code(answer: httpx.Response) -> str:
    return str(answer.json()["error"]["code"])


async def test_in_peace_nothing_is_wrong_and_the_seconds_are_there(house: House) -> None:
    house.seconds(3, PEACE)
    view = await house.view()
    assert (view["mode"], view["pressure"], view["dry_run"], view["failed"]) == (
        "auto", 0, False, False,
    )  # fmt: skip
    assert (view["spent"], view["explained"], view["listeners"]) == (80.0, 80.0, 12)
    assert view["bans"] == view["worst"] == view["log"] == []
    assert [point["spent"] for point in view["history"]] == [80.0] * 3


async def test_an_attack_shows_who_what_why_and_what_is_done(house: House) -> None:
    house.seconds(40, ATTACK)
    view = await house.view()
    assert view["pressure"] >= 2 and view["since"] and view["onset"]
    assert view["refused"] == {"source_spent": 12_000}
    assert view["acts"]["slowed"] == 30
    worst = view["worst"][0]
    assert (worst["source"], worst["listeners"], worst["connections"]) == ("198.51.100.23", 0, 40)
    ban = view["bans"][0]
    assert (ban["source"], ban["reason"]) == ("198.51.100.23", "overspent")
    assert ban["since"] < ban["until"]
    assert view["bans_all"] == sum(view["by_step"].values()) == 1
    assert view["history"][-1]["refused"] == {"source_spent": 12_000}
    assert view["changes"][-1]["pressure"] == view["pressure"]


async def test_only_the_seconds_after_one_are_told(house: House) -> None:
    house.seconds(5, PEACE)
    whole = (await house.view())["history"]
    since = round(house.now * 1000) / 1000 - 2
    later = (await house.ask("GET", f"?since={since}")).json()["history"]
    assert later == whole[-2:]
    assert (await house.ask("GET", "?since=9e9")).json()["history"] == []
    for wrong in ("-1", "nan", "now"):
        assert code(await house.ask("GET", f"?since={wrong}")) == "bad_request"


async def test_mode_and_dry_run_reach_the_edges_and_are_undone_in_turn(house: House) -> None:
    answer = await house.ask("POST", "", {"mode": "attack", "dry_run": True})
    view = answer.json()
    assert (answer.status_code, view["mode"], view["dry_run"]) == (200, "attack", True)
    house.seconds(1, PEACE)
    assert (house.told().pressure, house.told().dry_run) == (2, True)
    assert {(row["act"], row["detail"]) for row in view["log"]} == {
        ("mode", "auto → attack"), ("dry_run", "no → yes"),
    }  # fmt: skip
    assert {row["by"] for row in view["log"]} == {"operator"}
    for row in view["log"]:
        view = (await house.ask("POST", f"/acts/{row['number']}/undo")).json()
    assert (view["mode"], view["dry_run"]) == ("auto", False)
    house.seconds(1, PEACE)
    assert not house.told().dry_run
    again = await house.ask("POST", f"/acts/{view['log'][-1]['number']}/undo")
    assert (again.status_code, code(again)) == (409, "already_undone")


async def test_what_changes_nothing_is_no_act(house: House) -> None:
    view = (await house.ask("POST", "", {"mode": "auto", "dry_run": False})).json()
    await house.ask("POST", "/allow", {"prefix": "192.0.2.0/24"})
    view = (await house.ask("POST", "/allow", {"prefix": "192.0.2.9/24"})).json()
    assert [row["act"] for row in view["log"]] == ["allow"]


async def test_networks_are_allowed_kept_out_and_taken_off_again(house: House) -> None:
    await house.ask("POST", "/deny", {"prefix": " 203.0.113.7 "})
    view = (await house.ask("POST", "/allow", {"prefix": "2001:db8::1"})).json()
    assert (view["deny"], view["allow"]) == (["203.0.113.7"], ["2001:db8::/64"])
    view = (await house.ask("POST", "/allow", {"prefix": "203.0.113.7"})).json()
    assert (view["deny"], view["allow"]) == ([], ["2001:db8::/64", "203.0.113.7"])
    house.seconds(1, PEACE)
    assert house.told().allow == ("2001:db8::/64", "203.0.113.7")
    wrong_list = await house.ask("DELETE", "/deny", {"prefix": "203.0.113.7"})
    assert (wrong_list.status_code, code(wrong_list)) == (404, "no_such_prefix")
    view = (await house.ask("DELETE", "/allow", {"prefix": "203.0.113.7"})).json()
    assert view["allow"] == ["2001:db8::/64"]
    assert [row["undoable"] for row in view["log"]] == [True, False, False, False]
    for _ in range(4):
        newest = next(row for row in view["log"] if row["undoable"])
        view = (await house.ask("POST", f"/acts/{newest['number']}/undo")).json()
    assert (view["allow"], view["deny"]) == ([], [])


async def test_bans_are_lifted_one_by_one_and_all_at_once(house: House) -> None:
    house.seconds(40, ATTACK)
    stranger = await house.ask("POST", "/lift", {"source": "192.0.2.1"})
    assert (stranger.status_code, code(stranger)) == (404, "not_banned")
    view = (await house.ask("POST", "/lift", {"source": "198.51.100.23"})).json()
    assert (view["bans"], view["bans_all"]) == ([], 0)
    assert (view["log"][0]["act"], view["log"][0]["detail"]) == ("lift", "198.51.100.23")
    house.seconds(40, ATTACK)
    assert (await house.view())["bans_all"] == 1
    view = (await house.ask("POST", "/clear")).json()
    assert view["bans_all"] == 0
    refused = await house.ask("POST", f"/acts/{view['log'][0]['number']}/undo")
    assert (refused.status_code, code(refused)) == (409, "cannot_undo")


async def test_the_log_outlives_control_but_no_network_in_it_does(house: House) -> None:
    house.seconds(40, ATTACK)
    await house.ask("POST", "", {"dry_run": True})
    await house.ask("POST", "/lift", {"source": "198.51.100.23"})
    await house.ask("POST", "/deny", {"prefix": "203.0.113.7"})
    view = (await house.ask("DELETE", "/deny", {"prefix": "203.0.113.7"})).json()
    view = (await house.ask("POST", f"/acts/{view['log'][0]['number']}/undo")).json()
    assert view["log"][0]["detail"] == "forget 203.0.113.7"
    for address in ("198.51.100.23", "203.0.113.7"):
        disk = b"".join(path.read_bytes() for path in house.folder.glob("rostra.sq*"))
        assert address.encode() not in disk
    house.open()
    log = (await house.view())["log"]
    assert [(row["act"], row["detail"]) for row in log] == [
        ("undo", "forget a network"), ("forget", "a network"), ("deny", "a network"),
        ("lift", "a network"), ("dry_run", "no → yes"),
    ]  # fmt: skip
    assert [row["undoable"] for row in log] == [False, False, False, False, True]
    view = (await house.ask("POST", f"/acts/{log[-1]['number']}/undo")).json()
    assert view["dry_run"] is False
    assert (await house.ask("POST", "/clear")).status_code == 200


@pytest.mark.parametrize(
    ("method", "path", "body", "codes"),
    [
        ("POST", "", {"mode": "siege"}, "bad_request"),
        ("POST", "", {"dry_run": "perhaps"}, "bad_request"),
        ("POST", "", {"lid": 1}, "bad_request"),
        ("POST", "/allow", {}, "bad_request"),
        ("POST", "/allow", {"prefix": "x" * 65}, "bad_request"),
        ("POST", "/allow", {"prefix": "here"}, "bad_prefix"),
        ("POST", "/deny", {"prefix": "0.0.0.0/0"}, "prefix_too_wide"),
        ("DELETE", "/deny", {"prefix": "203.0.113.7"}, "no_such_prefix"),
        ("DELETE", "/lists", {"prefix": "203.0.113.7"}, "bad_request"),
        ("POST", "/lift", {"source": "there"}, "bad_prefix"),
        ("POST", "/acts/9/undo", None, "no_such_act"),
    ],
)
async def test_what_cannot_be_is_refused_and_loses_nothing(
    house: House, method: str, path: str, body: Any, codes: str
) -> None:
    await house.ask("POST", "/allow", {"prefix": "192.0.2.0/24"})
    answer = await house.ask(method, path, body)
    assert answer.status_code in (404, 422)
    assert code(answer) == codes
    view = await house.view()
    assert (view["allow"], view["mode"], len(view["log"])) == (["192.0.2.0/24"], "auto", 1)


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "", None),
        ("POST", "", {"mode": "off"}),
        ("POST", "/allow", {"prefix": "192.0.2.1"}),
        ("POST", "/deny", {"prefix": "192.0.2.1"}),
        ("DELETE", "/deny", {"prefix": "192.0.2.1"}),
        ("POST", "/lift", {"source": "192.0.2.1"}),
        ("POST", "/clear", None),
        ("POST", "/acts/1/undo", None),
    ],
)
async def test_only_operators_see_or_steer_it(
    house: House, method: str, path: str, body: Any
) -> None:
    answer = await house.client.request(
        method, f"/api/shield{path}", json=body, headers={"Authorization": "Bearer 00"}
    )
    assert (answer.status_code, code(answer)) == (401, "not_operator")


async def test_a_policy_that_broke_is_said(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    def breaks(*_: Any) -> None:
        raise ZeroDivisionError

    house.seconds(2, PEACE)
    monkeypatch.setattr("rostra.shield.policy.Policy.second", breaks)
    house.seconds(1, PEACE)
    assert (await house.view())["failed"] is True
    assert (await house.ask("POST", "", {"dry_run": True})).json()["dry_run"] is True


async def test_the_openapi_describes_the_shield(house: House) -> None:
    paths = (await house.client.get("/openapi.json")).json()["paths"]
    for path in ("", "/allow", "/deny", "/lift", "/clear", "/acts/{number}/undo"):
        assert f"/api/shield{path}" in paths
