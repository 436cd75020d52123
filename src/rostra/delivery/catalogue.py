"""The catalogue: every target of the audience port and the answer that is prepared for it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from rostra.delivery.decoys import Decoys
from rostra.delivery.pages import render_event, render_index
from rostra.delivery.prepared import (
    Document,
    Prepared,
    http_date,
    preflight,
    refusal_document,
)
from rostra.delivery.refused import CLOSING, EVENT_UNKNOWN, NO_REHEARSAL, NOT_FOUND
from rostra.delivery.site import PageFile, asset_document, html_document, text_document
from rostra.delivery.state import AFTER, EventState, Known
from rostra.delivery.stored import StoredDocuments
from rostra.delivery.strain import Strain
from rostra.delivery.targets import EVENT_ID, Target
from rostra.delivery.window import Answer, LiveWindow, Release, Stored, Wait, stored_document
from rostra.ground.facts import (
    AnyFact,
    AudienceCounted,
    CheckpointSigned,
    DoorMoved,
    DoorSet,
    Event,
    EventChanged,
    MediaSealed,
    Phase,
    PlaylistRendered,
    PlaylistsOffered,
    RehearsalSet,
    ReplayPromised,
    ReplaySealed,
    SeatsChanged,
)
from rostra.ground.refusals import Refusal

CONSENT_PATH = "/.well-known/rostra-rehearsal"
_ROUTE = re.compile(rf"/e/({EVENT_ID.pattern})(?:/(.*))?", re.ASCII)
# Page and list carry the state, whose clock must not be old: they are rendered anew after this.
_PAGE_KEEP_S = 10.0
_DATED_MOST = 4096  # refusals kept prepared for this second
_HOT_MOST = 65_536  # targets the fast path remembers; then it starts anew


class _Entry:
    """All there is of one event."""

    def __init__(self, event_id: str) -> None:
        self.window = LiveWindow(event_id)
        self.state: EventState | None = None  # until control has told of the event
        self.known = Known()
        self.state_document: Document | None = None
        self.page_body: tuple[bytes, float] | None = None
        self.calendar_body: bytes | None = None
        self.documents: dict[str, Document] = {}  # page and calendar, dated within the second

    @property
    def over(self) -> bool:
        """Whether what plays now is the replay, which is everyone's."""
        return self.state is not None and self.state.event.phase in AFTER


class Catalogue:
    """What can be asked for, and what is answered.

    `files`: pages by path relative to the build's root. `calendar(event, page_url)`: the calendar
    file. `hot[accepts_gzip]` maps raw targets to prepared answers and `waits` to places to wait:
    the fast path looks there and nowhere else. Whatever changes takes its targets out of them.
    `admission`: "passes" if an event's media need one until it is over, or "open". `strain`: how
    busy the edge is.
    """

    def __init__(
        self,
        files: Mapping[str, PageFile],
        public_url: str,
        calendar: Callable[[Event, str], bytes],
        stored: StoredDocuments,
        admission: str = "passes",
        decoys: Decoys | None = None,
    ) -> None:
        self.decoys = decoys or Decoys(b"")
        self.strain = Strain()
        self._admission = admission
        self._files = files
        self._public_url = public_url.rstrip("/")
        self._calendar = calendar
        self.stored = stored
        self._entries: dict[str, _Entry] = {}
        self._consents: dict[str, RehearsalSet] = {}  # by run
        self._index_body: tuple[bytes, float] | None = None
        self._documents: dict[str, Document] = {}  # dated within the second
        self.hot: tuple[dict[bytes, Prepared], dict[bytes, Prepared]] = ({}, {})
        self.waits: dict[bytes, Wait] = {}
        self._fleeting: list[bytes] = []  # hot targets that last for this second
        self._by_playlist: dict[tuple[str, str], list[bytes]] = {}

    # --- facts ----------------------------------------------------------------------------

    def handle(self, fact: AnyFact, now: float, wall_ms: int) -> list[Release]:
        """Take a fact; says whom it releases. Facts that are not for edges are ignored."""
        match fact:
            case EventChanged() if fact.event.rehearsal and fact.event.phase is Phase.CANCELLED:
                return self._forget(fact.event.event_id)
            case RehearsalSet():
                self._consents.pop(fact.run, None)
                if fact.consent:
                    self._consents[fact.run] = fact
            case EventChanged():
                entry = self._entry(fact.event.event_id)
                entry.state = EventState(fact.event, entry.known, self._admission)
                self._outdate(fact.event.event_id)
            case PlaylistRendered():
                self._forget_playlist(fact.event_id, fact.path)
                window = self._entry(fact.event_id).window
                return self._freed(window.rendered(fact, http_date(wall_ms / 1000)))
            case MediaSealed():
                window = self._entry(fact.event_id).window
                return self._freed(window.sealed(fact, now, http_date(wall_ms / 1000)))
            case SeatsChanged():
                self._entry(fact.event_id).known.seats = fact.seats
            case AudienceCounted():
                self._entry(fact.event_id).known.counted = fact
            case DoorSet():
                self._entry(fact.event_id).known.door = fact
            case DoorMoved():
                self._entry(fact.event_id).known.moved = fact
            case ReplayPromised():
                self._entry(fact.event_id).known.promised = fact
            case CheckpointSigned():
                self._entry(fact.event_id).known.checkpoint = fact.note
            case PlaylistsOffered():
                self._entry(fact.event_id).known.offered = fact
                self._outdate(fact.event_id)
            case ReplaySealed():
                self._entry(fact.event_id).known.replay_sealed = True
                self.stored.forget_playlists(fact.event_id)
                self._outdate(fact.event_id)
            case _:
                pass
        return []

    def _forget(self, event_id: str) -> list[Release]:
        """The rehearsal is over: nothing is left of its event."""
        entry = self._entries.pop(event_id, None)
        for run in [run for run, one in self._consents.items() if one.event_id == event_id]:
            del self._consents[run]
        for remembered in (*self.hot, self._by_playlist):
            remembered.clear()
        self._fleeting.clear()
        self._index_body = None
        return self._freed(entry.window.abandon(EVENT_UNKNOWN)) if entry else []

    def _entry(self, event_id: str) -> _Entry:
        entry = self._entries.get(event_id)
        if entry is None:
            entry = self._entries[event_id] = _Entry(event_id)
        return entry

    def _outdate(self, event_id: str) -> None:
        """Page, calendar and list are rendered anew on the next request; state within a second."""
        entry = self._entry(event_id)
        entry.page_body = None
        entry.calendar_body = None
        self._index_body = None

    def _forget_playlist(self, event_id: str, path: str) -> None:
        for target in self._by_playlist.pop((event_id, path), ()):
            self.hot[0].pop(target, None)
            self.hot[1].pop(target, None)

    def _freed(self, releases: list[Release]) -> list[Release]:
        for release in releases:
            for target in release.wait.targets:
                self.waits.pop(target, None)
        return releases

    # --- time -----------------------------------------------------------------------------

    def second_passed(self, now: float) -> list[Release]:
        """Once a second: forget what was dated to the last one, drop old media, end vain waits."""
        for target in self._fleeting:
            self.hot[0].pop(target, None)
            self.hot[1].pop(target, None)
        self._fleeting.clear()
        self._documents.clear()
        self.stored.second_passed()
        released: list[Release] = []
        for event_id, entry in self._entries.items():
            entry.state_document = None
            entry.documents.clear()
            freed, dropped = entry.window.expire(now)
            released += freed
            for path in dropped:
                target = f"/e/{event_id}/{path}".encode()
                self.hot[0].pop(target, None)
                self.hot[1].pop(target, None)
        return self._freed(released)

    def abandon(self) -> list[Release]:
        """Free everyone who waits: the edge closes."""
        released = [
            release for entry in self._entries.values() for release in entry.window.abandon(CLOSING)
        ]
        return self._freed(released)

    # --- requests -------------------------------------------------------------------------

    def knows(self, event_id: str) -> bool:
        """Whether control has told of this event."""
        entry = self._entries.get(event_id)
        return entry is not None and entry.state is not None

    def name_of(self, event_id: str) -> str:
        """The very string that stands for this event in `Prepared.heard`."""
        return self._entries[event_id].window.event_id

    def playing(self, path: str) -> tuple[str, bool] | None:
        """The event whose sound a decoded path asks for, and whether that needs a pass.

        None where nothing plays, or nothing yet (a replay before the end). The event's id is
        the very string of `Prepared.heard` and `Wait.event_id`.
        """
        route = _ROUTE.fullmatch(path)
        entry = self._entries.get(route[1]) if route else None
        if route is None or entry is None:
            return None
        free = entry.over or self._admission == "open"
        kind = (route[2] or "").partition("/")[0]
        if kind == "replay":
            return (entry.window.event_id, False) if free else None
        return (entry.window.event_id, not free) if kind in {"live", "rewind", "media"} else None

    def find(
        self, raw: bytes, target: Target, accepts_gzip: bool, now: float, wall_ms: int
    ) -> Answer:
        """The answer to a target; remembers it for the fast path where that is safe.

        `target` is `raw` as `read_target` read it. Remembered are only targets in origin-form that
        were read without decoding or ignoring anything, so nobody can fill the memory with
        invented queries. Whether the client may have it, `playing` says.
        """
        answer = self.answer(target.path, target.query, now, wall_ms)
        plain = raw.decode("latin-1") == target.path + (f"?{target.query}" if target.query else "")
        playlist_query = target.query.startswith("_HLS_") and len(raw) <= 200
        if plain and (not target.query or playlist_query) and target.query.count("&") <= 2:
            self._remember(raw, target.path, answer, accepts_gzip)
        return answer

    def _remember(self, raw: bytes, path: str, answer: Answer, accepts_gzip: bool) -> None:
        hot = self.hot[accepts_gzip]
        if isinstance(answer, Wait):
            if raw not in self.waits and len(self.waits) < _HOT_MOST:
                self.waits[raw] = answer
                answer.targets.append(raw)
        elif isinstance(answer, Document) and answer.status == 200:
            known = raw in hot
            if len(hot) >= _HOT_MOST and not known:
                for remembered in (*self.hot, self._by_playlist):
                    remembered.clear()
                self._fleeting.clear()
            hot[raw] = answer.prepared(accepts_gzip)
            if known:
                return
            route = _ROUTE.fullmatch(path)
            event_id, rest = (route[1], route[2] or "") if route else ("", "")
            window = self._entries[event_id].window if event_id else None
            if window is not None and window.has_playlist(rest):
                self._by_playlist.setdefault((event_id, rest), []).append(raw)
            elif window is None or not window.has_media(rest):
                self._fleeting.append(raw)

    def answer(self, path: str, query: str, now: float, wall_ms: int) -> Answer:
        """The answer to a decoded path and its raw query."""
        route = _ROUTE.fullmatch(path)
        if route:
            entry = self._entries.get(route[1])
            if entry is None:
                return EVENT_UNKNOWN if route[2] else self._lost(EVENT_UNKNOWN, wall_ms)
            return self._event_answer(entry, route[2] or "", query, now, wall_ms)
        document = self._documents.get(path)
        if document is None:
            made = self._make(path, now, wall_ms)
            if isinstance(made, Refusal):
                page_like = "." not in path.rpartition("/")[2]
                return self._lost(made, wall_ms) if page_like else made
            document = self._documents[path] = made
        return document

    def _event_answer(
        self, entry: _Entry, rest: str, query: str, now: float, wall_ms: int
    ) -> Answer:
        date, state = http_date(wall_ms / 1000), entry.state
        if state is None or rest not in {"", "state.json", "calendar.ics"}:
            return entry.window.answer(rest, query, now)
        if rest == "state.json":
            if entry.state_document is None:
                entry.state_document = Document(
                    state.render(wall_ms, self.strain),
                    "application/json",
                    kind="state",
                    cache="public, max-age=1",
                    date=date,
                    compressible=True,
                )
            return entry.state_document
        document = entry.documents.get(rest)
        if document is None:
            if rest == "calendar.ics":
                document = self._calendar_document(entry, state.event, date)
            else:
                document = self._page(entry, state, now, wall_ms)
            entry.documents[rest] = document
        return document

    def _calendar_document(self, entry: _Entry, event: Event, date: str) -> Document:
        if entry.calendar_body is None:
            entry.calendar_body = self._calendar(event, f"{self._public_url}/e/{event.event_id}")
        return Document(
            entry.calendar_body,
            "text/calendar; charset=utf-8",
            kind="page",
            cache="public, max-age=60",
            date=date,
            tagged=True,
            compressible=True,
            extra=f'Content-Disposition: inline; filename="{event.event_id}.ics"\r\n',
        )

    def _page(self, entry: _Entry, state: EventState, now: float, wall_ms: int) -> Document:
        if entry.page_body is None or now - entry.page_body[1] >= _PAGE_KEEP_S:
            shell = self._shell("event.html")
            decoy = self.decoys.link(state.event.event_id, state.event.language, wall_ms)
            entry.page_body = (render_event(shell, state, self._public_url, wall_ms, decoy), now)
        return html_document(entry.page_body[0], http_date(wall_ms / 1000))

    def _shell(self, name: str) -> str | None:
        file = self._files.get(name)
        return None if file is None else file.body.decode()

    def _make(self, path: str, now: float, wall_ms: int) -> Document | Refusal:
        date = http_date(wall_ms / 1000)
        if path == "/":
            if self._index_body is None or now - self._index_body[1] >= _PAGE_KEEP_S:
                states = [
                    entry.state
                    for entry in self._entries.values()
                    if entry.state and not entry.state.event.rehearsal
                ]
                self._index_body = (render_index(self._shell("index.html"), states, wall_ms), now)
            return html_document(self._index_body[0], date)
        if path == CONSENT_PATH:
            consents = [fact.consent for fact in self._consents.values() if fact.until_ms > wall_ms]
            if not consents:
                return NO_REHEARSAL
            body = b'{"consents":[' + b",".join(consents) + b"]}"
            return Document(body, "application/json", kind="page", cache="no-store", date=date)
        if path == "/robots.txt":
            return text_document(self.decoys.robots(wall_ms), "public, max-age=3600", date)
        if path == "/healthz":
            return text_document(b"ok\n", "no-store", date)
        if path == "/count" and (file := self._files.get("count.html")) is not None:
            return html_document(file.body, date)
        return asset_document(self._files, path, date)

    def _lost(self, refusal: Refusal, wall_ms: int) -> Answer:
        """A refusal; people see the page for it where one was built."""
        file = self._files.get("404.html")
        if file is None:
            return refusal
        document = self._documents.get(f"!{refusal.code}")
        if document is None:
            document = self._documents[f"!{refusal.code}"] = html_document(
                file.body, http_date(wall_ms / 1000), refusal
            )
        return document

    def refusal(self, refusal: Refusal, wall_ms: int, extra: str = "", number: int = 0) -> Document:
        """The prepared answer to a refusal.

        `number`: tells one who is refused from another, so that they do not come back together.
        """
        wait_s = self.strain.retry_after_s(number)
        key = f"!{refusal.code}!{wait_s}!{extra}"
        document = self._documents.get(key)
        if document is None:
            document = refusal_document(refusal, http_date(wall_ms / 1000), extra, wait_s)
            if len(self._documents) < _DATED_MOST:
                self._documents[key] = document
        return document

    def preflight(self, door: bool, wall_ms: int) -> Document:
        """The prepared answer to OPTIONS; `door`: for a target that takes POST."""
        key = f"!options!{door}"
        document = self._documents.get(key)
        if document is None:
            document = self._documents[key] = preflight(http_date(wall_ms / 1000), door)
        return document

    def recall(self, stored: Stored) -> Document | Refusal | None:
        """What is known of a file without reading it, or None."""
        return NOT_FOUND if self.stored.known_missing(stored) else self.stored.get(stored)

    def store(self, stored: Stored, body: bytes | None, wall_ms: int) -> Document | Refusal:
        """What was read from disk (None: there is nothing), as an answer."""
        if body is None:
            self.stored.missed(stored)
            return NOT_FOUND
        document = stored_document(stored, body, http_date(wall_ms / 1000))
        self.stored.put(stored, document)
        return document
