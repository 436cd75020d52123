"""The audience page against a mock edge: from the countdown to the replay."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from tests.pages.conftest import Town
from tests.pages.mock_house import Audience, rfc3339

pytestmark = pytest.mark.live

EVENT = "/e/k3v9x2mq"


def test_waiting_page_starts_to_play_without_reload_and_then_has_the_replay(
    media: Path, town: Town
) -> None:
    port = Audience(media, start=rfc3339(time.time() + 60))
    visit = town.visit(port)
    page = visit.open(EVENT, ".countdown b")
    assert "Ada Lovelace and Grace Hopper" in page.inner_text("main")
    assert page.get_attribute("a[href$='.ics']", "href") == f"{EVENT}/calendar.ics"
    page.get_by_role("button", name="I'm here").click()
    page.get_by_text("All set").wait_for()
    page.evaluate("window.same = true")
    port.go_live()
    playing = visit.wait_player("p.kind === 'live' && p.playing && p.latency_s !== null")
    assert playing["mode"] == "hls.js"
    assert playing["rendition"] == "aac" and playing["rung"] == 2
    assert 0 < playing["latency_s"] < 20
    page.get_by_text("Questions come at the end.").wait_for()
    assert page.title().startswith("●")
    port.post()
    port.broken = True  # the live sound is gone at once: the page must not wait for it for ever
    visit.wait_player("p.finished", timeout_s=60)
    port.broken = False
    page.get_by_role("button", name="Play the replay").click()
    visit.wait_player("p.kind === 'replay' && p.playing && p.duration_s > 100")
    page.get_by_role("button", name="2×").click()
    assert page.evaluate("document.querySelector('audio[data-deck]').playbackRate") == 2
    assert page.evaluate("window.same") is True


def test_rung_change_goes_on_without_silence(media: Path, town: Town) -> None:
    port = Audience(media)
    port.go_live()
    visit = town.visit(port)
    page = visit.open(EVENT, ".playpause:visible")
    visit.wait_player("p.playing && p.currentTime > 0")
    page.evaluate(
        """() => { window.silent = 0; window.ticks = 0; setInterval(() => {
          window.ticks += 1;
          const heard = [...document.querySelectorAll('audio')]
            .filter((a) => !a.muted && !a.paused && a.readyState > 2);
          if (heard.length === 0) window.silent += 1;
        }, 20); }"""
    )
    port.state["rung"] = 3
    after = visit.wait_player("p.rung === 3 && p.playing")
    assert after["rendition"] == "eco"
    page.wait_for_function("() => window.ticks > 100")
    # Two ticks of 20 ms: one element falls silent in the same moment as the other sounds.
    assert page.evaluate("window.silent") <= 2


def test_rewind_and_jump_to_live(media: Path, town: Town) -> None:
    port = Audience(media)
    port.began -= 60  # a minute more than the live window holds
    port.go_live()
    visit = town.visit(port)
    page = visit.open(EVENT, ".playpause:visible")
    before = visit.wait_player("p.playing && p.latency_s !== null")["latency_s"]
    page.keyboard.press("j")
    visit.wait_player(f"p.playing && p.latency_s > {before + 20}")
    page.keyboard.press("j")
    visit.wait_player(f"p.playing && p.kind === 'rewind' && p.latency_s > {before + 45}")
    page.get_by_role("button", name="Jump to live").click()
    visit.wait_player(f"p.playing && p.kind === 'live' && p.latency_s < {before + 8}")


def test_lost_sound_is_said_and_comes_back(media: Path, town: Town) -> None:
    port = Audience(media)
    port.go_live()
    visit = town.visit(port)
    page = visit.open(EVENT, ".playpause:visible")
    visit.wait_player("p.playing")
    port.broken = True
    page.get_by_text("The sound stopped. Trying again").wait_for(timeout=60_000)
    port.broken = False
    visit.wait_player("p.playing && p.retry_at_ms === null", timeout_s=60)


def test_volume_and_language_are_remembered(media: Path, town: Town) -> None:
    port = Audience(media)
    port.go_live()
    visit = town.visit(port)
    page = visit.open(EVENT, ".playpause:visible")
    page.get_by_label("Volume").fill("0.4")
    page.get_by_role("button", name="Français").click()
    page.get_by_text("Vous écoutez en direct").wait_for()
    page.reload()
    page.wait_for_selector(".playpause:visible")
    assert page.get_by_label("Volume").input_value() == "0.4"
    assert page.get_by_role("button", name="English").is_visible()


def test_native_player_is_used_where_asked(media: Path, town: Town) -> None:
    port = Audience(media)
    port.go_live()
    visit = town.visit(port)
    visit.open(f"{EVENT}?player=native", ".playpause:visible")
    playing = visit.wait_player("p.playing && p.currentTime > 1")
    assert playing["mode"] == "native"


def test_engine_is_not_fetched_days_before_the_start(media: Path, town: Town) -> None:
    port = Audience(media)
    visit = town.visit(port)
    visit.open(EVENT, ".countdown b")
    visit.page.wait_for_timeout(1500)
    names = visit.page.evaluate("performance.getEntriesByType('resource').map((e) => e.name)")
    assert any("/assets/" in name for name in names)
    assert not any("hls" in name for name in names)


def test_hostile_text_stays_text(media: Path, town: Town) -> None:
    hostile = "</script><img src=x onerror=document.title='owned'>"
    port = Audience(media, title=hostile, description=hostile, people=[hostile])
    visit = town.visit(port)
    page = visit.open(EVENT, ".countdown b")
    assert page.inner_text("h1") == hostile
    assert page.title() != "owned" and page.locator("main img").count() == 0
