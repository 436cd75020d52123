"""The operator's log."""

from __future__ import annotations

from rostra.control import acts
from rostra.control.acts import Detail, Done, Undo
from rostra.ground.refusals import Refusal


def done(number: int, field: str = "", undid: int = 0) -> Done:
    return Done(
        event_id="a", at_ms=1000 * number, act="act", number=number,
        detail=Detail("operator", "words", undid), undo=Undo(field, {field: 1} if field else {}),
    )  # fmt: skip


def code(rows: list[Done], number: int) -> str:
    found = acts.to_undo(rows, number)
    return found.code if isinstance(found, Refusal) else "ok"


def test_only_the_newest_of_a_kind_can_be_undone() -> None:
    rows = [done(1, "cap"), done(2, "hold"), done(3, "cap"), done(4)]
    assert acts.undoable(rows) == {2, 3}
    assert [code(rows, number) for number in (1, 2, 3, 4, 5)] == [
        "later_act", "ok", "ok", "cannot_undo", "no_such_act",
    ]  # fmt: skip


def test_undoing_lays_the_older_one_open_and_is_not_undone_itself() -> None:
    rows = [done(1, "cap"), done(3, "cap"), done(4, undid=3)]
    assert acts.undoable(rows) == {1}
    assert (code(rows, 3), code(rows, 4)) == ("already_undone", "cannot_undo")


def test_the_log_shows_the_newest_first_in_words() -> None:
    shown = acts.shown([done(1, "cap"), done(2)])
    assert [row["number"] for row in shown] == [2, 1]
    assert shown[1] == {
        "number": 1, "at": "1970-01-01T00:00:01Z", "act": "act", "by": "operator",
        "detail": "words", "undoable": True,
    }  # fmt: skip
