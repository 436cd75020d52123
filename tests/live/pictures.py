"""`make pictures`: the documentation's screenshots, from the real pages of a real evening."""

from __future__ import annotations

import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from tests.live.conftest import People, end_house, free_ports, start_house, until
from tests.live.test_evening import go_live, listens, take_a_seat, voices

TARGET = Path(__file__).parents[2] / "docs" / "pictures"
WIDE, NARROW = {"width": 1200, "height": 760}, {"width": 390, "height": 780}


def shoot(page: Page, name: str) -> None:
    """One picture, once the page is still."""
    page.wait_for_timeout(600)
    page.screenshot(path=TARGET / f"{name}.png")


def main() -> None:
    """An evening with two speakers, photographed."""
    TARGET.mkdir(exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix="rostra-"))
    first, second, third = free_ports(3)
    house = start_house(folder / "data", (first, second, third))
    host_wav, guest_wav, _ = voices(folder)
    soon = (datetime.now(UTC) + timedelta(minutes=4)).isoformat(timespec="minutes")
    words = ["--description", "Grace crossed the Atlantic in a wooden boat. Ada asks how."]
    words += ["--person", "Ada Byron", "--person", "Grace Hopper"]
    try:
        with sync_playwright() as playwright:
            people = People(playwright)
            event = house.create("A wooden boat, an open sea", *words, start=soon)
            waiting = people.listener(viewport=NARROW, color_scheme="dark")
            waiting.goto(event["listener_link"])
            waiting.get_by_text("You are in").wait_for()
            shoot(waiting, "event-waiting")
            host, guest = people.speaker(host_wav), people.speaker(guest_wav)
            take_a_seat(host, event["host_link"], "Ada Byron")
            take_a_seat(guest, event["speaker_link"], "Grace Hopper")
            live = people.listener(viewport=WIDE)
            live.goto(event["listener_link"])
            go_live(host)
            until(lambda: listens(live), "the listener plays", 40)
            time.sleep(8)
            shoot(live, "event-live")
            host.set_viewport_size({"width": 1000, "height": 780})
            host.get_by_text("speaking", exact=True).first.wait_for()
            shoot(host, "stage")
            control = people.listener(viewport={"width": 1200, "height": 1480})  # with the door
            control.goto(f"{house.control}/#key={house.operator_key}")
            control.wait_for_timeout(6000)
            shoot(control, "control")
            people.close()
    finally:
        end_house(house)


if __name__ == "__main__":
    main()
