"""A sample of listeners' walks: bounded, from all of the run, and as an edge would see them."""

from __future__ import annotations

import random

from rostra.rehearsal.orders import WALKS_MOST
from rostra.rehearsal.walks_io import FOLLOWED_MOST, KEPT_MOST, Walks
from rostra.shield.path import LEAST_STEPS
from rostra.shield.path_model import STEPS_MOST, steps_of

PAGE, LIST, PART = "/e/abc", "/e/abc/live/0/opus.m3u8", "/e/abc/media/opus/p0/1.0.m4s"


def test_a_walk_is_what_was_asked_and_how_soon() -> None:
    walks = Walks(random.Random(1))
    walked = walks.begin()
    assert walked is not None
    for number, target in enumerate([PAGE, *[LIST, PART] * 10]):
        walks.step(walked, target, 100 + 0.5 * number)
    walks.end(walked)
    assert walks.texts() == ("p0" + "y4m4" * 10,)


def test_short_ones_teach_nothing() -> None:
    walks = Walks(random.Random(1))
    walked = walks.begin()
    assert walked is not None
    for number in range(LEAST_STEPS):
        walks.step(walked, PAGE, number)
    walks.end(walked)
    assert walks.texts() == ()


def test_a_long_one_goes_on_where_the_one_before_ended() -> None:
    walks = Walks(random.Random(1))
    walked = walks.begin()
    assert walked is not None
    for number in range(2 * STEPS_MOST - 1):
        walks.step(walked, PAGE if number == STEPS_MOST - 1 else PART, number * 0.5)
    walks.end(walked)
    first, second = map(steps_of, walks.texts())
    assert first[-1][0] == second[0][0] == 0, "the step between them is in both, its gap in one"
    assert len(first) + len(second) == 2 * STEPS_MOST


def test_so_many_at_once_and_in_all_however_long_it_lasts() -> None:
    walks = Walks(random.Random(1))
    for round_ in range(60):
        those = [walks.begin() for _ in range(100)]
        followed = [one for one in those if one is not None]
        assert len(followed) == FOLLOWED_MOST
        for one in followed:
            for number in range(20):
                walks.step(one, PAGE if round_ % 2 else PART, number * 0.5)
            walks.end(one)
    texts = walks.texts()
    assert len(texts) == KEPT_MOST <= WALKS_MOST
    odd = sum(text.startswith("p") for text in texts)
    assert KEPT_MOST / 4 < odd < 3 * KEPT_MOST / 4, "early and late ones alike"
