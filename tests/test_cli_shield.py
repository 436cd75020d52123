"""`rostra shield`, against a control port that only writes down what it is asked."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import msgspec
import pytest
from click.testing import CliRunner, Result

from rostra.agenda.links import Addresses
from rostra.cli import main
from rostra.cli_shield import sentence
from rostra.house import Opened

VIEW: dict[str, Any] = {
    "now": "2036-12-01T20:06:00Z",
    "mode": "auto",
    "dry_run": False,
    "failed": False,
    "pressure": 2,
    "says": "more is asked for than the listeners who come and stay explain",
    "since": "2036-12-01T20:04:00Z",
    "spent": 31_500.0,
    "explained": 400.0,
    "unexplained": 31_000.0,
    "refused": {"source_spent": 24_070, "source_banned": 6_000},
    "acts": {"refused": 30_070, "slowed": 214},
    "sources": 1_204,
    "listeners": 2_812,
    "busy": 0.62,
    "path": "the rehearsal 20261124-ab here; beside: as it comes",
    "kernel": "kernel bans are off: this process has no CAP_NET_ADMIN; edges drop in-process",
    "worst": [
        {
            "source": "198.51.100.23",
            "points": {"overspent": 4_000.0, "garbage": 3.0},
            "demand": 88_000.0,
            "explained": 0.0,
            "listeners": 0,
            "connections": 61,
            "step": "drop",
            "held": "",
        }
    ],
    "neighbourhoods": [{"neighbourhood": "198.51.100.0/24", "bans": 31, "suspects": 12}],
    "bans": [
        {
            "source": "198.51.100.23",
            "step": "drop",
            "reason": "overspent",
            "since": "2036-12-01T20:05:00Z",
            "until": "2036-12-01T20:16:00Z",
        }
    ],
    "bans_all": 1,
    "by_step": {"drop": 1},
    "allow": ["192.0.2.0/24"],
    "deny": ["203.0.113.7"],
    "log": [],
    "history": [],
}


class Asked:
    """What the command line asked of control, and what control says to it."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, str, Any]] = []
        self.view = dict(VIEW)
        self.refuses: dict[str, str] | None = None


@pytest.fixture
def asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Asked]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "160")
    told = Asked()

    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            told.calls.append((self.command, self.path, json.loads(body) if body else None))
            said: Any = {"error": told.refuses} if told.refuses else told.view
            answer = json.dumps(said).encode()
            self.send_response(422 if told.refuses else 200)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        do_GET = do_POST = do_DELETE = answer

        def log_message(self, *_: Any) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        url = f"http://127.0.0.1:{server.server_port}"
        (tmp_path / "data" / "run").mkdir(parents=True)
        opened = Opened(1, url, Addresses(url, url, url))
        (tmp_path / "data" / "run" / "serve.json").write_bytes(msgspec.json.encode(opened))
        try:
            yield told
        finally:
            server.shutdown()
            thread.join()


def run(*words: str) -> Result:
    return CliRunner().invoke(main, ["shield", *words])


def test_the_first_line_is_for_a_person_in_a_hurry(asked: Asked) -> None:
    done = run("status")
    first = done.stdout.splitlines()[0]
    assert done.exit_code == 0, done.output
    assert first.startswith("Under attack since ")
    assert "31,000 requests a second that no listener explains; 98% slowed or refused; " in first
    assert first.endswith("listeners inside are not touched.")
    assert "source_spent 24,070, source_banned 6,000" in done.stdout
    assert "198.51.100.23" in done.stdout and "connections dropped" in done.stdout
    assert "198.51.100.0/24: 31 banned, 12 suspected there" in done.stdout
    assert asked.calls == [("GET", "/api/shield?since=9e9", None)]


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"pressure": 0}, "Peace."),
        ({"mode": "off"}, "The shield is off"),
        ({"failed": True}, "no new tickets, listeners inside go on"),
        ({"pressure": 1, "since": None}, "Watch: 31,000 requests"),
        ({"pressure": 3}, "Siege since "),
        ({"dry_run": True, "refused": {}}, "nothing is refused (dry run)"),
        ({"unexplained": 0.0, "refused": {"source_banned": 40}}, "100% slowed or refused"),
        (
            {"unexplained": 0.0, "refused": {}, "acts": {}},
            "nothing comes in that no listener explains",
        ),
    ],
)
def test_every_state_has_its_sentence(changed: dict[str, Any], says: str) -> None:
    assert says in sentence(VIEW | changed)


def test_bans_say_what_why_and_how_long(asked: Asked) -> None:
    done = run("bans")
    assert "asked for many times what its listeners need" in " ".join(done.stdout.split())
    assert "10 min" in done.stdout
    assert "Always allowed: 192.0.2.0/24" in done.stdout and "Kept out: 203.0.113.7" in done.stdout
    asked.view |= {"bans": [], "bans_all": 0, "allow": [], "deny": []}
    assert run("bans").stdout == "Nobody is banned.\n"


@pytest.mark.parametrize(
    ("words", "call"),
    [
        (["allow", "192.0.2.0/24"], ("POST", "/api/shield/allow", {"prefix": "192.0.2.0/24"})),
        (["allow", "::1", "--remove"], ("DELETE", "/api/shield/allow", {"prefix": "::1"})),
        (["deny", "192.0.2.1"], ("POST", "/api/shield/deny", {"prefix": "192.0.2.1"})),
        (
            ["deny", "192.0.2.1", "--remove"],
            ("DELETE", "/api/shield/deny", {"prefix": "192.0.2.1"}),
        ),
        (["lift", "192.0.2.1"], ("POST", "/api/shield/lift", {"source": "192.0.2.1"})),
        (["clear"], ("POST", "/api/shield/clear", {})),
        (["attack", "on"], ("POST", "/api/shield", {"mode": "attack"})),
        (["attack", "off"], ("POST", "/api/shield", {"mode": "auto"})),
        (["mode", "off"], ("POST", "/api/shield", {"mode": "off"})),
        (["dry-run", "on"], ("POST", "/api/shield", {"dry_run": True})),
        (["dry-run", "off"], ("POST", "/api/shield", {"dry_run": False})),
    ],
)
def test_each_act_is_one_call_and_its_facts_are_json(
    asked: Asked, words: list[str], call: tuple[str, str, Any]
) -> None:
    assert run(*words).exit_code == 0
    done = run(*words, "--json")
    assert json.loads(done.stdout) == VIEW
    assert asked.calls == [call, call]


def test_a_switch_says_how_it_stands_and_the_way_back(asked: Asked) -> None:
    assert run("attack", "off").stdout.startswith("Rostra decides.")
    asked.view |= {"mode": "attack", "dry_run": True}
    said = run("attack", "on").stdout
    assert "rostra shield attack off" in said and "rostra shield dry-run off" in said
    assert "within a second" in said


def test_facts_are_json_where_they_are_read(asked: Asked) -> None:
    assert json.loads(run("status", "--json").stdout) == VIEW
    assert set(json.loads(run("bans", "--json").stdout)) == {
        "bans", "bans_all", "by_step", "allow", "deny", "dry_run",
    }  # fmt: skip


def test_a_refusal_is_said_with_its_code(asked: Asked) -> None:
    asked.refuses = {"code": "bad_prefix", "message": "'x' is no address or prefix."}
    done = run("deny", "x")
    assert done.exit_code == 1
    assert "is no address or prefix. (bad_prefix)" in done.output


def test_words_that_are_none_are_refused_before_anyone_is_asked(asked: Asked) -> None:
    for words in (["attack", "perhaps"], ["mode", "siege"], ["dry-run"], ["lift"]):
        assert run(*words).exit_code == 2
    assert asked.calls == []


def test_where_no_house_is_open_it_says_so_and_clear_empties_the_kernel(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cleared: list[Path] = []

    async def remove_table(data: Path) -> str:
        cleared.append(data)
        return "no kernel bans are left"

    monkeypatch.setattr("rostra.shield.nft_io.remove_table", remove_table)
    for words in (["status"], ["deny", "192.0.2.1"], ["attack", "on"]):
        done = run(*words, "--data", str(tmp_path))
        assert done.exit_code == 1 and "no house is open" in done.output
    done = run("clear", "--data", str(tmp_path))
    assert (done.exit_code, done.output) == (
        0, "No house is open here; no kernel bans are left.\n",
    )  # fmt: skip
    assert cleared == [tmp_path]
