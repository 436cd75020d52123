from __future__ import annotations

import re
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st
from tests.delivery.playing import START_MS, House, playing

from rostra.delivery.decoys import Decoys, led_here

DAY_MS = 86_400_000
DECOYS = Decoys(b"secret")


@given(st.integers(0, 50_000), st.text(max_size=20))
def test_a_decoy_is_another_each_day_for_each_event_and_each_house(day: int, event: str) -> None:
    at_ms = day * DAY_MS
    path = DECOYS.path(event, at_ms)
    assert re.fullmatch("/[a-z2-7]{12}/[a-z2-7]{12}", path)
    assert path == DECOYS.path(event, at_ms + DAY_MS - 1)
    others = [
        DECOYS.path(event, at_ms + DAY_MS),
        DECOYS.path(event + "x", at_ms),
        Decoys(b"other").path(event, at_ms),
    ]
    assert path not in others and len(set(others)) == 3


def test_a_decoy_holds_until_the_page_it_stood_in_is_surely_gone() -> None:
    path = DECOYS.path("abc", START_MS)
    assert [DECOYS.holds(path, START_MS + days * DAY_MS) for days in (-1, 0, 1, 2)] == [
        False, True, True, False,
    ]  # fmt: skip
    for other in (
        "/",
        "/e/abc",
        "/robots.txt",
        path + "/",
        path[:-1],
        "/aaaaaaaaaaaa/aaaaaaaaaaaa",
    ):
        assert not DECOYS.holds(other, START_MS)


def test_robots_are_asked_to_leave_every_decoy_they_may_meet_in_a_day() -> None:
    told = DECOYS.robots(START_MS).decode()
    assert told.startswith("User-agent: *\nAllow: /\n")
    kept = re.findall("Disallow: (/[a-z2-7]{12}/)\n", told)
    for days in (-1, 0, 1):
        path = DECOYS.path("abc", START_MS + days * DAY_MS)
        assert sum(path.startswith(folder) for folder in kept) == 1
    assert len(kept) == 3


def test_browsers_that_others_sent_or_that_fetch_ahead_are_not_blamed() -> None:
    assert led_here([])
    assert led_here([(b"sec-fetch-site", b"none")])
    assert led_here([(b"sec-fetch-site", b"same-origin")])
    assert not led_here([(b"sec-fetch-site", b"cross-site")])
    assert not led_here([(b"sec-purpose", b"prefetch;prerender")])


def blamed(house: House) -> dict[str, int]:
    tally = house.edge.tally(house.clock.now)
    assert tally.shield is not None
    return {code: n for one in tally.shield.worst for code, n in one.refused.items()}


def test_who_follows_the_pages_hidden_link_gets_a_plain_404_and_is_noted(tmp_path: Path) -> None:
    house = playing(tmp_path)
    page = house.get("/e/abc").decode()
    link = re.search(
        r'<a href="([^"]+)" rel="nofollow" tabindex="-1" aria-hidden="true" hidden>', page
    )
    assert link is not None
    house.edge.tally(house.clock.now)
    assert house.get("/e/abc/nothing/here").startswith(b"HTTP/1.1 404")
    assert blamed(house) == {}
    for raw in (b"Sec-Fetch-Site: cross-site\r\n", b"Sec-Purpose: prefetch\r\n"):
        head = b"GET " + link[1].encode() + b" HTTP/1.1\r\nHost: x\r\n" + raw + b"\r\n"
        assert house.ask(head).startswith(b"HTTP/1.1 404")
    assert blamed(house) == {}
    plain = house.get("/nothing/here")
    assert house.get(link[1]) == plain
    assert plain.startswith(b"HTTP/1.1 404") and b"not_found" in plain
    assert blamed(house) == {"decoy": 1}


def test_robots_txt_names_the_decoys_folder_and_lets_the_event_be_found(tmp_path: Path) -> None:
    house = playing(tmp_path)
    told = house.get("/robots.txt")
    assert told.startswith(b"HTTP/1.1 200") and b"text/plain" in told
    folder = house.edge.desk.catalogue.decoys.path("abc", START_MS).rpartition("/")[0].encode()
    assert b"Disallow: " + folder + b"/\n" in told
    assert b"/e/" not in told
