"""A pretended house in virtual time: pages, door, playlists and media by the contract, and faults.

Everything is decided from the request's moment, so a run of any length takes milliseconds. What
every listener asked, and when, is kept in `asked`.
"""

from __future__ import annotations

import heapq
import json
import random
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Any

from rostra.rehearsal.experience import Experience
from rostra.rehearsal.household import Household
from rostra.rehearsal.library import Library
from rostra.rehearsal.listener import Ask, Intent, Listener
from rostra.rehearsal.orders import Person, Second

WALL_S = 1_800_000_000.0  # wall time of the run's zero
PAGE = "/e/k3v9x2mq"
PART_S = {0: 0.512, 1: 1.024}
SEGMENT_S = {0: 4.096, 1: 4.096, 2: 4.096, 3: 6.144}
PARTS = {0: 8, 1: 4}
WINDOW = 10
LIVE_AT = -100.0  # the event has been live for so long


def date(now: float) -> str:
    at = datetime.fromtimestamp(WALL_S + now, UTC)
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


class House:
    """`stops`: (from, until): no answer comes; `refuses`: connections fail; `errs`: (from, until,
    status, Retry-After). `rungs`: (from, rung). `full_until`: no place is free until then.
    `dead`: (from, until): nothing new is packaged."""

    def __init__(self, rtt_s: float = 0.004) -> None:
        self.rtt_s = rtt_s
        self.stops: list[tuple[float, float]] = []
        self.refuses: list[tuple[float, float]] = []
        self.errs: list[tuple[float, float, int, float | None]] = []
        self.rungs: list[tuple[float, int]] = [(-1e9, 0)]
        self.phase: list[tuple[float, str]] = [(-1e9, "live")]
        self.full_until = -1e9
        self.dead = (1e9, 1e9)
        self.admitted = 2**53
        self.solving_s = 0.0  # a new ticket wants a challenge solved, which takes so long
        self.expires_s, self.renew_s = 120.0, 60.0
        self.asked: list[tuple[float, int, Ask]] = []
        self.statuses: list[tuple[float, int, Ask, int]] = []
        self.nonces: list[str] = []
        self.tokens = 0
        self._texts: dict[tuple[Any, ...], bytes] = {}

    def rung(self, now: float) -> int:
        return [rung for at, rung in self.rungs if at <= now][-1]

    def what(self, now: float) -> str:
        return [phase for at, phase in self.phase if at <= now][-1]

    # --- media --------------------------------------------------------------------------------

    def newest(self, rung: int, now: float) -> tuple[int, int]:
        """(whole segments, parts of the next one) that exist; parts are 0 without parts."""
        age = (self.dead[0] if self.dead[0] < now < self.dead[1] else now) - LIVE_AT
        if rung in PART_S:
            whole = int((age + 1e-9) / PART_S[rung])
            return divmod(whole, PARTS[rung])
        return int((age + 1e-9) / SEGMENT_S[rung]), 0

    def exists_at(self, rung: int, msn: int, part: int) -> float:
        """When the part (or, with -1, the segment) is there."""
        if part < 0:
            return LIVE_AT + (msn + 1) * SEGMENT_S[rung]
        return LIVE_AT + msn * SEGMENT_S[rung] + (part + 1) * PART_S[rung]

    def playlist(self, rung: int, name: str, now: float) -> bytes:
        whole, parts = self.newest(rung, now)
        key = (rung, name, whole, parts)
        if key not in self._texts:
            self._texts[key] = self._playlist(rung, name, whole, parts).encode()
        return self._texts[key]

    def _playlist(self, rung: int, name: str, whole: int, parts: int) -> str:
        length, part_s = SEGMENT_S[rung], PART_S.get(rung)
        first = max(0, whole - WINDOW)
        control = f"HOLD-BACK={3.05 * round(length):.3f}\n"
        if part_s:
            control = (
                f"CAN-BLOCK-RELOAD=YES,PART-HOLD-BACK={3.05 * part_s:.5f},{control}"
                f"#EXT-X-PART-INF:PART-TARGET={part_s}\n"
            )
        lines = [
            "#EXTM3U\n#EXT-X-VERSION:9\n"
            f"#EXT-X-TARGETDURATION:{round(length)}\n#EXT-X-SERVER-CONTROL:{control}"
            f"#EXT-X-MEDIA-SEQUENCE:{first}\n#EXT-X-DISCONTINUITY-SEQUENCE:0\n"
            f'#EXT-X-MAP:URI="../../media/{name}/init-0.mp4"\n'
            f"#EXT-X-PROGRAM-DATE-TIME:{date(LIVE_AT + first * length)}\n"
        ]
        for msn in range(first, whole + 1):
            if part_s and msn > whole - 4:
                lines += [
                    f'#EXT-X-PART:DURATION={part_s},URI="../../media/{name}/p{rung}/{msn}.{n}.m4s"'
                    ",INDEPENDENT=YES\n"
                    for n in range(parts if msn == whole else PARTS[rung])
                ]
            if msn < whole:
                lines.append(f"#EXTINF:{length},\n../../media/{name}/s{rung}/{msn}.m4s\n")
        return "".join(lines)

    def media(self, path: str, now: float) -> bytes | None:
        *_, cut, name = path.split("/")
        if name.startswith("init"):
            return b"init"
        msn, _, part = name.removesuffix(".m4s").partition(".")
        at = self.exists_at(int(cut[1]), int(msn), int(part or -1))
        if at > now + 1e-6:
            return None
        first = not part or part == "0"
        nonce = f"n{msn}".encode()
        tag = b"emsg TXXX\x03rostra.nonce\0" + nonce + b"\0" if first else b""
        return tag + b"moof" + path.encode()

    # --- answers ------------------------------------------------------------------------------

    def answer(
        self, ask: Ask, tab: int, now: float
    ) -> tuple[float, int | str, float | None, bytes]:
        """(when, status or what went wrong, Retry-After, body) of a request sent now."""
        self.asked.append((now, tab, ask))
        arrives = now + self.rtt_s / 2
        for begin, end in self.refuses:
            if begin <= arrives < end:
                return now + self.rtt_s, "refused", None, b""
        for begin, end in self.stops:
            if begin <= arrives < end:
                if end - now > 20:
                    return now + 20, "timeout", None, b""
                arrives = end
        for begin, end, status, retry in self.errs:
            if begin <= arrives < end:
                return arrives + self.rtt_s / 2, status, retry, b'{"error":{"code":"busy"}}'
        status, body, ready = self._answer(ask, arrives)
        for begin, end in self.stops:
            if begin <= ready < end:
                ready = end
        self.statuses.append((ready, tab, ask, status))
        return ready + self.rtt_s / 2, status, 2.0 if status == 503 else None, body

    def _answer(self, ask: Ask, now: float) -> tuple[int, bytes, float]:
        path, _, query = ask.path.partition("?")
        if path == PAGE:
            return 200, b'<script src="/assets/event-a.js"></script>', now
        if path.startswith("/assets/"):
            return 200, b'import("./hls.light-b.js")' if "event" in path else b"x", now
        if ask.method == "POST":
            return *self._door(ask, now), now
        if path.endswith("/state.json"):
            return 200, self.state(now), now
        if not ask.bearer.startswith("pass"):
            return 403, b'{"error":{"code":"pass_missing"}}', now
        if float(ask.bearer.split()[1]) < now:
            return 403, b'{"error":{"code":"pass_expired"}}', now
        if path.endswith(".m3u8"):
            *_, number, name = path.split("/")
            rung = int(number)
            if query:
                wants = dict(pair.split("=") for pair in query.split("&"))
                msn, part = int(wants["_HLS_msn"]), int(wants.get("_HLS_part", -1))
                ready = max(now, self.exists_at(rung, msn, part) + 0.002)
                if self.dead[0] < ready < self.dead[1]:
                    ready = max(now, self.dead[1] + 0.002)
                if ready > now + 12:  # three target durations
                    return 503, b"", now + 12
                now = ready
            return 200, self.playlist(rung, name.removesuffix(".m3u8"), now), now
        body = self.media(path, now)
        return (404, b"", now) if body is None else (200, body, now)

    def _door(self, ask: Ask, now: float) -> tuple[int, bytes]:
        self.tokens += 1
        if ask.intent is Intent.LEAVE:
            return 204, b""
        if ask.intent is Intent.TICKET and self.solving_s and not (ask.bearer or ask.proof):
            return 403, b'{"error":{"code":"challenge_required"},"challenge":{}}'
        if ask.intent is Intent.TICKET:
            rank = self.tokens * 2**32 if self.what(now) != "scheduled" else None
            told: dict[str, Any] = {
                "ticket": ask.bearer or f"ticket {rank}",
                "id": ask.bearer or f"id{self.tokens}",
                "arrived": date(now),
                "kept_until": date(now + 40_000),
                "lane": None,
                "rank": rank,
                "cohort": 0,
                "admitted": rank is not None and rank <= self.admitted,
                "beat_s": 30,
            }
            return 200, json.dumps(told).encode()
        if ask.intent is Intent.PASS and now < self.full_until:
            return 429, b'{"error":{"code":"no_place_free"}}'
        if ask.nonce:
            self.nonces.append(ask.nonce)
        token = f"pass {now + self.expires_s} {self.tokens}"
        told = {"pass": token, "expires_s": self.expires_s, "renew_s": self.renew_s, "proof": None}
        return 200, json.dumps(told).encode()

    def state(self, now: float) -> bytes:
        now = int(now)
        rung, phase = self.rung(now), self.what(now)
        names = ("eco",) if rung == 3 else ("opus", "aac", "eco")
        told = {
            "v": 1,
            "phase": phase,
            "now": date(now),
            "start": date(LIVE_AT),
            "rung": rung,
            "poll_s": 2,
            "audience": {"connected": 3, "waiting": 0},
            "door": {
                "admission": "passes",
                "seed": "aa" * 32,
                "opened_at": date(LIVE_AT - 60),
                "cohort_s": 10,
                "admitted_rank": self.admitted,
                "waiting": 0,
                "beat_s": 30,
                "poll_s": 10,
            },
            "links": {
                "playlists": [
                    {
                        "rung": at,
                        "rendition": name,
                        "codec": "x",
                        "bandwidth": 1,
                        "url": f"{PAGE}/live/{at}/{name}.m3u8",
                    }
                    for at in ((rung,) if rung < 4 else (3,))
                    for name in names
                ]
            },
        }
        return json.dumps(told).encode()


class Night:
    """Drives listeners against a house and takes each second."""

    def __init__(self, house: House, seed: int = 1) -> None:
        self.house, self.seed = house, seed
        self.library, self.experience = Library(), Experience()
        self.listeners: list[Listener] = []
        self.seconds: list[Second] = []
        self._heap: list[tuple[float, int, Callable[[float], None]]] = []
        self._number = 0
        self.cut_off: dict[int, int] = {}
        self.now = 0.0

    def at(self, when: float, act: Callable[[float], None]) -> None:
        self._number += 1
        heapq.heappush(self._heap, (when, self._number, act))

    def come(self, people: Iterable[Person]) -> None:
        for person in people:
            shared = Household(person.tabs)
            for tab in range(person.tabs):
                listener = Listener(
                    person, tab, shared, PAGE, self.library, self.experience,
                    random.Random(f"{self.seed} {person.number} {tab}"), WALL_S,
                )  # fmt: skip
                self.listeners.append(listener)
                self._plan(len(self.listeners) - 1)

    def _plan(self, number: int) -> None:
        due = self.listeners[number].due
        if due < float("inf"):
            self.at(due, lambda now: self._wake(number, now))

    def _solved(self, number: int, now: float) -> None:
        self.listeners[number].solved("PROOF", now)
        self._plan(number)

    def _wake(self, number: int, now: float) -> None:
        listener = self.listeners[number]
        if listener.due <= now:
            self._go_on(number, listener.wake(now), now)

    def _go_on(self, number: int, ask: Ask | None, now: float) -> None:
        listener = self.listeners[number]
        listener.cut = False
        if listener.take_puzzle():
            self.at(now + self.house.solving_s, lambda now: self._solved(number, now))
        if ask is None:
            self._plan(number)
            return
        assert listener.due == float("inf")
        when, status, retry, body = self.house.answer(ask, number, now)
        if isinstance(status, str):
            self.at(when, lambda at: self._lost(number, status, at))
        else:
            known = self.library.knows(ask.path) and ask.intent in {Intent.PART, Intent.SEGMENT}
            given = b"" if known else body
            epoch = self.cut_off.get(number, 0)

            def arrived(at: float) -> None:
                if self.cut_off.get(number, 0) == epoch:
                    told = listener.answered(status, retry, given, len(body), at)
                    self._go_on(number, told, at)

            self.at(when, arrived)

    def _lost(self, number: int, code: str, now: float) -> None:
        self.listeners[number].lost(code, now)
        self._plan(number)

    def replan(self, number: int) -> None:
        """A listener was told something from outside; the answer under way never comes."""
        self.cut_off[number] = self.cut_off.get(number, 0) + 1
        self._plan(number)

    def run(self, until: float) -> list[Second]:
        """All that happens until then; the seconds that ended."""
        second = int(self.now) + 1.0
        while second <= until:
            while self._heap and self._heap[0][0] < second:
                self.now, _, act = heapq.heappop(self._heap)
                act(self.now)
            self.now = second
            self.seconds.append(self.experience.take(second))
            second += 1.0
        return self.seconds


def person(number: int = 0, at_s: float = 0.5, stay_s: float = 1e6, **habits: Any) -> Person:
    return Person(number=number, at_s=at_s, stay_s=stay_s, **habits)
