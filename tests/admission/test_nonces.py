"""Nonces prove for two hours; the book is bounded."""

from __future__ import annotations

from rostra.admission.nonces import NONCE_S, NONCES_MOST, Nonces


def test_a_nonce_proves_for_two_hours_from_when_it_was_first_heard() -> None:
    book = Nonces()
    book.heard("a", 1000)
    book.heard("a", 1000 + NONCE_S * 1000)
    assert book.proves("a", 1000 + NONCE_S * 1000)
    assert not book.proves("a", 1001 + NONCE_S * 1000)
    assert not book.proves("b", 1000)


def test_old_nonces_are_forgotten() -> None:
    book = Nonces()
    book.heard("a", 0)
    book.heard("b", NONCE_S * 1000 + 1)
    assert not book.proves("a", 0)  # not even by a clock that went back
    assert book.proves("b", NONCE_S * 1000 + 1)


def test_the_book_holds_so_many_and_drops_the_oldest() -> None:
    book = Nonces()
    for number in range(NONCES_MOST + 10):
        book.heard(str(number), number)
    assert not book.proves("9", NONCES_MOST)
    assert book.proves("10", NONCES_MOST)
    assert book.proves(str(NONCES_MOST + 9), NONCES_MOST)
