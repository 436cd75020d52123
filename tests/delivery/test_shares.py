from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from rostra.delivery.shares import (
    BURST,
    FETCHED_EACH_S,
    MARKED_AFTER,
    RATES_S,
    SHARES_MOST,
    TICKET_BURST,
    TICKET_REQUESTS_S,
    Share,
    Shares,
    unpaid,
)


def with_a_pass() -> Share:
    share = Share("abc", b"l" * 8, 0.0)
    share.promote(RATES_S[0])
    return share


@given(st.lists(st.tuples(st.floats(0, 60), st.integers(0, 400)), max_size=30))
def test_a_pass_never_gets_more_than_its_burst_and_its_rate(steps: list[tuple[float, int]]) -> None:
    share, now, served = with_a_pass(), 0.0, 0
    for pause_s, asked in steps:
        now += pause_s
        share.refill(now)
        for _ in range(asked):
            if share.left >= 1:
                share.left -= 1
                served += 1
    assert served <= BURST + now * RATES_S[0] + 1e-6


def test_a_budget_grows_back_no_further_than_the_burst() -> None:
    share = with_a_pass()
    share.left = 0
    share.refill(1.0)
    assert share.left == RATES_S[0]
    share.refill(1000.0)
    assert share.left == BURST


def test_what_nobody_pays_for_never_ends() -> None:
    share = unpaid()
    share.left -= 1
    assert share.left == float("inf")


def test_who_waits_with_a_ticket_has_less_until_a_pass_is_shown() -> None:
    share = Share("abc", b"l" * 8, 0.0)
    assert share.left == TICKET_BURST
    share.left -= 10
    share.promote(RATES_S[0])
    assert share.left == BURST - 10
    share.left = 0
    share.promote(RATES_S[0])  # once
    share.refill(1.0)
    assert share.left == RATES_S[0] > TICKET_REQUESTS_S


def test_who_is_forgotten_is_told_of() -> None:
    gone: list[Share] = []
    shares = Shares(gone.append)
    one = shares.of("abc", b"1" * 8, 0.0)
    here = shares.of("abc", b"2" * 8, 0.0)
    here.connections = 1
    shares.second_passed(1000.0)
    assert gone == [one] and len(shares) == 1


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


def test_a_pass_that_is_overused_for_half_a_minute_is_marked_once() -> None:
    share = Share("abc", b"l" * 8, 0.0)
    told = [at for at in range(10 * (MARKED_AFTER - 1)) if share.overuses(at / 10)]
    assert told == [], "a second counts once"
    told = [at for at in range(100, 200) if share.overuses(float(at))]
    assert len(told) == 1


def test_a_pass_needs_what_its_rung_needs() -> None:
    shares = Shares()
    share, other = shares.of("abc", b"1" * 8, 0.0), shares.of("xyz", b"1" * 8, 0.0)
    waiting = shares.of("abc", b"2" * 8, 0.0)
    for one in (share, other):
        shares.promote(one)
    share.left = 0.0
    shares.moved("abc", 2, 1.0)
    assert share.left == RATES_S[0], "what was earned until then is theirs"
    share.refill(2.0)
    assert share.left == RATES_S[0] + RATES_S[2]
    assert other.rate_s == RATES_S[0] and waiting.rate_s == TICKET_REQUESTS_S
    shares.promote(waiting)
    assert waiting.rate_s == RATES_S[2]
    shares.moved("abc", 5, 3.0)
    assert share.rate_s == RATES_S[-1]
