"""`rostra verdict`, of a ledger and of bundles, without a running house."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from rostra.cli import main
from rostra.control import keys_io
from rostra.evidence.ledger_io import Ledger, ledger_dir
from rostra.evidence.record import encode
from tests.evidence.records import START_MS, night

EVENT = "abcdefghij"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    key = keys_io.load_or_create(tmp_path / "data", "signing")
    ledger = Ledger(ledger_dir(tmp_path / "data", EVENT), EVENT, key, START_MS)
    ledger.append(encode(record) for record in night(60))
    ledger.sign(START_MS + 60_000)
    ledger.close()
    assert rostra("evidence", "export", EVENT, "-o", "night.zip").exit_code == 0
    return tmp_path


def rostra(*words: str) -> Result:
    return CliRunner().invoke(main, [*words])


def test_a_quiet_night_is_no_harm_and_the_ledger_says_what_its_bundle_says(folder: Path) -> None:
    told = rostra("verdict", "night.zip", "--json")
    assert told.exit_code == 0, told.output
    of_bundle, of_ledger = (
        json.loads(told.stdout),
        json.loads(rostra("verdict", EVENT, "--json").stdout),
    )
    assert of_bundle.pop("root") and of_ledger.pop("root") == ""
    assert of_bundle == of_ledger
    assert of_bundle["word"] == "NO HARM" and of_bundle["provisional"] is True
    assert rostra("verdict", "night.zip", "--json").stdout == told.stdout, "the same bytes again"


def test_one_flipped_byte_and_nothing_is_judged(folder: Path) -> None:
    raw = bytearray((folder / "night.zip").read_bytes())
    raw[len(raw) // 2] ^= 1
    (folder / "night.zip").write_bytes(raw)
    told = rostra("verdict", "night.zip")
    assert told.exit_code == 1 and "not verified" in told.output


@pytest.mark.parametrize(("language", "says"), [("en", 'lang="en"'), ("fr", 'lang="fr"')])
def test_the_page_is_written(folder: Path, language: str, says: str) -> None:
    told = rostra("verdict", "night.zip", "-o", "night.html", "--language", language)
    assert told.exit_code == 0 and "The page: night.html" in told.output
    page = (folder / "night.html").read_text()
    assert says in page and "<svg" in page and EVENT in page


def test_several_nights_make_a_table(folder: Path) -> None:
    told = rostra("verdict", "night.zip", EVENT, "-o", "nights.html", "--json")
    assert [one["word"] for one in json.loads(told.stdout)] == ["NO HARM"] * 2
    assert (folder / "nights.html").read_text().count("<tr>") == 3


@pytest.mark.parametrize("name", ["nothing", "nothing.zip", "../keys"])
def test_what_is_not_there_is_said(folder: Path, name: str) -> None:
    told = rostra("verdict", name)
    assert told.exit_code in (1, 2) and name in told.output
