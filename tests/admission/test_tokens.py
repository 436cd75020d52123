"""Tokens are standard JWTs in one spelling only; nothing altered or mistyped is taken."""

from __future__ import annotations

import base64
import hmac
import json
from typing import Any

import jwt
import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rostra.admission import tokens
from rostra.admission.tokens import TOKEN_MOST, Kind, kid_of, kind_of, unverified, verified
from rostra.ground.keys import KeyRing, key_id

KEY = bytes(range(32))
OTHER = bytes(range(1, 33))
RING = KeyRing((KEY,))


class Claims(msgspec.Struct):
    aud: str
    word: str


TOKEN = tokens.sign(Kind.TICKET, Claims("door", "hello"), RING)
SIGNS = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.= \n\0\xff+/"


def made(claims: Any, key: bytes, **header: Any) -> str:
    return jwt.encode(claims, key, algorithm="HS256", headers=header)


def test_any_jwt_library_reads_a_token() -> None:
    claims = jwt.decode(TOKEN, KEY, algorithms=["HS256"], audience="door")
    assert claims == {"aud": "door", "word": "hello"}
    header = jwt.get_unverified_header(TOKEN)
    assert header == {"alg": "HS256", "kid": key_id(KEY), "typ": "ticket+jwt"}


def test_a_token_of_another_library_is_read_if_its_header_is_ours() -> None:
    token = made({"a": 1}, KEY, kid=key_id(KEY), typ="ticket+jwt")
    payload = verified(Kind.TICKET, token, RING)
    assert payload is not None and json.loads(payload) == {"a": 1}


def test_a_tokens_kind_and_key_can_be_told_without_the_key() -> None:
    assert kind_of(TOKEN) is Kind.TICKET
    assert kid_of(TOKEN) == key_id(KEY)
    assert unverified(TOKEN) == b'{"aud":"door","word":"hello"}'
    assert kind_of("nonsense") is None and kid_of("nonsense") == "" and unverified("x") is None


def test_one_kind_never_stands_for_the_other() -> None:
    assert verified(Kind.TICKET, TOKEN, RING) is not None
    assert verified(Kind.PASS, TOKEN, RING) is None


def test_a_key_that_is_not_in_the_ring_signs_nothing() -> None:
    assert verified(Kind.TICKET, TOKEN, KeyRing((OTHER,))) is None
    claimed = made({"a": 1}, OTHER, kid=key_id(KEY), typ="ticket+jwt")
    assert verified(Kind.TICKET, claimed, RING) is None


def test_two_keys_are_never_confused() -> None:
    ring = KeyRing((OTHER, KEY))
    assert verified(Kind.TICKET, TOKEN, ring) is not None
    swapped = made({"a": 1}, KEY, kid=key_id(OTHER), typ="ticket+jwt")
    assert verified(Kind.TICKET, swapped, ring) is None


def text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


@pytest.mark.parametrize(
    ("algorithm", "taken"), [("HS256", True), ("none", False), ("HS512", False), ("hs256", False)]
)
def test_only_one_algorithm_is_taken_even_under_a_signature_that_holds(
    algorithm: str, taken: bool
) -> None:
    header = {"alg": algorithm, "kid": key_id(KEY), "typ": "ticket+jwt"}
    signed = f"{text(json.dumps(header).encode())}.{text(b'{}')}"
    signature = text(hmac.digest(KEY, signed.encode(), "sha256"))
    assert (verified(Kind.TICKET, f"{signed}.{signature}", RING) is not None) == taken
    assert verified(Kind.TICKET, f"{signed}.", RING) is None


@pytest.mark.parametrize(
    "header",
    [{}, {"kid": "x"}, {"typ": "ticket+jwt"}, {"crit": ["exp"], "exp": 1}, {"jku": "http://x"}],
)
def test_a_header_with_less_or_more_than_ours_is_refused(header: dict[str, Any]) -> None:
    full = header if len(header) < 2 else {"kid": key_id(KEY), "typ": "ticket+jwt", **header}
    token = made({"a": 1}, KEY, **{"typ": "JWT", **full})
    assert verified(Kind.TICKET, token, RING) is None


def test_a_token_longer_than_a_kibibyte_is_refused_before_it_is_parsed() -> None:
    long = tokens.sign(Kind.TICKET, Claims("door", "x" * TOKEN_MOST), RING)
    assert verified(Kind.TICKET, long, RING) is None
    assert kind_of(long) is None


def test_every_change_of_one_byte_is_refused() -> None:
    for place in range(len(TOKEN)):
        for sign in SIGNS:
            other = chr(sign)
            if other != TOKEN[place]:
                altered = TOKEN[:place] + other + TOKEN[place + 1 :]
                assert verified(Kind.TICKET, altered, RING) is None, (place, other)


@given(place=st.integers(0, len(TOKEN)), more=st.text(min_size=1, max_size=4))
def test_every_insertion_is_refused(place: int, more: str) -> None:
    assert verified(Kind.TICKET, TOKEN[:place] + more + TOKEN[place:], RING) is None


@given(st.integers(0, len(TOKEN) - 1), st.integers(1, 20))
def test_every_omission_is_refused(place: int, many: int) -> None:
    assert verified(Kind.TICKET, TOKEN[:place] + TOKEN[place + many :], RING) is None


@settings(max_examples=300)
@given(st.text(max_size=300) | st.from_regex(r"[\w-]{1,80}\.[\w-]{1,80}\.[\w-]{43}"))
def test_nonsense_is_refused_quietly(text: str) -> None:
    assert verified(Kind.TICKET, text, RING) is None
    kind_of(text), kid_of(text), unverified(text)
