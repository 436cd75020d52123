"""Budgets of those who come to the stage's port without an invitation."""

from __future__ import annotations

import random

from rostra.stage.strangers import (
    ALL_FAILED,
    ALL_PAGES,
    CONNECTIONS_EACH,
    CONNECTIONS_MOST,
    FAILED,
    KNOWN_S,
    PAGES,
    SOURCES_MOST,
    Strangers,
)

HERE, THERE = b"\x7f\0\0\1", b"\x7f\0\0\2"


def sources(count: int) -> list[bytes]:
    return [number.to_bytes(4) for number in range(count)]


def test_calls_without_an_invitation_are_few_and_come_back_with_time() -> None:
    strangers = Strangers(0.0)
    heard = [strangers.failed(HERE, 0.0) for _ in range(100)]
    assert heard.count(0.0) == FAILED.burst
    wait_s = heard[-1]
    assert wait_s == 1 / FAILED.rate_s
    assert strangers.failed(HERE, wait_s * 0.9) > 0
    assert strangers.failed(HERE, wait_s) == 0
    assert strangers.refused["invitation_failed"] == 102
    assert strangers.refused["stranger_spent"] == 100 - FAILED.burst + 1


def test_one_source_s_junk_costs_another_nothing() -> None:
    strangers = Strangers(0.0)
    for _ in range(1000):
        strangers.failed(HERE, 0.0)
        strangers.page(HERE, 0.0)
    assert strangers.failed(THERE, 0.0) == 0
    assert strangers.page(THERE, 0.0) == 0


def test_junk_from_everywhere_is_bounded_in_all() -> None:
    strangers = Strangers(0.0)
    many = sources(3000)
    assert sum(strangers.failed(source, 0.0) == 0 for source in many) == ALL_FAILED.burst
    assert sum(strangers.page(source, 0.0) == 0 for source in many) == ALL_PAGES.burst
    # A refused request takes from no other budget.
    later = 1 / ALL_PAGES.rate_s
    assert [strangers.page(source, later) == 0 for source in many[-2:]] == [True, False]


def test_pages_load_where_speakers_are_known_however_much_others_ask() -> None:
    strangers = Strangers(0.0)
    strangers.invited(HERE, 0.0)
    for source in sources(3000):
        strangers.page(source, 1.0)
    assert strangers.page(THERE, 1.0) > 0
    assert sum(strangers.page(HERE, 1.0) == 0 for _ in range(1000)) == PAGES.burst
    assert strangers.page(HERE, KNOWN_S + 1) == 0


def test_a_flood_from_one_source_drops_its_own_oldest_never_the_newest() -> None:
    strangers = Strangers(0.0)
    for number in range(CONNECTIONS_EACH):
        assert strangers.arrived(HERE, number, 0.0) is None
    assert strangers.arrived(THERE, 900, 0.0) is None
    assert strangers.arrived(HERE, 901, 0.0) == (HERE, 0)
    strangers.left(HERE, 0)
    assert strangers.arrived(HERE, 902, 0.0) == (HERE, 1)


def test_a_flood_from_everywhere_drops_from_the_most_crowded_and_from_speakers_last() -> None:
    strangers = Strangers(0.0)
    strangers.invited(HERE, 0.0)
    number = 0
    for source in [HERE] * 9 + [THERE] * 8 + sources(CONNECTIONS_MOST - 17):
        assert strangers.arrived(source, number, 1.0) is None
        number += 1
    for _ in range(4):
        dropped = strangers.arrived(b"\x7f\0\0\3", number, 1.0)
        assert dropped is not None
        assert dropped[0] == THERE
        strangers.left(*dropped)
        number += 1
    assert strangers.connections == CONNECTIONS_MOST


def test_who_has_shown_an_invitation_is_no_stranger_any_more() -> None:
    strangers = Strangers(0.0)
    strangers.arrived(HERE, 1, 0.0)
    strangers.left(HERE, 1)
    strangers.left(HERE, 1)
    strangers.left(THERE, 1)
    assert strangers.connections == 0


def test_memory_is_bounded_and_speakers_are_forgotten_last() -> None:
    strangers = Strangers(0.0)
    strangers.invited(HERE, 0.0)
    strangers.arrived(THERE, 1, 0.0)
    for source in sources(3 * SOURCES_MOST):
        strangers.failed(b"\1" + source, 1.0)
    assert len(strangers) == SOURCES_MOST
    # The speaker's source has its own room still, while the common one is spent.
    assert strangers.page(HERE, 1.0) == 0
    strangers.left(THERE, 1)
    assert strangers.connections == 0


def test_speakers_too_are_forgotten_where_there_is_nobody_else() -> None:
    strangers = Strangers(0.0)
    for source in sources(SOURCES_MOST + 5):
        strangers.invited(source, 0.0)
    assert len(strangers) == SOURCES_MOST


def test_a_dry_run_counts_and_refuses_nobody() -> None:
    strangers = Strangers(0.0)
    strangers.enforced = False
    assert not any(strangers.failed(HERE, 0.0) for _ in range(100))
    assert strangers.refused["would_stranger_spent"] == 100 - FAILED.burst


def test_whatever_comes_connections_never_exceed_their_bounds() -> None:
    chance = random.Random(1)
    strangers, open_now = Strangers(0.0), dict[int, bytes]()
    for number in range(5000):
        source = bytes([10, 0, 0, chance.randrange(60)])
        dropped = strangers.arrived(source, number, number / 100)
        open_now[number] = source
        if dropped is not None:
            assert open_now.pop(dropped[1]) == dropped[0]
            strangers.left(*dropped)
        if chance.random() < 0.3:
            gone = chance.choice(list(open_now))
            strangers.left(open_now.pop(gone), gone)
        assert strangers.connections == len(open_now) <= CONNECTIONS_MOST
