"""Tickets hold for their event until they expire, and for nothing else."""

from __future__ import annotations

import hashlib

import jwt
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rostra.admission.refused import TICKET_EXPIRED, TICKET_INVALID, TICKET_OTHER_EVENT
from rostra.admission.tickets import (
    Ticket,
    claimed_ticket,
    listener_hash,
    read_ticket,
    sign_ticket,
)
from rostra.ground.keys import KeyRing, key_id

KEY = bytes(range(32))
RING = KeyRing((KEY,))
NEWER = KeyRing((b"n" * 32, KEY))
ID = "AAECAwQFBgcICQoLDA0ODw"
TICKET = Ticket(event_id="k3v9x2mq", ticket_id=ID, arrived_s=1000, expires_s=2000)
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


def raw(**changes: object) -> str:
    claims = {"aud": "door", "ev": "k3v9x2mq", "jti": ID, "iat": 1000, "exp": 2000} | changes
    claims = {name: value for name, value in claims.items() if value is not None}
    headers = {"kid": key_id(KEY), "typ": "ticket+jwt"}
    return jwt.encode(claims, KEY, algorithm="HS256", headers=headers)


@given(
    ticket_id=st.text(LETTERS, min_size=22, max_size=22),
    arrived_s=st.integers(0, 1 << 37),
    lane=st.text("abc é-07", max_size=12),
)
def test_a_ticket_is_read_as_it_was_signed(ticket_id: str, arrived_s: int, lane: str) -> None:
    ticket = Ticket(
        event_id="k3v9x2mq", ticket_id=ticket_id, arrived_s=arrived_s, expires_s=2000, lane=lane
    )
    assert read_ticket(sign_ticket(ticket, RING), "k3v9x2mq", RING, 1999.9) == ticket


def test_a_ticket_of_an_older_key_holds_while_the_ring_has_it() -> None:
    token = sign_ticket(TICKET, RING)
    assert read_ticket(token, "k3v9x2mq", NEWER, 1500) == TICKET
    assert read_ticket(token, "k3v9x2mq", KeyRing((b"n" * 32,)), 1500) is TICKET_INVALID


def test_a_ticket_holds_until_its_last_second_and_not_at_it() -> None:
    token = sign_ticket(TICKET, RING)
    assert read_ticket(token, "k3v9x2mq", RING, 1999.99) == TICKET
    assert read_ticket(token, "k3v9x2mq", RING, 2000) is TICKET_EXPIRED


def test_a_ticket_of_another_event_is_told_apart_from_a_forged_one() -> None:
    token = sign_ticket(TICKET, RING)
    assert read_ticket(token, "other", RING, 1500) is TICKET_OTHER_EVENT
    assert read_ticket(token[:-2] + "AA", "other", RING, 1500) is TICKET_INVALID


@pytest.mark.parametrize(
    "changes",
    [
        {"aud": "media"}, {"aud": ["door"]}, {"aud": None}, {"ev": None}, {"ev": ""},
        {"ev": "x" * 65}, {"ev": 7}, {"jti": None}, {"jti": ID + "A"}, {"jti": ID[:-1]},
        {"jti": ID[:-1] + "\n"}, {"jti": ID[:-1] + "é"}, {"iat": None}, {"iat": "1000"},
        {"iat": -1}, {"iat": 1000.5}, {"exp": None}, {"exp": True}, {"exp": 1 << 60},
        {"lane": "x" * 65}, {"lane": "\x1b[2J"}, {"lane": 1}, {"admin": True},
    ],
)  # fmt: skip
def test_claims_of_another_shape_are_refused_even_if_signed(changes: dict[str, object]) -> None:
    assert read_ticket(raw(), "k3v9x2mq", RING, 1500) == TICKET
    assert read_ticket(raw(**changes), "k3v9x2mq", RING, 1500) is TICKET_INVALID


def test_a_claimed_ticket_needs_no_key_but_the_right_kind() -> None:
    token = sign_ticket(TICKET, KeyRing((b"?" * 32,)))
    assert claimed_ticket(token) == TICKET
    assert claimed_ticket("nonsense") is None
    assert claimed_ticket(raw(jti="short")) is None


def test_the_listener_hash_is_plain_blake2b_of_the_id() -> None:
    assert listener_hash(ID) == hashlib.blake2b(ID.encode(), digest_size=8).digest()


def test_a_ticket_is_no_longer_than_a_page_can_keep() -> None:
    full = msgspec.structs.replace(TICKET, event_id="x" * 10, lane="press and staff")
    assert len(sign_ticket(full, RING)) < 320
