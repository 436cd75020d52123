"""Listeners counted from a cache's access logs, by the session id that each player sends along.

Read: nginx's "combined" format and varnishncsa's default format (both NCSA combined), with CMCD
(CTA-5004) in the request's query or as a header logged in quotes at the line's end.
"""

from __future__ import annotations

import heapq
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from functools import lru_cache
from hashlib import blake2b

import msgspec

from rostra.ground.cmcd import read_sid, sid_in_query

LISTENING_S = 90
MINUTE_S = 60
SESSIONS_MOST = 4_000_000  # of one log; about 200 bytes each
EXAMPLE_MOST = 160
# address (or host first), identity, user, [time], "request", status, bytes, and what else is logged
_LINE = re.compile(
    r'[^\["]{3,400}\[(?P<minute>\d\d/[A-Z][a-z]{2}/\d{4}:\d\d:\d\d):(?P<second>[0-5]\d|60) '
    r'(?P<zone>[+-]\d{4})\] "(?P<request>(?:[^"\\]|\\.)*)" (?P<status>\d{3}) (?:\d+|-)'
    r"(?P<rest>(?: .*)?)"
)
_REQUEST = re.compile(r"(?:GET|HEAD) (?:https?://[^/ ?]+)?(?P<path>/[^ ?]*)(?:\?(?P<query>\S*))?")
_EVENT = re.compile(r"/e/(?P<event>[A-Za-z0-9_-]{1,64})/(?P<below>.+)", re.ASCII)
_MEDIA = (".m3u8", ".m4s", ".mp4")
_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"')
_ESCAPED = re.compile(r"\\(?:x([0-9A-Fa-f]{2})|(.))")
_SERVED = frozenset({"200", "206", "304"})


class Visit(msgspec.Struct, frozen=True):
    """One request. `event_id` is empty where it asked for no media of an event, or got none.

    `sid` is empty where the player sent none.
    """

    at_s: int
    event_id: str = ""
    sid: str = ""


class EventCount(msgspec.Struct, frozen=True):
    """The listeners of one event. Times: Unix seconds.

    A session listens from its first request until 90 s after its last; a longer silence is a gap.
    `distinct`: sessions, so a page that was loaded anew counts again. `total_net`: sessions with at
    least 60 s between requests, gaps left out. `peak`: the most at once, in the minute `peak_at_s`.
    `by_minute`: the most at once in each minute that had any.
    """

    event_id: str
    distinct: int
    total_net: int
    peak: int
    peak_at_s: int
    first_s: int
    last_s: int
    requests: int
    without_sid: int
    by_minute: tuple[tuple[int, int], ...]


class FileCount(msgspec.Struct, frozen=True):
    """How one file was understood; `example` is the first line that was not, without its start.

    `disordered`: lines more than 90 s older than one before them; they may count too little.
    """

    name: str
    lines: int
    not_understood: int
    disordered: int
    example: str = ""


class LogCount(msgspec.Struct, frozen=True):
    """What the logs say. `dropped`: requests of sessions beyond the four million that are kept."""

    events: tuple[EventCount, ...]
    files: tuple[FileCount, ...]
    dropped: int = 0


class NoAccessLog(ValueError):
    """A file of which no line is an access log's."""


def read_line(line: str) -> Visit | None:
    """The request that a line tells of, or None if it is no line of a log that is read here."""
    read = _LINE.fullmatch(line)
    if read is None:
        return None
    try:
        at_s = _minute(read["minute"], read["zone"]) + int(read["second"])
    except ValueError:
        return None
    request = _REQUEST.match(read["request"])
    event = _EVENT.fullmatch(request["path"]) if request else None
    if request is None or event is None or read["status"] not in _SERVED:
        return Visit(at_s)
    sid = sid_in_query(_plain(request["query"] or "")) or _sid_at_the_end(read["rest"])
    if not sid and not event["below"].endswith(_MEDIA):
        return Visit(at_s)
    return Visit(at_s, event["event"], sid)


def count(files: Sequence[tuple[str, Iterable[str]]]) -> LogCount:
    """Listeners over all (name, lines), which may cover the same time, as those of two caches do.

    Within a file lines may be out of order by less than 90 s. Raises NoAccessLog for a file that
    has lines and none that is understood.
    """
    readings = [_Reading(name, lines) for name, lines in files]
    tally = _Tally()
    for visit in heapq.merge(*(one.visits() for one in readings), key=lambda visit: visit.at_s):
        tally.add(visit)
    return LogCount(tally.events(), tuple(one.result() for one in readings), tally.dropped)


class _Reading:
    """One file while it is read."""

    def __init__(self, name: str, lines: Iterable[str]) -> None:
        self._name, self._lines = name, lines
        self._read = self._not_understood = self._disordered = self._newest_s = 0
        self._example = ""

    def visits(self) -> Iterator[Visit]:
        for line in self._lines:
            text = line.rstrip("\r\n")
            if not text:
                continue
            self._read += 1
            visit = read_line(text)
            if visit is None:
                self._not_understood += 1
                self._example = self._example or _shown(text)
                continue
            self._disordered += visit.at_s < self._newest_s - LISTENING_S
            self._newest_s = max(self._newest_s, visit.at_s)
            if visit.event_id:
                yield visit
        if self._read and self._read == self._not_understood:
            raise NoAccessLog(
                f"{self._name} is no access log in the combined format: none of its {self._read} "
                f"lines is understood, for example: {self._example}"
            )

    def result(self) -> FileCount:
        return FileCount(
            self._name, self._read, self._not_understood, self._disordered, self._example
        )


class _Sessions:
    """The sessions of one event."""

    def __init__(self) -> None:
        self.last: dict[bytes, int] = {}
        self.heard: dict[bytes, int] = {}
        self.change: defaultdict[int, int] = defaultdict(int)  # of those who listen, by second
        self.requests = self.without_sid = 0
        self.first_s: int | None = None
        self.last_s = 0


class _Tally:
    def __init__(self) -> None:
        self._events: defaultdict[str, _Sessions] = defaultdict(_Sessions)
        self._sessions = 0
        self.dropped = 0

    def add(self, visit: Visit) -> None:
        event = self._events[visit.event_id]
        event.requests += 1
        event.first_s = visit.at_s if event.first_s is None else min(event.first_s, visit.at_s)
        event.last_s = max(event.last_s, visit.at_s)
        if not visit.sid:
            event.without_sid += 1
            return
        session = blake2b(visit.sid.encode("utf-8", "replace"), digest_size=8).digest()
        last = event.last.get(session)
        if last is None:
            if self._sessions == SESSIONS_MOST:
                self.dropped += 1
                return
            self._sessions += 1
            event.heard[session] = 0
        elif visit.at_s <= last:
            return
        if last is not None and visit.at_s - last <= LISTENING_S:
            event.heard[session] += visit.at_s - last
            event.change[last + LISTENING_S] += 1
        else:
            event.change[visit.at_s] += 1
        event.change[visit.at_s + LISTENING_S] -= 1
        event.last[session] = visit.at_s

    def events(self) -> tuple[EventCount, ...]:
        return tuple(_counted(name, event) for name, event in sorted(self._events.items()))


def _counted(event_id: str, event: _Sessions) -> EventCount:
    by_minute: dict[int, int] = {}
    listening, before = 0, 0
    for at_s in sorted(event.change):
        for minute in (
            range(before // MINUTE_S + 1, (at_s - 1) // MINUTE_S + 1) if listening else ()
        ):
            by_minute[minute * MINUTE_S] = listening
        listening += event.change[at_s]
        before, minute_s = at_s, at_s // MINUTE_S * MINUTE_S
        if listening:
            by_minute[minute_s] = max(by_minute.get(minute_s, 0), listening)
    peak = max(by_minute.values(), default=0)
    return EventCount(
        event_id=event_id,
        distinct=len(event.last),
        total_net=sum(heard >= MINUTE_S for heard in event.heard.values()),
        peak=peak,
        peak_at_s=next((at_s for at_s, most in by_minute.items() if most == peak), 0),
        first_s=event.first_s or 0,
        last_s=event.last_s,
        requests=event.requests,
        without_sid=event.without_sid,
        by_minute=tuple(by_minute.items()),
    )


@lru_cache(maxsize=64)
def _minute(minute: str, zone: str) -> int:
    return int(datetime.strptime(f"{minute} {zone}", "%d/%b/%Y:%H:%M %z").timestamp())


def _plain(text: str) -> str:
    """Without a log's escapes: nginx writes a quotation mark as \\x22, varnishncsa as \\"."""
    if "\\" not in text:
        return text
    return _ESCAPED.sub(lambda found: chr(int(found[1], 16)) if found[1] else found[2], text)


def _sid_at_the_end(rest: str) -> str:
    for quoted in reversed(_QUOTED.findall(rest)):
        if sid := read_sid(_plain(quoted)):
            return sid
    return ""


def _shown(line: str) -> str:
    """A line for a person's eyes: its first word may be an address, and it may hold anything."""
    text = line.partition(" ")[2] or "(one word)"
    clean = "".join(
        letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in text
    )
    return clean[:EXAMPLE_MOST] + ("…" if len(clean) > EXAMPLE_MOST else "")
