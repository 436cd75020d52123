"""What the tabs of one person share at the door, and what is asked there next.

The law of web/src/audience/door.ts and errand.ts. Times are seconds from the run's zero.
"""

from __future__ import annotations

import hashlib

import msgspec

from rostra.rehearsal.asks import Intent
from rostra.rehearsal.law import Chance, backoff_s, obeyed_s, spread_s
from rostra.rehearsal.library import State, unix_s

_DOUBT_S = 5.0
_PUZZLED_S = 60.0  # then it is asked anew
PUZZLES = frozenset({"challenge_required", "challenge_failed"})
_NEVER = float("inf")


class _TicketAnswer(msgspec.Struct):
    ticket: str
    id: str
    arrived: str
    kept_until: str
    lane: str | None = None
    rank: int | None = None
    admitted: bool = False
    beat_s: float = 30


class _PassAnswer(msgspec.Struct):
    # `pass` in JSON
    token: str = msgspec.field(name="pass")
    expires_s: float = 120
    renew_s: float = 60


class _Error(msgspec.Struct):
    code: str = ""


class _RefusalAnswer(msgspec.Struct):
    error: _Error = msgspec.field(default_factory=_Error)


_ticket_decoder = msgspec.json.Decoder(_TicketAnswer)
_pass_decoder = msgspec.json.Decoder(_PassAnswer)
_refusal_decoder = msgspec.json.Decoder(_RefusalAnswer)


def refusal_code(body: bytes) -> str:
    """The stable code of a refusal, "" where the body is none of ours."""
    try:
        return _refusal_decoder.decode(body).error.code[:40]
    except (msgspec.DecodeError, ValueError):
        return ""


def drawn(state: State, ticket_id: str, arrived_s: float) -> int:
    """The rank that anyone can work out once the seed is public (docs/decisions/0008-door.md)."""
    head = hashlib.sha256(b"rostra rank\0" + state.seed + ticket_id.encode()).digest()[:4]
    late = arrived_s - state.opened_at_s
    cohort = 0 if late < 0 else 1 + int(late // state.cohort_s)
    return cohort << 32 | int.from_bytes(head, "big")


class Household:
    """A person's ticket and pass. `asking`: a tab asks at the door right now, others do not.

    `waited`: the line (or a full house, or the hour) made this person wait. `ever`: had a pass.
    """

    __slots__ = (
        "_admitted",
        "_arrived_s",
        "_beat_at",
        "_doubted_at",
        "_failures",
        "_hastened",
        "_hold_at",
        "_nonce_used",
        "_rank",
        "_renew_at",
        "_ticket_id",
        "_until",
        "asking",
        "counted",
        "ever",
        "expires_at",
        "inside",
        "joined",
        "nonce",
        "pass_token",
        "proof",
        "puzzle",
        "tabs_open",
        "ticket",
        "waited",
    )

    def __init__(self, tabs: int = 1) -> None:
        self.tabs_open = tabs
        self.asking = self.ever = self.waited = False
        self.inside = self.counted = self.joined = False  # as they were counted
        self.ticket = self.pass_token = self.nonce = ""
        self.puzzle = b""  # a refusal that holds a challenge: to be solved by whoever drives us
        self.proof = ""  # its solution, to be shown with the next request for a ticket
        self.expires_at = -_NEVER
        self._admitted = self._hastened = False
        self._ticket_id, self._nonce_used = "", ""
        self._rank: int | None = None
        self._arrived_s = 0.0
        self._beat_at = self._until = self._hold_at = -_NEVER
        self._renew_at = self._doubted_at = -_NEVER
        self._failures = 0

    def good(self, now: float) -> bool:
        """Whether there is a pass that still holds."""
        return self.expires_at > now

    def turn(self, state: State) -> bool:
        """Whether the ticket's turn has come."""
        if not self.ticket or not state.has_door or state.phase == "scheduled":
            return False
        if state.open_door or self._admitted:
            return True
        return self._rank is not None and self._rank <= state.admitted_rank

    def learn(self, state: State, now: float, chance: Chance) -> None:
        """A newer state came. Who has no rank yet draws it, and tells that they are there."""
        if not state.seed or not self._ticket_id or self._rank is not None or self._admitted:
            return
        if not self._hastened:
            self._hastened = True
            self._beat_at = min(self._beat_at, now + chance.random() * state.haste_s)
        self._rank = drawn(state, self._ticket_id, self._arrived_s)

    def errand(self, state: State, now: float) -> tuple[Intent, float] | None:
        """What is to be asked at the door next, and when; None while nothing is."""
        if not state.has_door:
            return None
        hold_at = self._hold_at
        if self.expires_at > now:
            return Intent.RENEW, max(self._renew_at, hold_at)
        if not self.ticket or self._until <= now:
            return Intent.TICKET, hold_at
        if self.turn(state):
            return Intent.PASS, hold_at
        self.waited = True
        return Intent.TICKET, max(self._beat_at, hold_at)

    def credentials(self, act: Intent) -> tuple[str, str]:
        """(bearer, nonce) of a request at the door."""
        if act is not Intent.RENEW:
            return self.ticket, ""
        return self.pass_token, self.nonce if self.nonce != self._nonce_used else ""

    def puzzled(self, refusal: bytes, now: float) -> None:
        """The door wants a challenge solved before it gives a ticket."""
        self.puzzle, self.proof = refusal, ""
        self._hold_at = now + _PUZZLED_S

    def solved(self, proof: str, now: float) -> None:
        """It is ("" where it could not be): now the ticket is asked for again."""
        self.puzzle, self.proof = b"", proof
        self._hold_at = now

    def heard(self, act: Intent, body: bytes, asked: float, state: State, chance: Chance) -> bool:
        """The door's good answer to what was `asked` then; False where it cannot be read."""
        try:
            if act is Intent.TICKET:
                self._heard_ticket(_ticket_decoder.decode(body), asked, state, chance)
            else:
                self._heard_pass(act, _pass_decoder.decode(body), asked, chance)
        except (msgspec.DecodeError, ValueError):
            self.refused(act, "", None, asked, chance)
            return False
        self._failures = 0
        return True

    def _heard_ticket(self, told: _TicketAnswer, at: float, state: State, chance: Chance) -> None:
        kept_s = unix_s(told.kept_until) - state.now_s
        if told.id != self._ticket_id:
            self._rank, self._hastened = None, False
        self.ticket, self._ticket_id = told.ticket, told.id
        self.proof = ""
        self._arrived_s = unix_s(told.arrived)
        self._admitted = told.admitted
        if told.rank is not None:
            self._rank = told.rank
        elif state.seed and told.lane is None and self._rank is None:
            self._rank = drawn(state, told.id, self._arrived_s)
        self._until = at + max(kept_s, 60.0)
        self._beat_at = at + spread_s(max(1.0, told.beat_s), chance)

    def _heard_pass(self, act: Intent, told: _PassAnswer, at: float, chance: Chance) -> None:
        if act is Intent.RENEW and self.nonce != self._nonce_used:
            self._nonce_used = self.nonce
        self.pass_token = told.token
        self._renew_at = at + told.renew_s * (0.9 + 0.2 * chance.random())
        self.expires_at = at + told.expires_s
        self._hold_at = at + 1.0
        self.ever = True

    def refused(
        self, act: Intent, code: str, retry_after_s: float | None, now: float, chance: Chance
    ) -> None:
        """The door said no (`code`), or nothing."""
        wait_s = backoff_s(self._failures, chance, 1.0, 30.0)
        self._hold_at = now + max(wait_s, obeyed_s(retry_after_s, chance))
        if act is Intent.RENEW and code.startswith("pass_"):
            self.expires_at, self.pass_token = -_NEVER, ""
        if code.startswith("ticket_"):
            self.ticket, self._ticket_id, self._rank = "", "", None
            self._admitted = False
        if code in {"no_place_free", "not_your_turn", "doors_closed"}:
            self.waited = True
        self._failures = 0 if code == "no_place_free" else self._failures + 1

    def doubt(self, now: float) -> bool:
        """Media were refused: whether a renewal shall tell now if the pass still holds."""
        if not self.good(now) or now - self._doubted_at < _DOUBT_S:
            return False
        self._doubted_at = self._renew_at = now
        return True

    def online(self, now: float, chance: Chance) -> None:
        """The network is there again: not all ask in the same moment."""
        self._hold_at = max(self._hold_at, now + 2.0 * chance.random())
