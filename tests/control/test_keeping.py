"""What the bus keeps."""

from __future__ import annotations

import msgspec

from rostra.control.keeping import FOREVER_S, RING_S, gone, keeping
from rostra.ground.facts import (
    Event,
    EventChanged,
    HostAsked,
    MediaSealed,
    Phase,
    ProgrammeMixed,
    ShieldSet,
    StageTallied,
)


def test_the_newest_of_each_event_is_kept() -> None:
    first = keeping(EventChanged(event=Event(event_id="a", title="x", start_ms=1)), 1)
    second = keeping(EventChanged(event=Event(event_id="a", title="y", start_ms=1)), 2)
    other = keeping(EventChanged(event=Event(event_id="b", title="y", start_ms=1)), 3)
    assert first == second
    assert first
    assert other
    assert first.key != other.key
    assert first.keep_s == FOREVER_S


def test_programme_sound_is_kept_as_a_ring() -> None:
    keeps = [keeping(ProgrammeMixed(event_id="a", sample_index=0, pcm=b""), n) for n in (1, 2)]
    assert all(keep and keep.keep_s == RING_S for keep in keeps)
    assert keeps[0] != keeps[1]


def test_media_is_kept_as_long_as_it_says() -> None:
    fact = MediaSealed(event_id="a", path="p", body=b"", content_type="", keep_s=30, stored=False)
    keep = keeping(fact, 1)
    assert keep
    assert keep.keep_s == 30


def test_what_a_host_asked_outlives_a_restart_of_control() -> None:
    assert keeping(HostAsked(event_id="a", act="end", by="x", at_ms=1), 1)


def test_a_tally_is_for_those_who_listen_now() -> None:
    tally = StageTallied(
        at_ms=1, seats=0, ticks=0, late_ticks=0, cpu_fraction=0, loop_lag_ms=0,
        frames_concealed=0, packets_lost=0,
    )  # fmt: skip
    assert keeping(tally, 1) is None


def test_of_the_shield_the_newest_word_is_kept() -> None:
    first, second = keeping(ShieldSet(at_ms=1), 1), keeping(ShieldSet(at_ms=2, pressure=3), 2)
    assert first and first == second
    assert first.keep_s == FOREVER_S


def test_only_a_rehearsal_that_is_over_is_gone() -> None:
    rehearsal = Event(event_id="r", title="x", start_ms=1, rehearsal=True)
    cancelled = msgspec.structs.replace(rehearsal, phase=Phase.CANCELLED)
    assert gone(EventChanged(event=cancelled)) == "r"
    assert gone(EventChanged(event=rehearsal)) is None
    real = msgspec.structs.replace(cancelled, rehearsal=False)
    assert gone(EventChanged(event=real)) is None
