"""A volley: one attack profile that is being played, its connections, and what became of them.

Answers are counted by their status lines and read no further. Times are seconds from the attack's
zero. What is sent is in attack_manners_io.py, the loop in attacks_io.py.
"""

from __future__ import annotations

import errno
import re
import select
import socket
import ssl
from collections import Counter, deque
from collections.abc import Iterator

from rostra.rehearsal.attack import Part
from rostra.rehearsal.attack_bytes import Site
from rostra.rehearsal.attack_orders import SLOW_S, Tally
from rostra.rehearsal.attack_visit import Visit
from rostra.rehearsal.sockets_io import Opener

ANSWER_MOST_S = 10.0
CONNECT_MOST_S = 5.0
_BURST_S = 0.25
_OPENED_MOST = 100  # a turn
_INBOX_BYTES = 256 * 1024
_STATUS = re.compile(rb"HTTP/1\.[01] (\d{3})")
WAIT = (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError)
_OWN_FAULT = frozenset(
    {errno.EMFILE, errno.ENFILE, errno.EADDRNOTAVAIL, errno.EADDRINUSE, errno.ENOBUFS, errno.ENOMEM}
)
READ = select.EPOLLIN | select.EPOLLRDHUP | select.EPOLLET

inbox = bytearray(_INBOX_BYTES)  # what is read is looked at at once
view = memoryview(inbox)


class Place:
    """One of an attack's connections, with the address that it comes from again and again."""

    __slots__ = (
        "asked",
        "connecting",
        "handle",
        "index",
        "opened_at",
        "opener",
        "partial",
        "shaking",
        "socket",
        "told",
        "visit",
        "volley",
    )

    def __init__(self, volley: Volley, opener: Opener) -> None:
        self.volley = volley
        self.opener = opener
        self.socket: socket.socket | None = None
        self.handle = -1
        self.index = -1  # among those of the volley that are open
        self.connecting = self.shaking = False
        self.opened_at = 0.0
        self.asked: deque[float] = deque()  # when each of what is not answered was sent
        self.told: Iterator[bytes] = iter(())  # a drip's bytes
        self.visit: Visit | None = None
        self.partial = b""  # of a visit's answer


Polled = tuple[select.epoll, dict[int, Place]]  # where news of connections come, and whose they are


class Volley:
    """See the module. `openers`: one for each connection that it may have."""

    events = READ | select.EPOLLOUT
    inbox_bytes = 0

    def __init__(
        self, part: Part, site: Site, openers: list[Opener], polled: Polled, seed: int
    ) -> None:
        self.name = part.profile.name
        self.rate = part.requests_s
        self.tally = Tally()
        self._answers: Counter[bytes] = Counter()
        self._poll, self._places = polled
        self._seed = seed
        self._may_open = 0.0
        self._owed = 0.0
        self._turn = 0
        self._closed = deque(Place(self, opener) for opener in openers)
        self._opening: set[Place] = set()
        self._ready: list[Place] = []
        self.learn(site)

    def learn(self, site: Site) -> None:
        """What is known of the target now."""
        self._site = site

    @property
    def open(self) -> int:
        """Connections that stand."""
        return len(self._ready)

    def turn(self, now: float, passed_s: float) -> None:
        """So much time has passed: open what is missing, send what is due."""
        self._may_open = min(self.rate * _BURST_S + 1, self._may_open + self.rate * passed_s)
        for _ in range(min(int(self._may_open), len(self._closed), _OPENED_MOST)):
            self._open(self._closed.popleft(), now)
        self._act(now, min(passed_s, _BURST_S))

    def _act(self, now: float, passed_s: float) -> None:
        """Nothing is said."""

    def _due(self, rate: float, passed_s: float) -> int:
        """How many acts have become due."""
        self._owed += rate * passed_s
        count = int(self._owed)
        self._owed -= count
        return count

    # --- connections ----------------------------------------------------------------------------

    def _open(self, place: Place, now: float) -> None:
        self._may_open -= 1
        try:
            one = place.opener.open(self.inbox_bytes)
        except OSError as error:
            if error.errno in _OWN_FAULT:
                self.tally.no_socket += 1
            else:
                self.tally.unopened += 1
            self._closed.append(place)
            return
        place.socket, place.handle = one, one.fileno()
        place.connecting = True
        place.opened_at = now
        self._opening.add(place)
        self._places[place.handle] = place
        self._poll.register(place.handle, self.events)

    def connected(self, place: Place, now: float) -> None:
        """It was taken, or not."""
        assert place.socket is not None
        fault = place.socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if fault:
            self._unopened(place, fault in _OWN_FAULT)
            return
        place.connecting = False
        secured = place.opener.secured(place.socket)
        if secured is not place.socket:
            place.socket = secured
            place.shaking = True
            self.shake(place, now)
        else:
            self._stands(place, now)

    def shake(self, place: Place, now: float) -> None:
        """The TLS handshake goes on."""
        assert isinstance(place.socket, ssl.SSLSocket)
        try:
            place.socket.do_handshake()
        except WAIT:
            return
        except OSError:
            self._unopened(place, own=False)
            return
        place.shaking = False
        self._stands(place, now)

    def _stands(self, place: Place, now: float) -> None:
        self._opening.discard(place)
        place.index = len(self._ready)
        self._ready.append(place)
        self.tally.opened += 1
        self._begin(place, now)

    def _begin(self, place: Place, now: float) -> None:
        """A connection stands."""

    def _unopened(self, place: Place, own: bool) -> None:
        if own:
            self.tally.no_socket += 1
        else:
            self.tally.unopened += 1
        self._close(place)

    def lost(self, place: Place, reset: bool) -> None:
        """The other side ended it."""
        if reset:
            self.tally.reset += 1
        else:
            self.tally.ended += 1
        self.tally.dropped += len(place.asked)
        self._close(place)

    def _close(self, place: Place) -> None:
        if place.socket is None:
            return
        if place.index >= 0:
            last = self._ready.pop()
            if last is not place:
                self._ready[place.index] = last
                last.index = place.index
            place.index = -1
        self._opening.discard(place)
        self._places.pop(place.handle, None)
        place.socket.close()  # which takes it out of the epoll as well
        place.socket = None
        place.handle = -1
        place.connecting = place.shaking = False
        place.asked.clear()
        place.partial = b""
        self._closed.append(place)

    def close(self) -> None:
        """All of it ends."""
        for place in [*self._ready, *self._opening]:
            self._close(place)

    # --- answers --------------------------------------------------------------------------------

    def readable(self, place: Place, over: bool, now: float) -> None:
        """Something came. `over`: and nothing comes after it."""
        one = place.socket
        tally = self.tally
        while one is not None:
            try:
                size = one.recv_into(view)
            except WAIT:
                return
            except OSError:
                self.lost(place, reset=True)
                return
            if size == 0:
                self.lost(place, reset=False)
                return
            tally.read_bytes += size
            self._took(place, size, now)
            if place.socket is not one:
                return
            if size < _INBOX_BYTES and not over and not isinstance(one, ssl.SSLSocket):
                return

    def _took(self, place: Place, size: int, now: float) -> None:
        """`size` bytes are in the inbox. A status line that came in two pieces is not counted."""
        asked = place.asked
        statuses = _STATUS.findall(inbox, 0, size)
        for status in statuses:
            self._answers[status] += 1
            if asked and now - asked.popleft() > SLOW_S:
                self.tally.slow += 1
        if any(status != b"200" for status in statuses):  # one read may hold answers of both kinds
            self.tally.retry_after += inbox.count(b"\r\nRetry-After:", 0, size)

    # --- time -----------------------------------------------------------------------------------

    def _give_up_opening(self, now: float) -> None:
        for place in [p for p in self._opening if p.opened_at < now - CONNECT_MOST_S]:
            self._unopened(place, own=False)

    def sweep(self, now: float) -> None:
        """Once a second: what did not come in time will not be waited for."""
        self._give_up_opening(now)
        late = now - ANSWER_MOST_S
        for place in [p for p in self._ready if p.asked and p.asked[0] < late]:
            self.tally.lost += len(place.asked)
            self._close(place)

    def take(self) -> Tally:
        """What became of it since the last call; forgets it."""
        told, self.tally = self.tally, Tally()
        told.answers = {int(status): count for status, count in self._answers.items()}
        self._answers.clear()
        return told
