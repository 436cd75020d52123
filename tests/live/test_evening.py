"""The main job, end to end: two people speak, two listen, the replay plays."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.live import hearing
from tests.live.conftest import House, People, drain, tap, until, until_replay

pytestmark = [pytest.mark.live, pytest.mark.timeout(300)]

HOST_SAYS = (
    "Good evening, and welcome to the conversation that begins on the announced second. "
    "My guest tonight has crossed the Atlantic in a wooden boat."
)
GUEST_SAYS = (
    "Thank you for having me. The harbour was frozen when we left, and seven whales "
    "followed us for three days and nights."
)
NOBODY_SAYS = (
    "Quarterly revenue exceeded projections because warehouse logistics improved, "
    "therefore shareholders received additional dividends."
)
ACTIVE = "audio[data-deck=active]"  # the audience page has two, to change rungs without a gap


def voices(folder: Path) -> tuple[Path, Path, Path]:
    """Host, guest, and somebody who is not there (what must not be found)."""
    return (
        hearing.speak(HOST_SAYS, "en-gb+m3", folder / "host.wav", pause_s=9),
        hearing.speak(GUEST_SAYS, "en-us+f4", folder / "guest.wav", pause_s=7),
        hearing.speak(NOBODY_SAYS, "en-gb+m1", folder / "nobody.wav"),
    )


def take_a_seat(page: Page, link: str, name: str) -> None:
    """Open a link, give a name, join."""
    page.goto(link)
    page.get_by_label("Remove background noise").evaluate(
        "box => box.closest('details').open = true"
    )
    for box in ("Remove echo", "Remove background noise", "Even out loudness"):
        page.get_by_label(box).uncheck()
    page.fill("#name", name)
    page.click("#join")
    connected = "window.rostra.pc()?.connectionState === 'connected'"
    until(lambda: page.evaluate(connected), f"{name} is on stage")


def go_live(page: Page) -> None:
    """The host's button, which asks once."""
    page.click("#go-live")
    page.get_by_role("button", name="Yes, go live").click()


def listens(page: Page) -> bool:
    """Whether the page's player is playing."""
    snapshot = page.evaluate("window.rostra.player()")
    return bool(snapshot["playing"] and snapshot["currentTime"] > 0.5)


def assert_heard(sound: hearing.Sound, said: Path, not_said: Path) -> None:
    """`said` is in `sound`, clearly better than what nobody said."""
    score, at_s = hearing.find(sound, speech(said))
    decoy, _ = hearing.find(sound, speech(not_said))
    print(f"{said.stem}: match {score:.2f} at {at_s:.1f} s; decoy {decoy:.2f}")
    assert score > 0.6
    assert score > decoy + 0.2


def speech(path: Path) -> hearing.Sound:
    """Three seconds from the middle of what was said."""
    sound = hearing.load(path)
    return sound[hearing.RATE : 4 * hearing.RATE]


def test_two_speak_two_hear_them_and_the_replay_plays(
    running: House, people: People, folder: Path
) -> None:
    host_wav, guest_wav, nobody_wav = voices(folder)
    event: Any = running.create("A wooden boat", "--person", "Ada", "--person", "Grace")

    hls = people.listener()
    native = people.listener()
    hls.goto(event["listener_link"])
    native.goto(event["listener_link"] + "?player=native")
    expect(hls.get_by_role("heading", name="A wooden boat")).to_be_visible()
    assert "Ada" in hls.inner_text("body")

    host = people.speaker(host_wav)
    guest = people.speaker(guest_wav)
    take_a_seat(host, event["host_link"], "Ada")
    take_a_seat(guest, event["speaker_link"], "Grace")
    tap(host)
    time.sleep(14)
    assert_heard(drain(host), guest_wav, nobody_wav)

    assert running.state(event)["phase"] == "scheduled"
    go_live(host)
    until(lambda: running.state(event)["phase"] == "live", "the event is live")
    live_at = time.monotonic()
    for name, page in (("hls.js", hls), ("native", native)):
        until(lambda page=page: listens(page), f"{name} plays, without a reload", 40)  # type: ignore[misc]
        print(f"{name} plays {time.monotonic() - live_at:.1f} s after going live")
    for page in (hls, native):
        tap(page, ACTIVE)
    time.sleep(38)  # the two speak over each other now and then; each is alone at least once
    for name, page in (("hls.js", hls), ("native", native)):
        sound = drain(page)
        print(f"{name}: {len(sound) / hearing.RATE:.1f} s heard")
        assert_heard(sound, host_wav, nobody_wav)
        assert_heard(sound, guest_wav, nobody_wav)
        assert hearing.level_dbfs(sound) > -35
    snapshot = hls.evaluate("window.rostra.player()")
    print(f"hls.js: {snapshot}")
    assert snapshot["mode"] == "hls.js"
    assert native.evaluate("window.rostra.player().mode") == "native"
    speakers = {s["name"]: s["role"] for s in running.state(event)["speakers"]}
    assert speakers == {"Ada": "host", "Grace": "speaker"}
    until(
        lambda: running.state(event)["audience"]["connected"] == 2,
        "two listeners are counted, each once",
    )

    def counted() -> tuple[int, int]:
        [row] = running.api("GET", "/api/status")["events"]
        return row["audience"]["proven"], row["audience"]["fetched"]

    until(lambda: counted() == (1, 1), "hls.js proves that it listens, native fetches", 100)
    health = running.api("GET", "/api/status")
    assert [edge["edge"] for edge in health["edges"]] == ["edge-0", "edge-1"]
    assert health["stage"]["seats"] == 2

    host.click("#end")
    host.get_by_role("button", name="Yes, end it").click()
    until(lambda: running.state(event)["phase"] == "posted", "the replay is posted")
    whole = hearing.load(until_replay(running, event))
    view = running.api("GET", f"/api/events/{event['id']}")
    assert abs(len(whole) / hearing.RATE - view["replay_s"]) < 0.5
    assert_heard(whole, host_wav, nobody_wav)
    assert_heard(whole, guest_wav, nobody_wav)

    later = people.listener()
    later.on("console", lambda message: print("later:", message.text))
    later.on("response", lambda r: print("later:", r.status, r.url) if r.status >= 400 else None)
    later.goto(event["listener_link"])
    later.get_by_role("button", name="Play the replay").click()
    until(lambda: listens(later), "the replay plays at the same address")
    tap(later, ACTIVE)
    time.sleep(34)
    assert_heard(drain(later), host_wav, nobody_wav)

    files = until_recorded(running, event)
    assert sorted(row["kind"] for row in files) == ["programme", "stem", "stem"]
    folder_of = running.data / "events" / event["id"] / "recording"
    programme = hearing.load(next(folder_of.glob("programme*.flac")))
    assert abs(len(programme) / hearing.RATE - view["replay_s"]) < 1.0
    stems = {
        row["name"]: hearing.load(folder_of / row["name"]) for row in files if row["kind"] == "stem"
    }
    for wav, name in ((host_wav, "Ada"), (guest_wav, "Grace")):
        stem = next(sound for file, sound in stems.items() if name.lower() in file)
        assert_heard(stem, wav, nobody_wav)
        assert abs(len(stem) - len(programme)) < hearing.RATE // 10


def until_recorded(house: House, event: Any) -> list[dict[str, Any]]:
    """The finished recordings."""
    path = f"/api/events/{event['id']}/recordings"

    def finished() -> bool:
        rows = house.api("GET", path)
        return len(rows) >= 3 and all(row["finished"] for row in rows)

    until(finished, "the recording is finished into FLAC")
    rows: list[dict[str, Any]] = house.api("GET", path)
    return rows
