from __future__ import annotations

import base64
import itertools
import json
from typing import Any

import msgspec
import pytest
from altcha import v2 as altcha
from hypothesis import given, settings
from hypothesis import strategies as st

from rostra.ground.keys import KeyRing, key_id
from rostra.shield.challenge import (
    EXPIRES_S,
    FRESH_BYTES,
    HELD_S,
    LEVELS,
    PAYLOAD_MOST,
    Challenge,
    Failed,
    Solved,
    Why,
    check,
    derived,
    make,
    solve,
)
from rostra.shield.challenge_used import Used

NOW_S = 1_796_155_200
RING = KeyRing((b"r" * 32,))
FRESH = bytes(range(FRESH_BYTES))


def given_to(
    name: int = 0, event_id: str = "abc", ring: KeyRing = RING, now_s: int = NOW_S
) -> Challenge:
    """A light challenge; another one for each name."""
    return make(event_id, 1, ring, now_s, bytes([name]) + FRESH[1:])


def solution(challenge: Challenge) -> str:
    found = solve(challenge)
    assert found is not None
    return found


PAYLOAD = solution(given_to())


def checked(
    payload: str = PAYLOAD,
    event_id: str = "abc",
    ring: KeyRing = RING,
    now_s: float = NOW_S + 2,
    used: Used | None = None,
) -> Solved | Failed:
    return check(payload, event_id, ring, now_s, Used() if used is None else used)


def opened(payload: str = PAYLOAD) -> dict[str, Any]:
    return dict(json.loads(base64.b64decode(payload)))


def closed(value: object) -> str:
    return base64.b64encode(json.dumps(value).encode()).decode()


def test_a_solution_gives_a_place_that_is_nobodys_choice() -> None:
    found = checked()
    assert isinstance(found, Solved)
    assert found.arrived_s == NOW_S and len(found.place) == 16
    assert found.place not in FRESH


def test_one_solution_is_the_same_one_place_at_every_edge_of_the_house() -> None:
    assert checked(used=Used()) == checked(used=Used())


def test_and_at_one_edge_it_is_taken_once() -> None:
    used = Used()
    assert isinstance(checked(used=used), Solved)
    assert checked(used=used) == Failed(Why.USED)


def test_a_solution_holds_for_its_event_alone() -> None:
    assert checked(event_id="xyz") == Failed(Why.EVENT)


@pytest.mark.parametrize(
    ("later_s", "holds"),
    [(0, True), (EXPIRES_S - 1, True), (EXPIRES_S, False), (-HELD_S, True), (-HELD_S - 1, False)],
)
def test_a_challenge_runs_out(later_s: int, holds: bool) -> None:
    found = checked(now_s=NOW_S + later_s)
    assert isinstance(found, Solved) if holds else found == Failed(Why.EXPIRED)


def test_who_computes_slowly_has_arrived_when_they_asked_but_a_hoard_gains_little() -> None:
    slow, hoarded = checked(now_s=NOW_S + 20), checked(now_s=NOW_S + 100)
    assert isinstance(slow, Solved) and slow.arrived_s == NOW_S
    assert isinstance(hoarded, Solved) and hoarded.arrived_s == NOW_S + 100 - HELD_S


def test_an_edge_whose_clock_is_behind_dates_nobody_into_the_future() -> None:
    found = checked(now_s=NOW_S - 5)
    assert isinstance(found, Solved) and found.arrived_s == NOW_S - 5


def test_keys_rotate_while_people_compute() -> None:
    newer = KeyRing((b"n" * 32, *RING.keys))
    assert isinstance(checked(ring=newer), Solved)
    after = solution(given_to(ring=newer))
    # An edge that does not have the newer key yet learns its name, so that it can look for it.
    assert checked(after) == Failed(Why.SIGNATURE, key_id(newer.newest))
    assert isinstance(checked(after, ring=newer), Solved)
    assert checked(ring=KeyRing((b"x" * 32,))) == Failed(Why.SIGNATURE, key_id(RING.newest))


def test_a_wrong_solution_costs_one_derivation_and_the_challenge() -> None:
    used, wrong = Used(), opened()
    wrong["solution"]["counter"] += 1
    assert checked(closed(wrong), used=used) == Failed(Why.SOLUTION)
    assert checked(closed(wrong), used=used) == Failed(Why.USED)
    assert checked(used=used) == Failed(Why.USED)


def test_a_key_without_the_prefix_is_no_solution() -> None:
    challenge = given_to()
    parameters = altcha.ChallengeParameters.from_dict(msgspec.to_builtins(challenge.parameters))
    password = bytes.fromhex(parameters.nonce) + (0).to_bytes(4, "big")
    key = altcha.derive_key_pbkdf2(parameters, bytes.fromhex(parameters.salt), password).hex()
    assert not key.startswith(parameters.key_prefix)
    honest_but_lazy = opened()
    honest_but_lazy["solution"] = {"counter": 0, "derivedKey": key}
    assert checked(closed(honest_but_lazy)) == Failed(Why.SOLUTION)


@pytest.mark.parametrize("field", ["cost", "keyPrefix", "nonce", "salt", "given", "event", "kid"])
def test_nothing_of_a_challenge_can_be_made_easier(field: str) -> None:
    easier: dict[str, Any] = {
        "cost": 1, "keyPrefix": "0", "nonce": "0" * 32, "salt": "0" * 32,
        "given": NOW_S + 1, "event": "abd", "kid": key_id(b"z" * 32),
    }  # fmt: skip
    payload, used = opened(), Used()
    parameters = payload["challenge"]["parameters"]
    (parameters if field in parameters else parameters["data"])[field] = easier[field]
    found = checked(closed(payload), event_id=parameters["data"]["event"], used=used)
    assert isinstance(found, Failed) and found.why is Why.SIGNATURE
    assert len(used) == 0  # who cannot sign cannot fill the set


def test_it_is_a_challenge_of_altcha_to_the_letter() -> None:
    """ALTCHA's own library takes what we sign and what we solve, and its solver solves it."""
    challenge = make("abc", 1, RING, NOW_S, FRESH)
    theirs = altcha.Challenge.from_dict(msgspec.to_builtins(challenge))
    found = altcha.solve_challenge(theirs)
    assert found is not None
    payload = altcha.Payload(theirs, found).to_base64()
    assert altcha.verify_solution(payload, derived(RING.newest, "challenge")).verified
    assert isinstance(checked(payload), Solved)


def test_a_browsers_payload_says_how_long_it_took() -> None:
    payload = opened()
    payload["solution"]["time"] = 812.4
    assert isinstance(checked(closed(payload)), Solved)


def test_harder_levels_cost_their_solver_more_and_us_no_more_than_the_normal_one() -> None:
    work = [level.cost * level.tries for _, level in sorted(LEVELS.items())]
    assert [b / a for a, b in itertools.pairwise(work)] == [4.0, 4.0]
    assert max(level.cost for level in LEVELS.values()) == LEVELS[2].cost
    for difficulty, level in [(0, 1), (1, 1), (2, 2), (3, 3), (99, 3)]:
        assert make("abc", difficulty, RING, NOW_S, FRESH).parameters.cost == LEVELS[level].cost


def test_solving_can_be_done_in_slices() -> None:
    challenge, counter = given_to(), 0
    while (found := solve(challenge, counter, 7)) is None:
        counter += 7
    assert found == PAYLOAD


def test_what_is_longer_than_any_solution_is_not_even_read() -> None:
    padded = closed(opened() | {"more": "x" * PAYLOAD_MOST})
    assert checked(padded) == Failed(Why.SIGNATURE)
    assert len(PAYLOAD) < PAYLOAD_MOST / 2


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner),
    max_leaves=8,
)


@settings(deadline=None)
@given(
    st.one_of(
        st.text(max_size=200),
        st.binary(max_size=200).map(lambda raw: base64.b64encode(raw).decode()),
        anything.map(lambda value: base64.b64encode(repr(value).encode()).decode()),
        anything.map(closed),
    )
)
def test_garbage_is_refused_and_never_raises(garbage: str) -> None:
    assert checked(garbage) == Failed(Why.SIGNATURE)


@settings(deadline=None)
@given(st.data(), anything)
def test_a_payload_with_any_field_changed_is_refused_and_never_raises(
    data: st.DataObject, value: object
) -> None:
    payload = opened()
    place: Any = payload
    while True:
        key = data.draw(st.sampled_from(sorted(place)))
        if not isinstance(place[key], dict) or data.draw(st.booleans()):
            break
        place = place[key]
    if data.draw(st.booleans()):
        del place[key]
    elif value == place[key]:
        return
    else:
        place[key] = value
    assert isinstance(checked(closed(payload)), Failed)


@pytest.mark.parametrize("difficulty", [1, 2, 3])
def test_in_a_rehearsal_it_takes_fewer_tries_and_costs_the_edge_the_same(difficulty: int) -> None:
    others = make("abc", difficulty, RING, NOW_S, FRESH).parameters
    light = make("abc", -difficulty, RING, NOW_S, FRESH)
    assert light.parameters.cost == others.cost
    assert others.key_prefix.startswith(light.parameters.key_prefix)
    assert len(light.parameters.key_prefix) == 1
    assert isinstance(checked(solution(light)), Solved)
