"""What control writes down, and what it leaves out."""

from __future__ import annotations

import msgspec
from tests.evidence.records import START_MS, EdgeWriter

from rostra.evidence.control_book import ControlBook, Standing, act
from rostra.evidence.record import Happened, encode
from rostra.ground.facts import (
    AnyFact,
    AudienceCounted,
    DoorMoved,
    Event,
    EventChanged,
    Phase,
    ProcessesSeen,
    ProcessState,
    Role,
    Seat,
    SeatsChanged,
    ShieldSet,
    StageTallied,
)
from rostra.ground.shield_values import Ban

EVENT = Event(event_id="abcdefghij", title="T", start_ms=START_MS, phase=Phase.DOORS_OPEN)
LIVE = msgspec.structs.replace(EVENT, phase=Phase.LIVE)
STANDING = Standing(capacity=(100, 200, 400, 600), cap=50, held=True)


def told(book: ControlBook, *facts: AnyFact) -> list[tuple[str, str, int]]:
    found: list[Happened] = []
    for fact in facts:
        found += book.handle(fact, START_MS)
    for one in found:
        encode(one)
    return [(one.what, one.subject or one.reason, one.number) for one in found]


def moved(rung: int) -> DoorMoved:
    return DoorMoved(
        event_id="abcdefghij",
        at_ms=START_MS,
        sequence=1,
        admitted_rank=7,
        pace=1.5,
        rung=rung,
        rung_since_ms=0,
        reason="rung_busy",
        full=True,
        waiting=3,
    )


def test_phases_and_rungs() -> None:
    book = ControlBook(EVENT)
    changed = EventChanged(event=EVENT)
    assert told(book, changed, changed) == [("phase", "doors_open", 0)]
    assert told(book, EventChanged(event=LIVE)) == [("phase", "live", 0)]
    assert told(book, moved(0), moved(0), moved(2)) == [("rung", "rung_busy", 2)]
    other = msgspec.structs.replace(LIVE, event_id="other", phase=Phase.ENDED)
    assert told(book, EventChanged(event=other)) == []


def test_a_second() -> None:
    book = ControlBook(EVENT)
    counted = AudienceCounted(
        event_id="abcdefghij", connected=9, at_ms=START_MS, listening=5, low=4, high=6, waiting=8
    )
    late = StageTallied(
        at_ms=0,
        seats=1,
        ticks=50,
        late_ticks=2,
        cpu_fraction=0.1,
        loop_lag_ms=0.0,
        frames_concealed=0,
        packets_lost=0,
    )
    told(book, moved(2), counted, late, late)
    one = book.second(STANDING, START_MS)
    assert (one.rung, one.capacity, one.pace_permille, one.full) == (2, 400, 1500, True)
    assert (one.cap, one.held, one.late_ticks, one.listening, one.waiting) == (50, True, 4, 5, 8)
    assert book.second(STANDING, START_MS).late_ticks == 0
    told(book, moved(5))
    assert book.second(STANDING, START_MS).capacity == 0


def test_the_first_speech_is_told_once_and_names_nobody() -> None:
    seat = Seat(seat_id="s", name="Ada", role=Role.HOST, speaking=True)
    seats = SeatsChanged(event_id="abcdefghij", seats=(seat,), at_ms=START_MS + 7)
    before = ControlBook(EVENT)
    assert told(before, seats) == []
    book = ControlBook(LIVE)
    (one,) = book.handle(seats, START_MS)
    assert (one.what, one.from_ms) == ("first_speech", START_MS + 7)
    assert b"Ada" not in encode(one)
    assert told(book, seats) == []


def test_bans_are_counted_by_reason_and_say_nobody() -> None:
    def ban(last: int, reason: str) -> Ban:
        return Ban(
            source=bytes([10, 0, 0, last]),
            step="drop",
            reason=reason,
            since_ms=1,
            until_ms=START_MS + last,
        )

    book = ControlBook(LIVE)
    first = ShieldSet(at_ms=1, pressure=2, bans=(ban(1, "flood"), ban(2, "flood")))
    assert told(book, first) == [("pressure", "", 2), ("ban", "drop", 2)]
    more = ShieldSet(at_ms=2, pressure=2, bans=(*first.bans, ban(3, "strange")))
    (one,) = book.handle(more, START_MS)
    assert (one.reason, one.number, one.until_ms) == ("strange", 1, START_MS + 3)


def test_processes_that_die_and_come_back() -> None:
    def seen(up: bool, restarts: int) -> ProcessesSeen:
        state = ProcessState(name="edge-0", up=up, restarts=restarts, since_ms=START_MS)
        return ProcessesSeen(processes=(state,), at_ms=START_MS)

    book = ControlBook(LIVE)
    assert told(book, seen(True, 3)) == []
    assert told(book, seen(False, 3)) == [("fault", "edge-0", 3)]
    assert told(book, seen(False, 3), seen(True, 4)) == [("back", "edge-0", 4)]
    assert told(book, seen(True, 5)) == [("fault", "edge-0", 5), ("back", "edge-0", 5)]


def test_records_that_did_not_arrive() -> None:
    book, edge = ControlBook(LIVE), EdgeWriter("edge-0")
    seconds = [edge.second(i) for i in range(6)]
    assert book.missing(seconds[0], START_MS) == []
    (gap,) = book.missing(seconds[4], START_MS)
    assert (gap.subject, gap.number, gap.reason) == ("edge-0", 3, "not_heard")
    assert gap.until_ms - gap.from_ms == 4000
    assert book.missing(seconds[5], START_MS) == []
    (gap,) = ControlBook(LIVE).missing(seconds[2], START_MS)
    assert gap.number == 2


def test_acts_name_nobody_and_quote_nothing() -> None:
    one = act("announce", "host Ada", "Ada is late", START_MS)
    assert (one.what, one.subject, one.reason, one.says) == ("act", "announce", "host", "")
    assert act("cap", "operator", "none → 50", START_MS).says == "none → 50"
