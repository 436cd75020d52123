"""Real Chromiums that listen during the attack: one whose back button is hammered, one far away."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import time
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
from playwright.async_api import Page, Request, Response, async_playwright
from tests.live.conftest import QUIET_ARGS

CHALLENGED = "challenge_required"
PRESSES, PRESS_EACH_S = 40, 0.25
_JOIN_MOST_S, _BACK_MOST_S = 40.0, 25.0
_SETTLE_S = 3.0  # after the first sound, as for the player's own first buffer
_LOOK_S = 0.25
# Sound that stands still though it should run, as an ear would notice it: looked at from within.
_WATCH = """
(() => {
  const seen = window.__heard = {begun: false, heard_ms: 0, still_ms: 0, longest_ms: 0};
  let time = 0, at = performance.now(), still = 0;
  setInterval(() => {
    const audio = document.querySelector('audio[data-deck=active]');
    const now = performance.now(), passed = now - at;
    at = now;
    if (!audio) return;
    const moved = audio.currentTime !== time;
    time = audio.currentTime;
    if (!seen.begun) { seen.begun = moved && time > 0.5; return; }
    seen.heard_ms += passed;
    still = moved ? 0 : still + passed;
    // Once may be chance: one look of ours and the next.
    if (!moved && still > 150) {
      seen.still_ms += passed;
      seen.longest_ms = Math.max(seen.longest_ms, still);
    }
  }, 100);
})();
"""


class Seen(msgspec.Struct, kw_only=True):
    """What one browser met. `failed`: answers of 400 and above by code, and connections that were
    dropped. `challenged`: apart from these. `plays_s`: from the link to the first sound.
    """

    requests: int = 0
    challenged: int = 0
    failed: dict[str, int] = {}
    plays_s: float | None = None
    again_s: float | None = None  # from the last press to sound
    heard_s: float = 0.0
    still_s: float = 0.0
    longest_still_s: float = 0.0
    stalls: int = 0  # as the player counts them, after the first sound

    @property
    def refused(self) -> int:
        """All of `failed`."""
        return sum(self.failed.values())


class _Ledger:
    """Notes every answer that a page gets."""

    def __init__(self, page: Page, origin: str) -> None:
        self.seen = Seen()
        self._codes: Counter[str] = Counter()
        self._origin = origin
        self._asking: set[asyncio.Task[None]] = set()
        page.on("request", self._asked)
        page.on("response", self._answered)
        page.on("requestfailed", self._failed)

    def _asked(self, request: Request) -> None:
        self.seen.requests += request.url.startswith(self._origin)

    def _answered(self, response: Response) -> None:
        if response.status >= 400:
            task = asyncio.ensure_future(self._note(response))
            self._asking.add(task)
            task.add_done_callback(self._asking.discard)

    async def _note(self, response: Response) -> None:
        code = f"status_{response.status}"
        # A page that was left takes its bodies with it.
        with contextlib.suppress(Exception):
            code = str((await asyncio.wait_for(response.json(), 2.0))["error"]["code"])
        self._codes[code] += 1

    def _failed(self, request: Request) -> None:
        why = str(request.failure or "")
        # What the browser itself gave up, since its page was left or the player turned elsewhere.
        if "ERR_ABORTED" not in why:
            self._codes[f"dropped: {why}"] += 1

    async def whole(self) -> Seen:
        """Everything that was noted."""
        if self._asking:
            await asyncio.wait(self._asking, timeout=3.0)
        self.seen.challenged = self._codes.pop(CHALLENGED, 0)
        self.seen.failed = dict(self._codes)
        return self.seen


@contextlib.asynccontextmanager
async def _listener(token: str, origin: str, namespace: str, folder: Path) -> AsyncIterator[Page]:
    """A page in a browser of its own, in `namespace` if one is given."""
    chromium = shutil.which("chromium") or "chromium"
    args = list(QUIET_ARGS)
    if namespace:
        script = folder / "chromium"
        script.write_text(f'#!/bin/sh\nexec ip netns exec {namespace} {chromium} "$@"\n')
        script.chmod(0o755)
        chromium = str(script)
        # The public house has TLS; without it a page may not compute its challenge.
        args.append(f"--unsafely-treat-insecure-origin-as-secure={origin}")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium, args=args)
        try:
            # The event is the rehearsal's, which lets in whoever shows its token.
            context = await browser.new_context(extra_http_headers={"Rostra-Rehearsal": token})
            page = await context.new_page()
            await page.add_init_script(_WATCH)
            yield page
        finally:
            with contextlib.suppress(Exception):
                await browser.close()


async def _player(page: Page) -> dict[str, Any]:
    with contextlib.suppress(Exception):
        found = await asyncio.wait_for(page.evaluate("window.rostra.player()"), 2.0)
        return dict(found)
    return {}


async def _plays(page: Page, within_s: float) -> float | None:
    """Seconds until it plays; None where it does not in time."""
    began = time.monotonic()
    while (passed := time.monotonic() - began) < within_s:
        player = await _player(page)
        if player.get("playing") and player["currentTime"] > 0.5:
            return round(passed, 2)
        await asyncio.sleep(_LOOK_S)
    return None


async def _joined(page: Page, link: str, seen: Seen) -> None:
    began = time.monotonic()
    with contextlib.suppress(Exception):
        await page.goto(link, timeout=1000 * _JOIN_MOST_S)
    left_s = _JOIN_MOST_S - (time.monotonic() - began)
    if await _plays(page, left_s) is not None:
        seen.plays_s = round(time.monotonic() - began, 2)
        seen.stalls = -int((await _player(page)).get("stalls", 0))


async def hammered(origin: str, path: str, token: str) -> Seen:
    """Back and forth in a rage between two pages of the event: each press loads one of them."""
    async with _listener(token, origin, "", Path()) as page:
        ledger = _Ledger(page, origin)
        link = f"{origin}{path}"
        await _joined(page, link, ledger.seen)
        with contextlib.suppress(Exception):
            await page.goto(f"{link}?player=native", wait_until="commit")
        # The browser's own button: a page that is only half there cannot press it.
        button = await page.context.new_cdp_session(page)
        entries = (await button.send("Page.getNavigationHistory"))["entries"][-2:]
        for press in range(PRESSES):
            with contextlib.suppress(Exception):
                await button.send(
                    "Page.navigateToHistoryEntry", {"entryId": entries[press % 2]["id"]}
                )
            await asyncio.sleep(PRESS_EACH_S)
        ledger.seen.again_s = await _plays(page, _BACK_MOST_S)
        await asyncio.sleep(_SETTLE_S)
        return await ledger.whole()


async def far(
    origin: str, path: str, token: str, namespace: str, seconds: float, folder: Path
) -> Seen:
    """Joins and listens through the lossy link."""
    async with _listener(token, origin, namespace, folder) as page:
        ledger = _Ledger(page, origin)
        seen = ledger.seen
        await _joined(page, f"{origin}{path}", seen)
        await asyncio.sleep(seconds)
        with contextlib.suppress(Exception):
            heard = await page.evaluate("window.__heard")
            seen.heard_s = round(heard["heard_ms"] / 1000, 1)
            seen.still_s = round(heard["still_ms"] / 1000, 2)
            seen.longest_still_s = round(heard["longest_ms"] / 1000, 2)
        seen.stalls += int((await _player(page)).get("stalls", 0))
        return await ledger.whole()


def there() -> str:
    """Why there can be no browser here, or nothing."""
    return "" if shutil.which("chromium") else "chromium is not installed"


def can_link() -> str:
    """Why there can be no lossy link here, or nothing."""
    if os.geteuid() != 0:
        return "network namespaces need root"
    return "" if Path("/dev/net/tun").exists() else "there is no /dev/net/tun"
