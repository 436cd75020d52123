"""Attacker processes on this machine, as a conductor starts them: an attack shared by several."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import subprocess
import sys
from collections.abc import Callable

import msgspec

from rostra.ground.sealed import public_key
from rostra.rehearsal.attack_orders import (
    AttackOrders,
    AttackReport,
    AttackSecond,
    shared,
    together,
)
from rostra.rehearsal.orders import Failed
from rostra.rehearsal.trouble import RehearsalTrouble

_LINE_MOST = 1024 * 1024
_STOPPED_S = 3.0
_LATE_S = 60.0  # beyond the attack's own time: it begins, looks at the target, tells of the end
_decoder: msgspec.json.Decoder[AttackSecond | AttackReport | Failed] = msgspec.json.Decoder(
    AttackSecond | AttackReport | Failed
)


class Attackers:
    """So many processes. `keys` are to stand in the consent, beside the generators' own."""

    def __init__(self, processes: int = 1) -> None:
        self.keys = tuple(public_key(secrets.token_bytes(32)) for _ in range(processes))

    async def play(
        self, orders: AttackOrders, tell: Callable[[AttackSecond], object] | None = None
    ) -> AttackReport:
        """The attack, by all of them together; they stop at once when this is cancelled.

        `tell` hears each process' seconds. RehearsalTrouble with what one of them found.
        """
        parts = shared(orders, len(self.keys))
        tasks = [
            asyncio.ensure_future(
                _one(msgspec.structs.replace(part, generator=key), tell or (lambda _: None))
            )
            for part, key in zip(parts, self.keys, strict=True)
        ]
        try:
            return together(await asyncio.gather(*tasks))
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)


async def _one(orders: AttackOrders, tell: Callable[[AttackSecond], object]) -> AttackReport:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "rostra.rehearsal.attacker_io"),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        start_new_session=True,  # ctrl-C reaches it as the end of its input, in order
        limit=_LINE_MOST,
    )
    assert process.stdin is not None and process.stdout is not None
    seconds: list[AttackSecond] = []
    try:
        process.stdin.write(msgspec.json.encode(orders) + b"\n")
        async with asyncio.timeout(orders.lasts_s + _LATE_S):
            while line := await process.stdout.readline():
                told = _decoder.decode(line)
                if isinstance(told, AttackSecond):
                    seconds.append(told)
                    tell(told)
                elif isinstance(told, Failed):
                    raise RehearsalTrouble(told.code, told.message)
                else:
                    return msgspec.structs.replace(told, seconds=tuple(seconds))
    except TimeoutError:
        raise RehearsalTrouble(
            "attacker_late", f"An attacker had not ended {_LATE_S:g} s after its time; it is ended."
        ) from None
    finally:
        process.stdin.close()
        for stop in (process.terminate, process.kill):
            try:
                async with asyncio.timeout(_STOPPED_S):
                    await process.wait()
                break
            except TimeoutError:
                with contextlib.suppress(ProcessLookupError):
                    stop()
        await process.wait()
    raise RehearsalTrouble("attacker_gone", f"An attacker ended with {process.returncode}.")
