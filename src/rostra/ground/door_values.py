"""Values that facts about the door carry."""

from __future__ import annotations

import msgspec


class Covered(msgspec.Struct, frozen=True, kw_only=True):
    """Tickets that one run of an edge had issued when the doors opened."""

    edge: str
    run: str
    issued: int
    chain: str  # hex


class LaneState(msgspec.Struct, frozen=True, kw_only=True):
    """A priority lane as everyone may see it: places given out beforehand, and used now."""

    name: str
    places: int
    inside: int = 0


class LinePiece(msgspec.Struct, frozen=True, kw_only=True):
    """People who wait, in the cohorts from `first` to `last`."""

    first: int
    last: int
    waiting: int


class DoorTally(msgspec.Struct, frozen=True, kw_only=True):
    """What one edge did at the door of one event in one second.

    Listeners are 8-byte hashes of ticket ids, in the wire form of admission/distinct.py.
    """

    run: str  # this run of the edge; `issued` and `granted` begin at 0 with each
    issued: int
    chain: bytes
    sequence: int  # the newest DoorMoved that was heard
    granted: int  # passes issued on leases
    wanted: int = 0  # admitted people who were asked to come back for want of a lease
    beats: bytes = b""  # 16 bytes each: hash, rank (big endian); rank all ones where not yet drawn
    beats_sampled: int = 1  # one in so many is in `beats`, chosen by hash
    renewed: bytes = b""  # passes issued or renewed
    proven: bytes = b""  # of these, with a nonce
    fetched: bytes = b""  # passes that fetched media
    left: bytes = b""  # said goodbye
    marked: bytes = b""  # used their pass far beyond what one listener can
    minute_net: bytes = b""  # tickets that have now listened for 60 s
    minute_gross: bytes = b""  # sessions likewise
    lanes: dict[str, bytes] = {}  # by lane, of `renewed`
