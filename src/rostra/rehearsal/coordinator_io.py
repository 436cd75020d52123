"""The coordinator: generators come to it over websockets, obey together, and tell each second."""

from __future__ import annotations

import asyncio
import contextlib
import hmac
import os
import secrets
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable
from http import HTTPStatus
from typing import assert_never

import msgspec
from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.datastructures import Headers
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response

from rostra.rehearsal.merging import Merged, merge
from rostra.rehearsal.orders import (
    WALKS_MOST,
    AnyTold,
    Begin,
    ClockAsked,
    ClockTold,
    Come,
    End,
    Ended,
    Failed,
    Hello,
    Leave,
    Order,
    Ready,
    Second,
    Walked,
    Zero,
)
from rostra.rehearsal.trouble import RehearsalTrouble

TOKEN_VARIABLE = "ROSTRA_REHEARSAL_TOKEN"  # noqa: S105
SILENT_MOST_S = 10.0  # of a generator, or of the coordinator; then it counts as gone
_HELLO_S = 10.0
_CLOCK_S = 5.0
_BEGIN_S = 30.0
_CLOCK_ASKED = 7
_PARTING_S = 5.0
_WAIT_FOR_S = 1.5  # for the last generator's second
_AT_A_TIME = 2_000  # people in one order
_MESSAGE_MOST = 16 * 1024 * 1024
_KEPT_S = 120  # seconds whose merging may still be asked for


class _Worker:
    """One generator that said hello."""

    def __init__(self, name: str, hello: Hello, socket: ServerConnection) -> None:
        self.name = name
        self.hello = hello
        self.socket = socket
        self.offset = 0.0  # its monotonic clock minus ours
        self.ready: asyncio.Future[Ready | Failed] = asyncio.get_running_loop().create_future()
        self.clock: asyncio.Queue[tuple[ClockTold, float]] = asyncio.Queue(_CLOCK_ASKED)
        self.newest: Second | None = None
        self.walks: tuple[str, ...] = ()
        self.last: Ended | Failed | None = None
        self.gone = asyncio.Event()

    async def say(self, order: Order) -> None:
        """To one who has gone nothing is said; one who does not listen any more goes."""
        try:
            async with asyncio.timeout(SILENT_MOST_S):
                await self.socket.send(msgspec.json.encode(order), text=True)
        except ConnectionClosed:
            pass
        except TimeoutError:
            self.socket.transport.abort()


class Coordinator:
    """See the module. `token`: what a generator must show; made here if none is given."""

    def __init__(self, host: str = "127.0.0.1", port: int = 0, token: str | None = None) -> None:
        self._host, self._port = host, port
        self.token = token or secrets.token_urlsafe(24)
        self.lost: list[str] = []  # generators that went without being told, and why
        self._server: Server | None = None
        self._processes: list[asyncio.subprocess.Process] = []
        self._workers: dict[str, _Worker] = {}
        self._taken: list[_Worker] = []  # those of this run, in the order of their shares
        self._seconds: dict[int, dict[str, Second]] = {}
        self._news = asyncio.Event()
        self._zero: float | None = None
        self._ending = False

    @property
    def address(self) -> str:
        """`host:port`, where generators come."""
        host = f"[{self._host}]" if ":" in self._host else self._host
        return f"{host}:{self._port}"

    @property
    def processes(self) -> list[int]:
        """Process ids of the generators that were started here."""
        return [process.pid for process in self._processes]

    async def start(self) -> None:
        """Listen. RehearsalTrouble `cannot_listen`."""
        try:
            self._server = await serve(
                self._serve,
                self._host,
                self._port,
                process_request=self._admit,
                max_size=_MESSAGE_MOST,
                ping_interval=2.0,
                ping_timeout=SILENT_MOST_S,
                compression=None,
            )
        except OSError as error:
            where = f"{self._host}:{self._port}"
            raise RehearsalTrouble(
                "cannot_listen", f"Nobody can come to {where}: {error.strerror or error}."
            ) from error
        self._port = next(iter(self._server.sockets)).getsockname()[1]

    async def spawn(self, count: int, cores: frozenset[int] | None = None) -> None:
        """Start generators here, each a process of its own; on `cores` only, if given."""
        environment = {**os.environ, TOKEN_VARIABLE: self.token}
        for _ in range(count):
            name = f"here-{len(self._processes)}"
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "rostra.rehearsal.generator_io", self.address, name),
                env=environment,
                stdin=subprocess.DEVNULL,
                start_new_session=True,  # ctrl-C reaches them as an order, so that all say goodbye
            )
            if cores:
                os.sched_setaffinity(process.pid, cores)
            self._processes.append(process)

    async def workers(self, count: int, timeout_s: float) -> list[Hello]:
        """Wait for so many generators. RehearsalTrouble `too_few_generators`."""
        deadline = time.monotonic() + timeout_s
        while len(self._there()) < count:
            died = [p.returncode for p in self._processes if p.returncode is not None]
            if died or not await self._more(deadline):
                ended = f"; {len(died)} started here ended with {died}" if died else ""
                raise RehearsalTrouble(
                    "too_few_generators",
                    f"{len(self._there())} of {count} generators came to {self.address} within "
                    f"{timeout_s:g} s{ended}.",
                )
        return [worker.hello for worker in self._there()]

    async def begin(self, make: Callable[[int, Hello], Begin]) -> None:
        """All check the consent and the clock. RehearsalTrouble with what a generator found."""
        self._taken = self._there()
        orders = [make(index, worker.hello) for index, worker in enumerate(self._taken)]
        for worker in self._taken:
            await self._measure(worker)
        for worker, order in zip(self._taken, orders, strict=True):
            await worker.say(order)
        for worker in self._taken:
            try:
                async with asyncio.timeout(_BEGIN_S):
                    answer = await asyncio.shield(worker.ready)
            except TimeoutError:
                raise RehearsalTrouble(
                    "generator_silent", f"{worker.name} did not say whether it is ready."
                ) from None
            if isinstance(answer, Failed):
                raise RehearsalTrouble(answer.code, f"{worker.name}: {answer.message}")

    async def zero(self, in_s: float) -> float:
        """Second zero of the run is in `in_s` from now; its moment on our monotonic clock."""
        self._zero = time.monotonic() + in_s
        for worker in self._taken:
            await worker.say(Zero(at=self._zero + worker.offset))
        return self._zero

    async def send(self, order: Order) -> None:
        """To all of the run; people go to whom they belong, leavers are shared by who is where."""
        if isinstance(order, Come):
            await self._come(order)
        elif isinstance(order, Leave):
            await self._leave(order)
        else:
            for worker in self._taken:
                await worker.say(order)

    def merged(self, at_s: int) -> Merged:
        """What is known by now of the second of the run that ends at `at_s`."""
        told = self._seconds.get(at_s, {})
        missing = tuple(worker.name for worker in self._alive() if worker.name not in told)
        whole = merge(float(at_s), told.values())
        return Merged(at_s=float(at_s), all=whole, each=dict(told), missing=missing)

    async def seconds(self) -> AsyncIterator[Merged]:
        """Each second of the run once all have told it or it is late; ends with the last one."""
        if self._zero is None:
            raise RuntimeError("no zero was set")
        at_s = 1
        while self._alive() or any(second >= at_s for second in self._seconds):
            told = self._seconds.get(at_s, {})
            if not all(worker.name in told for worker in self._alive()) and await self._more(
                self._zero + at_s + _WAIT_FOR_S
            ):
                continue
            self._seconds.pop(at_s - _KEPT_S, None)
            yield self.merged(at_s)
            at_s += 1

    def walks(self) -> tuple[str, ...]:
        """How listeners asked, of all generators alike; known once they have ended."""
        each = max(1, WALKS_MOST // max(1, len(self._taken)))
        return tuple(walk for one in self._taken for walk in one.walks[:each])[:WALKS_MOST]

    async def end(self, timeout_s: float = 15.0) -> dict[str, Ended | Failed]:
        """All leave; each generator's last word. Who does not end in time is ended."""
        self._ending = True

        async def goodbye(worker: _Worker) -> None:
            await worker.say(End())
            await worker.gone.wait()

        goodbyes = [asyncio.ensure_future(goodbye(one)) for one in self._workers.values()]
        if goodbyes:
            _, late = await asyncio.wait(goodbyes, timeout=timeout_s)
            for one in late:
                one.cancel()
        words = {w.name: w.last for w in self._workers.values() if w.last is not None}
        await self.close()
        return words

    async def close(self) -> None:
        """Nobody is left behind: neither connections nor processes."""
        self._ending = True
        if self._server is not None:
            self._server.close()
        for stop in ("terminate", "kill"):
            for process in self._processes:
                try:
                    async with asyncio.timeout(3.0):
                        await process.wait()
                except TimeoutError:
                    with contextlib.suppress(ProcessLookupError):
                        getattr(process, stop)()
        for process in self._processes:
            await process.wait()
        self._processes.clear()
        if self._server is not None:
            # Those elsewhere who do not read: nothing of theirs is waited for.
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_PARTING_S):
                    await self._server.wait_closed()
            self._server = None

    # --- people ------------------------------------------------------------------------------

    async def _come(self, order: Come) -> None:
        shares = len(self._taken)
        for index, worker in enumerate(self._taken):
            those = [person for person in order.people if person.number % shares == index]
            for first in range(0, len(those), _AT_A_TIME):
                await worker.say(Come(people=tuple(those[first : first + _AT_A_TIME])))

    async def _leave(self, order: Leave) -> None:
        alive = self._alive()
        here = [worker.newest.here if worker.newest else 0 for worker in alive]
        whole, left = sum(here), order.people
        for worker, those in zip(alive, here, strict=True):
            part = min(left, round(left * those / whole)) if whole else 0
            whole, left = whole - those, left - part
            if part:
                await worker.say(Leave(people=part, over_s=order.over_s))

    # --- generators --------------------------------------------------------------------------

    def _there(self) -> list[_Worker]:
        return [worker for worker in self._workers.values() if not worker.gone.is_set()]

    def _alive(self) -> list[_Worker]:
        return [w for w in self._taken if not w.gone.is_set() and w.last is None]

    async def _more(self, deadline: float) -> bool:
        """Whether anything was heard before `deadline`."""
        self._news.clear()
        left = min(0.5, deadline - time.monotonic())
        if left <= 0:
            return False
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(left):
                await self._news.wait()
        return True

    def _admit(self, _: ServerConnection, request: Request) -> Response | None:
        shown = request.headers.get("Authorization", "")
        if hmac.compare_digest(shown.encode(), f"Bearer {self.token}".encode()):
            return None
        body = b'{"error":{"code":"token_invalid","message":"This is not the token of the run."}}\n'
        fields = Headers({"Content-Length": str(len(body)), "Connection": "close"})
        return Response(HTTPStatus.UNAUTHORIZED, "Unauthorized", fields, body)

    async def _serve(self, socket: ServerConnection) -> None:
        try:
            async with asyncio.timeout(_HELLO_S):
                first = await socket.recv()
            hello = msgspec.json.decode(first, type=Hello)
        except (TimeoutError, ConnectionClosed, msgspec.DecodeError):
            return
        name = hello.name
        while name in self._workers:
            name += "'"
        hello = msgspec.structs.replace(hello, name=name)
        worker = self._workers[name] = _Worker(name, hello, socket)
        self._news.set()
        try:
            async for message in socket:
                heard = time.monotonic()
                self._hear(worker, msgspec.json.decode(message, type=AnyTold), heard)
        except ConnectionClosed:
            pass
        except msgspec.DecodeError as error:
            worker.last = Failed(code="unreadable", message=f"{name} said what is none: {error}")
        finally:
            self._part(worker)

    def _hear(self, worker: _Worker, told: AnyTold, heard: float) -> None:
        match told:
            case Second():
                worker.newest = told
                self._seconds.setdefault(int(told.at_s), {})[worker.name] = told
            case ClockTold():
                if not worker.clock.full():
                    worker.clock.put_nowait((told, heard))
            case Ready() | Failed() if not worker.ready.done():
                worker.ready.set_result(told)
            case Walked():
                worker.walks = told.walks
            case Ended() | Failed():
                worker.last = told
            case Hello() | Ready():
                pass  # said twice
            case _:
                assert_never(told)
        self._news.set()

    def _part(self, worker: _Worker) -> None:
        worker.gone.set()
        self._news.set()
        why = Failed(code="generator_gone", message="The connection to it ended.")
        if not worker.ready.done():
            worker.ready.set_result(why)
        if worker in self._taken and not self._ending:
            last = worker.last or why
            said = last.why if isinstance(last, Ended) else last.code
            self.lost.append(f"{worker.name}: {said}")

    async def _measure(self, worker: _Worker) -> None:
        """Its clock against ours: by the quickest of a few exchanges, as in NTP (RFC 5905)."""
        best = float("inf")
        for _ in range(_CLOCK_ASKED):
            await worker.say(ClockAsked(at=time.monotonic()))
            try:
                async with asyncio.timeout(_CLOCK_S):
                    told, heard = await worker.clock.get()
            except TimeoutError:
                raise RehearsalTrouble(
                    "generator_silent", f"{worker.name} does not answer."
                ) from None
            if heard - told.at < best:
                best = heard - told.at
                worker.offset = told.mine - (told.at + heard) / 2
