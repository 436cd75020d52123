"""An edge lets in whose turn it is, as many as it was lent, and nobody is sent back."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rostra.admission import beats, distinct, draw
from rostra.admission.door import ARRIVED_MOST_S, Admitted, Door, Reply
from rostra.admission.doorway import INSIDE_MOST, Inside
from rostra.admission.passes import EXPIRES_S, LEEWAY_S, Pass, read_pass
from rostra.admission.refused import (
    DOORS_CLOSED,
    NO_PLACE_FREE,
    NOT_YOUR_TURN,
    PASS_EXPIRED,
    PASS_INVALID,
    PASS_MISSING,
    PASS_OTHER_EVENT,
    TICKET_EXPIRED,
    TICKET_INVALID,
    TICKET_OTHER_EVENT,
)
from rostra.admission.tickets import Ticket, listener_hash, sign_ticket
from rostra.admission.tokens import kid_of
from rostra.ground.door_values import DoorTally
from rostra.ground.facts import (
    AudienceCounted,
    DoorMoved,
    DoorSet,
    Event,
    EventChanged,
    MediaSealed,
    Phase,
)
from rostra.ground.keys import KeyRing
from rostra.ground.refusals import Refusal

OPENED_S = 1_800_000_000
NOW = OPENED_S * 1000
KEY, NEXT, LAST = b"a" * 32, b"b" * 32, b"c" * 32
RING = KeyRing((KEY,))
SECRET = bytes(range(32))
SEED = draw.seed(SECRET, ())
EVERYBODY = (1 << 53) - 1
KEPT_S = OPENED_S + 50_000


def door_set(opened: bool, event_id: str = "ev", until_s: int = KEPT_S) -> DoorSet:
    commitment = draw.commitment(SECRET).hex()
    if not opened:
        return DoorSet(event_id=event_id, commitment=commitment, places_until_s=until_s)
    return DoorSet(
        event_id=event_id,
        commitment=commitment,
        places_until_s=until_s,
        secret=SECRET.hex(),
        seed=SEED.hex(),
        opened_at_s=OPENED_S,
    )


def moved(rank: int, at_ms: int = NOW, sequence: int = 1, **leases: int) -> DoorMoved:
    return DoorMoved(
        event_id="ev",
        at_ms=at_ms,
        sequence=sequence,
        admitted_rank=rank,
        pace=1.0,
        rung=0,
        rung_since_ms=NOW,
        reason="rung_best",
        full=False,
        waiting=0,
        leases={edge: ("run", most) for edge, most in leases.items()},
        beat_s=45,
    )


def phase(now: Phase, event_id: str = "ev") -> EventChanged:
    return EventChanged(event=Event(event_id=event_id, title="t", start_ms=NOW, phase=now))


def nonce(text: str, event_id: str = "ev") -> MediaSealed:
    return MediaSealed(
        event_id=event_id, path="m", body=b"", content_type="", keep_s=1, stored=False, nonce=text
    )


class Edge:
    """A door with a clock of its own and chance that never repeats."""

    def __init__(self, name: str = "one", ring: KeyRing = RING, admission: str = "passes") -> None:
        self.door = Door(ring, name, "run", admission)
        self.skew_ms = 0
        self.now_ms = NOW
        self._drawn = 0
        self._name = name

    @property
    def wall_ms(self) -> int:
        return self.now_ms + self.skew_ms

    def fresh(self) -> bytes:
        self._drawn += 1
        return hashlib.sha256(f"{self._name} {self._drawn}".encode()).digest()[:16]

    def hear(self, *facts: Any) -> Edge:
        for fact in facts:
            self.door.handle(fact, self.wall_ms)
        return self

    def ask(self, bearer: str = "", event_id: str = "ev") -> dict[str, Any] | Refusal:
        return told(self.door.ticket(event_id, bearer, self.wall_ms, self.fresh()))

    def place(self) -> dict[str, Any]:
        view = self.ask()
        assert isinstance(view, dict)
        return view

    def exchange(
        self, bearer: str, proof: str = "", event_id: str = "ev"
    ) -> dict[str, Any] | Refusal:
        return told(self.door.exchange(event_id, bearer, proof, self.wall_ms, self.fresh()))

    def let_in(self, bearer: str, proof: str = "") -> str:
        view = self.exchange(bearer, proof)
        assert isinstance(view, dict), view
        return str(view["pass"])

    def admits(self, token: str, event_id: str = "ev") -> Admitted | Refusal:
        return self.door.admits(event_id, token, self.wall_ms)

    def tally(self) -> DoorTally:
        return self.door.tally()["ev"]


def told(reply: Reply | Refusal) -> dict[str, Any] | Refusal:
    if isinstance(reply, Refusal):
        return reply
    view: dict[str, Any] = json.loads(reply.body)
    return view


def opened(name: str = "one", rank: int = EVERYBODY, most: int = 100, **more: Any) -> Edge:
    return Edge(name, **more).hear(
        phase(Phase.LIVE), door_set(opened=True), moved(rank, **{name: most})
    )


def lane_ticket(lane: str = "press") -> str:
    ticket = Ticket(
        event_id="ev", ticket_id="L" * 22, arrived_s=OPENED_S - 99, expires_s=KEPT_S, lane=lane
    )
    return sign_ticket(ticket, RING)


# --- tickets -----------------------------------------------------------------------------------


def test_before_the_doors_open_a_ticket_has_no_rank_and_gets_no_pass() -> None:
    edge = Edge().hear(phase(Phase.SCHEDULED), door_set(opened=False))
    edge.now_ms = NOW - 60_000
    view = edge.place()
    assert view["cohort"] is None and view["rank"] is None and view["admitted"] is False
    assert view["arrived"] == "2027-01-15T07:59:00Z" and view["beat_s"] == 30
    assert view["kept_until"] == "2027-01-15T21:53:20Z"
    assert edge.exchange(view["ticket"]) is DOORS_CLOSED
    assert edge.tally().beats == listener_hash(view["id"]) + b"\xff" * 8


def test_a_ticket_from_before_the_doors_is_in_cohort_0_once_they_open() -> None:
    edge = Edge().hear(door_set(opened=False))
    edge.now_ms = NOW - 1000
    token = edge.place()["ticket"]
    edge.now_ms = NOW + 25_000
    edge.hear(door_set(opened=True), moved(5, at_ms=edge.now_ms))
    early, late = edge.ask(token), edge.place()
    assert isinstance(early, dict)
    assert early["cohort"] == 0 and early["beat_s"] == 45
    assert early["rank"] == draw.fraction(SEED, early["id"])
    assert late["cohort"] == 3 and late["rank"] >> 32 == 3
    expected = {listener_hash(view["id"]): view["rank"] for view in (early, late)}
    assert dict(beats.read(edge.tally().beats)) == expected


def test_asking_again_gives_the_same_ticket_and_is_a_sign_of_life() -> None:
    edge = opened(rank=5)
    first = edge.place()
    edge.tally()
    edge.now_ms += 3_600_000
    again = edge.ask(first["ticket"])
    assert again == first
    tally = edge.tally()
    assert tally.issued == 1
    assert beats.read(tally.beats) == [(listener_hash(first["id"]), first["rank"])]


@settings(max_examples=60)
@given(
    st.lists(
        st.tuples(st.integers(0, 40_000), st.sampled_from(["beat", "rotate", "longer", "turn"])),
        max_size=15,
    )
)
def test_asking_again_never_improves_a_rank(steps: list[tuple[int, str]]) -> None:
    ring, edge = RING, opened(rank=0)
    first = edge.place()
    token, until_s = first["ticket"], KEPT_S
    for number, (passed_ms, what) in enumerate(steps):
        edge.now_ms += passed_ms
        if what == "rotate":
            ring = KeyRing((bytes([number]) * 32, *ring.keys[:2]))
            edge.door.ring = ring
        elif what == "longer":
            until_s += 1000
            edge.hear(door_set(opened=True, until_s=until_s))
        elif what == "turn":
            edge.hear(moved(number, at_ms=edge.now_ms))
        view = edge.ask(token)
        assert isinstance(view, dict)
        assert (view["id"], view["rank"]) == (first["id"], first["rank"])
        token = view["ticket"]
    assert edge.tally().issued == 1


@settings(max_examples=60)
@given(st.lists(st.integers(-30_000, 90_000), min_size=2, max_size=12), st.integers(0, 3))
def test_no_earlier_cohort_waits_behind_a_later_one(arrivals: list[int], turn: int) -> None:
    edge = Edge().hear(door_set(opened=True), moved(turn << 32 | 1 << 31, one=1000))
    views = []
    for arrived_ms in sorted(arrivals):
        edge.now_ms = NOW + arrived_ms
        views.append(edge.place())
    edge.hear(moved(turn << 32 | 1 << 31, edge.now_ms, 2, one=1000))
    in_order = sorted(views, key=lambda view: view["rank"])
    assert [view["cohort"] for view in in_order] == sorted(view["cohort"] for view in views)
    let_in = [isinstance(edge.exchange(view["ticket"]), dict) for view in in_order]
    assert let_in == sorted(let_in, reverse=True)
    assert let_in == [view["admitted"] for view in in_order]


def test_a_place_is_kept_longer_when_the_event_is_moved_and_never_shorter() -> None:
    edge = opened(rank=5)
    first = edge.place()
    edge.hear(door_set(opened=True, until_s=KEPT_S + 3600))
    longer = edge.ask(first["ticket"])
    assert isinstance(longer, dict)
    assert (first["kept_until"], longer["kept_until"]) == (
        "2027-01-15T21:53:20Z", "2027-01-15T22:53:20Z",
    )  # fmt: skip
    assert longer["id"] == first["id"]
    edge.hear(door_set(opened=True, until_s=KEPT_S))
    edge.door.ring = KeyRing((NEXT, KEY))
    again = edge.ask(longer["ticket"])
    assert isinstance(again, dict) and again["ticket"] != longer["ticket"]
    assert again["kept_until"] == longer["kept_until"]


def test_who_is_let_in_within_the_second_waits_no_more() -> None:
    edge = opened()
    edge.let_in(edge.place()["ticket"])
    assert edge.tally().beats == b""


def test_issued_tickets_are_chained_and_asking_again_adds_no_link() -> None:
    edge = Edge().hear(door_set(opened=False))
    chain = draw.NO_CHAIN
    for number in range(1, 4):
        view = edge.place()
        chain = draw.chained(chain, view["id"])
        edge.ask(view["ticket"])
        tally = edge.tally()
        assert (tally.issued, tally.chain, tally.run) == (number, chain, "run")


def test_a_ticket_that_does_not_hold_is_refused_and_not_replaced() -> None:
    edge = opened()
    edge.hear(door_set(opened=True, event_id="other"))
    token = edge.place()["ticket"]
    altered = token[:-1] + ("A" if token[-1] != "A" else "E")
    for call in (edge.ask, edge.exchange):
        assert call(token, event_id="other") is TICKET_OTHER_EVENT
    assert edge.ask(altered) is TICKET_INVALID
    assert edge.exchange(altered) is TICKET_INVALID
    assert edge.ask("forged") is TICKET_INVALID
    edge.now_ms = KEPT_S * 1000
    edge.hear(moved(EVERYBODY, at_ms=edge.now_ms))
    assert edge.ask(token) is TICKET_EXPIRED
    assert edge.exchange(token) is TICKET_EXPIRED
    assert edge.tally().issued == 1


@pytest.mark.parametrize("over", [Phase.ENDED, Phase.POSTED, Phase.CANCELLED])
def test_after_the_event_nobody_is_let_in(over: Phase) -> None:
    edge = opened()
    view = edge.place()
    token = view["ticket"]
    given_pass = edge.let_in(token)
    edge.tally()
    edge.hear(phase(over), nonce("n"))
    for answer in (edge.ask(), edge.ask(token), edge.exchange(token), edge.exchange(given_pass)):
        assert answer is DOORS_CLOSED
    assert edge.door.tally() == {}
    doorway = edge.door._doorways["ev"]  # nothing is kept for an event that is over
    assert not doorway.nonces.proves("n", NOW)
    assert not doorway.inside.holds(listener_hash(view["id"]), 0)


def test_an_event_that_was_never_heard_of_has_no_door() -> None:
    edge = Edge()
    assert edge.ask() is DOORS_CLOSED
    assert edge.exchange("x") is DOORS_CLOSED
    assert edge.door.tally() == {}


# --- turns and leases --------------------------------------------------------------------------


def test_a_pass_needs_the_turn_and_a_lease() -> None:
    edge = opened(rank=-1)
    view = edge.place()
    assert edge.exchange(view["ticket"]) is NOT_YOUR_TURN
    edge.hear(moved(view["rank"] - 1, one=1))
    assert edge.exchange(view["ticket"]) is NOT_YOUR_TURN
    edge.hear(moved(view["rank"], sequence=2, one=0))
    edge.tally()
    assert edge.exchange(view["ticket"]) is NO_PLACE_FREE
    assert edge.exchange(view["ticket"]) is NO_PLACE_FREE
    tally = edge.tally()
    assert (tally.wanted, tally.granted, tally.sequence) == (1, 0, 2)
    assert beats.read(tally.beats) == [(listener_hash(view["id"]), view["rank"])]
    edge.hear(moved(view["rank"], sequence=3, one=1))
    assert isinstance(edge.admits(edge.let_in(view["ticket"])), Admitted)
    tally = edge.tally()
    assert (tally.wanted, tally.granted, tally.beats) == (0, 1, b"")
    assert distinct.hashes(tally.renewed) == [listener_hash(view["id"])]
    assert edge.exchange(edge.place()["ticket"]) is NOT_YOUR_TURN


def test_the_admitted_rank_never_goes_back() -> None:
    edge = opened(rank=EVERYBODY, most=5)
    edge.hear(moved(-1, at_ms=NOW + 1, sequence=9, one=5))
    edge.let_in(edge.place()["ticket"])


def test_a_lease_of_another_run_or_edge_is_not_ours() -> None:
    edge = opened("two", most=0)
    token = edge.place()["ticket"]
    edge.hear(moved(EVERYBODY, one=9))
    assert edge.exchange(token) is NO_PLACE_FREE
    other_run = Edge("two")
    other_run.door = Door(RING, "two", "run after a restart", "passes")
    other_run.hear(door_set(opened=True), moved(EVERYBODY, two=9))
    assert other_run.exchange(token) is NO_PLACE_FREE


@settings(max_examples=80)
@given(st.lists(st.tuples(st.integers(0, 11), st.integers(0, 8)), max_size=60))
def test_a_lease_is_never_exceeded(steps: list[tuple[int, int]]) -> None:
    edge = opened(most=0)
    tickets = [edge.place()["ticket"] for _ in range(12)]
    inside: set[int] = set()
    most = 0
    for number, (who, lent) in enumerate(steps):
        if lent < 8:  # or the lease stays
            most = lent
            edge.hear(moved(EVERYBODY, at_ms=NOW + number, sequence=number, one=most))
        room = len(inside) < most
        answer = edge.exchange(tickets[who])
        if who in inside or room:
            assert isinstance(answer, dict)
            inside.add(who)
        else:
            assert answer is NO_PLACE_FREE
        assert edge.tally().granted == len(inside)


def test_a_ticket_in_many_places_takes_one_lease_while_its_pass_holds() -> None:
    edge = opened(most=2)
    token = edge.place()["ticket"]
    for _ in range(1000):
        edge.let_in(token)
    assert edge.tally().granted == 1
    edge.now_ms += EXPIRES_S * 1000
    edge.hear(moved(EVERYBODY, edge.now_ms, 2, one=2)).let_in(token)
    assert edge.tally().granted == 2


def test_who_left_comes_back_without_a_lease_for_a_little_while() -> None:
    edge = opened(most=1)
    token = edge.place()["ticket"]
    first = edge.let_in(token)
    assert edge.door.leave("ev", first, edge.wall_ms) is None
    edge.now_ms += 19_000
    edge.let_in(token)
    assert edge.door.leave("ev", first, edge.wall_ms) is None
    edge.now_ms += 20_000
    assert edge.exchange(token) is NO_PLACE_FREE


def test_those_inside_are_remembered_up_to_a_bound() -> None:
    inside = Inside()
    for number in range(INSIDE_MOST + 1):
        inside.keep(number.to_bytes(8, "big"), 100)
    assert not inside.holds(bytes(8), 99)
    inside.keep((1).to_bytes(8, "big"), 200)
    inside.keep(bytes(8), 200)  # now the second of them was renewed longest ago
    assert inside.holds((1).to_bytes(8, "big"), 199)
    assert not inside.holds((1).to_bytes(8, "big"), 200)
    assert not inside.holds((2).to_bytes(8, "big"), 99)


def test_lane_tickets_are_let_in_at_once_and_take_no_lease() -> None:
    edge = opened(rank=-1, most=0)
    token = lane_ticket()
    view = edge.ask(token)
    assert isinstance(view, dict)
    assert (view["lane"], view["admitted"], view["rank"], view["cohort"]) == (
        "press", True, None, None,
    )  # fmt: skip
    assert edge.tally().beats == b""  # nobody waits for them
    renewed = edge.let_in(edge.let_in(token))
    assert isinstance(edge.admits(renewed), Admitted)
    tally = edge.tally()
    assert (tally.granted, tally.issued, tally.beats) == (0, 0, b"")
    assert {lane: distinct.hashes(wire) for lane, wire in tally.lanes.items()} == {
        "press": [listener_hash("L" * 22)]
    }


def test_lane_tickets_too_wait_for_the_doors() -> None:
    edge = Edge().hear(door_set(opened=False))
    assert edge.exchange(lane_ticket()) is DOORS_CLOSED


def test_an_open_door_asks_for_no_turn_but_counts() -> None:
    edge = opened(rank=-1, most=0, admission="open")
    view = edge.place()
    assert view["admitted"] is True
    edge.let_in(view["ticket"])
    tally = edge.tally()
    assert (tally.beats, tally.granted) == (b"", 0)
    assert distinct.hashes(tally.renewed) == [listener_hash(view["id"])]


# --- passes ------------------------------------------------------------------------------------


def test_a_pass_opens_the_media_of_its_event_until_it_runs_out() -> None:
    edge = opened()
    view = edge.place()
    answer = edge.door.exchange("ev", view["ticket"], "", edge.wall_ms, edge.fresh())
    assert isinstance(answer, Reply)
    body = json.loads(answer.body)
    assert {**body, "pass": ""} == {"pass": "", "expires_s": 120, "renew_s": 60, "proof": None}
    assert answer.cookie == (
        f"rostra_pass={body['pass']}; Path=/e/ev; Max-Age=120; HttpOnly; SameSite=Lax"
    )
    admitted = edge.admits(body["pass"])
    assert isinstance(admitted, Admitted)
    assert admitted.listener == listener_hash(view["id"])
    assert admitted.ticket_id == view["id"]
    assert edge.admits("") is PASS_MISSING
    assert edge.admits(view["ticket"]) is PASS_INVALID
    assert edge.admits(body["pass"], "other") is PASS_OTHER_EVENT
    edge.now_ms = admitted.until_ms - 1
    assert edge.admits(body["pass"]) == admitted
    edge.now_ms = admitted.until_ms
    assert edge.admits(body["pass"]) is PASS_EXPIRED
    assert edge.exchange(body["pass"]) is PASS_EXPIRED
    assert edge.door.leave("ev", body["pass"], edge.wall_ms) is PASS_EXPIRED
    assert edge.exchange("") is PASS_MISSING


def test_a_renewal_needs_no_lease_no_turn_and_no_control() -> None:
    edge = opened("one", most=1)
    token = edge.let_in(edge.place()["ticket"])
    other = Edge("two").hear(phase(Phase.LIVE), door_set(opened=True))
    other.now_ms += 60_000
    token = other.let_in(token)
    other.now_ms += EXPIRES_S * 1000 + LEEWAY_S * 1000 - 1
    other.let_in(token)


def test_inside_stay_inside_and_nobody_new_gets_in_while_control_is_dead() -> None:
    edge = opened(most=3)
    passes = [edge.let_in(edge.place()["ticket"]) for _ in range(3)]
    waiting = edge.place()["ticket"]
    for second in range(0, 300, 20):  # five minutes without a word
        edge.now_ms = NOW + second * 1000
        if second % 60 == 0:
            passes = [edge.let_in(token) for token in passes]
        assert all(isinstance(edge.admits(token), Admitted) for token in passes)
        assert edge.exchange(waiting) is NO_PLACE_FREE
    edge.hear(moved(EVERYBODY, at_ms=edge.now_ms, sequence=2, one=4))
    edge.let_in(waiting)


@given(st.lists(st.integers(-300_000, 300_000), min_size=2, max_size=4))
def test_edges_with_wrong_clocks_agree(skews: list[int]) -> None:
    views, edges = [], []
    for number, skew_ms in enumerate(skews):
        edge = Edge(f"edge{number}")
        edge.skew_ms = skew_ms
        edge.hear(door_set(opened=True), moved(EVERYBODY, **{f"edge{number}": 9}))
        edge.now_ms = NOW + 34_567
        edge.hear(moved(EVERYBODY, edge.now_ms, 2, **{f"edge{number}": 9}))
        edges.append(edge)
        views.append(edge.place())
    assert {(view["cohort"], view["arrived"]) for view in views} == {(4, "2027-01-15T08:00:34Z")}
    for giver, view in zip(edges, views, strict=True):
        token = giver.let_in(view["ticket"])
        for taker in edges:
            admitted = taker.admits(token)
            assert isinstance(admitted, Admitted)
            assert admitted.until_ms - taker.skew_ms == NOW + 34_000 + 140_000
            assert isinstance(taker.exchange(token), dict)
            assert isinstance(taker.ask(view["ticket"]), dict)


def test_the_count_tells_controls_clock_before_the_doors_open() -> None:
    edge = Edge()
    edge.skew_ms = 300_000
    edge.hear(door_set(opened=False), AudienceCounted(event_id="ev", connected=1, at_ms=NOW))
    assert edge.place()["arrived"] == "2027-01-15T08:00:00Z"


def test_a_key_rotated_in_the_middle_breaks_nothing() -> None:
    rotated = KeyRing((NEXT, KEY))
    old, new = opened("one"), opened("two", ring=rotated)
    view = old.place()
    old_pass = old.let_in(view["ticket"])
    # The edge that rotated takes what the other signed, and signs it anew.
    again = new.ask(view["ticket"])
    assert isinstance(again, dict)
    assert again["ticket"] != view["ticket"]
    assert {**again, "ticket": ""} == {**view, "ticket": ""}
    new_pass = new.let_in(old_pass)
    assert isinstance(new.admits(old_pass), Admitted)
    # The edge that has not yet read the new key can tell that it should.
    assert old.door.knows_key(kid_of(view["ticket"]))
    assert not old.door.knows_key(kid_of(again["ticket"]))
    assert old.door.knows_key(kid_of("nonsense"))
    assert old.ask(again["ticket"]) is TICKET_INVALID
    old.door.ring = rotated
    assert isinstance(old.ask(again["ticket"]), dict)
    assert isinstance(old.admits(new_pass), Admitted)
    # Once a key has left the ring, what it signed is over.
    new.door.ring = KeyRing((LAST, NEXT))
    assert new.ask(view["ticket"]) is TICKET_INVALID
    assert isinstance(new.ask(again["ticket"]), dict)
    assert new.tally().issued == 0


def test_an_edge_that_was_restarted_takes_tickets_and_passes_of_the_run_before() -> None:
    edge = opened(rank=0)
    token = edge.place()["ticket"]
    edge.hear(moved(EVERYBODY, one=1))
    given_pass = edge.let_in(token)
    again = opened(rank=0)
    kept = again.ask(token)
    assert isinstance(kept, dict) and kept["ticket"] == token
    assert isinstance(again.admits(given_pass), Admitted)
    again.let_in(given_pass)


# --- proof of listening ------------------------------------------------------------------------


def proven(edge: Edge) -> list[bytes] | None:
    return distinct.hashes(edge.tally().proven)


def test_a_renewal_with_a_nonce_of_the_media_is_proof() -> None:
    edge = opened().hear(nonce("first"), nonce("second"), nonce("elsewhere", "other"))
    view = edge.place()
    token = edge.let_in(view["ticket"], "first")
    assert proven(edge) == []  # a ticket proves nothing
    edge.now_ms += 30_000
    answer = edge.exchange(token, "first")
    assert isinstance(answer, dict) and answer["proof"] == "nonce"
    assert proven(edge) == [listener_hash(view["id"])]
    token = answer["pass"]
    for useless in ("first", "elsewhere", "unknown", "first", "", "x" * 2000, "first"):
        answer = edge.exchange(token, useless)
        assert isinstance(answer, dict) and answer["proof"] is None
        tally = edge.tally()
        assert tally.proven == b""
        assert distinct.hashes(tally.renewed) == [listener_hash(view["id"])]
        token = answer["pass"]  # the nonce that counted last is still "first"
    answer = edge.exchange(token, "second")
    assert isinstance(answer, dict) and answer["proof"] == "nonce"


def test_a_nonce_older_than_two_hours_proves_nothing() -> None:
    edge = opened().hear(nonce("old"))
    edge.now_ms += 7_201_000
    edge.hear(moved(EVERYBODY, at_ms=edge.now_ms, one=1))
    answer = edge.exchange(edge.let_in(edge.place()["ticket"]), "old")
    assert isinstance(answer, dict) and answer["proof"] is None


def minutes(edge: Edge) -> tuple[int, int]:
    tally = edge.tally()
    net, gross = distinct.hashes(tally.minute_net), distinct.hashes(tally.minute_gross)
    assert net is not None and gross is not None
    return len(net), len(gross)


def test_the_minute_is_told_once_when_it_is_full_and_only_with_proof() -> None:
    edge = opened().hear(*(nonce(str(number)) for number in range(9)))
    token = edge.let_in(edge.place()["ticket"])
    told_at = []
    for number in range(5):
        edge.now_ms += 40_000
        token = edge.let_in(token, "" if number == 1 else str(number))
        told_at.append(minutes(edge))
    # 40 s proven, 40 s unproven, then 80 s: the minute is full at the third renewal.
    assert told_at == [(0, 0), (0, 0), (1, 1), (0, 0), (0, 0)]


def test_one_renewal_adds_ninety_seconds_at_most() -> None:
    edge = opened().hear(nonce("a"), nonce("b"))
    token = edge.let_in(edge.place()["ticket"])
    edge.now_ms += 130_000
    token = edge.let_in(token, "a")
    read = read_pass(token, "ev", RING, edge.now_ms / 1000)
    assert isinstance(read, Pass) and read.heard_s == 90 and read.last_nonce == "a"


def test_a_clock_that_went_back_adds_nothing() -> None:
    edge = opened().hear(nonce("a"))
    token = edge.let_in(edge.place()["ticket"])
    edge.now_ms -= 100_000
    token = edge.let_in(token, "a")
    read = read_pass(token, "ev", RING, edge.now_ms / 1000)
    assert isinstance(read, Pass) and read.heard_s == 0


def test_a_new_session_of_the_same_ticket_counts_gross_but_not_net() -> None:
    edge = opened().hear(nonce("a"), nonce("b"))
    ticket = edge.place()["ticket"]
    net, gross = distinct.Distinct(), distinct.Distinct()
    for proof in ("a", "b"):
        token = edge.let_in(ticket)
        edge.now_ms += 70_000
        edge.let_in(token, proof)
        tally = edge.tally()
        net.add_wire(tally.minute_net)
        gross.add_wire(tally.minute_gross)
    assert (net.estimate().value, gross.estimate().value) == (1, 2)


# --- the tally ---------------------------------------------------------------------------------


def test_the_tally_forgets_what_it_told() -> None:
    edge = opened()
    view = edge.place()
    token = edge.let_in(view["ticket"])
    edge.door.fetched("ev", listener_hash(view["id"]))
    edge.door.leave("ev", token, edge.wall_ms)
    first, second = edge.tally(), edge.tally()
    here = [listener_hash(view["id"])]
    assert [distinct.hashes(wire) for wire in (first.renewed, first.fetched, first.left)] == [
        here, here, here,
    ]  # fmt: skip
    quiet = (second.renewed, second.fetched, second.left, second.beats)
    assert quiet == (b"", b"", b"", b"")
    assert (second.issued, second.granted, second.chain) == (1, 1, first.chain)


def test_a_crowd_that_waits_is_sampled() -> None:
    edge = opened(rank=0)
    for _ in range(3000):
        edge.place()
    tally = edge.tally()
    assert tally.issued == 3000
    assert tally.beats_sampled == 2
    assert len(tally.beats) <= 16 * 2048
    assert edge.tally().beats_sampled == 1


def test_an_event_that_nobody_came_to_is_not_in_the_tally() -> None:
    edge = Edge().hear(phase(Phase.SCHEDULED), door_set(opened=False))
    assert edge.door.tally() == {}


def test_a_lease_that_control_has_not_repeated_for_ten_seconds_is_void() -> None:
    edge = Edge().hear(door_set(opened=True), phase(Phase.DOORS_OPEN), moved(EVERYBODY, one=5))
    token = edge.place()["ticket"]
    edge.now_ms += 11_000
    assert edge.exchange(token) == NO_PLACE_FREE, "another edge may have been lent its places"
    edge.hear(moved(EVERYBODY, edge.now_ms, 2, one=5))
    assert isinstance(edge.exchange(token), dict)


def test_who_was_kept_waiting_has_the_place_of_their_arrival() -> None:
    edge = opened()
    edge.now_ms += 600_000

    def cohort(ago_s: int) -> int:
        came_s = edge.door.now_s(edge.wall_ms) - ago_s
        view = told(edge.door.ticket("ev", "", edge.wall_ms, edge.fresh(), arrived_s=came_s))
        assert isinstance(view, dict)
        return int(view["cohort"])

    now = cohort(0)
    assert cohort(20) == now - 2
    # Nobody is dated back by more than five minutes, nor into the future.
    assert cohort(4000) == cohort(ARRIVED_MOST_S) == now - ARRIVED_MOST_S // 10
    assert cohort(-60) == now


def test_whether_there_are_tickets_is_known_without_making_one() -> None:
    edge = opened()
    assert edge.door.refuses_new("ev", edge.wall_ms) is None
    assert edge.door.refuses_new("nobody", edge.wall_ms) is DOORS_CLOSED
    assert edge.tally().issued == 0
    edge.hear(phase(Phase.ENDED))
    assert edge.door.refuses_new("ev", edge.wall_ms) is DOORS_CLOSED


def test_a_nonce_that_no_media_carried_is_called_invented_by_an_edge_that_knows_some() -> None:
    edge = opened()
    token = edge.let_in(edge.place()["ticket"], "")

    def invented(nonce_: str) -> bool:
        reply = edge.door.exchange("ev", token, nonce_, edge.wall_ms, edge.fresh())
        assert isinstance(reply, Reply)
        return reply.invented

    assert not invented("whatever"), "it may just have begun"
    edge.hear(nonce("first"))
    assert [invented(text) for text in ("first", "", "whatever", "x" * 2000)] == [
        False,
        False,
        True,
        True,
    ]
