"""Where a crowd connects to, from which addresses, over TCP or TLS; never blocking."""

from __future__ import annotations

import contextlib
import ipaddress
import resource
import socket
import ssl
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from rostra.rehearsal.trouble import RehearsalTrouble

_IP_BIND_ADDRESS_NO_PORT = 24  # linux/in.h: a port is chosen on connecting, for that target alone


@dataclass(frozen=True)
class Target:
    """An origin with the one address it had when the run began: nobody can move it afterwards."""

    origin: str
    host: str
    authority: str  # as in `Host`
    tls: ssl.SSLContext | None
    family: socket.AddressFamily
    address: tuple[str, int]


def find(origin: str) -> Target:
    """The target of `http(s)://host[:port]`. RehearsalTrouble `bad_origin`, `unknown_host`."""
    parts = urlsplit(origin)
    host = parts.hostname or ""
    try:
        port = parts.port or {"http": 80, "https": 443}[parts.scheme]
    except (ValueError, KeyError):
        host = ""
    if not host or parts.path not in ("", "/") or parts.query or parts.username:
        raise RehearsalTrouble("bad_origin", f"{origin} is no origin like https://host:port.")
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError as error:
        raise RehearsalTrouble("unknown_host", f"{host} has no address: {error}.") from error
    # Servers that listen everywhere by default do so on IPv4 first.
    found.sort(key=lambda row: row[0] != socket.AF_INET)
    family, _, _, _, address = found[0]
    context = None
    if parts.scheme == "https":
        context = ssl.create_default_context()
        if ipaddress.ip_address(str(address[0])).is_loopback:
            # The certificate names the public host; nothing leaves this machine.
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
    place = (str(address[0]), int(address[1]))
    return Target(origin.rstrip("/"), host, parts.netloc, context, family, place)


class Opener:
    """Opens connections to one target, from `sources` in turn (any address, if there are none)."""

    def __init__(self, target: Target, sources: tuple[str, ...]) -> None:
        self._target = target
        self._sources = sources if target.family == socket.AF_INET else ()
        self._turn = 0

    def open(self, inbox_bytes: int = 0) -> socket.socket:
        """A socket that is connecting (or TLS over it, handshake not begun).

        `inbox_bytes`: what the kernel keeps for it unread; 0: as it likes. OSError where this
        machine itself has no file, port or memory left, or no way there.
        """
        target = self._target
        one = socket.socket(target.family, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
        try:
            one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if inbox_bytes:
                one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, inbox_bytes)
            if self._sources:
                one.setsockopt(socket.IPPROTO_IP, _IP_BIND_ADDRESS_NO_PORT, 1)
                one.bind((self._sources[self._turn], 0))
                self._turn = (self._turn + 1) % len(self._sources)
            with contextlib.suppress(BlockingIOError):
                one.connect(target.address)
        except OSError:
            one.close()
            raise
        return one

    def secured(self, one: socket.socket) -> socket.socket:
        """TLS over a socket that has connected; its handshake is to be driven."""
        context = self._target.tls
        if context is None:
            return one
        return context.wrap_socket(
            one, server_hostname=self._target.host, do_handshake_on_connect=False
        )


def file_limit() -> int:
    """Open files this process may have; raised as far as it may raise it itself."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < hard:
        with contextlib.suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return resource.getrlimit(resource.RLIMIT_NOFILE)[0]


def port_range() -> tuple[int, int]:
    """The ports that the kernel gives to outgoing connections."""
    try:
        first, last = Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()
        return int(first), int(last)
    except (OSError, ValueError):
        return 32768, 60999
