from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.delivery.playing import LIVE, PART, media, playlist

from rostra.delivery.prepared import Document
from rostra.delivery.refused import CLOSING, MSN_TOO_FAR, NOT_FOUND, PLAYLIST_STALLED
from rostra.delivery.window import LiveWindow, Stored, Wait


class Patient:
    """One who waits."""

    def __init__(self, wait: Wait) -> None:
        self.wait: Wait | None = wait
        wait.waiters[self] = None

    def released(self, answer: object) -> None:
        raise AssertionError("the window itself answers nobody")


def window(msn: int = 17, part: int = 3, **changes: object) -> LiveWindow:
    one = LiveWindow("abc")
    one.rendered(playlist(msn, part, **changes), "")
    return one


def blocking(msn: int, part: int | None = None, more: str = "") -> str:
    return f"_HLS_msn={msn}" + ("" if part is None else f"&_HLS_part={part}") + more


@pytest.mark.parametrize("query", ["", blocking(17, 3), blocking(17, 0), blocking(16), "x=1"])
def test_what_is_there_is_answered_at_once(query: str) -> None:
    answer = window().answer(LIVE, query, 0)
    assert isinstance(answer, Document) and answer.body == b"#EXTM3U\n#17.3\n"


@pytest.mark.parametrize("query", [blocking(17, 4), blocking(18, 0), blocking(17), blocking(19, 0)])
def test_what_is_to_come_is_waited_for(query: str) -> None:
    assert isinstance(window().answer(LIVE, query, 0), Wait)


@pytest.mark.parametrize("query", [blocking(20), blocking(20, 0), blocking(17, 10)])
def test_the_far_future_is_refused(query: str) -> None:
    assert window().answer(LIVE, query, 0) == MSN_TOO_FAR


def test_all_who_ask_alike_wait_at_one_place_for_the_same_bytes() -> None:
    one = window()
    first, second = (one.answer(LIVE, blocking(17, 4), now) for now in (0, 1))
    assert isinstance(first, Wait) and first is second
    (release,) = one.rendered(playlist(17, 4), "")
    assert release.wait is first
    assert isinstance(release.answer, Document)
    assert release.answer is one.answer(LIVE, blocking(17, 4), 0)
    assert release.answer.prepared(False) is release.answer.prepared(False)


def test_a_part_past_the_end_of_its_segment_means_the_next_segments_first() -> None:
    one = window(17, 7)
    wait = one.answer(LIVE, blocking(17, 8), 0)
    assert isinstance(wait, Wait)
    (release,) = one.rendered(playlist(18, 0), "")
    assert release.wait is wait


def test_nobody_is_released_by_another_playlist_or_an_older_part() -> None:
    one = window()
    one.answer(LIVE, blocking(18, 0), 0)
    assert one.rendered(playlist(17, 4), "") == []
    assert one.rendered(playlist(18, 0, path="live/1/aac.m3u8"), "") == []
    assert len(one.rendered(playlist(18, 0), "")) == 1


def test_the_end_releases_everyone_and_nobody_waits_after_it() -> None:
    one = window()
    one.answer(LIVE, blocking(18, 5), 0)
    assert len(one.rendered(playlist(17, 5, ended=True), "")) == 1
    assert isinstance(one.answer(LIVE, blocking(99), 0), Document)


def test_a_playlist_that_does_not_block_ignores_the_directives() -> None:
    assert isinstance(window(17, -1, blocking=False).answer(LIVE, blocking(99), 0), Document)


def test_a_playlist_of_whole_segments_has_its_newest() -> None:
    one = window(17, -1, part_target_s=0.0)
    assert isinstance(one.answer(LIVE, blocking(17), 0), Document)
    assert isinstance(one.answer(LIVE, blocking(18), 0), Wait)


def test_delta_updates_go_to_those_who_ask_where_there_are_any() -> None:
    full, delta = window(), window(delta=b"#SKIP\n")
    answers = [one.answer(LIVE, "_HLS_skip=YES", 0) for one in (full, delta)]
    assert [a.body for a in answers if isinstance(a, Document)] == [
        b"#EXTM3U\n#17.3\n",
        b"#SKIP\n",
    ]
    delta.answer(LIVE, blocking(17, 4, "&_HLS_skip=v2"), 0)
    (release,) = delta.rendered(playlist(17, 4, delta=b"#NEWER\n"), "")
    assert isinstance(release.answer, Document) and release.answer.body == b"#NEWER\n"


def test_caches_keep_named_parts_long_and_the_newest_shortly() -> None:
    one = window()
    held, plain = (one.answer(LIVE, query, 0) for query in (blocking(17, 3), ""))
    assert isinstance(held, Document) and held.cache == "public, max-age=24"
    assert isinstance(plain, Document) and plain.cache == "public, max-age=2"


def test_three_target_durations_without_news_end_the_waiting() -> None:
    one = window()
    wait = one.answer(LIVE, blocking(17, 4), 100)
    assert isinstance(wait, Wait)
    Patient(wait)
    assert one.expire(111.9)[0] == []
    (release,) = one.expire(112)[0]
    assert release.wait is wait and release.answer == PLAYLIST_STALLED
    assert one.rendered(playlist(17, 4), "") == []


def test_a_place_where_nobody_waits_any_more_is_cleared() -> None:
    one = window()
    wait = one.answer(LIVE, blocking(17, 4), 100)
    assert isinstance(wait, Wait)
    patient = Patient(wait)
    assert one.expire(101)[0] == []
    del wait.waiters[patient]
    assert len(one.expire(102)[0]) == 1
    assert one.answer(LIVE, blocking(17, 4), 103) is not wait


def test_a_hinted_part_is_waited_for_and_others_are_not() -> None:
    one = window(hints=("media/aac/p500/17.4.m4s",))
    wait = one.answer("media/aac/p500/17.4.m4s", "", 0)
    assert isinstance(wait, Wait)
    assert one.answer("media/aac/p500/17.5.m4s", "", 0) == NOT_FOUND
    (release,) = one.sealed(media("media/aac/p500/17.4.m4s"), 1, "")
    assert release.wait is wait
    assert release.answer is one.answer("media/aac/p500/17.4.m4s", "", 1)


def test_media_are_dropped_after_their_time_and_then_read_from_disk() -> None:
    one = window()
    one.sealed(media("media/aac/s4/17.m4s", keep_s=10), 100, "")
    assert one.expire(109.9)[1] == []
    assert isinstance(one.answer("media/aac/s4/17.m4s", "", 110), Document)
    assert one.expire(110)[1] == ["media/aac/s4/17.m4s"]
    assert one.answer("media/aac/s4/17.m4s", "", 110) == Stored("abc", "media/aac/s4/17.m4s")


def test_media_never_change() -> None:
    one = window()
    one.sealed(media(), 0, "")
    answer = one.answer(PART, "", 0)
    assert isinstance(answer, Document) and "immutable" in answer.cache and answer.ranges


def test_a_closing_edge_leaves_nobody_waiting() -> None:
    one = window()
    one.answer(LIVE, blocking(17, 4), 0)
    assert [release.answer for release in one.abandon(CLOSING)] == [CLOSING]
    assert one.abandon(CLOSING) == []


places = st.tuples(st.integers(0, 6), st.integers(0, 7))


@given(st.lists(st.tuples(places, st.sampled_from(["ask", "render", "wait"])), max_size=60))
def test_whoever_waits_is_released_exactly_once_and_never_early(
    steps: list[tuple[tuple[int, int], str]],
) -> None:
    one, newest, now = LiveWindow("abc"), (0, 0), 0.0
    one.rendered(playlist(0, 0), "")
    waiting: dict[Wait, tuple[int, int]] = {}
    for (msn, part), step in steps:
        released = []
        if step == "ask":
            answer = one.answer(LIVE, blocking(msn, part), now)
            if isinstance(answer, Wait):
                assert (msn, part) > newest
                if answer not in waiting:
                    Patient(answer)
                    waiting[answer] = (msn, part)
            elif isinstance(answer, Document):
                assert (msn, part) <= newest
            else:
                assert answer == MSN_TOO_FAR and (msn, part) > newest
        elif step == "render":
            newest = max(newest, (msn, part))
            released = one.rendered(playlist(*newest), "")
            for release in released:
                assert waiting[release.wait] <= newest
        else:
            now += 2
            released = one.expire(now)[0]
        for release in released:
            waiting.pop(release.wait)  # KeyError: released twice, or never waited
        if step == "render":
            assert all(place > newest for place in waiting.values())
    for release in one.abandon(CLOSING):
        waiting.pop(release.wait)
    assert not waiting
