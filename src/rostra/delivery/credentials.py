"""Where a request carries its pass: a segment of its path, its query, a header field, a cookie."""

from __future__ import annotations

import re

from rostra.delivery.manner import Headers

COOKIE = "rostra_pass"
# In origin-form or absolute-form, before anything is decoded: what is spelled otherwise is no pass.
_IN_PATH = re.compile(
    rb"((?:https?://[^/?#\\@ ]+)?/e/[A-Za-z0-9_-]{1,64})/~([A-Za-z0-9._-]{1,1024})(/.*)"
)
_IN_COOKIE = re.compile(rb"(?:^|;)[ \t]*%s=([^;]+)" % COOKIE.encode())


def split_token(raw: bytes) -> tuple[bytes, str]:
    """A target without the pass it carries, and that pass or an empty string.

    `/e/ID/~TOKEN/live/0/aac.m3u8` and `/e/ID/live/0/aac.m3u8?pass=TOKEN` both are the target
    `/e/ID/live/0/aac.m3u8`: whoever asks gets the same answer. The path wins over the query.
    """
    token = b""
    if b"/~" in raw:
        found = _IN_PATH.fullmatch(raw)
        if found:
            raw, token = found[1] + found[3], found[2]
    if b"pass=" in raw:
        path, _, query = raw.partition(b"?")
        kept = []
        for pair in query.split(b"&"):
            if pair.startswith(b"pass="):
                token = token or pair[len(b"pass=") :]
            else:
                kept.append(pair)
        raw = path + b"?" + b"&".join(kept) if kept else path
    return raw, token.decode("latin-1")


def bearer(headers: Headers) -> str:
    """The token of `Authorization: Bearer TOKEN` (RFC 6750, 2.1), or empty."""
    for name, value in headers:
        if name == b"authorization":
            scheme, _, token = value.strip().partition(b" ")
            return token.strip().decode("latin-1") if scheme.lower() == b"bearer" else ""
    return ""


def pass_cookie(headers: Headers) -> str:
    """The pass in the Cookie fields (RFC 6265, 5.4: the narrowest path comes first), or empty."""
    for name, value in headers:
        if name == b"cookie":
            for found in _IN_COOKIE.finditer(value):
                if token := found[1].strip():
                    return token.decode("latin-1")
    return ""


def token_in_headers(headers: Headers) -> str:
    """The pass in a request's header, or empty."""
    return bearer(headers) or pass_cookie(headers)
