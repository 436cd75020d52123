"""One who follows the player's path, page to media, as fast as they are woken.

It looks like our virtual listener, byte for byte; only its haste tells. So an attacker also learns
about a house before the attack, and asks for ticket after ticket.
"""

from __future__ import annotations

import msgspec

from rostra.rehearsal.asks import Ask, Intent
from rostra.rehearsal.household import PUZZLES, refusal_code
from rostra.rehearsal.library import Library
from rostra.rehearsal.request_head import Heads

_STATE_EACH = 20  # asks
_PARTS_KEPT = 6
_PASSED_OVER = frozenset({429, 503})  # it asks for the same again, as if nothing had been said


class _Ticket(msgspec.Struct):
    ticket: str


class _Pass(msgspec.Struct):
    token: str = msgspec.field(name="pass")


_ticket_decoder = msgspec.json.Decoder(_Ticket)
_pass_decoder = msgspec.json.Decoder(_Pass)


class Visit:
    """Ask what `ask` gives, tell `answered`, and so on. `library` is shared by all visits.

    `tickets`: it wants nothing but one ticket after another.
    """

    __slots__ = (
        "_asked",
        "_asks",
        "_heads",
        "_library",
        "_media",
        "_page",
        "_tickets",
        "_to_load",
        "assets",
        "parts",
        "pass_token",
        "playlists",
        "proof",
        "puzzle",
        "refused",
        "ticket",
    )

    def __init__(self, heads: Heads, page: str, library: Library, tickets: bool = False) -> None:
        self._heads, self._page, self._library, self._tickets = heads, page, library, tickets
        self._asked: Ask | None = None
        self._asks = 0
        self._to_load: list[str] | None = None
        self._media = 0
        self.assets: tuple[str, ...] = ()
        self.playlists: tuple[str, ...] = ()
        self.parts: tuple[str, ...] = ()
        self.ticket = self.pass_token = ""
        self.puzzle = b""  # a refusal that holds a challenge, to be solved by whoever drives us
        self.proof = ""  # its solution, for the next request for a ticket
        self.refused = ""  # the last code that the door gave instead of a ticket or pass

    def ask(self) -> bytes:
        """The next request, whole."""
        self._asks += 1
        asked = self._asked = self._next()
        return self._heads.start(asked) + self._heads.rest(asked)

    def answered(self, status: int, body: bytes) -> None:
        """The answer to it. Nothing that is said makes this one wait."""
        ask, self._asked = self._asked, None
        if ask is None or status in _PASSED_OVER:
            return
        if status == 200:
            try:
                self._learn(ask, body)
            except msgspec.DecodeError:
                self.refused = "unreadable"
        elif ask.intent is Intent.TICKET or ask.intent is Intent.PASS:
            self.refused = refusal_code(body) or f"status_{status}"
            self.puzzle = body if self.refused in PUZZLES else b""
            if ask.intent is Intent.PASS:
                self.ticket = ""
        elif ask.intent is Intent.PLAYLIST or ask.intent is Intent.PART:
            self.pass_token = ""
            self.parts = ()
        else:
            self._loaded()

    def _next(self) -> Ask:
        if self._tickets:
            return self._door("ticket", Intent.TICKET)
        if self._to_load is None:
            return self._get(self._page, Intent.PAGE)
        if self._to_load:
            return self._get(self._to_load[0], Intent.ASSET)
        if not self.playlists or self._asks % _STATE_EACH == 0:
            return self._get(f"{self._page}/state.json", Intent.STATE)
        if not self.ticket:
            return self._door("ticket", Intent.TICKET)
        if not self.pass_token:
            return self._door("pass", Intent.PASS, self.ticket)
        self._media += 1
        if self.parts and self._media % 2 == 0:
            return self._get(self.parts[-1], Intent.PART, self.pass_token)
        path = self.playlists[self._media // 2 % len(self.playlists)]
        return self._get(path, Intent.PLAYLIST, self.pass_token)

    def _get(self, path: str, intent: Intent, bearer: str = "") -> Ask:
        return Ask("GET", path, bearer, "", intent)

    def _door(self, act: str, intent: Intent, bearer: str = "") -> Ask:
        new = intent is Intent.TICKET
        proof, self.proof = self.proof, ""
        path = f"{self._page}/{act}"
        return Ask("POST", path, bearer, "", intent, rehearsal=new, proof=proof if new else "")

    def _learn(self, ask: Ask, body: bytes) -> None:
        if ask.intent is Intent.PAGE:
            self.assets = self._library.assets(body)
            self._to_load = list(self.assets)
        elif ask.intent is Intent.ASSET:
            self._loaded()
        elif ask.intent is Intent.STATE:
            state = self._library.state(body)
            offered = (state.best[0], state.saving[0]) if state else ()
            self.playlists = tuple(dict.fromkeys(path for path in offered if path))
        elif ask.intent is Intent.TICKET:
            self.ticket = _ticket_decoder.decode(body).ticket
        elif ask.intent is Intent.PASS:
            self.pass_token = _pass_decoder.decode(body).token
        elif ask.intent is Intent.PLAYLIST:
            listed = self._library.playlist(ask.path, body)
            pieces = listed.pieces[-_PARTS_KEPT:] if listed else ()
            self.parts = tuple(piece.path for piece in pieces)

    def _loaded(self) -> None:
        """A file of the page is there, or it is none; the page itself is asked for again."""
        if self._to_load:
            del self._to_load[0]
