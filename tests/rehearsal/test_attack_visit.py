"""A mimic goes the player's way to the media, and is turned away by nothing."""

from __future__ import annotations

import json

from rostra.rehearsal.attack_visit import Visit
from rostra.rehearsal.library import Library
from rostra.rehearsal.request_head import Heads

PAGE = "/e/abcd"
LIST = f"{PAGE}/live/1/aac.m3u8"
STATE = {
    "phase": "live",
    "now": "2026-12-01T20:00:00Z",
    "start": "2026-12-01T20:00:00Z",
    "rung": 1,
    "door": {"admission": "passes"},
    "links": {"playlists": [{"rung": 1, "rendition": "aac", "url": LIST}]},
}
PLAYLIST = f"""#EXTM3U
#EXT-X-VERSION:10
#EXT-X-TARGETDURATION:4
#EXT-X-PART-INF:PART-TARGET=1.0
#EXT-X-MEDIA-SEQUENCE:7
#EXT-X-MAP:URI="init.mp4"
#EXT-X-PROGRAM-DATE-TIME:2026-12-01T20:00:00.000Z
#EXTINF:4.0,
{PAGE}/live/1/7.m4s
#EXT-X-PROGRAM-DATE-TIME:2026-12-01T20:00:04.000Z
#EXTINF:4.0,
{PAGE}/live/1/8.m4s
"""
BODIES = {
    PAGE: b'<script src="/assets/a.js"></script>',
    "/assets/a.js": b"x",
    f"{PAGE}/state.json": json.dumps(STATE).encode(),
    f"{PAGE}/ticket": b'{"ticket": "TICKET"}',
    f"{PAGE}/pass": b'{"pass": "PASS"}',
    LIST: PLAYLIST.encode(),
}


def visit(tickets: bool = False) -> Visit:
    heads = Heads("h:1", "http://h:1", PAGE, "REH")
    return Visit(heads, PAGE, Library(), tickets)


def step(one: Visit, status: int = 200, body: bytes | None = None) -> str:
    """One request and its answer; method and path of the request."""
    raw = one.ask().decode()
    method, path, _ = raw.split(" ", 2)
    one.answered(status, BODIES.get(path, b"media") if body is None else body)
    return f"{method} {path}"


def test_it_goes_from_the_page_to_the_parts() -> None:
    one = visit()
    went = [step(one) for _ in range(8)]
    assert went[:6] == [
        f"GET {PAGE}",
        "GET /assets/a.js",
        f"GET {PAGE}/state.json",
        f"POST {PAGE}/ticket",
        f"POST {PAGE}/pass",
        f"GET {LIST}",
    ]
    assert went[6] == f"GET {PAGE}/live/1/8.m4s"
    assert (one.playlists, one.pass_token) == ((LIST,), "PASS")


def test_the_ticket_and_the_pass_are_shown_where_they_belong() -> None:
    one = visit()
    for _ in range(3):
        step(one)
    ticket = one.ask().decode()
    assert "Rostra-Rehearsal: REH" in ticket and "Authorization" not in ticket
    one.answered(200, BODIES[f"{PAGE}/ticket"])
    asked = one.ask().decode()
    assert "Authorization: Bearer TICKET" in asked and "Rostra-Rehearsal:" not in asked
    one.answered(200, BODIES[f"{PAGE}/pass"])
    assert "Authorization: Bearer PASS" in one.ask().decode()


def test_it_is_told_to_wait_and_does_not() -> None:
    one = visit()
    assert step(one, 429, b"") == step(one, 503, b"") == f"GET {PAGE}"
    for _ in range(5):
        step(one)
    assert step(one, 429, b"") == f"GET {LIST}"
    assert one.pass_token == "PASS"


def test_who_is_sent_away_begins_again_at_the_door() -> None:
    one = visit()
    for _ in range(6):
        step(one)
    step(one, 403, b'{"error": {"code": "pass_expired"}}')
    assert step(one) == f"POST {PAGE}/pass"
    refused = visit()
    for _ in range(4):
        step(refused)
    step(refused, 403, b'{"error": {"code": "not_your_turn"}}')
    assert refused.refused == "not_your_turn"
    assert step(refused) == f"POST {PAGE}/ticket"


def test_the_state_is_asked_for_now_and_then() -> None:
    one = visit()
    went = [step(one) for _ in range(200)]
    assert 5 <= went.count(f"GET {PAGE}/state.json") <= 15
    assert went.count(f"GET {LIST}") > 60


def test_a_ticket_flood_wants_nothing_but_tickets() -> None:
    one = visit(tickets=True)
    assert {step(one) for _ in range(20)} == {f"POST {PAGE}/ticket"}
    assert one.ticket == "TICKET"


def test_nonsense_in_an_answer_does_not_stop_it() -> None:
    one = visit()
    for _ in range(3):
        step(one)
    assert step(one, 200, b"nonsense") == f"POST {PAGE}/ticket"
    assert one.refused == "unreadable"
    assert step(one) == f"POST {PAGE}/ticket"


def test_a_challenge_is_kept_for_who_solves_it_and_its_solution_is_shown_once() -> None:
    one = visit(tickets=True)
    asked = b'{"error": {"code": "challenge_required"}, "challenge": {}}'
    step(one, 403, asked)
    assert one.puzzle == asked
    one.puzzle, one.proof = b"", "PROOF"
    assert "Rostra-Challenge: PROOF\r\n" in one.ask().decode()
    one.answered(200, BODIES[f"{PAGE}/ticket"])
    assert "Rostra-Challenge" not in one.ask().decode()
