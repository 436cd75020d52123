from __future__ import annotations

from rostra.delivery.prepared import Document
from rostra.delivery.refused import EVENT_UNKNOWN, NOT_FOUND
from rostra.delivery.site import PageFile, asset_document, html_document

FILES = {
    "assets/main-abc.js": PageFile(b"let x=1;" * 99, b"zipped js"),
    "mark.png": PageFile(b"png" * 99, b"zipped png"),
    "event.html": PageFile(b"shell", b""),
}


def test_hashed_assets_are_immutable_and_zipped_once() -> None:
    document = asset_document(FILES, "/assets/main-abc.js", "")
    assert isinstance(document, Document) and "immutable" in document.cache
    assert bytes(document.prepared(True).body) == b"zipped js"
    assert b"text/javascript" in document.prepared(False).head


def test_pictures_are_sent_as_they_are() -> None:
    document = asset_document(FILES, "/mark.png", "")
    assert isinstance(document, Document) and "immutable" not in document.cache
    assert bytes(document.prepared(True).body) == b"png" * 99


def test_shells_and_strangers_are_not_files() -> None:
    assert asset_document(FILES, "/event.html", "") == NOT_FOUND
    assert asset_document(FILES, "/assets/../event.html", "") == NOT_FOUND


def test_pages_forbid_what_they_do_not_need() -> None:
    head = html_document(b"<p>", "").prepared(False).head
    policy = next(line for line in head.split(b"\r\n") if line.startswith(b"Content-Security"))
    assert b"default-src 'self'" in policy and b"unsafe" not in policy
    assert b"nosniff" in head and b"Referrer-Policy" in head


def test_a_page_that_shows_a_refusal_is_counted_as_one() -> None:
    prepared = html_document(b"<p>", "", EVENT_UNKNOWN).prepared(False)
    assert (prepared.status, prepared.code, prepared.kind) == (404, "event_unknown", "refused")
