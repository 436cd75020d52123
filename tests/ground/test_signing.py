"""Invitations."""

from __future__ import annotations

import jwt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rostra.ground import signing
from rostra.ground.facts import Role
from rostra.ground.refusals import Refusal
from rostra.ground.signing import Invitation, is_signed, read_invitation, sign_invitation

KEY = bytes(range(32))
NOW = 1_800_000_000
INVITATION = Invitation(event_id="abc", role=Role.SPEAKER, expires_s=NOW + 100)
TOKEN = sign_invitation(INVITATION, KEY)


def test_what_was_signed_is_read() -> None:
    assert read_invitation(TOKEN, "abc", KEY, NOW) == INVITATION


@pytest.mark.parametrize(
    ("token", "event", "key", "now", "refusal"),
    [
        (TOKEN, "abc", bytes(32), NOW, signing.INVALID),
        (TOKEN, "other", KEY, NOW, signing.OTHER_EVENT),
        (TOKEN, "abc", KEY, NOW + 1000, signing.EXPIRED),
        ("", "abc", KEY, NOW, signing.INVALID),
        (TOKEN[:-3], "abc", KEY, NOW, signing.INVALID),
    ],
)
def test_what_does_not_hold_is_refused(
    token: str, event: str, key: bytes, now: float, refusal: Refusal
) -> None:
    assert read_invitation(token, event, key, now) == refusal


def test_a_token_without_signature_is_refused() -> None:
    claims = {"aud": "stage", "event": "abc", "role": "host", "exp": NOW + 100}
    bare = jwt.encode(claims, "", algorithm="none")
    assert read_invitation(bare, "abc", KEY, NOW) == signing.INVALID


@given(st.text(max_size=300))
def test_any_text_is_refused_and_nothing_breaks(text: str) -> None:
    assert read_invitation(text, "abc", KEY, NOW) == signing.INVALID


@given(st.integers(0, len(TOKEN) - 1), st.characters(codec="ascii"))
def test_a_changed_letter_never_gives_another_right(at: int, letter: str) -> None:
    changed = TOKEN[:at] + letter + TOKEN[at + 1 :]
    read = read_invitation(changed, "abc", KEY, NOW)
    assert isinstance(read, Refusal) or read == INVITATION


def test_a_signature_is_told_without_reading_the_rest() -> None:
    token = TOKEN
    assert is_signed(token, KEY)
    for other in (token[:-2], token[1:], token.replace(".", "", 1), token + "A", "", "..", "é."):
        assert not is_signed(other, KEY), other
    assert not is_signed(token, bytes(32))


@given(st.text(max_size=200))
def test_what_is_no_token_is_not_signed(text: str) -> None:
    assert not is_signed(text, KEY)
