"""What an attack did, from seconds and a report made by hand."""

from __future__ import annotations

import msgspec

from rostra.rehearsal.attack_found import attack_found, crowd_for, requests_for
from rostra.rehearsal.attack_orders import AttackReport, AttackSecond, Tally
from rostra.rehearsal.findings import Step
from rostra.rehearsal.orders import Second

STEP = Step(
    rung=1, listeners=100, seconds=20, carried=True, stalled_share=0.01, join_p99_s=2.0, joined=9,
    failures={"status_429": 2},
)  # fmt: skip
TALLY = Tally(due=100, sent=90, held=10, answers={200: 20, 403: 30, 429: 25}, dropped=8, lost=7)
REPORT = AttackReport(
    why="done",
    seconds=(
        AttackSecond(at_s=1, each={"mimic": TALLY}, open={"mimic": 3}, cpu_fraction=0.4, late_ms=0),
    ),
    connections=10,
    sources=9,
)


def seconds(stalled: dict[int, int]) -> list[Second]:
    return [
        Second(
            at_s=n, here=100, playing=100, stalled=stalled.get(n, 0),
            requests={"part": 50, "playlist": 150},
        )
        for n in range(-4, 20)
    ]  # fmt: skip


def test_what_became_of_its_requests_is_told_beside_what_was_heard() -> None:
    found = attack_found("mimic", REPORT, seconds({2: 40, 5: 3}), 0.0, STEP)
    assert (found.due, found.served, found.refused, found.held, found.dropped) == (
        100, 20, 55, 10, 15,
    )  # fmt: skip
    assert (found.open, found.cpu, found.sources, found.connections) == (3, 0.4, 9, 10)
    assert (found.stalled_share, found.join_p99_s, found.joined) == (0.01, 2.0, 9)
    assert found.requests_s == 200 and found.failures == {"status_429": 2}
    assert found.relief_s == 5.0 and not found.honest and found.why == ""


def test_an_attack_that_silences_to_the_end_has_no_relief() -> None:
    found = attack_found("mimic", REPORT, seconds(dict.fromkeys(range(3, 20), 30)), 0.0, STEP)
    assert found.relief_s is None


def test_a_storm_of_our_own_listeners_has_no_attackers_and_is_honest() -> None:
    found = attack_found("retry_storm", None, seconds({}), 0.0, STEP)
    assert found.honest and found.due == found.open == 0 and found.relief_s == 0.0


def test_what_ended_it_early_is_said() -> None:
    report = msgspec.structs.replace(REPORT, why="withdrawn")
    assert attack_found("mimic", report, seconds({}), 0.0, STEP).why == "withdrawn"


def test_the_crowd_is_three_fifths_of_what_is_certified_unless_it_is_wished_otherwise() -> None:
    assert crowd_for(0, 5000, 20_000) == 3000
    assert crowd_for(700, 5000, 20_000) == 700
    assert crowd_for(0, 5000, 800) == 800
    assert crowd_for(0, 0, 20_000) == 300


def test_the_attack_is_ten_times_the_crowd_unless_it_is_wished_otherwise() -> None:
    assert requests_for(0, 10, 600, 50_000) == 6000
    assert requests_for(0, 10, 60_000, 50_000) == 50_000
    assert requests_for(123, 10, 600, 50_000) == 123
