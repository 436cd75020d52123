"""Generators against a real house: they hear it as people would, and stop when it says so."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from rostra.rehearsal.coordinator_io import Coordinator
from rostra.rehearsal.merging import Merged
from rostra.rehearsal.orders import Begin, Come, DropAll, Ended, Person
from rostra.rehearsal.trouble import RehearsalTrouble
from tests.live.conftest import House, open_house, until

pytestmark = [pytest.mark.live, pytest.mark.timeout(180)]
PROCESSES, PEOPLE = 2, 60


@pytest.fixture
def quiet(folder: Path) -> Iterator[House]:
    """A house that nobody has come to."""
    with open_house(folder) as house:
        yield house


@asynccontextmanager
async def on_air(house: House) -> AsyncIterator[tuple[Coordinator, Any]]:
    """Generators whose consent holds, and the rehearsal's event, live."""
    coordinator = Coordinator()
    await coordinator.start()
    try:
        await coordinator.spawn(PROCESSES)
        hellos = await coordinator.workers(PROCESSES, 60)
        wish = {
            "generators": [hello.key for hello in hellos],
            "listeners": 2 * PEOPLE,
            "requests_s": 20_000,
            "minutes": 3,
            "faults": False,
        }
        allowed = house.api("POST", "/api/rehearsals", wish)
        event = allowed["event_id"]
        house.api("POST", f"/api/events/{event}/door", {"open_all": True, "rung": 1})
        house.api("POST", f"/api/events/{event}/go-live")
        await coordinator.begin(
            lambda index, _: Begin(
                run=allowed["run"],
                origin=house.audience,
                page=allowed["page"],
                token=allowed["token"],
                share=(index, PROCESSES),
                seed=1,
            )
        )
        await coordinator.zero(0.5)
        yield coordinator, allowed
    finally:
        await coordinator.close()


def crowd() -> Come:
    return Come(
        people=tuple(
            Person(number=n, at_s=0.5 + n / PEOPLE, stay_s=1e6, tabs=2 if n % 10 == 0 else 1)
            for n in range(PEOPLE)
        )
    )


async def second(coordinator: Coordinator, at_s: float) -> Merged:
    async with asyncio.timeout(60):
        async for one in coordinator.seconds():
            if one.at_s >= at_s:
                return one
    raise AssertionError("the run ended")


async def test_a_crowd_hears_a_real_house_and_a_storm_does_not_silence_it_for_long(
    quiet: House,
) -> None:
    async with on_air(quiet) as (coordinator, allowed):
        await coordinator.send(crowd())
        calm = await second(coordinator, 15)
        tabs = PEOPLE + PEOPLE // 10
        assert (calm.all.here, calm.all.playing, calm.all.waiting) == (PEOPLE, tabs, 0)
        assert calm.all.rungs == {1: tabs} and calm.all.sockets == tabs
        assert 0 < calm.all.behind_s < 10
        await coordinator.send(DropAll())
        later = await second(coordinator, 25)
        assert (later.all.here, later.all.playing, later.all.stalled) == (PEOPLE, tabs, 0)
        words = await coordinator.end()
        assert all(isinstance(word, Ended) and word.why == "told" for word in words.values())
        assert len(words) == PROCESSES and coordinator.lost == []
        quiet.api("POST", f"/api/rehearsals/{allowed['run']}/withdraw")


async def test_a_house_that_withdraws_is_left_alone(quiet: House) -> None:
    async with on_air(quiet) as (coordinator, allowed):
        await coordinator.send(crowd())
        await second(coordinator, 5)
        quiet.api("POST", f"/api/rehearsals/{allowed['run']}/withdraw")
        async with asyncio.timeout(20):
            while len(coordinator.lost) < PROCESSES:
                await asyncio.sleep(0.1)
        assert all(word.endswith(": withdrawn") for word in coordinator.lost)
        await asyncio.to_thread(
            until,
            lambda: sum(e["connections"] for e in quiet.api("GET", "/api/status")["edges"]) == 0,
            "nobody is connected",
        )


async def test_a_house_that_consented_to_nothing_is_not_touched(quiet: House) -> None:
    event = quiet.create("A real evening")
    coordinator = Coordinator()
    await coordinator.start()
    try:
        await coordinator.spawn(1)
        await coordinator.workers(1, 60)
        with pytest.raises(RehearsalTrouble) as caught:
            await coordinator.begin(
                lambda *_: Begin(
                    run="r",
                    origin=quiet.audience,
                    page=f"/e/{event['id']}",
                    token="t",
                    share=(0, 1),
                    seed=1,
                )
            )
        assert caught.value.code == "no_consent"
        assert quiet.state(event)["audience"]["connected"] == 0
    finally:
        await coordinator.close()
