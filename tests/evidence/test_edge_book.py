"""What an edge writes down of each second."""

from __future__ import annotations

import msgspec
import pytest
from tests.evidence.records import START_MS

from rostra.evidence.edge_book import ENDED_MOST_MS, EdgeBook
from rostra.evidence.merkle import leaf_hash, link
from rostra.evidence.record import EdgeSecond, decode
from rostra.ground.door_values import DoorTally
from rostra.ground.facts import EdgeTallied, Event, Phase
from rostra.ground.shield_values import ShieldTally, SourceTally

EVENT = Event(event_id="abcdefghij", title="T", start_ms=START_MS, phase=Phase.LIVE)
ADDRESS = bytes([127, 9, 8, 7])


def book() -> EdgeBook:
    made = EdgeBook("edge-0", "r1", lambda wire: len(wire) // 8, lambda sketch: len(sketch))
    made.follow(EVENT)
    return made


def tallied(second: int = 0, issued: int = 10, **said: object) -> EdgeTallied:
    door = DoorTally(
        run="r1", issued=issued, chain=b"", sequence=1, granted=4, wanted=1, renewed=bytes(24)
    )
    worst = SourceTally(source=ADDRESS, refused={}, spent=1.0, connections=1, vouched=0)
    shield = ShieldTally(accounts=1, distinct=ADDRESS, worst=(worst,), acts={"refused": 2})
    fact = EdgeTallied(
        edge="edge-0",
        at_ms=START_MS + second * 1000,
        connections=7,
        held=1,
        requests={"state": 3},
        refusals={"no_pass": 1},
        body_bytes=99,
        busy_fraction=0.1234,
        loop_lag_ms=1.0,
        loop_lag_p99_ms=2.6,
        listeners={"abcdefghij": b"12345678"},
        doors={"abcdefghij": door},
        shield=shield,
    )
    return msgspec.structs.replace(fact, **said)


def second(raw: bytes) -> EdgeSecond:
    record = decode(raw)
    assert isinstance(record, EdgeSecond)
    return record


def test_the_tally_as_a_record() -> None:
    one = second(book().write(tallied())["abcdefghij"])
    assert (one.by, one.run, one.number, one.previous) == ("edge-0", "r1", 0, "")
    assert (one.requests, one.refused, one.acts) == ({"state": 3}, {"no_pass": 1}, {"refused": 2})
    assert (one.busy_permille, one.lag_ms, one.sources, one.connections) == (123, 3, 4, 7)
    assert (one.issued, one.granted, one.wanted, one.renewed, one.proven) == (10, 4, 1, 3, 0)


def test_records_are_numbered_linked_and_tell_what_is_new() -> None:
    edge = book()
    first = edge.write(tallied())["abcdefghij"]
    one = second(edge.write(tallied(1, issued=12))["abcdefghij"])
    assert (one.number, one.previous) == (1, link(leaf_hash(first)))
    assert (one.issued, one.granted) == (2, 0)
    assert second(edge.write(tallied(2, doors={}))["abcdefghij"]).issued == 0


def test_no_part_of_an_address_is_in_a_record() -> None:
    raw = book().write(tallied())["abcdefghij"]
    for form in (ADDRESS, b"127.9.8.7", ADDRESS.hex().encode(), b"12345678"):
        assert form not in raw


@pytest.mark.parametrize(
    "change",
    [
        {"phase": Phase.SCHEDULED},
        {"phase": Phase.POSTED},
        {"phase": Phase.CANCELLED},
        {"rehearsal": True},
        {"phase": Phase.ENDED, "ended_at_ms": START_MS - ENDED_MOST_MS - 1},
    ],
)
def test_only_while_it_is_under_way(change: dict[str, object]) -> None:
    edge = book()
    edge.follow(msgspec.structs.replace(EVENT, **change))
    assert edge.write(tallied()) == {}


def test_a_second_that_has_no_form_is_counted_as_lost() -> None:
    edge = book()
    assert edge.write(tallied(body_bytes=2**60)) == {}
    one = second(edge.write(tallied(1))["abcdefghij"])
    assert (one.number, one.lost) == (0, 1)
