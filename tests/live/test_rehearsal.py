"""`rostra rehearse` beside a real house: what it finds is true and gone by, or is nothing."""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import signal
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from rostra.rehearsal.consent_check_io import PATH
from rostra.rehearsal.coordinator_io import TOKEN_VARIABLE
from rostra.rehearsal.findings import Findings
from tests.live.conftest import ROSTRA, House, end_house, free_ports, start_house, until
from tests.live.rehearsing import Rehearsal, slowed

pytestmark = [pytest.mark.live, pytest.mark.timeout(240)]

CROWD = ("--listeners", "300")
SHORT = ("--minutes", "1", "--no-faults")
EDGE = ("process edge-", "rostra.delivery.connection_io:Connection.data_received")
GENERATOR = ("rostra.rehearsal.generator_io", "rostra.rehearsal.crowd_io:Crowd._turn")


def begin(folder: Path, *words: str, env: dict[str, str] | None = None) -> House:
    """A house whose data are in `folder`."""
    (folder / "rostra.toml").touch()
    with pytest.MonkeyPatch.context() as patch:
        for name, value in (env or {}).items():
            patch.setenv(name, value)
        first, second, third = free_ports(3)
        config = ("--config", str(folder / "rostra.toml"))
        return start_house(folder / "data", (first, second, third), *config, *words)


@pytest.fixture(scope="module")
def place() -> Iterator[Path]:
    """A folder with a short path, for all tests here."""
    path = Path(tempfile.mkdtemp(prefix="rostra-"))
    yield path
    shutil.rmtree(path, ignore_errors=True)


@pytest.fixture(scope="module")
def house(place: Path) -> Iterator[House]:
    """The house that is rehearsed."""
    one = begin(place)
    yield one
    end_house(one)


@pytest.fixture(scope="module")
def real(house: House) -> Any:
    """An event for people, in some years."""
    return house.create("The night itself")


@contextlib.contextmanager
def rehearsal(house: House, *words: str, env: dict[str, str] | None = None) -> Iterator[Rehearsal]:
    """A rehearsal; whatever comes, none is left behind."""
    one = Rehearsal(house, *words, env=env)
    try:
        yield one
    finally:
        one.close()


def standing(house: House, real: Any) -> tuple[bool, str]:
    """Whether the newest certificate holds, and by what the doors go."""
    capacity = house.api("GET", f"/api/events/{real['id']}/door")["capacity"]
    return house.api("GET", "/api/certificate")["holds"], capacity["source"]


def test_what_a_slow_generator_found_is_void_and_nobody_goes_by_it(
    place: Path, house: House, real: Any
) -> None:
    before = standing(house, real)
    env = slowed(place / "slow-generator", *GENERATOR, 0.3)
    with rehearsal(house, "--listeners", "60", "--rungs", "0", *SHORT, env=env) as run:
        run.until("steps")
        run.interrupt()
        found = run.ended()
    assert {step.void for step in found.steps} == {"generator_late"}, found.steps
    assert found.void and run.process.returncode == 1
    assert standing(house, real) == before == (False, "measured at start")
    assert "void" in house.api("GET", "/api/certificate")["why_not"]
    assert "rehearsal" not in house.api("GET", "/api/shield")["path"], "it taught nothing"


@pytest.fixture(scope="module")
def found(house: House, real: Any) -> Findings:
    """What a whole rehearsal found, with a worker and with faults."""
    port = free_ports(1)[0]
    token = {TOKEN_VARIABLE: secrets.token_urlsafe(24)}
    wish = ("--rungs", "0,1", "--minutes", "2", "--workers", "1", "--listen", f"127.0.0.1:{port}")
    with rehearsal(house, *CROWD, *wish, env=token) as run:
        until(lambda: f"127.0.0.1:{port}" in run.said, "it says where workers come")
        assert token[TOKEN_VARIABLE] not in run.said
        words = [*ROSTRA, "rehearse", "--worker", f"127.0.0.1:{port}"]
        with subprocess.Popen(words, env=os.environ | token) as worker:
            run.until("playing")
            assert house.state(real)["audience"]["inside"] == 0
            assert house.state(real)["audience"]["connected"] == 0
            whole = run.ended()
            assert run.process.returncode == 0, run.said
            assert worker.wait(timeout=30) == 0
    return whole


def test_a_rehearsal_with_a_worker_and_faults_finds_what_the_house_carries(found: Findings) -> None:
    assert (found.void, found.cut_short) == ("", "")
    assert [(step.rung, step.listeners) for step in found.steps[:1]] == [(0, 300)]
    assert {row.rung for row in found.rungs} == {0, 1}
    assert all(row.carried and row.allowed and row.cpu_us.low > 0 for row in found.rungs)
    assert [one.same_machine for one in found.generators] == [False]
    assert [fault.name for fault in found.faults][:2] == ["storm", "edge-0"]
    assert all(fault.recovered_s is not None for fault in found.faults[:2])


def test_the_house_goes_by_its_certificate_at_once_and_the_signature_holds(
    found: Findings, house: House, real: Any
) -> None:
    assert standing(house, real) == (True, "certificate")
    newest = house.api("GET", "/api/certificate")["certificate"]
    assert newest["findings"]["run"] == found.run
    assert newest["number"] in house.api("GET", "/api/shield")["path"], "the shield learnt from it"
    file = house.data / "certificates" / f"{newest['number']}.json"
    assert house.command("certificate", "verify", str(file))["number"] == newest["number"]
    assert file.with_suffix(".html").exists()
    changed = house.data.parent / "changed.json"
    changed.write_text(file.read_text().replace('"carried": 300', '"carried": 3000'))
    words = [*ROSTRA, "certificate", "verify", str(changed), "--data", str(house.data)]
    assert subprocess.run(words, capture_output=True).returncode == 1


@pytest.fixture(scope="module")
def slow_house(place: Path) -> Iterator[House]:
    """A house whose edges take five milliseconds longer for what they are asked."""
    folder = place / "b"
    folder.mkdir()
    one = begin(folder, env=slowed(place / "slow-edge", *EDGE, 0.005))
    yield one
    end_house(one)


def test_a_slow_house_shows_in_what_was_found_and_ctrl_c_keeps_it(
    found: Findings, slow_house: House
) -> None:
    with rehearsal(slow_house, *CROWD, "--rungs", "0", *SHORT) as run:
        run.until("steps")
        run.interrupt()
        slow = run.ended()
    assert "stopped by hand" in slow.cut_short
    first = slow.steps[0]
    quick = next(step for step in found.steps if step.rung == 0 and not step.void)
    assert first.listeners == quick.listeners and quick.carried
    assert (first.carried, first.void) == (False, ""), first
    assert first.answer_p99_ms > quick.answer_p99_ms
    assert slow.rungs[0].carried == slow.rungs[0].allowed == 0
    assert slow_house.api("GET", "/api/status")["rehearsal"] is None
    newest = slow_house.api("GET", "/api/certificate")["certificate"]
    assert newest["findings"]["cut_short"] == slow.cut_short


def test_a_house_that_is_killed_ends_the_rehearsal_with_what_it_has(slow_house: House) -> None:
    with rehearsal(slow_house, "--listeners", "20", "--rungs", "0", *SHORT) as run:
        run.until("steps")
        names = ["control", "packager", "stage", "edge-0", "edge-1"]
        pids = [slow_house.process.pid, *map(slow_house.pid, names)]
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        left = run.ended()
    assert len(left.steps) == 1
    assert left.cut_short.startswith("house_silent: "), left.cut_short
    assert run.process.returncode == 1
    assert "no certificate" in run.said


class Stranger(BaseHTTPRequestHandler):
    """A server that knows nothing of rehearsals, and what it was asked."""

    asked: list[str]

    def do_GET(self) -> None:
        self.asked.append(self.path)
        self.send_error(404)

    do_POST = do_GET

    def log_message(self, *_: object) -> None:
        pass


def test_whoever_does_not_consent_is_asked_nothing_else(house: House) -> None:
    Stranger.asked = []
    with ThreadingHTTPServer(("127.0.0.1", 0), Stranger) as server:
        threading.Thread(target=server.serve_forever).start()
        origin = f"http://127.0.0.1:{server.server_address[1]}"
        with rehearsal(house, *CROWD, *SHORT, "--origin", origin) as run:
            assert "no_consent" in run.refused()
        server.shutdown()
    assert set(Stranger.asked) == {PATH}
    assert house.api("GET", "/api/status")["rehearsal"] is None


def test_more_than_files_allow_names_the_limit_and_how_to_raise_it(house: House) -> None:
    with rehearsal(house, "--listeners", "9000000", *SHORT) as run:
        said = run.refused()
    assert "crowd_too_large" in said
    assert "ulimit -n" in said and "ip_local_port_range" in said
    assert house.api("GET", "/api/status")["rehearsal"] is None


def test_workers_want_a_place_to_come_to_and_a_token_that_is_no_guess(house: House) -> None:
    words = [*ROSTRA, "rehearse", "--data", str(house.data), "--workers", "1"]
    for more, token, says in (
        ([], "", "--listen with a port"),
        (["--listen", "127.0.0.1:9"], "short", "20 characters"),
    ):
        env = os.environ | {TOKEN_VARIABLE: token}
        done = subprocess.run([*words, *more], capture_output=True, text=True, env=env)
        assert done.returncode == 2 and says in done.stderr, done.stderr


def test_a_script_with_mistakes_ends_with_each_of_them(house: House) -> None:
    script = house.data.parent / "mine.toml"
    script.write_text('name = "x"\ndors_s = -30\n[[wave]]\nkind = "ramp"\nshare = -5\n')
    words = [*ROSTRA, "rehearse", "--data", str(house.data), "--script", str(script)]
    done = subprocess.run(words, capture_output=True, text=True)
    assert done.returncode == 2
    assert "did you mean doors_s?" in done.stderr and "wave[1].share" in done.stderr, done.stderr


def test_it_gives_way_to_a_real_event_and_none_begins_while_that_is_on(
    house: House, real: Any
) -> None:
    with rehearsal(house, *CROWD, *SHORT) as run:
        run.until("here")
        house.api("POST", f"/api/events/{real['id']}/open-doors")
        left = run.ended()
    assert left.cut_short.startswith("withdrawn: "), left.cut_short
    assert house.state(real)["phase"] == "doors_open"
    with rehearsal(house, *CROWD, *SHORT) as run:
        assert "event_near" in run.refused()


# The last that needs the house: it closes it.
def test_serve_says_that_a_changed_setting_voids_the_certificate(
    found: Findings, house: House
) -> None:
    number = house.api("GET", "/api/certificate")["certificate"]["number"]
    end_house(house)
    config = house.data.parent / "rostra.toml"
    welcomes = []
    for settings in ("", "[edge]\nmax_connections = 500\n"):
        config.write_text(settings)
        welcomes.append(welcome(house, config))
    assert f"by certificate {number}" in welcomes[0], welcomes[0]
    assert f"Certificate {number} does not hold" in welcomes[1]
    assert "edge.max_connections: 18000, now 500" in welcomes[1]


def welcome(house: House, config: Path) -> str:
    """What `rostra serve` says to whoever starts it."""
    audience, control, stage = map(str, house.ports)
    words = ["serve", "--data", str(house.data), "--config", str(config), "--edges", "2"]
    words += ["--port", audience, "--control-port", control, "--stage-port", stage]
    said = house.data.parent / "welcome.txt"
    with said.open("w") as file:
        process = subprocess.Popen(
            [*ROSTRA, *words], stdout=file, stderr=subprocess.DEVNULL, env=os.environ | WIDE
        )
    until(lambda: "rostra event create" in said.read_text(), "the house is open")
    process.send_signal(signal.SIGINT)
    process.wait(timeout=30)
    return said.read_text()


WIDE = {"COLUMNS": "400"}
