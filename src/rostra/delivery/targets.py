"""Request targets: the one strict reading of what a client asks for."""

from __future__ import annotations

import re

import msgspec

from rostra.delivery.refused import HLS_QUERY_INVALID, PART_WITHOUT_MSN, TARGET_INVALID
from rostra.ground.refusals import Refusal

TARGET_MOST_BYTES = 2048
# RFC 3986 pchar without percent-encoding; what is encoded must decode to an unreserved character.
_PATH = re.compile(r"/[A-Za-z0-9\-._~!$&'()*+,;=:@/]*", re.ASCII)
_QUERY = re.compile(r"[A-Za-z0-9\-._~!$&'()*+,;=:@/?%\[\]{}|\"]*", re.ASCII)
_ENCODED = re.compile(r"%([0-9A-Fa-f]{2})")
_UNRESERVED = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
_ABSOLUTE = re.compile(r"https?://[^/?#\\@ ]+", re.IGNORECASE)
# Most whole number a query may carry: nine digits outlive any event.
_NUMBER = re.compile(r"[0-9]{1,9}", re.ASCII)
# What may be read below an event's folder: folders have no dot and names just one, before one of
# three endings, so neither `..`, a hidden file nor a segment that still grows can be said.
STORED = re.compile(
    r"(?:media|replay)/(?:[A-Za-z0-9_-]{1,64}/){0,6}[A-Za-z0-9_-]{1,64}\.(?:m4s|mp4|m3u8)", re.ASCII
)
EVENT_ID = re.compile(r"[A-Za-z0-9_-]{1,64}", re.ASCII)
# The only targets that take a POST; to the letter, without a query.
DOOR_ACT = re.compile(rb"/e/([A-Za-z0-9_-]{1,64})/(ticket|pass|leave)")


class Target(msgspec.Struct, frozen=True):
    """A target taken apart: `path` decoded and free of dot segments, `query` as it came."""

    path: str
    query: str


class HlsQuery(msgspec.Struct, frozen=True):
    """The delivery directives of RFC 8216bis 6.2.5; `known` if nothing else was in the query."""

    msn: int | None = None
    part: int | None = None
    skip: bool = False
    known: bool = True


def read_target(raw: bytes) -> Target | Refusal:
    """`raw` in origin-form or absolute-form (RFC 9112, 3.2), or why it is not one."""
    text = raw.decode("latin-1")
    if not text.startswith("/"):
        absolute = _ABSOLUTE.match(text)
        if not absolute:
            return TARGET_INVALID
        text = text[absolute.end() :]
        if not text.startswith("/"):
            text = "/" + text
    path, _, query = text.partition("?")
    if "%" in path:
        undecodable = False

        def decoded(match: re.Match[str]) -> str:
            nonlocal undecodable
            code = int(match[1], 16)
            undecodable = undecodable or code not in _UNRESERVED
            return chr(code)

        path = _ENCODED.sub(decoded, path)
        if undecodable:
            return TARGET_INVALID
    if not _PATH.fullmatch(path) or not _QUERY.fullmatch(query):
        return TARGET_INVALID
    if "//" in path or "/./" in path or "/../" in path or path.endswith(("/.", "/..")):
        return TARGET_INVALID
    return Target(path, query)


def read_hls_query(query: str) -> HlsQuery | Refusal:
    """The `_HLS_*` directives in a query string; other parameters are ignored."""
    found: dict[str, str] = {}
    known = True
    for pair in query.split("&") if query else ():
        name, _, value = pair.partition("=")
        if name in {"_HLS_msn", "_HLS_part", "_HLS_skip"}:
            if found.setdefault(name, value) != value:
                return HLS_QUERY_INVALID
        else:
            known = False
    for name in ("_HLS_msn", "_HLS_part"):
        if name in found and not _NUMBER.fullmatch(found[name]):
            return HLS_QUERY_INVALID
    if found.get("_HLS_skip", "YES") not in {"YES", "v2"}:
        return HLS_QUERY_INVALID
    if "_HLS_part" in found and "_HLS_msn" not in found:
        return PART_WITHOUT_MSN
    return HlsQuery(
        msn=int(found["_HLS_msn"]) if "_HLS_msn" in found else None,
        part=int(found["_HLS_part"]) if "_HLS_part" in found else None,
        skip="_HLS_skip" in found,
        known=known,
    )
