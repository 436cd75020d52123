"""The real audience page at a mock door: it waits, comes in, stays in, and comes back."""

from __future__ import annotations

import itertools
import time
from pathlib import Path
from typing import Any

import pytest

from tests.pages.conftest import Town, Visit
from tests.pages.mock_door import COHORT, EVENT, Door
from tests.pages.mock_house import refuses, rfc3339

pytestmark = pytest.mark.live


@pytest.fixture
def door(media: Path) -> Door:
    """On air, with 12,437 people before the visitor's rank."""
    port = Door(media)
    port.go_live()
    port.line(COHORT, (2, 3, 12_400), (4, 4, 37), (5, 5, 1), pace=52.0)
    return port


def sight(visit: Visit) -> Any:
    return visit.page.evaluate("rostra.door()")


def wait_door(visit: Visit, condition: str, timeout_s: float = 30) -> Any:
    """Until `condition` holds of `d`, what the page says of the door; that, then."""
    visit.page.wait_for_function(
        f"() => {{ const d = rostra.door(); return {condition}; }}", timeout=timeout_s * 1000
    )
    return sight(visit)


def read(visit: Visit, text: str) -> None:
    """Wait until the line says `text` to somebody who sees."""
    visit.page.locator(".line p:not(.unseen):visible", has_text=text).first.wait_for()


def test_place_is_said_roughly_and_changes_as_the_line_moves(door: Door, town: Town) -> None:
    visit = town.visit(door)
    page = visit.open(EVENT, ".line .place:visible")
    read(visit, "About 12,400 before you")
    assert "about 4 minutes" in page.inner_text(".line")
    assert "your place is kept until" in page.inner_text(".line")
    assert sight(visit) | {"minutes": None} == {
        "ticket_id": "id-of-ticket-1",
        "rank": 5 * COHORT,
        "admitted": False,
        "pass": False,
        "before": 12_437,
        "minutes": None,
        "check": None,
    }
    assert not page.is_visible(".transport")
    door.line(4 * COHORT - 1, (4, 4, 37), (5, 5, 1))
    read(visit, "37 people before you")
    far = page.evaluate(
        "getComputedStyle(document.querySelector('.queue')).getPropertyValue('--come')"
    )
    assert 0.99 < float(far) < 1
    door.line(5 * COHORT - 1, (5, 5, 1))
    read(visit, "You are next")
    assert door.count("pass") == 0 and not any("live/" in path for path in door.asked)
    assert page.get_attribute(".line [aria-live]", "aria-live") == "polite"
    assert visit.faults() == [] and visit.complaints == []


def test_before_the_doors_open_the_page_takes_a_ticket_and_says_how_the_order_is_drawn(
    media: Path, town: Town
) -> None:
    port = Door(media)
    visit = town.visit(port)
    page = visit.open(EVENT, ".countdown b")
    read(visit, "You are in line. The order of all who come before")
    page.get_by_text("How is the order drawn?").click()
    shown = page.inner_text(".how")
    assert "5ea1" * 16 in shown and "rostra ticket explain ticket-1" in shown
    assert sight(visit)["rank"] is None
    assert port.count("pass") == 0
    assert visit.faults() == []


def test_rank_is_known_as_soon_as_the_seed_is_without_asking_anybody(
    media: Path, town: Town
) -> None:
    port = Door(media)
    visit = town.visit(port)
    visit.open(EVENT, ".line .place:visible")
    wait_door(visit, "d.ticket_id")
    port.state["phase"] = "doors_open"
    visit.page.evaluate("Math.random = () => 0.999")  # the beat comes late, the rank does not
    opened = rfc3339(time.time() + 60)  # so that the visitor came before
    port.state["door"] |= {"seed": "00" * 32, "opened_at": opened}
    drawn = wait_door(visit, "d.rank !== null")
    assert 0 <= drawn["rank"] < COHORT
    assert port.count("ticket") == 1
    visit.page.wait_for_timeout(2_000)
    assert port.count("ticket") == 2, "a small crowd says at once that it is still there"


def test_turn_brings_a_pass_and_the_sound_and_the_title_says_so(door: Door, town: Town) -> None:
    visit = town.visit(door)
    page = visit.open(EVENT, ".line .place:visible")
    wait_door(visit, "d.before !== null")
    door.admit()
    wait_door(visit, "d.pass")
    page.wait_for_function("() => document.title.startsWith('▶ Your turn')")
    visit.wait_player("p.kind === 'live' && p.playing")
    assert not page.is_visible(".line")
    page.mouse.click(5, 5)
    page.wait_for_function("() => document.title.startsWith('●')")
    assert door.count("pass") == 1
    page.get_by_text("7 listeners").wait_for()


def test_reload_keeps_the_ticket_and_a_pass_survives_it(door: Door, town: Town) -> None:
    visit = town.visit(door)
    page = visit.open(EVENT, ".line .place:visible")
    wait_door(visit, "d.before !== null")
    page.reload()
    page.wait_for_selector(".line .place:visible")
    wait_door(visit, "d.before !== null")
    assert sight(visit)["ticket_id"] == "id-of-ticket-1" and door.issued == 1
    door.admit()
    visit.wait_player("p.playing")
    page.reload()
    visit.wait_player("p.playing")
    assert door.issued == 1 and door.count("leave") == 1
    visit.page.wait_for_timeout(2_000)  # passes are asked for at most once a second
    # Back soon enough: the pass itself was renewed, which takes the goodbye back.
    asked = [bearer for _, path, bearer, _ in door.calls if path == "pass"]
    assert asked == ["ticket-1", "pass-1"]


@pytest.mark.parametrize("locks", [True, False], ids=["with locks", "plain HTTP, without"])
def test_second_tab_has_the_same_place_and_the_same_pass(
    locks: bool, door: Door, town: Town
) -> None:
    visit = town.visit(door)
    if not locks:
        hide = "Object.defineProperty(navigator, 'locks', {value: undefined})"
        visit.page.context.add_init_script(hide)
    visit.open(EVENT, ".line .place:visible")
    wait_door(visit, "d.before !== null")
    second = Visit(visit.page.context.new_page(), visit.address)
    second.open(EVENT, ".line .place:visible")
    assert wait_door(second, "d.before !== null")["ticket_id"] == "id-of-ticket-1"
    door.admit()
    for tab in (visit, second):
        wait_door(tab, "d.pass")
        tab.wait_player("p.playing")
    assert door.issued == 1 and door.count("ticket") == 1
    assert door.count("pass") == 1
    second.page.close()  # the other tab stays: nobody says goodbye
    visit.page.wait_for_timeout(500)
    assert door.count("leave") == 0


def test_full_house_is_asked_again_only_when_it_said(door: Door, town: Town) -> None:
    full = refuses(429, "no_place_free", "No place is free this moment.")
    full.headers["Retry-After"] = "3"
    door.refusing["pass"] = full
    door.admit()
    visit = town.visit(door)
    page = visit.open(EVENT, ".line .place:visible")
    read(visit, "It is your turn")
    page.wait_for_timeout(7_000)
    times = [at for at, path, _, _ in door.calls if path == "pass"]
    pauses = [after - before for before, after in itertools.pairwise(times)]
    assert pauses and all(pause >= 3 for pause in pauses)
    assert not page.is_visible(".transport")
    door.refusing.clear()
    visit.wait_player("p.playing")


def test_busy_door_is_asked_for_a_ticket_only_when_it_said(door: Door, town: Town) -> None:
    busy = refuses(429, "house_busy", "Too many are asking.")
    busy.headers["Retry-After"] = "4"
    door.refusing["ticket"] = busy
    visit = town.visit(door)
    visit.open(EVENT, ".line .place:visible")
    visit.page.wait_for_timeout(1_500)
    visit.page.reload()  # a reload does not help anybody to jump the wait
    visit.page.wait_for_timeout(1_500)
    assert door.count("ticket") == 1
    door.refusing.clear()
    wait_door(visit, "d.ticket_id")
    first, second = [at for at, _, _, _ in door.calls]
    assert second - first >= 4


def test_device_whose_clock_is_a_day_ahead_does_not_ask_for_ever(media: Path, town: Town) -> None:
    port = Door(media)
    visit = town.visit(port)
    visit.page.add_init_script("const was = Date.now; Date.now = () => was() + 86_400_000")
    visit.open(EVENT, ".line .place:visible")
    wait_door(visit, "d.ticket_id")
    visit.page.wait_for_timeout(2_000)
    assert port.count("ticket") == 1


def test_turn_is_told_to_somebody_who_looks_elsewhere(door: Door, town: Town) -> None:
    visit = town.visit(door)
    visit.page.add_init_script(
        """window.notes = []; window.tones = 0;
        window.Notification = class { static permission = 'granted';
          constructor(title, more) { window.notes.push([title, more.body]); } };
        const start = OscillatorNode.prototype.start;
        OscillatorNode.prototype.start = function (at) { window.tones += 1; start.call(this, at); };
        Object.defineProperty(document, 'hidden', { get: () => window.away === true });"""
    )
    page = visit.open(EVENT, ".line .place:visible")
    page.get_by_text("You will get a note when it is your turn.").wait_for()
    page.get_by_role("button", name="Start the sound by itself when it is my turn").click()
    page.evaluate("window.away = true")
    door.admit()
    page.wait_for_function("() => window.notes.length > 0 && window.tones > 0")
    title, said = page.evaluate("window.notes[0]")
    assert title == "The night the crowd came" and "It is your turn." in said
    assert page.evaluate("[window.notes.length, window.tones]") == [1, 2]
    visit.wait_player("p.playing")


def test_outside_a_full_house_the_place_and_the_recording_are_promised(
    door: Door, town: Town
) -> None:
    door.state |= {"rung": 4, "rung_reason": "rung_house_full"}
    door.line(COHORT, (2, 5, 800), pace=0.0)
    door.state["door"]["full"] = True
    visit = town.visit(door)
    page = visit.open(EVENT, ".line .place:visible")
    read(visit, "The house is full.")
    said = page.inner_text(".line")
    assert "before you" in said and "The line is not moving just now." in said
    assert "You keep your place" in said and "The recording will be here by" in said
    assert visit.faults() == []


def test_when_live_is_given_up_the_page_stops_asking_and_promises_the_recording(
    door: Door, town: Town
) -> None:
    door.admit()
    visit = town.visit(door)
    page = visit.open(EVENT, ".playpause:visible")
    visit.wait_player("p.playing")
    door.state |= {"rung": 5, "rung_reason": "rung_live_failed"}
    page.get_by_text("The live sound has failed. The conversation goes on").wait_for()
    assert "The recording will be here by" in page.inner_text("main")
    door.broken = True
    visit.wait_player("p.kind === null", timeout_s=60)
    asked = sum("live/" in path for path in door.asked)
    page.wait_for_timeout(2_000)
    assert sum("live/" in path for path in door.asked) == asked
    door.broken = False
    door.state |= {"rung": 2, "rung_reason": "rung_recovered"}
    visit.wait_player("p.kind === 'live' && p.playing")


def test_french_visitor_waits_in_french(door: Door, town: Town) -> None:
    door.state["language"] = "fr"
    visit = town.visit(door, locale="fr-FR")
    page = visit.open(EVENT, ".line .place:visible")
    read(visit, "Environ 12\u202f400 personnes avant vous")
    said = page.inner_text(".line")
    assert "environ 4 minutes" in said and "votre place est gardée jusqu’à" in said


def test_link_with_a_place_brings_in_at_once_and_leaves_the_address(door: Door, town: Town) -> None:
    visit = town.visit(door)
    visit.open(f"{EVENT}#place=lane.of-the_press", "#player")
    visit.wait_player("p.playing")
    assert "#" not in visit.page.url
    assert [call[1:3] for call in door.calls] == [
        ("ticket", "lane.of-the_press"),
        ("pass", "lane.of-the_press"),
    ]
    assert door.issued == 0


def test_link_with_a_place_that_does_not_hold_is_said_and_the_line_joined(
    door: Door, town: Town
) -> None:
    visit = town.visit(door)
    visit.open(f"{EVENT}#place=bad", ".line .place:visible")
    read(visit, "holds no valid place")
    wait_door(visit, "d.ticket_id === 'id-of-ticket-1'")


def test_pass_that_ran_out_brings_the_page_back_through_its_ticket(door: Door, town: Town) -> None:
    door.admit()
    door.expires_s, door.renew_s = 4, 2
    visit = town.visit(door)
    page = visit.open(EVENT, ".playpause:visible")
    visit.wait_player("p.playing")
    door.refusing["pass"] = refuses(503, "edge_closing", "This server is restarting.")
    wait_door(visit, "!d.pass")
    door.refusing.clear()
    wait_door(visit, "d.pass", timeout_s=60)
    visit.wait_player("p.playing", timeout_s=60)
    bearers = [bearer for _, path, bearer, _ in door.calls if path == "pass"]
    assert bearers[0] == bearers[-1] == "ticket-1" or "ticket-1" in bearers[1:]
    assert door.issued == 1
    assert page.evaluate("rostra.door().ticket_id") == "id-of-ticket-1"


def test_refused_media_bring_a_renewal_and_the_sound_goes_on(door: Door, town: Town) -> None:
    door.admit()
    visit = town.visit(door)
    visit.open(EVENT, ".playpause:visible")
    visit.wait_player("p.playing")
    visit.page.context.clear_cookies()
    visit.page.wait_for_timeout(4_000)
    visit.wait_player("p.playing && p.retry_at_ms === null", timeout_s=60)
    asked = [bearer for _, path, bearer, _ in door.calls if path == "pass"]
    assert asked == ["ticket-1", "pass-1"]


def test_sound_goes_on_through_renewals(door: Door, town: Town) -> None:
    door.admit()
    door.expires_s, door.renew_s = 8, 2
    visit = town.visit(door)
    visit.open(EVENT, ".playpause:visible")
    before = visit.wait_player("p.playing")
    visit.page.wait_for_timeout(9_000)
    after = visit.player()
    assert door.count("pass") >= 4
    assert after["playing"] and after["stalls"] == before["stalls"]
    assert after["currentTime"] - before["currentTime"] > 7


def test_open_door_plays_at_once_and_still_counts(door: Door, town: Town) -> None:
    door.state["door"]["admission"] = "open"
    door.refusing["pass"] = refuses(403, "doors_closed", "Not open.")
    door.passes[""] = time.time() + 60  # the mock's media ask for no pass
    visit = town.visit(door)
    page = visit.open(EVENT, ".playpause:visible")
    visit.wait_player("p.playing")
    assert not page.is_visible(".line")
    page.wait_for_timeout(500)
    assert door.count("pass") >= 1


def test_estimate_is_shown_with_its_error_and_links_its_definition(door: Door, town: Town) -> None:
    door.admit()
    count = {"listening": 123_456, "low": 121_000, "high": 126_000, "definition": "/count"}
    door.state["audience"] |= count
    visit = town.visit(door)
    page = visit.open(EVENT, ".playpause:visible")
    number = page.get_by_role("link", name="about 123,000 listeners (± 2,500)")
    assert number.get_attribute("href") == "/count"


def test_change_of_rung_is_explained_and_measured(door: Door, town: Town) -> None:
    door.admit()
    visit = town.visit(door)
    page = visit.open(EVENT, ".playpause:visible")
    visit.wait_player("p.playing && p.currentTime > 0")
    door.state |= {"rung": 3, "rung_reason": "rung_demand"}
    page.get_by_text("Many people are listening. You hear it in economy quality").wait_for()
    after = visit.wait_player("p.rung === 3 && p.gap_ms !== null")
    assert after["gap_ms"] < 250
    assert abs(after["overlap_ms"]) < 1_000
