"""Facts on the wire."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rostra.ground import facts


@given(st.text(), st.integers(0, 2**53), st.binary(max_size=2000))
def test_a_fact_comes_out_as_it_went_in(event_id: str, index: int, pcm: bytes) -> None:
    fact = facts.ProgrammeMixed(event_id=event_id, sample_index=index, pcm=pcm)
    assert facts.decode(facts.encode(fact)) == fact


@given(st.binary(max_size=200))
def test_anything_else_is_a_decode_error(raw: bytes) -> None:
    with pytest.raises(msgspec.DecodeError):
        facts.decode(raw)


def test_a_changed_event_keeps_all_it_holds() -> None:
    event = facts.Event(
        event_id="a",
        title="t",
        start_ms=1,
        people=("Ada",),
        announcements=(facts.Announcement(number=1, at_ms=2, text="x"),),
    )
    fact = facts.EventChanged(event=event)
    assert facts.decode(facts.encode(fact)) == fact
