"""The live window of one event: sealed media, newest playlists, and who may wait for what."""

from __future__ import annotations

from math import ceil
from typing import Protocol

import msgspec

from rostra.delivery.prepared import IMMUTABLE, Document
from rostra.delivery.refused import MSN_TOO_FAR, NOT_FOUND, PLAYLIST_STALLED
from rostra.delivery.targets import STORED, HlsQuery, read_hls_query
from rostra.ground.facts import MediaSealed, PlaylistRendered
from rostra.ground.refusals import Refusal

PLAYLIST_TYPE = "application/vnd.apple.mpegurl"
_MEDIA_TYPES = {"m4s": "video/mp4", "mp4": "video/mp4", "m3u8": PLAYLIST_TYPE}
_MSN_AHEAD = 2  # RFC 8216bis 6.2.5.2: one further than the newest plus two is an error
_STALLED_TARGETS = 3  # ibid.: with no news for three target durations the answer is 503
_HELD_CACHE_TARGETS = 6  # RFC 8216bis 6.2.1's advice for blocking answers; half of one for others


class Waiter(Protocol):
    """One who waits; hashed by identity."""

    wait: Wait | None

    def released(self, answer: Document | Refusal) -> None:
        """Take the answer. Called at most once for each time of waiting."""


class Wait:
    """A place where requests wait for one part; all who wait get the same bytes.

    `waiters` is filled by the shell, in the order of arrival. `deadline` is monotonic seconds.
    """

    __slots__ = ("deadline", "event_id", "msn", "part", "path", "skip", "targets", "waiters")

    def __init__(
        self,
        event_id: str,
        path: str,
        deadline: float,
        msn: int = -1,
        part: int = -1,
        skip: bool = False,
    ) -> None:
        self.event_id = event_id
        self.path = path
        self.deadline = deadline
        self.msn = msn
        self.part = part
        self.skip = skip
        self.targets: list[bytes] = []  # raw targets that lead here, for the fast path
        self.waiters: dict[Waiter, None] = {}


class Stored(msgspec.Struct, frozen=True):
    """The bytes stand on disk, below the event's folder at `path`."""

    event_id: str
    path: str


class Release(msgspec.Struct, frozen=True):
    """Those who wait at `wait` are to be answered now."""

    wait: Wait
    answer: Document | Refusal


Answer = Document | Wait | Stored | Refusal


def stored_document(stored: Stored, body: bytes, date: str) -> Document:
    """What is answered from disk: media never change, replay playlists may be mended."""
    ending = stored.path.rpartition(".")[2]
    media = ending != "m3u8"
    return Document(
        body,
        _MEDIA_TYPES[ending],
        kind="media" if media else "playlist",
        cache=IMMUTABLE if media else "public, max-age=60",
        date=date,
        heard=stored.event_id,
        tagged=True,
        compressible=not media,
        ranges=media,
    )


class _Playlist:
    """The newest rendering of one playlist, in the variants that were asked for."""

    def __init__(self, fact: PlaylistRendered, event_id: str, date: str) -> None:
        self.fact = fact
        self._event_id = event_id  # the window's string: the fast path compares identities
        self._date = date
        self._documents: dict[tuple[bool, bool], Document] = {}

    def has(self, msn: int, part: int) -> bool:
        """Whether it names that part, or that whole segment where `part` is -1."""
        newest = self.fact
        if newest.ended or msn < newest.msn:
            return True
        if msn > newest.msn:
            return False
        return newest.part == -1 if part == -1 else part <= newest.part

    def too_far(self, msn: int, part: int) -> bool:
        """Whether it is further off than a client may look (RFC 8216bis 6.2.5.2)."""
        newest = self.fact
        if msn > newest.msn + _MSN_AHEAD:
            return True
        # The Advance Part Limit: three, or three over the part target if that is below a second.
        limit = 3
        if 0 < newest.part_target_s < 1:
            limit = ceil(3 / newest.part_target_s)
        if msn == newest.msn:
            return part > max(newest.part, 0) + limit
        in_segment = ceil(newest.target_s / newest.part_target_s) if newest.part_target_s else 0
        return part > in_segment + limit

    def document(self, skip: bool, held: bool) -> Document:
        """The answer; `held` if the request named what it wants, so that the answer keeps."""
        skip = skip and bool(self.fact.delta)
        document = self._documents.get((skip, held))
        if document is None:
            fact = self.fact
            if fact.ended:
                cache = "public, max-age=60"
            elif held:
                cache = f"public, max-age={int(_HELD_CACHE_TARGETS * fact.target_s)}"
            else:
                cache = f"public, max-age={max(1, int(fact.target_s / 2))}"
            document = self._documents[skip, held] = Document(
                fact.delta if skip else fact.body,
                PLAYLIST_TYPE,
                kind="playlist",
                cache=cache,
                date=self._date,
                heard=self._event_id,
                # A live playlist is new at each request; a tag would only cost the fast path.
                tagged=fact.ended,
                compressible=True,
            )
        return document


class LiveWindow:
    """Everything that plays of one event. Paths are relative to the event's page."""

    def __init__(self, event_id: str) -> None:
        self.event_id = event_id
        self._playlists: dict[str, _Playlist] = {}
        self._media: dict[str, tuple[Document, float]] = {}  # and until when it is kept
        self._waits: dict[tuple[str, int, int, bool], Wait] = {}

    def answer(self, path: str, query: str, now: float) -> Answer:
        """What a request for `path` gets: an answer, a place to wait, or why not."""
        media = self._media.get(path)
        if media is not None:
            return media[0]
        playlist = self._playlists.get(path)
        if playlist is not None:
            asked = read_hls_query(query)
            if isinstance(asked, Refusal):
                return asked
            return self._playlist_answer(path, playlist, asked, now)
        for other in self._playlists.values():
            if path in other.fact.hints:
                return self._wait(path, -1, -1, False, now + self._patience(other.fact))
        if STORED.fullmatch(path):
            return Stored(self.event_id, path)
        return NOT_FOUND

    def _playlist_answer(
        self, path: str, playlist: _Playlist, asked: HlsQuery, now: float
    ) -> Document | Wait | Refusal:
        fact = playlist.fact
        if asked.msn is None or not fact.blocking:
            return playlist.document(asked.skip, held=False)
        part = -1 if asked.part is None else asked.part
        if playlist.has(asked.msn, part):
            return playlist.document(asked.skip, held=True)
        if playlist.too_far(asked.msn, part):
            return MSN_TOO_FAR
        deadline = now + self._patience(fact)
        return self._wait(path, asked.msn, part, asked.skip, deadline)

    @staticmethod
    def _patience(fact: PlaylistRendered) -> float:
        return _STALLED_TARGETS * fact.target_s

    def _wait(self, path: str, msn: int, part: int, skip: bool, deadline: float) -> Wait:
        key = (path, msn, part, skip)
        wait = self._waits.get(key)
        if wait is None:
            wait = self._waits[key] = Wait(self.event_id, path, deadline, msn, part, skip)
        return wait

    def has_playlist(self, path: str) -> bool:
        """Whether this path's answer changes with the next `PlaylistRendered` and not before."""
        return path in self._playlists

    def has_media(self, path: str) -> bool:
        """Whether the bytes are here until `expire` says that they were dropped."""
        return path in self._media

    def sealed(self, fact: MediaSealed, now: float, date: str) -> list[Release]:
        """Take a part, segment or init segment; whoever waits for it is released."""
        document = Document(
            fact.body,
            fact.content_type,
            kind="media",
            cache=IMMUTABLE,
            date=date,
            heard=self.event_id,
            tagged=True,
            ranges=True,
        )
        self._media[fact.path] = (document, now + fact.keep_s)
        wait = self._waits.pop((fact.path, -1, -1, False), None)
        return [Release(wait, document)] if wait else []

    def rendered(self, fact: PlaylistRendered, date: str) -> list[Release]:
        """Take a newer rendering; whoever waits for what it names is released."""
        playlist = self._playlists[fact.path] = _Playlist(fact, self.event_id, date)
        released = []
        for key, wait in list(self._waits.items()):
            if wait.path == fact.path and playlist.has(wait.msn, wait.part):
                del self._waits[key]
                released.append(Release(wait, playlist.document(wait.skip, held=True)))
        return released

    def expire(self, now: float) -> tuple[list[Release], list[str]]:
        """Those who have waited in vain, and the paths of media that were dropped."""
        released = []
        for key, wait in list(self._waits.items()):
            if wait.deadline <= now or not wait.waiters:
                del self._waits[key]
                released.append(Release(wait, PLAYLIST_STALLED))
        dropped = [path for path, (_, until) in self._media.items() if until <= now]
        for path in dropped:
            del self._media[path]
        return released, dropped

    def abandon(self, answer: Refusal) -> list[Release]:
        """Release everyone who waits (the edge closes)."""
        released = [Release(wait, answer) for wait in self._waits.values()]
        self._waits.clear()
        return released
