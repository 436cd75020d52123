"""Solves what the door asks before a ticket, for virtual listeners and attackers, beside the loop.

A real listener's device does that; here it takes about a seventh of a second of this machine's each
at normal difficulty, one after another.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import msgspec

from rostra.shield.challenge import Challenge, solve

WAITING_MOST = 500
_TRIES = 64  # between two looks whether anybody still wants it
_GIVEN_UP = 200_000  # tries: many times what the hardest takes


class _Refusal(msgspec.Struct):
    challenge: Challenge


_decoder = msgspec.json.Decoder(_Refusal)


def _search(challenge: Challenge, over: threading.Event) -> str:
    for first in range(0, _GIVEN_UP, _TRIES):
        found = None if over.is_set() else solve(challenge, first, _TRIES)
        if found or over.is_set():
            return found or ""
    return ""


class Puzzles:
    """Those of one process, in the order in which they came."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._pool = ThreadPoolExecutor(1, "puzzles")
        self._over = threading.Event()
        self._waiting = 0

    def solve(self, refusal: bytes, done: Callable[[str], object]) -> bool:
        """`done` hears the solution of what stands in a refusal's body, on the loop.

        False where it holds no challenge, or too many wait already; then nothing is heard.
        """
        try:
            challenge = _decoder.decode(refusal).challenge
        except msgspec.DecodeError:
            return False
        if self._waiting >= WAITING_MOST or self._over.is_set():
            return False
        self._waiting += 1
        self._pool.submit(self._work, challenge, done)
        return True

    async def solved(self, refusal: bytes) -> str:
        """The solution, or nothing."""
        found: asyncio.Future[str] = self._loop.create_future()
        return await found if self.solve(refusal, found.set_result) else ""

    def _work(self, challenge: Challenge, done: Callable[[str], object]) -> None:
        found = _search(challenge, self._over)
        if not self._over.is_set():
            self._loop.call_soon_threadsafe(self._tell, found, done)

    def _tell(self, found: str, done: Callable[[str], object]) -> None:
        self._waiting -= 1
        if not self._over.is_set():
            done(found)

    def close(self) -> None:
        """Nobody wants them any more."""
        self._over.set()
        self._pool.shutdown(wait=False, cancel_futures=True)
