from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rostra.packaging import boxes

FRAMES = st.lists(st.binary(min_size=1, max_size=40), min_size=1, max_size=30)


@given(FRAMES, st.integers(0, 2**40), st.sampled_from([960, 1024]))
def test_a_chunk_says_where_it_stands_and_how_long_it_is(
    frames: list[bytes], start: int, samples: int
) -> None:
    body = boxes.chunk(frames, start, samples)
    assert boxes.span(body) == (start, len(frames) * samples)


@given(FRAMES)
def test_a_chunk_points_at_its_frames_and_gives_their_sizes(frames: list[bytes]) -> None:
    body = boxes.chunk(frames, 0, 1024)
    run = boxes.find(body, b"moof", b"traf", b"trun")
    assert run is not None
    at = int.from_bytes(run[8:12], "big")  # data offset, from the moof's first byte
    for place, frame in enumerate(frames):
        size = int.from_bytes(run[12 + 4 * place : 16 + 4 * place], "big")
        assert body[at : at + size] == frame
        at += size
    assert at == len(body)


@given(st.lists(FRAMES, min_size=1, max_size=4), st.data())
def test_split_gives_back_every_whole_chunk_of_a_torn_file(
    groups: list[list[bytes]], data: st.DataObject
) -> None:
    chunks = [boxes.chunk(frames, 1024 * place, 1024) for place, frames in enumerate(groups)]
    chunks[0] = boxes.nonce_message("abc", 0, 0, 1, 48_000) + chunks[0]
    whole = b"".join(chunks)
    cut = data.draw(st.integers(0, len(whole)))
    found = boxes.split(whole[:cut])
    assert found == chunks[: len(found)]
    assert len(b"".join([*found, *chunks[len(found) : len(found) + 1]])) >= cut


@given(st.from_regex(r"[A-Za-z0-9_-]{16,64}", fullmatch=True), st.integers(0, 2**40))
def test_the_nonce_before_a_chunk_is_read_back(nonce: str, start: int) -> None:
    body = boxes.nonce_message(nonce, 7, start, 196_608, 48_000) + boxes.chunk([b"x"], start, 1024)
    assert boxes.nonce_of(body) == nonce
    assert boxes.span(body) == (start, 1024)


def test_a_chunk_without_a_message_has_no_nonce() -> None:
    assert boxes.nonce_of(boxes.chunk([b"x"], 0, 1024)) == ""


def test_the_message_is_timed_id3_version_one() -> None:
    message = boxes.nonce_message("n" * 22, 7, 96_000, 196_608, 48_000)
    assert message[4:8] == b"emsg" and message[8] == 1
    assert message[12:16] == (48_000).to_bytes(4, "big")
    assert message[16:24] == (96_000).to_bytes(8, "big")
    assert message[28:32] == (7).to_bytes(4, "big")
    assert message[32:].startswith(b"https://aomedia.org/emsg/ID3\0\0ID3\x04\0")


@pytest.mark.parametrize("size", [10, 127, 128, 300])
def test_id3_sizes_are_syncsafe(size: int) -> None:
    tag = boxes.id3_text("n", "v" * size)
    claimed = 0
    for byte in tag[6:10]:
        assert byte < 128
        claimed = claimed << 7 | byte
    assert claimed == len(tag) - 10


@given(st.binary(max_size=200))
def test_any_bytes_can_be_looked_at(data: bytes) -> None:
    boxes.split(data)
    boxes.nonce_of(data)
    with pytest.raises(ValueError, match="not a chunk"):
        boxes.span(data)
