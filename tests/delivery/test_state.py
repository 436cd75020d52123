from __future__ import annotations

import msgspec
import pytest
from tests.delivery.playing import START_MS, event, offered, seat

from rostra.delivery.state import EventState, Known, line_poll_s, poll_s
from rostra.ground.door_values import Covered, LaneState, LinePiece
from rostra.ground.facts import (
    Announcement,
    AudienceCounted,
    DoorMoved,
    DoorSet,
    Phase,
    PlaylistsOffered,
    ReplayPromised,
)


def test_the_state_is_what_the_contract_says() -> None:
    told = event(
        language="fr",
        description="d",
        people=("Ada", "Grace"),
        live_at_ms=START_MS + 120,
        announcements=(Announcement(number=1, at_ms=START_MS, text="soon"),),
    )
    state = EventState(
        told,
        Known(
            seats=(seat("Ada"), seat("Gone", connected=False)),
            counted=AudienceCounted(event_id="abc", connected=12, at_ms=0),
            offered=offered(),
        ),
    )
    playlist = {"rung": 0, "rendition": "aac", "codec": "mp4a.40.2", "bandwidth": 72000,
                "url": "/e/abc/live/0/aac.m3u8"}  # fmt: skip
    assert msgspec.json.decode(state.render(START_MS + 3000)) == {
        "v": 1, "id": "abc", "rehearsal": False,
        "phase": "live", "title": "Ada & <Grace>", "description": "d",
        "language": "fr", "start": "2026-12-01T20:00:00Z", "first_start": None,
        "duration_min": 60, "now": "2026-12-01T20:00:03Z", "live_at": "2026-12-01T20:00:00.120Z",
        "ended_at": None,
        "speakers": [{"id": "a1", "name": "Ada", "role": "host", "speaking": False,
                      "muted": False}],
        "people": ["Ada", "Grace"],
        "announcements": [{"number": 1, "at": "2026-12-01T20:00:00Z", "text": "soon"}],
        "checkpoint": None, "rung": 0, "rung_since": None, "rung_reason": "rung_best",
        "door": {"admission": "passes", "commitment": None, "secret": None, "seed": None,
                 "opened_at": None, "cohort_s": 10, "admitted_rank": -1, "pace": 0.0,
                 "full": False, "waiting": 0, "line": [], "beat_s": 30, "poll_s": 10, "lanes": []},
        "audience": {"connected": 12, "listening": 0, "low": 0, "high": 0, "proven": 0,
                     "fetched": 0, "inside": 0, "waiting": 0, "peak": 0, "total_net": 0,
                     "total_gross": 0, "definition": "/count"},
        "replay_due": None, "poll_s": 2,
        "links": {"page": "/e/abc", "calendar": "/e/abc/calendar.ics", "replay": None,
                  "rewind": [playlist | {"rung": 2, "url": "/e/abc/rewind/aac.m3u8"}],
                  "playlists": [playlist]},
    }  # fmt: skip


@pytest.mark.parametrize("phase", [Phase.ENDED, Phase.POSTED])
def test_after_the_end_the_playlists_are_the_replays(phase: Phase) -> None:
    links = EventState(event(phase), Known(offered=offered())).as_dict(0)["links"]
    assert links["replay"] == "/e/abc/replay/index.m3u8"
    assert [one["url"] for one in links["playlists"]] == ["/e/abc/replay/aac.m3u8"]


def test_until_the_replay_stands_the_live_playlists_stay() -> None:
    live_only = PlaylistsOffered(event_id="abc", live=offered().live)
    state = EventState(event(Phase.ENDED), Known(offered=live_only))
    links = state.as_dict(0)["links"]
    assert links["replay"] is None and links["playlists"][0]["url"].startswith("/e/abc/live/")
    state.known.replay_sealed = True
    assert state.as_dict(0)["links"]["replay"] == "/e/abc/replay/index.m3u8"


def test_a_replay_is_not_offered_while_the_event_lives() -> None:
    assert EventState(event(), Known(offered=offered())).as_dict(0)["links"]["replay"] is None


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


def test_the_state_tells_where_the_line_stands_and_how_it_was_drawn() -> None:
    known = Known(
        door=DoorSet(
            event_id="abc",
            commitment="c0",
            places_until_s=0,
            secret="5e",
            seed="5eed",
            covered=(Covered(edge="edge-0", run="r", issued=3, chain="ab"),),
            opened_at_s=START_MS // 1000 - 900,
        ),
        moved=DoorMoved(
            event_id="abc",
            at_ms=START_MS,
            sequence=4,
            admitted_rank=(7 << 32) + 5,
            pace=12.3456,
            rung=1,
            rung_since_ms=START_MS - 1000,
            reason="rung_demand",
            full=True,
            waiting=24_000,
            line=(LinePiece(first=0, last=0, waiting=9), LinePiece(first=1, last=9, waiting=4)),
            leases={"edge-0": ("r", 9)},
            lanes=(LaneState(name="press", places=40, inside=2),),
            beat_s=60,
        ),
        counted=AudienceCounted(
            event_id="abc",
            connected=1,
            at_ms=0,
            listening=990,
            low=980,
            high=1001,
            proven=800,
            fetched=700,
            inside=995,
            waiting=24_000,
            peak=1000,
            total_net=2000,
            total_gross=2100,
        ),
        promised=ReplayPromised(event_id="abc", due_ms=START_MS + 5_400_000),
    )
    told = msgspec.json.decode(EventState(event(Phase.DOORS_OPEN), known).render(START_MS - 1_000))
    assert (told["rung"], told["rung_since"], told["rung_reason"], told["replay_due"]) == (
        1, "2026-12-01T19:59:59Z", "rung_demand", "2026-12-01T21:30:00Z",
    )  # fmt: skip
    assert told["door"] == {
        "admission": "passes", "commitment": "c0", "secret": "5e", "seed": "5eed",
        "opened_at": "2026-12-01T19:45:00Z", "cohort_s": 10, "admitted_rank": (7 << 32) + 5,
        "pace": 12.35, "full": True, "waiting": 24_000, "line": [[0, 0, 9], [1, 9, 4]],
        "beat_s": 60, "poll_s": 20, "lanes": [{"name": "press", "places": 40, "inside": 2}],
        "covered": [["edge-0", "r", 3, "ab"]],
    }  # fmt: skip
    assert told["audience"] == {
        "connected": 1, "listening": 990, "low": 980, "high": 1001, "proven": 800, "fetched": 700,
        "inside": 995, "waiting": 24_000, "peak": 1000, "total_net": 2000, "total_gross": 2100,
        "definition": "/count",
    }  # fmt: skip
    assert told["poll_s"] == 2, "those inside must see the start at once, however many wait"


def test_how_the_line_is_drawn_is_told_only_once_it_is() -> None:
    scheduled = DoorSet(event_id="abc", commitment="c0", places_until_s=0)
    door = EventState(event(Phase.SCHEDULED), Known(door=scheduled)).as_dict(0)["door"]
    assert (door["commitment"], door["secret"], door["seed"]) == ("c0", None, None)
    assert door["opened_at"] is None and "covered" not in door


@pytest.mark.parametrize(
    ("waiting", "is_open", "expected"),
    [(0, True, 2), (199, True, 2), (199, False, 10), (200, True, 10), (19_999, True, 10),
     (20_000, True, 20), (20_000, False, 20)],
)  # fmt: skip
def test_a_long_line_asks_seldom_and_a_short_one_that_is_drawn_often(
    waiting: int, is_open: bool, expected: int
) -> None:
    assert line_poll_s(waiting, is_open) == expected


def test_in_the_first_second_after_the_doors_opened_a_large_crowd_is_known_already() -> None:
    opened = DoorSet(
        event_id="abc", commitment="c0", places_until_s=0, secret="aa", seed="bb", opened_at_s=1
    )
    counted = AudienceCounted(event_id="abc", connected=0, at_ms=0, waiting=30_000)
    known = Known(door=opened, counted=counted)
    assert EventState(event(Phase.DOORS_OPEN), known).as_dict(0)["door"]["poll_s"] == 20
