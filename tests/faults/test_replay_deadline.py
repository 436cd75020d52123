"""The replay is there by its deadline even if live fails: the packager is stopped and stays so."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest

from tests.faults.test_kills import tone
from tests.live import hearing
from tests.live.conftest import House, People, open_house, until
from tests.live.test_evening import go_live, take_a_seat

pytestmark = [pytest.mark.live, pytest.mark.timeout(240)]


@pytest.fixture
def promising(folder: Path) -> Iterator[House]:
    """A house that promises each replay a minute after the end."""
    with open_house(folder, "[agenda]\nreplay_within_min = 1\n") as house:
        yield house


def test_the_replay_is_there_by_its_deadline_though_the_packager_hangs(
    promising: House, people: People, folder: Path
) -> None:
    house = promising
    event = house.create("A tone")
    host = people.speaker(tone(folder / "tone.wav"))
    take_a_seat(host, event["host_link"], "Ada")
    go_live(host)
    until(lambda: house.state(event)["phase"] == "live", "the event is live")
    programme = house.data / "events" / event["id"] / "recording" / "programme.wav"
    until(lambda: programme.stat().st_size > 5 * 96_000, "five seconds are recorded")
    packager = house.pid("packager")
    os.kill(packager, signal.SIGSTOP)  # it neither works nor dies, so nobody starts another
    try:
        until(lambda: programme.stat().st_size > 12 * 96_000, "seven more without the packager")
        ended = house.api("POST", f"/api/events/{event['id']}/end")
        due = datetime.fromisoformat(house.state(event)["replay_due"])
        assert (due - datetime.fromisoformat(ended["ended_at"])).total_seconds() == pytest.approx(
            60
        )

        # Each call may come to another edge: all of them have to know, before one is believed.
        until(
            lambda: all(house.state(event)["links"]["replay"] for _ in range(12)),
            "the replay is offered by all edges",
            90,
        )
        state = house.state(event)
        late_s = (datetime.fromisoformat(state["now"]) - due).total_seconds()
        print(f"\nthe replay was there {-late_s:.1f} s before its deadline")
        assert late_s < 0
        assert house.pid("packager") == packager

        replay = f"{house.audience}{state['links']['replay']}"
        lived_s = (
            datetime.fromisoformat(ended["ended_at"]) - datetime.fromisoformat(ended["live_at"])
        ).total_seconds()
        for playlist in state["links"]["playlists"]:
            command = ["ffprobe", "-v", "error", "-show_entries", "format=duration"]
            address = f"{house.audience}{playlist['url']}"
            found = subprocess.run(
                [*command, "-of", "csv=p=0", address], capture_output=True, text=True, check=True
            )
            assert float(found.stdout) == pytest.approx(lived_s, abs=1.0)
        sound = hearing.load(replay)
        gaps = hearing.silences_s(sound[hearing.RATE : -hearing.RATE], 0.05, -50)
        print(f"silences in the replay: {gaps}")
        assert not gaps, "the packager's outage cannot be heard"
        until(
            lambda: house.api("GET", f"/api/events/{event['id']}")["phase"] == "posted",
            "the event is posted",
        )
    finally:
        os.kill(packager, signal.SIGCONT)
    # It wakes up to an event that is over, and leaves the replay as it is.
    until(
        lambda: (house.api("GET", "/api/status")["packager"] or {}).get("events") == 0,
        "the packager has caught up",
    )
    assert abs(len(hearing.load(replay)) - len(sound)) < hearing.RATE // 10
