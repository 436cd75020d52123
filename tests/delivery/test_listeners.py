from __future__ import annotations

from rostra.delivery.listeners import KEEP_S, SESSIONS_MOST, TALLIED_MOST, Listeners, nameless


def test_a_player_is_one_listener_on_whatever_edge_and_connection() -> None:
    one, other = Listeners(b"key"), Listeners(b"key")
    assert one.session("abc", "sid") == other.session("abc", "sid")
    assert one.session("abc", "sid") != one.session("xyz", "sid")


def test_a_player_without_a_session_id_is_known_by_address_and_kind() -> None:
    listeners = Listeners(b"key")
    names = [nameless("127.0.0.1", "a"), nameless("127.0.0.1", "b"), nameless("127.0.0.2", "a")]
    assert len({listeners.session("abc", name) for name in names}) == 3


def test_another_run_knows_nobody_again() -> None:
    assert Listeners(b"a").session("abc", "sid") != Listeners(b"b").session("abc", "sid")


def test_listeners_are_forgotten_after_their_time() -> None:
    listeners = Listeners(b"key")
    listeners.saw("abc", b"A" * 8, 0)
    listeners.saw("abc", b"B" * 8, 10)
    assert listeners.tally(KEEP_S) == {"abc": b"A" * 8 + b"B" * 8}
    assert listeners.tally(KEEP_S + 1) == {"abc": b"B" * 8}
    assert listeners.tally(KEEP_S + 11) == {}


def test_hashes_are_sorted_and_told_once() -> None:
    listeners = Listeners(b"key")
    for session in (b"C" * 8, b"A" * 8, b"C" * 8):
        listeners.saw("abc", session, 0)
    assert listeners.tally(0)["abc"] == b"A" * 8 + b"C" * 8


def test_invented_sessions_stay_bounded() -> None:
    listeners = Listeners(b"key")
    for number in range(SESSIONS_MOST + 100):
        listeners.saw("abc", number.to_bytes(8, "big"), 0)
    tallied = listeners.tally(0)["abc"]
    assert len(tallied) == TALLIED_MOST * 8
    listeners.saw("abc", b"late....", 1)
    assert b"late...." not in listeners.tally(1)["abc"]
