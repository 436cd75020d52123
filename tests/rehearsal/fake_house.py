"""A tiny house for generators: answers what a test puts down, and writes down what was asked."""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import json
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

PAGE = "/e/reh"
STATE = {
    "phase": "scheduled",
    "now": "2036-12-01T19:00:00Z",
    "start": "2036-12-01T20:00:00Z",
    "poll_s": 0.1,
    "links": {"playlists": []},
}


def answer(status: int, body: bytes = b"", **fields: str) -> bytes:
    """An answer as an edge writes it; `Content_Length` and others by `fields`."""
    named = {"Content-Length": str(len(body))} | {k.replace("_", "-"): v for k, v in fields.items()}
    head = "".join(f"{name}: {value}\r\n" for name, value in named.items())
    return f"HTTP/1.1 {status} x\r\n{head}\r\n".encode() + body


@dataclass
class FakeHouse:
    """Answers by path (without query). `pieces`: bytes written at a time, 0 for all at once."""

    port: int = 0
    answers: dict[str, bytes] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    heads: list[str] = field(default_factory=list)
    pieces: int = 0
    silent: bool = False
    reset_after: int = 0  # answers of one connection; then it is cut while a request is under way
    writers: set[asyncio.StreamWriter] = field(default_factory=set)
    opened: int = 0
    scheme: str = "http"

    @property
    def origin(self) -> str:
        return f"{self.scheme}://127.0.0.1:{self.port}"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.writers.add(writer)
        self.opened += 1
        served = 0
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode()
                path = head.split(" ", 2)[1].partition("?")[0]
                self.asked.append(path)
                self.heads.append(head)
                if self.silent:
                    continue
                if self.reset_after and served >= self.reset_after:
                    break
                raw = self.answers.get(path, answer(404))
                served += 1
                step = self.pieces or len(raw)
                for at in range(0, len(raw), step):
                    writer.write(raw[at : at + step])
                    await writer.drain()
                    if self.pieces:
                        await asyncio.sleep(0.001)
        self.writers.discard(writer)
        writer.close()


@asynccontextmanager
async def fake_house(tls: ssl.SSLContext | None = None) -> AsyncIterator[FakeHouse]:
    """Open on a free port of loopback; its page has one asset, its event is hours away."""
    house = FakeHouse(scheme="https" if tls else "http")
    house.answers = {
        PAGE: answer(200, b'<script src="/assets/a.js"></script>'),
        "/assets/a.js": answer(200, b"x" * 1000),
        f"{PAGE}/state.json": answer(200, json.dumps(STATE).encode()),
    }
    server = await asyncio.start_server(house.serve, "127.0.0.1", 0, ssl=tls)
    house.port = server.sockets[0].getsockname()[1]
    try:
        yield house
    finally:
        server.close()
        for writer in list(house.writers):
            writer.close()
        await asyncio.sleep(0)


def zipped(body: bytes) -> bytes:
    """An answer that is compressed."""
    return answer(200, gzip.compress(body), Content_Encoding="gzip")


def chunked(body: bytes) -> bytes:
    """An answer in chunks of seven bytes."""
    chunks = b"".join(
        b"%x\r\n%s\r\n" % (len(body[at : at + 7]), body[at : at + 7])
        for at in range(0, len(body), 7)
    )
    return b"HTTP/1.1 200 x\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks + b"0\r\n\r\n"
