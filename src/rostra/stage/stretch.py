"""Shorten or lengthen a frame by one pitch period, where an ear does not notice.

Overlap-add at the lag where the sound is most like itself (WSOLA; NetEQ's "accelerate" and
"preemptive expand" do the same).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Pcm = NDArray[np.float32]

LEAST, MOST = 120, 600  # lags in samples: 2.5 to 12.5 ms
OVERLAP = 240
LIKE = 0.5  # least similarity at which a cut is made in loud sound
QUIET = 0.003  # root mean square below which any cut is unheard

_COARSE = 4
_RISE = (np.arange(OVERLAP, dtype=np.float32) + 0.5) / OVERLAP
_FALL = 1 - _RISE


def _best_lag(pcm: Pcm, most: int) -> tuple[int, float]:
    coarse = pcm[: len(pcm) - len(pcm) % _COARSE].reshape(-1, _COARSE).mean(axis=1)
    width = OVERLAP // _COARSE
    head = coarse[:width]
    low, high = LEAST // _COARSE, most // _COARSE
    region = coarse[low : high + width]
    likeness = np.correlate(region, head, "valid")
    energy = np.convolve(region * region, np.ones(width, np.float32), "valid")
    score = likeness / np.sqrt(energy * float(head @ head) + 1e-12)
    at = int(np.argmax(score))
    return (low + at) * _COARSE, float(score[at])


def stretch(pcm: Pcm, samples: int, insist: bool = False) -> Pcm:
    """`pcm` shortened by 120 to `-samples` or lengthened by 120 to 600 samples, or as it was.

    Both ends stay what they were, so frames before and after still join. Frames under 840 samples
    come back unchanged; unless `insist`, also loud ones without a likeness to cut at.
    """
    most = min(MOST, -samples) if samples < 0 else MOST
    if samples == 0 or most < LEAST or len(pcm) < MOST + OVERLAP:
        return pcm
    lag, likeness = _best_lag(pcm, most)
    if not insist and likeness < LIKE and float(np.sqrt(np.mean(pcm * pcm))) > QUIET:
        return pcm
    if samples < 0:
        joint = pcm[:OVERLAP] * _FALL + pcm[lag : lag + OVERLAP] * _RISE
        return np.concatenate((joint, pcm[lag + OVERLAP :]))
    joint = pcm[lag : lag + OVERLAP] * _FALL + pcm[:OVERLAP] * _RISE
    return np.concatenate((pcm[:lag], joint, pcm[OVERLAP:]))
