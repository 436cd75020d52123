"""What stands before a new ticket under attack: a challenge, or a little waiting instead.

Only ever before a new one: who shows a ticket is not asked, nor who came by a link with a place.
The answers are documented in docs/reference/contract.md.
"""

from __future__ import annotations

import os
from typing import Any, Protocol

import msgspec

from rostra.delivery.prepared import Prepared, http_date, personal_refusal
from rostra.ground.keys import KeyRing
from rostra.ground.refusals import Refusal
from rostra.ground.wall_time import rfc3339
from rostra.shield.challenge import EXPIRES_S, FRESH_BYTES, Failed, Solved, Why, check, make
from rostra.shield.challenge_used import Used
from rostra.shield.prices import CHALLENGED
from rostra.shield.reasons import (
    CHALLENGE_FAILED,
    CHALLENGE_REQUIRED,
    CHALLENGE_WAITS,
    SHIELD_FAILED,
    SOURCE_SPENT,
)
from rostra.shield.vouchers import Voucher, looks_like_one, read_voucher, sign_voucher, wait_s

WAIT = "wait"  # what `Rostra-Challenge` says instead of a solution
# In units of cost (shield/prices.py), charged where nothing was solved.
_COSTS = {Why.SOLUTION: 40.0, Why.SIGNATURE: 5.0, Why.EVENT: 5.0, Why.USED: 1.0, Why.EXPIRED: 0.0}


class Asker(Protocol):
    """Who asks for a ticket, as the shield sees their connection."""

    def difficulty(self) -> int:
        """Of the challenge that stands before them now; 0 for none."""

    def failed(self) -> bool:
        """Whether the shield's code is broken: nobody gets a new ticket then."""

    def may_wait(self) -> bool:
        """Whether their source may have one more voucher now; it is charged for it."""

    def told(self, act: str, cost: float) -> None:
        """What was done: challenged, solved, unsolved or waited; `cost` is charged to them."""


class Anybody:
    """Where there is no shield."""

    def difficulty(self) -> int:
        """None."""
        return 0

    def failed(self) -> bool:
        """Never."""
        return False

    def may_wait(self) -> bool:
        """Always."""
        return True

    def told(self, act: str, cost: float) -> None:
        """Nobody listens."""


class Rehearsing:
    """Who asks in a rehearsal: one machine computes for all of them, so they get lighter ones."""

    def __init__(self, asker: Asker) -> None:
        self._asker = asker
        self.failed, self.may_wait, self.told = asker.failed, asker.may_wait, asker.told

    def difficulty(self) -> int:
        """As it stands before others, but negative (`challenge.make`)."""
        return -self._asker.difficulty()


class Entry(msgspec.Struct, frozen=True):
    """A new ticket may be had. `place`: 16 bytes for its id; empty: any. `arrived_s`: door time."""

    place: bytes = b""
    arrived_s: int | None = None


class Challenges:
    """One edge's challenges: what it remembers is bounded, and lost with it."""

    def __init__(self) -> None:
        self._used = Used()

    def enter(
        self,
        event_id: str,
        shown: str,
        inside: bytes,
        asker: Asker,
        ring: KeyRing,
        now_s: int,
        wall_ms: int,
    ) -> Entry | Failed | Prepared:
        """Whether who shows this (the field `Rostra-Challenge`, or empty) gets a new ticket.

        `inside`: the listener whose pass they have, or empty. `now_s`: Unix seconds of the door's
        clock. Failed where a key is named that `ring` does not hold: it may be newer; `refuse`
        answers where it is not.
        """
        difficulty = asker.difficulty()
        if looks_like_one(shown):
            return self._redeem(event_id, shown, difficulty, asker, ring, now_s, wall_ms)
        if not difficulty or (inside and self._first_of(inside, now_s)):
            return Entry()
        if not shown:
            asker.told("challenged", CHALLENGED)
            return self._challenge(CHALLENGE_REQUIRED, event_id, difficulty, ring, now_s, wall_ms)
        if shown == WAIT:
            return self._let_wait(event_id, difficulty, asker, ring, now_s, wall_ms)
        found = check(shown, event_id, ring, now_s, self._used)
        if isinstance(found, Solved):
            asker.told("solved", 0.0)
            return Entry(found.place, found.arrived_s)
        if found.kid:
            return found
        return self.refuse(found.why, event_id, asker, ring, now_s, wall_ms)

    def refuse(
        self, why: Why, event_id: str, asker: Asker, ring: KeyRing, now_s: int, wall_ms: int
    ) -> Prepared:
        """Nothing was solved: another challenge."""
        asker.told("unsolved", _COSTS[why])
        difficulty = asker.difficulty() or 1
        return self._challenge(CHALLENGE_FAILED, event_id, difficulty, ring, now_s, wall_ms, why)

    def _first_of(self, inside: bytes, now_s: int) -> bool:
        """Who has a pass is not asked for a challenge, but one pass makes no stock of tickets."""
        if self._used.holds(inside, now_s):
            return False
        self._used.add(inside, now_s + EXPIRES_S, now_s)
        return True

    def _challenge(
        self,
        refusal: Refusal,
        event_id: str,
        difficulty: int,
        ring: KeyRing,
        now_s: int,
        wall_ms: int,
        why: Why | None = None,
    ) -> Prepared:
        challenge = make(event_id, difficulty, ring, now_s, os.urandom(FRESH_BYTES))
        more = {"challenge": challenge, "wait_s": wait_s(difficulty)}
        return _answer(refusal, wall_ms, more, why)

    def _let_wait(
        self,
        event_id: str,
        difficulty: int,
        asker: Asker,
        ring: KeyRing,
        now_s: int,
        wall_ms: int,
    ) -> Prepared:
        fresh = os.urandom(FRESH_BYTES)
        if not asker.may_wait():
            later = f"Retry-After: {10 + fresh[-1] % 20}\r\n"
            return _answer(SOURCE_SPENT, wall_ms, {}, extra=later)
        asker.told("waited", 0.0)
        voucher = sign_voucher(event_id, difficulty, ring, now_s, fresh)
        return _waits(voucher, wait_s(difficulty), now_s, wall_ms)

    def _redeem(
        self,
        event_id: str,
        shown: str,
        difficulty: int,
        asker: Asker,
        ring: KeyRing,
        now_s: int,
        wall_ms: int,
    ) -> Entry | Failed | Prepared:
        found = read_voucher(shown, event_id, ring, now_s)
        if isinstance(found, Voucher):
            if difficulty and now_s < found.ready_s:
                return _waits(shown, found.ready_s - now_s, found.arrived_s, wall_ms)
            return Entry(found.place, found.arrived_s)
        if not difficulty:
            return Entry()
        if found.kid:
            return found
        return self.refuse(found.why, event_id, asker, ring, now_s, wall_ms)


def shield_failed(wall_ms: int) -> Prepared:
    """No new tickets, and when to ask again: each at another time."""
    return _answer(SHIELD_FAILED, wall_ms, {}, extra=f"Retry-After: {3 + os.urandom(1)[0] % 8}\r\n")


def _waits(voucher: str, seconds: int, arrived_s: int, wall_ms: int) -> Prepared:
    more = {"voucher": voucher, "wait_s": seconds, "arrived": rfc3339(arrived_s * 1000)}
    return _answer(CHALLENGE_WAITS, wall_ms, more, extra=f"Retry-After: {seconds}\r\n")


def _answer(
    refusal: Refusal,
    wall_ms: int,
    more: dict[str, Any],
    why: Why | None = None,
    extra: str = "",
) -> Prepared:
    error = {"code": refusal.code, "message": refusal.message}
    if why is not None:
        error["why"] = why.value
    body = msgspec.json.encode({"error": error, **more})
    return personal_refusal(refusal, body, http_date(wall_ms / 1000), extra)
