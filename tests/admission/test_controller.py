"""The controller: exact where places are few, smooth where they are many."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rostra.admission.capacity import Capacity
from rostra.admission.controller import LEND_LEAST, Controller, Decision, Seen
from rostra.admission.distinct import of
from rostra.admission.line import Line
from rostra.ground.door_values import DoorTally

COHORT = 1 << 32
CAPACITY = Capacity((10_000, 20_000, 40_000, 60_000), 200.0, "certificate")


class House:
    """A small house: people with a rank wait, come when they are called, and leave."""

    def __init__(self, **words: Any) -> None:
        self.controller, self.line = Controller(), Line()
        self.now, self.rank = 0.0, -1
        self.waits: dict[int, int] = {}  # person → rank
        self.inside: set[int] = set()
        self.words: dict[str, Any] = {"capacity": CAPACITY, **words}
        self.granted = 0
        self.decision: Decision | None = None

    def arrive(self, *ranks: int) -> None:
        for rank in ranks:
            self.waits[rank] = rank

    def second(self, **words: Any) -> Decision:
        named = [person.to_bytes(8, "big") for person in self.inside]
        beats = b"".join(p.to_bytes(8, "big") + r.to_bytes(8, "big") for p, r in self.waits.items())
        self.line.heard(
            DoorTally(
                run="r", issued=0, chain=b"", sequence=0, granted=0, beats=beats, renewed=of(named)
            ),
            self.now,
        )
        seen = Seen(
            inside=len(self.inside),
            waiting=self.line.waiting(self.now, self.rank),
            called=self.line.called(self.now, self.rank),
            granted_s=self.granted,
            **{"newest_rank": 1000 * COHORT, **self.words, **words},
        )
        self.decision = self.controller.decide(seen, self.line, self.now)
        assert self.decision.admitted_rank >= self.rank
        self.rank, self.now, self.granted = self.decision.admitted_rank, self.now + 1, 0
        return self.decision

    def come(self) -> None:
        """Everyone who was called comes, as far as places are lent."""
        for person, rank in sorted(self.waits.items(), key=lambda row: row[1]):
            if self.decision and rank <= self.rank and self.granted < self.decision.places:
                del self.waits[person]
                self.inside.add(person)
                self.granted += 1

    def seconds(self, many: int, **words: Any) -> Decision:
        for _ in range(many):
            decision = self.second(**words)
            self.come()
        return decision


def test_with_a_cap_of_three_one_of_four_waits_and_gets_in_when_one_leaves() -> None:
    house = House(cap=3)
    house.arrive(10, 20, 30, 40)
    decision = house.seconds(60)
    assert house.inside == {10, 20, 30}
    assert house.rank == 30  # the fourth was not even called
    assert decision.full and decision.rung == 0 and decision.places == 0
    house.inside.remove(20)
    house.seconds(3)
    assert house.inside == {10, 30, 40}
    assert house.rank == 40


def test_a_place_that_nobody_takes_is_offered_to_the_next() -> None:
    house = House(cap=1)
    house.arrive(10, 20)
    house.second()
    assert house.rank == 10
    house.waits.pop(10)  # closed the laptop
    for _ in range(20):
        house.second()
    assert house.rank == 20


def test_the_rank_waits_while_the_operator_holds_it_and_nothing_is_lent() -> None:
    house = House()
    house.arrive(*range(0, 5000, 10))
    house.seconds(2)
    held, inside = house.rank, len(house.inside)
    decision = house.seconds(30, hold=True)
    assert (house.rank, len(house.inside)) == (held, inside)
    assert decision.places == 0 and decision.pace == 0
    house.seconds(60)
    assert house.rank > held


def test_a_crowd_is_called_at_the_pace_and_not_at_once() -> None:
    house = House()
    house.arrive(*range(0, 30_000, 10))
    before = 0
    for _ in range(5):
        decision = house.seconds(1)
        assert len(house.inside) - before <= 2 * decision.pace_limit + LEND_LEAST
        before = len(house.inside)
    house.seconds(60)
    assert not house.waits


def test_after_five_minutes_without_a_decision_it_goes_on_from_where_it_was() -> None:
    house = House()
    house.arrive(*range(0, 300_000, 10))
    house.seconds(20)
    rank, inside = house.rank, len(house.inside)
    house.now += 300
    decision = house.seconds(1)
    assert rank <= house.rank
    assert len(house.inside) - inside <= 2 * decision.pace_limit + 1
    house.seconds(20)
    assert house.rank > rank


def test_a_restored_controller_sends_nobody_back() -> None:
    house = House()
    house.controller, house.rank = Controller(77 * COHORT, 2, "rung_demand"), 77 * COHORT
    assert house.second(settled=False).admitted_rank == 77 * COHORT
    assert house.second(settled=False).places == 0


def test_an_empty_house_calls_newcomers_before_they_come() -> None:
    house = House(newest_rank=5 * COHORT - 1)
    house.arrive(4 * COHORT + 5)
    house.seconds(3)
    assert house.rank == 5 * COHORT - 1


def test_a_full_house_tells_the_pace_at_which_people_leave() -> None:
    house = House(cap=60)
    house.arrive(*range(0, 10_000, 10))
    house.seconds(30)
    for _ in range(300):
        house.inside.remove(min(house.inside))
        decision = house.seconds(1)
    assert decision.pace == pytest.approx(1.0, abs=0.2)
    assert decision.pace_limit > 100


def test_a_small_house_calls_nobody_beforehand() -> None:
    house = House(newest_rank=5 * COHORT - 1, cap=3)
    house.arrive(4 * COHORT + 5)
    house.seconds(3)
    assert house.rank == 4 * COHORT + 5


def test_nobody_is_called_before_the_draw() -> None:
    house = House(newest_rank=-1)
    house.arrive(10)
    assert house.seconds(3).places == 0
    assert house.rank == -1


def test_an_open_door_lets_more_in_than_the_machine_carries_but_paced() -> None:
    house = House(capacity=Capacity((20, 20, 20, 20), 5.0, "certificate"))
    house.arrive(*range(0, 1000, 10))
    house.seconds(60)
    assert len(house.inside) == 20
    decision = house.seconds(3, open_all=True)
    assert 20 < len(house.inside) <= 20 + 3 * 2 * 5
    assert decision.rung <= 3 and not decision.full
    house.seconds(60, open_all=True)
    assert len(house.inside) == 100


def test_a_cap_holds_even_when_the_door_is_open() -> None:
    house = House(cap=7)
    house.arrive(*range(0, 1000, 10))
    house.seconds(60, open_all=True)
    assert len(house.inside) == 7


def test_a_full_machine_is_rung_4_and_a_cap_is_not() -> None:
    small = Capacity((20, 20, 20, 20), 50.0, "certificate")
    full, capped = House(capacity=small), House(cap=20)
    for house in (full, capped):
        house.arrive(*range(0, 1000, 10))
        house.seconds(30)
        assert house.decision is not None and house.decision.full
    assert full.decision and full.decision.rung == 4
    assert full.decision.reason == "rung_house_full"
    assert capped.decision and capped.decision.rung == 0


def test_a_cap_of_a_hundred_is_a_hundred() -> None:
    house = House(cap=100)
    house.arrive(*range(0, 3000, 10))
    house.seconds(60)
    assert len(house.inside) == 100


def test_part_of_a_large_house_is_kept_for_those_who_come_back() -> None:
    house = House(capacity=Capacity((1000, 1000, 1000, 1000), 500.0, "certificate"))
    house.arrive(*range(0, 20_000, 10))
    decision = house.seconds(60)
    assert len(house.inside) == 990
    assert decision.places == 5  # for them, and for nobody who was never called


def test_dead_live_sound_closes_the_door_and_the_line_stays() -> None:
    house = House()
    house.arrive(*range(0, 5000, 10))
    house.seconds(2)
    rank = house.rank
    decision = house.seconds(5, live=True, media_silent_s=31.0, packager_ok=False)
    assert (decision.rung, decision.reason) == (5, "rung_live_failed")
    assert house.rank == rank and decision.places == 0


def test_silence_from_a_healthy_stage_is_no_failure() -> None:
    assert House().seconds(5, live=True, media_silent_s=31.0).rung == 0


@pytest.mark.parametrize("rung", [4, 5])
def test_a_forced_end_of_service_lets_nobody_in(rung: int) -> None:
    house = House(rung_forced=rung)
    house.arrive(10)
    assert house.seconds(5).rung == rung
    assert not house.inside


WORDS = st.fixed_dictionaries(
    {},
    optional={
        "cap": st.one_of(st.none(), st.integers(0, 12)),
        "hold": st.booleans(),
        "rung_forced": st.one_of(st.none(), st.integers(0, 5)),
        "loop_lag_p99_ms": st.floats(0, 500),
        "busy": st.floats(0, 1),
        "settled": st.booleans(),
        "pace_most": st.one_of(st.none(), st.floats(0, 50)),
    },
)


@settings(max_examples=80, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.lists(st.integers(1, 9 * COHORT), max_size=4),
            st.integers(0, 3),
            WORDS,
            st.sampled_from([1, 1, 1, 3, 300]),
        ),
        max_size=40,
    )
)
def test_whatever_happens_the_rank_only_rises_and_the_limit_holds(
    steps: list[tuple[list[int], int, dict[str, Any], int]],
) -> None:
    house = House(capacity=Capacity((8, 9, 10, 11), 5.0, "certificate"))
    for arrivals, leaving, words, lasts_s in steps:
        house.arrive(*(rank for rank in arrivals if rank not in house.inside))
        for person in sorted(house.inside)[:leaving]:
            house.inside.remove(person)
        before, rank = len(house.inside), house.rank
        decision = house.second(**words)  # asserts that the rank never goes down
        house.come()
        limit = min(11, words.get("cap", 11) if words.get("cap") is not None else 11)
        assert len(house.inside) <= max(limit, before)
        if words.get("hold"):
            assert house.rank == rank and decision.places == 0
        # No earlier cohort waits behind a later one: all who came in have been called.
        assert all(person <= house.rank for person in house.inside)
        house.now += lasts_s - 1
