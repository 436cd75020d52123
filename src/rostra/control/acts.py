"""The operator's log: what was done to an event, by whom, and what of it can be undone."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from rostra.ground.refusals import Refusal
from rostra.ground.wall_time import rfc3339

OPERATOR = "operator"
UNDO = "undo"


class Detail(msgspec.Struct, frozen=True):
    """Who did it, in words what; `undid` is the number of the act that an undo took back."""

    by: str
    says: str
    undid: int = 0


class Undo(msgspec.Struct, frozen=True, omit_defaults=True):
    """How an act is taken back.

    `field`: what the act set (`cap`, `start_ms`, `announcement 3`, …), empty where nothing can be
    taken back. `was`: the values before, by name.
    """

    field: str = ""
    was: dict[str, Any] = {}


class Done(msgspec.Struct, frozen=True, kw_only=True):
    """One act. `number` is given by the storage."""

    event_id: str
    at_ms: int
    act: str
    detail: Detail
    undo: Undo = Undo()
    number: int = 0


def undoable(done: Iterable[Done]) -> set[int]:
    """Numbers of the acts that can be taken back now, of one event's acts in order.

    Of the acts that set the same thing only the newest that stands: taking back an older one would
    silently take back the newer one too.
    """
    standing: dict[str, list[int]] = {}
    fields: dict[int, str] = {}
    for one in done:
        if one.detail.undid:
            standing[fields[one.detail.undid]].remove(one.detail.undid)
        elif one.undo.field:
            fields[one.number] = one.undo.field
            standing.setdefault(one.undo.field, []).append(one.number)
    return {numbers[-1] for numbers in standing.values() if numbers}


def to_undo(done: Sequence[Done], number: int) -> Done | Refusal:
    """The act of that number if it can be taken back now, or why not."""
    found = next((one for one in done if one.number == number), None)
    if found is None:
        return Refusal("no_such_act", 404, f"There is no act {number} of this event.")
    if not found.undo.field:
        return Refusal("cannot_undo", 409, f"{found.act} cannot be undone: people acted on it.")
    if number in undoable(done):
        return found
    if any(one.detail.undid == number for one in done):
        return Refusal("already_undone", 409, f"Act {number} was undone before.")
    return Refusal(
        "later_act", 409, "The same thing was changed again later; undo the later act first."
    )


def shown(done: Sequence[Done]) -> list[dict[str, Any]]:
    """One event's acts as the API answers them, the newest first."""
    now = undoable(done)
    return [
        {
            "number": one.number,
            "at": rfc3339(one.at_ms),
            "act": one.act,
            "by": one.detail.by,
            "detail": one.detail.says,
            "undoable": one.number in now,
        }
        for one in reversed(done)
    ]
