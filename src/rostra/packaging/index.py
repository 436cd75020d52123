"""The index of an event: one JSON line for each encoder run and each sealed segment."""

from __future__ import annotations

import msgspec

from rostra.packaging.segmenter import Segment


class EpochBegun(msgspec.Struct, frozen=True, tag="epoch", tag_field="kind"):
    """An encoder run; the first one fixes the wall time of media time 0 for good."""

    epoch: int
    live_at_ms: int


class Index(msgspec.Struct, kw_only=True):
    """What the lines say.

    `whole_bytes`: length up to the last whole line (a kill cuts one). `damaged`: lines skipped.
    """

    epochs: list[EpochBegun]
    segments: list[Segment]
    whole_bytes: int
    damaged: int = 0

    def of(self, rendition: str) -> list[Segment]:
        """The rendition's segments of every cut, in the order they were sealed."""
        return [segment for segment in self.segments if segment.rendition == rendition]


_encoder = msgspec.json.Encoder()
_decoder: msgspec.json.Decoder[EpochBegun | Segment] = msgspec.json.Decoder(EpochBegun | Segment)


def line(record: EpochBegun | Segment) -> bytes:
    """One line of the index, with its newline."""
    return _encoder.encode(record) + b"\n"


def parse(data: bytes) -> Index:
    """The index in `data`; a last line without newline is dropped, a damaged one skipped."""
    whole = data.rfind(b"\n") + 1
    epochs: list[EpochBegun] = []
    segments: list[Segment] = []
    damaged = 0
    for raw in data[:whole].splitlines():
        try:
            record = _decoder.decode(raw)
        except msgspec.DecodeError:
            damaged += 1
            continue
        if isinstance(record, EpochBegun):
            epochs.append(record)
        else:
            segments.append(record)
    return Index(epochs=epochs, segments=segments, whole_bytes=whole, damaged=damaged)
