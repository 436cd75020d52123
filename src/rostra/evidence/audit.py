"""Checks a log as it streams by, one bundle of records at a time: records against the hashes in
the tiles, these against every signed root, and the records against each other.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from rostra.evidence.chain import Chains
from rostra.evidence.found import Finding, Findings
from rostra.evidence.merkle import Growing, leaf_hash, root_of
from rostra.evidence.record import AnyRecord, decode
from rostra.evidence.tiles import WIDTH


class Mark(msgspec.Struct, frozen=True):
    """A root that the log's key signed: of the bundle, or of a `witness` (a file's name)."""

    size: int
    root: bytes
    at_ms: int = 0
    witness: str = ""


class Audit:
    """Of a log of `size` records, against these marks (none is larger)."""

    def __init__(self, size: int, marks: Iterable[Mark], findings: Findings) -> None:
        self.size = size
        self.findings = findings
        self.chains = Chains(findings)
        self.nodes: list[bytes] = []  # the roots of the full tiles: the hashes of level 1
        self.records = 0
        self.held: list[Mark] = []
        self._marks = sorted(marks, key=lambda mark: (mark.size, mark.witness))
        self._tree = Growing()  # of what the tiles say
        self._told: Growing | None = None  # of what the records say, from where that is another
        self._last_good = 0
        self._differs = False
        self._shifted = False  # a record is missing or new: what follows stands at other places
        self._lost = False  # neither records nor hashes: no root after that can be computed
        self._check_marks()

    def take(self, hashes: Sequence[bytes] | None, entries: Sequence[bytes] | None) -> None:
        """The next up to 256 records and the hashes of their tile; None where one is unreadable."""
        first = self._tree.size
        width = min(WIDTH, self.size - first)
        leaves = [leaf_hash(entry) for entry in entries or ()]
        if entries is not None and hashes is not None and leaves != list(hashes):
            self._place(first, leaves, hashes, entries)
        if hashes is None and len(leaves) != width:
            self._lose(first)
        else:
            self._grow(hashes if hashes is not None else leaves, leaves)
        for entry, leaf in zip(entries or (), leaves, strict=True):
            self._record(entry, leaf)
        if entries is None:
            self.records += width

    def end(self) -> None:
        """All was taken."""
        if self.records != self.size:
            words = f"there are {self.records} records; {self.size} were signed"
            self._add("entries_count", words)
        self.chains.end()

    def _add(self, code: str, words: str, entry: int = -1, record: AnyRecord | None = None) -> None:
        self.findings.add(
            Finding(
                code=code,
                grave=True,
                words=words,
                entry=entry,
                at_ms=record.at_ms if record else 0,
                by=record.by if record else "",
            )
        )

    def _record(self, entry: bytes, leaf: bytes) -> None:
        record = _read(entry)
        if record is None:
            self._add("record_unreadable", "this is no record", self.records)
        else:
            self.chains.take(self.records, leaf, record)
        self.records += 1

    def _lose(self, first: int) -> None:
        if not self._lost:
            words = f"from record {first} on there are neither all records nor their hashes"
            self._add("unprovable", words, first)
        self._lost = True
        self._tree = Growing(min(first + WIDTH, self.size))

    def _grow(self, hashes: Sequence[bytes], leaves: list[bytes]) -> None:
        if self._lost:
            self._tree.size += len(hashes)
            return
        if self._told is None and list(hashes) != leaves:
            self._told = self._tree.copy()
        for place, one in enumerate(hashes):
            self._tree.append(one)
            if self._told is not None and place < len(leaves):
                self._told.append(leaves[place])
            self._check_marks()
        if len(hashes) == WIDTH:
            self.nodes.append(root_of(hashes))

    def _check_marks(self) -> None:
        while self._marks and self._marks[0].size == self._tree.size:
            mark = self._marks.pop(0)
            if mark.root == self._tree.root():
                self._last_good = mark.size
                self.held.append(mark)
                continue
            told = self._told is not None and self._told.size == mark.size
            if told and self._told is not None and self._told.root() == mark.root:
                words = "the records are those that were signed, the hashes in the tiles are not"
            else:
                words = "what was signed is not what is here"
            words += f": records {self._last_good} to {mark.size - 1}"
            if mark.witness:
                self._add("witness_differs", f"{mark.witness}: {words}", self._last_good)
            elif not self._differs:  # and so do all that follow
                self._differs = True
                self._add("checkpoint_differs", words, self._last_good)

    def _place(
        self, first: int, leaves: list[bytes], hashes: Sequence[bytes], entries: Sequence[bytes]
    ) -> None:
        """Say which records are not those whose hashes stand in the tile."""
        if self._shifted:
            return
        here, there = set(leaves), set(hashes)
        for place in range(max(len(leaves), len(hashes))):
            at = first + place
            leaf = leaves[place] if place < len(leaves) else None
            hashed = hashes[place] if place < len(hashes) else None
            if leaf == hashed:
                continue
            record = _read(entries[place]) if leaf is not None else None
            if leaf is None or (leaf in there and hashed not in here):
                self._shifted = True
                self._add("record_removed", f"record {at} was removed", at, record)
                return
            if hashed is None or (hashed in here and leaf not in there):
                self._shifted = True
                self._add("record_added", f"record {at} was put in", at, record)
                return
            if leaf in there:
                was = first + list(hashes).index(leaf)
                self._add("record_moved", f"record {at} was record {was}", at, record)
            else:
                self._add("record_changed", f"record {at} was changed", at, record)


def _read(entry: bytes) -> AnyRecord | None:
    try:
        return decode(entry)
    except (msgspec.DecodeError, ValueError, RecursionError):
        return None
