"""Whether the records of a ledger fit together: edges' numbers and links, clocks, silences.

The tree shows that nothing was changed after a checkpoint; only the edges' own numbers show that
the writer left nothing out before.
"""

from __future__ import annotations

import msgspec

from rostra.evidence.found import Finding, Findings
from rostra.evidence.merkle import link
from rostra.evidence.record import AnyRecord, ControlSecond, EdgeSecond, Happened, Sealed

APART_MS = 1500  # between an edge's clock and control's, beyond what the way over the bus takes
APART_SECONDS = 5  # so many in a row: one late record is no wrong clock
SILENT_MS = 5000  # control writes each second
GAP = "gap"
CONTROL = "control"


class _Run(msgspec.Struct):
    """Where one run of an edge stands."""

    by: str
    number: int
    previous: str
    entry: int
    at_ms: int


class _Clock(msgspec.Struct):
    """How an edge's clock stands to control's."""

    apart: int = 0  # records in a row
    told: bool = False


class Chains:
    """Takes the records in the ledger's order. `end` says what only the whole can show."""

    def __init__(self, findings: Findings) -> None:
        self.findings = findings
        self.sealed: Sealed | None = None
        self.entries: dict[str, int] = {}  # records by writer
        self.first_ms = self.last_ms = 0
        self._runs: dict[tuple[str, str], _Run] = {}
        self._newest: dict[str, str] = {}  # run by edge
        self._twice: set[str] = set()
        self._clocks: dict[str, _Clock] = {}
        self._control_ms = self._second_ms = 0
        self._gaps: dict[str, int] = {}  # by subject: the entry of the newest recorded gap
        self._seen = 0

    def take(self, entry: int, leaf: bytes, record: AnyRecord) -> None:
        """The record at that index, and its leaf's hash."""
        self.entries[record.by] = self.entries.get(record.by, 0) + 1
        self.first_ms = min(self.first_ms or record.at_ms, record.at_ms)
        self.last_ms = max(self.last_ms, record.at_ms)
        if isinstance(record, EdgeSecond):
            self._edge(entry, leaf, record)
            return
        if record.at_ms < self._control_ms - APART_MS:  # facts wait up to a second to be written
            self._add("clock_back", entry, record, "the writer's clock went back")
        self._control_ms = record.at_ms
        if isinstance(record, Sealed):
            if self.sealed is not None:
                self._add("sealed_again", entry, record, "what was promised was sealed once more")
            self.sealed = self.sealed or record
        elif isinstance(record, Happened):
            if record.what == GAP:
                self._gap(entry, record)
        else:
            self._control(entry, record)
        if entry == 0 and self.sealed is None:
            self._add("not_sealed", entry, record, "the first record seals no promise", True)

    def end(self) -> None:
        """All records were taken."""
        expected = set(self.sealed.edges if self.sealed else ())
        for edge in sorted(expected - set(self._newest)):
            words = f"{edge} was to report and never did"
            self.findings.add(Finding(code="edge_silent", grave=False, by=edge, words=words))
        for edge in sorted(set(self._newest) - expected) if expected else ():
            words = f"{edge} reported, and nobody had said that it would"
            self.findings.add(Finding(code="edge_unknown", grave=False, by=edge, words=words))

    def _add(
        self, code: str, entry: int, record: AnyRecord, words: str, grave: bool = False
    ) -> None:
        self.findings.add(
            Finding(
                code=code,
                grave=grave,
                words=words,
                entry=entry,
                at_ms=record.at_ms,
                by=record.by,
            )
        )

    def _gap(self, entry: int, record: Happened) -> None:
        self._gaps[record.subject or CONTROL] = entry
        lasted = (record.until_ms - record.from_ms) / 1000
        words = f"a recorded gap of {record.subject or CONTROL}: {lasted:.1f} s, {record.reason}"
        self._add(GAP, entry, record, words)
        self._second_ms = 0  # what is missing before is accounted for

    def _control(self, entry: int, record: ControlSecond) -> None:
        silent_ms = record.at_ms - self._second_ms
        if self._second_ms and silent_ms > SILENT_MS:
            words = f"nothing of control for {silent_ms / 1000:.1f} s, and no gap is recorded"
            self._add("silence", entry, record, words)
        self._second_ms = record.at_ms

    def _edge(self, entry: int, leaf: bytes, record: EdgeSecond) -> None:
        key = (record.by, record.run)
        known = self._runs.get(key)
        if known is None:
            first = record.number == 0 and record.previous == ""
            if not first and not self._accounted(record.by, -1):
                words = f"{record.by} begins with its record {record.number}"
                self._add("edge_gap", entry, record, words, True)
        else:
            self._follows(entry, record, known)
            if self._newest[record.by] != record.run and record.by not in self._twice:
                self._twice.add(record.by)
                words = f"two processes report as {record.by} at the same time"
                self._add("edge_twice", entry, record, words)
        self._runs[key] = _Run(record.by, record.number, link(leaf), entry, record.at_ms)
        self._newest[record.by] = record.run
        self._compare(entry, record)

    def _follows(self, entry: int, record: EdgeSecond, known: _Run) -> None:
        missing = record.number - known.number - 1
        if missing < 0:
            words = f"{record.by} repeats its record {record.number}"
            self._add("edge_repeated", entry, record, words, True)
        elif missing > 0:
            accounted = self._accounted(record.by, known.entry)
            words = f"{missing} records of {record.by} are missing after its {known.number}"
            if accounted:
                words += ", within a recorded gap"
            self._add("edge_gap", entry, record, words, not accounted)
        elif record.previous != known.previous:
            words = f"{record.by} names another record {known.number} than the one that is here"
            self._add("edge_chain", entry, record, words, True)

    def _accounted(self, edge: str, since: int) -> bool:
        """Whether a gap of that edge, or of control, was recorded after the entry `since`."""
        return max(self._gaps.get(edge, -1), self._gaps.get(CONTROL, -1)) > since

    def _compare(self, entry: int, record: EdgeSecond) -> None:
        if not self._second_ms:
            return
        clock = self._clocks.setdefault(record.by, _Clock())
        apart_ms = record.at_ms - self._second_ms
        clock.apart = clock.apart + 1 if abs(apart_ms) > APART_MS else 0
        if clock.apart == APART_SECONDS and not clock.told:
            clock.told = True
            words = f"the clock of {record.by} is {apart_ms / 1000:+.1f} s from control's"
            self._add("clocks_apart", entry, record, words)
