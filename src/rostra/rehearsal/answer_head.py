"""The head of an HTTP/1.1 answer, as a virtual listener has to understand it (RFC 9112)."""

from __future__ import annotations

import zlib
from email.utils import parsedate_to_datetime

import msgspec

HEAD_MOST_BYTES = 16 * 1024
BODY_MOST_BYTES = 8 * 1024 * 1024
_KEPT_HEADS = 4096
_KEPT_TEXTS = 256


class Head(msgspec.Struct, frozen=True):
    """What matters of a head. `length`: body bytes, or None where they come in chunks."""

    status: int
    length: int | None
    retry_after_s: float | None
    gzip: bool
    closes: bool


def read_head(head: bytes) -> Head | None:
    """The head up to and with its empty line; None if it is none that a player would follow.

    An answer whose end only the end of the connection tells is none: no server that keeps
    connections alive sends one.
    """
    lines = head.split(b"\r\n")
    first = lines[0].split(b" ", 2)
    if len(first) < 2 or not first[0].startswith(b"HTTP/1.") or not first[1].isdigit():
        return None
    status = int(first[1])
    length: int | None = None
    retry = date = connection = encoding = b""
    chunked = False
    for line in lines[1:]:
        name, _, value = line.partition(b":")
        match name.lower():
            case b"content-length":
                if not value.strip().isdigit():
                    return None
                length = int(value)
            case b"transfer-encoding":
                chunked = value.strip().lower() == b"chunked"
            case b"retry-after":
                retry = value.strip()
            case b"date":
                date = value.strip()
            case b"connection":
                connection = value.lower()
            case b"content-encoding":
                encoding = value.strip().lower()
    if chunked:
        length = None
    elif status in (204, 304) or 100 <= status < 200:
        length = 0
    elif length is None:
        return None
    closes = b"close" in connection or (first[0] == b"HTTP/1.0" and b"keep-alive" not in connection)
    return Head(status, length, _asked_s(retry, date), encoding == b"gzip", closes)


def _asked_s(retry: bytes, date: bytes) -> float | None:
    """`Retry-After` in seconds; a moment counts from the answer's own `Date`."""
    if retry.isdigit():
        return float(retry)
    try:
        asked, said = (parsedate_to_datetime(text.decode("latin-1")) for text in (retry, date))
        return max(0.0, (asked - said).total_seconds())
    except (ValueError, TypeError):
        return None


def read_chunks(body: bytes) -> tuple[bytes, int] | None:
    """A body that came in chunks (RFC 9112 7.1), and how many bytes it took; None: not all here.

    ValueError where they are none. Trailers are read over.
    """
    parts: list[bytes] = []
    at = 0
    while (end := body.find(b"\r\n", at)) >= 0:
        size = int(body[at:end].partition(b";")[0], 16)
        if size < 0:
            raise ValueError("a chunk of negative size")
        at = end + 2
        if size == 0:
            last = body.find(b"\r\n\r\n", end)
            return None if last < 0 else (b"".join(parts), last + 4)
        if len(body) < at + size + 2:
            return None
        parts.append(body[at : at + size])
        at += size + 2
    return None


class Understood:
    """What was read from heads and compressed bodies: once for all who were answered the same."""

    def __init__(self) -> None:
        self._heads: dict[bytes, Head | None] = {}
        self._texts: dict[bytes, bytes] = {}

    def head(self, raw: bytes) -> Head | None:
        """As `read_head`; None also where a body is announced that no listener would wait for."""
        try:
            return self._heads[raw]
        except KeyError:
            if len(self._heads) >= _KEPT_HEADS:
                self._heads.clear()
            head = read_head(raw)
            if head is not None and (head.length or 0) > BODY_MOST_BYTES:
                head = None
            self._heads[raw] = head
            return head

    def text(self, packed: bytes) -> bytes:
        """What was compressed (gzip); nothing where it is broken or far larger than it says."""
        found = self._texts.get(packed)
        if found is None:
            unpack = zlib.decompressobj(zlib.MAX_WBITS | 16)
            try:
                found = unpack.decompress(packed, BODY_MOST_BYTES)
            except zlib.error:
                found = b""
            if not unpack.eof:
                found = b""
            if len(self._texts) >= _KEPT_TEXTS:
                self._texts.clear()
            self._texts[packed] = found
        return found
