"""`python -m tests.live.browser_paths FILE`: how browsers ask, for the model of paths.

Chromium listens through a relay that notes which connection asked for what, and when; near and far
from the house (the relay delays both ways). FILE gets one more evening: the walk of each connection
as text (shield/path_model.py). Three browsers and a house on one machine: it takes five minutes.
"""

from __future__ import annotations

import asyncio
import json
import re
import sys
import tempfile
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, sync_playwright

from rostra.rehearsal.voice_io import speaking
from rostra.shield.path import class_of
from rostra.shield.path_model import text
from tests.live.conftest import House, People, end_house, free_ports, start_house, until
from tests.live.test_evening import listens

DISTANCES_S = (0.0, 0.06, 0.25)  # round trips
_ASKED = re.compile(rb"(?:^|\r\n\r\n)(?:GET|POST|HEAD) (\S+) HTTP/1\.1\r\n")


class Relay:
    """A client's own way to the house. `asked`: (when, connection, class)."""

    def __init__(self, port: int, house: int, rtt_s: float) -> None:
        self.port, self._house, self._half_s = port, house, rtt_s / 2
        self.asked: list[tuple[float, int, int]] = []
        self._connections = 0

    async def serve(self) -> None:
        await asyncio.start_server(self._connected, "127.0.0.1", self.port)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._connections += 1
        number = self._connections
        await asyncio.sleep(2 * self._half_s)  # the handshake
        there, back = await asyncio.open_connection("127.0.0.1", self._house)
        await asyncio.gather(
            self._carry(reader, back, number), self._carry(there, writer, 0), return_exceptions=True
        )
        for one in (writer, back):
            one.close()

    async def _carry(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, number: int
    ) -> None:
        loop = asyncio.get_running_loop()
        with suppress(OSError):
            while data := await reader.read(65536):
                loop.call_later(self._half_s, self._arrive, writer, data, number)
        loop.call_later(self._half_s, writer.close)

    def _arrive(self, writer: asyncio.StreamWriter, data: bytes, number: int) -> None:
        if number:
            for target in _ASKED.findall(data):
                self.asked.append((time.monotonic(), number, class_of(target)))
        with suppress(OSError, RuntimeError):
            writer.write(data)

    def walks(self) -> list[str]:
        """By connection."""
        by: dict[int, list[tuple[float, int]]] = {}
        for at, number, what in self.asked:
            by.setdefault(number, []).append((at, what))
        return [_text(those) for those in by.values()]


def _text(asked: list[tuple[float, int]]) -> str:
    before = [asked[0], *asked]
    return text((what, at - was) for (at, what), (was, _) in zip(asked, before, strict=False))


def background(work: Any) -> None:
    """Runs in a loop of its own until the program ends."""
    threading.Thread(target=lambda: asyncio.run(work), daemon=True).start()


async def _speak(link: str) -> None:
    async with speaking(link):
        await asyncio.sleep(3600)


async def _relay(relays: list[Relay]) -> None:
    for relay in relays:
        await relay.serve()
    await asyncio.sleep(3600)


def evening(house: House, event: Any, pages: list[Page], relays: list[Relay]) -> None:
    """Waits, listens at each rung, rewinds, reloads in a rage, goes back and forth, opens a second
    tab, hears the replay and moves about in it."""
    path = f"/e/{event['id']}"
    links = [f"http://localhost:{relay.port}{path}" for relay in relays]
    for page, link in zip(pages, links, strict=True):
        page.goto(link)
    time.sleep(12)
    house.api("POST", f"/api/events/{event['id']}/open-doors")
    time.sleep(8)
    background(_speak(event["speaker_link"]))
    time.sleep(3)
    house.api("POST", f"/api/events/{event['id']}/go-live")
    for page in pages:
        until(lambda page=page: listens(page), "a listener plays", 60)  # type: ignore[misc]
    for rung, seconds in ((0, 30), (1, 20), (2, 25), (3, 30), (0, 10)):
        house.api("POST", f"/api/events/{event['id']}/door", {"rung": rung})
        time.sleep(seconds)
    for key in ("j", "j", "j", "l", "j", "j", "j", "End"):
        for page in pages:
            page.keyboard.press(key)
        time.sleep(1.5 if key != "End" else 6)
    for _ in range(12):
        for page in pages:
            page.evaluate("location.reload()")
        time.sleep(0.7)
    time.sleep(8)
    for page, relay in zip(pages, relays, strict=True):
        page.goto(f"http://localhost:{relay.port}/")
        page.goto(f"http://localhost:{relay.port}{path}")
    for turn in range(16):
        for page in pages:
            with suppress(Exception):
                page.evaluate(f"history.{'back' if turn % 2 == 0 else 'forward'}()")
        time.sleep(0.5)
    time.sleep(5)
    for page, link in zip(pages, links, strict=True):
        page.goto(link)
        page.context.new_page().goto(link)
    time.sleep(15)
    house.api("POST", f"/api/events/{event['id']}/end")
    until(lambda: house.state(event)["links"]["replay"], "the replay is there", 90)
    for page, link in zip(pages, links, strict=True):
        page.goto(link)
        with suppress(Exception):
            page.get_by_role("button", name="Play the replay").click(timeout=8000)
    time.sleep(10)
    for _ in range(10):
        for page in pages:
            seek = "const a = document.querySelector('audio[data-deck=active]');"
            with suppress(Exception):
                page.evaluate(f"{seek} a.currentTime = Math.random() * 150")
        time.sleep(1.2)
    time.sleep(10)


def main(target: Path) -> None:
    """One evening, three browsers."""
    folder = Path(tempfile.mkdtemp(prefix="rostra-"))
    first, second, third, *more = free_ports(3 + len(DISTANCES_S))
    house = start_house(folder / "data", (first, second, third))
    relays = [Relay(port, first, rtt_s) for port, rtt_s in zip(more, DISTANCES_S, strict=True)]
    background(_relay(relays))
    try:
        event = house.create("How browsers ask")
        with sync_playwright() as playwright:
            people = People(playwright)
            evening(house, event, [people.listener() for _ in relays], relays)
            people.close()
    finally:
        end_house(house)
    found = json.loads(target.read_text()) if target.exists() else {}
    name = f"evening {1 + len(found) // len(DISTANCES_S)}"
    for far_s, relay in zip(DISTANCES_S, relays, strict=True):
        found[f"{name}, {1000 * far_s:.0f} ms"] = relay.walks()
    target.write_text(json.dumps(found, indent=1) + "\n")
    for which, walks in found.items():
        sizes = sorted((len(walk) // 2 for walk in walks), reverse=True)
        print(f"{which}: {sum(sizes)} requests on {len(sizes)} connections {sizes}")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
