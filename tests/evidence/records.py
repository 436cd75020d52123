"""Small ledgers for tests."""

from __future__ import annotations

from rostra.evidence.merkle import leaf_hash, link
from rostra.evidence.record import AnyRecord, ControlSecond, EdgeSecond, Happened, Sealed, encode

KEY = bytes(range(32))
START_MS = 1_796_000_000_000


def sealed(edges: tuple[str, ...] = ("edge-0", "edge-1")) -> Sealed:
    return Sealed(
        at_ms=START_MS,
        by="control",
        version=1,
        event_id="abcdefghij",
        start_ms=START_MS + 60_000,
        build="0.1.0",
        settings="00",
        capacity=(100, 200, 400, 600),
        joins_permille=10_000,
        thresholds={"decided_permille": 900},
        definitions="11",
        model="1",
        edges=edges,
    )


def control(second: int) -> ControlSecond:
    return ControlSecond(
        at_ms=START_MS + second * 1000,
        by="control",
        phase="doors_open",
        rung=0,
        rung_reason="rung_best",
        admitted_rank=second,
        pace_permille=1000,
        full=False,
        capacity=100,
    )


def happened(what: str, second: int = 0, **said: object) -> Happened:
    return Happened(at_ms=START_MS + second * 1000, by="control", what=what, **said)  # type: ignore[arg-type]


class EdgeWriter:
    """One run of an edge that numbers and links its records."""

    def __init__(self, by: str, run: str = "r1", ahead_ms: int = 0) -> None:
        self.by, self.run, self.ahead_ms = by, run, ahead_ms
        self.number, self.previous = 0, ""

    def second(self, second: int, requests: int = 5) -> EdgeSecond:
        made = EdgeSecond(
            at_ms=START_MS + second * 1000 + self.ahead_ms + 300,
            by=self.by,
            run=self.run,
            number=self.number,
            previous=self.previous,
            requests={"state": requests},
        )
        self.number += 1
        self.previous = link(leaf_hash(encode(made)))
        return made


def night(seconds: int = 300) -> list[AnyRecord]:
    """A sealed event with two edges, without trouble."""
    edges = [EdgeWriter("edge-0"), EdgeWriter("edge-1")]
    records: list[AnyRecord] = [sealed()]
    for second in range(1, seconds + 1):
        records.append(control(second))
        records += [edge.second(second) for edge in edges]
    return records
