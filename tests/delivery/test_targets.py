from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rostra.delivery.refused import HLS_QUERY_INVALID, PART_WITHOUT_MSN, TARGET_INVALID
from rostra.delivery.targets import (
    STORED,
    HlsQuery,
    Target,
    read_hls_query,
    read_target,
)
from rostra.ground.refusals import Refusal


@pytest.mark.parametrize(
    ("raw", "path", "query"),
    [
        (b"/", "/", ""),
        (b"/e/abc?x=1", "/e/abc", "x=1"),
        (b"/%65/%61bc", "/e/abc", ""),
        (b"http://other.example/e/abc", "/e/abc", ""),
        (b"HTTPS://other.example:8080", "/", ""),
        (b"https://other.example?x", "/", "x"),
    ],
)
def test_a_target_is_taken_apart(raw: bytes, path: str, query: str) -> None:
    assert read_target(raw) == Target(path, query)


@pytest.mark.parametrize(
    "raw",
    [
        b"", b"e/abc", b"*", b"/../etc/passwd", b"/e/..", b"/e/./x", b"//x", b"/e/%2e%2e/x",
        b"/e/%2Fx", b"/e/%00", b"/e/%", b"/e/%zz", b"/e/\\x", b"/e/\xc3\xa9", b"/e/%c3%a9",
        b"/e/a b", b"ftp://x/y", b"http://", b"/e/abc#x", b"/e/abc?x=<y>", b"/e/abc\n",
    ],
)  # fmt: skip
def test_what_is_ambiguous_is_refused(raw: bytes) -> None:
    assert read_target(raw) == TARGET_INVALID


@given(st.binary(max_size=80))
def test_no_target_ever_climbs_out_of_its_folder(raw: bytes) -> None:
    read = read_target(b"/" + raw)
    if isinstance(read, Target):
        assert read.path.startswith("/")
        assert not {"", ".", ".."} & set(read.path[1:].split("/")[:-1])
        assert read.path.rpartition("/")[2] not in {".", ".."}
        assert read.path.isascii() and "%" not in read.path


@pytest.mark.parametrize(
    ("path", "stands"),
    [
        ("media/aac/s4/17.m4s", True),
        ("media/aac/init-0.mp4", True),
        ("replay/index.m3u8", True),
        ("replay/aac.m3u8", True),
        ("media/aac/s4/17.open", False),
        ("media/aac/s4/../../../keys/operator.m4s", False),
        ("media/.hidden.m4s", False),
        ("media/aac/s4/17.3.m4s", False),
        ("index.jsonl", False),
        ("recordings/programme.mp4", False),
        ("media/aac/s4/17.m4s\n", False),
        ("/media/x.m4s", False),
    ],
)
def test_only_sealed_media_and_replay_playlists_are_read_from_disk(path: str, stands: bool) -> None:
    assert bool(STORED.fullmatch(path)) is stands


@pytest.mark.parametrize(
    ("query", "read"),
    [
        ("", HlsQuery()),
        ("_HLS_msn=17&_HLS_part=3", HlsQuery(msn=17, part=3)),
        ("_HLS_part=0&_HLS_msn=17&_HLS_skip=YES", HlsQuery(msn=17, part=0, skip=True)),
        ("_HLS_skip=v2", HlsQuery(skip=True)),
        ("token=x&_HLS_msn=1", HlsQuery(msn=1, known=False)),
        ("_HLS_unheard_of=1", HlsQuery(known=False)),
        ("_HLS_msn=5&_HLS_msn=5", HlsQuery(msn=5)),
        ("_HLS_part=1", PART_WITHOUT_MSN),
        ("_HLS_msn=", HLS_QUERY_INVALID),
        ("_HLS_msn=-1", HLS_QUERY_INVALID),
        ("_HLS_msn=1.5", HLS_QUERY_INVALID),
        ("_HLS_msn=12345678901", HLS_QUERY_INVALID),
        ("_HLS_msn=1&_HLS_msn=2", HLS_QUERY_INVALID),
        ("_HLS_msn=1&_HLS_part=x", HLS_QUERY_INVALID),
        ("_HLS_skip=NO", HLS_QUERY_INVALID),
    ],
)
def test_delivery_directives_are_read_and_nothing_else(
    query: str, read: HlsQuery | Refusal
) -> None:
    assert read_hls_query(query) == read
