"""The tree against the definition of RFC 9162, and against the known vectors of RFC 6962."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rostra.evidence import merkle

# Test inputs and roots of the Certificate Transparency project's own test suite.
INPUTS = [
    bytes.fromhex(text)
    for text in (
        "", "00", "10", "2021", "3031", "40414243", "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
]  # fmt: skip
ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
LEAVES = [merkle.leaf_hash(entry) for entry in INPUTS]
leaves = st.lists(st.binary(max_size=4).map(merkle.leaf_hash), max_size=40)


def naive(hashes: list[bytes]) -> bytes:
    """MTH as RFC 9162, 2.1.1 writes it."""
    if not hashes:
        return hashlib.sha256(b"").digest()
    if len(hashes) == 1:
        return hashes[0]
    k = 1
    while k * 2 < len(hashes):
        k *= 2
    return hashlib.sha256(b"\x01" + naive(hashes[:k]) + naive(hashes[k:])).digest()


def test_the_known_roots() -> None:
    tree = merkle.Growing()
    assert tree.root() == merkle.EMPTY
    for leaf, root in zip(LEAVES, ROOTS, strict=True):
        tree.append(leaf)
        assert tree.root().hex() == root


def test_a_known_inclusion_proof() -> None:
    proof = merkle.inclusion_proof(LEAVES, 0)
    assert [one.hex()[:8] for one in proof] == ["96a296d2", "5f083f0a", "6b47aaf2"]


def test_a_known_consistency_proof() -> None:
    proof = merkle.consistency_proof(LEAVES, 1)
    assert [one.hex()[:8] for one in proof] == ["96a296d2", "5f083f0a", "6b47aaf2"]
    proof = merkle.consistency_proof(LEAVES, 6)
    assert [one.hex()[:8] for one in proof] == ["0ebc5d34", "ca854ea1", "d37ee418"]


@given(leaves)
def test_it_grows_as_the_definition_says(hashes: list[bytes]) -> None:
    assert merkle.root_of(hashes) == naive(hashes)


@given(leaves.filter(bool), st.data())
def test_inclusion_is_proved_and_nothing_else(hashes: list[bytes], data: st.DataObject) -> None:
    index = data.draw(st.integers(0, len(hashes) - 1))
    proof, root, size = merkle.inclusion_proof(hashes, index), naive(hashes), len(hashes)
    assert merkle.includes(hashes[index], index, size, proof, root)
    other = data.draw(st.integers(-1, size).filter(lambda i: i != index))
    if not 0 <= other < size or hashes[other] != hashes[index]:
        leaf = hashes[other] if 0 <= other < size else hashes[index]
        assert not merkle.includes(leaf, index if 0 <= other < size else other, size, proof, root)
    assert not merkle.includes(hashes[index], index, size, [*proof, bytes(32)], root)
    assert not proof or not merkle.includes(hashes[index], index, size, proof[:-1], root)


@given(leaves.filter(bool), st.data())
def test_consistency_is_proved_and_nothing_else(hashes: list[bytes], data: st.DataObject) -> None:
    first, size = data.draw(st.integers(1, len(hashes))), len(hashes)
    proof, old, new = merkle.consistency_proof(hashes, first), naive(hashes[:first]), naive(hashes)
    assert merkle.consistent(first, size, old, new, proof)
    assert not merkle.consistent(first, size, bytes(32), new, proof)
    assert not merkle.consistent(first, size, old, bytes(32), proof)
    assert not merkle.consistent(first, size, old, new, [*proof, bytes(32)])
    if first < size:
        assert not merkle.consistent(first, size, old, new, proof[:-1])


def test_there_is_no_proof_of_what_is_not_there() -> None:
    with pytest.raises(IndexError):
        merkle.inclusion_proof(LEAVES, 8)
    with pytest.raises(IndexError):
        merkle.consistency_proof(LEAVES, 0)
    assert not merkle.consistent(0, 8, merkle.EMPTY, merkle.root_of(LEAVES), [])


def test_a_copy_grows_on_its_own() -> None:
    tree = merkle.Growing()
    tree.append(LEAVES[0])
    other = tree.copy()
    other.append(LEAVES[1])
    assert tree.root().hex() == ROOTS[0]
    assert other.root().hex() == ROOTS[1]


def test_a_link_is_the_beginning_of_a_leafs_hash() -> None:
    assert merkle.link(LEAVES[0]) == ROOTS[0][:32]
