"""When a process starts again."""

from __future__ import annotations

from rostra.supervision.restarts import CALM_S, MOST_S, Restarts


def test_the_first_death_is_answered_at_once_and_later_ones_more_slowly() -> None:
    restarts = Restarts()
    waits = []
    for _ in range(12):
        restarts = restarts.died(lived_s=0.1)
        waits.append(restarts.wait_s)
    assert waits[0] == 0.05
    assert waits == sorted(waits)
    assert waits[-1] == MOST_S
    assert restarts.in_all == 12


def test_a_process_that_lived_long_has_a_quick_restart_again() -> None:
    restarts = Restarts()
    for _ in range(10):
        restarts = restarts.died(lived_s=0.1)
    restarts = restarts.died(lived_s=CALM_S)
    assert restarts.wait_s == 0.05
    assert restarts.in_all == 11
