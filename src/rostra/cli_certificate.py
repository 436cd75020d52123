"""The command line's certificates: `rostra certificate show|verify`, `rostra plan`."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any

import click
import msgspec
from rich.table import Table

from rostra.cli import _CONFIG, _DATA, _JSON, _call, _settings, console, fail, main
from rostra.control import keys_io
from rostra.ground.refusals import Refusal
from rostra.ground.sealed import DOCUMENT_MOST, public_key
from rostra.rehearsal import fleet_plan, plan_table, summary
from rostra.rehearsal.certificate import MEDIA_RUNGS, read
from rostra.rehearsal.findings import Certificate
from rostra.rehearsal.paper_words import LANGUAGES, Language, say

_NUMBER = re.compile(r"[A-Za-z0-9._-]{1,80}")
_KEY = re.compile(r"[0-9a-f]{64}")
_LANGUAGE = click.option(
    "--language", type=click.Choice(LANGUAGES), default="en", help="of what is written [en]"
)


class Held(msgspec.Struct, frozen=True):
    """A certificate whose signature holds, whose it is, and the document itself."""

    certificate: Certificate
    key: str
    raw: bytes
    where: Path


@main.group()
def certificate() -> None:
    """Capacity certificates: what a rehearsal found, signed."""


def _raw(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(DOCUMENT_MOST + 1)
    except OSError as error:
        fail(f"{path} cannot be read: {error.strerror}", 2)


def _held(path: Path, refused_with: int = 1) -> Held:
    raw = _raw(path)
    found = read(raw)
    if isinstance(found, Refusal):
        fail(f"{path}: {found.message} ({found.code})", refused_with)
    return Held(*found, raw, path)


def _find(data: Path, which: str | None) -> Held:
    """The certificate in that file or of that number; the newest of this house if neither."""
    folder = data / "certificates"
    if which is not None:
        kept = folder / f"{which.removesuffix('.json')}.json"
        named = bool(_NUMBER.fullmatch(which)) and not Path(which).exists() and kept.exists()
        return _held(kept if named else Path(which))
    own, found = _own_key(data), []
    for path in sorted(folder.glob("*.json")):
        raw = _raw(path)
        one = read(raw)
        if not isinstance(one, Refusal) and own in (None, one[1]):
            found.append(Held(*one, raw, path))
    if not found:
        fail(f"{folder} has no certificate of this house; make one: rostra rehearse")
    return max(found, key=lambda held: held.certificate.issued)


def _own_key(data: Path) -> str | None:
    """The public key of the house whose data this is. None is made here."""
    if not (data / "keys" / "signing.key").exists():
        return None
    try:
        return public_key(keys_io.load_or_create(data, "signing"))
    except (keys_io.KeyTrouble, OSError) as error:
        fail(str(error))


@certificate.command("show")
@click.argument("which", required=False, metavar="[FILE|NUMBER]")
@click.option("--html", type=click.Path(path_type=Path), help="write the page with its pictures")
@_LANGUAGE
@_DATA
@_CONFIG
@_JSON
def show(
    which: str | None,
    html: Path | None,
    language: Language,
    config: Path | None,
    as_json: bool,
    **given: Any,
) -> None:
    """What a certificate says, in words; the newest of this house if none is named."""
    settings = _settings(config, **given)
    held = _find(Path(settings.text("serve.data")), which)
    if html is not None:
        from rostra.rehearsal import papers_io

        try:
            papers_io.write(held.certificate, held.key, html, sealed=held.raw, language=language)
        except OSError as error:
            fail(f"{html} cannot be written: {error.strerror}")
    if as_json:
        click.echo(json.dumps({"key": held.key} | msgspec.to_builtins(held.certificate)))
        return
    click.echo(say(language, "number", number=held.certificate.number))
    for line in summary.lines(held.certificate.findings, language):
        click.echo(f"  {line}")
    click.echo(f"{say(language, 'key')} {held.key}.")
    adopted = _call(settings, "GET", "/api/certificate") if which is None else None
    if adopted is not None and not adopted["holds"]:
        click.echo(f"The open house does not go by it: {adopted['why_not']}")
    if html is not None:
        click.echo(f"{html} is written.")


@certificate.command("verify")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--key", help="the public key (hex) that must have signed it [this house's]")
@_DATA
@_CONFIG
@_JSON
def verify(file: Path, key: str | None, config: Path | None, as_json: bool, **given: Any) -> None:
    """Check a certificate's signature.

    Ends with 0 if it holds and is of the key, 1 if it does not hold, 3 if it is of another key, 4
    if it holds but there is no key to compare with, 2 if the file cannot be read.
    """
    wanted = key.lower().strip() if key is not None else None
    if wanted is not None and not _KEY.fullmatch(wanted):
        fail("a key is 64 hexadecimal digits", 2)
    held = _held(file)
    if wanted is None:
        wanted = _own_key(Path(_settings(config, **given).text("serve.data")))
    same = wanted is not None and wanted == held.key
    void = held.certificate.findings.void
    if as_json:
        told = {
            "number": held.certificate.number,
            "key": held.key,
            "signature_holds": True,
            "key_compared": wanted is not None,
            "key_agrees": same,
            "void": void,
        }
        click.echo(json.dumps(told))
    else:
        click.echo(f"Certificate {held.certificate.number}: the signature holds.")
        if void:
            click.echo(f"It certifies a void rehearsal ({void}): nothing follows of it.")
        if same:
            click.echo(f"It is of the key {held.key}, as it should be.")
        elif wanted is None:
            click.echo(f"It is of the key {held.key}.")
            click.echo("Nothing says here whose that is: give the house's key with --key.")
        else:
            click.echo(f"It is of the key {held.key}, not of {wanted}.")
    sys.exit(0 if same else 4 if wanted is None else 3)


@main.command()
@click.option("--listeners", type=int, required=True, help="the crowd to plan for")
@click.option("--rung", type=int, help="at this rung [each of them]")
@click.option("--certificate", "which", metavar="FILE|NUMBER", help="[the newest of this house]")
@click.option("--price-machine", type=float, help="of one machine like this one, an hour")
@click.option("--price-gb", type=float, help="of 10^9 bytes from the machines to listeners")
@click.option("--price-cache-gb", type=float, help="of 10^9 bytes from a cache or CDN")
@click.option("--currency", default="", help="a name to print beside the cost")
@click.option("--hours", type=float, default=2.0, help="how long it lasts [2]")
@click.option("--caches", type=int, default=50, help="places of a cache that ask the origin [50]")
@click.option("--link-gbit", type=float, default=10.0, help="network of one machine, Gbit/s [10]")
@click.option("--spare", type=float, default=0.25, help="machines beyond the need, a share [0.25]")
@click.option("--plot", type=click.Path(path_type=Path), help="draw it into this SVG file")
@_DATA
@_CONFIG
@_JSON
def plan(
    listeners: int,
    rung: int | None,
    which: str | None,
    price_machine: float | None,
    price_gb: float | None,
    price_cache_gb: float | None,
    currency: str,
    hours: float,
    caches: int,
    link_gbit: float,
    spare: float,
    plot: Path | None,
    config: Path | None,
    as_json: bool,
    **given: Any,
) -> None:
    """What a larger crowd would take, from a certificate; how far to trust it stands beside."""
    held = _find(Path(_settings(config, **given).text("serve.data")), which)
    prices = fleet_plan.Prices(
        machine_hour=price_machine, egress_gb=price_gb, cache_gb=price_cache_gb, currency=currency
    )
    assumptions = fleet_plan.Assumptions(
        hours=hours, caches=caches, link_bit_s=link_gbit * 1e9, spare=spare
    )
    made: list[fleet_plan.Plan] = []
    for each in range(MEDIA_RUNGS) if rung is None else (rung,):
        one = fleet_plan.plan(held.certificate, listeners, each, prices, assumptions)
        if not isinstance(one, Refusal):
            made.append(one)
        elif rung is not None or one.code != "plan_rung":
            fail(f"{one.message} ({one.code})", 2 if one.code == "plan_wrong" else 1)
    if not made:
        fail("no rung was carried in this certificate's rehearsal (plan_rung)")
    if plot is not None:
        from rostra.rehearsal import pictures_io

        try:
            plot.write_text(pictures_io.plans(made), encoding="utf-8")
        except OSError as error:
            fail(f"{plot} cannot be written: {error.strerror}")
    if as_json:
        click.echo(json.dumps(msgspec.to_builtins(made)))
        return
    table = Table(title=f"{listeners:,} listeners, by certificate {held.certificate.number}")
    table.add_column("")
    for row in made:
        table.add_column(f"rung {row.rung}", justify="right")
    for name, cells in plan_table.rows(made):
        table.add_row(name, *cells, end_section=name in plan_table.SECTION_ENDS)
    console.print(table)
    for line in plan_table.words(made):
        console.print(line, soft_wrap=True, highlight=False)
    if plot is not None:
        click.echo(f"{plot} is written.")
