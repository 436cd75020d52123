"""A cache's log tells who listened: each session once, over time, and nothing that is not there."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rostra.admission import from_logs
from rostra.admission.from_logs import EventCount, NoAccessLog, Visit, count, read_line

T0 = 1_764_619_200  # a whole minute


def line(
    at_s: int = T0,
    sid: str = "",
    target: str = "/e/abc/live/0/aac.m3u8",
    status: int = 200,
    tail: str = "",
    zone: timezone = UTC,
) -> str:
    moment = datetime.fromtimestamp(at_s, zone).strftime("%d/%b/%Y:%H:%M:%S %z")
    ending = f' "sid=\\x22{sid}\\x22"' if sid else tail
    return f'192.0.2.1 - - [{moment}] "GET {target} HTTP/1.1" {status} 512 "-" "x"{ending}'


def only(*lines: str) -> EventCount:
    counted = count([("log", lines)])
    assert len(counted.events) == 1
    return counted.events[0]


@pytest.mark.parametrize(
    "text",
    [
        line(tail=' "sid=\\x22one\\x22"'),  # nginx
        line(tail=' "sid=\\"one\\""'),  # varnishncsa
        line(tail=' "v=1,sid=\\x22one\\x22" "203.0.113.9"'),  # and more behind it
        line(target="/e/abc/live/0/aac.m3u8?_HLS_msn=3&CMCD=br%3D64%2Csid%3D%22one%22"),
        line(target="http://example.org/e/abc/media/aac/s4/1.m4s?CMCD=sid%3D%22one%22"),
        line(target="/e/abc/~token/live/0/aac.m3u8", sid="one"),
        line(sid="one", status=206),
        line(sid="one", status=304),
        line(sid="one", zone=timezone(timedelta(hours=-5))),
        line(sid="one").replace("192.0.2.1", "2001:db8::1"),
        line(sid="one").replace("192.0.2.1 - - ", "example.org:443 192.0.2.1 - a.user "),
        line(sid="one").replace("192.0.2.1", "-"),
        line(sid="one").replace(" 512 ", " - "),
    ],
)
def test_a_session_is_read_wherever_a_cache_writes_it(text: str) -> None:
    assert read_line(text) == Visit(T0, "abc", "one")


@pytest.mark.parametrize(
    "text",
    [
        line(sid="one", target="/favicon.ico"),
        line(sid="one", target="/e/abc"),
        line(sid="one", target="/e/a.b/live/x.m3u8"),
        line(sid="one", status=403),
        line(sid="one", status=404),
        line(target="/e/abc/state.json"),
        line().replace('"GET /e/abc/live/0/aac.m3u8 HTTP/1.1" 200', '"\\x16\\x03\\x01" 400'),
        line().replace('"GET /e/abc/live/0/aac.m3u8 HTTP/1.1" 200', '"-" 408'),
        line(sid="one").replace("GET", "POST"),
    ],
)
def test_a_line_that_tells_of_no_media_is_understood_and_not_counted(text: str) -> None:
    assert read_line(text) == Visit(T0)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "nonsense",
        line().replace("Dec", "Foo"),
        line().replace("01/Dec", "41/Dec"),
        line()[:60],
        '{"time": "2026-12-01T20:00:00Z"}',
        "\0" * 50,
    ],
)
def test_another_line_is_not_understood(text: str) -> None:
    assert read_line(text) is None


def test_what_a_client_says_elsewhere_does_not_break_a_line() -> None:
    agent = "x\\x22 200 1 \\x22sid=\\x22forged\\x22"
    text = line(sid="one").replace('"x"', f'"{agent}"')
    assert read_line(text) == Visit(T0, "abc", "one")


@given(st.text(max_size=300))
def test_no_text_breaks_the_reading(text: str) -> None:
    read_line(text)
    read_line(line(tail=" " + text))


def test_a_session_counts_once_however_often_it_asks() -> None:
    event = only(*(line(T0 + at, sid) for at in range(0, 50, 5) for sid in ("one", "two")))
    assert (event.distinct, event.peak, event.requests) == (2, 2, 20)
    assert event.total_net == 0


def test_a_minute_of_listening_makes_the_total_and_a_silence_is_left_out() -> None:
    steady = [line(T0 + at, "steady") for at in range(0, 61, 6)]
    broken = [line(T0 + at, "broken") for at in (0, 30, 200, 229)]
    event = only(*sorted(steady + broken, key=lambda text: text[13:40]))
    assert (event.distinct, event.total_net) == (2, 1)


def test_the_peak_is_of_those_who_listen_at_once() -> None:
    early = [line(T0 + at, "early") for at in (0, 40)]
    late = [line(T0 + 125, "late"), line(T0 + 126, "third"), line(T0 + 300, "late")]
    event = only(*early, *late)
    assert event.peak == 3
    assert event.peak_at_s == T0 + 120
    assert dict(event.by_minute) == {
        T0: 1, T0 + 60: 1, T0 + 120: 3, T0 + 180: 2, T0 + 300: 1, T0 + 360: 1
    }  # fmt: skip


def truth_at(visits: list[tuple[int, str]], now: int) -> int:
    return len({sid for at, sid in visits if now - 90 < at <= now})


@given(
    st.lists(st.tuples(st.integers(0, 400), st.sampled_from("abcd")), min_size=1, max_size=40),
    st.integers(1, 3),
)
def test_the_number_of_each_minute_is_the_most_of_its_seconds(
    visits: list[tuple[int, str]], caches: int
) -> None:
    visits.sort()
    files = [(str(n), [line(T0 + at, sid) for at, sid in visits[n::caches]]) for n in range(caches)]
    event = count(files).events[0]
    shown = dict(event.by_minute)
    for minute in range(0, 540, 60):
        most = max(truth_at(visits, now) for now in range(minute, minute + 60))
        assert shown.get(T0 + minute, 0) == most
    assert event.distinct == len({sid for _, sid in visits})


def test_several_caches_and_several_events_are_kept_apart_and_together() -> None:
    one = [line(T0 + at, "one") for at in range(0, 60, 10)]
    two = [line(T0 + 5 + at, "one") for at in range(0, 60, 10)]
    other = [line(T0, "one", "/e/other/live/0/aac.m3u8")]
    counted = count([("a", one), ("b", two), ("c", other)])
    assert [(e.event_id, e.distinct, e.peak) for e in counted.events] == [
        ("abc", 1, 1),
        ("other", 1, 1),
    ]
    assert [file.lines for file in counted.files] == [6, 6, 1]


def test_a_player_without_a_session_is_told_apart() -> None:
    event = only(line(), line(target="/e/abc/media/aac/s4/1.m4s"), line(sid="one"))
    assert (event.requests, event.without_sid, event.distinct) == (3, 2, 1)


def test_a_line_that_is_not_understood_is_counted_and_shown_without_its_address() -> None:
    counted = count([("log", [line(sid="one"), "192.0.2.77 is\x1b[31m strange " + "x" * 300, "?"])])
    file = counted.files[0]
    assert (file.lines, file.not_understood) == (3, 2)
    assert "192.0.2.77" not in file.example and "\x1b" not in file.example
    assert len(file.example) <= from_logs.EXAMPLE_MOST + 1


def test_lines_in_no_order_are_told() -> None:
    counted = count([("log", [line(T0 + 500, "one"), line(T0, "one"), line(T0 + 450, "one")])])
    assert counted.files[0].disordered == 1
    assert counted.events[0].distinct == 1


def test_lines_a_little_out_of_order_change_nothing() -> None:
    chance = random.Random(1)
    visits = [(at, sid) for at in range(0, 600, 6) for sid in "abc"]
    neat = only(*(line(T0 + at, sid) for at, sid in visits))
    late = sorted(visits, key=lambda visit: visit[0] + chance.uniform(0, 5))
    assert only(*(line(T0 + at, sid) for at, sid in late)) == neat


def test_a_file_that_is_no_log_is_refused_by_name() -> None:
    with pytest.raises(NoAccessLog, match="passwd is no access log"):
        count([("good", [line(sid="one")]), ("passwd", ["root:x:0:0:root:/root:/bin/bash"])])


def test_an_empty_file_is_an_empty_log() -> None:
    counted = count([("empty", [])])
    assert counted.events == () and counted.files[0].lines == 0


def test_invented_sessions_take_bounded_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(from_logs, "SESSIONS_MOST", 5)
    counted = count([("log", [line(T0, f"s{n}") for n in range(9)])])
    assert (counted.events[0].distinct, counted.dropped) == (5, 4)
