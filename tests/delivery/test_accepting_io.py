"""Proxies' connections: who is said to be the client pays, over TLS too; nonsense is hung up on."""

from __future__ import annotations

import asyncio
import ssl
import struct
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from tests.delivery.test_edge_io import certificate

from rostra.delivery.edge_io import Edge
from rostra.shield.proxied_io import introduced
from rostra.shield.proxies import V2_SIGNATURE, Proxies
from rostra.shield.sources import source_of

PROXY, STRANGER = "127.0.0.1", "127.0.0.2"
CLIENT = "203.0.113.7"
STATE = b"GET /e/none/state.json HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
V1 = f"PROXY TCP4 {CLIENT} 127.0.0.1 4711 8080\r\n".encode()
V2 = (
    V2_SIGNATURE
    + struct.pack("!BBH", 0x21, 0x11, 12)
    + bytes([203, 0, 113, 7, 127, 0, 0, 1])
    + (struct.pack("!HH", 4711, 8080))
)


@pytest_asyncio.fixture(params=[False, True], ids=["plain", "over TLS"])
async def opened(
    request: pytest.FixtureRequest, tmp_path: Path
) -> AsyncIterator[tuple[Edge, ssl.SSLContext | None]]:
    """An edge that believes PROXY, and what a client needs to speak with it."""
    server, client = certificate(tmp_path) if request.param else (None, None)
    edge = Edge("edge-0", tmp_path, None, b"k" * 32, proxies=Proxies([PROXY]))
    await edge.serve("127.0.0.1", 0, server, introduced)
    yield edge, client
    await edge.close()


async def said(
    edge: Edge,
    client: ssl.SSLContext | None,
    before: bytes = b"",
    request: bytes = STATE,
    source: str = PROXY,
) -> bytes:
    """What is answered to a connection that begins with `before`; empty where it is hung up on."""
    reader, writer = await asyncio.open_connection("127.0.0.1", edge.port, local_addr=(source, 0))
    try:
        for byte in (before[:3], before[3:]):  # the header may come in pieces
            writer.write(byte)
            await writer.drain()
            await asyncio.sleep(0.01)
        if client is not None:
            await writer.start_tls(client, server_hostname="localhost")
        writer.write(request)
        return await reader.read()
    except (OSError, ssl.SSLError, RuntimeError):  # uvloop: it is closed already
        return b""
    finally:
        writer.close()


def payers(edge: Edge) -> set[bytes]:
    """The sources that spent anything until now."""
    return {account.source for account in edge.desk.guard._accounts if account.spent}


@pytest.mark.parametrize("header", [V1, V2], ids=["version 1", "version 2"])
async def test_a_proxy_says_who_the_client_is(
    header: bytes, opened: tuple[Edge, ssl.SSLContext | None]
) -> None:
    assert (await said(*opened, header)).startswith(b"HTTP/1.1 404 ")
    assert payers(opened[0]) == {source_of(CLIENT)}


async def test_a_proxy_that_says_nothing_brings_clients_without_a_source(
    opened: tuple[Edge, ssl.SSLContext | None],
) -> None:
    assert (await said(*opened)).startswith(b"HTTP/1.1 404 ")
    assert payers(opened[0]) <= {b""}


async def test_each_request_of_a_proxy_is_its_own_client_s(
    opened: tuple[Edge, ssl.SSLContext | None],
) -> None:
    request = STATE.replace(b"Host", b"X-Forwarded-For: 9.9.9.9, 203.0.113.7\r\nHost")
    assert (await said(*opened, request=request)).startswith(b"HTTP/1.1 404 ")
    assert payers(opened[0]) <= {b"", source_of(CLIENT)}
    assert source_of(CLIENT) in payers(opened[0])


async def test_what_a_stranger_says_of_itself_is_not_believed(
    opened: tuple[Edge, ssl.SSLContext | None],
) -> None:
    edge, client = opened
    request = STATE.replace(b"Host", b"X-Forwarded-For: 203.0.113.7\r\nHost")
    assert (await said(edge, client, request=request, source=STRANGER)).startswith(b"HTTP/1.1 404 ")
    assert not (await said(edge, client, V1, source=STRANGER)).startswith(b"HTTP/1.1 404 ")
    assert payers(edge) == {source_of(STRANGER)}


@pytest.mark.parametrize("nonsense", [b"PROXY nonsense\r\n", V2_SIGNATURE + b"\x31\x11\0\0"])
async def test_a_broken_header_is_hung_up_on(
    nonsense: bytes, opened: tuple[Edge, ssl.SSLContext | None]
) -> None:
    assert await said(*opened, nonsense) == b""
    assert opened[0].desk.connections == 0
