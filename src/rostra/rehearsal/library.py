"""What listeners read out of bytes, read once for each distinct bytes and shared by all of them."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

import msgspec

from rostra.rehearsal.hls import Playlist, read_playlist

_NONCE_MARK = b"\x03rostra.nonce\0"  # UTF-8, the TXXX frame's name (docs/decisions/0008-door.md)
_ASSET = re.compile(rb'(?:href|src)="(/assets/[A-Za-z0-9._-]{1,128})"')
# The page loads the player by name when the event is near.
_ENGINE = re.compile(rb"hls\.light-[A-Za-z0-9_-]{1,64}\.js")
_KEPT = {"lists": 16, "states": 16, "media": 4096, "pages": 8}
_DRAWN_S = 2_000  # beats a second that all pages together send (web/src/audience/errand.ts)
_BEST, _SAVING = ("aac", "opus", "eco"), ("eco", "aac", "opus")


class _Door(msgspec.Struct):
    admission: str = "passes"
    seed: str | None = None
    opened_at: str | None = None
    cohort_s: float = 10
    admitted_rank: int = -1
    waiting: int = 0
    beat_s: float = 30
    poll_s: float = 10


class _Audience(msgspec.Struct):
    connected: int = 0
    waiting: int = 0


class _Offered(msgspec.Struct):
    rung: int
    rendition: str
    url: str


class _Links(msgspec.Struct):
    playlists: tuple[_Offered, ...] = ()


class _Said(msgspec.Struct):
    phase: str
    now: str
    start: str
    rung: int = 0
    poll_s: float = 5
    audience: _Audience = msgspec.field(default_factory=_Audience)
    door: _Door | None = None
    links: _Links = msgspec.field(default_factory=_Links)


class State(msgspec.Struct, frozen=True):
    """What a listener needs of state.json. `best`, `saving`: (path, rung) of the playlist to play,
    ("", 0) where there is none."""

    phase: str
    now_s: float  # Unix
    start_in_s: float
    rung: int
    poll_s: float
    has_door: bool
    open_door: bool  # nobody needs a pass
    admitted_rank: int
    seed: bytes
    opened_at_s: float
    cohort_s: float
    line_poll_s: float
    haste_s: float
    best: tuple[str, int]
    saving: tuple[str, int]


def unix_s(text: str) -> float:
    """Unix seconds of an RFC 3339 time. ValueError if it is none."""
    return datetime.fromisoformat(text).timestamp()


def choose(offered: tuple[_Offered, ...], rung: int, saving: bool) -> tuple[str, int]:
    """The playlist (path, rung) nearest to `rung`, rather higher (web/src/audience/choice.ts).

    AAC before Opus: every browser plays it, and it is the larger of the two.
    """
    order = _SAVING if saving else _BEST
    playable = [row for row in offered if row.rendition in order]
    if not playable:
        return "", 0
    found = min(
        playable,
        key=lambda row: (
            abs(row.rung - rung) + (0.5 if row.rung < rung <= 3 else 0.0),
            order.index(row.rendition),
        ),
    )
    return found.url, found.rung


def read_state(body: bytes) -> State | None:
    """The state in `body`, or None where it is none."""
    try:
        said = msgspec.json.decode(body, type=_Said)
        now_s = unix_s(said.now)
        start_in_s = unix_s(said.start) - now_s
        door = said.door or _Door(admission="open")
        opened_at_s = unix_s(door.opened_at) if door.opened_at else 0.0
        seed = bytes.fromhex(door.seed or "") if door.opened_at else b""
    except (msgspec.DecodeError, ValueError):
        return None
    live = said.phase == "live" and said.rung < 5
    offered = said.links.playlists if live else ()
    people = max(door.waiting, said.audience.waiting, said.audience.connected)
    return State(
        phase=said.phase,
        now_s=now_s,
        start_in_s=start_in_s,
        rung=said.rung,
        poll_s=said.poll_s,
        has_door=said.door is not None and said.phase in {"scheduled", "doors_open", "live"},
        open_door=door.admission == "open",
        admitted_rank=door.admitted_rank,
        seed=seed,
        opened_at_s=opened_at_s,
        cohort_s=door.cohort_s,
        line_poll_s=door.poll_s,
        haste_s=min(door.beat_s, max(1.0, people / _DRAWN_S)) if people else door.beat_s,
        best=choose(offered, said.rung, False),
        saving=choose(offered, said.rung, True),
    )


def nonce_in(media: bytes) -> str:
    """The nonce in the timed ID3 before the first moof, "" if there is none."""
    at = media.find(_NONCE_MARK, 0, 1024)
    if at < 0:
        return ""
    at += len(_NONCE_MARK)
    end = media.find(b"\0", at, at + 128)
    raw = media[at : end if end >= 0 else at]
    return raw.decode("ascii", "replace")


class Library:
    """One a process. All that is kept is bounded; the oldest goes."""

    __slots__ = ("_lists", "_media", "_pages", "_states")

    def __init__(self) -> None:
        self._lists: dict[str, dict[bytes, Playlist | None]] = {}
        self._states: dict[bytes, State | None] = {}
        self._media: dict[str, str] = {}
        self._pages: dict[bytes, tuple[str, ...]] = {}

    def playlist(self, path: str, body: bytes) -> Playlist | None:
        """The playlist that was answered at `path` (without a query)."""
        known = self._lists.get(path)
        if known is None:
            known = self._lists[path] = {}
            _bound(self._lists, _KEPT["lists"])
        try:
            return known[body]
        except KeyError:
            found = known[body] = read_playlist(body, path)
            _bound(known, _KEPT["lists"])
            return found

    def state(self, body: bytes) -> State | None:
        """What state.json says."""
        try:
            return self._states[body]
        except KeyError:
            found = self._states[body] = read_state(body)
            _bound(self._states, _KEPT["states"])
            return found

    def nonce(self, path: str, body: bytes) -> str:
        """The nonce that the media at `path` carry; `body` counts the first time only."""
        try:
            return self._media[path]
        except KeyError:
            found = nonce_in(body) if body else ""
            if body:
                self._media[path] = found
                _bound(self._media, _KEPT["media"])
            return found

    def knows(self, path: str) -> bool:
        """Whether the body of the media at `path` need not be given again."""
        return path in self._media

    def assets(self, page_body: bytes) -> tuple[str, ...]:
        """Paths that a page loads with itself, in its order."""
        try:
            return self._pages[page_body]
        except KeyError:
            found = tuple(dict.fromkeys(path.decode() for path in _ASSET.findall(page_body)))
            self._pages[page_body] = found
            _bound(self._pages, _KEPT["pages"])
            return found

    def engine(self, path: str, script: bytes) -> str:
        """The path of the player that a page's script at `path` will load, "" if it names none."""
        if path not in self._media and script:
            found = _ENGINE.search(script)
            folder = path[: path.rfind("/") + 1]
            self._media[path] = folder + found[0].decode() if found else ""
            _bound(self._media, _KEPT["media"])
        return self._media.get(path, "")


def _bound(kept: dict[Any, Any], most: int) -> None:
    while len(kept) > most:
        del kept[next(iter(kept))]
