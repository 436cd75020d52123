"""The ledger on disk: what a crash at any byte leaves, and that nothing signed is ever lost."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest
from tests.evidence.records import KEY, START_MS, night

from rostra.evidence import checkpoint as cp
from rostra.evidence.checkpoint import Checkpoint
from rostra.evidence.ledger_io import Ledger, LedgerTrouble, ledger_dir, read_entries
from rostra.evidence.merkle import leaf_hash, root_of
from rostra.evidence.record import Happened, decode, encode
from rostra.ground.sealed import public_key

NOW_MS = START_MS + 1_000_000
PUBLIC = bytes.fromhex(public_key(KEY))
RECORDS = [encode(record) for record in night(4)]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return ledger_dir(tmp_path, "abcdefghij")


def opened(folder: Path, now_ms: int = NOW_MS) -> Ledger:
    return Ledger(folder, "abcdefghij", KEY, now_ms)


def written(folder: Path) -> None:
    ledger = opened(folder)
    ledger.append(RECORDS[:6])
    ledger.sign(NOW_MS)
    ledger.append(RECORDS[6:])
    ledger.close()


def read(note: str) -> Checkpoint:
    said = cp.read(note, "rostra/abcdefghij", PUBLIC)
    assert isinstance(said, Checkpoint)
    return said


def gap(raw: bytes) -> Happened:
    record = decode(raw)
    assert isinstance(record, Happened) and record.what == "gap"
    return record


def test_records_and_checkpoints_are_kept_for_us_alone(folder: Path) -> None:
    ledger = opened(folder)
    assert ledger.size == 0
    ledger.append(RECORDS)
    note = ledger.sign(NOW_MS)
    ledger.close()
    assert list(read_entries(folder / "entries")) == RECORDS
    said = read(note)
    assert (said.size, said.at_ms) == (len(RECORDS), NOW_MS)
    assert said.root == root_of([leaf_hash(raw) for raw in RECORDS])
    assert (folder / "checkpoint").read_text() == note
    assert list(cp.notes_in((folder / "checkpoints").read_text())) == [note]
    for path in folder.iterdir():
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_a_restart_records_the_gap(folder: Path) -> None:
    written(folder)
    ledger = opened(folder, NOW_MS + 5)
    assert ledger.newest is not None and ledger.newest.size == 6
    ledger.close()
    *before, last = read_entries(folder / "entries")
    assert before == RECORDS
    said = gap(last)
    assert (said.reason, said.number, said.until_ms) == ("restart", 0, NOW_MS + 5)
    assert said.from_ms == decode(RECORDS[-1]).at_ms


def test_cut_at_any_byte_of_the_last_record(folder: Path) -> None:
    written(folder)
    whole = (folder / "entries").read_bytes()
    last_bytes = 2 + len(RECORDS[-1])
    for cut in range(last_bytes + 1):
        (folder / "entries").write_bytes(whole[: len(whole) - last_bytes + cut])
        ledger = opened(folder)
        *before, last = read_entries(folder / "entries")
        torn = 0 < cut < last_bytes
        assert before == (RECORDS if cut == last_bytes else RECORDS[:-1])
        assert (gap(last).reason, gap(last).number) == (("torn", cut) if torn else ("restart", 0))
        ledger.append([RECORDS[-1]])
        assert read(ledger.sign(NOW_MS)).size == ledger.size == len(before) + 2
        ledger.close()
        (folder / "checkpoints").unlink()


def test_blocks_that_were_never_written_are_cut_off(folder: Path) -> None:
    written(folder)
    for junk in (bytes(4096), b"\x00\x05junk!", b"\x00\x02{}" + bytes(10)):
        whole = (folder / "entries").read_bytes()
        (folder / "entries").write_bytes(whole + junk)
        opened(folder).close()
        assert (folder / "entries").read_bytes().startswith(whole)
        assert gap(list(read_entries(folder / "entries"))[-1]).number == len(junk)


def test_what_was_signed_is_never_cut_or_gone_on_with(folder: Path) -> None:
    written(folder)
    whole = (folder / "entries").read_bytes()
    flipped = bytearray(whole)
    flipped[20] ^= 1
    for damaged in (whole[:100], b"", bytes(flipped), RECORDS[0]):
        (folder / "entries").write_bytes(damaged)
        with pytest.raises(LedgerTrouble, match="damaged"):
            opened(folder)
        assert (folder / "entries").read_bytes() == damaged


def test_a_torn_checkpoint_is_cut_off(folder: Path) -> None:
    written(folder)
    path = folder / "checkpoints"
    whole = path.read_bytes()
    for cut in range(1, len(whole)):
        path.write_bytes(whole + whole[:cut])
        opened(folder).close()
        assert path.read_bytes() == whole
    ledger = opened(folder)
    ledger.sign(NOW_MS)
    ledger.close()
    assert len(list(cp.notes_in(path.read_text()))) == 2


def test_one_writer_only(folder: Path) -> None:
    ledger = opened(folder)
    with pytest.raises(LedgerTrouble, match="another process"):
        opened(folder)
    ledger.close()
    opened(folder).close()


def test_a_full_disk_leaves_no_torn_record(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ledger = opened(folder)
    ledger.append(RECORDS[:2])
    real = os.write

    def full(descriptor: int, raw: bytes) -> int:
        if len(raw) < 50:
            raise OSError(28, "No space left on device")
        return real(descriptor, raw[: len(raw) // 2])

    with monkeypatch.context() as patched:
        patched.setattr(os, "write", full)
        with pytest.raises(LedgerTrouble, match="No space"):
            ledger.append(RECORDS[2:])
        with pytest.raises(LedgerTrouble, match="No space"):
            ledger.sign(NOW_MS)
    assert ledger.size == 2
    ledger.append(RECORDS[2:])
    assert list(read_entries(folder / "entries")) == RECORDS
    assert read(ledger.sign(NOW_MS)).size == len(RECORDS)
    ledger.close()


WRITER = """
import sys, time
from pathlib import Path
from rostra.evidence.ledger_io import Ledger
from rostra.evidence.record import Happened, encode
ledger = Ledger(Path(sys.argv[1]), "abcdefghij", bytes(range(32)), 1)
for number in range(1_000_000):
    ledger.append([encode(Happened(at_ms=number, by="control", what="act", number=number))])
    if number % 10 == 9:
        ledger.sign(number)
    print(number, flush=True)
"""


def test_a_killed_writer_loses_nothing_it_had_written(folder: Path) -> None:
    for again in range(3):
        writer = subprocess.Popen(
            [sys.executable, "-c", WRITER, str(folder)], stdout=subprocess.PIPE, text=True
        )
        assert writer.stdout is not None
        with writer.stdout as out:
            assert out.readline().strip() == "0"
            time.sleep(0.05 * (again + 1))
            writer.send_signal(signal.SIGKILL)
            said = ["0", *out.read().split("\n")]
        writer.wait()
        done = int([line for line in said if line][-1])
        ledger = opened(folder)
        note = read(ledger.sign(NOW_MS))
        ledger.close()
        raws = list(read_entries(folder / "entries"))
        assert note.root == root_of([leaf_hash(raw) for raw in raws])
        gap(raws[-1])
        before = [decode(raw) for raw in raws[:-1]]
        last = before[-1]
        assert isinstance(last, Happened) and last.number in (done, done + 1)
