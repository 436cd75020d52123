"""The nights that were not: causes taken away, and their shares."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.verdict.nights import evening

from rostra.verdict.counterfactual import (
    SUBSETS,
    draw,
    harms,
    observed,
    shapley,
    subset,
)
from rostra.verdict.readings import Mishap, Night


def found(night: Night) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    return harms(draw(night, 8, 0.85, np.random.Generator(np.random.PCG64(1))))


def test_without_causes_there_is_no_harm() -> None:
    for night in (evening(people=4000, attack=900), evening(people=10)):
        assert found(night)[subset()].max() == 0


def test_each_cause_harms_by_itself() -> None:
    crowd = found(evening(people=3000))
    assert crowd[subset("crowd")].min() > 100 and crowd[subset("attack")].max() == 0
    attack = found(evening(people=700, attack=400))
    assert attack[subset("attack")].min() > 100 and attack[subset("crowd", "fault")].max() < 20
    fault = found(evening(people=800, mishaps=(Mishap(subject="stage", from_s=90, until_s=150),)))
    assert fault[subset("fault")].min() > 100 and fault[subset("crowd", "attack")].max() < 20


def test_an_unknown_cause_is_refused() -> None:
    with pytest.raises(ValueError, match="moon"):
        subset("moon")


@settings(deadline=None)
@given(st.lists(st.floats(0, 1e6), min_size=16, max_size=16))
def test_shares_are_shares(values: list[float]) -> None:
    shares = shapley(np.array(values))
    assert ((shares >= 0).all() and shares.sum() == pytest.approx(1)) or shares.sum() == 0


def test_a_cause_alone_has_the_whole_share_and_twins_have_half() -> None:
    alone = np.array([10.0 if s[1] else 0.0 for s in SUBSETS])
    assert shapley(alone).tolist() == [0, 1, 0, 0]
    both = np.array([10.0 if s[0] and s[1] else 0.0 for s in SUBSETS])
    assert shapley(both) == pytest.approx([0.5, 0.5, 0, 0])


def seen(night: Night) -> float:
    return float(observed(draw(night, 8, 0.85, np.random.Generator(np.random.PCG64(1))))[0])


def test_seen_harm_is_what_waits_beyond_the_promise_or_is_silent() -> None:
    assert seen(evening(people=500)) < 1
    assert seen(evening(people=3000)) > 1000
    assert seen(evening(people=500, stalled=60)) == pytest.approx(100, rel=0.05)


def test_where_no_edge_is_left_nobody_hears() -> None:
    down = tuple(Mishap(subject=f"edge-{e}", from_s=100, until_s=160) for e in range(2))
    assert seen(evening(people=600, mishaps=down, skip=range(100, 160))) > 500
