"""A browser, the mock's recording, and a watch on the console."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from tests.pages.mock_house import PAGES, Port, record, serving

CHROMIUM = Path("/usr/bin/chromium")
AXE = Path(__file__).parent.parent.parent / "web" / "node_modules" / "axe-core" / "axe.min.js"
QUIET = [
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--autoplay-policy=no-user-gesture-required",
    "--use-fake-ui-for-media-stream",
    "--use-fake-device-for-media-stream",
]


# A module at a time: while it is open, no other test may run a loop of its own.
@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """One Chromium for all tests of the pages."""
    if not CHROMIUM.exists():
        pytest.fail("these tests need Debian's chromium: sudo apt-get install chromium")
    if not (PAGES / "event.html").exists():
        pytest.fail("the pages were not built: make setup")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=QUIET)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def media(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two minutes of a soft tone as HLS."""
    folder = tmp_path_factory.mktemp("media")
    record(folder, 120)
    return folder


class Visit:
    """One person at one page, with all that the console had to say."""

    def __init__(self, page: Page, address: str) -> None:
        self.page, self.address = page, address
        self.complaints: list[str] = []
        page.on("console", lambda m: self._note(m.type, m.text))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def _note(self, kind: str, text: str) -> None:
        if kind in ("error", "warning"):
            self.complaints.append(text)

    def open(self, path: str, ready: str) -> Page:
        """Go there and wait for `ready`, a selector."""
        self.page.goto(f"{self.address}{path}")
        self.page.wait_for_selector(ready)
        return self.page

    def player(self) -> Any:
        """What the audience page says of its player."""
        return self.page.evaluate("rostra.player()")

    def wait_player(self, condition: str, timeout_s: float = 30) -> Any:
        """Wait until `condition` (of `p`) holds for the player; the player then."""
        self.page.wait_for_function(
            f"() => {{ const p = rostra.player(); return {condition}; }}", timeout=timeout_s * 1000
        )
        return self.player()

    def faults(self) -> list[str]:
        """What axe finds serious or critical."""
        self.page.evaluate(AXE.read_text())
        found = self.page.evaluate("axe.run()")["violations"]
        return [
            f"{v['id']}: {', '.join(str(n['target']) for n in v['nodes'][:3])}"
            for v in found
            if v["impact"] in ("serious", "critical")
        ]

    def overflow_px(self) -> int:
        """How far the page is wider than its window."""
        return int(self.page.evaluate("document.documentElement.scrollWidth - innerWidth"))


class Town:
    """Opens ports and visits them."""

    def __init__(self, browser: Browser) -> None:
        self._browser, self._stack = browser, ExitStack()

    def visit(self, port: Port, **context: Any) -> Visit:
        """Somebody with a fresh browser profile at a port of their own."""
        address = self._stack.enter_context(serving(port))
        opened = self._browser.new_context(**({"locale": "en-GB"} | context))
        self._stack.callback(opened.close)
        return Visit(opened.new_page(), address)

    @contextmanager
    def open(self) -> Iterator[Town]:
        """Until everybody has gone."""
        with self._stack:
            yield self


@pytest.fixture
def town(chromium: Browser) -> Iterator[Town]:
    """Ports and visitors, gone after the test."""
    with Town(chromium).open() as town:
        yield town
