"""Paths at the edge: who is followed and when, to whom it is told, and that it refuses nobody."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path

import pytest
from tests.delivery.playing import LIVE, PART, House, Wire, drawn, playing, token

from rostra.delivery.connection_io import Connection
from rostra.ground.facts import ShieldSet
from rostra.shield.accounts import Account
from rostra.shield.path import BY_NAME, SIZE, Automaton, Walk, class_of
from rostra.shield.path_model import automaton_of
from rostra.shield.paths_io import came
from rostra.shield.proxies import read_proxies
from rostra.shield.sources import source_of

HOME, ELSEWHERE = "203.0.113.7", "198.51.100.1"
STATE = b"GET /e/abc/state.json HTTP/1.1\r\nHost: x\r\n\r\n"
PASS = b" HTTP/1.1\r\nHost: x\r\nCookie: rostra_pass=%s\r\n\r\n"
Client = tuple[Connection, Wire]


@pytest.fixture
def house(tmp_path: Path) -> House:
    house = playing(tmp_path, admission="passes")
    house.edge.handle(drawn())
    house.edge.watch_path(iter([automaton_of(came()[0])]).__next__)
    return house


def followed(client: Client) -> bool:
    return client[0].walk is not None


def press(house: House, pressure: int) -> None:
    house.edge.handle(ShieldSet(at_ms=0, pressure=pressure))


def account(house: House, address: str) -> Account:
    found = house.edge.desk.guard._accounts.find(source_of(address))
    assert found is not None
    return found


def told(house: House, address: str) -> int:
    """How often this source heard that somebody there is no player."""
    refused = account(house, address).refused
    return refused["path_strange"] if refused else 0


def ask(house: House, client: Client, raw: bytes, times: int, each_s: float) -> set[int]:
    connection, wire = client
    wire.taken()
    for _ in range(times):
        connection.data_received(raw)
        house.clock.now += each_s
    return {int(status) for status in re.findall(rb"HTTP/1\.1 (\d{3}) ", wire.taken())}


def test_in_peace_nobody_is_followed(house: House) -> None:
    client = house.client(address=HOME)
    ask(house, client, STATE, 200, 0.01)
    house.seconds_pass(3)
    assert client[0].walk is None
    assert told(house, HOME) == 0


async def test_under_pressure_all_are_followed_also_who_came_before_until_it_is_over(
    house: House,
) -> None:
    before = house.client(address=HOME)
    ask(house, before, STATE, 3, 0.5)
    press(house, 1)
    after = house.client(address=HOME)
    assert followed(after), "from its first request"
    assert not followed(before)
    house.seconds_pass(1)
    assert followed(before)
    press(house, 0)
    house.seconds_pass(1)
    assert not followed(before) and not followed(after)


async def test_a_flood_of_the_state_is_told_of_its_source_and_answered_all_the_same(
    house: House,
) -> None:
    press(house, 1)
    client = house.client(address=HOME)
    assert ask(house, client, STATE, 60, 0.01) == {200}
    assert told(house, HOME) >= 2
    tally = house.edge.desk.guard.tally(1.0)
    assert tally.acts["strange"] >= 2
    assert tally.worst[0].refused["path_strange"] >= 2
    assert not tally.refused, "it was told, nothing was refused"


async def test_of_a_listener_it_is_told_where_they_are_and_they_listen_on(house: House) -> None:
    press(house, 2)
    client = house.client(address=HOME)
    carried = PASS % token("Ada").encode()
    media, playlist = (b"GET /e/abc/" + what.encode() + carried for what in (PART, LIVE))
    for _ in range(60):
        assert ask(house, client, playlist, 1, 0.02) | ask(house, client, media, 1, 0.02) == {200}
    assert client[0].own is None
    assert told(house, HOME) >= 1


async def test_who_plays_as_a_player_does_is_told_nothing_of(house: House) -> None:
    press(house, 2)
    client = house.client(address=HOME)
    carried = PASS % token("Ada").encode()
    media, playlist = (b"GET /e/abc/" + what.encode() + carried for what in (PART, LIVE))
    for number in range(200):
        ask(house, client, playlist, 1, 0.02)
        ask(house, client, media, 1, 0.49)
        if number % 10 == 0:
            ask(house, client, STATE, 1, 0.01)
    assert client[0].walk is not None and client[0].walk.steps > 300
    assert told(house, HOME) == 0


async def test_each_way_of_being_answered_is_a_step_and_none_is_two(house: House) -> None:
    press(house, 2)
    connection, wire = house.client(address=HOME)
    walk = connection.walk
    assert walk is not None
    carried = token("Ada").encode()
    in_target = b"GET /e/abc/~%s/%s HTTP/1.1\r\nHost: x\r\n\r\n" % (carried, PART.encode())
    ahead = b"?_HLS_msn=17&_HLS_part=5"
    asked = [
        (b"POST /e/abc/ticket HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n", "ticket"),
        (STATE, "state"),  # whole
        (STATE, "state"),  # hot
        (b"GET /e/abc/" + LIVE.encode() + PASS % carried, "playlist"),
        (b"GET /e/abc/" + LIVE.encode() + PASS % carried, "playlist"),  # hot
        (in_target, "media"),
        (in_target, "media"),
        (b"GET /nowhere HTTP/1.1\r\nHost: x\r\n\r\n", "other"),
        (b"HEAD /e/abc HTTP/1.1\r\nHost: x\r\n\r\n", "page"),
        (b"GET /e/abc/" + LIVE.encode() + ahead + PASS % carried, "playlist"),  # held
    ]  # fmt: skip
    for number, (raw, name) in enumerate(asked):
        connection.data_received(raw)
        assert walk.steps == number and walk.last == BY_NAME[name], (raw, wire.taken())
        house.clock.now += 1.0


async def test_what_was_slowed_is_one_step(house: House) -> None:
    press(house, 3)
    connection, _ = house.client(address=HOME)
    asked = 0
    while connection.resting is None:
        connection.data_received(STATE)
        house.clock.now += 0.001
        asked += 1
    walk = connection.walk
    assert walk is not None and walk.steps < asked
    steps = walk.steps
    connection._rested()
    assert walk.steps == steps
    connection.connection_lost(None)
    await asyncio.sleep(0)


def test_a_proxys_connection_is_not_followed(house: House) -> None:
    house.edge.desk.proxies = read_proxies(ELSEWHERE)
    press(house, 2)
    client = house.client(address=ELSEWHERE)
    through = STATE.replace(b"Host: x", b"Host: x\r\nX-Forwarded-For: " + HOME.encode())
    ask(house, client, through, 30, 0.001)
    house.seconds_pass(2)
    assert client[0].walk is None
    assert told(house, HOME) == 0


async def test_an_automaton_that_breaks_hurts_no_listener(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    house.edge.desk.automaton = Automaton((), 0.0, 0.0)  # no step is in it
    press(house, 2)
    client = house.client(address=HOME)
    carried = PASS % token("Ada").encode()
    playlist = b"GET /e/abc/" + LIVE.encode() + carried
    assert ask(house, client, playlist, 100, 0.01) == {200}
    assert house.edge.desk.guard_failed
    assert caplog.text.count("the shield's code broke") == 1


def test_without_a_model_nobody_is_followed(tmp_path: Path) -> None:
    house = playing(tmp_path, admission="passes")
    house.edge.handle(drawn())
    press(house, 2)
    assert house.client(address=HOME)[0].walk is None


def test_a_new_model_is_taken_and_a_broken_one_leaves_the_old(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    old = house.edge.desk.automaton
    new = Automaton((0.0,) * SIZE, 0.0)
    given: list[Automaton | None] = [new, None]

    def changed() -> Automaton | None:
        if not given:
            raise OSError("the disk is gone")
        return given.pop(0)

    house.edge.watch_path(changed)
    assert house.edge.desk.automaton is new is not old
    for _ in range(2):
        house.edge._look_for_path()
    assert house.edge.desk.automaton is new
    assert "cannot be read" in caplog.text


async def test_what_the_hot_path_remembers_has_the_class_of_its_target(house: House) -> None:
    carried = PASS % token("Ada").encode()
    for target in ("/", "/e/abc", "/e/abc/state.json", "/robots.txt", "/healthz", "/count"):
        house.ask(f"GET {target}".encode() + carried)
    for what in (LIVE, PART, "calendar.ics"):
        house.ask(f"GET /e/abc/{what}".encode() + carried)
    hot = house.edge.desk.catalogue.hot[0]
    assert len(hot) >= 7
    for remembered, prepared in hot.items():
        assert BY_NAME[prepared.kind] == class_of(remembered), remembered


def test_a_walk_is_small() -> None:
    assert len(Walk.__slots__) == 6
