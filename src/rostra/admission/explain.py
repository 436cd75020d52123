"""A ticket explained: every step from the secret to the rank, to be recomputed by hand."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import msgspec
from msgspec import Meta

from rostra.admission import draw
from rostra.admission.refused import TICKET_INVALID, TICKET_OTHER_EVENT
from rostra.admission.tickets import Ticket, claimed_ticket, read_ticket
from rostra.admission.tokens import kid_of
from rostra.ground.door_values import Covered
from rostra.ground.facts import DoorSet
from rostra.ground.keys import KeyRing
from rostra.ground.refusals import Refusal
from rostra.ground.wall_time import rfc3339

Hex = Annotated[str, Meta(pattern=r"^[0-9a-f]{64}\Z")]
Word = Annotated[str, Meta(pattern=r"^[A-Za-z0-9._:-]{1,64}\Z")]
STATE_INVALID = Refusal(
    "state_invalid", 400, "This is not an event's state.json with a door in it."
)


class Explanation(msgspec.Struct, frozen=True, kw_only=True):
    """What a ticket is worth, and how it comes to that.

    `signature_holds`: None where the key was not at hand. The `*_holds` of the draw are None
    where the state does not say enough; `cohort`, `fraction`, `rank` before the doors opened.
    """

    ticket: Ticket
    key: str
    signature_holds: bool | None
    door: DoorSet
    commitment_holds: bool | None = None
    digest: str = ""
    seed_holds: bool | None = None
    cohort: int | None = None
    fraction: int | None = None
    rank: int | None = None
    admitted_rank: int = -1

    @property
    def admitted(self) -> bool:
        """Whether the line has come to this ticket; its lane may have let it in long before."""
        return bool(self.ticket.lane) or (self.rank is not None and self.rank <= self.admitted_rank)

    @property
    def sound(self) -> bool:
        """Whether nothing that could be checked is wrong."""
        return False not in (self.signature_holds, self.commitment_holds, self.seed_holds)


def explain(
    token: str, door_set: DoorSet, ring: KeyRing | None, admitted_rank: int
) -> Explanation | Refusal:
    """The ticket in `token`, in the line that `door_set` describes. `ring`: None if not at hand.

    A ticket is explained even where its signature does not hold or it has expired.
    """
    ticket = claimed_ticket(token)
    if ticket is None:
        return TICKET_INVALID
    if ticket.event_id != door_set.event_id:
        return TICKET_OTHER_EVENT
    holds = None
    if ring is not None and ring.find(kid_of(token)) is not None:
        holds = isinstance(read_ticket(token, ticket.event_id, ring, 0), Ticket)
    plain = Explanation(
        ticket=ticket,
        key=kid_of(token),
        signature_holds=holds,
        door=door_set,
        admitted_rank=admitted_rank,
    )
    if door_set.opened_at_s is None or not door_set.seed:
        return plain
    secret, seed = bytes.fromhex(door_set.secret), bytes.fromhex(door_set.seed)
    seed_holds: bool | None = draw.seed(secret, door_set.covered) == seed
    if not seed_holds and not door_set.covered:
        seed_holds = None  # the state may just not list what was covered
    return msgspec.structs.replace(
        plain,
        commitment_holds=draw.commitment(secret).hex() == door_set.commitment,
        digest=draw.digest(door_set.covered).hex(),
        seed_holds=seed_holds,
        cohort=draw.cohort(ticket.arrived_s, door_set.opened_at_s),
        fraction=draw.fraction(seed, ticket.ticket_id),
        rank=draw.rank(ticket.arrived_s, door_set.opened_at_s, seed, ticket.ticket_id),
    )


# --- the state ---------------------------------------------------------------------------------


class _Row(msgspec.Struct, array_like=True, forbid_unknown_fields=True):
    edge: Word
    run: Word
    issued: Annotated[int, Meta(ge=0)]
    chain: Hex


class _Door(msgspec.Struct):
    commitment: Hex
    secret: Hex | None = None
    seed: Hex | None = None
    opened_at: str | None = None
    admitted_rank: int = -1
    covered: tuple[_Row, ...] = ()


class _State(msgspec.Struct):
    id: Word
    door: _Door


_states = msgspec.json.Decoder(_State)


def _unix_s(text: str) -> int:
    at = datetime.fromisoformat(text)
    if at.tzinfo is None:
        raise ValueError("a time without a zone")
    return int(at.timestamp())


def door_of(state: bytes) -> tuple[DoorSet, int] | Refusal:
    """The draw and the admitted rank from a state.json. Nothing else of it is read.

    Names and hashes are checked closely, since they stand in commands that people copy.
    """
    try:
        read = _states.decode(state)
        opened_at_s = _unix_s(read.door.opened_at) if read.door.opened_at else None
    except (msgspec.DecodeError, ValueError):
        return STATE_INVALID
    door = DoorSet(
        event_id=read.id,
        commitment=read.door.commitment,
        places_until_s=0,
        secret=read.door.secret or "",
        seed=read.door.seed or "",
        covered=tuple(
            Covered(edge=row.edge, run=row.run, issued=row.issued, chain=row.chain)
            for row in read.door.covered
        ),
        opened_at_s=opened_at_s,
    )
    return door, read.door.admitted_rank


# --- in words ----------------------------------------------------------------------------------


def lines(explained: Explanation) -> list[str]:
    """The explanation for a person; each command gives the value below it on any machine."""
    ticket, door = explained.ticket, explained.door
    signature = {
        None: "not checked (its key is not on this machine; the rank does not need it)",
        True: "holds",
        False: "DOES NOT HOLD: the ticket was forged or altered",
    }[explained.signature_holds]
    out = [
        f"ticket     {ticket.ticket_id}",
        f"event      {ticket.event_id}",
        f"arrived    {rfc3339(ticket.arrived_s * 1000)} ({ticket.arrived_s})",
        f"kept until {rfc3339(ticket.expires_s * 1000)}",
        f"signature  {signature}",
        f"key        {explained.key}",
    ]
    if ticket.lane:
        out.append(f"lane       {ticket.lane}: let in as soon as the doors are open")
    out += ["", "1. The commitment, published when the event was created", f"   {door.commitment}"]
    if explained.rank is None:
        return [*out, "", "The doors are not open: the secret is not out, so nobody has a rank."]
    return [*out, *_draw_lines(explained), *_rank_lines(explained)]


def _verdict(holds: bool | None, unchecked: str) -> str:
    return {True: "It is the same.", False: "IT IS NOT THE SAME.", None: unchecked}[holds]


def _draw_lines(explained: Explanation) -> list[str]:
    door = explained.door
    rows = "".join(f"{line}\\n" for line in draw.covered_lines(door.covered).splitlines())
    return [
        "   of the secret that was revealed when the doors opened:",
        f"   $ (printf 'rostra commitment\\0'; echo {door.secret} | xxd -r -p) | sha256sum",
        f"   {draw.commitment(bytes.fromhex(door.secret)).hex()}",
        f"   {_verdict(explained.commitment_holds, '')}",
        "",
        "2. The digest of all tickets that were issued before (edge, run, how many, chain)",
        f"   $ printf 'rostra covered\\0{rows}' | sha256sum",
        f"   {explained.digest}",
        "",
        "3. The seed, of secret and digest",
        f"   $ (printf 'rostra seed\\0'; echo {door.secret}{explained.digest} | xxd -r -p)"
        " | sha256sum",
        f"   {draw.seed(bytes.fromhex(door.secret), door.covered).hex()}",
        f"   the state says {door.seed}",
        "   "
        + _verdict(explained.seed_holds, "Not checked: the state does not list what was covered."),
    ]


def _rank_lines(explained: Explanation) -> list[str]:
    ticket, door = explained.ticket, explained.door
    assert door.opened_at_s is not None and explained.fraction is not None
    opened_at_s = door.opened_at_s
    if ticket.arrived_s < opened_at_s:
        cohort = "0: it came before the doors opened"
    else:
        cohort = (
            f"{explained.cohort} = 1 + ({ticket.arrived_s} - {opened_at_s}) / {draw.COHORT_S},"
            " rounded down"
        )
    place = "this ticket may come in" if explained.admitted else "it is not this ticket's turn yet"
    return [
        "",
        f"4. The cohort; the doors opened at {rfc3339(opened_at_s * 1000)} ({opened_at_s})",
        f"   {cohort}",
        "",
        "5. The fraction: the first 8 digits, as a number",
        f"   $ (printf 'rostra rank\\0'; echo {door.seed} | xxd -r -p; printf %s"
        f" '{ticket.ticket_id}') | sha256sum | cut -c 1-8",
        f"   {explained.fraction:08x}",
        f"   = {explained.fraction}",
        "",
        "6. The rank: cohort x 4294967296 + fraction",
        f"   {explained.rank}",
        f"   The line stands at {explained.admitted_rank}: {place}.",
    ]
