from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.packaging import checker
from tests.packaging.conversation import LIVE_AT_MS, Night

from rostra.ground.facts import (
    FRAME_SAMPLES,
    MediaSealed,
    Phase,
    PlaylistRendered,
    PlaylistsOffered,
    ReplaySealed,
)
from rostra.packaging import event_io, packager_io, playlists
from rostra.packaging.index import EpochBegun
from rostra.packaging.renditions import (
    RENDITIONS,
    RUNGS,
    Rendition,
    Rung,
    part_target_s,
    target_s,
)
from rostra.packaging.segmenter import Segment
from rostra.packaging.shelf_io import Shelf

SILENCE = np.zeros(48_000 * 240, np.int16)


class QuickEncoder:
    """Stands in for the encoder: a frame is its number, after the delay that AAC has."""

    def __init__(self, rendition: Rendition, start: int) -> None:
        self.rendition, self.start = rendition, start
        self.feed_from = max(0, start - rendition.preroll_frames * rendition.frame_samples)
        self.feed_from *= rendition.scale
        self._fed, self._next = self.feed_from, start

    def encode(self, position: int, pcm: bytes) -> list[bytes]:
        assert position <= self._fed
        self._fed = max(self._fed, position + len(pcm) // 2)
        return list(self._until(self._fed // self.rendition.scale - 2048))

    def finish(self) -> list[bytes]:
        return list(self._until(self._fed // self.rendition.scale))

    def _until(self, end: int) -> Iterator[bytes]:
        while self._next + self.rendition.frame_samples <= end:
            yield f"{self.rendition.name} {self._next}".encode()
            self._next += self.rendition.frame_samples


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(event_io, "Encoder", QuickEncoder)
    monkeypatch.setattr("os.fsync", lambda number: None)


def check_facts(night: Night) -> None:
    """Everything that must hold of the facts of an event, killed packagers or not."""
    media: dict[str, bytes] = {}
    last: dict[str, checker.Read] = {}
    texts: dict[str, PlaylistRendered] = {}
    for fact in night.facts:
        if isinstance(fact, MediaSealed):
            assert media.setdefault(fact.path, fact.body) == fact.body, f"{fact.path}: other bytes"
            if fact.stored:
                assert (night.folder / fact.path).read_bytes() == fact.body
        if not isinstance(fact, PlaylistRendered) or fact.path.endswith("index.m3u8"):
            continue
        read = checker.read(fact.path, fact.body)
        assert read.last == (fact.msn, fact.part)
        assert read.ended == fact.ended and read.target_s == fact.target_s
        assert fact.hints == ((read.hint,) if read.hint else ())
        assert read.hint not in media, "a hint for a part that exists"
        for segment in [*read.segments, read.growing]:
            for part in segment.parts:
                assert part.path in media, "named before it was sealed"
            if segment.path:
                assert segment.path in media and segment.init in media
            if segment.parts and segment.path:
                joined = b"".join(media[part.path] for part in segment.parts)
                assert joined == media[segment.path], "the parts are not the segment"
        if fact.path in last and texts[fact.path].body != fact.body:
            checker.follows(last[fact.path], read)
            if fact.delta and not last[fact.path].ended:
                delta = checker.read(fact.path, fact.delta)
                assert delta.skipped and len(fact.delta) < len(fact.body)
                boundary = float(delta.control["CAN-SKIP-UNTIL"])
                assert sum(segment.seconds for segment in delta.segments) >= boundary
                together = checker.merged(last[fact.path], delta)
                assert len(together) == len(read.segments)
                for one, other in zip(together, read.segments, strict=True):
                    assert one.msn == other.msn
                    checker.same_segment(one, other)
        last[fact.path], texts[fact.path] = read, fact


def frame_of(seconds: float) -> int:
    return round(seconds * 48_000 / FRAME_SAMPLES)


def test_an_event_without_trouble_has_playlists_that_follow_the_standard(tmp_path: Path) -> None:
    night = Night(tmp_path, SILENCE)
    night.say(Phase.LIVE)
    night.run(100.0)
    night.finish()
    check_facts(night)
    for rung in RUNGS:
        for name in rung.renditions:
            rendered = night.playlists(f"live/{rung.number}/{name}.m3u8")
            assert rendered[-1].ended and not rendered[-2].ended
            whole = [p for p in rendered if p.part == -1 or p.msn > 20]
            read = checker.read(whole[-2].path, whole[-2].body)
            assert len(read.segments) == 10
            assert max(len(p.body) for p in rendered) < 4096


@pytest.mark.parametrize("rung", RUNGS, ids=lambda rung: f"rung {rung.number}")
def test_the_window_keeps_ten_segments_while_the_short_ones_leave_it(
    tmp_path: Path, rung: Rung
) -> None:
    night = Night(tmp_path, SILENCE)
    night.say(Phase.LIVE)
    night.run(75.0)
    for name in rung.renditions:
        first_msns = []
        for fact in night.playlists(f"live/{rung.number}/{name}.m3u8"):
            read = checker.read(fact.path, fact.body)
            assert len(read.segments) == min(10, read.segments[-1].msn + 1)
            first_msns.append(read.first_msn)
        assert first_msns[0] == 0 and first_msns[-1] >= 3, "the short segments have not left"


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    kills=st.lists(st.floats(0.3, 40.0), max_size=3, unique=True),
    away_s=st.floats(0.02, 4.0),
    torn=st.integers(0, 40),
    length_s=st.floats(0.1, 45.0),
)
def test_an_event_whose_packager_is_killed_at_any_moment_goes_on_where_it_was(
    kills: list[float], away_s: float, torn: int, length_s: float
) -> None:
    with TemporaryDirectory() as folder:
        night = Night(Path(folder), SILENCE)
        night.say(Phase.LIVE)
        for kill_s in sorted(kills):
            if night.seconds < kill_s < length_s:
                night.run(kill_s)
                # A kill may also cut the last write: a chunk that nobody was told of.
                for growing in night.folder.glob("media/*/s4/*.open"):
                    with growing.open("ab") as file:
                        file.write(b"\0\0\1\0moofgarbage"[:torn])
                with (night.folder / "index.jsonl").open("ab") as file:
                    file.write(b'{"kind":"segm'[:torn])
                first = frame_of(night.seconds)
                night.seconds = round(night.seconds + round(away_s / 0.02) * 0.02, 6)
                night.back(max(0, first - 100), frame_of(night.seconds))
        night.run(max(length_s, night.seconds + 0.1))
        ended_at = night.seconds
        night.finish()
        check_facts(night)
        sealed = [fact for fact in night.facts if isinstance(fact, ReplaySealed)]
        assert len(sealed) == 1
        assert abs(sealed[0].duration_s - ended_at) < 0.03
        for rendition in RENDITIONS:
            numbers = numbers_of(night, rendition)
            assert numbers and whole_run(numbers, rendition)


class Killed(BaseException):
    """kill -9 in the middle of a call."""


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(steps=st.lists(st.integers(1, 160), min_size=1, max_size=3))
def test_a_kill_between_any_two_writes_loses_nothing(steps: list[int]) -> None:
    left = 0

    def step() -> None:
        nonlocal left
        left -= 1
        if left == 0:
            raise Killed

    class Breaking(Shelf):
        """Dies before or after a write, or halfway through an append."""

        def append(self, rendition: str, msn: int, chunk: bytes) -> None:
            step()
            if left == 1:
                super().append(rendition, msn, chunk[: len(chunk) // 2])
                raise Killed
            super().append(rendition, msn, chunk)
            step()

        def seal(self, path: str, body: bytes, segment: Segment) -> None:
            step()
            super().seal(path, body, segment)
            step()

        def note(self, record: EpochBegun | Segment) -> None:
            step()
            super().note(record)
            step()

        def write(self, path: str, body: bytes) -> None:
            step()
            super().write(path, body)
            step()

    with TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr(packager_io, "Shelf", Breaking)
        night = Night(Path(folder), SILENCE)
        phase = Phase.LIVE
        for steps_left in [*steps, 0]:
            left = steps_left
            first = frame_of(night.seconds)
            try:
                night.start()
                night.say(phase)
                for number in range(max(0, first - 200), first):
                    night.frame(number)
                night.run(max(30.0, night.seconds))
                phase = Phase.ENDED
                night.finish()
            except Killed:
                pass
        check_facts(night)
        assert any(isinstance(fact, ReplaySealed) for fact in night.facts)
        for rendition in RENDITIONS:
            numbers = numbers_of(night, rendition)
            assert numbers and whole_run(numbers, rendition)


def test_the_discontinuity_sequence_counts_what_has_left_the_window(tmp_path: Path) -> None:
    night = Night(tmp_path, SILENCE)
    night.say(Phase.LIVE)
    for kill_s in (5.0, 9.0):
        night.run(kill_s)
        night.back(0, frame_of(kill_s))
    night.run(80.0)
    check_facts(night)
    read = checker.read("live/2/aac.m3u8", night.playlists("live/2/aac.m3u8")[-1].body)
    assert read.discontinuity_sequence == 2
    assert {segment.discontinuity for segment in read.segments} == {2}


def numbers_of(night: Night, rendition: Rendition) -> list[int]:
    """The numbers of the replay's frames."""
    path = f"replay/{rendition.name}.m3u8"
    replay = checker.read(path, (night.folder / path).read_bytes())
    assert replay.vod and replay.ended and replay.first_msn == 0
    body = b"".join((night.folder / segment.path).read_bytes() for segment in replay.segments)
    found = body.split(f"{rendition.name} ".encode())[1:]
    return [int(raw[: _digits(raw)]) for raw in found]


def whole_run(numbers: list[int], rendition: Rendition) -> bool:
    """Frames follow each other without a gap over every restart: nothing was lost."""
    return numbers == [place * rendition.frame_samples for place in range(len(numbers))]


def _digits(raw: bytes) -> int:
    return next((place for place, byte in enumerate(raw) if not 48 <= byte <= 57), len(raw))


def test_the_rewind_playlist_holds_two_hours_at_most_and_its_delta_stays_small(
    tmp_path: Path,
) -> None:
    night = Night(tmp_path, SILENCE)
    night.packager._settings = night.packager._settings.__class__(rewind_s=60.0)
    night.say(Phase.LIVE)
    night.run(120.0)
    rendered = night.playlists("rewind/opus.m3u8")[-1]
    read = checker.read(rendered.path, rendered.body)
    assert 56.0 <= sum(segment.seconds for segment in read.segments) <= 60.0
    assert len(rendered.delta) < 1024
    check_facts(night)


def test_live_and_rewind_and_replay_give_a_segment_the_same_number(tmp_path: Path) -> None:
    night = Night(tmp_path, SILENCE)
    night.say(Phase.LIVE)
    night.run(30.0)
    night.finish()
    paths = ["live/0/aac.m3u8", "live/1/aac.m3u8", "live/2/aac.m3u8", "rewind/aac.m3u8"]
    reads = [checker.read(path, night.playlists(path)[-1].body) for path in paths]
    reads.append(checker.read("replay/x", (night.folder / "replay/aac.m3u8").read_bytes()))
    for read in reads:
        assert [(s.msn, s.path) for s in read.segments] == [
            (msn, f"media/aac/s4/{msn}.m4s") for msn in range(10)
        ]


def test_a_rung_is_offered_when_all_its_renditions_can_be_played(tmp_path: Path) -> None:
    night = Night(tmp_path, SILENCE)
    night.say(Phase.LIVE)
    night.run(10.0)
    rendered: set[str] = set()
    offers: list[set[int]] = []
    for fact in night.facts:
        if isinstance(fact, PlaylistRendered):
            rendered.add(fact.path)
        if isinstance(fact, PlaylistsOffered):
            assert {info.path for info in (*fact.live, *fact.rewind)} <= rendered
            assert {f"live/{info.rung}/index.m3u8" for info in fact.live} <= rendered
            for rung in RUNGS:
                named = tuple(info.rendition for info in fact.live if info.rung == rung.number)
                assert named in {(), rung.renditions}, "a rung is offered in part"
            offers.append({info.rung for info in fact.live})
    assert offers[-1] == {0, 1, 2, 3}


def test_the_first_playlists_of_every_rung_are_offered_about_a_second_after_going_live(
    tmp_path: Path,
) -> None:
    night = Night(tmp_path, SILENCE)
    night.say(Phase.LIVE)
    night.run(0.9)
    assert not any(isinstance(f, PlaylistsOffered | PlaylistRendered) for f in night.facts)
    night.run(1.3)
    offered = [fact for fact in night.facts if isinstance(fact, PlaylistsOffered)][-1]
    assert {info.rung for info in offered.live} == {0, 1, 2, 3}
    for info in offered.live:
        read = checker.read(info.path, night.playlists(info.path)[-1].body)
        assert read.segments, f"{info.path} has no whole segment, and players wait for one"


def test_a_date_is_the_moment_of_going_live_plus_media_time() -> None:
    assert playlists.date(LIVE_AT_MS, 4.096) == "2027-01-15T08:00:04.096Z"
    assert playlists.date(LIVE_AT_MS + 999, 0.0) == "2027-01-15T08:00:00.999Z"


@pytest.mark.parametrize(
    ("name", "cut", "target"), [("aac", "s4", 4), ("opus", "s4", 4), ("eco", "s6", 6)]
)
def test_target_durations_round_to_the_nearest_second(name: str, cut: str, target: int) -> None:
    rendition = next(r for r in RENDITIONS if r.name == name)
    assert target_s(rendition, cut) == target


def test_hold_back_is_a_little_more_than_three_parts() -> None:
    for rendition in RENDITIONS:
        for cut in ("p0", "p1"):
            part = part_target_s(rendition, cut)
            assert 3.0 < playlists.hold_back_s(part) / part < 3.1


@given(st.floats(0, 1e5))
def test_numbers_are_decimals_without_exponent(value: float) -> None:
    assert abs(checker.decimal(playlists.number(value)) - value) <= 1e-5


def test_what_a_kill_left_of_a_first_chunk_does_not_spoil_the_segment_that_follows(
    tmp_path: Path,
) -> None:
    night = Night(tmp_path, SILENCE)
    night.say(Phase.LIVE)
    night.run(0.3)
    for rendition in RENDITIONS:
        torn = night.folder / f"media/{rendition.name}/s4/0.open"
        torn.parent.mkdir(parents=True, exist_ok=True)
        torn.write_bytes(b"\0\0\1\0moof")
    night.back(0, frame_of(0.3))
    night.run(0.9)  # one chunk, and the first segment still grows
    assert len(list(night.folder.glob("media/*/s4/0.open"))) == len(RENDITIONS)
    night.back(0, frame_of(0.9))
    night.run(9.0)
    night.finish()
    check_facts(night)
    for rendition in RENDITIONS:
        assert whole_run(numbers_of(night, rendition), rendition)
