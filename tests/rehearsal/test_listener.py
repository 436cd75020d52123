from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.rehearsal.pretend import PAGE, House, Night, person

from rostra.rehearsal.histogram import count, quantile
from rostra.rehearsal.listener import Intent
from rostra.rehearsal.orders import Second

HOLD_BACK_S = {0: 3.05 * 0.512, 1: 3.05 * 1.024, 2: 3.05 * 4, 3: 3.05 * 6}
PIECE_S = {0: 0.512, 1: 1.024, 2: 4.096, 3: 6.144}


def silent(seconds: list[Second]) -> float:
    return sum(second.silent_s for second in seconds)


def stalls(seconds: list[Second]) -> int:
    return sum(second.stalls for second in seconds)


def intents(house: House, tab: int = 0) -> list[Intent]:
    return [ask.intent for _, number, ask in house.asked if number == tab]


@settings(max_examples=40, deadline=None)
@given(
    rung=st.integers(0, 3),
    at_s=st.floats(0.0, 20.0),
    rtt_ms=st.integers(1, 60),
    economy=st.booleans(),
)
def test_with_a_healthy_house_nobody_stalls_and_all_are_a_hold_back_behind(
    rung: int, at_s: float, rtt_ms: int, economy: bool
) -> None:
    house = House(rtt_ms / 1000)
    house.rungs = [(-1e9, rung)]
    night = Night(house)
    night.come([person(0, at_s, economy=economy)])
    seconds = night.run(at_s + 120)
    assert stalls(seconds) == 0
    assert silent(seconds) == 0.0
    assert HOLD_BACK_S[rung] - 0.1 <= seconds[-1].behind_s <= HOLD_BACK_S[rung] + PIECE_S[rung] + 1
    assert sum(second.joined for second in seconds) == 1
    assert quantile(next(s.join for s in seconds if s.joined), 1) < rtt_ms * 20 + 50
    heard = sum(second.heard_s for second in seconds)
    assert heard == pytest.approx(120, abs=2.5)
    assert {n: c for s in seconds for n, c in s.failures.items()} == {}
    assert seconds[-1].rungs == {rung: 1}


@settings(max_examples=40, deadline=None)
@given(rung=st.integers(0, 3), stop_at=st.floats(40.0, 60.0), stopped_s=st.floats(0.0, 15.0))
def test_a_stop_is_heard_as_far_as_the_buffer_does_not_bridge_it(
    rung: int, stop_at: float, stopped_s: float
) -> None:
    house = House()
    house.rungs = [(-1e9, rung)]
    house.stops = [(stop_at, stop_at + stopped_s)]
    night = Night(house)
    night.come([person()])
    before = night.run(int(stop_at))[-1]
    seconds = night.run(120)
    # What was in the buffer: from what is heard to the end of the newest piece that had arrived.
    heard_at = stop_at - before.behind_s
    newest = max(
        end_of(ask.path)
        for when, _, ask, status in house.statuses
        if ask.intent in {Intent.PART, Intent.SEGMENT} and status == 200 and when < stop_at
    )
    unbridged = max(0.0, stopped_s - (newest - heard_at))
    assert silent(seconds) == pytest.approx(unbridged, abs=0.08)
    assert (stalls(seconds) > 0) == (silent(seconds) > 0)
    assert seconds[-1].stalled == 0


def end_of(path: str) -> float:
    """When (on the run's clock) the sound of a media file ends."""
    from tests.rehearsal.pretend import LIVE_AT, PART_S, SEGMENT_S

    *_, cut, name = path.split("/")
    rung, (msn, _, part) = int(cut[1]), name.removesuffix(".m4s").partition(".")
    begun = LIVE_AT + int(msn) * SEGMENT_S[rung]
    return begun + ((int(part) + 1) * PART_S[rung] if part else SEGMENT_S[rung])


@settings(max_examples=30, deadline=None)
@given(first=st.integers(0, 3), second=st.integers(0, 3), at_s=st.floats(30.0, 34.0))
def test_after_a_change_of_rung_the_sound_goes_on_without_a_gap(
    first: int, second: int, at_s: float
) -> None:
    house = House()
    house.rungs = [(-1e9, first), (at_s, second)]
    night = Night(house)
    night.come([person(0)])
    seconds = night.run(100)
    assert stalls(seconds) == 0
    assert seconds[-1].rungs == {second: 1}
    assert seconds[-1].playing == 1
    late = seconds[-1].behind_s
    least = HOLD_BACK_S[second] if second < 2 else 2 * round(PIECE_S[second])
    assert least - 0.1 <= late <= HOLD_BACK_S[second] + 2 * PIECE_S[second] + 1


@settings(max_examples=40, deadline=None)
@given(
    fault=st.sampled_from(["refuses", "errs", "stops"]),
    begin=st.floats(1.0, 40.0),
    lasts_s=st.floats(5.0, 60.0),
    status=st.sampled_from([500, 503, 404, 429]),
    retry=st.one_of(st.none(), st.floats(1.0, 20.0)),
)
def test_nothing_is_asked_again_faster_than_the_law(
    fault: str, begin: float, lasts_s: float, status: int, retry: float | None
) -> None:
    house = House()
    during = (begin, begin + lasts_s)
    if fault == "errs":
        house.errs = [(*during, status, retry)]
    else:
        getattr(house, fault).append(during)
    night = Night(house)
    night.come([person(number, 0.3 * number) for number in range(5)])
    seconds = night.run(150)
    for tab in range(5):
        asked = [(at, ask) for at, number, ask in house.asked if number == tab]
        for group, least in (
            ({Intent.STATE}, 1.0),
            ({Intent.TICKET, Intent.PASS, Intent.RENEW}, 1.0),
            ({Intent.PAGE, Intent.ASSET}, 1.0),
            ({Intent.PLAYLIST, Intent.PART, Intent.SEGMENT, Intent.INIT}, 0.3),
        ):
            least = max(least, retry or 0.0) if fault == "errs" and least == 1.0 else least
            times = [at for at, ask in asked if ask.intent in group and begin < at < during[1]]
            failed = times[1:] if fault == "refuses" else times
            for one, other in pairwise(failed):
                if fault != "stops":
                    assert other - one >= least - 0.01, (group, failed)
    assert seconds[-1].stalled == 0
    assert seconds[-1].playing == 5, "all come back by themselves"


def test_a_listener_asks_for_the_page_its_files_and_the_door_before_the_sound() -> None:
    house = House()
    night = Night(house)
    night.come([person()])
    night.run(3)
    assert intents(house)[:9] == [
        Intent.PAGE, Intent.ASSET, Intent.ASSET, Intent.STATE, Intent.TICKET, Intent.PASS,
        Intent.PLAYLIST, Intent.INIT, Intent.PART,
    ]  # fmt: skip
    asks = [ask for _, _, ask in house.asked]
    assert [ask.path for ask in asks[:3]] == [
        PAGE, "/assets/event-a.js", "/assets/hls.light-b.js",
    ]  # fmt: skip
    assert [ask.intent for ask in asks if ask.rehearsal] == [Intent.TICKET]
    assert asks[5].bearer == f"ticket {2**32}"
    assert asks[6].bearer.startswith("pass ")
    held = [ask for ask in asks if ask.held]
    assert held and all("_HLS_msn=" in ask.path and "_HLS_part=" in ask.path for ask in held)


def test_a_pass_is_renewed_each_minute_with_a_new_nonce_and_a_hold_delays_it_little() -> None:
    house = House()
    night = Night(house)
    night.come([person()])
    night.run(400)
    passes = [at for at, _, ask in house.asked if ask.intent in {Intent.PASS, Intent.RENEW}]
    gaps = [b - a for a, b in pairwise(passes)]
    assert len(gaps) >= 5
    assert all(54 <= gap <= 66 + 1 for gap in gaps)
    assert len(house.nonces) == len(gaps) == len(set(house.nonces))


def test_two_tabs_share_a_place_and_only_the_last_says_goodbye() -> None:
    house = House()
    night = Night(house)
    night.come([person(tabs=2, stay_s=60)])
    seconds = night.run(40)
    assert seconds[-1].playing == 2
    assert seconds[-1].here == 1
    doors = [ask.intent for _, _, ask in house.asked if ask.method == "POST"]
    assert doors == [Intent.TICKET, Intent.PASS]
    seconds = night.run(70)
    doors = [ask.intent for _, _, ask in house.asked if ask.method == "POST"]
    assert doors.count(Intent.LEAVE) == 1
    assert (seconds[-1].here, seconds[-1].playing, seconds[-1].stalled) == (0, 0, 0)
    assert all(listener.gone for listener in night.listeners)


def test_who_leaves_silently_says_nothing() -> None:
    house = House()
    night = Night(house)
    night.come([person(stay_s=30, silent=True)])
    seconds = night.run(40)
    assert Intent.LEAVE not in intents(house)
    assert night.listeners[0].gone
    assert sum(second.left for second in seconds) == 1


def test_a_full_house_is_asked_again_and_is_no_failure() -> None:
    house = House()
    house.full_until = 30.0
    night = Night(house)
    night.come([person()])
    seconds = night.run(60)
    asked = [at for at, _, ask in house.asked if ask.intent is Intent.PASS]
    assert 10 < len(asked) < 31
    assert seconds[20].waiting == 1
    assert seconds[-1].waiting == 0
    assert all(not second.failures for second in seconds)
    assert sum(count(second.join) for second in seconds) == 0, "the line made them wait"
    assert sum(count(second.admit) for second in seconds) == 1
    assert sum(second.joined for second in seconds) == 1


def test_who_is_never_let_in_gives_up() -> None:
    house = House()
    house.admitted = -1
    night = Night(house)
    night.come([person(patience_s=45.0), person(1, stay_s=50.0)])
    seconds = night.run(60)
    assert sum(second.gave_up for second in seconds) == 2
    assert seconds[-1].here == seconds[-1].waiting == 0
    assert intents(house).count(Intent.TICKET) == 2, "a beat each half minute"


def test_who_waits_before_the_doors_comes_in_when_they_open() -> None:
    house = House()
    house.phase = [(-1e9, "scheduled"), (20.0, "live")]
    night = Night(house)
    night.come([person(number) for number in range(20)])
    seconds = night.run(60)
    assert seconds[15].waiting == 20
    assert seconds[-1].playing == 20
    assert sum(count(second.join) for second in seconds) == 0


def test_a_lost_network_is_silence_and_then_the_sound_comes_back() -> None:
    house = House()
    night = Night(house)
    night.come([person(drop_after_s=30.0, dropped_s=10.0)])
    seconds = night.run(80)
    away = [at for at, _, _ in house.asked if 31.2 < at < 40.5]
    assert away == []
    assert 7.0 < silent(seconds) < 14.0
    assert seconds[-1].stalled == 0


def test_a_dead_packager_is_silence_for_everyone_and_not_a_storm() -> None:
    house = House()
    house.dead = (30.0, 90.0)
    night = Night(house)
    night.come([person()])
    seconds = night.run(89)
    assert seconds[-1].stalled == 1
    lists = [(at, ask) for at, _, ask in house.asked if at > 31 and ask.intent is Intent.PLAYLIST]
    assert 3 < len(lists) < 15
    assert night.run(120)[-1].stalled == 0
    assert silent(seconds) == pytest.approx(59 - 2, abs=2)


def test_an_ended_event_is_no_stall() -> None:
    house = House()
    house.phase = [(-1e9, "live"), (30.0, "ended")]
    night = Night(house)
    night.come([person()])
    seconds = night.run(60)
    assert seconds[-1].playing == seconds[-1].stalled == 0
    assert stalls(seconds) == 0


def test_leaving_while_a_request_is_held_waits_for_its_answer() -> None:
    house = House()
    night = Night(house)
    night.come([person()])
    night.run(10)
    assert night.listeners[0].leave(10.0) is None
    night.run(14)
    assert night.listeners[0].gone
    assert intents(house)[-1] is Intent.LEAVE


def test_who_is_sent_away_before_they_came_never_comes() -> None:
    night = Night(House())
    night.come([person(at_s=20.0)])
    night.run(5)
    assert night.listeners[0].leave(5.0) is None
    assert night.listeners[0].gone
    assert sum(second.came + second.left for second in night.run(30)) == 0


def test_a_storm_of_lost_connections_is_over_in_seconds() -> None:
    house = House()
    night = Night(house)
    night.come([person(number, 0.01 * number) for number in range(50)])
    night.run(30)
    for number, listener in enumerate(night.listeners):
        listener.lost("dropped", 30.0)
        night.replan(number)
    seconds = night.run(60)
    assert sum(second.failures.get("dropped", 0) for second in seconds) > 20
    assert max(second.stalled for second in seconds) < 50
    assert seconds[40].stalled == 0
    lists = [at for at, _, ask in house.asked if ask.intent is Intent.PLAYLIST and at > 30]
    spread = [int(10 * at) for at in lists if 30.4 < at < 31.1]
    assert len(set(spread)) > 3, "they do not all come back in one moment"


def test_what_the_door_wants_solved_is_solved_once_for_all_tabs_and_then_heard() -> None:
    house = House()
    house.solving_s = 0.7
    night = Night(house)
    night.come([person(0, 1.0, tabs=2)])
    seconds = night.run(30)
    tickets = [ask for _, _, ask in house.asked if ask.intent is Intent.TICKET]
    assert [ask.proof for ask in tickets[:2]] == ["", "PROOF"]
    assert all(ask.bearer and not ask.proof for ask in tickets[2:])
    assert sum(second.joined for second in seconds) == 1 and stalls(seconds) == 0
    assert seconds[-1].playing == 2
    failures = {code: n for second in seconds for code, n in second.failures.items()}
    assert failures == {"challenge_required": 1}
    joined_ms = quantile(next(s.join for s in seconds if s.joined), 1)
    assert 700 <= joined_ms < 2000


def test_a_challenge_that_nobody_solves_is_asked_for_anew_a_minute_later() -> None:
    house = House()
    house.solving_s = 1e6
    night = Night(house)
    night.come([person(0, 1.0)])
    night.run(130)
    asked = [at for at, _, ask in house.asked if ask.intent is Intent.TICKET]
    assert [round(at / 60) for at in asked] == [0, 1, 2]
