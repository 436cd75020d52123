"""Accounts of sources and purses of connections: one number each that the hot path counts down."""

from __future__ import annotations

from collections import Counter, OrderedDict
from collections.abc import Iterator

from rostra.shield.terms import ARRIVAL, EACH_S, Terms

ACCOUNTS_MOST = 65_536
_LOOKED_AT = 16  # accounts looked at for one that can be forgotten
_EXPLAINED_LATER = 0.95  # of what was spent, after one second more
_CREDIT_LATER = 0.8  # of what a listener who came may still spend, likewise
_DEBT_MOST = 4.0  # bursts that an account may owe; then time forgives


class Account:
    """One source at one edge. `left`: units it may still spend, negative where it owes."""

    __slots__ = (
        "at",
        "connections",
        "credit",
        "left",
        "refused",
        "slowed",
        "source",
        "spent",
        "unexplained",
        "vouched",
    )

    def __init__(self, source: bytes, left: float, now: float) -> None:
        self.source = source
        self.left = left
        self.at = now
        self.connections = 0  # open now, without a credential
        self.slowed = 0  # requests in the slow lane now
        self.vouched = 0  # listeners from here whose pass or ticket holds
        self.unexplained = 0.0  # spent, and no listener has explained it yet
        self.credit = 0.0  # what listeners who came explain, and was not spent yet
        self.spent = 0.0  # these two since the last tally
        self.refused: Counter[str] | None = None

    def burst(self, terms: Terms) -> float:
        """What it may spend at once."""
        return terms.burst + self.vouched * ARRIVAL

    def refill(self, terms: Terms, now: float) -> None:
        """What the time since the last call has earned; a smaller burst cuts what was saved."""
        burst = self.burst(terms)
        earned = (now - self.at) * (terms.rate_s + self.vouched * EACH_S)
        self.left = min(burst, max(self.left, -_DEBT_MOST * burst) + earned)
        self.at = now

    def spend(self, units: float) -> float:
        """Without a credential; a listener who comes may explain it, or one who came has: how much
        of it."""
        explained = min(units, self.credit)
        self.credit -= explained
        self.left -= units - explained
        self.spent += units
        self.unexplained += units - explained
        return explained

    def waste(self, units: float) -> None:
        """Likewise, but no listener ever explains it."""
        self.left -= units
        self.spent += units

    def explain(self) -> float:
        """A listener came: what their page may have spent here is given back. How much.

        The rest of it is for what their page's other connections spend in the next seconds.
        """
        units = min(ARRIVAL, self.unexplained)
        self.unexplained -= units
        self.left += units
        self.credit += ARRIVAL - units
        return units

    def refuse(self, code: str) -> None:
        """Count one refusal."""
        if self.refused is None:
            self.refused = Counter()
        self.refused[code] += 1

    @property
    def told(self) -> bool:
        """Whether there is anything to tell of it since the last tally."""
        return self.spent > 0 or self.refused is not None

    def forget(self) -> None:
        """The tally was made. The longer ago something was spent, the less will it be explained."""
        self.spent, self.refused = 0.0, None
        self.unexplained *= _EXPLAINED_LATER
        self.credit *= _CREDIT_LATER


class Purse:
    """What one connection without a credential may spend; `left` comes from its account.

    A stand-in for a pass' share: the hot path takes from either. What it took is spent only once it
    is used: `held` is what was left when that was last looked at.
    """

    __slots__ = ("account", "asked", "at", "earned", "held", "left")

    def __init__(self, account: Account, earned: float, now: float) -> None:
        self.account = account
        self.left = self.held = 0.0
        self.asked = 0  # how often its account was asked for more
        self.earned = earned
        self.at = now

    def take(self, units: float) -> None:
        """From the account, to be spent here."""
        self.account.left -= units
        self.left += units
        self.held += units

    def settle(self) -> float:
        """Spend what was used since the last call; how much of it listeners explain already."""
        used = self.held - self.left
        if not used:
            return 0.0
        self.held = self.left
        self.account.left += used
        return self.account.spend(used)

    def refill(self, terms: Terms, now: float) -> None:
        """What this connection has earned since the last call, whatever its source may have."""
        earned = self.earned + (now - self.at) * terms.purse_rate_s
        self.earned = min(terms.purse_burst, earned)
        self.at = now


class Accounts:
    """All sources that this edge saw lately; bounded. The one longest unused goes first.

    An account with open connections is only forgotten where there is no other: connections are
    bounded themselves.
    """

    def __init__(self, most: int = ACCOUNTS_MOST) -> None:
        self._most = most
        self._accounts: OrderedDict[bytes, Account] = OrderedDict()

    def __len__(self) -> int:
        return len(self._accounts)

    def __iter__(self) -> Iterator[Account]:
        return iter(self._accounts.values())

    def find(self, source: bytes) -> Account | None:
        """The source's account, which is then the last to be forgotten."""
        account = self._accounts.get(source)
        if account is not None:
            self._accounts.move_to_end(source)
        return account

    def open(self, source: bytes, left: float, now: float) -> tuple[Account, Account | None]:
        """A new account, and the one that was forgotten for it."""
        gone = self._make_room() if len(self._accounts) >= self._most else None
        account = self._accounts[source] = Account(source, left, now)
        return account, gone

    def _make_room(self) -> Account:
        idle = None
        for number, account in enumerate(self):
            if not account.connections and not account.vouched:
                idle = account
                break
            if number >= _LOOKED_AT:
                break
        gone = idle or next(iter(self))
        del self._accounts[gone.source]
        return gone
