"""The stage's port on real sockets: speakers get through, and junk costs next to nothing."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from rostra.ground.facts import Event, EventChanged, Phase, Role, ShieldSet, StageTallied
from rostra.ground.signing import Invitation, sign_invitation
from rostra.shield.proxied_io import introduced
from rostra.shield.proxies import Proxies
from rostra.stage import port_io
from rostra.stage.port_io import StagePort
from rostra.stage.signalling_io import make_app
from rostra.stage.stage_io import Stage
from rostra.stage.strangers import CONNECTIONS_EACH, FAILED

KEY, EVENT = b"k" * 32, "k3v9x2mq"
API = f"/api/stage/{EVENT}"


def token(key: bytes = KEY) -> str:
    expires_s = int(time.time()) + 3600
    return sign_invitation(Invitation(event_id=EVENT, role=Role.SPEAKER, expires_s=expires_s), key)


def asked(path: str = API, bearer: str = "", method: str = "GET", more: str = "") -> bytes:
    authorization = f"Authorization: Bearer {bearer}\r\n" if bearer else ""
    return f"{method} {path} HTTP/1.1\r\nHost: stage\r\n{authorization}{more}\r\n".encode()


JUNK = asked(f"/whip/{EVENT}", token(b"x" * 32), "POST", "Content-Length: 0\r\n")
SPEAKS = asked(bearer=token())


class House:
    """A stage with its port on a socket."""

    def __init__(self, stage: Stage, port: StagePort, address: tuple[str, int]) -> None:
        self.stage = stage
        self.port = port
        self.address = address
        self.writers: list[asyncio.StreamWriter] = []

    async def connect(self, source: str = "127.0.0.1") -> Client:
        reader, writer = await asyncio.open_connection(*self.address, local_addr=(source, 0))
        self.writers.append(writer)
        return Client(reader, writer)

    async def ask(self, raw: bytes, source: str = "127.0.0.1") -> tuple[int, dict[str, str], bytes]:
        client = await self.connect(source)
        answer = await client.ask(raw)
        client.writer.close()
        return answer

    async def spend(self, source: str = "127.0.0.1") -> None:
        """Until this source has no call without an invitation left."""
        for _ in range(int(FAILED.burst)):
            assert (await self.ask(JUNK, source))[0] == 403


class Client:
    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    async def ask(self, raw: bytes) -> tuple[int, dict[str, str], bytes]:
        self.writer.write(raw)
        return await self.answer()

    async def answer(self) -> tuple[int, dict[str, str], bytes]:
        async with asyncio.timeout(30):
            head = (await self.reader.readuntil(b"\r\n\r\n")).decode()
            lines = head.split("\r\n")
            fields = dict(line.lower().split(": ", 1) for line in lines[1:] if line)
            body = await self.reader.readexactly(int(fields["content-length"]))
            return int(lines[0].split()[1]), fields, body

    async def hung_up(self) -> bool:
        try:
            async with asyncio.timeout(30):
                return await self.reader.read() == b""
        except ConnectionError:
            return True


Open = Callable[..., Awaitable[House]]


@pytest.fixture
async def opened(tmp_path: Path) -> AsyncIterator[Open]:
    (tmp_path / "pages" / "assets").mkdir(parents=True)
    (tmp_path / "pages" / "stage.html").write_text("<!doctype html>stage")
    houses: list[House] = []
    ends: list[Callable[[], Awaitable[object]]] = []

    async def open_house(**given: object) -> House:
        stage = Stage(KEY, tmp_path, lambda fact: None)
        event = Event(event_id=EVENT, title="T", start_ms=0, phase=Phase.DOORS_OPEN)
        stage.handle(EventChanged(event=event))
        app = make_app(stage, tmp_path / "pages", "http://listen.example")
        port = StagePort(app, stage.holds, stage.strangers, **given)  # type: ignore[arg-type]
        listening = socket.create_server(("127.0.0.1", 0), backlog=1024)
        listening.setblocking(False)
        serving = asyncio.ensure_future(port.serve(listening))

        async def end() -> None:
            serving.cancel()
            await asyncio.gather(serving, return_exceptions=True)
            await stage.close()

        ends.append(end)
        await asyncio.sleep(0)
        house = House(stage, port, listening.getsockname())
        houses.append(house)
        return house

    yield open_house
    for writer in (writer for house in houses for writer in house.writers):
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()
    for end in ends:
        await end()
    await asyncio.sleep(0.05)


async def test_speakers_pages_and_calls_are_answered_as_before(opened: Open) -> None:
    house = await opened()
    client = await house.connect()
    status, fields, body = await client.ask(asked(f"/s/{EVENT}"))
    assert (status, body) == (200, b"<!doctype html>stage")
    assert fields["content-type"].startswith("text/html")
    assert "date" in fields
    status, _, body = await client.ask(SPEAKS)  # the connection stays
    assert (status, json.loads(body)["phase"]) == (200, "doors_open")


async def test_who_fails_is_refused_with_a_time_to_come_back(opened: Open) -> None:
    house = await opened()
    await house.spend()
    client = await house.connect()
    status, fields, body = await client.ask(JUNK)
    assert (status, json.loads(body)["error"]["code"]) == (429, "stranger_spent")
    assert int(fields["retry-after"]) >= 1
    assert fields["connection"] == "close"
    assert await client.hung_up()
    assert (await house.ask(JUNK, "127.0.0.2"))[0] == 403  # another source has its own


async def test_a_speaker_gets_through_from_the_address_of_the_junk(opened: Open) -> None:
    house = await opened()
    await house.spend()
    idle = [await house.connect() for _ in range(2 * CONNECTIONS_EACH)]
    assert (await house.ask(JUNK))[0] == 429
    assert (await house.ask(SPEAKS))[0] == 200
    assert (await house.ask(asked(f"/s/{EVENT}")))[0] == 200  # and so does the page
    dropped = sum(client.reader.at_eof() for client in idle)
    assert dropped >= CONNECTIONS_EACH


async def test_a_connection_that_spoke_is_never_dropped_for_strangers(opened: Open) -> None:
    house = await opened()
    speaker = await house.connect()
    assert (await speaker.ask(SPEAKS))[0] == 200
    for _ in range(2 * CONNECTIONS_EACH):
        await house.connect()
    await house.spend()
    assert (await speaker.ask(SPEAKS))[0] == 200
    assert (await speaker.ask(asked("/assets/none")))[0] == 404
    assert house.stage.strangers.connections <= CONNECTIONS_EACH


async def test_connections_that_end_are_no_longer_counted(opened: Open) -> None:
    house = await opened()
    for raw in (SPEAKS, JUNK, asked("/"), b"nonsense\r\n\r\n"):
        await house.ask(raw)
    async with asyncio.timeout(30):
        while house.stage.strangers.connections or house.port.invited:
            await asyncio.sleep(0.02)
    assert not house.port._connections


async def test_heads_are_bounded_in_bytes_and_fields(opened: Open) -> None:
    house = await opened()
    start = b"GET / HTTP/1.1\r\nHost: stage\r\n"
    assert (await house.ask(start + b"a: b\r\n" * 150))[0] == 431
    assert (await house.ask(start + b"a: " + b"b" * 20_000))[0] == 431
    assert house.stage.strangers.refused["headers_too_large"] == 2


async def test_garbage_is_answered_once_and_logged_never(
    opened: Open, caplog: pytest.LogCaptureFixture
) -> None:
    house = await opened()
    for raw in (b"\x16\x03\x01\0\1\0\0\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n", b"\0" * 300):
        client = await house.connect()
        assert (await client.ask(raw))[0] == 400
        client.writer.close()
    upgrade = "Connection: Upgrade\r\nUpgrade: websocket\r\n"
    assert (await house.ask(asked("/", more=upgrade)))[0] == 200
    assert not caplog.records
    assert house.stage.strangers.refused["request_invalid"] == 3


async def test_requests_sent_ahead_are_not_queued(opened: Open) -> None:
    house = await opened()
    client = await house.connect()
    client.writer.write(asked("/") * 500)
    assert (await client.answer())[0] == 200
    assert await client.hung_up()


async def test_who_takes_too_long_is_let_go(opened: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(port_io, "HEAD_S", 0.2)
    house = await opened()
    silent, slow, speaker = [await house.connect() for _ in range(3)]
    slow.writer.write(b"GET / HTTP/1.1\r\nHost:")
    assert (await speaker.ask(SPEAKS))[0] == 200
    assert await silent.hung_up()
    assert await slow.hung_up()
    assert house.stage.strangers.refused["slow_head"] >= 2


async def test_a_body_that_never_comes_is_given_up(
    opened: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rostra.stage.signalling_io.BODY_S", 0.2)
    house = await opened()
    offer = "Content-Type: application/sdp\r\nContent-Length: 500\r\n"
    status, _, body = await house.ask(asked(f"/whip/{EVENT}", token(), "POST", offer) + b"v=0")
    assert (status, json.loads(body)["error"]["code"]) == (408, "body_too_slow")


async def test_without_the_shield_strangers_are_only_counted(opened: Open) -> None:
    house = await opened()
    house.stage.handle(ShieldSet(at_ms=0, off=True))
    for _ in range(int(FAILED.burst) + 3):
        assert (await house.ask(JUNK))[0] == 403
    house.stage.handle(ShieldSet(at_ms=1))
    assert (await house.ask(JUNK))[0] == 429
    refused = house.stage.strangers.refused
    assert (refused["would_stranger_spent"], refused["stranger_spent"]) == (3, 1)


async def test_the_stage_tells_what_it_refused_once(opened: Open) -> None:
    house = await opened()
    facts: list[StageTallied] = []
    house.stage._publish = facts.append  # type: ignore[assignment]
    await house.ask(JUNK)
    house.stage._tally(0.0)
    house.stage._tally(0.0)
    assert [fact.refused for fact in facts] == [{"invitation_failed": 1}, {}]


async def test_behind_a_proxy_each_client_has_its_own_budget(opened: Open) -> None:
    house = await opened(proxies=Proxies(["127.0.0.1"]))
    proxy = await house.connect()

    def brought(raw: bytes, by: str) -> bytes:
        return raw.replace(b"Host:", f"X-Forwarded-For: 9.9.9.9, {by}\r\nHost:".encode())

    for _ in range(int(FAILED.burst)):
        assert (await proxy.ask(brought(JUNK, "203.0.113.7")))[0] == 403
    assert (await proxy.ask(brought(JUNK, "203.0.113.8")))[0] == 403
    assert (await proxy.ask(brought(SPEAKS, "203.0.113.7")))[0] == 200
    assert (await proxy.ask(brought(JUNK, "203.0.113.7")))[0] == 429
    # A client that writes the field itself is judged by its own address.
    await house.spend("127.0.0.2")
    assert (await house.ask(brought(JUNK, "203.0.113.9"), "127.0.0.2"))[0] == 429


async def test_a_proxy_header_says_who_connects(opened: Open) -> None:
    house = await opened(proxies=Proxies(["127.0.0.1"]), introduced=introduced)
    header = b"PROXY TCP4 203.0.113.7 127.0.0.1 4711 8082\r\n"
    for _ in range(int(FAILED.burst)):
        assert (await house.ask(header + JUNK))[0] == 403
    assert (await house.ask(header + JUNK))[0] == 429
    assert (await house.ask(header.replace(b".7 ", b".8 ") + JUNK))[0] == 403
    client = await house.connect()
    client.writer.write(b"PROXY nonsense\r\n")
    assert await client.hung_up()
