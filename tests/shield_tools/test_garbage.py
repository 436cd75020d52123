"""Other protocols and broken HTTP at the audience's port: one short no at most, and the end."""

from __future__ import annotations

import re
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.shield_tools.conftest import Served, serving, tool
from tests.shield_tools.honest import honest_beside

pytestmark = [pytest.mark.live]

HELLO = bytes.fromhex(
    "16030100c8010000c40303" + "ab" * 32 + "20" + "cd" * 32 + "0002c02b010000790000"
)
GARBAGE = {
    "a TLS hello": HELLO + bytes(200),
    "the HTTP/2 preface": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes(9) + b"\x00\x00\x04\x08" * 64,
    "HTTP/0.9": b"GET /\r\n\r\n",
    "HTTP/3.0": b"GET / HTTP/3.0\r\nHost: x\r\n\r\n",
    "a PROXY line from nobody's proxy": b"PROXY TCP4 1.2.3.4 5.6.7.8 1 2\r\nGET / HTTP/1.1\r\n\r\n",
    "a PROXY header, version 2": b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c" + bytes(12) + b"\r\n\r\n",
    "SSH": b"SSH-2.0-OpenSSH_9.9\r\n\r\n",
    "SMTP": b"EHLO example.org\r\nMAIL FROM:<a@example.org>\r\n\r\n",
    "RTSP": b"OPTIONS rtsp://x/ RTSP/1.0\r\nCSeq: 1\r\n\r\n",
    "SIP": b"REGISTER sip:x SIP/2.0\r\nVia: SIP/2.0/UDP x\r\n\r\n",
    "SOCKS 5": b"\x05\x02\x00\x02" + b"\r\n\r\n",
    "Redis": b"*1\r\n$4\r\nPING\r\n\r\n",
    "zeros": bytes(5000) + b"\r\n\r\n",
    "the highest bytes": b"\xff" * 20_000,
    "lines without end": b"GET / HTTP/1.1\r\n" + b"A" * 20_000,
    "a lone carriage return": b"GET / HTTP/1.1\rHost: x\r\r\r\n\r\n",
    "line feeds alone": b"GET / HTTP/1.1\nHost: x\n\n",
    "a space before the colon": b"GET / HTTP/1.1\r\nHost : x\r\n\r\n",
    "a folded field": b"GET / HTTP/1.1\r\nHost: x\r\nX: a\r\n b\r\n\r\n",
    "a zero byte in a field": b"GET / HTTP/1.1\r\nHost: x\r\nX: a\0b\r\n\r\n",
    "a zero byte in the address": b"GET /\0 HTTP/1.1\r\nHost: x\r\n\r\n",
    "two lengths": b"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
    "a length and chunks": b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n"
    b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET / HTTP/1.1\r\nHost: x\r\n\r\n",
    "chunks of absurd size": b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
    b"ffffffffffffffff\r\n",
    "a length below nothing": b"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
    "a length beyond all": b"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 1%040d\r\n\r\n" % 0,
    "4,000 fields": b"GET / HTTP/1.1\r\nHost: x\r\n" + b"a:\r\n" * 4000 + b"\r\n",
    "an address of 3 KiB": b"GET /" + b"x" * 3000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
    "a tunnel": b"CONNECT example.org:443 HTTP/1.1\r\nHost: example.org\r\n\r\n",
    "two hosts": b"GET / HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n",
    "no host": b"GET / HTTP/1.1\r\n\r\n",
}


@pytest.fixture(scope="module")
def hasty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving(tmp_path_factory.mktemp("edge")) as one:
        yield one


def said_to(port: int, raw: bytes) -> bytes:
    """All that is answered to these bytes, until the edge ends the connection."""
    got = bytearray()
    with socket.create_connection(("127.0.0.1", port), 15) as client:
        client.sendall(raw)
        try:
            while piece := client.recv(65_536):
                got += piece
        except ConnectionResetError:
            pass  # the end as well; what was said before it counts
    return bytes(got)


@pytest.mark.parametrize("raw", GARBAGE.values(), ids=GARBAGE)
def test_garbage_gets_one_refusal_and_the_end(hasty: Served, raw: bytes) -> None:
    got = said_to(hasty.port, raw)
    assert re.findall(rb"HTTP/1\.1 (\d)\d\d ", got) == [b"4"], got
    assert b"\r\nConnection: close\r\n" in got


def test_half_a_head_gets_a_refusal_when_its_time_is_over(hasty: Served) -> None:
    got = said_to(hasty.port, b"GET / HTTP/1.1\r\nHost: x\r\nX: ")
    assert got.startswith(b"HTTP/1.1 408 ")


def test_much_garbage_at_once_does_not_touch_listeners(hasty: Served) -> None:
    with honest_beside(hasty.port):
        for _ in range(30):
            for raw in GARBAGE.values():
                assert said_to(hasty.port, raw)


def test_nghttp_is_told_that_this_is_http_1_1(hasty: Served) -> None:
    with honest_beside(hasty.port):
        said = tool("nghttp", "-nv", "-t5", f"{hasty.url}/healthz")
    assert "Some requests were not processed" in said, said


def test_nghttp_offers_an_upgrade_and_gets_an_answer_without_one(hasty: Served) -> None:
    said = tool("nghttp", "-nvu", "-t5", f"{hasty.url}/healthz")
    assert "HTTP Upgrade failed" in said, said


def test_plain_http_at_a_tls_port_is_no_trouble(tmp_path: Path) -> None:
    with serving(tmp_path, tls=True) as served, honest_beside(served.port, served.client):
        for raw in GARBAGE.values():
            got = said_to(served.port, raw)
            assert not got.startswith(b"HTTP/")
        said = tool("nghttp", "-nv", "-t5", f"{served.url}/healthz")
        assert "HTTP/2 protocol was not selected" in said, said
