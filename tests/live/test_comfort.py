"""What people do in an evening besides speaking and listening: mute, leave, come back, rewind."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pytest

from tests.faults.test_kills import hears_now, longest, tone
from tests.live import hearing
from tests.live.conftest import House, People, drain, tap, until
from tests.live.test_evening import go_live, listens, take_a_seat

pytestmark = [pytest.mark.live, pytest.mark.timeout(300)]


def seats(house: House) -> dict[str, tuple[str, bool]]:
    """Name → (seat id, muted), of those on stage."""
    events = house.api("GET", "/api/status")["events"]
    return {s["name"]: (s["id"], s["muted"]) for s in events[0]["seats"] if s["connected"]}


def test_a_speaker_mutes_leaves_and_comes_back_to_the_same_seat(
    running: House, people: People, folder: Path
) -> None:
    event = running.create("Comings and goings")
    ada = people.speaker(tone(folder / "tone.wav"))
    grace = people.speaker(hearing.save(folder / "quiet.wav", np.zeros(48_000, np.float32), 48_000))
    take_a_seat(ada, event["host_link"], "Ada")
    take_a_seat(grace, event["speaker_link"], "Grace")

    def grace_hears() -> bool:
        tap(grace, "audio")
        time.sleep(0.8)
        heard = drain(grace)
        return hearing.level_dbfs(heard) > -40 and longest(heard) < 0.2

    until(grace_hears, "Grace hears Ada")
    seat = seats(running)["Ada"][0]
    ada.click("#mute")
    until(lambda: seats(running)["Ada"] == (seat, True), "everyone sees that Ada is muted")
    until(lambda: not grace_hears(), "Grace no longer hears Ada")
    ada.click("#mute")
    until(grace_hears, "Grace hears Ada again")
    ada.click("#leave")
    until(lambda: "Ada" not in seats(running), "Ada has left")
    ada.click("#join")
    until(lambda: seats(running).get("Ada") == (seat, False), "Ada has her seat again")
    until(grace_hears, "Grace hears Ada after she came back")
    ada.reload()
    ada.click("#join")
    until(lambda: seats(running).get("Ada") == (seat, False), "also after a reload")


def test_a_listener_rewinds_and_jumps_back_to_live(
    running: House, people: People, folder: Path
) -> None:
    event = running.create("Rewinding")
    host = people.speaker(tone(folder / "tone.wav"))
    take_a_seat(host, event["host_link"], "Ada")
    listener = people.listener()
    listener.goto(event["listener_link"])
    go_live(host)
    until(lambda: listens(listener), "the listener plays", 40)
    time.sleep(70)  # longer than the live window
    for _ in range(2):
        listener.keyboard.press("j")
        time.sleep(0.5)
    kind = "window.rostra.player().kind"
    until(lambda: listener.evaluate(kind) == "rewind", "the rewind playlist plays")
    until(lambda: hears_now(listener), "the past is heard")
    behind = float(listener.evaluate("window.rostra.player().latency_s"))
    print(f"{behind:.0f} s behind after twice −30")
    assert 50 < behind < 75
    listener.keyboard.press("End")
    until(lambda: listener.evaluate(kind) == "live", "live again")
    until(lambda: hears_now(listener), "the present is heard")
    until(lambda: float(listener.evaluate("window.rostra.player().latency_s")) < 5, "close to live")
