"""What a night's seconds say together."""

from __future__ import annotations

import msgspec

from rostra.rehearsal import histogram
from rostra.rehearsal.house_io import EdgeReading, Reading
from rostra.rehearsal.night import night_found
from rostra.rehearsal.orders import Second
from rostra.rehearsal.script import Script, digest, read_script

TEXT = """
name = "short"
doors_s = -5
ends_s = 10
[[wave]]
kind = "even"
from_s = -5
until_s = 5
"""


def script() -> Script:
    read = read_script(TEXT)
    assert isinstance(read, Script), read
    return read


def second(at_s: float, joined: int, join_ms: float, stalls: int = 0) -> Second:
    one = Second(at_s=at_s, playing=10, waiting=3, joined=joined, stalls=stalls, heard_s=9.0)
    for _ in range(joined):
        histogram.add(one.join, join_ms)
    return msgspec.structs.replace(one, silent_s=1.0)


def test_joins_stalls_and_silence_are_of_the_whole_night() -> None:
    seconds = [second(1, 6, 500), second(2, 4, 3000, stalls=1)]
    found = night_found(script(), digest(script()), 12, 1.0, seconds, [])
    assert (found.people, found.joined) == (12, 10)
    assert 0.4 < found.join_p50_s < 0.7
    assert 2.5 < found.join_p99_s < 3.4
    assert found.stalled_share == 0.1
    assert found.silent_share == 0.1
    assert found.script_hash == digest(script())


def test_the_series_is_on_the_nights_own_clock_with_what_the_house_said_beside_it() -> None:
    seconds = [second(at, 0, 1) for at in (1.0, 2.0, 3.0)]
    reading = Reading(at="", rung=2, edges=(EdgeReading(edge="edge-0", busy=0.4),))
    found = night_found(script(), "", 1, 2.0, seconds, [(1.9, reading)])
    assert found.series["at_s"] == [-1.0, 0.0, 1.0]
    assert found.series["rung"] == [0.0, 2.0, 2.0]  # it stays until it is said otherwise
    assert found.series["busy"] == [0.0, 0.4, 0.0]
    assert {len(row) for row in found.series.values()} == {3}


def test_a_night_to_which_nobody_came_has_no_share_of_anything() -> None:
    found = night_found(script(), "", 0, 0.0, [], [])
    assert (found.joined, found.stalled_share, found.silent_share) == (0, 0.0, 0.0)
