"""The ladder's table and the page made of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from rostra.admission.ladder import LADDER, MEDIA_RUNGS, REASONS, document
from rostra.packaging.renditions import BY_NAME, PART_CHUNKS, RUNGS, SEGMENT_CHUNKS


def test_the_page_is_the_table() -> None:
    page = (Path(__file__).parents[2] / "docs/reference/ladder.md").read_text()
    assert page == document()


def test_every_rung_and_reason_stands_on_the_page() -> None:
    assert [rung.number for rung in LADDER] == [0, 1, 2, 3, 4, 5]
    for rung in LADDER:
        assert f"| {rung.number} | {rung.gives} |" in document()
    for reason in REASONS:
        assert f"`{reason}`" in document()


def test_each_media_rung_costs_fewer_requests_than_the_one_before() -> None:
    costs = [rung.requests_s for rung in LADDER[:MEDIA_RUNGS]]
    assert costs == sorted(costs, reverse=True) and len(set(costs)) == MEDIA_RUNGS


@pytest.mark.parametrize("number", range(MEDIA_RUNGS))
def test_the_costs_are_those_of_what_the_packager_cuts(number: int) -> None:
    """A playlist and a chunk for each part, or each segment where there are no parts."""
    cut = RUNGS[number]
    rendition = BY_NAME[cut.renditions[0]]
    chunks = PART_CHUNKS[cut.part_cut] if cut.part_cut else SEGMENT_CHUNKS[cut.segment_cut]
    lasts_s = rendition.seconds(rendition.chunk_samples * chunks)
    assert LADDER[number].requests_s == pytest.approx(2 / lasts_s)
    assert LADDER[number].bit_s == rendition.average_bandwidth
