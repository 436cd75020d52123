"""Scenes of virtual seconds: real guards of some edges, one policy, a crowd and a flood."""

from __future__ import annotations

from collections import defaultdict

from rostra.ground.facts import ShieldSet
from rostra.shield.accounts import Account, Purse
from rostra.shield.guard import Guard, Slow
from rostra.shield.orders import Orders
from rostra.shield.policy import EdgeSeen, Policy, PolicySettings, Seen
from rostra.shield.prices import OPENED, SIGNED

PAGE_UNITS = 32  # the page and its files, beside what opening connections costs
CONNECTIONS = 2


def source(number: int) -> bytes:
    return bytes([10, *number.to_bytes(3)])


def show(guard: Guard, purse: Purse) -> Account:
    """A ticket or pass that holds is shown on the connection, which then counts with it."""
    guard.vouch(purse.account, None)
    guard.closed(purse)
    return purse.account


class Bot:
    """One connection that only ever asks."""

    def __init__(self, edge: int, purse: Purse) -> None:
        self.edge = edge
        self.purse = purse
        self.slowed = False
        self.rests_until = 0.0


class Scene:
    """`second` lets one pass. Listeners take their ticket at the first edge they reach."""

    def __init__(
        self,
        edges: int = 1,
        settings: PolicySettings | None = None,
        orders: Orders | None = None,
    ) -> None:
        self.guards = [Guard() for _ in range(edges)]
        self.policy = Policy(settings or PolicySettings(), orders)
        self.now = 0.0
        self.busy, self.lag_ms = 0.3, 5.0
        self.set = ShieldSet(at_ms=0)
        self.inside: list[tuple[int, Account]] = []
        self._later: dict[int, list[tuple[int, list[tuple[int, Purse]]]]] = defaultdict(list)
        self._bots: dict[int, Bot] = {}

    @property
    def now_ms(self) -> int:
        return 1_000_000 + round(self.now * 1000)

    def arrive(self, where: bytes, at_edge: int = 0, delay_s: int = 0) -> None:
        """One listener, whose connections reach as many edges as there are; a ticket later."""
        purses = []
        for number in range(CONNECTIONS):
            edge = (at_edge + number) % len(self.guards)
            guard = self.guards[edge]
            purse = guard.connected(where, self.now)
            if purse is None:
                continue
            guard.spend(purse, OPENED)
            for _ in range(PAGE_UNITS // CONNECTIONS // 4):
                self._ask(edge, purse, 4.0)
            purses.append((edge, purse))
        self._later[round(self.now) + delay_s].append((at_edge, purses))

    def _ask(self, edge: int, purse: Purse, price: float) -> object:
        if purse.left >= price:
            purse.left -= price
            return None
        return self.guards[edge].ask(purse, price, self.now)

    def return_at_once(self, to_edge: int = 0) -> None:
        """All who are inside connect again, to another edge, and show their passes at once."""
        inside, self.inside = self.inside, []
        for edge, account in inside:
            self.guards[edge].forgot(account)
            guard = self.guards[to_edge]
            purse = guard.connected(account.source, self.now)
            assert purse is not None
            guard.spend(purse, OPENED)
            self.inside.append((to_edge, show(guard, purse)))

    def flood(self, sources: int, requests: int, connections: int = 1) -> None:
        """So many requests of one unit in all, by bots with so many connections each.

        What is slowed or refused is not read for as long as an edge would not read it.
        """
        each = requests // (sources * connections)
        for number in range(sources * connections):
            where, edge = source((1 << 20) + number // connections), number % len(self.guards)
            bot = self._bots.get(number)
            if bot is None:
                purse = self.guards[edge].connected(where, self.now)
                if purse is None:
                    continue
                bot = self._bots[number] = Bot(edge, purse)
            for _ in range(each):
                self._try(bot)

    def _try(self, bot: Bot) -> None:
        guard = self.guards[bot.edge]
        if self.now < bot.rests_until:
            return
        if bot.slowed:
            bot.slowed = False
            guard.slowed(bot.purse, -1)
        verdict = self._ask(bot.edge, bot.purse, 1.0)
        if isinstance(verdict, Slow):
            bot.slowed = True
            guard.slowed(bot.purse, 1)
            bot.rests_until = self.now + verdict.seconds
        elif verdict is not None:
            bot.rests_until = self.now + guard.terms.tarpit_s

    def cut(self, edge: int, dropped: set[bytes]) -> None:
        """The edge drops the connections of these sources."""
        for number, bot in list(self._bots.items()):
            if bot.edge == edge and bot.purse.account.source in dropped:
                del self._bots[number]
                self.guards[edge].slowed(bot.purse, -int(bot.slowed))
                self.guards[edge].closed(bot.purse)

    def second(self) -> ShieldSet:
        """What was asked for until now belongs to this second; it ends."""
        for at_edge, purses in self._later.pop(round(self.now), []):
            for edge, purse in purses:
                guard = self.guards[edge]
                if edge == at_edge:
                    guard.sign(purse.account, SIGNED)
                    self.inside.append((edge, show(guard, purse)))
                    at_edge = -1
                else:
                    guard.closed(purse)
        self.now += 1.0
        seen = Seen(
            edges=tuple(
                EdgeSeen(
                    edge=f"edge-{number}",
                    tally=guard.tally(1.0),
                    busy_fraction=self.busy,
                    loop_lag_p99_ms=self.lag_ms,
                )
                for number, guard in enumerate(self.guards)
            )
        )
        self.set = self.policy.second(seen, self.now_ms)
        for edge, guard in enumerate(self.guards):
            self.cut(edge, guard.handle(self.set))
        return self.set
