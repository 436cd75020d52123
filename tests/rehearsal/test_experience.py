from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rostra.rehearsal.experience import Experience
from rostra.rehearsal.orders import Second


@given(
    st.lists(
        st.tuples(st.floats(0.0, 3.0), st.lists(st.tuples(st.floats(0.05, 4), st.floats(0.1, 5)))),
        max_size=5,
    )
)
def test_sound_and_silence_add_up_whatever_happens(
    tabs: list[tuple[float, list[tuple[float, float]]]],
) -> None:
    """Each tab starts, then is fed: (seconds until then, seconds that are added)."""
    until = 30.0
    acts: list[tuple[float, int, str, float, float]] = []
    silent = heard = 0.0
    stalls = dry_now = 0
    for number, (start, feeds) in enumerate(tabs):
        now, dry = start, start + 1.0
        acts.append((now, number, "start", 0.0, dry))
        for wait_s, added in feeds:
            if now + wait_s >= until:
                break
            now += wait_s
            new = max(dry, now) + added
            acts.append((now, number, "fed", dry, new))
            silent += max(0.0, now - dry)
            stalls += dry < now
            dry = new
        silent += max(0.0, until - dry)
        stalls += dry < until
        dry_now += dry < until
        heard += until - start
    experience = Experience()
    seconds: list[Second] = []
    for now, _, what, old, new in sorted(acts):
        while len(seconds) + 1 <= now:
            seconds.append(experience.take(len(seconds) + 1.0))
        if what == "start":
            experience.started(new, 2.0, 0, now)
        else:
            experience.fed(old, new, now)
    while len(seconds) < until:
        seconds.append(experience.take(len(seconds) + 1.0))
    assert sum(second.silent_s for second in seconds) == pytest.approx(silent, abs=1e-4)
    assert sum(second.heard_s for second in seconds) == pytest.approx(heard - silent, abs=1e-4)
    assert sum(second.stalls for second in seconds) == stalls
    assert seconds[-1].stalled == dry_now
    assert seconds[-1].playing == len(tabs)
    assert seconds[-1].behind_s == pytest.approx(2.0 if tabs else 0.0)


def test_silence_is_told_in_the_second_in_which_it_was() -> None:
    experience = Experience()
    experience.started(2.5, 1.0, 0, 0.0)
    seconds = [experience.take(float(at)) for at in (1, 2, 3, 4)]
    assert [second.silent_s for second in seconds] == pytest.approx([0, 0, 0.5, 1.0])
    assert [second.heard_s for second in seconds] == pytest.approx([1, 1, 0.5, 0.0])
    assert [second.stalled for second in seconds] == [0, 0, 1, 1]
    experience.fed(2.5, 5.75, 4.25)
    second = experience.take(5.0)
    assert second.silent_s == pytest.approx(0.25)
    assert second.heard_s == pytest.approx(0.75)
    assert second.stalled == 0


def test_times_before_the_zero_count_like_those_after_it() -> None:
    experience = Experience(-5.0)
    experience.started(-3.5, 1.0, 0, -4.5)
    assert experience.take(-4.0).heard_s == pytest.approx(0.5)
    assert experience.take(-3.0).silent_s == pytest.approx(0.5)


def test_who_goes_is_missed_by_nobody() -> None:
    experience = Experience()
    experience.came()
    experience.let_in(300.0)
    experience.joined(400.0)
    experience.started(1.5, 1.0, 2, 0.0)
    experience.take(1.0)
    experience.take(2.0)
    experience.stopped(1.5, 1.0, 2, 2.5)
    experience.left(waiting=False, gave_up=False)
    second = experience.take(3.0)
    assert (second.here, second.waiting, second.playing, second.stalled) == (0, 0, 0, 0)
    assert second.silent_s == pytest.approx(0.5)
    assert second.rungs == {}
    assert experience.take(4.0).silent_s == 0.0


def test_counts_of_a_second_are_of_that_second_alone() -> None:
    experience = Experience()
    experience.asked("part")
    experience.answered(12.0, False, 700)
    experience.answered(800.0, True, 900)
    experience.failed("status_503")
    first, second = experience.take(1.0), experience.take(2.0)
    assert first.requests == {"part": 1}
    assert first.failures == {"status_503": 1}
    assert first.body_bytes == 1600
    assert sum(first.answers.buckets.values()) == 1, "a held request is no slow answer"
    assert not second.requests and not second.failures and not second.answers.buckets
