"""How connections come in where something is said before HTTP: a proxy's word, a TLS handshake.

Who has not said it yet is counted nowhere else, so their number is bounded here: the one that has
been at it longest goes, once it had time enough for an honest client; until then who comes waits in
the kernel's queue. Else the loop's own server accepts, which costs less (edge_io.py).
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Awaitable, Callable

from rostra.shield.proxies import Proxies

# Asked of a connection that a trusted proxy made: its client's address, "" if the proxy does not
# say, None to hang up. Raises OSError.
Introduced = Callable[[socket.socket], Awaitable[str | None]]
_EACH = 64  # accepted before the loop looks at its sockets again
_AGAIN_S = 0.1  # after there were no descriptors left
_FULL_S = 0.02  # likewise, no room for one more who has said nothing yet
_ENOUGH_S = 0.5  # for a handshake, when others wait for its place


class Accepting:
    """One listening socket. `connection` makes what speaks with a client whose address is given
    where a proxy said it, else empty. `begun_most`: connections of which nothing is known yet."""

    def __init__(
        self,
        listening: socket.socket,
        proxies: Proxies,
        introduced: Introduced | None,
        connection: Callable[[str], asyncio.Protocol],
        context: ssl.SSLContext | None,
        handshake_s: float | None,
        begun_most: int,
    ) -> None:
        self.listening = listening
        self._proxies = proxies
        self._introduced = introduced
        self._connection = connection
        self._context = context
        self._handshake_s = handshake_s
        self._begun_most = begun_most
        self._begun: dict[asyncio.Task[None], float] = {}  # and since when, in that order
        self._loop = asyncio.get_running_loop()

    def start(self, backlog: int) -> None:
        """Accept from now on."""
        self.listening.listen(backlog)
        self._loop.add_reader(self.listening, self._accept)

    def close(self) -> None:
        """Accept no more."""
        self._loop.remove_reader(self.listening)
        self.listening.close()
        for task in self._begun:
            task.cancel()

    def _accept(self) -> None:
        for _ in range(_EACH):
            if len(self._begun) >= self._begun_most and not self._make_room():
                self._pause(_FULL_S)
                return
            try:
                connected, address = self.listening.accept()
            except BlockingIOError:
                return
            except OSError:
                self._pause(_AGAIN_S)
                return
            connected.setblocking(False)
            task = self._loop.create_task(self._connect(connected, str(address[0])))
            self._begun[task] = self._loop.time()
            task.add_done_callback(self._over)

    def _make_room(self) -> bool:
        oldest, since = next(iter(self._begun.items()))
        if self._loop.time() - since < _ENOUGH_S:
            return False
        del self._begun[oldest]
        oldest.cancel()
        return True

    def _pause(self, seconds: float) -> None:
        self._loop.remove_reader(self.listening)
        self._loop.call_later(seconds, self._go_on)

    def _over(self, task: asyncio.Task[None]) -> None:
        self._begun.pop(task, None)

    def _go_on(self) -> None:
        if self.listening.fileno() >= 0:
            self._loop.add_reader(self.listening, self._accept)

    async def _connect(self, connected: socket.socket, peer: str) -> None:
        try:
            said: str | None = ""
            if self._introduced is not None and self._proxies.trusts(peer):
                said = await self._introduced(connected)
            if said is None:
                connected.close()
                return
            client = said
            await self._loop.connect_accepted_socket(
                lambda: self._connection(client),
                connected,
                ssl=self._context,
                ssl_handshake_timeout=self._handshake_s,
            )
        except OSError:  # the client is gone, or speaks no TLS
            connected.close()
        except asyncio.CancelledError:
            connected.close()
            raise
