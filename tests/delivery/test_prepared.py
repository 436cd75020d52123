from __future__ import annotations

import gzip

from rostra.delivery.prepared import (
    Document,
    closing,
    http_date,
    not_modified,
    partial,
    preflight,
    refusal_document,
)
from rostra.delivery.refused import ALL, HOUSE_BUSY, METHOD_NOT_ALLOWED, NOT_FOUND

DATE = "Tue, 01 Dec 2026 20:00:00 GMT"


def document(body: bytes = b"x" * 1000, **changes: object) -> Document:
    fields: dict[str, object] = {
        "kind": "media", "cache": "no-store", "date": DATE, "tagged": True, "ranges": True,
    }  # fmt: skip
    return Document(body, "text/plain", **(fields | changes))  # type: ignore[arg-type]


def test_dates_are_written_as_http_wants_them() -> None:
    assert http_date(784_111_777.9) == "Sun, 06 Nov 1994 08:49:37 GMT"


def test_everyone_gets_the_same_object() -> None:
    page = document(compressible=True)
    assert page.prepared(False) is page.prepared(False)
    assert page.prepared(True) is page.prepared(True)


def test_gzip_holds_the_same_text_under_another_tag() -> None:
    page = document(compressible=True)
    plain, zipped = page.prepared(False), page.prepared(True)
    assert gzip.decompress(zipped.body) == plain.body
    assert zipped.etag != plain.etag
    assert b"Content-Encoding: gzip\r\n" in zipped.head
    assert all(b"Vary: Accept-Encoding\r\n" in one.head for one in (plain, zipped))


def test_what_is_small_or_dense_is_not_zipped() -> None:
    assert b"Content-Encoding" not in document(b"ok", compressible=True).prepared(True).head
    assert b"Content-Encoding" not in document().prepared(True).head


def test_the_closing_answer_differs_in_one_line() -> None:
    prepared = document().prepared(False)
    last = closing(prepared.whole, prepared.head_bytes)
    assert last.replace(b"Connection: close\r\n", b"", 1) == prepared.whole


def test_not_modified_keeps_what_caches_need() -> None:
    raw = not_modified(document().prepared(False))
    assert raw.startswith(b"HTTP/1.1 304 Not Modified\r\n") and raw.endswith(b"\r\n\r\n")
    assert b"ETag:" in raw and b"Cache-Control:" in raw and b"Date:" in raw
    assert b"Content-Length" not in raw


def test_a_range_says_what_it_is_of() -> None:
    raw, head_bytes = partial(document(bytes(range(100))).prepared(False), 10, 12)
    assert raw[head_bytes:] == bytes([10, 11, 12])
    assert b"HTTP/1.1 206 Partial Content\r\n" in raw
    assert b"Content-Length: 3\r\nContent-Range: bytes 10-12/100\r\n" in raw


def test_refusals_say_what_to_do() -> None:
    assert (
        b"Allow: GET, HEAD, OPTIONS\r\n"
        in refusal_document(METHOD_NOT_ALLOWED, DATE).prepared(False).head
    )
    assert b"Retry-After: 1\r\n" in refusal_document(HOUSE_BUSY, DATE).prepared(False).head
    assert b"max-age=1\r\n" in refusal_document(NOT_FOUND, DATE).prepared(False).head


def test_every_refusal_has_its_own_code_and_can_be_prepared() -> None:
    assert len({refusal.code for refusal in ALL}) == len(ALL)
    for refusal in ALL:
        prepared = refusal_document(refusal, DATE).prepared(False)
        assert prepared.code == refusal.code and bytes(prepared.body) == refusal.body()


def test_a_preflight_has_no_body() -> None:
    prepared = preflight(DATE, False).prepared(True)
    assert prepared.whole.startswith(b"HTTP/1.1 204 ") and not prepared.body_bytes
    assert b"Content-Length" not in prepared.head and b"CMCD-Session" in prepared.head
