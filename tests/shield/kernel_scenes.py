"""Scenes of kernel bans, each played in a network namespace of its own: `python FILE SCENE DATA`.

What came of it is one line of JSON on standard output. Started by test_nft_io.py with `unshare -n`.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from pathlib import Path
from typing import Any

import uvloop

from rostra.shield.nft_io import Kernel, find_nft, remove_table
from rostra.shield.sources import source_of

PORT, OTHER = 8080, 8082
BANNED, FREE = "127.0.0.9", "127.0.0.8"
BANNED_6, NEAR_6, FREE_6 = "2001:db8:9::1", "2001:db8:9::2", "2001:db8:8::1"
ROOM_S = 60.0  # in which what is waited for must come
SILENT_S = 0.7


def wall_ms() -> int:
    return time.time_ns() // 1_000_000


def in_s(seconds: float) -> int:
    return wall_ms() + round(seconds * 1000)


def table() -> dict[str, Any] | None:
    """The ruleset of this namespace, if there is any table in it."""
    answer = subprocess.run([find_nft() or "", "-j", "list", "ruleset"], capture_output=True)
    rows = json.loads(answer.stdout)["nftables"]
    return {"rows": rows} if any("table" in row for row in rows) else None


def elements() -> dict[str, int]:
    """Address and seconds left of each banned source in the kernel."""
    found = {}
    for row in (table() or {"rows": []})["rows"]:
        for element in row.get("set", {}).get("elem", []):
            found[element["elem"]["val"]] = element["elem"]["expires"]
    return found


def run(*command: str) -> None:
    subprocess.run(command, check=True)


async def until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + ROOM_S
    while not true():
        assert time.monotonic() < deadline, "it never came"
        await asyncio.sleep(0.05)


async def connects(source: str, to: str, port: int = PORT) -> str:
    """ "yes", "silence" or the error's name."""
    try:
        _, writer = await asyncio.wait_for(
            asyncio.open_connection(to, port, local_addr=(source, 0)), SILENT_S
        )
    except TimeoutError:
        return "silence"
    except OSError as error:
        return type(error).__name__
    writer.close()
    return "yes"


@contextlib.asynccontextmanager
async def listening() -> AsyncIterator[None]:
    async def hang_up(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()

    for address in (BANNED_6, NEAR_6, FREE_6):
        run("ip", "addr", "add", f"{address}/128", "dev", "lo")
    servers = [
        await asyncio.start_server(hang_up, host, port, family=family)
        for port in (PORT, OTHER)
        for host, family in (("0.0.0.0", socket.AF_INET), ("::", socket.AF_INET6))
    ]
    yield
    for server in servers:
        server.close()


async def started(data: Path) -> Kernel:
    kernel = Kernel(data, (PORT,))
    await kernel.start()
    assert kernel.on, kernel.note
    return kernel


async def ban(data: Path) -> dict[str, Any]:
    async with listening():
        kernel = await started(data)
        before = {"table": table(), "banned": await connects(BANNED, "127.0.0.1")}
        bans = {source_of(a): in_s(300) for a in (BANNED, BANNED_6)}
        kernel.set(bans)
        await until(lambda: len(elements()) == 2)
        seen = {
            "before": before,
            "banned": await connects(BANNED, "127.0.0.1"),
            "banned_6": await connects(BANNED_6, "::1"),
            "near_6": await connects(NEAR_6, "::1"),
            "free": await connects(FREE, "127.0.0.1"),
            "free_6": await connects(FREE_6, "::1"),
            "other_port": await connects(BANNED, "127.0.0.1", OTHER),
        }
        await until(lambda: kernel.drops() >= 3)
        kernel.set({source_of(BANNED_6): bans[source_of(BANNED_6)]})
        await until(lambda: len(elements()) == 1)
        seen["lifted"] = await connects(BANNED, "127.0.0.1")
        seen["still_6"] = await connects(BANNED_6, "::1")
        await kernel.close()
        return {**seen, "after": table(), "note": kernel.note}


async def expires(data: Path) -> dict[str, Any]:
    """A ban ends by itself, also where the house is dead."""
    async with listening():
        kernel = await started(data)
        kernel.set({source_of(BANNED): in_s(3)})
        await until(lambda: bool(elements()))
        assert kernel._task is not None
        kernel._task.cancel()  # from here on nobody tells the kernel anything
        banned = await connects(BANNED, "127.0.0.1")
        await until(lambda: not elements())
        return {"banned": banned, "then": await connects(BANNED, "127.0.0.1"), "table": table()}


async def longer(data: Path) -> dict[str, Any]:
    kernel = await started(data)
    kernel.set({source_of(BANNED): in_s(100), source_of(FREE): in_s(100)})
    await until(lambda: len(elements()) == 2)
    first = elements()
    kernel.set({source_of(BANNED): in_s(5000), source_of(FREE): in_s(20)})
    await until(lambda: elements() != first and max(elements().values()) > 200)
    then = elements()
    await kernel.close()
    return {"first": first, "then": then}


async def clear(data: Path) -> dict[str, Any]:
    kernel = await started(data)
    kernel.set({source_of(BANNED): in_s(100)})
    await until(lambda: bool(elements()))
    kernel.set({})
    await until(lambda: table() is None)
    kernel.set({source_of(BANNED): in_s(100)})
    await until(lambda: bool(elements()))
    assert kernel._task is not None
    kernel._task.cancel()
    said = await remove_table(data)
    return {"said": said, "table": table()}


async def stale(data: Path) -> dict[str, Any]:
    killed = [sys.executable, __file__, "killed", str(data)]
    process = await asyncio.create_subprocess_exec(*killed)
    assert await process.wait() == -signal.SIGKILL
    left = table() is not None
    other = await started(data / "other")  # another house's table is none of ours
    other.set({source_of(FREE): in_s(100)})
    await until(lambda: len(elements()) == 2)
    kernel = await started(data)
    remaining = list(elements())
    await kernel.close()
    await other.close()
    return {"left": left, "remaining": remaining, "after": table()}


async def killed(data: Path) -> None:
    kernel = await started(data)
    kernel.set({source_of(BANNED): in_s(1000)})
    await until(lambda: bool(elements()))
    os.kill(os.getpid(), signal.SIGKILL)


async def flushed(data: Path) -> dict[str, Any]:
    """Somebody loads their firewall anew."""
    kernel = await started(data)
    kernel.set({source_of(BANNED): in_s(1000)})
    await until(lambda: bool(elements()))
    run(find_nft() or "", "flush", "ruleset")
    gone = elements()
    await until(lambda: bool(elements()))
    back = elements()
    await until(lambda: " on:" in kernel.note)
    await kernel.close()
    return {"gone": gone, "back": list(back)}


async def many(data: Path) -> dict[str, Any]:
    kernel = await started(data)
    bans = {number.to_bytes(4): in_s(1000) for number in range(0x0A000000, 0x0A000000 + 10_000)}
    bans |= {b"\x20\x01\x0d\xb8" + n.to_bytes(4): in_s(1000) for n in range(1000)}
    began = time.monotonic()
    kernel.set(bans)
    asked_s = time.monotonic() - began
    await until(lambda: kernel._held is not None and len(kernel._held) == len(bans))
    took_s = time.monotonic() - began
    count = len(elements())
    await kernel.close()
    return {"asked_s": asked_s, "took_s": took_s, "count": count}


async def powerless(data: Path) -> dict[str, Any]:
    kernel = Kernel(data, (PORT,))
    await kernel.start()
    kernel.set({source_of(BANNED): in_s(1000)})
    await kernel.close()
    return {"note": kernel.note, "drops": kernel.drops()}


ALL = (ban, expires, longer, clear, stale, killed, flushed, many, powerless)
SCENES: dict[str, Callable[[Path], Coroutine[Any, Any, Any]]] = {f.__name__: f for f in ALL}

if __name__ == "__main__":
    subprocess.run(["ip", "link", "set", "lo", "up"], stderr=subprocess.DEVNULL)  # may be up
    # On the loop that control runs on: it gives a process other pipes than the usual one.
    print(json.dumps(uvloop.run(SCENES[sys.argv[1]](Path(sys.argv[2])))))
