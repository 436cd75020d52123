"""Control's part of the shield: pressure, difficulty and bans from what all edges tell each second.

The same inputs give the same outputs. An edge's own part is guard.py.
"""

from __future__ import annotations

from collections import Counter, deque

import msgspec

from rostra.ground.facts import ShieldSet
from rostra.ground.refusals import Refusal, Refused
from rostra.ground.shield_values import ShieldTally
from rostra.shield.bans import BANS_MOST, RANK, Bans, by_neighbourhood
from rostra.shield.orders import Orders, inside
from rostra.shield.pressure import CAPACITY_S, OPERATOR, Evidence, Pressure
from rostra.shield.reasons import PRESSURE, REASONS
from rostra.shield.sketches import merged_count
from rostra.shield.sources import Networks, neighbourhood, text_of
from rostra.shield.status import (
    BanStatus,
    Cost,
    Moment,
    NeighbourhoodStatus,
    SourceStatus,
    Status,
)
from rostra.shield.suspects import SUSPECTS_MOST, Suspect, Suspects
from rostra.shield.terms import ARRIVAL

DIFFICULTY = (0, 0, 2, 3)  # of the challenge, by pressure (challenge.LEVELS)
HISTORY_S = 900
WORST = 20  # sources and neighbourhoods shown
FRESH_MS = 5000  # what edges told holds for so long
_REFUSING = ("refused", "crowded", "dropped")  # acts that turn a client away


class PolicySettings(msgspec.Struct, frozen=True, kw_only=True):
    """What the settings say; an operator's orders go before `mode` and `dry_run`.

    `challenge`: whether one may be asked for. `kernel`: whether the kernel may drop sources.
    """

    mode: str = "auto"
    dry_run: bool = False
    challenge: bool = True
    kernel: bool = False


class EdgeSeen(msgspec.Struct, frozen=True, kw_only=True):
    """One second of one edge."""

    edge: str
    tally: ShieldTally
    busy_fraction: float = 0.0
    loop_lag_p99_ms: float = 0.0


class Seen(msgspec.Struct, frozen=True, kw_only=True):
    """What came since the last call: each tally once. `waiting`, `inside`: people at all doors."""

    edges: tuple[EdgeSeen, ...] = ()
    waiting: int = 0
    inside: int = 0


class Policy:
    """See the module. `second` is to be called once a second; times are Unix milliseconds.

    `pressure`: to begin with, where this takes the place of one that broke.
    """

    def __init__(
        self, settings: PolicySettings, orders: Orders | None = None, pressure: int = 0
    ) -> None:
        self._settings = settings
        self._pressure = Pressure(pressure)
        self._bans = Bans(settings.kernel)
        self._suspects = Suspects()
        self._vouched: dict[str, int] = {}  # by edge, as it told last
        self._seen = Seen()  # the newest in which an edge spoke
        self._people = (0, 0)  # waiting, inside
        self._evidence = Evidence(at_ms=0)
        self._distinct = 0
        self._history: deque[Moment] = deque(maxlen=HISTORY_S)
        self.obey(orders or Orders())

    # --- what is asked ------------------------------------------------------------------------

    def obey(self, orders: Orders) -> None:
        """Go by these orders from now on."""
        self.orders = orders
        self._allow, self._deny = Networks(orders.allow), Networks(orders.deny)
        self._suspects.forget(self._bans.lift(self._allow))
        for ban in self._bans.all():
            if ban.reason == OPERATOR and ban.source not in self._deny:
                self._bans.end(ban.source)
                self._suspects.forget([ban.source])

    def lift(self, text: str) -> int:
        """End all bans of an address or prefix, and forget why; how many. Raises Refused."""
        lifted = self._bans.lift(inside(text))
        if not lifted:
            raise Refused(Refusal("not_banned", 404, f"Nobody at {text[:60]} is banned."))
        self._suspects.forget(lifted)
        return len(lifted)

    def clear(self) -> int:
        """End all bans and forget all suspects; how many bans there were."""
        self._suspects.clear()
        return self._bans.clear()

    @property
    def mode(self) -> str:
        """As ordered, or as in the settings."""
        return self.orders.mode or self._settings.mode

    @property
    def dry_run(self) -> bool:
        """Likewise."""
        ordered = self.orders.dry_run
        return self._settings.dry_run if ordered is None else ordered

    # --- a second -----------------------------------------------------------------------------

    def second(self, seen: Seen, now_ms: int) -> ShieldSet:
        """What edges are to do from now on, after one more second."""
        self._people = seen.waiting, seen.inside
        if seen.edges:
            self._seen = seen
            self._distinct = merged_count(edge.tally.distinct for edge in seen.edges)
            self._evidence = self._summed(seen, now_ms)
        elif now_ms - self._evidence.at_ms > FRESH_MS:
            self._seen, self._evidence, self._distinct = Seen(), Evidence(at_ms=now_ms), 0
        if self.mode == "off":
            self._pressure.reset(now_ms)
            self._bans.clear()
            self._suspects.clear()
        elif seen.edges:  # a second in which nobody spoke says nothing
            self._judge(seen, now_ms)
        self._bans.second(now_ms)
        self._note(now_ms)
        return ShieldSet(
            at_ms=now_ms,
            pressure=self._pressure.level,
            difficulty=self._difficulty(),
            dry_run=self.dry_run,
            off=self.mode == "off",
            bans=self._bans.all(),
            allow=self.orders.allow,
            deny=self.orders.deny,
        )

    def _difficulty(self) -> int:
        return DIFFICULTY[self._pressure.level] if self._settings.challenge else 0

    def _summed(self, seen: Seen, now_ms: int) -> Evidence:
        tallies = [edge.tally for edge in seen.edges]
        # A listener explains what their page asked for, at whichever edges it did; an edge itself
        # can only tell what was spent there and is explained there.
        explained = max(sum(t.explained for t in tallies), ARRIVAL * self._came(seen))
        turned_away = sum(_acts(tally, act) for tally in tallies for act in _REFUSING)
        # Where listeners share an address with a bot, their refusals are no sign of more than it.
        shared = sum(
            sum(source.refused.values())
            for tally in tallies
            for source in tally.worst
            if source.vouched > 0
        )
        return Evidence(
            at_ms=now_ms,
            spent=sum(tally.spent for tally in tallies),
            explained=explained,
            refused=max(0, turned_away - shared),
            capacity=CAPACITY_S * len(tallies),
            busy=max(edge.busy_fraction for edge in seen.edges),
            loop_lag_p99_ms=max(edge.loop_lag_p99_ms for edge in seen.edges),
            difficulty=self._difficulty(),
        )

    def _came(self, seen: Seen) -> int:
        """Listeners whom the edges did not know a second ago."""
        came = 0
        for edge in seen.edges:
            came += max(0, edge.tally.vouched - self._vouched.get(edge.edge, 0))
            self._vouched[edge.edge] = edge.tally.vouched
        return came

    def _judge(self, seen: Seen, now_ms: int) -> None:
        level = self._pressure.second(self._evidence, 2 if self.mode == "attack" else 0)
        told = self._suspects.heard((s for e in seen.edges for s in e.tally.worst), now_ms)
        if level == 0:
            return
        # The worst last: where the table is full, who comes later takes a place from before.
        for suspect, second in sorted(told, key=lambda row: (row[0].total(), row[0].source)):
            if suspect.source in self._allow:
                continue
            spared = suspect.has_listeners(now_ms)
            self._bans.spare(suspect.source, spared, now_ms)
            ban = self._bans.find(suspect.source)
            if suspect.is_crowd(now_ms):
                self._bans.end(suspect.source)
            elif ban is not None:
                # One that is slowed is answered: what it spends then is what it goes on with.
                points = second.refused + (second.spent if ban.step == "slow" else 0.0)
                self._bans.ignored(suspect.source, points, now_ms)
            elif suspect.guilty(level):
                denied = suspect.source in self._deny
                reason = OPERATOR if denied else suspect.reason()
                self._bans.ban(suspect.source, reason, now_ms, spared)

    def _note(self, now_ms: int) -> None:
        evidence = self._evidence
        self._history.append(
            Moment(
                at_ms=now_ms,
                pressure=self._pressure.level,
                spent=round(evidence.spent, 1),
                explained=round(evidence.explained, 1),
                unexplained=round(self._pressure.unexplained, 1),
                refused=int(evidence.refused),
                distinct=self._distinct,
                busy=round(evidence.busy, 3),
                reasons=self._reasons(),
            )
        )

    def _reasons(self) -> dict[str, int]:
        reasons: Counter[str] = Counter()
        for edge in self._seen.edges:
            reasons.update(edge.tally.refused)
            would = {act: n for act, n in edge.tally.acts.items() if act.startswith("would_")}
            reasons.update(would)
        return dict(reasons)

    # --- what is shown ------------------------------------------------------------------------

    def status(self) -> Status:
        """Everything about it, as of the last second."""
        pressure, evidence, seen = self._pressure, self._evidence, self._seen
        tallies = [edge.tally for edge in seen.edges]
        at_ms = self._history[-1].at_ms if self._history else 0
        refused: Counter[str] = Counter()
        acts: Counter[str] = Counter()
        for tally in tallies:
            refused.update(tally.refused)
            acts.update(tally.acts)
        bans = self._bans.all()
        steps = Counter(ban.step for ban in bans)
        return Status(
            at_ms=at_ms,
            mode=self.mode,
            dry_run=self.dry_run,
            pressure=pressure.level,
            pressure_since_ms=pressure.since_ms,
            onset_ms=pressure.onset_ms,
            why=pressure.why,
            says=PRESSURE[pressure.why],
            difficulty=self._difficulty(),
            spent=evidence.spent,
            explained=evidence.explained,
            unexplained=round(pressure.unexplained, 1),
            refused=dict(refused),
            acts=dict(acts),
            distinct=self._distinct,
            vouched=sum({edge.edge: edge.tally.vouched for edge in seen.edges}.values()),
            waiting=self._people[0],
            inside=self._people[1],
            statistics=pressure.statistics(),
            worst=tuple(self._shown(one, at_ms) for one in self._suspects.worst(WORST, at_ms)),
            neighbourhoods=self._neighbourhoods(),
            bans=tuple(
                BanStatus(
                    source=text_of(ban.source),
                    step=ban.step,
                    reason=ban.reason,
                    says=REASONS[ban.reason],
                    since_ms=ban.since_ms,
                    until_ms=ban.until_ms,
                    times=self._bans.times(ban.source),
                )
                for ban in sorted(bans, key=lambda ban: (-RANK[ban.step], -ban.until_ms))
            ),
            bans_by_step={step: steps[step] for step in RANK if steps[step]},
            allow=self.orders.allow,
            deny=self.orders.deny,
            changes=tuple(pressure.changes),
            history=tuple(self._history),
            cost=Cost(
                busy=evidence.busy,
                loop_lag_p99_ms=evidence.loop_lag_p99_ms,
                unexplained=round(pressure.unexplained / evidence.capacity, 4),
                accounts=sum({e.edge: e.tally.accounts for e in seen.edges}.values()),
                suspects=len(self._suspects),
                suspects_most=SUSPECTS_MOST,
                bans_most=BANS_MOST,
            ),
        )

    def _shown(self, suspect: Suspect, now_ms: int) -> SourceStatus:
        ban = self._bans.find(suspect.source)
        held = ""
        if suspect.source in self._allow:
            held = "allowed"
        elif suspect.has_listeners(now_ms):
            held = "listeners"
        return SourceStatus(
            source=text_of(suspect.source),
            neighbourhood=text_of(neighbourhood(suspect.source)),
            points={reason: round(points, 1) for reason, points in suspect.points.items()},
            demand=round(suspect.spent, 1),
            explained=round(suspect.share, 3),
            vouched=suspect.vouched,
            connections=suspect.connections,
            step=ban.step if ban else "",
            held=held,
        )

    def _neighbourhoods(self) -> tuple[NeighbourhoodStatus, ...]:
        bans = by_neighbourhood(ban.source for ban in self._bans.all())
        suspects = by_neighbourhood(self._suspects.sources())
        worst = sorted(bans | suspects, key=lambda one: (-bans[one], -suspects[one], one))[:WORST]
        return tuple(
            NeighbourhoodStatus(neighbourhood=text_of(one), bans=bans[one], suspects=suspects[one])
            for one in worst
        )


def _acts(tally: ShieldTally, act: str) -> int:
    """How often it was done, or in a dry run would have been."""
    return tally.acts.get(act, 0) + tally.acts.get(f"would_{act}", 0)
