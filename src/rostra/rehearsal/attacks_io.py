"""Plays attack profiles against a target that consents to them, from many addresses; never beyond.

    report = await attack(orders)

Nothing is asked of a target before its consent holds, says that attacks may be, and both its name
and its address are this machine's. It ends with the orders' time, the consent, or when it is told.
"""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import select
import socket
import time
from collections.abc import Callable

from rostra.rehearsal.answer_head import (
    BODY_MOST_BYTES,
    HEAD_MOST_BYTES,
    Understood,
    read_chunks,
)
from rostra.rehearsal.attack import Part, parts, sources
from rostra.rehearsal.attack_bytes import Site
from rostra.rehearsal.attack_manners_io import VOLLEYS, Flood
from rostra.rehearsal.attack_orders import AttackOrders, AttackReport, AttackSecond
from rostra.rehearsal.attack_visit import Visit
from rostra.rehearsal.attack_volley_io import Place, Volley
from rostra.rehearsal.consent import Consent, refusal_for_attack
from rostra.rehearsal.consent_check_io import ConsentCheck, consent_ended
from rostra.rehearsal.library import Library
from rostra.rehearsal.limits import SPARE_FILES
from rostra.rehearsal.orders import Failed
from rostra.rehearsal.puzzles_io import Puzzles
from rostra.rehearsal.request_head import Heads
from rostra.rehearsal.sockets_io import Opener, Target, file_limit, find
from rostra.rehearsal.trouble import RehearsalTrouble

TURN_S = 0.005
LOOK_S = 8.0  # at the target, before
LOOK_EACH_S = 60.0  # a pass holds two minutes
LOOKS_MOST = 80  # requests of one look
_ENDED_S = 2.0  # what does not hear that it is over is left to the end of the process
_EVENTS = 256
_AT_ONCE_S = 0.005  # reading, before others of the loop have their turn
_OVER = select.EPOLLRDHUP | select.EPOLLHUP | select.EPOLLERR

Tell = Callable[[AttackSecond], object]


async def attack(
    orders: AttackOrders, tell: Tell | None = None, stop: asyncio.Event | None = None
) -> AttackReport:
    """Play it, `tell` of each second, end at once when `stop` is set or the task is cancelled.

    RehearsalTrouble: codes of rehearsal/consent.py and consent_check_io.py, `consent_no_attacks`,
    `consent_elsewhere`, `no_profile`.
    """
    target = await asyncio.to_thread(find, orders.origin)
    check = ConsentCheck(target, orders.run, orders.generator)
    try:
        held = await check.ask()
        if isinstance(held, Failed):
            raise RehearsalTrouble(held.code, held.message)
        refusal = refusal_for_attack(held.consent, orders.origin)
        if refusal is not None:
            raise RehearsalTrouble(refusal.code, refusal.message)
        keep_here(target)
        play = await _Play.begin(orders, held.consent, target)
        over = {
            asyncio.ensure_future(play.run(tell or (lambda _: None))): "done",
            asyncio.ensure_future(consent_ended(check, held)): "",
            asyncio.ensure_future((stop or asyncio.Event()).wait()): "told",
        }
        try:
            first = (await asyncio.wait(over, return_when=asyncio.FIRST_COMPLETED))[0].pop()
            ended = first.result()
        finally:
            play.close()
            for task in over:
                task.cancel()
            await asyncio.wait(over, timeout=_ENDED_S)
        why = ended.code if isinstance(ended, Failed) else over[first]
        return play.report(why)
    finally:
        check.close()


def keep_here(target: Target) -> None:
    """RehearsalTrouble where the target's address is not this machine's, whatever its name."""
    if not ipaddress.ip_address(target.address[0]).is_loopback:
        raise RehearsalTrouble(
            "consent_elsewhere", f"{target.origin} is {target.address[0]}: not this machine."
        )


class _Play:
    """One attack that is being played."""

    @classmethod
    async def begin(cls, orders: AttackOrders, consent: Consent, target: Target) -> _Play:
        """Look at the target, as an attacker would, and get ready."""
        stage = None
        if consent.attack_stage:
            stage = await asyncio.to_thread(find, consent.attack_stage)
            keep_here(stage)
        return cls(orders, consent, target, stage, await look(target, orders, stage))

    def __init__(
        self,
        orders: AttackOrders,
        consent: Consent,
        target: Target,
        stage: Target | None,
        site: Site,
    ) -> None:
        self._orders, self._target, self._stage = orders, target, stage
        most = min(orders.connections, consent.attack_connections, file_limit() - SPARE_FILES)
        rate = min(orders.requests_s, float(consent.attack_requests_s))
        self._addresses = sources(min(orders.sources, consent.attack_sources), orders.first_source)
        those = parts(orders.profiles, rate, most, stage is not None)
        if not those:
            raise RehearsalTrouble("no_profile", "None of these profiles can be played there.")
        if target.family != socket.AF_INET:
            self._addresses = self._addresses[:1]  # there is one ::1, and no other
        self._without = _without(those, site)
        self._connections = sum(part.connections for part in those)
        self._poll = select.epoll()
        self._places: dict[int, Place] = {}
        self._given = 0  # addresses, in turn
        self._volleys = [self._volley(part, site, index) for index, part in enumerate(those)]
        self._zero = time.monotonic()
        self._turned = self._late_s = 0.0
        self._cpu = (time.perf_counter(), time.process_time())
        self._seconds: list[AttackSecond] = []
        self._closed = False

    def _volley(self, part: Part, site: Site, index: int) -> Volley:
        target = self._stage if part.profile.stage and self._stage else self._target
        openers = [Opener(target, (self._next_address(),)) for _ in range(part.connections)]
        kind = VOLLEYS[part.profile.manner]
        volley = kind(part, site, openers, (self._poll, self._places), self._orders.seed + index)
        if isinstance(volley, Flood):
            volley.pipelined = max(1, self._orders.pipelined)
        return volley

    def _next_address(self) -> str:
        self._given += 1
        return self._addresses[self._given % len(self._addresses)]

    def _now(self) -> float:
        return time.monotonic() - self._zero

    async def run(self, tell: Tell) -> None:
        """Until its time is over."""
        loop = asyncio.get_running_loop()
        loop.add_reader(self._poll.fileno(), self._readable)
        self._zero = time.monotonic()
        looking = asyncio.ensure_future(self._look_again())
        told = 1
        try:
            while (now := self._now()) < self._orders.lasts_s:
                await asyncio.sleep(max(0.0, self._turned + TURN_S - now))
                self._turn()
                if self._now() >= told:
                    told += 1
                    tell(self._take())
        finally:
            looking.cancel()
            if self._volleys and (not self._seconds or self._now() - self._seconds[-1].at_s > 0.2):
                tell(self._take())

    def _turn(self) -> None:
        now = self._now()
        passed, self._turned = now - self._turned, now
        self._late_s = max(self._late_s, passed - TURN_S)
        for volley in self._volleys:
            volley.turn(now, passed)

    async def _look_again(self) -> None:
        """Passes end; so new ones are had."""
        while True:
            await asyncio.sleep(LOOK_EACH_S)
            site = await look(self._target, self._orders, self._stage)
            for volley in self._volleys:
                if site.passes:
                    volley.learn(site)

    def _readable(self) -> None:
        """Some connections have news."""
        until = self._now() + _AT_ONCE_S
        while not self._closed:
            events = self._poll.poll(0, _EVENTS)
            now = self._now()
            for handle, mask in events:
                place = self._places.get(handle)
                if place is None:
                    continue
                volley = place.volley
                if place.connecting:
                    if mask & (select.EPOLLOUT | _OVER):
                        volley.connected(place, now)
                elif place.shaking:
                    volley.shake(place, now)
                elif mask & (select.EPOLLIN | _OVER):
                    volley.readable(place, mask & _OVER != 0, now)
            if len(events) < _EVENTS or self._now() > until:
                return

    def _take(self) -> AttackSecond:
        now = self._now()
        for volley in self._volleys:
            volley.sweep(now)
        was, used = self._cpu
        self._cpu = (time.perf_counter(), time.process_time())
        late_s, self._late_s = self._late_s, 0.0
        second = AttackSecond(
            at_s=round(now, 3),
            each={volley.name: volley.take() for volley in self._volleys},
            open={volley.name: volley.open for volley in self._volleys},
            cpu_fraction=(self._cpu[1] - used) / max(1e-3, self._cpu[0] - was),
            late_ms=1000 * late_s,
        )
        self._seconds.append(second)
        return second

    def close(self) -> None:
        """At once: no request more, nothing is left open."""
        if self._closed:
            return
        self._closed = True
        with contextlib.suppress(ValueError, OSError):
            asyncio.get_running_loop().remove_reader(self._poll.fileno())
        for volley in self._volleys:
            volley.close()
        self._poll.close()

    def report(self, why: str) -> AttackReport:
        """What came of it."""
        return AttackReport(
            why=why,
            seconds=tuple(self._seconds),
            connections=self._connections,
            sources=len(self._addresses),
            without=self._without,
        )


def _without(those: tuple[Part, ...], site: Site) -> tuple[str, ...]:
    """What the attack has to do without, since the look did not show it."""
    names = {part.profile.name for part in those}
    wants = (("pass", site.passes, {"pass_replay"}), ("playlists", site.playlists, {"mimic"}))
    return tuple(name for name, found, by in wants if by & names and not found)


async def look(target: Target, orders: AttackOrders, stage: Target | None) -> Site:
    """What anybody can see of the target, with a pass of our own where one is given."""
    heads = Heads(target.authority, target.origin, orders.page, orders.token)
    visit = Visit(heads, orders.page, Library())
    with contextlib.suppress(OSError, EOFError, TimeoutError, ValueError):
        async with asyncio.timeout(LOOK_S):
            await _visit(target, visit)
    return Site(
        authority=target.authority,
        page=orders.page,
        assets=visit.assets,
        playlists=visit.playlists,
        parts=visit.parts,
        rehearsal=orders.token,
        passes=(visit.pass_token,) if visit.pass_token else (),
        stage_authority=stage.authority if stage else "",
        offers=f"/whip/{orders.page.rpartition('/')[2]}",
    )


async def _visit(target: Target, visit: Visit) -> None:
    """Until it has seen parts, or has asked often enough."""
    reader, writer = await asyncio.open_connection(
        *target.address,
        ssl=target.tls,
        server_hostname=target.host if target.tls else None,
        limit=HEAD_MOST_BYTES,
    )
    understood, puzzles = Understood(), Puzzles()
    try:
        for _ in range(LOOKS_MOST):
            writer.write(visit.ask())
            head = understood.head(await reader.readuntil(b"\r\n\r\n"))
            if head is None:
                return
            if head.length is not None:
                body = await reader.readexactly(head.length)
            else:
                body = await _chunks(reader)
            visit.answered(head.status, understood.text(body) if head.gzip else body)
            if visit.puzzle:
                visit.proof, visit.puzzle = await puzzles.solved(visit.puzzle), b""
                visit.refused = ""
            if visit.parts or visit.refused or head.closes:
                return
    finally:
        puzzles.close()
        writer.close()


async def _chunks(reader: asyncio.StreamReader) -> bytes:
    raw = b""
    while (found := read_chunks(raw)) is None:
        more = await reader.read(HEAD_MOST_BYTES)
        raw += more
        if not more or len(raw) > BODY_MOST_BYTES:
            raise EOFError("a body without an end")
    return found[0]
