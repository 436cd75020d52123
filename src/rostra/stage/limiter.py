"""A look-ahead limiter: no sample above the ceiling, no step in the gain, 5 ms of delay."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from rostra.ground.facts import FRAME_SAMPLES

Pcm = NDArray[np.float32]

CEILING = 10 ** (-1 / 20)  # -1 dBFS, of the sample values
SLICE = 48  # samples for which one gain is needed: 1 ms
LOOKAHEAD = 5  # slices
DELAY = SLICE * LOOKAHEAD
RELEASE = 0.008  # share of the way back to unity in each slice: about 125 ms

_SLICES = FRAME_SAMPLES // SLICE
_WITHIN = np.arange(SLICE, dtype=np.float32)[None, :] / SLICE


class Limiter:
    """Between two slices the gain goes in a straight line from node to node.

    A node is at most the gain needed in the slices on both its sides, so no sample inside them is
    too loud; it falls by at most 1/LOOKAHEAD a slice, so the fall begins before the peak.
    """

    def __init__(self) -> None:
        self._tail: Pcm = np.zeros(DELAY, np.float32)
        self._node = 1.0

    def limit(self, frame: Pcm) -> Pcm:
        """960 samples of any level in; the 960 of 5 ms before out, none above CEILING."""
        sound = np.concatenate((self._tail, frame))
        self._tail = sound[FRAME_SAMPLES:].copy()
        peaks = np.abs(sound).reshape(-1, SLICE).max(axis=1)
        out = sound[:FRAME_SAMPLES]
        if self._node == 1.0 and float(peaks.max()) <= CEILING:
            return out.copy()
        needed = np.minimum(1.0, CEILING / np.maximum(peaks, 1e-9))
        bounds = np.minimum(needed[:-1], needed[1:]).tolist()  # [k]: between slices k and k + 1
        nodes = [self._node]
        for at in range(_SLICES):
            ahead = bounds[at : at + LOOKAHEAD]
            least = min(bound + far / LOOKAHEAD for far, bound in enumerate(ahead))
            risen = nodes[-1] + (1 - nodes[-1]) * RELEASE
            nodes.append(min(least, risen if risen < 0.9999 else 1.0))
        self._node = nodes[-1]
        start = np.array(nodes[:-1], np.float32)[:, None]
        slope = np.diff(np.array(nodes, np.float32))[:, None]
        gains = (start + slope * _WITHIN).reshape(-1)
        # The last bit of float32 may round up.
        return np.clip(out * gains, -np.float32(CEILING), np.float32(CEILING))
