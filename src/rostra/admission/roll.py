"""The roll: a row for each listener inside, so that a small audience is counted exactly."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any
from zlib import crc32

import msgspec
import numpy as np

LISTENING_S = 90
HOLDING_S = 120
GOODBYE_S = 20
# Edges tally each second, each on its own beat: what two of them say this close together may have
# happened the other way round.
SETTLING_S = 3
LANES_MOST = 64
LANE_NAME_MOST = 64
_NEVER = -np.inf
_TIMES = ("renewed", "proven", "fetched", "left")
_ROW = np.dtype(
    [*((name, "f8") for name in _TIMES), ("run", "u4"), ("lane", "i2"), ("excluded", "?")]
)
_BLANK = np.array((_NEVER, _NEVER, _NEVER, _NEVER, 0, -1, False), _ROW)


class Full(Exception):
    """More listeners than the roll has rows."""


class Seen(msgspec.Struct, frozen=True):
    """One second of one edge: who did what, and in which lane of those who renewed."""

    run: str
    renewed: Sequence[bytes] = ()
    proven: Sequence[bytes] = ()
    fetched: Sequence[bytes] = ()
    left: Sequence[bytes] = ()
    lanes: Mapping[str, Sequence[bytes]] = {}


class Roll:
    """Listeners by their hash, and when each was last heard of (monotonic seconds).

    A goodbye is believed unless the listener renewed in the same second, or within `SETTLING_S` at
    another edge; any later renewal takes it back, and so does a fetch `SETTLING_S` after it: a
    second tab plays on.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._row: dict[bytes, int] = {}
        self._lanes: dict[str, int] = {}
        self._marked: set[bytes] = set()
        self._forgot_at = _NEVER
        self._table: Any = np.full(64, _BLANK)

    def heard(self, seen: Seen, now: float) -> None:
        """Take it in. Raises Full where there are more listeners than rows; some are in then."""
        run = crc32(seen.run.encode())
        rows = self._rows(seen.renewed, now)
        self._touch("renewed", rows, now)
        self._table["left"][rows] = _NEVER
        self._table["run"][rows] = run
        self._touch("proven", self._rows(seen.proven, now), now)
        rows = self._rows(seen.fetched, now)
        self._touch("fetched", rows, now)
        self._table["left"][rows[now - self._table["left"][rows] > SETTLING_S]] = _NEVER
        for name, listeners in seen.lanes.items():
            if name not in self._lanes and len(self._lanes) < LANES_MOST:
                self._lanes[name] = len(self._lanes)
            self._table["lane"][self._rows(listeners, now)] = self._lanes.get(name, -1)
        rows = np.array([self._row[one] for one in seen.left if one in self._row], np.intp)
        renewed = self._table["renewed"][rows]
        doubtful = (self._table["run"][rows] != run) & (renewed > now - SETTLING_S)
        self._table["left"][rows[~doubtful & (renewed < now)]] = now

    def exclude(self, listeners: Iterable[bytes]) -> None:
        """These do not listen, whatever they do; they hold their places until they expire."""
        self._marked.update(listeners)
        for one in self._marked & self._row.keys():
            self._table["excluded"][self._row[one]] = True

    def listening(self, now: float) -> tuple[int, int]:
        """How many listen, and how many of them with proof."""
        rows, since = self._in_use(), now - LISTENING_S
        here = (rows["renewed"] >= since) & (rows["left"] == _NEVER) & ~rows["excluded"]
        proven = here & (rows["proven"] >= since)
        fetched = here & (rows["fetched"] >= since)
        return int((proven | fetched).sum()), int(proven.sum())

    def inside(self, now: float) -> int:
        """How many hold a place, those of lanes among them."""
        return int(self._holds(now).sum())

    def lane_inside(self, now: float) -> dict[str, int]:
        """How many of each lane hold a place."""
        lanes = self._in_use()["lane"][self._holds(now)]
        return {name: int((lanes == number).sum()) for name, number in self._lanes.items()}

    def rows(self) -> Iterator[tuple[bytes, str, tuple[float, float, float]]]:
        """Everyone who did not leave: hash, lane or empty, when renewed, proven, fetched."""
        names = dict(enumerate(self._lanes))
        for one, row in zip(self._row, self._in_use().tolist(), strict=True):
            renewed, proven, fetched, left, _, lane, _ = row
            if left == _NEVER:
                yield one, names.get(lane, ""), (renewed, proven, fetched)

    def _in_use(self) -> Any:
        return self._table[: len(self._row)]

    def _holds(self, now: float) -> Any:
        rows = self._in_use()
        gone = (rows["left"] > _NEVER) & (rows["left"] <= now - GOODBYE_S)
        return (rows["renewed"] >= now - HOLDING_S) & ~gone

    def _touch(self, column: str, rows: Any, now: float) -> None:
        # Never backwards: what one edge said may arrive after what another said later.
        self._table[column][rows] = np.maximum(self._table[column][rows], now)

    def _rows(self, listeners: Sequence[bytes], now: float) -> Any:
        new = {one for one in listeners if one not in self._row}
        if new and len(self._row) + len(new) > min(len(self._table), self._most):
            self._forget(now)
            new = {one for one in listeners if one not in self._row}
            need = len(self._row) + len(new)
            if need > self._most:
                raise Full
            while need > len(self._table):
                self._table = np.concatenate([self._table, np.full(len(self._table), _BLANK)])
        for one in new:
            row = self._row[one] = len(self._row)
            self._table["excluded"][row] = one in self._marked
        return np.fromiter((self._row[one] for one in listeners), np.intp, len(listeners))

    def _forget(self, now: float) -> None:
        """Drop the rows of listeners of whom nothing was heard for as long as a place is held."""
        if now < self._forgot_at + 1:  # it looks at every row
            return
        self._forgot_at = now
        rows = self._in_use()
        last = np.maximum(rows["renewed"], np.maximum(rows["proven"], rows["fetched"]))
        keep = np.flatnonzero(last >= now - HOLDING_S)
        listeners = list(self._row)
        self._row = {listeners[row]: place for place, row in enumerate(keep)}
        kept = self._table[keep]
        self._table[len(kept) :] = _BLANK
        self._table[: len(kept)] = kept
