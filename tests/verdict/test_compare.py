"""Nights side by side."""

from __future__ import annotations

from tests.verdict.nights import evening

from rostra.verdict.compare import COLUMNS, compared, row
from rostra.verdict.judgement import judge
from rostra.verdict.report import Subject
from rostra.verdict.thresholds import Thresholds


def test_the_earliest_stands_first_and_titles_are_text() -> None:
    of = evening(people=3000)
    found = judge(of, Thresholds(), 1, 40)
    late, early = (Subject(title=f"<i>{n}", start_s=n) for n in (2000, 1000))
    html = compared([(late, of, found), (early, of, found)], "fr")
    assert html.index("&lt;i&gt;1000") < html.index("&lt;i&gt;2000") and "<i>" not in html
    assert "pas prêt" in html


def test_a_row_says_no_more_than_the_verdict() -> None:
    of = evening(people=500, skip=range(100, 200))
    found = judge(of, Thresholds(), 1, 40)
    cells = dict(zip(COLUMNS, row(Subject(title="A", start_s=0), of, found, "en"), strict=True))
    assert cells["verdict"] == "undetermined" and cells["probability"] == "–"
    assert cells["real"] == "–" and cells["crowd"] == "500"
