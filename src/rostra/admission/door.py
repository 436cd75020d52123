"""An edge's side of the door: tickets, passes and leases, alone and without a look-up."""

from __future__ import annotations

import base64
from typing import Any

import msgspec

from rostra.admission import draw
from rostra.admission.distinct import Distinct
from rostra.admission.door_time import DoorTime
from rostra.admission.doorway import Doorway, Inside
from rostra.admission.nonces import Nonces
from rostra.admission.passes import (
    EXPIRES_S,
    LEEWAY_S,
    NONCE_MOST,
    RENEW_S,
    Pass,
    read_pass,
    sign_pass,
)
from rostra.admission.refused import (
    DOORS_CLOSED,
    NO_PLACE_FREE,
    NOT_YOUR_TURN,
    PASS_MISSING,
    PASS_OTHER_EVENT,
    REHEARSAL_ONLY,
    TICKET_OTHER_EVENT,
)
from rostra.admission.rehearsal_tokens import rehearses
from rostra.admission.tickets import Ticket, listener_hash, read_ticket, sign_ticket
from rostra.admission.tokens import Kind, kid_of, kind_of
from rostra.ground.door_values import DoorTally
from rostra.ground.facts import (
    AnyFact,
    AudienceCounted,
    DoorMoved,
    DoorSet,
    EventChanged,
    MediaSealed,
    Phase,
)
from rostra.ground.keys import KeyRing, key_id
from rostra.ground.refusals import Refusal
from rostra.ground.wall_time import rfc3339

BEAT_S = 30
MINUTE_S = 60
HEARD_MOST_S = 90  # what one renewal may add: a pass renewed late was not listened to for longer
GOODBYE_S = 20
ARRIVED_MOST_S = 300
WANTED_MOST = 65_536


class Reply(msgspec.Struct, frozen=True):
    """What the shell answers with 200. `cookie`: the value of `Set-Cookie`, without `Secure`.

    `listener`: whose ticket or pass it is. `issued`: it is a new ticket. `invented`: it was asked
    for with a nonce that no media of the last two hours carried.
    """

    body: bytes
    cookie: str = ""
    listener: bytes = b""
    issued: bool = False
    invented: bool = False


class Admitted(msgspec.Struct, frozen=True):
    """Whose pass it is and until when it holds, by the caller's own clock (Unix milliseconds)."""

    listener: bytes
    until_ms: int
    ticket_id: str


def _text(chance: bytes) -> str:
    return base64.urlsafe_b64encode(chance).rstrip(b"=").decode()


class Door:
    """All doors of one run of one edge; `docs/decisions/0008-door.md` says how they work.

    Every `wall_ms` is the caller's own clock (Unix milliseconds); every `fresh` is 16 bytes from
    the operating system's generator. `ring` is replaced when the key file changes.
    """

    def __init__(self, ring: KeyRing, edge: str, run: str, admission: str) -> None:
        self.ring = ring
        self._edge = edge
        self._run = run
        self._open = admission == "open"
        self._time = DoorTime()
        self._doorways: dict[str, Doorway] = {}

    # --- facts ---------------------------------------------------------------------------------

    def handle(self, fact: AnyFact, wall_ms: int) -> None:
        """Take what control and the packager said; other facts are ignored."""
        match fact:
            case EventChanged():
                if fact.event.rehearsal and fact.event.phase is Phase.CANCELLED:
                    self._doorways.pop(fact.event.event_id, None)
                    return
                doorway = self._doorway(fact.event.event_id)
                doorway.phase = fact.event.phase
                doorway.rehearsal = fact.event.rehearsal
                if doorway.over:  # nobody is let in any more
                    doorway.nonces, doorway.inside = Nonces(), Inside()
            case DoorSet():
                doorway = self._doorway(fact.event_id)
                doorway.doors = fact
                doorway.seed = bytes.fromhex(fact.seed)
            case DoorMoved():
                self._time.heard(f"door {fact.event_id}", fact.at_ms, wall_ms)
                doorway = self._doorway(fact.event_id)
                doorway.moved = fact
                # A control that was restored from an older copy must not send people back.
                doorway.admitted_rank = max(doorway.admitted_rank, fact.admitted_rank)
            case AudienceCounted():  # the only word of control's clock before the doors open
                self._time.heard(f"count {fact.event_id}", fact.at_ms, wall_ms)
            case MediaSealed() if fact.nonce:
                doorway = self._doorway(fact.event_id)
                if not doorway.over:
                    doorway.nonces.heard(fact.nonce, self._time.now_ms(wall_ms))

    def _doorway(self, event_id: str) -> Doorway:
        return self._doorways.setdefault(event_id, Doorway())

    def knows_key(self, kid: str) -> bool:
        """False where a token names a key that the ring does not hold.

        Then the key file may have been rotated a moment ago: read it again before refusing.
        """
        return not kid or self.ring.find(kid) is not None

    # --- tickets -------------------------------------------------------------------------------

    def now_s(self, wall_ms: int) -> int:
        """Unix seconds of the door's clock."""
        return self._time.now_ms(wall_ms) // 1000

    def is_rehearsal(self, event_id: str) -> bool:
        """Whether the event is played to virtual listeners only."""
        doorway = self._doorways.get(event_id)
        return doorway is not None and doorway.rehearsal

    def refuses_new(self, event_id: str, wall_ms: int, rehearsal: str = "") -> Refusal | None:
        """Why nobody gets a new ticket now, if so. `rehearsal`: as `ticket` has it."""
        doorway = self._doorways.get(event_id)
        if doorway is None or doorway.doors is None or doorway.over:
            return DOORS_CLOSED
        if doorway.rehearsal and not rehearses(rehearsal, event_id, self.ring, self.now_s(wall_ms)):
            return REHEARSAL_ONLY
        return None

    def ticket(
        self,
        event_id: str,
        bearer: str,
        wall_ms: int,
        fresh: bytes,
        rehearsal: str = "",
        arrived_s: int | None = None,
    ) -> Reply | Refusal:
        """A new ticket, or with a ticket as `bearer` the same one again: a sign of life.

        It is only signed anew (same id, same arrival) where its key is no longer the newest or the
        event's places now hold longer. `rehearsal`: the token without which a rehearsal gives none.
        `arrived_s`: when a newcomer arrived who was kept waiting (door's clock), at most
        ARRIVED_MOST_S ago.
        """
        doorway = self._doorways.get(event_id)
        if doorway is None or doorway.doors is None or doorway.over:
            return DOORS_CLOSED
        now_s = self.now_s(wall_ms)
        until_s = doorway.doors.places_until_s
        if bearer:
            read = read_ticket(bearer, event_id, self.ring, now_s)
            if isinstance(read, Refusal):
                return read
            if read.rehearsal != doorway.rehearsal:
                return TICKET_OTHER_EVENT
            ticket, token = read, bearer
            if ticket.expires_s < until_s or kid_of(bearer) != key_id(self.ring.newest):
                ticket = msgspec.structs.replace(ticket, expires_s=max(until_s, ticket.expires_s))
                token = sign_ticket(ticket, self.ring)
        elif refusal := self.refuses_new(event_id, wall_ms, rehearsal):
            return refusal
        else:
            came_s = now_s if arrived_s is None else arrived_s
            ticket = Ticket(
                event_id=event_id,
                ticket_id=_text(fresh),
                arrived_s=min(now_s, max(came_s, now_s - ARRIVED_MOST_S)),
                expires_s=until_s,
                rehearsal=doorway.rehearsal,
            )
            token = sign_ticket(ticket, self.ring)
            doorway.issued += 1
            doorway.chain = draw.chained(doorway.chain, ticket.ticket_id)
        rank = doorway.rank(ticket)
        if not self._open:
            doorway.beat(ticket, rank)
        return Reply(
            msgspec.json.encode(self._ticket_view(doorway, ticket, token, rank)),
            listener=listener_hash(ticket.ticket_id),
            issued=not bearer,
        )

    def _ticket_view(
        self, doorway: Doorway, ticket: Ticket, token: str, rank: int | None
    ) -> dict[str, Any]:
        called = rank is not None and rank <= doorway.admitted_rank
        return {
            "ticket": token,
            "id": ticket.ticket_id,
            "arrived": rfc3339(ticket.arrived_s * 1000),
            "lane": ticket.lane or None,
            "cohort": None if rank is None or ticket.lane else rank >> draw.FRACTION_BITS,
            "rank": None if ticket.lane else rank,
            "admitted": self._open or bool(ticket.lane) or called,
            "beat_s": doorway.moved.beat_s if doorway.moved else BEAT_S,
            "kept_until": rfc3339(ticket.expires_s * 1000),
        }

    # --- passes --------------------------------------------------------------------------------

    def exchange(
        self, event_id: str, bearer: str, nonce: str, wall_ms: int, fresh: bytes
    ) -> Reply | Refusal:
        """A pass for a ticket whose turn it is, or for a pass that still holds (a renewal).

        A page that has a pass sends the pass, also from a second tab or after a reload: so the
        ticket needs no second place. `nonce`: the newest that the page heard in the media, or "".
        """
        if not bearer:
            return PASS_MISSING
        doorway = self._doorways.get(event_id)
        if doorway is None or doorway.over:
            return DOORS_CLOSED
        now_ms = self._time.now_ms(wall_ms)
        if kind_of(bearer) is Kind.TICKET:
            return self._let_in(doorway, event_id, bearer, now_ms // 1000, fresh)
        return self._renew(doorway, event_id, bearer, nonce, now_ms)

    def _let_in(
        self, doorway: Doorway, event_id: str, bearer: str, now_s: int, fresh: bytes
    ) -> Reply | Refusal:
        ticket = read_ticket(bearer, event_id, self.ring, now_s)
        if isinstance(ticket, Refusal):
            return ticket
        if ticket.rehearsal != doorway.rehearsal:
            return TICKET_OTHER_EVENT
        rank = doorway.rank(ticket)
        if rank is None:
            return DOORS_CLOSED
        listener = listener_hash(ticket.ticket_id)
        free = self._open or ticket.lane or doorway.inside.holds(listener, now_s)
        if not free:
            if rank > doorway.admitted_rank:
                doorway.beat(ticket, rank)
                return NOT_YOUR_TURN
            if not doorway.lease_left(self._edge, self._run, now_s):
                doorway.beat(ticket, rank)
                if len(doorway.second.wanted) < WANTED_MOST:
                    doorway.second.wanted.add(listener)
                return NO_PLACE_FREE
            doorway.granted += 1
        given = Pass(
            event_id=event_id,
            ticket_id=ticket.ticket_id,
            session=_text(fresh[:8]),
            issued_s=now_s,
            expires_s=now_s + EXPIRES_S,
            lane=ticket.lane,
            rehearsal=ticket.rehearsal,
        )
        return self._hand_out(doorway, given, proof=False)

    def _renew(
        self, doorway: Doorway, event_id: str, bearer: str, nonce: str, now_ms: int
    ) -> Reply | Refusal:
        now_s = now_ms // 1000
        old = read_pass(bearer, event_id, self.ring, now_s)
        if isinstance(old, Refusal):
            return old
        if old.rehearsal != doorway.rehearsal:
            return PASS_OTHER_EVENT
        carried = 0 < len(nonce) <= NONCE_MOST and doorway.nonces.proves(nonce, now_ms)
        proof = carried and nonce != old.last_nonce
        heard_s = old.heard_s
        if proof:
            heard_s += min(max(now_s - old.issued_s, 0), HEARD_MOST_S)
        given = msgspec.structs.replace(
            old,
            issued_s=now_s,
            expires_s=now_s + EXPIRES_S,
            heard_s=heard_s,
            last_nonce=nonce if proof else old.last_nonce,
        )
        if old.heard_s < MINUTE_S <= heard_s:
            doorway.second.minute_net.add(listener_hash(old.ticket_id))
            doorway.second.minute_gross.add(listener_hash(old.session))
        reply = self._hand_out(doorway, given, proof)
        # An edge that has only just begun knows of none, and calls nobody a liar.
        if nonce and not carried and len(doorway.nonces):
            reply = msgspec.structs.replace(reply, invented=True)
        return reply

    def _hand_out(self, doorway: Doorway, given: Pass, proof: bool) -> Reply:
        listener = listener_hash(given.ticket_id)
        doorway.inside.keep(listener, given.expires_s)
        second = doorway.second
        second.busy = True
        second.beats.drop(listener)
        second.renewed.add(listener)
        if proof:
            second.proven.add(listener)
        if given.lane:
            second.lanes.setdefault(given.lane, Distinct()).add(listener)
        token = sign_pass(given, self.ring)
        body = {
            "pass": token,
            "expires_s": EXPIRES_S,
            "renew_s": RENEW_S,
            "proof": "nonce" if proof else None,
        }
        cookie = (
            f"rostra_pass={token}; Path=/e/{given.event_id}; Max-Age={EXPIRES_S}; "
            "HttpOnly; SameSite=Lax"
        )
        return Reply(msgspec.json.encode(body), cookie, listener)

    def leave(self, event_id: str, bearer: str, wall_ms: int) -> Refusal | None:
        """The holder of this pass said goodbye: their place is free a little later."""
        now_s = self._time.now_ms(wall_ms) // 1000
        read = read_pass(bearer, event_id, self.ring, now_s)
        if isinstance(read, Refusal):
            return read
        doorway = self._doorway(event_id)
        listener = listener_hash(read.ticket_id)
        doorway.inside.keep(listener, now_s + GOODBYE_S)
        doorway.second.left.add(listener)
        doorway.second.busy = True
        return None

    def admits(self, event_id: str, token: str, wall_ms: int) -> Admitted | Refusal:
        """Whether this pass opens the event's media. The shell remembers the answer until then."""
        read = read_pass(token, event_id, self.ring, self._time.now_ms(wall_ms) / 1000)
        if isinstance(read, Refusal):
            return read
        doorway = self._doorways.get(event_id)
        if doorway is not None and read.rehearsal != doorway.rehearsal:
            return PASS_OTHER_EVENT
        until_ms = self._time.wall_ms((read.expires_s + LEEWAY_S) * 1000)
        return Admitted(listener_hash(read.ticket_id), until_ms, read.ticket_id)

    def knows(self, event_id: str, token: str, wall_ms: int) -> bytes:
        """Whose ticket or pass of this event it is, if it holds; else empty. Cheap, and no act."""
        now_s = self._time.now_ms(wall_ms) // 1000
        read: Ticket | Pass | Refusal
        if kind_of(token) is Kind.TICKET:
            read = read_ticket(token, event_id, self.ring, now_s)
        else:
            read = read_pass(token, event_id, self.ring, now_s)
        return b"" if isinstance(read, Refusal) else listener_hash(read.ticket_id)

    def fetched(self, event_id: str, listener: bytes) -> None:
        """The holder of a pass fetched media."""
        second = self._doorway(event_id).second
        second.busy = True
        second.fetched.add(listener)

    def marked(self, event_id: str, listener: bytes) -> None:
        """Their pass is used far beyond what one listener can: they do not count as listening."""
        second = self._doorway(event_id).second
        second.busy = True
        second.marked.add(listener)

    # --- the tally -----------------------------------------------------------------------------

    def tally(self) -> dict[str, DoorTally]:
        """What was done since the last call, by event; forgets it."""
        return {
            event_id: doorway.tally(self._run)
            for event_id, doorway in self._doorways.items()
            if doorway.second.busy or (not doorway.over and (doorway.moved or doorway.issued))
        }
