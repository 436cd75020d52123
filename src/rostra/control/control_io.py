"""Control: keeps the agenda, decides what hosts and operators ask for, tells everyone."""

from __future__ import annotations

import logging
import secrets
import time
from collections.abc import Callable
from typing import Any

import msgspec

from rostra import __version__
from rostra.agenda import agenda
from rostra.agenda.life import Act
from rostra.agenda.links import Addresses, Links, invite, links
from rostra.control.dashboard import Dashboard
from rostra.control.storage_io import Storage
from rostra.ground.facts import (
    AnyFact,
    AudienceCounted,
    Event,
    EventChanged,
    HostAsked,
    Phase,
    ReplaySealed,
    Role,
)
from rostra.ground.refusals import Refusal, Refused
from rostra.ground.wall_time import rfc3339

log = logging.getLogger(__name__)


class Control:
    """The events of one installation, in memory and in storage."""

    def __init__(
        self,
        storage: Storage,
        invitation_key: bytes,
        addresses: Addresses,
        publish: Callable[[AnyFact], None],
        doors_open_before_min: int,
        invitation_days: int,
    ) -> None:
        self._storage = storage
        self._key = invitation_key
        self.addresses = addresses
        self._publish = publish
        self._doors_open_before_ms = doors_open_before_min * 60_000
        self._invitation_days = invitation_days
        self._started = time.monotonic()
        self.dashboard = Dashboard()
        self._counted: dict[str, int] = {}
        self.events = {event.event_id: event for event in storage.load_all()}
        for event in self.events.values():
            publish(EventChanged(event=event))

    # --- what is asked ------------------------------------------------------------------------

    def create(self, **fields: Any) -> Event:
        """A new event. Raises Refused."""
        event = Event(event_id=agenda.event_id(secrets.token_bytes(32)), **fields)
        return self._settle(agenda.create(event, now_ms()))

    def get(self, event_id: str) -> Event:
        """The event. Raises Refused."""
        event = self.events.get(event_id)
        if event is None:
            raise Refused(Refusal("no_such_event", 404, f"There is no event {event_id[:40]!r}."))
        return event

    def change(self, event_id: str, fields: dict[str, Any]) -> Event:
        """Other public fields. Raises Refused."""
        return self._settle(agenda.change(self.get(event_id), now_ms(), **fields))

    def act(self, event_id: str, what: Act) -> Event:
        """A step of the event's life. Raises Refused."""
        return self._settle(agenda.act(self.get(event_id), what, now_ms()))

    def announce(self, event_id: str, text: str) -> Event:
        """One more announcement. Raises Refused."""
        return self._settle(agenda.announce(self.get(event_id), text, now_ms()))

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
        self.dashboard.handle(fact, time.monotonic())
        match fact:
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
            self.act(fact.event_id, what)
        except Refused as refused:
            # The bus repeats the last half minute of requests to a control that restarted.
            log.info("%s of %s: %s", fact.act, fact.event_id, refused.refusal.code)

    def _sealed(self, fact: ReplaySealed) -> None:
        event = self.events[fact.event_id]
        if event.phase is not Phase.ENDED:
            return
        self._settle(agenda.change(event, now_ms(), replay_s=fact.duration_s))
        self.act(fact.event_id, Act.POST)

    def tick(self) -> None:
        """Ten times a second: what time alone does, and the count."""
        for event in list(self.events.values()):
            what = agenda.due(event, now_ms(), self._doors_open_before_ms)
            if what is not None:
                self.act(event.event_id, what)
            if event.phase not in (Phase.CANCELLED, Phase.POSTED):
                self._count(event.event_id)

    def _count(self, event_id: str) -> None:
        connected = self.dashboard.connected(event_id, time.monotonic())
        if connected != self._counted.get(event_id, 0):
            self._counted[event_id] = connected
            self._publish(AudienceCounted(event_id=event_id, connected=connected, at_ms=now_ms()))

    def _settle(self, event: Event | Refusal) -> Event:
        if isinstance(event, Refusal):
            raise Refused(event)
        self._storage.save(event)
        self.events[event.event_id] = event
        self._publish(EventChanged(event=event))
        return event

    # --- what is shown ------------------------------------------------------------------------

    def view(self, event: Event) -> dict[str, Any]:
        """An event as the API answers it, with its links."""
        return {
            **event_view(event),
            **msgspec.to_builtins(self.links(event)),
        }

    def status(self) -> dict[str, Any]:
        """Everything a dashboard needs."""
        now = time.monotonic()
        board = self.dashboard
        undone = [
            event
            for event in sorted(self.events.values(), key=lambda e: e.start_ms)
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
            "events": [
                {
                    **self.view(event),
                    "seats": board.seats(event.event_id),
                    "audience": {"connected": board.connected(event.event_id, now)},
                }
                for event in undone
            ],
        }


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
