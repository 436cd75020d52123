"""Cuts one rendition's encoded frames into chunks, and the same chunks into parts and segments."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import msgspec

from rostra.packaging import boxes
from rostra.packaging.renditions import PART_CHUNKS, SEGMENT_CHUNKS, Rendition, segment_chunks

# A live playlist names the parts of its last three target durations (bis 4.4.4.9), and those of
# the segment that this cuts through.
PARTS_KEPT_S = 13


class Chunk(NamedTuple):
    """One moof + mdat (with an `emsg` before it where a 4 s segment begins)."""

    start: int
    duration: int
    body: bytes


class Part(msgspec.Struct, frozen=True):
    """A sealed part; `start` and `duration` in the rendition's timescale, since go-live."""

    cut: str
    msn: int
    number: int
    start: int
    duration: int


class Segment(msgspec.Struct, frozen=True, tag="segment", tag_field="kind", kw_only=True):
    """A sealed segment, and its line in the index.

    `epoch` numbers the encoder's runs in this event. `discontinuities` says how many
    EXT-X-DISCONTINUITY tags stand before it (the step in `epoch`), so that the discontinuity
    sequence number of a segment is its epoch in every rendition.
    """

    rendition: str
    cut: str
    msn: int
    start: int
    duration: int
    timescale: int
    epoch: int
    discontinuities: int
    body_bytes: int
    nonce: str = ""

    @property
    def end(self) -> int:
        """Start of what follows, in timescale units."""
        return self.start + self.duration

    @property
    def seconds(self) -> float:
        """Length in seconds."""
        return self.duration / self.timescale


class Sealed(NamedTuple):
    """Bytes that never change again, and what they are."""

    what: Part | Segment
    body: bytes


class _Open:
    """A segment of one cut that still grows."""

    def __init__(self, cut: str, history: Iterable[Segment]) -> None:
        self.cut = cut
        self.sealed = [segment for segment in history if segment.cut == cut]
        self.chunks: list[Chunk] = []

    @property
    def msn(self) -> int:
        return self.sealed[-1].msn + 1 if self.sealed else 0

    @property
    def end(self) -> int:
        """Where the next chunk must start, or later after a restart; 0 at the beginning."""
        if self.chunks:
            return self.chunks[-1].start + self.chunks[-1].duration
        return self.sealed[-1].end if self.sealed else 0

    def discontinuities(self, epoch: int) -> int:
        return epoch - (self.sealed[-1].epoch if self.sealed else 0)


class Segmenter:
    """Frames of one rendition in, parts and segments out.

    `history` is what the index already holds (after a restart). Media sequence numbers go on from
    it and are never used twice. Parts of the segments of the last `PARTS_KEPT_S` are remembered.
    """

    def __init__(self, rendition: Rendition, history: Iterable[Segment] = ()) -> None:
        self.rendition = rendition
        history = list(history)
        self.epoch = max((segment.epoch for segment in history), default=0)
        self._open = {cut: _Open(cut, history) for cut in rendition.cuts if cut in SEGMENT_CHUNKS}
        self._parts: dict[str, list[Part]] = {cut: [] for cut in PART_CHUNKS}
        self._unparted: dict[str, list[Chunk]] = {cut: [] for cut in PART_CHUNKS}
        self._frames: list[bytes] = []
        self._start = self.end

    @property
    def end(self) -> int:
        """End of the last sealed chunk, timescale units."""
        return self._open["s4"].end

    def sealed(self, cut: str) -> list[Segment]:
        """Every sealed segment of the cut, oldest first. Read only."""
        return self._open[cut].sealed

    def parts(self, cut: str) -> list[Part]:
        """The sealed parts that a live playlist still names, oldest first."""
        return self._parts[cut]

    def next_msn(self, cut: str) -> int:
        """Media sequence number of the segment that grows now or comes next."""
        return self._open[cut].msn

    def next_discontinuities(self, cut: str) -> int:
        """EXT-X-DISCONTINUITY tags before the segment that grows now or comes next."""
        return self._open[cut].discontinuities(self.epoch)

    def has_open(self) -> bool:
        """True while a segment has chunks but is not sealed."""
        return any(growing.chunks for growing in self._open.values())

    def begin_epoch(self, epoch: int, start: int) -> None:
        """A new encoder run: its first frame is at `start`. Close what is open before."""
        self.epoch, self._start, self._frames = epoch, start, []

    def push_frame(self, frame: bytes, nonce: str) -> list[Sealed]:
        """Take the next encoded frame; `nonce` is used if it completes a segment's first chunk."""
        self._frames.append(frame)
        if len(self._frames) < self.rendition.chunk_frames:
            return []
        return self._seal_frames(nonce)

    def _seal_frames(self, nonce: str) -> list[Sealed]:
        rendition, start = self.rendition, self._start
        duration = len(self._frames) * rendition.frame_samples
        body = boxes.chunk(self._frames, start, rendition.frame_samples)
        growing = self._open["s4"]
        if not growing.chunks:
            length = rendition.chunk_samples * segment_chunks("s4", growing.msn)
            message = boxes.nonce_message(nonce, growing.msn, start, length, rendition.timescale)
            body = message + body
        self._frames = []
        self._start = start + duration
        return self.push_chunk(Chunk(start, duration, body))

    def push_chunk(self, chunk: Chunk) -> list[Sealed]:
        """Take a whole chunk, also one read back from disk; a cut that has it already skips it."""
        out: list[Sealed] = []
        for growing in self._open.values():
            if chunk.start < growing.end:
                continue
            growing.chunks.append(chunk)
            full = len(growing.chunks) == segment_chunks(growing.cut, growing.msn)
            if growing.cut == "s4":
                for cut, chunks in self._unparted.items():
                    chunks.append(chunk)
                    if full or len(chunks) == PART_CHUNKS[cut]:
                        out.append(self._seal_part(cut))
            if full:
                out.append(self._seal_segment(growing))
        return out

    def close(self, nonce: str = "") -> list[Sealed]:
        """Seal all that is open as a short part and a short segment (end of event or epoch)."""
        out = self._seal_frames(nonce) if self._frames else []
        out += [self._seal_part(cut) for cut, chunks in self._unparted.items() if chunks]
        out += [self._seal_segment(growing) for growing in self._open.values() if growing.chunks]
        return out

    def _seal_part(self, cut: str) -> Sealed:
        chunks, self._unparted[cut] = self._unparted[cut], []
        msn, parts = self._open["s4"].msn, self._parts[cut]
        number = parts[-1].number + 1 if parts and parts[-1].msn == msn else 0
        duration = sum(chunk.duration for chunk in chunks)
        part = Part(cut, msn, number, chunks[0].start, duration)
        parts.append(part)
        kept = part.start + duration - PARTS_KEPT_S * self.rendition.timescale
        oldest = next(p.msn for p in parts if p.start + p.duration > kept)
        self._parts[cut] = [p for p in parts if p.msn >= oldest]
        return Sealed(part, b"".join(chunk.body for chunk in chunks))

    def _seal_segment(self, growing: _Open) -> Sealed:
        chunks, growing.chunks = growing.chunks, []
        body = b"".join(chunk.body for chunk in chunks)
        segment = Segment(
            rendition=self.rendition.name,
            cut=growing.cut,
            msn=growing.msn,
            start=chunks[0].start,
            duration=sum(chunk.duration for chunk in chunks),
            timescale=self.rendition.timescale,
            epoch=self.epoch,
            discontinuities=growing.discontinuities(self.epoch),
            body_bytes=len(body),
            nonce=boxes.nonce_of(chunks[0].body),
        )
        growing.sealed.append(segment)
        return Sealed(segment, body)


def read_back(data: bytes) -> list[Chunk]:
    """The chunks of a segment's file, also of one that a killed packager left open."""
    return [Chunk(*boxes.span(body), body) for body in boxes.split(data)]
