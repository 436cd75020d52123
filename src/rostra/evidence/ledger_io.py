"""The ledger of one event on disk: records that are only ever appended, and signed checkpoints.

`entries` holds the records as in an entry bundle (tiles.py), `checkpoints` every note that was
signed, `checkpoint` the newest. A record counts as written once `append` has returned: it is on
the disk then. What a crash left half written is cut off, and the gap is itself a record.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterable, Iterator
from pathlib import Path

import msgspec

from rostra.evidence import checkpoint as checkpoints
from rostra.evidence.checkpoint import Checkpoint
from rostra.evidence.merkle import Growing, leaf_hash
from rostra.evidence.record import EdgeSecond, Happened, decode, encode
from rostra.evidence.tiles import entries_in, frame
from rostra.ground.refusals import Refusal
from rostra.ground.sealed import public_key

ENTRIES, CHECKPOINT, CHECKPOINTS = "entries", "checkpoint", "checkpoints"
CHECKPOINT_S = 10
CONTROL = "control"
_CHUNK = 1 << 20


class LedgerTrouble(Exception):
    """A ledger that cannot be gone on with, and why."""


def ledger_dir(data_dir: Path, event_id: str) -> Path:
    """Where an event's ledger stands."""
    return data_dir / "events" / event_id / "ledger"


def read_entries(path: Path) -> Iterator[bytes]:
    """The whole records of the file, in order; it may grow meanwhile. Raises OSError."""
    with path.open("rb") as file:
        rest = b""
        while chunk := file.read(_CHUNK):
            entries, used = entries_in(rest + chunk)
            rest = (rest + chunk)[used:]
            yield from entries


def _private(path: Path, flags: int) -> int:
    """A descriptor of the file, made for us alone if it is not there."""
    return os.open(path, flags | os.O_CREAT | os.O_CLOEXEC, 0o600)


def _write(descriptor: int, raw: bytes) -> None:
    """All of it, and on the disk."""
    while raw:
        raw = raw[os.write(descriptor, raw) :]
    os.fdatasync(descriptor)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


class Ledger:
    """One event's log, for its only writer. Blocking: call it in a thread, one call at a time."""

    def __init__(self, folder: Path, event_id: str, key: bytes, now_ms: int) -> None:
        """Open it, or begin it. Raises LedgerTrouble, OSError.

        One that was begun before goes on behind a record of the gap, until `now_ms`.
        """
        self.origin = checkpoints.origin_of(event_id)
        self.newest: Checkpoint | None = None
        self.numbers: dict[tuple[str, str], int] = {}  # found: an edge's run → its next number
        self._folder, self._key = folder, key
        self._tree = Growing()
        self._bytes = 0
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._entries = _private(folder / ENTRIES, os.O_RDWR | os.O_APPEND)
        try:
            fcntl.flock(self._entries, fcntl.LOCK_EX | fcntl.LOCK_NB)
            self._recover(now_ms)
        except BlockingIOError as error:
            os.close(self._entries)
            raise LedgerTrouble(f"another process writes {folder}") from error
        except BaseException:
            os.close(self._entries)
            raise
        _sync_folder(folder)

    @property
    def size(self) -> int:
        """How many records there are."""
        return self._tree.size

    def append(self, records: Iterable[bytes]) -> None:
        """These records, all or none, on the disk. Raises LedgerTrouble, ValueError."""
        entries = list(records)
        raw = b"".join(frame(entry) for entry in entries)
        try:
            _write(self._entries, raw)
        except OSError as error:
            os.ftruncate(self._entries, self._bytes)  # a torn record would hide all that follow
            raise LedgerTrouble(f"{self._folder} cannot be written: {error.strerror}") from error
        self._bytes += len(raw)
        for entry in entries:
            self._tree.append(leaf_hash(entry))

    def sign(self, now_ms: int) -> str:
        """The checkpoint of all records so far, as a note that was kept. Raises LedgerTrouble."""
        made = Checkpoint(self.origin, self._tree.size, self._tree.root(), now_ms)
        note = checkpoints.sign(made, self._key)
        try:
            descriptor = _private(self._folder / CHECKPOINTS, os.O_WRONLY | os.O_APPEND)
            try:
                _write(descriptor, note.encode())
            finally:
                os.close(descriptor)
            self._replace(note)
        except OSError as error:
            raise LedgerTrouble(f"{self._folder} cannot be written: {error.strerror}") from error
        self.newest = made
        return note

    def close(self) -> None:
        """Let go of the file."""
        os.close(self._entries)

    def _replace(self, note: str) -> None:
        beside = self._folder / f".{CHECKPOINT}"
        descriptor = _private(beside, os.O_WRONLY | os.O_TRUNC)
        try:
            _write(descriptor, note.encode())
        finally:
            os.close(descriptor)
        beside.replace(self._folder / CHECKPOINT)

    # --- after a crash ------------------------------------------------------------------------

    def _recover(self, now_ms: int) -> None:
        newest = self._signed()
        size_bytes = os.fstat(self._entries).st_size
        last_ms, root_then = 0, None if newest and newest.size else self._tree.root()
        for entry in read_entries(self._folder / ENTRIES):
            try:
                record = decode(entry)
            except (msgspec.DecodeError, ValueError, RecursionError):
                break  # what a power cut left of the newest blocks
            last_ms = record.at_ms
            if isinstance(record, EdgeSecond):
                self.numbers[record.by, record.run] = record.number + 1
            self._tree.append(leaf_hash(entry))
            self._bytes += len(frame(entry))
            if newest and self._tree.size == newest.size:
                root_then = self._tree.root()
        if newest and root_then != newest.root:
            raise LedgerTrouble(
                f"{self._folder} is damaged: its first {newest.size} records are not those that "
                "were signed. It is left as it is."
            )
        self.newest = newest
        torn = size_bytes - self._bytes
        os.ftruncate(self._entries, self._bytes)
        if self._tree.size or torn:
            gap = Happened(
                at_ms=now_ms,
                by=CONTROL,
                what="gap",
                subject=CONTROL,
                reason="torn" if torn else "restart",
                number=torn,
                from_ms=last_ms,
                until_ms=now_ms,
            )
            self.append([encode(gap)])

    def _signed(self) -> Checkpoint | None:
        """The newest checkpoint; a note that was not written to its end is cut off."""
        path = self._folder / CHECKPOINTS
        try:
            text = path.read_bytes().decode(errors="replace")
        except FileNotFoundError:
            return None
        public, newest, whole = bytes.fromhex(public_key(self._key)), None, 0
        for note in checkpoints.notes_in(text):
            said = checkpoints.read(note, self.origin, public)
            if isinstance(said, Refusal):
                break
            newest, whole = said, whole + len(note.encode())
        os.truncate(path, whole)
        return newest
