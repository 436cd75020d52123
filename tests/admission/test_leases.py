"""Places lent to edges: never one too many, whatever is lost, late or restarted."""

from __future__ import annotations

from collections import deque

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rostra.admission.distinct import WireInvalid, of
from rostra.admission.leases import BACK_S, DOUBT_S, SILENT_S, VOID_S, Leases
from rostra.ground.door_values import DoorTally


def tally(
    granted: int = 0,
    sequence: int = 0,
    wanted: int = 0,
    run: str = "one",
    renewed: int | None = None,
) -> DoorTally:
    """`renewed`: how many listeners the tally names; as many as were granted if None."""
    named = granted if renewed is None else renewed
    return DoorTally(
        run=run,
        issued=0,
        chain=b"",
        sequence=sequence,
        granted=granted,
        wanted=wanted,
        renewed=of(number.to_bytes(8, "big") for number in range(1, named + 1)),
    )


def test_places_are_shared_out_among_the_edges_that_are_heard() -> None:
    leases = Leases()
    for edge in "abcd":
        leases.heard(edge, tally(), 0.0)
    lent = leases.lend(10, 0.0, 1)
    assert sum(most for _, most in lent.values()) == 10
    assert sorted(most for _, most in lent.values()) == [2, 2, 3, 3]
    assert leases.outstanding(0.0) == 10


def test_a_lease_is_a_total_so_that_saying_it_again_lends_nothing_more() -> None:
    leases = Leases()
    leases.heard("a", tally(), 0.0)
    for sequence in range(1, 6):
        assert leases.lend(3, 0.0, sequence) == {"a": ("one", 3)}
    assert leases.outstanding(0.0) == 3
    leases.heard("a", tally(granted=2, sequence=5), 1.0)
    assert leases.outstanding(1.0) == 1
    assert leases.lend(1, 1.0, 6) == {"a": ("one", 3)}


def test_a_place_is_lent_elsewhere_only_after_its_edge_has_acknowledged() -> None:
    leases = Leases()
    leases.heard("a", tally(), 0.0)
    assert leases.lend(1, 0.0, 1) == {"a": ("one", 1)}
    leases.heard("b", tally(wanted=1), 1.0)
    lent = leases.lend(1, 1.0, 2)
    assert lent == {"a": ("one", 0), "b": ("one", 0)}  # taken back, not yet given
    leases.heard("a", tally(sequence=1), 1.5)  # it had not heard of it yet
    assert leases.lend(1, 1.5, 3)["b"] == ("one", 0)
    leases.heard("a", tally(sequence=3), 2.0)
    assert leases.lend(1, 2.0, 4) == {"a": ("one", 0), "b": ("one", 1)}
    assert leases.outstanding(2.0) == 1


def test_one_place_reaches_whoever_asks_at_the_other_edge_within_two_seconds() -> None:
    leases = Leases()
    heard = {"a": 0, "b": 0}
    holder, asker = "", ""
    for second in range(10):
        for edge in heard:
            wanted = int(edge == asker)
            leases.heard(edge, tally(sequence=heard[edge], wanted=wanted), float(second))
        lent = leases.lend(1, float(second), second + 1)
        heard = dict.fromkeys(heard, second + 1)
        if second == 3:
            (holder,) = [edge for edge, (_, most) in lent.items() if most]
            asker = "b" if holder == "a" else "a"
        if second == 5:
            assert lent[asker][1] == 1
            assert lent[holder][1] == 0


def test_a_place_does_not_wander_between_two_who_ask() -> None:
    leases = Leases()
    holders = []
    for second in range(20):
        for edge in "ab":
            leases.heard(edge, tally(sequence=second, wanted=1), float(second))
        lent = leases.lend(1, float(second), second + 1)
        holders.append([edge for edge, (_, most) in lent.items() if most])
    assert len({tuple(holder) for holder in holders if holder}) == 1


def test_the_edge_that_lets_more_in_is_lent_more() -> None:
    leases = Leases()
    granted = 0
    for second in range(30):
        leases.heard("busy", tally(granted, sequence=second, renewed=40), float(second))
        leases.heard("idle", tally(sequence=second), float(second))
        lent = leases.lend(100, float(second), second + 1)
        granted = min(granted + 40, lent["busy"][1])
    assert lent["busy"][1] - granted + 40 > 5 * lent["idle"][1]


def test_the_lease_of_an_edge_that_fell_silent_comes_back_when_it_cannot_be_used() -> None:
    leases = Leases()
    leases.heard("a", tally(), 0.0)
    leases.lend(2, 0.0, 1)
    at, sequence = 0.0, 1
    back_at = None
    while at < BACK_S + 10 and back_at is None:
        at, sequence = at + 1, sequence + 1
        leases.heard("b", tally(sequence=sequence - 1, wanted=1), at)
        lent = leases.lend(2, at, sequence)
        if at > SILENT_S:
            assert "a" not in lent
        if lent["b"][1] == 2:
            back_at = at
    assert back_at is not None
    assert back_at >= SILENT_S + VOID_S


def test_what_a_restarted_edge_may_have_given_away_unseen_is_in_doubt_for_a_while() -> None:
    leases = Leases()
    leases.heard("a", tally(), 0.0)
    leases.lend(3, 0.0, 1)
    leases.heard("a", tally(run="two"), 2.0)
    assert leases.lend(3, 2.0, 2) == {"a": ("two", 0)}
    assert leases.outstanding(2.0 + DOUBT_S - 1) == 3
    leases.heard("a", tally(run="two", sequence=2), 2.0 + DOUBT_S)
    assert leases.lend(3, 2.0 + DOUBT_S, 3) == {"a": ("two", 3)}


def test_a_late_word_of_a_run_that_is_over_changes_nothing() -> None:
    leases = Leases()
    leases.heard("a", tally(run="one"), 0.0)
    leases.heard("a", tally(run="two"), 1.0)
    leases.heard("a", tally(run="one", granted=9), 2.0)
    assert leases.lend(2, 2.0, 1) == {"a": ("two", 2)}


def test_passes_of_a_tally_that_was_lost_are_in_doubt_until_they_are_renewed() -> None:
    leases = Leases()
    leases.heard("a", tally(), 0.0)
    leases.lend(5, 0.0, 1)
    leases.heard("a", tally(granted=5, sequence=1, renewed=2), 2.0)
    assert leases.outstanding(2.0) == 3
    assert leases.outstanding(2.0 + DOUBT_S) == 0


def test_what_was_lent_before_control_was_restarted_still_counts() -> None:
    leases = Leases({"a": ("one", 7)}, sequence=40, now=0.0)
    assert leases.outstanding(0.0) == 7
    leases.heard("a", tally(granted=4, sequence=40), 1.0)
    assert leases.outstanding(1.0) >= 3
    assert leases.lend(2, 1.0, 41)["a"][1] <= 6
    leases.heard("a", tally(granted=4, sequence=41), 2.0)
    assert leases.outstanding(2.0) <= 2


def test_no_places_takes_all_leases_back() -> None:
    leases = Leases()
    leases.heard("a", tally(), 0.0)
    leases.lend(5, 0.0, 1)
    leases.heard("a", tally(granted=1, sequence=1), 1.0)
    assert leases.lend(0, 1.0, 2) == {"a": ("one", 1)}
    leases.heard("a", tally(granted=2, sequence=2, renewed=1), 2.0)
    assert leases.outstanding(2.0) == 0


def test_garbage_is_an_error() -> None:
    broken = DoorTally(run="one", issued=0, chain=b"", sequence=0, granted=0, renewed=b"?garbage")
    with pytest.raises(WireInvalid):
        Leases().heard("a", broken, 0.0)


class World:
    """Edges that issue passes on what they heard, and a control that hears of it late."""

    def __init__(self, places: int) -> None:
        self.places = places  # what may ever be inside together; nobody leaves
        self.leases = Leases()
        self.now = 0.0
        self.sequence = 0
        self.runs = dict.fromkeys("abc", 1)
        self.granted = dict.fromkeys("abc", 0)
        self.issued = 0  # passes over all runs
        self.heard: dict[str, tuple[float, int, dict[str, tuple[str, int]]]] = {}
        self.to_edges: dict[str, deque[tuple[float, int, dict[str, tuple[str, int]]]]] = {
            edge: deque() for edge in "abc"
        }
        self.to_control: deque[tuple[str, DoorTally, set[int]]] = deque()
        self.fresh: dict[str, set[int]] = {edge: set() for edge in "abc"}
        self.known: set[int] = set()  # passes that control counts as inside
        self.unseen: list[tuple[float, set[int]]] = []  # renewed elsewhere within 66 s

    def ask(self, edge: str) -> None:
        at, _, lent = self.heard.get(edge, (-1e9, 0, {}))
        run, most = lent.get(edge, ("", 0))
        if run == str(self.runs[edge]) and self.granted[edge] < most and self.now - at <= VOID_S:
            self.granted[edge] += 1
            self.issued += 1
            self.fresh[edge].add(self.issued)

    def say(self, edge: str, lost: bool) -> None:
        told = self.fresh[edge]
        self.fresh[edge] = set()
        said = tally(
            self.granted[edge],
            self.heard.get(edge, (0, 0, {}))[1],
            run=str(self.runs[edge]),
            renewed=len(told),
        )
        if lost:
            self.unseen.append((self.now, told))
        else:
            self.to_control.append((edge, said, told))

    def restart(self, edge: str) -> None:
        self.unseen.append((self.now, self.fresh[edge]))
        self.fresh[edge] = set()
        self.runs[edge] += 1
        self.granted[edge] = 0
        self.heard.pop(edge, None)

    def listen(self) -> None:
        if self.to_control:
            edge, said, told = self.to_control.popleft()
            self.leases.heard(edge, said, self.now)
            self.known |= told

    def lend(self) -> None:
        self.sequence += 1
        for at, told in self.unseen:
            if self.now - at >= 66:
                self.known |= told
        lent = self.leases.lend(self.places - len(self.known), self.now, self.sequence)
        for inbox in self.to_edges.values():
            inbox.append((self.now, self.sequence, lent))

    def hear(self, edge: str) -> None:
        if self.to_edges[edge]:
            self.heard[edge] = self.to_edges[edge].popleft()

    def pass_time(self, seconds: int) -> None:
        """Nothing is under way for longer than that on the machine's own sockets."""
        self.now += seconds
        if seconds > 3:
            for edge in "abc":
                while self.to_edges[edge]:
                    self.hear(edge)
            while self.to_control:
                self.listen()


class Turn(msgspec.Struct, frozen=True):
    """What one edge does in a second. `hears`: how many of the messages on their way arrive."""

    asks: int
    says: str
    hears: int
    restarts: bool


TURN = st.builds(
    Turn,
    asks=st.sampled_from([0, 1, 2, 6]),
    says=st.sampled_from(["yes", "yes", "yes", "lost", "not"]),
    hears=st.sampled_from([0, 1, 2, 9]),
    restarts=st.sampled_from([False] * 7 + [True]),
)
SECONDS = st.tuples(
    st.tuples(TURN, TURN, TURN),
    st.sampled_from([0, 1, 2, 9]),  # how many tallies control hears
    st.sampled_from([1, 1, 1, 1, 1, 2, 20, 70]),  # how long until the next
)


@settings(max_examples=300, deadline=None)
@given(st.integers(0, 5), st.lists(SECONDS, max_size=25))
def test_no_interleaving_lets_in_more_than_there_are_places(
    places: int, seconds: list[tuple[tuple[Turn, Turn, Turn], int, int]]
) -> None:
    world = World(places)
    for turns, listens, lasts_s in seconds:
        for edge, turn in zip("abc", turns, strict=True):
            if turn.restarts:
                world.restart(edge)
            for _ in range(turn.hears):
                world.hear(edge)
            for _ in range(turn.asks):
                world.ask(edge)
            if turn.says != "not":
                world.say(edge, turn.says == "lost")
        for _ in range(listens):
            world.listen()
        world.lend()
        world.pass_time(lasts_s)
        assert world.issued <= places


def test_the_world_of_that_property_fills_its_places() -> None:
    """Otherwise it could not fail."""
    world = World(4)
    for _ in range(6):
        for edge in "abc":
            world.hear(edge)
            world.ask(edge)
            world.say(edge, lost=False)
        for _ in "abc":
            world.listen()
        world.lend()
        world.pass_time(1)
    assert world.issued == 4
