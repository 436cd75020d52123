"""kill -9 of each process in turn while live: the event goes on; what was lost is measured.

The microphone plays a tone without a pause, so every silence that is heard was made by us. The
figures are printed (`pytest -s`) and quoted in docs/guide/crashes.md.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Page

from tests.live import hearing
from tests.live.conftest import (
    House,
    People,
    drain,
    end_house,
    start_house,
    tap,
    until,
    until_replay,
)
from tests.live.test_evening import ACTIVE, go_live, listens, take_a_seat

pytestmark = [pytest.mark.live, pytest.mark.timeout(400)]


def tone(path: Path) -> Path:
    """Ten seconds of a tone that can be looped without a click."""
    t = np.arange(480_000) / 48_000
    return hearing.save(path, (0.2 * np.sin(2 * np.pi * 300 * t)).astype(np.float32), 48_000)


def longest(sound: hearing.Sound) -> float:
    """The longest silence, in seconds."""
    return max((length for _, length in hearing.silences_s(sound, 0.05, -50)), default=0.0)


def hears_now(page: Page) -> bool:
    """Whether the listener hears the tone at this moment (the player may use another element)."""
    tap(page, ACTIVE)
    time.sleep(0.7)
    drained = drain(page)
    return len(drained) > 3000 and longest(drained) < 0.1 and hearing.level_dbfs(drained) > -40


@pytest.fixture
def on_air(running: House, people: People, folder: Path) -> tuple[House, Any, Page, Page]:
    """A house with one speaker on air and one listener who hears them."""
    event = running.create("A tone")
    host = people.speaker(tone(folder / "tone.wav"))
    take_a_seat(host, event["host_link"], "Ada")
    listener = people.listener()
    listener.goto(event["listener_link"])
    go_live(host)
    until(lambda: listens(listener), "the listener plays", 40)
    tap(listener, ACTIVE)
    until(lambda: hears_now(listener), "the listener hears the tone")
    time.sleep(3)
    drain(listener)
    return running, event, host, listener


def kill_and_listen(kill: Callable[[], None], listener: Page, name: str) -> float:
    """Kill; listen until it sounds again and four seconds more; the longest silence heard."""
    kill()
    heard = [drain(listener)]
    deadline = time.monotonic() + 40
    calm_s = 0.0
    while calm_s < 4:
        assert time.monotonic() < deadline, f"nothing is heard 40 s after {name} was killed"
        time.sleep(0.5)
        heard.append(drain(listener))
        calm_s = calm_s + 0.5 if len(heard[-1]) and longest(heard[-1]) < 0.1 else 0.0
    gap_s = longest(np.concatenate(heard))
    print(f"\nkill -9 {name}: the listener's longest silence {gap_s:.2f} s")
    return gap_s


def test_the_event_goes_on_whatever_is_killed(on_air: tuple[House, Any, Page, Page]) -> None:
    house, event, host, listener = on_air
    for name in ("control", "edge-0", "edge-1", "packager", "stage"):
        kill_and_listen(lambda name=name: house.kill(name), listener, name)  # type: ignore[misc]
        assert house.state(event)["phase"] == "live"
    speakers = house.state(event)["speakers"]
    assert [s["name"] for s in speakers] == ["Ada"], "who came back has the same seat"
    restarts = {p["name"]: p["restarts"] for p in house.api("GET", "/api/status")["processes"]}
    assert restarts == {"control": 1, "stage": 1, "packager": 1, "edge-0": 1, "edge-1": 1}

    host.click("#end")
    host.get_by_role("button", name="Yes, end it").click()
    replay = hearing.load(until_replay(house, event))
    gaps = hearing.silences_s(replay[: -hearing.RATE // 2], 0.05, -50)
    print(f"\nsilences in the replay: {[(round(a, 2), round(n, 2)) for a, n in gaps]}")
    inside = [gap for gap in gaps if gap[0] > 1.0]
    assert len(inside) == 1, "only the death of the stage can be heard in the replay"
    files = until_recorded_programme(house, event)
    recorded = hearing.load(files)
    lost = [gap for gap in hearing.silences_s(recorded, 0.05, -50) if gap[0] > 1.0]
    print(f"silences in the recording: {[(round(a, 2), round(n, 2)) for a, n in lost]}")
    assert len([gap for gap in lost if gap[0] + gap[1] < len(recorded) / hearing.RATE - 1]) == 1


def until_recorded_programme(house: House, event: Any) -> Path:
    """The finished programme."""
    folder = house.data / "events" / event["id"] / "recording"
    until(lambda: any(folder.glob("programme*.flac")), "the programme is finished")
    until(lambda: not any(folder.glob("*.wav")), "all recordings are finished")
    found: Path = next(folder.glob("programme*.flac"))
    return found


def test_a_killed_supervisor_ends_nothing_and_the_next_one_takes_over(
    on_air: tuple[House, Any, Page, Page],
) -> None:
    house, event, _, listener = on_air
    pids = {name: house.pid(name) for name in ("control", "stage", "packager", "edge-0")}

    def kill() -> None:
        os.kill(house.process.pid, signal.SIGKILL)
        house.process.wait()

    gap_s = kill_and_listen(kill, listener, "supervisor")
    assert gap_s < 0.1
    again = start_house(house.data, house.ports)
    try:
        for name, pid in pids.items():
            assert again.pid(name) != pid
        assert again.state(event)["phase"] == "live"
        until(lambda: hears_now(listener), "the listener hears the tone again", 60)
    finally:
        end_house(again)


def test_a_machine_that_went_down_while_live_finishes_at_the_next_start(
    on_air: tuple[House, Any, Page, Page],
) -> None:
    house, event, _, _ = on_air
    names = ("control", "stage", "packager", "edge-0", "edge-1")
    pids = [house.process.pid, *(house.pid(name) for name in names)]
    for pid in pids:
        os.kill(pid, signal.SIGKILL)
    house.process.wait()
    again = start_house(house.data, house.ports)
    try:
        until(lambda: again.state(event)["phase"] == "live", "the event is live again")
        again.api("POST", f"/api/events/{event['id']}/end")
        replay = hearing.load(until_replay(again, event))
        assert hearing.level_dbfs(replay[: 3 * hearing.RATE]) > -40
        recorded = hearing.load(until_recorded_programme(again, event))
        assert hearing.level_dbfs(recorded[: 3 * hearing.RATE]) > -40
    finally:
        end_house(again)
