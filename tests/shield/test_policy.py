"""The policy: crowds of any shape are left alone, floods are not, and everything is bounded."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.shield.scenes import Scene, source

from rostra.ground.facts import ShieldSet
from rostra.ground.refusals import Refused
from rostra.ground.shield_values import ShieldTally, SourceTally
from rostra.shield.bans import BANS_MOST
from rostra.shield.orders import Orders
from rostra.shield.policy import HISTORY_S, WORST, EdgeSeen, Policy, PolicySettings, Seen
from rostra.shield.pressure import CAPACITY_S
from rostra.shield.suspects import SUSPECTS_MOST

NAT = bytes([198, 51, 100, 1])
BOT = bytes([203, 0, 113, 7])


def second(
    policy: Policy,
    at_s: int,
    *worst: SourceTally,
    spent: float = 0.0,
    explained: float = 0.0,
    vouched: int = 0,
    acts: dict[str, int] | None = None,
) -> ShieldSet:
    """One second of one edge."""
    tally = ShieldTally(
        accounts=len(worst), worst=worst, spent=spent, explained=explained, vouched=vouched,
        acts=acts or {},
    )  # fmt: skip
    return policy.second(Seen(edges=(EdgeSeen(edge="edge-0", tally=tally),)), at_s * 1000)


def bad(
    where: bytes = BOT, refused: int = 100, vouched: int = 0, code: str = "source_spent"
) -> SourceTally:
    return SourceTally(
        source=where, refused={code: refused}, spent=float(refused), connections=9, vouched=vouched
    )


def attacked(policy: Policy, seconds: int, *worst: SourceTally, from_s: int = 1) -> ShieldSet:
    fact = ShieldSet(at_ms=0)
    for at_s in range(from_s, from_s + seconds):
        fact = second(policy, at_s, *worst, spent=CAPACITY_S)
    return fact


def step(policy: Policy, where: str = "203.0.113.7") -> str:
    return next((ban.step for ban in policy.status().bans if ban.source == where), "")


# --- a crowd ----------------------------------------------------------------------------------


@given(
    arrivals=st.lists(st.integers(0, 120), min_size=1, max_size=12),
    delays=st.lists(st.integers(0, 2), min_size=1, max_size=6),
    edges=st.integers(1, 4),
    per_source=st.sampled_from([1, 3, 50, 5000]),
    busy=st.sampled_from([0.2, 1.0]),
    lag_ms=st.sampled_from([1.0, 400.0, 3000.0]),
)
@settings(max_examples=25, deadline=None)
def test_a_crowd_of_any_shape_is_no_attack(
    arrivals: list[int], delays: list[int], edges: int, per_source: int, busy: float, lag_ms: float
) -> None:
    """Each on an address of their own, or so many behind one; over edges that suffer or do not."""
    scene = Scene(edges)
    scene.busy, scene.lag_ms = busy, lag_ms
    number = 0
    for came in [*arrivals, *[0] * 14]:
        for _ in range(came):
            where = source(number // per_source)
            scene.arrive(where, number % edges, delays[number % len(delays)])
            number += 1
        fact = scene.second()
        assert (fact.pressure, fact.difficulty, fact.bans) == (0, 0, ())


@pytest.mark.parametrize("listeners", [50, 5000])
@pytest.mark.parametrize("edges", [1, 2])
def test_all_behind_one_address_at_once_are_no_attack(listeners: int, edges: int) -> None:
    scene = Scene(edges)
    for number in range(listeners):
        scene.arrive(NAT, number % edges, number % 3)
    for _ in range(60):
        fact = scene.second()
        assert (fact.pressure, fact.bans) == (0, ())
    assert scene.policy.status().vouched >= listeners


def test_a_storm_of_listeners_who_return_at_once_is_no_attack() -> None:
    scene = Scene(2)
    scene.busy, scene.lag_ms = 1.0, 2000.0
    for number in range(3000):
        scene.arrive(source(number % 1000), number % 2, number % 2)
    for _ in range(5):
        scene.second()
    for turn in range(6):
        scene.return_at_once(turn % 2)
        fact = scene.second()
        assert (fact.pressure, fact.bans) == (0, ())


def test_listeners_who_take_their_ticket_at_another_edge_explain_what_they_asked_of_the_first() -> (
    None
):
    """Half of each page is asked of an edge that never hears of the ticket."""
    scene = Scene(2)
    for turn in range(30):
        for number in range(1000):
            scene.arrive(source(turn * 1000 + number), 0, 1)
        assert scene.second().pressure == 0
    unexplained = scene.policy.status().unexplained
    assert unexplained == 0


# --- a flood ----------------------------------------------------------------------------------


@pytest.mark.parametrize("sources", [1000, 4000])
@pytest.mark.parametrize("crowd", [0, 50])
def test_a_flood_from_many_sources_is_seen_within_three_seconds(sources: int, crowd: int) -> None:
    scene, number = Scene(2), 0
    pressures = []
    for turn in range(13):
        for _ in range(crowd):
            scene.arrive(source(number), number % 2, number % 3)
            number += 1
        if turn >= 10:
            scene.flood(sources, 40 * sources)
        pressures.append(scene.second().pressure)
    assert pressures[:12] == [0] * 12
    assert pressures[12] >= 1
    status = scene.policy.status()
    assert status.why == "demand_unexplained"
    assert abs(status.onset_ms - 1_010_000) <= 1000
    assert status.distinct >= sources * 0.9


def test_a_flood_that_goes_on_is_banned_step_by_step_and_listeners_beside_it_are_not() -> None:
    scene = Scene(1, PolicySettings(kernel=True))
    for number in range(50):
        scene.arrive(NAT, 0, number % 3)
    for _ in range(5):
        scene.second()
    steps: set[str] = set()
    for _ in range(60):
        scene.flood(20, 20_000, connections=50)
        fact = scene.second()
        steps |= {ban.step for ban in fact.bans}
        assert NAT not in {ban.source for ban in fact.bans}
    assert steps == {"refuse", "slow", "drop", "kernel"}
    status = scene.policy.status()
    assert status.bans_by_step["kernel"] == 20
    assert {ban.reason for ban in status.bans} == {"overspent"}
    assert status.worst[0].step == "kernel"
    assert status.worst[0].source.startswith("10.16.")
    assert status.neighbourhoods[0].bans > 0


def test_after_the_attack_it_calms_down_and_all_bans_end() -> None:
    scene = Scene(1)
    for _ in range(30):
        scene.flood(20, 20_000, connections=50)
        scene.second()
    assert scene.set.pressure >= 2 and scene.set.difficulty >= 2
    for _ in range(3 * 35):
        scene.second()
    assert scene.set.pressure == 0 and scene.set.difficulty == 0
    for _ in range(3600):
        scene.second()
    assert scene.set.bans == ()


# --- who is banned ----------------------------------------------------------------------------


def test_nobody_is_banned_in_peace() -> None:
    policy = Policy(PolicySettings())
    for at_s in range(1, 120):
        fact = second(policy, at_s, bad())
    assert fact.pressure == 0
    assert fact.bans == ()


@pytest.mark.parametrize("weak", ["decoy", "path_strange"])
def test_one_weak_sign_alone_bans_nobody_even_in_a_siege(weak: str) -> None:
    policy = Policy(PolicySettings())
    assert attacked(policy, 120, bad(code=weak)).bans == ()


def test_a_source_with_few_listeners_is_refused_at_most_and_a_crowd_not_at_all() -> None:
    policy = Policy(PolicySettings(kernel=True))
    for at_s in range(1, 200):
        fact = second(
            policy, at_s, bad(BOT, 1000, vouched=1), bad(NAT, 100, vouched=100), spent=CAPACITY_S
        )
        assert {ban.step for ban in fact.bans} <= {"refuse"}
        assert NAT not in {ban.source for ban in fact.bans}
    assert step(policy) == "refuse"
    held = {one.source: one.held for one in policy.status().worst}
    assert held == {"203.0.113.7": "listeners", "198.51.100.1": "listeners"}


def test_who_turns_out_to_be_a_crowd_is_let_go_at_once() -> None:
    policy = Policy(PolicySettings())
    attacked(policy, 60, bad())
    assert step(policy) == "drop"
    second(policy, 61, bad(refused=1, vouched=500), spent=CAPACITY_S)
    assert step(policy) == ""


def test_the_kernel_is_used_only_where_it_may_be() -> None:
    for kernel, last in ((False, "drop"), (True, "kernel")):
        policy = Policy(PolicySettings(kernel=kernel))
        attacked(policy, 90, bad())
        assert step(policy) == last


# --- what an operator orders ------------------------------------------------------------------


def test_who_is_allowed_is_never_banned_and_a_ban_of_before_ends() -> None:
    policy = Policy(PolicySettings())
    attacked(policy, 30, bad())
    assert step(policy)
    policy.obey(Orders().allowing("203.0.113.0/24"))
    assert step(policy) == ""
    fact = attacked(policy, 60, bad(), from_s=31)
    assert fact.bans == ()
    assert fact.allow == ("203.0.113.0/24",)
    assert policy.status().worst[0].held == "allowed"


def test_who_is_denied_and_goes_on_is_banned_for_that_until_it_is_denied_no_more() -> None:
    policy = Policy(PolicySettings(), Orders().denying("203.0.113.7"))
    fact = attacked(policy, 30, bad(code="dropped"))
    assert fact.deny == ("203.0.113.7",)
    assert [ban.reason for ban in fact.bans] == ["operator"]
    policy.obey(Orders())
    assert policy.status().bans == ()


def test_a_ban_is_lifted_by_hand_and_what_led_to_it_forgotten() -> None:
    policy = Policy(PolicySettings())
    attacked(policy, 30, bad())
    assert policy.lift("203.0.113.7") == 1
    assert second(policy, 31, bad(), spent=CAPACITY_S).bans == ()
    with pytest.raises(Refused) as refused:
        policy.lift("203.0.113.7")
    assert refused.value.refusal.code == "not_banned"
    attacked(policy, 30, bad(), from_s=32)
    assert policy.clear() == 1
    assert policy.status().bans == () and policy.status().worst == ()


def test_under_attack_by_order_the_pressure_is_never_below_two() -> None:
    policy = Policy(PolicySettings(), Orders(mode="attack"))
    facts = [second(policy, at_s) for at_s in range(1, 100)]
    assert {(fact.pressure, fact.difficulty) for fact in facts} == {(2, 2)}
    assert policy.status().why == "operator"
    policy.obey(Orders(mode="auto"))
    assert second(policy, 100).pressure == 0


def test_switched_off_it_does_nothing_and_says_so() -> None:
    policy = Policy(PolicySettings(mode="attack"))
    attacked(policy, 30, bad())
    policy.obey(Orders(mode="off", deny=("203.0.113.7",)))
    fact = second(policy, 31, bad(), spent=CAPACITY_S)
    assert fact.off and (fact.pressure, fact.difficulty, fact.bans) == (0, 0, ())
    status = policy.status()
    assert status.mode == "off" and status.spent == CAPACITY_S


def test_orders_go_before_settings_and_none_is_as_in_the_settings() -> None:
    policy = Policy(PolicySettings(mode="attack", dry_run=True))
    assert (policy.mode, policy.dry_run) == ("attack", True)
    policy.obey(Orders(mode="auto", dry_run=False))
    assert (policy.mode, policy.dry_run) == ("auto", False)


def test_no_challenge_where_there_is_to_be_none() -> None:
    policy = Policy(PolicySettings(challenge=False))
    fact = attacked(policy, 30)
    assert fact.pressure >= 2 and fact.difficulty == 0


def test_a_dry_run_decides_the_same_and_says_so() -> None:
    dry, wet = (Policy(PolicySettings(dry_run=dry_run)) for dry_run in (True, False))
    for at_s in range(1, 60):
        fact, other = (second(policy, at_s, bad(), spent=CAPACITY_S) for policy in (dry, wet))
        assert fact == msgspec.structs.replace(other, dry_run=True)
    assert fact.bans and fact.pressure >= 2


def test_in_a_dry_run_edges_only_count() -> None:
    scene = Scene(1, PolicySettings(dry_run=True))
    for _ in range(20):
        scene.flood(20, 20_000, connections=50)
        scene.second()
    status = scene.policy.status()
    assert status.pressure >= 2
    assert status.acts and all(act.startswith("would_") for act in status.acts)
    assert status.refused == {}


# --- what holds always ------------------------------------------------------------------------


def test_a_dead_edge_and_a_silent_second_change_nothing() -> None:
    policy = Policy(PolicySettings())
    attacked(policy, 10)
    level = policy.status().pressure
    for at_s in range(11, 100):
        fact = policy.second(Seen(), at_s * 1000)
        assert fact.pressure == level
    assert policy.status().spent == 0


def test_a_shared_address_does_not_keep_the_pressure_up() -> None:
    policy = Policy(PolicySettings())
    attacked(policy, 5)
    for at_s in range(6, 200):
        fact = second(policy, at_s, bad(NAT, 5000, vouched=5), spent=900, acts={"refused": 5000})
    assert fact.pressure == 0


def test_memory_is_bounded_whatever_comes() -> None:
    policy = Policy(PolicySettings())
    number = 0
    for at_s in range(1, 1200):
        worst = [bad(source((number + n) % 60_000), 1000) for n in range(64)]
        number += 16  # each is told of four times
        fact = second(policy, at_s, *worst, spent=CAPACITY_S)
        assert len(fact.bans) <= BANS_MOST
    status = policy.status()
    assert len(status.history) == HISTORY_S
    assert status.history[-1].at_ms == 1_199_000
    assert status.cost.suspects <= SUSPECTS_MOST
    assert len(status.worst) <= WORST and len(status.neighbourhoods) <= WORST
    assert len(msgspec.msgpack.encode(fact)) < 1_000_000


ticks = st.lists(
    st.tuples(
        st.floats(0, 100_000), st.floats(0, 100_000), st.integers(0, 2000), st.integers(0, 30),
        st.sampled_from(("source_spent", "garbage", "dropped", "decoy", "unheard_of")),
    ),
    max_size=80,
)  # fmt: skip


@given(ticks)
@settings(max_examples=50, deadline=None)
def test_the_same_seconds_give_the_same_decisions(
    seconds: list[tuple[float, float, int, int, str]],
) -> None:
    one, other = Policy(PolicySettings(kernel=True)), Policy(PolicySettings(kernel=True))
    for at_s, (spent, explained, refused, number, code) in enumerate(seconds, start=1):
        sources = [bad(source(n), refused, code=code) for n in range(number)]
        said = [
            second(policy, at_s, *told, spent=spent, explained=explained, acts={"refused": refused})
            for policy, told in ((one, sources), (other, sources[::-1]))
        ]
        assert said[0] == said[1]
    assert one.status() == other.status()
