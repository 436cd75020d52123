"""Distinct listeners: exact while they are few, a CPC sketch with an error bar beyond, mergeable.

A listener is 8 bytes, evenly distributed (a hash of a random ticket id). The same listener heard
from several edges, or several times, counts once, in any order: union is commutative, associative
and idempotent. Sketch: Apache DataSketches, Compressed Probabilistic Counting (K. J. Lang, "Back
to the Future: an Even More Nearly Optimal Cardinality Estimation Algorithm", 2017).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from hashlib import blake2b
from typing import Any

import msgspec
from datasketches import cpc_sketch, cpc_union

LISTENER_BYTES = 8
EXACT_MOST = 4096
# 2^16 rows: two standard deviations are 0.54 % of the count, at most 42 KB on the wire.
LG_K = 16
SEED = 9001  # the library's default; the same on every edge, or sketches could not be merged
DEVIATIONS = 2  # 95 %
SKETCH_MOST_BYTES = 48_000
_DIGEST_BYTES = 8
_EXACT, _SKETCH = b"x", b"s"
# Preamble of a CPC sketch: serial version, family, lg_k; then flags.
_VERSION, _FAMILY = 1, 16
_HAS_HIP, _HAS_TABLE, _HAS_WINDOW = 4, 8, 16


class WireInvalid(ValueError):
    """Bytes that are no wire form of listeners."""


class Estimate(msgspec.Struct, frozen=True):
    """How many there are, and the 95 % error bar around it; all three equal where it is exact."""

    value: int
    low: int
    high: int


def exactly(count: int) -> Estimate:
    """A count that is no estimate."""
    return Estimate(count, count, count)


class Distinct:
    """A set of listeners of which only the size is asked. At most about 150 KB."""

    def __init__(self) -> None:
        self._exact: set[bytes] | None = set()
        self._sketch: Any = None
        self._merged = True  # the sketch came from a union: the same bytes whatever the order

    def add(self, listener: bytes) -> None:
        """One listener of 8 bytes; ValueError on another length."""
        if len(listener) != LISTENER_BYTES:
            raise ValueError(f"a listener has {LISTENER_BYTES} bytes, not {len(listener)}")
        if self._exact is not None:
            self._exact.add(listener)
            self._outgrow()
        else:
            self._sketch.update(_number(listener))
            self._merged = False

    def add_wire(self, wire: bytes) -> None:
        """All listeners of another `Distinct`; WireInvalid if `wire` is none, and nothing changes.

        A sketch is checked against damage, not against a forger who knows this format: the bus
        that carries it is the house's own.
        """
        others = hashes(wire)
        if others is None:
            self._merge(_read_sketch(wire[1:]))
        else:
            self._include(others)

    def include(self, other: Distinct) -> None:
        """All listeners of `other`, as `add_wire` of its wire form would."""
        if other._exact is None:
            self._merge(other._sketch)
        else:
            self._include(other._exact)

    def _merge(self, sketch: Any) -> None:
        if self._exact is not None:
            self._sketch, self._exact = _sketch_of(self._exact), None
        self._sketch = _union(self._sketch, sketch)
        self._merged = True

    def _include(self, listeners: Collection[bytes]) -> None:
        if self._exact is not None:
            self._exact.update(listeners)
            self._outgrow()
        else:
            for listener in listeners:
                self._sketch.update(_number(listener))
            self._merged = self._merged and not listeners

    def wire(self) -> bytes:
        """`b""` if empty, `b"x"` and the sorted hashes, or `b"s"`, a digest and the sketch."""
        if self._exact is not None:
            return _EXACT + b"".join(sorted(self._exact)) if self._exact else b""
        self._settle()
        body: bytes = self._sketch.serialize()
        return _SKETCH + _digest(body) + body

    def estimate(self) -> Estimate:
        """The number of distinct listeners."""
        if self._exact is not None:
            return exactly(len(self._exact))
        self._settle()
        return Estimate(
            round(self._sketch.get_estimate()),
            int(self._sketch.get_lower_bound(DEVIATIONS)),
            -int(-self._sketch.get_upper_bound(DEVIATIONS) // 1),
        )

    def _outgrow(self) -> None:
        if self._exact is not None and len(self._exact) > EXACT_MOST:
            self._sketch, self._exact = _sketch_of(self._exact), None
            self._merged = False

    def _settle(self) -> None:
        # A sketch that was fed one by one estimates by its history, a merged one by its content
        # alone. Only the latter is the same for everyone who heard the same listeners.
        if not self._merged:
            self._sketch = _union(self._sketch)
            self._merged = True


def hashes(wire: bytes) -> list[bytes] | None:
    """The listeners in `wire`, None if it holds a sketch; WireInvalid if it is neither."""
    if not wire:
        return []
    kind = wire[:1]
    if kind == _SKETCH:
        return None
    if kind != _EXACT or (len(wire) - 1) % LISTENER_BYTES:
        raise WireInvalid(f"no listeners' wire form: begins with {kind!r}, {len(wire)} bytes")
    if len(wire) > 1 + EXACT_MOST * LISTENER_BYTES:
        raise WireInvalid(
            f"a list of listeners with {len(wire)} bytes; beyond {EXACT_MOST}: sketch"
        )
    return [wire[at : at + LISTENER_BYTES] for at in range(1, len(wire), LISTENER_BYTES)]


def of(hashes: Iterable[bytes]) -> bytes:
    """The wire form of these listeners."""
    distinct = Distinct()
    for listener in hashes:
        distinct.add(listener)
    return distinct.wire()


def _number(listener: bytes) -> int:
    # Signed, for the library takes 64 signed bits and would round a larger one as a float.
    return int.from_bytes(listener, "big", signed=True)


def _sketch_of(listeners: Iterable[bytes]) -> Any:
    sketch = cpc_sketch(LG_K, SEED)
    for listener in listeners:
        sketch.update(_number(listener))
    return sketch


def _union(*sketches: Any) -> Any:
    union = cpc_union(LG_K, SEED)
    for sketch in sketches:
        union.update(sketch)
    return union.get_result()


def _digest(body: bytes) -> bytes:
    return blake2b(body, digest_size=_DIGEST_BYTES).digest()


def _read_sketch(raw: bytes) -> Any:
    """The sketch in a digest and its body.

    The library trusts what it unpacks, even the sizes it reserves; so damage is found beforehand,
    and no size in the preamble may ask for more than a sketch of ours can need.
    """
    digest, body = raw[:_DIGEST_BYTES], raw[_DIGEST_BYTES:]
    if not 16 <= len(body) <= SKETCH_MOST_BYTES:
        raise WireInvalid(f"a sketch of {len(body)} bytes")
    if digest != _digest(body):
        raise WireInvalid("a sketch that was damaged on its way")
    flags = body[5]
    table, window = bool(flags & _HAS_TABLE), bool(flags & _HAS_WINDOW)
    # After 8 bytes: coupons, entries of the table (if a window is there too), words of each.
    sizes = [int.from_bytes(body[at : at + 4], "little") for at in range(8, 24, 4)]
    coupons, entries = sizes[0], sizes[1] if window else sizes[0]
    words = sizes[1 + (table and window) :][: table + window]
    preamble = 8 + 4 * (1 + (table and window) + len(words))
    if (
        body[1:4] != bytes((_VERSION, _FAMILY, LG_K))
        or flags & _HAS_HIP
        or coupons > 64 << LG_K
        or (table and entries > 1 << LG_K)
        or preamble + 4 * sum(words) != len(body)
    ):
        raise WireInvalid("a sketch of another kind")
    try:
        return cpc_sketch.deserialize(body)
    except (RuntimeError, ValueError, IndexError, MemoryError) as error:
        raise WireInvalid(f"no sketch: {error}") from error
