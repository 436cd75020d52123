"""What attack profiles send: short requests, made beforehand where they repeat, from a seed."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from itertools import count, cycle

import msgspec

_STEP = 0x9E3779B97F4A7C15  # odd, so that no number comes twice in 2**64
_MASK = (1 << 64) - 1
_JUNKS = 16
AGENT = "User-Agent: Rostra-Rehearsal attack\r\n"


class Site(msgspec.Struct, frozen=True, kw_only=True):
    """What an attacker has learnt of the target by looking at it. Paths begin with a slash.

    `rehearsal`: the token without which a rehearsal's event gives no tickets. `passes`: real ones.
    `offers`: the path of the stage's WHIP endpoint.
    """

    authority: str
    page: str
    assets: tuple[str, ...] = ()
    playlists: tuple[str, ...] = ()
    parts: tuple[str, ...] = ()
    rehearsal: str = ""
    passes: tuple[str, ...] = ()
    stage_authority: str = ""
    offers: str = ""

    @property
    def state(self) -> str:
        """The path of the event's state."""
        return f"{self.page}/state.json"


def requests_of(name: str, site: Site, seed: int) -> Iterator[bytes]:
    """Requests of a profile that floods, without end; the same seed makes the same ones."""
    return _MAKERS[name](site, seed)


def junk(seed: int, number: int, size: int) -> bytes:
    """Bytes without sense."""
    return hashlib.shake_128(b"%d/%d" % (seed, number)).digest(size)


def unending_head(site: Site) -> Iterator[bytes]:
    """A head that is told a byte at a time and does not end."""
    first = f"GET {site.page} HTTP/1.1\r\nHost: {site.authority}\r\n".encode()
    for text in (first, b"X-Later: and so on, and so forth\r\n"):
        yield from (text[at : at + 1] for at in range(len(text)))
    for number in count():
        text = b"X-%d: and so on\r\n" % number
        yield from (text[at : at + 1] for at in range(len(text)))


def large(site: Site, seed: int) -> Iterator[bytes]:
    """Requests for the largest that is free to fetch: the page's files, or the page itself."""
    return _round([_get(site, path) for path in site.assets or (site.page,)], seed)


def _get(site: Site, path: str, fields: str = "", method: str = "GET") -> bytes:
    head = f"{method} {path} HTTP/1.1\r\nHost: {site.authority}\r\n{AGENT}{fields}\r\n"
    return head.encode()


def _round(requests: list[bytes], seed: int) -> Iterator[bytes]:
    """All of them, again and again, beginning somewhere."""
    at = seed % len(requests)
    return cycle(requests[at:] + requests[:at])


def _playlists(site: Site, seed: int) -> Iterator[bytes]:
    paths = site.playlists or (f"{site.page}/live/0/aac.m3u8",)
    return _round([_get(site, path) for path in paths], seed)


def _states(site: Site, seed: int) -> Iterator[bytes]:
    return _round([_get(site, path) for path in (site.state, site.state, site.page)], seed)


def _busting(site: Site, seed: int) -> Iterator[bytes]:
    paths = (site.page, site.state, *site.playlists[:2], *site.assets[:2])
    tail = b" HTTP/1.1\r\nHost: %s\r\n%s\r\n" % (site.authority.encode(), AGENT.encode())
    heads = cycle([b"GET %s?r=" % path.encode() for path in paths])
    number = seed * _STEP
    for head in heads:
        number = (number + _STEP) & _MASK
        yield b"%b%x%b" % (head, number, tail)


def ticket_request(site: Site, fields: str = "") -> bytes:
    """A new ticket is asked for, as a rehearsal's listener does."""
    fields += f"Rostra-Rehearsal: {site.rehearsal}\r\n" if site.rehearsal else ""
    return _get(site, f"{site.page}/ticket", f"{fields}Content-Length: 0\r\n", "POST")


def _tickets(site: Site, seed: int) -> Iterator[bytes]:
    return _round([ticket_request(site)], seed)


def _replays(site: Site, seed: int) -> Iterator[bytes]:
    """The real pass, or one that does not hold where there is none."""
    made_up = f"{junk(seed, 0, 40).hex()}.{junk(seed, 1, 40).hex()}"
    paths = (*site.playlists[:2], *site.parts[-4:]) or (f"{site.page}/live/0/aac.m3u8",)
    return _round(
        [
            _get(site, path, f"Authorization: Bearer {token}\r\n")
            for token in site.passes or (made_up,)
            for path in paths
        ],
        seed,
    )


def _methods(site: Site, seed: int) -> Iterator[bytes]:
    bodiless = ("HEAD", "DELETE", "TRACE", "OPTIONS", "BREW", "get", "PROPFIND", "X" * 20)
    carrying = ("POST", "PUT", "PATCH")
    paths = (site.page, site.state, *site.playlists[:1])
    made = [_get(site, path, method=method) for method in bodiless for path in paths]
    for method in carrying:
        length = "Content-Length: 3\r\n"
        made += [_get(site, path, length, method) + b"abc" for path in paths]
    made.append(_get(site, "example.org:443", method="CONNECT"))
    return _round(made, seed)


def broken(site: Site) -> list[bytes]:
    """Requests that no HTTP parser may accept (RFC 9112), most of them ways to smuggle."""
    host = f"Host: {site.authority}\r\n".encode()
    get, post = b"GET / HTTP/1.1\r\n" + host, b"POST / HTTP/1.1\r\n" + host
    chunked = b"Transfer-Encoding: chunked\r\n"
    return [
        b"GARBAGE\r\n\r\n",
        b"GET / HTTP/9.9\r\n" + host + b"\r\n",
        b"GET\t/\tHTTP/1.1\r\n" + host + b"\r\n",
        b"GET /\x01 HTTP/1.1\r\n" + host + b"\r\n",
        b"GET / HTTP/1.1\nHost: x\n\n",
        get + b"X: a\0b\r\n\r\n",
        get + b"X: a\rb\r\n\r\n",
        get + b"X: a\r\n folded\r\n\r\n",
        get + b"no colon\r\n\r\n",
        get + b": no name\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost : x\r\n\r\n",
        b"GET / HTTP/1.1\r\nH\x80st: x\r\n\r\n",
        post + b"Content-Length: 6\r\n" + chunked + b"\r\n0\r\n\r\nG",
        post + b"Content-Length: 3\r\nContent-Length: 5\r\n\r\nabc",
        post + b"Content-Length: +5\r\n\r\nabcde",
        post + b"Content-Length: 0x5\r\n\r\nabcde",
        post + b"Content-Length: -5\r\n\r\nabcde",
        post + b"Content-Length: 99999999999999999999\r\n\r\n",
        post + b"Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
        post + b"Transfer-Encoding: xchunked\r\n\r\n",
        post + chunked + b"\r\n-1\r\nx\r\n0\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(40) + b"\r\n\r\n",
    ]


def misleading(site: Site) -> list[bytes]:
    """Requests that some parsers accept, and no server should: two hosts, none, hidden requests."""
    host = f"Host: {site.authority}\r\n".encode()
    return [
        b"GET / HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\n" + host + host + b"\r\n",
        b"GET /\r\n\r\n",
        b"GET / HTTP/1.1\r\n" + host + b"Content-Length: 18\r\n\r\nGET / HTTP/1.1\r\n\r\n",
        b"GET /e/../../etc/passwd HTTP/1.1\r\n" + host + b"\r\n",
        b"GET /%00%2e%2e HTTP/1.1\r\n" + host + b"\r\n",
        b"GET / HTTP/1.1\r\n" + host + b"Expect: 100-continue\r\n\r\n",
    ]


def oversize(site: Site) -> list[bytes]:
    """Heads and targets that are larger than any browser's."""
    host = f"Host: {site.authority}\r\n".encode()
    return [
        b"GET / HTTP/1.1\r\n" + host + b"X: " + b"a" * 20_000 + b"\r\n\r\n",
        b"GET / HTTP/1.1\r\n" + host + b"X: a\r\n" * 4_000 + b"\r\n",
        b"GET /" + b"a" * 4_000 + b" HTTP/1.1\r\n" + host + b"\r\n",
        b"G" * 20_000,
    ]


def _malformed(site: Site, seed: int) -> Iterator[bytes]:
    noise = [junk(seed, n, 24 + 8 * n) + b"\r\n\r\n" for n in range(_JUNKS)]
    return _round([*broken(site), *misleading(site), *oversize(site), *noise], seed)


def _offers(site: Site, seed: int) -> Iterator[bytes]:
    made = []
    for number in range(_JUNKS):
        body = b"v=0\r\no=- 0 0 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\n" + junk(seed, number, 400)
        head = (
            f"POST {site.offers} HTTP/1.1\r\nHost: {site.stage_authority}\r\n{AGENT}"
            f"Authorization: Bearer {junk(seed, number, 60).hex()}\r\n"
            f"Content-Type: application/sdp\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        made.append(head.encode() + body)
    return _round(made, seed)


_MAKERS: dict[str, Callable[[Site, int], Iterator[bytes]]] = {
    "playlist_flood": _playlists,
    "state_flood": _states,
    "cache_bust": _busting,
    "ticket_flood": _tickets,
    "pass_replay": _replays,
    "methods": _methods,
    "malformed": _malformed,
    "stage_junk": _offers,
}
