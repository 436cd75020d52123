"""The event's life as a transition table; documentation's diagram is drawn from it."""

from __future__ import annotations

from enum import StrEnum

from rostra.ground.facts import Phase
from rostra.ground.refusals import Refusal


class Act(StrEnum):
    """What may be asked of an event."""

    OPEN_DOORS = "open_doors"
    GO_LIVE = "go_live"
    END = "end"
    POST = "post"
    CANCEL = "cancel"


TRANSITIONS: dict[tuple[Phase, Act], Phase] = {
    (Phase.SCHEDULED, Act.OPEN_DOORS): Phase.DOORS_OPEN,
    (Phase.SCHEDULED, Act.GO_LIVE): Phase.LIVE,
    (Phase.SCHEDULED, Act.CANCEL): Phase.CANCELLED,
    (Phase.DOORS_OPEN, Act.GO_LIVE): Phase.LIVE,
    (Phase.DOORS_OPEN, Act.CANCEL): Phase.CANCELLED,
    (Phase.LIVE, Act.END): Phase.ENDED,
    (Phase.ENDED, Act.POST): Phase.POSTED,
}


def after(phase: Phase, act: Act) -> Phase | Refusal:
    """The phase that `act` leads to, or a refusal that names what is possible instead."""
    following = TRANSITIONS.get((phase, act))
    if following is not None:
        return following
    possible = [row_act.value for row_phase, row_act in TRANSITIONS if row_phase is phase]
    instead = f"possible now: {', '.join(possible)}" if possible else "nothing more can be done"
    return Refusal("wrong_phase", 409, f"The event is {phase}, so it cannot {act}; {instead}.")


def diagram() -> str:
    """The table as a Mermaid state diagram."""
    lines = ["stateDiagram-v2", "    [*] --> scheduled"]
    lines += [f"    {phase} --> {to}: {act}" for (phase, act), to in TRANSITIONS.items()]
    ends = {to for to in TRANSITIONS.values() if not any(phase is to for phase, _ in TRANSITIONS)}
    lines += [f"    {phase} --> [*]" for phase in Phase if phase in ends]
    return "\n".join(lines) + "\n"
