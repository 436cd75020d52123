"""What control writes down of one event: its own seconds, and what happened."""

from __future__ import annotations

import msgspec

from rostra.evidence.record import ControlSecond, EdgeSecond, Happened
from rostra.ground.facts import (
    AnyFact,
    AudienceCounted,
    DoorMoved,
    Event,
    EventChanged,
    Phase,
    ProcessesSeen,
    ProcessState,
    SeatsChanged,
    ShieldSet,
    StageTallied,
)
from rostra.ground.shield_values import Ban

CONTROL = "control"
RUNS_MOST = 4096
SAID = {"cap", "hold", "open_all", "rung", "delay"}  # acts whose words are values


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """What control goes by now. `capacity`: listeners at rungs 0 to 3; `cap`: -1 for none."""

    capacity: tuple[int, ...]
    cap: int = -1
    held: bool = False


class ControlBook:
    """Turns facts about one event, and about the house, into records."""

    def __init__(self, event: Event) -> None:
        self.event = event
        self._phase: Phase | None = None
        self._moved: DoorMoved | None = None
        self._counted: AudienceCounted | None = None
        self._pressure = self._late_ticks = 0
        self._bans: set[tuple[bytes, int]] = set()
        self._down: set[str] = set()  # processes
        self._restarts: dict[str, int] = {}
        self._spoke = event.phase is Phase.ENDED
        self.numbers: dict[tuple[str, str], int] = {}  # by edge and run: the next number

    def handle(self, fact: AnyFact, now_ms: int) -> list[Happened]:
        """What happened by this fact."""
        match fact:
            case EventChanged() if fact.event.event_id == self.event.event_id:
                return self._changed(fact.event, now_ms)
            case DoorMoved() if fact.event_id == self.event.event_id:
                was, self._moved = self._moved, fact
                if was is None or was.rung == fact.rung:
                    return []
                return [_happened(now_ms, "rung", number=fact.rung, reason=fact.reason)]
            case AudienceCounted() if fact.event_id == self.event.event_id:
                self._counted = fact
            case SeatsChanged() if fact.event_id == self.event.event_id:
                speaks = any(seat.speaking and not seat.muted for seat in fact.seats)
                if speaks and not self._spoke and self.event.phase is Phase.LIVE:
                    self._spoke = True
                    return [_happened(now_ms, "first_speech", from_ms=fact.at_ms)]
            case StageTallied():
                self._late_ticks += fact.late_ticks
            case ShieldSet():
                return self._shielded(fact, now_ms)
            case ProcessesSeen():
                return self._processes(fact, now_ms)
            case _:
                pass
        return []

    def missing(self, record: EdgeSecond, now_ms: int) -> list[Happened]:
        """A gap, if records of that edge did not arrive before this one."""
        key = (record.by, record.run)
        due = self.numbers.get(key, 0)
        if len(self.numbers) >= RUNS_MOST and key not in self.numbers:
            self.numbers.clear()  # gaps are then recorded that are none, which harms nobody
        self.numbers[key] = record.number + 1
        if record.number <= due:
            return []
        number = record.number - due
        return [
            _happened(
                now_ms,
                "gap",
                subject=record.by,
                reason="not_heard",
                number=number,
                from_ms=record.at_ms - 1000 * (number + 1),
                until_ms=record.at_ms,
            )
        ]

    def second(self, standing: Standing, now_ms: int) -> ControlSecond:
        """Where the evening stands."""
        moved, counted = self._moved, self._counted
        rung = moved.rung if moved else 0
        late_ticks, self._late_ticks = self._late_ticks, 0
        return ControlSecond(
            at_ms=now_ms,
            by=CONTROL,
            phase=self.event.phase.value,
            rung=rung,
            rung_reason=moved.reason if moved else "rung_best",
            admitted_rank=moved.admitted_rank if moved else -1,
            pace_permille=round(moved.pace * 1000) if moved else 0,
            full=moved.full if moved else False,
            capacity=standing.capacity[rung] if rung < len(standing.capacity) else 0,
            cap=standing.cap,
            held=standing.held,
            waiting=counted.waiting if counted else 0,
            inside=counted.inside if counted else 0,
            listening=counted.listening if counted else 0,
            low=counted.low if counted else 0,
            high=counted.high if counted else 0,
            connected=counted.connected if counted else 0,
            peak=counted.peak if counted else 0,
            pressure=self._pressure,
            start_ms=self.event.start_ms,
            late_ticks=late_ticks,
        )

    def _changed(self, event: Event, now_ms: int) -> list[Happened]:
        was, self.event = self._phase, event
        self._phase = event.phase
        if was is event.phase:
            return []
        return [_happened(now_ms, "phase", subject=event.phase.value, from_ms=event.start_ms)]

    def _shielded(self, fact: ShieldSet, now_ms: int) -> list[Happened]:
        """The pressure, and how many were banned for what: never who."""
        found = []
        if fact.pressure != self._pressure:
            self._pressure = fact.pressure
            found.append(_happened(now_ms, "pressure", number=fact.pressure))
        new: dict[tuple[str, str], list[Ban]] = {}
        for ban in fact.bans:
            if (ban.source, ban.since_ms) not in self._bans:
                new.setdefault((ban.step, ban.reason), []).append(ban)
        self._bans = {(ban.source, ban.since_ms) for ban in fact.bans}
        for (step, reason), bans in sorted(new.items()):
            found.append(
                _happened(
                    now_ms,
                    "ban",
                    subject=step,
                    reason=reason,
                    number=len(bans),
                    until_ms=max(ban.until_ms for ban in bans),
                )
            )
        return found

    def _processes(self, fact: ProcessesSeen, now_ms: int) -> list[Happened]:
        found = []

        def found_one(what: str, one: ProcessState) -> None:
            said = _happened(
                now_ms, what, subject=one.name, number=one.restarts, from_ms=one.since_ms
            )
            found.append(said)

        for one in fact.processes:
            restarted = one.restarts > self._restarts.get(one.name, one.restarts)
            self._restarts[one.name] = one.restarts
            if (restarted or not one.up) and one.name not in self._down:
                self._down.add(one.name)
                found_one("fault", one)
            if one.up and one.name in self._down:
                self._down.discard(one.name)
                found_one("back", one)
        return found


def act(what: str, by: str, says: str, now_ms: int) -> Happened:
    """Something that a host, an operator or the clock did; no name, and no words but numbers."""
    said = says if what in SAID else ""
    return _happened(now_ms, "act", subject=what, reason=by.split(" ")[0], says=said)


def _happened(
    now_ms: int,
    what: str,
    *,
    subject: str = "",
    reason: str = "",
    says: str = "",
    number: int = 0,
    from_ms: int = 0,
    until_ms: int = 0,
) -> Happened:
    return Happened(
        at_ms=now_ms,
        by=CONTROL,
        what=what,
        subject=subject,
        reason=reason,
        says=says,
        number=number,
        from_ms=from_ms,
        until_ms=until_ms,
    )
