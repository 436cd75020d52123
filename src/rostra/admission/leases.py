"""Leases: places lent to edges, so that they let people in alone and never one too many."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping

from rostra.admission.distinct import Distinct
from rostra.ground.door_values import DoorTally

SILENT_S = 5  # without a tally an edge is lent nothing any more
# An edge uses no lease that it heard longer ago than this (admission/door.py).
VOID_S = 10
# A place that an edge may have given away unseen shows itself when its pass is renewed: within
# 66 s, wherever that is (a page renews after 60 s ± 10 %), and then counts as inside.
DOUBT_S = 75
# From the last tally of an edge: silence, what was already on its way and still holds, doubt.
BACK_S = SILENT_S + VOID_S + DOUBT_S
WANTED_S = 4  # so long somebody who was sent away is expected back at the same edge
_USE_SHARE = 0.2  # of the newest second in the mean of recent use
_UNHEARD_MOST = 64
EDGES_MOST = 1024
_RUNS_MOST = 16


class _Edge:
    """What one run of one edge was lent."""

    def __init__(self, run: str, granted: int, now: float) -> None:
        self.run = run
        self.granted = granted
        self.heard_at = now
        self.most = granted
        # What the edge may believe: (last sequence that said so, most), falling; a later word that
        # is as high makes an earlier one meaningless.
        self.said: list[tuple[int, int]] = []
        self.wanted: list[tuple[float, int]] = []
        self.use = 0.0
        self.ended: deque[str] = deque(maxlen=_RUNS_MOST)  # runs before this one

    @property
    def unused(self) -> int:
        return max(0, self.most - self.granted)

    @property
    def exposed(self) -> int:
        """Passes it may still issue, as far as we know."""
        return max(0, max((most for _, most in self.said), default=0) - self.granted)

    def say(self, sequence: int, most: int) -> None:
        self.most = most
        while self.said and self.said[-1][1] <= most:
            self.said.pop()
        self.said.append((sequence, most))
        if len(self.said) > _UNHEARD_MOST:  # the second is lower and a little later
            self.said[:2] = [(self.said[1][0], self.said[0][1])]

    def acknowledge(self, sequence: int) -> None:
        while len(self.said) > 1 and self.said[0][0] < sequence:
            self.said.pop(0)

    def want(self, now: float) -> int:
        self.wanted = [(at, many) for at, many in self.wanted if now - at < WANTED_S]
        return max((many for _, many in self.wanted), default=0)


class Leases:
    """Shares out one event's free places among the edges, exactly.

    `most` is a total for one run of an edge, so a message that is lost, late or repeated lends
    nothing twice. A place is lent elsewhere only after its edge has repeated (in
    `DoorTally.sequence`) a message that lowered it.
    """

    def __init__(
        self, lent: Mapping[str, tuple[str, int]] | None = None, sequence: int = 0, now: float = 0.0
    ) -> None:
        """`lent`, `sequence`: the newest message that was sent before control was restarted.

        It must have been kept before it was sent; every sequence after it must be higher.
        """
        self._edges: dict[str, _Edge] = {}
        self._doubts: list[tuple[float, int]] = []  # until when, places
        for name, (run, most) in (lent or {}).items():
            self._edges[name] = _Edge(run, 0, now)
            self._edges[name].say(sequence, most)

    def heard(self, edge: str, tally: DoorTally, now: float) -> None:
        """One second of one edge. `distinct.WireInvalid` if its listeners are garbage."""
        renewed = Distinct()
        renewed.add_wire(tally.renewed)
        known = self._edges.get(edge)
        if known is None or known.run != tally.run:
            if known is not None and tally.run in known.ended:
                return  # a late word of a run that is over
            known = self._edges[edge] = self._begun(known, tally, now)
            self._bound()
        grants = max(0, tally.granted - known.granted)
        # A tally was lost: its passes count nowhere until they are renewed.
        if (unseen := grants - renewed.estimate().high) > 0:
            self._doubt(unseen, now)
        known.granted += grants
        known.heard_at = now
        known.acknowledge(tally.sequence)
        known.use += _USE_SHARE * (grants - known.use)
        known.wanted = [(at, max(0, many - grants)) for at, many in known.wanted]
        if tally.wanted:
            known.wanted.append((now, tally.wanted))

    def _begun(self, before: _Edge | None, tally: DoorTally, now: float) -> _Edge:
        """A run of an edge that was not known. What the run before it had left is in doubt."""
        edge = _Edge(tally.run, 0 if before else tally.granted, now)
        if before is not None:
            if now - before.heard_at < BACK_S:
                self._doubt(before.exposed, now)
            edge.ended.extend(before.ended)
            edge.ended.append(before.run)
        return edge

    def outstanding(self, now: float) -> int:
        """Places that may be taken without our knowing yet."""
        self._doubts = [(until, many) for until, many in self._doubts if until > now]
        return sum(many for _, many in self._doubts) + sum(
            edge.exposed for edge in self._edges.values() if now - edge.heard_at < BACK_S
        )

    def lend(self, places: int, now: float, sequence: int) -> dict[str, tuple[str, int]]:
        """`DoorMoved.leases` for the message with this `sequence`, higher than all before.

        `places`: how many passes may be out on leases and unused over all edges: the limit less
        those inside. What is still out is subtracted here.
        """
        live = {name: edge for name, edge in self._edges.items() if now - edge.heard_at < SILENT_S}
        out = self.outstanding(now)
        elsewhere = out - sum(edge.exposed for edge in live.values())
        free = max(0, places - out)
        wish = _shares(live, max(0, places - elsewhere), now)
        for name in sorted(live, key=lambda name: (-live[name].want(now), name)):
            edge = live[name]
            # What it may still have of older messages costs nothing new.
            kept = min(wish[name], edge.exposed)
            more = min(wish[name] - kept, free)
            free -= more
            edge.say(sequence, edge.granted + kept + more)
        return {name: (edge.run, edge.most) for name, edge in live.items()}

    def _bound(self) -> None:
        if len(self._edges) > EDGES_MOST:
            oldest = min(self._edges, key=lambda name: self._edges[name].heard_at)
            del self._edges[oldest]

    def _doubt(self, places: int, now: float) -> None:
        if places > 0:
            self._doubts.append((now + DOUBT_S, places))


def _shares(live: dict[str, _Edge], places: int, now: float) -> dict[str, int]:
    """Who should have how many: first those whom somebody asked, then by recent use."""
    wants = {name: edge.want(now) for name, edge in live.items()}
    asked = sum(wants.values())
    shares = _split(min(places, asked), {n: float(w) for n, w in wants.items()}, live)
    rest = _split(
        places - sum(shares.values()), {name: 1 + edge.use for name, edge in live.items()}, live
    )
    return {name: shares[name] + rest[name] for name in live}


def _split(places: int, weights: dict[str, float], live: dict[str, _Edge]) -> dict[str, int]:
    """Largest remainders; among equals whoever has a place keeps it, so that none wanders."""
    total = sum(weights.values())
    if total <= 0 or places <= 0:
        return dict.fromkeys(weights, 0)
    exact = {name: places * weight / total for name, weight in weights.items()}
    shares = {name: int(share) for name, share in exact.items()}
    left = places - sum(shares.values())
    order = sorted(
        (name for name in weights if weights[name] > 0),
        key=lambda name: (-round(exact[name] - shares[name], 6), -live[name].unused, name),
    )
    for name in order[:left]:
        shares[name] += 1
    return shares
