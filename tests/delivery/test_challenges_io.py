"""The challenge before a new ticket as a connection meets it."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.delivery.playing import RING, START_MS, House, event, playing, token
from tests.delivery.test_connection_io import NOWHERE, get
from tests.delivery.test_door_desk_io import bearer, cookie, moved, open_doors, post, told

from rostra.admission.rehearsal_tokens import sign_rehearsal
from rostra.delivery.challenges_io import WAIT
from rostra.ground.facts import EventChanged, ShieldSet
from rostra.ground.keys import KeyRing
from rostra.shield.challenge import EXPIRES_S, Challenge, make, solve
from rostra.shield.prices import CHALLENGED

TARGET = b"/e/abc/ticket"


class Someone:
    """A connection as the shield sees it, and what it was told."""

    def __init__(self, difficulty: int = 1) -> None:
        self.hard = difficulty
        self.broken = False
        self.vouchers = 100
        self.acts: list[str] = []
        self.cost = 0.0

    def difficulty(self) -> int:
        return self.hard

    def failed(self) -> bool:
        return self.broken

    def may_wait(self) -> bool:
        self.vouchers -= 1
        return self.vouchers >= 0

    def told(self, act: str, cost: float) -> None:
        self.acts.append(act)
        self.cost += cost


class Answer:
    """An answer taken apart."""

    def __init__(self, whole: bytes) -> None:
        head, _, body = whole.partition(b"\r\n\r\n")
        self.head = head.decode()
        self.status = int(head.split()[1])
        self.body: dict[str, Any] = json.loads(body) if body else {}
        error = self.body.get("error", {})
        self.code: str = error.get("code", "")
        self.why: str = error.get("why", "")

    def field(self, name: str) -> str:
        found = [line for line in self.head.split("\r\n") if line.startswith(f"{name}: ")]
        return found[0].partition(": ")[2] if found else ""

    def challenge(self) -> Challenge:
        return msgspec.convert(self.body["challenge"], Challenge)

    def solution(self) -> str:
        found = solve(self.challenge())
        assert found is not None
        return found


@pytest.fixture
def house(tmp_path: Path) -> House:
    made = playing(tmp_path, admission="passes")
    open_doors(made)
    return made


def ask(house: House, who: Someone, shown: str = "", fields: str = "") -> Answer:
    """POST for a ticket, past the connection."""
    headers = [(b"rostra-challenge", shown.encode())] if shown else []
    for line in fields.split("\r\n"):
        if line:
            name, _, value = line.partition(": ")
            headers.append((name.lower().encode(), value.encode()))
    desk = house.edge.desk
    return Answer(desk.door.personal(TARGET, headers, desk.now(), desk.wall_ms(), who)[0].whole)


def test_in_peace_nobody_is_challenged_and_what_they_show_is_ignored(house: House) -> None:
    who = Someone(0)
    assert [ask(house, who, shown).status for shown in ("", WAIT, "x", "a.b.c")] == [200] * 4
    assert who.acts == []


def test_a_challenge_is_solved_and_gives_a_ticket(house: House) -> None:
    who = Someone()
    asked = ask(house, who)
    assert (asked.status, asked.code) == (403, "challenge_required")
    assert asked.field("Cache-Control") == "no-store"
    assert asked.body["wait_s"] == 10
    house.clock.now += 2
    given = ask(house, who, asked.solution())
    assert given.status == 200 and given.body["arrived"].endswith("20:00:00Z")
    assert who.acts == ["challenged", "solved"] and who.cost == CHALLENGED


def test_a_solution_is_taken_once_and_the_refusal_brings_another_challenge(house: House) -> None:
    who = Someone()
    solution = ask(house, who).solution()
    first = ask(house, who, solution)
    again = ask(house, who, solution)
    assert (again.status, again.code, again.why) == (403, "challenge_failed", "used")
    assert ask(house, who, again.solution()).body["id"] != first.body["id"]


def test_one_solution_is_one_ticket_over_all_edges(house: House, tmp_path: Path) -> None:
    other = playing(tmp_path / "other", admission="passes")
    open_doors(other)
    solution = ask(house, Someone()).solution()
    assert ask(house, Someone(), solution).body["id"] == ask(other, Someone(), solution).body["id"]


def test_each_way_to_fail_is_named_and_charged(house: House) -> None:
    good = ask(house, Someone())
    lie = json.loads(base64.b64decode(good.solution()))
    lie["solution"]["counter"] += 1
    elsewhere = solve(make("xyz", 1, RING, START_MS // 1000, b"e" * 32)) or ""
    ours = ask(house, Someone()).solution()
    for shown, why, cost in [
        ("garbage", "signature", 5.0),
        (elsewhere, "event", 5.0),
        (base64.b64encode(json.dumps(lie).encode()).decode(), "solution", 40.0),
    ]:
        who = Someone()
        found = ask(house, who, shown)
        assert (found.code, found.why, who.cost) == ("challenge_failed", why, cost)
        assert who.acts == ["unsolved"]
    house.clock.now += EXPIRES_S
    who = Someone()
    assert ask(house, who, ours).why == "expired" and who.cost == 0


def test_who_shows_a_ticket_is_never_challenged(house: House) -> None:
    who = Someone(3)
    ticket = str(ask(house, Someone(0)).body["ticket"])
    assert ask(house, who, fields=bearer(ticket)).status == 200
    assert who.acts == []


def test_who_has_a_pass_is_not_challenged_but_makes_no_stock_of_tickets(house: House) -> None:
    who = Someone(3)
    assert ask(house, who, fields=cookie(token())).status == 200
    assert ask(house, who, fields=cookie(token())).code == "challenge_required"
    assert ask(house, who, fields=cookie(token("Eve"))).status == 200
    house.clock.now += EXPIRES_S
    fresh = cookie(token(wall_ms=house.clock.wall_ms()))
    assert ask(house, who, fields=fresh).status == 200


def test_where_there_are_no_tickets_nobody_computes_for_one(tmp_path: Path) -> None:
    closed = playing(tmp_path, admission="passes")
    who = Someone(3)
    assert ask(closed, who).code == "doors_closed" and who.acts == []


def test_while_the_shield_is_broken_there_are_no_new_tickets_and_old_ones_hold(
    house: House,
) -> None:
    who = Someone(0)
    ticket = str(ask(house, who).body["ticket"])
    who.broken = True
    answers = [ask(house, who) for _ in range(40)]
    assert {(answer.status, answer.code) for answer in answers} == {(503, "shield_failed")}
    later = {int(answer.field("Retry-After")) for answer in answers}
    assert len(later) > 2 and min(later) >= 3 and max(later) <= 10
    assert ask(house, who, fields=bearer(ticket)).status == 200


def test_a_rehearsals_listeners_solve_as_all_do_and_need_their_token_first(house: House) -> None:
    house.edge.handle(EventChanged(event=event(rehearsal=True)))
    who = Someone()
    assert ask(house, who).code == "rehearsal_only"
    carried = sign_rehearsal("abc", START_MS // 1000 + 60, RING)
    fields = f"Rostra-Rehearsal: {carried}\r\n"
    asked = ask(house, who, fields=fields)
    assert asked.code == "challenge_required"
    assert ask(house, who, asked.solution(), fields).status == 200


def test_a_key_made_a_moment_ago_is_looked_for_before_anybody_has_computed_in_vain(
    house: House,
) -> None:
    newer = KeyRing((b"n" * 32, *RING.keys))
    solution = solve(make("abc", 1, newer, START_MS // 1000, b"f" * 32)) or ""
    looked = []

    def look() -> None:
        looked.append(1)
        house.edge.door.ring = newer

    house.edge.desk.door.look_for_keys = look
    who = Someone()
    assert ask(house, who, solution).status == 200 and looked == [1]
    strange = solve(make("abc", 1, KeyRing((b"z" * 32,)), START_MS // 1000, b"f" * 32)) or ""
    house.clock.now += 1
    assert ask(house, who, strange).why == "signature" and looked == [1, 1]
    assert who.acts == ["solved", "unsolved"]


# --- waiting instead ------------------------------------------------------------------------


def test_who_waits_instead_has_the_place_of_their_arrival(house: House) -> None:
    who = Someone(2)
    asked = ask(house, who, WAIT)
    assert (asked.status, asked.code) == (403, "challenge_waits")
    assert asked.body["wait_s"] == 20 and asked.field("Retry-After") == "20"
    voucher = asked.body["voucher"]
    house.clock.now += 12
    early = ask(house, who, voucher)
    assert early.code == "challenge_waits"
    assert (early.body["voucher"], early.body["wait_s"]) == (voucher, 8)
    assert early.body["arrived"] == asked.body["arrived"]
    house.clock.now += 8
    given = ask(house, who, voucher)
    assert given.status == 200 and given.body["arrived"] == asked.body["arrived"]
    assert who.acts == ["waited"]


def test_an_answer_that_was_lost_costs_nobody_their_place(house: House) -> None:
    who = Someone(2)
    voucher = ask(house, who, WAIT).body["voucher"]
    house.clock.now += 30
    assert ask(house, who, voucher).body == ask(house, who, voucher).body


def test_a_voucher_holds_without_waiting_once_there_is_peace(house: House) -> None:
    who = Someone(2)
    asked = ask(house, who, WAIT)
    who.hard = 0
    house.clock.now += 1
    given = ask(house, who, asked.body["voucher"])
    assert given.status == 200 and given.body["arrived"] == asked.body["arrived"]


def test_vouchers_are_a_few_for_each_source(house: House) -> None:
    who = Someone(2)
    who.vouchers = 2
    answers = [ask(house, who, WAIT) for _ in range(4)]
    assert [answer.status for answer in answers] == [403, 403, 429, 429]
    assert answers[-1].code == "source_spent" and int(answers[-1].field("Retry-After")) >= 10
    assert who.acts == ["waited", "waited"]


def test_a_voucher_that_ran_out_brings_a_challenge(house: House) -> None:
    who = Someone(2)
    voucher = ask(house, who, WAIT).body["voucher"]
    house.clock.now += 300
    found = ask(house, who, voucher)
    assert (found.code, found.why) == ("challenge_failed", "expired")
    assert found.challenge().parameters.cost > 0


# --- as control says -------------------------------------------------------------------------


def heard(house: House, **more: Any) -> dict[str, int]:
    """Control says so, and what was done before."""
    acts = house.edge.tally(house.clock.now).shield
    house.edge.handle(ShieldSet(at_ms=START_MS, pressure=2, difficulty=2, **more))
    return dict(acts.acts) if acts else {}


def test_control_says_when_challenges_stand_and_hears_what_became_of_them(house: House) -> None:
    heard(house)
    required = Answer(house.ask(post("ticket")))
    assert required.code == "challenge_required" and required.challenge().parameters.cost == 1000
    shown = f"Rostra-Challenge: {required.solution()}\r\n"
    assert Answer(house.ask(post("ticket", shown))).status == 200
    assert Answer(house.ask(post("ticket", shown))).why == "used"
    assert Answer(house.ask(post("ticket", "Rostra-Challenge: wait\r\n"))).body["wait_s"] == 20
    acts = heard(house, dry_run=True)
    assert {name: acts[name] for name in ("challenged", "solved", "unsolved", "waited")} == {
        "challenged": 1, "solved": 1, "unsolved": 1, "waited": 1
    }  # fmt: skip
    assert Answer(house.ask(post("ticket"))).status == 200
    assert heard(house, failed=True)["would_challenged"] == 1
    assert Answer(house.ask(post("ticket"))).code == "shield_failed"


# --- any bytes ------------------------------------------------------------------------------

SHOWN = st.one_of(
    st.sampled_from(["", WAIT, "a.b.c", "..", "x" * 3000]),
    st.binary(max_size=80).map(lambda raw: base64.b64encode(raw).decode()),
    st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=80),
)


@settings(deadline=None, max_examples=200)
@given(st.lists(st.tuples(SHOWN, st.integers(0, 3), st.integers(0, 200)), max_size=6))
def test_whatever_is_shown_only_peace_gives_a_ticket_for_nothing(
    steps: list[tuple[str, int, int]],
) -> None:
    house = playing(NOWHERE, admission="passes")
    open_doors(house)
    for shown, difficulty, later in steps:
        house.clock.now += later
        house.edge.handle(moved())
        found = ask(house, Someone(difficulty), shown)
        assert (found.status == 200) == (difficulty == 0), found.head


def test_pages_of_others_may_send_the_field(house: House) -> None:
    raw = house.ask(get("/e/abc/ticket", method="OPTIONS"))
    assert b" Rostra-Challenge, " in raw
    assert told(house.ask(post("ticket")))["ticket"]
