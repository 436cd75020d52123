"""A strict reader of our media playlists: RFC 8216 and bis, no more tolerant than they are."""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass, field
from datetime import datetime, timedelta

_ATTRIBUTE = re.compile(r'([A-Z0-9-]+)=("[^"\r\n]*"|[^",\s]+)(?:,|$)')
_DECIMAL = re.compile(r"\d+(\.\d+)?$")
_DATE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$")
_ONCE = {
    "#EXT-X-VERSION", "#EXT-X-TARGETDURATION", "#EXT-X-MEDIA-SEQUENCE", "#EXT-X-ENDLIST",
    "#EXT-X-DISCONTINUITY-SEQUENCE", "#EXT-X-SERVER-CONTROL", "#EXT-X-PART-INF",
    "#EXT-X-PLAYLIST-TYPE", "#EXT-X-SKIP", "#EXT-X-PRELOAD-HINT",
}  # fmt: skip


@dataclass
class ReadPart:
    path: str
    seconds: float


@dataclass
class ReadSegment:
    msn: int
    discontinuity: int
    init: str | None = None
    at: datetime | None = None
    path: str = ""
    seconds: float = 0.0
    parts: list[ReadPart] = field(default_factory=list)


@dataclass
class Read:
    """What a playlist says. Paths are relative to the event's page."""

    version: int
    target_s: int
    segments: list[ReadSegment]  # whole ones
    growing: ReadSegment
    first_msn: int
    discontinuity_sequence: int
    control: dict[str, str]
    part_target_s: float | None
    hint: str | None
    reports: list[dict[str, str]]
    skipped: int
    ended: bool
    vod: bool

    @property
    def last(self) -> tuple[int, int]:
        """(msn, part) that a client has when it has read this."""
        if self.growing.parts:
            return self.growing.msn, len(self.growing.parts) - 1
        last = self.segments[-1]
        return last.msn, len(last.parts) - 1


def attributes(text: str) -> dict[str, str]:
    found: dict[str, str] = {}
    at = 0
    while at < len(text):
        match = _ATTRIBUTE.match(text, at)
        assert match, f"not an attribute list: {text[at:]}"
        assert match[1] not in found, f"{match[1]} twice"
        found[match[1]] = match[2].strip('"')
        at = match.end()
    return found


def decimal(text: str) -> float:
    assert _DECIMAL.match(text), f"not a decimal: {text}"
    return float(text)


def read(path: str, body: bytes) -> Read:
    """Parse and check all that one playlist alone can break."""
    text = body.decode("utf-8")
    assert "\r" not in text and text.endswith("\n") and not text.startswith("\ufeff")
    lines = text.splitlines()
    assert lines[0] == "#EXTM3U"

    def resolve(uri: str) -> str:
        assert not uri.startswith("/") and "://" not in uri
        resolved = posixpath.normpath(posixpath.join(posixpath.dirname(path), uri))
        assert not resolved.startswith(".."), f"{uri} leaves the event's page"
        return resolved

    seen: dict[str, str] = {}
    result = Read(0, 0, [], ReadSegment(0, 0), 0, 0, {}, None, None, [], 0, False, False)
    current = result.growing
    init: str | None = None
    seconds: float | None = None
    at: datetime | None = None
    begun = False  # a segment's tags have begun, so no header tag may follow
    for line in lines[1:]:
        assert line, "an empty line"
        tag, _, value = line.partition(":")
        if tag in _ONCE:
            assert tag not in seen, f"{tag} twice"
            seen[tag] = value
        if not line.startswith("#"):
            assert seconds is not None, "a URI without EXTINF"
            current.path, current.seconds, current.init = resolve(line), seconds, init
            if at is None and current.at is None and result.segments:
                before = result.segments[-1]
                if before.at is not None:
                    current.at = before.at + timedelta(seconds=before.seconds)
            result.segments.append(current)
            current = ReadSegment(current.msn + 1, current.discontinuity)
            seconds, at, begun = None, None, True
        elif tag == "#EXT-X-VERSION":
            result.version = int(value)
        elif tag == "#EXT-X-TARGETDURATION":
            result.target_s = int(value)
        elif tag == "#EXT-X-MEDIA-SEQUENCE":
            assert not begun
            result.first_msn = current.msn = int(value)
        elif tag == "#EXT-X-DISCONTINUITY-SEQUENCE":
            assert not begun
            result.discontinuity_sequence = current.discontinuity = int(value)
        elif tag == "#EXT-X-SERVER-CONTROL":
            result.control = attributes(value)
        elif tag == "#EXT-X-PART-INF":
            result.part_target_s = decimal(attributes(value)["PART-TARGET"])
        elif tag == "#EXT-X-PLAYLIST-TYPE":
            assert value == "VOD"
            result.vod = True
        elif tag == "#EXT-X-SKIP":
            assert not begun
            result.skipped = int(attributes(value)["SKIPPED-SEGMENTS"])
            current.msn += result.skipped
        elif tag == "#EXT-X-DISCONTINUITY":
            begun = True
            assert not current.parts and seconds is None
            current.discontinuity += 1
            init = None  # a new run has its own init segment
        elif tag == "#EXT-X-MAP":
            begun = True
            assert not current.parts and seconds is None
            init = resolve(attributes(value)["URI"])
        elif tag == "#EXT-X-PROGRAM-DATE-TIME":
            begun = True
            assert not current.parts and _DATE.match(value)
            at = current.at = datetime.fromisoformat(value)
        elif tag == "#EXT-X-PART":
            begun = True
            part = attributes(value)
            assert set(part) == {"DURATION", "URI", "INDEPENDENT"} and part["INDEPENDENT"] == "YES"
            current.parts.append(ReadPart(resolve(part["URI"]), decimal(part["DURATION"])))
        elif tag == "#EXTINF":
            begun = True
            duration, comma, title = value.partition(",")
            assert comma and not title and seconds is None
            seconds = decimal(duration)
        elif tag == "#EXT-X-ENDLIST":
            result.ended = True
        elif tag == "#EXT-X-PRELOAD-HINT":
            hint = attributes(value)
            assert hint["TYPE"] == "PART"
            result.hint = resolve(hint["URI"])
        elif tag == "#EXT-X-RENDITION-REPORT":
            result.reports.append(attributes(value))
        else:
            raise AssertionError(f"unknown tag {tag}")
    assert seconds is None, "EXTINF without URI"
    current.init = init
    result.growing = current
    _rules(result, seen)
    return result


def _rules(result: Read, seen: dict[str, str]) -> None:
    assert {"#EXT-X-VERSION", "#EXT-X-TARGETDURATION", "#EXT-X-MEDIA-SEQUENCE"} <= set(seen)
    assert result.segments, "players take a playlist without a whole segment for a broken one"
    target, part_target = result.target_s, result.part_target_s
    assert result.version >= (9 if result.skipped else 6)
    for segment in result.segments:
        assert int(segment.seconds + 0.5) <= target, "RFC 8216 4.3.3.1"
        if not result.skipped:
            assert segment.init, "a segment without EXT-X-MAP"
            assert segment.at, "a segment without a date"
    if result.growing.parts and not result.skipped:
        assert result.growing.init
    control = result.control
    if "CAN-SKIP-UNTIL" in control:
        assert decimal(control["CAN-SKIP-UNTIL"]) >= 6 * target, "bis 4.4.3.8"
    if "HOLD-BACK" in control:
        assert decimal(control["HOLD-BACK"]) >= 3 * target, "bis 4.4.3.8"
    if part_target is None:
        assert result.hint is None
        assert not any(segment.parts for segment in [*result.segments, result.growing])
        return
    assert control["CAN-BLOCK-RELOAD"] == "YES"
    assert 3 * part_target <= decimal(control["PART-HOLD-BACK"]) <= 3.5 * part_target
    assert (result.hint is None) == result.ended
    for segment in result.segments:
        if segment.parts:
            assert abs(sum(part.seconds for part in segment.parts) - segment.seconds) < 1e-4
    for segment in [*result.segments, result.growing]:
        for place, part in enumerate(segment.parts):
            assert part.seconds <= part_target
            last = segment is not result.growing and place == len(segment.parts) - 1
            if not last:
                assert part.seconds >= 0.85 * part_target, "bis 4.4.4.9"
    listed = [part for s in [*result.segments, result.growing] for part in s.parts]
    whole = sum(segment.seconds for segment in result.segments)
    assert sum(part.seconds for part in listed) >= min(3 * target, whole) - 1e-3, "bis 4.4.4.9"
    parted = [bool(segment.parts) for segment in result.segments]
    assert parted == sorted(parted), "parts are named at the end only"


def same_segment(known: ReadSegment, segment: ReadSegment) -> None:
    assert (known.path, known.seconds, known.init, known.discontinuity) == (
        segment.path, segment.seconds, segment.init, segment.discontinuity
    )  # fmt: skip
    assert known.at and segment.at, "no date"
    assert abs(known.at - segment.at) <= timedelta(milliseconds=2), "the date moved"


def follows(before: Read, after: Read) -> None:
    """Check `after` as a later version of the same playlist (RFC 8216 6.2.1, 6.2.2)."""
    assert not before.ended, "changed after EXT-X-ENDLIST"
    assert (after.version, after.target_s) == (before.version, before.target_s)
    assert after.part_target_s == before.part_target_s
    assert after.first_msn >= before.first_msn, "the media sequence went back"
    assert after.last >= before.last, "the end went back"
    old = {segment.msn: segment for segment in before.segments}
    for segment in after.segments:
        known = old.get(segment.msn)
        if known is not None:
            same_segment(known, segment)
            if segment.parts:
                assert known.parts == segment.parts
        elif segment.msn == before.growing.msn and segment.parts:
            had = before.growing.parts
            assert segment.parts[: len(had)] == had, "a part changed its bytes or its place"
    if after.growing.msn == before.growing.msn:
        had = before.growing.parts
        assert after.growing.parts[: len(had)] == had
    removed = before.first_msn + len(before.segments)
    assert after.first_msn <= removed, "segments were never listed"
    gone = [s for s in before.segments if s.msn < after.first_msn]
    left = [s for s in before.segments if s.msn >= after.first_msn]
    if gone:
        length = sum(segment.seconds for segment in left)
        assert length >= 3 * before.target_s, "removed while shorter than three targets"


def merged(whole: Read, delta: Read) -> list[ReadSegment]:
    """What a client has that knew `whole` and got `delta` (bis 6.2.5.1)."""
    known = {segment.msn: segment for segment in whole.segments}
    kept = [known[msn] for msn in range(delta.first_msn, delta.first_msn + delta.skipped)]
    out = list(kept)
    for segment in delta.segments:
        before = out[-1]
        if segment.init is None:
            segment.init = before.init
        segment.discontinuity += kept[-1].discontinuity - delta.discontinuity_sequence
        if segment.at is None and before.at is not None:
            segment.at = before.at + timedelta(seconds=before.seconds)
        out.append(segment)
    return out
