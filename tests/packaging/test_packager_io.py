from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from tests.packaging.conversation import LIVE_AT_MS, Night

from rostra.ground.facts import (
    MediaSealed,
    PackagerTallied,
    Phase,
    PlaylistRendered,
    PlaylistsOffered,
    ReplaySealed,
)
from rostra.packaging import boxes
from rostra.packaging.shelf_io import Shelf

SOUND = np.zeros(48_000 * 30, np.int16)


@pytest.fixture
def night(tmp_path: Path) -> Night:
    return Night(tmp_path, SOUND)


def offers(night: Night) -> list[PlaylistsOffered]:
    return [fact for fact in night.facts if isinstance(fact, PlaylistsOffered)]


def replays(night: Night) -> list[ReplaySealed]:
    return [fact for fact in night.facts if isinstance(fact, ReplaySealed)]


def test_the_end_gives_a_replay_on_disk_before_it_is_offered(night: Night) -> None:
    night.say(Phase.LIVE)
    night.run(6.0)
    night.finish()
    assert [info.path for info in offers(night)[-1].replay] == [
        "replay/aac.m3u8", "replay/opus.m3u8", "replay/eco.m3u8"
    ]  # fmt: skip
    assert offers(night)[-1].live == ()
    assert len(replays(night)) == 1 and abs(replays(night)[0].duration_s - 6.0) < 0.03
    for path in ("index", "aac", "opus", "eco"):
        assert (night.folder / f"replay/{path}.m3u8").read_bytes().startswith(b"#EXTM3U")
    assert not list(night.folder.glob("media/*/s4/*.open")) + list(night.folder.rglob("*.tmp"))


def test_an_ended_event_that_was_left_half_done_is_completed_at_the_next_start(
    night: Night,
) -> None:
    night.say(Phase.LIVE)
    night.run(9.0)
    night.facts.clear()
    night.start()
    night.finish()
    assert len(replays(night)) == 1
    # What was not yet a whole chunk died with the packager, and the bus had nothing to play back.
    assert 8.4 <= replays(night)[0].duration_s <= 9.0
    ended = [f for f in night.facts if isinstance(f, PlaylistRendered) and f.ended]
    assert {"live/0/aac.m3u8", "live/3/eco.m3u8", "rewind/opus.m3u8"} <= {f.path for f in ended}


def test_an_ended_event_with_a_replay_is_told_again_to_a_control_that_did_not_hear(
    night: Night,
) -> None:
    night.say(Phase.LIVE)
    night.run(5.0)
    night.finish()
    first = replays(night)
    night.facts.clear()
    night.start()
    night.say(Phase.ENDED)
    assert [r.duration_s for r in replays(night)] == [r.duration_s for r in first]
    assert offers(night)[-1].replay and not any(isinstance(f, MediaSealed) for f in night.facts)


def test_a_posted_event_is_offered_again_once(night: Night) -> None:
    night.say(Phase.LIVE)
    night.run(5.0)
    night.finish()
    night.facts.clear()
    night.start()
    night.say(Phase.POSTED)
    night.say(Phase.POSTED)
    assert len(offers(night)) == 1 and len(offers(night)[0].replay) == 3
    assert not replays(night)


@pytest.mark.parametrize(
    "phase", [Phase.SCHEDULED, Phase.DOORS_OPEN, Phase.POSTED, Phase.CANCELLED]
)
def test_an_event_that_was_never_live_leaves_nothing(night: Night, phase: Phase) -> None:
    night.say(phase)
    night.run(2.0)
    assert all(isinstance(fact, PackagerTallied) for fact in night.facts)
    assert not night.folder.exists()


def test_an_event_that_ends_without_any_sound_has_no_replay(night: Night) -> None:
    night.say(Phase.LIVE)
    night.finish()
    assert not replays(night) and not any(offer.replay for offer in offers(night))


def test_the_live_playlists_run_on_while_the_stage_is_dead(night: Night) -> None:
    night.say(Phase.LIVE)
    night.run(20.0, stage=lambda number: not 250 <= number < 750)
    parts = night.playlists("live/0/opus.m3u8")
    assert (parts[-1].msn, parts[-1].part) >= (6, 6)
    tally = [fact for fact in night.facts if isinstance(fact, PackagerTallied)][-1]
    assert abs(tally.silence_samples - 480_000) <= 960
    assert tally.events == 1 and tally.behind_ms <= 20


def test_a_stage_that_is_not_there_at_go_live_is_waited_for_and_then_replaced_by_silence(
    night: Night,
) -> None:
    night.say(Phase.LIVE)
    night.run(0.9, stage=lambda number: False)
    assert not night.playlists("live/0/aac.m3u8")
    night.run(5.0, stage=lambda number: False)
    assert night.playlists("live/0/aac.m3u8")


def test_every_segment_on_disk_is_what_listeners_got_and_has_its_line(night: Night) -> None:
    night.say(Phase.LIVE)
    night.run(13.0)
    night.finish()
    index = Shelf(night.folder).load()
    stored = [f for f in night.facts if isinstance(f, MediaSealed) and f.stored]
    for fact in stored:
        assert (night.folder / fact.path).read_bytes() == fact.body
    assert len(index.segments) == len([f for f in stored if "init" not in f.path])
    nonces = [segment.nonce for segment in index.segments if segment.cut == "s4"]
    assert len(set(nonces)) == len(nonces) and min(map(len, nonces)) >= 22
    assert [begun.live_at_ms for begun in index.epochs] == [LIVE_AT_MS]


def test_a_full_disk_does_not_end_the_event(night: Night, monkeypatch: pytest.MonkeyPatch) -> None:
    night.say(Phase.LIVE)
    night.run(5.0)

    def full(*arguments: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        for name in ("append", "write", "seal"):
            patch.setattr(Shelf, name, full)
        night.run(10.0)
    last = night.playlists("live/0/aac.m3u8")[-1]
    assert last.msn >= 4
    lost = [f for f in night.facts if isinstance(f, MediaSealed) and f.path == "media/aac/s4/3.m4s"]
    assert [fact.stored for fact in lost] == [False]


def test_a_disk_that_is_full_from_the_start_costs_the_replay_and_not_the_live_sound(
    night: Night, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*arguments: object) -> None:
        raise OSError(28, "No space left on device")

    for name in ("append", "write", "seal", "note"):
        monkeypatch.setattr(Shelf, name, full)
    night.say(Phase.LIVE)
    night.run(6.0)
    night.finish()
    assert night.playlists("live/0/aac.m3u8")[-1].ended
    assert not replays(night)


def test_go_live_is_the_index_s_moment_for_good(night: Night) -> None:
    night.say(Phase.LIVE)
    night.run(5.0)
    before = night.playlists("live/2/opus.m3u8")[-1].body
    night.back(0, 250)
    after = night.playlists("live/2/opus.m3u8")[-1].body
    date = b"#EXT-X-PROGRAM-DATE-TIME:2027-01-15T08:00:00.000Z"
    assert date in before and date in after


def test_sound_that_comes_before_the_word_that_the_event_is_live_is_not_lost(night: Night) -> None:
    night.seconds = 2.0
    for number in range(100):
        night.frame(number)
    night.say(Phase.LIVE)
    night.run(5.0)
    night.finish()
    tallies = [f for f in night.facts if isinstance(f, PackagerTallied)]
    assert tallies[-1].silence_samples == 0
    assert replays(night)[-1].duration_s >= 4.9


def test_frames_of_an_event_that_is_over_are_not_hoarded(night: Night) -> None:
    night.say(Phase.CANCELLED)
    for number in range(100):
        night.frame(number)
    assert not night.packager._early


def test_what_begins_a_segment_is_told_with_the_nonce_that_its_bytes_carry(night: Night) -> None:
    night.say(Phase.LIVE)
    night.run(13.0)
    sealed = [fact for fact in night.facts if isinstance(fact, MediaSealed)]
    for fact in sealed:
        begins = fact.body[4:8] == b"emsg"
        assert fact.nonce == (boxes.nonce_of(fact.body) if begins else "")
        assert bool(fact.nonce) == begins
    by_kind = {fact.path.split("/")[2] for fact in sealed if fact.nonce}
    assert {"p0", "p1", "s4", "s6"} <= by_kind, by_kind
    first = [
        f.nonce for f in sealed if "/aac/" in f.path and f.path.endswith(("/1.0.m4s", "/1.m4s"))
    ]
    assert len(first) >= 3 and len({n for n in first if n}) == 1
