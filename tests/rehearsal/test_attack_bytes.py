"""Each profile's bytes are what it says: broken ones are refused, whole ones are read."""

from __future__ import annotations

from itertools import islice

import httptools
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rostra.delivery.heads_io import read_head
from rostra.delivery.targets import TARGET_MOST_BYTES
from rostra.ground.refusals import Refusal
from rostra.rehearsal.attack import PROFILES, Manner
from rostra.rehearsal.attack_bytes import (
    Site,
    broken,
    junk,
    large,
    misleading,
    oversize,
    requests_of,
    unending_head,
)

SITE = Site(
    authority="127.0.0.1:8080",
    page="/e/abcd",
    assets=("/assets/a.js", "/assets/a.css"),
    playlists=("/e/abcd/live/1/aac.m3u8", "/e/abcd/live/1/eco.m3u8"),
    parts=("/e/abcd/live/1/aac/7.0.m4s",),
    rehearsal="REH",
    passes=("PASS",),
    stage_authority="127.0.0.1:8081",
    offers="/whip/abcd",
)
FLOODS = [name for name, profile in PROFILES.items() if profile.manner is Manner.FLOOD]
WHOLE = [name for name in FLOODS if name not in ("malformed", "methods")]


class Heard:
    """What httptools finds in a request."""

    def __init__(self) -> None:
        self.url = b""
        self.headers: dict[bytes, bytes] = {}
        self.complete = 0

    def on_url(self, url: bytes) -> None:
        self.url = url

    def on_header(self, name: bytes, value: bytes) -> None:
        self.headers[name.lower()] = value

    def on_message_complete(self) -> None:
        self.complete += 1


def parsed(raw: bytes) -> tuple[str, Heard]:
    heard = Heard()
    parser = httptools.HttpRequestParser(heard)
    parser.feed_data(raw)
    return parser.get_method().decode(), heard


def some(name: str, count: int = 300, seed: int = 1) -> list[bytes]:
    return list(islice(requests_of(name, SITE, seed), count))


@pytest.mark.parametrize("name", WHOLE)
def test_a_flood_is_of_whole_requests_without_end(name: str) -> None:
    for raw in some(name):
        _, heard = parsed(raw)
        assert heard.complete == 1 and b"host" in heard.headers


@pytest.mark.parametrize("name", FLOODS)
def test_the_same_seed_makes_the_same_bytes_and_another_makes_others(name: str) -> None:
    assert some(name) == some(name)
    if len(set(some(name))) > 1:
        assert some(name) != some(name, seed=2)


@pytest.mark.parametrize("raw", broken(SITE), ids=lambda raw: repr(raw[:60]))
def test_what_is_broken_no_parser_takes(raw: bytes) -> None:
    with pytest.raises(httptools.HttpParserError):
        parsed(raw)


def refusal_of(raw: bytes) -> str:
    end = raw.find(b"\r\n\r\n")
    read = read_head(raw[: end + 4] if end >= 0 else raw)
    return read.code if isinstance(read, Refusal) else ""


def test_the_edge_refuses_what_is_broken_or_misleading() -> None:
    for raw in broken(SITE):
        assert refusal_of(raw), raw[:60]
    accepted = [raw for raw in misleading(SITE) if not refusal_of(raw)]
    # These are well-formed; the target is what is wrong, and is read later.
    assert all(raw.startswith((b"GET /e/..", b"GET /%00")) for raw in accepted)
    assert len(accepted) <= 2


def test_what_is_oversize_is_larger_than_the_edge_reads() -> None:
    for raw in oversize(SITE):
        first = raw.partition(b"\r\n")[0]
        assert len(raw) > 16 * 1024 or len(first) > TARGET_MOST_BYTES


def test_malformed_is_all_of_them_and_noise() -> None:
    sent = set(some("malformed"))
    assert {*broken(SITE), *misleading(SITE), *oversize(SITE)} < sent


def test_cache_busting_never_asks_for_the_same_twice() -> None:
    targets = [parsed(raw)[1].url for raw in some("cache_bust", 5000)]
    assert len(set(targets)) == 5000
    assert {target.partition(b"?")[0] for target in targets} >= {
        b"/e/abcd",
        b"/e/abcd/state.json",
        b"/assets/a.js",
    }


def test_floods_ask_for_what_they_say() -> None:
    assert {parsed(raw)[1].url for raw in some("playlist_flood")} == {
        path.encode() for path in SITE.playlists
    }
    assert b"authorization" not in parsed(some("playlist_flood")[0])[1].headers
    assert {parsed(raw)[1].url for raw in some("state_flood")} == {
        b"/e/abcd",
        b"/e/abcd/state.json",
    }
    method, heard = parsed(some("ticket_flood")[0])
    assert (method, heard.url, heard.headers[b"rostra-rehearsal"]) == (
        "POST",
        b"/e/abcd/ticket",
        b"REH",
    )
    replayed = {parsed(raw)[1].headers[b"authorization"] for raw in some("pass_replay")}
    assert replayed == {b"Bearer PASS"}
    method, heard = parsed(some("stage_junk")[0])
    assert (method, heard.url, heard.headers[b"host"]) == ("POST", b"/whip/abcd", b"127.0.0.1:8081")


def test_methods_are_many_and_hardly_a_get() -> None:
    first = {raw.partition(b" ")[0] for raw in some("methods")}
    assert {b"HEAD", b"POST", b"PUT", b"DELETE", b"CONNECT", b"TRACE", b"BREW"} <= first
    assert b"GET" not in first


def test_without_a_pass_one_is_made_up() -> None:
    nobody = Site(authority="a", page="/e/x")
    raw = next(requests_of("pass_replay", nobody, 1))
    assert raw.startswith(b"GET /e/x/live/") and b"Authorization: Bearer " in raw


def test_the_largest_that_is_free_is_asked_for() -> None:
    assert {parsed(raw)[1].url for raw in islice(large(SITE, 1), 10)} == {
        path.encode() for path in SITE.assets
    }
    assert parsed(next(large(Site(authority="a", page="/e/x"), 1)))[1].url == b"/e/x"


def test_the_unending_head_is_valid_as_far_as_it_goes_and_never_ends() -> None:
    told = list(islice(unending_head(SITE), 20_000))
    assert {len(byte) for byte in told} == {1}
    raw = b"".join(told)
    assert raw.startswith(b"GET /e/abcd HTTP/1.1\r\nHost: 127.0.0.1:8080\r\n")
    assert b"\r\n\r\n" not in raw
    heard = Heard()
    httptools.HttpRequestParser(heard).feed_data(raw[:10_000])
    assert heard.complete == 0


@given(st.integers(0, 2**40), st.integers(0, 1000))
def test_junk_is_the_same_for_the_same_seed(seed: int, number: int) -> None:
    assert junk(seed, number, 64) == junk(seed, number, 64)
    assert junk(seed, number, 64) != junk(seed, number + 1, 64)
