"""Records that do not fit together."""

from __future__ import annotations

from tests.evidence.records import EdgeWriter, control, happened, night, sealed

from rostra.evidence.chain import Chains
from rostra.evidence.found import FOUND_MOST, Finding, Findings
from rostra.evidence.merkle import leaf_hash
from rostra.evidence.record import AnyRecord, EdgeSecond, encode


def found(records: list[AnyRecord]) -> list[Finding]:
    findings = Findings()
    chains = Chains(findings)
    for entry, record in enumerate(records):
        chains.take(entry, leaf_hash(encode(record)), record)
    chains.end()
    assert findings.grave == any(one.grave for one in findings.listed)
    return findings.listed


def codes(records: list[AnyRecord]) -> list[tuple[str, int, bool]]:
    return [(one.code, one.entry, one.grave) for one in found(records)]


def test_a_good_night_has_no_findings() -> None:
    assert found(night(30)) == []


def test_a_record_of_an_edge_that_was_left_out() -> None:
    records = night(10)
    at = next(i for i, r in enumerate(records) if isinstance(r, EdgeSecond) and r.number == 4)
    del records[at]
    (one,) = found(records)
    assert (one.code, one.entry, one.by, one.grave) == ("edge_gap", at + 2, "edge-0", True)
    assert "1 records of edge-0 are missing after its 3" in one.words


def test_a_recorded_gap_accounts_for_what_is_missing() -> None:
    records = night(10)
    at = next(i for i, r in enumerate(records) if isinstance(r, EdgeSecond) and r.number == 4)
    records[at : at + 2] = [happened("gap", 5, subject="control", reason="restart", from_ms=1)]
    assert [(code, grave) for code, _, grave in codes(records)] == [
        ("gap", False),
        ("edge_gap", False),
        ("edge_gap", False),
    ]


def test_a_record_of_an_edge_that_was_changed_before_it_was_signed() -> None:
    records = night(10)
    at = next(i for i, r in enumerate(records) if isinstance(r, EdgeSecond) and r.number == 4)
    records[at] = EdgeWriter("edge-0").second(5, requests=1)
    records[at] = _with(records[at], number=4, previous=_previous(night(10)[at]))
    assert codes(records) == [("edge_chain", at + 3, True)]


def _previous(record: AnyRecord) -> str:
    assert isinstance(record, EdgeSecond)
    return record.previous


def _with(record: AnyRecord, number: int, previous: str) -> AnyRecord:
    assert isinstance(record, EdgeSecond)
    return EdgeSecond(
        at_ms=record.at_ms,
        by=record.by,
        run=record.run,
        number=number,
        previous=previous,
        requests=record.requests,
    )


def test_a_repeated_record() -> None:
    records = night(3)
    records.insert(6, records[5])
    assert ("edge_repeated", 6, True) in codes(records)


def test_an_edge_that_begins_in_the_middle() -> None:
    records = night(5)
    del records[2]
    assert codes(records) == [("edge_gap", 4, True)]


def test_a_new_run_is_no_trouble_but_two_at_once_are() -> None:
    one, two = EdgeWriter("edge-0", "a"), EdgeWriter("edge-0", "b")
    start: list[AnyRecord] = [sealed(), EdgeWriter("edge-1").second(1)]
    restarted = [*start, one.second(1), one.second(2), two.second(3), two.second(4)]
    assert codes(restarted) == []
    assert codes([*restarted, one.second(5), two.second(5)]) == [("edge_twice", 6, False)]


def test_who_was_to_report_and_who_did() -> None:
    records: list[AnyRecord] = [sealed(("edge-0", "edge-9")), EdgeWriter("edge-0").second(1)]
    records.append(EdgeWriter("edge-5").second(1))
    assert [(one.code, one.by) for one in found(records)] == [
        ("edge_silent", "edge-9"),
        ("edge_unknown", "edge-5"),
    ]


def test_clocks_that_stand_apart_are_told_once() -> None:
    edge, other = EdgeWriter("edge-0", ahead_ms=3000), EdgeWriter("edge-1")
    records: list[AnyRecord] = [sealed()]
    for second in range(1, 20):
        records += [control(second), edge.second(second), other.second(second)]
    (one,) = found(records)
    assert (one.code, one.by, one.grave) == ("clocks_apart", "edge-0", False)
    assert "+3.3 s" in one.words


def test_silence_and_a_clock_that_goes_back() -> None:
    records: list[AnyRecord] = [sealed(()), control(1), control(3601), control(10), sealed(())]
    assert codes(records) == [
        ("silence", 2, False),
        ("clock_back", 3, False),
        ("clock_back", 4, False),
        ("sealed_again", 4, False),
    ]


def test_nothing_was_promised() -> None:
    assert codes([control(1), control(2)]) == [("not_sealed", 0, True)]


def test_what_nobody_reads_is_counted() -> None:
    findings = Findings()
    for _ in range(FOUND_MOST + 5):
        findings.add(Finding(code="x", grave=False, words=""))
    assert len(findings.listed) == FOUND_MOST
    assert findings.counts == {"x": FOUND_MOST + 5}
