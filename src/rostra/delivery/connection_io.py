"""One connection of the audience: bytes in, prepared bytes out.

The fast path: the first request of a connection is parsed whole. While what follows the target of
a later request equals, byte for byte, what followed it in the request that was accepted, and the
target is one of the catalogue's, the answer is written at once. `GET `, a target of the catalogue
(which has no space or line break) and those bytes make up exactly the request that the parser
accepted but for the target, so the parser would accept it too and find the same header fields.
Everything else takes the full path. docs/decisions/0006-edge.md argues it at length.

What plays is answered so only if those bytes, which hold the pass, have opened the event's media
before (`opened`), and while the budget of that pass lasts (docs/decisions/0008-door.md); all else
while the purse of the connection lasts (docs/decisions/0010-shield.md).
"""

from __future__ import annotations

import asyncio
import re
from hmac import compare_digest
from typing import cast

import msgspec

from rostra.delivery.credentials import split_token
from rostra.delivery.desk_io import Desk
from rostra.delivery.heads_io import read_head
from rostra.delivery.payments_io import Payments
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
from rostra.delivery.shares import IDLE_S
from rostra.delivery.targets import DOOR_ACT, TARGET_MOST_BYTES, read_target
from rostra.delivery.window import Wait
from rostra.ground.refusals import Refusal
from rostra.shield.guard import Slow
from rostra.shield.path import BY_NAME
from rostra.shield.prices import BROKEN
from rostra.shield.reasons import CONNECTIONS_CROWDED

_METHOD_MOST_BYTES = 16
_PIPELINED_EACH_TURN = 32
_EMPTY_LINES = re.compile(rb"(?:\r\n)+")  # whole ones: half of one may still be on its way


class Connection(Payments):
    """See the module. Time passes for it by `second_passed`, once a second."""

    __slots__ = ("cut", "fast", "hot", "shard", "tail", "taken_by", "wait", "waits")

    def __init__(
        self,
        desk: Desk,
        number: int,
        shard: set[Connection],
        fast: bool = True,
        client: str = "",
    ) -> None:
        super().__init__(desk, number, client)
        self.shard = shard
        self.fast = fast  # False: every request takes the full path (tests compare the two)
        self.tail = b""  # what follows the target of a request that was accepted
        self.cut = 0  # -len(tail)
        self.taken_by = 0.0  # when a client that reads slowly must have all that was written
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
        desk = self.desk
        desk.connections += 1
        self.shard.add(self)
        if not self._enter():
            self.ending = True
            self.transport.abort()
        elif desk.connections > desk.limits.connections and not desk.make_room(self):
            self._turn_away(HOUSE_FULL)
        elif self._crowds():
            self._refuse(CONNECTIONS_CROWDED)

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
        self._go()

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
                else:
                    purse = self.purse
                    if purse.left < prepared.price:
                        self._receive(data)
                        return
                    purse.left -= prepared.price
                self._write(prepared.whole)
                self.idle = 0
                desk = self.desk
                desk.requests[prepared.kind] += 1
                desk.body_bytes += prepared.body_bytes
                walk = self.walk
                if walk is not None:
                    self._step(walk, BY_NAME[prepared.kind])
                return
            wait = self.waits.get(target)
            if wait is not None:
                if wait.event_id is self.opened and self.share.left >= 1:
                    self.share.left -= 1
                    self._note_path(target)
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
        unsent = self.transport.get_write_buffer_size()
        limits = self.desk.limits
        self.taken_by = self.desk.now() + max(limits.stall_s, unsent / limits.read_bytes_s)
        self.transport.pause_reading()

    def resume_writing(self) -> None:
        """It has caught up."""
        self.paused = False
        if not self.ending:
            self._pump()
        self._read_on()

    def _read_on(self) -> None:
        if not self.paused and self.resting is None and not self.transport.is_closing():
            self.transport.resume_reading()

    def _rested(self) -> None:
        """It was slowed, or refused; now it is heard again."""
        self.resting = None
        self._stop_being_slow()
        if not self.ending:
            self._pump()
        self._read_on()

    # --- requests -------------------------------------------------------------------------

    def _receive(self, data: bytes) -> None:
        if self.ending:
            return  # what comes after the last answer is read and dropped (RFC 9112, 9.6)
        if not self.buffer and data.strip(b"\r\n"):  # empty lines are no sign of life
            self.idle = 0
        self.buffer += data
        if self.wait is None and not self.paused and self.resting is None:
            self._pump()
        elif len(self.buffer) > self.desk.limits.pipelined_bytes:
            self.transport.pause_reading()  # resumed by `released` or `resume_writing`

    def _pump(self) -> None:
        """Answer the requests in the buffer, in order, until one has to wait.

        So many in one turn of the loop, and where no pass was shown (turns.py) for so long.
        """
        left = _PIPELINED_EACH_TURN
        while not (self.wait or self.paused or self.ending or self.resting):
            if empty := _EMPTY_LINES.match(self.buffer):  # RFC 9112, 2.2
                self.buffer = self.buffer[empty.end() :]
            if not self.buffer:
                break
            end = self.buffer.find(b"\r\n\r\n")
            refusal = self._too_large(end)
            if refusal is not None:
                self._reject(refusal)
            elif end < 0:
                if b"\n\n" in self.buffer:  # bare line feeds never make a head
                    self._reject(REQUEST_INVALID)
                break
            elif left == 0 or (self.accepted is None and self.desk.turns.over()):
                self.resting = self.desk.turns.wait(self._rested)
            else:
                left -= 1
                head, self.buffer = self.buffer[: end + 4], self.buffer[end + 4 :]
                self._serve(head)
        if self.tail and self.wait is None:
            self.free = not (self.buffer or self.paused or self.ending or self.resting)

    def _reject(self, refusal: Refusal) -> None:
        """What cannot be read costs more than what is refused."""
        self._broke(BROKEN, "garbage" if refusal is not REQUEST_TIMEOUT else "slow_head")
        self._refuse(refusal)

    def _decline(self, verdict: Refusal | Slow, head: bytes) -> None:
        """The request is not answered as it asks: later, or with a refusal."""
        if isinstance(verdict, Slow):
            self.buffer = head + self.buffer
            self.paid = True
            self._be_slow(verdict.seconds, self._rested)
            return
        self._send(self._refusal(verdict))
        # A proxy may bring the next client on it at once.
        tarpit_s = 0.0 if self.brought else self.desk.guard.terms.tarpit_s
        if tarpit_s and not self.ending:
            self.resting = asyncio.get_running_loop().call_later(tarpit_s, self._rested)
            self.transport.pause_reading()

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
            self._reject(read)
            return
        raw, manner, headers = read
        target, token = split_token(raw)
        manner = self.manner = self.desk.shared(manner)
        self.hot = self.desk.catalogue.hot[manner.accepts_gzip]
        if self.brought and (banned := self._turn_to_client(headers)) is not None:
            self._decline(banned, head)
            return
        self._name(headers, target.partition(b"?")[2])
        self._note_path(target)
        if self.fast and manner.repeatable:
            self.tail = head[len(b"GET ") + len(raw) :]
            self.cut = -len(self.tail)
        desk = self.desk
        if manner.method == "OPTIONS":
            at_door = DOOR_ACT.fullmatch(raw) is not None
            self._send(desk.catalogue.preflight(at_door, desk.wall_ms()).prepared(False))
            return
        if manner.method == "POST":
            verdict = self._charge(1.0, raw, headers)
            if verdict is not None:
                self._decline(verdict, head)
                return
            given, reply = desk.door.personal(raw, headers, desk.now(), desk.wall_ms(), self)
            self._showed(DOOR_ACT.fullmatch(raw), reply)
            self._send(given)
            return
        asked = read_target(target)
        if isinstance(asked, Refusal):
            self._send(self._refusal(asked))
            return
        plays = desk.catalogue.playing(asked.path)
        refusal = self._open(*plays, token, headers) if plays else None
        if refusal is PASS_OVERUSED:
            self._decline(refusal, head)  # what is refused to a pass takes nothing more from it
            return
        answer = refusal or desk.find(target, asked, manner)
        if isinstance(answer, Refusal):
            answer = desk.catalogue.refusal(answer, desk.wall_ms(), number=self.number)
        prepared = None if isinstance(answer, Wait) else answer.prepared(manner.accepts_gzip)
        if prepared is not None and prepared.status == 404:
            self._note_decoy(asked.path, headers)
        paid = plays is not None and (plays[1] or desk.free.left > 0)  # by a pass, or by nobody
        if refusal is not None or not paid:
            verdict = self._charge(prepared.price if prepared else 1.0, target, headers)
            if verdict is not None:
                self._decline(verdict, head)
                return
        if isinstance(answer, Wait):
            self._hold(answer)
        elif prepared is not None:
            if self._worn():  # this answer is the last, and says so
                self.manner = msgspec.structs.replace(manner, keep_alive=False)
            self._send(prepared)

    # --- passes ---------------------------------------------------------------------------

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
        self._note_path(plain)
        return True

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
        self._read_on()

    # --- time -----------------------------------------------------------------------------

    def second_passed(self) -> None:
        """Once a second: what no byte from the client can tell."""
        limits = self.desk.limits
        self._settle(self.wait is None and self.idle > IDLE_S)
        if (self.walk is None) is self.desk.guard.terms.enforced:
            self._follow()
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
            if self.stalled >= limits.stall_s or self.desk.now() > self.taken_by:
                self._broke(0.0, "slow_read")
                self.transport.abort()
            return
        self.idle += 1
        if self.resting is not None:
            return
        if self.ending:
            if self.idle > limits.linger_s:
                self.transport.abort()
        elif self.buffer:
            if self.idle > self._within_s(limits.head_s, self.desk.guard.terms.head_s):
                self._reject(REQUEST_TIMEOUT)
        elif self.idle > self._patience_s():
            self.ending = True
            self.free = False
            self.transport.close()
