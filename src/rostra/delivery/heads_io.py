"""A request's head through llhttp: exactly one complete message without a body, or a refusal."""

from __future__ import annotations

import httptools

from rostra.delivery.manner import Headers, Manner, read_manner
from rostra.delivery.refused import HEADERS_TOO_LARGE, METHOD_NOT_ALLOWED, REQUEST_INVALID
from rostra.ground.refusals import Refusal

# A browser sends about twenty. Each field costs a call: 16 KiB of tiny ones took 2 ms to read.
FIELDS_MOST = 128


class _Seen:
    """What llhttp calls back."""

    def __init__(self) -> None:
        self.begun = 0
        self.headers_done = 0
        self.complete = 0
        self.keep_alive = False
        self.parser: httptools.HttpRequestParser
        self.target = b""
        self.headers: Headers = []

    def on_message_begin(self) -> None:
        self.begun += 1

    def on_url(self, url: bytes) -> None:
        self.target += url

    def on_header(self, name: bytes, value: bytes) -> None:
        self.headers.append((name.lower(), value))

    def on_headers_complete(self) -> None:
        self.headers_done += 1
        # Only here: llhttp forgets it with the end of the message.
        self.keep_alive = self.parser.should_keep_alive()

    def on_message_complete(self) -> None:
        self.complete += 1


def read_head(raw: bytes) -> tuple[bytes, Manner, Headers] | Refusal:
    """`raw`: everything up to and with the first empty line. Target, manner and header fields.

    The parser is new for each head, so nothing of one request can leak into the next.
    """
    if raw.count(b"\n") > FIELDS_MOST + 2:  # and the first and the empty line
        return HEADERS_TOO_LARGE
    seen = _Seen()
    parser = seen.parser = httptools.HttpRequestParser(seen)
    try:
        parser.feed_data(raw)
    except httptools.HttpParserUpgrade:
        pass  # RFC 9110, 7.8: an offer to change the protocol may be ignored
    except httptools.HttpParserInvalidMethodError:
        # A method that llhttp does not know: 501 would say no more than 405 with Allow does.
        return METHOD_NOT_ALLOWED if raw[:1].isupper() else REQUEST_INVALID
    except httptools.HttpParserError:
        return REQUEST_INVALID
    if seen.begun != 1 or seen.headers_done != 1:
        return REQUEST_INVALID
    method = parser.get_method()
    # llhttp forgives several spaces; RFC 9112, 3 has one, and the fast path counts on it.
    if not raw.startswith(method + b" " + seen.target + b" HTTP/"):
        return REQUEST_INVALID
    manner = read_manner(
        method.decode("latin-1"),
        parser.get_http_version(),
        seen.keep_alive,
        seen.target,
        seen.headers,
    )
    if isinstance(manner, Refusal):
        return manner
    if seen.complete != 1:
        return REQUEST_INVALID
    return seen.target, manner, seen.headers
