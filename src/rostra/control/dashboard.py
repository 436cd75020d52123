"""What an operator sees: the newest of every process's tallies, and the audience over all edges."""

from __future__ import annotations

from typing import Any

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


class Dashboard:
    """Facts in, one picture out. `now` is monotonic seconds."""

    def __init__(self) -> None:
        self._edges: dict[str, tuple[float, EdgeTallied]] = {}
        self._stage: tuple[float, StageTallied] | None = None
        self._packager: tuple[float, PackagerTallied] | None = None
        self._processes: tuple[float, ProcessesSeen] | None = None
        self._seats: dict[str, tuple[Seat, ...]] = {}
        self.recordings: dict[str, tuple[str, ...]] = {}

    def handle(self, fact: AnyFact, now: float) -> None:
        """Take in one fact."""
        match fact:
            case EdgeTallied():
                self._edges[fact.edge] = (now, fact)
            case StageTallied():
                self._stage = (now, fact)
            case PackagerTallied():
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
        for at, tally in self._edges.values():
            if now - at > FRESH_S:
                continue
            packed = tally.listeners.get(event_id, b"")
            sessions.update(packed[i : i + _HASH_BYTES] for i in range(0, len(packed), _HASH_BYTES))
        return len(sessions)

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
            }
            for at, tally in sorted(self._edges.values(), key=lambda row: row[1].edge)
            if now - at <= FRESH_S
        ]
