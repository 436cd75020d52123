"""The command line for operators on the night: `rostra door …`, `rostra lane create`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from rostra.cli import _CONFIG, _DATA, _JSON, _call, _settings, fail, main


def _asked(
    config: Path | None, given: dict[str, Any], method: str, path: str, body: Any = None
) -> Any:
    """The control API's answer; ends where no house is open."""
    answer = _call(_settings(config, **given), method, path, body)
    if answer is None:
        fail("no house is open here; start one with `rostra serve`, or say which with --data")
    return answer


@main.group()
def door() -> None:
    """Who gets in, how many, at which rung."""


def _print_door(view: dict[str, Any], as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(view))
        return
    audience, capacity = view["audience"], view["capacity"]
    cap = "none" if view["cap"] is None else f"{view['cap']:,}"
    lines = {
        "Listening": f"{audience['listening']:,} ({audience['low']:,} to {audience['high']:,})",
        "Inside": f"{audience['inside']:,}",
        "Waiting": f"{view['waiting']:,}",
        "Pace": f"{view['pace']:.1f} joins/s",
        "Rung": f"{view['rung']} ({view['reason']})",
        "Cap": cap,
        "Hold": "yes" if view["hold"] else "no",
        "Open to all": "yes" if view["open_all"] else "no",
        "Capacity": " / ".join(f"{most:,}" for most in capacity["listeners"])
        + f" listeners at rungs 0 to 3, {capacity['source']}",
        "Replay due": view["replay_due"] or "-",
    }
    for label, value in lines.items():
        click.echo(f"  {label:14}{value}")
    for lane in view["lanes"]:
        click.echo(f"  Lane {lane['name']}: {lane['inside']} of {lane['places']} inside")


@door.command("show")
@click.argument("event_id")
@_DATA
@_CONFIG
@_JSON
def door_show(event_id: str, config: Path | None, as_json: bool, **given: Any) -> None:
    """The line, the rung and why, and the audience."""
    _print_door(_asked(config, given, "GET", f"/api/events/{event_id}/door"), as_json)


@door.command("set")
@click.argument("event_id")
@click.option("--cap", type=click.IntRange(1), help="listeners inside at most")
@click.option("--no-cap", is_flag=True, help="as many as were measured")
@click.option("--hold/--no-hold", default=None, help="let nobody in for now")
@click.option("--open-all/--no-open-all", default=None, help="let in everyone who waits")
@click.option("--rung", type=click.IntRange(0, 5), help="stay at this rung")
@click.option("--no-rung", is_flag=True, help="let the controller choose the rung")
@_DATA
@_CONFIG
@_JSON
def door_set(
    event_id: str,
    cap: int | None,
    no_cap: bool,
    hold: bool | None,
    open_all: bool | None,
    rung: int | None,
    no_rung: bool,
    config: Path | None,
    as_json: bool,
    **given: Any,
) -> None:
    """Change how people are let in; only what is given. Each change is recorded."""
    asked = {"cap": cap, "hold": hold, "open_all": open_all, "rung": rung}
    body: dict[str, Any] = {name: value for name, value in asked.items() if value is not None}
    for name, cleared in (("cap", no_cap), ("rung", no_rung)):
        if cleared and name in body:
            fail(f"--{name} and --no-{name} cannot both be", 2)
        if cleared:
            body[name] = None
    if not body:
        fail("nothing to change; see `rostra door set --help`", 2)
    _print_door(_asked(config, given, "POST", f"/api/events/{event_id}/door", body), as_json)


@main.group()
def lane() -> None:
    """Priority lanes: places that are given out beforehand."""


@lane.command("create")
@click.argument("event_id")
@click.argument("name")
@click.option("--places", type=click.IntRange(1, 10_000), required=True, help="how many")
@_DATA
@_CONFIG
@_JSON
def lane_create(
    event_id: str, name: str, places: int, config: Path | None, as_json: bool, **given: Any
) -> None:
    """Make a lane and print a link for each place. They are not shown again: keep them."""
    body = {"name": name, "places": places}
    made = _asked(config, given, "POST", f"/api/events/{event_id}/lanes", body)
    if as_json:
        click.echo(json.dumps(made))
        return
    for link in made["links"]:
        click.echo(link)
