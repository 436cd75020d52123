"""A virtual listener: one tab with the page's law, the player's, and a buffer.

One connection, one request at a time. `now`, and every time here, is in seconds from the run's zero
(as `Person.at_s`), monotonic; wall time is now + `wall_s`.
"""

from __future__ import annotations

from rostra.rehearsal.asks import Ask, Intent
from rostra.rehearsal.experience import Experience
from rostra.rehearsal.household import PUZZLES, Household, refusal_code
from rostra.rehearsal.law import Chance, backoff_s, obeyed_s, spread_s
from rostra.rehearsal.library import Library, State
from rostra.rehearsal.orders import Person
from rostra.rehearsal.player import Player

__all__ = ["Ask", "Household", "Intent", "Library", "Listener"]

_NEVER = float("inf")
_OTHER_TAB_S = 0.5
_PAGE, _ASSETS, _THERE = range(3)
_DOOR = frozenset({Intent.TICKET, Intent.PASS, Intent.RENEW})
_MEDIA = frozenset({Intent.PLAYLIST, Intent.PART, Intent.SEGMENT, Intent.INIT})
_NO_FAILURE = frozenset({"no_place_free"})  # a full house is none: the door answers


class Listener:
    """One tab of `person`; `tab` 0 stands for the person in counts of people.

    Call `wake` when `due` has come, send what it returns, and tell how it went with `answered` or
    `lost`; while a request is under way `due` is infinite. `cut`: the network is gone for a while:
    the connection is to be closed (whoever closes it sets it back). `gone`: it is over.
    """

    __slots__ = (
        "_ask",
        "_asked_at",
        "_assets",
        "_base",
        "_came",
        "_chance",
        "_cut_at",
        "_experience",
        "_failures",
        "_leave_at",
        "_library",
        "_offline_until",
        "_other_at",
        "_page_at",
        "_patience_at",
        "_player",
        "_shared",
        "_stage",
        "_state",
        "_state_at",
        "_tab",
        "cut",
        "due",
        "gone",
        "person",
    )

    def __init__(
        self,
        person: Person,
        tab: int,
        shared: Household,
        page: str,
        library: Library,
        experience: Experience,
        chance: Chance,
        wall_s: float,
    ) -> None:
        self.person, self._tab, self._shared, self._base = person, tab, shared, page
        self._library, self._experience, self._chance = library, experience, chance
        self.due = person.at_s
        self.gone = self.cut = self._came = False
        self._ask: Ask | None = None
        self._asked_at = 0.0
        self._stage = _PAGE
        self._assets: tuple[str, ...] = ()
        self._failures = 0  # of the page, then of the state
        self._page_at = person.at_s
        self._leave_at = person.at_s + person.stay_s
        patience_s = person.patience_s
        self._patience_at = _NEVER if patience_s is None else person.at_s + patience_s
        drop_s = person.drop_after_s
        self._cut_at = _NEVER if drop_s is None else person.at_s + drop_s
        self._offline_until = -_NEVER
        self._other_at = -_NEVER  # until then nothing but media is due
        self._state: State | None = None
        self._state_at = -_NEVER
        self._player = Player(
            person.at_s, person.economy, tab, shared, library, experience, chance, wall_s
        )

    # --- from outside -------------------------------------------------------------------------

    def wake(self, now: float) -> Ask | None:
        """What to send now, if anything; `due` says when to call again."""
        if self._ask is not None or self.gone:
            return None
        return self._next(now)

    def take_puzzle(self) -> bytes:
        """What is to be solved for this person, once; nothing else goes on without it."""
        puzzle, self._shared.puzzle = self._shared.puzzle, b""
        return puzzle

    def solved(self, proof: str, now: float) -> None:
        """It was."""
        self._shared.solved(proof, now)
        if self._ask is None and not self.gone:
            self.due = now

    def leave(self, now: float) -> Ask | None:
        """This person goes, now or when the request under way is over."""
        if self.gone:
            return None
        self._leave_at = self._other_at = min(now, self._leave_at)
        return self._next(now) if self._ask is None else None

    def answered(
        self, status: int, retry_after_s: float | None, body: bytes, size: int, now: float
    ) -> Ask | None:
        """The whole answer is there; what to send next. `body` may be empty where it is known."""
        ask = self._ask
        if ask is None or self.gone:
            return None
        self._ask = None
        intent = ask.intent
        self._experience.answered((now - self._asked_at) * 1000.0, ask.held, size)
        if now < self._offline_until:
            return self._next(now)
        if status == 200 and intent in _MEDIA:
            self._player.answered(ask, body, now)
            if now < self._other_at:
                return self._play(now)
        elif intent in _DOOR:
            self._shared.asking = False
            self._door(intent, status, retry_after_s, body, now)
        elif 200 <= status < 300:
            self._good(ask, body, now)
        elif intent is Intent.LEAVE:
            self.gone = True
        else:
            self._experience.failed(f"status_{status}")
            self._failed(intent, status, retry_after_s, False, now)
        return None if self.gone else self._next(now)

    def lost(self, code: str, now: float) -> None:
        """The connection failed under way. `code`: refused, reset, timeout, no_socket, …"""
        ask = self._ask
        if ask is None or self.gone:
            return
        self._ask = None
        self._experience.failed(code)
        if ask.intent in _DOOR:
            self._shared.asking = False
            self._shared.refused(ask.intent, "", None, now, self._chance)
        elif ask.intent is Intent.LEAVE:
            self.gone = True
            return
        else:
            self._failed(ask.intent, 0, None, code == "timeout", now)
        self.due = now  # `wake` finds out what is next, and when

    # --- what is next -------------------------------------------------------------------------

    def _send(
        self, now: float, method: str, path: str, intent: Intent, bearer: str = "", nonce: str = ""
    ) -> Ask:
        new = intent is Intent.TICKET
        proof = self._shared.proof if new else ""
        ask = Ask(method, path, bearer, nonce, intent, False, new, proof)
        self._ask, self._asked_at, self.due = ask, now, _NEVER
        self._experience.asked(intent)
        return ask

    def _next(self, now: float) -> Ask | None:
        person = self.person
        if now < person.at_s:
            self.due = person.at_s
            if now >= self._leave_at:  # it is over before they came
                self.gone, self.due = True, _NEVER
            return None
        if not self._came:
            self._came = True
            if self._tab == 0:
                self._experience.came()
        if now >= self._cut_at:
            self._lose_network(now)
        if now >= self._leave_at:
            return self._goodbye(now)
        if now < self._offline_until:
            self.due = min(self._offline_until, self._leave_at)
            return None
        if now >= self._patience_at:
            if not self._shared.ever:
                self._leave_at = now
                return self._goodbye(now)
            self._patience_at = _NEVER
        if self._stage != _THERE:
            return self._load(now)
        if now >= self._state_at:
            return self._send(now, "GET", f"{self._base}/state.json", Intent.STATE)
        state = self._state
        if state is not None:
            errand = self._shared.errand(state, now)
            if errand is not None and errand[1] <= now and not self._shared.asking:
                act = errand[0]
                bearer, nonce = self._shared.credentials(act)
                self._shared.asking = True
                what = "ticket" if act is Intent.TICKET else "pass"
                return self._send(now, "POST", f"{self._base}/{what}", act, bearer, nonce)
        self._plan(now)
        return self._play(now)

    def _play(self, now: float) -> Ask | None:
        player = self._player
        if player.source:
            ask = player.ask(now)
            if ask is not None:
                self._ask, self._asked_at, self.due = ask, now, _NEVER
                return ask
            self.due = min(player.due, self._other_at)
        else:
            self.due = self._other_at
        return None

    def _plan(self, now: float) -> None:
        """When anything but media is due."""
        at = min(self._state_at, self._leave_at, self._cut_at, self._patience_at)
        if self._stage != _THERE:
            at = min(self._page_at, at)
        elif self._state is not None:
            errand = self._shared.errand(self._state, now)
            if errand is not None:
                at = min(at, max(errand[1], now + 0.05) if self._shared.asking else errand[1])
            if self.person.tabs > 1 and not self._shared.good(now):
                at = min(at, now + _OTHER_TAB_S)  # another tab may get the pass
        self._other_at = at

    def _load(self, now: float) -> Ask | None:
        """The page, then what it loads with itself."""
        if now < self._page_at:
            self.due = min(self._page_at, self._leave_at, self._cut_at, self._patience_at)
            return None
        if self._stage == _PAGE:
            return self._send(now, "GET", self._base, Intent.PAGE)
        return self._send(now, "GET", self._assets[0], Intent.ASSET)

    def _goodbye(self, now: float) -> Ask | None:
        shared, state = self._shared, self._state
        shared.tabs_open -= 1
        told = state is not None and state.has_door and not self.person.silent
        if told and shared.tabs_open == 0 and shared.good(now) and now >= self._offline_until:
            self._end(now)
            self.gone = False  # until the goodbye is told
            return self._send(
                now, "POST", f"{self._base}/leave", Intent.LEAVE, bearer=shared.pass_token
            )
        self._end(now)
        return None

    def _end(self, now: float) -> None:
        """Nobody sits here any more."""
        self._player.silence(now)
        shared = self._shared
        if self._came and self._tab == 0:
            self._experience.left(waiting=not shared.inside, gave_up=not shared.ever)
        self.gone, self.due = True, _NEVER

    def _lose_network(self, now: float) -> None:
        self._cut_at = _NEVER
        self._offline_until = now + self.person.dropped_s
        self.cut = True
        back = self._offline_until
        self._state_at = back + self._chance.random()
        self._player.offline(back)
        self._shared.online(back, self._chance)

    # --- answers ------------------------------------------------------------------------------

    def _good(self, ask: Ask, body: bytes, now: float) -> None:
        intent = ask.intent
        if intent is Intent.STATE:
            self._learn(body, now)
            return
        if intent is Intent.LEAVE:
            self.gone = True
            return
        self._failures = 0
        if intent is Intent.PAGE:
            self._assets = self._library.assets(body)
        else:
            engine = self._library.engine(ask.path, body)
            more = (engine,) if engine and engine not in self._assets else ()
            self._assets = self._assets[1:] + more
        self._stage = _ASSETS if self._assets else _THERE

    def _failed(
        self, intent: Intent, status: int, retry_after_s: float | None, timeout: bool, now: float
    ) -> None:
        if intent in _MEDIA:
            self._player.trouble(intent, status, retry_after_s, timeout, now)
            return
        wait_s = backoff_s(self._failures, self._chance, 1.0, 30.0)
        at = now + max(wait_s, obeyed_s(retry_after_s, self._chance))
        self._failures += 1
        if intent is Intent.STATE:
            self._state_at = at
        else:
            self._page_at = at

    def _door(
        self, act: Intent, status: int, retry_after_s: float | None, body: bytes, now: float
    ) -> None:
        shared, state = self._shared, self._state
        if state is None:
            return
        if status == 200:
            if not shared.heard(act, body, self._asked_at, state, self._chance):
                self._experience.failed("unreadable")
        else:
            code = refusal_code(body)
            if code not in _NO_FAILURE:
                self._experience.failed(code or f"status_{status}")
            if code in PUZZLES:
                shared.puzzled(body, now)
            else:
                shared.refused(act, code, retry_after_s, now, self._chance)
        self._count_in(state, now)
        self._player.follow(state, now)

    def _count_in(self, state: State, now: float) -> None:
        """Whether this person waits or is inside may have changed."""
        shared = self._shared
        inside = shared.good(now) or (state.open_door and state.phase == "live")
        if inside == shared.inside:
            return
        shared.inside = inside
        if not inside:
            self._experience.put_out()
            return
        first = not shared.counted
        shared.ever = shared.counted = True
        self._experience.let_in((now - self.person.at_s) * 1000.0 if first else None)

    def _learn(self, body: bytes, now: float) -> None:
        state = self._library.state(body)
        if state is None:
            self._experience.failed("unreadable")
            self._failed(Intent.STATE, 200, None, False, now)
            return
        self._failures = 0
        shared = self._shared
        if self._state is None:
            shared.waited |= state.phase != "live"
        if self._state is None or state.now_s >= self._state.now_s:
            self._state = state
            shared.learn(state, now, self._chance)
        self._count_in(state, now)
        self._state_at = now + spread_s(self._poll_s(state, now), self._chance)
        self._player.follow(state, now)

    def _poll_s(self, state: State, now: float) -> float:
        waits = state.has_door and not state.open_door and state.phase != "scheduled"
        if waits and not self._shared.good(now):
            return state.line_poll_s
        if state.start_in_s > 0:
            return min(state.poll_s, max(2.0, state.start_in_s + 1.0))
        return state.poll_s
