"""What every process of the house has: its side of the bus, its ports, TLS, a way to end."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
import signal
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

from rostra.control import tls_io
from rostra.control.bus_io import Publisher, subscribe
from rostra.control.keeping import gone
from rostra.ground.facts import AnyFact
from rostra.ground.settings import Settings

log = logging.getLogger(__name__)
_CATCH_UP_S = 3.0  # of the others' start; a house opens in about two


class PortTrouble(Exception):
    """A port cannot be used, and why."""


class Corner:
    """What every process has: its side of the bus, TLS, a way to end."""

    def __init__(self, name: str, settings: Settings) -> None:
        self.name = name
        self.settings = settings
        self.data = Path(settings.text("serve.data")).resolve()
        self.bus = Publisher(self.data / "run" / f"{name}.sock")
        self.ended = asyncio.Event()
        self._catching_up: list[asyncio.Event] = []
        self._tasks: list[asyncio.Future[Any]] = []
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self.ended.set)

    def go(self, work: Awaitable[Any]) -> None:
        """Run `work` beside; if it fails, the process ends and the supervisor starts it again."""
        task = asyncio.ensure_future(work)
        task.add_done_callback(self._done)
        self._tasks.append(task)

    def _done(self, task: asyncio.Future[Any]) -> None:
        if not task.cancelled() and (error := task.exception()) is not None:
            log.critical("%s cannot go on", self.name, exc_info=error)
            self.ended.set()

    def hear(
        self, hears: dict[str, list[type]], handle: Callable[[Any], None], edges: int = 0
    ) -> None:
        """Subscribe to other processes."""

        def heard(fact: AnyFact) -> None:
            handle(fact)
            if (event_id := gone(fact)) is not None:
                self.bus.forget(event_id)

        for source, kinds in hears.items():
            names = [f"edge-{i}" for i in range(edges)] if source == "edge" else [source]
            for name in names:
                caught_up = asyncio.Event()
                self._catching_up.append(caught_up)
                path = self.data / "run" / f"{name}.sock"
                self.go(subscribe(path, kinds, heard, caught_up.set))

    async def until_caught_up(self) -> None:
        """Until all that others keep was heard; those who are dead are not waited for."""
        waits = [caught_up.wait() for caught_up in self._catching_up]
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_CATCH_UP_S):
                await asyncio.gather(*waits)

    def tls(self) -> ssl.SSLContext | None:
        """The TLS context of all ports, kept fresh; None without TLS."""
        if not self.settings.text("serve.tls_cert"):
            return None
        cert = Path(self.settings.text("serve.tls_cert"))
        key = Path(self.settings.text("serve.tls_key"))
        context = tls_io.make_context(cert, key)
        self.go(tls_io.watch(context, cert, key))
        return context

    async def serve_app(self, app: Any, host: str, port: int) -> None:
        """Serve `app` beside. No access log: no address and no token is ever written."""
        import uvicorn

        config = uvicorn.Config(
            app, log_level="warning", access_log=False, lifespan="off", timeout_graceful_shutdown=2
        )
        config.load()
        config.ssl = self.tls()
        if config.ssl is not None:
            config.ssl_certfile = self.settings.text("serve.tls_cert")
        server = uvicorn.Server(config)
        # Signals belong to the corner.
        server.capture_signals = contextlib.nullcontext  # type: ignore[method-assign,assignment]
        self.go(server.serve(sockets=[listening_socket(host, port)]))

    async def repeat(self, work: Callable[[], None], every_s: float = 1.0) -> None:
        """Call `work` each second, or as often as said."""
        while True:
            await asyncio.sleep(every_s)
            work()

    async def until_ended(self) -> None:
        """Until a signal, or until what runs beside has failed."""
        # What was loaded stays: a full collection that walks over it takes tens of milliseconds.
        gc.collect()
        gc.freeze()
        await self.ended.wait()

    async def close(self) -> None:
        """End what runs beside."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.bus.close()


def listening_socket(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_STREAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        sock.bind((host, port))
        sock.listen(1024)
    except OSError as error:
        sock.close()
        raise PortTrouble(f"{host}:{port} cannot be used: {error.strerror}") from error
    sock.setblocking(False)
    return sock


@contextlib.asynccontextmanager
async def corner_of(name: str, settings: Settings) -> AsyncIterator[Corner]:
    made = Corner(name, settings)
    await made.bus.start()
    try:
        yield made
    finally:
        await made.close()
