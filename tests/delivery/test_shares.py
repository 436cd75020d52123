from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from rostra.delivery.shares import (
    BURST,
    FETCHED_EACH_S,
    FREE,
    REQUESTS_S,
    SHARES_MOST,
    Share,
    Shares,
)


@given(st.lists(st.tuples(st.floats(0, 60), st.integers(0, 400)), max_size=30))
def test_a_pass_never_gets_more_than_its_burst_and_its_rate(steps: list[tuple[float, int]]) -> None:
    share, now, served = Share("abc", b"l" * 8, 0.0), 0.0, 0
    for pause_s, asked in steps:
        now += pause_s
        share.refill(now)
        for _ in range(asked):
            if share.left >= 1:
                share.left -= 1
                served += 1
    assert served <= BURST + now * REQUESTS_S + 1e-6


def test_a_budget_grows_back_no_further_than_the_burst() -> None:
    share = Share("abc", b"l" * 8, 0.0)
    share.left = 0
    share.refill(1.0)
    assert share.left == REQUESTS_S
    share.refill(1000.0)
    assert share.left == BURST


def test_the_share_of_those_who_need_no_pass_never_ends() -> None:
    FREE.left -= 1
    assert FREE.left == float("inf")


def test_one_listener_of_one_event_has_one_share() -> None:
    shares = Shares()
    one = shares.of("abc", b"1" * 8, 0.0)
    assert shares.of("abc", b"1" * 8, 1.0) is one
    assert shares.of("abc", b"2" * 8, 1.0) is not one
    assert shares.of("xyz", b"1" * 8, 1.0) is not one


def test_memory_stays_bounded_and_who_is_connected_keeps_their_budget() -> None:
    shares = Shares()
    here = shares.of("abc", b"here" * 2, 0.0)
    here.connections = 1
    here.left = 5.0
    for number in range(2 * SHARES_MOST):
        shares.of("abc", number.to_bytes(8, "big"), 0.0)
    assert len(shares) <= SHARES_MOST
    assert shares.of("abc", b"here" * 2, 0.0) is here and here.left == 5.0


def test_that_a_pass_fetches_is_noted_now_and_then() -> None:
    share = Share("abc", b"l" * 8, 0.0)
    noted = [at for at in range(100) if share.fetches(float(at))]
    assert noted == [0, FETCHED_EACH_S, 2 * FETCHED_EACH_S, 3 * FETCHED_EACH_S]
