from __future__ import annotations

import msgspec
import pytest
from tests.delivery.playing import START_MS, event, offered, seat

from rostra.delivery.state import EventState, poll_s
from rostra.ground.facts import Announcement, Phase, PlaylistsOffered


def test_the_state_is_what_the_contract_says() -> None:
    told = event(
        language="fr",
        description="d",
        people=("Ada", "Grace"),
        live_at_ms=START_MS + 120,
        announcements=(Announcement(number=1, at_ms=START_MS, text="soon"),),
    )
    state = EventState(
        event=told,
        seats=(seat("Ada"), seat("Gone", connected=False)),
        connected=12,
        offered=offered(),
    )
    playlist = {"rung": 0, "rendition": "aac", "codec": "mp4a.40.2", "bandwidth": 72000,
                "url": "/e/abc/live/0/aac.m3u8"}  # fmt: skip
    assert msgspec.json.decode(state.render(START_MS + 3000)) == {
        "v": 1, "id": "abc", "phase": "live", "title": "Ada & <Grace>", "description": "d",
        "language": "fr", "start": "2026-12-01T20:00:00Z", "first_start": None,
        "duration_min": 60, "now": "2026-12-01T20:00:03Z", "live_at": "2026-12-01T20:00:00.120Z",
        "ended_at": None,
        "speakers": [{"id": "a1", "name": "Ada", "role": "host", "speaking": False,
                      "muted": False}],
        "people": ["Ada", "Grace"],
        "announcements": [{"number": 1, "at": "2026-12-01T20:00:00Z", "text": "soon"}],
        "rung": 0, "audience": {"connected": 12}, "poll_s": 2,
        "links": {"page": "/e/abc", "calendar": "/e/abc/calendar.ics", "replay": None,
                  "rewind": [playlist | {"rung": 2, "url": "/e/abc/rewind/aac.m3u8"}],
                  "playlists": [playlist]},
    }  # fmt: skip


@pytest.mark.parametrize("phase", [Phase.ENDED, Phase.POSTED])
def test_after_the_end_the_playlists_are_the_replays(phase: Phase) -> None:
    links = EventState(event=event(phase), offered=offered()).as_dict(0)["links"]
    assert links["replay"] == "/e/abc/replay/index.m3u8"
    assert [one["url"] for one in links["playlists"]] == ["/e/abc/replay/aac.m3u8"]


def test_until_the_replay_stands_the_live_playlists_stay() -> None:
    live_only = PlaylistsOffered(event_id="abc", live=offered().live)
    state = EventState(event=event(Phase.ENDED), offered=live_only)
    links = state.as_dict(0)["links"]
    assert links["replay"] is None and links["playlists"][0]["url"].startswith("/e/abc/live/")
    state.replay_sealed = True
    assert state.as_dict(0)["links"]["replay"] == "/e/abc/replay/index.m3u8"


def test_a_replay_is_not_offered_while_the_event_lives() -> None:
    assert EventState(event=event(), offered=offered()).as_dict(0)["links"]["replay"] is None


@pytest.mark.parametrize(
    ("phase", "before_start_s", "ready", "expected"),
    [
        (Phase.SCHEDULED, 3600, False, 10), (Phase.DOORS_OPEN, 121, False, 10),
        (Phase.DOORS_OPEN, 120, False, 2), (Phase.DOORS_OPEN, -900, False, 2),
        (Phase.LIVE, -900, False, 2), (Phase.ENDED, -4000, False, 5),
        (Phase.ENDED, -4000, True, 30), (Phase.POSTED, -4000, True, 30),
        (Phase.CANCELLED, 3600, False, 30),
    ],
)  # fmt: skip
def test_pages_ask_often_only_where_seconds_matter(
    phase: Phase, before_start_s: int, ready: bool, expected: int
) -> None:
    assert poll_s(event(phase), False, ready, START_MS - before_start_s * 1000) == expected


def test_pages_ask_often_once_somebody_is_on_stage() -> None:
    assert poll_s(event(Phase.SCHEDULED), True, False, START_MS - 3_600_000) == 2
