"""One event's door on one edge: what was heard of it, and what was done since the last tally."""

from __future__ import annotations

from collections import OrderedDict

from rostra.admission import draw
from rostra.admission.beats import NOT_DRAWN, Beats
from rostra.admission.distinct import Distinct
from rostra.admission.leases import VOID_S
from rostra.admission.nonces import Nonces
from rostra.admission.tickets import Ticket, listener_hash
from rostra.ground.door_values import DoorTally
from rostra.ground.facts import DoorMoved, DoorSet, Phase

INSIDE_MOST = 65_536
_OVER = {Phase.ENDED, Phase.POSTED, Phase.CANCELLED}


class Inside:
    """Who was let in here and holds a pass: asking again with the ticket costs no second place.

    Bounded: beyond `INSIDE_MOST` the one renewed longest ago is forgotten.
    """

    def __init__(self) -> None:
        self._until: OrderedDict[bytes, int] = OrderedDict()

    def keep(self, listener: bytes, until_s: int) -> None:
        """Their place is held until then (Unix seconds of the door's clock)."""
        self._until[listener] = until_s
        self._until.move_to_end(listener)
        if len(self._until) > INSIDE_MOST:
            self._until.popitem(last=False)

    def holds(self, listener: bytes, now_s: float) -> bool:
        """Whether their place is held now."""
        return self._until.get(listener, -1) > now_s


class Second:
    """What was done at the door of one event since the last tally."""

    def __init__(self) -> None:
        self.beats = Beats()
        self.wanted: set[bytes] = set()
        self.renewed, self.proven, self.fetched = Distinct(), Distinct(), Distinct()
        self.left, self.minute_net, self.minute_gross = Distinct(), Distinct(), Distinct()
        self.marked = Distinct()
        self.lanes: dict[str, Distinct] = {}
        self.busy = False


class Doorway:
    """One event's door on this edge."""

    def __init__(self) -> None:
        self.phase: Phase | None = None
        self.rehearsal = False
        self.doors: DoorSet | None = None
        self.moved: DoorMoved | None = None
        self.admitted_rank = -1
        self.seed = b""
        self.issued = 0
        self.granted = 0
        self.chain = draw.NO_CHAIN
        self.nonces = Nonces()
        self.inside = Inside()
        self.second = Second()

    @property
    def over(self) -> bool:
        """Whether nobody is let in any more."""
        return self.phase in _OVER

    @property
    def opened_at_s(self) -> int | None:
        """When the doors opened (Unix seconds), once the draw is known."""
        return self.doors.opened_at_s if self.doors and self.seed else None

    def rank(self, ticket: Ticket) -> int | None:
        """The ticket's rank; None before the draw."""
        if self.opened_at_s is None:
            return None
        return draw.rank(ticket.arrived_s, self.opened_at_s, self.seed, ticket.ticket_id)

    def lease_left(self, edge: str, run: str, now_s: float) -> bool:
        """Whether this run of the edge was lent one more pass than it issued, and lately: control
        may have lent the places of an edge that it does not reach to another one."""
        if self.moved is None or now_s - self.moved.at_ms / 1000 > VOID_S:
            return False
        lent_run, most = self.moved.leases.get(edge, ("", 0))
        return lent_run == run and self.granted < most

    def beat(self, ticket: Ticket, rank: int | None) -> None:
        """Who waits with this ticket is still there; those of a lane do not wait."""
        self.second.busy = True
        if not ticket.lane:
            self.second.beats.add(
                listener_hash(ticket.ticket_id), NOT_DRAWN if rank is None else rank
            )

    def tally(self, run: str) -> DoorTally:
        """What was done since the last call, by this run of the edge; forgets it."""
        second, self.second = self.second, Second()
        return DoorTally(
            run=run,
            issued=self.issued,
            chain=self.chain,
            sequence=self.moved.sequence if self.moved else 0,
            granted=self.granted,
            wanted=len(second.wanted),
            beats=second.beats.wire(),
            beats_sampled=second.beats.sampled,
            renewed=second.renewed.wire(),
            proven=second.proven.wire(),
            fetched=second.fetched.wire(),
            left=second.left.wire(),
            marked=second.marked.wire(),
            minute_net=second.minute_net.wire(),
            minute_gross=second.minute_gross.wire(),
            lanes={lane: inside.wire() for lane, inside in second.lanes.items()},
        )
