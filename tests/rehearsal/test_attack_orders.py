"""What several attackers told is one report, and one attack is shared among them without rest."""

from __future__ import annotations

from itertools import pairwise

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rostra.rehearsal.attack_orders import (
    AttackOrders,
    AttackReport,
    AttackSecond,
    Tally,
    shared,
    together,
    total,
)

ORDERS = AttackOrders(
    run="r",
    generator="",
    origin="http://127.0.0.1:1",
    page="/e/x",
    profiles=("mimic",),
    lasts_s=3,
    requests_s=1000,
    connections=90,
    sources=1000,
)


def second(at_s: float, name: str, **told: int) -> AttackSecond:
    tally = Tally(due=10, sent=8, held=2, answers={200: 3, 429: 4, 403: 1}, **told)
    return AttackSecond(at_s=at_s, each={name: tally}, open={name: 7}, cpu_fraction=0.5, late_ms=1)


def test_refused_and_served_are_told_apart() -> None:
    tally = Tally(answers={200: 3, 304: 1, 403: 5, 404: 2, 429: 7, 503: 9})
    assert (tally.answered, tally.served, tally.refused) == (27, 4, 23)


def test_a_sum_has_every_number_of_its_parts() -> None:
    names = [name for name in Tally.__struct_fields__ if name != "answers"]
    one = Tally(answers={200: 1, 429: 2}, **dict.fromkeys(names, 3))
    whole = total([one, one, Tally(answers={429: 1})])
    assert whole.answers == {200: 2, 429: 5}
    assert all(getattr(whole, name) == 6 for name in names)


def test_reports_of_two_processes_are_one() -> None:
    first = AttackReport(
        why="done", seconds=(second(1, "mimic"), second(2, "mimic")), connections=5, sources=10
    )
    other = AttackReport(
        why="withdrawn",
        seconds=(second(1.01, "slowloris", dropped=1),),
        connections=6,
        sources=10,
        without=("pass",),
    )
    whole = together([first, other])
    assert (whole.why, whole.connections, whole.sources) == ("withdrawn", 11, 20)
    assert [len(one.each) for one in whole.seconds] == [2, 1]
    assert whole.seconds[0].open == {"mimic": 7, "slowloris": 7}
    assert whole.seconds[0].cpu_fraction == 1.0
    assert whole.all.due == 30 and whole.each["slowloris"].dropped == 1
    assert whole.without == ("pass",)


@given(st.integers(1, 16), st.integers(16, 5000), st.integers(16, 5000))
def test_shares_are_together_no_more_than_the_whole(
    processes: int, connections: int, sources: int
) -> None:
    whole = msgspec.structs.replace(ORDERS, connections=connections, sources=sources)
    each = shared(whole, processes)
    assert sum(part.requests_s for part in each) == pytest.approx(whole.requests_s)
    assert sum(part.connections for part in each) <= connections
    ends = [(part.first_source, part.first_source + part.sources) for part in each]
    assert all(end <= begin for (_, end), (begin, _) in pairwise(ends))
    assert ends[-1][1] <= sources
    assert len({part.seed for part in each}) == processes


def test_what_is_told_survives_the_wire() -> None:
    told = second(1, "mimic", slow=3)
    raw = msgspec.json.encode(told)
    assert msgspec.json.decode(raw, type=AttackSecond | AttackReport) == told
