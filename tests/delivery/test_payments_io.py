"""The shield at the edge: who pays for a request, and what becomes of those who cannot."""

from __future__ import annotations

import asyncio
import re
import time
from pathlib import Path

import pytest
from tests.delivery.playing import (
    LIVE,
    RING,
    START_MS,
    House,
    Wire,
    drawn,
    media,
    playing,
    token,
)

from rostra.admission.tickets import Ticket, sign_ticket
from rostra.delivery.connection_io import Connection
from rostra.delivery.desk_io import Limits
from rostra.ground.facts import ShieldSet
from rostra.ground.shield_values import Ban
from rostra.shield.prices import OPENED, SIGNED
from rostra.shield.sources import source_of
from rostra.shield.terms import BY_PRESSURE

BOT, NAT = "203.0.113.7", "198.51.100.1"
STATE = b"GET /e/abc/state.json HTTP/1.1\r\nHost: x\r\n\r\n"
MEDIA = b"GET /e/abc/" + LIVE.encode() + b" HTTP/1.1\r\nHost: x\r\nCookie: rostra_pass=%s\r\n\r\n"
TICKET = b"POST /e/abc/ticket HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n%s\r\n"


@pytest.fixture
def house(tmp_path: Path) -> House:
    house = playing(tmp_path, admission="passes")
    house.edge.handle(drawn())
    return house


def press(house: House, pressure: int, **more: object) -> None:
    house.edge.handle(ShieldSet(at_ms=0, pressure=pressure, **more))  # type: ignore[arg-type]


def statuses(wire: Wire) -> list[int]:
    """Of all answers sent since the last call."""
    return [int(status) for status in re.findall(rb"HTTP/1\.1 (\d{3}) ", wire.taken())]


def ask(client: tuple[Connection, Wire], raw: bytes, times: int = 1) -> list[int]:
    connection, wire = client
    for _ in range(times):
        connection.data_received(raw)
    return statuses(wire)


def emptied(house: House, address: str) -> None:
    """A bot has spent all that this address may."""
    for _ in range(BY_PRESSURE[2].slowed + 30):
        ask(house.client(address=address), STATE, 200)
    account = house.edge.desk.guard._accounts.find(source_of(address))
    assert account is not None and account.left < 0
    account.slowed = 1000


async def test_in_peace_a_flood_from_one_address_is_answered(house: House) -> None:
    assert set(ask(house.client(address=BOT), STATE, 5000)) == {200}


async def test_under_attack_it_is_slowed_and_the_answer_comes_later(house: House) -> None:
    press(house, 2)
    connection, wire = house.client(address=BOT)
    answered = len(ask((connection, wire), STATE, 400))
    assert 50 < answered < 200
    assert wire.reading_paused and connection.resting is not None
    await asyncio.sleep(BY_PRESSURE[2].slow_s + 0.1)
    assert statuses(wire)[:1] == [200], "it was late, but answered"


async def test_when_its_slow_lane_is_full_it_is_refused_and_not_read_for_a_moment(
    house: House,
) -> None:
    press(house, 2)
    emptied(house, BOT)
    connection, wire = house.client(address=BOT)
    connection.data_received(STATE)
    head = wire.taken()
    assert head.startswith(b"HTTP/1.1 429") and b"source_spent" in head
    assert b"Retry-After" in head
    assert wire.reading_paused
    connection.data_received(STATE)
    assert wire.taken() == b"", "nothing is read until the moment is over"


async def test_who_listens_from_the_bots_address_is_not_touched(house: House) -> None:
    press(house, 2)
    inside = house.client(address=NAT)
    carried = token("Ada").encode()
    assert ask(inside, MEDIA % carried) == [200]
    emptied(house, NAT)
    assert ask(inside, MEDIA % carried, 50) == [200] * 50
    assert ask(inside, STATE, 10) == [200] * 10
    again = house.client(address=NAT)  # a new connection of theirs
    assert ask(again, MEDIA % carried, 5) == [200] * 5
    renewal = (
        b"POST /e/abc/pass HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n"
        b"Authorization: Bearer %s\r\n\r\n" % carried
    )
    assert ask(house.client(address=NAT), renewal) == [200]


async def test_who_waits_behind_the_bots_address_keeps_their_place(house: House) -> None:
    press(house, 2)
    emptied(house, NAT)
    ticket = Ticket(
        event_id="abc",
        ticket_id="A" * 22,
        arrived_s=START_MS // 1000,
        expires_s=START_MS // 1000 + 40_000,
    )
    bearer = b"Authorization: Bearer %s\r\n" % sign_ticket(ticket, RING).encode()
    waiting = house.client(address=NAT)
    assert ask(waiting, TICKET % bearer) == [200]
    assert ask(waiting, STATE, 20) == [200] * 20


async def test_a_pass_that_does_not_hold_pays_nothing(house: House) -> None:
    press(house, 2)
    emptied(house, BOT)
    assert ask(house.client(address=BOT), MEDIA % b"garbage") == [429]


async def test_one_connection_buys_one_budget_with_all_its_tickets(house: House) -> None:
    press(house, 2)
    flood = ask(house.client(address=BOT), TICKET % b"", 300)
    assert flood.count(200) < 100
    assert house.edge.desk.guard.vouched == 1


async def test_tickets_beyond_the_first_are_demand_that_nothing_explains(house: House) -> None:
    """In peace, when nothing is refused: else a flood of them on few connections is not seen."""
    client = house.client(address=BOT)
    assert set(ask(client, TICKET % b"", 500)) == {200}
    tally = house.edge.tally(house.clock.now + 1).shield
    assert tally is not None
    assert tally.spent > 500 * 3 + 300
    assert tally.explained <= 41


async def test_what_a_pass_is_refused_is_known_to_the_shield(house: House) -> None:
    client = house.client(address=NAT)
    answers = ask(client, MEDIA % token("Ada").encode(), 600)
    assert answers.count(429) > 200
    tally = house.edge.tally(house.clock.now + 1).shield
    assert tally is not None and tally.spent > 200


async def test_a_pass_from_many_places_is_told_of_those_who_bring_it(house: House) -> None:
    for number in range(8):
        own = house.client(address=f"198.51.100.{number + 1}")
        assert ask(own, MEDIA % token("Ada").encode()) == [200]
    assert ask(house.client(address=BOT), MEDIA % token("Ada").encode()) == [429]
    tally = house.edge.tally(house.clock.now + 1).shield
    assert tally is not None
    told = {source.source: source.refused for source in tally.worst}
    assert told[source_of(BOT)] == {"pass_replayed": 1}
    assert tally.refused == {"pass_replayed": 1}, "the control room counts it as refused"


async def test_an_invented_proof_of_listening_is_told_of_its_source(house: House) -> None:
    house.edge.handle(media("media/aac/s4/17.m4s", nonce="carried"))
    for number, nonce in enumerate(("carried", "invented", "")):
        bearer = f"Authorization: Bearer {token(f'Ada{number}')}\r\nRostra-Nonce: {nonce}\r\n"
        renew = TICKET.replace(b"ticket", b"pass") % bearer.encode()
        assert ask(house.client(address=f"192.0.2.{number}"), renew) == [200]
    tally = house.edge.tally(time.monotonic()).shield
    assert tally is not None and tally.acts == {"strange": 1}
    told = {source.source: source.refused for source in tally.worst if source.refused}
    assert told == {source_of("192.0.2.1"): {"nonce_invented": 1}}


async def test_what_a_connection_only_holds_in_hand_is_not_spent(house: House) -> None:
    """A browser opens six connections: each takes 16 units at a time and may need but one."""
    clients = [house.client(address=NAT) for _ in range(6)]
    for connection, wire in clients:
        assert ask((connection, wire), STATE) == [200]
        connection.second_passed()
    tally = house.edge.tally(house.clock.now + 1).shield
    assert tally is not None
    assert 6 * (OPENED + 1) <= tally.spent < 6 * (OPENED + 1.2)


async def test_who_came_explains_what_their_other_connections_ask_for_next(house: House) -> None:
    first = house.client(address=NAT)
    assert ask(first, TICKET % b"") == [200]
    other = house.client(address=NAT)
    assert ask(other, STATE, 10) == [200] * 10
    other[0].second_passed()
    tally = house.edge.tally(time.monotonic()).shield
    assert tally is not None
    assert tally.spent - SIGNED - 0.1 < tally.explained < tally.spent + 1


async def test_broken_requests_are_noted(house: House) -> None:
    press(house, 2)
    for _ in range(5):
        house.client(address=BOT)[0].data_received(b"\x16\x03\x01 garbage\r\n\r\n")
    tally = house.edge.tally(house.clock.now + 1)
    assert tally.shield is not None
    assert tally.shield.worst[0].refused["garbage"] == 5
    assert tally.shield.worst[0].spent > 25


async def test_a_ban_ends_its_connections_but_none_of_a_listener(house: House) -> None:
    listener = house.client(address=BOT)
    assert ask(listener, MEDIA % token("Ada").encode()) == [200]
    bot = house.client(address=BOT)
    ban = Ban(source=source_of(BOT), step="drop", reason="overspent", since_ms=0, until_ms=9)
    press(house, 2, bans=(ban,))
    assert bot[1].aborted and not listener[1].aborted
    assert house.client(address=BOT)[1].aborted
    assert not house.client(address=NAT)[1].aborted


async def test_a_full_house_makes_room_for_who_comes(tmp_path: Path) -> None:
    """Whoever comes may hold a pass; of those without one, the source with most goes first."""
    house = playing(tmp_path, Limits(connections=20), admission="passes")
    house.edge.handle(drawn())
    listener = house.client(address=NAT)
    assert ask(listener, MEDIA % token("Ada").encode()) == [200]
    one = house.client(address="192.0.2.1")
    crowd = [house.client(address=BOT) for _ in range(18)]
    newcomer = house.client(address="192.0.2.2")
    assert sum(wire.aborted for _, wire in crowd) == 1
    assert ask(newcomer, MEDIA % token("Bob").encode()) == [200]
    assert not listener[1].aborted and not one[1].aborted


async def test_broken_shield_code_stops_new_tickets_alone(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("broken")

    guard = house.edge.desk.guard
    for name in ("connected", "ask", "vouch", "sign", "closed", "crowded", "tally", "spend"):
        monkeypatch.setattr(guard, name, broken)
    newcomer = house.client(address=BOT)
    assert not newcomer[1].aborted
    assert ask(newcomer, TICKET % b"") == [503]
    assert ask(house.client(address=NAT), MEDIA % token("Ada").encode(), 3) == [200] * 3
    assert ask(house.client(address=NAT), STATE) == [200]
    assert house.edge.tally(house.clock.now + 1).shield is None


async def test_when_controls_code_failed_there_are_no_new_tickets(house: House) -> None:
    press(house, 0, failed=True)
    connection, wire = house.client(address=BOT)
    connection.data_received(TICKET % b"")
    assert b"shield_failed" in wire.taken()
    assert ask(house.client(address=BOT), MEDIA % token("Ada").encode()) == [200]


async def test_media_for_all_are_paid_only_while_the_house_is_attacked(tmp_path: Path) -> None:
    house = playing(tmp_path, admission="open")
    free = b"GET /e/abc/" + LIVE.encode() + b" HTTP/1.1\r\nHost: x\r\n\r\n"
    assert set(ask(house.client(address=BOT), free, 3000)) == {200}
    press(house, 2)
    emptied(house, BOT)
    assert ask(house.client(address=BOT), free) == [429]
    press(house, 0)
    assert ask(house.client(address=BOT), free, 100) == [200] * 100


async def test_a_wait_that_was_slowed_ends_with_its_client(house: House) -> None:
    press(house, 2)
    connection, wire = house.client(address=BOT)
    ask((connection, wire), STATE, 400)
    account = connection.own.account if connection.own else None
    assert account is not None and account.slowed == 1
    connection.connection_lost(None)
    assert account.slowed == 0 and connection.resting is None


async def test_it_has_less_time_while_the_house_is_attacked(house: House) -> None:
    idle = house.client(address=BOT)
    listener = house.client(address=NAT)
    ask(listener, MEDIA % token("Ada").encode())
    ask(idle, STATE)
    press(house, 3)
    house.seconds_pass(BY_PRESSURE[3].idle_s + 2)
    assert idle[1].closed and not listener[1].closed
