"""libopus: a decoder with concealment and in-band FEC, an encoder for one listener's mix.

PyAV decodes Opus but offers neither concealment nor FEC decoding, so libopus is called through
ctypes (opus.h, opus_defines.h); the library comes with `opuslib-next-bundled`. Mono, 48 kHz.
"""

from __future__ import annotations

import ctypes
from typing import Any

import numpy as np
from numpy.typing import NDArray
from opuslib_next._loader import load_libopus

from rostra.ground.facts import FRAME_SAMPLES, SAMPLE_RATE

Pcm = NDArray[np.float32]

_LONGEST = 5760  # 120 ms
_MAX_BYTES = 1275  # RFC 6716 3.2.1, one frame
_VOIP = 2048
_SET_BITRATE, _SET_COMPLEXITY, _SET_FEC, _SET_LOSS, _SET_SIGNAL = 4002, 4010, 4012, 4014, 4024
_VOICE = 3001


def _library() -> Any:
    lib = load_libopus()
    pointer, number = ctypes.c_void_p, ctypes.c_int
    lib.opus_decoder_create.restype = pointer
    lib.opus_decoder_create.argtypes = [ctypes.c_int32, number, ctypes.POINTER(number)]
    lib.opus_decoder_destroy.argtypes = [pointer]
    lib.opus_decode_float.argtypes = [
        pointer, ctypes.c_char_p, ctypes.c_int32, pointer, number, number,
    ]  # fmt: skip
    lib.opus_encoder_create.restype = pointer
    lib.opus_encoder_create.argtypes = [ctypes.c_int32, number, number, ctypes.POINTER(number)]
    lib.opus_encoder_destroy.argtypes = [pointer]
    lib.opus_encode_float.argtypes = [pointer, pointer, number, pointer, ctypes.c_int32]
    lib.opus_encoder_ctl.argtypes = [pointer, number]  # variadic: the value follows as c_int
    return lib


_lib = _library()


class OpusError(Exception):
    """libopus refused; the message is its error code."""


def _made(state: int | None, error: ctypes.c_int) -> int:
    if not state or error.value != 0:
        raise OpusError(f"libopus error {error.value}")
    return state


class OpusDecoder:
    """One sender's decoder. Its state carries over from frame to frame."""

    def __init__(self) -> None:
        error = ctypes.c_int()
        self._state = _made(_lib.opus_decoder_create(SAMPLE_RATE, 1, ctypes.byref(error)), error)
        self._pcm: Pcm = np.zeros(_LONGEST, np.float32)
        self._at = self._pcm.ctypes.data

    def __del__(self) -> None:
        if state := getattr(self, "_state", None):
            _lib.opus_decoder_destroy(state)

    def decode(self, payload: bytes) -> Pcm:
        """The packet's sound, up to 120 ms. Raises OpusError on a packet that is not Opus."""
        return self._decode(payload, len(payload), _LONGEST, 0)

    def recover(self, following: bytes, samples: int) -> Pcm:
        """`samples` of the lost frame, from the FEC in the packet after it; else concealment."""
        return self._decode(following, len(following), samples, 1)

    def conceal(self, samples: int) -> Pcm:
        """`samples` (a multiple of 120) that go on from what was decoded last."""
        return self._decode(None, 0, samples, 0)

    def _decode(self, payload: bytes | None, size: int, samples: int, fec: int) -> Pcm:
        count = _lib.opus_decode_float(self._state, payload, size, self._at, samples, fec)
        if count < 0:
            raise OpusError(f"libopus error {count}")
        return self._pcm[:count].copy()


class OpusEncoder:
    """20 ms mono frames to packets, with in-band FEC for `expected_loss` (percent)."""

    def __init__(
        self, bit_s: int = 40_000, complexity: int = 5, expected_loss: int = 5, fec: bool = True
    ) -> None:
        error = ctypes.c_int()
        self._state = _made(
            _lib.opus_encoder_create(SAMPLE_RATE, 1, _VOIP, ctypes.byref(error)), error
        )
        self._out = ctypes.create_string_buffer(_MAX_BYTES)
        self._set(_SET_BITRATE, bit_s)
        self._set(_SET_COMPLEXITY, complexity)
        self._set(_SET_SIGNAL, _VOICE)
        self._set(_SET_FEC, int(fec))
        self.expect_loss(expected_loss)

    def __del__(self) -> None:
        if state := getattr(self, "_state", None):
            _lib.opus_encoder_destroy(state)

    def expect_loss(self, percent: int) -> None:
        """How much the listener's network loses; more loss, more of the rate goes into FEC."""
        self._set(_SET_LOSS, min(max(percent, 0), 30))

    def encode(self, pcm: Pcm) -> bytes:
        """One packet of `pcm`: 960 float samples."""
        frame = np.ascontiguousarray(pcm, np.float32)
        if frame.shape != (FRAME_SAMPLES,):
            raise ValueError(f"a frame has {FRAME_SAMPLES} samples, not {frame.shape}")
        size = _lib.opus_encode_float(
            self._state, frame.ctypes.data, FRAME_SAMPLES, ctypes.addressof(self._out), _MAX_BYTES
        )
        if size < 0:
            raise OpusError(f"libopus error {size}")
        return self._out.raw[:size]

    def _set(self, request: int, value: int) -> None:
        code = _lib.opus_encoder_ctl(self._state, request, ctypes.c_int(value))
        if code != 0:
            raise OpusError(f"libopus error {code} on request {request}")
