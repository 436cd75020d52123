"""PyAV: programme PCM to encoded frames, and the init segment that describes them."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import cast

import av
import numpy as np
from av.audio.codeccontext import AudioCodecContext

from rostra.ground.facts import SAMPLE_RATE
from rostra.packaging.renditions import Rendition

_OPUS_PRE_SKIP_AT = 10  # RFC 7845 5.1: uint16 after "OpusHead", version, channels


class _Sink:
    def __init__(self) -> None:
        self.data = bytearray()

    def write(self, data: bytes) -> int:
        self.data += data
        return len(data)


def init_segment(rendition: Rendition) -> bytes:
    """ftyp + moov of the rendition: CMAF, track 1, no edit list."""
    sink = _Sink()
    flags = {"movflags": "+empty_moov+default_base_moof+cmaf", "fflags": "+bitexact"}
    with av.open(sink, "w", format="mp4", options=flags) as out:
        stream = out.add_stream(
            rendition.encoder,
            rate=rendition.timescale,
            layout="mono",
            bit_rate=rendition.bit_rate,
            options=dict(rendition.options),
        )
        out.start_encoding()
        assert stream.time_base == Fraction(1, rendition.timescale)
        return bytes(sink.data)


class Encoder:
    """One encoder run of one rendition.

    `start`: media time of the first frame that comes out (timescale units). Feeding begins earlier
    by `preroll_frames`, at sample `feed_from` of the programme (48 kHz).

    Frames stand at media times of whole frames since go-live and there is no edit list, so that a
    player without edit lists has the same clock as one with. The AAC encoder's priming frame is
    left out (the frame at 0 holds samples 0 to 1023; what a decoder lacks without it is the first
    21 ms, which fade in). Opus keeps its pre-skip: what is heard at media time t is t − 6.5 ms.
    """

    def __init__(self, rendition: Rendition, start: int) -> None:
        self.rendition, self.start = rendition, start
        preroll = rendition.preroll_frames * rendition.frame_samples
        first = max(0, start - preroll)
        self.feed_from = first * rendition.scale
        context = av.CodecContext.create(rendition.encoder, "w")
        assert isinstance(context, AudioCodecContext)
        context.sample_rate = rendition.timescale
        context.layout = "mono"
        # libopus takes 16-bit as it is; the AAC encoder wants planar floats.
        context.format = "s16" if rendition.encoder == "libopus" else "fltp"
        context.bit_rate = rendition.bit_rate
        context.options = dict(rendition.options)
        context.time_base = Fraction(1, rendition.timescale)
        context.open()
        self._context = context
        pre_skip = 0
        if rendition.encoder == "libopus":
            head = cast(bytes, context.extradata)
            pre_skip = int.from_bytes(head[_OPUS_PRE_SKIP_AT : _OPUS_PRE_SKIP_AT + 2], "little")
        self._shift = pre_skip
        self._resampler = (
            av.AudioResampler(format="s16", layout="mono", rate=rendition.timescale)
            if rendition.scale > 1
            else None
        )
        self._fed = self.feed_from  # next sample of the programme
        self._next_in = first  # media time of the next frame into the encoder
        self._next_out = start  # media time of the next frame that comes out
        self._held = np.zeros(0, np.int16)

    def encode(self, position: int, pcm: bytes) -> list[bytes]:
        """Take programme samples from `position` (48 kHz, no gaps); what precedes `feed_from` is
        left out. Gives the encoded frames that are ready."""
        samples = np.frombuffer(pcm, np.int16)[max(0, self._fed - position) :]
        if not len(samples):
            return []
        assert position <= self._fed, "a gap in the programme"
        self._fed += len(samples)
        self._held = np.concatenate([self._held, self._resample(samples)])
        return list(self._frames())

    def finish(self) -> list[bytes]:
        """The last frames; the tail is padded with silence to a whole frame."""
        if self._fed == self.feed_from:
            return []
        end = -(-self._fed // self.rendition.scale)
        if self._resampler is not None:
            rest = [frame.to_ndarray()[0] for frame in self._resampler.resample(None)]
            self._held = np.concatenate([self._held, *rest])
        size = self.rendition.frame_samples
        self._held = np.concatenate([self._held, np.zeros(-len(self._held) % size, np.int16)])
        out = list(self._frames())
        for packet in self._context.encode(None):
            assert packet.pts is not None
            if packet.pts + self._shift < end:
                out += self._keep(packet.pts, bytes(packet))
        return out

    def _resample(
        self, samples: np.ndarray[tuple[int], np.dtype[np.int16]]
    ) -> np.ndarray[tuple[int], np.dtype[np.int16]]:
        if self._resampler is None:
            return samples
        frame = av.AudioFrame.from_ndarray(samples[None, :], format="s16", layout="mono")
        frame.sample_rate = SAMPLE_RATE
        parts = [out.to_ndarray()[0] for out in self._resampler.resample(frame)]
        return np.concatenate(parts) if parts else np.zeros(0, np.int16)

    def _frames(self) -> Iterator[bytes]:
        size = self.rendition.frame_samples
        while len(self._held) >= size:
            samples, self._held = self._held[:size], self._held[size:]
            if self._context.format.name == "fltp":
                planar = (samples.astype(np.float32) / 32768.0)[None, :]
                frame = av.AudioFrame.from_ndarray(planar, format="fltp", layout="mono")
            else:
                frame = av.AudioFrame.from_ndarray(samples[None, :], format="s16", layout="mono")
            frame.sample_rate = self.rendition.timescale
            frame.time_base = Fraction(1, self.rendition.timescale)
            frame.pts = self._next_in
            self._next_in += size
            for packet in self._context.encode(frame):
                assert packet.pts is not None
                yield from self._keep(packet.pts, bytes(packet))

    def _keep(self, pts: int, frame: bytes) -> Iterator[bytes]:
        at = pts + self._shift
        if at < self.start:
            return
        if at != self._next_out:
            raise RuntimeError(f"{self.rendition.name}: frame at {at}, not {self._next_out}")
        self._next_out += self.rendition.frame_samples
        yield frame
