from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from tests.delivery.playing import START_MS, event, playing

from rostra.delivery.refused import HOUSE_BUSY
from rostra.delivery.state import EventState, Known
from rostra.delivery.strain import CALM, MOST, Strain
from rostra.ground.facts import DoorMoved, Phase


def strained(busy: float = 0.0, lag_ms: float = 0.0, pressure: int = 0) -> Strain:
    strain = Strain()
    strain.second(busy, lag_ms, pressure)
    return strain


@pytest.mark.parametrize(
    ("seen", "factor"),
    [
        ((0.0, 0.0, 0), CALM),
        ((0.8, 50.0, 1), CALM),
        ((0.9, 0.0, 0), 2.5),
        ((1.0, 0.0, 0), MOST),
        ((0.1, 5000.0, 0), MOST),
        ((0.1, 0.0, 2), 1.5),
        ((0.1, 0.0, 3), 2.0),
    ],
)
def test_an_edge_is_strained_by_work_lateness_and_pressure(
    seen: tuple[float, float, int], factor: float
) -> None:
    assert strained(*seen).factor == pytest.approx(factor)


def test_strain_rises_at_once_and_falls_slowly_to_the_very_calm() -> None:
    strain = strained(1.0)
    factors = []
    for _ in range(60):
        strain.second(0.1, 1.0, 0)
        factors.append(strain.factor)
    assert factors == sorted(factors, reverse=True)
    assert factors[4] > 2.5 and factors[-1] == CALM


def test_in_peace_nothing_is_stretched_and_under_strain_nothing_beyond_its_most() -> None:
    assert [Strain().stretched(each, 40) for each in (2, 5, 10, 30)] == [2, 5, 10, 30]
    assert [strained(1.0).stretched(each, 6) for each in (1, 2, 10)] == [4, 6, 10]


def asked_each_s(phase: Phase, strain: Strain, rung: int = 0) -> tuple[int, int]:
    moved = DoorMoved(
        event_id="abc", at_ms=0, sequence=1, admitted_rank=0, pace=0.0, rung=rung, rung_since_ms=0,
        reason="rung_best", full=False, waiting=0,
    )  # fmt: skip
    told = msgspec.json.decode(
        EventState(event(phase), Known(moved=moved)).render(START_MS - 3_600_000, strain)
    )
    return told["poll_s"], told["door"]["poll_s"]


def test_pages_ask_seldomer_of_a_strained_edge_but_hear_of_rungs_in_time() -> None:
    calm, late = Strain(), strained(1.0)
    assert asked_each_s(Phase.LIVE, calm) == (2, 10)
    assert asked_each_s(Phase.LIVE, late)[0] == 4
    assert asked_each_s(Phase.LIVE, late, rung=3)[0] == 8
    assert asked_each_s(Phase.SCHEDULED, calm)[0] == 10
    assert asked_each_s(Phase.SCHEDULED, late) == (40, 20)


def test_those_who_are_refused_come_back_at_different_times_and_later_under_strain() -> None:
    peace = [Strain().retry_after_s(number) for number in range(1000)]
    assert set(peace) == {1, 2, 3, 4}
    assert all(peace.count(wait_s) == 250 for wait_s in (1, 2, 3, 4)), "as many at each"
    assert max(strained(pressure=3).retry_after_s(number) for number in range(100)) == 8
    assert max(strained(1.0).retry_after_s(number) for number in range(100)) == 16


def test_a_refusal_is_prepared_once_for_each_time_to_come_back(tmp_path: Path) -> None:
    catalogue = playing(tmp_path).edge.desk.catalogue
    made = [catalogue.refusal(HOUSE_BUSY, START_MS, number=number) for number in range(8)]
    assert made[:4] == made[4:], "the same four objects"
    heads = [document.prepared(False).head for document in made[:4]]
    assert [b"Retry-After: %d\r\n" % wait in head for wait, head in enumerate(heads, 1)] == [
        True
    ] * 4
