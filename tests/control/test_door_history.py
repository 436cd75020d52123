"""The points of the operator's plots."""

from __future__ import annotations

from rostra.control.door_history import KEPT_S, SHOWN_MOST, History, Point


def point(at: int) -> Point:
    return Point(
        at=str(at), waiting=0, inside=0, listening=0, low=0, high=0, admitted=-1, rung=0, pace=0,
        requests_s={}, refusals_s={}, busy=0, loop_lag_ms=0, egress_bit_s=0,
    )  # fmt: skip


def test_few_points_are_all_shown() -> None:
    history = History()
    for at in range(SHOWN_MOST):
        history.add(point(at))
    assert [int(row.at) for row in history.shown()] == list(range(SHOWN_MOST))


def test_many_points_are_thinned_the_newest_is_always_there_and_old_ones_go() -> None:
    history = History()
    for at in range(3 * KEPT_S + 1):
        history.add(point(at))
        assert len(history.shown()) <= SHOWN_MOST if at % 97 == 0 else True
    shown = [int(row.at) for row in history.shown()]
    assert shown[-1] == 3 * KEPT_S
    assert shown[0] in (2 * KEPT_S + 1, 2 * KEPT_S + 2)
    assert len(shown) <= SHOWN_MOST


def test_the_points_that_are_left_out_stay_the_same_from_second_to_second() -> None:
    history = History()
    for at in range(KEPT_S + 50):
        history.add(point(at))
    before = {int(row.at) for row in history.shown()[:-1]}
    history.add(point(KEPT_S + 50))
    after = {int(row.at) for row in history.shown()[:-1]}
    assert len(before ^ after) <= 3
