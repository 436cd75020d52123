"""The stage and the operator page against mock ports; WebRTC itself is met in tests/live."""

from __future__ import annotations

import pytest

from tests.pages.conftest import Town
from tests.pages.mock_house import Answer, Control, Stage, refuses, says

pytestmark = pytest.mark.live

STAGE = "/s/k3v9x2mq#token"


def test_stage_refusal_is_said_in_words(town: Town) -> None:
    page = town.visit(Stage()).open(STAGE, "#join:visible")
    page.fill("#name", "Ada")
    page.click("#join")
    page.get_by_text("Many are connecting right now.").wait_for()
    assert page.locator("#join").is_enabled()


def test_stage_wants_a_name(town: Town) -> None:
    page = town.visit(Stage()).open(STAGE, "#join:visible")
    page.click("#join")
    page.get_by_text("Please write your name first.").wait_for()
    assert page.evaluate("document.activeElement.id") == "name"


def test_stage_explains_a_forbidden_microphone(town: Town) -> None:
    visit = town.visit(Stage())
    visit.page.add_init_script(
        "navigator.mediaDevices.getUserMedia = () =>"
        " Promise.reject(new DOMException('no', 'NotAllowedError'));"
    )
    page = visit.open(STAGE, "#join:visible")
    page.fill("#name", "Ada")
    page.click("#join")
    page.get_by_text("The browser may not use the microphone.").wait_for()


def test_stage_with_an_expired_link_says_so(town: Town) -> None:
    stage = Stage()

    def port(method: str, path: str, body: bytes) -> Answer | None:
        if path.startswith("/api/"):
            return refuses(403, "invitation_expired", "This link has expired. Ask for one.")
        return stage(method, path, body)

    page = town.visit(port).open(STAGE, ".notice:visible")
    assert page.inner_text(".notice:visible") == "This link has expired. Ask for one."


def test_microphone_level_moves_before_joining(town: Town) -> None:
    visit = town.visit(Stage(), permissions=["microphone"])
    page = visit.open(STAGE, "#join:visible")
    # Chromium's fake microphone beeps once a second.
    page.wait_for_function("() => rostra.levels().own_dbfs > -40")


def test_speaker_does_not_see_the_host_buttons(town: Town) -> None:
    stage = Stage()
    stage.status["you"] = {"role": "speaker", "name": "Grace"}
    page = town.visit(stage).open(STAGE, "#join:visible")
    assert not page.locator("#go-live").is_visible()
    assert page.input_value("#name") == "Grace"


def test_operator_creates_an_event_and_gets_three_links(town: Town) -> None:
    control = Control()
    visit = town.visit(control, timezone_id="Europe/Paris")
    page = visit.open("/#key=secret", "#create")
    assert "secret" not in page.url
    page.fill("#new-title", "Engines")
    page.fill("#new-start", "2036-12-01T21:00")
    page.fill("#new-people", "Ada, Grace")
    page.click("#create")
    page.get_by_text("“Engines” is announced").wait_for()
    method, path, sent = control.calls[0]
    assert (method, path) == ("POST", "/api/events")
    assert sent["start"] == "2036-12-01T20:00:00Z"
    assert sent["people"] == ["Ada", "Grace"]
    links = page.locator("[role=status] .links a").evaluate_all("a => a.map((x) => x.href)")
    assert links == [control.events[0][f"{k}_link"] for k in ("host", "speaker", "listener")]


def test_operator_is_asked_once_before_it_goes_live(town: Town) -> None:
    control = Control()
    control.add("Engines")
    page = town.visit(control).open("/#key=k", "#chosen")
    page.get_by_role("button", name="Go live").click()
    page.get_by_role("dialog").get_by_role("button", name="No").click()
    assert control.calls == []
    page.get_by_role("button", name="Go live").click()
    page.get_by_role("dialog").get_by_role("button", name="Yes").click()
    page.locator("#chosen .phase[data-live]").wait_for()
    assert [path for _, path, _ in control.calls] == ["/api/events/event0/go-live"]


def test_refused_event_keeps_what_was_typed(town: Town) -> None:
    page = town.visit(Control()).open("/#key=k", "#create")
    page.fill("#new-title", "x" * 150)
    page.click("#create")
    page.get_by_text("A title has 1 to 100 characters.").wait_for()
    assert page.input_value("#new-title") == "x" * 150


def test_wrong_key_is_asked_for_again(town: Town) -> None:
    control = Control()

    def port(method: str, path: str, body: bytes) -> Answer | None:
        if path.startswith("/api/"):
            return refuses(401, "bad_key", "Not the operator key.")
        return control(method, path, body)

    page = town.visit(port).open("/#key=wrong", "#key")
    page.get_by_text("This key is not the operator key").wait_for()


def test_end_is_not_lost_while_the_stage_starts_again(town: Town) -> None:
    stage = Stage()
    stage.status |= {"phase": "live", "live_at": stage.status["start"]}
    asked: list[str] = []

    def port(method: str, path: str, body: bytes) -> Answer | None:
        if path.endswith("/end"):
            asked.append(path)
            return says({}, 202) if len(asked) == 3 else refuses(503, "starting", "In a moment.")
        return stage(method, path, body)

    page = town.visit(port).open(STAGE, "#end:visible")
    page.click("#end")
    with page.expect_response(lambda answer: answer.status == 202):
        page.get_by_role("dialog").get_by_role("button", name="Yes, end it").click()
    assert len(asked) == 3
