"""Prepared answers: head and body in one bytes object, made once and written to everyone."""

from __future__ import annotations

import gzip
from datetime import UTC, datetime
from hashlib import blake2b

from rostra.ground.refusals import Refusal

REASONS = {
    200: "OK", 204: "No Content", 206: "Partial Content", 304: "Not Modified",
    400: "Bad Request", 403: "Forbidden", 404: "Not Found", 405: "Method Not Allowed",
    408: "Request Timeout", 413: "Content Too Large", 414: "URI Too Long",
    416: "Range Not Satisfiable", 429: "Too Many Requests",
    431: "Request Header Fields Too Large", 503: "Service Unavailable",
}  # fmt: skip
IMMUTABLE = "public, max-age=31536000, immutable"
# Preflights are cached a day; the list is what players and pages send beyond the safelisted ones.
_PREFLIGHT = (
    "Allow: {methods}\r\n"
    "Access-Control-Allow-Methods: {methods}\r\n"
    "Access-Control-Allow-Headers: Authorization, CMCD-Object, CMCD-Request, CMCD-Session, "
    "CMCD-Status, If-None-Match, Range, Rostra-Challenge, Rostra-Nonce\r\n"
    "Access-Control-Max-Age: 86400\r\n"
)
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = (
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
)  # fmt: skip
# So many bytes cost about what a small answer costs (docs/decisions/0010-shield.md).
SIZE_BYTES = 16 * 1024
_WORTH_GZIP_BYTES = 256  # below this the gzip header eats what is won


def http_date(wall_s: float) -> str:
    """IMF-fixdate (RFC 9110, 5.6.7) of a Unix time in seconds."""
    at = datetime.fromtimestamp(int(wall_s), UTC)
    return (
        f"{_DAYS[at.weekday()]}, {at.day:02} {_MONTHS[at.month - 1]} {at.year} "
        f"{at.hour:02}:{at.minute:02}:{at.second:02} GMT"
    )


class Prepared:
    """One complete answer for a live HTTP/1.1 connection.

    `whole`: head and body. `kind`: the class it is counted under. `heard`: the event whose listener
    fetches it (playlists and media), else empty. `ranges`: whether byte ranges are served. `code`:
    the refusal's code, if it is one. `price`: what it costs, in small answers.
    """

    __slots__ = (
        "body_bytes", "code", "etag", "head_bytes", "heard", "kind", "price", "ranges", "status",
        "whole",
    )  # fmt: skip

    def __init__(
        self,
        status: int,
        head: str,
        body: bytes,
        *,
        kind: str,
        heard: str = "",
        etag: str = "",
        ranges: bool = False,
        code: str = "",
    ) -> None:
        raw = f"HTTP/1.1 {status} {REASONS[status]}\r\n{head}\r\n".encode("latin-1")
        self.whole = raw + body
        self.head_bytes = len(raw)
        self.body_bytes = len(body)
        self.price = 1.0 + len(body) / SIZE_BYTES
        self.status = status
        self.kind = kind
        self.heard = heard
        self.etag = etag
        self.ranges = ranges
        self.code = code

    @property
    def head(self) -> bytes:
        """The head alone: what HEAD is answered with."""
        return self.whole[: self.head_bytes]

    @property
    def body(self) -> memoryview:
        """The body, not copied."""
        return memoryview(self.whole)[self.head_bytes :]


def closing(answer: bytes, head_bytes: int) -> bytes:
    """The same answer, saying that the connection ends with it (RFC 9112, 9.6)."""
    return answer[: head_bytes - 2] + b"Connection: close\r\n\r\n" + answer[head_bytes:]


def not_modified(prepared: Prepared) -> bytes:
    """304 with the header fields RFC 9110, 15.4.5 asks for."""
    kept = [
        line
        for line in prepared.head.split(b"\r\n")[1:]
        if not line.lower().startswith((b"content-length:", b"content-type:", b"content-encoding:"))
    ]
    return b"HTTP/1.1 304 Not Modified\r\n" + b"\r\n".join(kept)


def partial(prepared: Prepared, first: int, last: int) -> tuple[bytes, int]:
    """206 for bytes `first` to `last` inclusive, and the length of its head."""
    head = prepared.head.replace(b" 200 OK", b" 206 Partial Content", 1).replace(
        b"\r\nContent-Length: %d\r\n" % prepared.body_bytes,
        b"\r\nContent-Length: %d\r\nContent-Range: bytes %d-%d/%d\r\n"
        % (last - first + 1, first, last, prepared.body_bytes),
        1,
    )
    return head + prepared.body[first : last + 1], len(head)


class Document:
    """A body with what its answers say of it; each variant is prepared on first use.

    `cache`: the Cache-Control value. `tagged`: whether it has an ETag (RFC 9110, 8.8.3).
    """

    __slots__ = (
        "_gzip", "_plain", "body", "cache", "code", "compressible", "content_type", "date", "extra",
        "heard", "kind", "ranges", "status", "tagged",
    )  # fmt: skip

    def __init__(
        self,
        body: bytes,
        content_type: str,
        *,
        kind: str,
        cache: str,
        date: str,
        heard: str = "",
        status: int = 200,
        tagged: bool = False,
        compressible: bool = False,
        ranges: bool = False,
        extra: str = "",
        zipped: bytes | None = None,
        code: str = "",
    ) -> None:
        self.body = body
        self.content_type = content_type
        self.kind = kind
        self.cache = cache
        self.date = date
        self.heard = heard
        self.status = status
        self.tagged = tagged
        self.compressible = compressible
        self.ranges = ranges
        self.extra = extra
        self.code = code
        self._plain: Prepared | None = None
        self._gzip = None if zipped is None else self._prepare(zipped, zipped=True)

    def prepared(self, accepts_gzip: bool) -> Prepared:
        """The variant for a client; the same object for all who ask alike."""
        if accepts_gzip and self.compressible and len(self.body) >= _WORTH_GZIP_BYTES:
            if self._gzip is None:
                self._gzip = self._prepare(gzip.compress(self.body, 6, mtime=0), zipped=True)
            return self._gzip
        if self._plain is None:
            self._plain = self._prepare(self.body, zipped=False)
        return self._plain

    def _prepare(self, body: bytes, *, zipped: bool) -> Prepared:
        etag = ""
        if self.tagged:
            etag = f'"{blake2b(body, digest_size=9).hexdigest()}"'
        head = [f"Date: {self.date}"]
        if self.status != 204:
            head += [f"Content-Type: {self.content_type}", f"Content-Length: {len(body)}"]
        head.append(f"Cache-Control: {self.cache}")
        if zipped:
            head.append("Content-Encoding: gzip")
        if self.compressible:
            head.append("Vary: Accept-Encoding")
        if etag:
            head.append(f"ETag: {etag}")
        if self.ranges:
            head.append("Accept-Ranges: bytes")
        head += [
            "Access-Control-Allow-Origin: *",
            "Access-Control-Expose-Headers: *",
            "X-Content-Type-Options: nosniff",
        ]
        text = "\r\n".join(head) + "\r\n" + self.extra
        return Prepared(
            self.status,
            text,
            body,
            kind=self.kind,
            heard=self.heard,
            etag=etag,
            ranges=self.ranges,
            code=self.code,
        )


def preflight(date: str, door: bool) -> Document:
    """The answer to OPTIONS (CORS preflight, Fetch standard); `door`: where POST is taken."""
    extra = _PREFLIGHT.format(methods="OPTIONS, POST" if door else "GET, HEAD, OPTIONS")
    return Document(
        b"", "", kind="page", cache="public, max-age=86400", date=date, status=204, extra=extra
    )


def personal(body: bytes, date: str, cookie: str = "") -> Prepared:
    """The door's answer to one person: never stored, never shared. `cookie`: of Set-Cookie.

    Without a body it is 204.
    """
    head = f"Date: {date}\r\n"
    if body:
        head += f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n"
    head += "Cache-Control: no-store\r\nAccess-Control-Allow-Origin: *\r\n"
    head += "X-Content-Type-Options: nosniff\r\n"
    if cookie:
        head += f"Set-Cookie: {cookie}\r\n"
    return Prepared(200 if body else 204, head, body, kind="door")


def personal_refusal(refusal: Refusal, body: bytes, date: str, extra: str = "") -> Prepared:
    """A refusal that is meant for one person alone. `body`: its JSON; `extra`: further fields."""
    head = (
        f"Date: {date}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n"
        "Cache-Control: no-store\r\nAccess-Control-Allow-Origin: *\r\n"
        f"X-Content-Type-Options: nosniff\r\n{extra}"
    )
    return Prepared(refusal.status, head, body, kind="refused", code=refusal.code)


def refusal_document(
    refusal: Refusal, date: str, extra: str = "", retry_after_s: int = 1
) -> Document:
    """A refusal as an answer: short-lived in caches where it may end, never stored otherwise.

    `retry_after_s`: said with 429 and 503, unless `extra` says it.
    """
    if refusal.status == 405:
        extra += "Allow: GET, HEAD, OPTIONS\r\n"
    if refusal.status in {429, 503} and "Retry-After" not in extra:
        extra += f"Retry-After: {retry_after_s}\r\n"
    # A 404 is cached a second, so that a crowd at a wrong address stays at the cache in front.
    cache = "public, max-age=1" if refusal.status == 404 else "no-store"
    return Document(
        refusal.body(),
        "application/json",
        kind="refused",
        cache=cache,
        date=date,
        status=refusal.status,
        extra=extra,
        code=refusal.code,
    )
