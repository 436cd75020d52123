"""The Merkle tree of RFC 9162 (section 2.1): hashes, growth by one, and its two proofs.

A ledger of any length is kept as the roots of its perfect subtrees (a compact range): appending
and the root cost a logarithm of the length, and nothing of the past need be in memory.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

HASH_BYTES = 32
EMPTY = hashlib.sha256().digest()  # the root of a tree of nothing
LINK_HEX = 32  # of the 16 bytes of a leaf's hash that the edge's next record repeats


def leaf_hash(entry: bytes) -> bytes:
    """MTH({d}) of RFC 9162, 2.1.1."""
    return hashlib.sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash of an inner node (RFC 9162, 2.1.1)."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def link(leaf: bytes) -> str:
    """What an edge's record says in `previous` of the one before, whose leaf's hash this is."""
    return leaf.hex()[:LINK_HEX]


class Growing:
    """A tree that leaves are appended to: the roots of its perfect subtrees, the largest first."""

    __slots__ = ("peaks", "size")

    def __init__(self, size: int = 0, peaks: Sequence[bytes] = ()) -> None:
        self.size = size
        self.peaks = list(peaks)

    def append(self, leaf: bytes) -> None:
        """One more leaf, by its hash."""
        peaks, size, node = self.peaks, self.size, leaf
        while size & 1:  # each one bit of the size is a perfect subtree; it carries like addition
            node = node_hash(peaks.pop(), node)
            size >>= 1
        peaks.append(node)
        self.size += 1

    def root(self) -> bytes:
        """MTH of all leaves so far."""
        if not self.peaks:
            return EMPTY
        node = self.peaks[-1]
        for peak in reversed(self.peaks[:-1]):
            node = node_hash(peak, node)
        return node

    def copy(self) -> Growing:
        """A tree that grows on its own from here."""
        return Growing(self.size, self.peaks)


def root_of(leaves: Sequence[bytes]) -> bytes:
    """MTH of these leaves' hashes."""
    tree = Growing()
    for leaf in leaves:
        tree.append(leaf)
    return tree.root()


def _split(size: int) -> int:
    """The largest power of two below `size` (> 1)."""
    return 1 << ((size - 1).bit_length() - 1)


def inclusion_proof(leaves: Sequence[bytes], index: int) -> list[bytes]:
    """PATH(index, leaves) of RFC 9162, 2.1.3.1. IndexError where there is no such leaf."""
    if not 0 <= index < len(leaves):
        raise IndexError(f"no leaf {index} in a tree of {len(leaves)}")
    proof: list[bytes] = []
    low, high = 0, len(leaves)
    while high - low > 1:
        middle = low + _split(high - low)
        if index < middle:
            proof.append(root_of(leaves[middle:high]))
            high = middle
        else:
            proof.append(root_of(leaves[low:middle]))
            low = middle
    return proof[::-1]


def consistency_proof(leaves: Sequence[bytes], first: int) -> list[bytes]:
    """PROOF(first, leaves) of RFC 9162, 2.1.4.1. IndexError unless 0 < first <= the size."""
    if not 0 < first <= len(leaves):
        raise IndexError(f"no tree of {first} leaves before one of {len(leaves)}")
    proof: list[bytes] = []
    low, high = 0, len(leaves)
    whole = True  # the older tree is the subtree looked at, so its root is known already
    while first != high:
        middle = low + _split(high - low)
        if first <= middle:
            proof.append(root_of(leaves[middle:high]))
            high = middle
        else:
            proof.append(root_of(leaves[low:middle]))
            low, whole = middle, False
    if not whole:
        proof.append(root_of(leaves[low:high]))
    return proof[::-1]


def includes(leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes) -> bool:
    """Whether the leaf stands at `index` of that tree (RFC 9162, 2.1.3.2)."""
    if not 0 <= index < size:
        return False
    at, last, node = index, size - 1, leaf
    for beside in proof:
        if last == 0:
            return False
        if at & 1 or at == last:
            node = node_hash(beside, node)
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            node = node_hash(node, beside)
        at, last = at >> 1, last >> 1
    return last == 0 and node == root


def consistent(
    first: int, second: int, first_root: bytes, second_root: bytes, proof: Sequence[bytes]
) -> bool:
    """Whether the first tree is the beginning of the second (RFC 9162, 2.1.4.2)."""
    if first == second:
        return not proof and first_root == second_root
    if not 0 < first < second or not proof:
        return False
    path = list(proof)
    if first & (first - 1) == 0:  # the older tree is one perfect subtree: its root begins the path
        path.insert(0, first_root)
    at, last = first - 1, second - 1
    while at & 1:
        at, last = at >> 1, last >> 1
    old = new = path[0]
    for beside in path[1:]:
        if last == 0:
            return False
        if at & 1 or at == last:
            old, new = node_hash(beside, old), node_hash(beside, new)
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            new = node_hash(new, beside)
        at, last = at >> 1, last >> 1
    return last == 0 and old == first_root and new == second_root
