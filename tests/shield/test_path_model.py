"""The model of paths: learnt, merged, written, read."""

from __future__ import annotations

import random

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.shield.walkers import flood, mimic, players, strange_after, text_of

from rostra.shield.path import BUCKETS, BY_NAME, CLASSES
from rostra.shield.path_model import (
    FILE_MOST_BYTES,
    SAMPLES_MOST,
    STEPS_MOST,
    Unreadable,
    automaton_of,
    learn,
    read,
    steps_of,
    text,
    write,
)
from rostra.shield.paths_io import came


def test_a_walk_is_two_characters_a_step() -> None:
    steps = [(BY_NAME["page"], 0.0), (BY_NAME["asset"], 0.005), (BY_NAME["playlist"], 0.5)]
    assert text(steps) == "p0a0y4"
    assert steps_of("p0a0y4") == [(0, 0), (1, 0), (6, 4)]


@given(
    st.lists(
        st.tuples(st.integers(0, len(CLASSES) - 1), st.floats(0, 1e4, allow_nan=False)),
        max_size=60,
    )
)
def test_a_walk_is_read_as_it_was_written(steps: list[tuple[int, float]]) -> None:
    assert [what for what, _ in steps_of(text(steps))] == [what for what, _ in steps]
    assert all(0 <= gap < BUCKETS for _, gap in steps_of(text(steps)))


def test_the_model_that_ships_is_whole_and_small() -> None:
    raw = write(came()[0])
    assert read(raw) == came()[0]
    assert len(raw) < 64 * 1024
    assert 0 < len(came()[0].samples) <= 2 * SAMPLES_MOST
    assert all(len(walk) <= 2 * STEPS_MOST for walk in came()[0].samples)


def test_the_same_walks_make_the_same_bytes() -> None:
    walks = [text_of(mimic(random.Random(n), 0.3)) for n in range(20)]
    assert write(learn(walks, "x")) == write(learn(list(walks), "x"))


def test_the_walks_that_it_was_learnt_from_are_not_strange_to_it() -> None:
    walks = [walk for _, each in players(3, (0.02,), each=2) for walk in each]
    automaton = automaton_of(learn([text_of(walk) for walk in walks], "x"))
    assert not [walk for walk in walks if strange_after(walk, automaton)]


def test_beside_the_one_that_ships_what_it_knows_stays_ours() -> None:
    """A house where everybody listens in an odd way: the others are no strangers for that."""
    odd = [text_of(flood(random.Random(n), ("state", "media"), 0.8)) for n in range(50)]
    alone = automaton_of(learn(odd, "odd"))
    beside = learn(odd, "odd", beside=came()[0])
    automaton = automaton_of(beside)
    known = [walk for _, each in players(5, (0.02, 0.1), each=2) for walk in each]
    assert any(strange_after(walk, alone) for walk in known)
    assert not any(strange_after(walk, automaton) for walk in known)
    new = [flood(random.Random(100 + n), ("state", "media"), 0.8) for n in range(20)]
    assert not any(strange_after(walk, automaton) for walk in new)
    assert beside.learnt_from.startswith("odd; beside: ")


def test_from_nothing_nothing_is_learnt() -> None:
    for walks in ([], ["p0"], ["p0a0y4"] * 10):
        with pytest.raises(ValueError, match="long enough"):
            learn(walks, "nothing")


def changed(**fields: object) -> bytes:
    return msgspec.json.encode({**msgspec.to_builtins(came()[0]), **fields})


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"{}",
        b"\xff" * 10,
        changed(version=99),
        changed(counts={"zz9": 1.0}),
        changed(counts={"p": 1.0}),
        changed(counts={"pp3x": 1.0}),
        changed(counts={"pp3": -1.0}),
        changed(samples=["p"]),
        changed(samples=["p0x1"]),
        changed(floor="low"),
        b" " * (FILE_MOST_BYTES + 1),
    ],
)
def test_what_is_no_model_is_not_read(raw: bytes) -> None:
    with pytest.raises(Unreadable):
        read(raw)


@given(st.binary(max_size=300))
def test_no_bytes_break_the_reading(raw: bytes) -> None:
    with pytest.raises(Unreadable):
        read(raw)
