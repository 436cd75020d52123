"""The command line's evidence: `rostra evidence export`, `rostra verify`."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any

import click
import msgspec

from rostra.cli import _CONFIG, _DATA, _JSON, _settings, fail, main
from rostra.control import keys_io
from rostra.evidence import bundle_io
from rostra.evidence.bundle import Verified
from rostra.evidence.found import FOUND_MOST
from rostra.evidence.ledger_io import LedgerTrouble, ledger_dir
from rostra.ground.refusals import Refusal
from rostra.ground.sealed import public_key
from rostra.ground.wall_time import rfc3339

_EVENT = re.compile(r"[a-z0-9]{1,40}")
_KEY = re.compile(r"[0-9a-f]{64}")
_FILE = click.Path(dir_okay=False, path_type=Path)


@main.group()
def evidence() -> None:
    """What a house wrote down of an event, sealed."""


@evidence.command("export")
@click.argument("event")
@click.option("-o", "--out", type=_FILE, required=True, help="the bundle to write (night.zip)")
@_DATA
@_CONFIG
@_JSON
def export(event: str, out: Path, config: Path | None, as_json: bool, **given: Any) -> None:
    """Put an event's ledger into one file that anyone can verify."""
    data = Path(_settings(config, **given).text("serve.data"))
    folder = ledger_dir(data, event)
    if not _EVENT.fullmatch(event) or not folder.is_dir():
        fail(f"{data} has no ledger of an event {event[:40]!r}")
    try:
        public = public_key(keys_io.load_or_create(data, "signing"))
        made = bundle_io.export(folder, event, bytes.fromhex(public), out)
    except (LedgerTrouble, keys_io.KeyTrouble) as error:
        fail(str(error))
    except OSError as error:
        fail(f"{error.filename or out}: {error.strerror}")
    if as_json:
        click.echo(json.dumps({"file": str(out), "key": public} | msgspec.to_builtins(made)))
        return
    click.echo(f"{out}: {made.size:,} records, {made.bytes:,} bytes, of the key {public}.")
    if made.unsigned:
        click.echo(f"{made.unsigned:,} more are not signed yet and are not in it.")


@main.command("verify")
@click.argument("file", type=_FILE, metavar="NIGHT.ZIP")
@click.option(
    "--witness",
    "witnesses",
    type=_FILE,
    multiple=True,
    help="a checkpoint that a listener kept: a saved state.json, or the note itself",
)
@click.option("--key", help="the public key (hex) that must have signed it")
@_JSON
def verify(file: Path, witnesses: tuple[Path, ...], key: str | None, as_json: bool) -> None:
    """Check a bundle of evidence, without a network.

    Ends with 0 if it is verified, 1 if it is not, 2 if it could not be checked at all.
    """
    wanted = key.lower().strip() if key is not None else None
    if wanted is not None and not _KEY.fullmatch(wanted):
        fail("a key is 64 hexadecimal digits", 2)
    try:
        found = bundle_io.verify(file, wanted, witnesses)
    except OSError as error:
        fail(f"{error.filename} cannot be read: {error.strerror}", 2)
    if isinstance(found, Refusal):
        if as_json:
            told = {"ok": False, "code": found.code, "message": found.message}
            click.echo(json.dumps(told))
            sys.exit(1)
        fail(f"not verified: {found.message} ({found.code})")
    if as_json:
        click.echo(json.dumps(msgspec.to_builtins(found)))
    else:
        for line in _lines(found, wanted is not None):
            click.echo(line)
    sys.exit(0 if found.ok else 1)


def _lines(found: Verified, compared: bool) -> list[str]:
    span = f"{rfc3339(found.first_ms)} to {rfc3339(found.last_ms)}" if found.records else "no time"
    lines = [
        f"{found.origin}: {found.size:,} records, {span}; {found.checkpoints:,} checkpoints.",
        *(f"  {by}: {count:,} records" for by, count in found.records.items()),
    ]
    for one in found.findings:
        where = f" (record {one.entry}{_when(one.at_ms, one.by)})" if one.entry >= 0 else ""
        lines.append(f"  {'NOT' if one.grave else 'note'} {one.code}: {one.words}{where}")
    if (total := sum(found.counts.values())) > FOUND_MOST:
        lines.append(f"  … {total:,} findings in all: {found.counts}")
    for kept in found.witnesses:
        holds = "the log begins with it" if kept.holds else "THE LOG IS ANOTHER"
        lines.append(f"  {kept.witness}: {kept.size:,} records: {holds}")
    lines.append(f"Signed by the key {found.key}.")
    if not compared:
        lines.append("Nothing says here whose that is: give the key that was published with --key.")
    lines.append("Verified." if found.ok else "Not verified.")
    return lines


def _when(at_ms: int, by: str) -> str:
    return f", {rfc3339(at_ms)}, by {by}" if at_ms else ""
