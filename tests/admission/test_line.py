"""Who waits: exact while few, sampled beyond, counted once over all edges."""

from __future__ import annotations

import itertools
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rostra.admission.beats import NOT_DRAWN, Beats
from rostra.admission.distinct import of
from rostra.admission.line import CALL_S, EXACT_MOST, PIECES_MOST, Line
from rostra.ground.door_values import DoorTally

COHORT = 1 << 32


def name(number: int) -> bytes:
    """A listener's hash: evenly distributed, the same for the same number."""
    return random.Random(number).randbytes(8)


def tally(
    beats: dict[bytes, int] | None = None, renewed: list[bytes] | None = None, sampled: int = 1
) -> DoorTally:
    kept = {
        one: rank
        for one, rank in (beats or {}).items()
        if int.from_bytes(one, "big") % sampled == 0
    }
    return DoorTally(
        run="r",
        issued=0,
        chain=b"",
        sequence=0,
        granted=0,
        beats=b"".join(one + rank.to_bytes(8, "big") for one, rank in kept.items()),
        beats_sampled=sampled,
        renewed=of(renewed or []),
    )


def crowd(ranks: list[int]) -> dict[bytes, int]:
    return {name(number): rank for number, rank in enumerate(ranks)}


def test_a_ticket_that_beats_at_two_edges_waits_once() -> None:
    line = Line()
    line.heard(tally({name(1): 5, name(2): 7}), 0.0)
    line.heard(tally({name(1): 5}), 0.5)
    assert line.waiting(1.0, -1) == 2


def test_a_ticket_waits_for_two_and_a_half_beats() -> None:
    line = Line()
    line.heard(tally({name(1): 5}), 0.0)
    assert line.waiting(74.0, -1) == 1
    assert line.waiting(76.0, -1) == 0
    line.heard(tally({name(1): 5}), 80.0)
    assert line.waiting(81.0, -1) == 1


def test_a_longer_beat_keeps_places_for_longer() -> None:
    line = Line()
    line.heard(tally(crowd(list(range(60_000)))), 0.0)
    assert line.beat_s(0.0) == 12
    line = Line()
    many = {(number << 12).to_bytes(8, "big"): number for number in range(1, 151)}
    line.heard(tally(many, sampled=4096), 0.0)
    beat_s = line.beat_s(1.0)
    assert beat_s == -(-150 * 4096 // 5000)
    line.heard(tally({(200 << 12).to_bytes(8, "big"): COHORT}, sampled=4096), 2.0)
    assert line.waiting(2.0 + 2.4 * beat_s, COHORT - 1) == 4096
    assert line.waiting(2.0 + 2.6 * beat_s, COHORT - 1) == 0


def test_whoever_was_let_in_does_not_wait() -> None:
    line = Line()
    line.heard(tally({name(1): 5, name(2): 7}), 0.0)
    line.heard(tally(renewed=[name(1)]), 1.0)
    assert line.waiting(1.0, -1) == 1


def test_a_late_beat_of_another_edge_does_not_bring_them_back() -> None:
    line = Line()
    line.heard(tally(renewed=[name(1)]), 1.0)
    line.heard(tally({name(1): 5}), 1.5)
    assert line.waiting(2.0, -1) == 0
    line.heard(tally({name(1): 5}), 10.0)  # the pass ran out, they wait again
    assert line.waiting(10.0, -1) == 1


def test_garbage_is_an_error_and_changes_nothing() -> None:
    line = Line()
    line.heard(tally({name(1): 5}), 0.0)
    whole = tally({name(2): 6})
    broken = DoorTally(run="r", issued=0, chain=b"", sequence=0, granted=0, beats=whole.beats[:-1])
    with pytest.raises(ValueError, match="16 bytes"):
        line.heard(broken, 1.0)
    assert line.waiting(1.0, -1) == 1


@given(
    st.lists(st.integers(0, 6 * COHORT - 1), unique=True, max_size=60),
    st.integers(-1, 6 * COHORT),
    st.integers(0, 70),
)
def test_exactly_n_more_are_called_while_all_are_known(
    ranks: list[int], above: int, n: int
) -> None:
    line = Line()
    line.heard(tally(crowd(ranks)), 0.0)
    beyond = sorted(rank for rank in ranks if rank > above)
    found = line.rank_of_next(n, above, 1.0)
    assert found >= above
    assert sum(above < rank <= found for rank in ranks) == min(n, len(beyond))
    assert line.waiting(1.0, above) == len(beyond)
    assert line.waiting(1.0, found) == max(0, len(beyond) - n)


@given(st.lists(st.integers(0, 9), max_size=40), st.integers(0, 45))
def test_equal_ranks_are_never_called_beyond_n(ranks: list[int], n: int) -> None:
    line = Line()
    line.heard(tally(crowd(ranks)), 0.0)
    found = line.rank_of_next(n, -1, 1.0)
    assert sum(rank <= found for rank in ranks) <= n


def test_who_has_not_heard_of_the_draw_is_counted_in_cohort_0() -> None:
    line = Line()
    line.heard(tally({name(n): NOT_DRAWN for n in range(4)}), 0.0)
    assert line.waiting(1.0, -1) == 4
    assert line.waiting(1.0, COHORT // 2 - 1) == 2
    assert line.waiting(1.0, COHORT - 1) == 0
    (piece,) = line.pieces(1.0, -1)
    assert (piece.first, piece.last, piece.waiting) == (0, 0, 4)


def test_few_places_wait_until_those_who_came_early_have_drawn() -> None:
    line = Line()
    line.heard(tally({name(n): NOT_DRAWN for n in range(4)}), 0.0)
    assert line.rank_of_next(3, -1, 1.0) == -1  # any three of them could be the first
    assert line.rank_of_next(4, -1, 1.0) == COHORT - 1
    line.heard(tally({name(n): 100 * n for n in range(4)}), 2.0)
    assert line.rank_of_next(3, -1, 3.0) == 200


def test_many_are_called_by_density_before_they_have_drawn() -> None:
    line = Line()
    line.heard(tally({name(n): NOT_DRAWN for n in range(10_000)}), 0.0)
    assert line.rank_of_next(1000, -1, 1.0) == pytest.approx(COHORT / 10, rel=0.01)


def test_whoever_is_called_and_does_not_come_is_not_expected_for_ever() -> None:
    line = Line()
    line.heard(tally({name(1): 5, name(2): 7}), 0.0)
    line.call(7, 1.0)
    assert line.called(2.0, 7) == 2
    line.heard(tally({name(2): 7}), CALL_S - 2)  # was sent away for want of a lease
    assert line.called(CALL_S + 2, 7) == 1
    assert line.called(2 * CALL_S, 7) == 0
    assert line.waiting(CALL_S + 2, 7) == 0


def test_the_pieces_tell_everyone_beyond_the_admitted_rank() -> None:
    chance = random.Random(4)
    ranks = [chance.randrange(300) * COHORT + chance.randrange(COHORT) for _ in range(5000)]
    line = Line()
    line.heard(tally(crowd(ranks)), 0.0)
    above = 20 * COHORT + COHORT // 3
    pieces = line.pieces(1.0, above)
    assert len(pieces) <= PIECES_MOST
    assert sum(piece.waiting for piece in pieces) == line.waiting(1.0, above)
    assert pieces[0].first == pieces[0].last == 20
    for before, after in itertools.pairwise(pieces):
        assert before.last < after.first
    for piece in pieces:
        inside = [r for r in ranks if r > above and piece.first <= r >> 32 <= piece.last]
        assert piece.waiting == len(inside)


def test_an_empty_line_has_no_pieces() -> None:
    assert Line().pieces(0.0, -1) == ()
    assert Line().rank_of_next(5, -1, 0.0) == -1


def big(people: int, edges: int, line: Line, sampled: int, at: float) -> list[int]:
    """A crowd heard from several edges that sample."""
    chance = random.Random(people)
    numbers = [chance.randrange(1 << 64) for _ in range(people)]
    ranks = [chance.randrange(50 * COHORT) for _ in range(people)]
    everyone = list(zip(numbers, ranks, strict=True))
    for edge in range(edges):
        some = {n.to_bytes(8, "big"): r for n, r in everyone[edge::edges]}
        line.heard(tally(some, sampled=sampled), at + edge / 100)
    return sorted(ranks)


@pytest.mark.parametrize("sampled", [1, 8])
def test_a_crowd_beyond_65536_is_known_by_a_sample(sampled: int) -> None:
    line = Line()
    ranks = big(200_000, 3, line, sampled, 0.0)
    assert len(line._row) <= EXACT_MOST
    assert line.waiting(1.0, -1) == pytest.approx(200_000, rel=0.02)
    found = line.rank_of_next(40_000, -1, 1.0)
    assert sum(rank <= found for rank in ranks) == pytest.approx(40_000, rel=0.04)
    beyond = line.rank_of_next(3, found, 1.0)
    assert found <= beyond <= ranks[45_000]
    pieces = line.pieces(1.0, found)
    assert sum(p.waiting for p in pieces) == line.waiting(1.0, found)


def test_an_edge_that_sampled_for_a_second_makes_nobody_forgotten() -> None:
    line = Line()
    people = crowd([number * COHORT for number in range(1000)])
    line.heard(tally(people), 0.0)
    line.heard(tally({name(5000 + n): n for n in range(3000)}, sampled=2), 1.0)
    assert line.waiting(2.0, -1) == pytest.approx(4000, rel=0.1)
    beating = dict(people)
    beating.update({name(5000 + n): n for n in range(3000)})
    for at in (25.0, 50.0, 75.0):
        line.heard(tally(beating), at)
    assert line.waiting(77.0, -1) == 4000  # all beats since then were whole: exact again


def test_a_line_that_was_long_is_exact_again_when_it_is_short() -> None:
    line = Line()
    big(200_000, 2, line, 1, 0.0)
    few = {(n << 3 | 1).to_bytes(8, "big"): n for n in range(500)}
    at = 0.0
    while at < 900:  # longer than any beat of the long line
        at += 25
        line.heard(tally(few), at)
    assert line.waiting(at, -1) == 500


def test_the_edges_own_sampling_is_understood() -> None:
    beats = Beats()
    for number in range(10_000):
        beats.add(name(number), number)
    assert beats.sampled > 1
    line = Line()
    line.heard(
        DoorTally(
            run="r",
            issued=0,
            chain=b"",
            sequence=0,
            granted=0,
            beats=beats.wire(),
            beats_sampled=beats.sampled,
        ),
        0.0,
    )
    assert line.waiting(1.0, -1) == pytest.approx(10_000, rel=0.1)
