"""Who a client is behind proxies."""

from __future__ import annotations

import socket
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rostra.shield.proxies import (
    HOPS_MOST,
    V1_MOST_BYTES,
    V2_MOST_BYTES,
    V2_SIGNATURE,
    Broken,
    More,
    Proxies,
    Said,
    forwarded,
    read_proxies,
    read_proxy_header,
)
from rostra.shield.sources import NOWHERE, SourceInvalid, source_of

TRUSTED = read_proxies("10.0.0.5, 10.1.0.0/16,2001:db8:ffff::5")


def v2(
    address: str = "203.0.113.7",
    *,
    command: int = 0x21,
    kind: int | None = None,
    tlvs: bytes = b"",
    length: int | None = None,
) -> bytes:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    packed = socket.inet_pton(family, address)
    body = packed + packed + struct.pack(">HH", 4711, 443) + tlvs
    if kind is None:
        kind = 0x21 if family == socket.AF_INET6 else 0x11
    size = len(body) if length is None else length
    return V2_SIGNATURE + struct.pack(">BBH", command, kind, size) + body


# --- X-Forwarded-For ------------------------------------------------------------------------------


def test_a_stranger_is_not_believed() -> None:
    assert forwarded("192.0.2.1", [b"203.0.113.7"], TRUSTED) == source_of("192.0.2.1")
    assert forwarded("10.0.0.5", [b"203.0.113.7"], Proxies()) == source_of("10.0.0.5")


def test_the_rightmost_address_that_is_no_proxy_counts() -> None:
    cases = [
        ([b"203.0.113.7"], "203.0.113.7"),
        ([b"198.51.100.1, 203.0.113.7"], "203.0.113.7"),
        ([b"203.0.113.7, 10.1.2.3"], "203.0.113.7"),
        ([b"198.51.100.1", b"203.0.113.7", b"10.1.2.3,10.0.0.5"], "203.0.113.7"),
        ([b"203.0.113.7:4711"], "203.0.113.7"),
        ([b"2001:db8:1::7"], "2001:db8:1::7"),
        ([b"[2001:db8:1::7]:4711"], "2001:db8:1::7"),
        ([b"::ffff:203.0.113.7"], "203.0.113.7"),
        ([b"203.0.113.7, ,"], "203.0.113.7"),
        ([b"2001:db8:ffff::6"], "2001:db8:ffff::6"),  # the proxy's neighbour is no proxy
    ]
    for fields, expected in cases:
        assert forwarded("10.0.0.5", fields, TRUSTED) == source_of(expected), fields


def test_who_is_not_said_has_no_source_rather_than_the_proxy_s() -> None:
    for fields in ([], [b""], [b"unknown"], [b"203.0.113.7, unknown"], [b"10.1.2.3"], [b"[x"]):
        assert forwarded("10.0.0.5", fields, TRUSTED) == NOWHERE, fields


def test_an_endless_field_is_looked_at_from_the_right_only() -> None:
    hops = b", ".join([b"10.1.0.9"] * HOPS_MOST)
    assert forwarded("10.0.0.5", [b"203.0.113.7, " + hops], TRUSTED) == NOWHERE
    assert forwarded("10.0.0.5", [b"x" * 100_000 + b",203.0.113.7"], TRUSTED) == source_of(
        "203.0.113.7"
    )
    # The cut falls into an address: what is left of it would be another.
    spaces = b" " * (4096 - len(b"3.0.113.7,10.1.0.9"))
    assert forwarded("10.0.0.5", [b"203.0.113.7," + spaces + b"10.1.0.9"], TRUSTED) == NOWHERE


@given(st.lists(st.binary(max_size=300), max_size=8))
def test_no_field_is_too_strange(fields: list[bytes]) -> None:
    assert len(forwarded("10.0.0.5", fields, TRUSTED)) in (0, 4, 8)


@given(st.lists(st.binary(max_size=100), max_size=4))
def test_a_client_cannot_write_its_own_address(fields: list[bytes]) -> None:
    """Whatever it sends, the proxy appends what it sees."""
    written = [*fields, b"203.0.113.7"]
    assert forwarded("10.0.0.5", written, TRUSTED) == source_of("203.0.113.7")
    joined = b", ".join(written)
    assert forwarded("10.0.0.5", [joined], TRUSTED) == source_of("203.0.113.7")


def test_proxies_are_named_by_addresses_and_prefixes() -> None:
    assert not read_proxies("")
    assert not read_proxies(" , ")
    assert TRUSTED.trusts("10.1.255.255")
    assert TRUSTED.trusts("::ffff:10.0.0.5")
    assert TRUSTED.trusts("2001:db8:ffff::5")
    assert not TRUSTED.trusts("2001:db8:ffff::6")
    assert not TRUSTED.trusts("10.0.0.6")
    assert not TRUSTED.trusts("")
    with pytest.raises(SourceInvalid, match="is no address or prefix"):
        read_proxies("10.0.0.5, proxy.example")


# --- PROXY protocol -------------------------------------------------------------------------------


def test_version_2_says_who_the_client_is() -> None:
    assert read_proxy_header(v2() + b"GET / HTTP/1.1\r\n") == Said("203.0.113.7", 28)
    assert read_proxy_header(v2("2001:db8::7")) == Said("2001:db8::7", 52)
    more = b"\x04\x00\x03abc"  # a no-op TLV (2.2.4)
    assert read_proxy_header(v2(tlvs=more) + b"\x16\x03\x01") == Said("203.0.113.7", 34)


def test_a_proxy_that_speaks_for_itself_says_nothing() -> None:
    assert read_proxy_header(v2(command=0x20)) == Said("", 28)
    local = V2_SIGNATURE + b"\x20\x00\x00\x00"
    assert read_proxy_header(local) == Said("", 16)
    assert read_proxy_header(v2(kind=0x00)) == Said("", 28)  # unspecified
    assert read_proxy_header(v2(kind=0x12)) == Said("", 28)  # datagrams
    unix = V2_SIGNATURE + struct.pack(">BBH", 0x21, 0x31, 216) + b"/" * 216
    assert read_proxy_header(unix) == Said("", 232)
    assert read_proxy_header(b"PROXY UNKNOWN\r\nGET") == Said("", 15)
    assert read_proxy_header(b"PROXY UNKNOWN ffff::1 ffff::1 1 1\r\n") == Said("", 35)


def test_what_is_no_header_is_left_alone() -> None:
    for start in (b"GET / HTTP/1.1\r\n", b"POST /e/x/ticket HTTP/1.1", b"\x16\x03\x01", b"\r\nGET"):
        assert read_proxy_header(start) == Said("", 0), start


def test_broken_headers_are_told_from_short_ones() -> None:
    broken = [
        v2(command=0x22),
        v2(command=0x11),
        v2(kind=0x41),
        v2(kind=0x13),
        v2(length=11),
        v2("2001:db8::7", length=35),
        V2_SIGNATURE + struct.pack(">BBH", 0x21, 0x31, 215),
        V2_SIGNATURE + struct.pack(">BBH", 0x21, 0x11, V2_MOST_BYTES),
        b"PROXY TCP4 203.0.113.7 192.0.2.1 4711 70000\r\n",
        b"PROXY TCP4 2001:db8::7 192.0.2.1 4711 443\r\n",
        b"PROXY TCP6 203.0.113.7 192.0.2.1 4711 443\r\n",
        b"PROXY TCP4 203.0.113.777 192.0.2.1 4711 443\r\n",
        b"PROXY TCP4 203.0.113.7 192.0.2.1 4711 HTTP/1.1\r\n",  # a request line is none
        b"PROXY / HTTP/1.1\r\n",
        b"PROXY " + b"x" * V1_MOST_BYTES,
    ]
    for start in broken:
        assert isinstance(read_proxy_header(start), Broken), start


HEADERS = st.sampled_from(
    [
        v2(),
        v2("2001:db8::7"),
        v2(tlvs=b"\x02\x00\x09localhost"),
        v2(command=0x20),
        b"PROXY TCP4 203.0.113.7 192.0.2.1 4711 443\r\n",
        b"PROXY TCP6 2001:db8::7 2001:db8::1 4711 443\r\n",
        b"PROXY UNKNOWN\r\n",
    ]
)


@given(HEADERS, st.binary(max_size=64))
def test_a_header_may_come_byte_by_byte(header: bytes, after: bytes) -> None:
    for size in range(len(header)):
        read = read_proxy_header(header[:size])
        assert isinstance(read, More)
        assert size < read.size <= len(header)
    whole = read_proxy_header(header + after)
    assert isinstance(whole, Said)
    assert whole.size == len(header)


@given(st.one_of(st.binary(max_size=300), st.binary(max_size=60).map(V2_SIGNATURE.__add__)))
def test_no_bytes_are_too_strange(start: bytes) -> None:
    read = read_proxy_header(start)
    if isinstance(read, Said):
        assert read.size <= len(start)
    elif isinstance(read, More):
        assert len(start) < read.size <= V2_MOST_BYTES


@given(st.data())
def test_a_header_with_one_wrong_byte_never_raises(data: st.DataObject) -> None:
    header = bytearray(data.draw(HEADERS))
    header[data.draw(st.integers(0, len(header) - 1))] = data.draw(st.integers(0, 255))
    assert isinstance(read_proxy_header(bytes(header)), Said | More | Broken)
