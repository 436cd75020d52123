"""One event's door over seconds, restarts and its end; no sleeping: the clock is a number."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from rostra.admission import distinct, draw
from rostra.admission.beats import NOT_DRAWN
from rostra.admission.capacity import Capacity
from rostra.admission.tickets import listener_hash
from rostra.control.dashboard import Health
from rostra.control.door_record import DoorRecord, Lane
from rostra.control.doorkeeper_io import Doorkeeper, Surroundings
from rostra.control.storage_io import Storage
from rostra.ground.door_values import DoorTally
from rostra.ground.facts import AnyFact, AudienceCounted, DoorMoved, DoorSet, Event, Phase

CAPACITY = Capacity((100, 100, 100, 100), 50.0, "measured at start")
T0_MS = 1_796_155_200_000
EVENT = Event(event_id="a", title="x", start_ms=T0_MS)
OPEN = msgspec.structs.replace(EVENT, phase=Phase.DOORS_OPEN)
EDGES = ("edge-0", "edge-1")


class Edge:
    """An edge that does what it is lent: it answers each DoorMoved with a tally."""

    def __init__(self, name: str, run: str = "1") -> None:
        self.name, self.run, self.sequence, self.most = name, run, 0, 0
        self.waits: list[tuple[bytes, int]] = []
        self.inside: list[bytes] = []
        self.granted = 0
        self.deaf = False

    def tally(self, moved: DoorMoved | None) -> DoorTally:
        let_in: list[bytes] = []
        if moved is not None:
            if not self.deaf:
                self.sequence = moved.sequence
                run, most = moved.leases.get(self.name, ("", 0))
                self.most = most if run == self.run else 0
            for one in [row for row in self.waits if row[1] <= moved.admitted_rank]:
                if self.granted < self.most:
                    self.granted += 1
                    self.waits.remove(one)
                    let_in.append(one[0])
        self.inside += let_in
        beats = b"".join(one + rank.to_bytes(8) for one, rank in self.waits)
        return DoorTally(
            run=self.run, issued=len(self.waits), chain=bytes(32), sequence=self.sequence,
            granted=self.granted, beats=beats, renewed=distinct.of(self.inside),
        )  # fmt: skip


class House:
    """A door with a storage, told facts, and a clock that is moved by hand."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.told: list[AnyFact] = []
        self.saved_before: list[DoorRecord | None] = []
        self.now, self.now_ms = 1000.0, T0_MS
        self.storage = Storage(folder)
        self.edges = [Edge(name) for name in EDGES]
        self.begin()

    def begin(self) -> None:
        """Control starts (again)."""
        self.door = Doorkeeper(
            "a", self.storage.load_doors().get("a"), self.storage.save_door, self.publish, EDGES,
            self.now,
        )  # fmt: skip

    def publish(self, fact: AnyFact) -> None:
        self.told.append(fact)
        self.saved_before.append(self.storage.load_doors().get("a"))

    def second(self, event: Event = OPEN, cap: int | None = None, speak: bool = True) -> None:
        self.now += 1.0
        self.now_ms += 1000
        if speak:
            for edge in self.edges:
                self.door.heard(edge.name, edge.tally(self.moved), self.now)
        self.door.second(
            Surroundings(
                event=event, health=Health(), connected=0, capacity=CAPACITY, cap=cap,
                pace_most=None, media_silent_s=0.0,
            ),
            self.now,
            self.now_ms,
        )  # fmt: skip

    @property
    def moved(self) -> DoorMoved | None:
        return next((fact for fact in reversed(self.told) if isinstance(fact, DoorMoved)), None)

    @property
    def set(self) -> DoorSet:
        return [fact for fact in self.told if isinstance(fact, DoorSet)][-1]

    def arrive(self, many: int) -> None:
        """So many come, in turn to each edge, all in cohort 0."""
        for number in range(many):
            one = listener_hash(f"{len(self.told)}-{number}")
            rank = int.from_bytes(one[:4])
            self.edges[number % len(self.edges)].waits.append((one, rank))

    @property
    def inside(self) -> int:
        return sum(len(edge.inside) for edge in self.edges)


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House(tmp_path)


def test_the_commitment_is_told_from_the_beginning_and_the_secret_only_when_the_doors_open(
    house: House,
) -> None:
    house.door.follow(EVENT, house.now_ms)
    before = house.set
    assert (before.secret, before.seed, before.opened_at_s, before.covered) == ("", "", None, ())
    house.edges[0].waits.append((bytes(8), 1))
    house.second(EVENT)
    house.door.follow(OPEN, house.now_ms)
    secret = bytes.fromhex(house.set.secret)
    assert draw.commitment(secret).hex() == before.commitment == house.set.commitment
    assert draw.seed(secret, house.set.covered).hex() == house.set.seed
    assert [(row.edge, row.issued) for row in house.set.covered] == [("edge-0", 1)]
    assert house.set.opened_at_s == house.now_ms // 1000


def test_what_must_survive_is_durable_before_anyone_hears_of_it(house: House) -> None:
    house.door.follow(EVENT, house.now_ms)
    house.door.follow(OPEN, house.now_ms)
    house.arrive(5)
    for _ in range(3):
        house.second()
    for fact, saved in zip(house.told, house.saved_before, strict=True):
        assert saved is not None
        if isinstance(fact, DoorSet) and fact.secret:
            assert (saved.secret.hex(), saved.opened_at_s) == (fact.secret, fact.opened_at_s)
        if isinstance(fact, DoorMoved):
            assert saved.admitted_rank == fact.admitted_rank


def test_a_cap_of_three_lets_three_in_and_one_waits_with_a_place(house: House) -> None:
    house.door.follow(OPEN, house.now_ms)
    house.second(cap=3)
    house.arrive(4)
    for _ in range(20):
        house.second(cap=3)
    assert house.inside == 3
    assert house.moved is not None
    assert (house.moved.waiting + house.moved.full) >= 1
    assert house.moved.rung == 0, "a cap makes nobody's sound worse"


@pytest.mark.parametrize(("given", "left"), [(90, 10), (100, 0), (5000, 0)])
def test_places_of_lanes_come_out_of_what_the_house_carries(
    house: House, given: int, left: int
) -> None:
    house.door.change(lanes=(Lane("press", given),))
    house.door.follow(OPEN, house.now_ms)
    house.second()
    house.arrive(60)
    for _ in range(60):
        house.second()
    assert house.inside == left
    assert house.moved is not None and house.moved.waiting == 60 - left


def test_a_restart_keeps_the_draw_and_the_rank_and_lets_nobody_in_twice(house: House) -> None:
    house.door.follow(OPEN, house.now_ms)
    house.arrive(9)
    for _ in range(20):
        house.second(cap=6)
    drawn, moved = house.set, house.moved
    assert moved is not None
    assert house.inside == 6
    for edge in house.edges:  # those inside renew once a minute, so nobody is heard of for a while
        edge.inside.clear()
    house.begin()
    house.door.follow(OPEN, house.now_ms)
    assert house.set == drawn
    before = len(house.told)
    for _ in range(40):
        house.second(cap=6)
    again = [fact for fact in house.told[before:] if isinstance(fact, DoorMoved)]
    ranks = [moved.admitted_rank, *(fact.admitted_rank for fact in again)]
    assert ranks == sorted(ranks)
    assert again[0].sequence > moved.sequence
    assert house.inside == 0, "six places are held, though nobody has renewed yet"


def test_what_edges_gave_while_control_was_dead_is_counted(house: House) -> None:
    house.door.follow(OPEN, house.now_ms)
    for _ in range(3):
        house.second(cap=4)
    assert house.moved is not None
    house.arrive(4)
    for edge in house.edges:  # what was lent is used, and nobody hears of it
        edge.granted = min(edge.most, edge.granted + len(edge.waits))
        edge.waits.clear()
    given = sum(edge.granted for edge in house.edges)
    assert given > 0
    house.begin()
    house.door.follow(OPEN, house.now_ms)
    house.arrive(6)
    for _ in range(40):
        house.second(cap=4)
    assert house.inside + given <= 4
    assert house.inside > 0 or given == 4


def test_a_lease_of_the_last_control_is_taken_back_before_it_is_lent_elsewhere(
    house: House,
) -> None:
    house.door.follow(OPEN, house.now_ms)
    late, other = house.edges
    house.edges = [late]  # so that all is lent to it
    for _ in range(5):
        house.second(cap=60)
    assert late.most > 30
    late.deaf = True  # its next message is on its way for a while
    house.edges = [late, other]
    house.begin()
    house.door.follow(OPEN, house.now_ms)
    for second in range(60):
        if second == 6:
            house.arrive(160)
        if second == 7:  # of the called, most stand at the late edge, and some come back elsewhere
            late.waits = [(one, 0) for one, _ in late.waits]
            other.waits = [(one, 0) for one, _ in other.waits]
        if second == 9:
            late.deaf = False
        house.second(cap=60)
        assert house.inside <= 60
    assert house.inside > 50


def test_after_a_restart_free_places_are_lent_again_without_waiting_for_two_minutes(
    house: House,
) -> None:
    house.door.follow(OPEN, house.now_ms)
    house.arrive(4)
    for _ in range(20):
        house.second(cap=4)
    house.begin()
    house.door.follow(OPEN, house.now_ms)
    house.arrive(3)
    for _ in range(30):
        house.second(cap=7)
    assert house.inside == 7


def test_after_a_restart_it_waits_for_every_edge_or_three_seconds(house: House) -> None:
    house.door.follow(OPEN, house.now_ms)
    house.second()
    house.begin()
    house.door.follow(OPEN, house.now_ms)
    before = len([fact for fact in house.told if isinstance(fact, DoorMoved)])
    counts = []
    for _ in range(4):
        house.second(speak=False)
        counts.append(len([f for f in house.told if isinstance(f, DoorMoved)]) - before)
    assert counts == [0, 0, 1, 2]


def test_an_ended_event_moves_no_more_and_keeps_its_totals(house: House) -> None:
    house.door.follow(OPEN, house.now_ms)
    tally = DoorTally(
        run="1", issued=1, chain=bytes(32), sequence=0, granted=1,
        renewed=distinct.of([bytes(8)]), proven=distinct.of([bytes(8)]),
        minute_net=distinct.of([bytes(8)]),
    )  # fmt: skip
    house.door.heard("edge-0", tally, house.now)
    house.second(speak=False)
    ended = msgspec.structs.replace(EVENT, phase=Phase.ENDED)
    house.begin()
    house.door.follow(ended, house.now_ms)
    house.told.clear()
    house.second(ended, speak=False)
    assert not [fact for fact in house.told if isinstance(fact, DoorMoved)]
    counted = [fact for fact in house.told if isinstance(fact, AudienceCounted)][-1]
    assert (counted.peak, counted.total_net, counted.listening) == (1, 1, 0)


def test_a_tally_of_garbage_changes_nothing(house: House) -> None:
    house.door.follow(OPEN, house.now_ms)
    for wire in (b"?", b"x123", b"s" + bytes(40)):
        garbage = DoorTally(run="1", issued=9, chain=b"", sequence=0, granted=9, renewed=wire)
        house.door.heard("edge-0", garbage, house.now)
    house.second()
    assert house.door.counts.inside == 0


def test_before_the_doors_open_edges_hear_the_clock_now_and_then(house: House) -> None:
    house.door.follow(EVENT, house.now_ms)
    for _ in range(30):
        house.second(EVENT)
    told = [fact.at_ms for fact in house.told if isinstance(fact, AudienceCounted)]
    assert 3 <= len(told) <= 4


def test_those_who_came_before_the_doors_opened_are_counted_as_waiting(house: House) -> None:
    house.door.follow(EVENT, house.now_ms)
    house.edges[0].waits = [(bytes([n]) * 8, NOT_DRAWN) for n in range(4)]
    house.second(EVENT)
    counted = [fact for fact in house.told if isinstance(fact, AudienceCounted)]
    assert counted[-1].waiting == 4
