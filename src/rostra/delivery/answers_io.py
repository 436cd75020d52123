"""How one connection's answers leave: in the manner of the request, counted, and to whom."""

from __future__ import annotations

import asyncio
import os

from rostra.delivery.desk_io import Desk
from rostra.delivery.listeners import nameless
from rostra.delivery.manner import Headers, Manner, header_text, matches, read_range, sid_in_headers
from rostra.delivery.prepared import Prepared, closing, not_modified, partial
from rostra.delivery.shares import Accepted
from rostra.ground.cmcd import sid_in_query
from rostra.ground.refusals import Refusal


class Answers(asyncio.Protocol):
    """The part of a connection that writes; connection_io.py has the part that reads."""

    __slots__ = (
        "_nameless",
        "accepted",
        "buffer",
        "client",
        "desk",
        "ending",
        "free",
        "handle",
        "heard",
        "idle",
        "lively",
        "manner",
        "number",
        "paused",
        "served",
        "session",
        "sid",
        "stalled",
        "transport",
        "unsent",
    )

    def __init__(self, desk: Desk, number: int, client: str = "") -> None:
        self.desk = desk
        self.client = client  # who it is, where a proxy said so
        self.number = number  # tells this connection from all others, but not whose it is
        self.transport: asyncio.Transport
        self.handle = -1  # the socket's descriptor, where we may write to it ourselves
        self.buffer = b""
        self.free = False  # the fast path may be taken
        self.manner: Manner | None = None
        self.accepted: Accepted | None = None  # the pass that was shown last
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

    def _refusal(self, refusal: Refusal, extra: str = "") -> Prepared:
        catalogue, wall_ms = self.desk.catalogue, self.desk.wall_ms()
        return catalogue.refusal(refusal, wall_ms, extra, self.number).prepared(False)

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

    def _answer(self, prepared: Prepared) -> None:
        """The answer to a request that the fast path understood."""
        self.idle = 0
        self.served = True
        self.desk.requests[prepared.kind] += 1
        self.desk.body_bytes += prepared.body_bytes
        self._write(prepared.whole)

    def _refuse(self, refusal: Refusal) -> None:
        """Answer and end: what else the client sends cannot be told apart from the next request."""
        prepared = self._refusal(refusal)
        self._count(prepared, prepared.body_bytes)
        self._write(closing(prepared.whole, prepared.head_bytes))
        self._end()

    def _turn_away(self, refusal: Refusal) -> None:
        """Answer and close at once: there is no room to wait for the client in."""
        prepared = self._refusal(refusal)
        self._count(prepared, prepared.body_bytes)
        self._write(closing(prepared.whole, prepared.head_bytes))
        self.ending = True
        self.transport.close()

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

    # --- listeners ------------------------------------------------------------------------

    def _address(self) -> str:
        if self.client:
            return self.client
        peer = self.transport.get_extra_info("peername")
        return str(peer[0]) if peer else ""

    def _name(self, headers: Headers, query: bytes) -> None:
        """Who asks, as far as the request says."""
        sid = sid_in_headers(headers) or sid_in_query(query.decode("latin-1"))
        if sid != self.sid:
            self._note_listener()
            self.sid, self.heard = sid, ""
        if not sid:
            self._nameless = nameless(self._address(), header_text(headers, b"user-agent"))

    def _turn_to(self, event_id: str) -> None:
        """From now on it is this event that the listener is heard of."""
        if event_id != self.heard:
            self._note_listener()
            self.session = self.desk.listeners.session(event_id, self.sid or self._nameless)
        self.heard = event_id

    def _hear(self, event_id: str) -> None:
        self._turn_to(event_id)
        self.lively = True

    def _note_listener(self) -> None:
        if self.lively and self.heard:
            now = self.desk.now()
            self.desk.listeners.saw(self.heard, self.session, now)
            if self.accepted is not None and self.accepted.share.event_id == self.heard:
                self.desk.door.fetched(self.accepted.share, now)
        self.lively = False
