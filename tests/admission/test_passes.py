"""Passes hold for two minutes and a little, for their event only, and carry what was listened."""

from __future__ import annotations

import jwt
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rostra.admission.passes import LEEWAY_S, Pass, read_pass, sign_pass
from rostra.admission.refused import PASS_EXPIRED, PASS_INVALID, PASS_MISSING, PASS_OTHER_EVENT
from rostra.admission.tickets import Ticket, sign_ticket
from rostra.ground.keys import KeyRing, key_id

KEY = bytes(range(32))
RING = KeyRing((KEY,))
ID = "AAECAwQFBgcICQoLDA0ODw"
PASS = Pass(event_id="k3v9x2mq", ticket_id=ID, session="AAECAwQFBgc", issued_s=1000, expires_s=1120)


@given(
    heard_s=st.integers(0, 1 << 30),
    nonce=st.text("abcXYZ019-_", max_size=64),
    lane=st.text("abc é-07", max_size=12),
)
def test_a_pass_is_read_as_it_was_signed(heard_s: int, nonce: str, lane: str) -> None:
    given_pass = msgspec.structs.replace(PASS, heard_s=heard_s, last_nonce=nonce, lane=lane)
    assert read_pass(sign_pass(given_pass, RING), "k3v9x2mq", RING, 1119) == given_pass


def test_a_pass_holds_a_little_longer_than_it_says() -> None:
    token = sign_pass(PASS, RING)
    assert read_pass(token, "k3v9x2mq", RING, 1120 + LEEWAY_S - 0.01) == PASS
    assert read_pass(token, "k3v9x2mq", RING, 1120 + LEEWAY_S) is PASS_EXPIRED


def test_refusals_tell_what_is_wrong_with_a_pass() -> None:
    token = sign_pass(PASS, RING)
    ticket = Ticket(event_id="k3v9x2mq", ticket_id=ID, arrived_s=1000, expires_s=2000)
    assert read_pass("", "k3v9x2mq", RING, 1100) is PASS_MISSING
    assert read_pass("x", "k3v9x2mq", RING, 1100) is PASS_INVALID
    assert read_pass(token, "other", RING, 1100) is PASS_OTHER_EVENT
    assert read_pass(token, "k3v9x2mq", KeyRing((b"n" * 32,)), 1100) is PASS_INVALID
    assert read_pass(sign_ticket(ticket, RING), "k3v9x2mq", RING, 1100) is PASS_INVALID


@pytest.mark.parametrize(
    "changes",
    [
        {"aud": "door"}, {"aud": None}, {"sub": None}, {"sub": ID + "A"}, {"sid": None},
        {"sid": "short"}, {"h": -1}, {"h": "60"}, {"n": "x" * 65}, {"n": None, "x": 1},
        {"iat": None}, {"exp": None}, {"exp": 1e9},
    ],
)  # fmt: skip
def test_claims_of_another_shape_are_refused_even_if_signed(changes: dict[str, object]) -> None:
    whole = {
        "aud": "media", "ev": "k3v9x2mq", "sub": ID, "sid": "AAECAwQFBgc", "iat": 1000, "exp": 1120,
    }  # fmt: skip
    headers = {"kid": key_id(KEY), "typ": "pass+jwt"}

    def read(claims: dict[str, object]) -> object:
        kept = {name: value for name, value in claims.items() if value is not None}
        token = jwt.encode(kept, KEY, algorithm="HS256", headers=headers)
        return read_pass(token, "k3v9x2mq", RING, 1100)

    assert read(dict(whole)) == PASS
    assert read(whole | changes) is PASS_INVALID


def test_every_change_of_one_letter_of_a_pass_is_refused() -> None:
    token = sign_pass(PASS, RING)
    for place, letter in enumerate(token):
        for other in "Aa0_.":
            if other != letter:
                altered = token[:place] + other + token[place + 1 :]
                assert read_pass(altered, "k3v9x2mq", RING, 1100) is PASS_INVALID
