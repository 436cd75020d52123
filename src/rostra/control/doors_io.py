"""All doors: one keeper an event, what operators ask of them, what they show."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import msgspec

from rostra.admission.capacity import Capacity, defaults
from rostra.control.dashboard import Dashboard, Health
from rostra.control.door_history import History, Point
from rostra.control.door_record import Lane
from rostra.control.doorkeeper_io import OPEN, Doorkeeper, Surroundings, places_until_s
from rostra.control.lanes_io import place_links, with_lane
from rostra.control.storage_io import Storage
from rostra.ground.facts import AnyFact, EdgeTallied, Event, Phase
from rostra.ground.keys import KeyRing
from rostra.ground.refusals import Refusal, Refused
from rostra.ground.wall_time import rfc3339

OVER = (Phase.ENDED, Phase.POSTED, Phase.CANCELLED)


UNBOUNDED = Capacity((1_000_000_000,) * 4, 1_000_000.0, "measured at start")
_UNMEASURED = defaults(cost_us=100.0, cores=1, connections=1000)  # where nothing is served


class DoorSettings(msgspec.Struct, frozen=True, kw_only=True):
    """What the settings and the measurement at start say. `cap`, `pace`: 0 for as measured."""

    capacity: Capacity = _UNMEASURED
    cap: int = 0
    pace: int = 0
    edges: tuple[str, ...] = ()


class Doors:
    """The doors of one installation. `now` is monotonic seconds, `now_ms` wall time."""

    def __init__(
        self,
        storage: Storage,
        publish: Callable[[AnyFact], None],
        settings: DoorSettings,
        dashboard: Dashboard,
        ring: Callable[[], KeyRing],
    ) -> None:
        self._storage = storage
        self._publish = publish
        self.settings = settings
        self._dashboard = dashboard
        self._ring = ring
        self._records = storage.load_doors()
        self._keepers: dict[str, Doorkeeper] = {}
        self._histories: dict[str, History] = {}
        self._second_at: float | None = None

    def follow(self, event: Event, now: float, now_ms: int) -> None:
        """The event is new or was changed; the record is durable before anything is published."""
        keeper = self._keepers.get(event.event_id)
        if keeper is None:
            keeper = self._keepers[event.event_id] = Doorkeeper(
                event.event_id,
                self._records.pop(event.event_id, None),
                self._storage.save_door,
                self._publish,
                self.settings.edges,
                now,
            )
        keeper.follow(event, now_ms)

    def forget(self, event_id: str) -> None:
        """The rehearsal's event is over and gone."""
        self._records.pop(event_id, None)
        self._keepers.pop(event_id, None)
        self._histories.pop(event_id, None)

    def adopt(self, capacity: Capacity) -> None:
        """What the house carries from now on."""
        self.settings = msgspec.structs.replace(self.settings, capacity=capacity)

    def heard(self, fact: EdgeTallied, now: float) -> None:
        """What one edge tallied."""
        for event_id, tally in fact.doors.items():
            keeper = self._keepers.get(event_id)
            if keeper is not None:
                keeper.heard(fact.edge, tally, now)

    def tick(self, events: Iterable[Event], now: float, now_ms: int) -> None:
        """To be called often; acts once a second."""
        if self._second_at is not None and now - self._second_at < 1.0:
            return
        self._second_at = now
        health = self._dashboard.health(now)
        for event in events:
            if event.phase in (Phase.POSTED, Phase.CANCELLED):
                continue
            self.second(event, health, now, now_ms)
            if event.phase in OPEN:
                history = self._histories.setdefault(event.event_id, History())
                history.add(self._point(self._keepers[event.event_id], health, now, now_ms))

    def second(self, event: Event, health: Health, now: float, now_ms: int) -> None:
        """One second of one event's door."""
        keeper = self._keepers[event.event_id]
        # What it carries is just what a rehearsal is to find, so nothing but the crowd bounds it.
        rehearsed = event.rehearsal and keeper.record.open_all
        since_live_s = (now_ms - (event.live_at_ms or now_ms)) / 1000
        keeper.second(
            Surroundings(
                event=event,
                # Nor may a late edge slow the arrivals: how late is just what is measured.
                health=Health() if rehearsed else health,
                connected=self._dashboard.connected(event.event_id, now),
                capacity=UNBOUNDED if rehearsed else self.settings.capacity,
                cap=keeper.record.cap if rehearsed else self._cap(keeper),
                pace_most=None if rehearsed else self.settings.pace or None,
                media_silent_s=min(self._dashboard.media_silent_s(now), max(0.0, since_live_s)),
            ),
            now,
            now_ms,
        )

    def _cap(self, keeper: Doorkeeper) -> int | None:
        return keeper.record.cap if keeper.record.cap is not None else self.settings.cap or None

    def _point(self, keeper: Doorkeeper, health: Health, now: float, now_ms: int) -> Point:
        requests, refusals, egress_bit_s = self._dashboard.traffic(now)
        moved = keeper.moved
        return Point(
            at=rfc3339(now_ms),
            waiting=moved.waiting if moved else 0,
            inside=keeper.counts.inside,
            listening=keeper.counts.listening.value,
            low=keeper.counts.listening.low,
            high=keeper.counts.listening.high,
            admitted=keeper.record.admitted_rank,
            rung=keeper.record.rung,
            pace=round(moved.pace, 2) if moved else 0.0,
            requests_s=requests,
            refusals_s=refusals,
            busy=round(health.busy, 3),
            loop_lag_ms=round(health.loop_lag_p99_ms, 1),
            egress_bit_s=egress_bit_s,
        )

    # --- what operators ask -------------------------------------------------------------------

    def keeper(self, event_id: str) -> Doorkeeper:
        """The keeper of an event that exists."""
        return self._keepers[event_id]

    def rung_5(self, event_id: str) -> bool:
        """Whether the last word was: the recording comes later."""
        return self._keepers[event_id].record.rung == 5

    def set(self, event: Event, fields: dict[str, Any], now: float, now_ms: int) -> dict[str, Any]:
        """Set `cap`, `hold`, `open_all`, `rung_forced`; what really changed, with its value before.

        Durable and told at once. Raises Refused.
        """
        if event.phase in OVER:
            raise Refused(Refusal("wrong_phase", 409, f"The event is {event.phase}: no door."))
        keeper = self._keepers[event.event_id]
        was = {name: getattr(keeper.record, name) for name in fields}
        was = {name: value for name, value in was.items() if value != fields[name]}
        keeper.change(**{name: fields[name] for name in was})
        keeper.keep()
        if was:
            self.second(event, self._dashboard.health(now), now, now_ms)
        return was

    def add_lane(self, event: Event, name: str, places: int) -> Lane:
        """A priority lane; its links come from `links`. Raises Refused."""
        if event.phase in OVER:
            raise Refused(Refusal("wrong_phase", 409, f"The event is {event.phase}: no door."))
        keeper = self._keepers[event.event_id]
        record = with_lane(keeper.record, name, places)
        if isinstance(record, Refusal):
            raise Refused(record)
        keeper.record = record
        keeper.keep()
        return record.lanes[-1]

    def links(self, event: Event, lane: Lane, now_s: int, public_url: str) -> list[str]:
        """A link for each place of the lane. Takes a while for thousands."""
        return place_links(
            event.event_id, lane, now_s, places_until_s(event), self._ring(), public_url
        )

    # --- what is shown ------------------------------------------------------------------------

    def audience(self, event_id: str, now: float) -> dict[str, int]:
        """All numbers of an event's audience."""
        keeper = self._keepers[event_id]
        counts = keeper.counts
        return {
            "connected": self._dashboard.connected(event_id, now),
            "listening": counts.listening.value,
            "low": counts.listening.low,
            "high": counts.listening.high,
            "proven": counts.proven,
            "fetched": counts.fetched,
            "inside": counts.inside,
            "waiting": keeper.moved.waiting if keeper.moved else 0,
            "peak": counts.peak,
            "total_net": counts.total_net.value,
            "total_gross": counts.total_gross.value,
        }

    def brief(self, event_id: str) -> dict[str, Any]:
        """The door's numbers for the list of events."""
        keeper = self._keepers[event_id]
        record, moved = keeper.record, keeper.moved
        return {
            "admitted_rank": record.admitted_rank,
            "pace": round(moved.pace, 2) if moved else 0.0,
            "rung": record.rung,
            "reason": record.reason,
            "full": moved.full if moved else False,
            "waiting": moved.waiting if moved else 0,
            "cap": self._cap(keeper),
            "hold": record.hold,
            "open_all": record.open_all,
            "rung_forced": record.rung_forced,
        }

    def view(self, event_id: str, replay_due_ms: int | None, now: float) -> dict[str, Any]:
        """All about a door, as the API answers it."""
        keeper = self._keepers[event_id]
        record, moved = keeper.record, keeper.moved
        history = self._histories.get(event_id, History()).shown()
        return {
            **self.brief(event_id),
            "rung_since": rfc3339(record.rung_since_ms or None),
            "opened_at": rfc3339(None if record.opened_at_s is None else record.opened_at_s * 1000),
            "capacity": msgspec.to_builtins(self.settings.capacity),
            "line": [[p.first, p.last, p.waiting] for p in moved.line] if moved else [],
            "audience": self.audience(event_id, now),
            "lanes": msgspec.to_builtins(keeper.lane_states()),
            "replay_due": rfc3339(replay_due_ms),
            "history": msgspec.to_builtins(history),
        }
