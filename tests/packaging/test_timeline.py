from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from rostra.packaging.timeline import Timeline

FRAME = 960


def pcm(number: int) -> bytes:
    """A frame whose every sample is its number plus one, so that silence is told apart."""
    return (number + 1).to_bytes(2, "little") * FRAME


class Drain:
    """Collects what comes out."""

    def __init__(self, timeline: Timeline) -> None:
        self.timeline, self.data = timeline, bytearray()

    def until(self, now: float) -> None:
        while taken := self.timeline.take(now):
            self.data += taken

    @property
    def frames(self) -> list[int]:
        """The numbers of the frames that came out, −1 for each 20 ms of silence."""
        step = 2 * FRAME
        return [
            int.from_bytes(self.data[at : at + 2], "little") - 1
            for at in range(0, len(self.data), step)
        ]


def test_frames_in_time_come_out_as_they_went_in() -> None:
    timeline = Timeline(0, 0, 100.0)
    out = Drain(timeline)
    for number in range(100):
        timeline.offer(number * FRAME, pcm(number), 100.02 + number * 0.02)
        out.until(100.02 + number * 0.02)
    assert out.frames == list(range(100))
    assert timeline.silence_samples == timeline.late_samples == 0


def test_silence_follows_real_time_while_the_stage_is_dead_and_sound_returns_at_its_index() -> None:
    timeline = Timeline(0, 0, 0.0)
    out = Drain(timeline)
    for tick in range(1, 301):
        now = tick * 0.02
        if not 50 < tick <= 200:
            timeline.offer((tick - 1) * FRAME, pcm(tick - 1), now)
        out.until(now)
        behind_s = now - timeline.position / 48_000
        assert -0.02 <= behind_s <= 0.28
    assert out.frames == [*range(50), *[-1] * 150, *range(200, 300)]


def test_a_hiccup_shorter_than_the_allowance_loses_nothing() -> None:
    timeline = Timeline(0, 0, 0.0)
    out = Drain(timeline)
    for tick in range(1, 101):
        if 50 <= tick < 60:
            continue
        late = range(49, 60) if tick == 60 else [tick - 1]
        for number in late:
            timeline.offer(number * FRAME, pcm(number), tick * 0.02)
        out.until(tick * 0.02)
    assert out.frames == list(range(100))


def test_a_burst_after_a_long_hiccup_does_not_move_the_clock() -> None:
    timeline = Timeline(0, 0, 0.0)
    out = Drain(timeline)
    for tick in range(1, 401):
        if tick <= 50:
            timeline.offer((tick - 1) * FRAME, pcm(tick - 1), tick * 0.02)
        if tick == 300:
            for number in range(50, 300):
                timeline.offer(number * FRAME, pcm(number), tick * 0.02)
        if tick > 300:
            timeline.offer((tick - 1) * FRAME, pcm(tick - 1), tick * 0.02)
        out.until(tick * 0.02)
    assert out.frames[-100:] == list(range(300, 400))
    assert timeline.late_samples > 0


def test_a_stage_whose_clock_stood_still_is_heard_again_after_two_seconds() -> None:
    timeline = Timeline(0, 0, 0.0)
    out = Drain(timeline)
    for tick in range(1, 501):
        if tick <= 100:
            number = tick - 1
        elif tick <= 200:
            number = -1  # suspended for two seconds, and it counts on from where it was
        else:
            number = tick - 101
        if number >= 0:
            timeline.offer(number * FRAME, pcm(number), tick * 0.02)
        out.until(tick * 0.02)
    assert out.frames[-50:] == list(range(350, 400))


def test_a_gap_in_the_indices_is_silence() -> None:
    timeline = Timeline(0, 0, 0.0)
    timeline.offer(0, pcm(0), 0.02)
    timeline.offer(5 * FRAME, pcm(5), 0.12)
    out = Drain(timeline)
    out.until(0.12)
    assert out.frames == [0, -1, -1, -1, -1, 5]
    assert timeline.silence_samples == 4 * FRAME


def test_an_index_from_the_future_waits_until_its_time() -> None:
    timeline = Timeline(0, 0, 0.0)
    timeline.offer(0, pcm(0), 0.02)
    timeline.offer(48_000 * 3600, pcm(1), 0.04)
    Drain(timeline).until(0.04)
    assert timeline.position <= 2 * FRAME
    Drain(timeline).until(10.0)
    assert timeline.position <= 10 * 48_000 + FRAME


def test_after_a_restart_frames_played_back_are_waited_for() -> None:
    timeline = Timeline(48_000, 10 * 48_000, 50.0)
    out = Drain(timeline)
    out.until(50.5)
    assert out.frames == []
    for number in range(500):
        timeline.offer(number * FRAME, pcm(number), 50.6)
    out.until(50.6)
    assert out.frames == list(range(50, 500))
    assert timeline.silence_samples == 0


def test_nothing_is_given_out_beyond_the_end() -> None:
    timeline = Timeline(0, 0, 0.0)
    timeline.end = 3 * FRAME + 100
    for number in range(10):
        timeline.offer(number * FRAME, pcm(number), 1.0)
    Drain(timeline).until(1.0)
    assert timeline.position == timeline.end


@given(st.lists(st.tuples(st.integers(0, 400), st.booleans()), max_size=300))
def test_whatever_comes_time_runs_on_without_gap_and_never_far_ahead(
    offers: list[tuple[int, bool]],
) -> None:
    timeline, given_out = Timeline(0, 0, 0.0), 0
    for tick, (number, comes) in enumerate(offers, 1):
        now = tick * 0.02
        if comes:
            timeline.offer(number * FRAME, pcm(number), now)
        for taken in iter(lambda now=now: timeline.take(now), b""):  # type: ignore[misc]
            given_out += len(taken) // 2
        assert given_out == timeline.position <= timeline.expected(now) + FRAME
    later = len(offers) * 0.02 + 20.0
    while taken := timeline.take(later):
        given_out += len(taken) // 2
    assert given_out == timeline.position >= timeline.expected(later) - 48_000 // 4 - 1
