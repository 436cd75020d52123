"""The shield's card of the control room against a mock control port."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from rostra.delivery.refused import PASS_OVERUSED
from rostra.shield import reasons
from tests.pages.conftest import Town
from tests.pages.mock_house import Answer, peace
from tests.pages.mock_shield import UnderAttack, bad_prefix
from tests.pages.test_control_room import LOOKS, answer, room, written

READY = "#shield .switches:visible"
ROWS = "#shield .networks tbody tr"


def row(page: Page, source: str) -> Any:
    return page.locator(f'{ROWS}[data-source="{source}"]')


@pytest.mark.live
def test_card_fits_is_accessible_and_quiet(town: Town) -> None:
    for width, scheme in LOOKS:
        port = UnderAttack()
        port.shield |= {"allow": ["192.0.2.0/24"], "deny": ["203.0.113.0/24"]}
        visit = town.visit(port, viewport={"width": width, "height": 900}, color_scheme=scheme)
        page = visit.open("/#key=k", ROWS)
        look = f"{width} px, {scheme}"
        assert visit.overflow_px() <= 0, f"{look}: scrolls sideways"
        assert visit.faults() == [], look
        assert visit.complaints == [], look
        page.close()


@pytest.mark.live
def test_in_peace_it_is_one_sentence_and_two_switches(town: Town) -> None:
    page = town.visit(room()).open("/#key=k", READY)
    card = page.locator("#shield")
    expect(card).to_contain_text("Peace. Listeners explain what comes in; nothing is refused.")
    expect(card.get_by_role("switch")).to_have_count(2)
    assert card.inner_text().count("Listeners explain what comes in") == 1
    expect(page.locator("#shield .numbers")).to_be_hidden()
    page.get_by_text("What comes in, and what is refused").click()
    expect(page.locator("[data-shield=incoming]")).to_contain_text("212 explained by listeners")
    expect(card).to_contain_text("No network is suspected of anything just now.")
    expect(card).to_contain_text("Nobody is banned.")


@pytest.mark.live
def test_an_attack_is_told_in_one_line_and_opens_the_figures(town: Town) -> None:
    port = UnderAttack()
    port.shield["since"] = "2036-12-01T20:04:00Z"
    page = town.visit(port, timezone_id="UTC").open("/#key=k", READY)
    sentence = page.locator("#shield > .sentence")
    expect(sentence).to_contain_text("Under attack since 20:04.")
    expect(sentence).to_contain_text("About 31,020 requests a second that no listener explains")
    expect(sentence).to_contain_text("98% of them are slowed or refused")
    expect(sentence).to_contain_text("2,812 listeners here are not touched.")
    expect(page.locator("[data-shield=refused]")).to_contain_text("network spent its budget")
    expect(page.locator("[data-shield=challenges]")).to_contain_text("7of 9 given")
    expect(page.locator("#shield")).to_contain_text("no CAP_NET_ADMIN")


@pytest.mark.live
def test_details_closed_in_an_attack_stay_closed(town: Town) -> None:
    port = UnderAttack()
    page = town.visit(port).open("/#key=k", READY)
    numbers = page.locator("#shield .numbers")
    expect(numbers).to_be_visible()
    page.get_by_text("What comes in, and what is refused").click()
    with page.expect_response("**/api/shield*"):
        pass
    expect(numbers).to_be_hidden()
    port.shield |= peace()
    expect(page.locator("#shield > .sentence")).to_contain_text("Peace.")
    port.shield |= port.attack()
    expect(numbers).to_be_visible()


@pytest.mark.live
def test_plots_show_what_is_explained_and_refusals_by_reason(town: Town) -> None:
    page = town.visit(UnderAttack()).open("/#key=k", ROWS)
    incoming = page.locator("#shield figure").filter(has_text="Asked without a ticket")
    expect(incoming.locator(".legend")).to_contain_text("nobody explains")
    refused = page.locator("#shield figure").filter(has_text="by reason")
    expect(refused.locator(".legend")).to_contain_text("network is banned")
    slider = refused.get_by_role("slider")
    slider.focus()
    slider.press("Home")
    expect(slider).to_have_attribute("aria-valuetext", re.compile("network spent its budget 0$"))


@pytest.mark.live
def test_only_seconds_that_are_new_are_asked_for(town: Town) -> None:
    port = UnderAttack()
    asked: list[str] = []
    visit = town.visit(port)
    visit.page.on("request", lambda r: asked.append(r.url) if "/api/shield" in r.url else None)
    visit.open("/#key=k", ROWS)
    visit.page.wait_for_timeout(1_500)
    assert asked[0].endswith("since=0")
    assert float(asked[-1].partition("since=")[2]) > 1e9


@pytest.mark.live
def test_attack_and_dry_run_ask_once_and_can_be_taken_back(town: Town) -> None:
    port = UnderAttack()
    page = town.visit(port).open("/#key=k", READY)
    page.click("#under-attack")
    assert "The 2,812 listeners here are not touched" in answer(page, yes=False)
    assert port.calls == []
    page.click("#under-attack")
    answer(page)
    expect(page.locator("#under-attack")).to_have_attribute("aria-checked", "true")
    expect(page.locator("#shield")).to_contain_text("You switched “under attack” on")
    expect(page.locator("#shield > .sentence")).to_contain_text("of them are slowed or refused")
    page.click("#dry-run")
    assert "30,112 requests a second that are refused now" in answer(page)
    expect(page.locator("#shield")).to_contain_text("Dry run: nothing is refused")
    expect(page.locator("#shield > .sentence")).to_contain_text("none is refused (dry run)")
    page.get_by_role("button", name="Undo: Dry run: no → yes").click()
    assert "It is again as it was before" in answer(page)
    expect(page.locator("#dry-run")).to_have_attribute("aria-checked", "false")
    page.click("#under-attack")
    answer(page)
    assert [call[1:] for call in port.calls] == [
        ("/api/shield", {"mode": "attack"}),
        ("/api/shield", {"dry_run": True}),
        ("/api/shield/acts/2/undo", {}),
        ("/api/shield", {"mode": "auto"}),
    ]


@pytest.mark.live
def test_a_shield_that_is_off_can_be_switched_on(town: Town) -> None:
    port = room()
    port.shield["mode"] = "off"
    page = town.visit(port).open("/#key=k", READY)
    expect(page.locator("#shield")).to_contain_text("The shield is off")
    page.click("#shield-on")
    page.get_by_role("dialog").get_by_role("button", name="Yes").click()
    assert port.calls == [("POST", "/api/shield", {"mode": "auto"})]


@pytest.mark.live
def test_networks_stand_worst_first_with_what_may_be_done(town: Town) -> None:
    port = UnderAttack()
    page = town.visit(port).open("/#key=k", ROWS)
    expect(page.locator(ROWS)).to_have_count(4)
    first = page.locator(ROWS).first
    expect(first).to_contain_text("198.51.100.23")
    expect(first).to_contain_text("connections dropped")
    crowd = row(page, "203.0.113.9")
    expect(crowd).to_contain_text("banned no further: listeners are there")
    expect(crowd).to_contain_text("86% explained")
    expect(crowd.get_by_role("button", name="Lift the ban")).to_be_hidden()
    crowd.get_by_role("button", name="Keep out: 203.0.113.9").click()
    assert "listeners too: 214 are there now" in answer(page, yes=False)
    crowd.get_by_role("button", name="Allow: 203.0.113.9").click()
    answer(page)
    expect(page.locator("#shield [data-list=allow]")).to_contain_text("203.0.113.9")
    assert port.calls == [("POST", "/api/shield/allow", {"prefix": "203.0.113.9"})]
    near = page.locator("#shield li").filter(has_text="198.51.100.0/24")
    expect(near).to_contain_text("31 banned, 12 suspected")


@pytest.mark.live
def test_rows_do_not_move_while_one_is_pointed_at(town: Town) -> None:
    port = UnderAttack()
    page = town.visit(port).open("/#key=k", ROWS)
    page.mouse.move(0, 0)
    row(page, "192.0.2.77").hover()
    port.shield["worst"] = list(reversed(port.shield["worst"]))
    port.shield["worst"][-1]["demand"] = 99_999.0
    expect(row(page, "198.51.100.23")).to_contain_text("99,999")
    expect(page.locator(ROWS).first).to_contain_text("198.51.100.23")
    page.mouse.move(0, 0)
    expect(page.locator(ROWS).first).to_contain_text("192.0.2.77")


@pytest.mark.live
def test_bans_say_why_and_how_long_and_are_lifted(town: Town) -> None:
    port = UnderAttack()
    page = town.visit(port).open("/#key=k", ROWS)
    bans = page.locator("#shield-bans li")
    expect(bans).to_have_count(2)
    expect(bans.first).to_contain_text("asked for many times what its listeners need")
    expect(bans.first).to_contain_text("ends in 10 min")
    expect(bans.nth(1)).to_contain_text(re.compile(r"ends in [34]\d s"))
    bans.first.get_by_role("button").click()
    assert "Lift the ban of 198.51.100.23?" in answer(page)
    expect(bans).to_have_count(1)
    page.click("#clear-bans")
    answer(page)
    expect(page.locator("#shield")).to_contain_text("Nobody is banned.")
    assert [call[1] for call in port.calls] == ["/api/shield/lift", "/api/shield/clear"]


@pytest.mark.live
def test_a_network_is_typed_kept_out_and_taken_off_again(town: Town) -> None:
    port = UnderAttack()
    page = town.visit(port).open("/#key=k", ROWS)
    page.fill("#shield-network", " 203.0.113.0/24 ")
    page.locator("#shield form").get_by_role("button", name="Keep out").click()
    assert "Keep 203.0.113.0/24 out?" in answer(page)
    listed = page.locator("#shield [data-list=deny]")
    expect(listed).to_contain_text("203.0.113.0/24")
    assert page.input_value("#shield-network") == ""
    listed.get_by_role("button").click()
    answer(page)
    expect(listed).to_have_count(0)
    assert port.calls == [
        ("POST", "/api/shield/deny", {"prefix": "203.0.113.0/24"}),
        ("DELETE", "/api/shield/deny", {"prefix": "203.0.113.0/24"}),
    ]


@pytest.mark.live
def test_what_is_no_network_is_refused_in_words_and_stays_typed(town: Town) -> None:
    port = UnderAttack()
    port.refusing["/api/shield/allow"] = bad_prefix()
    page = town.visit(port, locale="fr-FR").open("/#key=k", ROWS)
    page.fill("#shield-network", "ici")
    page.press("#shield-network", "Enter")
    page.get_by_role("dialog").get_by_role("button", name="Oui").click()
    page.get_by_text("Ce n’est ni une adresse ni un préfixe.").wait_for()
    assert page.input_value("#shield-network") == "ici"


@pytest.mark.live
def test_french_operator_reads_french(town: Town) -> None:
    port = UnderAttack()
    page = town.visit(port, locale="fr-FR").open("/#key=k", ROWS)
    text = page.inner_text("#shield")
    for words in ("Attaque en cours depuis", "budget du réseau épuisé", "connexions coupées"):
        assert words in text
    assert "Rostra n’a pas CAP_NET_ADMIN. Les diffuseurs coupent eux-mêmes." in text


@pytest.mark.live
def test_figures_that_do_not_arrive_are_missed_aloud(town: Town) -> None:
    port = UnderAttack()
    silent: list[bool] = []

    def heard(method: str, path: str, body: bytes) -> Answer | None:
        return Answer(b"", status=502) if silent and "shield" in path else port(method, path, body)

    visit = town.visit(heard)
    visit.page.add_init_script("Math.random = () => 0")  # the shortest pauses between attempts
    page = visit.open("/#key=k", ROWS)
    silent.append(True)
    page.get_by_text("The shield’s figures do not arrive.").wait_for()
    expect(page.locator(ROWS)).to_have_count(4)
    silent.clear()
    page.get_by_text("The shield’s figures do not arrive.").wait_for(state="hidden")


def test_every_reason_is_said_in_both_languages() -> None:
    words = written(
        "shield_words.ts",
        lambda address: (
            f"import {{ SHIELD_WORDS }} from {address!r};"
            "const { en, fr } = SHIELD_WORDS;"
            "const of = (w) => ({ reasons: w.reasons, why: w.why });"
            "console.log(JSON.stringify({ en: of(en), fr: of(fr) }));"
        ),
    )
    # What a pass is refused is the door's own, and counted by the shield too.
    known = {refusal.code for refusal in (*reasons.ALL, PASS_OVERUSED)} | set(reasons.REASONS)
    for language in ("en", "fr"):
        assert set(words[language]["reasons"]) == known
        assert set(words[language]["why"]) == set(reasons.PRESSURE)
    assert json.dumps(words["en"]) != json.dumps(words["fr"])
