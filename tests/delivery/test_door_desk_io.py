"""The door as a connection meets it: personal requests, passes, budgets."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.delivery.playing import (
    BODY,
    LIVE,
    PART,
    RING,
    START_MS,
    House,
    Wire,
    drawn,
    event,
    media,
    playing,
    playlist,
    token,
)
from tests.delivery.test_connection_io import (
    NEXT,
    NOW,
    NOWHERE,
    answers,
    arrivals,
    chunks_of,
    code,
    get,
    statuses,
)

from rostra.admission.distinct import hashes
from rostra.admission.passes import EXPIRES_S, LEEWAY_S
from rostra.delivery.connection_io import Connection
from rostra.delivery.door_desk_io import DoorDesk
from rostra.delivery.shares import BURST, CONNECTIONS_MOST, MARKED_AFTER, RATES_S, Share
from rostra.ground.door_values import DoorTally, LaneState
from rostra.ground.facts import DoorMoved, EventChanged, Phase, ReplaySealed
from rostra.ground.keys import KeyRing
from rostra.ground.refusals import Refusal

MEDIA = f"/e/abc/{PART}"


def moved(admitted_rank: int = 1 << 52, most: int = 1000, run: str = "") -> DoorMoved:
    return DoorMoved(
        event_id="abc",
        at_ms=START_MS,
        sequence=1,
        admitted_rank=admitted_rank,
        pace=1.0,
        rung=0,
        rung_since_ms=START_MS,
        reason="rung_best",
        full=False,
        waiting=0,
        leases={"edge-0": (run, most)},
        lanes=(LaneState(name="press", places=1),),
    )


def open_doors(house: House, admitted_rank: int = 1 << 52, most: int = 1000) -> None:
    """The line is drawn, and everybody's turn has come, with places for many."""
    house.edge.handle(drawn())
    house.edge.handle(moved(0))  # it is tallied from now on, with its run
    run = house.edge.door.tally()["abc"].run
    house.edge.handle(moved(admitted_rank, most, run))


@pytest.fixture
def house(tmp_path: Path) -> House:
    return playing(tmp_path, admission="passes")


def cookie(carried: str) -> str:
    return f"Cookie: theme=dark; rostra_pass={carried}\r\n"


def bearer(carried: str) -> str:
    return f"Authorization: Bearer {carried}\r\n"


def below(target: str, carried: str) -> str:
    return target.replace("/e/abc/", f"/e/abc/~{carried}/")


def with_query(target: str, carried: str) -> str:
    return f"{target}{'&' if '?' in target else '?'}pass={carried}"


def post(act: str, fields: str = "", event_id: str = "abc") -> bytes:
    return get(f"/e/{event_id}/{act}", fields, method="POST")


def told(raw: bytes) -> dict[str, object]:
    status, body = answers(raw)[-1]
    assert status == 200, raw
    return dict(json.loads(body))


def tally(house: House) -> DoorTally:
    return house.edge.tally(house.clock.now).doors["abc"]


# --- personal requests ----------------------------------------------------------------------


def test_a_ticket_becomes_a_pass_and_the_pass_opens_the_media(house: House) -> None:
    open_doors(house)
    raw = house.ask(post("ticket"))
    assert b"Cache-Control: no-store\r\n" in raw and b"Set-Cookie" not in raw
    ticket = told(raw)
    assert ticket["admitted"] is True and ticket["lane"] is None
    raw = house.ask(post("pass", bearer(str(ticket["ticket"]))))
    given = told(raw)
    assert given["renew_s"] == 60 and given["expires_s"] == 120
    set_cookie = next(line for line in raw.split(b"\r\n") if line.startswith(b"Set-Cookie: "))
    assert set_cookie == (
        b"Set-Cookie: rostra_pass=%s; Path=/e/abc; Max-Age=120; HttpOnly; SameSite=Lax"
        % str(given["pass"]).encode()
    )
    assert answers(house.ask(get(MEDIA, cookie(str(given["pass"])))))[0] == (200, BODY)


def test_the_cookie_is_secure_where_listeners_come_by_https(house: House) -> None:
    open_doors(house)
    house.edge.desk.door.secure = True
    ticket = str(told(house.ask(post("ticket")))["ticket"])
    assert b"; SameSite=Lax; Secure\r\n" in house.ask(post("pass", bearer(ticket)))


@pytest.mark.parametrize("carry", [bearer, cookie])
def test_a_pass_is_renewed_with_the_nonce_from_the_media(
    house: House, carry: Callable[[str], str]
) -> None:
    house.edge.handle(media("media/aac/s4/17.m4s", nonce="fromthemedia"))
    fields = carry(token()) + "Rostra-Nonce: fromthemedia\r\n"
    assert told(house.ask(post("pass", fields)))["proof"] == "nonce"
    made_up = carry(token()) + "Rostra-Nonce: madeup\r\n"
    assert told(house.ask(post("pass", made_up)))["proof"] is None
    assert tally(house).proven == tally_of_one(house)


def tally_of_one(house: House) -> bytes:
    house.ask(post("pass", bearer(token())))
    return tally(house).renewed


def test_who_says_goodbye_gets_no_body(house: House) -> None:
    raw = house.ask(post("leave", cookie(token())))
    assert raw.startswith(b"HTTP/1.1 204 ") and raw.endswith(b"\r\n\r\n")
    assert b"no-store" in raw and b"Content-Length" not in raw
    assert len(tally(house).left) > 8


@pytest.mark.parametrize(
    ("raw", "status", "expected"),
    [
        (post("ticket", bearer("x.y.z")), 403, "ticket_invalid"),
        (post("pass"), 403, "pass_missing"),
        (post("pass", bearer("x")), 403, "pass_invalid"),
        (post("pass", bearer(token(event_id="other"))), 403, "pass_other_event"),
        (post("pass", bearer(token(wall_ms=START_MS - 300_000))), 403, "pass_expired"),
        (post("leave"), 403, "pass_missing"),
        (post("ticket", event_id="nobody"), 404, "event_unknown"),
    ],
)
def test_a_refusal_at_the_door_is_told_and_counted(
    house: House, raw: bytes, status: int, expected: str
) -> None:
    open_doors(house)
    raw = house.ask(raw + get("/healthz"))
    assert statuses(raw) == [status, 200] and code(raw[: raw.rindex(b"HTTP/1.1")]) == expected
    assert house.edge.tally(house.clock.now).refusals == {expected: 1}


def test_who_finds_no_place_is_told_when_to_ask_again(house: House) -> None:
    open_doors(house, most=0)
    ticket = str(told(house.ask(post("ticket")))["ticket"])
    waits = set()
    for _ in range(60):
        raw = house.ask(post("pass", bearer(ticket)))
        assert code(raw) == "no_place_free" and raw.startswith(b"HTTP/1.1 429 ")
        waits.add(raw.split(b"Retry-After: ")[1].split(b"\r\n")[0])
    assert len(waits) > 1 and waits <= {b"1", b"2", b"3", b"4", b"5"}


def test_the_state_tells_everyone_where_the_line_stands(house: House) -> None:
    open_doors(house, admitted_rank=77)
    house.seconds_pass(1)
    state = told(house.ask(get("/e/abc/state.json")))
    door = state["door"]
    assert isinstance(door, dict)
    assert (door["admitted_rank"], door["seed"], door["admission"]) == (77, "5d" * 32, "passes")
    assert state["rung_reason"] == "rung_best"


def test_nobody_is_let_in_before_control_has_said_how(house: House) -> None:
    assert code(house.ask(post("ticket"))) == "doors_closed"
    assert code(house.ask(get(MEDIA))) == "pass_missing"


@pytest.mark.parametrize(
    ("raw", "status", "expected"),
    [
        (post("ticket", "Content-Length: 2\r\n") + b"{}", 413, "body_not_accepted"),
        (post("ticket", "Transfer-Encoding: chunked\r\n"), 400, "request_invalid"),
        (get("/e/abc/ticket?x=1", method="POST"), 405, "method_not_allowed"),
        (get("/e/abc/state.json", method="POST"), 405, "method_not_allowed"),
        (get("/e/abc/ticket", method="PUT"), 405, "method_not_allowed"),
    ],
)
def test_a_post_has_no_body_and_three_targets(
    house: House, raw: bytes, status: int, expected: str
) -> None:
    open_doors(house)
    connection, wire = house.client()
    connection.data_received(raw)
    assert statuses(wire.sent) == [status] and code(wire.sent) == expected and wire.ended


def test_a_post_may_say_that_its_body_is_empty_and_a_get_finds_nothing(house: House) -> None:
    open_doors(house)
    assert statuses(house.ask(post("ticket", "Content-Length: 0\r\n"))) == [200]
    assert statuses(house.ask(get("/e/abc/ticket"))) == [404]


def test_a_preflight_at_the_door_allows_what_pages_of_others_send(house: House) -> None:
    raw = house.ask(get("/e/abc/pass", method="OPTIONS"))
    assert b"Access-Control-Allow-Methods: OPTIONS, POST\r\n" in raw
    assert b"Authorization, " in raw and b"Rostra-Nonce\r\n" in raw


def test_personal_answers_are_never_remembered_for_others(house: House) -> None:
    open_doors(house)
    connection, wire = house.client()
    connection.data_received(get("/healthz") + post("ticket"))
    assert not connection.tail and not connection.free
    first = told(wire.taken())["id"]
    connection.data_received(post("ticket"))
    assert told(wire.taken())["id"] != first
    catalogue = house.edge.desk.catalogue
    assert not any(b"ticket" in target for hot in catalogue.hot for target in hot)


def test_with_open_admission_everyone_hears_and_passes_still_count(tmp_path: Path) -> None:
    house = playing(tmp_path, admission="open")
    open_doors(house)
    assert statuses(house.ask(get(MEDIA))) == [200]
    ticket = told(house.ask(post("ticket")))
    assert ticket["admitted"] is True
    assert told(house.ask(post("pass", bearer(str(ticket["ticket"])))))["pass"]


# --- media ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "target", [MEDIA, NOW, NEXT, "/e/abc/rewind/aac.m3u8", "/e/abc/media/x.m4s",
               "/e/abc/%6Cive/0/aac.m3u8", f"http://x{MEDIA}"],
)  # fmt: skip
@pytest.mark.parametrize(
    ("fields", "expected"),
    [("", "pass_missing"), (cookie(""), "pass_missing"), (cookie("x"), "pass_invalid"),
     (cookie(token(ring=KeyRing((b"z" * 32,)))), "pass_invalid"),
     (bearer(token(event_id="other")), "pass_other_event"),
     (cookie(token(wall_ms=START_MS - 300_000)), "pass_expired")],
)  # fmt: skip
def test_nothing_plays_without_a_pass_that_holds(
    house: House, target: str, fields: str, expected: str
) -> None:
    connection, wire = house.client()
    for _ in range(2):  # the second time by the fast path, if it let anything slip
        connection.data_received(get(target, fields))
        assert statuses(wire.sent) == [403] and code(wire.taken()) == expected
    assert house.edge.desk.held == 0


@pytest.mark.parametrize("target", ["/", "/e/abc", "/e/abc/state.json", "/e/abc/calendar.ics"])
def test_what_tells_of_the_event_is_everyones(house: House, target: str) -> None:
    assert statuses(house.ask(get(target))) == [200]


@pytest.mark.parametrize("phase", [Phase.ENDED, Phase.POSTED])
def test_the_replay_is_everyones_and_not_before_the_end(tmp_path: Path, phase: Phase) -> None:
    house = playing(tmp_path, admission="passes")
    connection, wire = house.client()
    connection.data_received(get(MEDIA))
    assert code(wire.taken()) == "pass_missing"
    house.edge.handle(EventChanged(event=event(phase)))
    house.edge.handle(ReplaySealed(event_id="abc", duration_s=1, at_ms=0))
    for _ in range(2):
        connection.data_received(get(MEDIA))
        assert statuses(wire.taken()) == [200]


WAYS: dict[str, Callable[[str, str], bytes]] = {
    "cookie": lambda target, carried: get(target, cookie(carried)),
    "header": lambda target, carried: get(target, bearer(carried)),
    "query": lambda target, carried: get(with_query(target, carried)),
    "path": lambda target, carried: get(below(target, carried)),
}


@pytest.mark.parametrize("way", WAYS)
def test_a_pass_is_taken_in_any_of_four_ways_and_the_answer_is_the_same(
    house: House, way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask, carried = WAYS[way], token()
    plain = playing(NOWHERE)
    expected = {target: plain.get(target) for target in (MEDIA, NOW, f"/e/abc/{LIVE}")}
    connection, wire = house.client()
    for target in expected:
        connection.data_received(ask(target, carried))
        assert wire.taken() == expected[target]
    assert set(house.edge.desk.catalogue.hot[0]) == set(plain.edge.desk.catalogue.hot[0])
    monkeypatch.delattr(Connection, "_receive")  # from here on the fast path alone
    for target in (MEDIA, NOW):
        connection.data_received(ask(target, carried))
        assert wire.taken() == expected[target]


@pytest.mark.parametrize("way", WAYS)
def test_a_held_request_needs_a_pass_and_is_answered(house: House, way: str) -> None:
    connection, wire = house.client()
    for part in (4, 5):
        target = f"/e/abc/{LIVE}?_HLS_msn=17&_HLS_part={part}"
        connection.data_received(WAYS[way](target, token()))
        assert wire.sent == b"" and house.edge.desk.held == 1
        house.edge.handle(playlist(17, part))
        assert answers(wire.taken()) == [(200, b"#EXTM3U\n#17.%d\n" % part)]


def test_playlists_below_a_pass_lead_to_media_below_it(house: House) -> None:
    """Relative addresses in a playlist stay below `/e/ID/~TOKEN/`."""
    index = "live/0/index.m3u8"
    house.edge.handle(playlist(0, -1, path=index, blocking=False, body=b"#EXTM3U\naac.m3u8\n"))
    carried = token()
    for path in (index, LIVE, PART):
        assert statuses(house.ask(get(f"/e/abc/~{carried}/{path}"))) == [200]


def test_a_pass_in_the_target_opens_nothing_to_targets_without(house: House) -> None:
    connection, wire = house.client()
    connection.data_received(get(below(MEDIA, token())))
    connection.data_received(get(MEDIA))
    connection.data_received(get(below(MEDIA, token("Eve")) + "x"))
    connection.data_received(get(below(MEDIA, "forged")))
    assert statuses(wire.sent) == [200, 403, 404, 403]


def test_a_pass_of_one_event_opens_no_other_on_the_same_connection(house: House) -> None:
    house.edge.handle(EventChanged(event=event(event_id="xyz")))
    house.edge.handle(media(event_id="xyz"))
    other = f"/e/xyz/{PART}"
    assert statuses(house.ask(get(other, cookie(token(event_id="xyz"))))) == [200]  # it is hot now
    connection, wire = house.client()
    for target in (MEDIA, other, MEDIA, other):
        connection.data_received(get(target, cookie(token())))
    assert statuses(wire.sent) == [200, 403, 200, 403]


def test_a_pass_that_runs_out_closes_the_fast_path_too(house: House) -> None:
    house.edge.handle(media(keep_s=9999))
    connection, wire = house.client()
    lasts = EXPIRES_S + LEEWAY_S
    for second in range(lasts + 2):
        connection.data_received(get(MEDIA, cookie(token())))
        assert statuses(wire.taken()) == ([200] if second < lasts else [403]), second
        house.seconds_pass(1)


def test_a_renewed_pass_goes_on_without_a_pause(house: House) -> None:
    connection, wire = house.client()
    connection.data_received(get(MEDIA, cookie(token())))
    connection.data_received(get(MEDIA, cookie(token(wall_ms=START_MS + 60_000))))
    connection.data_received(get(MEDIA, cookie(token())))
    assert statuses(wire.sent) == [200] * 3
    assert only_share(house.edge.desk.door).connections == 1


def test_a_rotated_key_is_looked_for_before_anyone_is_refused(house: House) -> None:
    newer = KeyRing((b"n" * 32, *RING.keys))
    looked = []

    def look() -> None:
        looked.append(1)
        house.edge.door.ring = newer

    carried = token(ring=newer)
    assert code(house.ask(get(MEDIA, cookie(carried)))) == "pass_invalid"
    house.edge.desk.door.look_for_keys = look
    house.seconds_pass(1)
    assert statuses(house.ask(get(MEDIA, cookie(carried)))) == [200]
    assert statuses(house.ask(get(MEDIA, cookie(token())))) == [200]
    strange = token(ring=KeyRing((b"?" * 32,)))
    for _ in range(100):  # strange keys make nobody read the disk all the time
        assert code(house.ask(get(MEDIA, cookie(strange)))) == "pass_invalid"
    assert len(looked) <= 2


def test_a_listener_who_fetches_is_noted_each_half_minute(house: House) -> None:
    house.edge.handle(media(keep_s=9999))
    open_doors(house)
    house.ask(post("pass", bearer(token())))
    (listener,) = hashes(tally(house).renewed) or []
    connection, _ = house.client()
    found = []
    for _ in range(61):
        connection.data_received(get(MEDIA, cookie(token())))
        house.ask(get(MEDIA, cookie(token())))
        house.seconds_pass(1)
        found += hashes(tally(house).fetched) or []
    assert found == [listener] * 3


def test_no_pass_is_in_what_an_edge_remembers_or_tells(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(0)
    carried = token()
    for way in WAYS.values():
        house.ask(way(MEDIA, carried) + way("/e/abc/media/aac/s4/none.m4s2", carried))
    catalogue = house.edge.desk.catalogue
    kept = repr([catalogue.hot, catalogue.waits, catalogue._fleeting, catalogue._by_playlist])
    assert carried not in kept and carried not in caplog.text
    assert carried not in repr(house.edge.tally(house.clock.now))


# --- one budget for each pass ---------------------------------------------------------------


def only_share(desk: DoorDesk) -> Share:
    (share,) = desk.shares._shares.values()
    return share


def marked(house: House) -> set[bytes]:
    """Whose passes were marked since the last tally."""
    tallies = house.edge.tally(house.clock.now).doors.values()
    return {one for tally in tallies for one in hashes(tally.marked) or ()}


def clients(house: House, count: int) -> Iterator[tuple[Connection, Wire]]:
    for _ in range(count):
        yield house.client()


@pytest.mark.parametrize("way", WAYS)
def test_a_pass_in_a_thousand_places_gets_no_more_than_one(house: House, way: str) -> None:
    house.edge.handle(media(keep_s=9999))
    raw = WAYS[way](MEDIA, token())
    everywhere = list(clients(house, 1000))
    served = 0
    seconds = 20
    for _ in range(seconds):
        for connection, wire in everywhere[:40]:
            for _ in range(10):
                connection.data_received(raw)
            got = statuses(wire.taken())
            assert set(got) <= {200, 429}
            served += got.count(200)
        house.seconds_pass(1)
    assert served <= BURST + seconds * RATES_S[0]
    assert served >= BURST + (seconds - 2) * RATES_S[0]
    assert only_share(house.edge.desk.door).connections <= CONNECTIONS_MOST
    refused = house.edge.tally(house.clock.now).refusals
    assert list(refused) == ["pass_overused"]
    assert marked(house) == set()
    for _ in range(MARKED_AFTER):  # no person goes on like that
        house.seconds_pass(1)
        for connection, _ in everywhere[:40]:
            for _ in range(10):
                connection.data_received(raw)
    assert marked(house) == {only_share(house.edge.desk.door).listener}
    # Another listener at the same edge notices nothing of it.
    assert statuses(house.ask(get(MEDIA, cookie(token("Grace"))))) == [200]


def test_overuse_is_told_with_when_to_come_back(house: House) -> None:
    for connection, _ in clients(house, CONNECTIONS_MOST):
        connection.data_received(get(MEDIA, cookie(token())))
    raw = house.ask(get(MEDIA, cookie(token())))
    assert raw.startswith(b"HTTP/1.1 429 Too Many Requests\r\n")
    assert code(raw) == "pass_overused" and b"Retry-After: 1\r\n" in raw


def test_who_leaves_or_falls_silent_makes_room_for_the_pass_elsewhere(house: House) -> None:
    raw = get(MEDIA, cookie(token()))
    used = list(clients(house, CONNECTIONS_MOST))
    for connection, _ in used:
        connection.data_received(raw)
    assert statuses(house.ask(raw)) == [429]
    used[0][0].connection_lost(None)
    house.connections.remove(used[0][0])
    (connection, wire) = house.client()
    connection.data_received(raw)
    assert statuses(wire.sent) == [200]
    for _ in range(17):  # one goes on; those who do not are forgotten
        house.seconds_pass(1)
        connection.data_received(raw)
    assert only_share(house.edge.desk.door).connections == 1


def test_coming_again_gives_no_new_budget(house: House) -> None:
    raw, served = get(MEDIA, cookie(token())), 0
    for _ in range(600):
        connection, wire = house.client()
        connection.data_received(raw)
        served += statuses(wire.sent).count(200)
        connection.connection_lost(None)
        house.connections.remove(connection)
    assert served == BURST


def test_the_budgets_of_those_who_left_are_forgotten(house: House) -> None:
    for number in range(50):
        connection, _ = house.client()
        connection.data_received(get(MEDIA, cookie(token(f"{number}"))))
        connection.connection_lost(None)
        house.connections.remove(connection)
    shares = house.edge.desk.door.shares
    assert len(shares) == 50
    house.seconds_pass(90)
    assert len(shares) == 0


# --- any bytes ------------------------------------------------------------------------------

PASSES = [token(), token("Eve"), token(event_id="xyz"), token(wall_ms=START_MS - 130_000), "forged"]
carriers = st.sampled_from(["", *map(cookie, PASSES), *map(bearer, PASSES)])
aims = st.sampled_from(
    [MEDIA, NOW, NEXT, f"/e/xyz/{PART}", "/e/abc/state.json", "/e/abc/live/9.m3u8", "/nope"]
)
in_targets = st.one_of(
    aims,
    st.builds(below, aims, st.sampled_from(PASSES)),
    st.builds(with_query, aims, st.sampled_from(PASSES)),
    st.builds(lambda a, p, q: with_query(below(a, p), q), aims, *[st.sampled_from(PASSES)] * 2),
)
listening = st.builds(get, in_targets, carriers)
at_door = st.builds(
    post,
    st.sampled_from(["ticket", "pass", "leave", "other"]),
    st.builds(
        lambda a, b: a + b,
        carriers,
        st.sampled_from(
            ["", "Rostra-Nonce: n\r\n", "Content-Length: 0\r\n", "Content-Length: 3\r\n"]
        ),
    ),
    st.sampled_from(["abc", "xyz", "nobody"]),
)  # fmt: skip
steps_at_door = st.lists(
    st.one_of(
        listening, listening, at_door, st.none(), st.integers(1, 140),
        st.tuples(st.one_of(listening, at_door), st.integers(0, 90)),
    ),
    max_size=12,
)  # fmt: skip


def same_chance(count: int) -> bytes:
    return b"c" * count


@settings(max_examples=300, deadline=None)
@given(st.lists(listening, max_size=3), steps_at_door)
def test_with_passes_too_the_fast_path_says_what_the_full_path_says(
    warming: list[bytes], steps: list[bytes | tuple[bytes, int] | int | None]
) -> None:
    talks = []
    for fast in (True, False):
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr("os.urandom", same_chance)
            house = playing(NOWHERE, fast=fast, admission="passes")
            for fact in (
                EventChanged(event=event(event_id="xyz")), drawn(), media(event_id="xyz"),
                media(keep_s=9999), moved(), drawn("xyz"),
            ):  # fmt: skip
                house.edge.handle(fact)
            part = 3
            connection, wire = house.client()
            talk: list[object] = []
            for step in [*warming, *steps, get("/healthz")]:
                if step is None:
                    part += 1
                    house.edge.handle(playlist(17, part))
                elif isinstance(step, int):
                    house.seconds_pass(step)
                    talk.append(house.edge.tally(house.clock.now).doors)
                else:
                    for chunk in chunks_of(step):
                        connection.data_received(chunk)
                talk.append(wire.taken())
            house.seconds_pass(1)
            tallied = house.edge.tally(house.clock.now)
            talk += [tallied.requests, tallied.refusals, tallied.body_bytes, tallied.listeners]
            talk += [tallied.doors, tallied.held, wire.ended, connection.ending]
            talk += [s.connections for s in house.edge.desk.door.shares._shares.values()]
            talks.append(talk)
    assert talks[0] == talks[1]


@settings(max_examples=150, deadline=None)
@given(st.lists(st.one_of(arrivals, steps_at_door), max_size=2))
def test_whatever_is_asked_nothing_plays_without_a_pass_and_shares_are_given_back(
    talks: list[list[bytes | tuple[bytes, int] | int | None]],
) -> None:
    house = playing(NOWHERE, admission="passes")
    house.edge.handle(drawn())
    strangers = KeyRing((b"z" * 32,))
    house.edge.door.ring = strangers  # none of the passes that are shown here is ours
    connection, wire = house.client()
    for step in [step for talk in talks for step in talk]:
        if isinstance(step, (bytes, tuple)):
            for chunk in chunks_of(step):
                connection.data_received(chunk)
    assert BODY not in wire.sent and b"#EXTM3U" not in wire.sent
    assert house.edge.desk.held == 0 and connection.accepted is None


def test_every_refusal_has_the_status_that_the_contract_names() -> None:
    from rostra.admission import refused as door
    from rostra.delivery import refused

    everyone: list[Refusal] = [*door.ALL, *refused.ALL]
    codes = [refusal.code for refusal in everyone]
    assert len(set(codes)) == len(codes)
    assert refused.PASS_OVERUSED.status == 429
