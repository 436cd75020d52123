"""The promise of a replay and who makes it, with stand-ins for the maker."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import msgspec
import pytest

from rostra.control.replay_io import NOTHING_RECORDED, ReplayKeeper
from rostra.ground.facts import (
    AnyFact,
    Event,
    PackagerTallied,
    Phase,
    PlaylistsOffered,
    ReplayPromised,
    ReplaySealed,
)

MINUTE_MS = 60_000
PLANNED = Event(event_id="a", title="x", start_ms=1_000 * MINUTE_MS)
LIVE = msgspec.structs.replace(PLANNED, phase=Phase.LIVE, live_at_ms=PLANNED.start_ms)
END_MS = PLANNED.start_ms + 10 * MINUTE_MS
ENDED = msgspec.structs.replace(LIVE, phase=Phase.ENDED, ended_at_ms=END_MS)
TALLY = PackagerTallied(
    at_ms=0, events=0, media_samples=0, silence_samples=0, behind_ms=0, cpu_fraction=0
)
MAKES = """
import json, pathlib, sys
event = json.load(sys.stdin)
folder = pathlib.Path(sys.argv[1], "events", event["event_id"], "replay")
folder.mkdir(parents=True)
for name in ("aac", "opus"):
    (folder / f"{name}.m3u8").write_text("#EXTM3U\\n#EXTINF:4.0,\\na\\n#EXTINF:2.5,\\nb\\n")
(folder / "index.m3u8").write_text("#EXTM3U\\n")
"""


class Kept:
    """A keeper that writes down what it told."""

    def __init__(self, folder: Path, script: str, within_min: int = 30) -> None:
        self.told: list[AnyFact] = []
        self.sealed: list[ReplaySealed] = []
        command = [sys.executable, "-c", script, str(folder)]
        self.keeper = ReplayKeeper(
            folder, command, within_min, self.told.append, self.sealed.append, now=0.0
        )

    def tick(self, now: float, at_ms: int, event: Event = ENDED, rung_5: bool = False) -> None:
        self.keeper.tick([event], lambda _: rung_5, now, at_ms)

    async def until_made(self) -> None:
        making = self.keeper._making
        assert making is not None, "nobody makes a replay"
        await asyncio.wait_for(making, 30)

    @property
    def makes(self) -> bool:
        return self.keeper._making is not None


def test_the_promise_is_told_once_and_moves_with_the_event(tmp_path: Path) -> None:
    kept = Kept(tmp_path, "")
    for event in (PLANNED, PLANNED, LIVE, ENDED):
        kept.keeper.follow(event)
    due = [fact.due_ms for fact in kept.told if isinstance(fact, ReplayPromised)]
    assert due == [PLANNED.start_ms + 90 * MINUTE_MS, END_MS + 30 * MINUTE_MS]
    assert kept.keeper.due_ms("a") == due[-1]


async def test_a_packager_that_speaks_is_given_time(tmp_path: Path) -> None:
    kept = Kept(tmp_path, MAKES)
    for second in range(0, 300, 10):
        kept.keeper.handle(TALLY, float(second))
        kept.tick(second, END_MS + second * 1000)
    assert not kept.makes


@pytest.mark.parametrize(
    ("now", "after_ms", "rung_5"),
    [(60.0, 0, False), (0.0, 0, True), (0.0, 25 * MINUTE_MS, False)],
    ids=["the packager is silent", "rung 5 was decided", "five minutes are left"],
)
async def test_the_replay_is_made_and_told_to_everyone(
    tmp_path: Path, now: float, after_ms: int, rung_5: bool
) -> None:
    kept = Kept(tmp_path, MAKES)
    kept.tick(now, END_MS + after_ms, rung_5=rung_5)
    await kept.until_made()
    offered = [fact for fact in kept.told if isinstance(fact, PlaylistsOffered)]
    assert [info.rendition for info in offered[0].replay] == ["aac", "opus"]
    assert [fact.duration_s for fact in kept.sealed] == [6.5]
    assert any(isinstance(fact, ReplaySealed) for fact in kept.told)


async def test_live_is_never_touched(tmp_path: Path) -> None:
    kept = Kept(tmp_path, MAKES)
    kept.tick(1e6, END_MS + 10**9, event=LIVE, rung_5=True)
    assert not kept.makes


async def test_a_maker_that_fails_is_started_again_later(tmp_path: Path) -> None:
    kept = Kept(tmp_path, "raise SystemExit(1)")
    kept.tick(100.0, END_MS)
    await kept.until_made()
    first = kept.keeper._making
    kept.tick(101.0, END_MS)
    assert kept.keeper._making is first, "not at once"
    kept.keeper._command = [sys.executable, "-c", MAKES, str(tmp_path)]
    kept.tick(130.0, END_MS)
    await kept.until_made()
    assert len(kept.sealed) == 1


async def test_where_nothing_was_recorded_nobody_tries_again(tmp_path: Path) -> None:
    kept = Kept(tmp_path, f"raise SystemExit({NOTHING_RECORDED})")
    kept.tick(100.0, END_MS)
    await kept.until_made()
    first = kept.keeper._making
    kept.tick(1000.0, END_MS)
    assert kept.keeper._making is first
    assert not kept.sealed


async def test_a_control_that_ends_takes_the_maker_with_it(tmp_path: Path) -> None:
    kept = Kept(tmp_path, "import time; time.sleep(100)")
    kept.tick(100.0, END_MS)
    await asyncio.sleep(0)
    await asyncio.wait_for(kept.keeper.close(), 10)
    assert not kept.sealed


def test_after_a_restart_a_posted_replay_is_told_again(tmp_path: Path) -> None:
    folder = tmp_path / "events" / "a" / "replay"
    folder.mkdir(parents=True)
    for name in ("aac", "index"):
        (folder / f"{name}.m3u8").write_text("#EXTM3U\n#EXTINF:4.0,\na\n")
    kept = Kept(tmp_path, "")
    kept.keeper.follow(msgspec.structs.replace(ENDED, phase=Phase.POSTED))
    assert [type(fact) for fact in kept.told] == [PlaylistsOffered, ReplaySealed]
