from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rostra.packaging import playlists
from rostra.packaging.renditions import BY_NAME, RUNGS
from rostra.packaging.segmenter import Part, Segment
from rostra.rehearsal.hls import read_playlist, resolve

LIVE_AT_MS = 1_800_000_000_123
AAC = BY_NAME["aac"]
UNITS = AAC.chunk_samples


def segments(first: int, number: int) -> list[Segment]:
    length = 8 * UNITS
    return [
        Segment(
            rendition="aac",
            cut="s4",
            msn=msn,
            start=msn * length,
            duration=length,
            timescale=AAC.timescale,
            epoch=0,
            discontinuities=0,
            body_bytes=1,
        )
        for msn in range(first, first + number)
    ]


def parts(first: int, number: int, growing: int) -> list[Part]:
    return [
        Part("p0", msn, at, (msn * 8 + at) * UNITS, UNITS)
        for msn in range(first, first + number + 1)
        for at in range(8 if msn < first + number else growing)
    ]


@given(first=st.integers(0, 500), growing=st.integers(0, 7))
def test_our_own_low_latency_playlist_is_read(first: int, growing: int) -> None:
    text = playlists.low_latency(
        AAC, RUNGS[0], segments(first, 10), parts(first, 10, growing),
        playlists.Open(first + 10, 0, 0), LIVE_AT_MS,
    )  # fmt: skip
    read = read_playlist(text.encode(), "/e/x/live/0/aac.m3u8")
    assert read is not None
    end_s = LIVE_AT_MS / 1000 + AAC.seconds(((first + 10) * 8 + growing) * UNITS)
    assert read.edge_s == pytest.approx(end_s, abs=0.003)
    assert read.part_target_s == pytest.approx(0.512)
    assert read.hold_back_s == pytest.approx(3.05 * 0.512, abs=0.001)
    assert (read.target_s, read.can_block, read.ended) == (4, True, False)
    assert read.reload == f"/e/x/live/0/aac.m3u8?_HLS_msn={first + 10}&_HLS_part={growing}"
    for one, other in pairwise(read.pieces):
        assert other.start_s == pytest.approx(one.end_s, abs=0.002)
    last = read.pieces[-1]
    assert last.is_part
    assert last.init == "/e/x/media/aac/init-0.mp4"
    named = (first + 10, growing - 1) if growing else (first + 9, 7)
    assert last.path == f"/e/x/media/aac/p0/{named[0]}.{named[1]}.m4s"
    assert not read.pieces[0].is_part
    assert read.pieces[0].path == f"/e/x/media/aac/s4/{first}.m4s"


def test_our_own_plain_playlist_is_read() -> None:
    text = playlists.plain(AAC, segments(7, 10), LIVE_AT_MS)
    read = read_playlist(text.encode(), "/e/x/live/2/aac.m3u8")
    assert read is not None
    assert len(read.pieces) == 10
    assert (read.part_target_s, read.can_block) == (0.0, False)
    assert read.hold_back_s == pytest.approx(12.2)
    assert read.last_s == pytest.approx(4.096)
    assert read.pieces[0].duration_s == pytest.approx(4.096, abs=0.001)


def test_an_ended_playlist_says_so() -> None:
    text = playlists.plain(AAC, segments(0, 3), LIVE_AT_MS, ended=True)
    read = read_playlist(text.encode(), "/e/x/live/2/aac.m3u8")
    assert read is not None and read.ended


@given(st.floats(-10, 60))
def test_what_comes_after_a_moment_is_found(at_s: float) -> None:
    text = playlists.plain(AAC, segments(0, 10), LIVE_AT_MS)
    read = read_playlist(text.encode(), "/e/x/live/2/aac.m3u8")
    assert read is not None
    wall_s = LIVE_AT_MS / 1000 + at_s
    place = read.after(wall_s)
    assert all(piece.end_s <= wall_s + 0.021 for piece in read.pieces[:place])
    assert all(piece.end_s > wall_s for piece in read.pieces[place:])


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"<html>",
        b"#EXTM3U\n",
        b"#EXTM3U\n#EXT-X-TARGETDURATION:4\n#EXTINF:4.0,\na.m4s\n",  # no date
        b"#EXTM3U\n#EXT-X-TARGETDURATION:x\n",
        b"#EXTM3U\n#EXT-X-PROGRAM-DATE-TIME:yesterday\n",
        b"#EXTM3U\n\xff\xff",
        b"#EXTM3U\n" + b"#" * 300_000,
    ],
)
def test_what_is_no_playlist_of_ours_is_none(text: bytes) -> None:
    assert read_playlist(text, "/e/x/live/0/aac.m3u8") is None


@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_refused(raw: bytes) -> None:
    read_playlist(b"#EXTM3U\n" + raw, "/a/b.m3u8")


def test_addresses_are_resolved_against_the_playlist() -> None:
    assert resolve("/e/x/live/0/aac.m3u8", "../../media/a.m4s") == "/e/x/media/a.m4s"
    assert resolve("/e/x/live/0/aac.m3u8", "a.m4s") == "/e/x/live/0/a.m4s"
    assert resolve("/e/x/live/0/aac.m3u8", "/b") == "/b"
    assert resolve("/a", "../../../b") == "/b"
