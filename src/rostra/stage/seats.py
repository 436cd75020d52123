"""The seats of one event: who sits, who is muted, who is speaking, and how loud."""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from rostra.ground.facts import Role, Seat, SeatsChanged
from rostra.ground.refusals import Refusal

SEATS = 16
KEEP_S = 60.0  # an empty seat is shown this long
SPEAKING_DBFS = -45.0
QUIET_DBFS = -52.0
SPEAKING_AFTER_S = 0.06
QUIET_AFTER_S = 0.6
LEVEL_FALL_DB_S = 40.0
SILENCE_DBFS = -100.0
NAME_LENGTH = 60

STAGE_FULL = Refusal(
    "stage_full", 503, "All seats on the stage are taken. Ask the host to let someone leave first."
)


def seat_id_of(secret: str, event_id: str) -> str:
    """The public name of a seat: says nothing of the secret that opens it."""
    digest = hashlib.sha256(f"rostra seat\0{event_id}\0{secret}".encode())
    return digest.hexdigest()[:8]


def level_dbfs(frame: NDArray[np.float32]) -> float:
    """Root mean square of a frame, full scale 1.0."""
    power = float(np.mean(frame * frame))
    return max(SILENCE_DBFS, 10 * math.log10(power)) if power > 0 else SILENCE_DBFS


def clean_name(name: str) -> str:
    """A name fit to show: no control characters, one line, at most 60 characters."""
    shown = "".join(c for c in name if c.isprintable())
    return " ".join(shown.split())[:NAME_LENGTH]


@dataclass
class _Place:
    name: str
    role: Role
    connected: bool = True
    muted: bool = False
    speaking: bool = False
    level: float = SILENCE_DBFS
    loud_since: float | None = None
    loud_last: float = field(default=-math.inf)
    left: float = 0.0
    heard: float = 0.0


class Seats:
    """All seats of `event_id`. Times are monotonic seconds."""

    def __init__(self, event_id: str, limit: int = SEATS) -> None:
        self.event_id = event_id
        self._limit = limit
        self._places: dict[str, _Place] = {}

    def refusal(self, secret: str) -> Refusal | None:
        """Why the bearer of `secret` could not join now."""
        seat_id = seat_id_of(secret, self.event_id)
        taken = sum(p.connected for i, p in self._places.items() if i != seat_id)
        return STAGE_FULL if taken >= self._limit else None

    def join(self, secret: str, name: str, role: Role) -> str | Refusal:
        """Take a seat, or come back to it: the same secret gives the same seat id and mute."""
        if (full := self.refusal(secret)) is not None:
            return full
        seat_id = seat_id_of(secret, self.event_id)
        place = self._places.get(seat_id)
        name = clean_name(name) or role.value.capitalize()
        if place is None:
            self._places[seat_id] = _Place(name, role)
        else:
            place.name, place.role, place.connected = name, role, True
        return seat_id

    def leave(self, seat_id: str, now: float) -> None:
        """The seat stays for KEEP_S, empty, so that coming back is seen as that."""
        if place := self._places.get(seat_id):
            place.connected = place.speaking = False
            place.level, place.loud_since, place.left = SILENCE_DBFS, None, now

    def mute(self, seat_id: str, muted: bool) -> None:
        if place := self._places.get(seat_id):
            place.muted = muted
            if muted:
                place.speaking, place.level, place.loud_since = False, SILENCE_DBFS, None

    def hear(self, seat_id: str, level: float, now: float) -> None:
        """A frame of the seat's sound had `level` dBFS (SILENCE_DBFS where there was none)."""
        place = self._places.get(seat_id)
        if place is None or place.muted or not place.connected:
            return
        fallen = place.level - LEVEL_FALL_DB_S * max(0.0, now - place.heard)
        place.heard = now
        place.level = max(level, fallen, SILENCE_DBFS)
        if level >= (QUIET_DBFS if place.speaking else SPEAKING_DBFS):
            place.loud_last = now
            if place.loud_since is None:
                place.loud_since = now
            if now - place.loud_since >= SPEAKING_AFTER_S:
                place.speaking = True
        elif now - place.loud_last >= (QUIET_AFTER_S if place.speaking else 0.1):
            place.loud_since = None
            place.speaking = False

    def forget_gone(self, now: float) -> list[str]:
        """Seats that have been empty for KEEP_S; they are no longer shown."""
        gone = [
            seat_id
            for seat_id, place in self._places.items()
            if not place.connected and now - place.left >= KEEP_S
        ]
        for seat_id in gone:
            del self._places[seat_id]
        return gone

    def is_muted(self, seat_id: str) -> bool:
        place = self._places.get(seat_id)
        return place is None or place.muted

    def view(self) -> tuple[Seat, ...]:
        """As everyone may see them, in order of arrival."""
        return tuple(
            Seat(
                seat_id=seat_id,
                name=place.name,
                role=place.role,
                connected=place.connected,
                muted=place.muted,
                speaking=place.speaking,
                level_dbfs=round(place.level),
            )
            for seat_id, place in self._places.items()
        )

    def changed(self, at_ms: int) -> SeatsChanged:
        """The fact that tells everyone."""
        return SeatsChanged(event_id=self.event_id, seats=self.view(), at_ms=at_ms)
