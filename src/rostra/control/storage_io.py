"""Events in SQLite: written before anyone hears of a change; a crash loses none that was told."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path

import msgspec

from rostra.ground.facts import Event

_SCHEMA = """
CREATE TABLE IF NOT EXISTS event (event_id TEXT PRIMARY KEY, start_ms INTEGER NOT NULL,
    body TEXT NOT NULL) STRICT;
CREATE INDEX IF NOT EXISTS event_start ON event (start_ms);
PRAGMA user_version = 1;
"""
VERSION = 1


class StorageTrouble(Exception):
    """The storage cannot be used, with what to do about it."""


class Storage:
    """The events of one data folder; one process writes at a time."""

    def __init__(self, data_dir: Path) -> None:
        data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = data_dir / "rostra.sqlite"
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
        self._connection = sqlite3.connect(path, isolation_level=None, timeout=5.0)
        try:
            self._connection.execute("PRAGMA journal_mode = WAL")
            self._connection.execute("PRAGMA synchronous = FULL")
            version = int(self._connection.execute("PRAGMA user_version").fetchone()[0])
            if version > VERSION:
                raise StorageTrouble(
                    f"{path} was written by a newer Rostra (storage version {version}, "
                    f"this one knows {VERSION}). Update Rostra, or use another data folder."
                )
            self._connection.executescript(_SCHEMA)
        except sqlite3.DatabaseError as error:
            raise StorageTrouble(f"{path} cannot be used: {error}") from error

    def save(self, event: Event) -> None:
        """Insert or replace; durable when this returns."""
        self._connection.execute(
            "INSERT INTO event VALUES (?, ?, ?) ON CONFLICT (event_id) DO UPDATE "
            "SET start_ms = excluded.start_ms, body = excluded.body",
            (event.event_id, event.start_ms, msgspec.json.encode(event).decode()),
        )

    def load_all(self) -> list[Event]:
        """All events, the earliest start first."""
        rows = self._connection.execute("SELECT body FROM event ORDER BY start_ms").fetchall()
        return [msgspec.json.decode(body, type=Event) for (body,) in rows]

    def close(self) -> None:
        """Close the file."""
        self._connection.close()
