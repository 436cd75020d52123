"""`rostra ticket` and `rostra keys`, without a running house."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from rostra.admission import draw
from rostra.admission.tickets import Ticket, sign_ticket
from rostra.cli import main
from rostra.control import keys_io
from rostra.ground.keys import KeyRing, key_id

SECRET = bytes(range(32))
STATE: dict[str, Any] = {
    "id": "ev",
    "door": {
        "commitment": draw.commitment(SECRET).hex(),
        "secret": SECRET.hex(),
        "seed": draw.seed(SECRET, ()).hex(),
        "opened_at": "2027-01-15T08:00:00Z",
        "admitted_rank": -1,
    },
}
TICKET = Ticket(event_id="ev", ticket_id="A" * 22, arrived_s=1_800_000_000, expires_s=1_900_000_000)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "state.json").write_text(json.dumps(STATE))
    return tmp_path


@pytest.fixture
def served(folder: Path) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            found = self.path == "/e/ev/state.json"
            big = self.path == "/big/state.json"
            body = json.dumps(STATE).encode() if found else b"x" * (2_000_000 if big else 1)
            self.send_response(200 if found or big else 404)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            pass

    class Quiet(HTTPServer):
        def handle_error(self, *_: Any) -> None:  # a client that had enough
            pass

    with Quiet(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


def run(*words: str, **more: Any) -> Result:
    return CliRunner().invoke(main, words, **more)


def test_a_ticket_is_explained_without_keys_and_none_are_made(folder: Path) -> None:
    token = sign_ticket(TICKET, KeyRing((b"k" * 32,)))
    done = run("ticket", "explain", token, "--state", "state.json")
    assert done.exit_code == 0, done.output
    rank = draw.rank(1_800_000_000, 1_800_000_000, draw.seed(SECRET, ()), "A" * 22)
    assert f"\n   {rank}\n" in done.stdout and "not checked" in done.stdout
    assert not (folder / "data").exists()


def test_on_the_houses_machine_the_signature_is_checked(folder: Path) -> None:
    token = sign_ticket(TICKET, keys_io.load_ring(folder / "data", "door"))
    facts = json.loads(
        run("ticket", "explain", "-", "--state", "state.json", "--json", input=token + "\n").stdout
    )
    assert facts["signature_holds"] is True and facts["sound"] is True
    assert facts["admitted"] is False and facts["cohort"] == 1
    forged = run("ticket", "explain", token[:-4] + "AAAA", "--state", "state.json")
    assert forged.exit_code == 1 and "DOES NOT HOLD" in forged.stdout


def test_the_state_may_be_a_url_or_the_event_page(served: str) -> None:
    token = sign_ticket(TICKET, KeyRing((b"k" * 32,)))
    for url in (f"{served}/e/ev/state.json", f"{served}/e/ev", f"{served}/e/ev/"):
        assert run("ticket", "explain", token, "--state", url).exit_code == 0


@pytest.mark.parametrize(
    ("where", "says"),
    [
        ("/e/none", "answers 404"),
        ("/big/state.json", "longer than 1 MiB"),
    ],
)
def test_a_url_without_a_state_is_named(served: str, where: str, says: str) -> None:
    token = sign_ticket(TICKET, KeyRing((b"k" * 32,)))
    done = run("ticket", "explain", token, "--state", served + where)
    assert done.exit_code == 1 and says in done.stderr


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("TOKEN",), "--state URL_OR_FILE"),
        (("TOKEN", "--state", "nowhere.json"), "cannot be read"),
        (("TOKEN", "--state", "http://["), "cannot be read"),
        (("TOKEN", "--state", "bad.json"), "state_invalid"),
        (("nonsense", "--state", "state.json"), "ticket_invalid"),
        (("OTHER", "--state", "state.json"), "ticket_other_event"),
    ],
)
def test_what_cannot_be_explained_is_said(folder: Path, words: tuple[str, ...], says: str) -> None:
    (folder / "bad.json").write_text('{"id": "ev"}')
    other = Ticket(event_id="other", ticket_id="A" * 22, arrived_s=0, expires_s=1)
    tokens = {
        "TOKEN": sign_ticket(TICKET, KeyRing((b"k" * 32,))),
        "OTHER": sign_ticket(other, KeyRing((b"k" * 32,))),
    }
    done = run("ticket", "explain", *(tokens.get(word, word) for word in words))
    assert done.exit_code in {1, 2} and says in done.stderr
    assert "Traceback" not in done.output and not isinstance(done.exception, ValueError)


def test_a_rotated_key_signs_and_the_older_ones_hold(folder: Path) -> None:
    first = key_id(keys_io.load_ring(folder / "data", "door").newest)
    second = json.loads(run("keys", "rotate", "door", "--json").stdout)
    assert second == {"signing": second["signing"], "holding": [first], "gone": []}
    run("keys", "rotate", "door")
    done = run("keys", "rotate", "door", "--data", str(folder / "data"))
    newest = key_id(keys_io.load_ring(folder / "data", "door").newest)
    assert f"Key {newest} signs from now on" in done.stdout
    assert f"What {first} signed does not hold any more." in done.stdout


def test_only_the_doors_keys_are_rotated(folder: Path) -> None:
    assert run("keys", "rotate", "operator").exit_code == 2


def test_a_damaged_ring_is_named_and_left_alone(folder: Path) -> None:
    path = keys_io.ring_path(folder / "data", "door")
    path.parent.mkdir(mode=0o700, parents=True)
    path.write_text("damaged\n")
    path.chmod(0o600)
    done = run("keys", "rotate", "door")
    assert done.exit_code == 1 and "damaged" in done.stderr
    assert path.read_text() == "damaged\n"
