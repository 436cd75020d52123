"""The stage's port itself: who is accepted, how long they may take, and what is not worth a look.

uvicorn speaks HTTP here. Before a request reaches the calls of signalling_io.py, this asks for its
invitation; what has none is within the budgets of strangers.py or is answered 429 from prepared
bytes. Nothing here takes longer than a fraction of the mixer's 20 ms, however much comes: accepting
goes in slices, and connections without an invitation are few.
"""

from __future__ import annotations

import asyncio
import logging
import re
import socket
import ssl
import time
from collections.abc import Awaitable, Callable
from email.utils import formatdate
from functools import partial
from itertools import count
from typing import Any, cast

from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

from rostra.ground.refusals import Refusal
from rostra.shield.proxies import Proxies, forwarded
from rostra.shield.sources import source_of
from rostra.stage.strangers import Strangers

HEAD_S = 10.0
HEAD_BYTES = 16 * 1024
HEAD_FIELDS = 100
INVITED_MOST = 1024  # connections; more of them can be dropped for others, as strangers' are
LINGER_S = 2.0
UNREAD_MS = 20_000
HANDSHAKE_S = 5.0
ACCEPTS, ACCEPTS_TLS = 16, 6  # in one slice
SLICE_S = 0.01

TOO_MANY = Refusal(
    "stranger_spent", 429, "Too much came from this network without an invitation. Wait a little."
)
HEAD_TOO_LARGE = Refusal("headers_too_large", 431, "The request's header is larger than 16 KiB.")

# Who a client is that a trusted proxy brings: its address, "" if not said, None to hang up.
Introduced = Callable[[socket.socket], Awaitable[str | None]]
Holds = Callable[[str, str], bool]  # whether an invitation (token) holds at an event

_CALL = re.compile(rb"/(?:whip|api/stage)/([^/?]{1,64})(?:[/?]|$)")
_quiet = logging.getLogger(f"{__name__}.http")
_quiet.setLevel(logging.ERROR)  # what strangers send wrongly is counted, not written down


class _Stop(Exception):
    """Ends the parser's work on what is left of these bytes."""


def _answer(refusal: Refusal, retry_s: float = 0.0) -> bytes:
    body = refusal.body()
    words = {429: "Too Many Requests", 431: "Request Header Fields Too Large"}[refusal.status]
    retry = f"Retry-After: {max(1, round(retry_s))}\r\n" if retry_s else ""
    head = (
        f"HTTP/1.1 {refusal.status} {words}\r\nContent-Type: application/json\r\n{retry}"
        f"Access-Control-Allow-Origin: *\r\nConnection: close\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


class _Connection(HttpToolsProtocol):
    """One connection. `waiting`: since when (monotonic) a request's head is waited for."""

    def __init__(self, port: StagePort, number: int, peer: str, source: bytes) -> None:
        super().__init__(port.config, port.state, {})
        self.logger = _quiet
        self.port = port
        self.number = number
        self.peer = peer
        self.source = source
        self.brought = port.proxies.trusts(peer)  # by a proxy, for different clients
        self.invited = False
        self.waiting: float | None = time.monotonic()
        self.head_bytes = 0
        self.ended: float | None = None  # since when nothing is read any more

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(cast(asyncio.Transport, transport))
        self.port.made(self)

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self.port.lost(self)

    def data_received(self, data: bytes) -> None:
        if self.ended is not None:
            return
        super().data_received(data)
        self.head_bytes = self.head_bytes + len(data) if self.waiting is not None else 0
        if self.head_bytes > HEAD_BYTES and self.ended is None:
            self._too_large()

    def on_message_begin(self) -> None:
        if self.waiting is None:
            # Sent ahead of our answer: no browser does, and it would queue up here.
            self.cycle.keep_alive = False
            self.ended = time.monotonic()
            raise _Stop
        super().on_message_begin()

    def on_header(self, name: bytes, value: bytes) -> None:
        if len(self.headers) >= HEAD_FIELDS:
            self._too_large()
            raise _Stop
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        self.waiting = None
        wait_s = 0.0 if self.invited else self._judged(time.monotonic())
        if wait_s:
            self._refuse(TOO_MANY, wait_s)
            raise _Stop
        super().on_headers_complete()

    def on_response_complete(self) -> None:
        self.waiting = time.monotonic()
        super().on_response_complete()

    def send_400_response(self, msg: str) -> None:
        if self.ended is None:  # else these bytes were given up on purpose
            self.port.strangers.refused["request_invalid"] += 1
            self.ended = time.monotonic()
            super().send_400_response(msg)

    def _judged(self, now: float) -> float:
        """Seconds that whoever asks this has to wait, 0 for none."""
        strangers, source = self.port.strangers, self.source
        if self.brought:
            fields = [value for name, value in self.headers if name == b"x-forwarded-for"]
            source = forwarded(self.peer, fields, self.port.proxies)
        call = _CALL.match(self.url)
        if call is None or self.parser.get_method() == b"OPTIONS":
            return strangers.page(source, now)
        given = next((value for name, value in self.headers if name == b"authorization"), b"")
        scheme, _, token = given.decode("latin-1").partition(" ")
        event_id = call[1].decode("latin-1")
        if scheme.lower() == "bearer" and self.port.holds(token.strip(), event_id):
            strangers.invited(source, now)
            if not self.brought and self.port.invited < INVITED_MOST:
                self.invited = True
                self.port.invited += 1
                strangers.left(source, self.number)
            return 0.0
        return strangers.failed(source, now)

    def _too_large(self) -> None:
        self.port.strangers.refused[HEAD_TOO_LARGE.code] += 1
        self._refuse(HEAD_TOO_LARGE)

    def _refuse(self, refusal: Refusal, retry_s: float = 0.0) -> None:
        """From prepared bytes; half-closed, so that they are read before the connection ends."""
        self.ended = time.monotonic()
        self.transport.write(_answer(refusal, retry_s))
        if self.transport.can_write_eof():
            self.transport.write_eof()
        else:
            self.transport.close()

    def second_passed(self, now: float) -> None:
        """Once a second: those who take too long."""
        if self.ended is not None:
            if now - self.ended > LINGER_S:
                self.transport.abort()
        elif self.waiting is not None and now - self.waiting > HEAD_S:
            self.port.strangers.refused["slow_head"] += 1
            self.transport.abort()


class StagePort:
    """`app`: signalling_io's. `introduced`: asked of connections that `proxies` make."""

    def __init__(
        self,
        app: Any,
        holds: Holds,
        strangers: Strangers,
        *,
        proxies: Proxies | None = None,
        introduced: Introduced | None = None,
    ) -> None:
        # No access log: no address and no token is ever written.
        self.config = Config(
            app,
            http=_Connection,
            ws="none",
            log_level="warning",
            access_log=False,
            lifespan="off",
            proxy_headers=False,
            server_header=False,
        )
        self.config.load()
        self.state = ServerState()
        self.holds = holds
        self.strangers = strangers
        self.proxies = proxies or Proxies()
        self.invited = 0  # connections that have shown an invitation
        self._introduced = introduced
        self._numbers = count()
        self._connections: dict[int, _Connection | asyncio.Task[None]] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    async def serve(self, listening: socket.socket, context: ssl.SSLContext | None = None) -> None:
        """Until cancelled. `listening` is non-blocking, and closed at the end."""
        loop = asyncio.get_running_loop()
        listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, UNREAD_MS)
        most = ACCEPTS_TLS if context else ACCEPTS
        loop.add_reader(listening, self._accept, listening, context, most)
        try:
            while True:
                date = formatdate(time.time(), usegmt=True).encode()
                self.state.default_headers = [(b"date", date)]
                now = time.monotonic()
                for connection in list(self._connections.values()):
                    if isinstance(connection, _Connection):
                        connection.second_passed(now)
                await asyncio.sleep(1)
        finally:
            loop.remove_reader(listening)
            listening.close()
            for task in self._tasks:
                task.cancel()
            for connection in list(self._connections.values()):
                if isinstance(connection, _Connection):
                    connection.transport.abort()

    def _accept(self, listening: socket.socket, context: ssl.SSLContext | None, most: int) -> None:
        loop = asyncio.get_running_loop()
        for _ in range(most):
            try:
                connected, address = listening.accept()
            except BlockingIOError:
                return
            except OSError:
                break  # no descriptors are left for the moment, or the client is gone already
            connected.setblocking(False)
            number, peer = next(self._numbers), str(address[0])
            source = source_of(peer)
            work = self._connect(connected, number, peer, source, context)
            task = self._connections[number] = loop.create_task(work)
            if not self.proxies.trusts(peer):
                self._arrived(source, number)
            self._tasks.add(task)
            task.add_done_callback(partial(self._done, connected))
        # There may be more: the loop looks at all else first.
        loop.remove_reader(listening)
        loop.call_later(SLICE_S, self._go_on, listening, context, most)

    def _go_on(self, listening: socket.socket, context: ssl.SSLContext | None, most: int) -> None:
        if listening.fileno() >= 0:
            loop = asyncio.get_running_loop()
            loop.add_reader(listening, self._accept, listening, context, most)

    async def _connect(
        self,
        connected: socket.socket,
        number: int,
        peer: str,
        source: bytes,
        context: ssl.SSLContext | None,
    ) -> None:
        """From an accepted socket to a connection that speaks HTTP."""
        try:
            if self._introduced is not None and self.proxies.trusts(peer):
                said = await self._introduced(connected)
                if said is None:
                    raise ConnectionAbortedError
                if said and not self.proxies.trusts(said):
                    peer, source = said, source_of(said)
                    self._arrived(source, number)
            connection = _Connection(self, number, peer, source)
            await asyncio.get_running_loop().connect_accepted_socket(
                lambda: connection,
                connected,
                ssl=context,
                ssl_handshake_timeout=HANDSHAKE_S if context else None,
            )
        except OSError:  # the client is gone, or it speaks no TLS
            connected.close()
            self._forget(number, source)

    def _done(self, connected: socket.socket, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if task.cancelled():
            connected.close()  # dropped for another; perhaps before the task had begun
        elif (error := task.exception()) is not None:
            _quiet.error("a connection to the stage failed", exc_info=error)

    def _arrived(self, source: bytes, number: int) -> None:
        dropped = self.strangers.arrived(source, number, time.monotonic())
        if dropped is not None:
            self.strangers.refused["connections_crowded"] += 1
            gone = self._connections.get(dropped[1])
            self._forget(dropped[1], dropped[0])
            if isinstance(gone, _Connection):
                gone.transport.abort()
            elif gone is not None:
                gone.cancel()

    def made(self, connection: _Connection) -> None:
        """It speaks HTTP from now on."""
        self._connections[connection.number] = connection

    def lost(self, connection: _Connection) -> None:
        """It has ended."""
        self.invited -= connection.invited
        self._forget(connection.number, connection.source)

    def _forget(self, number: int, source: bytes) -> None:
        self.strangers.left(source, number)
        self._connections.pop(number, None)
