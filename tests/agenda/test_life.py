"""The transition table."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rostra.agenda.life import TRANSITIONS, Act, after, diagram
from rostra.ground.facts import Phase
from rostra.ground.refusals import Refusal

ORDER = list(Phase)


@given(st.lists(st.sampled_from(list(Act)), max_size=30))
def test_no_sequence_of_acts_leads_backwards(acts: list[Act]) -> None:
    phase = Phase.SCHEDULED
    for what in acts:
        following = after(phase, what)
        if isinstance(following, Refusal):
            assert following.code == "wrong_phase"
            continue
        assert ORDER.index(following) > ORDER.index(phase)
        phase = following


def test_the_whole_life_runs_through() -> None:
    phase = Phase.SCHEDULED
    for what in (Act.OPEN_DOORS, Act.GO_LIVE, Act.END, Act.POST):
        following = after(phase, what)
        assert not isinstance(following, Refusal)
        phase = following
    assert phase is Phase.POSTED


@pytest.mark.parametrize("what", list(Act))
@pytest.mark.parametrize("phase", [Phase.POSTED, Phase.CANCELLED])
def test_nothing_can_be_done_to_what_is_over(phase: Phase, what: Act) -> None:
    refusal = after(phase, what)
    assert isinstance(refusal, Refusal)
    assert "nothing more" in refusal.message


def test_a_refusal_names_what_is_possible_instead() -> None:
    refusal = after(Phase.LIVE, Act.GO_LIVE)
    assert isinstance(refusal, Refusal)
    assert "end" in refusal.message


def test_every_phase_can_be_reached_and_the_diagram_shows_every_row() -> None:
    assert {*TRANSITIONS.values(), Phase.SCHEDULED} == set(Phase)
    drawn = diagram()
    for (phase, what), to in TRANSITIONS.items():
        assert f"{phase} --> {to}: {what}" in drawn
    assert drawn.count("--> [*]") == 2


def test_the_documentation_shows_the_table_as_it_is() -> None:
    page = (Path(__file__).parents[2] / "docs/reference/life.md").read_text()
    assert f"```mermaid\n{diagram()}```" in page
