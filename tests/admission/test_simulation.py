"""An evening of twenty thousand at a door for five."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from bench.door_simulation import chi_square_p, kendall_tau, reversals, uniformity_p, world

from rostra.admission.simulated import NEVER
from rostra.admission.simulation import Evening, run

HOUSE = 5000


@pytest.fixture(scope="module")
def evening() -> Evening:
    return run(world(20_000, HOUSE, 40.0))


def test_everyone_who_stays_gets_in(evening: Evening) -> None:
    missing = (evening.admitted_s == NEVER) & ~evening.gone
    assert not missing.any()


def test_the_house_never_holds_more_than_it_may(evening: Evening) -> None:
    for second in evening.seconds:
        assert second.inside <= HOUSE


def test_the_house_is_used_while_people_wait(evening: Evening) -> None:
    full = [second.inside for second in evening.seconds if second.decision.full]
    assert len(full) > 1000
    assert np.mean(full) >= 0.97 * HOUSE


def test_the_admitted_rank_never_goes_down(evening: Evening) -> None:
    ranks = [second.decision.admitted_rank for second in evening.seconds]
    assert all(before <= after for before, after in pairwise(ranks))


def test_cohorts_come_in_in_their_order(evening: Evening) -> None:
    came = evening.admitted_s != NEVER
    first = int(evening.admitted_s[came].min())
    assert kendall_tau(evening.cohorts[came], evening.admitted_s[came] - first) >= 0.99


def test_coming_earlier_within_a_cohort_does_not_help(evening: Evening) -> None:
    assert uniformity_p(evening) >= 0.01


def test_the_rung_goes_down_once_and_stays(evening: Evening) -> None:
    rungs = [second.decision.rung for second in evening.seconds]
    assert rungs == sorted(rungs)
    assert rungs[-1] == 4


def test_tau_is_that_of_its_definition() -> None:
    chance = np.random.Generator(np.random.PCG64(3))
    first, second = chance.integers(0, 6, 60), chance.integers(0, 9, 60)
    signs = [
        np.sign(int(first[i]) - int(first[j])) * np.sign(int(second[i]) - int(second[j]))
        for i in range(60)
        for j in range(i)
        if first[i] != first[j]
    ]
    assert kendall_tau(first, second) == pytest.approx(np.mean(signs))
    assert kendall_tau(first, first) == 1
    assert kendall_tau(first, first.max() - first) == -1


def test_the_chi_square_finds_an_order_that_favours_the_early(evening: Evening) -> None:
    unfair = evening.admitted_s.copy()
    here = np.flatnonzero(evening.cohorts == 0)
    here = here[unfair[here] != NEVER]
    unfair[here[np.argsort(evening.arrived_s[here])]] = np.sort(unfair[here])
    assert (
        uniformity_p(
            Evening(
                seconds=[],
                arrived_s=evening.arrived_s,
                ranks=evening.ranks,
                admitted_s=unfair,
                gone=evening.gone,
                until_s=evening.until_s,
            )
        )
        < 1e-6
    )


@pytest.mark.parametrize(("statistic", "degrees", "p"), [(18.307, 10, 0.05), (135.807, 100, 0.01)])
def test_the_chi_square_is_that_of_the_tables(statistic: float, degrees: int, p: float) -> None:
    assert chi_square_p(statistic, degrees) == pytest.approx(p, rel=0.02)


def test_reversals_count_turns_only() -> None:
    assert reversals([1, 2, 2, 3, 3]) == 0
    assert reversals([1, 2, 1, 1, 2]) == 2
