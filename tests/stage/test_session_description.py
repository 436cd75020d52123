from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rostra.stage.session_description import (
    cleaned_offer,
    offers_opus,
    with_fec,
    with_public_address,
)

OFFER = """v=0
o=- 1 1 IN IP4 0.0.0.0
s=-
t=0 0
m=audio 9 UDP/TLS/RTP/SAVPF 111 0
a=rtpmap:111 opus/48000/2
a=fmtp:111 minptime=10
a=rtpmap:0 PCMU/8000
a=candidate:1 1 udp 2113937151 192.0.2.7 51000 typ host
a=candidate:2 1 udp 2113937151 5f1c.local 51001 typ host
a=candidate:3 1 tcp 1518280447 192.0.2.7 9 typ host tcptype active
a=candidate:4 1 udp 2113937150 2001:db8::7 51002 typ host
a=end-of-candidates
""".replace("\n", "\r\n")


def test_candidates_that_cannot_be_used_are_left_out() -> None:
    clean = cleaned_offer(OFFER)
    assert "192.0.2.7 51000" in clean
    assert "2001:db8::7" in clean
    assert ".local" not in clean
    assert "tcp 1518" not in clean
    assert "end-of-candidates" not in clean


def test_the_sender_is_asked_for_fec_once() -> None:
    answer = with_fec(OFFER)
    assert answer.count("a=fmtp:111") == 1
    assert "useinbandfec=1" in answer
    assert answer.index("a=rtpmap:111") < answer.index("a=fmtp:111")
    assert with_fec("v=0\r\n") == "v=0\r\n"


def test_an_announced_address_stands_beside_the_hosts_own() -> None:
    answer = with_public_address(OFFER, "203.0.113.9")
    assert "203.0.113.9 51000 typ host" in answer
    assert "192.0.2.7 51000 typ host" in answer
    assert "203.0.113.9 51002" not in answer
    with pytest.raises(ValueError, match="not-an-address"):
        with_public_address(OFFER, "not-an-address")


def test_an_offer_without_opus_is_seen() -> None:
    assert offers_opus(OFFER)
    assert not offers_opus(OFFER.replace("opus", "speex"))
    assert not offers_opus(OFFER.replace("m=audio", "m=video"))


@given(st.text(max_size=200))
def test_any_text_passes_through(text: str) -> None:
    assert "end-of-candidates" not in cleaned_offer("a=end-of-candidates\n" + text).split("\r\n")[0]
    offers_opus(text)
    with_fec(text)
    with_public_address(text, "203.0.113.9")
