"""Paths: no honest walk is found strange, and which attackers' walks are, after how many requests.

Nothing that is judged here was learnt from: other seeds, other distances; recorded browsers by
leaving out each evening, and each distance.
"""

from __future__ import annotations

import random
import statistics
import sys
from collections import Counter
from collections.abc import Callable
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.shield.learn_paths import listeners
from tests.shield.learn_paths import shipped as shipped_without
from tests.shield.walkers import (
    Steps,
    flood,
    hammering,
    hastened,
    mimic,
    players,
    recorded,
    strange_after,
    walk_of,
)

from rostra.shield.path import BY_NAME, CLASSES, OTHER, SIZE, Automaton, Walk, class_of
from rostra.shield.path_model import PathModel, automaton_of
from rostra.shield.paths_io import came

NEVER_LEARNT = 7  # a seed
FAR_S = (0.003, 0.012, 0.035, 0.09, 0.25, 0.7)


@pytest.fixture(scope="module")
def automaton() -> Automaton:
    return automaton_of(came()[0])


@pytest.fixture(scope="module")
def honest() -> list[tuple[str, Steps]]:
    return [(name, walk) for name, walks in players(NEVER_LEARNT, FAR_S) for walk in walks]


def found(walks: list[Steps], automaton: Automaton) -> tuple[int, float]:
    """How many are found strange, and after how many requests half of these are."""
    after = [number for walk in walks if (number := strange_after(walk, automaton))]
    return len(after), statistics.median(after) if after else 0.0


# --- honest walks --------------------------------------------------------------------------------


def test_no_listener_is_found_strange_whatever_happens_to_them(
    automaton: Automaton, honest: list[tuple[str, Steps]]
) -> None:
    strange = Counter(name for name, walk in honest if strange_after(walk, automaton))
    steps = sum(len(walk) for _, walk in honest)
    print(f"{len(honest)} walks of {steps} requests, found strange: {dict(strange)}")
    assert len(honest) > 400 and not strange


def test_who_presses_back_forty_times_is_not_found_strange(automaton: Automaton) -> None:
    walks = hammering(NEVER_LEARNT, FAR_S)
    strange, _ = found(walks, automaton)
    print(f"{len(walks)} people press back, found strange: {strange}")
    assert strange == 0


@pytest.fixture(scope="module")
def of_listeners() -> PathModel:
    return listeners()


@pytest.mark.parametrize("without", ["evening 1", "evening 2", ", 0 ms", ", 60 ms", ", 250 ms"])
def test_browsers_of_an_evening_or_distance_that_was_not_learnt_are_not_found_strange(
    without: str, of_listeners: PathModel
) -> None:
    chance = random.Random(without)
    automaton = automaton_of(shipped_without(of_listeners, without))
    texts = [text for name, each in recorded().items() if without in name for text in each]
    walks = [walk_of(text, chance) for text in texts for _ in range(3)]  # gaps differ each time
    strange, _ = found(walks, automaton)
    print(f"without {without}: {len(walks)} walks of browsers, found strange: {strange}")
    assert len(walks) > 100 and strange == 0


# --- attackers -----------------------------------------------------------------------------------

# (walk, at most so many requests until half of them are found)
FOUND: dict[str, tuple[Callable[[random.Random], Steps], int]] = {
    "playlists, 100 a second": (lambda c: flood(c, ("playlist",), 0.01), 30),
    "playlists, 20 a second": (lambda c: flood(c, ("playlist",), 0.05), 60),
    "the state, 5 a second": (lambda c: flood(c, ("state",), 0.2), 30),
    "page and state in turn": (lambda c: flood(c, ("page", "state"), 0.05), 30),
    "everything with queries": (
        lambda c: flood(c, ("page", "state", "playlist", "asset", "other"), 0.05), 30,
    ),
    "tickets, 5 a second": (lambda c: flood(c, ("ticket",), 0.2), 30),
    "a mimic, 100 a second": (lambda c: mimic(c, 0.01), 120),
    "a mimic, 40 a second": (lambda c: mimic(c, 0.025), 120),
    "a mimic, 20 a second": (lambda c: mimic(c, 0.05), 150),
}  # fmt: skip


@pytest.mark.parametrize("name", FOUND)
def test_a_flood_is_found(name: str, automaton: Automaton) -> None:
    make, most = FOUND[name]
    chance = random.Random(name)
    number, after = found([make(chance) for _ in range(40)], automaton)
    print(f"{name}: {number} of 40 found, half of them after {after:.0f} requests")
    assert number == 40 and after <= most


def test_a_hastened_path_is_found_where_it_is_faster_than_any_player(
    automaton: Automaton, honest: list[tuple[str, Steps]]
) -> None:
    calm = [walk for name, walk in honest if name == "calm"]
    share = {}
    for times in (10, 5, 3, 2):
        number, after = found([hastened(walk, times) for walk in calm], automaton)
        share[times] = number / len(calm)
        print(f"{times} times as fast: {share[times]:.0%} found, half after {after:.0f} requests")
    assert share[10] > 0.8 and share[5] > 0.3, (
        "the others listen at rungs that ask seldom, far away"
    )
    assert share[10] >= share[5] >= share[3] >= share[2]


def test_who_paces_itself_as_a_player_is_not_found(automaton: Automaton) -> None:
    """The limit of it: six requests a second in a player's order are what a player near by asks."""
    chance = random.Random(1)
    assert found([mimic(chance, 0.17) for _ in range(20)], automaton)[0] == 0
    assert found([flood(chance, ("playlist",), 0.2) for _ in range(20)], automaton)[0] == 0


# --- the rules of it -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("target", "name"),
    [
        (b"/", "page"),
        (b"/e/abc", "page"),
        (b"/e/abc/", "page"),
        (b"/e/abc?x=1", "page"),
        (b"http://listen.test/e/abc", "page"),
        (b"/e/abc/calendar.ics", "page"),
        (b"/count", "page"),
        (b"/assets/event-a.js", "asset"),
        (b"/e/abc/state.json?12", "state"),
        (b"/e/abc/ticket", "ticket"),
        (b"/e/abc/pass", "pass"),
        (b"/e/abc/leave", "leave"),
        (b"/e/abc/live/0/opus.m3u8?_HLS_msn=3&_HLS_part=1", "playlist"),
        (b"/e/abc/~a.b.c/live/0/opus.m3u8", "playlist"),
        (b"/e/abc/replay/opus.m3u8", "playlist"),
        (b"/e/abc/rewind/opus.m3u8", "playlist"),
        (b"/e/abc/media/opus/p0/17.3.m4s", "media"),
        (b"/e/abc/replay/opus/17.m4s", "media"),
        (b"/e/abc/tickets", "other"),
        (b"/wp-admin.php", "other"),
        (b"*", "other"),
        (b"", "other"),
    ],
)
def test_targets_have_the_class_of_what_they_ask_for(target: bytes, name: str) -> None:
    assert CLASSES[class_of(target)] == name


@given(st.binary(max_size=200) | st.builds(lambda b: b"/e/" + b, st.binary(max_size=100)))
def test_any_bytes_have_a_class(target: bytes) -> None:
    assert 0 <= class_of(target) < len(CLASSES)


@given(
    st.lists(
        st.tuples(
            st.integers(0, len(CLASSES) - 1),
            st.floats(-1e9, 1e9, allow_nan=False) | st.sampled_from([0.0, 1e-9, 1e300]),
        ),
        max_size=300,
    )
)
def test_a_walk_of_anything_stays_as_small_as_it_was(steps: list[tuple[int, float]]) -> None:
    automaton = automaton_of(came()[0])
    walk = Walk(automaton)
    for what, now in steps:
        walk.step(what, now)
    assert not hasattr(walk, "__dict__")
    assert walk.automaton is automaton
    kept = (walk.at, walk.gap_s, walk.last, walk.mean, walk.steps)
    assert all(isinstance(value, int | float) for value in kept)
    assert sum(sys.getsizeof(value) for value in kept) + sys.getsizeof(walk) < 300
    assert walk.steps <= len(steps)


def test_one_odd_request_condemns_nobody(automaton: Automaton) -> None:
    walk = Walk(automaton)
    for number in range(5000):
        ordinary = BY_NAME["playlist"] if number % 2 else BY_NAME["media"]
        odd = number % 100 == 0
        assert not walk.step(OTHER if odd else ordinary, number * 0.25)


def test_who_was_found_strange_is_believed_anew_and_found_again() -> None:
    automaton = Automaton((-5.0,) * SIZE, usual=-1.0, floor=-3.0)
    walk = Walk(automaton)
    at = [n for n in range(200) if walk.step(BY_NAME["state"], n * 0.01)]
    assert len(at) > 3
    assert len({later - before for before, later in pairwise(at)}) == 1
