"""Thresholds go into the ledger as whole numbers, and come back."""

from __future__ import annotations

import pytest

from rostra.verdict.thresholds import Thresholds, said, sealed


def test_what_was_sealed_is_what_is_judged_by() -> None:
    chosen = Thresholds(harm_permille=50)
    assert sealed(said(chosen)) == chosen
    assert all(isinstance(value, int) for value in said(chosen).values())


def test_names_of_another_model_are_left_out() -> None:
    assert sealed({"harm_permille": 7, "of_tomorrow": 1}) == Thresholds(harm_permille=7)


@pytest.mark.parametrize("value", [-1, 1001])
def test_a_share_beyond_all_is_refused(value: int) -> None:
    with pytest.raises(ValueError, match="decided_permille"):
        sealed({"decided_permille": value})
