from __future__ import annotations

import asyncio
import json
import ssl
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from tests.rehearsal.fake_house import PAGE, STATE, FakeHouse, answer, chunked, fake_house, zipped

from rostra.rehearsal.connections_io import Bounds
from rostra.rehearsal.crowd_io import Crowd
from rostra.rehearsal.orders import Begin, Person, Second
from rostra.rehearsal.sockets_io import find

FREE = Bounds(1000, 1e6)


@asynccontextmanager
async def crowd(
    house: FakeHouse, bounds: Bounds = FREE, share: tuple[int, int] = (0, 1)
) -> AsyncIterator[Crowd]:
    """A crowd that is at the run's zero."""
    begin = Begin(run="r", origin=house.origin, page=PAGE, token="tok", share=share, seed=1)
    one = Crowd(begin, find(house.origin), bounds, time.monotonic())
    one.start()
    try:
        yield one
    finally:
        one.close()


def those(count: int, **fields: float | bool | int | None) -> list[Person]:
    """So many people who come at once and stay."""
    return [
        Person(number=number, at_s=0.0, stay_s=1e6, **fields)  # type: ignore[arg-type]
        for number in range(count)
    ]


async def until(true: Callable[[], bool]) -> None:
    """Wait for it, ten seconds at most."""
    async with asyncio.timeout(10):
        while not true():
            await asyncio.sleep(0.01)


def polls(house: FakeHouse) -> int:
    return house.asked.count(f"{PAGE}/state.json")


async def test_people_load_the_page_and_poll_the_state_over_one_connection_each() -> None:
    async with fake_house() as house, crowd(house) as one:
        one.come(those(5))
        await until(lambda: polls(house) >= 20)
        second = one.take(1)
        assert house.opened == second.sockets == second.here == one.driven == 5
        assert second.failures == {} and second.cpu_fraction > 0
        assert second.requests["page"] == second.requests["asset"] == 5
        assert "Rostra-Rehearsal\r\n" in house.heads[0], "its user agent says what it is"


@pytest.mark.parametrize("form", ["pieces", "gzip", "chunks"])
async def test_answers_are_understood_however_they_come(form: str) -> None:
    async with fake_house() as house, crowd(house) as one:
        state = json.dumps(STATE).encode()
        if form == "pieces":
            house.pieces = 9
        elif form == "gzip":
            house.answers[f"{PAGE}/state.json"] = zipped(state)
        else:
            house.answers[f"{PAGE}/state.json"] = chunked(state)
        one.come(those(2))
        await until(lambda: polls(house) >= 6)
        assert one.take(1).failures == {}


@pytest.mark.parametrize(
    "raw",
    [
        b"HTTP/1.1 200 x\r\nContent-Length: nine\r\n\r\n",
        b"HTTP/1.1 200 x\r\nContent-Length: 1\r\n\r\nab",  # more than was asked for
        b"HTTP/1.1 200 x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"HTTP/1.1 200 x\r\nContent-Length: 99999999999\r\n\r\n",
        b"x" * 20_000,
    ],
)
async def test_what_makes_no_sense_is_a_failure_and_the_connection_ends(raw: bytes) -> None:
    async with fake_house() as house, crowd(house) as one:
        house.answers[PAGE] = raw
        one.come(those(1))
        seen: list[Second] = []

        def failed() -> bool:
            seen.append(one.take(1))
            return "unreadable" in seen[-1].failures

        await until(failed)
        assert seen[-1].sockets == 0 and one.library is not None


async def test_a_connection_that_ends_while_idle_is_no_failure() -> None:
    async with fake_house() as house, crowd(house) as one:
        one.come(those(1))
        await until(lambda: polls(house) >= 2)
        house.answers[f"{PAGE}/state.json"] = answer(
            200, json.dumps(STATE).encode(), Connection="close"
        )
        before = polls(house)
        await until(lambda: polls(house) >= before + 3)
        assert house.opened >= 3 and one.take(1).failures == {}


async def test_a_request_that_meets_the_end_of_an_old_connection_is_sent_once_more() -> None:
    async with fake_house() as house, crowd(house) as one:
        house.reset_after = 4
        one.come(those(1))
        await until(lambda: polls(house) >= 8)
        assert one.take(1).failures == {} and house.opened >= 2


async def test_a_house_that_is_gone_is_refused_and_asked_again_later() -> None:
    async with fake_house() as house:
        gone = FakeHouse(port=1)
        async with crowd(gone) as one:
            one.come(those(3))
            failures: dict[str, int] = {}

            def refused() -> bool:
                failures.update(one.take(1).failures)
                return failures.get("refused", 0) >= 3

            await until(refused)
            assert set(failures) == {"refused"} and house.opened == 0


async def test_who_does_not_answer_in_time_is_waited_for_no_longer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("rostra.rehearsal.connections_io.ANSWER_MOST_S", 0.1)
    async with fake_house() as house, crowd(house) as one:
        house.silent = True
        one.come(those(2))
        await until(lambda: len(house.asked) == 2)
        assert one.take(1).failures == {}
        await asyncio.sleep(0.15)
        second = one.take(2)
        assert second.failures == {"timeout": 2} and second.sockets == 0


async def test_no_more_listeners_than_were_consented_to_come() -> None:
    async with fake_house() as house, crowd(house, Bounds(3, 1e6)) as one:
        one.come(those(5))
        await until(lambda: polls(house) >= 3)
        second = one.take(1)
        assert second.here == house.opened == 3 and second.failures == {"bounded": 2}


async def test_no_more_requests_a_second_than_were_consented_to_are_sent() -> None:
    async with fake_house() as house, crowd(house, Bounds(100, 20.0)) as one:
        one.come(those(40))
        began = time.monotonic()
        await asyncio.sleep(1.0)
        sent, passed = len(house.asked), time.monotonic() - began
        assert sent <= 20 * (passed + 0.5) + 1, "a burst of half a second, then the rate"
        assert one.take(1).failures["bounded"] > 0


async def test_each_generator_drives_its_own_share() -> None:
    async with fake_house() as house, crowd(house, share=(1, 3)) as one:
        one.come(those(9))
        one.come(those(9))  # said twice
        await until(lambda: polls(house) >= 3)
        assert one.driven == 3


async def test_two_tabs_are_two_connections_of_one_person() -> None:
    async with fake_house() as house, crowd(house) as one:
        one.come(those(1, tabs=2))
        await until(lambda: polls(house) >= 4)
        second = one.take(1)
        assert (second.here, second.sockets, one.driven) == (1, 2, 1)


async def test_a_storm_closes_every_connection_and_all_come_back() -> None:
    async with fake_house() as house, crowd(house) as one:
        one.come(those(6))
        await until(lambda: polls(house) >= 12)
        one.drop_all()
        assert one.take(1).sockets == 0
        await until(lambda: house.opened >= 12)
        assert one.take(2).here == 6


async def test_people_leave_when_told_to_and_nothing_stays_open() -> None:
    async with fake_house() as house, crowd(house) as one:
        one.come(those(6))
        await until(lambda: polls(house) >= 12)
        one.leave(4, 0.05)
        await until(lambda: one.take(1).here == 2)
        await one.end(1.0)
        asked = len(house.asked)
        await asyncio.sleep(0.3)
        assert len(house.asked) == asked, "after the end nothing is asked"


async def test_who_comes_late_by_the_generators_fault_is_told_as_late() -> None:
    async with fake_house() as house, crowd(house) as one:
        one.come(those(1))
        time.sleep(0.3)  # noqa: ASYNC251 - the loop hangs
        await until(lambda: polls(house) >= 1)
        second = one.take(1)
        assert second.loop_lag_ms >= 250
        assert max(second.late.buckets) > 40, "an arrival was later than 50 ms"


async def test_a_wall_clock_that_jumps_is_told_and_harms_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with fake_house() as house, crowd(house) as one:
        one.come(those(1))
        await until(lambda: polls(house) >= 1)
        one.take(1)
        real = time.time
        monkeypatch.setattr("rostra.rehearsal.crowd_io.time.time", lambda: real() + 3600)
        assert one.take(2).failures == {"clock_jumped": 1}
        assert one.take(3).failures == {}
        before = polls(house)
        await until(lambda: polls(house) >= before + 2)


async def test_a_crowd_speaks_tls_where_the_origin_does(tmp_path: Path) -> None:
    certificate, key = self_signed(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    async with fake_house(context) as house, crowd(house) as one:
        assert house.origin.startswith("https://")
        house.pieces = 900
        one.come(those(4))
        await until(lambda: polls(house) >= 12)
        second = one.take(1)
        assert second.failures == {} and second.sockets == house.opened == 4
        one.drop_all()
        await until(lambda: house.opened >= 8)
        await one.end(1.0)


async def test_a_server_that_speaks_no_tls_is_a_failure_of_its_own() -> None:
    async with fake_house() as house:
        house.answers = {}
        plain, house.scheme = house.origin, "https"
        assert plain != house.origin
        async with crowd(house) as one:
            one.come(those(1))
            found: dict[str, int] = {}

            def failed() -> bool:
                found.update(one.take(1).failures)
                return bool(found)

            for writer in house.writers:
                writer.write(b"HTTP/1.1 400 x\r\n\r\n")
            await asyncio.sleep(0.2)
            for writer in house.writers:
                writer.write(b"HTTP/1.1 400 x\r\n\r\n")
            await until(failed)
            assert set(found) == {"tls"}


def self_signed(folder: Path) -> tuple[Path, Path]:
    """A certificate for nobody in particular, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "listen.example.org")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    paths = folder / "cert.pem", folder / "key.pem"
    paths[0].write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    paths[1].write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return paths
