"""What an operator sees: the newest of every process's tallies, and the audience over all edges."""

from __future__ import annotations

from collections import Counter
from typing import Any

import msgspec

from rostra.control.totals import Totals
from rostra.ground.facts import (
    AnyFact,
    EdgeTallied,
    PackagerTallied,
    ProcessesSeen,
    RecordingFinished,
    Seat,
    SeatsChanged,
    StageTallied,
)

FRESH_S = 5.0  # a tally older than this counts as silence
_HASH_BYTES = 8
LATE_TICKS_MOST = 5  # of the stage's 50 a second, before it counts as troubled


class Health(msgspec.Struct, frozen=True, kw_only=True):
    """What the house's processes say of themselves: the worst edge, stage and packager."""

    busy: float = 0.0
    loop_lag_p99_ms: float = 0.0
    stage_ok: bool = True
    packager_ok: bool = True


class Dashboard:
    """Facts in, one picture out. `now` is monotonic seconds."""

    def __init__(self) -> None:
        self.totals = Totals()
        self._edges: dict[str, tuple[float, EdgeTallied]] = {}
        self._stage: tuple[float, StageTallied] | None = None
        self._late_ticks_s = 0
        self._media_at: float | None = None
        self._asked_at: float | None = None
        self._packager: tuple[float, PackagerTallied] | None = None
        self._processes: tuple[float, ProcessesSeen] | None = None
        self._seats: dict[str, tuple[Seat, ...]] = {}
        self.recordings: dict[str, tuple[str, ...]] = {}

    def handle(self, fact: AnyFact, now: float) -> None:
        """Take in one fact."""
        match fact:
            case EdgeTallied():
                self._edges[fact.edge] = (now, fact)
                self.totals.heard(fact)
            case StageTallied():
                before = self._stage[1].late_ticks if self._stage else fact.late_ticks
                self._late_ticks_s = max(0, fact.late_ticks - before)
                self._stage = (now, fact)
            case PackagerTallied():
                grew = not self._packager or fact.media_samples != self._packager[1].media_samples
                self._media_at = now if grew else self._media_at
                self._packager = (now, fact)
            case ProcessesSeen():
                self._processes = (now, fact)
            case SeatsChanged():
                self._seats[fact.event_id] = fact.seats
            case RecordingFinished():
                self.recordings[fact.event_id] = fact.files
            case _:
                pass

    def connected(self, event_id: str, now: float) -> int:
        """Listeners connected: distinct player sessions over all edges, each counted once."""
        sessions: set[bytes] = set()
        for tally in self.fresh_edges(now):
            packed = tally.listeners.get(event_id, b"")
            sessions.update(packed[i : i + _HASH_BYTES] for i in range(0, len(packed), _HASH_BYTES))
        return len(sessions)

    def fresh_edges(self, now: float) -> list[EdgeTallied]:
        """The newest tally of every edge that spoke lately."""
        return [tally for at, tally in self._edges.values() if now - at <= FRESH_S]

    def traffic(self, now: float) -> tuple[dict[str, int], dict[str, int], int]:
        """The last second of all edges: requests by class, refusals by code, bits out."""
        requests: Counter[str] = Counter()
        refusals: Counter[str] = Counter()
        tallies = self.fresh_edges(now)
        for tally in tallies:
            requests.update(tally.requests)
            refusals.update(tally.refusals)
        return dict(requests), dict(refusals), 8 * sum(tally.body_bytes for tally in tallies)

    def health(self, now: float) -> Health:
        """What the controller asks of the house."""
        tallies = self.fresh_edges(now)
        if self._asked_at is None:
            self._asked_at = now
        # Who has not spoken yet may just be starting, as control is.
        starting = now - self._asked_at <= FRESH_S
        return Health(
            busy=max((tally.busy_fraction for tally in tallies), default=0.0),
            loop_lag_p99_ms=max((tally.loop_lag_p99_ms for tally in tallies), default=0.0),
            stage_ok=(self.stage(now) is not None or (starting and self._stage is None))
            and self._late_ticks_s <= LATE_TICKS_MOST,
            packager_ok=self.packager(now) is not None or (starting and self._packager is None),
        )

    def media_silent_s(self, now: float) -> float:
        """Since the packager last made media, of any event; 0 until it was heard at all."""
        return 0.0 if self._media_at is None else now - self._media_at

    def somebody_on_stage(self, event_id: str, now: float) -> bool:
        """Whether a stage that answers has somebody connected on it."""
        seats = self._seats.get(event_id, ())
        return self.stage(now) is not None and any(seat.connected for seat in seats)

    def seats(self, event_id: str) -> list[dict[str, Any]]:
        """The seats of an event as JSON."""
        return [
            {
                "id": seat.seat_id,
                "name": seat.name,
                "role": seat.role.value,
                "connected": seat.connected,
                "muted": seat.muted,
                "speaking": seat.speaking,
                "level_dbfs": round(seat.level_dbfs, 1),
            }
            for seat in self._seats.get(event_id, ())
        ]

    def processes(self, now: float) -> list[dict[str, Any]]:
        """Every process: up or not, how often it was restarted."""
        if self._processes is None:
            return []
        at, fact = self._processes
        return [
            {"name": p.name, "up": p.up, "restarts": p.restarts, "last_seen_s": round(now - at, 1)}
            for p in fact.processes
        ]

    def stage(self, now: float) -> dict[str, Any] | None:
        """The stage's health, or None if it was silent."""
        if self._stage is None or now - self._stage[0] > FRESH_S:
            return None
        tally = self._stage[1]
        return {
            "seats": tally.seats,
            "late_ticks": tally.late_ticks,
            "cpu_fraction": round(tally.cpu_fraction, 3),
            "loop_lag_ms": round(tally.loop_lag_ms, 1),
            "frames_concealed": tally.frames_concealed,
            "packets_lost": tally.packets_lost,
        }

    def packager(self, now: float) -> dict[str, Any] | None:
        """The packager's health, or None if it was silent."""
        if self._packager is None or now - self._packager[0] > FRESH_S:
            return None
        tally = self._packager[1]
        return {
            "behind_ms": round(tally.behind_ms, 1),
            "silence_s": round(tally.silence_samples / 48_000, 2),
            "cpu_fraction": round(tally.cpu_fraction, 3),
            "events": tally.events,
        }

    def edges(self, now: float) -> list[dict[str, Any]]:
        """Every edge that spoke lately."""
        return [
            {
                "edge": tally.edge,
                "connections": tally.connections,
                "held": tally.held,
                "requests_s": tally.requests,
                "refusals_s": tally.refusals,
                "egress_bit_s": tally.body_bytes * 8,
                "busy_fraction": round(tally.busy_fraction, 3),
                "loop_lag_ms": round(tally.loop_lag_ms, 1),
                "loop_lag_p99_ms": round(tally.loop_lag_p99_ms, 1),
            }
            for tally in sorted(self.fresh_edges(now), key=lambda row: row.edge)
        ]
