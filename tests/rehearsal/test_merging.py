from __future__ import annotations

from rostra.rehearsal.merging import merge
from rostra.rehearsal.orders import Histogram, Second

ONE = Second(
    at_s=3,
    here=10,
    playing=8,
    stalled=2,
    behind_s=2.0,
    heard_s=6.5,
    requests={"part": 5},
    failures={"reset": 1},
    join=Histogram(buckets={3: 1}),
    rungs={0: 8},
    cpu_fraction=0.4,
    loop_lag_ms=3,
)
OTHER = Second(
    at_s=3,
    here=4,
    playing=2,
    behind_s=5.0,
    heard_s=2.0,
    requests={"part": 1, "state": 2},
    join=Histogram(buckets={3: 2, 7: 1}),
    rungs={0: 1, 1: 1},
    cpu_fraction=0.9,
    loop_lag_ms=1,
)


def test_counts_are_added_and_the_worst_generator_shows() -> None:
    whole = merge(3, [ONE, OTHER])
    assert (whole.here, whole.playing, whole.stalled, whole.heard_s) == (14, 10, 2, 8.5)
    assert whole.requests == {"part": 6, "state": 2} and whole.failures == {"reset": 1}
    assert whole.join.buckets == {3: 3, 7: 1} and whole.rungs == {0: 9, 1: 1}
    assert (whole.cpu_fraction, whole.loop_lag_ms) == (0.9, 3)


def test_how_far_behind_is_the_mean_of_those_who_hear() -> None:
    assert merge(3, [ONE, OTHER]).behind_s == (6 * 2.0 + 2 * 5.0) / 8
    assert merge(3, []).behind_s == 0.0


def test_merging_leaves_the_generators_seconds_alone() -> None:
    merge(3, [ONE, OTHER])
    assert ONE.requests == {"part": 5} and ONE.join.buckets == {3: 1}
