"""The player of one tab: which playlist and pieces it asks for, and when it asks again.

Our page's law (web/src/audience/player.ts) above that of hls.js 1.7, with the settings of
web/src/audience/deck.ts. Where a browser asks for a playlist and a part at the same time, this
asks for one after the other.
"""

from __future__ import annotations

from rostra.rehearsal.asks import Ask, Intent
from rostra.rehearsal.experience import Experience
from rostra.rehearsal.hls import Playlist
from rostra.rehearsal.household import Household
from rostra.rehearsal.law import Chance, engine_retry_s, obeyed_s, player_again_s
from rostra.rehearsal.library import Library, State
from rostra.rehearsal.sound import AHEAD_MOST_S, Sound

_NEVER = float("inf")
_STUCK_S = 10.0  # without progress the page loads its player anew
_HEALTHY_S = 10.0
_TOLD_TO_WAIT = frozenset({429, 503})  # the page's law obeys them, the engine does not


class Player:
    """`ask` gives its next request; if none, it is worth asking again at `due`.

    `source`: path of the playlist that it plays, "" if none. Only the first tab (`tab` 0) counts as
    a person who joined; `at_s` is when that person came.
    """

    __slots__ = (
        "_asked_at",
        "_at_s",
        "_attempts",
        "_before",
        "_behind_s",
        "_blocks",
        "_chance",
        "_change_after",
        "_economy",
        "_edge_s",
        "_engine_s",
        "_experience",
        "_healthy_at",
        "_init",
        "_jump_from_s",
        "_library",
        "_list",
        "_list_at",
        "_moved_at",
        "_piece",
        "_played_rung",
        "_retry_at",
        "_rung",
        "_shared",
        "_sound",
        "_state",
        "_tab",
        "_tries",
        "_wall_s",
        "due",
        "source",
    )

    def __init__(
        self,
        at_s: float,
        economy: bool,
        tab: int,
        shared: Household,
        library: Library,
        experience: Experience,
        chance: Chance,
        wall_s: float,
    ) -> None:
        self._at_s, self._economy, self._tab, self._shared = at_s, economy, tab, shared
        self._library, self._experience, self._chance = library, experience, chance
        self._wall_s = wall_s
        self.due = _NEVER
        self.source = ""
        self._state: State | None = None
        self._sound = Sound()
        self._rung = self._played_rung = 0
        self._before: tuple[str, int, str] | None = None  # the source that still sounds
        self._list: Playlist | None = None
        self._list_at = self._retry_at = self._change_after = self._asked_at = -_NEVER
        self._piece = self._tries = self._attempts = 0
        self._init = ""
        self._edge_s, self._jump_from_s = -_NEVER, _NEVER
        self._blocks = False  # the next reload waits at the server for what comes
        self._healthy_at = self._moved_at = self._behind_s = 0.0
        self._engine_s = 0.3 + 1.2 * chance.random()

    def _may_play(self, now: float) -> bool:
        return self._shared.expires_at > now or (self._state is not None and self._state.open_door)

    def follow(self, state: State, now: float) -> None:
        """Play what the state offers: another rung takes over from the old one."""
        self._state, sound = state, self._sound
        path, rung = state.saving if self._economy else state.best
        if path == self.source:
            return
        if not path:
            self.source, self._list, self._before = "", None, None
            self.silence(now)
            return
        if self._before is not None and path == self._before[0]:
            self._turn_back(now)
            return
        if not self.source or sound.dry_at <= now or self._retry_at > now:
            self._before = None
            sound.restart()
        elif now >= self._change_after:
            self._before = self._before or (self.source, self._rung, self._init)
            sound.change()
        else:
            return
        self.source, self._rung, self._init = path, rung, ""
        self._list, self._tries = None, 0

    def offline(self, back: float) -> None:
        """The network is gone until `back`."""
        self._retry_at = back + player_again_s(self._attempts, self._chance)
        self._list, self._tries = None, 0

    def _turn_back(self, now: float) -> None:
        """The change did not succeed: the old source goes on, and another try comes later."""
        if self._before is None:
            return
        self.source, self._rung, self._init = self._before
        self._before, self._list, self._tries = None, None, 0
        self._sound.restart()
        self._change_after = now + 20.0 * (1 + self._chance.random())

    def ask(self, now: float) -> Ask | None:
        """The next request of the player, or None and when it comes."""
        if now < self._retry_at:
            self.due = self._retry_at
            return None
        shared = self._shared
        if shared.expires_at <= now and not self._may_play(now):
            self._list = None
            self.due = _NEVER
            return None
        listed = self._list
        if listed is None:
            return self._fetch(now, self.source, Intent.PLAYLIST, False)
        if self._piece < len(listed.pieces):
            sound = self._sound
            if sound.dry_at - now > AHEAD_MOST_S and sound.sounding:
                self.due = sound.dry_at - AHEAD_MOST_S
                return None
            piece = listed.pieces[self._piece]
            if piece.init != self._init:
                return self._fetch(now, piece.init, Intent.INIT, False)
            intent = Intent.PART if piece.is_part else Intent.SEGMENT
            return self._fetch(now, piece.path, intent, False)
        if self._before is not None:
            self._take_over(now)
        if listed.ended:
            self.silence(now)
            self.due = _NEVER
            return None
        if now < self._list_at:
            self.due = self._list_at
            return None
        if not self._blocks:
            return self._fetch(now, self.source, Intent.PLAYLIST, False)
        return self._fetch(now, listed.reload, Intent.PLAYLIST, True)

    def _fetch(self, now: float, path: str, intent: Intent, held: bool) -> Ask:
        ask = Ask("GET", path, self._shared.pass_token, "", intent, held)
        self._asked_at = now
        self._experience.asked(intent)
        return ask

    def answered(self, ask: Ask, body: bytes, now: float) -> None:
        intent = ask.intent
        if intent is Intent.PLAYLIST:
            self._listed(self._library.playlist(self.source, body), now)
            return
        self._tries = 0
        if intent is Intent.INIT:
            self._init = ask.path
            return
        listed = self._list
        if listed is None:
            return
        piece = listed.pieces[self._piece]
        self._piece += 1
        nonce = self._library.nonce(piece.path, body)
        if nonce:
            self._shared.nonce = nonce
        sound = self._sound
        was, old = sound.sounding, sound.dry_at
        sound.add(piece.start_s, piece.end_s, now)
        self._heard(was, old, now)
        self._moved_at = now
        if self._attempts and now - self._healthy_at > _HEALTHY_S:
            self._attempts = 0

    def _heard(self, was: bool, old: float, now: float) -> None:
        """Tell what the last piece changed: it began, it goes on for longer, it is elsewhere."""
        sound, experience = self._sound, self._experience
        new, behind_s = sound.dry_at, sound.behind_s(self._wall_s)
        if not was:
            if not sound.sounding:
                return
            self._played_rung, self._behind_s = self._rung, behind_s
            experience.started(new, behind_s, self._rung, now)
            shared = self._shared
            if self._tab == 0 and not shared.joined:
                shared.joined = True
                took_ms = (now - self._at_s) * 1000.0
                experience.joined(None if shared.waited else took_ms)
            return
        if new != old:
            experience.fed(old, new, now)
        change_s = behind_s - self._behind_s
        if change_s > 0.001 or change_s < -0.001:
            self._behind_s = behind_s
            experience.moved(change_s)
        if self._played_rung != self._rung and not sound.changing:
            experience.changed_rung(self._played_rung, self._rung)
            self._played_rung, self._before = self._rung, None

    def _take_over(self, now: float) -> None:
        sound = self._sound
        was, old = sound.sounding, sound.dry_at
        sound.settle(now)
        self._heard(was, old, now)
        if not sound.changing:
            self._before = None

    def silence(self, now: float) -> None:
        """Nothing more is to be heard, and nobody misses it."""
        sound = self._sound
        if sound.sounding:
            self._experience.stopped(sound.dry_at, self._behind_s, self._played_rung, now)
            self._sound = Sound()

    def _listed(self, found: Playlist | None, now: float) -> None:
        if found is None:
            self._experience.failed("unreadable")
            self.trouble(Intent.PLAYLIST, 200, None, False, now)
            return
        self._tries = 0
        last, sound = self._list, self._sound
        if found.edge_s > self._jump_from_s:
            self._jump_from_s = _NEVER
            if sound.sounding and sound.dry_at <= now:
                sound.restart()
        self._edge_s = found.edge_s
        if last is None or found.edge_s > last.edge_s or found.ended:
            sound.tune(found, now)
            self._list, self._piece = found, found.after(sound.wants_s)
            self._blocks = found.can_block
            if found.can_block:
                self._list_at = now
            else:
                wait_s = min(found.target_s, found.last_s or found.target_s)
                self._list_at = self._asked_at + wait_s
            return
        self._blocks = False
        self._list_at = self._asked_at + found.target_s / 2
        if sound.sounding and now - max(sound.dry_at, self._moved_at) > _STUCK_S:
            self._moved_at = now
            self._give_up_engine(now)

    def trouble(
        self, intent: Intent, status: int, retry_after_s: float | None, timeout: bool, now: float
    ) -> None:
        """The engine's own few retries (5xx and timeouts), then the page's law above it."""
        if status == 403:
            self._shared.doubt(now)
        if self._before is not None:
            self._turn_back(now)
            return
        most = 1 if timeout else 0
        if status >= 500 and status not in _TOLD_TO_WAIT:
            most = 2 if intent is Intent.PLAYLIST else 3
        if self._tries < most:
            self._retry_at = now + engine_retry_s(self._engine_s, self._tries)
            self._tries += 1
            return
        self._give_up_engine(now, retry_after_s)

    def _give_up_engine(self, now: float, retry_after_s: float | None = None) -> None:
        """The player waits by the page's law; after two revivals it is loaded anew.

        Unless the server only asks it to wait: then nothing is wrong with the player. Who has
        fallen silent by the time it goes on is at the live edge again, and asks for nothing that
        was missed.
        """
        wait_s = player_again_s(self._attempts, self._chance)
        self._retry_at = now + max(wait_s, obeyed_s(retry_after_s, self._chance))
        self._attempts += 1
        self._healthy_at = now
        self._list, self._tries = None, 0
        if retry_after_s is not None:
            self._jump_from_s = self._edge_s
        elif self._attempts > 2:
            self._init = ""
            self._engine_s = 0.3 + 1.2 * self._chance.random()
            self._sound.restart()
            self.source = ""
            if self._state is not None:
                self.follow(self._state, now)
