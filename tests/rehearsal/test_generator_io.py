"""Generators in processes of their own, a coordinator, and a pretended house that consents."""

from __future__ import annotations

import asyncio
import os
import secrets
import signal
import sys
import time
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager

import msgspec
import pytest
from tests.rehearsal.fake_house import PAGE, FakeHouse, answer, fake_house

from rostra.rehearsal import consent_check_io, coordinator_io
from rostra.rehearsal.consent import Consent, seal_consent
from rostra.rehearsal.consent_check_io import PATH
from rostra.rehearsal.coordinator_io import TOKEN_VARIABLE, Coordinator
from rostra.rehearsal.merging import Merged
from rostra.rehearsal.orders import Begin, Come, DropAll, Ended, Failed, Hello, Leave, Person
from rostra.rehearsal.sockets_io import find
from rostra.rehearsal.trouble import RehearsalTrouble
from rostra.shield.path import BY_NAME, LEAST_STEPS
from rostra.shield.path_model import steps_of

SIGNING = secrets.token_bytes(32)
pytestmark = pytest.mark.timeout(90)


def consent(house: FakeHouse, hellos: Iterable[Hello], **changes: object) -> Consent:
    now_s = int(time.time())
    agreed = Consent(
        run="run1",
        event_id="reh",
        generators=tuple(hello.key for hello in hellos),
        origins=(house.origin,),
        listeners=100,
        requests_s=10_000,
        not_before_s=now_s - 5,
        until_s=now_s + 60,
    )
    return msgspec.structs.replace(agreed, **changes)


def put(house: FakeHouse, *those: Consent) -> None:
    """The house answers these consents, as an edge does."""
    sealed = b",".join(seal_consent(one, SIGNING) for one in those)
    house.answers[PATH] = answer(200, b'{"consents": [%s]}' % sealed)


def begin(house: FakeHouse, index: int, of: int) -> Begin:
    return Begin(run="run1", origin=house.origin, page=PAGE, token="tok", share=(index, of), seed=1)


@asynccontextmanager
async def gathered(count: int) -> AsyncIterator[tuple[FakeHouse, Coordinator, list[Hello]]]:
    """A house, a coordinator, and so many generators who have said hello."""
    async with fake_house() as house:
        coordinator = Coordinator()
        await coordinator.start()
        try:
            await coordinator.spawn(count)
            yield house, coordinator, await coordinator.workers(count, 60)
        finally:
            await coordinator.close()


async def started(house: FakeHouse, coordinator: Coordinator, count: int) -> None:
    await coordinator.begin(lambda index, _: begin(house, index, count))
    await coordinator.zero(0.3)


def people(count: int) -> Come:
    return Come(people=tuple(Person(number=n, at_s=0.1, stay_s=1e6) for n in range(count)))


async def seconds(coordinator: Coordinator, count: int) -> list[Merged]:
    found = []
    async with asyncio.timeout(30):
        async for second in coordinator.seconds():
            found.append(second)
            if len(found) == count:
                break
    return found


async def test_two_generators_drive_one_crowd_and_tell_of_it_each_second() -> None:
    async with gathered(2) as (house, coordinator, hellos):
        assert len({hello.key for hello in hellos}) == 2 and len({h.name for h in hellos}) == 2
        put(house, consent(house, hellos))
        await started(house, coordinator, 2)
        await coordinator.send(people(11))
        told = await seconds(coordinator, 3)
        assert [second.at_s for second in told] == [1.0, 2.0, 3.0]
        assert told[-1].all.here == 11 and told[-1].missing == ()
        assert {name: s.here for name, s in told[-1].each.items()} == {
            hellos[0].name: 6,
            hellos[1].name: 5,
        }
        assert sum(s.all.requests.get("page", 0) for s in told) == 11
        assert house.asked[0] == PATH, "nothing is asked before the consent"
        await coordinator.send(Leave(people=4, over_s=0.1))
        async for second in coordinator.seconds():
            if second.at_s > 4 and second.all.here == 7:
                break
        words = await coordinator.end()
        assert [words[hello.name] for hello in hellos] == [
            Ended(why="told", listeners=6),
            Ended(why="told", listeners=5),
        ]
        assert coordinator.lost == []


async def test_a_sample_of_how_they_asked_is_told_at_the_end() -> None:
    async with gathered(2) as (house, coordinator, hellos):
        put(house, consent(house, hellos))
        await started(house, coordinator, 2)
        await coordinator.send(people(8))
        async with asyncio.timeout(60):
            while house.asked.count(f"{PAGE}/state.json") < 8 * (LEAST_STEPS + 1):
                await asyncio.sleep(0.1)
        await coordinator.end()
        walks = coordinator.walks()
        assert len(walks) == 8
        asked = [what for walk in walks for what, _ in steps_of(walk)]
        assert asked.count(BY_NAME["state"]) == house.asked.count(f"{PAGE}/state.json")
        assert asked.count(BY_NAME["page"]) == 8


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"run": "run2"}, "consent_other_run"),
        ({"generators": ("00" * 32,)}, "consent_other_generator"),
        ({"origins": ("https://listen.example.org",)}, "consent_other_origin"),
        ({"not_before_s": 1_000, "until_s": 2_000}, "consent_expired"),
    ],
)
async def test_a_generator_does_not_begin_without_its_own_consent(
    changes: dict[str, object], code: str
) -> None:
    async with gathered(1) as (house, coordinator, hellos):
        put(house, consent(house, hellos, **changes))
        with pytest.raises(RehearsalTrouble) as caught:
            await started(house, coordinator, 1)
        assert caught.value.code == code
        assert set(house.asked) == {PATH}


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (answer(404), "no_consent"),
        (answer(302, Location="http://127.0.0.1:9/"), "redirected"),
        (answer(200, b"<html>welcome</html>"), "seal_unreadable"),
        (answer(200, b'{"consents": []}'), "no_consent"),
        (answer(503), "unreachable"),
    ],
)
async def test_a_target_that_does_not_answer_with_a_consent_is_left_alone(
    raw: bytes, code: str
) -> None:
    async with gathered(1) as (house, coordinator, _):
        house.answers[PATH] = raw
        with pytest.raises(RehearsalTrouble) as caught:
            await started(house, coordinator, 1)
        assert caught.value.code == code
        assert set(house.asked) == {PATH}


async def test_another_generators_run_beside_it_is_no_trouble() -> None:
    async with gathered(1) as (house, coordinator, hellos):
        put(house, consent(house, [], run="other"), consent(house, hellos))
        await started(house, coordinator, 1)


@pytest.mark.parametrize("how", ["withdrawn", "deadline", "signal", "consent_changed"])
async def test_a_generator_stops_when(how: str) -> None:
    async with gathered(1) as (house, coordinator, hellos):
        agreed = consent(house, hellos)
        if how == "deadline":
            agreed = consent(house, hellos, until_s=int(time.time()) + 4)
        put(house, agreed)
        await started(house, coordinator, 1)
        await coordinator.send(people(5))
        await seconds(coordinator, 2)
        assert f"{PAGE}/state.json" in house.asked
        if how == "withdrawn":
            del house.answers[PATH]
        elif how == "consent_changed":
            put(house, consent(house, hellos, listeners=1_000_000))
        elif how == "signal":
            os.kill(coordinator.processes[0], signal.SIGINT)
        async with asyncio.timeout(15):
            while not coordinator.lost:
                await asyncio.sleep(0.05)
        assert coordinator.lost == [f"{hellos[0].name}: {how}"]
        asked = len(house.asked)
        await asyncio.sleep(0.5)
        assert len(house.asked) == asked, "not one request more"
        await asyncio.wait_for(_none_left(coordinator), 10)


async def _none_left(coordinator: Coordinator) -> None:
    async for _ in coordinator.seconds():
        pass


async def test_the_run_goes_on_without_a_generator_that_was_killed() -> None:
    async with gathered(2) as (house, coordinator, hellos):
        put(house, consent(house, hellos))
        await started(house, coordinator, 2)
        await coordinator.send(people(6))
        await seconds(coordinator, 1)
        names = [hello.name for hello in hellos]
        dies = names.index("here-1")  # whoever said hello first has the first share
        os.kill(coordinator.processes[1], signal.SIGKILL)
        async with asyncio.timeout(20):
            async for second in coordinator.seconds():
                if second.at_s > 3 and list(second.each) == [names[1 - dies]]:
                    assert second.all.here == 3
                    break
        assert coordinator.lost == ["here-1: generator_gone"]
        await coordinator.send(DropAll())
        words = await coordinator.end()
        assert words[names[1 - dies]] == Ended(why="told", listeners=3)


async def test_a_generator_that_no_longer_reads_keeps_nobody(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(coordinator_io, "SILENT_MOST_S", 1.0)
    monkeypatch.setattr(coordinator_io, "_PARTING_S", 1.0)
    async with gathered(1) as (house, coordinator, hellos):
        put(house, consent(house, hellos))
        await started(house, coordinator, 1)
        stopped = coordinator.processes[0]
        os.kill(stopped, signal.SIGSTOP)
        async with asyncio.timeout(40):
            for _ in range(20):  # more than the sockets between them hold
                await coordinator.send(people(20_000))
            assert await coordinator.end(1.0) == {}
        assert not os.path.exists(f"/proc/{stopped}")


async def test_a_cancel_in_the_turn_of_an_answer_is_not_lost(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(consent_check_io, "EVERY_S", 0.01)
    async with fake_house() as house:
        agreed = msgspec.structs.replace(consent(house, []), generators=("aa" * 32,))
        put(house, agreed)
        check = consent_check_io.ConsentCheck(find(house.origin), "run1", "aa" * 32)
        held = await check.ask()
        assert isinstance(held, consent_check_io.Held)
        fetch = check._fetch

        async def fetched() -> tuple[int, bytes]:
            answered = await fetch()
            asyncio.get_running_loop().call_soon(watch.cancel)
            return answered

        monkeypatch.setattr(check, "_fetch", fetched)
        watch = asyncio.ensure_future(consent_check_io.consent_ended(check, held))
        done, _ = await asyncio.wait([watch], timeout=5)
        assert done and watch.cancelled() and watch.cancelling() == 1
        check.close()


async def test_a_house_that_dies_ends_the_generator_after_ten_seconds(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(consent_check_io, "EVERY_S", 0.05)
    monkeypatch.setattr(consent_check_io, "UNREACHABLE_MOST_S", 0.5)
    async with fake_house() as house:
        agreed = msgspec.structs.replace(consent(house, []), generators=("aa" * 32,))
        put(house, agreed)
        check = consent_check_io.ConsentCheck(find(house.origin), "run1", "aa" * 32)
        held = await check.ask()
        assert isinstance(held, consent_check_io.Held)
        watch = asyncio.ensure_future(consent_check_io.consent_ended(check, held))
        house.answers[PATH] = answer(503)
        await asyncio.sleep(0.2)
        put(house, agreed)
        await asyncio.sleep(0.5)
        assert not watch.done(), "a short silence ends nothing"
        house.answers[PATH] = answer(503)
        ended = await asyncio.wait_for(watch, 10)
        assert isinstance(ended, Failed) and ended.code == "unreachable"
        check.close()


async def test_a_coordinator_lets_nobody_in_without_the_token() -> None:
    coordinator = Coordinator()
    await coordinator.start()
    try:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "rostra.rehearsal.generator_io", coordinator.address, "x"),
            env=os.environ | {TOKEN_VARIABLE: "guessed"},
            stderr=asyncio.subprocess.PIPE,
        )
        _, said = await asyncio.wait_for(process.communicate(), 30)
        assert process.returncode == 2 and b"token_invalid" in said
        with pytest.raises(RehearsalTrouble) as caught:
            await coordinator.workers(1, 0.2)
        assert caught.value.code == "too_few_generators"
    finally:
        await coordinator.close()


async def test_a_port_that_is_taken_is_said_so() -> None:
    coordinator = Coordinator()
    await coordinator.start()
    try:
        taken = int(coordinator.address.rpartition(":")[2])
        with pytest.raises(RehearsalTrouble) as caught:
            await Coordinator(port=taken).start()
        assert caught.value.code == "cannot_listen"
    finally:
        await coordinator.close()
