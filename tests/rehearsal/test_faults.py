"""What a fault did, from seconds made by hand."""

from __future__ import annotations

from rostra.rehearsal.faults import KILLED, SAYS, found
from rostra.rehearsal.orders import Second
from rostra.rehearsal.paper_words import NOTED_FR


def second(at_s: float, stalled: int = 0, playing: int = 1000) -> Second:
    return Second(at_s=at_s, here=1000, playing=playing, stalled=stalled, silent_s=float(stalled))


def minute(stalled: dict[int, int], playing: dict[int, int] | None = None) -> list[Second]:
    """Seconds −5 to 20 of a fault at 0."""
    there = playing or {}
    return [second(n, stalled.get(n, 0), there.get(n, 1000)) for n in range(-5, 21)]


def test_a_fault_that_nobody_hears_is_recovered_at_once() -> None:
    what = found("edge-0", minute({}), 0.0)
    assert (what.listeners, what.stalled, what.silent_s, what.recovered_s) == (1000, 0, 0.0, 0.0)
    assert what.says == SAYS["edge-0"]


def test_recovery_is_the_end_of_the_last_bad_second() -> None:
    what = found("packager", minute({2: 400, 3: 1000, 4: 0, 5: 200}), 0.0)
    assert what.stalled == 1000
    assert what.recovered_s == 5.0
    assert what.silent_s == 1.6


def test_those_who_were_silent_before_are_not_its_doing() -> None:
    always = dict.fromkeys(range(-5, 21), 40)
    assert found("control", minute(always), 0.0).recovered_s == 0.0
    assert found("control", minute(always | {1: 41}), 0.0).recovered_s == 1.0


def test_silence_to_the_end_is_no_recovery() -> None:
    what = found("stage", minute(dict.fromkeys(range(3, 21), 30)), 0.0)
    assert what.recovered_s is None


def test_whoever_does_not_come_back_is_no_recovery() -> None:
    gone = dict.fromkeys(range(1, 21), 900)
    assert found("storm", minute({}, gone), 0.0).recovered_s is None
    back = dict.fromkeys(range(1, 8), 900)
    assert found("storm", minute({}, back), 0.0).recovered_s == 7.0


def test_a_house_that_tells_nothing_afterwards_did_not_recover() -> None:
    assert found("stage", minute({})[:6], 0.0).recovered_s is None
    assert found("stage", [], 0.0).listeners == 0


def test_while_nobody_speaks_everybody_hears_silence() -> None:
    what = found("stage", minute({1: 10}), 0.0, voice_gone_s=2.5)
    assert what.stalled == what.listeners == 1000
    assert what.silent_s == 2.51
    assert what.recovered_s == 2.5


def test_every_fault_is_said_in_both_languages() -> None:
    assert set(KILLED) < set(SAYS)
    assert set(SAYS.values()) <= set(NOTED_FR)
