from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from rostra.ground.facts import ShieldSet
from rostra.ground.refusals import Refusal
from rostra.ground.shield_values import Ban
from rostra.shield.accounts import Account, Accounts, Purse
from rostra.shield.guard import Guard, Slow, Verdict
from rostra.shield.terms import ARRIVAL, BY_PRESSURE, EACH_S

BOT, NAT = bytes([203, 0, 113, 7]), bytes([198, 51, 100, 1])


def at(pressure: int, **more: object) -> Guard:
    guard = Guard()
    guard.handle(ShieldSet(at_ms=0, pressure=pressure, **more))  # type: ignore[arg-type]
    return guard


def purse(guard: Guard, source: bytes = BOT, now: float = 0.0) -> Purse:
    found = guard.connected(source, now)
    assert found is not None
    return found


def spend(guard: Guard, one: Purse, now: float, price: float = 1.0) -> Verdict:
    """One request, as a connection makes it."""
    if one.left >= price:
        one.left -= price
        return None
    return guard.ask(one, price, now)


def flood(guard: Guard, one: Purse, requests: int, now: float = 0.0) -> list[Verdict]:
    verdicts = [spend(guard, one, now) for _ in range(requests)]
    guard.settle(one)  # a second passes
    return verdicts


def arrive(guard: Guard, source: bytes, now: float) -> list[Verdict]:
    """A listener comes: page, files, state on one connection, then a ticket."""
    one = purse(guard, source, now)
    verdicts = [spend(guard, one, now, 2.0) for _ in range(15)]
    guard.sign(one.account, 3.0)
    guard.vouch(one.account, None)
    guard.closed(one)
    return verdicts


def test_in_peace_nobody_is_refused_but_everything_is_counted() -> None:
    guard = at(0)
    assert set(flood(guard, purse(guard), 50_000)) == {None}
    tally = guard.tally(1.0)
    assert tally.spent > 49_000 and tally.explained == 0 and not tally.refused
    assert tally.worst[0].refused["would_source_spent"] > 0


def test_under_attack_a_flood_is_slowed_and_then_refused() -> None:
    guard = at(2)
    one = purse(guard)
    verdicts = flood(guard, one, 1000)
    answered = verdicts.index(next(v for v in verdicts if v is not None))
    assert answered <= BY_PRESSURE[2].purse_burst
    assert isinstance(verdicts[answered], Slow)


def test_refused_with_a_code_once_the_slow_lane_is_full() -> None:
    guard = at(3)
    one = purse(guard)
    guard.slowed(one, BY_PRESSURE[3].slowed)
    last = flood(guard, one, 1000)[-1]
    assert isinstance(last, Refusal) and last.code == "connection_spent" and last.status == 429
    assert guard.tally(1.0).refused["connection_spent"] > 0


def test_many_connections_of_one_source_share_its_account() -> None:
    guard = at(2)
    for _ in range(50):
        flood(guard, purse(guard), 100)
    spent = purse(guard)
    guard.slowed(spent, BY_PRESSURE[2].slowed)
    assert isinstance(spend(guard, spent, 0.0), Slow), "who has just come has a lane more"
    guard.slowed(spent, 3 * BY_PRESSURE[2].slowed)
    last = spend(guard, purse(guard), 0.0)
    assert isinstance(last, Refusal) and last.code == "source_spent"


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 2000), st.floats(0.001, 1.0), st.integers(1, 3))
def test_listeners_behind_one_address_are_never_refused(
    listeners: int, apart_s: float, pressure: int
) -> None:
    guard = at(pressure)
    verdicts = [v for n in range(listeners) for v in arrive(guard, NAT, n * apart_s)]
    assert not any(isinstance(v, Refusal) for v in verdicts)
    assert not any(isinstance(v, Slow) for v in verdicts)


def test_a_crowd_explains_what_it_spends_and_a_flood_does_not() -> None:
    guard = at(0)
    for number in range(500):
        arrive(guard, number.to_bytes(4), 0.0)
    crowd = guard.tally(1.0)
    assert crowd.spent - crowd.explained < 0.15 * crowd.spent
    for number in range(500):
        flood(guard, purse(guard, (1000 + number).to_bytes(4)), 40)
    attack = guard.tally(1.0)
    assert attack.explained == 0 and attack.spent > 0.9 * 500 * 40


def test_tickets_without_pages_explain_nothing() -> None:
    """Else a flood of tickets would hide a flood of anything."""
    guard = at(0)
    one = purse(guard)
    for _ in range(100):
        guard.sign(one.account, 3.0)
        guard.vouch(one.account, None)
    tally = guard.tally(0.0)
    assert tally.spent == 300 and tally.explained == 0


def test_a_listener_counts_where_they_are_seen_last() -> None:
    guard = at(0)
    home, train = purse(guard, BOT).account, purse(guard, NAT).account
    guard.vouch(home, None)
    guard.vouch(train, home)
    guard.vouch(train, train)
    assert (home.vouched, train.vouched, guard.vouched) == (0, 1, 1)
    guard.forgot(train)
    assert guard.vouched == 0


def test_listeners_add_to_what_their_source_may_do() -> None:
    account, terms = Account(NAT, 0.0, 0.0), BY_PRESSURE[2]
    account.vouched = 50
    account.refill(terms, 1.0)
    assert account.left == terms.rate_s + 50 * EACH_S
    assert account.burst(terms) == terms.burst + 50 * ARRIVAL


def test_what_a_connection_took_and_did_not_spend_goes_back() -> None:
    guard = at(2)
    one = purse(guard)
    before = one.account.left
    spend(guard, one, 0.0)
    guard.closed(one)
    assert one.account.left == before - 1.0 and guard.strangers == 0
    assert guard.tally(1.0).spent == 1.0


def test_a_dry_run_counts_and_refuses_nobody() -> None:
    guard = at(3, dry_run=True, deny=("198.51.100.0/24",))
    one = purse(guard)
    guard.slowed(one, 1000)
    assert set(flood(guard, one, 1000)) == {None}
    assert guard.connected(NAT, 0.0) is not None
    acts = guard.tally(1.0).acts
    assert acts["would_refused"] > 0 and acts["would_dropped"] == 1
    assert not any(not act.startswith("would_") for act in acts)


def test_switched_off_it_does_nothing() -> None:
    ban = Ban(source=BOT, step="drop", reason="overspent", since_ms=0, until_ms=9)
    guard = at(3, off=True, bans=(ban,), deny=("198.51.100.1",))
    assert set(flood(guard, purse(guard), 5000)) == {None}
    assert guard.connected(NAT, 0.0) is not None


def test_who_is_denied_is_dropped_unless_allowed() -> None:
    guard = at(0, deny=("198.51.100.0/24",))
    assert guard.connected(NAT, 0.0) is None
    guard.handle(ShieldSet(at_ms=1, deny=("198.51.100.0/24",), allow=("198.51.100.1",)))
    assert guard.connected(NAT, 0.0) is not None


def test_who_is_allowed_is_never_slowed() -> None:
    guard = at(3, allow=("203.0.113.0/24",))
    assert set(flood(guard, purse(guard), 5000)) == {None}


def test_each_step_of_a_ban() -> None:
    def banned(step: str) -> ShieldSet:
        return ShieldSet(
            at_ms=0,
            pressure=2,
            bans=(Ban(source=BOT, step=step, reason="overspent", since_ms=0, until_ms=9),),
        )

    guard = at(2)
    one = purse(guard)
    assert guard.handle(banned("refuse")) == set()
    # Who has just come may be a newcomer at a bot's address, and gets to the challenge, slowly.
    verdicts = [guard.ask(one, 1.0, 0.0) for _ in range(20)]
    assert verdicts[:16] == [Slow(1.0)] * 16
    assert all(isinstance(v, Refusal) and v.code == "source_banned" for v in verdicts[16:])
    assert guard.handle(banned("slow")) == set()
    assert guard.ask(one, 1.0, 0.0) == Slow(1.0)
    assert guard.handle(banned("drop")) == {BOT}
    assert guard.connected(BOT, 0.0) is None
    assert guard.handle(banned("kernel")) == set()  # its connections are gone already
    assert guard.connected(BOT, 0.0) is None


def test_too_many_connections_of_a_source_without_listeners() -> None:
    guard = at(2)
    for _ in range(BY_PRESSURE[2].connections):
        assert not guard.crowded(purse(guard))
    assert guard.crowded(purse(guard))
    one = purse(guard)
    for _ in range(10):
        guard.vouch(one.account, None)
    assert not guard.crowded(one)


def test_memory_is_bounded_and_the_worst_are_remembered() -> None:
    guard = Guard(Accounts(1000))
    guard.handle(ShieldSet(at_ms=0, pressure=2))
    bad = purse(guard)
    guard.slowed(bad, 100)
    flood(guard, bad, 2000)
    guard.closed(bad)
    for number in range(50_000):
        guard.closed(purse(guard, (1 << 31 | number).to_bytes(4)))
    tally = guard.tally(1.0)
    assert tally.accounts == 1000
    again = purse(guard)
    assert again.account.left == 0.0, "it comes back without a burst"
    assert purse(guard, b"new!").account.left == BY_PRESSURE[2].burst


def test_only_the_worst_are_told_and_they_come_first() -> None:
    guard = at(0)
    for number in range(200):
        flood(guard, purse(guard, number.to_bytes(4)), number)
    told = guard.tally(1.0).worst
    assert len(told) == 64 and told[0].spent >= told[-1].spent > 100
    assert guard.tally(1.0).worst == ()
