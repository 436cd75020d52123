"""The bus, over real unix sockets."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec
import pytest

from rostra.control.bus_io import Publisher, subscribe
from rostra.ground.facts import (
    AnyFact,
    Event,
    EventChanged,
    MediaSealed,
    Phase,
    ProgrammeMixed,
    StageTallied,
)


def changed(event_id: str, title: str = "x") -> EventChanged:
    return EventChanged(event=Event(event_id=event_id, title=title, start_ms=1))


def sound(index: int) -> ProgrammeMixed:
    return ProgrammeMixed(event_id="a", sample_index=index, pcm=bytes(1920))


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not true():
            await asyncio.sleep(0.01)


@asynccontextmanager
async def hearing(path: Path, *kinds: type) -> AsyncIterator[list[AnyFact]]:
    heard: list[AnyFact] = []
    task = asyncio.create_task(subscribe(path, kinds, heard.append))
    try:
        yield heard
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


@pytest.fixture
async def publisher(tmp_path: Path) -> AsyncIterator[Publisher]:
    bus = Publisher(tmp_path / "run" / "a.sock")
    await bus.start()
    yield bus
    await bus.close()


async def test_a_latecomer_gets_what_is_kept_in_order_and_then_the_news(
    publisher: Publisher,
) -> None:
    publisher.publish(changed("a", "old"))
    publisher.publish(changed("b"))
    publisher.publish(changed("a", "new"))
    async with hearing(publisher.path, EventChanged) as heard:
        await until(lambda: len(heard) == 2)
        publisher.publish(changed("c"))
        await until(lambda: len(heard) == 3)
    titles = [(f.event.event_id, f.event.title) for f in heard if isinstance(f, EventChanged)]
    assert titles == [("b", "x"), ("a", "new"), ("c", "x")]


async def test_only_wanted_kinds_are_sent(publisher: Publisher) -> None:
    async with hearing(publisher.path, ProgrammeMixed) as heard:
        await until(lambda: bool(publisher.links))
        publisher.publish(changed("a"))
        publisher.publish(sound(0))
        await until(lambda: bool(heard))
    assert heard == [sound(0)]


async def test_a_packager_that_restarts_gets_the_sound_it_missed(publisher: Publisher) -> None:
    for index in range(100):
        publisher.publish(sound(index * 960))
    async with hearing(publisher.path, ProgrammeMixed) as heard:
        await until(lambda: len(heard) == 100)
    assert [f.sample_index for f in heard if isinstance(f, ProgrammeMixed)] == [
        index * 960 for index in range(100)
    ]


async def test_a_subscriber_connects_again_after_the_publisher_was_replaced(
    tmp_path: Path,
) -> None:
    path = tmp_path / "a.sock"
    async with hearing(path, EventChanged) as heard:
        for title in ("first", "second"):
            bus = Publisher(path)
            await bus.start()  # the socket file of the one before is still there
            bus.publish(changed("a", title))
            await until(
                lambda title=title: any(  # type: ignore[misc]
                    isinstance(f, EventChanged) and f.event.title == title for f in heard
                )
            )
            await bus.close()


async def test_one_fact_that_breaks_the_handler_does_not_end_the_hearing(
    publisher: Publisher,
) -> None:
    heard: list[str] = []

    def handle(fact: AnyFact) -> None:
        assert isinstance(fact, EventChanged)
        if fact.event.event_id == "bad":
            raise ValueError("bad")
        heard.append(fact.event.event_id)

    task = asyncio.create_task(subscribe(publisher.path, [EventChanged], handle))
    publisher.publish(changed("bad"))
    publisher.publish(changed("good"))
    await until(lambda: heard == ["good"])
    task.cancel()


async def test_a_subscriber_that_never_reads_is_cut_off_and_memory_stays_bounded(
    publisher: Publisher, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rostra.control.bus_io._SLOW_BYTES", 1_000_000)
    reader, writer = await asyncio.open_unix_connection(str(publisher.path), limit=1024)
    writer.write(b'["MediaSealed"]\n')
    await until(lambda: bool(publisher.links))
    for number in range(100):
        publisher.publish(
            MediaSealed(
                event_id="a", path=str(number), body=bytes(100_000), content_type="",
                keep_s=0, stored=False,
            )
        )  # fmt: skip
    await until(lambda: not publisher.links)
    writer.close()
    assert reader is not None


async def test_a_hello_that_never_ends_is_cut_off(publisher: Publisher) -> None:
    reader, writer = await asyncio.open_unix_connection(str(publisher.path))
    writer.write(b"x" * 10_000)
    with pytest.raises((asyncio.IncompleteReadError, ConnectionResetError)):
        await reader.readexactly(1)
    writer.close()


async def test_the_socket_is_for_its_owner_alone(publisher: Publisher) -> None:
    assert publisher.path.stat().st_mode & 0o777 == 0o600
    assert publisher.path.parent.stat().st_mode & 0o777 == 0o700


async def test_what_is_not_kept_is_not_sent_later(publisher: Publisher) -> None:
    publisher.publish(
        StageTallied(
            at_ms=1, seats=0, ticks=0, late_ticks=0, cpu_fraction=0, loop_lag_ms=0,
            frames_concealed=0, packets_lost=0,
        )
    )  # fmt: skip
    async with hearing(publisher.path, StageTallied, EventChanged) as heard:
        publisher.publish(changed("a"))
        await until(lambda: bool(heard))
    assert heard == [changed("a")]


async def test_a_subscriber_knows_when_it_has_heard_all_that_was_kept(
    publisher: Publisher,
) -> None:
    heard: list[AnyFact] = []
    at: list[int] = []
    for number in range(50):
        publisher.publish(changed(str(number)))
    task = asyncio.create_task(
        subscribe(publisher.path, [EventChanged], heard.append, lambda: at.append(len(heard)))
    )
    await until(lambda: bool(at))
    task.cancel()
    assert at == [50]


async def test_of_a_rehearsal_that_is_over_only_that_word_is_kept(tmp_path: Path) -> None:
    publisher = Publisher(tmp_path / "control.sock")
    await publisher.start()
    rehearsal = Event(event_id="r", title="Rehearsal", start_ms=1, rehearsal=True)
    over = EventChanged(event=msgspec.structs.replace(rehearsal, phase=Phase.CANCELLED))
    part = MediaSealed(
        event_id="r", path="media/1", body=b"x", content_type="", keep_s=60, stored=False
    )
    for fact in (EventChanged(event=rehearsal), part, changed("other"), over):
        publisher.publish(fact)
    async with hearing(publisher.path, EventChanged, MediaSealed) as heard:
        await until(lambda: len(heard) == 2)
    assert heard == [changed("other"), over]
    await publisher.close()


async def test_what_is_forgotten_is_told_to_nobody_who_comes_later(tmp_path: Path) -> None:
    publisher = Publisher(tmp_path / "stage.sock")
    await publisher.start()
    for event_id in ("a", "b"):
        publisher.publish(changed(event_id))
    publisher.forget("a")
    async with hearing(publisher.path, EventChanged) as heard:
        await until(lambda: len(heard) == 1)
    assert heard == [changed("b")]
    await publisher.close()
