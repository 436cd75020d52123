"""The door with real people: a cap, a place in the line, a rung that changes while they listen."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page

from tests.faults.test_kills import longest, tone
from tests.live import hearing
from tests.live.conftest import House, People, drain, open_house, until
from tests.live.test_evening import go_live, listens, take_a_seat

pytestmark = [pytest.mark.live, pytest.mark.timeout(300)]

# What a person hears: both decks through their volume and mute, into one recording.
EARS = """
() => {
  const context = new AudioContext({sampleRate: 16000});
  const node = context.createScriptProcessor(1024, 1, 1);
  window.__heard = [];
  node.onaudioprocess = (e) => {
    const x = e.inputBuffer.getChannelData(0);
    const out = new Int16Array(x.length);
    for (let i = 0; i < x.length; i++) out[i] = Math.max(-1, Math.min(1, x[i])) * 32767;
    window.__heard.push(out);
  };
  for (const audio of document.querySelectorAll('audio'))
    context.createMediaElementSource(audio).connect(node);
  node.connect(context.destination);
  window.__ears = {context, node};
}
"""


@pytest.fixture
def capped(folder: Path) -> Iterator[House]:
    """A house in which three may listen."""
    with open_house(folder, "[door]\ncap = 3\n") as house:
        yield house


def door(page: Page) -> Any:
    """What the page knows of its place."""
    return page.evaluate("window.rostra.door()")


def inside(pages: list[Page]) -> list[Page]:
    """Those who hold a pass."""
    return [page for page in pages if door(page)["pass"]]


def test_three_are_in_and_the_fourth_gets_in_when_one_leaves(capped: House, people: People) -> None:
    event = capped.create("A small house")
    pages = [people.listener() for _ in range(4)]
    for page in pages:
        page.goto(event["listener_link"])
    until(lambda: all(door(page)["ticket_id"] for page in pages), "everyone has a ticket")
    assert not inside(pages), "nobody is in before the doors open"

    capped.api("POST", f"/api/events/{event['id']}/open-doors")
    took = until(lambda: len(inside(pages)) == 3, "three are in")
    print(f"three are in {took:.1f} s after the doors opened")
    (waits,) = [page for page in pages if page not in inside(pages)]
    until(lambda: door(waits)["before"] == 0, "the fourth sees its place")
    until(lambda: capped.state(event)["audience"]["waiting"] == 1, "one is counted as waiting")
    until(lambda: capped.state(event)["audience"]["inside"] == 3, "three are counted inside")
    state = capped.state(event)
    assert state["door"]["full"]
    assert state["rung"] == 0, "a cap costs nobody quality"

    place = door(waits)
    waits.reload()
    until(lambda: door(waits)["ticket_id"] is not None, "the page is back")
    assert door(waits)["ticket_id"] == place["ticket_id"], "a reload keeps the place"
    until(lambda: door(waits)["rank"] == place["rank"], "and the rank")
    second_tab = waits.context.new_page()
    second_tab.goto(event["listener_link"])
    until(lambda: door(second_tab)["ticket_id"] == place["ticket_id"], "a second tab shares it")
    for name in ("edge-0", "edge-1"):
        capped.kill(name)
    time.sleep(8)
    assert len(inside(pages)) == 3, "nobody lost a place with the edges, nobody gained one"
    assert door(waits)["rank"] == place["rank"]
    assert capped.state(event)["audience"]["waiting"] == 1, "two tabs wait as one"

    inside(pages)[0].goto("about:blank")
    took = until(lambda: door(waits)["pass"], "the fourth is in", 90)
    print(f"the fourth is in {took:.1f} s after one left")


def test_a_rung_changes_and_the_sound_goes_on(running: House, people: People, folder: Path) -> None:
    event = running.create("A steady tone")
    host = people.speaker(tone(folder / "tone.wav"))
    take_a_seat(host, event["host_link"], "Ada")
    listener = people.listener()
    listener.goto(event["listener_link"])
    go_live(host)
    until(lambda: listens(listener), "the listener hears", 40)
    time.sleep(12)  # so that plain segments exist
    listener.evaluate(EARS)
    time.sleep(3)
    drain(listener)
    for rung in (1, 2, 3, 0):
        running.api("POST", f"/api/events/{event['id']}/door", {"rung": rung})
        until(
            lambda rung=rung: listener.evaluate("window.rostra.player().rung") == rung,  # type: ignore[misc]
            f"the page plays rung {rung}",
        )
        time.sleep(4)
        heard = drain(listener)
        assert hearing.level_dbfs(heard) > -40
        told = listener.evaluate("window.rostra.player()")
        print(
            f"to rung {rung}: longest silence {1000 * longest(heard):.0f} ms, said twice",
            f"{told['overlap_ms']} ms",
        )
        assert longest(heard) <= 0.25, "a change of the rung is not heard as a pause"


def test_a_person_who_drops_for_twenty_seconds_comes_back_at_once(
    capped: House, people: People
) -> None:
    event = capped.create("A short tunnel")
    pages = [people.listener() for _ in range(4)]
    for page in pages:
        page.goto(event["listener_link"])
    capped.api("POST", f"/api/events/{event['id']}/open-doors")
    until(lambda: len(inside(pages)) == 3, "three are in")
    dropped = inside(pages)[0]
    dropped.context.set_offline(True)
    time.sleep(20)
    assert len([p for p in pages if p is not dropped and door(p)["pass"]]) == 2
    dropped.context.set_offline(False)
    until(lambda: door(dropped)["pass"], "back, without waiting", 20)
    assert capped.state(event)["audience"]["inside"] == 3
