"""`rostra certificate` and `rostra plan`, without a running house."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from rostra.cli import main
from rostra.control import keys_io
from rostra.ground.sealed import public_key
from rostra.rehearsal.certificate import seal
from tests.rehearsal.certificates import KEY, certificate, found


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    kept = tmp_path / "data" / "certificates"
    kept.mkdir(parents=True)
    (kept / "20261124-7f3a.json").write_bytes(seal(certificate(), own_key(tmp_path)))
    (tmp_path / "other.json").write_bytes(seal(certificate(), KEY))
    return tmp_path


def own_key(folder: Path) -> bytes:
    return keys_io.load_or_create(folder / "data", "signing")


def rostra(*words: str) -> Result:
    return CliRunner().invoke(main, [*words])


def test_show_says_the_newest_of_this_house_in_words(folder: Path) -> None:
    shown = rostra("certificate", "show")
    assert shown.exit_code == 0
    assert "This house carried 6,000 listeners" in shown.output
    assert public_key(own_key(folder)) in shown.output


def test_show_leaves_out_what_another_key_signed_unless_it_is_named(folder: Path) -> None:
    own = folder / "data" / "certificates" / "20261124-7f3a.json"
    own.write_bytes(seal(certificate(), KEY))
    (own.parent / "broken.json").write_text("{")
    none = rostra("certificate", "show")
    assert none.exit_code == 1
    assert "rostra rehearse" in none.output
    assert rostra("certificate", "show", "20261124-7f3a").exit_code == 0
    assert rostra("certificate", "show", "other.json").exit_code == 0


def test_show_writes_the_page_and_json(folder: Path) -> None:
    shown = rostra("certificate", "show", "--html", "page.html", "--language", "fr")
    assert shown.exit_code == 0
    assert "Cette maison a porté" in (folder / "page.html").read_text(encoding="utf-8")
    facts = json.loads(rostra("certificate", "show", "--json").stdout)
    assert facts["findings"]["rungs"][0]["carried"] == 6_000
    bad = rostra("certificate", "show", "--html", "none/page.html")
    assert bad.exit_code == 1
    assert "cannot be written" in bad.output


def test_a_number_never_leads_out_of_the_folder(folder: Path) -> None:
    (folder / "secret.json").write_bytes(seal(certificate(), KEY))
    assert rostra("certificate", "show", "../../secret").exit_code == 2


def test_verify_ends_with_a_code_for_each_answer(folder: Path) -> None:
    own = "data/certificates/20261124-7f3a.json"
    assert rostra("certificate", "verify", own).exit_code == 0
    assert rostra("certificate", "verify", "other.json").exit_code == 3
    assert rostra("certificate", "verify", "other.json", "--key", public_key(KEY)).exit_code == 0
    assert rostra("certificate", "verify", own, "--key", public_key(KEY)).exit_code == 3
    assert rostra("certificate", "verify", own, "--key", "abc").exit_code == 2
    assert rostra("certificate", "verify", "missing.json").exit_code == 2
    alone = rostra("certificate", "verify", own, "--data", "elsewhere")
    assert alone.exit_code == 4
    assert not (folder / "elsewhere").exists()  # no key is made here
    wire = json.loads((folder / own).read_text())
    wire["says"]["number"] = "another"
    (folder / own).write_text(json.dumps(wire))
    changed = rostra("certificate", "verify", own)
    assert changed.exit_code == 1
    assert "seal_broken" in changed.output


def test_verify_says_in_json_what_it_compared_and_that_a_rehearsal_was_void(folder: Path) -> None:
    void = certificate(void="every step was void")
    (folder / "void.json").write_bytes(seal(void, KEY))
    answer = rostra("certificate", "verify", "void.json", "--json")
    assert answer.exit_code == 3
    facts = json.loads(answer.stdout)
    assert (facts["signature_holds"], facts["key_agrees"]) == (True, False)
    assert facts["void"] == "every step was void"


def test_a_plan_is_a_table_with_its_doubts(folder: Path) -> None:
    told = rostra("plan", "--listeners", "8000000", "--rung", "1", "--plot", "plan.svg")
    assert told.exit_code == 0
    for words in ("667 ×", "a guess", "133,333", "Assumed: 2 h", "no price given"):
        assert words in told.output
    assert (folder / "plan.svg").read_text().startswith("<?xml")


def test_a_plan_in_json_has_all_rungs_and_the_cost(folder: Path) -> None:
    words = ("--price-machine", "0.5", "--price-gb", "0.01", "--currency", "EUR")
    plans = json.loads(rostra("plan", "--listeners", "20000", *words, "--json").stdout)
    assert [one["rung"] for one in plans] == [0, 1, 2, 3]
    assert all(one["machines"]["cost"] > 0 for one in plans)


def test_a_plan_that_cannot_be_made_says_why(folder: Path) -> None:
    wrong = rostra("plan", "--listeners", "0")
    assert (wrong.exit_code, "plan_wrong" in wrong.output) == (2, True)
    only = certificate(rungs=(found(3, 16_000, None, 16_000),))
    (folder / "only.json").write_bytes(seal(only, KEY))
    none = rostra("plan", "--listeners", "10", "--rung", "0", "--certificate", "only.json")
    assert (none.exit_code, "plan_rung" in none.output) == (1, True)
    some = rostra("plan", "--listeners", "10", "--certificate", "only.json", "--json")
    assert [one["rung"] for one in json.loads(some.stdout)] == [3]
