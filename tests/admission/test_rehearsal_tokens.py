"""No virtual listener is ever taken for a person, and no person for a virtual listener."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.admission.test_door import KEY, NEXT, NOW, OPENED_S, RING, Edge, door_set, moved, phase

from rostra.admission.door import Admitted
from rostra.admission.passes import Pass, read_pass, sign_pass
from rostra.admission.refused import (
    DOORS_CLOSED,
    PASS_OTHER_EVENT,
    REHEARSAL_ONLY,
    TICKET_INVALID,
    TICKET_OTHER_EVENT,
)
from rostra.admission.rehearsal_tokens import rehearses, sign_rehearsal
from rostra.admission.tickets import Ticket, read_ticket, sign_ticket
from rostra.ground.facts import EventChanged, Phase
from rostra.ground.keys import KeyRing
from rostra.ground.refusals import Refusal

TOKEN = sign_rehearsal("ev", OPENED_S + 600, RING)


def rehearsed(now: Phase) -> EventChanged:
    event = phase(now).event
    return EventChanged(event=msgspec.structs.replace(event, rehearsal=True))


def rehearsal() -> Edge:
    return Edge().hear(rehearsed(Phase.LIVE), door_set(True), moved(1 << 52, one=100))


def real() -> Edge:
    return Edge().hear(phase(Phase.LIVE), door_set(True), moved(1 << 52, one=100))


def asked(edge: Edge, token: str, bearer: str = "") -> str | Refusal:
    reply = edge.door.ticket("ev", bearer, edge.wall_ms, edge.fresh(), token)
    return reply if isinstance(reply, Refusal) else str(msgspec.json.decode(reply.body)["ticket"])


def test_a_rehearsal_gives_tickets_to_its_generators_alone() -> None:
    edge = rehearsal()
    assert asked(edge, "") == REHEARSAL_ONLY
    for wrong in (
        "nonsense",
        sign_rehearsal("other", OPENED_S + 600, RING),
        sign_rehearsal("ev", OPENED_S, RING),
        sign_rehearsal("ev", OPENED_S + 600, KeyRing((NEXT,))),
        sign_ticket(
            Ticket(event_id="ev", ticket_id="A" * 22, arrived_s=0, expires_s=OPENED_S * 2), RING
        ),
    ):
        assert asked(edge, wrong) == REHEARSAL_ONLY
    assert isinstance(asked(edge, TOKEN), str)


def test_its_tickets_and_passes_carry_the_mark_from_first_to_last() -> None:
    edge = rehearsal()
    ticket = asked(edge, TOKEN)
    assert isinstance(ticket, str)
    read = read_ticket(ticket, "ev", RING, OPENED_S)
    assert isinstance(read, Ticket)
    assert read.rehearsal
    assert asked(edge, "", ticket) == ticket, "a sign of life needs the token no more"
    given = edge.let_in(ticket)
    renewed = edge.let_in(given)
    for one in (given, renewed):
        held = read_pass(one, "ev", RING, OPENED_S)
        assert isinstance(held, Pass)
        assert held.rehearsal
        assert isinstance(edge.admits(one), Admitted)
    edge.door.ring = KeyRing((NEXT, KEY))
    anew = asked(edge, "", ticket)
    assert isinstance(anew, str)
    assert anew != ticket
    again = read_ticket(anew, "ev", edge.door.ring, OPENED_S)
    assert isinstance(again, Ticket)
    assert again.rehearsal


def test_the_token_of_a_rehearsal_changes_nothing_at_a_real_event() -> None:
    ticket = asked(real(), TOKEN)
    assert isinstance(ticket, str)
    read = read_ticket(ticket, "ev", RING, OPENED_S)
    assert isinstance(read, Ticket)
    assert not read.rehearsal


@given(marked=st.booleans(), id_=st.binary(min_size=16, max_size=16))
def test_whatever_has_the_other_mark_is_refused_everywhere(marked: bool, id_: bytes) -> None:
    edge = real() if marked else rehearsal()
    ticket_id = "B" * 20 + id_.hex()[:2]
    ticket = sign_ticket(
        Ticket(
            event_id="ev", ticket_id=ticket_id, arrived_s=OPENED_S, expires_s=OPENED_S + 600,
            rehearsal=marked,
        ),
        RING,
    )  # fmt: skip
    held = sign_pass(
        Pass(
            event_id="ev", ticket_id=ticket_id, session="C" * 11, issued_s=OPENED_S,
            expires_s=OPENED_S + 100, rehearsal=marked,
        ),
        RING,
    )  # fmt: skip
    assert asked(edge, TOKEN, ticket) == TICKET_OTHER_EVENT
    assert edge.exchange(ticket) == TICKET_OTHER_EVENT
    assert edge.exchange(held) == PASS_OTHER_EVENT
    assert edge.admits(held) == PASS_OTHER_EVENT


def test_a_token_of_a_rehearsal_is_no_ticket_and_no_pass() -> None:
    edge = rehearsal()
    assert asked(edge, TOKEN, TOKEN) == TICKET_INVALID
    assert isinstance(edge.exchange(TOKEN), Refusal)
    assert isinstance(edge.admits(TOKEN), Refusal)


def test_a_rehearsal_that_is_over_lets_nobody_in_and_tallies_nothing() -> None:
    edge = rehearsal()
    ticket = asked(edge, TOKEN)
    assert isinstance(ticket, str)
    edge.let_in(ticket)
    edge.hear(rehearsed(Phase.CANCELLED))
    assert edge.door.tally() == {}
    assert asked(edge, TOKEN) == DOORS_CLOSED
    assert edge.exchange(ticket) == DOORS_CLOSED


@pytest.mark.parametrize("late_s", [0, 1, 10**6])
def test_it_holds_until_its_time(late_s: int) -> None:
    token = sign_rehearsal("ev", OPENED_S, RING)
    assert rehearses(token, "ev", RING, OPENED_S - 1)
    assert not rehearses(token, "ev", RING, OPENED_S + late_s)
    assert NOW == OPENED_S * 1000
