"""One attacker process: its orders are the first line of its input, it tells each second, in JSON.

    python -m rostra.rehearsal.attacker_io

It ends with the attack, with a signal, and when its input ends: whoever started it is gone then, or
wants it to stop.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import signal
import sys

import msgspec
import uvloop

from rostra.rehearsal.attack_orders import AttackOrders, AttackReport, AttackSecond
from rostra.rehearsal.attacks_io import attack
from rostra.rehearsal.orders import Failed
from rostra.rehearsal.trouble import RehearsalTrouble

_ORDERS_S = 30.0


def run() -> int:
    """From the orders to the end; its exit status: 0 where it was played."""
    return uvloop.run(_live())


def _say(told: AttackSecond | AttackReport | Failed) -> None:
    sys.stdout.buffer.write(msgspec.json.encode(told) + b"\n")
    sys.stdout.buffer.flush()


async def _live() -> int:
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    reader = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    async with asyncio.timeout(_ORDERS_S):
        line = await reader.readline()

    async def left_alone() -> None:
        await reader.read()
        stop.set()

    listening = asyncio.ensure_future(left_alone())
    try:
        orders = msgspec.json.decode(line, type=AttackOrders)
        # What stands now stays; a collection that looks through all of it takes too long.
        gc.freeze()
        report = await attack(orders, _say, stop)
        _say(msgspec.structs.replace(report, seconds=()))
    except msgspec.DecodeError as error:
        _say(Failed(code="order_unreadable", message=str(error)))
        return 2
    except RehearsalTrouble as trouble:
        _say(Failed(code=trouble.code, message=trouble.message))
        return 2
    finally:
        listening.cancel()
    return 0


if __name__ == "__main__":
    with contextlib.suppress(BrokenPipeError):
        raise SystemExit(run())
