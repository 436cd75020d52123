"""The audience of one event over all edges: who listens, who holds a place, and how many came."""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import blake2b
from itertools import islice

import msgspec

from rostra.admission import distinct
from rostra.admission.buckets import Buckets
from rostra.admission.distinct import Distinct, Estimate, exactly
from rostra.admission.roll import (
    GOODBYE_S,
    HOLDING_S,
    LANE_NAME_MOST,
    LANES_MOST,
    LISTENING_S,
    SETTLING_S,
    Full,
    Roll,
    Seen,
)
from rostra.ground.door_values import DoorTally

__all__ = ["GOODBYE_S", "HOLDING_S", "LISTENING_S", "Audience", "Counts"]

EXACT_LISTENERS = 65_536
_KINDS = ("renewed", "proven", "fetched")
_NEVER = float("-inf")


class Counts(msgspec.Struct, frozen=True):
    """The numbers of one moment.

    - `listening`: distinct passes that were renewed within 90 s, and within 90 s showed proof of
      listening or fetched media, and did not say goodbye; `proven` of them with proof, `fetched`
      without.
    - `inside`: passes that hold a place: renewed within 120 s, and no goodbye 20 s ago; lanes too.
    - `peak`: the most that ever listened at once.
    - `total_net`: distinct tickets, `total_gross`: sessions, that listened for 60 s or more.
    """

    listening: Estimate
    proven: int
    fetched: int
    inside: int
    peak: int
    total_net: Estimate
    total_gross: Estimate


class _Saved(msgspec.Struct, frozen=True):
    peak: int
    net: bytes
    gross: bytes
    excluded: bytes
    version: int = 1


class _Crowd:
    """What is known of listeners who are too many for the roll."""

    def __init__(self) -> None:
        self.kinds = {kind: Buckets() for kind in _KINDS}
        self.lanes: dict[str, Buckets] = {}

    def lane(self, name: str) -> Buckets | None:
        if name not in self.lanes and len(self.lanes) < LANES_MOST:
            self.lanes[name] = Buckets()
        return self.lanes.get(name)


class Audience:
    """Counts one event's listeners from the tallies of any number of edges.

    Up to 65,536 listeners each is known by the hash of their ticket and all numbers are exact.
    Beyond it, or where one edge alone saw more than 4,096 in a second, there are sketches of ten
    seconds each. From a sketch nobody can be taken out: then goodbyes count by expiry alone, and
    the windows are right to 5 s. When the audience has been small for 120 s it is exact again.

    Whatever is heard twice, from two edges or two tabs, counts once. Tallies may be heard some
    seconds late. At most about 25 MB an event. `now`: monotonic seconds.
    """

    def __init__(self) -> None:
        self._roll: Roll | None = Roll(EXACT_LISTENERS)
        self._whole_at = _NEVER  # from then on the roll knows everyone inside
        self._crowd: _Crowd | None = None
        self._next_roll_at = _NEVER
        self._heard_at: float | None = None
        self._goodbyes: dict[bytes, float] = {}
        self._peak = 0
        self._net, self._gross, self._excluded = Distinct(), Distinct(), Distinct()
        self._marked: set[bytes] = set()

    def heard(self, tally: DoorTally, now: float) -> None:
        """One second of one edge. Garbage raises distinct.WireInvalid and changes nothing."""
        wires = {kind: _read(getattr(tally, kind)) for kind in (*_KINDS, "left")}
        lanes = {
            name: _read(wire)
            for name, wire in islice(tally.lanes.items(), LANES_MOST)
            if 0 < len(name) <= LANE_NAME_MOST
        }
        net, gross = _read(tally.minute_net), _read(tally.minute_gross)
        marked = _read(tally.marked)[1]
        self._net.include(net[0])
        self._gross.include(gross[0])
        if marked:
            self.exclude(marked)
        if self._heard_at is None:
            self._heard_at = now
        listed = {kind: wires[kind][1] for kind in wires}
        if self._repeated(tally, now):
            listed["left"] = []
        lane_lists = {name: those for name, (_, those) in lanes.items() if those is not None}
        small = len(lane_lists) == len(lanes) and None not in (listed[kind] for kind in _KINDS)
        if self._roll is None and small and now >= self._next_roll_at:
            self._roll, self._whole_at = Roll(EXACT_LISTENERS), now + HOLDING_S
            self._roll.exclude(self._marked)
        if self._roll is not None:
            seen = Seen(tally.run, **{k: v or [] for k, v in listed.items()}, lanes=lane_lists)
            try:
                self._roll.heard(seen, now)
            except Full:
                small = False
            if not small:
                self._outgrow(self._roll, now)
            elif now >= self._whole_at:
                self._crowd = None
        if self._crowd is not None:
            for kind in _KINDS:
                self._crowd.kinds[kind].add(wires[kind][0], now)
            for name, (those, _) in lanes.items():
                if (lane := self._crowd.lane(name)) is not None:
                    lane.add(those, now)

    def counts(self, now: float) -> Counts:
        """All numbers now; remembers the peak."""
        if self._crowd is None and self._roll is not None:
            listening, proven = self._roll.listening(now)
            shown = exactly(listening)
        else:
            shown, proven = self._crowd_listening(now)
        self._peak = max(self._peak, shown.value)
        return Counts(
            listening=shown,
            proven=proven,
            fetched=shown.value - proven,
            inside=self.inside(now),
            peak=self._peak,
            total_net=self._without_excluded([self._net]),
            total_gross=self._gross.estimate(),
        )

    def inside(self, now: float) -> int:
        """Places held, those of lanes among them."""
        if self._crowd is None and self._roll is not None:
            return self._roll.inside(now)
        return _size(self._buckets("renewed", HOLDING_S, now)).value

    def lane_inside(self, now: float) -> dict[str, int]:
        """Of `inside`, those of each lane: they do not use ordinary places."""
        if self._crowd is None and self._roll is not None:
            return self._roll.lane_inside(now)
        lanes = self._crowd.lanes if self._crowd else {}
        return {name: _size(lane.within(HOLDING_S, now)).value for name, lane in lanes.items()}

    def settled(self, now: float) -> bool:
        """Whether everyone inside had time to renew since the first tally was heard.

        Until then (120 s after control started) the numbers only rise, and an empty house may be
        one that was not heard of yet: nobody should be let in on them.
        """
        return self._heard_at is not None and now >= self._heard_at + HOLDING_S

    def exclude(self, hashes: Iterable[bytes]) -> None:
        """What the shield marked no longer counts as listening, nor in the net total.

        It holds its places until they expire, and its sessions stay in the gross total: a session
        does not tell whose it is. Each is known up to 65,536; of more, only the totals and the
        sketches know.
        """
        for one in hashes:
            self._excluded.add(one)
            if len(self._marked) < EXACT_LISTENERS:
                self._marked.add(one)
        if self._roll is not None:
            self._roll.exclude(self._marked)

    def save(self) -> bytes:
        """What survives a restart: the peak, the totals, the exclusions. At most 150 KB."""
        return msgspec.msgpack.encode(
            _Saved(self._peak, self._net.wire(), self._gross.wire(), self._excluded.wire())
        )

    @classmethod
    def restore(cls, raw: bytes) -> Audience:
        """The audience that `save` wrote; ValueError on anything else."""
        audience = cls()
        try:
            saved = msgspec.msgpack.decode(raw, type=_Saved)
        except msgspec.DecodeError as error:
            raise ValueError(f"no saved audience: {error}") from error
        if saved.version != 1:
            raise ValueError(f"an audience saved by another version: {saved.version}")
        audience._peak = saved.peak
        audience._net.add_wire(saved.net)
        audience._gross.add_wire(saved.gross)
        audience._excluded.add_wire(saved.excluded)
        audience._marked.update(distinct.hashes(saved.excluded) or ())
        assert audience._roll is not None
        audience._roll.exclude(audience._marked)
        return audience

    def _outgrow(self, roll: Roll, now: float) -> None:
        if self._crowd is None:
            self._crowd = _Crowd()
            for one, lane, times in roll.rows():
                for kind, at in zip(_KINDS, times, strict=True):
                    if at >= now - HOLDING_S:
                        self._crowd.kinds[kind].add_one(one, at)
                if lane and times[0] >= now - HOLDING_S and (those := self._crowd.lane(lane)):
                    those.add_one(one, times[0])
        self._roll, self._next_roll_at = None, now + HOLDING_S

    def _repeated(self, tally: DoorTally, now: float) -> bool:
        """Whether this edge said just these goodbyes a moment ago: a tally that came twice.

        Its other marks may be heard twice; a goodbye would undo a renewal in between.
        """
        if not tally.left:
            return False
        for old in [one for one, at in self._goodbyes.items() if at < now - SETTLING_S]:
            del self._goodbyes[old]
        key = blake2b(tally.run.encode() + b"\0" + tally.left, digest_size=16).digest()
        return self._goodbyes.setdefault(key, now) != now

    def _buckets(self, kind: str, seconds: float, now: float) -> Iterable[Distinct]:
        return self._crowd.kinds[kind].within(seconds, now) if self._crowd else []

    def _crowd_listening(self, now: float) -> tuple[Estimate, int]:
        # Nobody is taken out of a sketch, so "proven or fetched, and renewed" becomes the smaller
        # of the two sets: each listener renews within 60 s, so they differ by those who left.
        proven = list(self._buckets("proven", LISTENING_S, now))
        active = [*proven, *self._buckets("fetched", LISTENING_S, now)]
        shown = min(
            self._without_excluded(active),
            self._without_excluded(self._buckets("renewed", LISTENING_S, now)),
            key=lambda estimate: estimate.value,
        )
        return shown, min(self._without_excluded(proven).value, shown.value)

    def _without_excluded(self, those: Iterable[Distinct]) -> Estimate:
        """The size of the union without the excluded: |A ∪ E| − |E|, for a sketch has no minus."""
        whole, out = _size([*those, self._excluded]), self._excluded.estimate()
        return Estimate(
            max(0, whole.value - out.value),
            max(0, whole.low - out.high),
            max(0, whole.high - out.low),
        )


def _read(wire: bytes) -> tuple[Distinct, list[bytes] | None]:
    """The listeners of a wire form, and each of them if they are listed."""
    those = Distinct()
    those.add_wire(wire)
    return those, distinct.hashes(wire)


def _size(those: Iterable[Distinct]) -> Estimate:
    whole = Distinct()
    for one in those:
        whole.include(one)
    return whole.estimate()
