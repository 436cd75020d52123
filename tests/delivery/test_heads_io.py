from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from rostra.delivery.heads_io import read_head
from rostra.delivery.refused import HEADERS_TOO_LARGE, REQUEST_INVALID
from rostra.ground.refusals import Refusal


def test_a_head_is_taken_apart() -> None:
    read = read_head(b"GET /x?y HTTP/1.1\r\nHost: a\r\nACCEPT: b\r\n\r\n")
    assert not isinstance(read, Refusal)
    target, manner, headers = read
    assert (target, manner.method, manner.keep_alive) == (b"/x?y", "GET", True)
    assert headers == [(b"host", b"a"), (b"accept", b"b")]


def test_the_wish_to_close_is_heard() -> None:
    read = read_head(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
    assert not isinstance(read, Refusal) and not read[1].keep_alive


def test_two_heads_are_not_one() -> None:
    one = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"
    assert read_head(one + one) == REQUEST_INVALID
    assert read_head(one[:-2]) == REQUEST_INVALID


def test_a_head_has_a_hundred_fields_but_not_thousands() -> None:
    def head(fields: int) -> bytes:
        return b"GET / HTTP/1.1\r\nHost: a\r\n%s\r\n" % (b"x: y\r\n" * fields)

    assert not isinstance(read_head(head(100)), Refusal)
    assert read_head(head(1000)) == HEADERS_TOO_LARGE


@given(st.binary(max_size=40), st.binary(max_size=40))
def test_what_is_accepted_is_one_request_line_and_its_fields(target: bytes, more: bytes) -> None:
    raw = b"GET /" + target + b" HTTP/1.1\r\nHost: x\r\n" + more + b"\r\n\r\n"
    read = read_head(raw)
    if not isinstance(read, Refusal):
        assert read[0] == b"/" + target
        assert not set(b" \r\n\0") & set(read[0])
        assert b"\r\n\r\n" not in raw[:-4]
