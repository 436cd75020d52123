from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from rostra.packaging import boxes
from rostra.packaging.encoder_io import Encoder, init_segment
from rostra.packaging.renditions import RENDITIONS, Rendition

BY_RENDITION = pytest.mark.parametrize("rendition", RENDITIONS, ids=lambda r: r.name)


def sound(seconds: float) -> bytes:
    """Noise with a beat: harder to encode than speech."""
    samples = np.random.default_rng(7).normal(0, 4000, int(48_000 * seconds))
    beat = 0.55 + 0.45 * np.sin(np.arange(len(samples)) / 9000)
    return np.clip(samples * beat, -32768, 32767).astype(np.int16).tobytes()


@BY_RENDITION
def test_the_init_segment_has_one_track_in_the_renditions_timescale(rendition: Rendition) -> None:
    init = init_segment(rendition)
    assert [kind for kind, _, _ in boxes.boxes(init)] == [b"ftyp", b"moov"]
    assert boxes.find(init, b"moov", b"trak", b"edts") is None
    media = boxes.find(init, b"moov", b"trak", b"mdia", b"mdhd")
    assert media is not None and int.from_bytes(media[12:16], "big") == rendition.timescale
    track = boxes.find(init, b"moov", b"mvex", b"trex")
    assert track is not None and track[4:8] == b"\0\0\0\1"


@BY_RENDITION
def test_the_init_segment_is_the_same_each_time(rendition: Rendition) -> None:
    assert init_segment(rendition) == init_segment(rendition)


@BY_RENDITION
def test_frames_cover_what_was_fed_to_within_one_frame(rendition: Rendition) -> None:
    encoder, pcm = Encoder(rendition, 0), sound(3.0)
    frames = []
    for at in range(0, len(pcm), 1920):
        frames += encoder.encode(at // 2, pcm[at : at + 1920])
    frames += encoder.finish()
    units = len(frames) * rendition.frame_samples
    assert 0 <= units - 3 * rendition.timescale < rendition.frame_samples


def syllables(seconds: float) -> bytes:
    """A buzz in bursts with pauses between, as in speech: what the AAC encoder overspends on."""
    at = np.arange(int(48_000 * seconds)) / 48_000
    buzz = sum(np.sin(2 * np.pi * 110 * n * at + n) / n for n in range(1, 40))
    loud = np.clip(np.sin(2 * np.pi * 3.1 * at) + 0.3, 0, 1) * (np.sin(2 * np.pi * 0.4 * at) > -0.6)
    return (buzz * loud * 9000).astype(np.int16).tobytes()


@pytest.mark.parametrize("made", [sound, syllables])
@BY_RENDITION
def test_no_segment_is_above_the_bandwidth_we_tell(
    rendition: Rendition, made: Callable[[float], bytes]
) -> None:
    encoder, pcm = Encoder(rendition, 0), made(20.0)
    frames = encoder.encode(0, pcm) + encoder.finish()
    each = rendition.chunk_frames * 8
    rates = [
        sum(len(frame) + 4 for frame in frames[at : at + each])  # 4: its size in the trun
        * 8
        / (each * rendition.frame_samples / rendition.timescale)
        for at in range(0, len(frames) - each, each)
    ]
    boxes_around = 8 * (8 * 100 + 200) / 4.0  # moof and mdat of eight chunks, one emsg
    assert max(rates) + boxes_around <= rendition.bandwidth


@BY_RENDITION
def test_a_second_run_begins_at_its_media_time_and_leaves_out_the_preroll(
    rendition: Rendition,
) -> None:
    start = 10 * rendition.chunk_samples
    encoder, pcm = Encoder(rendition, start), sound(10.0)
    assert start * rendition.scale - encoder.feed_from == (
        rendition.preroll_frames * rendition.frame_samples * rendition.scale
    )
    frames = encoder.encode(0, pcm) + encoder.finish()
    left = 10.0 - start / rendition.timescale
    assert abs(len(frames) * rendition.frame_samples / rendition.timescale - left) < 0.05


def test_a_gap_in_what_is_fed_is_a_defect_not_a_shift() -> None:
    encoder = Encoder(RENDITIONS[0], 0)
    with pytest.raises(AssertionError):
        encoder.encode(960, bytes(1920))
