from __future__ import annotations

import random

from hypothesis import given
from hypothesis import strategies as st

from rostra.rehearsal.law import backoff_s, engine_retry_s, obeyed_s, player_again_s, spread_s


@given(st.integers(0, 10_000), st.integers())
def test_back_off_doubles_up_to_its_cap(attempt: int, seed: int) -> None:
    wait_s = backoff_s(attempt, random.Random(seed), 1.0, 30.0)
    assert 1.0 <= wait_s <= min(30.0, 2.0 ** min(attempt + 1, 40))


@given(st.floats(0.1, 1e4), st.integers())
def test_intervals_spread_by_a_fifth_and_orders_are_never_undercut(s: float, seed: int) -> None:
    assert 0.8 * s <= spread_s(s, random.Random(seed)) <= 1.2 * s
    assert min(s, 600.0) <= obeyed_s(s, random.Random(seed)) <= 1.4 * min(s, 600.0)


def test_who_is_told_nothing_obeys_nothing() -> None:
    assert obeyed_s(None, random.Random(1)) == 0.0


def test_the_engine_doubles_its_own_delay() -> None:
    assert [engine_retry_s(1.0, tries) for tries in range(5)] == [1.0, 2.0, 4.0, 8.0, 8.0]


@given(st.integers(0, 20))
def test_players_that_lose_a_server_together_come_back_over_a_second_at_least(attempt: int) -> None:
    waits = [player_again_s(attempt, random.Random(seed)) for seed in range(400)]
    assert min(waits) >= 0.5 and max(waits) <= 8.0
    assert max(waits) - min(waits) > 0.95
