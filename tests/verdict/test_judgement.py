"""One word, and no accusation of a crowd."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.verdict.nights import KERNEL, evening, promise

from rostra.verdict.counterfactual import SUBSETS
from rostra.verdict.judgement import ACCUSING, REASONS, calibrated, interval, judge, words
from rostra.verdict.readings import Bounds, EdgeSaid, Mishap, Night, Promise, night
from rostra.verdict.thresholds import Thresholds

PLAIN = Thresholds()


def word(of: Night) -> str:
    found = judge(of, PLAIN, 1, 60)
    assert set(found.reasons) <= set(REASONS)
    return found.word


def test_the_plain_nights() -> None:
    assert word(evening(people=500)) == "NO HARM"
    assert word(evening(people=3000)) == "NOT READY"
    assert word(evening(people=800, attack=700, stalled=780)) == "ATTACK"
    down = (Mishap(subject="stage", from_s=100, until_s=200),)
    assert word(evening(people=800, stalled=800, mishaps=down)) == "FAULT"
    assert word(evening(people=3000, attack=900, stalled=800)) == "EITHER SUFFICED"


def table(*harmed: tuple[str, ...]) -> str | None:
    names = ("crowd", "attack", "retries", "fault")
    rows = [
        any(set(cause) <= {n for n, on in zip(names, s, strict=True) if on} for cause in harmed)
        for s in SUBSETS
    ]
    return words(np.array(rows, dtype=float)[:, None], 1.0)[0]


def test_the_truth_table() -> None:
    assert table() is None
    assert table(("attack",)) == "ATTACK"
    assert table(("crowd",)) == "NOT READY"
    assert table(("crowd", "retries")) == "NOT READY"
    assert table(("fault",)) == "FAULT"
    assert table(("crowd", "fault")) == "FAULT"
    assert table(("crowd", "attack")) == "BOTH NEEDED"
    assert table(("attack", "fault")) == "BOTH NEEDED"
    assert table(("attack",), ("crowd",)) == "EITHER SUFFICED"
    assert table(("attack",), ("fault",)) == "EITHER SUFFICED"


@settings(max_examples=25, deadline=None)
@given(
    st.integers(0, 6000), st.integers(0, 300), st.sampled_from([0.02, 0.1, 0.2]), st.integers(0, 9)
)
def test_a_crowd_is_never_accused(people: int, stalled: int, spread: float, seed: int) -> None:
    found = judge(evening(people=people, stalled=stalled, of=promise(spread)), PLAIN, seed, 40)
    assert found.word not in ACCUSING


def test_the_same_night_and_seed_give_the_same_verdict() -> None:
    one, other = (judge(evening(people=900, attack=200), PLAIN, 5, 40) for _ in range(2))
    assert one == other


def test_less_certainty_makes_no_word_much_surer() -> None:
    night_of = [
        evening(people=1300, attack=400, stalled=300, of=promise(s)) for s in (0.02, 0.1, 0.3, 0.5)
    ]
    sure = [judge(n, PLAIN, 1, 200) for n in night_of]
    said = [v.probability if v.word != "UNDETERMINED" else 0.0 for v in sure]
    assert all(b <= a + 0.05 for a, b in itertools.pairwise(said))


def test_without_a_certificate_it_says_so_and_is_not_surer() -> None:
    held = judge(evening(people=1200, attack=300, stalled=300), PLAIN, 1)
    none = judge(evening(people=1200, attack=300, stalled=300, of=promise(basis="none")), PLAIN, 1)
    assert "no_certificate" in none.reasons and "no_certificate" not in held.reasons
    assert none.word in ("UNDETERMINED", held.word)


def test_an_empty_night_is_not_called_quiet() -> None:
    found = judge(night(promise(), [], [], [], KERNEL), PLAIN, 1)
    assert found.word == "UNDETERMINED" and found.reasons == ("no_records",)


def test_a_missing_stretch_forbids_a_word() -> None:
    found = judge(evening(people=500, skip=range(100, 200)), PLAIN, 1, 40)
    assert found.word == "UNDETERMINED" and "missing_flips" in found.reasons


def test_harm_that_nothing_explains_is_not_explained() -> None:
    found = judge(evening(people=500, stalled=450), PLAIN, 1, 40)
    assert found.word == "UNDETERMINED" and "unexplained" in found.reasons


def test_weighted_interval_and_calibration() -> None:
    values, weight = np.arange(100.0), np.full(100, 0.01)
    assert interval(values, weight) == pytest.approx((50, 2, 97), abs=1)
    assert calibrated(0) == 0 and calibrated(0.3) <= calibrated(0.6) <= calibrated(1) <= 1


def test_two_silent_minutes_are_harm_however_long_the_night() -> None:
    down = (Mishap(subject="stage", from_s=100, until_s=220),)
    found = judge(evening(people=800, seconds=3 * 3600, mishaps=down), PLAIN, 1, 60)
    assert found.word == "FAULT" and found.harm > 1500


def test_awkward_nights_have_an_answer() -> None:
    assert word(evening(people=0)) == word(evening(seconds=1)) == "NO HARM"
    lowest = Promise(
        start_s=60, capacity=(Bounds(1000, 0, 1050),), joins_s=50, edges=("edge-0", "edge-1")
    )
    assert word(evening(people=3000, of=lowest)) not in ACCUSING


def test_edges_or_a_control_that_never_reported_forbid_a_word() -> None:
    names = tuple(f"edge-{e}" for e in range(4))
    half = Promise(start_s=60, capacity=promise().capacity, joins_s=50, edges=names)
    edges = judge(evening(people=3000, of=half), PLAIN, 1, 40)
    assert edges.word == "UNDETERMINED"
    assert {"missing_flips", "edge_silent"} <= set(edges.reasons)
    flood = [EdgeSaid(at_s=t, edge="edge-0", strata={"cd": (5, 500, 500)}) for t in range(100)]
    control = judge(night(promise(), flood, [], [], KERNEL), PLAIN, 1, 40)
    assert control.word == "UNDETERMINED" and "house_silent" in control.reasons
