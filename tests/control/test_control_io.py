"""Control: decisions with storage beneath them."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from rostra.agenda import calendar_document
from rostra.agenda.life import Act
from rostra.agenda.links import Addresses
from rostra.control.control_io import Control, now_ms
from rostra.control.storage_io import Storage
from rostra.ground.facts import (
    AnyFact,
    AudienceCounted,
    EdgeTallied,
    EventChanged,
    HostAsked,
    Phase,
    ReplaySealed,
)
from rostra.ground.refusals import Refused

HOUR_MS = 3_600_000


class Told(list[AnyFact]):
    """What control published."""

    @property
    def phases(self) -> list[Phase]:
        return [fact.event.phase for fact in self if isinstance(fact, EventChanged)]


@pytest.fixture
def told() -> Told:
    return Told()


@pytest.fixture
def control(tmp_path: Path, told: Told) -> Control:
    return open_control(tmp_path, told)


def open_control(folder: Path, told: Told) -> Control:
    return Control(
        Storage(folder),
        folder,
        bytes(32),
        Addresses("http://p", "http://c", "http://s"),
        told.append,
    )


def test_an_event_is_stored_before_it_is_told(control: Control, tmp_path: Path) -> None:
    event = control.create(title="x", start_ms=now_ms() + HOUR_MS)
    assert [e.event_id for e in Storage(tmp_path).load_all()] == [event.event_id]


def test_a_control_that_restarts_tells_all_its_events_again(
    control: Control, tmp_path: Path
) -> None:
    event = control.create(title="x", start_ms=now_ms() + HOUR_MS)
    control.act(event.event_id, Act.GO_LIVE)
    told = Told()
    open_control(tmp_path, told)
    assert told.phases == [Phase.LIVE]


def test_a_host_who_asks_is_heard_and_a_repeated_request_changes_nothing(
    control: Control, told: Told
) -> None:
    event = control.create(title="x", start_ms=now_ms() + HOUR_MS)
    asked = HostAsked(event_id=event.event_id, act="go_live", by="Ada", at_ms=1)
    control.handle(asked)
    live_at_ms = control.get(event.event_id).live_at_ms
    assert live_at_ms is not None
    control.handle(asked)
    assert control.get(event.event_id).live_at_ms == live_at_ms
    assert told.phases == [Phase.SCHEDULED, Phase.LIVE]


def test_a_request_for_an_unknown_event_is_nothing(control: Control, told: Told) -> None:
    control.handle(HostAsked(event_id="nope", act="go_live", by="Ada", at_ms=1))
    assert not told


def test_the_sealed_replay_posts_the_event_once(control: Control, told: Told) -> None:
    event = control.create(title="x", start_ms=now_ms())
    for what in (Act.GO_LIVE, Act.END):
        control.act(event.event_id, what)
    for _ in range(2):
        control.handle(ReplaySealed(event_id=event.event_id, duration_s=12.5, at_ms=1))
    posted = control.get(event.event_id)
    assert (posted.phase, posted.replay_s) == (Phase.POSTED, 12.5)
    assert told.phases.count(Phase.POSTED) == 1


def test_doors_open_by_themselves(control: Control, told: Told) -> None:
    control.create(title="soon", start_ms=now_ms() + HOUR_MS // 10)
    control.create(title="late", start_ms=now_ms() + HOUR_MS)
    control.tick()
    assert told.phases == [Phase.SCHEDULED, Phase.SCHEDULED, Phase.DOORS_OPEN]


def test_the_count_is_told_when_it_changes(control: Control, told: Told) -> None:
    event = control.create(title="x", start_ms=now_ms() + HOUR_MS)
    tally = EdgeTallied(
        edge="edge-0", at_ms=0, connections=1, held=0, requests={}, refusals={}, body_bytes=0,
        busy_fraction=0, loop_lag_ms=0, listeners={event.event_id: bytes(8)},
    )  # fmt: skip
    for _ in range(3):
        control.handle(tally)
        control.tick()
    counts = [fact.connected for fact in told if isinstance(fact, AudienceCounted)]
    assert counts == [1]


def test_doors_opened_by_the_clock_and_by_hosts_are_in_the_log_too(control: Control) -> None:
    event = control.create(title="soon", start_ms=now_ms() + HOUR_MS // 10)
    control.tick()
    control.handle(HostAsked(event_id=event.event_id, act="go_live", by="Ada", at_ms=1))
    log = [(row["act"], row["by"]) for row in control.acts(event.event_id)]
    assert log == [("go_live", "host Ada"), ("open_doors", "rostra"), ("create", "operator")]


def test_a_live_event_that_everyone_has_left_is_ended_long_after_its_planned_end(
    control: Control, tmp_path: Path
) -> None:
    event = control.create(title="x", start_ms=now_ms() - 3 * HOUR_MS, duration_min=60)
    control.act(event.event_id, Act.GO_LIVE)
    control.tick()
    assert control.get(event.event_id).phase is Phase.LIVE
    past = msgspec.structs.replace(control.get(event.event_id), live_at_ms=now_ms() - 3 * HOUR_MS)
    control._storage.save(past)
    again = open_control(tmp_path, Told())
    again.tick()
    assert again.get(event.event_id).phase is Phase.LIVE, "it may be that nobody was heard yet"
    again._started_ms -= 16 * 60_000
    again.tick()
    assert again.get(event.event_id).phase is Phase.ENDED


def test_the_calendar_of_a_delayed_event_has_the_new_start(control: Control) -> None:
    event = control.create(title="x", start_ms=1_796_155_200_000)
    before = calendar_document.render(event, "http://p/e/x")
    after = calendar_document.render(control.delay(event.event_id, 42), "http://p/e/x")
    assert b"DTSTART:20261201T200000Z" in before
    assert b"DTSTART:20261201T204200Z" in after
    assert b"SEQUENCE:1" in after


def test_an_unknown_event_is_refused(control: Control) -> None:
    with pytest.raises(Refused) as refused:
        control.get("nope")
    assert refused.value.refusal.code == "no_such_event"
