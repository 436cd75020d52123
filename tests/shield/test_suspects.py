"""Suspects: who did what over all edges, how loudly that speaks, and what speaks for them."""

from __future__ import annotations

import pytest

from rostra.ground.shield_values import SourceTally
from rostra.shield.reasons import ALL, REASONS
from rostra.shield.suspects import (
    BARS,
    EXPLAINED_SHARE,
    HALF_LIFE_S,
    SIGNS,
    VOUCHED_MS,
    WEAK,
    Suspect,
    Suspects,
)

BOT = bytes([203, 0, 113, 7])


def told(
    refused: dict[str, int] | None = None,
    spent: float = 0.0,
    vouched: int = 0,
    source: bytes = BOT,
) -> SourceTally:
    return SourceTally(
        source=source, refused=refused or {}, spent=spent, connections=1, vouched=vouched
    )


def seconds(suspects: Suspects, number: int, *tallies: SourceTally, from_s: int = 0) -> Suspect:
    found: list[Suspect] = []
    for now_s in range(from_s, from_s + number):
        found = [suspect for suspect, _ in suspects.heard(tallies, now_s * 1000)]
    return found[-1]


def test_all_signs_are_reasons_with_words_and_every_refusal_of_a_source_is_a_sign() -> None:
    assert {reason for reason, _ in SIGNS.values()} <= set(REASONS)
    assert set(REASONS) - {reason for reason, _ in SIGNS.values()} == {"operator"}
    said = {"challenge_required", "challenge_waits", "shield_failed"}  # to honest people too
    assert {refusal.code for refusal in ALL} - set(SIGNS) == said


def test_the_same_source_at_several_edges_is_one() -> None:
    suspects = Suspects()
    both = suspects.heard([told({"garbage": 2}), told({"garbage": 3}, vouched=1)], 0)
    assert len(both) == 1
    suspect, second = both[0]
    assert second.refused == 5
    assert suspect.points == {"garbage": 25}
    assert suspect.vouched == 1


def test_a_client_without_an_address_is_never_suspected() -> None:
    assert Suspects().heard([told({"garbage": 9}, source=b"")], 0) == []


def test_what_was_done_is_halved_each_half_minute() -> None:
    suspects = Suspects()
    suspect = seconds(suspects, 1, told({"garbage": 20}, spent=100))
    suspect.fade(round(HALF_LIFE_S * 1000))
    assert suspect.points["garbage"] == pytest.approx(50)
    assert suspect.spent == pytest.approx(50)
    suspect.fade(3_600_000)
    assert suspect.points == {}


@pytest.mark.parametrize("pressure", [1, 2, 3])
def test_it_takes_points_and_time_and_under_more_pressure_less_of_both(pressure: int) -> None:
    bar = BARS[pressure]
    once = seconds(Suspects(), 1, told({"source_spent": 100_000}))
    assert not once.guilty(pressure)
    seldom = seconds(Suspects(), 100, told({"source_spent": 1}))
    assert seldom.guilty(pressure) is (seldom.total() >= bar.points)
    suspects = Suspects()
    took = next(
        n
        for n in range(1, 100)
        if seconds(suspects, 1, told({"source_spent": 100}), from_s=n).guilty(pressure)
    )
    assert bar.seconds <= took <= 2 * bar.seconds
    assert not once.guilty(0)
    if pressure > 1:
        less = BARS[pressure - 1]
        assert (bar.points, bar.seconds) < (less.points, less.seconds)


@pytest.mark.parametrize("weak", sorted(WEAK))
def test_one_weak_sign_alone_never_is_enough(weak: str) -> None:
    suspect = seconds(Suspects(), 300, told({weak: 1000}))
    assert not any(suspect.guilty(pressure) for pressure in BARS)
    both = seconds(Suspects(), 60, told({weak: 100, "no_pass": 3}))
    assert both.guilty(2)


def test_both_weak_signs_together_are_points_but_no_guilty_second() -> None:
    suspect = seconds(Suspects(), 300, told({"decoy": 10, "path_strange": 10}))
    assert suspect.total() > BARS[1].points
    assert not suspect.guilty(3)


def test_listeners_speak_for_their_source_for_a_minute() -> None:
    suspects = Suspects()
    suspect = seconds(suspects, 1, told({"source_spent": 10}, spent=1000, vouched=1))
    assert suspect.has_listeners(VOUCHED_MS)
    assert not suspect.has_listeners(VOUCHED_MS + 1)
    assert not Suspect(BOT, 0).has_listeners(0)


def test_a_crowd_behind_one_address_explains_itself_and_one_listener_beside_a_bot_does_not() -> (
    None
):
    nat = seconds(Suspects(), 30, told({"source_spent": 200}, spent=2000, vouched=1000))
    assert nat.share >= EXPLAINED_SHARE
    assert nat.is_crowd(30_000)
    bot = seconds(Suspects(), 30, told({"source_spent": 1000}, spent=1000, vouched=1))
    assert bot.share < EXPLAINED_SHARE
    assert not bot.is_crowd(30_000)
    assert bot.has_listeners(30_000)


def test_listeners_who_stay_are_not_counted_as_coming_again() -> None:
    stays = seconds(Suspects(), 300, told(spent=100, vouched=10))
    assert stays.share < 0.2  # ten units a second of a hundred, and a little for who may be new


def test_the_table_is_bounded_and_who_was_told_longest_ago_goes() -> None:
    suspects = Suspects(most=10)
    for number in range(100):
        suspects.heard([told({"garbage": 1}, source=number.to_bytes(4))], number)
    assert len(suspects) == 10
    assert suspects.sources() == [number.to_bytes(4) for number in range(90, 100)]
    assert [s.source for s in suspects.worst(2, 100)] == [bytes([0, 0, 0, n]) for n in (99, 98)]
    suspects.forget([(99).to_bytes(4), BOT])
    assert len(suspects) == 9
    suspects.clear()
    assert len(suspects) == 0


def test_the_loudest_sign_is_the_reason() -> None:
    suspect = seconds(Suspects(), 1, told({"source_spent": 3, "garbage": 2, "dropped": 1}))
    assert suspect.reason() == "garbage"
