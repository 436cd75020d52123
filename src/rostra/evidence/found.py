"""What checking a ledger can find, and where."""

from __future__ import annotations

import msgspec

FOUND_MOST = 200  # that are listed; all are counted


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that was found (docs/reference/evidence.md lists the codes).

    `grave`: what is shown is not what was sealed, or something was left out of it. The others are
    what a judge has to know: a gap that was recorded, an edge that was silent. `entry` is the index
    of the record, -1 where it is of none; `at_ms` and `by` are what that record says.
    """

    code: str
    grave: bool
    words: str
    entry: int = -1
    at_ms: int = 0
    by: str = ""


class Findings:
    """What was found so far; so many of the same kind that nobody reads them are only counted."""

    def __init__(self) -> None:
        self.listed: list[Finding] = []
        self.counts: dict[str, int] = {}
        self.grave = False

    def add(self, finding: Finding) -> None:
        """One more."""
        self.counts[finding.code] = self.counts.get(finding.code, 0) + 1
        self.grave = self.grave or finding.grave
        if len(self.listed) < FOUND_MOST:
            self.listed.append(finding)
