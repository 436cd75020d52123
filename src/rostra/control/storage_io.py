"""Events, doors and acts in SQLite: written before anyone hears of a change."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path

import msgspec

from rostra.control.acts import Done
from rostra.control.door_record import DoorRecord
from rostra.ground.facts import Event

VERSION = 2
# What each version added; a file of an older one gets what is missing, in one transaction.
_STEPS = {
    1: """
CREATE TABLE IF NOT EXISTS event (event_id TEXT PRIMARY KEY, start_ms INTEGER NOT NULL,
    body TEXT NOT NULL) STRICT;
CREATE INDEX IF NOT EXISTS event_start ON event (start_ms);
""",
    2: """
CREATE TABLE door (event_id TEXT PRIMARY KEY, body BLOB NOT NULL) STRICT;
CREATE TABLE act (number INTEGER PRIMARY KEY AUTOINCREMENT, event_id TEXT NOT NULL,
    at_ms INTEGER NOT NULL, act TEXT NOT NULL, detail TEXT NOT NULL, undo TEXT NOT NULL) STRICT;
CREATE INDEX act_event ON act (event_id, number);
""",
}


class StorageTrouble(Exception):
    """The storage cannot be used, with what to do about it."""


class Storage:
    """What one data folder keeps; one process writes at a time. Durable when a call returns."""

    def __init__(self, data_dir: Path) -> None:
        data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = data_dir / "rostra.sqlite"
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
        self._connection = sqlite3.connect(path, isolation_level=None, timeout=5.0)
        try:
            self._connection.execute("PRAGMA journal_mode = WAL")
            self._connection.execute("PRAGMA synchronous = FULL")
            self._migrate(path)
        except sqlite3.DatabaseError as error:
            raise StorageTrouble(f"{path} cannot be used: {error}") from error

    def _migrate(self, path: Path) -> None:
        version = int(self._connection.execute("PRAGMA user_version").fetchone()[0])
        if version > VERSION:
            raise StorageTrouble(
                f"{path} was written by a newer Rostra (storage version {version}, "
                f"this one knows {VERSION}). Update Rostra, or use another data folder."
            )
        steps = "".join(sql for number, sql in _STEPS.items() if number > version)
        if steps:
            self._connection.executescript(
                f"BEGIN IMMEDIATE; {steps} PRAGMA user_version = {VERSION}; COMMIT;"
            )

    def save(self, event: Event) -> None:
        """Insert or replace an event."""
        self._connection.execute(
            "INSERT INTO event VALUES (?, ?, ?) ON CONFLICT (event_id) DO UPDATE "
            "SET start_ms = excluded.start_ms, body = excluded.body",
            (event.event_id, event.start_ms, msgspec.json.encode(event).decode()),
        )

    def drop(self, event_id: str) -> None:
        """Forget an event, its door and what was done to it, all or nothing."""
        with self._connection:
            self._connection.execute("BEGIN IMMEDIATE")
            for table in ("event", "door", "act"):
                self._connection.execute(
                    f"DELETE FROM {table} WHERE event_id = ?",  # noqa: S608
                    (event_id,),
                )

    def load_all(self) -> list[Event]:
        """All events, the earliest start first."""
        rows = self._connection.execute("SELECT body FROM event ORDER BY start_ms").fetchall()
        return [msgspec.json.decode(body, type=Event) for (body,) in rows]

    def save_door(self, event_id: str, record: DoorRecord) -> None:
        """Insert or replace what a door must not forget."""
        self._connection.execute(
            "INSERT INTO door VALUES (?, ?) ON CONFLICT (event_id) DO UPDATE "
            "SET body = excluded.body",
            (event_id, msgspec.msgpack.encode(record)),
        )

    def load_doors(self) -> dict[str, DoorRecord]:
        """All doors, by event."""
        rows = self._connection.execute("SELECT event_id, body FROM door").fetchall()
        return {name: msgspec.msgpack.decode(body, type=DoorRecord) for name, body in rows}

    def note(self, done: Done) -> int:
        """Write down an act; its number."""
        cursor = self._connection.execute(
            "INSERT INTO act (event_id, at_ms, act, detail, undo) VALUES (?, ?, ?, ?, ?)",
            (
                done.event_id,
                done.at_ms,
                done.act,
                msgspec.json.encode(done.detail).decode(),
                msgspec.json.encode(done.undo).decode(),
            ),
        )
        assert cursor.lastrowid is not None
        return cursor.lastrowid

    def acts(self, event_id: str) -> list[Done]:
        """What was done to an event, the oldest first."""
        rows = self._connection.execute(
            "SELECT number, event_id, at_ms, act, detail, undo FROM act "
            "WHERE event_id = ? ORDER BY number",
            (event_id,),
        ).fetchall()
        return [
            msgspec.convert(
                {
                    "number": number,
                    "event_id": name,
                    "at_ms": at_ms,
                    "act": act,
                    "detail": msgspec.json.decode(detail),
                    "undo": msgspec.json.decode(undo),
                },
                Done,
            )
            for number, name, at_ms, act, detail, undo in rows
        ]

    def close(self) -> None:
        """Close the file."""
        self._connection.close()
