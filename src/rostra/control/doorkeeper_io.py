"""One event's door: the draw, the line, leases and the controller, second by second."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterable

import msgspec

from rostra.admission import draw
from rostra.admission.audience import Audience, Counts
from rostra.admission.capacity import Capacity, without
from rostra.admission.controller import Controller, Seen
from rostra.admission.distinct import WireInvalid
from rostra.admission.leases import VOID_S, Leases
from rostra.admission.line import Line
from rostra.control.dashboard import Health
from rostra.control.door_record import DoorRecord
from rostra.ground.door_values import Covered, DoorTally, LaneState
from rostra.ground.facts import AnyFact, AudienceCounted, DoorMoved, DoorSet, Event, Phase

log = logging.getLogger(__name__)
PLACES_KEPT_S = 12 * 3600  # after the planned end
OPEN = (Phase.DOORS_OPEN, Phase.LIVE)
_RUNS_MOST = 4096
_WAIT_FOR_EDGES_S = 3.0
_CLOCK_S = 10.0  # before the doors open, edges hear control's clock this often
_CLOCK_FROM_MS = 24 * 3_600_000


class Surroundings(msgspec.Struct, frozen=True, kw_only=True):
    """What a door's second needs to know of the rest. `cap`, `pace_most`: None for as measured."""

    event: Event
    health: Health
    connected: int
    capacity: Capacity
    cap: int | None
    pace_most: float | None
    media_silent_s: float


def places_until_s(event: Event) -> int:
    """Until when tickets hold, Unix seconds."""
    return event.start_ms // 1000 + event.duration_min * 60 + PLACES_KEPT_S


class Doorkeeper:
    """Keeps one event's door from its creation to its end.

    `save` makes a record durable; nothing that must survive is published before. A door that was
    open when control started waits until all `edges` have spoken, or three seconds.
    """

    def __init__(
        self,
        event_id: str,
        record: DoorRecord | None,
        save: Callable[[str, DoorRecord], None],
        publish: Callable[[AnyFact], None],
        edges: Iterable[str],
        now: float,
    ) -> None:
        self.event_id = event_id
        self._save, self._publish = save, publish
        self._waits_for = set(edges)
        self._saved = record
        self.record = record or DoorRecord(secret=os.urandom(32))
        self._restored_at = now if self.record.opened_at_s is not None else None
        self._inside_before, self._granted_before = self.record.inside, self.record.granted
        self._controller = Controller(
            self.record.admitted_rank, self.record.rung, self.record.reason
        )
        self._line, self._leases = Line(), Leases()
        if self.record.admitted_rank >= 0:
            self._line.call(self.record.admitted_rank, now)
        self._audience = self._restore_audience()
        self._granted = dict(self.record.granted)
        self._granted_then = sum(granted for _, granted in self._granted.values())
        self._heard_sequence = self._sequence = 0
        self._spoke, self._spoke_at = False, now
        self._set: DoorSet | None = None
        self._counted: AudienceCounted | None = None
        self._counted_at = now
        self._lane_inside: dict[str, int] = {}
        self.moved: DoorMoved | None = None
        self.counts: Counts = self._audience.counts(now)
        self.keep()

    def _restore_audience(self) -> Audience:
        if not self.record.audience:
            return Audience()
        try:
            return Audience.restore(self.record.audience)
        except ValueError as error:
            log.error("%s: peak and totals begin anew: %s", self.event_id, error)
            return Audience()

    # --- what is heard ------------------------------------------------------------------------

    def heard(self, edge: str, tally: DoorTally, now: float) -> None:
        """What one edge did here in one second."""
        try:
            self._audience.heard(tally, now)
            self._line.heard(tally, now)
        except (WireInvalid, ValueError) as error:
            log.warning("%s: %s tallied what cannot be read: %s", self.event_id, edge, error)
            return
        self._leases.heard(edge, tally, now)
        self._waits_for.discard(edge)
        self._granted[edge] = (tally.run, tally.granted)
        self._heard_sequence = max(self._heard_sequence, tally.sequence)
        if self.record.opened_at_s is None and tally.issued:
            self._cover(edge, tally)

    def _cover(self, edge: str, tally: DoorTally) -> None:
        rows = {(row.edge, row.run): row for row in self.record.covered}
        if (edge, tally.run) in rows or len(rows) < _RUNS_MOST:
            rows[edge, tally.run] = Covered(
                edge=edge, run=tally.run, issued=tally.issued, chain=tally.chain.hex()
            )
        self.change(covered=tuple(rows.values()))

    # --- what is decided ----------------------------------------------------------------------

    def change(self, **fields: object) -> None:
        """Other fields of the record; durable with the next `keep`."""
        self.record = msgspec.structs.replace(self.record, **fields)

    def keep(self) -> None:
        """Make durable what the door must not forget, now."""
        if self._saved != self.record:
            self._save(self.event_id, self.record)
            self._saved = self.record

    def follow(self, event: Event, now_ms: int) -> None:
        """The event is new or was changed: open the line if it is time, tell how it is drawn."""
        if event.phase in OPEN and self.record.opened_at_s is None:
            self.change(opened_at_s=now_ms // 1000, rung_since_ms=now_ms)
        self.keep()
        drawn = self.record.opened_at_s is not None
        secret, covered = self.record.secret, self.record.covered
        fact = DoorSet(
            event_id=self.event_id,
            commitment=draw.commitment(secret).hex(),
            places_until_s=places_until_s(event),
            secret=secret.hex() if drawn else "",
            seed=draw.seed(secret, covered).hex() if drawn else "",
            covered=covered if drawn else (),
            opened_at_s=self.record.opened_at_s,
        )
        if fact != self._set:
            self._set = fact
            self._publish(fact)

    def second(self, seen: Surroundings, now: float, now_ms: int) -> None:
        """One second has passed: count, and while the doors are open decide and tell."""
        event = seen.event
        self.counts = self._audience.counts(now)
        self._lane_inside = self._audience.lane_inside(now)
        if event.phase not in OPEN or not self._may_speak(now):
            if event.phase is Phase.ENDED:  # the last minutes of those who listened count too
                self.change(audience=self._audience.save())
                self.keep()
            self._count(seen, False, now, now_ms)
            return
        moved = self._decide(seen, now, now_ms)
        self.keep()
        self.moved = moved
        self._publish(moved)
        self._count(seen, True, now, now_ms)

    def _may_speak(self, now: float) -> bool:
        """Not before all edges said what they did while control was dead, or three seconds."""
        if self._restored_at is None or self._spoke:
            return True
        return not self._waits_for or now >= self._restored_at + _WAIT_FOR_EDGES_S

    def _inside(self, now: float) -> int:
        """Ordinary places held.

        After a restart never fewer than were held then and were given since, until everyone inside
        has had time to renew: so the line moves on at once and nobody is let in twice over.
        """
        inside = max(0, self.counts.inside - sum(self._lane_inside.values()))
        if self._restored_at is None or self._audience.settled(now):
            self._restored_at = None
            return inside
        since = 0
        for edge, (run, granted) in self._granted.items():
            old_run, old = self._granted_before.get(edge, ("", 0))
            since += max(0, granted - old) if run == old_run else granted
        return max(inside, self._inside_before + since)

    def _decide(self, seen: Surroundings, now: float, now_ms: int) -> DoorMoved:
        record, line = self.record, self._line
        assert record.opened_at_s is not None
        if not self._spoke:
            self._spoke, self._spoke_at = True, now
        inside = self._inside(now)
        granted = sum(granted for _, granted in self._granted.values())
        admitted_rank = record.admitted_rank
        cohort = draw.cohort(now_ms // 1000, record.opened_at_s)
        decision = self._controller.decide(
            Seen(
                inside=inside,
                waiting=line.waiting(now, admitted_rank),
                called=line.called(now, admitted_rank),
                capacity=without(seen.capacity, sum(lane.places for lane in record.lanes)),
                granted_s=max(0, granted - self._granted_then),
                newest_rank=((cohort + 1) << draw.FRACTION_BITS) - 1,
                busy=seen.health.busy,
                loop_lag_p99_ms=seen.health.loop_lag_p99_ms,
                live=seen.event.phase is Phase.LIVE,
                media_silent_s=seen.media_silent_s,
                stage_ok=seen.health.stage_ok,
                packager_ok=seen.health.packager_ok,
                cap=seen.cap,
                pace_most=seen.pace_most,
                hold=record.hold,
                open_all=record.open_all,
                rung_forced=record.rung_forced,
            ),
            line,
            now,
        )
        self._granted_then = granted
        admitted_rank = decision.admitted_rank  # which never goes down
        sequence = max(record.sequence, self._heard_sequence, self._sequence, now_ms // 1000) + 1
        self._sequence = sequence
        # What the last control lent may still be used: it is taken back before anything is lent.
        taking_back = self._restored_at is not None and now < self._spoke_at + VOID_S
        leases = self._leases.lend(0 if taking_back else decision.places, now, sequence)
        changed = {
            "admitted_rank": admitted_rank,
            "rung": decision.rung,
            "reason": decision.reason,
            "rung_since_ms": now_ms if decision.rung != record.rung else record.rung_since_ms,
            "granted": dict(self._granted),
            "inside": inside,
            "audience": self._audience.save(),
        }
        self.change(**changed)
        if self.record != self._saved:
            self.change(sequence=sequence)
        return DoorMoved(
            event_id=self.event_id,
            at_ms=now_ms,
            sequence=sequence,
            admitted_rank=admitted_rank,
            pace=decision.pace,
            rung=decision.rung,
            rung_since_ms=self.record.rung_since_ms,
            reason=decision.reason,
            full=decision.full,
            waiting=line.waiting(now, -1),  # also those called whose place was taken meanwhile
            line=line.pieces(now, admitted_rank),
            leases=leases,
            lanes=self.lane_states(),
            beat_s=line.beat_s(now),
        )

    def lane_states(self) -> tuple[LaneState, ...]:
        """The event's lanes, as everyone may see them."""
        return tuple(
            LaneState(
                name=lane.name, places=lane.places, inside=self._lane_inside.get(lane.name, 0)
            )
            for lane in self.record.lanes
        )

    def _count(self, seen: Surroundings, is_open: bool, now: float, now_ms: int) -> None:
        counts, event = self.counts, seen.event
        fact = AudienceCounted(
            event_id=self.event_id,
            connected=seen.connected,
            at_ms=0,
            listening=counts.listening.value,
            low=counts.listening.low,
            high=counts.listening.high,
            proven=counts.proven,
            fetched=counts.fetched,
            inside=counts.inside,
            waiting=self._line.waiting(now, -1),
            peak=counts.peak,
            total_net=counts.total_net.value,
            total_gross=counts.total_gross.value,
        )
        near = event.phase is Phase.SCHEDULED and event.start_ms - now_ms < _CLOCK_FROM_MS
        if fact != self._counted or is_open or (near and now - self._counted_at >= _CLOCK_S):
            self._counted, self._counted_at = fact, now
            self._publish(msgspec.structs.replace(fact, at_ms=now_ms))
