from __future__ import annotations

from itertools import pairwise

import pytest
from tests.rehearsal.pretend import WALL_S, House

from rostra.rehearsal.hls import Playlist, read_playlist
from rostra.rehearsal.sound import Sound


def listed(rung: int, now: float) -> Playlist:
    read = read_playlist(House().playlist(rung, "aac", now), f"/e/x/live/{rung}/aac.m3u8")
    assert read is not None
    return read


def fill(sound: Sound, playlist: Playlist, now: float) -> None:
    for piece in playlist.pieces[playlist.after(sound.wants_s) :]:
        sound.add(piece.start_s, piece.end_s, now)
    sound.settle(now)


@pytest.mark.parametrize(("rung", "behind_s"), [(0, 1.56), (1, 3.12), (2, 12.2), (3, 18.3)])
def test_it_begins_a_hold_back_from_the_edge(rung: int, behind_s: float) -> None:
    sound, playlist = Sound(), listed(rung, 20.0)
    sound.tune(playlist, 20.0)
    fill(sound, playlist, 20.0)
    assert sound.sounding
    assert sound.dry_at - 20.0 == pytest.approx(behind_s, abs=0.01)
    assert playlist.edge_s - sound.position(20.0) == pytest.approx(behind_s, abs=0.01)


def test_it_begins_with_a_fifth_of_a_second_and_not_with_less() -> None:
    sound, playlist = Sound(), listed(2, 20.0)
    sound.tune(playlist, 20.0)
    first = sound.wants_s
    sound.add(first - 4.0, first + 0.1, 20.0)
    begun = [sound.sounding]
    sound.add(first + 0.1, first + 4.1, 20.5)
    assert [*begun, sound.sounding] == [False, True]
    assert sound.dry_at == pytest.approx(20.5 + 4.1)


def test_after_a_stall_it_goes_on_where_it_was_with_the_first_piece() -> None:
    sound = Sound()
    sound.tune(listed(0, 20.0), 20.0)
    fill(sound, listed(0, 20.0), 20.0)
    dry, end = sound.dry_at, sound.wants_s
    sound.add(end, end + 0.512, dry + 3.0)
    assert sound.stalls == 1
    assert sound.dry_at == pytest.approx(dry + 3.512)
    assert sound.position(dry + 3.0) == pytest.approx(end)


def test_who_is_late_catches_up_by_at_most_six_in_a_hundred() -> None:
    sound = Sound()
    sound.tune(listed(0, 20.0), 20.0)
    fill(sound, listed(0, 20.0), 20.0)
    now = sound.dry_at + 2.0  # two seconds of silence
    behind = []
    for _ in range(400):
        playlist = listed(0, now)
        sound.tune(playlist, now)
        fill(sound, playlist, now)
        behind.append(sound.behind_s(WALL_S))
        now += 0.512
    assert all(one >= other - 1e-6 for one, other in pairwise(behind))
    assert max(a - b for a, b in pairwise(behind)) <= 0.06 * 0.512 + 1e-6
    assert behind[-1] < behind[0] - 1.5, "it is back near the edge"
    assert sound.stalls == 1


def test_without_parts_nobody_catches_up() -> None:
    sound = Sound()
    sound.tune(listed(2, 20.0), 20.0)
    fill(sound, listed(2, 20.0), 20.0)
    now = sound.dry_at + 2.0
    behind = set()
    for _ in range(20):
        playlist = listed(2, now)
        sound.tune(playlist, now)
        fill(sound, playlist, now)
        behind.add(round(sound.behind_s(WALL_S), 3))
        now += 4.096
    assert len(behind) == 1


def test_where_the_window_has_gone_past_it_jumps_to_the_edge() -> None:
    sound = Sound()
    sound.tune(listed(0, 20.0), 20.0)
    fill(sound, listed(0, 20.0), 20.0)
    playlist = listed(0, 200.0)
    sound.tune(playlist, 200.0)
    fill(sound, playlist, 200.0)
    assert playlist.edge_s - sound.position(200.0) < 2.5
    assert sound.stalls == 1


def test_another_rendition_goes_on_at_the_same_word() -> None:
    sound = Sound()
    sound.tune(listed(2, 20.0), 20.0)
    fill(sound, listed(2, 20.0), 20.0)
    heard = sound.position(22.0)
    sound.change()
    sound.tune(listed(2, 22.0), 22.0)
    changing = [sound.changing]
    fill(sound, listed(2, 22.0), 22.0)
    assert [*changing, sound.changing] == [True, False]
    assert sound.position(22.0) == pytest.approx(heard)


def test_a_slower_rung_says_some_words_twice_instead_of_running_dry() -> None:
    sound = Sound()
    sound.tune(listed(0, 20.0), 20.0)
    fill(sound, listed(0, 20.0), 20.0)
    heard = sound.position(20.1)
    sound.change()
    sound.tune(listed(2, 20.1), 20.1)
    fill(sound, listed(2, 20.1), 20.1)
    assert sound.position(20.1) < heard - 5
    assert sound.dry_at - 20.1 > 8
    assert sound.stalls == 0
