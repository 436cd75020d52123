"""An honest listener beside the tools: comes, takes a ticket and a pass, hears some parts, leaves.

Over and over, on real sockets, in a thread; every answer is noted. What they get may be late, which
no test here measures, but it is never refused and never missing.
"""

from __future__ import annotations

import http.client
import json
import ssl
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from typing import Any

from tests.delivery.playing import LIVE
from tests.live.conftest import until
from tests.shield_tools.served import MOVING, PARTS

NEIGHBOUR = "127.0.0.2"  # from another address than the tools
HOUSEMATE = "127.0.0.1"  # behind the same address as the tools
KINDS = {"page", "state", "ticket", "pass", "playlist", "held playlist", "part"}
_PATIENCE_S = 20
_HEARD = 3  # parts of one visit


class Listener(threading.Thread):
    """Visits until `end`; `answers` counts (what, status), `troubles` what was no answer."""

    def __init__(self, port: int, source: str, context: ssl.SSLContext | None = None) -> None:
        super().__init__(daemon=True)
        self.answers: Counter[tuple[str, int]] = Counter()
        self.troubles: list[str] = []
        self.visits = 0
        self._port = port
        self._source = source
        self._context = context
        self._enough = threading.Event()

    def run(self) -> None:
        while not self._enough.is_set():
            try:
                with closing(self._connection()) as connection:
                    self._visit(connection)
            except (OSError, http.client.HTTPException) as error:
                self.troubles.append(f"{type(error).__name__}: {error}")
                self._enough.wait(0.2)
            else:
                self.visits += 1

    def _connection(self) -> http.client.HTTPConnection:
        own = (self._source, 0)
        if self._context is None:
            return http.client.HTTPConnection(
                "127.0.0.1", self._port, timeout=_PATIENCE_S, source_address=own
            )
        return http.client.HTTPSConnection(
            "localhost",
            self._port,
            timeout=_PATIENCE_S,
            source_address=own,
            context=self._context,
        )

    def _visit(self, connection: http.client.HTTPConnection) -> None:
        def ask(what: str, path: str, method: str = "GET", **fields: str) -> bytes:
            connection.request(method, f"/e/{MOVING}{path}", headers=fields)
            answer = connection.getresponse()
            body = answer.read()
            self.answers[what, answer.status] += 1
            if answer.status != 200:
                raise http.client.HTTPException(f"{what}: {answer.status} {body[:200]!r}")
            return body

        ask("page", "")
        ticket: Any = json.loads(ask("ticket", "/ticket", "POST"))
        given: Any = json.loads(
            ask("pass", "/pass", "POST", Authorization=f"Bearer {ticket['ticket']}")
        )
        cookie = f"rostra_pass={given['pass']}"
        for _ in range(_HEARD):
            ask("state", "/state.json")
            body = ask("playlist", f"/{LIVE}", Cookie=cookie)
            msn, part = map(int, body.decode().split("#")[-1].split("."))
            ask("part", f"/media/aac/p500/{msn}.{part}.m4s", Cookie=cookie)
            msn, part = divmod(msn * PARTS + part + 1, PARTS)
            ask("held playlist", f"/{LIVE}?_HLS_msn={msn}&_HLS_part={part}", Cookie=cookie)

    def end(self) -> None:
        """Finish this visit."""
        self._enough.set()
        self.join(2 * _PATIENCE_S)
        assert not self.is_alive(), "a listener still waits"

    def assert_served(self) -> None:
        """Every request was answered with 200, and there were some of each kind."""
        assert not self.troubles, self.troubles[:3]
        assert set(self.answers) == {(kind, 200) for kind in KINDS}, self.answers


@contextmanager
def honest_beside(port: int, context: ssl.SSLContext | None = None) -> Iterator[None]:
    """Listeners from the tools' own address and from another; all of them must be served.

    They have been inside once before the tools begin, and come anew while these run.
    """
    listeners = [Listener(port, source, context) for source in (NEIGHBOUR, HOUSEMATE)]
    with ExitStack() as leaving:
        for listener in listeners:
            listener.start()
            leaving.callback(listener.end)
        until(
            lambda: all(one.visits or one.troubles for one in listeners), "listeners have visited"
        )
        before = [listener.visits for listener in listeners]
        yield
        until(
            lambda: all(
                one.visits > visits or one.troubles
                for one, visits in zip(listeners, before, strict=True)
            ),
            "listeners have visited again",
        )
    for listener in listeners:
        listener.assert_served()
