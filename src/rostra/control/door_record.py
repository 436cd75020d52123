"""What control must not forget of a door: kept in storage, read back after a restart."""

from __future__ import annotations

import msgspec

from rostra.ground.door_values import Covered


class Lane(msgspec.Struct, frozen=True):
    """A priority lane: its name and how many places were given out for it."""

    name: str
    places: int


class DoorRecord(msgspec.Struct, frozen=True, kw_only=True):
    """One event's door.

    `secret`: 32 bytes, drawn when the event was created; nobody hears it before the doors open.
    `covered` grows until then and stands still after. `admitted_rank` never goes down. `cap`,
    `hold`, `open_all` and `rung_forced` are what the operator asked for. `leases` and `granted`, by
    edge `(run, passes)`: what was lent last, and of it used when `inside` held places. `audience`:
    what the count must remember (`Audience.save`).
    """

    secret: bytes
    covered: tuple[Covered, ...] = ()
    opened_at_s: int | None = None
    sequence: int = 0
    admitted_rank: int = -1
    rung: int = 0
    rung_since_ms: int = 0
    reason: str = "rung_best"
    cap: int | None = None
    hold: bool = False
    open_all: bool = False
    rung_forced: int | None = None
    lanes: tuple[Lane, ...] = ()
    leases: dict[str, tuple[str, int]] = {}
    granted: dict[str, tuple[str, int]] = {}
    inside: int = 0
    audience: bytes = b""
