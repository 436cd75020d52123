"""One connection of the audience: bytes in, prepared bytes out.

The fast path: the first request of a connection is parsed whole. While what follows the target of
a later request equals, byte for byte, what followed it in the request that was accepted, and the
target is one of the catalogue's, the answer is written at once. `GET `, a target of the catalogue
(which has no space or line break) and those bytes make up exactly the request that the parser
accepted but for the target, so the parser would accept it too and find the same header fields.
Everything else takes the full path. docs/decisions/0006-edge.md argues it at length.

What plays is answered so only if those bytes, which hold the pass, have opened the event's media
before (`opened`), and while the budget of that pass lasts (docs/decisions/0008-door.md).
"""

from __future__ import annotations

import asyncio
from hmac import compare_digest
from typing import cast

from rostra.delivery.answers_io import Answers
from rostra.delivery.credentials import split_token, token_in_headers
from rostra.delivery.desk_io import Desk
from rostra.delivery.heads_io import read_head
from rostra.delivery.manner import Headers
from rostra.delivery.prepared import Document
from rostra.delivery.refused import (
    HEADERS_TOO_LARGE,
    HOUSE_BUSY,
    HOUSE_FULL,
    PASS_OVERUSED,
    REQUEST_INVALID,
    REQUEST_TIMEOUT,
    TARGET_TOO_LONG,
)
from rostra.delivery.shares import FREE, IDLE_S
from rostra.delivery.targets import DOOR_ACT, TARGET_MOST_BYTES, read_target
from rostra.delivery.window import Wait
from rostra.ground.refusals import Refusal

_METHOD_MOST_BYTES = 16


class Connection(Answers):
    """See the module. Time passes for it by `second_passed`, once a second."""

    __slots__ = (
        "cut",
        "fast",
        "hot",
        "number",
        "opened",
        "shard",
        "share",
        "tail",
        "wait",
        "waits",
    )

    def __init__(self, desk: Desk, number: int, shard: set[Connection], fast: bool = True) -> None:
        super().__init__(desk)
        self.number = number  # tells this connection from all others, but not whose it is
        self.shard = shard
        self.fast = fast  # False: every request takes the full path (tests compare the two)
        self.tail = b""  # what follows the target of a request that was accepted
        self.cut = 0  # -len(tail)
        self.opened = ""  # the event whose media `tail` gives a right to
        self.share = FREE  # on what its requests for them draw
        self.hot = desk.catalogue.hot[0]
        self.waits = desk.catalogue.waits
        self.wait: Wait | None = None

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
        self._return_pass()

    def data_received(self, data: bytes) -> None:
        """The hot path; see the module."""
        if self.free and data.endswith(self.tail) and data.startswith(b"GET "):
            target = data[4 : self.cut]
            prepared = self.hot.get(target)
            if prepared is not None:
                heard = prepared.heard
                if heard:
                    share = self.share
                    if heard is not self.opened or share.left < 1:
                        self._receive(data)
                        return
                    share.left -= 1
                    self.lively = True
                self._write(prepared.whole)
                self.idle = 0
                desk = self.desk
                desk.requests[prepared.kind] += 1
                desk.body_bytes += prepared.body_bytes
                return
            wait = self.waits.get(target)
            if wait is not None:
                if wait.event_id is self.opened and self.share.left >= 1:
                    self.share.left -= 1
                    self._hold(wait)
                    return
            elif self.accepted is not None and self.accepted.by_target and self._below(target):
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
        self.opened = ""
        read = read_head(head)
        if isinstance(read, Refusal):
            self._refuse(read)
            return
        raw, manner, headers = read
        target, token = split_token(raw)
        manner = self.manner = self.desk.shared(manner)
        self.hot = self.desk.catalogue.hot[manner.accepts_gzip]
        self._name(headers, target.partition(b"?")[2])
        if self.fast and manner.repeatable:
            self.tail = head[len(b"GET ") + len(raw) :]
            self.cut = -len(self.tail)
        desk = self.desk
        if manner.method == "OPTIONS":
            at_door = DOOR_ACT.fullmatch(raw) is not None
            self._send(desk.catalogue.preflight(at_door, desk.wall_ms()).prepared(False))
            return
        if manner.method == "POST":
            self._send(desk.door.personal(raw, headers, desk.now(), desk.wall_ms()))
            return
        asked = read_target(target)
        if isinstance(asked, Refusal):
            self._send(self._refusal(asked))
            return
        plays = desk.catalogue.playing(asked.path)
        refusal = self._open(*plays, token, headers) if plays else None
        answer = refusal or desk.find(target, asked, manner)
        if isinstance(answer, Wait):
            self._hold(answer)
        elif isinstance(answer, Refusal):
            self._send(self._refusal(answer))
        else:
            self._send(answer.prepared(manner.accepts_gzip))

    # --- passes ---------------------------------------------------------------------------

    def _open(
        self, event_id: str, needs_pass: bool, token: str, headers: Headers
    ) -> Refusal | None:
        """Open an event's media to this request, and to those that follow with the same tail.

        `token`: the pass in the target; it opens them to its own request alone.
        """
        if not needs_pass:
            self._turn_to(event_id)
            self.opened, self.share = event_id, FREE
            return None
        now, wall_ms = self.desk.now(), self.desk.wall_ms()
        carried = token or token_in_headers(headers)
        accepted = self.accepted
        if accepted is None or not (
            wall_ms < accepted.until_ms
            and accepted.share.event_id is event_id
            and compare_digest(accepted.token.encode(), carried.encode())
        ):
            self._return_pass()
            found = self.desk.door.accept(event_id, carried, now, wall_ms)
            if isinstance(found, Refusal):
                return found
            accepted = self.accepted = found
        share = accepted.share
        share.refill(now)
        if share.left < 1:
            return PASS_OVERUSED
        share.left -= 1
        accepted.by_target = bool(token)
        if not token:
            self._turn_to(event_id)
            self.opened, self.share = event_id, share
        return None

    def _below(self, target: bytes) -> bool:
        """The fast path of a target that carries the pass which was accepted in one before."""
        accepted = self.accepted
        plain, token = split_token(target)
        if (
            accepted is None
            or accepted.share.left < 1
            or not compare_digest(accepted.token.encode(), token.encode())
        ):
            return False
        share = accepted.share
        prepared, wait = self.hot.get(plain), self.waits.get(plain)
        if prepared is not None and prepared.heard is share.event_id:
            share.left -= 1
            self._answer(prepared)
            self._hear(prepared.heard)
        elif wait is not None and wait.event_id is share.event_id:
            share.left -= 1
            self._hold(wait)
        else:
            return False
        return True

    def _return_pass(self) -> None:
        """It opens nothing here any more, and this connection is no more one of its own."""
        if self.accepted is not None:
            self._note_listener()
            self.accepted.share.connections -= 1
            self.accepted = None
            self.opened = ""

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
            self.free = True  # before the write, which may pause us
            self._answer(answer.prepared(self.hot is self.desk.catalogue.hot[1]))
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

    # --- time -----------------------------------------------------------------------------

    def second_passed(self) -> None:
        """Once a second: what no byte from the client can tell."""
        limits = self.desk.limits
        accepted = self.accepted
        if accepted is not None:
            accepted.share.refill(self.desk.now())
            unused = self.idle > IDLE_S and self.wait is None
            if unused or self.desk.wall_ms() >= accepted.until_ms:
                self._return_pass()
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
