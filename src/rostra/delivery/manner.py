"""The manner of a request: what its header says about how the answer is to be given."""

from __future__ import annotations

import re

import msgspec

from rostra.delivery.refused import (
    BODY_NOT_ACCEPTED,
    METHOD_NOT_ALLOWED,
    RANGE_NOT_SATISFIABLE,
    REQUEST_INVALID,
    TARGET_TOO_LONG,
)
from rostra.delivery.targets import DOOR_ACT, TARGET_MOST_BYTES
from rostra.ground.cmcd import read_sid
from rostra.ground.refusals import Refusal

Headers = list[tuple[bytes, bytes]]  # names in lower case
METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
# What is longer is ignored, as RFC 9110 allows of each: it takes long to read, and none needs it.
_CODINGS_MOST, _RANGE_MOST, _TAGS_MOST = 256, 64, 1024
_RANGE = re.compile(r"bytes=(?:(\d{1,15})-(\d{0,15})|-(\d{1,15}))", re.ASCII | re.IGNORECASE)


class Manner(msgspec.Struct, frozen=True, kw_only=True):
    """How one request wants its answer; hashable, so that connections share equal ones.

    `repeatable`: a later request with the same bytes after its target may be answered from its
    target alone (a plain GET on a connection that stays; the fast path).
    """

    method: str
    keep_alive: bool
    accepts_gzip: bool
    byte_range: str
    if_none_match: str

    @property
    def repeatable(self) -> bool:
        """Whether nothing but the target can change the answer."""
        plain = not self.byte_range and not self.if_none_match
        return self.method == "GET" and self.keep_alive and plain


def accepts_gzip(value: str) -> bool:
    """Whether an Accept-Encoding field allows gzip (RFC 9110, 12.5.3)."""
    if len(value) > _CODINGS_MOST:
        return False
    star = False
    for item in value.lower().split(","):
        coding, _, weight = item.partition(";")
        refused = re.fullmatch(r"\s*q\s*=\s*0(\.0*)?\s*", weight) is not None
        if coding.strip() in {"gzip", "x-gzip"}:
            return not refused
        star = star or (coding.strip() == "*" and not refused)
    return star


def matches(if_none_match: str, etag: str) -> bool:
    """Weak comparison of an If-None-Match list with one ETag (RFC 9110, 13.1.2)."""
    tags = {tag.strip().removeprefix("W/") for tag in if_none_match.split(",")}
    return "*" in tags or etag in tags


def read_manner(
    method: str, version: str, keep_alive: bool, target: bytes, headers: Headers
) -> Manner | Refusal:
    """What the parsed head means, or why it is refused.

    POST is for the door alone, and has no body there either. A GET with a body has no meaning here
    and is a way to smuggle requests past a proxy (RFC 9112, 11.2), so anything that could frame a
    body is refused and the connection closed.
    """
    if version not in {"1.0", "1.1"}:
        return REQUEST_INVALID
    if len(target) > TARGET_MOST_BYTES:
        return TARGET_TOO_LONG
    if method not in METHODS and not (method == "POST" and DOOR_ACT.fullmatch(target)):
        return METHOD_NOT_ALLOWED
    found: dict[bytes, bytes] = {}
    for name, value in headers:
        if name in {b"host", b"content-length", b"transfer-encoding"} and name in found:
            return REQUEST_INVALID
        found[name] = found[name] + b", " + value if name in found else value
    if b"transfer-encoding" in found or (version == "1.1" and b"host" not in found):
        return REQUEST_INVALID
    length = found.get(b"content-length", b"0")
    if b"expect" in found or not (length.isdigit() and len(length) <= 15):
        return REQUEST_INVALID
    if int(length):
        return BODY_NOT_ACCEPTED
    byte_range = found.get(b"range", b"").decode("latin-1").strip()
    if_none_match = found.get(b"if-none-match", b"").decode("latin-1").strip()
    return Manner(
        method=method,
        keep_alive=keep_alive and version == "1.1",
        accepts_gzip=accepts_gzip(found.get(b"accept-encoding", b"").decode("latin-1")),
        byte_range=byte_range if len(byte_range) <= _RANGE_MOST else "",
        if_none_match=if_none_match if len(if_none_match) <= _TAGS_MOST else "",
    )


def sid_in_headers(headers: Headers) -> str:
    """The player's session id in `CMCD-Session` (CTA-5004, 2), or empty."""
    return read_sid(header_text(headers, b"cmcd-session"))


def header_text(headers: Headers, wanted: bytes) -> str:
    """The first field of that name (lower case), or empty."""
    return next((value.decode("latin-1") for name, value in headers if name == wanted), "")


def read_range(value: str, body_bytes: int) -> tuple[int, int] | Refusal | None:
    """First and last byte of a single range (RFC 9110, 14.1.2).

    None where the field is to be ignored: another unit, several ranges, or malformed.
    """
    match = _RANGE.fullmatch(value)
    if not match:
        return None
    if match[3] is not None:
        suffix = int(match[3])
        if suffix == 0 or body_bytes == 0:
            return RANGE_NOT_SATISFIABLE
        return max(0, body_bytes - suffix), body_bytes - 1
    first = int(match[1])
    last = int(match[2]) if match[2] else body_bytes - 1
    if match[2] and last < first:
        return None
    if first >= body_bytes:
        return RANGE_NOT_SATISFIABLE
    return first, min(last, body_bytes - 1)
