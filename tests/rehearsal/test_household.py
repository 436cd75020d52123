from __future__ import annotations

import json
import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.rehearsal.pretend import LIVE_AT, WALL_S, House, date

from rostra.admission.draw import rank
from rostra.rehearsal.asks import Intent
from rostra.rehearsal.household import Household, drawn, refusal_code
from rostra.rehearsal.library import State, read_state

CHANCE = random.Random(1)


def state(**changes: Any) -> State:
    told = json.loads(House().state(10.0))
    told["door"] |= changes
    told["phase"] = changes.get("phase", "live")
    read = read_state(json.dumps(told).encode())
    assert read is not None
    return read


def ticket(**changes: Any) -> bytes:
    told = {
        "ticket": "T", "id": "one", "arrived": date(5.0), "kept_until": date(9999.0), "lane": None,
        "rank": 7, "admitted": False, "beat_s": 30,
    }  # fmt: skip
    return json.dumps(told | changes).encode()


def passed(**changes: Any) -> bytes:
    return json.dumps({"pass": "P", "expires_s": 120, "renew_s": 60} | changes).encode()


def with_ticket(now: State, **changes: Any) -> Household:
    household = Household()
    assert household.heard(Intent.TICKET, ticket(**changes), 10.0, now, CHANCE)
    return household


@given(st.text(st.characters(codec="ascii"), min_size=1), st.floats(-500, 500))
def test_the_rank_is_the_one_that_the_door_draws(ticket_id: str, arrived: float) -> None:
    now = state()
    at_s = int(WALL_S + arrived)
    exact = rank(at_s, int(WALL_S + LIVE_AT - 60), bytes.fromhex("aa" * 32), ticket_id)
    assert drawn(now, ticket_id, float(at_s)) == exact


def test_a_ticket_then_a_pass_then_renewals() -> None:
    now, household = state(admitted_rank=7), Household()
    assert household.errand(now, 10.0) == (Intent.TICKET, -float("inf"))
    assert household.heard(Intent.TICKET, ticket(), 10.0, now, CHANCE)
    errand = household.errand(now, 10.0)
    assert errand is not None and errand[0] is Intent.PASS and errand[1] <= 10.0
    assert household.credentials(Intent.PASS) == ("T", "")
    assert household.heard(Intent.PASS, passed(), 10.0, now, CHANCE)
    assert household.good(129.0) and not household.good(130.0)
    errand = household.errand(now, 11.0)
    assert errand is not None and errand[0] is Intent.RENEW
    assert 10 + 54 <= errand[1] <= 10 + 66
    household.nonce = "n1"
    assert household.credentials(Intent.RENEW) == ("P", "n1")
    assert household.heard(Intent.RENEW, passed(), 70.0, now, CHANCE)
    assert household.credentials(Intent.RENEW) == ("P", ""), "a nonce proves once"


def test_who_is_behind_the_admitted_rank_sends_a_sign_of_life() -> None:
    now = state(admitted_rank=6)
    household = with_ticket(now)
    errand = household.errand(now, 11.0)
    assert errand is not None and errand[0] is Intent.TICKET
    assert 10 + 24 <= errand[1] <= 10 + 36
    assert household.waited
    assert household.turn(state(admitted_rank=7))


def test_before_the_draw_nobody_has_a_rank_and_then_all_hasten() -> None:
    early = state(seed=None, opened_at=None, admitted_rank=-1, phase="scheduled")
    household = with_ticket(early, rank=None)
    assert not household.turn(early)
    now = state(waiting=20_000, admitted_rank=2**53)
    household.learn(now, 20.0, CHANCE)
    assert household.turn(now)
    waiting = state(waiting=20_000, admitted_rank=0)
    errand = household.errand(waiting, 20.0)
    assert errand is not None and errand[0] is Intent.TICKET
    assert 20.0 <= errand[1] <= 30.0, "within people / 2,000 seconds"


def test_a_refused_pass_is_asked_for_again_with_the_ticket() -> None:
    now = state(admitted_rank=7)
    household = with_ticket(now)
    household.heard(Intent.PASS, passed(), 10.0, now, CHANCE)
    household.refused(Intent.RENEW, "pass_expired", None, 70.0, CHANCE)
    errand = household.errand(now, 70.0)
    assert errand is not None and errand[0] is Intent.PASS and errand[1] >= 71.0
    household.refused(Intent.PASS, "ticket_expired", None, 72.0, CHANCE)
    errand = household.errand(now, 72.0)
    assert errand is not None and errand[0] is Intent.TICKET


@given(st.floats(1, 500), st.integers(1, 30))
def test_what_the_door_asks_for_is_obeyed(retry_s: float, refusals: int) -> None:
    now = state(admitted_rank=7)
    household = with_ticket(now)
    for _ in range(refusals):
        household.refused(Intent.PASS, "no_place_free", retry_s, 10.0, CHANCE)
        errand = household.errand(now, 10.0)
        assert errand is not None and 10 + retry_s <= errand[1]
        assert errand[1] <= 10 + max(2.0, 1.4 * retry_s), "a full house is no failure"


def test_refused_media_bring_one_renewal_in_five_seconds() -> None:
    now = state(admitted_rank=7)
    household = with_ticket(now)
    assert not household.doubt(11.0)
    household.heard(Intent.PASS, passed(), 10.0, now, CHANCE)
    assert household.doubt(20.0)
    assert not household.doubt(24.0)
    errand = household.errand(now, 20.0)
    assert errand is not None and errand[1] <= 20.0


@pytest.mark.parametrize("body", [b"", b"{}", b"[]", b'{"pass": 3}', b"\xff"])
def test_an_answer_that_cannot_be_read_is_a_failure(body: bytes) -> None:
    now = state(admitted_rank=7)
    household = with_ticket(now)
    assert not household.heard(Intent.PASS, body, 10.0, now, CHANCE)
    assert not household.heard(Intent.TICKET, body, 10.0, now, CHANCE)
    errand = household.errand(now, 10.0)
    assert errand is not None and errand[1] >= 11.0


def test_codes_of_refusals_are_read() -> None:
    assert refusal_code(b'{"error":{"code":"no_place_free","message":"x"}}') == "no_place_free"
    assert refusal_code(b"<html>") == refusal_code(b"{}") == refusal_code(b'{"error":3}') == ""
