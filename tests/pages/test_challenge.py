"""The real page at a real edge under attack: it computes for its ticket, or waits instead."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser

from tests.pages.conftest import CHROMIUM, QUIET, Visit
from tests.pages.real_edge import EVENT_ID, PAGE, RealEdge, real_edge
from tests.pages.slowness import slowed
from tests.pages.test_door import wait_door

pytestmark = pytest.mark.live

CHECKING = "Checking that this is a browser."
# Workers that never find anything, and a browser that has none.
ENDLESS = """window.Worker = class {
  addEventListener() {} postMessage() {} terminate() { window.ended = (window.ended ?? 0) + 1; }
};"""
FORBIDDEN = "window.Worker = class { constructor() { throw new Error('not here'); } };"

Come = Callable[..., Visit]


@pytest.fixture
def edge(tmp_path: Path) -> Iterator[RealEdge]:
    """The doors are open, and new tickets have a challenge of normal difficulty before them."""
    with real_edge(tmp_path) as opened:
        opened.open_doors()
        opened.shield(2)
        yield opened


@pytest.fixture
def come(edge: RealEdge, chromium: Browser) -> Iterator[Come]:
    """Somebody with a fresh profile, on their way to the event."""
    with ExitStack() as stack:

        def opened(script: str = "", locale: str = "en-GB") -> Visit:
            context = chromium.new_context(locale=locale)
            stack.callback(context.close)
            visit = Visit(context.new_page(), f"http://127.0.0.1:{edge.port}")
            visit.page.add_init_script(script)
            return visit

        yield opened


def kept(visit: Visit) -> dict[str, Any]:
    """What the page keeps of its place."""
    told = visit.page.evaluate(f"localStorage.getItem('rostra.door.{EVENT_ID}')")
    return dict(json.loads(told))


def test_page_computes_for_its_ticket_by_itself(edge: RealEdge, come: Come) -> None:
    visit = come()
    asked: list[str] = []
    visit.page.on("request", lambda request: asked.append(request.url))
    visit.open(PAGE, ".line .place:visible")
    wait_door(visit, "d.ticket_id && !d.check")
    acts = edge.acts()
    assert (acts["challenged"], acts["solved"]) == (1, 1) and "waited" not in acts
    assert sum("/assets/solve-" in url for url in asked) == 1
    assert not visit.page.is_visible(".check")
    # The browser itself notes the door's first answer, and nothing else: no policy was broken.
    assert all("403" in complaint for complaint in visit.complaints), visit.complaints


def test_in_peace_the_solver_is_not_even_fetched(edge: RealEdge, come: Come) -> None:
    edge.shield(0)
    visit = come()
    asked: list[str] = []
    visit.page.on("request", lambda request: asked.append(request.url))
    visit.open(PAGE, ".line .place:visible")
    wait_door(visit, "d.ticket_id")
    assert asked and not any("solve" in url or "pbkdf2" in url for url in asked)


def test_who_has_a_ticket_is_never_asked_to_compute(edge: RealEdge, come: Come) -> None:
    edge.shield(0)
    visit = come()
    visit.open(PAGE, ".line .place:visible")
    before = wait_door(visit, "d.ticket_id")["ticket_id"]
    edge.shield(3)
    visit.page.evaluate(
        f"""() => {{ const key = 'rostra.door.{EVENT_ID}';
        const kept = JSON.parse(localStorage[key]);
        kept.ticket.beat_ms = 0; localStorage[key] = JSON.stringify(kept); }}"""
    )
    edge.acts()
    visit.page.reload()
    visit.page.wait_for_function(
        f"() => JSON.parse(localStorage['rostra.door.{EVENT_ID}']).ticket.beat_ms > 0"
    )
    assert wait_door(visit, "d.ticket_id")["ticket_id"] == before
    assert not {"challenged", "solved", "waited"} & set(edge.acts())


@pytest.mark.parametrize("difficulty", [2, 3], ids=["normal", "hard"])
def test_slow_phone_computes_too_or_waits_after_a_while(
    difficulty: int,
    edge: RealEdge,
    come: Come,
    chromium: Browser,
    capsys: pytest.CaptureFixture[str],
) -> None:
    edge.shield(difficulty)
    visit = come()
    visit.page.goto("about:blank")  # the process that will run the page is there
    with slowed(chromium, 6):
        visit.open(PAGE, ".line .place:visible")
        began = time.monotonic()
        wait_door(visit, "d.ticket_id || d.check === 'waiting'", timeout_s=60)
        took_s = time.monotonic() - began
    acts = edge.acts()
    with capsys.disabled():
        print(f"\n6 times slower, difficulty {difficulty}: {took_s:.1f} s, {acts}")
    assert acts.get("solved") or acts.get("waited")


def test_page_says_what_it_does_and_a_person_may_rather_wait(edge: RealEdge, come: Come) -> None:
    edge.shield(1)
    came_ms = time.time() * 1000
    visit = come(ENDLESS)
    page = visit.open(PAGE, ".check:visible")
    page.get_by_text(CHECKING).first.wait_for()
    assert CHECKING in page.inner_text("[role=status].unseen:not(:empty)")
    assert "on its way" in page.inner_text(".place")
    assert visit.faults() == [] and visit.overflow_px() <= 0
    page.get_by_role("button", name="I’d rather wait").click()
    page.get_by_text("Your place is kept from the moment you came.").first.wait_for()
    assert page.evaluate("window.ended") >= 1, "the computing goes on"
    assert not page.is_visible(".check button")
    assert visit.faults() == []
    page.reload()  # the voucher is this device's, not this page's
    wait_door(visit, "d.check === 'waiting'")
    wait_door(visit, "d.ticket_id", timeout_s=30)
    assert not page.is_visible(".check")
    arrived_ms = kept(visit)["ticket"]["arrived_ms"]
    assert -2_000 < arrived_ms - came_ms < 5_000, "the wait cost the place"
    assert time.time() * 1000 - came_ms > 9_000
    acts = edge.acts()
    assert acts["waited"] == 1 and "solved" not in acts


def test_browser_without_workers_waits_by_itself(edge: RealEdge, come: Come) -> None:
    edge.shield(1)
    visit = come(FORBIDDEN)
    visit.open(PAGE, ".check:visible")
    wait_door(visit, "d.check === 'waiting'")
    wait_door(visit, "d.ticket_id", timeout_s=30)
    assert edge.acts()["waited"] == 1


def test_plain_http_has_no_webcrypto_and_waits_by_itself(edge: RealEdge, chromium: Browser) -> None:
    edge.shield(1)
    resolving = [*QUIET, "--host-resolver-rules=MAP plain.test 127.0.0.1"]
    browser = chromium.browser_type.launch(executable_path=str(CHROMIUM), args=resolving)
    try:
        visit = Visit(browser.new_page(locale="en-GB"), f"http://plain.test:{edge.port}")
        visit.open(PAGE, ".check:visible")
        assert visit.page.evaluate("[isSecureContext, crypto.subtle === undefined]") == [
            False,
            True,
        ]
        wait_door(visit, "d.check === 'waiting'")
        wait_door(visit, "d.ticket_id", timeout_s=30)
    finally:
        browser.close()
    acts = edge.acts()
    assert acts["waited"] == 1 and "solved" not in acts


def test_french_visitor_reads_it_in_french(edge: RealEdge, come: Come) -> None:
    edge.open_doors("fr")
    visit = come(ENDLESS, locale="fr-FR")
    page = visit.open(PAGE, ".check:visible")
    page.get_by_text("Nous vérifions que ceci est un navigateur.").first.wait_for()
    page.get_by_role("button", name="Je préfère attendre").click()
    page.get_by_text("Votre place est gardée depuis votre arrivée.").first.wait_for()
    assert "20 secondes" in page.inner_text(".check")
