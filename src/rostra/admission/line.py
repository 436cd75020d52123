"""The line: who waits, by the signs of life that edges pass on; a sample of them beyond 65,536."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np

from rostra.admission.beats import NOT_DRAWN, read
from rostra.admission.distinct import hashes
from rostra.admission.draw import FRACTION_BITS
from rostra.ground.door_values import DoorTally, LinePiece

EXACT_MOST = 65_536
PIECES_MOST = 64
BEATS_KEPT = 2.5
# Whoever was called is expected within this time: pages ask each 10 s ± 20 %, and then come
# within 2 s. Later they still may come, but no place waits for them any more.
CALL_S = 15.0
BEAT_LEAST_S, BEAT_USUAL_S, BEAT_MOST_S = 10, 30, 300
BEATS_S = 5000  # signs of life a second that all edges together should have to answer
# Edges tally each on its own beat: a sign of life from one may arrive after the pass from another.
SETTLING_S = 3.0
_TOLD_S = 10.0  # so long an edge may still tell pages the beat of an older message
_TIDY_S = 30.0
_FEW = 64  # a line so short moves by those who have drawn; who has not may be the first
_COHORT = 1 << FRACTION_BITS
_LEVELS = 33
_NEVER = -np.inf
_ROW = np.dtype([("rank", "u8"), ("last", "f8"), ("until", "f8"), ("level", "u1")])


class _Sight(NamedTuple):
    """Those who wait at one moment: ranks in order, when each was last heard of, and the others.

    Each stands for `scale` people; `undrawn` of them are in cohort 0 and did not say where.
    """

    ranks: Any
    last: Any
    undrawn: int
    scale: int

    def place(self, rank: int) -> int:
        """How many rows have a rank up to `rank`."""
        return int(np.searchsorted(self.ranks, np.uint64(rank + 1)))

    def undrawn_above(self, rank: int) -> float:
        """Rows of unknown rank that are expected above `rank`."""
        return self.undrawn * max(0.0, 1 - (rank + 1) / _COHORT)


class Line:
    """Everyone who waits for one event, over all edges; a ticket counts once.

    A ticket waits for 2.5 × `beat_s` after its last sign of life, or until it is let in. Up to
    65,536 tickets all are known and every number is exact; beyond it, or where an edge sampled,
    those whose hash a power of two divides (a *level*) stand for the others. At most 6 MB.
    `now`: monotonic seconds, never earlier than before.
    """

    def __init__(self) -> None:
        self._row: dict[bytes, int] = {}
        self._table: Any = np.zeros(64, _ROW)
        self._collected = 0  # the level from which all hashes are taken in
        # Since when every hash of a level was taken in, wherever it showed itself.
        self._whole_since: Any = np.full(_LEVELS, _NEVER)
        self._let_in: dict[bytes, float] = {}
        self._told: list[tuple[float, int]] = []  # when, how often pages were asked to beat
        self._called: list[tuple[float, int]] = []  # when, admitted rank
        self._tidied_at = _NEVER
        self._order: Any = None  # rows by rank, until one comes or draws
        self._sight: tuple[float, _Sight] | None = None

    # --- what edges say ------------------------------------------------------------------------

    def heard(self, tally: DoorTally, now: float) -> None:
        """One second of one edge. ValueError if its beats or listeners are garbage."""
        beats = dict(read(tally.beats))
        gone = hashes(tally.renewed) or []  # a sketch names nobody; they run out by themselves
        if tally.beats_sampled > 1:
            self._whole_since[: _level_of(tally.beats_sampled)] = now
        self._let_go(gone, now)
        if now >= self._tidied_at + _TIDY_S:
            self._tidy(now)
        until = now + BEATS_KEPT * max(BEAT_USUAL_S, self._longest_beat_s(now, _TOLD_S))
        self._take_in(beats, now, until)
        self._sight = None

    def _let_go(self, gone: list[bytes], now: float) -> None:
        self._let_in = {one: at for one, at in self._let_in.items() if now - at < SETTLING_S}
        for one in gone:
            if len(self._let_in) < EXACT_MOST:
                self._let_in[one] = now
            if (row := self._row.get(one)) is not None:
                self._table["until"][row] = _NEVER

    def _take_in(self, beats: dict[bytes, int], now: float, until: float) -> None:
        fresh = self._fresh(beats)
        if len(self._row) + len(fresh) > EXACT_MOST:
            self._keep(now, self._collected)
        while len(self._row) + len(fresh) > EXACT_MOST and self._collected < _LEVELS - 1:
            self._whole_since[: self._collected + 1] = now
            self._keep(now, self._collected + 1)
            fresh = self._fresh(fresh)
        begin = len(self._row)
        fresh = fresh[: EXACT_MOST - begin]
        end = begin + len(fresh)
        if end > len(self._table):
            self._table = np.concatenate([self._table, np.zeros(end, _ROW)])
        self._row.update(zip(fresh, range(begin, end), strict=True))
        self._table["level"][begin:end] = [_level(one) for one in fresh]
        self._table["rank"][begin:end] = NOT_DRAWN
        self._table["until"][begin:end] = _NEVER
        known = {
            row: rank
            for one, rank in beats.items()
            if (row := self._row.get(one)) is not None and one not in self._let_in
        }
        rows = np.fromiter(known, np.intp, len(known))
        ranks = np.fromiter(known.values(), np.uint64, len(known))
        table = self._table
        if fresh or (table["rank"][rows] != ranks).any():
            self._order = None
            table["rank"][rows] = np.where(ranks == NOT_DRAWN, table["rank"][rows], ranks)
        table["last"][rows] = now
        table["until"][rows] = np.maximum(until, table["until"][rows])

    def _fresh(self, beats: Iterable[bytes]) -> list[bytes]:
        """Those who get a row: not known, not just let in, of the levels that are taken in."""
        return [
            one
            for one in beats
            if one not in self._row and one not in self._let_in and _level(one) >= self._collected
        ]

    def _tidy(self, now: float) -> None:
        self._tidied_at = now
        self._keep(now, self._collected)
        if self._collected and len(self._row) < EXACT_MOST // 4:
            self._collected -= 1
            self._whole_since[self._collected] = now

    def _keep(self, now: float, level: int) -> None:
        """Drop whoever does not wait any more, and whoever is below `level`."""
        rows = self._table[: len(self._row)]
        keep = np.flatnonzero((rows["until"] > now) & (rows["level"] >= level))
        names = list(self._row)
        self._row = {names[row]: place for place, row in enumerate(keep)}
        self._table = np.concatenate([rows[keep], np.zeros(max(64, len(keep)), _ROW)])
        self._collected = level
        self._order = None

    # --- what the controller does --------------------------------------------------------------

    def call(self, rank: int, now: float) -> None:
        """Everyone up to this rank has been called; it never goes down."""
        if self._called and rank <= self._called[-1][1]:
            return
        self._called.append((now, rank))
        while len(self._called) > 1 and self._called[1][0] <= now - CALL_S:
            self._called.pop(0)

    def beat_s(self, now: float) -> int:
        """How often pages should beat now, for `DoorMoved.beat_s`: seldom where many wait."""
        sight = self._look(now)
        everyone = (len(sight.ranks) + sight.undrawn) * sight.scale
        beat_s = min(max(BEAT_LEAST_S, -(-everyone // BEATS_S)), BEAT_MOST_S)
        if not self._told or self._told[-1][1] != beat_s:
            self._told.append((now, beat_s))
        return beat_s

    # --- what it shows -------------------------------------------------------------------------

    def waiting(self, now: float, above_rank: int) -> int:
        """How many wait beyond this rank."""
        sight = self._look(now)
        known = len(sight.ranks) - sight.place(above_rank)
        return round((known + sight.undrawn_above(above_rank)) * sight.scale)

    def called(self, now: float, rank: int) -> int:
        """How many up to this rank are expected to come in.

        Those called within `CALL_S`, and of those before, whoever showed themselves since.
        """
        sight = self._look(now)
        before = max((r for at, r in self._called if at <= now - CALL_S), default=-1)
        early, late = sight.place(before), sight.place(rank)
        seen = int(np.count_nonzero(sight.last[:early] > now - CALL_S))
        undrawn = sight.undrawn_above(before) - sight.undrawn_above(rank)
        return round((max(0, late - early) + seen + max(0.0, undrawn)) * sight.scale)

    def pieces(self, now: float, above_rank: int) -> tuple[LinePiece, ...]:
        """The line beyond this rank by cohorts; at most 64 pieces, the front alone in its own."""
        sight = self._look(now)
        cohorts, counts = np.unique(
            (sight.ranks[sight.place(above_rank) :] >> np.uint64(FRACTION_BITS)).astype(np.int64),
            return_counts=True,
        )
        if (undrawn := round(sight.undrawn_above(above_rank))) > 0:
            if len(cohorts) and cohorts[0] == 0:
                counts[0] += undrawn
            else:
                cohorts = np.concatenate([[0], cohorts])
                counts = np.concatenate([[undrawn], counts])
        if not len(cohorts):
            return ()
        group = np.arange(len(cohorts))
        if len(cohorts) > PIECES_MOST:
            middle = np.cumsum(counts) - counts / 2
            group = 1 + (middle * (PIECES_MOST - 1) / counts.sum()).astype(np.int64)
            group[0] = 0
        starts = np.flatnonzero(np.diff(group, prepend=-1))
        ends = np.append(starts[1:], len(cohorts))
        return tuple(
            LinePiece(
                first=int(cohorts[start]),
                last=int(cohorts[end - 1]),
                waiting=int(counts[start:end].sum()) * sight.scale,
            )
            for start, end in zip(starts, ends, strict=True)
        )

    def rank_of_next(self, n: int, above_rank: int, now: float) -> int:
        """The rank up to which `n` more of those who wait beyond `above_rank` are called.

        Exact while all are known: never more than `n`, and fewer only where ranks are equal, or, in
        a line of a few, not yet drawn (counted as if they came first). By density beyond, and
        where many have not drawn. `above_rank`
        if nobody can be called, the last rank in the line if `n` is enough for all.
        """
        sight = self._look(now)
        ranks = sight.ranks[sight.place(above_rank) :]
        undrawn = sight.undrawn_above(above_rank)
        if n <= 0 or not (len(ranks) or undrawn):
            return above_rank
        if n >= (len(ranks) + undrawn) * sight.scale:
            last = int(ranks[-1]) if len(ranks) else above_rank
            if sight.scale > 1:  # the last who is known is not the last
                last |= _COHORT - 1
            return max(last, _COHORT - 1) if undrawn else last
        if sight.scale == 1 and (not undrawn or len(ranks) + undrawn <= _FEW):
            return _nth(ranks, n - math.ceil(undrawn), above_rank)
        return _by_density(ranks, undrawn, n / sight.scale, above_rank)

    def _look(self, now: float) -> _Sight:
        if self._sight is None or self._sight[0] != now:
            rows = self._table[: len(self._row)]
            beat_s = max(BEAT_USUAL_S, self._longest_beat_s(now, BEATS_KEPT * BEAT_MOST_S))
            whole = self._whole_since <= now - BEATS_KEPT * beat_s
            whole[: self._collected] = False
            level = int(np.argmax(whole))
            if self._order is None:
                self._order = np.argsort(rows["rank"])
            order = self._order[((rows["until"] > now) & (rows["level"] >= level))[self._order]]
            ranks = rows["rank"][order]
            drawn = int(np.searchsorted(ranks, np.uint64(NOT_DRAWN)))
            self._sight = (
                now,
                _Sight(ranks[:drawn], rows["last"][order[:drawn]], len(ranks) - drawn, 1 << level),
            )
        return self._sight[1]

    def _longest_beat_s(self, now: float, within_s: float) -> int:
        """The longest beat that pages were told within this time."""
        while len(self._told) > 1 and self._told[1][0] <= now - BEATS_KEPT * BEAT_MOST_S:
            self._told.pop(0)
        ended = [at for at, _ in self._told[1:]] + [now]
        return max(
            (
                beat_s
                for (_, beat_s), end in zip(self._told, ended, strict=False)
                if end >= now - within_s
            ),
            default=BEAT_USUAL_S,
        )


def _level(listener: bytes) -> int:
    """How often two divides the hash: the sampling that edges use (admission/beats.py)."""
    number = int.from_bytes(listener, "big") & ((1 << (_LEVELS - 1)) - 1)
    return _LEVELS - 1 if number == 0 else _level_of(number & -number)


def _level_of(power: int) -> int:
    return min(power.bit_length() - 1, _LEVELS - 1)


def _nth(ranks: Any, n: int, above_rank: int) -> int:
    """The n-th of these ranks, or the one before it if the next one is equal to it."""
    if n <= 0:
        return above_rank
    n = min(n, len(ranks))
    if n < len(ranks) and ranks[n] == ranks[n - 1]:
        n = int(np.searchsorted(ranks, ranks[n]))
    return int(ranks[n - 1]) if n else above_rank


def _by_density(ranks: Any, undrawn: float, rows: float, above_rank: int) -> int:
    """Where `rows` are passed: of these ranks, and of the undrawn, even over cohort 0's rest."""
    known = np.concatenate([[above_rank], ranks.astype(np.float64)])
    passed = np.arange(len(known), dtype=np.float64)
    if undrawn:
        rest = _COHORT - 1 - above_rank
        passed += undrawn * np.clip((known - above_rank) / rest, 0, 1)
        if known[-1] < _COHORT - 1:
            known = np.append(known, _COHORT - 1)
            passed = np.append(passed, len(ranks) + undrawn)
    return max(above_rank, math.floor(float(np.interp(rows, passed, known))))
