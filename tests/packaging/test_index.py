from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from rostra.packaging import index
from rostra.packaging.index import EpochBegun
from rostra.packaging.segmenter import Segment

SEGMENTS = st.builds(
    Segment,
    rendition=st.sampled_from(["aac", "opus", "eco"]),
    cut=st.sampled_from(["s4", "s6"]),
    msn=st.integers(0, 10_000),
    start=st.integers(0, 2**40),
    duration=st.integers(1, 10**6),
    timescale=st.sampled_from([24_000, 48_000]),
    epoch=st.integers(0, 9),
    discontinuities=st.integers(0, 2),
    body_bytes=st.integers(1, 10**6),
    nonce=st.text(alphabet="abcXYZ09-_", max_size=22),
)
RECORDS = st.lists(st.one_of(SEGMENTS, st.builds(EpochBegun, st.integers(0, 9), st.integers(0))))


@given(RECORDS, st.data())
def test_an_index_cut_off_anywhere_gives_back_its_whole_lines(
    records: list[EpochBegun | Segment], data: st.DataObject
) -> None:
    lines = [index.line(record) for record in records]
    whole = b"".join(lines)
    cut = data.draw(st.integers(0, len(whole)))
    found = index.parse(whole[:cut])
    kept = len(found.epochs) + len(found.segments)
    assert found.whole_bytes == sum(map(len, lines[:kept])) <= cut
    assert [*found.epochs] == [r for r in records[:kept] if isinstance(r, EpochBegun)]
    assert [*found.segments] == [r for r in records[:kept] if isinstance(r, Segment)]
    assert kept == len(records) or cut < found.whole_bytes + len(lines[kept])


def test_a_damaged_line_is_skipped_and_counted() -> None:
    found = index.parse(b'{"kind":"epoch","epoch":0,"live_at_ms":5}\n\0\0\0\n{"kind":"odd"}\n')
    assert found.epochs == [EpochBegun(0, 5)]
    assert found.damaged == 2
