from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from rostra.ground.facts import Role
from rostra.ground.refusals import Refusal
from rostra.stage.seats import (
    KEEP_S,
    SILENCE_DBFS,
    STAGE_FULL,
    Seats,
    clean_name,
    level_dbfs,
    seat_id_of,
)


def seated(seats: Seats, secret: str = "s" * 20, name: str = "Ada") -> str:
    seat_id = seats.join(secret, name, Role.SPEAKER)
    assert isinstance(seat_id, str)
    return seat_id


def hear(seats: Seats, seat_id: str, level: float, begin: float, seconds: float) -> float:
    for tick in range(round(seconds / 0.02)):
        seats.hear(seat_id, level, begin + tick * 0.02)
    return begin + seconds


def test_a_seat_id_tells_nothing_of_its_secret_and_differs_by_event() -> None:
    assert seat_id_of("secret", "a") != seat_id_of("secret", "b")
    assert seat_id_of("secret", "a") == seat_id_of("secret", "a")
    assert len(seat_id_of("secret", "a")) == 8


def test_coming_back_gives_the_same_seat_still_muted() -> None:
    seats = Seats("e")
    seat_id = seated(seats)
    seats.mute(seat_id, True)
    seats.leave(seat_id, 5.0)
    assert not seats.view()[0].connected
    assert seated(seats) == seat_id
    assert seats.view()[0].connected
    assert seats.view()[0].muted


def test_a_seat_left_for_good_is_forgotten_after_a_minute() -> None:
    seats = Seats("e")
    seat_id = seated(seats)
    seats.leave(seat_id, 5.0)
    assert seats.forget_gone(5.0 + KEEP_S - 1) == []
    assert seats.forget_gone(5.0 + KEEP_S) == [seat_id]
    assert seats.view() == ()


def test_one_more_than_the_limit_is_refused_but_may_come_back() -> None:
    seats = Seats("e", limit=2)
    first = seated(seats, "1" * 20)
    seated(seats, "2" * 20)
    refused = seats.join("3" * 20, "Third", Role.HOST)
    assert refused is STAGE_FULL
    assert isinstance(refused, Refusal) and refused.code == "stage_full"
    assert seated(seats, "1" * 20) == first
    seats.leave(first, 0.0)
    assert isinstance(seats.join("3" * 20, "Third", Role.HOST), str)


def test_speaking_begins_soon_and_ends_late() -> None:
    seats = Seats("e")
    seat_id = seated(seats)
    now = hear(seats, seat_id, -20.0, 0.0, 0.04)
    assert not seats.view()[0].speaking
    now = hear(seats, seat_id, -20.0, now, 0.06)
    assert seats.view()[0].speaking
    now = hear(seats, seat_id, -70.0, now, 0.4)
    assert seats.view()[0].speaking
    hear(seats, seat_id, -70.0, now, 0.4)
    assert not seats.view()[0].speaking


def test_between_the_two_thresholds_speaking_stays_as_it_was() -> None:
    seats = Seats("e")
    seat_id = seated(seats)
    now = hear(seats, seat_id, -48.0, 0.0, 1.0)
    assert not seats.view()[0].speaking
    now = hear(seats, seat_id, -20.0, now, 0.2)
    hear(seats, seat_id, -48.0, now, 2.0)
    assert seats.view()[0].speaking


def test_a_click_is_not_speech() -> None:
    seats = Seats("e")
    seat_id = seated(seats)
    for second in range(5):
        seats.hear(seat_id, -10.0, second)
        hear(seats, seat_id, -80.0, second + 0.02, 0.9)
        assert not seats.view()[0].speaking


def test_a_muted_seat_is_neither_speaking_nor_loud() -> None:
    seats = Seats("e")
    seat_id = seated(seats)
    hear(seats, seat_id, -20.0, 0.0, 1.0)
    seats.mute(seat_id, True)
    hear(seats, seat_id, -20.0, 1.0, 1.0)
    seat = seats.view()[0]
    assert (seat.speaking, seat.level_dbfs) == (False, SILENCE_DBFS)
    assert seats.is_muted(seat_id)
    assert seats.is_muted("nobody")


def test_the_level_falls_slowly() -> None:
    seats = Seats("e")
    seat_id = seated(seats)
    hear(seats, seat_id, -20.0, 0.0, 0.1)
    hear(seats, seat_id, -100.0, 0.1, 0.5)
    assert -50 < seats.view()[0].level_dbfs < -30


def test_the_fact_carries_the_seats() -> None:
    seats = Seats("e")
    seated(seats)
    fact = seats.changed(123)
    assert (fact.event_id, fact.at_ms, fact.seats[0].name) == ("e", 123, "Ada")


def test_a_name_that_is_missing_is_the_role() -> None:
    seats = Seats("e")
    seated(seats, name=" \n ")
    assert seats.view()[0].name == "Speaker"


@given(st.text())
def test_names_are_one_short_printable_line(name: str) -> None:
    clean = clean_name(name)
    assert len(clean) <= 60
    assert clean.isprintable()
    assert clean == clean.strip()


def test_levels_are_dbfs() -> None:
    assert abs(level_dbfs(np.ones(960, np.float32))) < 1e-6
    assert level_dbfs(np.zeros(960, np.float32)) == SILENCE_DBFS
