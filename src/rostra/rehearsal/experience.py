"""What the listeners of one process met in the current second, kept up to date by their changes.

Who runs dry does nothing, so nobody tells: the moments at which listeners will run dry are kept in
buckets, and what lies in the past is silence. A second costs what changed in it, not who is there.
Times are seconds from the run's zero.
"""

from __future__ import annotations

import msgspec

from rostra.rehearsal import histogram
from rostra.rehearsal.orders import Histogram, Second

_BUCKETS_S = 8
_OFFSET = 1 << 24  # so that times before zero round like those after it


class _Running(msgspec.Struct):
    """The second that is not over."""

    here: int = 0
    waiting: int = 0
    playing: int = 0
    came: int = 0
    left: int = 0
    joined: int = 0
    stalls: int = 0
    silent_s: float = 0.0
    gave_up: int = 0
    join: Histogram = msgspec.field(default_factory=Histogram)
    admit: Histogram = msgspec.field(default_factory=Histogram)
    answers: Histogram = msgspec.field(default_factory=Histogram)
    requests: dict[str, int] = {}
    failures: dict[str, int] = {}
    body_bytes: int = 0
    rungs: dict[int, int] = {}


class Experience:
    """Counts of one process. People: `here`, `waiting`, `came`, `left`, `joined`, `gave_up`.

    Tabs, each of which sounds: `playing`, `stalled`, `stalls`, `heard_s`, `silent_s`, `rungs`.
    """

    __slots__ = (
        "_area_s",
        "_at",
        "_behind_s",
        "_changed_at",
        "_dry",
        "_dry_sum",
        "_now",
        "_settled",
        "_stalled",
    )

    def __init__(self, at_s: float = 0.0) -> None:
        self._now = _Running()
        self._at = self._changed_at = at_s
        self._settled = int(at_s * _BUCKETS_S + _OFFSET)
        self._dry: dict[int, int] = {}
        self._dry_sum: dict[int, float] = {}
        self._stalled = 0
        self._area_s = 0.0
        self._behind_s = 0.0

    # --- people -------------------------------------------------------------------------------

    def came(self) -> None:
        self._now.came += 1
        self._now.here += 1
        self._now.waiting += 1

    def left(self, waiting: bool, gave_up: bool) -> None:
        self._now.left += 1
        self._now.here -= 1
        self._now.waiting -= waiting
        self._now.gave_up += gave_up

    def let_in(self, admit_ms: float | None) -> None:
        """A pass, after waiting for the first (`admit_ms` since the arrival) or for another."""
        self._now.waiting -= 1
        if admit_ms is not None:
            histogram.add(self._now.admit, admit_ms)

    def put_out(self) -> None:
        """A pass was lost."""
        self._now.waiting += 1

    def joined(self, join_ms: float | None) -> None:
        """Somebody's first sound; `join_ms` since the arrival where no line made them wait."""
        self._now.joined += 1
        if join_ms is not None:
            histogram.add(self._now.join, join_ms)

    # --- sound --------------------------------------------------------------------------------

    def started(self, dry_at: float, behind_s: float, rung: int, now: float) -> None:
        """A tab sounds, until `dry_at` if nothing more comes."""
        self._playing(1, now)
        self._expect(dry_at)
        self._behind_s += behind_s
        self._now.rungs[rung] = self._now.rungs.get(rung, 0) + 1

    def fed(self, old: float, new: float, now: float) -> None:
        """A tab that would run dry (or did) at `old` now will at `new`."""
        place = int(old * _BUCKETS_S + _OFFSET)
        if place < self._settled:
            self._stalled -= 1
            self._now.silent_s += now - self._at
        else:
            self._dry[place] -= 1
            self._dry_sum[place] -= old
            if old < now:
                self._now.stalls += 1
                self._now.silent_s += now - old
        place = int(new * _BUCKETS_S + _OFFSET)
        self._dry[place] = self._dry.get(place, 0) + 1
        self._dry_sum[place] = self._dry_sum.get(place, 0.0) + new

    def moved(self, behind_s: float) -> None:
        """A tab is so much further behind the voice than before."""
        self._behind_s += behind_s

    def changed_rung(self, old: int, new: int) -> None:
        rungs = self._now.rungs
        rungs[old] = rungs.get(old, 0) - 1
        rungs[new] = rungs.get(new, 0) + 1

    def stopped(self, dry_at: float, behind_s: float, rung: int, now: float) -> None:
        """A tab sounds no more and nobody misses it: it went, or there is nothing to hear."""
        place = int(dry_at * _BUCKETS_S + _OFFSET)
        if place < self._settled:
            self._stalled -= 1
            self._now.silent_s += now - self._at
        else:
            self._dry[place] -= 1
            self._dry_sum[place] -= dry_at
            if dry_at < now:
                self._now.stalls += 1
                self._now.silent_s += now - dry_at
        self._playing(-1, now)
        self._behind_s -= behind_s
        self._now.rungs[rung] = self._now.rungs.get(rung, 0) - 1

    def _expect(self, dry_at: float) -> None:
        place = int(dry_at * _BUCKETS_S + _OFFSET)
        self._dry[place] = self._dry.get(place, 0) + 1
        self._dry_sum[place] = self._dry_sum.get(place, 0.0) + dry_at

    def _playing(self, change: int, now: float) -> None:
        self._area_s += self._now.playing * (now - self._changed_at)
        self._changed_at = now
        self._now.playing += change

    # --- requests -----------------------------------------------------------------------------

    def asked(self, intent: str) -> None:
        requests = self._now.requests
        requests[intent] = requests.get(intent, 0) + 1

    def answered(self, took_ms: float, held: bool, body_bytes: int) -> None:
        self._now.body_bytes += body_bytes
        if not held:
            histogram.add(self._now.answers, took_ms)

    def failed(self, code: str) -> None:
        failures = self._now.failures
        failures[code] = failures.get(code, 0) + 1

    # --- the second ---------------------------------------------------------------------------

    def take(self, at_s: float) -> Second:
        """The second that ends at `at_s` (which is now), and begin the next one.

        Silence that began within the last eighth of a second may be counted in the next.
        """
        now, limit = self._now, int(at_s * _BUCKETS_S + _OFFSET)
        now.silent_s += self._stalled * (at_s - self._at)
        for place in [place for place in self._dry if place < limit]:
            number, moments = self._dry.pop(place), self._dry_sum.pop(place)
            now.stalls += number
            now.silent_s += number * at_s - moments
            self._stalled += number
        self._settled, self._at = max(self._settled, limit), at_s
        self._playing(0, at_s)
        rungs = {rung: number for rung, number in now.rungs.items() if number}
        second = Second(
            at_s=at_s,
            here=now.here,
            waiting=now.waiting,
            playing=now.playing,
            stalled=self._stalled,
            came=now.came,
            left=now.left,
            joined=now.joined,
            stalls=now.stalls,
            heard_s=max(0.0, self._area_s - now.silent_s),
            silent_s=max(0.0, now.silent_s),
            behind_s=self._behind_s / now.playing if now.playing else 0.0,
            gave_up=now.gave_up,
            join=now.join,
            admit=now.admit,
            answers=now.answers,
            requests=now.requests,
            failures=now.failures,
            body_bytes=now.body_bytes,
            rungs=rungs,
        )
        self._area_s = 0.0
        self._now = _Running(
            here=now.here, waiting=now.waiting, playing=now.playing, rungs=dict(rungs)
        )
        return second
