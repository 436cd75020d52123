"""The pages' build as documents: assets by path, HTML with its security header fields."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from rostra.delivery.prepared import IMMUTABLE, Document
from rostra.delivery.refused import NOT_FOUND
from rostra.ground.refusals import Refusal

# Only JSON stands inline, and a data block is not run. Playback needs blob: for MediaSource and
# hls.js' worker.
SECURITY_HEADERS = (
    "Content-Security-Policy: default-src 'self'; media-src 'self' blob: data:; "
    "worker-src 'self' blob:; img-src 'self' data:; object-src 'none'; base-uri 'none'; "
    "form-action 'self'; frame-ancestors 'self'\r\n"
    "Referrer-Policy: strict-origin-when-cross-origin\r\n"
)
_TYPES = {
    "css": "text/css; charset=utf-8",
    "ico": "image/x-icon",
    "js": "text/javascript; charset=utf-8",
    "json": "application/json",
    "map": "application/json",
    "mp3": "audio/mpeg",
    "png": "image/png",
    "svg": "image/svg+xml",
    "txt": "text/plain; charset=utf-8",
    "wasm": "application/wasm",
    "webmanifest": "application/manifest+json",
    "woff2": "font/woff2",
}
_COMPRESSED = {"ico", "mp3", "png", "woff2"}  # gzip wins nothing there


class PageFile(msgspec.Struct, frozen=True):
    """One of Vite's files, and its gzip form."""

    body: bytes
    zipped: bytes


def asset_document(files: Mapping[str, PageFile], path: str, date: str) -> Document | Refusal:
    """The built file at `path`. HTML is not one: shells are filled in before anyone sees them."""
    file = files.get(path[1:])
    ending = path.rpartition(".")[2]
    if file is None or ending == "html":
        return NOT_FOUND
    return Document(
        file.body,
        _TYPES.get(ending, "application/octet-stream"),
        kind="asset",
        # Vite puts a hash of the content into the names below assets/.
        cache=IMMUTABLE if path.startswith("/assets/") else "public, max-age=3600",
        date=date,
        tagged=True,
        compressible=ending not in _COMPRESSED,
        zipped=None if ending in _COMPRESSED else file.zipped,
    )


def text_document(body: bytes, cache: str, date: str) -> Document:
    """Words for machines."""
    return Document(body, "text/plain; charset=utf-8", kind="page", cache=cache, date=date)


def html_document(body: bytes, date: str, refusal: Refusal | None = None) -> Document:
    """A page, or the page that shows a refusal to a person."""
    return Document(
        body,
        "text/html; charset=utf-8",
        kind="page" if refusal is None else "refused",
        cache=f"public, max-age={5 if refusal is None else 1}",
        date=date,
        status=200 if refusal is None else refusal.status,
        tagged=refusal is None,
        compressible=True,
        extra=SECURITY_HEADERS,
        code="" if refusal is None else refusal.code,
    )
