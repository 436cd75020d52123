"""A few of the benchmark's nights: bounded, reproducible, and no crowd accused."""

from __future__ import annotations

from bench._verdict_nights import CROWD_ONLY, KINDS, answer, nights
from bench.verdict_nights import calibration_error, figures, judged

HARMED = {(c, a, f): False for c in (False, True) for a in (False, True) for f in (False, True)}


def test_the_words_of_the_sealed_truth() -> None:
    every = {(True, True, True): True}
    assert answer(HARMED) == "NO HARM"
    assert answer({**HARMED, **every}) == "BOTH NEEDED"
    alone = {**HARMED, **every, (False, True, False): True}
    assert answer(alone) == "ATTACK"
    own = {**HARMED, **every, (True, False, True): True}
    assert answer(own) == "FAULT"
    assert answer({**own, (True, False, False): True}) == "NOT READY"
    assert answer({**own, (False, True, False): True}) == "EITHER SUFFICED"


def test_a_seed_gives_the_same_nights_and_no_crowd_is_accused() -> None:
    count = len(KINDS)
    one, other = (nights(3, count, False) for _ in range(2))
    assert [n.truth for n in one] == [n.truth for n in other]
    assert one[1].edges == other[1].edges
    told = judged(3, 1, count, False)
    found = figures(told)
    assert found["accused"] == 0 and found["nights"] == count
    assert {s.kind for s, _ in told} >= CROWD_ONLY
    assert 0 <= calibration_error(told) <= 1
