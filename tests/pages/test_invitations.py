"""The operator page's form that makes a link for one person."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.pages.conftest import Town, Visit
from tests.pages.mock_house import Answer, Control, refuses

pytestmark = pytest.mark.live

LINKS = "#invitations .links a"


def desk(town: Town, phase: str = "scheduled", **context: object) -> tuple[Control, Visit, Page]:
    """A control port with one event, and an operator who looks at it."""
    control = Control()
    control.add("Engines", phase)
    visit = town.visit(control, **context)
    return control, visit, visit.open("/#key=k", "#chosen")


def invite(page: Page, name: str, role: str = "speaker") -> None:
    page.fill("#invite-name", name)
    page.select_option("#invite-role", role)
    page.get_by_role("button", name="Make the link").click()
    page.get_by_text(f"The link for {name.strip()} is ready.").wait_for()


def test_invitation_is_made_and_copied_by_keyboard_alone(town: Town) -> None:
    permissions = ["clipboard-read", "clipboard-write"]
    control, _, page = desk(town, permissions=permissions)
    page.focus("#invite-name")
    page.keyboard.type("Grace Hopper")
    page.keyboard.press("Tab")
    page.keyboard.type("Co")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator("#invitations > [role=status]")).to_have_text(
        "The link for Grace Hopper is ready. Copy it now: it is not kept."
    )
    assert control.calls == [
        ("POST", "/api/events/event0/invitations", {"name": "Grace Hopper", "role": "co-host"})
    ]
    link = page.get_attribute(LINKS, "href")
    assert link is not None and link.startswith("http://localhost/s/event0#")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.href") == link
    page.keyboard.press("Tab")
    copy = page.get_by_role("button", name="Copy the link: Grace Hopper")
    expect(copy).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#invitations li [role=status]")).to_have_text("Copied")
    assert page.evaluate("navigator.clipboard.readText()") == link


def test_each_person_has_a_link_and_the_newest_stands_first(town: Town) -> None:
    control, _, page = desk(town, "live")
    invite(page, "  Grace ")
    invite(page, "Alan", "co-host")
    people = page.locator("#invitations li .grow").all_inner_texts()
    assert people == ["Alan Co-host", "Grace Speaker"]
    assert [sent["name"] for _, _, sent in control.calls] == ["Grace", "Alan"]
    links = page.locator(LINKS).evaluate_all("all => all.map((a) => a.href)")
    assert len(set(links)) == 2
    assert page.input_value("#invite-name") == ""


def test_invitation_without_a_name_is_not_asked_for(town: Town) -> None:
    control, _, page = desk(town)
    for nothing in ("", "   "):
        page.fill("#invite-name", nothing)
        page.get_by_role("button", name="Make the link").click()
        assert page.evaluate("document.querySelector('#invite-name').matches(':invalid')")
    invite(page, "Grace")
    assert len(control.calls) == 1


def test_refused_invitation_is_said_and_keeps_the_name(town: Town) -> None:
    control = Control()
    control.add("Engines")

    def port(method: str, path: str, body: bytes) -> Answer | None:
        if path.endswith("/invitations"):
            return refuses(422, "bad_request", "name: String should have at most 80 characters")
        return control(method, path, body)

    page = town.visit(port).open("/#key=k", "#chosen")
    page.fill("#invite-name", "Grace")
    page.get_by_role("button", name="Make the link").click()
    expect(page.locator("#invitations [role=alert]")).to_contain_text("at most 80 characters")
    assert page.input_value("#invite-name") == "Grace"
    assert page.locator(LINKS).count() == 0


@pytest.mark.parametrize("phase", ["ended", "posted", "cancelled"])
def test_nobody_is_invited_to_what_is_over(phase: str, town: Town) -> None:
    control = Control()
    control.add("Engines", phase)
    page = town.visit(control).open("/#key=k", ".event-list button")
    page.click(".event-list button")
    page.wait_for_selector("#chosen")
    assert page.locator("#invitations").is_hidden()


def test_french_operator_invites_in_french(town: Town) -> None:
    _, _, page = desk(town, locale="fr-FR")
    page.get_by_label("Nom de la personne").fill("Grace")
    page.get_by_label("Rôle").select_option(label="Co-hôte")
    page.get_by_role("button", name="Créer le lien").click()
    page.get_by_text("Le lien pour Grace est prêt.").wait_for()
    assert page.locator("#invitations li .grow").inner_text() == "Grace Co-hôte"


@pytest.mark.parametrize("width", [360, 1440])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_invitations_fit_and_are_accessible(width: int, scheme: str, town: Town) -> None:
    size = {"width": width, "height": 800}
    _, visit, page = desk(town, "live", viewport=size, color_scheme=scheme)
    invite(page, "Grace")
    invite(page, "Augusta Ada King, Countess of Lovelace, née Byron of London", "co-host")
    assert visit.overflow_px() <= 0
    assert visit.faults() == []
    assert visit.complaints == []
