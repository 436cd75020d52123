"""Events in SQLite."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from rostra.control.storage_io import Storage, StorageTrouble
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
