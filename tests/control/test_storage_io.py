"""Events in SQLite."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from rostra.control.acts import Detail, Done, Undo
from rostra.control.door_record import DoorRecord, Lane
from rostra.control.storage_io import VERSION, Storage, StorageTrouble
from rostra.ground.door_values import Covered
from rostra.ground.facts import Event, Phase

EVENT = Event(event_id="a", title="x", start_ms=5, people=("Ada", "Grace"))


def test_what_was_saved_is_there_after_a_new_start(tmp_path: Path) -> None:
    storage = Storage(tmp_path)
    storage.save(EVENT)
    storage.save(Event(event_id="b", title="earlier", start_ms=1))
    storage.close()
    assert [e.event_id for e in Storage(tmp_path).load_all()] == ["b", "a"]
    assert Storage(tmp_path).load_all()[1] == EVENT


def test_saving_again_replaces(tmp_path: Path) -> None:
    storage = Storage(tmp_path)
    storage.save(EVENT)
    live = Event(event_id="a", title="x", start_ms=5, phase=Phase.LIVE)
    storage.save(live)
    assert storage.load_all() == [live]


def test_a_file_that_is_no_database_is_told_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "rostra.sqlite"
    path.write_bytes(b"something else" * 100)
    with pytest.raises(StorageTrouble, match="cannot be used"):
        Storage(tmp_path)
    assert path.read_bytes() == b"something else" * 100


def test_a_newer_database_is_not_touched(tmp_path: Path) -> None:
    Storage(tmp_path).close()
    with sqlite3.connect(tmp_path / "rostra.sqlite") as raw:
        raw.execute("PRAGMA user_version = 99")
    raw.close()
    with pytest.raises(StorageTrouble, match="newer Rostra"):
        Storage(tmp_path)


def test_the_file_is_for_its_owner_alone(tmp_path: Path) -> None:
    Storage(tmp_path).close()
    assert (tmp_path / "rostra.sqlite").stat().st_mode & 0o777 == 0o600


# As version 1 of the storage wrote it.
VERSION_1 = """
CREATE TABLE IF NOT EXISTS event (event_id TEXT PRIMARY KEY, start_ms INTEGER NOT NULL,
    body TEXT NOT NULL) STRICT;
CREATE INDEX IF NOT EXISTS event_start ON event (start_ms);
PRAGMA user_version = 1;
INSERT INTO event VALUES ('a', 5, '{"event_id":"a","title":"x","start_ms":5,"phase":"live"}');
"""


def test_a_file_of_version_1_is_brought_up_to_date_and_loses_nothing(tmp_path: Path) -> None:
    raw = sqlite3.connect(tmp_path / "rostra.sqlite")
    raw.executescript(VERSION_1)
    raw.close()
    storage = Storage(tmp_path)
    assert storage.load_all() == [Event(event_id="a", title="x", start_ms=5, phase=Phase.LIVE)]
    assert (storage.load_doors(), storage.acts("a")) == ({}, [])
    storage.save_door("a", DoorRecord(secret=bytes(32)))
    storage.close()
    raw = sqlite3.connect(tmp_path / "rostra.sqlite")
    assert raw.execute("PRAGMA user_version").fetchone() == (VERSION,)
    raw.close()
    assert Storage(tmp_path).load_doors().keys() == {"a"}


def test_a_door_is_remembered_whole(tmp_path: Path) -> None:
    record = DoorRecord(
        secret=bytes(range(32)),
        covered=(Covered(edge="edge-0", run="r", issued=3, chain="00"),),
        opened_at_s=7,
        admitted_rank=(5 << 32) + 1,
        cap=3,
        rung_forced=2,
        lanes=(Lane("press", 10),),
        leases={"edge-0": ("r", 4)},
        audience=b"\xff\x00",
    )
    storage = Storage(tmp_path)
    storage.save_door("a", DoorRecord(secret=bytes(32)))
    storage.save_door("a", record)
    storage.close()
    assert Storage(tmp_path).load_doors() == {"a": record}


def test_acts_are_numbered_in_order_and_kept_for_each_event(tmp_path: Path) -> None:
    storage = Storage(tmp_path)
    done = Done(
        event_id="a",
        at_ms=9,
        act="cap",
        detail=Detail("operator", "3"),
        undo=Undo("cap", {"cap": None}),
    )
    numbers = [
        storage.note(done),
        storage.note(Done(event_id="b", at_ms=9, act="end", detail=Detail("Ada", ""))),
        storage.note(done),
    ]
    storage.close()
    kept = Storage(tmp_path).acts("a")
    assert [one.number for one in kept] == [numbers[0], numbers[2]] == sorted(numbers)[::2]
    assert (kept[0].act, kept[0].undo.was) == ("cap", {"cap": None})


def test_a_dropped_event_leaves_nothing_and_takes_no_other_along(tmp_path: Path) -> None:
    storage = Storage(tmp_path)
    for event_id in ("a", "b"):
        storage.save(Event(event_id=event_id, title="x", start_ms=5))
        storage.save_door(event_id, DoorRecord(secret=b"\1" * 32))
        storage.note(Done(event_id=event_id, at_ms=1, act="create", detail=Detail("me", "")))
    storage.drop("a")
    storage.drop("never was")
    storage.close()
    storage = Storage(tmp_path)
    assert [event.event_id for event in storage.load_all()] == ["b"]
    assert list(storage.load_doors()) == ["b"]
    assert (storage.acts("a"), len(storage.acts("b"))) == ([], 1)
