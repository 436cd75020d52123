"""The voice of a rehearsal on the stage of a real house: it is heard, and comes back."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import pytest

from rostra.rehearsal import faults_io
from rostra.rehearsal.trouble import RehearsalTrouble
from rostra.rehearsal.voice_io import Voice, speaking
from tests.live.conftest import House

pytestmark = pytest.mark.live


def seat(house: House, event: Any) -> Any:
    """The only seat of the event, or none."""
    for one in house.api("GET", "/api/status")["events"]:
        if one["id"] == event["id"] and one["seats"]:
            (only,) = one["seats"]
            return only
    return None


async def until_heard(house: House, event: Any, timeout_s: float = 30.0) -> Any:
    async with asyncio.timeout(timeout_s):
        while True:
            now = await asyncio.to_thread(seat, house, event)
            if now and now["connected"] and now["speaking"]:
                return now
            await asyncio.sleep(0.1)


async def until_back(voice: Voice) -> None:
    async with asyncio.timeout(30):
        while voice.connections == 1:
            await asyncio.sleep(0.02)


async def test_voice_is_heard_and_comes_back_to_its_seat_when_the_stage_was_killed(
    running: House,
) -> None:
    event = await asyncio.to_thread(running.create, "A rehearsal")
    async with speaking(event["speaker_link"]) as voice:
        first = await until_heard(running, event)
        assert first["name"] == "Rehearsal"
        assert -35 < first["level_dbfs"] < -8
        before = time.monotonic()
        faults_io.inject(running.data / "run", "stage")
        await until_back(voice)
        again = await until_heard(running, event)
        assert voice.on_stage
        assert 0 < voice.gone_s(before, time.monotonic()) < time.monotonic() - before
        assert again["name"] == "Rehearsal"
    async with asyncio.timeout(20):
        while (await asyncio.to_thread(seat, running, event) or {}).get("connected"):
            await asyncio.sleep(0.1)


async def test_a_link_that_the_stage_refuses_says_why(
    running: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rostra.rehearsal.voice_io.CONNECT_S", 1.0)
    event = await asyncio.to_thread(running.create, "A rehearsal")
    link, _, _ = event["speaker_link"].partition("#")
    with pytest.raises(RehearsalTrouble) as trouble:
        async with speaking(f"{link}#forged"):
            pass
    assert trouble.value.code == "voice_refused"
    with pytest.raises(RehearsalTrouble) as trouble:
        async with speaking(link):
            pass
    assert trouble.value.code == "bad_speaker_link"


async def test_no_stage_is_said_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rostra.rehearsal.voice_io.CONNECT_S", 1.0)
    with pytest.raises(RehearsalTrouble) as trouble:
        async with speaking("http://127.0.0.1:9/s/k3v9x2mq#token"):
            pass
    assert trouble.value.code == "stage_silent"
