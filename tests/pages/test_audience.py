"""The audience page against a mock edge: from the countdown to the replay."""

from __future__ import annotations

import datetime
import time
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from tests.pages.conftest import Town, Visit
from tests.pages.mock_house import HANGS_UP, Answer, Audience, rfc3339

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


class Edge:
    """An audience port that can be lost: media answer 404, or nothing answers at all."""

    def __init__(self, media: Path) -> None:
        self.port = Audience(media)
        self.port.hold_back_s = 18
        self.port.go_live()
        self.lost = ""
        self.failed = 0  # playlists

    def __call__(self, method: str, path: str, body: bytes) -> Answer | None:
        sound = path.endswith((".m3u8", ".m4s"))
        if not self.lost or (self.lost == "404" and not sound):
            return self.port(method, path, body)
        self.failed += path.endswith(".m3u8")
        return HANGS_UP if self.lost == "refused" else None


def full_buffer(edge: Edge, town: Town) -> Visit:
    """Somebody who hears it live with 14 s or more in the buffer, and whose waits are known."""
    visit = town.visit(edge)
    # The waits are then between 0.6 and 3 s, so that several attempts fall into an outage of 8 s
    # and the one after it comes before the buffer is empty.
    visit.page.add_init_script("Math.random = () => 0.3")
    page = visit.open(EVENT, ".playpause:visible")
    visit.wait_player("p.playing && p.currentTime > 0")
    page.wait_for_function(
        """() => { const a = document.querySelector('audio[data-deck]');
          return a.buffered.length > 0 && a.buffered.end(0) - a.currentTime > 13.5; }"""
    )
    return visit


# A busy machine lets the sound wait although the buffer is full, and hls.js then nudges it by a
# tenth of a second: no fault of the page's.
WATCH = """() => {
  const audio = document.querySelector('audio[data-deck]');
  window.begun = audio.currentTime;
  window.faults = [];
  let waited_ms = 0;
  let last = audio.currentTime;
  for (const name of ['waiting', 'seeking', 'emptied', 'pause', 'error'])
    audio.addEventListener(name, () => {
      const { currentTime: at, buffered } = audio;
      const ahead = buffered.length > 0 ? buffered.end(buffered.length - 1) - at : 0;
      if (name === 'waiting') waited_ms = Date.now();
      const nudged = name === 'seeking' && Math.abs(at - last) < 1;
      if (!nudged && (name !== 'waiting' || ahead < 1))
        window.faults.push(`${name} ${(at - window.begun).toFixed(1)} s on, ${ahead} s ahead`);
    });
  window.said = new Set();
  setInterval(() => {
    last = audio.currentTime;
    if (audio.readyState <= 2) waited_ms = Date.now();
    if (Date.now() - waited_ms > 2_000)
      window.said.add(document.querySelector('.status').innerText);
  }, 100);
}"""
BEYOND_THE_BUFFER = """() => window.faults.length > 0 ||
  document.querySelector('audio[data-deck]').currentTime - window.begun > 20"""


@pytest.mark.parametrize("how", ["refused", "404"])
def test_outage_shorter_than_the_buffer_is_not_heard(media: Path, town: Town, how: str) -> None:
    edge = Edge(media)
    page = full_buffer(edge, town).page
    page.evaluate(WATCH)
    edge.lost = how
    page.wait_for_timeout(8_000)
    edge.lost = ""
    assert edge.failed >= 3
    page.wait_for_function(BEYOND_THE_BUFFER, timeout=60_000)
    assert page.evaluate("window.faults") == []
    assert page.evaluate("[...window.said]") == ["You are hearing it live"]


def test_outage_in_a_pause_is_not_heard(media: Path, town: Town) -> None:
    edge = Edge(media)
    page = full_buffer(edge, town).page
    page.get_by_role("button", name="Pause").click()
    edge.lost = "refused"
    page.wait_for_timeout(8_000)
    edge.lost = ""
    assert edge.failed >= 1
    page.evaluate(WATCH)
    page.get_by_role("button", name="Play").click()
    page.wait_for_function(BEYOND_THE_BUFFER, timeout=60_000)
    assert page.evaluate("window.faults") == []


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


@pytest.mark.parametrize("zone", ["Asia/Tokyo", "America/New_York"])
def test_the_start_is_told_in_the_clock_of_who_reads(media: Path, town: Town, zone: str) -> None:
    start = datetime.datetime.now(datetime.UTC) + datetime.timedelta(days=2)
    port = Audience(media, start=rfc3339(start.timestamp()))
    page = town.visit(port, timezone_id=zone).open(EVENT, ".countdown b")
    assert start.astimezone(ZoneInfo(zone)).strftime("%H:%M") in page.inner_text("main")


@pytest.mark.parametrize(
    ("language", "note", "said"),
    [
        ("English", "speaking", "Now speaking: Ada Lovelace"),
        ("Français", "parle", "Parole à Ada Lovelace"),
    ],
)
def test_who_speaks_and_what_the_lock_screen_says(
    media: Path, town: Town, language: str, note: str, said: str
) -> None:
    port = Audience(media)
    port.go_live()
    visit = town.visit(port)
    page = visit.open(EVENT, ".playpause:visible")
    if language != "English":  # which the event is in
        page.get_by_role("button", name=language).click()
    visit.wait_player("p.playing")
    speaks = page.locator("li", has_text="Ada").get_by_text(note, exact=True)
    speaks.wait_for()
    page.get_by_text(said, exact=True).wait_for(state="attached")  # for screen readers
    assert page.locator("li", has_text="Grace").get_by_text(note, exact=True).count() == 0
    title, artist = page.evaluate(
        "[navigator.mediaSession.metadata.title, navigator.mediaSession.metadata.artist]"
    )
    assert title == "The night the crowd came" and "Ada Lovelace" in artist
    assert visit.faults() == []
    port.state["speakers"] = [one | {"speaking": False} for one in port.state["speakers"]]
    speaks.wait_for(state="detached")


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
