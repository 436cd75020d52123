from __future__ import annotations

import base64
import json

import jwt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rostra.ground.keys import KeyRing, key_id
from rostra.shield.challenge import Failed, Why, derived
from rostra.shield.vouchers import (
    EXPIRES_S,
    VOUCHER_MOST,
    Voucher,
    looks_like_one,
    read_voucher,
    sign_voucher,
    wait_s,
)

NOW_S = 1_796_155_200
RING = KeyRing((b"r" * 32,))
TEXT = sign_voucher("abc", 2, RING, NOW_S, b"f" * 16)


def read(
    text: str = TEXT, event_id: str = "abc", ring: KeyRing = RING, now_s: float = NOW_S
) -> Voucher | Failed:
    return read_voucher(text, event_id, ring, now_s)


def test_a_voucher_keeps_the_arrival_and_says_when_its_time_comes() -> None:
    found = read()
    assert isinstance(found, Voucher)
    assert (found.arrived_s, found.ready_s, len(found.place)) == (NOW_S, NOW_S + 20, 16)
    assert looks_like_one(TEXT) and len(TEXT) <= VOUCHER_MOST


def test_the_wait_grows_with_the_difficulty() -> None:
    assert [wait_s(difficulty) for difficulty in (0, 1, 2, 3, 9)] == [10, 10, 20, 40, 40]


def test_it_is_one_place_however_often_it_is_shown() -> None:
    assert read() == read(now_s=NOW_S + 200)
    other = read(sign_voucher("abc", 2, RING, NOW_S, b"g" * 16))
    mine = read()
    assert isinstance(other, Voucher) and isinstance(mine, Voucher) and other.place != mine.place


def test_it_holds_for_its_event_alone_and_for_five_minutes() -> None:
    assert read(event_id="xyz") == Failed(Why.EVENT)
    assert isinstance(read(now_s=NOW_S + EXPIRES_S - 1), Voucher)
    assert read(now_s=NOW_S + EXPIRES_S) == Failed(Why.EXPIRED)


def test_keys_rotate_while_people_wait() -> None:
    newer = KeyRing((b"n" * 32, *RING.keys))
    assert isinstance(read(ring=newer), Voucher)
    after = sign_voucher("abc", 2, newer, NOW_S, b"f" * 16)
    assert read(after) == Failed(Why.SIGNATURE, key_id(newer.newest))


@pytest.mark.parametrize(
    ("key", "headers", "audience"),
    [
        (RING.newest, {"kid": key_id(RING.newest), "typ": "voucher+jwt"}, "wait"),
        (derived(RING.newest, "challenge"), {"kid": key_id(RING.newest), "typ": "voucher+jwt"},
         "wait"),
        (derived(RING.newest, "voucher"), {"kid": key_id(RING.newest), "typ": "ticket+jwt"},
         "wait"),
        (derived(RING.newest, "voucher"), {"kid": key_id(RING.newest), "typ": "voucher+jwt"},
         "door"),
    ],
)  # fmt: skip
def test_what_the_house_signed_for_something_else_is_no_voucher(
    key: bytes, headers: dict[str, str], audience: str
) -> None:
    claims = {"aud": audience, "ev": "abc", "jti": "A" * 22, "iat": NOW_S, "nbf": NOW_S}
    assert isinstance(read(jwt.encode(claims, key, "HS256", headers)), Failed)


def test_without_a_signature_it_is_worth_nothing() -> None:
    head = {"alg": "none", "kid": key_id(RING.newest), "typ": "voucher+jwt"}
    claims = {"aud": "wait", "ev": "abc", "jti": "A" * 22, "iat": NOW_S, "nbf": NOW_S}

    def part(value: object) -> str:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()

    assert read(f"{part(head)}.{part(claims)}.") == Failed(Why.SIGNATURE)
    assert read(TEXT[:-2] + ("AA" if TEXT[-2:] != "AA" else "BB")) == Failed(Why.SIGNATURE)


@given(
    st.one_of(
        st.text(max_size=600),
        st.lists(st.binary(max_size=60), min_size=3, max_size=3).map(
            lambda parts: ".".join(base64.urlsafe_b64encode(p).decode() for p in parts)
        ),
        st.dictionaries(
            st.sampled_from(["alg", "kid", "typ", "b64", "crit"]),
            st.none() | st.integers() | st.text(max_size=9) | st.lists(st.text(max_size=3)),
        ).map(
            lambda head: (
                base64.urlsafe_b64encode(json.dumps(head).encode()).rstrip(b"=").decode()
                + TEXT[TEXT.index(".") :]
            )
        ),
    )
)
def test_garbage_is_refused_and_never_raises(garbage: str) -> None:
    assert isinstance(read(garbage), Failed)
