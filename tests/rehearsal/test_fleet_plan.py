"""Fleet plans: what a larger crowd takes, and how far that is to be believed."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.rehearsal.certificates import certificate, found, step

from rostra.ground.refusals import Refusal
from rostra.rehearsal import plan_table
from rostra.rehearsal.fleet_plan import Assumptions, Plan, Prices, plan, trust


def planned(listeners: int, rung: int = 1, **more: object) -> Plan:
    made = plan(certificate(), listeners, rung, **more)  # type: ignore[arg-type]
    assert isinstance(made, Plan)
    return made


def refused(made: Plan | Refusal) -> str:
    assert isinstance(made, Refusal)
    return made.code


def test_a_plan_is_cost_times_listeners_with_the_interval_of_the_cost() -> None:
    made = planned(1_000_000)
    assert made.cores.value == pytest.approx(35.1)
    assert made.cores.low < made.cores.value < made.cores.high
    assert made.egress_bit_s == pytest.approx(1e6 * 10_900 * 8 * 1.1)
    assert made.egress_gb == pytest.approx(1e6 * 10_900 * 1.1 * 7_200 / 1e9)
    assert made.requests_s == pytest.approx(1.95e6)


def test_machines_are_as_many_as_the_tightest_limit_asks_with_some_to_spare() -> None:
    made = planned(1_000_000)
    assert made.machines.bound_by == "certificate"
    assert made.machines.count == math.ceil(math.ceil(1_000_000 / 10_800) * 1.25)
    slow = planned(1_000_000, assumptions=Assumptions(link_bit_s=100e6, spare=0.0))
    assert slow.machines.bound_by == "link"
    assert slow.machines.each == int(100e6 / (10_900 * 8 * 1.1))
    assert slow.machines.count == math.ceil(1_000_000 / slow.machines.each)


def test_a_cache_takes_the_media_but_never_the_door() -> None:
    made = planned(8_000_000)
    assert made.cached is not None
    assert made.cached.media_s == pytest.approx(1.95 * 3 * 50)
    assert made.cached.door_s == pytest.approx(8e6 / 60)
    assert made.cached.busy > 1
    assert "one origin does not carry that" in " ".join(plan_table.words([made]))


def test_a_small_crowd_behind_many_caches_asks_no_more_than_it_would_without() -> None:
    made = planned(10)
    assert made.cached is not None
    assert made.cached.media_s == pytest.approx(10 * 1.95)


def test_cost_is_reckoned_from_the_given_prices_only() -> None:
    assert planned(100_000).machines.cost is None
    prices = Prices(machine_hour=0.5, egress_gb=0.02, cache_gb=0.01, currency="EUR")
    made = planned(100_000, prices=prices)
    assert made.machines.cost == pytest.approx(made.machines.count + 0.02 * made.egress_gb)
    assert made.cached is not None
    assert made.cached.cost == pytest.approx(1.0 + 0.01 * made.egress_gb)


def test_trust_ends_where_the_factor_says() -> None:
    assert [trust(factor) for factor in (0.5, 1, 1.5, 2, 2.1, 10, 10.1)] == [
        "seen", "seen", "plausible", "plausible", "doubtful", "doubtful", "guess",
    ]  # fmt: skip
    made = planned(24_001)
    assert (made.factor, made.trust) == (24_001 / 12_000, "doubtful")
    assert made.trusted_to == {"seen": 12_000, "plausible": 24_000, "doubtful": 120_000}


def test_a_rung_that_was_not_carried_costs_as_the_next_dearer_one_and_says_so() -> None:
    made = plan(certificate(rungs=(found(0, 6_000, 8_000, 5_400),)), 50_000, 2)
    assert isinstance(made, Plan)
    assert made.measured_rung == 0
    assert "Rung 2 was not carried" in " ".join(plan_table.words([made]))


def test_what_has_no_answer_is_refused() -> None:
    assert refused(plan(certificate(void="every step was void"), 1_000, 0)) == "plan_void"
    only = certificate(rungs=(found(2, 16_000, None, 16_000),))
    assert refused(plan(only, 1_000, 1)) == "plan_rung"
    for listeners, rung in ((0, 0), (-1, 0), (10**10, 0), (10, 4), (10, -1)):
        assert refused(plan(certificate(), listeners, rung)) == "plan_wrong"
    assert refused(plan(certificate(), 10, 0, Prices(egress_gb=-1))) == "plan_wrong"
    for wrong in ({"utilisation": 0}, {"spare": -0.1}, {"caches": 0}, {"wire": 0.5}):
        made = plan(certificate(), 10, 0, None, Assumptions(**wrong))
        assert refused(made) == "plan_wrong"


def test_a_plan_without_requests_has_no_origin_and_the_table_says_unknown() -> None:
    made = plan(certificate(steps=(step(0, 6_000, carried=False),)), 1_000, 0)
    assert isinstance(made, Plan)
    assert made.cached is None
    rows = dict(plan_table.rows([made]))
    assert rows["requests a second"] == ["?"]
    assert rows["to be trusted"] == ["seen in rehearsal"]


@given(st.integers(1, 10**9), st.integers(0, 3))
def test_more_listeners_never_take_less(listeners: int, rung: int) -> None:
    few, many = planned(max(1, listeners // 2), rung), planned(listeners, rung)
    assert few.machines.count <= many.machines.count
    assert few.cores.value <= many.cores.value
    assert few.factor <= many.factor
    assert many.machines.count * many.machines.each >= listeners
    assert all(len(cells) == 2 for _, cells in plan_table.rows([few, many]))
