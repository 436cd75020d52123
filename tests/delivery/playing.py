"""What delivery's tests share: a transport in memory, an edge with a clock in the hand, facts."""

from __future__ import annotations

import asyncio
import base64
from hashlib import blake2b
from pathlib import Path

from rostra.admission.passes import EXPIRES_S, Pass, sign_pass
from rostra.delivery.connection_io import Connection
from rostra.delivery.desk_io import Limits
from rostra.delivery.edge_io import Edge
from rostra.delivery.turns import Turns
from rostra.ground.facts import (
    DoorSet,
    Event,
    EventChanged,
    MediaSealed,
    Phase,
    PlaylistInfo,
    PlaylistRendered,
    PlaylistsOffered,
    Role,
    Seat,
)
from rostra.ground.keys import KeyRing

START_MS = 1_796_155_200_000  # 2026-12-01T20:00:00Z
LIVE = "live/0/aac.m3u8"
PART = "media/aac/p500/17.3.m4s"
BODY = bytes(range(256)) * 4
TAIL = b" HTTP/1.1\r\nHost: x\r\n\r\n"


class Clock:
    """Monotonic seconds, and a wall clock that goes with them."""

    def __init__(self) -> None:
        self.now = 1000.0

    def wall_ms(self) -> int:
        return START_MS + int((self.now - 1000) * 1000)


class Wire(asyncio.Transport):
    """A transport in memory. `room`: bytes that may leave before the client must read."""

    def __init__(self, room: int = 1 << 30, address: str = "") -> None:
        super().__init__({"peername": (address, 50_000)} if address else None)
        self.sent = b""
        self.unsent = b""
        self.room = room
        self.ended = self.closed = self.aborted = self.reading_paused = False
        self.protocol: Connection | None = None
        self._pausing = False

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        assert high == 0

    def get_write_buffer_size(self) -> int:
        return len(self.unsent)

    def write(self, data: bytes | bytearray | memoryview) -> None:
        assert not self.closed and not self.aborted and not self.ended, "written after the end"
        assert not self._pausing, "an answer was queued for a client that does not read"
        self.unsent += bytes(data)
        self._flush()
        if self.unsent and self.protocol is not None:
            self._pausing = True
            self.protocol.pause_writing()

    def _flush(self) -> None:
        now, self.unsent = self.unsent[: self.room], self.unsent[self.room :]
        self.sent += now
        self.room -= len(now)

    def client_reads(self, count: int) -> None:
        self.room += count
        self._flush()
        if self._pausing and not self.unsent:
            self._pausing = False
            assert self.protocol is not None
            self.protocol.resume_writing()

    def can_write_eof(self) -> bool:
        return True

    def write_eof(self) -> None:
        self.ended = True

    def pause_reading(self) -> None:
        self.reading_paused = True

    def resume_reading(self) -> None:
        self.reading_paused = False

    def is_closing(self) -> bool:
        return self.closed or self.aborted

    def close(self) -> None:
        self.closed = True

    def abort(self) -> None:
        self.aborted = True

    def taken(self) -> bytes:
        """What was sent since the last call."""
        sent, self.sent = self.sent, b""
        return sent


class House:
    """An edge without sockets."""

    def __init__(
        self,
        tmp_path: Path,
        limits: Limits | None = None,
        fast: bool = True,
        admission: str = "open",
        ring: KeyRing | None = None,
    ) -> None:
        self.clock = Clock()
        self.edge = Edge(
            "edge-0",
            tmp_path,
            None,
            b"k" * 32,
            public_url="http://listen.test",
            limits=limits,
            admission=admission,
            ring=ring,
        )
        self.edge.desk.now = lambda: self.clock.now
        self.edge.desk.wall_ms = self.clock.wall_ms
        # Each request is a turn of the loop of its own (tests/delivery/test_turns.py has the rest).
        self.edge.desk.turns = Turns(lambda: self.clock.now, lambda act: act())
        self.fast = fast
        self.connections: list[Connection] = []

    def client(self, room: int = 1 << 30, address: str = "") -> tuple[Connection, Wire]:
        connection, wire = self.edge.connection(), Wire(room, address)
        connection.fast = self.fast
        wire.protocol = connection
        connection.connection_made(wire)
        self.connections.append(connection)
        return connection, wire

    def ask(self, raw: bytes) -> bytes:
        """What a new client gets for these bytes."""
        connection, wire = self.client()
        connection.data_received(raw)
        return wire.sent

    def get(self, target: str) -> bytes:
        return self.ask(b"GET " + target.encode() + TAIL)

    def seconds_pass(self, seconds: int) -> None:
        for _ in range(seconds):
            self.clock.now += 1
            for connection in self.connections:
                connection.second_passed()
            desk = self.edge.desk
            desk.door.shares.second_passed(desk.now())
            desk.release(desk.catalogue.second_passed(desk.now()))


RING = KeyRing((b"r" * 32,))
OPENED_S = START_MS // 1000 - 900


def drawn(event_id: str = "abc") -> DoorSet:
    """The doors are open and the seed is known."""
    return DoorSet(
        event_id=event_id,
        commitment="c0" * 32,
        places_until_s=START_MS // 1000 + 50_000,
        secret="5e" * 32,
        seed="5d" * 32,
        opened_at_s=OPENED_S,
    )


def token(
    name: str = "Ada", event_id: str = "abc", wall_ms: int = START_MS, ring: KeyRing = RING
) -> str:
    """A pass of the listener `name`, issued at `wall_ms`."""
    made = blake2b(name.encode(), digest_size=24).digest()
    given = Pass(
        event_id=event_id,
        ticket_id=base64.urlsafe_b64encode(made[:16]).rstrip(b"=").decode(),
        session=base64.urlsafe_b64encode(made[16:]).rstrip(b"=").decode(),
        issued_s=wall_ms // 1000,
        expires_s=wall_ms // 1000 + EXPIRES_S,
    )
    return sign_pass(given, ring)


def event(phase: Phase = Phase.LIVE, **changes: object) -> Event:
    """An event called by the tests."""
    fields: dict[str, object] = {"event_id": "abc", "title": "Ada & <Grace>", "start_ms": START_MS}
    return Event(phase=phase, **(fields | changes))  # type: ignore[arg-type]


def playlist(msn: int, part: int, **changes: object) -> PlaylistRendered:
    """A playlist of 4 s segments and half-second parts; its text names its last part."""
    fields: dict[str, object] = {
        "event_id": "abc", "path": LIVE, "body": f"#EXTM3U\n#{msn}.{part}\n".encode(),
        "target_s": 4.0, "part_target_s": 0.5,
    }  # fmt: skip
    return PlaylistRendered(msn=msn, part=part, **(fields | changes))  # type: ignore[arg-type]


def media(
    path: str = PART,
    body: bytes = BODY,
    keep_s: float = 60,
    event_id: str = "abc",
    nonce: str = "",
) -> MediaSealed:
    """A part of `BODY`."""
    return MediaSealed(
        event_id=event_id,
        path=path,
        body=body,
        content_type="video/mp4",
        keep_s=keep_s,
        stored=False,
        nonce=nonce,
    )


def offered() -> PlaylistsOffered:
    """One playlist of each kind."""

    def info(path: str, rung: int) -> PlaylistInfo:
        return PlaylistInfo(
            rung=rung, rendition="aac", codec="mp4a.40.2", bandwidth=72_000, path=path
        )

    return PlaylistsOffered(
        event_id="abc",
        live=(info(LIVE, 0),),
        rewind=(info("rewind/aac.m3u8", 2),),
        replay=(info("replay/aac.m3u8", 2),),
    )


def seat(name: str = "Ada", connected: bool = True) -> Seat:
    """A seat of the host's."""
    return Seat(seat_id="a1", name=name, role=Role.HOST, connected=connected)


def playing(
    tmp_path: Path, limits: Limits | None = None, fast: bool = True, admission: str = "open"
) -> House:
    """A house with a live event, one part and a playlist that has segment 17 up to part 3."""
    house = House(tmp_path, limits, fast, admission, RING)
    house.edge.handle(EventChanged(event=event()))
    house.edge.handle(media())
    house.edge.handle(playlist(17, 3, hints=("media/aac/p500/17.4.m4s",)))
    return house
