"""The 20 ms mixer: the programme, and for each seat the programme without that seat."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rostra.ground.facts import FRAME_SAMPLES
from rostra.stage.levelling import Leveller
from rostra.stage.limiter import Limiter

Pcm = NDArray[np.float32]
Pcm16 = NDArray[np.int16]

_SILENCE: Pcm = np.zeros(FRAME_SAMPLES, np.float32)


def to_pcm16(frame: Pcm) -> Pcm16:
    """Rounded to 16 bits, full scale 1.0 at 32767, clipped."""
    return np.clip(np.rint(frame * 32767), -32768, 32767).astype("<i2")


@dataclass(frozen=True)
class Mix:
    """One tick's results, each 960 samples."""

    programme: Pcm
    without: dict[str, Pcm]  # seat id → the mix that seat hears
    stems: dict[str, Pcm]  # seat id → levelled, unlimited; silent seats are missing


class Mixer:
    """The mix of one event. Seats come and go by being named or not."""

    def __init__(self) -> None:
        self._levellers: dict[str, Leveller] = {}
        self._limiters: dict[str, Limiter] = {}
        self._programme = Limiter()

    def mix(self, sounds: Mapping[str, Pcm], listeners: Iterable[str]) -> Mix:
        """`sounds`: one frame for each seat that sounds now; `listeners`: seats that want a mix."""
        stems: dict[str, Pcm] = {}
        total = _SILENCE
        for seat_id, frame in sounds.items():
            leveller = self._levellers.get(seat_id)
            if leveller is None:
                leveller = self._levellers[seat_id] = Leveller()
            stems[seat_id] = leveller.level(frame)
            total = total + stems[seat_id]
        without: dict[str, Pcm] = {}
        for seat_id in listeners:
            limiter = self._limiters.get(seat_id)
            if limiter is None:
                limiter = self._limiters[seat_id] = Limiter()
            own = stems.get(seat_id)
            without[seat_id] = limiter.limit(total if own is None else total - own)
        return Mix(self._programme.limit(total), without, stems)

    def gain_db(self, seat_id: str) -> float:
        """The levelling gain of a seat; 0 before it was heard."""
        leveller = self._levellers.get(seat_id)
        return leveller.gain_db if leveller else 0.0

    def forget(self, seat_id: str) -> None:
        """The seat is gone for good."""
        self._levellers.pop(seat_id, None)
        self._limiters.pop(seat_id, None)
