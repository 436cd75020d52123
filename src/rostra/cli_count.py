"""The command line's `rostra count`: listeners counted from what a cache wrote down."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import click
import msgspec

from rostra.admission import log_files_io
from rostra.admission.from_logs import EventCount, LogCount, NoAccessLog
from rostra.cli import _JSON, fail, main


@main.group()
def count() -> None:
    """Count listeners."""


@count.command("from-logs")
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@_JSON
def from_logs(files: tuple[Path, ...], as_json: bool) -> None:
    """Count listeners from access logs of nginx or Varnish (plain or gzip), by CMCD session."""
    try:
        counted = log_files_io.count(files)
    except NoAccessLog as error:
        fail(str(error))
    if as_json:
        click.echo(json.dumps(_facts(counted)))
        return
    for event in counted.events:
        _print_event(event)
    if not counted.events:
        click.echo("No line asks for an event's media (/e/ID/…).")
    for file in counted.files:
        click.echo(f"{file.name}: {file.lines:,} lines, {file.not_understood:,} not understood")
        if file.example:
            click.echo(f"  for example: … {file.example}")
        if file.disordered:
            click.echo(f"  {file.disordered:,} lines are out of order and may count too little")
    if counted.dropped:
        click.echo(f"{counted.dropped:,} requests left out: more sessions than are kept")


def _moment(at_s: int) -> str:
    return datetime.fromtimestamp(at_s, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _print_event(event: EventCount) -> None:
    click.echo(f"Event {event.event_id}  {_moment(event.first_s)} to {_moment(event.last_s)}")
    if event.distinct:
        click.echo(f"  {'peak':<22}{event.peak:,} at {_moment(event.peak_at_s)[:16]}Z")
    for label, value in (
        ("sessions", event.distinct),
        ("total ≥ 60 s (net)", event.total_net),
        ("requests", event.requests),
        ("without a session id", event.without_sid),
    ):
        click.echo(f"  {label:<22}{value:,}")
    if event.requests == event.without_sid:
        click.echo("  The log carries no session id; docs/guide/counting.md shows the line to log.")


def _facts(counted: LogCount) -> dict[str, object]:
    events = [
        {
            "id": event.event_id,
            "sessions": event.distinct,
            "total_net": event.total_net,
            "peak": event.peak,
            "peak_at": _moment(event.peak_at_s) if event.distinct else None,
            "first": _moment(event.first_s),
            "last": _moment(event.last_s),
            "requests": event.requests,
            "without_session": event.without_sid,
            "listening": [[_moment(at_s), most] for at_s, most in event.by_minute],
        }
        for event in counted.events
    ]
    return {
        "events": events,
        "files": msgspec.to_builtins(counted.files),
        "dropped": counted.dropped,
    }
