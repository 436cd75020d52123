"""A bot at the listeners' own address: asks on and on, whatever it is told. Loopback only.

It has neither ticket nor pass. Bounded in requests, connections and time.
"""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import re
from collections import Counter
from itertools import cycle
from urllib.parse import urlsplit

REQUESTS_S, CONNECTIONS, REQUESTS_MOST = 400.0, 40, 60_000
_UNSENT_MOST = 32 * 1024  # bytes: the house does not read them, so more would only wait here
_STATUS = re.compile(rb"HTTP/1\.1 (\d{3}) ")


class Bot:
    """`answers`: how many of each status. `held`: not sent, since the house would not read."""

    def __init__(self, origin: str, page: str, source: str) -> None:
        where = urlsplit(origin)
        if where.hostname not in ("localhost", "127.0.0.1"):
            raise ValueError(f"{origin} is not this machine")
        if not ipaddress.ip_address(source).is_loopback:
            raise ValueError(f"{source} is no loopback address")
        self._port, self._source = where.port or 80, source
        head = f"HTTP/1.1\r\nHost: {where.netloc}\r\nUser-Agent: bot\r\n"
        self._requests = [
            f"GET {page} {head}\r\n".encode(),
            f"GET {page}/state.json {head}\r\n".encode(),
            f"POST {page}/ticket {head}Origin: {origin}\r\nContent-Length: 0\r\n\r\n".encode(),
        ]
        self.answers: Counter[int] = Counter()
        self.sent = self.held = 0

    @property
    def served_share(self) -> float:
        """Of what it wanted to ask: answered with what was asked for."""
        good = sum(n for status, n in self.answers.items() if status < 400)
        return good / max(1, self.sent + self.held)

    async def flood(self, lasts_s: float) -> None:
        """Until its time is over or it has asked often enough."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(lasts_s), asyncio.TaskGroup() as group:
                for number in range(CONNECTIONS):
                    group.create_task(self._ask_on(number))

    async def _ask_on(self, number: int) -> None:
        each_s = CONNECTIONS / REQUESTS_S
        await asyncio.sleep(each_s * number / CONNECTIONS)
        while self.sent < REQUESTS_MOST:
            with contextlib.suppress(OSError):
                await self._connection(each_s)
            await asyncio.sleep(each_s)

    async def _connection(self, each_s: float) -> None:
        reader, writer = await asyncio.open_connection(
            "127.0.0.1", self._port, local_addr=(self._source, 0)
        )
        reading = asyncio.ensure_future(self._count(reader))
        try:
            for request in cycle(self._requests):
                if reading.done() or self.sent >= REQUESTS_MOST:
                    return
                if writer.transport.get_write_buffer_size() > _UNSENT_MOST:
                    self.held += 1
                else:
                    writer.write(request)
                    self.sent += 1
                await asyncio.sleep(each_s)
        finally:
            reading.cancel()
            writer.transport.abort()

    async def _count(self, reader: asyncio.StreamReader) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(65536):
                self.answers.update(int(status) for status in _STATUS.findall(data))
