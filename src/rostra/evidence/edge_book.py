"""An edge's own record of each second, numbered and linked, for each event that is under way."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from rostra.evidence.merkle import leaf_hash, link
from rostra.evidence.record import EdgeSecond, encode
from rostra.ground.door_values import DoorTally
from rostra.ground.facts import EdgeTallied, Event, Phase

KEPT = (Phase.DOORS_OPEN, Phase.LIVE, Phase.ENDED)
ENDED_MOST_MS = 6 * 3_600_000  # a replay that never comes must not be waited for by the disk


def is_kept(event: Event, now_ms: int) -> bool:
    """Whether seconds of the event are written down now: from the doors until it is posted."""
    late = event.ended_at_ms is not None and now_ms - event.ended_at_ms > ENDED_MOST_MS
    return event.phase in KEPT and not event.rehearsal and not late


class _Page(msgspec.Struct):
    """Where the records of one event stand."""

    number: int = 0
    previous: str = ""
    issued: int = 0  # of the door's tally, which counts up
    granted: int = 0
    lost: int = 0


class EdgeBook:
    """What one run of an edge writes down. `distinct` and `sources` count what sketches hold.

    No address is in a record, nor a sketch of them: whoever has one may ask it for an address.
    """

    def __init__(
        self,
        edge: str,
        run: str,
        distinct: Callable[[bytes], int],
        sources: Callable[[bytes], int],
    ) -> None:
        self._edge, self._run = edge, run
        self._distinct, self._sources = distinct, sources
        self._events: dict[str, Event] = {}
        self._pages: dict[str, _Page] = {}

    def follow(self, event: Event) -> None:
        """The event is new, or was changed."""
        if event.phase in KEPT and not event.rehearsal:
            self._events[event.event_id] = event
        else:
            self._events.pop(event.event_id, None)

    def write(self, tallied: EdgeTallied) -> dict[str, bytes]:
        """The second as a record for each event. An error in one is a second lost there."""
        written = {}
        for event_id, event in self._events.items():
            if not is_kept(event, tallied.at_ms):
                continue
            page = self._pages.setdefault(event_id, _Page())
            door = tallied.doors.get(event_id)
            try:
                raw = encode(self._second(tallied, door, page))
            except ValueError:
                page.lost += 1
                continue
            page.number, page.previous, page.lost = page.number + 1, link(leaf_hash(raw)), 0
            if door is not None:
                page.issued, page.granted = door.issued, door.granted
            written[event_id] = raw
        return written

    def _second(self, tallied: EdgeTallied, door: DoorTally | None, page: _Page) -> EdgeSecond:
        shield = tallied.shield
        return EdgeSecond(
            at_ms=tallied.at_ms,
            by=self._edge,
            run=self._run,
            number=page.number,
            previous=page.previous,
            requests=tallied.requests,
            refused=tallied.refusals,
            acts=shield.acts if shield else {},
            sources=self._sources(shield.distinct) if shield else 0,
            body_bytes=tallied.body_bytes,
            connections=tallied.connections,
            busy_permille=round(tallied.busy_fraction * 1000),
            lag_ms=round(tallied.loop_lag_p99_ms),
            issued=max(0, door.issued - page.issued) if door else 0,
            granted=max(0, door.granted - page.granted) if door else 0,
            wanted=door.wanted if door else 0,
            renewed=self._distinct(door.renewed) if door else 0,
            proven=self._distinct(door.proven) if door else 0,
            lost=page.lost,
        )
