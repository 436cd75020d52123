"""Shares of an attack: corrected for both rates, and nothing in a crowd that shows few signs."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.verdict.nights import evening

from rostra.verdict.quantify import adjusted_share, binned, em_share, quantify, smoothed


def chance(seed: int = 0) -> np.random.Generator:
    return np.random.Generator(np.random.PCG64(seed))


@settings(deadline=None)
@given(st.floats(0, 1), st.floats(0, 0.3), st.floats(0.5, 1))
def test_adjusted_count_undoes_both_rates(share: float, fpr: float, tpr: float) -> None:
    flagged = share * tpr + (1 - share) * fpr
    found = adjusted_share(np.array(flagged), np.array(fpr), np.array(tpr))
    assert found == pytest.approx(share, abs=1e-6)


def test_rates_that_tell_nothing_apart_give_nothing() -> None:
    assert adjusted_share(np.array(0.5), np.array(0.4), np.array(0.4)) == 0


@settings(deadline=None)
@given(st.floats(0, 1))
def test_em_finds_the_prior(share: float) -> None:
    crowd, attack = np.array([[0.9, 0.08, 0.02]]), np.array([[0.1, 0.3, 0.6]])
    counts = 1000 * (share * attack + (1 - share) * crowd)
    assert em_share(counts, crowd, attack)[0, 0] == pytest.approx(share, abs=0.06)


def test_em_of_nobody_is_nothing() -> None:
    assert (
        em_share(np.zeros((2, 2)), np.ones((3, 2)) / 2, np.ones((3, 2)) / 2).tolist()
        == [[0.0, 0.0]] * 3
    )


def test_a_crowd_is_no_attack_and_a_flood_is_one() -> None:
    crowd, flood = (quantify(evening(attack=n), 50, chance()) for n in (0, 400))
    assert crowd.bare.max() < 20 and crowd.inside.max() < 0.05
    assert flood.bare[:, 150] == pytest.approx(400, rel=0.1)
    assert flood.bare[:, 50].max() < 20


def test_bots_inside_are_a_share_of_the_clients() -> None:
    found = quantify(evening(attack=200, sign="ns"), 50, chance())
    assert np.median(found.inside[:, 150]) > 0.02 and found.bare[:, 150].max() < 20


def test_the_same_seed_gives_the_same_draws() -> None:
    one, other = (quantify(evening(attack=100), 20, chance(3)) for _ in range(2))
    assert (one.bare == other.bare).all() and (one.inside == other.inside).all()


def test_smoothed_is_the_mean_up_to_now() -> None:
    assert smoothed(np.array([2.0, 4, 6]), 2).tolist() == [2, 3, 5]


def test_steps_are_means() -> None:
    assert binned(np.array([1.0, 3, 5]), 2).tolist() == [2, 5]


def test_steps_of_several_seconds_say_the_same() -> None:
    fine, coarse = (quantify(evening(attack=400), 20, chance(), s) for s in (1, 4))
    assert coarse.bare.shape == (20, 60) and coarse.inside.shape == (20, 60)
    assert coarse.bare[:, 35] == pytest.approx(fine.bare[:, 140], rel=0.05)
