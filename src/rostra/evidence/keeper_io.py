"""Keeps the ledgers of all events under way: facts in, a second's records to disk at once.

Nothing here may take the evening away from anyone: what cannot be written is said in the log and
recorded as a gap once it can, and the house goes on.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from pathlib import Path

import msgspec

from rostra.evidence.control_book import CONTROL, ControlBook, Standing, act
from rostra.evidence.edge_book import is_kept
from rostra.evidence.ledger_io import CHECKPOINT_S, Ledger, LedgerTrouble, ledger_dir
from rostra.evidence.record import AnyRecord, EdgeSecond, Happened, Sealed, decode, encode
from rostra.ground.facts import AnyFact, CheckpointSigned, EdgeTallied, Event, EventChanged

log = logging.getLogger(__name__)
WAITING_MOST = 100_000  # records of one event that wait for a slow disk


class _Kept(msgspec.Struct):
    """One event's ledger, what waits for it, and since when something could not be written."""

    book: ControlBook
    begun_ms: int
    waiting: list[tuple[bytes, EdgeSecond | None]] = []
    ledger: Ledger | None = None
    signed_at: float = 0.0
    unwritten_ms: int = 0
    failed: bool = False
    over: bool = False


class Keeper:
    """Of one house. `promised` says what is sealed at the beginning, `standing` what holds now."""

    def __init__(
        self,
        data_dir: Path,
        key: bytes,
        publish: Callable[[AnyFact], None],
        promised: Callable[[Event, int], Sealed],
        standing: Callable[[str], Standing],
    ) -> None:
        self._data, self._key, self._publish = data_dir, key, publish
        self._promised, self._standing = promised, standing
        self._kept: dict[str, _Kept] = {}
        self._writing = asyncio.Lock()

    def handle(self, fact: AnyFact) -> None:
        """A fact that control tells or hears."""
        try:
            self._handle(fact, _now_ms())
        except Exception:
            log.exception("evidence: %s was not taken", type(fact).__name__)

    def _handle(self, fact: AnyFact, now_ms: int) -> None:
        if isinstance(fact, EventChanged):
            self._follow(fact.event, now_ms)
        for event_id, kept in self._kept.items():
            if isinstance(fact, EdgeTallied):
                self._edge(kept, fact.edge, fact.records.get(event_id), now_ms)
                continue
            for happened in kept.book.handle(fact, now_ms):
                self._wait(kept, encode(happened))

    def acted(self, event_id: str, what: str, by: str, says: str) -> None:
        """Something was done to an event."""
        if (kept := self._kept.get(event_id)) is not None:
            self._wait(kept, encode(act(what, by, says, _now_ms())))

    async def run(self) -> None:
        """Write each second, for ever."""
        due = time.monotonic()
        while True:
            due = max(due + 1.0, time.monotonic())  # after a stop there are no seconds to make up
            await asyncio.sleep(due - time.monotonic())
            try:
                await self.write()
            except Exception:
                log.exception("evidence: a second was not written")

    async def write(self) -> None:
        """Write what waits, with one second of control; sign where it is time."""
        async with self._writing:
            for event_id, kept in list(self._kept.items()):
                await self._one(event_id, kept, _now_ms())

    async def _one(self, event_id: str, kept: _Kept, now_ms: int) -> None:
        kept.over = kept.over or not is_kept(kept.book.event, now_ms)
        second = encode(kept.book.second(self._standing(event_id), now_ms))
        waiting, kept.waiting = [*kept.waiting, (second, None)], []
        note = await asyncio.to_thread(self._write, event_id, kept, waiting, now_ms)
        if note is not None:
            self._publish(CheckpointSigned(event_id=event_id, at_ms=now_ms, note=note))
        if kept.over:
            self._kept.pop(event_id)

    async def close(self) -> None:
        """Write and sign what there is, and let go."""
        for kept in self._kept.values():
            kept.over = True
        await self.write()

    def _follow(self, event: Event, now_ms: int) -> None:
        kept = self._kept.get(event.event_id)
        if is_kept(event, now_ms) and (kept is None or kept.over):
            self._kept[event.event_id] = _Kept(ControlBook(event), now_ms)

    def _edge(self, kept: _Kept, edge: str, raw: bytes | None, now_ms: int) -> None:
        if raw is None:
            return
        record = _edge_second(raw)
        if record is None or record.by != edge:
            log.warning("evidence: %s told a record that is none of its own", edge)
            return
        self._wait(kept, raw, record)

    def _wait(self, kept: _Kept, raw: bytes, record: EdgeSecond | None = None) -> None:
        if len(kept.waiting) < WAITING_MOST:
            kept.waiting.append((raw, record))
        else:
            kept.unwritten_ms = kept.unwritten_ms or _now_ms()

    # --- in a thread --------------------------------------------------------------------------

    def _write(
        self,
        event_id: str,
        kept: _Kept,
        waiting: list[tuple[bytes, EdgeSecond | None]],
        now_ms: int,
    ) -> str | None:
        """Append; the note if one was signed."""
        if kept.failed:
            return None
        try:
            ledger = kept.ledger or self._opened(event_id, kept)
        except (LedgerTrouble, OSError, ValueError) as error:
            log.error("evidence of %s is not kept: %s", event_id, error)
            kept.failed = True
            return None
        try:
            records = [encode(_unwritten(kept.unwritten_ms, now_ms))] if kept.unwritten_ms else []
            for raw, record in waiting:
                gaps = kept.book.missing(record, now_ms) if record is not None else ()
                records += [*(encode(gap) for gap in gaps), raw]
            ledger.append(records)
            kept.unwritten_ms = 0
            return self._signed(kept, ledger, now_ms)
        except (LedgerTrouble, OSError) as error:
            log.error("evidence of %s: a second is missing: %s", event_id, error)
            kept.unwritten_ms = kept.unwritten_ms or now_ms
            return None
        finally:
            if kept.over:
                ledger.close()

    def _opened(self, event_id: str, kept: _Kept) -> Ledger:
        now_ms = kept.begun_ms  # what waits to be written happened after that
        ledger = Ledger(ledger_dir(self._data, event_id), event_id, self._key, now_ms)
        try:
            if ledger.size == 0:
                ledger.append([encode(self._promised(kept.book.event, now_ms))])
                ledger.sign(now_ms)
        except BaseException:
            ledger.close()
            raise
        kept.ledger, kept.book.numbers = ledger, ledger.numbers
        return ledger

    def _signed(self, kept: _Kept, ledger: Ledger, now_ms: int) -> str | None:
        now = time.monotonic()
        if kept.signed_at and now - kept.signed_at < CHECKPOINT_S and not kept.over:
            return None
        kept.signed_at = now
        return ledger.sign(now_ms)


def _edge_second(raw: bytes) -> EdgeSecond | None:
    try:
        record: AnyRecord = decode(raw)
    except (msgspec.DecodeError, ValueError):
        return None
    return record if isinstance(record, EdgeSecond) else None


def _unwritten(from_ms: int, now_ms: int) -> Happened:
    return Happened(
        at_ms=now_ms,
        by=CONTROL,
        what="gap",
        subject=CONTROL,
        reason="unwritten",
        from_ms=from_ms,
        until_ms=now_ms,
    )


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
