"""Attacks on a pretended house: within its consent, in its bounds, over when it says so."""

from __future__ import annotations

import asyncio
import secrets
import socket
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest
from tests.rehearsal.fake_house import PAGE, FakeHouse, answer, fake_house
from tests.rehearsal.test_attack_visit import BODIES
from tests.rehearsal.test_attack_visit import PAGE as OTHER

from rostra.ground.sealed import public_key
from rostra.rehearsal import attackers_io, attacks_io, consent_check_io
from rostra.rehearsal.attack_orders import AttackOrders, AttackReport, AttackSecond
from rostra.rehearsal.attackers_io import Attackers
from rostra.rehearsal.attacks_io import attack
from rostra.rehearsal.consent import Consent, seal_consent
from rostra.rehearsal.consent_check_io import PATH
from rostra.rehearsal.limits import SPARE_FILES
from rostra.rehearsal.sockets_io import Target
from rostra.rehearsal.trouble import RehearsalTrouble

SIGNING = secrets.token_bytes(32)
MINE = public_key(b"\1" * 32)
pytestmark = pytest.mark.timeout(60)


def consent(house: FakeHouse, **changes: object) -> Consent:
    now_s = int(time.time())
    agreed = Consent(
        run="run1",
        event_id="reh",
        generators=(MINE,),
        origins=(house.origin,),
        listeners=1,
        requests_s=1,
        not_before_s=now_s - 5,
        until_s=now_s + 60,
        attacks=True,
        attack_requests_s=2000,
        attack_connections=40,
        attack_sources=50,
    )
    return msgspec.structs.replace(agreed, **changes)


def put(house: FakeHouse, *those: Consent) -> None:
    sealed = b",".join(seal_consent(one, SIGNING) for one in those)
    house.answers[PATH] = answer(200, b'{"consents": [%s]}' % sealed)


@asynccontextmanager
async def consenting(**changes: object) -> AsyncIterator[FakeHouse]:
    """A house with media, that consents to attacks."""
    async with fake_house() as house:
        for path, body in BODIES.items():
            house.answers[path.replace(OTHER, PAGE)] = answer(
                200, body.replace(OTHER.encode(), PAGE.encode())
            )
        put(house, consent(house, **changes))
        yield house


def orders(house: FakeHouse, *profiles: str, **changes: Any) -> AttackOrders:
    told: dict[str, Any] = {
        "run": "run1",
        "generator": MINE,
        "origin": house.origin,
        "page": PAGE,
        "profiles": profiles,
        "lasts_s": 1.0,
        "requests_s": 500.0,
        "connections": 20,
        "sources": 20,
        "token": "REH",
    }
    return AttackOrders(**told | changes)


def of_the_attack(house: FakeHouse) -> list[str]:
    """What was asked beside consents."""
    return [path for path in house.asked if path != PATH]


async def test_a_flood_asks_at_its_rate_from_many_addresses_and_counts_what_is_answered() -> None:
    async with consenting() as house:
        house.answers[f"{PAGE}/state.json"] = answer(429, Retry_After="3")
        told: list[AttackSecond] = []
        report = await attack(orders(house, "state_flood"), told.append)
    whole = report.all
    assert (report.why, report.connections, report.sources) == ("done", 20, 20)
    assert list(report.seconds) == told and told
    assert 0.5 * 500 < whole.due <= 520
    assert whole.sent + whole.held == whole.due
    assert set(whole.answers) == {200, 429} and whole.retry_after == whole.answers[429]
    assert whole.refused == whole.answers[429] > whole.served > 0
    assert whole.answered + whole.dropped + whole.lost <= whole.sent
    assert whole.opened == 20 and report.seconds[-1].open == {"state_flood": 20}


async def test_no_more_is_done_than_the_consent_says() -> None:
    bounds = {"attack_requests_s": 100, "attack_connections": 3, "attack_sources": 2}
    async with consenting(**bounds) as house:
        report = await attack(orders(house, "playlist_flood", requests_s=1e6, connections=10_000))
    assert (report.connections, report.sources) == (3, 2)
    assert report.all.opened <= 3 and report.all.due <= 110
    assert house.opened <= 3 + 2, "the consent's connection and the look before"


async def test_connections_come_from_addresses_of_their_own() -> None:
    peers: set[str] = set()
    async with consenting() as house:
        serve = house.serve

        async def noting(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            peers.add(writer.get_extra_info("peername")[0])
            await serve(reader, writer)

        server = await asyncio.start_server(noting, "127.0.0.1", 0)
        house.port = server.sockets[0].getsockname()[1]
        put(house, consent(house))
        await attack(orders(house, "connection_flood"))
        server.close()
    assert len(peers - {"127.0.0.1"}) == 20
    assert all(peer.startswith(("127.16.", "127.17.")) for peer in peers - {"127.0.0.1"})


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"attacks": False}, "consent_no_attacks"),
        ({"attack_sources": 0}, "consent_no_attacks"),
        ({"generators": (public_key(b"\2" * 32),)}, "consent_other_generator"),
        ({"run": "run2"}, "consent_other_run"),
        ({"until_s": 1}, "consent_expired"),
    ],
)
async def test_who_may_not_attack_asks_for_nothing_but_the_consent(
    changes: dict[str, Any], code: str
) -> None:
    async with consenting(**changes) as house:
        with pytest.raises(RehearsalTrouble) as caught:
            await attack(orders(house, "state_flood"))
        asked = of_the_attack(house)
    assert (caught.value.code, asked) == (code, [])


async def test_a_server_without_a_consent_is_left_alone() -> None:
    async with fake_house() as house:
        with pytest.raises(RehearsalTrouble) as caught:
            await attack(orders(house, "state_flood"))
    assert caught.value.code == "no_consent" and of_the_attack(house) == []


async def test_a_consent_of_before_attacks_allows_none() -> None:
    async with consenting() as house:
        says = msgspec.to_builtins(consent(house))
        old = {name: value for name, value in says.items() if not name.startswith("attack")}
        put(house, msgspec.convert(old, Consent))
        with pytest.raises(RehearsalTrouble) as caught:
            await attack(orders(house, "state_flood"))
    assert caught.value.code == "consent_no_attacks"


async def test_a_name_that_says_it_is_another_machine_is_not_attacked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with consenting() as house:
        here = (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", house.port))
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: [here])
        named = f"http://live.example.org:{house.port}"
        put(house, consent(house, origins=(named,)))
        with pytest.raises(RehearsalTrouble) as caught:
            await attack(orders(house, "state_flood", origin=named))
    assert caught.value.code == "consent_elsewhere" and of_the_attack(house) == []


def test_localhost_that_is_another_machine_is_not_attacked() -> None:
    address = ("203.0.113.7", 80)
    target = Target("http://localhost", "localhost", "", None, socket.AF_INET, address)
    with pytest.raises(RehearsalTrouble) as caught:
        attacks_io.keep_here(target)
    assert caught.value.code == "consent_elsewhere"


async def test_it_ends_when_the_consent_is_withdrawn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(consent_check_io, "EVERY_S", 0.2)
    async with consenting() as house:
        playing = asyncio.ensure_future(attack(orders(house, "state_flood", lasts_s=30)))
        while len(of_the_attack(house)) < 50:
            await asyncio.sleep(0.05)
        house.answers[PATH] = answer(404)
        report = await asyncio.wait_for(playing, 10)
        assert report.why == "withdrawn" and report.all.sent > 0
        await asyncio.sleep(0.2)
        asked = len(house.asked)
        await asyncio.sleep(0.3)
        assert len(house.asked) == asked and house.writers == set()


async def test_it_ends_when_it_is_told_and_when_it_is_cancelled() -> None:
    async with consenting() as house:
        stop = asyncio.Event()
        playing = asyncio.ensure_future(attack(orders(house, "mimic", lasts_s=30), None, stop))
        while len(of_the_attack(house)) < 20:
            await asyncio.sleep(0.05)
        stop.set()
        assert (await asyncio.wait_for(playing, 5)).why == "told"
        playing = asyncio.ensure_future(attack(orders(house, "mimic", lasts_s=30)))
        before = len(house.asked)
        while len(house.asked) < before + 20:
            await asyncio.sleep(0.05)
        playing.cancel()
        with pytest.raises(asyncio.CancelledError):
            await playing
        await asyncio.sleep(0.2)
        assert house.writers == set()


async def test_a_mimic_gets_a_real_ticket_and_pass_and_fetches_media() -> None:
    async with consenting() as house:
        report = await attack(orders(house, "mimic", requests_s=400.0))
    heads = [head for head in house.heads if "Bearer PASS" in head]
    assert report.without == ()
    assert any(head.startswith(f"GET {PAGE}/live/1/8.m4s ") for head in heads)
    assert report.all.served > 20


async def test_a_replayed_pass_is_the_one_that_was_had_before() -> None:
    async with consenting() as house:
        report = await attack(orders(house, "pass_replay"))
    flood = [head for head in house.heads if "Rostra-Rehearsal attack" in head]
    assert report.all.served > 50 and flood
    assert all("Authorization: Bearer PASS\r\n" in head for head in flood)


async def test_slow_heads_and_silent_connections_stand_until_the_end() -> None:
    async with consenting() as house:
        house.answers.clear()
        put(house, consent(house))
        for name in ("slowloris", "connection_flood"):
            report = await attack(orders(house, name))
            assert report.seconds[-1].open == {name: 20}
            assert report.all.due == 20 and report.all.answered == 0
        assert set(of_the_attack(house)) <= {PAGE}, "no request was ever whole"


async def test_a_slow_reader_leaves_what_it_asked_for_unread() -> None:
    async with consenting() as house:
        large = answer(200, b"x" * 4_000_000)
        house.answers["/assets/a.js"] = large
        report = await attack(orders(house, "slow_read", connections=4, lasts_s=2.2))
    assert report.seconds[-1].open == {"slow_read": 4}
    assert report.all.read_bytes < len(large)


async def test_a_server_that_cuts_its_clients_is_asked_again_and_what_was_lost_is_counted() -> None:
    async with consenting() as house:
        house.reset_after = 3
        report = await attack(orders(house, "playlist_flood"))
    whole = report.all
    assert whole.opened > 20 and whole.dropped > 0
    assert whole.ended + whole.reset > 0


async def test_nothing_can_be_played_where_the_stage_may_not_be_asked() -> None:
    async with consenting() as house:
        with pytest.raises(RehearsalTrouble) as caught:
            await attack(orders(house, "stage_junk"))
    assert caught.value.code == "no_profile"


async def test_two_processes_play_one_attack_and_tell_of_it() -> None:
    attackers = Attackers(2)
    async with consenting(generators=attackers.keys) as house:
        told: list[AttackSecond] = []
        report = await attackers.play(orders(house, "state_flood", lasts_s=2.0), told.append)
    assert (report.why, report.connections, report.sources) == ("done", 20, 20)
    assert len(told) >= 2 and report.all.served > 0
    assert 0.5 * 1000 < report.all.due <= 1040


async def test_processes_end_with_whoever_started_them() -> None:
    attackers = Attackers(1)
    async with consenting(generators=attackers.keys) as house:
        playing = asyncio.ensure_future(attackers.play(orders(house, "mimic", lasts_s=30)))
        while len(of_the_attack(house)) < 20:
            await asyncio.sleep(0.05)
        playing.cancel()
        with pytest.raises(asyncio.CancelledError):
            await playing
        await asyncio.sleep(0.2)
        assert house.writers == set()


async def test_an_attacker_that_does_not_end_is_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stuck, pid = tmp_path / "stuck", tmp_path / "pid"
    stuck.write_text(f"#!/bin/sh\necho $$ > {pid}\ntrap '' TERM\nwhile :; do sleep 0.1; done\n")
    stuck.chmod(0o700)
    monkeypatch.setattr(sys, "executable", str(stuck))
    monkeypatch.setattr(attackers_io, "_LATE_S", 1.0)
    monkeypatch.setattr(attackers_io, "_STOPPED_S", 0.3)
    async with consenting() as house, asyncio.timeout(20):
        with pytest.raises(RehearsalTrouble) as caught:
            await Attackers(1).play(orders(house, "mimic", lasts_s=0.1))
    assert caught.value.code == "attacker_late"
    assert not Path(f"/proc/{pid.read_text().strip()}").exists()


async def test_a_process_that_may_not_attack_says_why() -> None:
    attackers = Attackers(1)
    async with consenting(generators=attackers.keys, attacks=False) as house:
        with pytest.raises(RehearsalTrouble) as caught:
            await attackers.play(orders(house, "mimic"))
    assert caught.value.code == "consent_no_attacks"
    assert of_the_attack(house) == []


async def test_files_that_are_left_bound_the_connections(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attacks_io, "file_limit", lambda: SPARE_FILES + 5)
    async with consenting() as house:
        report = await attack(orders(house, "connection_flood"))
    assert isinstance(report, AttackReport)
    assert report.connections == 5 and report.all.opened == 5
