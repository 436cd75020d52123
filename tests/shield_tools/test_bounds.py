"""What one client can make an edge hold or do, in virtual time and on real sockets."""

from __future__ import annotations

import socket
import time
from contextlib import ExitStack
from pathlib import Path

import pytest

from rostra.delivery import payments_io
from rostra.delivery.desk_io import Limits
from tests.delivery.playing import PART, House, media, playing
from tests.delivery.test_connection_io import answers, code, get
from tests.live.conftest import until
from tests.shield_tools.conftest import HASTY, serving
from tests.shield_tools.honest import honest_beside
from tests.shield_tools.served import LARGE

LIMITS = Limits()


@pytest.fixture
def house(tmp_path: Path) -> House:
    return playing(tmp_path)


# --- time: nobody holds a connection without asking or reading ------------------------------


def test_empty_lines_now_and_then_are_no_reason_to_stay(house: House) -> None:
    connection, wire = house.client()
    for _ in range(LIMITS.head_s + 2):
        house.seconds_pass(1)
        connection.data_received(b"\r\n")
    assert wire.closed or wire.ended


def test_empty_lines_after_a_request_do_not_keep_a_connection_from_being_idle(
    house: House,
) -> None:
    connection, wire = house.client()
    connection.data_received(get("/healthz"))
    for _ in range(LIMITS.idle_s + 2):
        house.seconds_pass(1)
        connection.data_received(b"\r\n")
    assert wire.closed or wire.ended


def test_who_takes_a_byte_a_second_is_dropped(house: House) -> None:
    connection, wire = house.client(room=100)
    connection.data_received(get(f"/e/abc/{PART}"))
    for _ in range(LIMITS.stall_s + 2):
        house.seconds_pass(1)
        wire.client_reads(1)
    assert wire.aborted


def test_who_takes_a_large_answer_as_fast_as_it_plays_is_kept(house: House) -> None:
    large = 2_000_000
    house.edge.handle(media("media/aac/s4/1.m4s", bytes(large), keep_s=9999))
    connection, wire = house.client(room=0)
    connection.data_received(get("/e/abc/media/aac/s4/1.m4s"))
    while wire.unsent:  # 4 KiB a second: 32 kbit/s, the leanest rung
        house.seconds_pass(1)
        assert not wire.aborted
        wire.client_reads(4096)
    assert wire.sent.endswith(bytes(1000))


# --- memory: what one client can make an edge keep ------------------------------------------


def test_what_one_client_invents_in_its_header_is_not_kept(house: House) -> None:
    connection, _ = house.client()
    for number in range(50):
        connection.data_received(get("/healthz", f'If-None-Match: "{number}"\r\n'))
        connection.data_received(get("/healthz", f"Range: bytes={number}-\r\n"))
    assert len(house.edge.desk._manners) <= 4


def test_a_connection_keeps_no_more_than_a_head_of_what_was_answered(house: House) -> None:
    connection, _ = house.client()
    connection.data_received(get("/healthz", f"X: {'y' * 16_000}\r\n"))
    assert len(connection.buffer) + len(connection.tail) <= LIMITS.head_bytes


# --- work: what one client can make an edge do ----------------------------------------------


def test_a_head_of_thousands_of_fields_is_refused_before_it_is_parsed(house: House) -> None:
    connection, wire = house.client()
    connection.data_received(get("/healthz", "".join(f"x{n}:\r\n" for n in range(2000))))
    assert code(wire.sent) == "headers_too_large" and wire.ended


def test_a_head_of_a_hundred_fields_is_answered(house: House) -> None:
    raw = house.ask(get("/healthz", "".join(f"x{n}: y\r\n" for n in range(100))))
    assert raw.endswith(b"ok\n")


async def test_requests_that_were_sent_ahead_are_answered_in_turns_with_others(
    house: House,
) -> None:
    connection, wire = house.client()
    connection.data_received(get("/healthz") * 2000)
    assert wire.sent.count(b"HTTP/1.1 200") < 200


def test_a_connection_that_had_its_number_of_requests_is_told_with_the_last(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(payments_io, "ASKED_MOST", 2)
    connection, wire = house.client()
    while not wire.ended:
        before = len(answers(wire.sent))
        connection.data_received(get("/healthz"))
        assert len(answers(wire.sent)) == before + 1
    assert wire.sent.count(b"Connection: close\r\n") == 1


# --- on real sockets ------------------------------------------------------------------------


def connected(port: int, count: int, closing: ExitStack) -> list[socket.socket]:
    return [
        closing.enter_context(socket.create_connection(("127.0.0.1", port), 20))
        for _ in range(count)
    ]


def ended(clients: list[socket.socket]) -> int:
    """How many of them the other side has ended, by now."""
    found = 0
    for client in clients:
        client.setblocking(False)
        try:
            while piece := client.recv(65_536):
                assert piece
            found += 1
        except BlockingIOError:
            pass
        except ConnectionResetError:
            found += 1
    return found


@pytest.mark.live
def test_connections_that_never_ask_are_ended(tmp_path: Path) -> None:
    with (
        serving(tmp_path, HASTY) as served,
        honest_beside(served.port),
        ExitStack() as closing,
    ):
        silent = connected(served.port, 500, closing)
        until(lambda: served.seen.connections >= 500, "all are here")
        until(lambda: ended(silent) == 500, "all are ended", 15)


@pytest.mark.live
def test_when_the_house_is_full_those_without_a_credential_make_room(tmp_path: Path) -> None:
    limits = Limits(connections=100, head_s=60)
    with (
        serving(tmp_path, limits) as served,
        honest_beside(served.port),
        ExitStack() as closing,
    ):
        clients = connected(served.port, 150, closing)
        until(lambda: ended(clients) >= 50, "who is too many is ended")


@pytest.mark.live
def test_a_flood_of_connections_does_not_use_up_the_files(tmp_path: Path) -> None:
    limits = Limits(connections=200, head_s=60)
    with serving(tmp_path, limits, files=400) as served, honest_beside(served.port):
        until_s = time.monotonic() + 5
        while time.monotonic() < until_s:
            with ExitStack() as closing:
                connected(served.port, 300, closing)


@pytest.mark.live
def test_handshakes_that_are_held_open_do_not_use_up_the_files(tmp_path: Path) -> None:
    with (
        serving(tmp_path, Limits(connections=200), tls=True, files=400) as served,
        honest_beside(served.port, served.client),
        ExitStack() as closing,
    ):
        connected(served.port, 600, closing)
        time.sleep(2)


@pytest.mark.live
def test_who_sends_ahead_behind_an_answer_they_do_not_read_is_kept_small(tmp_path: Path) -> None:
    ahead = get(LARGE) * 4 + get("/healthz") * 20_000
    with (
        serving(tmp_path, Limits(stall_s=8)) as served,
        honest_beside(served.port),
        ExitStack() as closing,
    ):
        until(lambda: served.seen.rss_kib > 0, "it has said what it holds")
        before = served.seen.rss_kib
        for client in connected(served.port, 100, closing):
            client.setblocking(False)
            client.send(ahead)
        until(lambda: served.seen.connections >= 100, "all are here")
        time.sleep(1)
        assert served.seen.largest <= 320 * 1024
        assert served.seen.rss_kib - before < 100 * 320
