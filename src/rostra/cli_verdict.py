"""The command line's verdict: `rostra verdict`."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import click
import msgspec

from rostra.cli import _CONFIG, _DATA, _JSON, _settings, fail, main
from rostra.evidence import bundle_io
from rostra.evidence.ledger_io import ENTRIES, ledger_dir, read_entries
from rostra.evidence.record import decode
from rostra.ground.refusals import Refusal

_EVENT = re.compile(r"[a-z0-9]{1,40}")
SEED = 1  # of the draws: fixed, so that anyone gets the same answer from the same records


@main.command("verdict")
@click.argument("nights", nargs=-1, required=True, metavar="EVENT|NIGHT.ZIP...")
@click.option(
    "-o", "--out", type=click.Path(dir_okay=False, path_type=Path), help="write the page (HTML)"
)
@click.option("--language", type=click.Choice(["en", "fr"]), default="en", help="of the page [en]")
@_DATA
@_CONFIG
@_JSON
def verdict(
    nights: tuple[str, ...],
    out: Path | None,
    language: Any,
    config: Path | None,
    as_json: bool,
    **given: Any,
) -> None:
    """Was it an attack, or were we not ready? Recomputed from the evidence.

    A bundle is verified first. Several nights make a table, the earliest first. The same records
    give the same answer on any machine.
    """
    from rostra.verdict.compare import compared
    from rostra.verdict.judgement import judge
    from rostra.verdict.night_io import told
    from rostra.verdict.report import Subject, answer, report

    data = Path(_settings(config, **given).text("serve.data"))
    judged = []
    for name in nights:
        raws, root, key = _records(name, data)
        try:
            found = told([decode(raw) for raw in raws])
        except (ValueError, msgspec.DecodeError) as error:
            fail(f"{name}: nothing can be judged: {error}")
        subject = Subject(
            title=found.event_id,
            start_s=found.start_s,
            root=root,
            key=key,
            provisional=not found.over,
        )
        judged.append((subject, found, judge(found.night, found.thresholds, SEED)))
    if out is not None:
        if len(judged) == 1:
            [(subject, found, word)] = judged
            page = report(subject, found.night, word, found.thresholds, language)
        else:
            page = compared([(s, f.night, w) for s, f, w in judged], language)
        out.write_text(page, encoding="utf-8")
    if as_json:
        facts = [
            {"event": subject.title, "provisional": subject.provisional, "root": subject.root}
            | msgspec.to_builtins(word)
            for subject, _, word in judged
        ]
        click.echo(json.dumps(facts[0] if len(facts) == 1 else facts))
        return
    for subject, _, word in judged:
        said = " (provisional: the event is not over)" if subject.provisional else ""
        click.echo(f"{subject.title}: {word.word}{said}")
        click.echo(f"  {answer(word, language)}")
        click.echo(
            f"  harm {word.harm:,.0f} listener-minutes; from {word.threshold:,.0f} it counts; "
            f"probability {word.probability:.2f}"
        )
        if word.reasons:
            click.echo(f"  why not more certain: {', '.join(word.reasons)}")
    if out is not None:
        click.echo(f"The page: {out}")


def _records(name: str, data: Path) -> tuple[list[bytes], str, str]:
    """The records of a night, and the root and key (hex) that sign them, if they are signed."""
    path = Path(name)
    if path.suffix == ".zip" or path.is_file():
        try:
            found = bundle_io.verify(path)
            if isinstance(found, Refusal):
                fail(f"{name} is not verified: {found.message} ({found.code})")
            if not found.ok:
                codes = ", ".join(sorted({one.code for one in found.findings if one.grave}))
                fail(f"{name} is not verified ({codes}): rostra verify {name} says where")
            return list(bundle_io.entries(path, found.size)), found.root, found.key
        except OSError as error:
            fail(f"{name} cannot be read: {error.strerror}", 2)
    folder = ledger_dir(data, name)
    if not _EVENT.fullmatch(name) or not folder.is_dir():
        fail(f"{data} has no ledger of an event {name[:40]!r}, and no bundle is called so")
    try:
        return list(read_entries(folder / ENTRIES)), "", ""
    except OSError as error:
        fail(f"{folder / ENTRIES} cannot be read: {error.strerror}", 2)
