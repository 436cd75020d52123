"""The command line, without a running house."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from rostra.cli import main


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(*words: str) -> Result:
    return CliRunner().invoke(main, words)


def create(*more: str) -> Any:
    done = run("event", "create", "An evening", "--start", "2036-12-01T20:00Z", *more, "--json")
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


def test_an_event_is_created_without_a_house_and_found_again(folder: Path) -> None:
    event = create("--language", "fr", "--person", "Ada", "--person", "Grace")
    assert {"id", "host_link", "speaker_link", "listener_link"} <= set(event)
    assert (event["language"], event["people"]) == ("fr", ["Ada", "Grace"])
    shown = json.loads(run("event", "show", event["id"], "--json").stdout)
    assert shown["host_link"] == event["host_link"]
    assert [row["id"] for row in json.loads(run("event", "list", "--json").stdout)] == [event["id"]]
    assert event["id"] in run("event", "list").stdout


def test_the_links_are_printed_for_people(folder: Path) -> None:
    done = run("event", "create", "An evening", "--start", "2036-12-01T20:00+01:00")
    assert done.exit_code == 0
    for label in ("Host link", "Speaker link", "Listener link"):
        assert label in done.stdout
    assert "2036-12-01T19:00:00Z" in done.stdout


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("event", "create", "x", "--start", "tomorrow"), "write it as 2026-12-01T20:00Z"),
        (("event", "create", "x", "--start", "2036-12-01T20:00"), "no time zone"),
        (("event", "create", " ", "--start", "2036-12-01T20:00Z"), "bad_title"),
        (
            ("event", "create", "x", "--start", "2036-12-01T20:00Z", "--language", "!"),
            "bad_language",
        ),
        (("event", "show", "nope"), "no_such_event"),
        (("config", "explain", "serve.prot"), "did you mean serve.port?"),
        (("serve", "--port", "0"), "must be from 1 to 65535"),
        (("serve", "--port", "9000", "--control-port", "9000"), "must differ"),
        (("serve", "--config", "nope.toml"), "cannot be read"),
        (("serve", "--tls-cert", "a.pem"), "tls_key"),
        (("serve", "--tls-cert", "a.pem", "--tls-key", "b.pem"), "no file a.pem"),
    ],
)
def test_what_is_wrong_is_said_with_the_mend(
    folder: Path, words: tuple[str, ...], says: str
) -> None:
    done = run(*words)
    assert done.exit_code != 0
    assert says in done.stderr
    assert "Traceback" not in done.output


def test_a_wrong_settings_file_is_told_whole(folder: Path) -> None:
    (folder / "rostra.toml").write_text("[serve]\nprot = 1\n[stage]\nmax_seat = 2\n")
    done = run("config", "check")
    assert done.exit_code == 1
    assert "serve.port" in done.stderr
    assert "stage.max_seats" in done.stderr
    for words in (("serve",), ("event", "list")):
        assert run(*words).exit_code == 2


def test_a_good_settings_file_moves_the_links(folder: Path) -> None:
    (folder / "rostra.toml").write_text(
        '[serve]\npublic_url = "https://live.example/"\nstage_url = "https://stage.example"\n'
    )
    assert run("config", "check").exit_code == 0
    event = create()
    assert event["listener_link"] == f"https://live.example/e/{event['id']}"
    assert event["speaker_link"].startswith("https://stage.example/s/")


def test_every_setting_is_explained(folder: Path) -> None:
    rows = json.loads(run("config", "explain", "--json").stdout)
    assert {"serve.port", "stage.max_seats"} <= {row["name"] for row in rows}
    assert "audience port" in run("config", "explain", "serve.port").stdout


def test_the_operator_link_holds_the_key_and_the_event_list_does_not(folder: Path) -> None:
    link = run("operator", "link").stdout.strip()
    key = (folder / "data" / "keys" / "operator.key").read_text().strip()
    assert link == f"http://localhost:8081/#key={key}"
    create()
    assert key not in run("event", "list", "--json").stdout
