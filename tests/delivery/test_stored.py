from __future__ import annotations

from rostra.delivery.prepared import Document
from rostra.delivery.stored import StoredDocuments
from rostra.delivery.window import Stored, stored_document


def stored(name: str) -> Stored:
    return Stored("abc", f"media/{name}.m4s")


def document(name: str, size: int = 10) -> Document:
    return stored_document(stored(name), b"x" * size, "")


def test_what_was_not_used_for_longest_makes_room() -> None:
    shelf = StoredDocuments(30)
    for name in "abc":
        shelf.put(stored(name), document(name))
    assert shelf.get(stored("a")) is not None
    shelf.put(stored("d"), document("d"))
    assert shelf.get(stored("b")) is None
    assert shelf.get(stored("a")) is not None
    assert shelf.body_bytes == 30


def test_what_is_too_large_is_not_kept_and_pushes_nothing_out() -> None:
    shelf = StoredDocuments(30)
    shelf.put(stored("a"), document("a"))
    shelf.put(stored("b"), document("b", 31))
    assert shelf.get(stored("a")) is not None and shelf.get(stored("b")) is None
    assert shelf.body_bytes == 10


def test_a_newer_one_takes_the_place_of_the_old() -> None:
    shelf = StoredDocuments(30)
    shelf.put(stored("a"), document("a", 10))
    shelf.put(stored("a"), document("a", 20))
    assert shelf.body_bytes == 20


def test_playlists_are_forgotten_when_a_replay_is_sealed() -> None:
    shelf = StoredDocuments(100)
    playlist = Stored("abc", "replay/aac.m3u8")
    shelf.put(playlist, stored_document(playlist, b"#EXTM3U", ""))
    shelf.put(stored("a"), document("a"))
    shelf.forget_playlists("abc")
    assert shelf.get(playlist) is None and shelf.get(stored("a")) is not None


def test_what_is_missing_is_asked_for_again_after_a_second() -> None:
    shelf = StoredDocuments(30)
    shelf.missed(stored("a"))
    assert shelf.known_missing(stored("a")) and not shelf.known_missing(stored("b"))
    shelf.second_passed()
    assert not shelf.known_missing(stored("a"))
