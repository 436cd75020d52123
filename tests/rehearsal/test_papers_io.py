"""Papers: one page that needs nothing from elsewhere and trusts nothing that stands in it."""

from __future__ import annotations

import base64
import re
from html.parser import HTMLParser
from typing import Any

import pytest
from tests.rehearsal.certificates import KEY, certificate, changed, findings, step

from rostra.ground.sealed import public_key
from rostra.rehearsal import pictures_io
from rostra.rehearsal.certificate import read, seal
from rostra.rehearsal.findings import Certificate, Findings, NightFound
from rostra.rehearsal.fleet_plan import Plan, plan
from rostra.rehearsal.paper_words import LANGUAGES, Language
from rostra.rehearsal.papers_io import certificate_page

EVIL = "<script>alert(1)</script>\"'><img src=x onerror=y> $\\frac{"
VOID_TAGS = {"meta", "br", "img", "link", "input"}


class Page(HTMLParser):
    """Tags, addresses and text of a page; fails on tags that are not closed in order."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.links: list[str] = []
        self.handlers: list[str] = []
        self.text = ""
        self._open: list[str] = []
        self.feed(text)
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        if tag not in VOID_TAGS:
            self._open.append(tag)
        for name, value in attrs:
            if name in {"href", "src", "xlink:href", "data", "srcset"}:
                self.links.append(value or "")
            if name.startswith("on"):
                self.handlers.append(name)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID_TAGS:
            self._open.pop()

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def page(given: Certificate, language: Language = "en") -> tuple[str, Page]:
    text = certificate_page(given, public_key(KEY), seal(given, KEY), language)
    return text, Page(text)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_page_is_whole_and_loads_nothing(language: Language) -> None:
    text, told = page(certificate(), language)
    assert told.tags.count("svg") == 6
    assert told.tags.count("h1") == 1
    assert f'lang="{language}"' in text
    assert "default-src 'none'" in text
    assert all(link.startswith(("#", "data:application/json")) for link in told.links)
    assert not re.search(r"url\((?!#)|@import", text)


def test_the_answer_stands_before_everything_else() -> None:
    _, told = page(certificate())
    assert told.text.index("This house carried 6") < told.text.index("How many, at each level")


def test_the_signed_document_can_be_taken_from_the_page_and_holds() -> None:
    _, told = page(certificate())
    (link,) = (link for link in told.links if link.startswith("data:"))
    assert read(base64.b64decode(link.split(",", 1)[1])) == (certificate(), public_key(KEY))


def test_what_stands_in_a_document_is_text_wherever_it_is_shown() -> None:
    evil = {
        "program": EVIL, "doubts": (EVIL,), "not_tested": (EVIL,), "cut_short": EVIL,
        "steps": (step(0, 100, carried=False, reason=EVIL, void=EVIL), step(1, 100)),
    }  # fmt: skip
    made = certificate(**evil)
    for fault in made.findings.faults:
        made = changed(made, faults=(_with(fault, says=EVIL),))
    made = changed(made, night=_with(made.findings.night, script=EVIL))
    made = _with(made, number=EVIL, house=_with(made.house, version=EVIL, settings_said={EVIL: 1}))
    text, told = page(made)
    assert "<script>" not in text
    assert told.tags.count("img") == told.tags.count("script") == 0
    assert told.handlers == []
    assert told.text.count("<script>alert(1)</script>") >= 10


def _with(struct: Any, **fields: Any) -> Any:
    import msgspec

    return msgspec.structs.replace(struct, **fields)


def test_a_void_rehearsal_shows_it_and_gives_no_capacity() -> None:
    _, told = page(certificate(void="every step was void"))
    assert "This rehearsal is void" in told.text
    assert "This house carried" not in told.text


def test_the_least_that_can_be_found_makes_a_page() -> None:
    least = Findings(
        run="r", started="", ended="", program="", generators=(), steps=(), rungs=(), joins_s=None
    )
    _, told = page(_with(certificate(), findings=least))
    assert told.tags.count("svg") == 0
    night = NightFound(
        script="s", script_hash="", seed=1, people=0, joined=0, gave_up=0, join_p50_s=0,
        join_p99_s=0, stalled_share=0, silent_share=0,
    )  # fmt: skip
    page(certificate(night=night, steps=(), faults=(), joins_s=None))


def test_a_document_may_be_long_but_the_page_is_not() -> None:
    fault = certificate().findings.faults[0]
    _, told = page(certificate(faults=(fault,) * 5_000, steps=(step(0, 10),) * 5_000))
    assert told.tags.count("tr") < 600


def test_without_the_document_the_page_offers_none() -> None:
    told = Page(certificate_page(certificate(), public_key(KEY)))
    assert not any(link.startswith("data:") for link in told.links)


def test_numbers_of_any_size_make_a_picture() -> None:
    huge = tuple(step(rung, 10**15, joined=1, join_p99_s=1e9) for rung in range(4))
    page(certificate(steps=huge))
    page(certificate(steps=(step(0, 0, joined=0, stalled_share=0.0),)))


def test_a_long_night_is_drawn_with_few_points() -> None:
    series = {name: [float(n) for n in range(50_000)] for name in ("at_s", "inside")}
    night = _with(findings().night, series=series)
    assert 1_000 < len(pictures_io.night(night, "en")) < 60_000


def test_a_picture_is_the_same_each_time_and_knows_no_date() -> None:
    given = (findings().steps, findings().rungs, "en")
    one: str = pictures_io.stalled(*given)  # type: ignore[arg-type]
    assert one == pictures_io.stalled(*given)  # type: ignore[arg-type]
    assert "<dc:date>" not in one


def test_a_plan_is_drawn_as_a_picture_of_its_own() -> None:
    made = [plan(certificate(), 8_000_000, rung) for rung in range(4)]
    plans = [one for one in made if isinstance(one, Plan)]
    svg = pictures_io.plans(plans)
    assert svg.startswith("<?xml")
    assert "var(--" not in svg
    for words in ("a guess", "doubtful", "rung 3", "busy cores"):
        assert words in svg
    pictures_io.plans([one for one in [plan(certificate(), 1, 0)] if isinstance(one, Plan)])
