"""An edge's own part of the shield: what is cheap and local. Control's part is policy.py.

It is asked only where a purse is empty, a connection comes or goes, a credential is shown or a
request is broken: nothing of it runs for a request that is within its budget.
"""

from __future__ import annotations

from collections import Counter

import msgspec

from rostra.ground.facts import ShieldSet
from rostra.ground.refusals import Refusal
from rostra.ground.shield_values import Ban, ShieldTally, SourceTally
from rostra.shield.accounts import Account, Accounts, Purse
from rostra.shield.prices import WAITING
from rostra.shield.reasons import CONNECTION_SPENT, SOURCE_BANNED, SOURCE_SPENT
from rostra.shield.sketches import Heavy, SourceCount
from rostra.shield.sources import NOWHERE, Networks
from rostra.shield.terms import BY_PRESSURE, EACH_S, Terms

CHUNK = 16.0  # units that a purse takes from its account at a time
WORST = 64  # sources told each second
_LANES_NEW = 4
_SLOW_NEW_S = 1.0  # the debt is not theirs
_ASKED_NEW = 16  # asks of a connection: one page with its files, one by one
# Signs that are also refusals: what was asked for was not given.
_REFUSED = frozenset({"no_pass", "pass_replayed", "garbage", "slow_head"})
_HEAVY = 200  # refusals after which a source that was forgotten comes back without a burst


class Slow(msgspec.Struct, frozen=True):
    """Answer this request, but only after so many seconds."""

    seconds: float


Verdict = Refusal | Slow | None


class Guard:
    """All sources at one edge. `now`: monotonic seconds; one thread."""

    def __init__(self, accounts: Accounts | None = None) -> None:
        self.set = ShieldSet(at_ms=0)
        self.terms: Terms = BY_PRESSURE[0]
        self._accounts = Accounts() if accounts is None else accounts
        self._allow = Networks(())
        self._deny = Networks(())
        self._bans: dict[bytes, Ban] = {}
        self._heavy = Heavy()
        self._distinct = SourceCount()
        self._refused: Counter[str] = Counter()
        self.acts: Counter[str] = Counter()
        self.strangers = 0  # connections without a credential
        self.vouched = 0  # listeners whose pass or ticket holds
        self._spent = 0.0  # by accounts that were forgotten since the last tally
        self._explained = 0.0

    # --- what control decided -----------------------------------------------------------------

    def handle(self, fact: ShieldSet) -> set[bytes]:
        """Take it; the sources whose connections are to be dropped now."""
        if fact.allow != self.set.allow:
            self._allow = Networks(fact.allow)
        if fact.deny != self.set.deny:
            self._deny = Networks(fact.deny)
        before = self._bans
        self.set = fact
        self.terms = BY_PRESSURE[fact.pressure if not fact.off else 0]
        self._bans = {ban.source: ban for ban in fact.bans}
        if fact.dry_run or fact.off:
            return set()
        return {s for s, ban in self._bans.items() if drops(ban) and not drops(before.get(s))}

    def denied(self, source: bytes) -> bool:
        """Whether the operator keeps this source out."""
        return bool(self._deny) and source in self._deny and source not in self._allow

    # --- connections --------------------------------------------------------------------------

    def connected(self, source: bytes, now: float, brought: bool = False) -> Purse | None:
        """A client of this source connects: its purse, or None where it is to be dropped.

        `brought`: by a proxy, for one request; so nobody can say how long it has been here.
        """
        account = self._account(source, now)
        if not self.set.off and (self.denied(source) or drops(self._bans.get(source))):
            account.refuse("dropped")
            if self._acts("dropped"):
                return None
        account.connections += 1
        self.strangers += 1
        purse = Purse(account, self.terms.purse_burst, now)
        if brought:
            purse.asked = _ASKED_NEW
        return purse

    def crowded(self, purse: Purse) -> bool:
        """Whether its source holds more connections without a credential than it may."""
        account = purse.account
        most = self.terms.connections + 8 * account.vouched
        if account.connections <= most or not self._judges(account):
            return False
        account.refuse("connections_crowded")
        return self._acts("crowded")

    def closed(self, purse: Purse) -> None:
        """That client left, or showed a credential and counts with it from now on."""
        self.strangers -= 1
        account = purse.account
        account.connections -= 1
        self.settle(purse)
        account.left += purse.left  # what it took and did not spend
        purse.left = purse.held = 0.0

    def settle(self, purse: Purse) -> None:
        """What was spent on this connection shall be known; once a second, and where it matters."""
        self._explained += purse.settle()

    def _account(self, source: bytes, now: float) -> Account:
        account = self._accounts.find(source)
        if account is None:
            fresh = self.terms.burst if self._heavy.least(source) < _HEAVY else 0.0
            account, gone = self._accounts.open(source, fresh, now)
            if gone is not None:
                self._forget(gone)
        return account

    def _forget(self, gone: Account) -> None:
        if gone.told:
            self._distinct.add(gone.source)
            self._spent += gone.spent
        if gone.refused:
            self._heavy.add(gone.source, gone.refused.total())

    # --- credentials --------------------------------------------------------------------------

    def vouch(self, account: Account, before: Account | None) -> None:
        """A listener showed a pass or ticket that holds; `before`: where they were seen last."""
        if before is account:
            return
        if before is not None:
            before.vouched -= 1
            self.acts["moved"] += 1
            self.vouched -= 1
        account.vouched += 1
        self.vouched += 1
        self._explained += account.explain()

    def forgot(self, account: Account) -> None:
        """A listener of whom nothing was heard for long."""
        account.vouched -= 1
        self.vouched -= 1

    def difficulty(self) -> int:
        """Of the challenge that stands before new tickets; 0 for none."""
        if not self.set.difficulty or self.set.off:
            return 0
        if self.set.dry_run:
            self.acts["would_challenged"] += 1
            return 0
        return self.set.difficulty

    def may_wait(self, purse: Purse) -> bool:
        """Whether one more from this source may wait for a ticket instead of solving: a few a
        minute, since to wait costs a bot nothing."""
        account = purse.account
        if account.left < WAITING and self._judges(account):
            return False
        account.waste(WAITING)
        return True

    # --- requests -----------------------------------------------------------------------------

    def ask(self, purse: Purse, price: float, now: float) -> Verdict:
        """The purse cannot pay `price`: None if it may ask all the same (it is charged then)."""
        account, terms = purse.account, self.terms
        purse.asked += 1
        self.settle(purse)
        account.refill(terms, now)
        purse.refill(terms, now)
        ban = self._bans.get(account.source) if self._bans else None
        if ban is not None and not self.set.off:
            return self._banned(purse, ban, price)
        spent_here = purse.earned + purse.left < price
        if account.left + purse.left >= price and not spent_here:
            self._pay(purse, price)
            return None
        if not self._judges(account):
            self._pay(purse, price)
            account.refuse("would_" + SOURCE_SPENT.code)
            return None
        code = CONNECTION_SPENT if spent_here else SOURCE_SPENT
        # Who has only just come may be a newcomer behind a bot's address: they have a lane more.
        new = purse.asked <= _ASKED_NEW
        lanes, slow_most_s = (_LANES_NEW, _SLOW_NEW_S) if new else (1, terms.slow_most_s)
        if account.slowed < lanes * terms.slowed + account.vouched:
            debt = max(0.0, -account.left) / account.burst(terms)
            self._pay(purse, price)
            if not self._acts("slowed"):
                return None
            return Slow(min(slow_most_s, terms.slow_s * (1 + 8 * debt)))
        return self._refuse(account, code, price)

    def _pay(self, purse: Purse, price: float) -> None:
        account = purse.account
        take = max(price - purse.left, min(CHUNK, account.left, purse.earned))
        purse.take(take)
        purse.earned = max(0.0, purse.earned - take)
        purse.left -= price
        self.settle(purse)

    def _banned(self, purse: Purse, ban: Ban, price: float) -> Verdict:
        account = purse.account
        if ban.step == "slow" and account.slowed < self.terms.slowed:
            self._pay(purse, price)
            return Slow(1.0) if self._acts("slowed") else None
        # A newcomer at a bot's address still gets to the challenge, if slowly.
        new = ban.step == "refuse" and purse.asked <= _ASKED_NEW
        if new and account.slowed < self.terms.slowed:
            self._pay(purse, price)
            return Slow(_SLOW_NEW_S) if self._acts("slowed") else None
        if self.set.dry_run:
            self._pay(purse, price)
        return self._refuse(account, SOURCE_BANNED, price)

    def _refuse(self, account: Account, refusal: Refusal, price: float) -> Verdict:
        account.refuse(refusal.code)
        if not self._acts("refused"):
            return None
        # It goes on owing, so that one who asks on while refused is slowed ever more.
        account.waste(min(price, 1.0))
        self._refused[refusal.code] += 1
        return refusal

    def spend(self, purse: Purse, cost: float) -> None:
        """What is not refused, but counts: a connection was opened."""
        self._explained += purse.account.spend(cost)

    def sign(self, account: Account | None, cost: float) -> None:
        """A new ticket was signed. It counts as demand that nothing explains, since whoever got it
        may be no listener, but it is not taken from the source's budget, since they may be one."""
        if account is None:
            self._spent += cost
        else:
            account.spent += cost

    def overdrawn(self, account: Account | None, price: float, refusal: Refusal) -> bool:
        """A listener asked for more than is theirs; whether to refuse it with `refusal`.

        No listener needs it, so nothing explains it; but others at their address (`account`) do not
        pay for it.
        """
        self.sign(account, price)
        if not self.terms.enforced or self.set.off or not self._acts("refused"):
            return False
        self._refused[refusal.code] += 1
        return True

    def slowed(self, purse: Purse, more: int) -> None:
        """So many more (or fewer) of its source's requests wait in the slow lane."""
        purse.account.slowed += more

    def broke(self, purse: Purse, cost: float, code: str) -> None:
        """A request that could not be read, came too slowly, or failed a test."""
        account = purse.account
        account.waste(cost)
        account.refuse(code)
        if code in _REFUSED:
            self._refused[code] += 1

    def strange(self, account: Account, code: str = "path_strange") -> None:
        """A connection that it pays for, or its listener, does not do as our player does."""
        account.refuse(code)
        self.acts["strange"] += 1

    def _judges(self, account: Account) -> bool:
        """Whether budgets are enforced, and for this source."""
        if not self.terms.enforced or self.set.off or account.source == NOWHERE:
            return False
        return not (self._allow and account.source in self._allow)

    def _acts(self, act: str) -> bool:
        """Count an act; whether it is to be done, not only counted."""
        dry = self.set.dry_run
        self.acts["would_" + act if dry else act] += 1
        return not dry

    # --- time ---------------------------------------------------------------------------------

    def tally(self, elapsed_s: float) -> ShieldTally:
        """What happened in the `elapsed_s` since the last call; forgets it."""
        moved = [account for account in self._accounts if account.told or account.credit > 1]
        told = [account for account in moved if account.told]
        told.sort(key=_badness, reverse=True)
        spent = self._spent + sum(account.spent for account in told)
        explained = self._explained
        for account in told:
            self._distinct.add(account.source)
            explained += min(account.spent, account.vouched * EACH_S * elapsed_s)
        tally = ShieldTally(
            accounts=len(self._accounts),
            distinct=self._distinct.wire(),
            worst=tuple(
                SourceTally(
                    source=account.source,
                    refused=dict(account.refused or {}),
                    spent=round(account.spent, 1),
                    connections=account.connections,
                    vouched=account.vouched,
                )
                for account in told[:WORST]
            ),
            spent=round(spent, 1),
            explained=round(explained, 1),
            vouched=self.vouched,
            refused=dict(self._refused),
            acts=dict(self.acts),
        )
        for account in moved:
            if account.refused:
                self._heavy.add(account.source, account.refused.total())
            account.forget()
        self._refused.clear()
        self.acts.clear()
        self._spent = self._explained = 0.0
        self._distinct = SourceCount()
        return tally

    def close(self) -> None:
        """Nothing is asked of it any more. The sketches' library complains, in many lines, of what
        is still there when the process ends."""
        del self._heavy, self._distinct


def drops(ban: Ban | None) -> bool:
    """Whether this ban ends connections."""
    return ban is not None and ban.step in ("drop", "kernel")


def _badness(account: Account) -> tuple[int, float]:
    refused = account.refused.total() if account.refused else 0
    return refused, account.spent
