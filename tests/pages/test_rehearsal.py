"""The control room while a rehearsal runs, and its certificate, against a mock control port."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from rostra.rehearsal import paper_words
from tests.pages.conftest import Town
from tests.pages.mock_rehearsal import RUN, Rehearsing, certificate
from tests.pages.test_control_room import LOOKS, answer, written

READY = "#rehearsal .sentence:not(:empty)"


@pytest.mark.live
def test_page_of_a_rehearsal_fits_is_accessible_and_quiet(town: Town) -> None:
    for width, scheme in LOOKS:
        port = Rehearsing()
        port.certificate = certificate()
        visit = town.visit(port, viewport={"width": width, "height": 900}, color_scheme=scheme)
        page = visit.open("/#key=k", READY)
        page.locator("#rehearsal tbody tr").first.wait_for()
        page.locator("#certificate dd").first.wait_for()
        look = f"{width} px, {scheme}"
        assert visit.overflow_px() <= 0, f"{look}: scrolls sideways"
        assert visit.faults() == [], look
        assert visit.complaints == [], look
        page.close()


@pytest.mark.live
def test_it_says_where_the_rehearsal_stands_and_what_it_meets(town: Town) -> None:
    port = Rehearsing()
    page = town.visit(port).open("/#key=k", READY)
    room = page.locator("#rehearsal")
    expect(room).to_contain_text("More and more listeners come")
    expect(room).to_contain_text("Rung 1, 8,000 listeners.")
    expect(room).to_contain_text("5.4 min left at most")
    expect(room).to_contain_text("None of them counts as audience")
    expect(page.locator("[data-rehearsal=here]")).to_contain_text("7,880 of them hear")
    expect(page.locator("[data-rehearsal=stalled] b")).to_have_text("0.12%")
    assert page.locator("#rehearsal .numbers .bad").count() == 0
    port.say(phase="faults", stalled_share=0.2, join_p99_s=8.0)
    expect(room).to_contain_text("Things are broken on purpose")
    expect(page.locator("[data-rehearsal=stalled] .bad")).to_have_text("20%")
    expect(page.locator("[data-rehearsal=join] .bad")).to_have_text("8 s")


@pytest.mark.live
def test_a_generator_that_is_the_limit_itself_is_warned_of(town: Town) -> None:
    port = Rehearsing()
    page = town.visit(port).open("/#key=k", READY)
    warning = page.get_by_text("would say nothing about the house")
    expect(warning).to_be_hidden()
    port.say(generator_cpu=0.93)
    expect(warning).to_be_visible()
    expect(page.locator("[data-rehearsal=generator] .bad")).to_have_text("93%")


@pytest.mark.live
def test_steps_are_listed_newest_first_with_their_outcome(town: Town) -> None:
    page = town.visit(Rehearsing()).open("/#key=k", READY)
    rows = page.locator("#rehearsal tbody tr")
    expect(rows).to_have_count(5)
    expect(rows.nth(0)).to_contain_text("void: the virtual listeners’ own machine was too busy")
    expect(rows.nth(1)).to_contain_text("not carried: the sound stopped for too many")
    expect(rows.nth(4)).to_contain_text("carried")


@pytest.mark.live
def test_plots_show_the_house_and_the_listeners(town: Town) -> None:
    port = Rehearsing()
    page = town.visit(port).open("/#key=k", READY)
    busiest = page.locator("#rehearsal figure").filter(has_text="Busiest edge")
    expect(busiest.locator(".reading")).to_have_text("60%")
    hear = page.locator("#rehearsal figure").filter(has_text="Virtual listeners who hear")
    expect(hear.locator(".reading")).to_have_text("7,880")
    assert busiest.locator("path.line").get_attribute("d")


@pytest.mark.live
def test_stopping_asks_once_and_withdraws(town: Town) -> None:
    port = Rehearsing()
    page = town.visit(port).open("/#key=k", READY)
    page.click("#stop-rehearsal")
    assert "all 7,912 virtual listeners leave at once" in answer(page, yes=False)
    assert port.calls == []
    page.click("#stop-rehearsal")
    answer(page)
    page.get_by_text("The consent is withdrawn").wait_for()
    assert [call[:2] for call in port.calls] == [("POST", f"/api/rehearsals/{RUN}/withdraw")]
    expect(page.locator("#stop-rehearsal")).to_be_disabled()


@pytest.mark.live
def test_when_it_is_over_the_new_certificate_is_shown(town: Town) -> None:
    port = Rehearsing()
    page = town.visit(port, timezone_id="UTC").open("/#key=k", READY)
    expect(page.locator("#certificate")).to_contain_text("No certificate yet")
    port.over()
    page.locator("#rehearsal").wait_for(state="hidden")
    card = page.locator("#certificate")
    expect(card).to_contain_text("Certificate 20361130-1 of")
    expect(card).to_contain_text("holds. The door goes by it.")
    expect(page.locator("[data-rung='0']")).to_contain_text("3,600")
    expect(page.locator("[data-rung='0']")).to_contain_text("carried 4,000, not 5,600")
    expect(page.locator("[data-rung='1']")).to_contain_text("no more were tried")


@pytest.mark.live
def test_a_certificate_that_lapsed_says_why_and_allows_nothing(town: Town) -> None:
    port = Rehearsing()
    port.rehearsal = None
    port.certificate = certificate(holds=False, why_not="settings changed (serve.edges: 2, now 1)")
    page = town.visit(port).open("/#key=k", "#certificate .sentence:not(:empty)")
    expect(page.locator("#certificate")).to_contain_text(
        "does not hold, so the door goes by careful defaults"
    )
    expect(page.locator("#certificate")).to_contain_text("serve.edges: 2, now 1")
    assert page.locator("#certificate dd").count() == 0
    expect(page.locator("#rehearsal")).to_be_hidden()


@pytest.mark.live
def test_a_conductor_that_has_said_nothing_yet_is_at_the_beginning(town: Town) -> None:
    port = Rehearsing()
    assert port.rehearsal is not None
    port.rehearsal["progress"] = None
    page = town.visit(port, locale="fr-FR").open("/#key=k", READY)
    expect(page.locator("#rehearsal")).to_contain_text("Elle commence")
    expect(page.locator("#rehearsal")).to_contain_text("Aucun palier n’est encore achevé.")
    page.get_by_role("button", name="Arrêter la répétition").wait_for()


def test_every_reason_of_a_step_is_said_in_both_languages() -> None:
    known = {name.removeprefix("why_") for name in paper_words.EN if name.startswith("why_")}
    words = written(
        "rehearsal_words.ts",
        lambda address: (
            f"import {{ REHEARSAL_WORDS }} from {address!r};"
            "const { en, fr } = REHEARSAL_WORDS;"
            "console.log(JSON.stringify({ en: en.why, fr: fr.why }));"
        ),
    )
    assert len(known) > 8
    for language in ("en", "fr"):
        assert set(words[language]) == known
