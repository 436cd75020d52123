"""One generator process: obeys a coordinator within what the target consents to, tells each second.

    python -m rostra.rehearsal.generator_io HOST:PORT NAME

with the run's token in the environment. It ends with the run, the consent, the coordinator or a
signal, whichever is first.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import hashlib
import os
import platform
import secrets
import signal
import sys
import time
from collections.abc import Coroutine
from pathlib import Path
from typing import assert_never

import msgspec
import uvloop
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus, InvalidURI

from rostra.ground.sealed import public_key
from rostra.rehearsal.connections_io import Bounds
from rostra.rehearsal.consent_check_io import ConsentCheck, Held, consent_ended
from rostra.rehearsal.coordinator_io import SILENT_MOST_S, TOKEN_VARIABLE
from rostra.rehearsal.crowd_io import Crowd
from rostra.rehearsal.orders import (
    AnyOrder,
    Begin,
    ClockAsked,
    ClockTold,
    Come,
    DropAll,
    End,
    Ended,
    Failed,
    Hello,
    Leave,
    Ready,
    Told,
    Walked,
    Zero,
)
from rostra.rehearsal.sockets_io import Target, file_limit, find
from rostra.rehearsal.trouble import RehearsalTrouble

_OPEN_S = 10.0
_ORDER_MOST = 16 * 1024 * 1024
_SAY_GOODBYE = frozenset({"told", "signal"})  # otherwise the target wants no request more


def run(address: str, token: str, name: str) -> int:
    """A generator from hello to the end; its exit status: 0 where it ended as it was told to."""
    try:
        why = uvloop.run(_Generator(address, token, name).live())
    except RehearsalTrouble as trouble:
        print(f"{name}: {trouble.message} ({trouble.code})", file=sys.stderr)
        return 2
    if why not in _SAY_GOODBYE:
        print(f"{name}: ended ({why})", file=sys.stderr)
    return 0 if why == "told" else 1


def this_machine() -> str:
    """This machine in words; the same in all its processes, until it starts anew."""
    model = platform.machine()
    with contextlib.suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                model = line.partition(":")[2].strip()
                break
    boot = platform.node()
    with contextlib.suppress(OSError):
        boot = Path("/proc/sys/kernel/random/boot_id").read_text()
    mark = hashlib.sha256(boot.encode()).hexdigest()[:8]
    return f"{model}, {os.cpu_count()} cores, {platform.system()} {platform.release()}, {mark}"


class _Generator:
    def __init__(self, address: str, token: str, name: str) -> None:
        self._address, self._token, self._name = address, token, name
        # The key is this run's; the target names it, so nobody else's consent fits.
        self._key = public_key(secrets.token_bytes(32))
        self._begin: Begin | None = None
        self._target: Target | None = None
        self._check: ConsentCheck | None = None
        self._held: Held | None = None
        self._crowd: Crowd | None = None
        self._tasks: list[asyncio.Task[None]] = []

    async def live(self) -> str:
        """Why it ended. RehearsalTrouble where the coordinator cannot be reached."""
        self._ending: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, self._end, "signal")
        try:
            self._socket = await self._connect()
        except (OSError, InvalidHandshake, InvalidURI, TimeoutError) as error:
            refused = isinstance(error, InvalidStatus) and error.response.status_code == 401
            raise RehearsalTrouble(
                "token_invalid" if refused else "no_coordinator",
                "The coordinator does not know this token."
                if refused
                else f"No coordinator answers at {self._address}: {error}.",
            ) from error
        async with self._socket:
            await self._tell(
                Hello(
                    key=self._key,
                    name=self._name,
                    files=file_limit(),
                    cores=os.cpu_count() or 1,
                    machine=this_machine(),
                )
            )
            self._start(self._obey())
            why = await self._ending
            await self._wind_up(why)
        return why

    async def _connect(self) -> ClientConnection:
        return await connect(
            f"ws://{self._address}/",
            additional_headers={"Authorization": f"Bearer {self._token}"},
            max_size=_ORDER_MOST,
            open_timeout=_OPEN_S,
            ping_interval=2.0,
            ping_timeout=SILENT_MOST_S,
            compression=None,
            proxy=None,
        )

    def _end(self, why: str) -> None:
        if not self._ending.done():
            self._ending.set_result(why)

    def _start(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.ensure_future(work)
        task.add_done_callback(self._done)
        self._tasks.append(task)

    def _done(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled() and (error := task.exception()) is not None:
            print(f"{self._name}: {error!r}", file=sys.stderr)
            self._end("generator_broke")

    async def _tell(self, told: Told) -> None:
        try:
            await self._socket.send(msgspec.json.encode(told), text=True)
        except ConnectionClosed:
            self._end("coordinator_gone")

    async def _wind_up(self, why: str) -> None:
        """Nothing more is asked of the target than a goodbye, where it may be."""
        crowd = self._crowd
        if crowd is not None:
            if why in _SAY_GOODBYE:
                await crowd.end()
            else:
                crowd.close()
        if self._check is not None:
            self._check.close()
        for task in self._tasks:
            task.cancel()
        if crowd is not None:
            await self._tell(Walked(walks=crowd.walks.texts()))
        await self._tell(Ended(why=why, listeners=crowd.driven if crowd else 0))

    # --- orders -------------------------------------------------------------------------------

    async def _obey(self) -> None:
        try:
            async for message in self._socket:
                await self._hear(msgspec.json.decode(message, type=AnyOrder))
        except ConnectionClosed:
            pass
        except msgspec.DecodeError as error:
            await self._tell(Failed(code="order_unreadable", message=str(error)))
        self._end("coordinator_gone")

    async def _hear(self, order: AnyOrder) -> None:
        crowd = self._crowd
        match order:
            case ClockAsked():
                await self._tell(ClockTold(at=order.at, mine=time.monotonic()))
            case Begin():
                await self._prepare(order)
            case Zero():
                self._zero(order.at)
            case End():
                self._end("told")
            case _ if crowd is None:
                await self._tell(Failed(code="no_zero", message="The run has not begun."))
            case Come():
                crowd.come(order.people)
            case DropAll():
                crowd.drop_all()
            case Leave():
                crowd.leave(order.people, order.over_s)
            case _:
                assert_never(order)

    async def _prepare(self, begin: Begin) -> None:
        if self._begin is not None:
            await self._tell(Failed(code="begun_already", message="One generator, one run."))
            return
        self._begin = begin
        try:
            target = await asyncio.to_thread(find, begin.origin)
        except RehearsalTrouble as trouble:
            await self._tell(Failed(code=trouble.code, message=trouble.message))
            return
        check = ConsentCheck(target, begin.run, self._key)
        held = await check.ask()
        if isinstance(held, Failed):
            check.close()
            await self._tell(held)
            return
        self._target, self._check, self._held = target, check, held
        self._start(self._watch(check, held))
        await self._tell(Ready(consent=held.digest))

    def _zero(self, at: float) -> None:
        begin, target, held = self._begin, self._target, self._held
        if begin is None or target is None or held is None or self._crowd is not None:
            return
        shares = max(1, begin.share[1])
        bounds = Bounds(-(-held.consent.listeners // shares), held.consent.requests_s / shares)
        self._crowd = Crowd(begin, target, bounds, at)
        # What stands now stays; a collection that looks through 20,000 listeners takes too long.
        gc.freeze()
        gc.set_threshold(50_000, 20, 1_000)
        self._crowd.start()
        self._start(self._tell_seconds(self._crowd))

    # --- beside -------------------------------------------------------------------------------

    async def _watch(self, check: ConsentCheck, held: Held) -> None:
        ended = await consent_ended(check, held)
        if self._crowd is not None:
            self._crowd.close()
        await self._tell(ended)
        self._end(ended.code)

    async def _tell_seconds(self, crowd: Crowd) -> None:
        at_s = 1
        while not self._ending.done():
            await asyncio.sleep(max(0.0, at_s - crowd.now()))
            at_s = max(at_s, int(crowd.now()))
            await self._tell(crowd.take(at_s))
            at_s += 1


if __name__ == "__main__":
    raise SystemExit(run(sys.argv[1], os.environ.pop(TOKEN_VARIABLE, ""), sys.argv[2]))
