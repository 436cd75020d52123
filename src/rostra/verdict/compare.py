"""Several nights side by side: "it is not the first time" as a table."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from rostra.verdict.judgement import Verdict
from rostra.verdict.readings import Night
from rostra.verdict.report import Subject, clock, page, table
from rostra.verdict.report_words import Language, number, percent, say

COLUMNS = ("event", "planned", "real", "crowd", "inside", "harm", "verdict", "probability")


def row(subject: Subject, night: Night, verdict: Verdict, language: Language) -> tuple[str, ...]:
    """One night, as texts in the order of `COLUMNS`."""
    delay = verdict.start_delay_s
    return (
        subject.title,
        clock(subject.start_s),
        "–" if delay is None else clock(subject.start_s + delay),
        number(language, float(night.people.max(initial=0.0))),
        number(language, float(night.inside.max(initial=0.0))),
        number(language, verdict.harm),
        say(language, f"word_{verdict.word}"),
        "–" if verdict.word == "UNDETERMINED" else percent(language, verdict.probability),
    )


def compared(nights: Sequence[tuple[Subject, Night, Verdict]], language: Language = "en") -> str:
    """The page: one row a night, the earliest first."""
    ordered = sorted(nights, key=lambda told: (told[0].start_s, told[0].title))
    title = say(language, "compare")
    heads = [say(language, f"col_{name}") for name in COLUMNS]
    rows = [row(*told, language) for told in ordered]
    return page(title, [f"<h1>{escape(title)}</h1>", table(heads, rows)], language)
