"""Connections of virtual listeners: a request out, its answer in, one at a time, never blocking.

An epoll of its own stands in the event loop as one descriptor. For a client that asks and reads one
answer at a time this takes fewer steps than a transport each, and makes the opening of
connections, which a storm has thousands of a second, a matter of three system calls.
Times are seconds from the run's zero.
"""

from __future__ import annotations

import asyncio
import errno
import random
import select
import socket
import ssl
import time
from math import inf

import msgspec

from rostra.rehearsal.answer_head import (
    BODY_MOST_BYTES,
    HEAD_MOST_BYTES,
    Head,
    Understood,
    read_chunks,
)
from rostra.rehearsal.asks import Ask, Intent
from rostra.rehearsal.library import Library
from rostra.rehearsal.listener import Listener
from rostra.rehearsal.orders import Begin
from rostra.rehearsal.request_head import Heads
from rostra.rehearsal.sockets_io import Opener, Target
from rostra.rehearsal.walks_io import Walked, Walks

ANSWER_MOST_S = 20.0
HELD_MOST_S = 23.0  # three target durations of the longest rung, and 5 s
_BURST_S = 0.5  # of the bound on requests a second
_EVENTS = 128
_AT_ONCE_S = 0.005  # before others of the loop have their turn
_INBOX_BYTES = 256 * 1024
_READ = select.EPOLLIN | select.EPOLLRDHUP | select.EPOLLET
_READ_WRITE = _READ | select.EPOLLOUT
_OVER = select.EPOLLRDHUP | select.EPOLLHUP | select.EPOLLERR
_OWN_FAULT = {
    errno.EMFILE,
    errno.ENFILE,
    errno.EADDRNOTAVAIL,
    errno.EADDRINUSE,
    errno.ENOBUFS,
    errno.ENOMEM,
}
_READ_ALWAYS = frozenset(
    {Intent.PAGE, Intent.STATE, Intent.TICKET, Intent.PASS, Intent.RENEW, Intent.PLAYLIST}
)
_READ_ONCE = frozenset({Intent.PART, Intent.SEGMENT, Intent.INIT, Intent.ASSET})


class Bounds(msgspec.Struct, frozen=True):
    """What the consent leaves to this process: open tabs, requests a second."""

    listeners: int
    requests_s: float


class Tab:
    """One listener and its connection."""

    __slots__ = (
        "answered",
        "ask",
        "bearer",
        "body",
        "connecting",
        "handle",
        "head",
        "left",
        "listener",
        "number",
        "partial",
        "planned",
        "request",
        "resent",
        "rest",
        "shaking",
        "socket",
        "until",
        "walked",
    )

    def __init__(self, listener: Listener, number: int) -> None:
        self.listener = listener
        self.number = number  # the person's
        self.socket: socket.socket | None = None
        self.handle = -1
        self.planned = inf  # the moment it stands in the wheel for
        self.ask: Ask | None = None  # what is not answered yet
        self.request = self.rest = b""  # `rest`: what follows the target, with `bearer`
        self.bearer = ""
        self.until = inf
        self.connecting = self.shaking = False
        self.answered = False  # this connection has answered before
        self.resent = False
        self.partial = b""  # of a head, or of a body in chunks
        self.head: Head | None = None
        self.left = 0  # bytes of the body that are not here yet
        self.body: list[bytes] | None = None
        self.walked: Walked | None = None  # if this connection is of the sample


class Connections:
    """Those of one process. Whoever extends it says how a listener goes on (`_go_on`)."""

    def __init__(self, begin: Begin, target: Target, bounds: Bounds, zero: float) -> None:
        self.library = Library()
        self._zero = zero
        self._tls = target.tls is not None
        self._opener = Opener(target, begin.sources)
        self._heads = Heads(target.authority, target.origin, begin.page, begin.token)
        self._tabs: dict[int, Tab] = {}  # by handle
        self._understood = Understood()
        self._inbox = bytearray(_INBOX_BYTES)
        self._view = memoryview(self._inbox)
        self._poll = select.epoll()
        self._loop = asyncio.get_running_loop()
        self._rate = bounds.requests_s
        self._allowed = self._rate * _BURST_S
        self._no_socket = 0
        self.walks = Walks(random.Random(f"{begin.seed}.{begin.share[0]}.walks"))  # noqa: S311

    def now(self) -> float:
        """Seconds from the run's zero."""
        return time.monotonic() - self._zero

    def _go_on(self, tab: Tab, ask: Ask | None, now: float) -> None:
        raise NotImplementedError

    def _allow(self, passed_s: float) -> None:
        """Time has passed: more may be asked."""
        self._allowed = min(self._rate * _BURST_S, self._allowed + self._rate * passed_s)

    def _lose_late(self, now: float) -> None:
        """What was not answered in time will not be waited for."""
        for tab in [tab for tab in self._tabs.values() if tab.until < now]:
            self._lose(tab, "timeout", now)

    # --- asking -------------------------------------------------------------------------------

    def _ask(self, tab: Tab, ask: Ask, now: float) -> None:
        tab.ask = ask
        if self._allowed < 1:
            self._lose(tab, "bounded", now)
            return
        self._allowed -= 1
        if ask.method == "GET":
            if ask.bearer != tab.bearer or not tab.rest:
                tab.bearer, tab.rest = ask.bearer, self._heads.rest(ask)
            tab.request = self._heads.start(ask) + tab.rest
        else:
            tab.request = self._heads.start(ask) + self._heads.rest(ask)
        tab.until = now + (HELD_MOST_S if ask.held else ANSWER_MOST_S)
        tab.resent = False
        if tab.socket is None:
            self._connect(tab, now)
        else:
            self._send(tab, now)

    def _connect(self, tab: Tab, now: float) -> None:
        try:
            one = self._opener.open()
        except OSError as error:
            own = error.errno in _OWN_FAULT
            self._no_socket += own
            self._lose(tab, "no_socket" if own else "refused", now)
            return
        tab.socket, tab.handle = one, one.fileno()
        tab.answered = False
        tab.walked = self.walks.begin()
        tab.connecting = True
        self._tabs[tab.handle] = tab
        self._poll.register(tab.handle, _READ_WRITE)

    def _connected(self, tab: Tab, now: float) -> None:
        assert tab.socket is not None
        fault = tab.socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if fault:
            self._lose(tab, "no_socket" if fault in _OWN_FAULT else "refused", now)
            self._no_socket += fault in _OWN_FAULT
            return
        tab.connecting = False
        if self._tls:
            tab.socket = self._opener.secured(tab.socket)
            tab.shaking = True
            self._shake(tab, now)
        else:
            self._send(tab, now)

    def _shake(self, tab: Tab, now: float) -> None:
        assert isinstance(tab.socket, ssl.SSLSocket)
        try:
            tab.socket.do_handshake()
        except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
            return
        except OSError:
            self._lose(tab, "tls", now)
            return
        tab.shaking = False
        self._send(tab, now)

    def _send(self, tab: Tab, now: float) -> None:
        assert tab.socket is not None
        if tab.walked is not None and tab.ask is not None:
            self.walks.step(tab.walked, tab.ask.path, now)
        try:
            sent = tab.socket.send(tab.request)
        except (BlockingIOError, ssl.SSLWantWriteError):
            sent = 0
        except OSError:
            self._broken(tab, now)
            return
        # A request is far smaller than any send buffer: who does not take it whole is not well.
        if sent != len(tab.request):
            self._lose(tab, "reset", now)

    # --- answers ------------------------------------------------------------------------------

    def _readable(self) -> None:
        """Some connections have news."""
        tabs = self._tabs
        until = self.now() + _AT_ONCE_S
        while True:
            events = self._poll.poll(0, _EVENTS)
            for handle, mask in events:
                tab = tabs.get(handle)
                if tab is None:
                    continue
                if tab.connecting:
                    if mask & (select.EPOLLOUT | _OVER):
                        self._connected(tab, self.now())
                elif tab.shaking:
                    self._shake(tab, self.now())
                elif mask & (select.EPOLLIN | _OVER):
                    self._receive(tab, mask & _OVER != 0)
            if len(events) < _EVENTS or self.now() > until:
                return

    def _receive(self, tab: Tab, over: bool) -> None:
        """Read until there is nothing more. `over`: the other side sends nothing after that."""
        one, view = tab.socket, self._view
        while one is not None and tab.socket is one:
            try:
                size = one.recv_into(view)
            except (BlockingIOError, ssl.SSLWantReadError):
                return
            except OSError:
                size = 0
            if size == 0:
                self._broken(tab, self.now())
                return
            self._take_in(tab, size, over)
            if size < _INBOX_BYTES and not (over or self._tls):
                return

    def _take_in(self, tab: Tab, size: int, over: bool) -> None:
        head = tab.head
        if head is None:
            self._begin_answer(tab, size, over)
        elif head.length is None:
            tab.partial += self._view[:size]
            self._chunks(tab, head, over)
        else:
            tab.left -= size
            if tab.body is not None:
                tab.body.append(bytes(self._view[:size]))
            if tab.left <= 0:
                body = b"" if tab.body is None else b"".join(tab.body)
                self._answer(tab, head, body, head.length, tab.left == 0, over)

    def _begin_answer(self, tab: Tab, size: int, over: bool) -> None:
        if tab.partial:
            whole = tab.partial + self._view[:size]
            end = whole.find(b"\r\n\r\n") + 4
            raw, rest = whole[:end], whole[end:] if end > 3 else b""
        else:
            end = self._inbox.find(b"\r\n\r\n", 0, size) + 4
            if end > 3:
                raw = bytes(self._view[:end])
                head = self._understood.head(raw)
                if head is not None and head.length is not None and tab.ask is not None:
                    left = head.length - (size - end)
                    wanted = self._wanted(tab.ask)
                    if left == 0:
                        body = bytes(self._view[end:size]) if wanted else b""
                        self._answer(tab, head, body, head.length, True, over)
                        return
                    rest = bytes(self._view[end:size]) if wanted else b""
                    if left > 0:
                        tab.head, tab.left = head, left
                        tab.body = [rest] if wanted else None
                        return
                rest = bytes(self._view[end:size])
            else:
                whole = bytes(self._view[:size])
        now = self.now()
        if end <= 3:
            tab.partial = whole
            if len(whole) > HEAD_MOST_BYTES:
                self._lose(tab, "unreadable", now)
            return
        self._begin_slowly(tab, self._understood.head(raw), rest, over)

    def _begin_slowly(self, tab: Tab, head: Head | None, rest: bytes, over: bool) -> None:
        """An answer that is not the usual one: a head in pieces, chunks, or no sense at all."""
        tab.partial = b""
        if head is None or tab.ask is None:
            self._lose(tab, "unreadable", self.now())
        elif head.length is None:
            tab.head, tab.partial = head, rest
            self._chunks(tab, head, over)
        else:
            tab.left = head.length - len(rest)
            if tab.left <= 0:
                self._answer(tab, head, rest, head.length, tab.left == 0, over)
            else:
                tab.head, tab.body = head, [rest]

    def _chunks(self, tab: Tab, head: Head, over: bool) -> None:
        try:
            found = read_chunks(tab.partial)
        except ValueError:
            self._lose(tab, "unreadable", self.now())
            return
        if found is not None:
            body, taken = found
            self._answer(tab, head, body, taken, taken == len(tab.partial), over)
        elif len(tab.partial) > BODY_MOST_BYTES:
            self._lose(tab, "unreadable", self.now())

    def _wanted(self, ask: Ask) -> bool:
        if ask.intent in _READ_ALWAYS:
            return True
        return ask.intent in _READ_ONCE and not self.library.knows(ask.path)

    def _answer(
        self, tab: Tab, head: Head, body: bytes, size: int, whole: bool, over: bool
    ) -> None:
        """An answer is here. `whole`: and nothing that nobody asked for behind it."""
        now = self.now()
        if not whole or tab.ask is None:
            self._lose(tab, "unreadable", now)
            return
        tab.ask = tab.head = tab.body = None
        tab.partial = b""
        tab.until = inf
        tab.answered = True
        if head.closes or over:
            self._disconnect(tab)
        if head.gzip and body:
            body = self._understood.text(body)
        ask = tab.listener.answered(head.status, head.retry_after_s, body, size, now)
        self._go_on(tab, ask, now)

    # --- connections that end -----------------------------------------------------------------

    def _broken(self, tab: Tab, now: float) -> None:
        """The other side ended it. An idle connection may end, and a request that met this moment
        is sent once more, as browsers do.
        """
        ask = tab.ask
        again = (
            ask is not None
            and tab.answered
            and not tab.resent
            and tab.head is None
            and not tab.partial
            and ask.method == "GET"
        )
        if ask is not None and not again:
            self._lose(tab, "reset", now)
            return
        self._disconnect(tab)
        if again:
            tab.resent = True
            self._connect(tab, now)

    def _lose(self, tab: Tab, code: str, now: float) -> None:
        self._disconnect(tab)
        if tab.ask is not None:
            tab.ask = None
            tab.until = inf
            tab.listener.lost(code, now)
            self._go_on(tab, None, now)

    def _disconnect(self, tab: Tab) -> None:
        tab.head = tab.body = None
        tab.partial = b""
        tab.connecting = tab.shaking = False
        if tab.socket is not None:
            self._tabs.pop(tab.handle, None)
            tab.socket.close()  # which takes it out of the epoll as well
            tab.socket = None
            tab.handle = -1
        if tab.walked is not None:
            self.walks.end(tab.walked)
            tab.walked = None
