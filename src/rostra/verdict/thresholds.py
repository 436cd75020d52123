"""Thresholds of the verdict: sealed before the event (`Sealed.thresholds`), so whole numbers."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

MODEL = "rostra-verdict-1"


class Thresholds(msgspec.Struct, frozen=True, kw_only=True):
    """`harm_permille`: of the listener-minutes that people wanted; less is no harm. Of a long night
    that would be much: no more is asked for than `harm_each_s` seconds for each of the most people.

    `decided_permille`: probability from which a word is said. `promise_permille`: what the door was
    to let in, of what the house bears. `attack_permille`: of the capacity; an attack that may have
    been smaller than that is not accused. `seen_permille`: of the edge-seconds, to say no harm.
    """

    harm_permille: int = 20
    harm_each_s: int = 30
    decided_permille: int = 900
    promise_permille: int = 850
    attack_permille: int = 20
    seen_permille: int = 900


def said(thresholds: Thresholds) -> dict[str, int]:
    """As the first record of a ledger holds them."""
    return {name: int(value) for name, value in msgspec.structs.asdict(thresholds).items()}


def sealed(given: Mapping[str, int]) -> Thresholds:
    """Thresholds as sealed; those that are not there are the model's own.

    ValueError where one is not between 0 and 1000.
    """
    known = {name: given[name] for name in Thresholds.__struct_fields__ if name in given}
    for name, value in known.items():
        if not 0 <= value <= 1000:
            raise ValueError(f"{name}: {value} is not between 0 and 1000")
    return Thresholds(**known)
