"""Playlists as text: live, low-latency live, rewind with deltas, replay, multivariant.

RFC 8216 and its second edition (draft-pantos-hls-rfc8216bis; "bis" below).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import msgspec

from rostra.ground.wall_time import rfc3339
from rostra.packaging.renditions import Rendition, Rung, part_target_s, target_s
from rostra.packaging.segmenter import Part, Segment

LOW_LATENCY_VERSION = 9  # EXT-X-SKIP needs 9 (bis 8)
PLAIN_VERSION = 6  # EXT-X-MAP in a playlist without I-frames-only needs 6
_DATED_EACH = 10  # a date on the first segment, on each discontinuity and on each tenth
_PARTED_TARGETS = 3  # parts are named for so many target durations (bis 4.4.4.9)


class Report(msgspec.Struct, frozen=True):
    """Where another rendition of the same rung stands (EXT-X-RENDITION-REPORT)."""

    name: str
    msn: int
    part: int


class Open(msgspec.Struct, frozen=True):
    """The segment that still grows: what its parts and the preload hint need."""

    msn: int
    epoch: int
    discontinuities: int


def number(value: float) -> str:
    """A decimal-floating-point of RFC 8216 4.2 without needless zeros; at least one decimal."""
    text = f"{value:.5f}".rstrip("0")
    return text + "0" if text.endswith(".") else text


def date(live_at_ms: int, offset_s: float) -> str:
    """The wall time of media time `offset_s` as EXT-X-PROGRAM-DATE-TIME wants it."""
    offset_ms = timedelta(seconds=offset_s) // timedelta(milliseconds=1)
    return rfc3339(live_at_ms + offset_ms, always_ms=True)


def init_path(rendition: str, epoch: int) -> str:
    """Path of the init segment of one encoder run, relative to the event's page."""
    return f"media/{rendition}/init-{epoch}.mp4"


def media_path(rendition: str, what: Part | Segment) -> str:
    """Path of a part or segment, relative to the event's page."""
    name = f"{what.msn}.{what.number}" if isinstance(what, Part) else f"{what.msn}"
    return f"media/{rendition}/{what.cut}/{name}.m4s"


class _Writer:
    """The lines of one media playlist; all its playlists stand `up` folders below the page."""

    def __init__(self, rendition: Rendition, up: str, live_at_ms: int) -> None:
        self.rendition, self.up, self.live_at_ms = rendition, up, live_at_ms

    def opening(self, msn: int, epoch: int, discontinuities: int, start: int, first: bool) -> str:
        """The tags that stand before a segment's parts and EXTINF."""
        text = "#EXT-X-DISCONTINUITY\n" * discontinuities
        if first or discontinuities:
            text += f'#EXT-X-MAP:URI="{self.up}{init_path(self.rendition.name, epoch)}"\n'
        if first or discontinuities or msn % _DATED_EACH == 0:
            when = date(self.live_at_ms, self.rendition.seconds(start))
            text += f"#EXT-X-PROGRAM-DATE-TIME:{when}\n"
        return text

    def parts(self, parts: Sequence[Part]) -> str:
        name, up, seconds = self.rendition.name, self.up, self.rendition.seconds
        return "".join(
            f"#EXT-X-PART:DURATION={number(seconds(part.duration))},"
            f'URI="{up}{media_path(name, part)}",INDEPENDENT=YES\n'
            for part in parts
        )

    def segment(self, segment: Segment, first: bool, parts: Sequence[Part] = ()) -> str:
        return (
            self.opening(segment.msn, segment.epoch, segment.discontinuities, segment.start, first)
            + self.parts(parts)
            + f"#EXTINF:{number(segment.seconds)},\n"
            + f"{self.up}{media_path(self.rendition.name, segment)}\n"
        )


def _head(version: int, target: int, segments: Sequence[Segment], extra: str) -> str:
    """The header; the discontinuity sequence counts tags that have left the playlist."""
    first = segments[0]
    return (
        f"#EXTM3U\n#EXT-X-VERSION:{version}\n#EXT-X-TARGETDURATION:{target}\n{extra}"
        f"#EXT-X-MEDIA-SEQUENCE:{first.msn}\n"
        f"#EXT-X-DISCONTINUITY-SEQUENCE:{first.epoch - first.discontinuities}\n"
    )


def hold_back_s(target: float) -> float:
    """A little more than the three target durations that bis 4.4.3.8 demands at least."""
    return round(3.05 * target, 3)


def low_latency(
    rendition: Rendition,
    rung: Rung,
    segments: Sequence[Segment],
    parts: Sequence[Part],
    open_: Open,
    live_at_ms: int,
    reports: Sequence[Report] = (),
    ended: bool = False,
) -> str:
    """A live playlist with parts: `segments` (at least one) is the live window.

    `parts` are all sealed parts, also those of the segment that still grows (`open_`).
    """
    part_target, target = part_target_s(rendition, rung.part_cut), target_s(rendition, "s4")
    control = (
        "#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,"
        f"PART-HOLD-BACK={number(hold_back_s(part_target))},HOLD-BACK={number(hold_back_s(target))}\n"
        f"#EXT-X-PART-INF:PART-TARGET={number(part_target)}\n"
    )
    text = [_head(LOW_LATENCY_VERSION, target, segments, control)]
    writer = _Writer(rendition, "../../", live_at_ms)
    named_s, parted = 0.0, open_.msn
    for segment in reversed(segments):
        if named_s >= _PARTED_TARGETS * target:
            break
        named_s, parted = named_s + segment.seconds, segment.msn
    by_msn: dict[int, list[Part]] = {}
    for part in parts:
        by_msn.setdefault(part.msn, []).append(part)
    for place, segment in enumerate(segments):
        named = by_msn.get(segment.msn, []) if segment.msn >= parted else []
        text.append(writer.segment(segment, place == 0, named))
    growing = by_msn.get(open_.msn, [])
    if growing:
        text.append(
            writer.opening(open_.msn, open_.epoch, open_.discontinuities, growing[0].start, False)
        )
        text.append(writer.parts(growing))
    if ended:
        text.append("#EXT-X-ENDLIST\n")
    else:
        hint = media_path(rendition.name, Part(rung.part_cut, open_.msn, len(growing), 0, 0))
        text.append(f'#EXT-X-PRELOAD-HINT:TYPE=PART,URI="../../{hint}"\n')
        text += [
            f'#EXT-X-RENDITION-REPORT:URI="{report.name}.m3u8",'
            f"LAST-MSN={report.msn},LAST-PART={report.part}\n"
            for report in reports
        ]
    return "".join(text)


def plain(
    rendition: Rendition, segments: Sequence[Segment], live_at_ms: int, ended: bool = False
) -> str:
    """A live playlist without parts; `segments` (at least one) is the live window."""
    target = target_s(rendition, segments[0].cut)
    control = f"#EXT-X-SERVER-CONTROL:HOLD-BACK={number(hold_back_s(target))}\n"
    head = _head(PLAIN_VERSION, target, segments, control)
    writer = _Writer(rendition, "../../", live_at_ms)
    body = [writer.segment(segment, place == 0) for place, segment in enumerate(segments)]
    return "".join((head, *body, "#EXT-X-ENDLIST\n" if ended else ""))


def rewind(
    rendition: Rendition, segments: Sequence[Segment], live_at_ms: int, ended: bool = False
) -> tuple[str, str]:
    """(whole playlist, playlist delta update or ""): the rewind window of 4 s segments.

    The delta leaves out what is further than six target durations from the end (bis 6.2.5.1).
    """
    target = target_s(rendition, "s4")
    boundary = 6.25 * target
    control = (
        f"#EXT-X-SERVER-CONTROL:CAN-SKIP-UNTIL={number(boundary)},"
        f"HOLD-BACK={number(hold_back_s(target))}\n"
    )
    head = _head(LOW_LATENCY_VERSION, target, segments, control)
    writer = _Writer(rendition, "../", live_at_ms)
    body = [writer.segment(segment, place == 0) for place, segment in enumerate(segments)]
    end = "#EXT-X-ENDLIST\n" if ended else ""
    kept_s, skipped = 0.0, len(segments)
    while skipped and kept_s < boundary:
        skipped -= 1
        kept_s += segments[skipped].seconds
    delta = ""
    if skipped:
        skip = f"#EXT-X-SKIP:SKIPPED-SEGMENTS={skipped}\n"
        delta = "".join((head, skip, *body[skipped:], end))
    return "".join((head, *body, end)), delta


def replay(rendition: Rendition, segments: Sequence[Segment], live_at_ms: int) -> str:
    """The whole event as a VOD playlist of 4 s segments."""
    target = target_s(rendition, "s4")
    kind = "#EXT-X-PLAYLIST-TYPE:VOD\n"
    head = _head(PLAIN_VERSION, target, segments, kind)
    writer = _Writer(rendition, "../", live_at_ms)
    body = [writer.segment(segment, place == 0) for place, segment in enumerate(segments)]
    return "".join((head, *body, "#EXT-X-ENDLIST\n"))


def length_s(text: str) -> float:
    """How long the segments that a media playlist names are together."""
    lines = text.splitlines()
    lengths = (line[8:].split(",")[0] for line in lines if line.startswith("#EXTINF:"))
    return round(sum(map(float, lengths)), 3)


def multivariant(renditions: Sequence[Rendition]) -> str:
    """The multivariant playlist of a rung or of the replay; the media playlists stand beside it."""
    text = f"#EXTM3U\n#EXT-X-VERSION:{PLAIN_VERSION}\n#EXT-X-INDEPENDENT-SEGMENTS\n"
    for rendition in renditions:
        text += (
            f"#EXT-X-STREAM-INF:BANDWIDTH={rendition.bandwidth},"
            f"AVERAGE-BANDWIDTH={rendition.average_bandwidth},"
            f'CODECS="{rendition.codec}"\n{rendition.name}.m3u8\n'
        )
    return text
