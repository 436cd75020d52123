"""The command line's shield: `rostra shield status|bans|allow|deny|lift|clear|attack|dry-run`."""

from __future__ import annotations

import asyncio
import json
from datetime import datetime
from pathlib import Path
from typing import Any

import click
from rich.table import Table

from rostra.cli import _CONFIG, _DATA, _JSON, _call, _settings, console, main
from rostra.cli_operator import _asked
from rostra.shield.reasons import ALL, REASONS

_NOW = "/api/shield?since=9e9"  # the last second, without those before
_SWITCH = click.Choice(["on", "off"])
_WORST = 10
_NEAR, _SEVERAL = 5, 3  # neighbourhoods shown, and sources that make one worth a line
_STEPS = {
    "refuse": "refused",
    "slow": "one answer a second",
    "drop": "connections dropped",
    "kernel": "dropped by the kernel",
}
_SAYS = {refusal.code: refusal.message for refusal in ALL} | REASONS


@main.group()
def shield() -> None:
    """What keeps an attack from the listeners: see it, steer it."""


# --- what it says ------------------------------------------------------------------------------


def sentence(view: dict[str, Any]) -> str:
    """How things stand, for a person in a hurry. `view`: as `GET /api/shield` answers."""
    if view["mode"] == "off":
        return "The shield is off: nothing is refused by where it comes from."
    if view["failed"]:
        return "The part that decides has failed: no new tickets, listeners inside go on."
    pressure = view["pressure"]
    if pressure == 0:
        return "Peace."
    name = ("Watch", "Under attack", "Siege")[min(pressure, 3) - 1]
    since = f" since {_clock(view['since'])}" if view["since"] else ""
    met = sum(view["refused"].values()) + view["acts"].get("slowed", 0)
    if view["unexplained"] < 1 and not met:
        return f"{name}{since}: nothing comes in that no listener explains."
    share = met / max(met, view["unexplained"], 1.0)
    did = "nothing is refused (dry run)" if view["dry_run"] else f"{share:.0%} slowed or refused"
    return (
        f"{name}{since}: {view['unexplained']:,.0f} requests a second that no listener explains; "
        f"{did}; listeners inside are not touched."
    )


def _clock(at: str) -> str:
    """Time of day here."""
    return datetime.fromisoformat(at).astimezone().strftime("%H:%M")


def _span(ban: dict[str, Any], now: str) -> str:
    left_s = (datetime.fromisoformat(ban["until"]) - datetime.fromisoformat(now)).total_seconds()
    return f"{left_s / 60:.0f} min" if left_s >= 120 else f"{max(0.0, left_s):.0f} s"


def _by_reason(counts: dict[str, float]) -> str:
    rows = sorted(counts.items(), key=lambda row: -row[1])
    return f"{', '.join(f'{name} {count:,.0f}' for name, count in rows)} a second" if rows else "-"


def _print_status(view: dict[str, Any], as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(view))
        return
    click.echo(sentence(view))
    acts = view["acts"]
    done = {name: count for name, count in acts.items() if name not in ("moved", "refused")}
    steps = ", ".join(f"{count:,} {_STEPS[step]}" for step, count in view["by_step"].items())
    lines = {
        "Why": view["says"],
        "Mode": view["mode"] + (", dry run: only counted" if view["dry_run"] else ""),
        "Asked": f"{view['spent']:,.0f} a second without a ticket, "
        f"{view['explained']:,.0f} of it explained; networks that ask: {view['sources']:,}",
        "Refused": _by_reason(view["refused"]),
        "Done": _by_reason(done),
        "Bans": steps or "none",
        "Listeners": f"{view['listeners']:,}, not touched",
        "Busiest edge": f"{view['busy']:.0%}",
        "Player": view["path"] and f"as in {view['path']}",
        "Kernel": view["kernel"] or "-",
    }
    for label, value in lines.items():
        click.echo(f"  {label:14}{value}")
    _print_worst(view)


def _print_worst(view: dict[str, Any]) -> None:
    if not view["worst"]:
        return
    table = Table(title="Networks, the worst first", title_justify="left")
    table.add_column("Network", no_wrap=True)
    for name in ("Listeners", "Asked", "Explained"):
        table.add_column(name, justify="right")
    table.add_column("What it did")
    table.add_column("Now")
    for row in view["worst"][:_WORST]:
        did = max(row["points"].items(), key=lambda item: item[1], default=("", 0))[0]
        now = _STEPS.get(row["step"], row["step"]) or row["held"] or "watched"
        explained = f"{row['explained']:.0%}"
        asked = f"{row['demand']:,.0f}"
        table.add_row(
            row["source"], f"{row['listeners']:,}", asked, explained, _SAYS.get(did, did), now
        )
    console.print(table)
    for near in view["neighbourhoods"][:_NEAR]:
        if near["bans"] + near["suspects"] >= _SEVERAL:
            counts = f"{near['bans']:,} banned, {near['suspects']:,} suspected there"
            click.echo(f"  {near['neighbourhood']}: {counts}")


def _print_bans(view: dict[str, Any], as_json: bool) -> None:
    if as_json:
        kept = ("bans", "bans_all", "by_step", "allow", "deny", "dry_run")
        click.echo(json.dumps({name: view[name] for name in kept}))
        return
    if not view["bans"]:
        click.echo("Nobody is banned.")
    else:
        dry = ", none of them in force (dry run)" if view["dry_run"] else ""
        table = Table(title=f"{view['bans_all']:,} bans{dry}", title_justify="left")
        table.add_column("Network", no_wrap=True)
        for name in ("What happens", "Why", "Since", "Ends in"):
            table.add_column(name)
        for ban in view["bans"]:
            table.add_row(
                ban["source"],
                _STEPS.get(ban["step"], ban["step"]),
                _SAYS.get(ban["reason"], ban["reason"]),
                _clock(ban["since"]),
                _span(ban, view["now"]),
            )
        console.print(table)
        if view["bans_all"] > len(view["bans"]):
            click.echo(f"{view['bans_all'] - len(view['bans']):,} more are not shown.")
    for label, name in (("Always allowed", "allow"), ("Kept out", "deny")):
        if view[name]:
            click.echo(f"{label}: {', '.join(view[name])}")


@shield.command("status")
@_DATA
@_CONFIG
@_JSON
def shield_status(config: Path | None, as_json: bool, **given: Any) -> None:
    """Is it an attack, what is refused and why, and who is worst."""
    _print_status(_asked(config, given, "GET", _NOW), as_json)


@shield.command("bans")
@_DATA
@_CONFIG
@_JSON
def shield_bans(config: Path | None, as_json: bool, **given: Any) -> None:
    """Who is banned, how hard, why and for how long; and both lists."""
    _print_bans(_asked(config, given, "GET", _NOW), as_json)


# --- what is asked of it -----------------------------------------------------------------------


def _told(view: dict[str, Any], as_json: bool, says: str) -> None:
    click.echo(json.dumps(view) if as_json else says)


def _list(config: Path | None, given: dict[str, Any], as_json: bool, which: str) -> None:
    prefix, remove = given.pop("prefix"), given.pop("remove")
    method = "DELETE" if remove else "POST"
    view = _asked(config, given, method, f"/api/shield/{which}", {"prefix": prefix})
    listed = ", ".join(view[which]) or "nobody"
    _told(view, as_json, f"{'Always allowed' if which == 'allow' else 'Kept out'}: {listed}")


_REMOVE = click.option("--remove", is_flag=True, help="take it off the list again")


@shield.command("allow")
@click.argument("prefix")
@_REMOVE
@_DATA
@_CONFIG
@_JSON
def shield_allow(config: Path | None, as_json: bool, **given: Any) -> None:
    """Never judge PREFIX by where it comes from: 203.0.113.7, 203.0.113.0/24, 2001:db8::/64."""
    _list(config, given, as_json, "allow")


@shield.command("deny")
@click.argument("prefix")
@_REMOVE
@_DATA
@_CONFIG
@_JSON
def shield_deny(config: Path | None, as_json: bool, **given: Any) -> None:
    """Keep PREFIX out, listeners there too: whoever connects from there is dropped."""
    _list(config, given, as_json, "deny")


@shield.command("lift")
@click.argument("source")
@_DATA
@_CONFIG
@_JSON
def shield_lift(source: str, config: Path | None, as_json: bool, **given: Any) -> None:
    """End the ban of SOURCE: an address, or an IPv6 /64 as `bans` shows it."""
    view = _asked(config, given, "POST", "/api/shield/lift", {"source": source})
    _told(view, as_json, f"Lifted; {view['bans_all']:,} bans are left.")


@shield.command("clear")
@_DATA
@_CONFIG
@_JSON
def shield_clear(config: Path | None, as_json: bool, **given: Any) -> None:
    """End all bans, in the kernel too; also of a house that did not end by itself."""
    settings = _settings(config, **given)
    view = _call(settings, "POST", "/api/shield/clear", {})
    if view is not None:
        _told(view, as_json, "All bans are lifted.")
        return
    from rostra.shield.nft_io import remove_table

    says = asyncio.run(remove_table(Path(settings.text("serve.data"))))
    click.echo(json.dumps({"kernel": says}) if as_json else f"No house is open here; {says}.")


_MODES = {
    "auto": "Rostra decides.",
    "attack": "As under attack, whatever is measured, until: rostra shield attack off",
    "off": "The shield is off: nothing is refused by where it comes from.",
}


def _change(
    config: Path | None, given: dict[str, Any], as_json: bool, change: dict[str, Any]
) -> None:
    view = _asked(config, given, "POST", "/api/shield", change)
    says = [_MODES[view["mode"]]]
    if view["dry_run"]:
        says.append("Dry run: it only counts, until: rostra shield dry-run off")
    _told(view, as_json, "\n".join([*says, "Edges hear of it within a second."]))


@shield.command("attack")
@click.argument("switch", type=_SWITCH)
@_DATA
@_CONFIG
@_JSON
def shield_attack(switch: str, config: Path | None, as_json: bool, **given: Any) -> None:
    """Act as under attack whatever is measured (on), or let Rostra decide again (off)."""
    _change(config, given, as_json, {"mode": "attack" if switch == "on" else "auto"})


@shield.command("mode")
@click.argument("mode", type=click.Choice(["auto", "attack", "off"]))
@_DATA
@_CONFIG
@_JSON
def shield_mode(mode: str, config: Path | None, as_json: bool, **given: Any) -> None:
    """Rostra decides (auto), as under attack (attack), or no shield at all (off)."""
    _change(config, given, as_json, {"mode": mode})


@shield.command("dry-run")
@click.argument("switch", type=_SWITCH)
@_DATA
@_CONFIG
@_JSON
def shield_dry_run(switch: str, config: Path | None, as_json: bool, **given: Any) -> None:
    """Only count and say what would be refused (on), or refuse it (off)."""
    _change(config, given, as_json, {"dry_run": switch == "on"})
