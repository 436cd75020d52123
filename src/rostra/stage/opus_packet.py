"""Opus packets: their duration and whether they carry their predecessor (RFC 6716 3.1, 4.2.4)."""

from __future__ import annotations

_SILK_MS = (10, 20, 40, 60)
_HYBRID_MS = (10, 20)
_CELT_MS = (2.5, 5, 10, 20)
_LONGEST = 5760  # samples in 120 ms, the longest packet there is (RFC 6716 3.2.5, R5)


def _frame_samples(toc: int) -> int:
    config = toc >> 3
    if config < 12:
        return _SILK_MS[config & 3] * 48
    if config < 16:
        return _HYBRID_MS[config & 1] * 48
    return int(_CELT_MS[config & 3] * 48)


def samples(payload: bytes) -> int:
    """Duration of the packet in samples at 48 kHz; 0 if it is not an Opus packet."""
    if not payload:
        return 0
    code = payload[0] & 3
    if code == 3:
        if len(payload) < 2:
            return 0
        count = payload[1] & 0x3F
    else:
        count = 1 if code == 0 else 2
    total = count * _frame_samples(payload[0])
    return total if total <= _LONGEST else 0


def _first_frame(payload: bytes) -> int:
    """Index of the first byte of the first compressed frame (RFC 6716 3.2)."""
    code = payload[0] & 3
    if code < 2:
        return 1
    if code == 2:
        return 3 if payload[1] >= 252 else 2
    at, flags = 2, payload[1]
    if flags & 0x40:  # padding: each 255 means 254 bytes and one more length byte
        while payload[at] == 255:
            at += 1
        at += 1
    if flags & 0x80:  # variable bit rate: a length for all frames but the last
        for _ in range((flags & 0x3F) - 1):
            at += 2 if payload[at] >= 252 else 1
    return at


def carries_previous(payload: bytes) -> bool:
    """Whether the packet holds a low-bit-rate copy of the frame before it (in-band FEC, LBRR).

    Only SILK and hybrid frames can. The flag follows the voice-activity flags of the SILK frames
    at the very start of the frame, where the range coder leaves bits readable (RFC 6716 4.2.3).
    """
    if len(payload) < 2 or payload[0] >> 3 >= 16:
        return False
    try:
        first = payload[_first_frame(payload)]
    except IndexError:
        return False
    silk_frames = max(1, _frame_samples(payload[0]) // 960)
    return bool(first >> (7 - silk_frames) & 1)


def is_pause(payload: bytes) -> bool:
    """Whether the sender now sends nothing until sound returns (DTX, RFC 6716 2.1.9)."""
    return len(payload) <= 2
