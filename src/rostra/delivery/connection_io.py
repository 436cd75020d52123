"""One connection of the audience: bytes in, prepared bytes out.

The fast path: the first request of a connection is parsed whole. While what follows the target of
a later request equals, byte for byte, what followed it in the request that was accepted, and the
target is one of the catalogue's, the answer is written at once. `GET `, a target of the catalogue
(which has no space or line break) and those bytes make up exactly the request that the parser
accepted but for the target, so the parser would accept it too and find the same header fields.
Everything else takes the full path. docs/decisions/0006-edge.md argues it at length.
"""

from __future__ import annotations

import asyncio
import os
from typing import cast

from rostra.delivery.desk_io import Desk
from rostra.delivery.heads_io import read_head
from rostra.delivery.listeners import nameless
from rostra.delivery.manner import Manner, header_text, matches, read_range, sid_in_headers
from rostra.delivery.prepared import Document, Prepared, closing, not_modified, partial
from rostra.delivery.refused import (
    HEADERS_TOO_LARGE,
    HOUSE_BUSY,
    HOUSE_FULL,
    REQUEST_INVALID,
    REQUEST_TIMEOUT,
    TARGET_TOO_LONG,
)
from rostra.delivery.targets import TARGET_MOST_BYTES
from rostra.delivery.window import Wait
from rostra.ground.cmcd import sid_in_query
from rostra.ground.refusals import Refusal

_METHOD_MOST_BYTES = 16


class Connection(asyncio.Protocol):
    """See the module. Time passes for it by `second_passed`, once a second."""

    __slots__ = (
        "_nameless",
        "buffer",
        "cut",
        "desk",
        "ending",
        "fast",
        "free",
        "handle",
        "heard",
        "hot",
        "idle",
        "lively",
        "manner",
        "number",
        "paused",
        "served",
        "session",
        "shard",
        "sid",
        "stalled",
        "tail",
        "transport",
        "unsent",
        "wait",
        "waits",
    )  # fmt: skip

    def __init__(self, desk: Desk, number: int, shard: set[Connection], fast: bool = True) -> None:
        self.desk = desk
        self.number = number  # tells this connection from all others, but not whose it is
        self.shard = shard
        self.fast = fast  # False: every request takes the full path (tests compare the two)
        self.transport: asyncio.Transport
        self.handle = -1  # the socket's descriptor, where we may write to it ourselves
        self.buffer = b""
        self.tail = b""  # what follows the target of a request that was accepted
        self.cut = 0  # -len(tail)
        self.free = False  # the fast path may be taken
        self.hot = desk.catalogue.hot[0]
        self.waits = desk.catalogue.waits
        self.manner: Manner | None = None
        self.wait: Wait | None = None
        self.sid = ""
        self._nameless = ""  # stands for a player without a session id
        self.heard = ""  # the event last listened to
        self.session = b""  # this listener's keyed hash, for that event
        self.lively = False  # listened since `second_passed`
        self.served = False  # at least one request was answered
        self.ending = False  # the last answer is written
        self.paused = False  # the client does not read as fast as we write
        self.unsent = 0
        self.stalled = 0
        self.idle = 0  # seconds since the last answer

    # --- from the transport ---------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A client is here."""
        self.transport = cast(asyncio.Transport, transport)  # uvloop's is one in all but its bases
        if transport.get_extra_info("sslcontext") is None:
            # Zero makes uvloop write at once and call pause_writing as soon as anything is left
            # over. Its TLS would pause on every write (it compares with >=): there its own holds.
            self.transport.set_write_buffer_limits(high=0)
            if (connected := transport.get_extra_info("socket")) is not None:
                self.handle = connected.fileno()
        self.desk.connections += 1
        self.shard.add(self)
        if self.desk.connections > self.desk.limits.connections:
            self._refuse(HOUSE_FULL)

    def connection_lost(self, exc: Exception | None) -> None:
        """The client left, or we ended it: it waits for nothing any more."""
        self.desk.connections -= 1
        self.shard.discard(self)
        self.handle = -1  # the number may soon be another client's
        self.ending = True
        self.free = False
        self.buffer = b""
        self._stop_waiting()
        self._note_listener()

    def data_received(self, data: bytes) -> None:
        """The hot path; see the module."""
        if self.free and data.endswith(self.tail) and data.startswith(b"GET "):
            target = data[4 : self.cut]
            prepared = self.hot.get(target)
            if prepared is not None:
                self._write(prepared.whole)
                self.idle = 0
                desk = self.desk
                desk.requests[prepared.kind] += 1
                desk.body_bytes += prepared.body_bytes
                heard = prepared.heard
                if heard is self.heard:
                    self.lively = True
                elif heard:
                    self._hear(heard)
                return
            wait = self.waits.get(target)
            if wait is not None:
                self._hold(wait)
                return
        self._receive(data)

    def eof_received(self) -> bool | None:
        """The client has sent all: who has left waits for nothing; what is written is flushed."""
        self._stop_waiting()
        self.ending = True
        self.free = False
        return None

    def pause_writing(self) -> None:
        """The client reads too slowly: no further answer is queued until it has caught up."""
        self.paused = True
        self.free = False
        self.stalled = 0
        self.transport.pause_reading()

    def resume_writing(self) -> None:
        """It has caught up."""
        self.paused = False
        if not self.ending:
            self._pump()
        if not self.paused and not self.transport.is_closing():
            self.transport.resume_reading()

    # --- requests -------------------------------------------------------------------------

    def _receive(self, data: bytes) -> None:
        if self.ending:
            return  # what comes after the last answer is read and dropped (RFC 9112, 9.6)
        if not self.buffer:
            self.idle = 0
        self.buffer += data
        if self.wait is None and not self.paused:
            self._pump()
        elif len(self.buffer) > self.desk.limits.pipelined_bytes:
            self.transport.pause_reading()  # resumed by `released` or `resume_writing`

    def _pump(self) -> None:
        """Answer the requests in the buffer, in order, until one has to wait."""
        while self.wait is None and not self.paused and not self.ending:
            if self.buffer.startswith(b"\r\n"):
                self.buffer = self.buffer.lstrip(b"\r\n")  # RFC 9112, 2.2
            if not self.buffer:
                break
            end = self.buffer.find(b"\r\n\r\n")
            refusal = self._too_large(end)
            if refusal is not None:
                self._refuse(refusal)
            elif end < 0:
                if b"\n\n" in self.buffer:  # bare line feeds never make a head
                    self._refuse(REQUEST_INVALID)
                break
            else:
                head, self.buffer = self.buffer[: end + 4], self.buffer[end + 4 :]
                self._serve(head)
        if self.tail and self.wait is None:
            self.free = not (self.buffer or self.paused or self.ending)

    def _too_large(self, end: int) -> Refusal | None:
        buffered = len(self.buffer) if end < 0 else end + 4
        if buffered > _METHOD_MOST_BYTES + TARGET_MOST_BYTES:
            # METHOD SP TARGET SP: past these bytes the target must have ended.
            first = self.buffer.find(b" ", 0, _METHOD_MOST_BYTES)
            if first >= 0 and b" " not in self.buffer[first + 1 : first + 2 + TARGET_MOST_BYTES]:
                return TARGET_TOO_LONG
        return HEADERS_TOO_LARGE if buffered > self.desk.limits.head_bytes else None

    def _serve(self, head: bytes) -> None:
        self.free = False
        self.tail = b""
        read = read_head(head)
        if isinstance(read, Refusal):
            self._refuse(read)
            return
        target, manner, headers = read
        manner = self.manner = self.desk.shared(manner)
        self.hot = self.desk.catalogue.hot[manner.accepts_gzip]
        sid = sid_in_headers(headers) or sid_in_query(target.partition(b"?")[2].decode("latin-1"))
        if sid != self.sid:
            self._note_listener()
            self.sid, self.heard = sid, ""
        if not sid:
            self._nameless = nameless(self._address(), header_text(headers, b"user-agent"))
        if self.fast and manner.repeatable:
            self.tail = head[len(b"GET ") + len(target) :]
            self.cut = -len(self.tail)
        if manner.method == "OPTIONS":
            document = self.desk.catalogue.preflight(self.desk.wall_ms())
            self._send(document.prepared(False))
            return
        answer = self.desk.find(target, manner)
        if isinstance(answer, Wait):
            self._hold(answer)
        elif isinstance(answer, Refusal):
            self._send(self._refusal(answer))
        else:
            self._send(answer.prepared(manner.accepts_gzip))

    def _refusal(self, refusal: Refusal, extra: str = "") -> Prepared:
        return self.desk.catalogue.refusal(refusal, self.desk.wall_ms(), extra).prepared(False)

    def _send(self, prepared: Prepared) -> None:
        """The answer in the manner of the request that is being answered."""
        manner = self.manner
        assert manner is not None
        raw, head_bytes = prepared.whole, prepared.head_bytes
        if prepared.status == 200 and (manner.if_none_match or manner.byte_range):
            if prepared.etag and matches(manner.if_none_match, prepared.etag):
                raw = not_modified(prepared)
                head_bytes = len(raw)
            elif manner.byte_range and prepared.ranges and manner.method == "GET":
                part = read_range(manner.byte_range, prepared.body_bytes)
                if isinstance(part, Refusal):
                    size = f"Content-Range: bytes */{prepared.body_bytes}\r\n"
                    prepared = self._refusal(part, size)
                    raw, head_bytes = prepared.whole, prepared.head_bytes
                elif part is not None:
                    raw, head_bytes = partial(prepared, *part)
        if manner.method == "HEAD":
            raw = raw[:head_bytes]
        if not manner.keep_alive:
            raw = closing(raw, head_bytes)
        self.idle = 0
        self.served = True
        self._count(prepared, len(raw) - head_bytes if len(raw) > head_bytes else 0)
        self._write(raw)
        if prepared.heard:
            self._hear(prepared.heard)
        if not manner.keep_alive:
            self._end()

    def _count(self, prepared: Prepared, body_bytes: int) -> None:
        self.desk.requests[prepared.kind] += 1
        self.desk.body_bytes += body_bytes
        if prepared.code:
            self.desk.refusals[prepared.code] += 1

    def _refuse(self, refusal: Refusal) -> None:
        """Answer and end: what else the client sends cannot be told apart from the next request."""
        prepared = self._refusal(refusal)
        self._count(prepared, prepared.body_bytes)
        self._write(closing(prepared.whole, prepared.head_bytes))
        self._end()

    def _end(self) -> None:
        """Say that we have said all, then drop what still comes for a while: closing with unread
        bytes would reset the connection and take the answer away from the client."""
        self.ending = True
        self.free = False
        self.buffer = b""
        self.idle = 0
        if self.transport.is_closing():
            return
        if self.transport.can_write_eof():
            self.transport.write_eof()
        else:
            self.transport.close()

    def _write(self, raw: bytes) -> None:
        """To the kernel at once: half as dear for large answers as through the transport, which
        gets what the kernel does not take. While `paused` nothing may overtake what is there."""
        if self.handle >= 0 and not self.paused:
            try:
                raw = raw[os.write(self.handle, raw) :]
            except BlockingIOError:
                pass
            except OSError:
                self.transport.abort()
                return
            if not raw:
                return
        self.transport.write(raw)

    # --- waiting --------------------------------------------------------------------------

    def _hold(self, wait: Wait) -> None:
        if self.desk.held >= self.desk.limits.held:
            self._send(self._refusal(HOUSE_BUSY))
            return
        self.desk.held += 1
        self.wait = wait
        self.free = False
        wait.waiters[self] = None
        if wait.event_id is self.heard:
            self.lively = True
        else:
            self._hear(wait.event_id)

    def _stop_waiting(self) -> None:
        if self.wait is not None:
            self.wait.waiters.pop(self, None)
            self.wait = None
            self.desk.held -= 1

    def released(self, answer: Document | Refusal) -> None:
        """What was waited for is here."""
        self.wait = None
        self.desk.held -= 1
        if isinstance(answer, Document) and self.tail and not self.buffer:
            prepared = answer.prepared(self.hot is self.desk.catalogue.hot[1])
            self.free = True  # before the write, which may pause us
            self.idle = 0
            self.served = True
            desk = self.desk
            desk.requests[prepared.kind] += 1
            desk.body_bytes += prepared.body_bytes
            self._write(prepared.whole)
            return
        manner = self.manner
        assert manner is not None
        if isinstance(answer, Refusal):
            self._send(self._refusal(answer))
        else:
            self._send(answer.prepared(manner.accepts_gzip))
        self._pump()
        if not self.paused and not self.transport.is_closing():
            self.transport.resume_reading()

    # --- listeners ------------------------------------------------------------------------

    def _address(self) -> str:
        peer = self.transport.get_extra_info("peername")
        return str(peer[0]) if peer else ""

    def _hear(self, event_id: str) -> None:
        if event_id != self.heard:
            self._note_listener()
            self.session = self.desk.listeners.session(event_id, self.sid or self._nameless)
        self.heard = event_id
        self.lively = True

    def _note_listener(self) -> None:
        if self.lively and self.heard:
            self.desk.listeners.saw(self.heard, self.session, self.desk.now())
        self.lively = False

    # --- time -----------------------------------------------------------------------------

    def second_passed(self) -> None:
        """Once a second: what no byte from the client can tell."""
        limits = self.desk.limits
        if self.wait is not None:
            self.lively = True
            self._note_listener()
            return  # the window ends waiting in vain
        if self.lively:
            self._note_listener()
        if self.paused:
            unsent = self.transport.get_write_buffer_size()
            self.stalled = self.stalled + 1 if unsent == self.unsent else 0
            self.unsent = unsent
            if self.stalled >= limits.stall_s:
                self.transport.abort()
            return
        self.idle += 1
        if self.ending:
            if self.idle > limits.linger_s:
                self.transport.abort()
        elif self.buffer:
            if self.idle > limits.head_s:
                self._refuse(REQUEST_TIMEOUT)
        elif self.idle > (limits.idle_s if self.served else limits.head_s):
            self.ending = True
            self.free = False
            self.transport.close()
