"""The count: once for each listener, whoever tells of them, and gone when they are gone."""

from __future__ import annotations

import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rostra.admission import audience as module
from rostra.admission import distinct
from rostra.admission.audience import GOODBYE_S, HOLDING_S, LISTENING_S, Audience
from rostra.admission.distinct import Estimate, WireInvalid
from rostra.ground.door_values import DoorTally

A, B, C, D = (letter * 8 for letter in (b"a", b"b", b"c", b"d"))


def told(run: str = "edge", lanes: dict[str, list[bytes]] | None = None, **who: Any) -> DoorTally:
    wires: dict[str, Any] = {kind: distinct.of(those) for kind, those in who.items()}
    by_lane = {name: distinct.of(those) for name, those in (lanes or {}).items()}
    return DoorTally(run=run, issued=0, chain=b"", sequence=0, granted=0, lanes=by_lane, **wires)


def playing(*those: bytes, run: str = "edge") -> DoorTally:
    return told(run, renewed=those, proven=those, fetched=those)


def crowd(size: int, seed: int = 1) -> list[bytes]:
    chance = random.Random(seed)
    return [chance.randbytes(8) for _ in range(size)]


def listening(audience: Audience, now: float) -> int:
    return audience.counts(now).listening.value


def test_proof_and_fetching_are_counted_apart() -> None:
    audience = Audience()
    audience.heard(told(renewed=[A, B, C], proven=[A, C], fetched=[A, B]), 0)
    counts = audience.counts(1)
    assert counts.listening == Estimate(3, 3, 3)
    assert (counts.proven, counts.fetched, counts.inside) == (2, 1, 3)


def test_a_pass_that_only_waits_or_only_fetches_does_not_listen() -> None:
    audience = Audience()
    audience.heard(told(renewed=[A], fetched=[B]), 0)
    counts = audience.counts(1)
    assert (counts.listening.value, counts.inside) == (0, 1)


def test_a_silent_listener_counts_for_90_s_and_holds_a_place_for_120() -> None:
    audience = Audience()
    audience.heard(playing(A), 0)
    assert listening(audience, LISTENING_S) == 1
    assert listening(audience, LISTENING_S + 0.1) == 0
    assert audience.inside(HOLDING_S) == 1
    assert audience.inside(HOLDING_S + 0.1) == 0


def test_a_goodbye_ends_listening_at_once_and_holds_the_place_for_20_s() -> None:
    audience = Audience()
    audience.heard(playing(A), 0)
    audience.heard(told(left=[A]), 10)
    assert listening(audience, 10) == 0
    assert audience.inside(10 + GOODBYE_S - 0.1) == 1
    assert audience.inside(10 + GOODBYE_S) == 0


def test_a_renewal_takes_a_goodbye_back() -> None:
    audience = Audience()
    audience.heard(playing(A), 0)
    audience.heard(told(left=[A]), 10)
    audience.heard(playing(A), 11)
    assert listening(audience, 40) == audience.inside(40) == 1


def test_a_second_tab_that_plays_on_takes_a_goodbye_back() -> None:
    audience = Audience()
    audience.heard(playing(A), 0)
    audience.heard(told(left=[A]), 10)
    audience.heard(told(fetched=[A]), 11)  # was on its way
    assert listening(audience, 12) == 0
    audience.heard(told(fetched=[A]), 14)
    assert listening(audience, 14) == audience.inside(60) == 1


def test_a_reload_within_one_second_or_over_two_edges_loses_nothing() -> None:
    audience = Audience()
    audience.heard(playing(A), 0)
    audience.heard(told(renewed=[A], left=[A]), 10)
    assert listening(audience, 11) == 1
    audience.heard(told("one", renewed=[A]), 60)
    audience.heard(told("two", left=[A]), 62)  # said before, heard after
    assert listening(audience, 63) == audience.inside(100) == 1


def test_who_leaves_soon_after_coming_is_gone() -> None:
    audience = Audience()
    audience.heard(playing(A), 0)
    audience.heard(told(left=[A]), 1)
    assert listening(audience, 1) == audience.inside(30) == 0


def test_a_goodbye_heard_twice_does_not_undo_the_renewal_between() -> None:
    audience = Audience()
    goodbye = told(left=[A])
    audience.heard(playing(A), 0)
    audience.heard(goodbye, 10)
    audience.heard(playing(A), 11)
    audience.heard(goodbye, 12)
    assert listening(audience, 13) == audience.inside(60) == 1
    audience.heard(goodbye, 40)  # a new one
    assert listening(audience, 40) == 0


def test_edges_tabs_and_repetitions_count_a_listener_once() -> None:
    audience = Audience()
    minute = told("one", renewed=[A, B], proven=[A, B], minute_net=[A], minute_gross=[C])
    for now in (0, 1):
        audience.heard(minute, now)
        audience.heard(told("two", renewed=[A], proven=[A], minute_net=[A], minute_gross=[D]), now)
    counts = audience.counts(2)
    assert counts.listening.value == counts.inside == counts.peak == 2
    assert counts.total_net == Estimate(1, 1, 1)
    assert counts.total_gross == Estimate(2, 2, 2)


@given(
    st.lists(
        st.tuples(st.sampled_from(["one", "two", "three"]), st.sampled_from([A, B, C, D])),
        max_size=12,
    ),
    st.randoms(use_true_random=False),
)
def test_tallies_may_come_in_any_order(
    said: list[tuple[str, bytes]], chance: random.Random
) -> None:
    tallies = [(playing(who, run=run), float(at)) for at, (run, who) in enumerate(said)]
    one, other = Audience(), Audience()
    for tally, at in tallies:
        one.heard(tally, at)
    chance.shuffle(tallies)
    for tally, at in tallies:
        other.heard(tally, at)
    for now in range(12, 140, 8):
        assert one.counts(now).listening == other.counts(now).listening
        assert one.inside(now) == other.inside(now)


def test_lanes_are_counted_apart_and_hold_places_too() -> None:
    audience = Audience()
    audience.heard(told(lanes={"press": [A], "staff": [B]}, renewed=[A, B, C]), 0)
    assert audience.lane_inside(1) == {"press": 1, "staff": 1}
    assert audience.inside(1) == 3
    audience.heard(told(left=[A]), 5)
    assert audience.lane_inside(5 + GOODBYE_S) == {"press": 0, "staff": 1}


def test_no_tally_can_make_lanes_without_end() -> None:
    audience = Audience()
    for batch in range(10):
        names = {f"lane {batch} {n}": [A] for n in range(50)} | {"x" * 65: [B], "": [C]}
        audience.heard(told(lanes=names, renewed=[A]), batch)
    assert len(audience.lane_inside(10)) == 64


def test_what_the_shield_marked_does_not_count() -> None:
    audience = Audience()
    audience.heard(told(renewed=[A, B], proven=[A, B], minute_net=[A, B]), 0)
    audience.heard(told(marked=[A, C]), 0.5)
    audience.heard(playing(A, C), 1)
    counts = audience.counts(2)
    assert counts.listening.value == counts.proven == 1
    assert counts.total_net == Estimate(1, 1, 1)
    assert counts.inside == 3


def test_peak_and_totals_survive_a_restart_and_the_rest_is_heard_anew() -> None:
    audience = Audience()
    audience.heard(told(renewed=[A, B], proven=[A, B], minute_net=[A], minute_gross=[A, B]), 0)
    audience.counts(1)
    audience.exclude([D])
    again = Audience.restore(audience.save())
    counts = again.counts(5)
    assert (counts.peak, counts.total_net.value, counts.total_gross.value) == (2, 1, 2)
    assert counts.listening.value == 0
    again.heard(playing(A, D), 6)
    assert listening(again, 6) == 1


@pytest.mark.parametrize("raw", [b"", b"garbage", b"\x80", Audience().save()[:-3]])
def test_what_was_not_saved_by_an_audience_is_refused(raw: bytes) -> None:
    with pytest.raises(ValueError, match="saved"):
        Audience.restore(raw)


def test_an_audience_is_settled_when_everyone_inside_had_time_to_renew() -> None:
    audience = Audience()
    assert not audience.settled(1000)
    audience.heard(told(), 1000)
    assert not audience.settled(1000 + HOLDING_S - 1)
    assert audience.settled(1000 + HOLDING_S)


@pytest.mark.parametrize("kind", ["renewed", "proven", "fetched", "left", "marked", "minute_net"])
def test_a_tally_with_garbage_changes_nothing(kind: str) -> None:
    audience = Audience()
    audience.heard(playing(A), 0)
    before = audience.counts(1), audience.save()
    wires: dict[str, Any] = {"renewed": distinct.of([B]), "minute_gross": distinct.of([B])}
    wires[kind] = b"xgarbage"
    with pytest.raises(WireInvalid):
        audience.heard(DoorTally(run="", issued=0, chain=b"", sequence=0, granted=0, **wires), 1)
    assert (audience.counts(1), audience.save()) == before


# --- many -------------------------------------------------------------------------------------


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """A roll of 100 rows and lists of 50, so that a few hundred are a crowd."""
    monkeypatch.setattr(module, "EXACT_LISTENERS", 100)
    monkeypatch.setattr(distinct, "EXACT_MOST", 50)


def minute(audience: Audience, those: list[bytes], start: int, seconds: int) -> None:
    """Everyone renews once a minute, spread over it."""
    for now in range(start, start + seconds):
        turn = those[now % 60 :: 60]
        audience.heard(told(renewed=turn, proven=turn[::2], fetched=turn), now)


@pytest.mark.usefixtures("small")
def test_a_crowd_is_counted_with_an_error_bar_and_few_exactly_again() -> None:
    audience = Audience()
    many = crowd(900)
    minute(audience, many, 0, 120)
    counts = audience.counts(120)
    assert counts.listening.low < counts.listening.high
    assert counts.listening.low <= 900 <= counts.listening.high
    assert counts.proven + counts.fetched == counts.listening.value
    assert counts.proven == pytest.approx(480, abs=60)  # every other one of each turn
    assert counts.inside == pytest.approx(900, rel=0.02)
    few = many[:60]
    minute(audience, few, 120, 2 * HOLDING_S)
    counts = audience.counts(120 + 2 * HOLDING_S - 1)
    assert counts.listening == Estimate(60, 60, 60)
    assert counts.inside == 60
    assert counts.peak >= 890


@pytest.mark.usefixtures("small")
def test_nobody_is_lost_while_the_count_changes_its_manner() -> None:
    audience = Audience()
    many = crowd(130)
    for now in range(600):
        size = 70 if now < 200 or now > 320 else 130
        minute(audience, many[:size], now, 1)
        if now > 60:
            audience.exclude(())
            assert listening(audience, now) >= 68


@pytest.mark.usefixtures("small")
def test_one_sketch_from_an_edge_makes_it_a_crowd() -> None:
    audience = Audience()
    many = crowd(60)
    audience.heard(playing(A), 0)
    audience.heard(told("two", renewed=many, fetched=many), 1)
    counts = audience.counts(2)
    assert counts.listening.low <= 61 <= counts.listening.high
    assert counts.listening.low < counts.listening.high


@pytest.mark.usefixtures("small")
def test_lanes_and_marks_hold_in_a_crowd_too() -> None:
    audience = Audience()
    many = crowd(400)
    for now in range(60):
        turn = many[now::60]
        lanes = {"press": turn[:1]}
        audience.heard(told(lanes=lanes, renewed=turn, proven=turn), now)
    assert audience.lane_inside(60)["press"] == pytest.approx(60, abs=2)
    audience.exclude(many[:100])
    assert listening(audience, 60) == pytest.approx(300, abs=8)


@pytest.mark.usefixtures("small")
def test_memory_is_bounded_however_many_come_for_however_long() -> None:
    audience = Audience()
    for now in range(0, 2000, 5):
        audience.heard(playing(*crowd(40, seed=now)), now)
        crowd_now = audience._crowd
        assert audience._roll is None or len(audience._roll._row) <= 100
        if crowd_now is not None:
            assert len(crowd_now.kinds["renewed"]._buckets) <= 14
    assert audience._crowd is not None


def test_a_quiet_roll_forgets_who_went() -> None:
    audience = Audience()
    for now in range(0, 3000, 3):
        audience.heard(playing(*crowd(10, seed=now)), now)
    assert audience._roll is not None and len(audience._roll._table) <= 2048
    assert listening(audience, 2997) == 310
