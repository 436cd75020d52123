from __future__ import annotations

import gzip

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rostra.rehearsal.answer_head import BODY_MOST_BYTES, Understood, read_chunks, read_head


def test_an_answer_of_the_edge_is_understood() -> None:
    head = read_head(
        b"HTTP/1.1 503 Service Unavailable\r\ncontent-LENGTH: 12\r\nRetry-After: 7\r\n"
        b"Content-Encoding: gzip\r\nConnection: close\r\n\r\n"
    )
    assert head is not None
    assert (head.status, head.length, head.retry_after_s) == (503, 12, 7.0)
    assert head.gzip and head.closes


def test_a_moment_to_ask_again_counts_from_the_answers_own_date() -> None:
    head = read_head(
        b"HTTP/1.1 429 x\r\nContent-Length: 0\r\nDate: Tue, 24 Nov 2026 01:00:00 GMT\r\n"
        b"Retry-After: Tue, 24 Nov 2026 01:00:30 GMT\r\n\r\n"
    )
    assert head is not None and head.retry_after_s == 30.0


def test_no_content_has_no_body_though_it_names_no_length() -> None:
    head = read_head(b"HTTP/1.1 204 No Content\r\n\r\n")
    assert head is not None and head.length == 0 and not head.closes


@pytest.mark.parametrize(
    "raw",
    [
        b"\r\n\r\n",
        b"SSH-2.0-x\r\n\r\n",
        b"HTTP/1.1 twohundred\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: -3\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n\r\n",  # only the end of the connection would tell its end
    ],
)
def test_what_is_no_answer_is_none(raw: bytes) -> None:
    assert read_head(raw) is None


@given(st.lists(st.binary(min_size=1, max_size=40)), st.integers(0, 400))
def test_chunks_give_the_body_back_and_never_more_than_is_here(
    parts: list[bytes], cut: int
) -> None:
    raw = b"".join(b"%x;a=b\r\n%s\r\n" % (len(part), part) for part in parts) + b"0\r\n\r\n"
    assert read_chunks(raw + b"HTTP/1.1") == (b"".join(parts), len(raw))
    if cut < len(raw):
        assert read_chunks(raw[:cut]) is None


def test_a_compressed_body_is_unpacked_and_a_broken_or_endless_one_is_nothing() -> None:
    understood = Understood()
    packed = gzip.compress(b"state" * 100)
    assert understood.text(packed) == understood.text(packed) == b"state" * 100
    assert understood.text(packed[:-9]) == understood.text(b"no gzip") == b""
    assert understood.text(gzip.compress(bytes(BODY_MOST_BYTES + 1))) == b""


def test_a_head_is_read_the_same_the_second_time() -> None:
    understood = Understood()
    raw = b"HTTP/1.1 200 x\r\nContent-Length: 5\r\n\r\n"
    assert understood.head(raw) is understood.head(raw) is not None
    huge = b"HTTP/1.1 200 x\r\nContent-Length: 99999999999\r\n\r\n"
    assert understood.head(huge) is None
