"""`rostra evidence export` and `rostra verify`, without a running house."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from rostra.cli import main
from rostra.control import keys_io
from rostra.evidence.ledger_io import Ledger, ledger_dir
from rostra.evidence.record import encode
from rostra.ground.sealed import public_key
from tests.evidence.records import START_MS, EdgeWriter, night

EVENT = "abcdefghij"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    key = keys_io.load_or_create(tmp_path / "data", "signing")
    ledger = Ledger(ledger_dir(tmp_path / "data", EVENT), EVENT, key, START_MS)
    ledger.append(encode(record) for record in night(20))
    note = ledger.sign(START_MS + 20_000)
    ledger.append([encode(EdgeWriter("edge-7").second(21))])
    ledger.close()
    (tmp_path / "state.json").write_text(json.dumps({"v": 1, "checkpoint": note}))
    return tmp_path


def rostra(*words: str) -> Result:
    return CliRunner().invoke(main, [*words])


def test_export_and_verify(folder: Path) -> None:
    exported = rostra("evidence", "export", EVENT, "-o", "night.zip")
    assert exported.exit_code == 0, exported.output
    assert "61 records" in exported.output and "1 more are not signed yet" in exported.output
    checked = rostra("verify", "night.zip", "--witness", "state.json")
    assert checked.exit_code == 0, checked.output
    assert "Verified." in checked.output and "the log begins with it" in checked.output
    assert "give the key that was published" in checked.output
    key = public_key(keys_io.load_or_create(folder / "data", "signing"))
    checked = rostra("verify", "night.zip", "--key", key.upper())
    assert checked.exit_code == 0 and "--key" not in checked.output


def test_json(folder: Path) -> None:
    exported = json.loads(rostra("evidence", "export", EVENT, "-o", "n.zip", "--json").stdout)
    assert (exported["size"], exported["unsigned"]) == (61, 1)
    facts = json.loads(rostra("verify", "n.zip", "--json").stdout)
    assert facts["ok"] is True and facts["key"] == exported["key"]
    assert facts["sealed"]["event_id"] == EVENT
    refused = rostra("verify", "n.zip", "--json", "--key", "00" * 32)
    assert refused.exit_code == 1
    assert json.loads(refused.stdout)["code"] == "bundle_other_key"


def test_a_flipped_byte_is_not_verified(folder: Path) -> None:
    rostra("evidence", "export", EVENT, "-o", "night.zip")
    raw = bytearray((folder / "night.zip").read_bytes())
    raw[raw.index(b"tile/entries") + 60] ^= 1
    (folder / "night.zip").write_bytes(raw)
    checked = rostra("verify", "night.zip")
    assert checked.exit_code == 1
    assert "NOT member_damaged" in checked.output and "Not verified." in checked.output


def test_what_cannot_be_done(folder: Path) -> None:
    assert rostra("evidence", "export", "nothing", "-o", "x.zip").exit_code == 1
    assert rostra("evidence", "export", "../../keys", "-o", "x.zip").exit_code == 1
    assert rostra("evidence", "export", EVENT, "-o", "none/x.zip").exit_code == 1
    assert rostra("evidence", "export", EVENT).exit_code == 2
    assert rostra("verify", "none.zip").exit_code == 2
    rostra("evidence", "export", EVENT, "-o", "night.zip")
    assert rostra("verify", "night.zip", "--key", "abc").exit_code == 2
    assert rostra("verify", "night.zip", "--witness", "none").exit_code == 2
    assert rostra("verify", "state.json").exit_code == 1
