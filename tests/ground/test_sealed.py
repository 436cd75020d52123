"""Sealed documents: what was signed holds, and nothing else does."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rostra.ground.refusals import Refusal
from rostra.ground.sealed import Sealed, canonical, public_key, read_sealed, seal

KEY = bytes(range(32))
SAYS = {"run": "r1", "listeners": 20_000, "share": 0.005, "names": ["Ada", "Zoë"]}


def code(found: Sealed | Refusal) -> str:
    assert isinstance(found, Refusal)
    return found.code


def test_what_was_sealed_is_read_again_with_the_key_that_sealed_it() -> None:
    assert read_sealed("consent", seal("consent", SAYS, KEY)) == Sealed(SAYS, public_key(KEY))


def test_layout_and_order_may_change_but_no_value() -> None:
    wire = json.loads(seal("consent", SAYS, KEY))
    again = json.dumps({name: wire[name] for name in sorted(wire)}, indent=7).encode()
    assert isinstance(read_sealed("consent", again), Sealed)
    wire["says"]["listeners"] += 1
    assert code(read_sealed("consent", json.dumps(wire).encode())) == "seal_broken"


def test_one_kind_is_never_taken_for_another() -> None:
    raw = seal("consent", SAYS, KEY)
    assert code(read_sealed("certificate", raw)) == "seal_other_kind"
    wire = json.loads(raw) | {"kind": "certificate"}
    assert code(read_sealed("certificate", json.dumps(wire).encode())) == "seal_broken"


def test_another_key_does_not_hold() -> None:
    wire = json.loads(seal("consent", SAYS, KEY)) | {"key": public_key(b"\1" * 32)}
    assert code(read_sealed("consent", json.dumps(wire).encode())) == "seal_broken"


@pytest.mark.parametrize("raw", [b"", b"{}", b"[1]", b'{"kind": 1}', b"\xff", b"x" * 5_000_000])
def test_anything_else_is_refused(raw: bytes) -> None:
    assert code(read_sealed("consent", raw)) in ("seal_unreadable", "seal_too_large")


def test_what_json_cannot_say_has_no_canonical_form() -> None:
    with pytest.raises(ValueError, match="no canonical form"):
        canonical(float("nan"))


@given(st.binary(max_size=300))
def test_no_bytes_make_it_raise(raw: bytes) -> None:
    assert isinstance(read_sealed("consent", raw), Refusal)
