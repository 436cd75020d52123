"""Where a request comes from: a source is one IPv4 address or one IPv6 /64.

A household or a server has at least a /64 (RFC 6177), so its single addresses say nothing. Sources
are short bytes: 4 of an IPv4 address, 8 of an IPv6 prefix. A neighbourhood is the /24 or /48.
"""

from __future__ import annotations

import difflib
import ipaddress
from collections.abc import Iterable

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
NOWHERE = b""  # a client without an address (a unix socket); it is never judged


class SourceInvalid(ValueError):
    """The text is no address or prefix; the message says what would be."""


def source_of(address: str) -> bytes:
    """The source of an address as the kernel writes it; NOWHERE where it is none.

    An IPv4 address inside IPv6 (RFC 4291, 2.5.5.2) is that IPv4 address. A zone is left out.
    """
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return NOWHERE
    if isinstance(found, ipaddress.IPv6Address):
        if found.ipv4_mapped is None:
            return found.packed[:8]
        found = found.ipv4_mapped
    return found.packed


def neighbourhood(source: bytes) -> bytes:
    """Its /24 or /48: 3 or 6 bytes."""
    return source[:3] if len(source) == 4 else source[:6]


def network_of(source: bytes) -> Network:
    """A source or neighbourhood as a network: /32, /24, /64 or /48."""
    if len(source) <= 4:
        return ipaddress.IPv4Network((source.ljust(4, b"\0"), 8 * len(source)))
    return ipaddress.IPv6Network((source.ljust(16, b"\0"), 8 * len(source)))


def text_of(source: bytes) -> str:
    """As a person writes it: "203.0.113.7", "2001:db8::/64"."""
    network = network_of(source)
    return str(network).removesuffix("/32") if network.version == 4 else str(network)


def read_network(text: str) -> Network:
    """A prefix as an operator writes it: an address, or with `/bits`. Raises SourceInvalid.

    One IPv6 address stands for its /64; bits beyond the prefix are cut off.
    """
    try:
        network = ipaddress.ip_network(text.strip(), strict=False)
    except ValueError as error:
        near = difflib.get_close_matches(text, ("203.0.113.7", "203.0.113.0/24", "2001:db8::/64"))
        hint = f"like {near[0]}" if near else "like 203.0.113.7, 203.0.113.0/24 or 2001:db8::/64"
        raise SourceInvalid(
            f"{text!r} is no address or prefix ({error}); write it {hint}"
        ) from None
    if isinstance(network, ipaddress.IPv6Network) and network.prefixlen > 64:
        return network.supernet(new_prefix=64)
    return network


class Networks:
    """A small set of prefixes, asked once for each connection."""

    def __init__(self, texts: Iterable[str]) -> None:
        """Raises SourceInvalid."""
        self._by_bits: dict[tuple[int, int], set[int]] = {}
        for network in map(read_network, texts):
            key = network.version, network.prefixlen
            shift = network.max_prefixlen - network.prefixlen
            self._by_bits.setdefault(key, set()).add(int(network.network_address) >> shift)

    def __bool__(self) -> bool:
        return bool(self._by_bits)

    def __contains__(self, source: bytes) -> bool:
        """Whether the source lies in one of them."""
        version, size = (4, 4) if len(source) == 4 else (6, 16)
        number = int.from_bytes(source.ljust(size, b"\0"))
        return any(
            number >> (8 * size - bits) in those
            for (of, bits), those in self._by_bits.items()
            if of == version
        )
