"""The page: the answer first, in two languages, and nothing that came from outside unescaped."""

from __future__ import annotations

from html.parser import HTMLParser

import pytest
from tests.verdict.nights import KERNEL, evening, promise

from rostra.verdict.judgement import judge
from rostra.verdict.readings import HouseSaid, Mishap, night
from rostra.verdict.report import Subject, answer, attack_places, clock, report
from rostra.verdict.report_words import LANGUAGES, Language
from rostra.verdict.thresholds import Thresholds

PLAIN = Thresholds()
SUBJECT = Subject(title="A talk", start_s=1_723_507_200, root="ab" * 32, key="cd" * 32)


class Balanced(HTMLParser):
    """Fails where an element is closed that is not the last one open."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: object) -> None:
        if tag not in {"meta", "br"}:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_startendtag(self, tag: str, attrs: object) -> None:
        pass


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_answer_stands_first_and_the_page_is_whole(language: Language) -> None:
    down = (Mishap(subject="edge-1", from_s=100, until_s=130),)
    of = evening(people=3000, attack=300, stalled=100, mishaps=down)
    found = judge(of, PLAIN, 1, 40)
    html = report(SUBJECT, of, found, PLAIN, language)
    parser = Balanced()
    parser.feed(html)
    assert parser.open == [] and f'lang="{language}"' in html
    assert html.index(answer(found, language)) < html.index("<svg")
    assert "2024-08-13 00:00:00 UTC" in html and SUBJECT.root in html and SUBJECT.key in html
    outside = html.replace("http://www.w3.org/2000/svg", "").replace("http-equiv", "")
    assert "<script" not in html and "http" not in outside
    assert html == report(SUBJECT, of, found, PLAIN, language)


def test_what_comes_from_outside_is_text() -> None:
    of = night(promise(), [], [HouseSaid(at_s=0, inside=3)], [], KERNEL, first_speech_s=None)
    subject = Subject(title="<script>alert(1)</script>", start_s=0, root='"><b>', provisional=True)
    html = report(subject, of, judge(of, PLAIN, 1, 40), PLAIN)
    assert "<script" not in html and "<b>" not in html and "Provisional" in html


def test_a_night_without_records_has_a_page() -> None:
    of = night(promise(), [], [], [], KERNEL)
    for language in LANGUAGES:
        html = report(SUBJECT, of, judge(of, PLAIN, 1), PLAIN, language)
        assert "<svg" not in html and answer(judge(of, PLAIN, 1), language) in html


def test_the_attack_in_the_picture_is_where_it_was() -> None:
    found = attack_places(evening(people=800, attack=500), PLAIN)
    assert found[150] > 500 > 50 > found[50] and found.size == 240


def test_clock() -> None:
    assert clock(0) == "1970-01-01 00:00:00 UTC"
