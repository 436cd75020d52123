from __future__ import annotations

import asyncio
import gzip
import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.delivery.playing import (
    BODY,
    LIVE,
    PART,
    TAIL,
    House,
    media,
    playing,
    playlist,
    token,
)

from rostra.delivery.connection_io import Connection
from rostra.delivery.desk_io import Limits
from rostra.delivery.turns import Turns

NEXT = f"/e/abc/{LIVE}?_HLS_msn=17&_HLS_part=4"
NOW = f"/e/abc/{LIVE}?_HLS_msn=17&_HLS_part=3"
NOWHERE = Path("/nonexistent")


def get(target: str, fields: str = "", version: str = "1.1", method: str = "GET") -> bytes:
    return f"{method} {target} HTTP/{version}\r\nHost: x\r\n{fields}\r\n".encode()


def answers(raw: bytes) -> list[tuple[int, bytes]]:
    """Status and body of each answer in `raw`, none of them to HEAD."""
    found = []
    while raw:
        head, _, rest = raw.partition(b"\r\n\r\n")
        fields = dict(line.lower().split(b": ", 1) for line in head.split(b"\r\n")[1:])
        length = int(fields.get(b"content-length", b"0"))
        status = int(head.split(b" ")[1])
        if status == 304:
            length = 0
        found.append((status, rest[:length]))
        raw = rest[length:]
    return found


def statuses(raw: bytes) -> list[int]:
    return [status for status, _ in answers(raw)]


def code(raw: bytes) -> str:
    return str(json.loads(answers(raw)[-1][1])["error"]["code"])


@pytest.fixture
def house(tmp_path: Path) -> House:
    return playing(tmp_path)


# --- requests of every kind -----------------------------------------------------------------


def test_the_second_like_request_takes_the_fast_path_to_the_same_answer(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    connection, wire = house.client()
    connection.data_received(get(f"/e/abc/{PART}"))
    slow = wire.taken()
    assert connection.free
    monkeypatch.delattr(Connection, "_receive")
    connection.data_received(get(f"/e/abc/{PART}"))
    assert wire.taken() == slow


def test_head_is_answered_with_the_head_alone(house: House) -> None:
    head = house.ask(get(f"/e/abc/{PART}", method="HEAD"))
    assert head.endswith(b"\r\n\r\n") and b"Content-Length: 1024\r\n" in head
    assert house.get(f"/e/abc/{PART}") == head + BODY


@pytest.mark.parametrize(
    ("fields", "status", "body"),
    [
        ("Range: bytes=0-3\r\n", 206, BODY[:4]),
        ("Range: bytes=-4\r\n", 206, BODY[-4:]),
        ("Range: bytes=1000-\r\n", 206, BODY[1000:]),
        ("Range: bytes=0-1,5-6\r\n", 200, BODY),
        ("Range: items=0-1\r\n", 200, BODY),
    ],
)
def test_a_range_of_a_part(house: House, fields: str, status: int, body: bytes) -> None:
    assert answers(house.ask(get(f"/e/abc/{PART}", fields))) == [(status, body)]


def test_a_range_beyond_the_end_names_the_size(house: House) -> None:
    raw = house.ask(get(f"/e/abc/{PART}", "Range: bytes=1024-\r\n"))
    assert b"HTTP/1.1 416 " in raw and b"Content-Range: bytes */1024\r\n" in raw
    assert code(raw) == "range_not_satisfiable"


def test_a_known_tag_saves_the_body(house: House) -> None:
    whole = house.get(f"/e/abc/{PART}")
    tag = whole.split(b"ETag: ")[1].split(b"\r\n")[0].decode()
    raw = house.ask(get(f"/e/abc/{PART}", f"If-None-Match: {tag}\r\n"))
    assert raw.startswith(b"HTTP/1.1 304 ") and raw.endswith(b"\r\n\r\n")
    raw = house.ask(get(f"/e/abc/{PART}", f"If-None-Match: {tag}\r\nRange: bytes=0-1\r\n"))
    assert raw.startswith(b"HTTP/1.1 304 ")
    assert statuses(house.ask(get(f"/e/abc/{PART}", 'If-None-Match: "x"\r\n'))) == [200]


def test_gzip_is_for_those_who_take_it(house: House) -> None:
    house.edge.handle(playlist(17, 4, body=b"#EXTM3U\n" * 100))
    (_, zipped), (_, plain) = (
        answers(house.ask(get(f"/e/abc/{LIVE}", fields)))[0]
        for fields in ("Accept-Encoding: gzip, br\r\n", "")
    )
    assert gzip.decompress(zipped) == plain == b"#EXTM3U\n" * 100


@pytest.mark.parametrize(
    ("fields", "version"), [("Connection: close\r\n", "1.1"), ("", "1.0"),
                            ("Connection: keep-alive\r\n", "1.0")],
)  # fmt: skip
def test_who_wants_one_answer_gets_one(house: House, fields: str, version: str) -> None:
    connection, wire = house.client()
    connection.data_received(get("/healthz", fields, version) + get("/healthz"))
    assert statuses(wire.sent) == [200]
    assert b"Connection: close\r\n" in wire.sent and wire.ended


def test_a_preflight_allows_what_players_send(house: House) -> None:
    raw = house.ask(get("/e/abc/state.json", method="OPTIONS") + get("*", method="OPTIONS"))
    assert statuses(raw) == [204, 204] and b"Access-Control-Allow-Origin: *\r\n" in raw


def test_an_offer_to_upgrade_is_ignored(house: House) -> None:
    fields = "Connection: Upgrade\r\nUpgrade: h2c\r\n"
    assert statuses(house.ask(get("/healthz", fields) + get("/healthz"))) == [200, 200]


def test_empty_lines_before_a_request_are_ignored(house: House) -> None:
    assert (
        statuses(house.ask(b"\r\n\r\n" + get("/healthz") + b"\r\n" + get("/healthz"))) == [200] * 2
    )


@pytest.mark.parametrize(
    ("raw", "status", "expected"),
    [
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", 400, "request_invalid"),
        (b"GET / HTTP/1.1\nHost: x\n\n", 400, "request_invalid"),
        (b"GET / HTTP/1.1\r\n\r\n", 400, "request_invalid"),
        (b"GET / HTTP/2.0\r\nHost: x\r\n\r\n", 400, "request_invalid"),
        (b"GET  / HTTP/1.1\r\nHost: x\r\n\r\n", 400, "request_invalid"),
        (b"GET /  HTTP/1.1\r\nHost: x\r\n\r\n", 400, "request_invalid"),
        (get("/", "Transfer-Encoding: chunked\r\n"), 400, "request_invalid"),
        (get("/", "Content-Length: 0\r\nContent-Length: 0\r\n"), 400, "request_invalid"),
        (get("/", "Expect: 100-continue\r\n"), 400, "request_invalid"),
        (get("/", "Content-Length: 3\r\n") + b"abc", 413, "body_not_accepted"),
        (get("/", method="POST", fields="Content-Length: 3\r\n") + b"abc", 405,
         "method_not_allowed"),
        (get("/", method="BREW"), 405, "method_not_allowed"),
        (b"CONNECT x:1 HTTP/1.1\r\nHost: x\r\n\r\n", 405, "method_not_allowed"),
        (get("/" + "x" * 2048), 414, "target_too_long"),
        (b"GET /" + b"x" * 3000, 414, "target_too_long"),
        (get("/", "X: " + "x" * 17_000 + "\r\n"), 431, "headers_too_large"),
        (get("/", "X: " + "x" * 17_000)[:-4], 431, "headers_too_large"),
    ],
)  # fmt: skip
def test_a_bad_request_gets_one_clear_answer_and_the_end(
    house: House, raw: bytes, status: int, expected: str
) -> None:
    connection, wire = house.client()
    connection.data_received(raw)
    connection.data_received(get("/healthz"))
    assert statuses(wire.sent) == [status] and code(wire.sent) == expected
    assert b"Connection: close\r\n" in wire.sent and wire.ended
    house.seconds_pass(3)
    assert wire.aborted  # it was given a while to read the answer
    assert house.edge.tally(house.clock.now).refusals == {expected: 1}


def test_a_refused_address_does_not_end_the_connection(house: House) -> None:
    raw = house.ask(
        get("/nope") + get("/%00") + get(f"/e/abc/{LIVE}?_HLS_part=1") + get("/healthz")
    )
    assert statuses(raw) == [404, 400, 400, 200]


# --- waiting --------------------------------------------------------------------------------


def test_a_request_for_the_next_part_is_held_until_it_is_sealed(house: House) -> None:
    connection, wire = house.client()
    connection.data_received(get(NEXT))
    assert wire.sent == b"" and house.edge.tally(house.clock.now).held == 1
    house.edge.handle(playlist(17, 4))
    assert answers(wire.sent) == [(200, b"#EXTM3U\n#17.4\n")]
    assert house.edge.tally(house.clock.now).held == 0
    house.edge.handle(playlist(17, 5))
    assert len(answers(wire.sent)) == 1


def test_the_next_wait_of_a_released_player_takes_the_fast_path(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, wire = house.client()
    for part in range(4, 8):
        target = f"/e/abc/{LIVE}?_HLS_msn=17&_HLS_part={part}"
        other, _ = house.client()
        other.data_received(get(target))
        with monkeypatch.context() as patched:
            if part > 4:
                patched.delattr(Connection, "_receive")
            first.data_received(get(target))
        assert first.wait is not None and first.wait is other.wait
        house.edge.handle(playlist(17, part))
        assert answers(wire.taken()) == [(200, f"#EXTM3U\n#17.{part}\n".encode())]
        assert first.free


def test_what_follows_a_held_request_is_answered_after_it(house: House) -> None:
    connection, wire = house.client()
    connection.data_received(get("/healthz") + get(NEXT) + get(f"/e/abc/{PART}"))
    connection.data_received(get("/healthz"))
    assert [status for status, _ in answers(wire.sent)] == [200]
    house.edge.handle(playlist(17, 4))
    assert [body[:8] for _, body in answers(wire.sent)] == [
        b"ok\n", b"#EXTM3U\n", BODY[:8], b"ok\n",
    ]  # fmt: skip


def test_a_held_head_or_closing_request_keeps_its_manner(house: House) -> None:
    (head, head_wire), (last, last_wire) = house.client(), house.client()
    head.data_received(get(NEXT, method="HEAD"))
    last.data_received(get(NEXT, "Connection: close\r\n"))
    house.edge.handle(playlist(17, 4))
    assert head_wire.sent.endswith(b"\r\n\r\n") and b" 200 OK" in head_wire.sent
    assert last_wire.sent.endswith(b"#17.4\n") and last_wire.ended


def test_a_hinted_part_is_sent_when_it_is_sealed(house: House) -> None:
    connection, wire = house.client()
    connection.data_received(get("/e/abc/media/aac/p500/17.4.m4s"))
    assert wire.sent == b""
    house.edge.handle(media("media/aac/p500/17.4.m4s", b"sound"))
    assert answers(wire.sent) == [(200, b"sound")]


def test_a_stalled_playlist_is_told_after_three_target_durations(house: House) -> None:
    connection, wire = house.client()
    connection.data_received(get(NEXT))
    house.seconds_pass(11)
    assert wire.sent == b""
    house.seconds_pass(1)
    assert code(wire.sent) == "playlist_stalled" and b"Retry-After: 1\r\n" in wire.sent
    connection.data_received(get("/healthz"))
    assert statuses(wire.sent) == [503, 200]


@pytest.mark.parametrize("how", ["lost", "eof"])
def test_who_leaves_is_forgotten(house: House, how: str) -> None:
    connection, wire = house.client()
    connection.data_received(get(NEXT))
    wait = connection.wait
    assert wait is not None and len(wait.waiters) == 1
    if how == "eof":
        connection.eof_received()
    else:
        connection.connection_lost(None)
        wire.closed = True
    assert not wait.waiters and house.edge.desk.held == 0
    house.edge.handle(playlist(17, 4))
    assert wire.sent == b""


def test_a_full_house_says_so_and_still_serves_what_is_there(tmp_path: Path) -> None:
    house = playing(tmp_path, Limits(held=2))
    clients = [house.client() for _ in range(3)]
    for connection, _ in clients:
        connection.data_received(get(NEXT))
    connection, wire = clients[2]
    assert code(wire.sent) == "house_busy"
    connection.data_received(get(f"/e/abc/{PART}"))
    assert statuses(wire.sent) == [503, 200]
    house.edge.handle(playlist(17, 4))
    assert all(statuses(one.sent) == [200] for _, one in clients[:2])


def test_too_many_connections_are_turned_away(tmp_path: Path) -> None:
    house = playing(tmp_path, Limits(connections=1), admission="passes")
    listener, heard = house.client()
    listener.data_received(get(NOW, f"Cookie: rostra_pass={token()}\r\n"))
    assert statuses(heard.sent) == [200]
    connection, wire = house.client()
    assert code(wire.sent) == "connections_full" and wire.closed and not heard.aborted
    connection.connection_lost(None)
    assert house.edge.tally(house.clock.now).connections == 1


async def test_many_are_released_in_slices(tmp_path: Path) -> None:
    house = playing(tmp_path, Limits(released_each_turn=10))
    clients = [house.client() for _ in range(25)]
    for connection, _ in clients:
        connection.data_received(get(NEXT))
    gone, gone_wire = clients[20]
    house.edge.handle(playlist(17, 4))
    assert sum(bool(wire.sent) for _, wire in clients) == 10
    gone.connection_lost(None)  # while it still stands in the queue
    house.edge.handle(playlist(17, 5))
    for _ in range(5):
        await asyncio.sleep(0)
    assert gone_wire.sent == b""
    assert all(
        answers(wire.sent) == [(200, b"#EXTM3U\n#17.4\n")]
        for connection, wire in clients
        if connection is not gone
    )
    assert house.edge.desk.held == 0


# --- slow and silent clients ----------------------------------------------------------------


def test_half_a_request_is_refused_after_ten_seconds_however_it_drips(house: House) -> None:
    connection, wire = house.client()
    connection.data_received(b"GET /healthz HTTP/1.1\r\n")
    for number in range(10):
        house.seconds_pass(1)
        connection.data_received(b"X-%d: drip\r\n" % number)
        assert wire.sent == b""
    house.seconds_pass(1)
    assert code(wire.sent) == "request_timeout" and wire.ended


def test_who_says_nothing_is_let_go(house: House) -> None:
    _, silent = house.client()
    idle_connection, idle = house.client()
    idle_connection.data_received(get("/healthz"))
    house.seconds_pass(10)
    assert (silent.closed, idle.closed) == (False, False)
    house.seconds_pass(1)
    assert (silent.closed, idle.closed) == (True, False)
    house.seconds_pass(64)
    assert (silent.closed, idle.closed) == (True, False)
    house.seconds_pass(1)
    assert (silent.closed, idle.closed) == (True, True)


def test_a_held_client_is_not_idle(house: House) -> None:
    house.edge.handle(playlist(17, 3, target_s=60.0))
    connection, wire = house.client()
    connection.data_received(get(NEXT))
    house.seconds_pass(100)
    assert not wire.closed and connection.wait is not None


def test_who_does_not_read_gets_one_answer_queued_and_is_dropped(house: House) -> None:
    connection, wire = house.client(room=100)
    connection.data_received(get(f"/e/abc/{PART}") * 3)
    assert wire.reading_paused and len(wire.unsent) < 2 * len(BODY)
    house.seconds_pass(20)
    assert not wire.aborted
    house.seconds_pass(1)
    assert wire.aborted


def test_who_reads_slowly_but_reads_is_kept_and_gets_all(house: House) -> None:
    house.edge.handle(media(keep_s=9999))
    connection, wire = house.client(room=0)
    connection.data_received(get(f"/e/abc/{PART}") * 3)
    while wire.unsent:
        house.seconds_pass(1)
        assert not wire.aborted
        wire.client_reads(100)
    assert [body for _, body in answers(wire.sent)] == [BODY] * 3
    assert not wire.reading_paused


def test_who_takes_a_byte_now_and_then_is_dropped(house: House) -> None:
    """They go on, but not as fast as anybody who hears."""
    house.edge.handle(media(body=bytes(100_000), keep_s=9999))
    _, wire = client = house.client(room=0)
    client[0].data_received(get(f"/e/abc/{PART}"))
    for _ in range(60):
        house.seconds_pass(1)
        if wire.aborted:
            return
        wire.client_reads(10)
    raise AssertionError("it may go on for hours")


async def test_who_sends_ahead_while_held_is_stopped_from_sending(house: House) -> None:
    house.edge.desk.turns = Turns(lambda: house.clock.now, asyncio.get_running_loop().call_soon)
    connection, wire = house.client()
    connection.data_received(get(NEXT))
    for _ in range(40):
        connection.data_received(get("/healthz", f"X: {'x' * 1000}\r\n"))
    assert wire.reading_paused
    house.edge.handle(playlist(17, 4))
    assert 1 < len(statuses(wire.sent)) < 41, "not all in one turn"
    await asyncio.sleep(0.01)
    assert statuses(wire.sent) == [200] * 41 and not wire.reading_paused


# --- listeners ------------------------------------------------------------------------------


def tallied(house: House) -> int:
    return len(house.edge.tally(house.clock.now).listeners.get("abc", b"")) // 8


def test_a_player_counts_once_over_its_connections_and_so_does_one_without_id(house: House) -> None:
    sid = 'CMCD-Session: sid="6e2fb550"\r\n'
    house.ask(get(NOW, sid))
    house.ask(get(f"/e/abc/{PART}", sid))
    house.ask(get(f"/e/abc/{PART}?CMCD=sid%3D%226e2fb550%22"))
    house.seconds_pass(1)
    assert tallied(house) == 1
    house.ask(get(NOW, "User-Agent: native\r\n"))
    house.ask(get(f"/e/abc/{PART}", "User-Agent: native\r\n"))
    house.seconds_pass(1)
    assert tallied(house) == 2
    house.ask(get(NOW, "User-Agent: another\r\n"))
    house.seconds_pass(1)
    assert tallied(house) == 3


def test_pages_and_state_make_no_listener(house: House) -> None:
    connection, _ = house.client()
    for target in ("/e/abc", "/e/abc/state.json", "/", "/e/abc/state.json"):
        connection.data_received(get(target))
    house.seconds_pass(1)
    assert tallied(house) == 0


def test_who_waits_listens_and_who_stopped_is_forgotten(house: House) -> None:
    house.edge.handle(playlist(17, 3, target_s=60.0))
    connection, _ = house.client()
    connection.data_received(get(NEXT))
    house.seconds_pass(100)
    assert tallied(house) == 1
    connection.connection_lost(None)
    house.connections.remove(connection)
    house.seconds_pass(15)
    assert tallied(house) == 1
    house.seconds_pass(1)
    assert tallied(house) == 0


def test_a_proxy_that_carries_many_players_hides_none(house: House) -> None:
    connection, _ = house.client()
    for number in (1, 2, 3, 1):
        connection.data_received(get(NOW, f'CMCD-Session: sid="{number}"\r\n'))
    house.seconds_pass(1)
    assert tallied(house) == 3


def test_only_polling_the_state_on_a_listeners_connection_is_not_listening(house: House) -> None:
    connection, _ = house.client()
    connection.data_received(get(NOW))
    for _ in range(16):
        house.seconds_pass(1)
        connection.data_received(get("/e/abc/state.json"))
    house.seconds_pass(1)
    assert tallied(house) == 0


def test_requests_are_tallied_by_class_and_once(house: House) -> None:
    house.ask(get("/") + get(NOW) + get(f"/e/abc/{PART}") * 2 + get("/nope"))
    tally = house.edge.tally(house.clock.now)
    assert tally.requests == {"page": 1, "playlist": 1, "media": 2, "refused": 1}
    assert tally.refusals == {"not_found": 1}
    assert tally.body_bytes > 2 * len(BODY)
    assert house.edge.tally(house.clock.now).requests == {}


# --- any bytes, any boundaries --------------------------------------------------------------

targets = st.sampled_from(
    ["/", "/healthz", "/e/abc", "/e/abc/state.json", f"/e/abc/{PART}", f"/e/abc/{LIVE}", NOW, NEXT,
     "/e/abc/media/aac/p500/17.4.m4s", "/nope", "/%00", f"/e/abc/{LIVE}?_HLS_msn=99",
     "http://x/e/abc", "/healthz HTTP/1.1\r\nHost: x\r\n\r\nGET /healthz", "", " /healthz"]
)  # fmt: skip
fields = st.lists(
    st.sampled_from(
        ["Accept: */*\r\n", "Accept-Encoding: gzip\r\n", "Range: bytes=1-2\r\n",
         "Connection: close\r\n", "If-None-Match: *\r\n", 'CMCD-Session: sid="1"\r\n',
         "Content-Length: 0\r\n", "Content-Length: 2\r\n", "Host: y\r\n", " folded\r\n",
         "X: y\n", "\r\n", "Transfer-Encoding: chunked\r\n", "Upgrade: h2c\r\n"]
    ),
    max_size=2,
).map("".join)  # fmt: skip
methods = st.sampled_from(["GET"] * 8 + ["HEAD", "OPTIONS", "POST", "get", "G ET"])
requests = st.builds(
    lambda method, target, more, version: get(target, more, version, method),
    methods, targets, st.one_of(st.just(""), fields), st.sampled_from(["1.1"] * 9 + ["1.0"]),
)  # fmt: skip
# A step is one arrival of bytes, or the next part (None).
arrivals = st.lists(
    st.one_of(requests, st.binary(max_size=30), st.none(), st.tuples(requests, st.integers(0, 90))),
    max_size=12,
)


def chunks_of(step: bytes | tuple[bytes, int]) -> list[bytes]:
    """A whole arrival, or one that is cut in two."""
    if isinstance(step, tuple):
        raw, cut = step
        return [piece for piece in (raw[:cut], raw[cut:]) if piece]
    return [step] if step else []


@settings(max_examples=400, deadline=None)
@given(st.lists(requests, max_size=3), arrivals)
def test_the_fast_path_says_byte_for_byte_what_the_full_path_says(
    warming: list[bytes], steps: list[bytes | tuple[bytes, int] | None]
) -> None:
    talks = []
    for fast in (True, False):
        house = playing(NOWHERE, fast=fast)
        part = 3
        connection, wire = house.client()
        talk: list[object] = []
        for step in [*warming, *steps, get("/healthz")]:
            if step is None:
                part += 1
                house.edge.handle(playlist(17, part))
            else:
                for chunk in chunks_of(step):
                    connection.data_received(chunk)
            talk.append(wire.taken())
        house.seconds_pass(1)
        tally = house.edge.tally(house.clock.now)
        talk += [tally.requests, tally.refusals, tally.body_bytes, tally.listeners, tally.held]
        talk += [wire.ended, connection.ending]
        talks.append(talk)
    assert talks[0] == talks[1]


@settings(max_examples=300, deadline=None)
@given(st.lists(st.binary(max_size=200), max_size=8))
def test_no_bytes_make_an_edge_stumble(chunks: list[bytes]) -> None:
    house = playing(NOWHERE)
    connection, wire = house.client()
    for chunk in chunks:
        connection.data_received(chunk)
    house.seconds_pass(12)
    assert wire.closed or wire.aborted or wire.ended
    assert all(400 <= status < 500 for status in statuses(wire.sent))
    assert statuses(house.ask(get("/healthz"))) == [200]


@pytest.mark.parametrize("fast", [True, False])
def test_requests_may_be_cut_anywhere(fast: bool) -> None:
    raw = get(f"/e/abc/{PART}") + get(NOW) + get("/healthz") + get(f"/e/abc/{PART}")
    expected = playing(NOWHERE).ask(raw)
    assert statuses(expected) == [200] * 4
    for cut in range(1, len(raw)):
        house = playing(NOWHERE, fast=fast)
        connection, wire = house.client()
        connection.data_received(raw[:cut])
        connection.data_received(raw[cut:])
        assert wire.sent == expected, cut


def test_a_request_byte_by_byte(house: House) -> None:
    connection, wire = house.client()
    for byte in get("/healthz") * 2:
        connection.data_received(bytes([byte]))
    assert statuses(wire.sent) == [200, 200]


def test_a_smuggled_request_inside_a_target_is_not_taken_for_a_target(house: House) -> None:
    connection, wire = house.client()
    connection.data_received(get("/healthz"))
    wire.taken()
    connection.data_received(b"GET /healthz" + TAIL + b"GET /e/abc/state.json" + TAIL)
    assert statuses(wire.sent) == [200, 200]


happenings = st.lists(
    st.tuples(st.integers(0, 4), st.sampled_from(["ask", "leave", "part", "wait"])), max_size=40
)


@settings(max_examples=200, deadline=None)
@given(happenings)
def test_every_request_is_answered_exactly_once_or_its_client_has_left(
    steps: list[tuple[int, str]],
) -> None:
    house = playing(NOWHERE)
    clients = [house.client() for _ in range(5)]
    asked, part = [0] * 5, 3
    left = [False] * 5
    for who, step in steps:
        connection, wire = clients[who]
        if step == "ask" and not left[who] and not wire.is_closing():
            target = f"/e/abc/{LIVE}?_HLS_msn=17&_HLS_part={part + 1}"
            connection.data_received(get(target))
            asked[who] += 1
        elif step == "leave" and not left[who]:
            left[who] = True
            connection.connection_lost(None)
            house.connections.remove(connection)
            wire.closed = True
        elif step == "part":
            part += 1
            house.edge.handle(playlist(17, part))
        elif step == "wait":
            house.seconds_pass(3)
    waiting = sum(connection.wait is not None for connection, _ in clients)
    assert house.edge.desk.held == waiting
    for _ in range(max(asked, default=0) + 1):
        house.seconds_pass(12)
    assert house.edge.desk.held == 0
    for who, (_, wire) in enumerate(clients):
        count = len(answers(wire.sent))
        assert count == asked[who] if not left[who] else count <= asked[who]


@pytest.mark.parametrize("place", range(1, 6))
def test_empty_lines_before_a_request_may_come_in_any_pieces(tmp_path: Path, place: int) -> None:
    house = playing(tmp_path)
    connection, wire = house.client()
    raw = b"\r\n\r\n\r\nGET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"
    connection.data_received(raw[:place])
    connection.data_received(raw[place:])
    assert wire.sent.startswith(b"HTTP/1.1 200")
