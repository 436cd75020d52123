"""Bans: each step needs the one before to be ignored, each ban ends, the table is bounded."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from rostra.shield.bans import (
    BANS_MOST,
    FIRST_S,
    IGNORED_S,
    LONGEST_S,
    RANK,
    REPEATS_S,
    STEPS,
    Bans,
    by_neighbourhood,
    standing,
)
from rostra.shield.sources import Networks

BOT = bytes([203, 0, 113, 7])
DAY_S = 86_400


def source(number: int) -> bytes:
    return number.to_bytes(4)


def step(bans: Bans, of: bytes = BOT) -> str:
    ban = bans.find(of)
    return ban.step if ban else ""


def left_s(bans: Bans, now_s: int) -> float:
    ban = bans.find(BOT)
    assert ban is not None
    return ban.until_ms / 1000 - now_s


def ignore(bans: Bans, from_s: int, seconds: int, points: float = 100) -> int:
    """The bot is refused on in each of these seconds; when they are over."""
    for now_s in range(from_s, from_s + seconds):
        bans.ignored(BOT, points, now_s * 1000)
        bans.second(now_s * 1000)
    return from_s + seconds


def test_each_step_comes_only_after_the_one_before_was_ignored_for_seconds() -> None:
    bans = Bans(kernel=True)
    bans.ban(BOT, "overspent", 0)
    seen, now_s = [step(bans)], 0
    for _ in range(3):
        now_s = ignore(bans, now_s, IGNORED_S - 1)
        assert step(bans) == seen[-1]
        now_s = ignore(bans, now_s, 1)
        seen.append(step(bans))
    assert tuple(seen) == STEPS
    ignore(bans, now_s, 100)
    assert step(bans) == "kernel"


def test_a_source_that_obeys_is_only_refused_and_free_again_after_half_a_minute() -> None:
    bans = Bans()
    bans.ban(BOT, "overspent", 0)
    for now_s in range(FIRST_S):
        bans.second(now_s * 1000)
        assert step(bans) == "refuse"
    bans.second(FIRST_S * 1000)
    assert step(bans) == ""


def test_one_burst_is_not_ignoring() -> None:
    bans = Bans()
    bans.ban(BOT, "overspent", 0)
    ignore(bans, 0, 1, points=1e6)
    assert step(bans) == "refuse"
    for now_s in range(1, 20):
        bans.ignored(BOT, 0.5, now_s * 1000)
    assert step(bans) == "slow"
    slow = Bans()
    slow.ban(BOT, "overspent", 0)
    for now_s in range(1, 20):
        slow.ignored(BOT, 0.5, now_s * 1000)
    assert step(slow) == "refuse"


def test_without_the_kernel_dropping_is_the_last_step() -> None:
    bans = Bans(kernel=False)
    bans.ban(BOT, "overspent", 0)
    ignore(bans, 0, 100)
    assert step(bans) == "drop"


def test_it_doubles_with_each_repetition_up_to_an_hour_and_is_forgotten_after_another() -> None:
    bans, now_s, durations = Bans(), 0, []
    for _ in range(10):
        bans.ban(BOT, "overspent", now_s * 1000)
        durations.append(left_s(bans, now_s))
        now_s += round(durations[-1])
        bans.second(now_s * 1000)
        assert step(bans) == ""
    assert durations == [min(LONGEST_S, FIRST_S * 2**n) for n in range(10)]
    now_s += REPEATS_S
    bans.second(now_s * 1000)
    bans.ban(BOT, "overspent", now_s * 1000)
    assert left_s(bans, now_s) == FIRST_S


def test_what_is_ignored_to_the_end_goes_on_and_what_was_obeyed_at_last_ends() -> None:
    bans = Bans()
    bans.ban(BOT, "overspent", 0)
    for now_s in range(4 * LONGEST_S):
        if now_s % 3 == 0:
            bans.ignored(BOT, 50, now_s * 1000)
        bans.second(now_s * 1000)
        assert step(bans)
        assert left_s(bans, now_s) <= LONGEST_S
    for now_s in range(4 * LONGEST_S, 5 * LONGEST_S + 1):
        bans.second(now_s * 1000)
    assert step(bans) == ""


def test_a_source_with_listeners_is_taken_back_to_the_first_step_and_soon_let_go() -> None:
    bans = Bans(kernel=True)
    bans.ban(BOT, "overspent", 0)
    now_s = ignore(bans, 0, 30)
    assert step(bans) == "kernel"
    bans.spare(BOT, True, now_s * 1000)
    assert step(bans) == "refuse"
    assert left_s(bans, now_s) <= FIRST_S
    now_s = ignore(bans, now_s, 500)
    assert step(bans) == "refuse"
    assert left_s(bans, now_s) <= FIRST_S  # renewed, but never doubled
    bans.spare(BOT, False, now_s * 1000)
    ignore(bans, now_s, IGNORED_S)
    assert step(bans) == "slow"


def test_a_full_table_gives_up_the_lowest_step_and_of_these_what_ends_first() -> None:
    bans = Bans(most=3)
    bans.ban(BOT, "overspent", 0)
    ignore(bans, 0, IGNORED_S)
    for number in range(2):
        bans.ban(source(number), "garbage", 10_000 + number)
    bans.ban(source(2), "garbage", 20_000)
    assert [step(bans, one) for one in (BOT, source(0), source(1), source(2))] == [
        "slow",
        "",
        "refuse",
        "refuse",
    ]


def test_all_bans_are_told_in_one_order_and_once() -> None:
    bans = Bans()
    for number in (5, 3, 9, 3):
        bans.ban(source(number), "garbage", 0)
    assert [ban.source for ban in bans.all()] == [source(n) for n in (3, 5, 9)]
    assert len(bans) == 3
    assert bans.times(source(3)) == 1
    assert bans.times(BOT) == 0


def test_what_an_operator_lifts_was_never_banned() -> None:
    bans = Bans()
    bans.ban(BOT, "overspent", 0)
    bans.ban(source(1), "overspent", 0)
    assert bans.lift(Networks(("203.0.113.0/24",))) == [BOT]
    assert bans.lift(Networks(("203.0.113.0/24",))) == []
    bans.ban(BOT, "overspent", 0)
    assert left_s(bans, 0) == FIRST_S
    assert bans.clear() == 2
    assert len(bans) == 0
    bans.ban(BOT, "overspent", 0)
    assert left_s(bans, 0) == FIRST_S


def test_bans_that_are_over_do_not_stand_any_more() -> None:
    bans = Bans()
    bans.ban(BOT, "overspent", 0)
    bans.ban(source(1), "overspent", 10_000)
    assert [ban.source for ban in standing(bans.all(), FIRST_S * 1000)] == [source(1)]


def test_neighbourhoods_are_counted_by_24_and_48() -> None:
    six = bytes.fromhex("20010db8aaaa0001")
    counts = by_neighbourhood([BOT, bytes([203, 0, 113, 9]), six])
    assert counts == {BOT[:3]: 2, six[:6]: 1}


acts = st.lists(
    st.tuples(
        st.sampled_from(("ban", "ignored", "spare", "end", "second")),
        st.integers(0, 30),
        st.integers(0, 40),
    ),
    max_size=300,
)


@given(acts)
@settings(max_examples=100, deadline=None)
def test_whatever_comes_the_table_stays_bounded_and_every_ban_ends_within_an_hour(
    acts: list[tuple[str, int, int]],
) -> None:
    bans, now_ms, kernel = Bans(most=10), 0, RANK["drop"]
    for act, number, seconds in acts:
        now_ms += seconds * 1000
        one = source(number)
        before = RANK.get(step(bans, one), -1)
        match act:
            case "ban":
                bans.ban(one, "garbage", now_ms)
            case "ignored":
                bans.ignored(one, 30.0, now_ms)
            case "spare":
                bans.spare(one, number % 2 == 0, now_ms)
            case "end":
                bans.end(one)
            case _:
                bans.second(now_ms)
        assert len(bans) <= 10
        assert RANK.get(step(bans, one), -1) <= min(kernel, before + 1)
        assert all(ban.until_ms <= now_ms + LONGEST_S * 1000 for ban in bans.all())
    for _ in range(20):  # nobody is refused any more
        now_ms += LONGEST_S * 1000
        bans.second(now_ms)
    assert len(bans) == 0


def test_ever_more_sources_leave_as_many_bans_as_fit() -> None:
    bans = Bans()
    for number in range(20_000):
        bans.ban(source(number), "garbage", number)
        bans.ignored(source(number), 5, number)
    assert len(bans) == BANS_MOST
    assert step(bans, source(19_999)) == "refuse"
    bans.second(DAY_S * 1000)
    bans.second(2 * DAY_S * 1000)
    assert len(bans) == 0
