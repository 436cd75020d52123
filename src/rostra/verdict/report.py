"""The report: one HTML page that a journalist can read, and that needs nothing from elsewhere."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from html import escape

import msgspec
import numpy as np

from rostra.verdict.counterfactual import draw
from rostra.verdict.judgement import Verdict
from rostra.verdict.pictures import timeline
from rostra.verdict.readings import Floats, Night
from rostra.verdict.report_words import Language, number, percent, say
from rostra.verdict.thresholds import Thresholds

NAMED_MOST = 40  # edges that a page names
STYLE = """
:root{color-scheme:light dark;--ground:#faf7f2;--surface:#fffdfa;--ink:#1c1815;--quiet:#625a51;
--line:#e0d8cc;--accent:#b3341a;--good:#2f6b3c;--blue:#2b5c8a;--ochre:#9a6b00;
--sans:system-ui,-apple-system,'Segoe UI',Roboto,'Noto Sans','Liberation Sans',sans-serif;
--serif:ui-serif,'Iowan Old Style',Palatino,'Noto Serif',Georgia,serif}
@media screen and (prefers-color-scheme:dark){:root{--ground:#151210;--surface:#1d1917;
--ink:#f6f0e8;--quiet:#b8aea2;--line:#362f2a;--accent:#ff8a66;--good:#86cf95;--blue:#8fbfe8;
--ochre:#e0b24d}}
*{box-sizing:border-box}
body{margin:0;background:var(--ground);color:var(--ink);font:16px/1.5 var(--sans)}
main{max-width:62rem;margin:0 auto;padding:clamp(1rem,4vw,3rem)}
header p,.quiet{color:var(--quiet);margin:.2rem 0}
h1,h2,.answer{font-family:var(--serif);line-height:1.25;margin:0}
h1{font-size:1.05rem;font-weight:600;color:var(--accent)}
h2{font-size:1.2rem;margin:0 0 .6rem}
.answer{font-size:clamp(1.4rem,3.6vw,2.1rem);margin:.8rem 0;text-wrap:pretty}
section{border-top:1px solid var(--line);padding-top:1.2rem;margin-top:1.6rem}
figure{margin:0}svg{display:block;width:100%;height:auto}
svg path{fill:none;stroke-width:1.3}.axis{font:11px var(--sans);fill:var(--quiet)}
.panel{fill:var(--surface);stroke:var(--line)}
.scroll{overflow-x:auto}
table{border-collapse:collapse;width:100%;font-size:.92rem;font-variant-numeric:tabular-nums}
th,td{padding:.35rem .7rem .35rem 0;text-align:right;border-bottom:1px solid var(--line)}
th{color:var(--quiet);font-weight:500}th:first-child,td:first-child{text-align:left}
ul,ol{margin:0;padding-left:1.1rem}
dl{display:grid;grid-template-columns:minmax(6rem,auto) 1fr;gap:.25rem 1rem;margin:.6rem 0 0}
dt{color:var(--quiet)}dd{margin:0;min-width:0;overflow-wrap:anywhere}
code{font-size:.86em;overflow-wrap:anywhere}
@page{size:A4;margin:12mm}
@media print{html,body{font-size:9pt;line-height:1.35;background:none}main{padding:0;max-width:none}
section{margin-top:.7rem;padding-top:.6rem;break-inside:avoid}.answer{font-size:15pt}
svg{max-height:10.5cm}}
"""


class Subject(msgspec.Struct, frozen=True, kw_only=True):
    """What the report is of. `start_s`: as announced (Unix). `root`, `key`: hex, or empty."""

    title: str
    start_s: int
    root: str = ""
    key: str = ""
    provisional: bool = False


def answer(verdict: Verdict, language: Language) -> str:
    """The answer in one sentence, without a mark-up."""
    return say(language, verdict.word)


def clock(at_s: float) -> str:
    """A moment (Unix seconds) as date and time in UTC."""
    return datetime.fromtimestamp(at_s, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def report(
    subject: Subject,
    night: Night,
    verdict: Verdict,
    thresholds: Thresholds,
    language: Language = "en",
) -> str:
    """The page. The same bytes from the same arguments; what came from outside is escaped."""
    parts = [
        _head(subject, verdict, language),
        _picture(night, thresholds, language),
        _what_if(verdict, language),
        _order(night, verdict, language),
        _why(verdict, language),
        _limits(night, language),
        _check(subject, verdict, language),
    ]
    title = f"{say(language, 'title')}: {subject.title}"
    return page(title, parts, language)


def page(title: str, parts: Iterable[str], language: Language) -> str:
    """An HTML document of `parts`, which are HTML; `title` is text."""
    return (
        f'<!doctype html>\n<html lang="{language}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; '
        "style-src 'unsafe-inline'\">"
        f"<title>{escape(title)}</title><style>{STYLE}</style></head>\n<body><main>"
        + "\n".join(part for part in parts if part)
        + "</main></body></html>\n"
    )


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table of texts."""
    head = "".join(f'<th scope="col">{escape(text)}</th>' for text in heads)
    body = "".join(
        "<tr>" + "".join(f"<td>{escape(text)}</td>" for text in row) + "</tr>" for row in rows
    )
    return (
        f'<div class="scroll"><table><thead><tr>{head}</tr></thead>'
        f"<tbody>{body}</tbody></table></div>"
    )


def _section(title: str, *parts: str) -> str:
    return f"<section><h2>{escape(title)}</h2>{''.join(parts)}</section>"


def _paragraph(text: str, kind: str = "") -> str:
    return f'<p class="{kind}">{escape(text)}</p>' if kind else f"<p>{escape(text)}</p>"


def _list(texts: Iterable[str], tag: str = "ul") -> str:
    return f"<{tag}>" + "".join(f"<li>{escape(text)}</li>" for text in texts) + f"</{tag}>"


def _head(subject: Subject, verdict: Verdict, language: Language) -> str:
    sure = percent(language, verdict.probability)
    if verdict.word != "UNDETERMINED":
        how = say(language, "sure", probability=sure)
    elif verdict.probabilities:
        word = say(language, f"word_{verdict.likeliest}")
        how = say(language, "likeliest", word=word, probability=sure)
    else:
        how = ""
    delay = (
        say(language, "delay_unknown")
        if verdict.start_delay_s is None
        else say(language, "delay", seconds=number(language, verdict.start_delay_s))
    )
    harm = say(
        language,
        "harm",
        harm=number(language, verdict.harm),
        threshold=number(language, verdict.threshold),
    )
    return (
        f"<header><h1>{escape(say(language, 'title'))}</h1>"
        + _paragraph(say(language, "of", title=subject.title, start=clock(subject.start_s)))
        + (_paragraph(say(language, "provisional")) if subject.provisional else "")
        + "</header>"
        + _paragraph(answer(verdict, language), "answer")
        + _paragraph(" ".join(part for part in (how, harm, delay) if part))
    )


def attack_places(night: Night, thresholds: Thresholds) -> Floats:
    """The attack's work per second in places, by the means of all rates; shape (n,)."""
    if not night.people.size:
        return np.zeros(0)
    chance = np.random.Generator(np.random.PCG64(0))
    drawn = draw(night, 1, thresholds.promise_permille / 1000, chance)
    return np.repeat(drawn.attack[0], drawn.step_s)[: night.people.size]


def _picture(night: Night, thresholds: Thresholds, language: Language) -> str:
    svg = timeline(night, attack_places(night, thresholds), language)
    return _section(say(language, "timeline"), f"<figure>{svg}</figure>") if svg else ""


def _what_if(verdict: Verdict, language: Language) -> str:
    if not verdict.probabilities:
        return ""

    def row(name: str, found: tuple[float, float, float]) -> tuple[str, str, str]:
        middle, low, high = (number(language, value) for value in found)
        return say(language, name), middle, f"{low} – {high}"

    nights = table(
        [say(language, name) for name in ("case", "minutes", "between")],
        [
            (say(language, "was"), number(language, verdict.harm), ""),
            row("without_attack", verdict.without_attack),
            row("within_promise", verdict.within_promise),
        ],
    )
    shares = table(
        [say(language, "cause"), say(language, "share")],
        [
            (say(language, f"cause_{cause}"), percent(language, value))
            for cause, value in verdict.shares.items()
        ],
    )
    quiet = _paragraph(say(language, "shares"), "quiet")
    return _section(say(language, "what_if"), nights, quiet, shares)


def _order(night: Night, verdict: Verdict, language: Language) -> str:
    if not verdict.onsets:
        return ""
    told = [
        f"{clock(night.from_s + at)}: {say(language, f'onset_{name}')}"
        for name, at in verdict.onsets
    ]
    return _section(say(language, "order"), _list(told, "ol"))


def _why(verdict: Verdict, language: Language) -> str:
    if not verdict.reasons:
        return ""
    return _section(
        say(language, "reasons"), _list(say(language, code) for code in verdict.reasons)
    )


def _limits(night: Night, language: Language) -> str:
    seen = float(night.seen.mean()) if night.seen.size else 0.0
    told = [
        say(language, "limit_network"),
        say(language, "limit_who"),
        say(language, "limit_bots"),
        say(language, "limit_seen", share=percent(language, seen)),
    ]
    if night.silent:
        names = ", ".join(name[:40] for name in night.silent[:NAMED_MOST])
        told.append(say(language, "limit_silent", edges=names))
    return _section(say(language, "limits"), _list(told))


def _check(subject: Subject, verdict: Verdict, language: Language) -> str:
    facts = [
        ("check_model", verdict.model),
        ("check_root", subject.root),
        ("check_key", subject.key),
    ]
    rows = "".join(
        f"<dt>{escape(say(language, name))}</dt><dd><code>{escape(value)}</code></dd>"
        for name, value in facts
        if value
    )
    return _section(
        say(language, "check"),
        _paragraph(say(language, "check_how")),
        "<p><code>rostra verify night.zip</code><br><code>rostra verdict night.zip</code></p>",
        f"<dl>{rows}</dl>",
    )
