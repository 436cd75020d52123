"""Control: keeps the agenda, decides what hosts and operators ask for, tells everyone."""

from __future__ import annotations

import logging
import secrets
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from rostra import __version__
from rostra.agenda import agenda, deadline
from rostra.agenda.life import Act
from rostra.agenda.links import Addresses, Links, invite, links
from rostra.control import keys_io
from rostra.control.acts import OPERATOR, UNDO, Detail, Done, Undo, shown, to_undo
from rostra.control.certificates_io import Standing, capacity_beside, said
from rostra.control.dashboard import Dashboard
from rostra.control.door_record import Lane
from rostra.control.doors_io import Doors, DoorSettings
from rostra.control.rehearsals_io import Asked, Rehearsals
from rostra.control.replay_io import ReplayKeeper
from rostra.control.shield_desk_io import ShieldDesk
from rostra.control.shieldkeeper_io import ShieldKeeper, ShieldSettings
from rostra.control.storage_io import Storage
from rostra.ground.facts import (
    AnyFact,
    EdgeTallied,
    Event,
    EventChanged,
    HostAsked,
    Phase,
    ReplaySealed,
    Role,
)
from rostra.ground.refusals import Refusal, Refused
from rostra.ground.wall_time import rfc3339
from rostra.rehearsal.findings import UNKNOWN, House

log = logging.getLogger(__name__)
CLOCK = "rostra"  # what nobody asked for: time passed, or a replay was there
DOOR_ACTS = {"cap": "cap", "hold": "hold", "open_all": "open_all", "rung_forced": "rung"}


class ControlSettings(msgspec.Struct, frozen=True, kw_only=True):
    """What control needs of the settings. `replay_maker`: the command that makes a replay."""

    doors_open_before_min: int = 15
    invitation_days: int = 30
    replay_within_min: int = 30
    replay_maker: tuple[str, ...] = ()
    house: House = UNKNOWN
    origins: tuple[str, ...] = ()
    door: DoorSettings = DoorSettings()
    shield: ShieldSettings = ShieldSettings()


class Control:
    """The events of one installation, in memory and in storage."""

    def __init__(
        self,
        storage: Storage,
        data_dir: Path,
        invitation_key: bytes,
        addresses: Addresses,
        publish: Callable[[AnyFact], None],
        settings: ControlSettings | None = None,
    ) -> None:
        settings = settings or ControlSettings()
        now = time.monotonic()
        self._storage = storage
        self._key = invitation_key
        self.addresses = addresses
        self._publish = publish
        self.noted: Callable[[str, str, str, str], None] = lambda *_: None  # event, act, by, says
        self._doors_open_before_ms = settings.doors_open_before_min * 60_000
        self._invitation_days = settings.invitation_days
        self._started, self._started_ms = now, now_ms()
        self.dashboard = Dashboard()
        self._defaults = settings.door.capacity
        self.doors = Doors(
            storage,
            publish,
            settings.door,
            self.dashboard,
            lambda: keys_io.load_ring(data_dir, "door"),
        )
        self.shield = ShieldKeeper(data_dir, settings.shield, publish, now)
        self.shield_desk = ShieldDesk(self.shield, storage)
        self.replays = ReplayKeeper(
            data_dir, settings.replay_maker, settings.replay_within_min, publish, self._sealed, now
        )
        self._read_at = now
        self.rehearsals = Rehearsals(
            data_dir,
            keys_io.load_or_create(data_dir, "signing"),
            lambda: keys_io.load_ring(data_dir, "door"),
            settings.house,
            settings.origins or (addresses.public_url,),
            self._doors_open_before_ms,
            publish,
            self._settle,
            self._forget,
            self._certified,
        )
        self._programme_ms: dict[str, int] = {}
        self.events = {event.event_id: event for event in storage.load_all()}
        for event in list(self.events.values()):
            self._tell(event)

    # --- what is asked ------------------------------------------------------------------------

    def create(self, **fields: Any) -> Event:
        """A new event. Raises Refused."""
        event = Event(event_id=agenda.event_id(secrets.token_bytes(32)), **fields)
        created = self._settle(agenda.create(event, now_ms()))
        self.note(created.event_id, "create", created.title)
        return created

    def rehearse(self, asked: Asked) -> dict[str, Any]:
        """Consent to a rehearsal; its event stands with open doors. Raises Refused."""
        stage = self.addresses.stage_url
        allowed = self.rehearsals.start(asked, self.events.values(), now_ms(), stage)
        event = self.get(allowed["event_id"])
        self.doors.set(event, {"open_all": True}, time.monotonic(), now_ms())
        return {**allowed, "speaker_link": self.links(event).speaker_link}

    def resume(self) -> None:
        """Go on where control was when it ended; once, before anything is asked."""
        self.rehearsals.resume(self.events.values(), now_ms())

    def real_events(self) -> list[Event]:
        """All but the event of a rehearsal."""
        return [event for event in self.events.values() if not event.rehearsal]

    def get(self, event_id: str) -> Event:
        """The event. Raises Refused."""
        event = self.events.get(event_id)
        if event is None:
            raise Refused(Refusal("no_such_event", 404, f"There is no event {event_id[:40]!r}."))
        return event

    def change(self, event_id: str, fields: dict[str, Any]) -> Event:
        """Other public fields. Raises Refused."""
        event = self.get(event_id)
        was = {name: getattr(event, name) for name in fields}
        was = {name: value for name, value in was.items() if value != fields[name]}
        changed = self._settle(agenda.change(event, now_ms(), **fields))
        if was:
            self.note(event_id, "change", ", ".join(sorted(was)), Undo("event", was))
        return changed

    def delay(self, event_id: str, minutes: int) -> Event:
        """The start so many minutes later. Raises Refused."""
        event = self.get(event_id)
        delayed = self._settle(agenda.delay(event, minutes, now_ms()))
        says = f"{minutes} minutes: {rfc3339(event.start_ms)} → {rfc3339(delayed.start_ms)}"
        self.note(event_id, "delay", says, Undo("event", {"start_ms": event.start_ms}))
        return delayed

    def act(self, event_id: str, what: Act, by: str = OPERATOR) -> Event:
        """A step of the event's life. Raises Refused."""
        if what in (Act.END, Act.CANCEL) and self.get(event_id).rehearsal:
            event = self.get(event_id)
            self.rehearsals.end()
            return msgspec.structs.replace(event, phase=Phase.CANCELLED)
        event = self._settle(agenda.act(self.get(event_id), what, now_ms()))
        self.note(event_id, what.value, "", by=by)
        return event

    def announce(self, event_id: str, text: str) -> Event:
        """One more announcement. Raises Refused."""
        event = self._settle(agenda.announce(self.get(event_id), text, now_ms()))
        number = event.announcements[-1].number
        undo = Undo(f"announcement {number}", {"number": number})
        self.note(event_id, "announce", event.announcements[-1].text, undo)
        return event

    def set_door(self, event_id: str, fields: dict[str, Any]) -> None:
        """Any of `cap`, `hold`, `open_all`, `rung_forced`; each is an act. Raises Refused."""
        event = self.get(event_id)
        was = self.doors.set(event, fields, time.monotonic(), now_ms())
        for name, value in was.items():
            says = f"{_said(value)} → {_said(fields[name])}"
            self.note(event_id, DOOR_ACTS[name], says, Undo(name, {name: value}))

    def add_lane(self, event_id: str, name: str, places: int) -> Lane:
        """A priority lane. Raises Refused."""
        lane = self.doors.add_lane(self.get(event_id), name, places)
        self.note(event_id, "lane", f"{name}: {places} places")
        return lane

    def acts(self, event_id: str) -> list[dict[str, Any]]:
        """What was done to the event, the newest first. Raises Refused."""
        return shown(self._storage.acts(self.get(event_id).event_id))

    def undo(self, event_id: str, number: int) -> None:
        """Take back an act. Raises Refused where that cannot be."""
        event = self.get(event_id)
        done = to_undo(self._storage.acts(event_id), number)
        if isinstance(done, Refusal):
            raise Refused(done)
        was = done.undo.was
        if done.undo.field == "event":
            if "people" in was:
                was = {**was, "people": tuple(was["people"])}
            self._settle(agenda.change(event, now_ms(), **was))
        elif done.undo.field.startswith("announcement "):
            self._settle(agenda.withdraw(event, was["number"]))
        else:
            self.doors.set(event, was, time.monotonic(), now_ms())
        self.note(event_id, UNDO, f"{done.act} {done.detail.says}".strip(), undid=number)

    def note(
        self,
        event_id: str,
        act: str,
        says: str,
        undo: Undo | None = None,
        by: str = OPERATOR,
        undid: int = 0,
    ) -> None:
        """Write down what was done; a rehearsal writes its own account."""
        if self.events[event_id].rehearsal:
            return
        self.noted(event_id, act, by, says)
        detail = Detail(by, says, undid)
        self._storage.note(
            Done(event_id=event_id, at_ms=now_ms(), act=act, detail=detail, undo=undo or Undo())
        )

    def links(self, event: Event) -> Links:
        """The three links of an event."""
        return links(
            event,
            self._key,
            self.addresses.public_url,
            self.addresses.stage_url,
            self._invitation_days,
        )

    def invite(self, event_id: str, role: Role, name: str) -> str:
        """A link for one person."""
        event = self.get(event_id)
        return invite(event, role, name, self._key, self.addresses.stage_url, self._invitation_days)

    # --- what is heard ------------------------------------------------------------------------

    def handle(self, fact: AnyFact) -> None:
        """A fact from the stage, the packager, an edge or the supervisor."""
        now = time.monotonic()
        self.dashboard.handle(fact, now)
        self.replays.handle(fact, now)
        match fact:
            case EdgeTallied():
                self.doors.heard(fact, now)
                self.shield.heard(fact)
            case HostAsked() if fact.event_id in self.events:
                self._asked(fact)
            case ReplaySealed() if fact.event_id in self.events:
                self._sealed(fact)
            case _:
                pass

    def _asked(self, fact: HostAsked) -> None:
        what = {"go_live": Act.GO_LIVE, "end": Act.END}.get(fact.act)
        if what is None:
            return
        try:
            self.act(fact.event_id, what, by=f"host {fact.by}".strip())
        except Refused as refused:
            # The bus repeats the last half minute of requests to a control that restarted.
            log.info("%s of %s: %s", fact.act, fact.event_id, refused.refusal.code)

    def _sealed(self, fact: ReplaySealed) -> None:
        event = self.events[fact.event_id]
        if event.phase is not Phase.ENDED:
            return
        self._settle(agenda.change(event, now_ms(), replay_s=fact.duration_s))
        self.act(fact.event_id, Act.POST, by=CLOCK)

    def tick(self) -> None:
        """Ten times a second: what time alone does, the doors, the replay's deadline."""
        now, wall_ms = time.monotonic(), now_ms()
        for event in list(self.events.values()):
            what = agenda.due(event, wall_ms, self._doors_open_before_ms)
            if event.phase is Phase.LIVE and self._abandoned(event, now, wall_ms):
                what = Act.END
            if what is not None:
                self.act(event.event_id, what, by=CLOCK)
        events = list(self.events.values())
        self.doors.tick(events, now, wall_ms)
        doors = (self.doors.keeper(event.event_id) for event in events)
        self.shield.tick(doors, now, wall_ms)
        self.rehearsals.look(events, now, wall_ms)
        event_id = self.rehearsals.event_id
        if event_id is not None and now - self._read_at >= 1.0:
            self._read_at = max(self._read_at + 1.0, now - 1.0)  # a second each, but no burst
            door = self.doors.brief(event_id) | self.doors.audience(event_id, now)
            self.rehearsals.second(self.dashboard, door, now, wall_ms)
        self.replays.tick(self.real_events(), self.doors.rung_5, now, wall_ms)

    def _certified(self, standing: Standing) -> None:
        self.doors.adopt(capacity_beside(standing, self._defaults))
        lapsed = standing.capacity is None and standing.newest is not None
        log.log(logging.WARNING if lapsed else logging.INFO, "capacity: %s", said(standing))

    def _forget(self, event_id: str) -> None:
        """A rehearsal is over: nothing of its event is kept."""
        event = self.events.pop(event_id)
        self._storage.drop(event_id)
        over = msgspec.structs.replace(event, phase=Phase.CANCELLED)
        self._publish(EventChanged(event=over))
        self.doors.forget(event_id)
        self._programme_ms.pop(event_id, None)

    def _abandoned(self, event: Event, now: float, wall_ms: int) -> bool:
        if self.dashboard.somebody_on_stage(event.event_id, now):
            self._programme_ms[event.event_id] = wall_ms
        programme_ms = self._programme_ms.get(event.event_id, self._started_ms)
        return deadline.abandoned(event, programme_ms, wall_ms)

    def _settle(self, event: Event | Refusal) -> Event:
        if isinstance(event, Refusal):
            raise Refused(event)
        self._storage.save(event)
        self.events[event.event_id] = event
        self._tell(event)
        return event

    def _tell(self, event: Event) -> None:
        self._publish(EventChanged(event=event))
        self.doors.follow(event, time.monotonic(), now_ms())
        if not event.rehearsal:
            self.replays.follow(event)

    async def close(self) -> None:
        """End what runs beside."""
        await self.replays.close()

    # --- what is shown ------------------------------------------------------------------------

    def view(self, event: Event) -> dict[str, Any]:
        """An event as the API answers it, with its links."""
        return {
            **event_view(event),
            **msgspec.to_builtins(self.links(event)),
        }

    def door_view(self, event_id: str) -> dict[str, Any]:
        """All about an event's door. Raises Refused."""
        self.get(event_id)
        return self.doors.view(event_id, self.replays.due_ms(event_id), time.monotonic())

    def status(self) -> dict[str, Any]:
        """Everything a dashboard needs."""
        now = time.monotonic()
        board = self.dashboard
        undone = [
            event
            for event in sorted(self.real_events(), key=lambda e: e.start_ms)
            if event.phase not in (Phase.CANCELLED, Phase.POSTED)
        ]
        return {
            "now": rfc3339(now_ms()),
            "version": __version__,
            "uptime_s": round(now - self._started, 1),
            "processes": board.processes(now),
            "stage": board.stage(now),
            "packager": board.packager(now),
            "edges": board.edges(now),
            "rehearsal": self.rehearsals.brief(),
            "events": [
                {
                    **self.view(event),
                    "seats": board.seats(event.event_id),
                    "audience": self.doors.audience(event.event_id, now),
                    "door": self.doors.brief(event.event_id),
                    "replay_due": rfc3339(self.replays.due_ms(event.event_id)),
                }
                for event in undone
            ],
        }


def _said(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "none" if value is None else str(value)


def event_view(event: Event) -> dict[str, Any]:
    """The public part of an event as JSON values."""
    return {
        "id": event.event_id,
        "title": event.title,
        "description": event.description,
        "language": event.language,
        "start": rfc3339(event.start_ms),
        "first_start": rfc3339(event.first_start_ms),
        "duration_min": event.duration_min,
        "phase": event.phase.value,
        "live_at": rfc3339(event.live_at_ms),
        "ended_at": rfc3339(event.ended_at_ms),
        "replay_s": event.replay_s,
        "people": list(event.people),
        "announcements": [
            {"number": a.number, "at": rfc3339(a.at_ms), "text": a.text}
            for a in event.announcements
        ],
    }


def now_ms() -> int:
    """Wall time, Unix milliseconds."""
    return time.time_ns() // 1_000_000
