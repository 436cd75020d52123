"""The edge on real loopback sockets: what a fake transport cannot show."""

from __future__ import annotations

import asyncio
import socket
import ssl
import time
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from tests.delivery.playing import BODY, LIVE, PART, RING, drawn, event, media, playlist, token
from tests.delivery.test_connection_io import NEXT, answers, code, get, statuses

from rostra.delivery.desk_io import Limits
from rostra.delivery.edge_io import Edge, read_pages
from rostra.ground.facts import EventChanged, Phase, ReplaySealed
from rostra.ground.keys import KeyRing


@pytest.fixture
async def edge(tmp_path: Path) -> AsyncIterator[Edge]:
    one = await opened(tmp_path)
    yield one
    await one.close()


async def opened(
    folder: Path, context: ssl.SSLContext | None = None, limits: Limits | None = None
) -> Edge:
    one = Edge("edge-0", folder, None, b"k" * 32, limits=limits, admission="open")
    for fact in (EventChanged(event=event()), media(), playlist(17, 3)):
        one.handle(fact)
    await one.serve("127.0.0.1", 0, context)
    return one


async def said(edge: Edge, raw: bytes, context: ssl.SSLContext | None = None) -> bytes:
    """All that the edge says to a client that sends `raw` and then only listens."""
    reader, writer = await asyncio.open_connection("127.0.0.1", edge.port, ssl=context)
    writer.write(raw)
    got = await asyncio.wait_for(reader.read(), 20)
    writer.close()
    return got


async def one_answer(reader: asyncio.StreamReader) -> bytes:
    head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 20)
    length = int(head.split(b"Content-Length: ")[1].split(b"\r\n")[0])
    return head + await asyncio.wait_for(reader.readexactly(length), 20)


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not true():
            await asyncio.sleep(0.005)


LAST = "Connection: close\r\n"


async def test_a_connection_serves_many_requests_and_ends_when_asked(edge: Edge) -> None:
    raw = get("/healthz") + get(f"/e/abc/{PART}") * 2 + get("/e/abc/state.json", LAST)
    assert statuses(await said(edge, raw)) == [200] * 4


async def test_a_held_request_is_released_on_the_wire(edge: Edge) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", edge.port)
    for part in (4, 5, 6):
        writer.write(get(f"/e/abc/{LIVE}?_HLS_msn=17&_HLS_part={part}"))
        await until(lambda: edge.desk.held == 1)
        edge.handle(playlist(17, part))
        assert (await one_answer(reader)).endswith(b"#17.%d\n" % part)
    writer.close()


async def test_what_is_sent_ahead_of_a_held_answer_is_answered_in_order(edge: Edge) -> None:
    ahead = get("/healthz", f"X: {'x' * 1000}\r\n") * 200
    answering = asyncio.create_task(said(edge, get(NEXT) + ahead + get("/healthz", LAST)))
    await until(lambda: edge.desk.held == 1)
    edge.handle(playlist(17, 4))
    assert [body[-6:] for _, body in answers(await answering)] == [b"#17.4\n"] + [b"ok\n"] * 201


async def test_a_slow_reader_who_sends_ahead_gets_everything_in_order(edge: Edge) -> None:
    large = bytes(range(256)) * 20_000
    edge.handle(media("media/aac/s4/1.m4s", large))
    reader, writer = await asyncio.open_connection("127.0.0.1", edge.port, limit=4096)
    writer.write((get("/e/abc/media/aac/s4/1.m4s") + get(NEXT)) * 2 + get("/healthz", LAST))
    await asyncio.sleep(0.05)
    first = asyncio.create_task(reader.read())
    await until(lambda: edge.desk.held == 1)
    edge.handle(playlist(17, 4))
    got = answers(await asyncio.wait_for(first, 20))
    assert [len(body) for _, body in got] == [len(large), 14, len(large), 14, 3]
    writer.close()


async def test_who_leaves_while_held_is_forgotten(edge: Edge) -> None:
    _, writer = await asyncio.open_connection("127.0.0.1", edge.port)
    writer.write(get(NEXT))
    await until(lambda: edge.desk.held == 1)
    writer.close()
    await until(lambda: edge.desk.held == 0 and edge.desk.connections == 0)


async def test_a_refused_body_does_not_take_the_answer_away(edge: Edge) -> None:
    raw = get("/", "Content-Length: 5000000\r\n", method="POST") + b"x" * 100_000
    assert code(await said(edge, raw)) == "method_not_allowed"


async def test_a_large_answer_reaches_a_client_that_reads_slowly(edge: Edge) -> None:
    large = bytes(range(256)) * 40_000
    edge.handle(media("media/aac/s4/1.m4s", large))
    client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8192)
    client.setblocking(False)
    loop = asyncio.get_running_loop()
    await loop.sock_connect(client, ("127.0.0.1", edge.port))
    await loop.sock_sendall(client, get("/e/abc/media/aac/s4/1.m4s") * 2 + get("/healthz", LAST))
    await asyncio.sleep(0.05)
    got = bytearray()
    while piece := await asyncio.wait_for(loop.sock_recv(client, 1 << 20), 20):
        got += piece
    client.close()
    assert [body for _, body in answers(bytes(got))] == [large, large, b"ok\n"]


async def test_who_never_reads_is_dropped(tmp_path: Path) -> None:
    edge = await opened(tmp_path, limits=Limits(stall_s=1))
    edge.handle(media("media/aac/s4/1.m4s", b"x" * 20_000_000))
    client = socket.create_connection(("127.0.0.1", edge.port))
    client.sendall(get("/e/abc/media/aac/s4/1.m4s"))
    await until(lambda: edge.desk.connections == 1)
    await until(lambda: edge.desk.connections == 0)
    client.close()
    await edge.close()


async def test_who_never_reads_over_tls_is_dropped_by_the_kernel(tmp_path: Path) -> None:
    server, client = certificate(tmp_path)
    edge = await opened(tmp_path, server, Limits(stall_s=1))
    edge.handle(media("media/aac/s4/1.m4s", b"x" * 20_000_000))
    raw = socket.create_connection(("127.0.0.1", edge.port))
    asleep = await asyncio.to_thread(client.wrap_socket, raw)
    asleep.sendall(get("/e/abc/media/aac/s4/1.m4s"))
    await until(lambda: edge.desk.requests["media"] == 1)
    await until(lambda: edge.desk.connections == 0)
    asleep.close()
    await edge.close()


async def test_half_a_request_is_refused_in_time(tmp_path: Path) -> None:
    edge = await opened(tmp_path, limits=Limits(head_s=1))
    assert code(await said(edge, b"GET / HTTP/1.1\r\nHo")) == "request_timeout"
    await edge.close()


async def test_stored_media_are_read_once_for_all_who_ask(tmp_path: Path) -> None:
    edge = await opened(tmp_path)
    path = tmp_path / "events" / "abc" / "media" / "aac" / "s4" / "1.m4s"
    path.parent.mkdir(parents=True)
    path.write_bytes(BODY)
    request = get("/e/abc/media/aac/s4/1.m4s", LAST)
    got = await asyncio.gather(*(said(edge, request) for _ in range(20)))
    assert all(answers(raw) == [(200, BODY)] for raw in got)
    path.unlink()  # it is in memory now, and immutable
    assert answers(await said(edge, request)) == [(200, BODY)]
    assert b"immutable" in got[0] and edge.desk.held == 0
    await edge.close()


async def test_what_is_not_stored_is_not_found_and_found_once_it_is(tmp_path: Path) -> None:
    edge = await opened(tmp_path)
    request = get("/e/abc/replay/index.m3u8", LAST)
    assert code(await said(edge, request)) == "not_found"
    path = tmp_path / "events" / "abc" / "replay" / "index.m3u8"
    path.parent.mkdir(parents=True)
    path.write_bytes(b"#EXTM3U first\n")
    edge.desk.catalogue.second_passed(edge.desk.now())
    assert answers(await said(edge, request)) == [(200, b"#EXTM3U first\n")]
    path.write_bytes(b"#EXTM3U second\n")
    edge.handle(ReplaySealed(event_id="abc", duration_s=1, at_ms=0))
    assert answers(await said(edge, request)) == [(200, b"#EXTM3U second\n")]
    await edge.close()


async def test_no_link_leads_out_of_the_events_folder(tmp_path: Path) -> None:
    edge = await opened(tmp_path)
    (tmp_path / "secret").write_bytes(b"secret")
    folder = tmp_path / "events" / "abc" / "media"
    folder.mkdir(parents=True)
    (folder / "1.m4s").symlink_to(tmp_path / "secret")
    raw = await said(edge, get("/e/abc/media/1.m4s", LAST))
    assert b"secret" not in raw and statuses(raw) == [503]
    await edge.close()


async def test_a_ring_is_read_anew_when_its_file_changes_and_kept_where_it_is_damaged(
    tmp_path: Path,
) -> None:
    edge, path, loads = await opened(tmp_path), tmp_path / "door.ring", 0

    def load() -> KeyRing:
        nonlocal loads
        loads += 1
        return KeyRing(tuple(bytes.fromhex(line) for line in path.read_text().split()))

    path.write_text("aa" * 32)
    edge.watch_ring(path, load)
    assert edge.door.ring.keys == (b"\xaa" * 32,)
    for text in ("bb" * 32 + "\n" + "aa" * 32, "damaged", "cc" * 32):
        made = tmp_path / "made"
        made.write_text(text)
        made.replace(path)
        before, loaded = edge.door.ring.keys, loads
        await until(lambda loaded=loaded: loads > loaded)  # type: ignore[misc]
        expected = before if text == "damaged" else tuple(map(bytes.fromhex, text.split()))
        assert edge.door.ring.keys == expected
    path.unlink()
    await asyncio.sleep(0)
    assert edge.door.ring.keys == (b"\xcc" * 32,)
    await edge.close()


async def test_a_loop_that_is_kept_waiting_is_tallied_as_late(edge: Edge) -> None:
    await until(lambda: edge.tally(edge.desk.now()).loop_lag_p99_ms > 0)
    calm = edge.tally(edge.desk.now()).loop_lag_p99_ms
    time.sleep(0.25)  # noqa: ASYNC251 (this is the fault that is looked for)
    await until(lambda: edge.tally(edge.desk.now()).loop_lag_p99_ms > 100)
    assert calm < edge.tally(edge.desk.now()).loop_lag_p99_ms


async def test_a_listener_is_let_in_over_real_sockets(tmp_path: Path) -> None:
    edge = Edge("edge-0", tmp_path, None, b"k" * 32, ring=RING)
    for fact in (EventChanged(event=event()), media(), playlist(17, 3), drawn()):
        edge.handle(fact)
    await edge.serve("127.0.0.1", 0)
    now_ms = time.time_ns() // 1_000_000
    fields = f"Cookie: rostra_pass={token(wall_ms=now_ms)}\r\n"
    raw = get(f"/e/abc/{PART}") + get(f"/e/abc/{PART}", fields) * 3
    raw += get("/e/abc/pass", fields, method="POST") + get("/healthz", LAST)
    got = statuses(await said(edge, raw))
    await until(lambda: edge.desk.connections == 0)
    doors = edge.tally(edge.desk.now()).doors
    await edge.close()
    assert got == [403, 200, 200, 200, 200, 200]
    assert list(doors) == ["abc"] and doors["abc"].renewed and doors["abc"].fetched


async def test_two_edges_share_a_port(tmp_path: Path) -> None:
    one = await opened(tmp_path)
    other = Edge("edge-1", tmp_path, None, b"k" * 32, admission="open")
    await other.serve("127.0.0.1", one.port)
    for _ in range(40):
        assert statuses(await said(one, get("/healthz", LAST))) == [200]
    tallies = [edge.tally(edge.desk.now()).requests.get("page", 0) for edge in (one, other)]
    assert sum(tallies) == 40 and all(tallies)
    await one.close()
    await other.close()


async def test_closing_answers_those_who_wait_and_lets_nobody_in(tmp_path: Path) -> None:
    edge = await opened(tmp_path)
    waiting = asyncio.create_task(said(edge, get(NEXT)))
    await until(lambda: edge.desk.held == 1)
    port = edge.port
    await edge.close()
    assert code(await waiting) == "edge_closing"
    assert edge.desk.connections == 0
    with pytest.raises(OSError, match=r".*"):
        await asyncio.open_connection("127.0.0.1", port)


def test_the_builds_files_are_read_without_hidden_ones(tmp_path: Path) -> None:
    (tmp_path / "assets").mkdir()
    (tmp_path / "assets" / "main-x.js").write_bytes(b"js")
    (tmp_path / ".built").write_bytes(b"")
    assert list(read_pages(tmp_path)) == ["assets/main-x.js"]
    assert read_pages(None) == {}


def certificate(folder: Path) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """A server's and a client's context for a certificate made for the occasion."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    pem = folder / "both.pem"
    pem.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + made.public_bytes(serialization.Encoding.PEM)
    )
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(pem)
    client = ssl.create_default_context(cafile=str(pem))
    client.check_hostname = False
    return server, client


async def test_everything_holds_over_tls(tmp_path: Path) -> None:
    server, client = certificate(tmp_path)
    edge = await opened(tmp_path, server)
    large = bytes(range(256)) * 8000
    edge.handle(media("media/aac/s4/1.m4s", large))
    raw = get("/healthz") + get("/e/abc/media/aac/s4/1.m4s") * 2 + get("/healthz", LAST)
    got = answers(await said(edge, raw, client))
    assert [body for _, body in got] == [b"ok\n", large, large, b"ok\n"]
    assert code(await said(edge, b"GET / HTTP/1.1\r\n\r\n", client)) == "request_invalid"
    reader, writer = await asyncio.open_connection("127.0.0.1", edge.port, ssl=client)
    writer.write(get(NEXT))
    await until(lambda: edge.desk.held == 1)
    edge.handle(playlist(17, 4))
    assert (await one_answer(reader)).endswith(b"#17.4\n")
    writer.close()
    await edge.close()


async def test_what_others_still_say_of_a_rehearsal_that_is_over_is_not_taken(edge: Edge) -> None:
    told = msgspec.structs.replace(event(), event_id="reh", rehearsal=True)
    edge.handle(EventChanged(event=told))
    edge.handle(EventChanged(event=msgspec.structs.replace(told, phase=Phase.CANCELLED)))
    edge.handle(msgspec.structs.replace(media(), event_id="reh"))
    assert edge.desk.catalogue.playing(f"/e/reh/{PART}") is None
