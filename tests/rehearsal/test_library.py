from __future__ import annotations

import json
from typing import Any

import pytest
from tests.rehearsal.pretend import PAGE, House

from rostra.packaging.boxes import chunk, nonce_message
from rostra.rehearsal.library import Library, choose, nonce_in, read_state


def offered(*rows: tuple[int, str]) -> Any:
    library = read_state(
        json.dumps(
            {
                "phase": "live",
                "now": "2026-12-01T20:00:00Z",
                "start": "2026-12-01T20:00:00Z",
                "rung": rows[0][0],
                "links": {
                    "playlists": [
                        {"rung": rung, "rendition": name, "url": f"/{rung}/{name}"}
                        for rung, name in rows
                    ]
                },
            }
        ).encode()
    )
    assert library is not None
    return library


def test_a_state_says_what_to_play_and_when_to_ask_again() -> None:
    house = House()
    house.rungs = [(-1e9, 1)]
    state = read_state(house.state(50.0))
    assert state is not None
    assert state.best == (f"{PAGE}/live/1/aac.m3u8", 1)
    assert state.saving == (f"{PAGE}/live/1/eco.m3u8", 1)
    assert (state.phase, state.poll_s, state.line_poll_s) == ("live", 2, 10)
    assert state.has_door and not state.open_door
    assert state.haste_s == 1.0
    assert state.seed == bytes.fromhex("aa" * 32)


def test_nothing_is_played_when_nothing_is_sent() -> None:
    assert offered((5, "aac")).best == ("", 0)
    assert choose((), 0, False) == ("", 0)


def test_at_the_cheapest_rung_everyone_plays_economy() -> None:
    assert offered((3, "eco")).best == ("/3/eco", 3)
    assert offered((0, "opus"), (0, "aac")).saving == ("/0/aac", 0)


def test_a_house_without_a_door_is_open() -> None:
    state = offered((0, "aac"))
    assert state.open_door and not state.has_door


@pytest.mark.parametrize(
    "body",
    [b"", b"[]", b'{"phase":"live"}', b'{"phase":"live","now":"never","start":"now"}', b"\xff"],
)
def test_what_is_no_state_is_none(body: bytes) -> None:
    assert read_state(body) is None


def test_the_nonce_of_our_own_media_is_found() -> None:
    message = nonce_message("Zk3-_x", 7, 0, 1024, 48_000)
    media = message + chunk([b"frame"] * 24, 0, 1024)
    assert nonce_in(media) == "Zk3-_x"
    assert nonce_in(chunk([b"frame"] * 24, 0, 1024)) == ""
    assert nonce_in(b"\x03rostra.nonce\0cut off") == ""


def test_media_are_read_once() -> None:
    library = Library()
    assert not library.knows("/m")
    assert library.nonce("/m", nonce_message("abc", 1, 0, 1, 1)) == "abc"
    assert library.knows("/m")
    assert library.nonce("/m", b"") == "abc"
    assert library.nonce("/n", b"") == ""
    assert not library.knows("/n"), "it was not seen yet"


def test_playlists_and_states_are_read_once_and_the_oldest_is_forgotten() -> None:
    library, house = Library(), House()
    body = house.playlist(0, "aac", 20.0)
    path = f"{PAGE}/live/0/aac.m3u8"
    assert library.playlist(path, body) is library.playlist(path, bytes(bytearray(body)))
    state = house.state(1.0)
    assert library.state(state) is library.state(bytes(bytearray(state)))
    first = library.playlist(path, body)
    for at in range(100):
        library.playlist(path, house.playlist(0, "aac", 21.0 + at))
    assert library.playlist(path, body) is not first
    assert library.playlist(path, b"") is None


def test_a_page_names_its_files_and_its_script_the_player() -> None:
    library = Library()
    page = b"""<link rel="icon" href="/assets/mark-I.svg"><script src="/assets/event-B.js"></script>
        <link rel="modulepreload" href="/assets/mark-I.svg"><a href="/e/x">"""
    assert library.assets(page) == ("/assets/mark-I.svg", "/assets/event-B.js")
    script = b'const n=()=>import("./hls.light-GfIr9Rzd.js")'
    assert library.engine("/assets/event-B.js", script) == "/assets/hls.light-GfIr9Rzd.js"
    assert library.engine("/assets/event-B.js", b"") == "/assets/hls.light-GfIr9Rzd.js"
    assert library.engine("/assets/base.css", b"p{}") == ""
