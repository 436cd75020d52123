"""What the door asks is solved beside the loop, in order, and by nobody once it is over."""

from __future__ import annotations

import asyncio
import secrets

import msgspec
import pytest

from rostra.ground.keys import KeyRing
from rostra.rehearsal import puzzles_io
from rostra.rehearsal.puzzles_io import Puzzles
from rostra.shield.challenge import FRESH_BYTES, Solved, check, make
from rostra.shield.challenge_used import Used

RING = KeyRing((bytes(range(32)),))
NOW_S = 1_800_000_000


def refusal() -> bytes:
    """As the door says it, at the lightest difficulty."""
    challenge = make("abcd", 1, RING, NOW_S, secrets.token_bytes(FRESH_BYTES))
    error = {"code": "challenge_required", "message": "m"}
    return msgspec.json.encode({"error": error, "challenge": challenge, "wait_s": 10})


async def test_what_it_finds_is_what_the_door_takes() -> None:
    puzzles = Puzzles()
    found = await puzzles.solved(refusal())
    puzzles.close()
    assert isinstance(check(found, "abcd", RING, NOW_S, Used()), Solved)


@pytest.mark.parametrize("body", [b"", b"{}", b'{"error": {"code": "x"}}', b"nonsense"])
async def test_where_nothing_is_asked_nothing_is_solved(body: bytes) -> None:
    puzzles = Puzzles()
    assert await puzzles.solved(body) == ""
    assert not puzzles.solve(body, print)
    puzzles.close()


async def test_only_so_many_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(puzzles_io, "WAITING_MOST", 2)
    puzzles, heard = Puzzles(), asyncio.Queue[str]()
    taken = [puzzles.solve(refusal(), heard.put_nowait) for _ in range(3)]
    assert taken == [True, True, False]
    assert await heard.get() and await heard.get()
    assert puzzles.solve(refusal(), heard.put_nowait)
    assert await heard.get()
    puzzles.close()


async def test_who_closes_hears_nothing_more() -> None:
    puzzles, heard = Puzzles(), asyncio.Queue[str]()
    for _ in range(5):
        puzzles.solve(refusal(), heard.put_nowait)
    puzzles.close()
    assert not puzzles.solve(refusal(), heard.put_nowait)
    await asyncio.sleep(0.3)
    assert heard.empty()
