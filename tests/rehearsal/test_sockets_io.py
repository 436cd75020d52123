from __future__ import annotations

import socket

import pytest

from rostra.rehearsal.sockets_io import Opener, file_limit, find, port_range
from rostra.rehearsal.trouble import RehearsalTrouble


@pytest.mark.parametrize(
    "origin", ["", "listen.example.org", "ftp://x", "http://x/e/1", "http://x:port", "http://u@x"]
)
def test_what_is_no_origin_is_refused(origin: str) -> None:
    with pytest.raises(RehearsalTrouble) as caught:
        find(origin)
    assert caught.value.code == "bad_origin"


def test_an_origin_keeps_the_address_it_had() -> None:
    target = find("http://localhost:8080/")
    assert target.origin == "http://localhost:8080" and target.authority == "localhost:8080"
    assert target.address == ("127.0.0.1", 8080) and target.tls is None


def test_a_certificate_is_checked_but_on_this_machine() -> None:
    here = find("https://127.0.0.1:8443").tls
    there = find("https://192.0.2.1").tls
    assert here is not None and not here.check_hostname
    assert there is not None and there.check_hostname


def test_connections_come_from_the_sources_in_turn() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        target = find(f"http://127.0.0.1:{server.getsockname()[1]}")
        opener = Opener(target, ("127.1.0.1", "127.1.0.2"))
        opened = [opener.open() for _ in range(4)]
        came = []
        for _ in opened:
            accepted, address = server.accept()
            accepted.close()
            came.append(address[0])
        for one in opened:
            one.close()
    assert sorted(came) == ["127.1.0.1", "127.1.0.1", "127.1.0.2", "127.1.0.2"]


def test_an_address_that_is_not_this_machines_is_an_error_and_leaks_nothing() -> None:
    opener = Opener(find("http://127.0.0.1:9"), ("192.0.2.1",))
    with pytest.raises(OSError, match="assign"):
        opener.open()


def test_the_limits_of_this_machine_are_numbers() -> None:
    first, last = port_range()
    assert 0 < first < last < 65536 and file_limit() > 0
