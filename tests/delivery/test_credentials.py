from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rostra.delivery.credentials import bearer, pass_cookie, split_token, token_in_headers

LIVE = b"/e/abc/live/0/aac.m3u8"


@pytest.mark.parametrize(
    ("raw", "target", "token"),
    [
        (LIVE, LIVE, ""),
        (b"/e/abc/~h.p.s/live/0/aac.m3u8", LIVE, "h.p.s"),
        (b"/e/abc/~h.p.s/live/0/aac.m3u8?_HLS_msn=1", LIVE + b"?_HLS_msn=1", "h.p.s"),
        (b"http://x:1/e/abc/~h.p.s/", b"http://x:1/e/abc/", "h.p.s"),
        (LIVE + b"?pass=h.p.s", LIVE, "h.p.s"),
        (LIVE + b"?pass=h.p.s&_HLS_msn=1", LIVE + b"?_HLS_msn=1", "h.p.s"),
        (LIVE + b"?_HLS_msn=1&pass=h.p.s", LIVE + b"?_HLS_msn=1", "h.p.s"),
        (LIVE + b"?pass=a&pass=b", LIVE, "a"),
        (b"/e/abc/~p/live/0/aac.m3u8?pass=q", LIVE, "p"),
        (LIVE + b"?pass=", LIVE, ""),
        (LIVE + b"?xpass=h", LIVE + b"?xpass=h", ""),
        (b"/e/abc/live/~p/0", b"/e/abc/live/~p/0", ""),
        (b"/e/abc/~p", b"/e/abc/~p", ""),
        (b"/e/abc/~/live", b"/e/abc/~/live", ""),
        (b"/~p/e/abc/live", b"/~p/e/abc/live", ""),
        (b"/e/abc/~a/~b/live", b"/e/abc/~b/live", "a"),
    ],
)
def test_a_target_is_taken_apart_from_its_pass(raw: bytes, target: bytes, token: str) -> None:
    assert split_token(raw) == (target, token)


@given(st.binary(max_size=80))
def test_what_carries_no_pass_stays_as_it_is(raw: bytes) -> None:
    if b"/~" not in raw and b"pass=" not in raw:
        assert split_token(raw) == (raw, "")


@given(
    st.from_regex(re.compile(r"[a-z0-9_-]{1,9}(\.[A-Z0-9_-]{1,9}){2}", re.ASCII), fullmatch=True),
    st.sampled_from([b"live/0/aac.m3u8", b"media/aac/p0/1.2.m4s", b"live/0/aac.m3u8?_HLS_msn=4"]),
)  # fmt: skip
def test_all_ways_to_carry_a_pass_lead_to_one_target(token: str, rest: bytes) -> None:
    plain = b"/e/abc/" + rest
    mark = b"&" if b"?" in plain else b"?"
    carried = token.encode()
    assert split_token(b"/e/abc/~" + carried + b"/" + rest) == (plain, token)
    assert split_token(plain + mark + b"pass=" + carried) == (plain, token)


def test_a_bearer_is_read_from_its_header_field() -> None:
    assert bearer([(b"accept", b"*/*"), (b"authorization", b"bearer  h.p.s ")]) == "h.p.s"
    assert bearer([(b"authorization", b"Basic h.p.s")]) == ""
    assert bearer([]) == ""


@pytest.mark.parametrize(
    ("fields", "token"),
    [
        ([b"a=1; rostra_pass=h.p.s; b=2"], "h.p.s"), ([b"rostra_pass=h"], "h"),
        ([b"xrostra_pass=h"], ""), ([b"rostra_pass="], ""), ([b"a=rostra_pass=h"], ""),
        ([b"rostra_pass=one; rostra_pass=two"], "one"), ([b"a=1", b"rostra_pass=h"], "h"),
    ],
)  # fmt: skip
def test_the_pass_is_found_among_the_cookies(fields: list[bytes], token: str) -> None:
    assert pass_cookie([(b"cookie", field) for field in fields]) == token


def test_the_header_field_wins_over_the_cookie() -> None:
    headers = [(b"cookie", b"rostra_pass=c"), (b"authorization", b"Bearer h")]
    assert token_in_headers(headers) == "h"
    assert token_in_headers(headers[:1]) == "c"
