"""The table of renditions and of the ways their chunks are cut for the rungs of the ladder."""

from __future__ import annotations

import msgspec

from rostra.ground.facts import SAMPLE_RATE


class Rendition(msgspec.Struct, frozen=True, kw_only=True):
    """One encoding of the programme, mono.

    `codec` is the RFC 6381 string of `CODECS`, `encoder` FFmpeg's name. `bandwidth` and
    `average_bandwidth` (bit/s, with the boxes around the frames) are what RFC 8216 4.3.4.2 asks:
    no segment of ours is above the first. `preroll_frames` are encoded before the first frame that
    is kept when an encoder starts again inside an event, so that its state has settled.
    """

    name: str
    codec: str
    encoder: str
    options: dict[str, str]
    bit_rate: int
    timescale: int
    frame_samples: int
    chunk_frames: int
    preroll_frames: int
    bandwidth: int
    average_bandwidth: int
    cuts: tuple[str, ...]

    @property
    def chunk_samples(self) -> int:
        """Length of a whole chunk in `timescale` units."""
        return self.frame_samples * self.chunk_frames

    @property
    def scale(self) -> int:
        """How many samples of the programme (48 kHz) one unit of `timescale` is."""
        return SAMPLE_RATE // self.timescale

    def seconds(self, units: int) -> float:
        """`units` of `timescale` in seconds."""
        return units / self.timescale


# Chunks of one part: how many chunks make a part.
PART_CHUNKS = {"p0": 1, "p1": 2}
# Chunks of one segment.
SEGMENT_CHUNKS = {"s4": 8, "s6": 12}
# The first segments of an event are shorter: no player begins before it has one whole segment,
# and 4 s of waiting at the start would be 4 s of silence for everyone.
OPENING_CHUNKS = (2, 2, 4)


def segment_chunks(cut: str, msn: int) -> int:
    """How many chunks the segment `msn` of that cut has."""
    return OPENING_CHUNKS[msn] if msn < len(OPENING_CHUNKS) else SEGMENT_CHUNKS[cut]


# FFmpeg's AAC encoder spends a fifth more than `bit_rate` on speech and twice as much on bursts
# between pauses; `bandwidth` holds for the worst that was found.
RENDITIONS = (
    Rendition(
        name="aac",
        codec="mp4a.40.2",
        encoder="aac",
        options={},
        bit_rate=64_000,
        timescale=48_000,
        frame_samples=1024,
        chunk_frames=24,
        preroll_frames=2,
        bandwidth=96_000,
        average_bandwidth=80_000,
        cuts=("p0", "p1", "s4"),
    ),
    Rendition(
        name="opus",
        codec="opus",
        encoder="libopus",
        options={"application": "audio", "frame_duration": "20", "vbr": "constrained"},
        bit_rate=32_000,
        timescale=48_000,
        frame_samples=960,
        chunk_frames=25,
        preroll_frames=4,  # 80 ms, RFC 7845 4.2
        bandwidth=48_000,
        average_bandwidth=37_000,
        cuts=("p0", "p1", "s4"),
    ),
    Rendition(
        name="eco",
        codec="mp4a.40.2",
        encoder="aac",
        options={},
        bit_rate=26_000,
        timescale=24_000,
        frame_samples=1024,
        chunk_frames=12,
        preroll_frames=2,
        bandwidth=64_000,
        average_bandwidth=36_000,
        cuts=("p0", "p1", "s4", "s6"),
    ),
)
BY_NAME = {rendition.name: rendition for rendition in RENDITIONS}


class Rung(msgspec.Struct, frozen=True, kw_only=True):
    """How the media is cut at one level of service; `part_cut` is empty if there are no parts."""

    number: int
    segment_cut: str
    part_cut: str
    renditions: tuple[str, ...]


RUNGS = (
    Rung(number=0, segment_cut="s4", part_cut="p0", renditions=("aac", "opus", "eco")),
    Rung(number=1, segment_cut="s4", part_cut="p1", renditions=("aac", "opus", "eco")),
    Rung(number=2, segment_cut="s4", part_cut="", renditions=("aac", "opus", "eco")),
    Rung(number=3, segment_cut="s6", part_cut="", renditions=("eco",)),
)


def target_s(rendition: Rendition, segment_cut: str) -> int:
    """EXT-X-TARGETDURATION: no segment's length, rounded to whole seconds, is above it.

    RFC 8216 4.3.3.1 rounds to the nearest integer: 4.096 s needs 4.
    """
    units = rendition.chunk_samples * SEGMENT_CHUNKS[segment_cut]
    return (2 * units + rendition.timescale) // (2 * rendition.timescale)


def part_target_s(rendition: Rendition, part_cut: str) -> float:
    """PART-TARGET in seconds: the length of a whole part."""
    return rendition.seconds(rendition.chunk_samples * PART_CHUNKS[part_cut])
