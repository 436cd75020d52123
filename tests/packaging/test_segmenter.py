from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rostra.packaging import boxes
from rostra.packaging.renditions import BY_NAME, PART_CHUNKS, SEGMENT_CHUNKS
from rostra.packaging.segmenter import Part, Sealed, Segment, Segmenter, read_back


def push(segmenter: Segmenter, frames: int) -> list[Sealed]:
    return [one for n in range(frames) for one in segmenter.push_frame(b"%d" % n, f"nonce{n:04d}")]


@pytest.mark.parametrize("name", ["aac", "opus", "eco"])
@given(chunks=st.integers(1, 40), rest=st.integers(0, 10))
def test_every_cut_is_the_same_chunks(name: str, chunks: int, rest: int) -> None:
    rendition = BY_NAME[name]
    segmenter = Segmenter(rendition)
    sealed = push(segmenter, chunks * rendition.chunk_frames + rest) + segmenter.close("last")
    bodies: dict[str, list[bytes]] = {}
    for what, body in sealed:
        bodies.setdefault(what.cut, []).append(body)
    assert set(bodies) == set(rendition.cuts)
    assert len({b"".join(parts) for parts in bodies.values()}) == 1
    for cut, parts in bodies.items():
        most = SEGMENT_CHUNKS.get(cut) or PART_CHUNKS[cut]
        assert max(len(boxes.split(part)) for part in parts) <= most


def test_a_nonce_stands_at_the_head_of_each_segment_and_nowhere_else() -> None:
    rendition = BY_NAME["opus"]
    segmenter = Segmenter(rendition)
    sealed = push(segmenter, rendition.chunk_frames * 24)
    segments = [one for one in sealed if isinstance(one.what, Segment) and one.what.cut == "s4"]
    assert [len(boxes.split(one.body)) for one in segments] == [2, 2, 4, 8, 8]
    for segment in segments:
        nonces = [boxes.nonce_of(body) for body in boxes.split(segment.body)]
        assert isinstance(segment.what, Segment)
        assert nonces[0] == segment.what.nonce != "" and not any(nonces[1:])
    assert len({s.what.nonce for s in segments if isinstance(s.what, Segment)}) == 5


@pytest.mark.parametrize("name", ["aac", "opus", "eco"])
def test_a_nonce_message_says_the_start_and_length_of_its_segment(name: str) -> None:
    rendition = BY_NAME[name]
    sealed = push(Segmenter(rendition), rendition.chunk_frames * 16)
    segments = [one for one in sealed if isinstance(one.what, Segment) and one.what.cut == "s4"]
    assert len(segments) == 4
    for what, body in segments:
        message = boxes.find(body, b"emsg")
        assert message is not None and message[0] == 1
        timescale = int.from_bytes(message[4:8], "big")
        start = int.from_bytes(message[8:16], "big")
        duration = int.from_bytes(message[16:20], "big")
        assert (timescale, start, duration) == (rendition.timescale, what.start, what.duration)


def test_times_of_chunks_are_contiguous_also_into_a_new_epoch() -> None:
    rendition = BY_NAME["aac"]
    segmenter = Segmenter(rendition)
    sealed = push(segmenter, rendition.chunk_frames * 11) + segmenter.close()
    segmenter.begin_epoch(1, segmenter.end)
    sealed += push(segmenter, rendition.chunk_frames * 9)
    spans = [boxes.span(one.body) for one in sealed if one.what.cut == "p0"]
    at = 0
    for start, duration in spans:
        assert start == at
        at += duration
    segments = segmenter.sealed("s4")
    assert [(s.msn, s.epoch, s.discontinuities) for s in segments] == [
        (0, 0, 0), (1, 0, 0), (2, 0, 0), (3, 0, 0), (4, 1, 1)
    ]  # fmt: skip


def test_numbers_are_never_used_twice_after_coming_back() -> None:
    rendition = BY_NAME["eco"]
    first = Segmenter(rendition)
    push(first, rendition.chunk_frames * 30)
    again = Segmenter(rendition, [*first.sealed("s4"), *first.sealed("s6")])
    assert again.next_msn("s4") == 5 and again.next_msn("s6") == 4
    assert again.end == first.sealed("s4")[-1].end


def test_a_segment_read_back_gives_the_same_parts() -> None:
    rendition = BY_NAME["aac"]
    segmenter = Segmenter(rendition)
    sealed = push(segmenter, rendition.chunk_frames * 16)
    bodies = [one.body for one in sealed if one.what.cut == "s4"]
    assert len(bodies) == 4
    again = Segmenter(rendition)
    chunks = [chunk for body in bodies for chunk in read_back(body)]
    repeated = [one for chunk in chunks for one in again.push_chunk(chunk)]
    assert repeated == sealed
    assert [p for p in again.parts("p1") if isinstance(p, Part)] == segmenter.parts("p1")
