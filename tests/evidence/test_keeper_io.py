"""The keeper: facts of an evening in, a ledger that verifies out."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from tests.evidence.records import KEY, START_MS, EdgeWriter, sealed

from rostra.evidence import keeper_io
from rostra.evidence.bundle import Verified
from rostra.evidence.bundle_io import export, verify
from rostra.evidence.control_book import Standing
from rostra.evidence.keeper_io import Keeper
from rostra.evidence.ledger_io import Ledger, LedgerTrouble, ledger_dir, read_entries
from rostra.evidence.record import AnyRecord, EdgeSecond, Happened, Sealed, decode, encode
from rostra.ground.facts import AnyFact, CheckpointSigned, EdgeTallied, Event, EventChanged, Phase
from rostra.ground.sealed import public_key

EVENT = Event(event_id="abcdefghij", title="T", start_ms=START_MS, phase=Phase.DOORS_OPEN)


class Evening:
    """A keeper with two edges, and a clock that only moves here."""

    def __init__(self, data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.data, self.second = data, 0
        self.told: list[AnyFact] = []
        self.edges = [EdgeWriter("edge-0"), EdgeWriter("edge-1")]
        monkeypatch.setattr(keeper_io, "_now_ms", lambda: START_MS + self.second * 1000)
        monkeypatch.setattr("rostra.evidence.keeper_io.time.monotonic", lambda: 1e3 + self.second)
        self.keeper = self.opened()

    def opened(self) -> Keeper:
        standing = Standing(capacity=(100, 200, 400, 600))
        return Keeper(
            self.data, KEY, self.told.append, lambda event, now_ms: sealed(), lambda _: standing
        )

    def phase(self, phase: Phase, **said: object) -> None:
        event = msgspec.structs.replace(EVENT, phase=phase, **said)
        self.keeper.handle(EventChanged(event=event))

    async def seconds(self, count: int, heard: bool = True) -> None:
        for _ in range(count):
            self.second += 1
            for edge in self.edges:
                record = edge.second(self.second)
                if heard:
                    self.keeper.handle(tallied(record))
            await self.keeper.write()

    def records(self) -> list[AnyRecord]:
        folder = ledger_dir(self.data, "abcdefghij")
        return [decode(raw) for raw in read_entries(folder / "entries")]

    def verified(self) -> Verified:
        out = self.data / "night.zip"
        public = bytes.fromhex(public_key(KEY))
        export(ledger_dir(self.data, "abcdefghij"), "abcdefghij", public, out)
        found = verify(out)
        assert isinstance(found, Verified)
        return found


def tallied(record: EdgeSecond, edge: str = "") -> EdgeTallied:
    return EdgeTallied(
        edge=edge or record.by,
        at_ms=record.at_ms,
        connections=0,
        held=0,
        requests={},
        refusals={},
        body_bytes=0,
        busy_fraction=0.0,
        loop_lag_ms=0.0,
        listeners={},
        records={"abcdefghij": encode(record)},
    )


@pytest.fixture
def evening(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Evening:
    return Evening(tmp_path, monkeypatch)


async def test_an_evening(evening: Evening) -> None:
    evening.phase(Phase.SCHEDULED)
    await evening.keeper.write()
    assert not ledger_dir(evening.data, "abcdefghij").exists()
    evening.phase(Phase.DOORS_OPEN)
    await evening.seconds(25)
    evening.keeper.acted("abcdefghij", "cap", "operator", "none → 5")
    evening.keeper.acted("other", "cap", "operator", "none → 5")
    evening.phase(Phase.LIVE)
    await evening.seconds(5)
    evening.phase(Phase.POSTED)
    await evening.keeper.write()
    await evening.keeper.write()
    records = evening.records()
    assert isinstance(records[0], Sealed)
    whats = [one.what for one in records if isinstance(one, Happened)]
    assert whats == ["phase", "act", "phase", "phase"]
    found = evening.verified()
    assert found.ok and not found.findings
    assert found.size == len(records) == 1 + 4 + 30 * 3 + 1
    notes = [fact for fact in evening.told if isinstance(fact, CheckpointSigned)]
    assert len(notes) == 4  # at 1, 11, 21 seconds, and the last
    assert notes[-1].note == (ledger_dir(evening.data, "abcdefghij") / "checkpoint").read_text()


async def test_a_control_that_was_killed(evening: Evening) -> None:
    evening.phase(Phase.LIVE)
    await evening.seconds(5)
    for kept in evening.keeper._kept.values():
        assert kept.ledger is not None
        kept.ledger.close()  # as the kernel does
    for edge in evening.edges:
        edge.second(6)  # told to nobody
    evening.second = 9
    evening.keeper = evening.opened()
    evening.phase(Phase.LIVE)
    await evening.seconds(3)
    await evening.keeper.close()
    found = evening.verified()
    assert found.ok
    assert found.counts == {"gap": 3, "edge_gap": 2}
    gaps = [one for one in evening.records() if isinstance(one, Happened) and one.what == "gap"]
    assert [(one.subject, one.reason, one.number) for one in gaps] == [
        ("control", "restart", 0),
        ("edge-0", "not_heard", 1),
        ("edge-1", "not_heard", 1),
    ]


async def test_an_edge_whose_words_were_lost_on_the_way(evening: Evening) -> None:
    evening.phase(Phase.LIVE)
    await evening.seconds(2)
    await evening.seconds(3, heard=False)
    await evening.seconds(2)
    await evening.keeper.close()
    found = evening.verified()
    assert found.ok and found.counts == {"gap": 2, "edge_gap": 2}


async def test_a_disk_that_is_full_for_a_while(
    evening: Evening, monkeypatch: pytest.MonkeyPatch
) -> None:
    evening.phase(Phase.LIVE)
    await evening.seconds(2)

    def full(self: Ledger, records: object) -> None:
        raise LedgerTrouble("No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(Ledger, "append", full)
        await evening.seconds(3)
    await evening.seconds(2)
    await evening.keeper.close()
    gaps = [one for one in evening.records() if isinstance(one, Happened) and one.what == "gap"]
    assert [(one.reason, one.until_ms - one.from_ms) for one in gaps] == [("unwritten", 3000)]
    found = evening.verified()
    assert found.ok and found.counts["edge_gap"] == 2


async def test_a_damaged_ledger_is_left_as_it_is(evening: Evening) -> None:
    evening.phase(Phase.LIVE)
    await evening.seconds(2)
    await evening.keeper.close()
    path = ledger_dir(evening.data, "abcdefghij") / "entries"
    path.write_bytes(b"\0" + path.read_bytes()[1:])
    before = path.read_bytes()
    evening.keeper = evening.opened()
    evening.phase(Phase.LIVE)
    await evening.seconds(3)
    await evening.keeper.close()
    assert path.read_bytes() == before


async def test_a_promise_that_has_no_form_is_said_and_nothing_is_kept(evening: Evening) -> None:
    long = msgspec.structs.replace(sealed(), build="x" * 70_000)
    standing = Standing(capacity=(1, 1, 1, 1))
    evening.keeper = Keeper(
        evening.data, KEY, evening.told.append, lambda event, now_ms: long, lambda _: standing
    )
    evening.phase(Phase.LIVE)
    await evening.seconds(2)
    assert evening.records() == [] and evening.told == []
    Ledger(ledger_dir(evening.data, "abcdefghij"), "abcdefghij", KEY, START_MS).close()


async def test_what_is_no_record_of_that_edge_is_left_out(evening: Evening) -> None:
    evening.phase(Phase.LIVE)
    evening.keeper.handle(tallied(EdgeWriter("edge-0").second(1), edge="edge-1"))
    broken = msgspec.structs.replace(
        tallied(EdgeWriter("edge-0").second(1)), records={"abcdefghij": b"{"}
    )
    evening.keeper.handle(broken)
    await evening.keeper.write()
    await evening.keeper.close()
    assert not [one for one in evening.records() if isinstance(one, EdgeSecond)]


async def test_rehearsals_leave_no_evidence(evening: Evening) -> None:
    evening.phase(Phase.LIVE, rehearsal=True)
    await evening.seconds(2)
    assert not ledger_dir(evening.data, "abcdefghij").exists()
