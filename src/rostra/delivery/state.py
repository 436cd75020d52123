"""state.json: all that an audience page needs to know of an event, rendered from facts."""

from __future__ import annotations

from typing import Any

import msgspec

from rostra.ground.facts import Event, Phase, PlaylistInfo, PlaylistsOffered, Seat
from rostra.ground.wall_time import rfc3339

_NEAR_START_MS = 120_000
_AFTER = {Phase.ENDED, Phase.POSTED}


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


class EventState(msgspec.Struct):
    """What is known of one event; facts replace its fields."""

    event: Event
    seats: tuple[Seat, ...] = ()
    connected: int = 0
    offered: PlaylistsOffered | None = None
    replay_sealed: bool = False

    @property
    def page(self) -> str:
        """The event page's path."""
        return f"/e/{self.event.event_id}"

    @property
    def replay_ready(self) -> bool:
        """Whether the replay can be played."""
        offered = self.offered is not None and bool(self.offered.replay)
        return self.event.phase in _AFTER and (offered or self.replay_sealed)

    def as_dict(self, wall_ms: int) -> dict[str, Any]:
        """The object of docs/reference/contract.md, as of `wall_ms` (Unix milliseconds)."""
        event, page = self.event, self.page
        offered = self.offered or PlaylistsOffered(event_id=event.event_id)
        playlists = offered.replay if self.replay_ready else offered.live
        return {
            "v": 1,
            "id": event.event_id,
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
                for seat in self.seats
                if seat.connected
            ],
            "people": list(event.people),
            "announcements": [
                {"number": said.number, "at": rfc3339(said.at_ms), "text": said.text}
                for said in event.announcements
            ],
            "rung": 0,
            "audience": {"connected": self.connected},
            "poll_s": poll_s(
                event, any(seat.connected for seat in self.seats), self.replay_ready, wall_ms
            ),
            "links": {
                "page": page,
                "calendar": f"{page}/calendar.ics",
                "replay": f"{page}/replay/index.m3u8" if self.replay_ready else None,
                "rewind": [_playlist(page, info) for info in offered.rewind],
                "playlists": [_playlist(page, info) for info in playlists],
            },
        }

    def render(self, wall_ms: int) -> bytes:
        """`as_dict` as JSON."""
        return msgspec.json.encode(self.as_dict(wall_ms))
