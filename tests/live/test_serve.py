"""`rostra serve` as people meet it: addresses, TLS, wrong ports, a second house."""

from __future__ import annotations

import subprocess
from pathlib import Path

import httpx
import numpy as np
import pytest
from playwright.sync_api import expect

from tests.control.test_tls_io import write_pair
from tests.live import hearing
from tests.live.conftest import (
    ROSTRA,
    House,
    People,
    drain,
    end_house,
    free_ports,
    start_house,
    tap,
    until,
)
from tests.live.test_evening import ACTIVE, go_live, listens, take_a_seat

pytestmark = [pytest.mark.live, pytest.mark.timeout(300)]


def serve(*words: str) -> subprocess.CompletedProcess[str]:
    """`rostra serve` that is expected to give up at once."""
    return subprocess.run(
        [*ROSTRA, "serve", *words], capture_output=True, text=True, timeout=60, check=False
    )


def test_it_prints_three_addresses_and_no_key_where_it_may_be_logged(folder: Path) -> None:
    port, control, stage = free_ports(3)
    words = ["--port", str(port), "--control-port", str(control), "--stage-port", str(stage)]
    log = folder / "out"
    with log.open("w") as out:
        process = subprocess.Popen(
            [*ROSTRA, "serve", "--data", str(folder / "data"), *words], stdout=out, stderr=out
        )
    try:
        until(lambda: "rostra event create" in log.read_text(), "all of it is printed")
        said = log.read_text()
        for number in (port, control, stage):
            assert f"http://localhost:{number}" in said
        key = (folder / "data" / "keys" / "operator.key").read_text().strip()
        assert key not in said
        assert "rostra operator link" in said
    finally:
        process.terminate()
        assert process.wait(timeout=30) == 0


def test_a_port_in_use_and_a_second_house_are_told(running: House) -> None:
    taken = serve("--data", str(running.data.parent / "other"), "--port", str(running.ports[0]))
    assert taken.returncode == 1
    assert "--port N" in taken.stderr
    second = serve("--data", str(running.data))
    assert second.returncode == 1
    assert "another `rostra serve`" in second.stderr
    assert "Traceback" not in taken.stderr + second.stderr


def test_secrets_and_addresses_stay_out_of_the_logs(running: House) -> None:
    event = running.create("Quiet")
    token = event["host_link"].split("#")[1]
    httpx.get(event["listener_link"])
    httpx.post(
        f"http://localhost:{running.ports[2]}/whip/{event['id']}",
        headers={"Authorization": f"Bearer {token}", "Content-Type": "application/sdp"},
        content="nonsense",
    )
    running.api("GET", "/api/status")
    log = (running.data.parent / "serve.log").read_text()
    assert token not in log
    assert running.operator_key not in log
    for path in running.data.rglob("*"):
        if path.is_file() and path.suffix != ".sock" and path.name != "operator.key":
            assert token.encode() not in path.read_bytes(), path


def test_everything_works_over_tls_and_a_renewed_certificate_is_used(
    folder: Path, people: People
) -> None:
    cert, key = write_pair(folder, "localhost")
    first, second, third = free_ports(3)
    house = start_house(
        folder / "data", (first, second, third), "--tls-cert", str(cert), "--tls-key", str(key)
    )
    try:
        event = house.create("Over TLS")
        assert event["listener_link"].startswith("https://")
        tone = hearing.save(
            folder / "tone.wav",
            (0.2 * np.sin(np.arange(480_000) * 0.05)).astype(np.float32),
            48_000,
        )
        host = people.speaker(tone, ignore_https_errors=True)
        take_a_seat(host, event["host_link"], "Ada")
        listener = people.listener(ignore_https_errors=True)
        listener.goto(event["listener_link"])
        expect(listener.get_by_role("heading", name="Over TLS")).to_be_visible()
        go_live(host)
        until(lambda: listens(listener), "the listener plays", 40)
        tap(listener, ACTIVE)
        listener.wait_for_timeout(4000)
        assert hearing.level_dbfs(drain(listener)) > -40
        old = [served(port) for port in house.ports]
        write_pair(folder, "localhost")
        until(
            lambda: all(served(port) != was for port, was in zip(house.ports, old, strict=True)),
            "all three ports use the renewed certificate",
        )
    finally:
        end_house(house)


def served(port: int) -> bytes:
    """The certificate that a port shows, PEM."""
    done = subprocess.run(
        ["openssl", "s_client", "-connect", f"localhost:{port}"],
        input=b"",
        capture_output=True,
        check=False,
    )
    found = done.stdout.partition(b"-----BEGIN CERTIFICATE-----")[2]
    assert found, done.stderr
    return found.partition(b"-----END CERTIFICATE-----")[0]
