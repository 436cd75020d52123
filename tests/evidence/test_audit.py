"""The check of a log as it streams by."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.evidence.records import control, night

from rostra.evidence.audit import Audit, Mark
from rostra.evidence.found import Findings
from rostra.evidence.merkle import leaf_hash, root_of
from rostra.evidence.record import encode

ENTRIES = [encode(record) for record in night(200)]  # 601: two full tiles and a partial one
LEAVES = [leaf_hash(entry) for entry in ENTRIES]
SIZE = len(ENTRIES)


def mark(size: int, witness: str = "") -> Mark:
    return Mark(size, root_of(LEAVES[:size]), 0, witness)


def audited(
    entries: list[bytes], leaves: list[bytes], *marks: Mark
) -> tuple[Audit, list[tuple[str, int]]]:
    findings = Findings()
    audit = Audit(SIZE, [*marks, mark(SIZE)], findings)
    for first in range(0, SIZE, 256):
        last = SIZE if first == 512 else first + 256
        audit.take(leaves[first:last], entries[first : len(entries) if first == 512 else last])
    audit.end()
    return audit, [(one.code, one.entry) for one in findings.listed]


def test_a_good_log() -> None:
    marks = [mark(size) for size in (0, 1, 255, 256, 257, 600)]
    audit, found = audited(ENTRIES, LEAVES, *marks)
    assert found == []
    assert len(audit.held) == 7
    assert audit.nodes == [root_of(LEAVES[:256]), root_of(LEAVES[256:512])]


def test_between_which_checkpoints_it_was_changed() -> None:
    entries = list(ENTRIES)
    entries[300] = encode(control(1))
    leaves = [leaf_hash(entry) for entry in entries]
    _, found = audited(entries, leaves, mark(200), mark(290), mark(310), mark(400, "kept"))
    assert [one for one in found if "differs" in one[0]] == [
        ("checkpoint_differs", 290),
        ("witness_differs", 290),
    ]


@settings(max_examples=30, deadline=None)
@given(st.integers(0, SIZE - 1), st.sampled_from(["change", "remove", "add", "swap"]))
def test_whatever_is_done_to_a_record_is_found_at_its_place(at: int, what: str) -> None:
    entries = list(ENTRIES)
    if what == "change":
        entries[at] = entries[at].replace(b'"at_ms":1', b'"at_ms":2')
        expected = [("record_changed", at)]
    elif what == "remove":
        del entries[at]
        # The first of the next tile comes into the last place of this one: a change, until then.
        seam = at % 256 == 255
        expected = [("record_changed", at)] if seam else [("record_removed", at)]
    elif what == "add":
        entries.insert(at, b"{}")
        # The last of a tile goes over into the next, and so is in its own no more.
        seam = at % 256 == 255
        expected = [("record_changed", at)] if seam else [("record_added", at)]
    else:
        other = at ^ 1 if at ^ 1 < SIZE else at
        entries[at], entries[other] = entries[other], entries[at]
        expected = [("record_moved", place) for place in sorted({at, other})] if at != other else []
    _, found = audited(entries, LEAVES)
    assert found[: len(expected)] == expected
    assert bool(found) == bool(expected)
