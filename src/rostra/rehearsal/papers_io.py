"""Certificates on paper: one HTML page with its pictures, that needs nothing from elsewhere."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Sequence
from html import escape
from pathlib import Path
from typing import Any

import msgspec

from rostra.rehearsal import pictures_io, summary
from rostra.rehearsal.findings import Certificate, Findings, RungFound, Step
from rostra.rehearsal.paper_words import (
    Language,
    noted,
    number,
    rounded,
    say,
    seconds,
    sentence,
    share,
    why,
)

STEPS_MOST, RUNGS_MOST, FAULTS_MOST = 400, 8, 24
STYLE = """
:root{color-scheme:light dark;--ground:#faf7f2;--surface:#fffdfa;--ink:#1c1815;--quiet:#625a51;
--line:#e0d8cc;--accent:#b3341a;--accent-wash:#fbe9e3;--good:#2f6b3c;--blue:#2b5c8a;--ochre:#9a6b00;
--sans:system-ui,-apple-system,'Segoe UI',Roboto,'Noto Sans','Liberation Sans',sans-serif;
--serif:ui-serif,'Iowan Old Style',Palatino,'Noto Serif',Georgia,serif}
@media screen and (prefers-color-scheme:dark){:root{--ground:#151210;--surface:#1d1917;
--ink:#f6f0e8;--quiet:#b8aea2;--line:#362f2a;--accent:#ff8a66;--accent-wash:#33201a;--good:#86cf95;
--blue:#8fbfe8;--ochre:#e0b24d}}
*{box-sizing:border-box}
body{margin:0;background:var(--ground);color:var(--ink);font:16px/1.5 var(--sans)}
main{max-width:62rem;margin:0 auto;padding:clamp(1rem,4vw,3rem)}
header p,.quiet{color:var(--quiet);margin:.2rem 0}
h1,h2,.answer{font-family:var(--serif);line-height:1.25;margin:0}
h1{font-size:1.05rem;font-weight:600;color:var(--accent)}
h2{font-size:1.2rem;margin:0 0 .6rem}
.answer{font-size:clamp(1.3rem,3.4vw,1.9rem);margin:.8rem 0;text-wrap:pretty}
section{border-top:1px solid var(--line);padding-top:1.2rem;margin-top:1.6rem}
.two{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,23rem),1fr));
gap:1.2rem 2rem}
.void{background:var(--accent-wash);border:2px solid var(--accent);border-radius:10px;
padding:.8rem 1rem}
figure{margin:0}figure svg{display:block;width:100%;height:auto;max-width:34rem}
.scroll{overflow-x:auto}
table{border-collapse:collapse;width:100%;font-size:.92rem;font-variant-numeric:tabular-nums}
th,td{padding:.35rem .7rem .35rem 0;text-align:right;border-bottom:1px solid var(--line)}
th{color:var(--quiet);font-weight:500;vertical-align:bottom}
th:first-child,td:first-child,.words{text-align:left}
ul{margin:0;padding-left:1.1rem}
dl{display:grid;grid-template-columns:minmax(6rem,auto) 1fr;gap:.25rem 1rem;margin:0;
font-size:.92rem}
dt{color:var(--quiet)}dd{margin:0;min-width:0;overflow-wrap:anywhere}
code{font-size:.86em;overflow-wrap:anywhere}
pre{white-space:pre-wrap;overflow-wrap:anywhere;margin:.5rem 0}
a{color:var(--accent)}summary{cursor:pointer}
@media screen and (max-width:40rem){.wide{display:none}dl{grid-template-columns:1fr}
dd{margin-bottom:.5rem}}
@page{size:A4;margin:12mm}
@media print{html,body{font-size:8pt;line-height:1.35;background:none}main{padding:0;max-width:none}
section{margin-top:.7rem;padding-top:.6rem;break-inside:avoid}.answer{font-size:14pt;margin:.4rem 0}
h2{font-size:11pt;margin-bottom:.3rem}.screen{display:none}
.two{grid-template-columns:1fr 1fr;gap:.5rem 1.4rem}figure svg{max-width:7.4cm}
p{margin:.3rem 0}}
"""


def write(
    certificate: Certificate,
    key: str,
    path: Path,
    *,
    sealed: bytes = b"",
    language: Language = "en",
) -> None:
    """The page into a file, as `certificate_page` makes it. OSError where that fails."""
    path.write_text(certificate_page(certificate, key, sealed, language), encoding="utf-8")


def certificate_page(
    certificate: Certificate, key: str, sealed: bytes = b"", language: Language = "en"
) -> str:
    """The whole page. `key`: whose signature was checked (hex); `sealed`: the document itself.

    Without `sealed` it cannot be taken from the page. What stands in the document is shown as
    text, whoever wrote it, and no more of it than a page holds.
    """
    certificate = _bounded(certificate)
    findings = certificate.findings
    parts = [
        _head(certificate, language),
        _rungs(findings, language),
        _steps(findings, language),
        _faults(findings, language),
        _night(findings, language),
        _doubts(findings, language),
        _run_on(certificate, language),
        _verify(certificate, key, sealed, language),
    ]
    title = f"{say(language, 'title')} {certificate.number}"
    return (
        f'<!doctype html>\n<html lang="{language}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; '
        "style-src 'unsafe-inline'\">"
        f"<title>{escape(title)}</title><style>{STYLE}</style></head>\n<body><main>"
        + "\n".join(part for part in parts if part)
        + "</main></body></html>\n"
    )


def _bounded(certificate: Certificate) -> Certificate:
    found = certificate.findings
    shown = msgspec.structs.replace(
        found,
        steps=found.steps[:STEPS_MOST],
        rungs=found.rungs[:RUNGS_MOST],
        faults=found.faults[:FAULTS_MOST],
    )
    return msgspec.structs.replace(certificate, findings=shown)


def _section(title: str, *parts: str) -> str:
    return f"<section><h2>{escape(title)}</h2>{''.join(parts)}</section>"


def _paragraph(text: str, kind: str = "") -> str:
    given = f' class="{kind}"' if kind else ""
    return f"<p{given}>{escape(text)}</p>" if text else ""


def _figure(svg: str, label: str) -> str:
    if not svg:
        return ""
    return f'<figure role="img" aria-label="{escape(label)}">{svg}</figure>'


def _table(
    heads: Sequence[str],
    rows: Iterable[Sequence[str]],
    words: Sequence[int] = (),
    wide: Sequence[int] = (),
) -> str:
    """`words`: columns that are not numbers; `wide`: those that a telephone does without."""

    def cells(tag: str, row: Sequence[str]) -> str:
        kinds = (
            f"{'words ' * (place in words)}{'wide' * (place in wide)}".strip()
            for place in range(len(row))
        )
        return "".join(
            f'<{tag} class="{kind}">{escape(cell)}</{tag}>'
            for kind, cell in zip(kinds, row, strict=True)
        )

    body = "".join(f"<tr>{cells('td', row)}</tr>" for row in rows)
    head = f"<thead><tr>{cells('th', heads)}</tr></thead>"
    return f'<div class="scroll"><table>{head}<tbody>{body}</tbody></table></div>'


def _list(rows: Sequence[str], language: Language) -> str:
    said = "".join(f"<li>{escape(sentence(noted(language, row)))}</li>" for row in rows)
    return f"<ul>{said}</ul>" if said else _paragraph(say(language, "none_said"), "quiet")


def _moment(text: str) -> str:
    return text.replace("T", " ").replace("Z", " UTC")


def _head(certificate: Certificate, language: Language) -> str:
    findings = certificate.findings
    when = say(
        language,
        "when",
        started=_moment(findings.started),
        ended=_moment(findings.ended),
        version=certificate.house.version,
    )
    best = summary.best(findings)
    allowed = "" if best is None else number(language, best.allowed)
    extra = [] if findings.void or best is None else [say(language, "allowed", allowed=allowed)]
    if not findings.void and best is not None and best.carried:
        extra.append(summary.meaning(language))
    cut = findings.cut_short
    return (
        f"<header><h1>Rostra · {escape(say(language, 'title'))}</h1>"
        + _paragraph(say(language, "number", number=certificate.number))
        + _paragraph(when)
        + "</header>"
        + _paragraph(
            summary.answer(findings, language), "answer void" if findings.void else "answer"
        )
        + _paragraph(" ".join(extra))
        + (_paragraph(say(language, "cut_short", why=why(language, cut)), "void") if cut else "")
    )


def _rung_row(row: RungFound, language: Language) -> list[str]:
    cpu = row.cpu_us
    return [
        f"{row.rung} · {say(language, f'gives_{row.rung}')}" if 0 <= row.rung <= 3 else "?",
        number(language, row.carried),
        say(language, "not_found") if row.knee is None else number(language, row.knee),
        number(language, row.allowed),
        say(language, f"basis_{row.basis}"),
        say(
            language,
            "cpu_us",
            value=rounded(language, cpu.value),
            low=rounded(language, cpu.low),
            high=rounded(language, cpu.high),
        ),
        say(language, "rate", value=rounded(language, row.body_bytes / 1000)),
    ]


def _rungs(findings: Findings, language: Language) -> str:
    if not findings.rungs:
        return ""
    names = ("rung", "carried", "knee", "allowed", "basis", "cpu", "bytes")
    heads = [say(language, name if name == "rung" else f"col_{name}") for name in names]
    peaks = [
        say(
            language,
            "usl",
            peak=number(language, row.usl.peak),
            rung=str(row.rung),
        )
        for row in findings.rungs
        if row.usl is not None and row.usl.peak is not None
    ]
    bars, cost = say(language, "bars_title"), say(language, "cost_title")
    return _section(
        say(language, "rungs"),
        _table(heads, [_rung_row(row, language) for row in findings.rungs], (4,), (4, 5, 6)),
        _paragraph(" ".join([summary.joins_line(findings, language), *peaks]).strip()),
        '<div class="two">',
        _figure(pictures_io.bars(findings.rungs, language), bars),
        _figure(pictures_io.cost(findings.rungs, language), cost),
        "</div>",
    )


def _step_row(step: Step, language: Language) -> list[str]:
    result = say(language, "carried")
    if step.void:
        result = f"{say(language, 'void_step')}: {why(language, step.void)}"
    elif not step.carried:
        result = f"{say(language, 'too_many')}: {why(language, step.reason)}"
    return [
        say(language, "rung_short", rung=str(step.rung)),
        number(language, step.listeners),
        share(language, step.stalled_share, 2),
        seconds(language, step.join_p99_s) if step.joined else "·",
        say(language, "cores", value=number(language, step.edges_cpu, 2)),
        share(language, step.generator_cpu, 0),
        result,
    ]


def _steps(findings: Findings, language: Language) -> str:
    if not findings.steps:
        return ""
    names = ("rung", "listeners", "stalled", "join", "edges", "generator", "result")
    heads = [say(language, name if name == "rung" else f"col_{name}") for name in names]
    table = _table(heads, [_step_row(step, language) for step in findings.steps], (6,), (4, 5))
    given = (findings.steps, findings.rungs, language)
    pictures = (
        ""
        if not findings.rungs
        else '<div class="two">'
        + _figure(pictures_io.stalled(*given), say(language, "steps_stalled"))
        + _figure(pictures_io.first_sound(*given), say(language, "steps_join"))
        + "</div>"
    )
    details = f'<details class="screen"><summary>{escape(say(language, "all_steps"))}</summary>'
    return _section(say(language, "steps_title"), pictures, details, table, "</details>")


def _faults(findings: Findings, language: Language) -> str:
    rows = findings.faults
    if not rows:
        return ""
    heads = [
        say(language, name)
        for name in ("fault", "fault_listeners", "fault_stalled", "fault_silent", "fault_recovered")
    ]
    table = _table(
        heads,
        [
            (
                sentence(noted(language, row.says)),
                number(language, row.listeners),
                number(language, row.stalled),
                seconds(language, row.silent_s),
                say(language, "fault_never")
                if row.recovered_s is None
                else seconds(language, row.recovered_s),
            )
            for row in rows
        ],
        wide=(3,),
    )
    picture = _figure(pictures_io.faults(rows, language), say(language, "fault_recovered"))
    return _section(say(language, "faults"), f'<div class="two">{table}{picture}</div>')


def _night(findings: Findings, language: Language) -> str:
    night = findings.night
    if night is None:
        return ""
    title = say(language, "night", script=night.script)
    words = f"<div>{_paragraph(summary.night_line(findings, language))}</div>"
    picture = _figure(pictures_io.night(night, language), title)
    return _section(title, f'<div class="two">{words}{picture}</div>')


def _doubts(findings: Findings, language: Language) -> str:
    halves = (("doubts", findings.doubts), ("not_tested", findings.not_tested))
    told = "".join(
        f"<div><h2>{escape(say(language, name))}</h2>{_list(rows, language)}</div>"
        for name, rows in halves
    )
    return f'<section class="two">{told}</section>'


def _facts(rows: Iterable[tuple[str, str]]) -> str:
    told = "".join(f"<dt>{escape(name)}</dt><dd>{escape(value)}</dd>" for name, value in rows)
    return f"<dl>{told}</dl>"


def _said(value: dict[str, Any]) -> str:
    return " · ".join(f"{name}: {value[name]}" for name in sorted(value))


def _run_on(certificate: Certificate, language: Language) -> str:
    house, findings = certificate.house, certificate.findings
    generators = [
        say(
            language,
            "generator",
            name=row.name,
            machine=row.machine,
            cpu=share(language, row.cpu_most, 0),
            late=number(language, row.late_most_ms),
        )
        + f" ({say(language, 'same_machine' if row.same_machine else 'other_machine')})"
        for row in findings.generators
    ]
    rows = [
        (say(language, "program"), findings.program),
        (say(language, "machine"), _said(house.machine_said)),
        (say(language, "edges"), str(house.edges)),
        (say(language, "generators"), "; ".join(generators)),
        (say(language, "build"), house.build),
        (say(language, "settings"), house.settings),
        (say(language, "machine_hash"), house.machine),
        (say(language, "settings_said"), _said(house.settings_said)),
    ]
    return _section(
        say(language, "run_on"), _facts(rows), _paragraph(say(language, "holds_while"), "quiet")
    )


def _verify(certificate: Certificate, key: str, sealed: bytes, language: Language) -> str:
    name = f"rostra-certificate-{certificate.number}.json"
    href = f"data:application/json;base64,{base64.b64encode(sealed).decode()}"
    take = escape(say(language, "take"))
    link = f'<p class="screen"><a download="{escape(name)}" href="{href}">{take}</a></p>'
    command = f"rostra certificate verify {name} --key {key}"
    return _section(
        say(language, "verify"),
        _paragraph(say(language, "verify_words")),
        f"<pre><code>{escape(command)}</code></pre>",
        link if sealed else "",
        f"<p>{escape(say(language, 'key'))} <code>{escape(key)}</code>. "
        f"{escape(say(language, 'key_words'))}</p>",
    )
