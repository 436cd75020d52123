"""The command line: `rostra serve`, `rostra event …`, `rostra config …`, `rostra operator …`."""

from __future__ import annotations

import asyncio
import json
import logging
import sys
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click
import msgspec
from rich.console import Console
from rich.panel import Panel
from rich.table import Table

from rostra import __version__, house
from rostra.control import keys_io, storage_io, tls_io
from rostra.ground import settings as table
from rostra.ground.refusals import Refused
from rostra.ground.settings import Settings

if TYPE_CHECKING:
    from rostra.control.control_io import Control

console = Console()
_DATA = click.option("--data", type=click.Path(path_type=Path), help="data folder [data]")
_CONFIG = click.option(
    "--config", type=click.Path(dir_okay=False, path_type=Path), help="settings [rostra.toml]"
)
_JSON = click.option("--json", "as_json", is_flag=True, help="print facts as JSON")


def fail(message: str, code: int = 1) -> NoReturn:
    """Say what is wrong and end."""
    click.echo(f"rostra: {message}", err=True)
    sys.exit(code)


def _settings(config: Path | None, **given: Any) -> Settings:
    """Settings from the file and, over it, from the command line; ends with all problems if any."""
    flat: dict[str, Any] = {}
    path = config or Path("rostra.toml")
    if config is not None or path.exists():
        try:
            text = path.read_text()
        except OSError as error:
            fail(f"{path} cannot be read: {error.strerror}", 2)
        settings, problems = table.read(text)
        if problems:
            fail("\n        ".join([f"{path} is wrong:", *(p.message for p in problems)]), 2)
        flat = {
            name: value
            for name, value in settings.values.items()
            if value != table.BY_NAME[name].default
        }
    for name, value in given.items():
        if value is not None:
            flat["serve." + name] = str(value) if isinstance(value, Path) else value
    settings, problems = table.check(flat)
    if problems:
        fail("; ".join(p.message for p in problems), 2)
    return settings


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="rostra")
def main() -> None:
    """A live audio conversation in front of any crowd."""


@main.command()
@_DATA
@_CONFIG
@click.option("--host", help="audience address [0.0.0.0]")
@click.option("--port", type=int, help="audience port [8080]")
@click.option("--control-host", help="control address [127.0.0.1]")
@click.option("--control-port", type=int, help="control port [8081]")
@click.option("--stage-host", help="stage address [0.0.0.0]")
@click.option("--stage-port", type=int, help="stage port [8082; control port + 1 if that is given]")
@click.option("--edges", type=int, help="audience processes [one for each core]")
@click.option("--tls-cert", type=click.Path(path_type=Path), help="PEM certificate chain")
@click.option("--tls-key", type=click.Path(path_type=Path), help="PEM key")
@_JSON
def serve(config: Path | None, as_json: bool, **given: Any) -> None:
    """Start Rostra on this machine."""
    logging.basicConfig(
        level=logging.INFO, format="%(asctime)s rostra: %(message)s", stream=sys.stderr
    )
    if given["stage_port"] is None and given["control_port"] is not None:
        given["stage_port"] = given["control_port"] + 1
    settings = _settings(config, **given)

    def opened(opened_house: house.Opened) -> None:
        if as_json:
            click.echo(json.dumps(msgspec.to_builtins(opened_house.addresses)))
            return
        _welcome(opened_house, settings)

    try:
        asyncio.run(house.serve(settings, opened))
    except (
        house.HouseTrouble,
        keys_io.KeyTrouble,
        tls_io.TlsTrouble,
        storage_io.StorageTrouble,
    ) as error:
        fail(str(error))


def _operator_link(control_url: str, data: Path) -> str:
    return f"{control_url}/#key={keys_io.load_or_create(data, 'operator').hex()}"


def _welcome(opened: house.Opened, settings: Settings) -> None:
    at, data = opened.addresses, Path(settings.text("serve.data"))
    # A key may stand on a person's screen, never in a log.
    create = _operator_link(at.control_url, data) if console.is_terminal else at.control_url
    rows = Table.grid(padding=(0, 2))
    rows.add_row("Create an event", create)
    rows.add_row("Listeners", f"{at.public_url}/")
    rows.add_row("Speakers", f"{at.stage_url}/")
    rows.add_row("Capacity", house.capacity_said(settings))
    console.print(
        Panel(rows, title="Rostra is open", title_align="left", expand=False), soft_wrap=True
    )
    if not console.is_terminal:
        console.print("The address with the operator key: rostra operator link")
    console.print('Or: rostra event create "Title" --start 2026-12-01T20:00Z', soft_wrap=True)
    sys.stdout.flush()


@main.command(hidden=True)
@click.argument("name")
@click.argument("settings_file", type=click.Path(path_type=Path))
def process(name: str, settings_file: Path) -> None:
    """One process of the house (the supervisor calls this)."""
    house.run_process(name, msgspec.json.decode(settings_file.read_bytes(), type=Settings))


# --- operator --------------------------------------------------------------------------------


@main.group()
def operator() -> None:
    """The operator's way in."""


@operator.command("link")
@_DATA
@_CONFIG
def operator_link(config: Path | None, **given: Any) -> None:
    """Print the control address with the operator key in it. Keep it to yourself."""
    settings = _settings(config, **given)
    data = Path(settings.text("serve.data"))
    opened = _opened(data)
    at = opened.addresses if opened else house.addresses(settings)
    click.echo(_operator_link(at.control_url, data))


# --- events ----------------------------------------------------------------------------------


def _opened(data: Path) -> house.Opened | None:
    """The house that serves `data` now, if one does."""
    try:
        return msgspec.json.decode((data / "run" / "serve.json").read_bytes(), type=house.Opened)
    except (OSError, msgspec.DecodeError):
        return None


def _call(settings: Settings, method: str, path: str, body: Any = None) -> Any:
    """The control API's answer, or None where no house is open. Ends on a refusal."""
    import httpx

    data = Path(settings.text("serve.data"))
    opened = _opened(data)
    if opened is None:
        return None
    key = keys_io.load_or_create(data, "operator").hex()
    try:
        # The certificate names the public host; this call stays on the machine.
        answer = httpx.request(
            method,
            f"{opened.control_url}{path}",
            json=body,
            headers={"Authorization": f"Bearer {key}"},
            verify=False,  # noqa: S501
            timeout=10,
        )
    except httpx.TransportError:
        return None
    if answer.is_error:
        error = answer.json().get("error", {})
        fail(f"{error.get('message', answer.text)} ({error.get('code', answer.status_code)})")
    return answer.json()


def _offline(settings: Settings) -> Control:
    """The agenda without a house: straight from storage."""
    from rostra.control.control_io import Control, ControlSettings

    data = Path(settings.text("serve.data"))
    return Control(
        storage_io.Storage(data),
        data,
        keys_io.load_or_create(data, "invitation"),
        house.addresses(settings),
        lambda _: None,
        ControlSettings(
            doors_open_before_min=settings.number("agenda.doors_open_before_min"),
            invitation_days=settings.number("agenda.invitation_days"),
            replay_within_min=settings.number("agenda.replay_within_min"),
        ),
    )


@main.group()
def event() -> None:
    """Create and look at events."""


def _start(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        fail(f"{text!r} is no time; write it as 2026-12-01T20:00Z", 2)
    if moment.tzinfo is None:
        fail(f"{text!r} has no time zone; add Z for UTC, or an offset such as +01:00", 2)
    return moment


@event.command()
@click.argument("title")
@click.option("--start", required=True, help="RFC 3339, e.g. 2026-12-01T20:00Z")
@click.option("--language", default="en", show_default=True, help="language of the event's page")
@click.option("--description", default="", help="a few sentences for the page")
@click.option("--minutes", default=60, show_default=True, help="planned length")
@click.option("--person", "people", multiple=True, help="a name to announce; may be repeated")
@_DATA
@_CONFIG
@_JSON
def create(
    title: str,
    start: str,
    language: str,
    description: str,
    minutes: int,
    people: tuple[str, ...],
    config: Path | None,
    as_json: bool,
    **given: Any,
) -> None:
    """Create an event and print its links."""
    settings = _settings(config, **given)
    moment = _start(start)
    body = {
        "title": title,
        "start": moment.isoformat(),
        "language": language,
        "description": description,
        "duration_min": minutes,
        "people": list(people),
    }
    view = _call(settings, "POST", "/api/events", body)
    if view is None:
        control = _offline(settings)
        try:
            made = control.create(
                title=title,
                start_ms=round(moment.timestamp() * 1000),
                language=language,
                description=description,
                duration_min=minutes,
                people=people,
            )
        except Refused as refused:
            fail(f"{refused.refusal.message} ({refused.refusal.code})")
        view = control.view(made)
    if as_json:
        click.echo(json.dumps(view))
        return
    _print_event(view)


def _print_event(view: dict[str, Any]) -> None:
    click.echo(f"{view['title']}  ({view['id']})")
    for label, name in (
        ("Starts", "start"),
        ("Phase", "phase"),
        ("Host link", "host_link"),
        ("Speaker link", "speaker_link"),
        ("Listener link", "listener_link"),
    ):
        click.echo(f"  {label:14}{view[name]}")


@event.command("list")
@_DATA
@_CONFIG
@_JSON
def list_events(config: Path | None, as_json: bool, **given: Any) -> None:
    """All events, the earliest start first."""
    settings = _settings(config, **given)
    views = _call(settings, "GET", "/api/events")
    if views is None:
        control = _offline(settings)
        views = [control.view(row) for row in control.real_events()]
    if as_json:
        click.echo(json.dumps(views))
        return
    if not views:
        click.echo('No events yet. Create one: rostra event create "Title" --start …')
    for view in views:
        click.echo(f"{view['id']}  {view['start']}  {view['phase']:<11} {view['title']}")


@event.command()
@click.argument("event_id")
@_DATA
@_CONFIG
@_JSON
def show(event_id: str, config: Path | None, as_json: bool, **given: Any) -> None:
    """One event with its links."""
    settings = _settings(config, **given)
    view = _call(settings, "GET", f"/api/events/{event_id}")
    if view is None:
        control = _offline(settings)
        try:
            view = control.view(control.get(event_id))
        except Refused as refused:
            fail(f"{refused.refusal.message} ({refused.refusal.code})")
    if as_json:
        click.echo(json.dumps(view))
        return
    _print_event(view)


# --- settings --------------------------------------------------------------------------------


@main.group()
def config() -> None:
    """Check and explain settings."""


@config.command("check")
@_CONFIG
@_JSON
def config_check(config: Path | None, as_json: bool) -> None:
    """Read the settings file and say all that is wrong with it."""
    path = config or Path("rostra.toml")
    try:
        text = path.read_text() if config or path.exists() else ""
    except OSError as error:
        fail(f"{path} cannot be read: {error.strerror}", 2)
    _, problems = table.read(text)
    if as_json:
        click.echo(json.dumps({"file": str(path), "problems": msgspec.to_builtins(problems)}))
    elif problems:
        for problem in problems:
            click.echo(problem.message, err=True)
    else:
        click.echo(f"{path}: good" if path.exists() else "No rostra.toml: the defaults are used.")
    sys.exit(1 if problems else 0)


@config.command("explain")
@click.argument("name", required=False)
@click.option("--markdown", is_flag=True, help="as the page of the documentation")
@_JSON
def config_explain(name: str | None, markdown: bool, as_json: bool) -> None:
    """Every setting, its default and what it is for."""
    if markdown:
        click.echo(table.document(), nl=False)
        return
    rows = [row for row in table.TABLE if name is None or row.name == name]
    if not rows:
        near = table.nearest(name or "")
        fail(f"there is no setting {name}" + (f"; did you mean {near}?" if near else ""), 2)
    if as_json:
        click.echo(json.dumps(msgspec.to_builtins(rows)))
        return
    for row in rows:
        click.echo(f"{row.name} = {json.dumps(row.default)}\n    {row.says}")


import rostra.cli_certificate  # noqa: E402  and so does this
import rostra.cli_count  # noqa: E402  and so does this
import rostra.cli_door  # noqa: E402  it adds its commands to what stands above
import rostra.cli_evidence  # noqa: E402  and so does this
import rostra.cli_operator  # noqa: E402  and so does this
import rostra.cli_rehearse  # noqa: E402  and so does this
import rostra.cli_shield  # noqa: E402  and so does this
import rostra.cli_verdict  # noqa: E402, F401  and so does this
