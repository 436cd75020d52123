"""The bus on one machine: each process publishes on a unix socket of its own, no broker between.

A subscriber that connects gets what is kept (control/keeping.py) in the order it happened, then
all that follows; an empty frame stands between the two. One that reads too slowly is cut off, so
that memory stays bounded; it connects again and starts from what is kept. Frames: 4 bytes of
length (big endian), then msgpack.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import cast

import msgspec

from rostra.control.keeping import gone, keeping
from rostra.ground.facts import AnyFact, decode, encode

log = logging.getLogger(__name__)
_SLOW_BYTES = 256 * 1024 * 1024  # a whole snapshot must fit; what is kept is far below
_FRAME_MOST = 64 * 1024 * 1024
_RETRY_FIRST_S, _RETRY_MOST_S = 0.05, 0.25
_CAUGHT_UP = bytes(4)


class _Link(asyncio.Protocol):
    """A subscriber's connection as the publisher sees it."""

    def __init__(self, publisher: Publisher) -> None:
        self.publisher = publisher
        self.transport: asyncio.Transport | None = None
        self.wanted: frozenset[str] = frozenset()
        self.buffer = bytearray()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)  # uvloop's is no subclass

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        if len(self.buffer) > 4096:
            self.cut("a hello that does not end")
        elif b"\n" in self.buffer:
            self.wanted = frozenset(msgspec.json.decode(self.buffer, type=list[str]))
            self.buffer.clear()
            self.publisher.join(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self.transport = None
        self.publisher.links.discard(self)

    def send(self, frame: bytes) -> None:
        if self.transport is None:
            return
        self.transport.write(frame)
        if self.transport.get_write_buffer_size() > _SLOW_BYTES:
            self.cut("it reads too slowly")

    def cut(self, why: str) -> None:
        log.warning("bus: a subscriber is cut off: %s", why)
        if self.transport is not None:
            self.transport.abort()
        self.publisher.links.discard(self)


class Publisher:
    """One process's side of the bus that speaks."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.links: set[_Link] = set()
        self._kept: dict[str, tuple[float, str, bytes]] = {}
        self._serial = 0
        self._swept = 0.0
        self._server: asyncio.Server | None = None

    async def start(self) -> None:
        """Listen. A socket left by a killed process is replaced."""
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with contextlib.suppress(FileNotFoundError):
            self.path.unlink()
        loop = asyncio.get_running_loop()
        self._server = await loop.create_unix_server(lambda: _Link(self), str(self.path))
        os.chmod(self.path, 0o600)

    def publish(self, fact: AnyFact) -> None:
        """Give `fact` to everyone who wants its kind, now and, if it is kept, later."""
        body = encode(fact)
        frame = len(body).to_bytes(4) + body
        name = type(fact).__name__
        now = time.monotonic()
        self._serial += 1
        if (event_id := gone(fact)) is not None:
            self.forget(event_id)
        if keep := keeping(fact, self._serial):
            self._kept.pop(keep.key, None)  # so that the order stays that of happening
            self._kept[keep.key] = (now + keep.keep_s, name, frame)
        if now - self._swept > 1.0:
            self._sweep(now)
        for link in list(self.links):
            if name in link.wanted:
                link.send(frame)

    def forget(self, event_id: str) -> None:
        """Keep nothing of an event any more, for those who come later."""
        for key in [key for key in self._kept if key.split("/")[1:2] == [event_id]]:
            del self._kept[key]

    def join(self, link: _Link) -> None:
        """A subscriber said what it wants."""
        self._sweep(time.monotonic())
        frames = [frame for _, name, frame in self._kept.values() if name in link.wanted]
        link.send(b"".join([*frames, _CAUGHT_UP]))
        self.links.add(link)

    def _sweep(self, now: float) -> None:
        self._swept = now
        for key in [key for key, (until, _, _) in self._kept.items() if until < now]:
            del self._kept[key]

    async def close(self) -> None:
        """Stop; what was written is flushed by the transports."""
        if self._server:
            self._server.close()
        for link in list(self.links):
            if link.transport is not None:
                link.transport.close()


async def subscribe(
    path: Path,
    wanted: Iterable[type],
    handle: Callable[[AnyFact], None],
    caught_up: Callable[[], None] = lambda: None,
) -> None:
    """Hear facts of the `wanted` kinds from the publisher at `path`, for ever, connecting again.

    `caught_up` is called each time all that was kept has been handled.

    An exception of `handle` is logged and the next fact is taken: one bad fact must not end a
    process. A frame that is no fact ends the connection, which starts anew.
    """
    hello = msgspec.json.encode([kind.__name__ for kind in wanted]) + b"\n"
    wait_s = _RETRY_FIRST_S
    while True:
        try:
            reader, writer = await asyncio.open_unix_connection(str(path))
        except OSError:
            await asyncio.sleep(wait_s)
            wait_s = min(wait_s * 1.5, _RETRY_MOST_S)
            continue
        try:
            writer.write(hello)
            while True:
                size = int.from_bytes(await reader.readexactly(4))
                if size == 0:
                    caught_up()
                    continue
                if size > _FRAME_MOST:
                    raise msgspec.DecodeError(f"a frame of {size} bytes")
                fact = decode(await reader.readexactly(size))
                wait_s = _RETRY_FIRST_S
                try:
                    handle(fact)
                except Exception:
                    log.exception("bus: %s was not handled", type(fact).__name__)
        except (asyncio.IncompleteReadError, OSError):
            pass
        except msgspec.DecodeError as error:
            log.warning("bus: %s sent what is no fact: %s", path.name, error)
        finally:
            writer.close()
        await asyncio.sleep(wait_s)
