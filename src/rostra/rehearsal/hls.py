"""What a player learns from a media playlist of ours: pieces on the wall clock, when to ask again.

RFC 8216 and its second edition (bis); only what our packager writes and hls.js 1.7 uses of it.
"""

from __future__ import annotations

from datetime import datetime

import msgspec

PLAYLIST_MOST = 256 * 1024


class Piece(msgspec.Struct, frozen=True, gc=False):
    """A part or a segment. Times are wall seconds (Unix), from EXT-X-PROGRAM-DATE-TIME."""

    path: str
    init: str  # path of the init segment that it needs
    start_s: float
    end_s: float
    is_part: bool
    independent: bool = True

    @property
    def duration_s(self) -> float:
        return self.end_s - self.start_s


class Playlist(msgspec.Struct, frozen=True):
    """A media playlist: what can be fetched, in order, and how to ask for what comes next.

    Where a segment is named with its parts, its parts stand in `pieces` instead of it. `reload`:
    path and query of the blocking reload for what comes next (bis 6.2.5.2). `hold_back_s`: the
    distance from `edge_s` at which a player should be.
    """

    pieces: tuple[Piece, ...]
    edge_s: float
    target_s: float
    part_target_s: float  # 0 where there are no parts
    hold_back_s: float
    can_block: bool
    ended: bool
    reload: str
    last_s: float  # length of the last whole segment

    def after(self, wall_s: float) -> int:
        """Index of the first piece that ends later than `wall_s` (and 20 ms)."""
        pieces = self.pieces
        at = len(pieces)
        wall_s += 0.02
        while at and pieces[at - 1].end_s > wall_s:
            at -= 1
        return at


def _value(line: str, name: str) -> str:
    """An attribute's value without quotes, "" if it is not there."""
    at = line.find(name + "=")
    while at > 0 and line[at - 1] not in ":,":
        at = line.find(name + "=", at + 1)
    if at < 0:
        return ""
    at += len(name) + 1
    if line[at : at + 1] == '"':
        return line[at + 1 : line.find('"', at + 1)]
    end = line.find(",", at)
    return line[at:] if end < 0 else line[at:end]


def resolve(base: str, uri: str) -> str:
    """The path of `uri` in a document at the path `base` (RFC 3986 5.2, paths alone)."""
    if uri.startswith("/"):
        return uri
    folders = base.split("/")[:-1]
    while uri.startswith("../"):
        uri = uri[3:]
        if len(folders) > 1:
            folders.pop()
    return "/".join((*folders, uri))


def read_playlist(text: bytes, path: str) -> Playlist | None:
    """The playlist that stands at `path`, or None where it is none of ours (no dates, no pieces).

    `path` is where it was asked for, without a query.
    """
    if len(text) > PLAYLIST_MOST or not text.startswith(b"#EXTM3U"):
        return None
    try:
        return _read(text.decode(), path)
    except (ValueError, IndexError):
        return None


def _read(text: str, path: str) -> Playlist | None:
    target = part_target = hold = part_hold = last = length = 0.0
    can_block = ended = False
    msn, init = 0, ""
    at: float | None = None
    pieces: list[Piece] = []
    parts: list[Piece] = []
    parts_from: float | None = None
    for line in text.splitlines():
        if line.startswith("#EXT-X-PART:"):
            if at is None:
                return None
            if parts_from is None:
                parts_from = at
            end = at + float(_value(line, "DURATION"))
            independent = _value(line, "INDEPENDENT") == "YES"
            uri = resolve(path, _value(line, "URI"))
            parts.append(Piece(uri, init, at, end, True, independent))
            at = end
        elif line.startswith("#EXTINF:"):
            length = float(line[8:].split(",", 1)[0])
        elif line.startswith("#EXT-X-PROGRAM-DATE-TIME:"):
            at = datetime.fromisoformat(line[25:]).timestamp()
        elif line.startswith("#EXT-X-MAP:"):
            init = resolve(path, _value(line, "URI"))
        elif line.startswith("#EXT-X-TARGETDURATION:"):
            target = float(line[22:])
        elif line.startswith("#EXT-X-SERVER-CONTROL:"):
            can_block = _value(line, "CAN-BLOCK-RELOAD") == "YES"
            hold = float(_value(line, "HOLD-BACK") or 0)
            part_hold = float(_value(line, "PART-HOLD-BACK") or 0)
        elif line.startswith("#EXT-X-PART-INF:"):
            part_target = float(_value(line, "PART-TARGET"))
        elif line.startswith("#EXT-X-MEDIA-SEQUENCE:"):
            msn = int(line[22:])
        elif line.startswith("#EXT-X-ENDLIST"):
            ended = True
        elif line and not line.startswith("#"):
            start = parts_from if parts_from is not None else at
            if start is None:
                return None
            if parts:
                pieces += parts
            else:
                pieces.append(Piece(resolve(path, line), init, start, start + length, False))
            at, last = start + length, length
            msn += 1
            parts, parts_from = [], None
    pieces += parts
    if not pieces or target <= 0:
        return None
    return Playlist(
        pieces=tuple(pieces),
        edge_s=pieces[-1].end_s,
        target_s=target,
        part_target_s=part_target,
        hold_back_s=(part_hold if part_target else hold) or 3 * (part_target or target),
        can_block=can_block,
        ended=ended,
        reload=f"{path}?_HLS_msn={msn}" + (f"&_HLS_part={len(parts)}" if part_target else ""),
        last_s=last,
    )
