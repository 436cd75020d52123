"""Checkpoints and signed notes, against the formats of C2SP and a note of another's making."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rostra.evidence import checkpoint as cp
from rostra.evidence.checkpoint import Checkpoint
from rostra.ground.refusals import Refusal
from rostra.ground.sealed import public_key

KEY = bytes(range(32))
PUBLIC = bytes.fromhex(public_key(KEY))
SAID = Checkpoint("rostra/abc", 20_852_163, bytes(range(32)), 1_796_000_000_123)

# The example of Go's golang.org/x/mod/sumdb/note, whose format signed-note wrote down.
NEUMANN = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
NEUMANN_NOTE = (
    "If you think cryptography is the answer to your problem,\n"
    "then you don't know what your problem is.\n"
    "\n"
    "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"  # noqa: E501
)


def code(found: object) -> str:
    assert isinstance(found, Refusal)
    return found.code


def test_a_note_of_anothers_making_holds() -> None:
    key = cp.read_verifier_key(NEUMANN)
    note = cp.read_note(NEUMANN_NOTE)
    assert not isinstance(key, Refusal) and not isinstance(note, Refusal)
    assert cp.signed_by(note, *key)
    assert cp.verifier_key(*key) == NEUMANN
    changed = cp.read_note(NEUMANN_NOTE.replace("answer", "Answer"))
    assert not isinstance(changed, Refusal)
    assert not cp.signed_by(changed, *key)


def test_the_text_is_that_of_c2sp() -> None:
    root = base64.b64encode(bytes(range(32))).decode()
    assert cp.body(SAID) == f"rostra/abc\n20852163\n{root}\nat 1796000000123\n"
    assert cp.sign(SAID, KEY).startswith(cp.body(SAID) + "\n— rostra/abc ")


def test_what_was_signed_is_read_back() -> None:
    assert cp.read(cp.sign(SAID, KEY), "rostra/abc", PUBLIC) == SAID
    without = Checkpoint("rostra/abc", 0, bytes(32))
    assert cp.read(cp.sign(without, KEY), "rostra/abc", PUBLIC) == without


def test_witnesses_may_have_signed_it_too() -> None:
    note = cp.sign(SAID, KEY)
    other = cp.sign_text(cp.body(SAID), "witness", bytes(32))
    both = note + other.rpartition("\n\n")[2]
    assert cp.read(both, "rostra/abc", PUBLIC) == SAID


@given(st.integers(0, 10**6), st.integers(0, 255))
def test_no_other_byte_holds(place: int, value: int) -> None:
    raw = bytearray(cp.sign(SAID, KEY).encode())
    place %= len(raw)
    if raw[place] == value:
        return
    raw[place] = value
    found = cp.read(raw.decode(errors="replace"), "rostra/abc", PUBLIC)
    # Base64 has bits that say nothing: the same signature may be written in another way.
    assert isinstance(found, Refusal) or found == SAID


def test_whose_it_is_matters() -> None:
    note = cp.sign(SAID, KEY)
    assert code(cp.read(note, "rostra/other", PUBLIC)) == "checkpoint_other_log"
    other = bytes.fromhex(public_key(bytes(32)))
    assert code(cp.read(note, "rostra/abc", other)) == "checkpoint_unsigned"


@pytest.mark.parametrize(
    "text",
    [
        "", "\n\n", "a\n\n— \n", "a\n\n— a b\n", "a\n\nb c\n", "rostra/abc\n1\nAAAA\n",
        "x" * (cp.NOTE_MOST + 1), "a\n\n— a YWJjZGVmZw==",
    ],
)  # fmt: skip
def test_what_is_no_note_is_refused(text: str) -> None:
    assert isinstance(cp.read_note(text), Refusal)


ROOT = base64.b64encode(bytes(32)).decode()


@pytest.mark.parametrize(
    "text",
    [
        "", "a\n1\n", f"a\n01\n{ROOT}\n", f"a\n-1\n{ROOT}\n", f"a\n1\n{ROOT}", f"\n1\n{ROOT}\n",
        "a\n1\nAAAA\n", f"a\n9999999999999999999\n{ROOT}\n", f"a\n1\n{ROOT}\n\n", "a\n1\n?\n",
    ],
)  # fmt: skip
def test_what_is_no_checkpoint_is_refused(text: str) -> None:
    assert isinstance(cp.read_body(text), Refusal)


@pytest.mark.parametrize("text", ["", "a", "a+b+c", NEUMANN.replace("c74", "c75"), "a+b+AAAA"])
def test_what_is_no_key_is_refused(text: str) -> None:
    assert isinstance(cp.read_verifier_key(text), Refusal)


def test_notes_stand_one_after_the_other() -> None:
    one, two = cp.sign(SAID, KEY), cp.sign(Checkpoint("rostra/abc", 1, bytes(32)), KEY)
    assert list(cp.notes_in(one + two)) == [one, two]
    assert list(cp.notes_in(one + "\n" + two + "torn")) == [one, two, "torn"]
    assert list(cp.notes_in("")) == []
