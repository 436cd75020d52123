"""A rehearsal of a real house: its voice goes live, and the control room shows and stops it."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import pytest

from rostra.rehearsal.voice_io import speaking
from tests.live.conftest import House, People, until
from tests.pages.mock_rehearsal import Rehearsing

pytestmark = pytest.mark.live


def begun(house: House) -> Any:
    """A rehearsal that a generator with some key asked for."""
    wish = {"generators": ["ab" * 32], "listeners": 100, "requests_s": 1000, "minutes": 5}
    return house.api("POST", "/api/rehearsals", wish)


async def test_voice_goes_live_on_the_rehearsals_event(running: House) -> None:
    run = await asyncio.to_thread(begun, running)
    async with speaking(run["speaker_link"]):
        await asyncio.to_thread(running.api, "POST", f"/api/events/{run['event_id']}/go-live", {})
        state = f"{running.audience}{run['page']}/state.json"
        await asyncio.to_thread(
            until, lambda: bool(httpx.get(state).json()["links"]["playlists"]), "playlists"
        )
    assert (await asyncio.to_thread(httpx.get, state)).json()["phase"] == "live"


def test_control_room_shows_it_and_stops_it(running: House, people: People) -> None:
    running.create("The night itself")
    run = begun(running)
    progress = f"/api/rehearsals/{run['run']}/progress"
    running.api("POST", progress, Rehearsing().progress)
    page = people.listener()
    page.goto(f"{running.control}/#key={running.operator_key}")
    page.get_by_text("Rung 1, 8,000 listeners.").wait_for()
    page.get_by_text("No certificate yet").wait_for()
    busiest = page.locator("#rehearsal figure").filter(has_text="Busiest edge")
    busiest.locator("path.line").wait_for(state="attached")
    assert page.locator(".event-list li").count() == 1
    page.click("#stop-rehearsal")
    page.get_by_role("dialog").get_by_role("button", name="Yes").click()
    page.locator("#rehearsal").wait_for(state="hidden")
    assert running.api("GET", "/api/status")["rehearsal"] is None
    gone = httpx.get(f"{running.audience}/.well-known/rostra-rehearsal")
    assert gone.status_code == 404
