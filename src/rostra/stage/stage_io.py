"""The stage process: sessions on seats, and a tick each 20 ms that never drifts."""

from __future__ import annotations

import asyncio
import logging
import secrets
import time
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

from rostra.ground.facts import (
    FRAME_SAMPLES,
    SAMPLE_RATE,
    AnyFact,
    AudienceCounted,
    Event,
    EventChanged,
    HostAsked,
    Phase,
    ProgrammeMixed,
    RecordingFinished,
    Role,
    ShieldSet,
    StageTallied,
)
from rostra.ground.refusals import Refusal
from rostra.ground.signing import Invitation, is_signed, read_invitation
from rostra.stage.floor_io import Floor, Voice
from rostra.stage.peers_io import Peer
from rostra.stage.recorder import PROGRAMME
from rostra.stage.recorder_io import Recorder
from rostra.stage.seats import SEATS
from rostra.stage.strangers import Strangers

log = logging.getLogger(__name__)

TICK_S = FRAME_SAMPLES / SAMPLE_RATE
SHOW_S = 0.25  # levels and speaking are told this often
GIVE_UP_S = 1.0  # a tick later than this is left out: the machine slept or was stopped
PENDING = 8  # offers answered at once

UNKNOWN_EVENT = Refusal("unknown_event", 404, "There is no such event here.")
UNKNOWN_SESSION = Refusal("unknown_session", 404, "This session has ended. Connect again.")
NOT_HOST = Refusal("not_host", 403, "Only a host may do this.")
WRONG_PHASE = Refusal("wrong_phase", 409, "The event is not in a phase in which this can be done.")
STAGE_BUSY = Refusal("stage_busy", 503, "Many are connecting right now. Try again in a moment.")

_ASKABLE = {
    "go_live": (Phase.SCHEDULED, Phase.DOORS_OPEN),
    "end": (Phase.LIVE,),
}
_OPEN = (Phase.SCHEDULED, Phase.DOORS_OPEN, Phase.LIVE)


def _wall_ms() -> int:
    return time.time_ns() // 1_000_000


class Stage:
    """All events' floors. `key` signs invitations; `publish` takes every fact the stage makes."""

    def __init__(
        self,
        key: bytes,
        data_dir: Path,
        publish: Callable[[AnyFact], None],
        *,
        max_seats: int = SEATS,
        public_ip: str | None = None,
    ) -> None:
        self._key = key
        self._publish = publish
        self._max_seats = max_seats
        self._public_ip = public_ip
        self._recorder = Recorder(data_dir)
        self._floors: dict[str, Floor] = {}
        self._sessions: dict[str, tuple[Floor, Voice]] = {}
        self.strangers = Strangers(time.monotonic())
        self._pending = 0
        self._aired: dict[str, int] = {}  # event id → tick that is its sample 0
        self._ticks = 0
        self._late = 0
        self._lag = 0.0
        self._closing = False
        self._tasks: set[asyncio.Task[None]] = set()

    # --- what happened elsewhere --------------------------------------------------------------

    def handle(self, fact: AnyFact) -> None:
        """Facts from control. Call on the event loop."""
        if isinstance(fact, AudienceCounted):
            if floor := self._floors.get(fact.event_id):
                floor.audience = fact.connected
        elif isinstance(fact, EventChanged):
            self._event_changed(fact.event)
        elif isinstance(fact, ShieldSet):
            self.strangers.enforced = not (fact.off or fact.dry_run)

    def _event_changed(self, event: Event) -> None:
        floor = self._floors.get(event.event_id)
        if floor is None:
            floor = self._floors[event.event_id] = Floor(event, self._max_seats)
        floor.event = event
        if not floor.live:
            self._aired.pop(event.event_id, None)
        if event.rehearsal and event.phase not in _OPEN:
            self._do(self._forget(floor))
            return
        if event.phase not in _OPEN:
            self._do(self._finish_recording(event.event_id))
        if event.phase is Phase.CANCELLED:
            for voice in list(floor.voices.values()):
                self._do(self._leave(voice.session))

    def _do(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("the stage failed at something beside the mix", exc_info=error)

    async def _forget(self, floor: Floor) -> None:
        """A rehearsal is over: nothing of it is kept."""
        for voice in list(floor.voices.values()):
            await self.leave(voice.session)
        self._floors.pop(floor.event.event_id, None)
        await self._recorder.discard(floor.event.event_id)

    async def _finish_recording(self, event_id: str) -> None:
        files = await self._recorder.finish(event_id)
        if files:
            self._publish(
                RecordingFinished(event_id=event_id, files=tuple(files), at_ms=_wall_ms())
            )

    # --- what people ask ----------------------------------------------------------------------

    def invited(self, token: str, event_id: str) -> Invitation | Refusal:
        """The invitation in a bearer token."""
        return read_invitation(token, event_id, self._key, time.time())

    def holds(self, token: str, event_id: str) -> bool:
        """Whether there is one in it, for that event. Junk costs little."""
        return is_signed(token, self._key) and not isinstance(
            self.invited(token, event_id), Refusal
        )

    async def join(
        self, invitation: Invitation, name: str, secret: str | None, offer: str
    ) -> tuple[str, str] | Refusal:
        """Session id and answer for a speaker's offer. `secret` brings back the seat it opened."""
        floor = self._floors.get(invitation.event_id)
        if floor is None:
            return UNKNOWN_EVENT
        if floor.event.phase not in _OPEN:
            return WRONG_PHASE
        secret = secret or secrets.token_urlsafe(24)
        if (full := floor.seats.refusal(secret)) is not None:
            return full
        if self._pending >= PENDING:
            return STAGE_BUSY
        self._pending += 1
        try:
            session = secrets.token_urlsafe(16)
            peer = Peer(
                lambda packet, now: voice.hear(packet, now),
                lambda: self._lost(session),
                self._public_ip,
            )
            voice = Voice(session, "", peer)
            answer = await peer.answer(offer)
        finally:
            self._pending -= 1
        if isinstance(answer, Refusal):
            return answer
        seat_id = floor.seats.join(secret, invitation.name or name, invitation.role)
        if isinstance(seat_id, Refusal):
            await peer.close()
            return seat_id
        voice.seat_id = seat_id
        self._sessions[session] = (floor, voice)
        before = floor.seat(voice)
        if before is not None:
            self._sessions.pop(before.session, None)
            floor.unseat(before, time.monotonic())
            self._do(before.peer.close())
        self._name_stems(floor)
        return session, answer

    def _name_stems(self, floor: Floor) -> None:
        names = {seat.seat_id: seat.name for seat in floor.seats.view()}
        self._recorder.name_seats(floor.event.event_id, names)

    def _lost(self, session: str) -> None:
        self._do(self._leave(session))

    async def _leave(self, session: str) -> None:
        await self.leave(session)

    async def leave(self, session: str, event_id: str | None = None) -> bool:
        """End a session; False if there is none (of that event)."""
        found = self._sessions.get(session)
        if found is None or (event_id is not None and found[0].event.event_id != event_id):
            return False
        del self._sessions[session]
        floor, voice = found
        floor.unseat(voice, time.monotonic())
        await voice.peer.close()
        return True

    def mute(self, event_id: str, session: str, muted: bool) -> Refusal | None:
        """Mute or unmute the seat of a session."""
        found = self._sessions.get(session)
        if found is None or found[0].event.event_id != event_id:
            return UNKNOWN_SESSION
        floor, voice = found
        floor.seats.mute(voice.seat_id, muted)
        floor.stirred = True
        return None

    def ask(self, invitation: Invitation, act: str) -> Refusal | None:
        """A host wants to go live or to end; control hears of it."""
        floor = self._floors.get(invitation.event_id)
        if floor is None:
            return UNKNOWN_EVENT
        if invitation.role not in (Role.HOST, Role.CO_HOST):
            return NOT_HOST
        if floor.event.phase not in _ASKABLE[act]:
            return WRONG_PHASE
        by = invitation.name or invitation.role.value
        self._publish(HostAsked(event_id=invitation.event_id, act=act, by=by, at_ms=_wall_ms()))
        return None

    def floor(self, event_id: str) -> Floor | None:
        return self._floors.get(event_id)

    def knows(self, event_id: str, session: str) -> bool:
        """Whether the session sits on the event's stage."""
        found = self._sessions.get(session)
        return found is not None and found[0].event.event_id == event_id

    # --- time ---------------------------------------------------------------------------------

    async def run(self) -> None:
        """Tick n is due at the start + n × 20 ms. A late tick is caught up, and counted."""
        start = time.monotonic()
        number, second, cpu = 0, start + 1, time.process_time()
        while not self._closing:
            due = start + number * TICK_S
            await asyncio.sleep(max(0.0, due - time.monotonic()))
            late = time.monotonic() - due
            self._lag = max(self._lag, late)
            if late > GIVE_UP_S:
                number += int(late / TICK_S)
                continue
            self._late += late > TICK_S
            self._tick(number, due)
            number += 1
            if due >= second:
                second += 1
                spent = time.process_time()
                self._tally(spent - cpu)
                cpu = spent

    def _tick(self, number: int, due: float) -> None:
        self._ticks += 1
        for event_id, floor in self._floors.items():
            if floor.voices or floor.live:
                mixed = floor.tick(due)
                if floor.live:
                    sample = (number - self._first_tick(floor.event, number, due)) * FRAME_SAMPLES
                    if sample >= 0:
                        self._publish(
                            ProgrammeMixed(
                                event_id=event_id, sample_index=sample, pcm=mixed.programme
                            )
                        )
                        sounds = {PROGRAMME: mixed.programme, **mixed.stems}
                        self._recorder.write(event_id, sample, sounds)
            shown = number % round(SHOW_S / TICK_S) == 0 and floor.voices
            if floor.stirred or shown:
                floor.stirred = False
                self._publish(floor.seats.changed(_wall_ms()))

    def _first_tick(self, event: Event, number: int, due: float) -> int:
        first = self._aired.get(event.event_id)
        if first is None:
            live_ms = event.live_at_ms if event.live_at_ms is not None else _wall_ms()
            wall_ms = _wall_ms() - (time.monotonic() - due) * 1000
            first = self._aired[event.event_id] = number - round(
                (wall_ms - live_ms) / 1000 / TICK_S
            )
        return first

    def _tally(self, cpu_s: float) -> None:
        now = time.monotonic()
        troubles = [floor.troubles() for floor in self._floors.values()]
        for floor in self._floors.values():
            floor.forget_gone(now)
            for voice in floor.voices.values():
                voice.expect_loss()
        self._publish(
            StageTallied(
                at_ms=_wall_ms(),
                seats=len(self._sessions),
                ticks=self._ticks,
                late_ticks=self._late,
                cpu_fraction=round(cpu_s, 3),
                loop_lag_ms=round(self._lag * 1000, 1),
                frames_concealed=sum(concealed for concealed, _ in troubles),
                packets_lost=sum(lost for _, lost in troubles),
                strangers=self.strangers.connections,
                refused=dict(self.strangers.refused),
            )
        )
        self.strangers.refused.clear()
        self._lag = 0.0

    async def close(self) -> None:
        """Stop ticking, end all connections, write what is queued for the disk."""
        self._closing = True
        for floor in self._floors.values():
            await floor.close()
        await self._recorder.close()
