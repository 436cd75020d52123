"""The PROXY header of a connection that a proxy made, taken from the socket before anything else.

It stands before a TLS handshake too, so it is read here and not by those who speak HTTP. Not one
byte more is taken than the header has.
"""

from __future__ import annotations

import asyncio
import socket

from rostra.shield.proxies import V2_MOST_BYTES, More, Said, read_proxy_header

PATIENCE_S = 5.0


async def introduced(connected: socket.socket) -> str | None:
    """Who the proxy's client is: an address; "" where it does not say; None to hang up.

    `connected`: non-blocking, from a proxy that is trusted. Raises OSError where it is gone.
    """
    try:
        async with asyncio.timeout(PATIENCE_S):
            return await _read(connected)
    except TimeoutError:
        return None


async def _read(connected: socket.socket) -> str | None:
    needed = 1
    while True:
        await _readable(connected, needed)
        start = connected.recv(V2_MOST_BYTES, socket.MSG_PEEK)
        if len(start) < needed:
            return None  # it was closed before
        read = read_proxy_header(start)
        if isinstance(read, More):
            needed = read.size
            continue
        connected.setsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT, 1)
        if not isinstance(read, Said):
            return None
        if read.size:
            connected.recv(read.size)
        return read.address


async def _readable(connected: socket.socket, least: int) -> None:
    """Until so many bytes are there, or no more will come (SO_RCVLOWAT, socket(7))."""
    connected.setsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT, least)
    loop = asyncio.get_running_loop()
    ready = asyncio.Event()
    loop.add_reader(connected, ready.set)
    try:
        await ready.wait()
    finally:
        loop.remove_reader(connected)
