"""Who a client is where proxies stand in front: X-Forwarded-For and the PROXY protocol.

Only the proxies that the operator named are believed. What they do not say is not guessed: such a
client has no source and is judged by its credentials alone, because the address that is left is
the proxy's own, and everybody is behind it.
"""

from __future__ import annotations

import ipaddress
import re
import struct
from collections.abc import Iterable, Iterator
from itertools import islice

import msgspec

from rostra.shield.sources import NOWHERE, Network, SourceInvalid, read_network, source_of

HOPS_MOST = 32  # addresses of X-Forwarded-For that are looked at, from the right
FIELD_MOST_BYTES = 4096  # likewise

V2_SIGNATURE = b"\r\n\r\n\0\r\nQUIT\n"
V2_HEAD_BYTES = 16
V2_MOST_BYTES = V2_HEAD_BYTES + 2048  # the longest addresses take 216, the rest is TLVs
V1_MOST_BYTES = 107  # with its CRLF
_V1 = re.compile(
    rb"PROXY (TCP4|TCP6) ([0-9A-Fa-f:.]{2,39}) [0-9A-Fa-f:.]{2,39} (\d{1,5}) (\d{1,5})\r\n"
)
_INET, _INET6 = 0x11, 0x21  # family and "stream"
_ADDRESS_BYTES = {0: 0, 1: 12, 2: 36, 3: 216}  # by family: none, IPv4, IPv6, unix


class Proxies:
    """The proxies that are believed. An address of IPv6 is matched whole, not by its /64."""

    def __init__(self, texts: Iterable[str] = ()) -> None:
        """`texts`: addresses or prefixes. Raises SourceInvalid."""
        self._networks = tuple(_network(text) for text in texts)

    def __bool__(self) -> bool:
        return bool(self._networks)

    def trusts(self, address: str) -> bool:
        """Whether a peer with this address, as the kernel writes it, is one of them."""
        if not self._networks:
            return False
        try:
            found = ipaddress.ip_address(address.partition("%")[0])
        except ValueError:
            return False
        if isinstance(found, ipaddress.IPv6Address) and found.ipv4_mapped is not None:
            found = found.ipv4_mapped
        return any(found in network for network in self._networks)


def read_proxies(setting: str) -> Proxies:
    """`serve.proxies`: prefixes with commas between. Raises SourceInvalid."""
    return Proxies(filter(None, (text.strip() for text in setting.split(","))))


def _network(text: str) -> Network:
    try:
        return ipaddress.ip_network(text.strip(), strict=False)
    except ValueError:
        read_network(text)  # says what is wrong with it
        raise SourceInvalid(f"{text!r} is no address or prefix") from None


# --- X-Forwarded-For ------------------------------------------------------------------------------


def forwarded(peer: str, values: Iterable[bytes], proxies: Proxies) -> bytes:
    """The source of a client: the rightmost address that is none of `proxies`.

    `peer`: the address that connected. `values`: its X-Forwarded-For fields, in their order. Each
    proxy appends the address that it sees, so all to the right of the first stranger was written
    by proxies, and what is left of it by anybody. NOWHERE if the proxies do not say.
    """
    if not proxies.trusts(peer):
        return source_of(peer)
    for address in islice(_from_the_right(values), HOPS_MOST):
        source = source_of(address)
        if source == NOWHERE or not proxies.trusts(address):
            return source
    return NOWHERE


def _from_the_right(values: Iterable[bytes]) -> Iterator[str]:
    joined = b",".join(values)
    if len(joined) > FIELD_MOST_BYTES:
        joined = joined[-FIELD_MOST_BYTES:].partition(b",")[2]  # the first may have been cut
    for item in reversed(joined.decode("latin-1").split(",")):
        if address := item.strip():
            yield _without_port(address)


def _without_port(address: str) -> str:
    """Some proxies write `192.0.2.1:4711` or `[2001:db8::1]:4711`."""
    if address.startswith("["):
        return address[1:].partition("]")[0]
    return address.partition(":")[0] if address.count(":") == 1 else address


# --- the PROXY protocol ---------------------------------------------------------------------------


class Said(msgspec.Struct, frozen=True):
    """What a proxy said of its client, in the first `size` bytes of the connection.

    `address` is empty where it said nothing: it speaks for itself (LOCAL), does not know, or sends
    no such header (`size` 0).
    """

    address: str
    size: int


class More(msgspec.Struct, frozen=True):
    """Too few bytes to tell; `size`: at least so many, from the start, are needed."""

    size: int


class Broken(msgspec.Struct, frozen=True):
    """It begins as a PROXY header does and is none: the connection is to be closed (2.2)."""

    why: str


def read_proxy_header(start: bytes) -> Said | More | Broken:
    """The PROXY header, version 1 or 2, at the start of a connection from a proxy.

    "The PROXY protocol, versions 1 & 2" by Willy Tarreau, sections 2.1 and 2.2. `start`: the first
    bytes, from none to all that came. No request of HTTP that Rostra takes begins as a header does.
    """
    if not start:
        return More(1)
    if start[: len(V2_SIGNATURE)] == V2_SIGNATURE[: len(start)]:
        return _read_v2(start)
    if start[:6] == b"PROXY "[: len(start)]:
        return _read_v1(start)
    return Said("", 0)


def _read_v2(start: bytes) -> Said | More | Broken:
    if len(start) < V2_HEAD_BYTES:
        return More(V2_HEAD_BYTES)
    version, kind, length = struct.unpack_from(">BBH", start, len(V2_SIGNATURE))
    size = V2_HEAD_BYTES + length
    family, protocol = kind >> 4, kind & 15
    if version not in (0x20, 0x21):
        return Broken("another version or command than version 2 has")
    if family not in _ADDRESS_BYTES or protocol > 2:
        return Broken("an unknown family or protocol")
    if size > V2_MOST_BYTES:
        return Broken(f"longer than {V2_MOST_BYTES} bytes")
    local = version == 0x20
    if not local and length < _ADDRESS_BYTES[family]:
        return Broken("too short for its addresses")
    if len(start) < size:
        return More(size)
    if local or kind not in (_INET, _INET6):
        return Said("", size)
    end = V2_HEAD_BYTES + (4 if kind == _INET else 16)
    return Said(str(ipaddress.ip_address(start[V2_HEAD_BYTES:end])), size)


def _read_v1(start: bytes) -> Said | More | Broken:
    line, found, _ = start[:V1_MOST_BYTES].partition(b"\r\n")
    if not found:
        if len(start) >= V1_MOST_BYTES:
            return Broken(f"a first line longer than {V1_MOST_BYTES} bytes")
        return More(len(start) + 1)
    size = len(line) + 2
    if line == b"PROXY UNKNOWN" or line.startswith(b"PROXY UNKNOWN "):
        return Said("", size)
    match = _V1.fullmatch(start[:size])
    if match is None or max(int(match[3]), int(match[4])) > 65535:
        return Broken("no line of version 1")
    try:
        address = ipaddress.ip_address(match[2].decode())
    except ValueError:
        return Broken("no address")
    if address.version != (4 if match[1] == b"TCP4" else 6):
        return Broken("an address of another family")
    return Said(str(address), size)
