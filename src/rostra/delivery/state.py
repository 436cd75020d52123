"""state.json: all that an audience page needs to know of an event, rendered from facts."""

from __future__ import annotations

from typing import Any

import msgspec

from rostra.delivery.strain import Strain
from rostra.ground.facts import (
    AudienceCounted,
    DoorMoved,
    DoorSet,
    Event,
    Phase,
    PlaylistInfo,
    PlaylistsOffered,
    ReplayPromised,
    Seat,
)
from rostra.ground.wall_time import rfc3339

COHORT_S = 10  # docs/decisions/0008-door.md; a room does not import another's
_COUNTED = (
    "connected", "listening", "low", "high", "proven", "fetched", "inside", "waiting", "peak",
    "total_net", "total_gross",
)  # fmt: skip
_NEAR_START_MS = 120_000
_LONG_LINE = 20_000  # people; their pages ask half as often
_SHORT_LINE = 200  # people; whoever's turn comes sees it at once
# Under strain pages ask seldomer, but not so that they miss the start or a change of the rung:
# that is what relieves the edge. At the higher rungs the state is half of all that is asked for.
_STRAINED_MOST_S = {"near": 6, "live": 4, "live_saving": 8, "far": 40, "line": 20}
AFTER = {Phase.ENDED, Phase.POSTED}
_UNSTRAINED = Strain()


def line_poll_s(waiting: int, is_open: bool) -> int:
    """How often a page that waits in the line should ask again."""
    if waiting >= _LONG_LINE:
        return 20
    return 2 if waiting < _SHORT_LINE and is_open else 10


def poll_most_s(event: Event, rung: int, usual_s: int) -> int:
    """How seldom at most a page should ask again where the edge is strained; `usual_s`: else."""
    if event.phase is Phase.LIVE:
        return _STRAINED_MOST_S["live" if rung < 2 else "live_saving"]
    return _STRAINED_MOST_S["near" if usual_s == 2 else "far"]


def poll_s(event: Event, on_stage: bool, replay_ready: bool, wall_ms: int) -> int:
    """How often a page should ask again: often where seconds matter, seldom where nothing moves.

    `on_stage`: somebody sits there, so that it may begin at any moment, even before its time.
    """
    if event.phase is Phase.LIVE:
        return 2
    if event.phase in {Phase.SCHEDULED, Phase.DOORS_OPEN}:
        # Late counts as near: a crowd that waits must see the start within seconds.
        return 2 if on_stage or event.start_ms - wall_ms <= _NEAR_START_MS else 10
    if event.phase is Phase.ENDED and not replay_ready:
        return 5
    return 30


def _playlist(page: str, info: PlaylistInfo) -> dict[str, Any]:
    return {
        "rung": info.rung,
        "rendition": info.rendition,
        "codec": info.codec,
        "bandwidth": info.bandwidth,
        "url": f"{page}/{info.path}",
    }


class Known(msgspec.Struct):
    """The newest fact of each kind about one event; some come before the event itself."""

    seats: tuple[Seat, ...] = ()
    counted: AudienceCounted | None = None
    offered: PlaylistsOffered | None = None
    replay_sealed: bool = False
    door: DoorSet | None = None
    moved: DoorMoved | None = None
    promised: ReplayPromised | None = None
    checkpoint: str | None = None


class EventState(msgspec.Struct):
    """What is told of one event. `admission`: whether its media need passes, or are open."""

    event: Event
    known: Known
    admission: str = "passes"

    @property
    def page(self) -> str:
        """The event page's path."""
        return f"/e/{self.event.event_id}"

    @property
    def replay_ready(self) -> bool:
        """Whether the replay can be played."""
        offered = self.known.offered is not None and bool(self.known.offered.replay)
        return self.event.phase in AFTER and (offered or self.known.replay_sealed)

    def as_dict(self, wall_ms: int, strain: Strain = _UNSTRAINED) -> dict[str, Any]:
        """The object of docs/reference/contract.md, as of `wall_ms` (Unix milliseconds)."""
        event, page, known = self.event, self.page, self.known
        offered = known.offered or PlaylistsOffered(event_id=event.event_id)
        playlists = offered.replay if self.replay_ready else offered.live
        moved = known.moved
        on_stage = any(seat.connected for seat in known.seats)
        usual_s = poll_s(event, on_stage, self.replay_ready, wall_ms)
        most_s = poll_most_s(event, moved.rung if moved else 0, usual_s)
        return {
            "v": 1,
            "id": event.event_id,
            "rehearsal": event.rehearsal,
            "phase": event.phase.value,
            "title": event.title,
            "description": event.description,
            "language": event.language,
            "start": rfc3339(event.start_ms),
            "first_start": rfc3339(event.first_start_ms),
            "duration_min": event.duration_min,
            "now": rfc3339(wall_ms),
            "live_at": rfc3339(event.live_at_ms),
            "ended_at": rfc3339(event.ended_at_ms),
            "speakers": [
                {
                    "id": seat.seat_id,
                    "name": seat.name,
                    "role": seat.role.value,
                    "speaking": seat.speaking,
                    "muted": seat.muted,
                }
                for seat in known.seats
                if seat.connected
            ],
            "people": list(event.people),
            "announcements": [
                {"number": said.number, "at": rfc3339(said.at_ms), "text": said.text}
                for said in event.announcements
            ],
            "rung": moved.rung if moved else 0,
            "rung_since": rfc3339(moved.rung_since_ms if moved else None),
            "rung_reason": moved.reason if moved else "rung_best",
            "door": self._door(strain),
            "audience": self._audience(),
            "replay_due": rfc3339(known.promised.due_ms if known.promised else None),
            "checkpoint": known.checkpoint,
            "poll_s": strain.stretched(usual_s, most_s),
            "links": {
                "page": page,
                "calendar": f"{page}/calendar.ics",
                "replay": f"{page}/replay/index.m3u8" if self.replay_ready else None,
                "rewind": [_playlist(page, info) for info in offered.rewind],
                "playlists": [_playlist(page, info) for info in playlists],
            },
        }

    def _door(self, strain: Strain) -> dict[str, Any]:
        """How the line is drawn, so that everyone can recompute it, and where it stands."""
        drawn, moved = self.known.door, self.known.moved
        opened_s = drawn.opened_at_s if drawn else None
        waiting, pace = (moved.waiting, moved.pace) if moved else (0, 0.0)
        counted = self.known.counted.waiting if self.known.counted else 0
        asks_s = line_poll_s(max(waiting, counted), opened_s is not None)
        door: dict[str, Any] = {
            "admission": self.admission,
            "commitment": drawn.commitment if drawn else None,
            "secret": (drawn.secret or None) if drawn else None,
            "seed": (drawn.seed or None) if drawn else None,
            "opened_at": rfc3339(None if opened_s is None else opened_s * 1000),
            "cohort_s": COHORT_S,
            "admitted_rank": moved.admitted_rank if moved else -1,
            "pace": round(pace, 2),
            "full": moved.full if moved else False,
            "waiting": waiting,
            "line": [[p.first, p.last, p.waiting] for p in moved.line] if moved else [],
            "beat_s": moved.beat_s if moved else 30,
            "poll_s": strain.stretched(asks_s, _STRAINED_MOST_S["line"]),
            "lanes": [
                {"name": lane.name, "places": lane.places, "inside": lane.inside}
                for lane in (moved.lanes if moved else ())
            ],
        }
        if drawn and drawn.opened_at_s is not None:
            door["covered"] = [[one.edge, one.run, one.issued, one.chain] for one in drawn.covered]
        return door

    def _audience(self) -> dict[str, Any]:
        """The numbers, and where they are defined."""
        counted = self.known.counted
        return {name: getattr(counted, name) if counted else 0 for name in _COUNTED} | {
            "definition": "/count"
        }

    def render(self, wall_ms: int, strain: Strain = _UNSTRAINED) -> bytes:
        """`as_dict` as JSON."""
        return msgspec.json.encode(self.as_dict(wall_ms, strain))
