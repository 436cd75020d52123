"""A consent holds for what it names and for nothing else."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest

from rostra.ground.refusals import Refusal
from rostra.ground.sealed import public_key, seal
from rostra.rehearsal.consent import (
    KIND,
    Consent,
    is_here,
    read_consent,
    refusal_for,
    refusal_for_attack,
    seal_consent,
)

KEY = b"\7" * 32
MINE = public_key(b"\1" * 32)
CONSENT = Consent(
    run="run1",
    event_id="abcdefghjk",
    generators=(MINE,),
    origins=("http://127.0.0.1:8080",),
    listeners=1000,
    requests_s=6000,
    not_before_s=1000,
    until_s=1600,
)


def why(
    run: str = "run1", generator: str = MINE, origin: str = CONSENT.origins[0], now_s: float = 1100
) -> str:
    refusal = refusal_for(CONSENT, run, generator, origin, now_s)
    return refusal.code if refusal else ""


def test_a_sealed_consent_is_read_with_the_key_that_gave_it() -> None:
    assert read_consent(seal_consent(CONSENT, KEY)) == (CONSENT, public_key(KEY))


def test_it_holds_for_what_it_names() -> None:
    assert why() == ""
    assert why(run="run2") == "consent_other_run"
    assert why(generator=public_key(b"\2" * 32)) == "consent_other_generator"
    assert why(origin="http://example.org") == "consent_other_origin"
    assert why(now_s=990) == "consent_early"
    assert why(now_s=997) == ""
    assert why(now_s=1600) == "consent_expired"


@pytest.mark.parametrize("change", [{"until_s": 9999}, {"generators": []}, {"run": "run2"}])
def test_a_changed_consent_is_none(change: dict[str, Any]) -> None:
    wire = json.loads(seal_consent(CONSENT, KEY))
    wire["says"] |= change
    read = read_consent(json.dumps(wire).encode())
    assert isinstance(read, Refusal)
    assert read.code == "seal_broken"


def test_a_sealed_document_that_is_no_consent_is_refused() -> None:
    says = msgspec.to_builtins(CONSENT) | {"more": 1}
    for wrong in ({"run": "x"}, says, msgspec.to_builtins(CONSENT) | {"v": 2}):
        read = read_consent(seal(KIND, wrong, KEY))
        assert isinstance(read, Refusal)
        assert read.code == "consent_unreadable"


ATTACKED = msgspec.structs.replace(
    CONSENT,
    attacks=True,
    attack_requests_s=100,
    attack_connections=10,
    attack_sources=5,
)


def why_not_attack(origin: str = CONSENT.origins[0], /, **changes: Any) -> str:
    refusal = refusal_for_attack(msgspec.structs.replace(ATTACKED, **changes), origin)
    return refusal.code if refusal else ""


def test_attacks_are_only_where_they_are_consented_to_within_bounds() -> None:
    assert why_not_attack() == ""
    assert why_not_attack(attacks=False) == "consent_no_attacks"
    for bound in ("attack_requests_s", "attack_connections", "attack_sources"):
        assert why_not_attack(**{bound: 0}) == "consent_no_attacks"
    assert why_not_attack("https://live.example.org") == "consent_elsewhere"


def test_a_consent_of_before_there_were_attacks_allows_none() -> None:
    says = {k: v for k, v in msgspec.to_builtins(CONSENT).items() if "attack" not in k}
    read = read_consent(seal(KIND, says, KEY))
    assert read == (CONSENT, public_key(KEY))
    assert refusal_for_attack(CONSENT, CONSENT.origins[0]) is not None


@pytest.mark.parametrize(
    ("origin", "here"),
    [
        ("http://127.0.0.1:8080", True),
        ("https://localhost", True),
        ("http://LOCALHOST:1", True),
        ("http://127.9.9.9:1", True),
        ("http://[::1]:8080", True),
        ("https://live.example.org", False),
        ("http://localhost.example.org", False),
        ("http://127.0.0.1.example.org", False),
        ("http://192.168.1.1:8080", False),
        ("http://[2001:db8::1]:80", False),
        ("http://0.0.0.0:80", False),
        ("http://[::1:80", False),
        ("127.0.0.1:80", False),
        ("", False),
    ],
)
def test_an_origin_is_here_only_if_it_says_so(origin: str, here: bool) -> None:
    assert is_here(origin) is here
