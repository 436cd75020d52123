from __future__ import annotations

import pytest

from rostra.delivery import refused
from rostra.delivery.manner import (
    Headers,
    Manner,
    accepts_gzip,
    matches,
    read_manner,
    read_range,
    sid_in_headers,
)
from rostra.ground.refusals import Refusal

HOST = (b"host", b"x")


def manner(*headers: tuple[bytes, bytes], method: str = "GET", version: str = "1.1") -> Manner:
    read = read_manner(method, version, True, b"/", [HOST, *headers])
    assert isinstance(read, Manner), read
    return read


@pytest.mark.parametrize(
    ("value", "accepted"),
    [
        ("gzip, deflate, br", True), ("br;q=1, gzip;q=0.5", True), ("GZIP", True), ("*", True),
        ("", False), ("identity", False), ("gzip;q=0", False), ("gzip; q=0.00", False),
        ("*;q=0", False), ("*, gzip;q=0", False), ("br", False), ("identity;q=1, *;q=0", False),
    ],
)  # fmt: skip
def test_gzip_is_sent_to_those_who_take_it(value: str, accepted: bool) -> None:
    assert accepts_gzip(value) is accepted


@pytest.mark.parametrize(
    ("headers", "refusal"),
    [
        ([], refused.REQUEST_INVALID),
        ([HOST, HOST], refused.REQUEST_INVALID),
        ([HOST, (b"transfer-encoding", b"chunked")], refused.REQUEST_INVALID),
        ([HOST, (b"content-length", b"+1")], refused.REQUEST_INVALID),
        ([HOST, (b"content-length", b"0"), (b"content-length", b"0")], refused.REQUEST_INVALID),
        ([HOST, (b"expect", b"100-continue")], refused.REQUEST_INVALID),
        ([HOST, (b"content-length", b"7")], refused.BODY_NOT_ACCEPTED),
    ],
)
def test_whatever_could_frame_a_body_is_refused(headers: Headers, refusal: Refusal) -> None:
    assert read_manner("GET", "1.1", True, b"/", headers) == refusal


def test_other_methods_versions_and_long_targets_are_refused() -> None:
    assert read_manner("POST", "1.1", True, b"/", [HOST]) == refused.METHOD_NOT_ALLOWED
    assert read_manner("GET", "2.0", True, b"/", [HOST]) == refused.REQUEST_INVALID
    assert read_manner("GET", "1.1", True, b"/" * 2049, [HOST]) == refused.TARGET_TOO_LONG


def test_only_a_plain_get_on_a_lasting_connection_is_repeatable() -> None:
    assert manner().repeatable
    assert not manner(method="HEAD").repeatable
    assert not manner(version="1.0").repeatable
    assert not manner((b"range", b"bytes=0-1")).repeatable
    assert not manner((b"if-none-match", b'"x"')).repeatable


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ("bytes=0-0", (0, 0)), ("bytes=2-", (2, 9)), ("bytes=2-99", (2, 9)), ("bytes=-3", (7, 9)),
        ("bytes=-99", (0, 9)), ("Bytes=1-2", (1, 2)),
        ("bytes=10-", refused.RANGE_NOT_SATISFIABLE), ("bytes=-0", refused.RANGE_NOT_SATISFIABLE),
        ("bytes=5-4", None), ("bytes=0-1,3-4", None), ("items=0-1", None), ("bytes=-", None),
        ("bytes=x", None),
    ],
)  # fmt: skip
def test_a_single_range_of_ten_bytes(value: str, found: tuple[int, int] | Refusal | None) -> None:
    assert read_range(value, 10) == found


def test_no_range_fits_into_nothing() -> None:
    assert read_range("bytes=0-", 0) == refused.RANGE_NOT_SATISFIABLE
    assert read_range("bytes=-1", 0) == refused.RANGE_NOT_SATISFIABLE


def test_entity_tags_are_compared_weakly() -> None:
    assert matches('"a", W/"b"', '"b"')
    assert matches("*", '"b"')
    assert not matches('"a"', '"b"')


def test_the_player_names_its_session_in_a_header_field() -> None:
    assert sid_in_headers([HOST, (b"cmcd-session", b'sid="abc"')]) == "abc"
    assert sid_in_headers([HOST]) == ""


def test_what_takes_long_to_read_is_ignored() -> None:
    endless = manner(
        (b"if-none-match", b'"a", ' * 3000),
        (b"range", b"bytes=" + b"0-1, " * 3000),
        (b"accept-encoding", b"a;q=0, " * 2000 + b"gzip"),
    )
    assert endless.repeatable and not endless.accepts_gzip
