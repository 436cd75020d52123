"""A few of the benchmark's nights: bounded, reproducible, and no crowd accused."""

from __future__ import annotations

from bench._verdict_nights import CROWD_ONLY, KINDS, VARIANTS, answer, nights
from bench.verdict_nights import calibration_error, figures, judged

EVERY, THEIRS, OWN, CROWD = (
    (True, True, True),
    (False, True, False),
    (True, False, True),
    (True, False, False),
)


def word(*harmed: tuple[bool, ...]) -> str:
    return answer({v: v in harmed for v in VARIANTS})


def test_the_words_of_the_sealed_truth() -> None:
    assert word() == "NO HARM"
    assert word(EVERY) == "BOTH NEEDED"
    assert word(EVERY, THEIRS) == "ATTACK"
    assert word(EVERY, OWN) == "FAULT"
    assert word(EVERY, OWN, CROWD) == "NOT READY"
    assert word(EVERY, OWN, THEIRS) == "EITHER SUFFICED"


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
