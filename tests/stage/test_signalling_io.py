from __future__ import annotations

import logging
import time
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rostra.ground.facts import AnyFact, Event, EventChanged, HostAsked, Phase, Role
from rostra.ground.signing import Invitation, sign_invitation
from rostra.stage.signalling_io import make_app
from rostra.stage.stage_io import Stage

KEY = b"k" * 32
EVENT = "k3v9x2mq"


def token(role: Role = Role.SPEAKER, event_id: str = EVENT, expires_in_s: int = 3600) -> str:
    invitation = Invitation(
        event_id=event_id, role=role, name="Ada", expires_s=int(time.time()) + expires_in_s
    )
    return sign_invitation(invitation, KEY)


def bearer(role: Role = Role.SPEAKER, **given: object) -> dict[str, str]:
    return {"Authorization": f"Bearer {token(role, **given)}"}  # type: ignore[arg-type]


SDP = {"Content-Type": "application/sdp"}


class Port:
    def __init__(self, http: httpx.AsyncClient, stage: Stage, facts: list[AnyFact]) -> None:
        self.http = http
        self.stage = stage
        self.facts = facts

    def phase(self, phase: Phase) -> None:
        self.stage.handle(
            EventChanged(event=Event(event_id=EVENT, title="T", start_ms=0, phase=phase))
        )


@pytest.fixture
async def port(tmp_path: Path) -> AsyncIterator[Port]:
    pages = tmp_path / "pages"
    (pages / "assets").mkdir(parents=True)
    (pages / "stage.html").write_text("<!doctype html>stage")
    (pages / "assets" / "a-1.js").write_text("1")
    (tmp_path / "secret").write_text("secret")
    facts: list[AnyFact] = []
    stage = Stage(KEY, tmp_path, facts.append)
    app = make_app(stage, pages, "http://listen.example/")
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://stage") as http:
        port = Port(http, stage, facts)
        port.phase(Phase.DOORS_OPEN)
        yield port
    await stage.close()


def code(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]["code"]


async def test_malformed_offers_are_refused_with_a_code(port: Port) -> None:
    post = port.http.post
    path = f"/whip/{EVENT}"
    headers = {**bearer(), **SDP}
    no_ice = "v=0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=rtpmap:111 opus/48000/2\r\n"
    no_opus = no_ice.replace("opus", "speex")
    assert code(await post(path, content="hello", headers=headers)) == (400, "sdp_invalid")
    assert code(await post(path, content="", headers=headers)) == (400, "sdp_invalid")
    assert code(await post(path, content=no_ice, headers=headers)) == (400, "sdp_invalid")
    assert code(await post(path, content=no_opus, headers=headers)) == (422, "no_opus")
    assert code(await post(path, content="v=0", headers=bearer())) == (415, "not_sdp")
    big = "v=0\r\n" + "a" * 65536
    assert code(await post(path, content=big, headers=headers)) == (413, "body_too_large")
    short = {**headers, "Rostra-Seat": "short"}
    assert code(await post(path, content="v=0", headers=short)) == (400, "bad_seat")


async def test_a_body_without_a_length_is_bounded_too(port: Port) -> None:
    async def endless() -> AsyncIterator[bytes]:
        for _ in range(100):
            yield b"a" * 4096

    headers = {**bearer(), **SDP}
    answer = await port.http.post(f"/whip/{EVENT}", content=endless(), headers=headers)
    assert code(answer) == (413, "body_too_large")


async def test_links_that_do_not_hold_are_refused_everywhere(port: Port) -> None:
    cases = [
        ({}, (401, "no_token")),
        ({"Authorization": "Basic x"}, (401, "no_token")),
        ({"Authorization": "Bearer x"}, (403, "invitation_invalid")),
        (bearer(expires_in_s=-3600), (403, "invitation_expired")),
        (bearer(event_id="other"), (403, "invitation_other_event")),
    ]
    for headers, expected in cases:
        api = f"/api/stage/{EVENT}"
        assert code(await port.http.get(api, headers=headers)) == expected
        assert code(await port.http.post(f"{api}/mute", headers=headers)) == expected
        assert code(await port.http.post(f"{api}/go-live", headers=headers)) == expected
        assert code(await port.http.delete(f"/whip/{EVENT}/x", headers=headers)) == expected
        answer = await port.http.post(f"/whip/{EVENT}", headers={**headers, **SDP})
        assert code(answer) == expected


async def test_an_event_that_is_not_here_is_said_so(port: Port) -> None:
    headers = bearer(event_id="other")
    assert code(await port.http.get("/api/stage/other", headers=headers)) == (404, "unknown_event")


async def test_only_a_host_goes_live_and_only_when_it_can_be(port: Port) -> None:
    go_live, end = f"/api/stage/{EVENT}/go-live", f"/api/stage/{EVENT}/end"
    host = bearer(Role.HOST)
    assert code(await port.http.post(go_live, headers=bearer())) == (403, "not_host")
    assert code(await port.http.post(end, headers=host)) == (409, "wrong_phase")
    assert (await port.http.post(go_live, headers=host)).status_code == 202
    port.phase(Phase.LIVE)
    assert code(await port.http.post(go_live, headers=host)) == (409, "wrong_phase")
    assert (await port.http.post(end, headers=host)).status_code == 202
    asked = [fact.act for fact in port.facts if isinstance(fact, HostAsked)]
    assert asked == ["go_live", "end"]


async def test_nobody_joins_an_event_that_is_over(port: Port) -> None:
    port.phase(Phase.ENDED)
    answer = await port.http.post(f"/whip/{EVENT}", content="v=0", headers={**bearer(), **SDP})
    assert code(answer) == (409, "wrong_phase")


async def test_the_status_has_what_the_page_needs(port: Port) -> None:
    headers = {**bearer(), "Rostra-Session": "nobody"}
    body = (await port.http.get(f"/api/stage/{EVENT}", headers=headers)).json()
    assert body["phase"] == "doors_open"
    assert body["you"] == {"role": "speaker", "name": "Ada"}
    assert body["start"] == "1970-01-01T00:00:00.000Z"
    assert body["listener_page"] == f"http://listen.example/e/{EVENT}"
    assert (body["seats"], body["session"], body["live_at"]) == ([], "gone", None)


async def test_sessions_that_are_not_there_cannot_be_muted_or_ended(port: Port) -> None:
    wish = {"session": "nobody", "muted": True}
    mute = f"/api/stage/{EVENT}/mute"
    answer = await port.http.post(mute, json=wish, headers=bearer())
    assert code(answer) == (404, "unknown_session")
    answer = await port.http.post(mute, content="{", headers=bearer())
    assert code(answer) == (400, "not_json")
    answer = await port.http.delete(f"/whip/{EVENT}/nobody", headers=bearer())
    assert code(answer) == (404, "unknown_session")


async def test_whip_asks_other_origins_in(port: Port) -> None:
    answer = await port.http.options(f"/whip/{EVENT}")
    assert answer.status_code == 204
    assert answer.headers["access-control-allow-origin"] == "*"
    assert "Authorization" in answer.headers["access-control-allow-headers"]
    assert answer.headers["accept-post"] == "application/sdp"
    assert code(await port.http.patch(f"/whip/{EVENT}/x")) == (405, "no_patch")
    assert code(await port.http.get(f"/whip/{EVENT}")) == (405, "wrong_method")


async def test_pages_and_assets_are_served_and_nothing_else(port: Port) -> None:
    page = await port.http.get(f"/s/{EVENT}")
    assert page.text == "<!doctype html>stage"
    assert page.headers["referrer-policy"] == "no-referrer"
    asset = await port.http.get("/assets/a-1.js")
    assert "immutable" in asset.headers["cache-control"]
    for path in ("/assets/none.js", "/assets/../../secret", "/assets/%2e%2e/%2e%2e/secret", "/x"):
        assert code(await port.http.get(path)) == (404, "not_found")
    assert "open the link" in (await port.http.get("/")).text


async def test_no_token_reaches_the_log(port: Port, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    headers = {**bearer(), **SDP}
    await port.http.post(f"/whip/{EVENT}", content="v=0\r\nm=audio x", headers=headers)
    ours = [r.getMessage() for r in caplog.records if not r.name.startswith("http")]
    assert not any(headers["Authorization"].split()[1] in message for message in ours)


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    method=st.sampled_from(["GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS"]),
    path=st.sampled_from(["/whip/{}", "/whip/{}/x", "/api/stage/{}", "/api/stage/{}/mute", "/{}"]),
    body=st.binary(max_size=300),
    authorised=st.booleans(),
    sdp=st.booleans(),
)
async def test_any_request_gets_an_answer_below_500(
    port: Port, method: str, path: str, body: bytes, authorised: bool, sdp: bool
) -> None:
    headers = (bearer() if authorised else {}) | (SDP if sdp else {})
    if sdp:
        body = b"v=0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=rtpmap:111 opus/48000/2\r\n" + body
    answer = await port.http.request(method, path.format(EVENT), content=body, headers=headers)
    assert answer.status_code < 500
