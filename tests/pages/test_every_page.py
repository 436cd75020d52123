"""What holds for every page: it fits, it is legible to all, and its console is quiet."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.pages.conftest import Town
from tests.pages.mock_control_room import ControlRoom
from tests.pages.mock_door import COHORT, Door
from tests.pages.mock_house import Audience, Control, Port, Stage, rfc3339

pytestmark = pytest.mark.live

EVENT = "/e/k3v9x2mq"


def live(media: Path) -> Port:
    port = Audience(media)
    port.go_live()
    return port


def over(media: Path) -> Port:
    port = Audience(media)
    port.go_live()
    port.post()
    return port


def waiting(media: Path) -> Port:
    moved = rfc3339(time.time() - 600)
    return Audience(media, phase="doors_open", first_start=moved, start=rfc3339(time.time() + 400))


def in_line(media: Path) -> Port:
    port = Door(media)
    port.go_live()
    port.line(COHORT, (2, 5, 12_400), pace=52.0)
    return port


def inside_early(media: Path) -> Port:
    port = Door(media, phase="doors_open", start=rfc3339(time.time() + 400))
    port.admit()
    return port


def live_off(media: Path) -> Port:
    port = Door(media, rung=5, rung_reason="rung_live_failed")
    port.go_live()
    port.admit()
    return port


def cancelled(media: Path) -> Port:
    return Audience(media, phase="cancelled")


def stage_on_air(_media: Path) -> Port:
    port = Stage()
    port.status |= {"phase": "live", "live_at": rfc3339(time.time() - 1234)}
    return port


def control_on_air(_media: Path) -> Port:
    port = ControlRoom("live")
    port.full()
    port.add("Engines and compilers, and a long title that has to wrap somewhere")
    return port


# name: (port, path, what stands there when the page is ready)
PAGES: dict[str, tuple[Callable[[Path], Port], str, str]] = {
    "list": (Audience, "/", "ul.events li"),
    "not found": (Audience, "/lost", "h1"),
    "event, scheduled": (Audience, EVENT, ".countdown b"),
    "event, doors open": (waiting, EVENT, ".countdown b"),
    "event, live": (live, EVENT, ".playpause:visible"),
    "event, in line": (in_line, EVENT, ".queue:visible"),
    "event, inside before the start": (inside_early, EVENT, ".line[data-standing=inside]:visible"),
    "event, live given up": (live_off, EVENT, ".notice:visible"),
    "event, replay": (over, EVENT, ".transport .large:visible"),
    "event, cancelled": (cancelled, EVENT, ".phase"),
    "stage, not on air": (lambda _: Stage(), "/s/k3v9x2mq#token", "#join:visible"),
    "stage, on air": (stage_on_air, "/s/k3v9x2mq#token", ".sign[data-on-air]"),
    "stage, incomplete link": (lambda _: Stage(), "/s/k3v9x2mq", ".notice:visible"),
    "control, first visit": (lambda _: Control(), "/#key=k", "#create"),
    "control, on air": (control_on_air, "/#key=k", ".seat"),
    "control, no key": (lambda _: Control(), "/", "#key"),
}
LOOKS = [(360, "light"), (360, "dark"), (1440, "light"), (1440, "dark")]


@pytest.mark.parametrize("name", PAGES)
def test_page_fits_is_accessible_and_quiet(name: str, media: Path, town: Town) -> None:
    make, path, ready = PAGES[name]
    for width, scheme in LOOKS:
        visit = town.visit(
            make(media), viewport={"width": width, "height": 800}, color_scheme=scheme
        )
        page = visit.open(path, ready)
        look = f"{name} at {width} px, {scheme}"
        assert visit.overflow_px() <= 0, f"{look}: scrolls sideways"
        assert visit.faults() == [], look
        assert visit.complaints == [], look
        page.close()


@pytest.mark.parametrize("name", ["event, live", "event, scheduled", "stage, not on air"])
def test_keyboard_reaches_every_control(name: str, media: Path, town: Town) -> None:
    make, path, ready = PAGES[name]
    page = town.visit(make(media)).open(path, ready)
    wanted = page.evaluate(
        """() => {
          const all = [...document.querySelectorAll('button, a[href], input, select, summary')];
          const shown = all.filter((e) => e.checkVisibility() && !e.disabled);
          shown.forEach((e, n) => { e.dataset.reach = n; });
          return shown.length;
        }"""
    )
    reached = set()
    for _ in range(wanted + 5):
        page.keyboard.press("Tab")
        reached.add(page.evaluate("document.activeElement?.dataset.reach ?? null"))
    assert wanted > 2
    assert reached - {None} == {str(n) for n in range(wanted)}


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("list", "Conversations en direct"),
        ("not found", "Cette page n’existe pas."),
        ("stage, not on air", "Monter sur scène"),
        ("control, first visit", "Annoncer un événement"),
    ],
)
def test_french_visitor_reads_french(name: str, words: str, media: Path, town: Town) -> None:
    make, path, ready = PAGES[name]
    page = town.visit(make(media), locale="fr-FR").open(path, ready)
    assert words in page.inner_text("body")
    assert page.evaluate("document.documentElement.lang") == "fr"
