"""The edge: sockets, clock and tallies around the catalogue and its connections."""

from __future__ import annotations

import asyncio
import gzip
import logging
import os
import socket
import ssl
import time
from collections import deque
from collections.abc import Callable
from itertools import chain, count, islice
from math import inf
from pathlib import Path

import msgspec

from rostra.admission.distinct import Distinct
from rostra.admission.door import Door
from rostra.agenda import calendar_document
from rostra.delivery.accepting_io import Accepting, Introduced
from rostra.delivery.catalogue import Catalogue
from rostra.delivery.connection_io import Connection
from rostra.delivery.decoys import Decoys
from rostra.delivery.desk_io import Desk, Limits
from rostra.delivery.door_desk_io import DoorDesk
from rostra.delivery.listeners import Listeners
from rostra.delivery.shares import Share
from rostra.delivery.site import PageFile
from rostra.delivery.stored import StoredDocuments
from rostra.evidence.edge_book import EdgeBook
from rostra.ground.facts import AnyFact, DoorMoved, EdgeTallied, EventChanged, Phase, ShieldSet
from rostra.ground.keys import KeyRing
from rostra.ground.shield_values import ShieldTally
from rostra.shield.accounts import Account
from rostra.shield.path import Automaton
from rostra.shield.proxies import Proxies
from rostra.shield.sketches import merged_count

log = logging.getLogger(__name__)
_SHARDS = 8  # connections are looked at in turns, so that no look takes long
_BACKLOG = 4096
_TLS_HANDSHAKE_S = 5.0
_RECEIVED_BYTES = 16 * 1024
_PROBE_S = 0.05  # how often the loop is asked how late it is
_PROBES = 60  # of the last three seconds
_RUN_BYTES = 8
_LOOKED_AT = 256  # connections, for one that makes room
_BEGUN_LEAST, _BEGUN_SHARE = 64, 16  # connections of which nothing is known yet; of all
_CLOSE_S = 5.0  # how long `close` waits for clients to read what was written


def read_pages(pages_dir: Path | None) -> dict[str, PageFile]:
    """The audience's files of the pages' build, by path; empty without a build."""
    if pages_dir is None:
        return {}
    files = {}
    for path in sorted(pages_dir.rglob("*")):
        name = path.relative_to(pages_dir).as_posix()
        if path.is_file() and not any(part.startswith(".") for part in path.parts):
            body = path.read_bytes()
            files[name] = PageFile(body, gzip.compress(body, 9, mtime=0))
    return files


def listening_socket(host: str, port: int, unread_ms: int) -> socket.socket:
    """A socket that shares its port with the other edges (SO_REUSEPORT).

    `unread_ms`: after so long without progress the kernel drops a client (TCP_USER_TIMEOUT, which
    accepted sockets inherit): TLS hides from us how much is unsent. Raises OSError.
    """
    family, kind, protocol, _, address = socket.getaddrinfo(
        host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
    )[0]
    listening = socket.socket(family, kind, protocol)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, unread_ms)
        # Requests have no bodies. Accepted sockets inherit it: it bounds what one read brings, and
        # what the kernel holds of a client that is not read.
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _RECEIVED_BYTES)
        listening.setblocking(False)
        listening.bind(address)
    except OSError:
        listening.close()
        raise
    return listening


def _distinct(wire: bytes) -> int:
    """How many listeners a tally names."""
    listeners = Distinct()
    if wire:
        listeners.add_wire(wire)
    return listeners.estimate().value


class Edge:
    """One process' door to the crowd. All methods are to be called on its event loop.

    `session_key` is the run's secret for listeners' hashes, the same for all edges. `public_url` is
    the address listeners use; the Host header is never believed. `admission` and `ring`: as the
    Door has them; without a ring, tickets and passes hold at this edge alone. `proxies`: those that
    may say who a client is.
    """

    def __init__(
        self,
        name: str,
        data_dir: Path,
        pages_dir: Path | None,
        session_key: bytes,
        *,
        public_url: str = "http://localhost:8080",
        max_connections: int = 18_000,
        media_cache_bytes: int = 256 * 1024 * 1024,
        limits: Limits | None = None,
        admission: str = "passes",
        ring: KeyRing | None = None,
        proxies: Proxies | None = None,
    ) -> None:
        self.name = name
        run = os.urandom(_RUN_BYTES).hex()
        self.door = Door(ring or KeyRing((os.urandom(32),)), name, run, admission)
        self._book = EdgeBook(name, run, _distinct, lambda sketch: merged_count([sketch]))
        self._limits = limits or Limits(connections=max_connections, held=max_connections)
        catalogue = Catalogue(
            read_pages(pages_dir),
            public_url,
            calendar_document.render,
            StoredDocuments(media_cache_bytes),
            admission,
            Decoys(session_key),
        )
        self.desk = Desk(
            catalogue,
            Listeners(session_key),
            DoorDesk(self.door, catalogue, public_url.startswith("https:")),
            data_dir / "events",
            self._limits,
        )
        self.desk.proxies = proxies or Proxies()
        self.desk.make_room = self._make_room
        self.desk.door.forgotten = self._forgotten
        self._shards: list[set[Connection]] = [set() for _ in range(_SHARDS)]
        self._look_for_path: Callable[[], None] = lambda: None
        self._numbers = count()
        self._server: asyncio.Server | None = None
        self._accepting: Accepting | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._turn = 0
        self._gone: set[str] = set()
        self._lag_s = 0.0
        self._lags_s: deque[float] = deque(maxlen=_PROBES)
        self._probe_timer: asyncio.TimerHandle | None = None
        self._tallied_at = time.monotonic()
        self._cpu_s = time.process_time()

    @property
    def port(self) -> int:
        """The port it listens on."""
        if self._accepting is not None:
            listening = self._accepting.listening
        else:
            assert self._server is not None
            listening = self._server.sockets[0]
        port: int = listening.getsockname()[1]
        return port

    def handle(self, fact: AnyFact) -> None:
        """Take a fact; those who waited for it are answered."""
        if getattr(fact, "event_id", "") in self._gone:
            return  # what the others still had to say of a rehearsal that is over
        if isinstance(fact, EventChanged) and (event := fact.event).rehearsal:
            self._gone |= {event.event_id} if event.phase is Phase.CANCELLED else set()
        if isinstance(fact, EventChanged):
            self._book.follow(fact.event)
        desk = self.desk
        if isinstance(fact, ShieldSet):
            self._be_shielded(fact)
            return
        if isinstance(fact, DoorMoved):
            desk.door.shares.moved(fact.event_id, fact.rung, desk.now())
        self.door.handle(fact, desk.wall_ms())
        desk.release(desk.catalogue.handle(fact, desk.now(), desk.wall_ms()))

    def _be_shielded(self, fact: ShieldSet) -> None:
        """What control decided against an attack."""
        guard = self.desk.guard
        try:
            dropped = guard.handle(fact)
        except Exception:
            log.exception("what the shield decided cannot be carried out")
            self.desk.guard_fails()
            return
        self.desk.free.left = 0.0 if guard.terms.enforced else inf
        for connection in self._connections() if dropped else ():
            own = None if connection.brought else connection.own
            if own is not None and own.account.source in dropped:
                connection.transport.abort()

    def _make_room(self, newcomer: object) -> bool:
        """Of some connections without a credential, end the one whose source holds most."""
        if self.desk.guard.strangers <= 1:  # the newcomer
            return False
        some = islice(chain.from_iterable(self._shards), _LOOKED_AT)
        others = (c for c in some if c is not newcomer and not c.brought)
        those = [c for c in others if c.own and not c.transport.is_closing()]
        if not those:
            return False
        worst = max(those, key=lambda c: (c.own.account.connections if c.own else 0, c.idle))
        self.desk.guard.acts["evicted"] += 1
        worst.transport.abort()
        return True

    def _forgotten(self, share: Share) -> None:
        if isinstance(share.account, Account):
            self.desk.guard.forgot(share.account)
            share.account = None

    def watch_ring(self, path: Path, load: Callable[[], KeyRing]) -> None:
        """Take the ring that `load` reads, and again whenever the file at `path` changes.

        Raises what `load` raises, now; later a file that cannot be read leaves the ring as it is.
        """
        seen_ns = -1  # which state of the file was read, or tried; 0 if there is none

        def look() -> None:
            nonlocal seen_ns
            changed_ns = path.stat().st_ctime_ns if path.exists() else 0
            if changed_ns == seen_ns:
                return
            seen_ns = changed_ns
            try:
                self.door.ring = load()
            except Exception:  # a damaged file must not take the edge away from those inside
                log.exception("the door's keys cannot be read anew; the old ones go on")

        self.door.ring = load()
        self.desk.door.look_for_keys = look

    def watch_path(self, changed: Callable[[], Automaton | None]) -> None:
        """Judge paths by what `changed` gives, now and whenever that is a new one."""

        def look() -> None:
            try:
                self.desk.automaton = changed() or self.desk.automaton
            except Exception:  # no player's path is worth an edge
                log.exception("the model of the player's path cannot be read")

        look()
        self._look_for_path = look

    def connection(self, client: str = "") -> Connection:
        """A connection that the loop may use. `client`: its address, where a proxy said it."""
        number = next(self._numbers)
        return Connection(self.desk, number, self._shards[number % _SHARDS], client=client)

    async def serve(
        self,
        host: str,
        port: int,
        context: ssl.SSLContext | None = None,
        introduced: Introduced | None = None,
    ) -> None:
        """Accept listeners. `port` 0 takes a free one. Raises OSError if the port is taken.

        `introduced` reads the PROXY header of connections that proxies make.
        """
        loop = asyncio.get_running_loop()
        self.desk.door.secure = self.desk.door.secure or context is not None
        listening = listening_socket(host, port, self._limits.stall_s * 1000)
        handshake_s = _TLS_HANDSHAKE_S if context else None
        if context is not None or (self.desk.proxies and introduced is not None):
            self._accepting = Accepting(
                listening,
                self.desk.proxies,
                introduced,
                self.connection,
                context,
                handshake_s,
                max(_BEGUN_LEAST, self._limits.connections // _BEGUN_SHARE),
            )
            self._accepting.start(_BACKLOG)
        else:
            self._server = await loop.create_server(
                self.connection,
                sock=listening,
                backlog=_BACKLOG,
                ssl=context,
                ssl_handshake_timeout=handshake_s,
            )
        self._schedule(loop.time())
        self._probe(loop.time())

    def _probe(self, due: float) -> None:
        """Note how late the loop comes to what is due, and try again."""
        loop = asyncio.get_running_loop()
        now = loop.time()
        self._lags_s.append(now - due)
        self._probe_timer = loop.call_at(now + _PROBE_S, self._probe, now + _PROBE_S)

    def _lag_p99_ms(self) -> float:
        lags_s = sorted(self._lags_s)
        return round(lags_s[-(-99 * len(lags_s) // 100) - 1] * 1000, 3) if lags_s else 0.0

    def _schedule(self, due: float) -> None:
        loop = asyncio.get_running_loop()
        self._timer = loop.call_at(due + 1 / _SHARDS, self._sweep, due + 1 / _SHARDS)

    def _sweep(self, due: float) -> None:
        late = asyncio.get_running_loop().time() - due
        self._lag_s = max(self._lag_s, late)
        # First, so that no fault below stops the clock. After a long stop there is nothing to
        # make up for: time-outs would come in bursts.
        self._schedule(due if late < 1 else due + late)
        self._turn = (self._turn + 1) % _SHARDS
        for connection in list(self._shards[self._turn]):
            connection.second_passed()
        if self._turn == 0:
            now = self.desk.now()
            self.desk.door.look_for_keys()
            self._look_for_path()
            self.desk.door.shares.second_passed(now)
            self.desk.release(self.desk.catalogue.second_passed(now))

    def tally(self, now: float) -> EdgeTallied:
        """What happened since the last call. `now`: monotonic seconds."""
        desk = self.desk
        cpu_s, elapsed_s = time.process_time(), now - self._tallied_at
        busy = min(1.0, (cpu_s - self._cpu_s) / elapsed_s) if elapsed_s > 0 else 0.0
        tallied = EdgeTallied(
            edge=self.name,
            at_ms=desk.wall_ms(),
            connections=desk.connections,
            held=desk.held,
            requests=dict(desk.requests),
            refusals=dict(desk.refusals),
            body_bytes=desk.body_bytes,
            busy_fraction=round(busy, 4),
            loop_lag_ms=round(self._lag_s * 1000, 3),
            listeners=desk.listeners.tally(desk.now()),
            doors=self.door.tally(),
            loop_lag_p99_ms=self._lag_p99_ms(),
            shield=self._shield_tally(elapsed_s),
        )
        desk.catalogue.strain.second(busy, tallied.loop_lag_p99_ms, desk.guard.set.pressure)
        desk.requests.clear()
        desk.refusals.clear()
        desk.body_bytes = 0
        self._cpu_s, self._tallied_at, self._lag_s = cpu_s, now, 0.0
        return self._written(tallied)

    def _written(self, tallied: EdgeTallied) -> EdgeTallied:
        """With what the ledgers get of this second; they must not take the edge from anyone."""
        try:
            return msgspec.structs.replace(tallied, records=self._book.write(tallied))
        except Exception:
            log.exception("what the edge did cannot be written down")
            return tallied

    def _shield_tally(self, elapsed_s: float) -> ShieldTally | None:
        try:
            return self.desk.guard.tally(elapsed_s)
        except Exception:
            log.exception("what the shield saw cannot be told")
            self.desk.guard_fails()
            return None

    async def close(self) -> None:
        """Accept no more, answer those who wait, let clients read what was written, then end."""
        for timer in (self._timer, self._probe_timer):
            if timer is not None:
                timer.cancel()
        for accepts in (self._server, self._accepting):
            if accepts is not None:
                accepts.close()
        self.desk.release(self.desk.catalogue.abandon())
        self.desk.finish_releasing()
        until = self.desk.now() + _CLOSE_S
        for connection in self._connections():
            connection.transport.close()  # flushes first
        while self.desk.connections and self.desk.now() < until:  # noqa: ASYNC110 (no one tells)
            await asyncio.sleep(0.02)
        for connection in self._connections():
            connection.transport.abort()
        self.desk.close()
        await asyncio.sleep(0)
        self.desk.guard.close()

    def _connections(self) -> list[Connection]:
        return [connection for shard in self._shards for connection in shard]
