"""The command line's rehearsal: `rostra rehearse`."""

from __future__ import annotations

import difflib
import json
import math
import os
import secrets
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import msgspec
from rich.console import Console
from rich.live import Live

from rostra.cli import _CONFIG, _DATA, _JSON, _opened, _settings, fail, main
from rostra.control import keys_io

if TYPE_CHECKING:
    from rostra.rehearsal.run_io import At, Outcome
    from rostra.rehearsal.script import Script
    from rostra.rehearsal.wish import Wish

TOKEN_LEAST = 20  # characters of one that a person chose


@main.command()
@click.option("--listeners", type=click.IntRange(1), help="at most so many [what one machine may]")
@click.option(
    "--minutes", type=click.IntRange(1, 60), help="at most so long [9, and a script's own]"
)
@click.option("--rungs", default="0,1,2,3", help="which rungs to find the knee of [0,1,2,3]")
@click.option("--script", "script", help="also play a night: a bundled script's name, or a file")
@click.option("--only-script", is_flag=True, help="play the night only; find no knee")
@click.option("--no-faults", is_flag=True, help="end no process and drop no connection")
@click.option("--attack", help="play these attacks beside a crowd: names with commas, or all")
@click.option("--attack-seconds", type=click.IntRange(2, 600), default=20, help="of each [20]")
@click.option(
    "--attack-requests", type=click.IntRange(1, 1_000_000), help="a second [10 x crowd's]"
)
@click.option("--attack-sources", type=click.IntRange(1, 65_536), default=1000, help="[1000]")
@click.option("--processes", type=click.IntRange(0, 64), help="generators here [1]")
@click.option("--workers", type=click.IntRange(0, 1000), default=0, help="wait for so many others")
@click.option("--listen", default="127.0.0.1:0", help="HOST:PORT where workers come")
@click.option("--origin", help="the audience's address to ask [as the house names itself]")
@click.option("--seed", type=int, default=1, help="the same seed makes the same crowd [1]")
@click.option("--worker", "worker", metavar="HOST:PORT", help="drive listeners for a coordinator")
@click.option("--simulate", metavar="SCRIPT", help="play the script with no server at all")
@click.option("--certificate", type=click.Path(path_type=Path), help="for --simulate [the newest]")
@click.option("--machines", type=click.IntRange(1), default=1, help="for --simulate: as many [1]")
@click.option("--cached", is_flag=True, help="for --simulate: a cache stands in front")
@click.option("-o", "--html", type=click.Path(path_type=Path), help="write the picture here")
@_DATA
@_CONFIG
@_JSON
def rehearse(
    config: Path | None, as_json: bool, worker: str | None, simulate: str | None, **given: Any
) -> None:
    """Play the night against this machine's open house, find its knee, sign what was found.

    Plays on an event of its own; listeners are virtual and never count. Ctrl-C ends it: what was
    found until then is kept. With --attack no knee is looked for: a crowd of --listeners, or of
    three fifths of what the certificate allows, listens while this machine is attacked by itself.
    """
    settings = _settings(config, data=given.pop("data"))
    data = Path(settings.text("serve.data"))
    if worker is not None:
        _worker(worker)
    elif simulate is not None:
        _simulate(simulate, data, as_json, given)
    else:
        _rehearse(data, as_json, given)


def _worker(address: str) -> None:
    from rostra.rehearsal.coordinator_io import TOKEN_VARIABLE
    from rostra.rehearsal.generator_io import run

    token = os.environ.get(TOKEN_VARIABLE, "")
    if not token:
        fail(f"set {TOKEN_VARIABLE} to the token that the coordinator printed", 2)
    sys.exit(run(address, token, os.uname().nodename))


def _script(name: str) -> Script:
    from rostra.rehearsal import scripts_io

    script = scripts_io.load(name)
    if isinstance(script, list):
        fail("\n        ".join([f"{name} is no script:", *(p.message for p in script)]), 2)
    return script


def _rungs(text: str) -> tuple[int, ...]:
    try:
        rungs = tuple(sorted({int(rung) for rung in text.split(",")}))
    except ValueError:
        rungs = ()
    if not rungs or not set(rungs) <= {0, 1, 2, 3}:
        fail(f"--rungs is {text!r}, but wants some of 0,1,2,3", 2)
    return rungs


def _attack(text: str | None) -> tuple[str, ...]:
    from rostra.rehearsal.attack import NAMES

    names = tuple(filter(None, (name.strip() for name in (text or "").split(","))))
    if wrong := [name for name in names if name not in NAMES]:
        near = difflib.get_close_matches(wrong[0], NAMES, n=1, cutoff=0.5)
        hint = f"did you mean {near[0]}?" if near else f"known are {', '.join(NAMES)}"
        fail(f"--attack is {wrong[0]!r}; {hint}", 2)
    return names


def _minutes(attack: tuple[str, ...], attack_s: int) -> int:
    """Nine, or what so many attacks take."""
    from rostra.rehearsal.attack import expanded
    from rostra.rehearsal.attack_acts_io import lasts_s

    return max(9, math.ceil(2 + len(expanded(attack)) * lasts_s(attack_s) / 60))


def _listen(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    if not host or not port.isdigit() or int(port) > 65_535:
        fail(f"--listen is {text!r}, but wants HOST:PORT", 2)
    return host.strip("[]"), int(port)


def _wish(given: dict[str, Any]) -> Wish:
    from rostra.rehearsal.wish import Wish, fitted

    if given["only_script"] and not given["script"]:
        fail("--only-script wants a --script", 2)
    attack = _attack(given["attack"])
    only_script = given["only_script"] or bool(attack)
    minutes = given["minutes"] or _minutes(attack, given["attack_seconds"])
    script = _script(given["script"]) if given["script"] else None
    if script is not None:
        name, night_min = script.name, (script.ends_s - script.begins_s) / 60
        asked = minutes if given["minutes"] or attack else None
        script, minutes, faster = fitted(script, asked, only_script)
        if faster > 1:
            click.echo(
                f"{name} lasts {night_min:.0f} minutes; played {faster:.1f} times as fast, so "
                "its rush is that much steeper. More time: --minutes, or --only-script.",
                err=True,
            )
    workers = given["workers"]
    processes = given["processes"]
    return Wish(
        listeners=given["listeners"] or 0,
        minutes=minutes,
        rungs=_rungs(given["rungs"]),
        script=script,
        only_script=only_script,
        faults=not given["no_faults"] and not attack,
        processes=(0 if workers else 1) if processes is None else processes,
        workers=workers,
        listen=_listen(given["listen"]),
        origin=(given["origin"] or "").rstrip("/"),
        seed=given["seed"],
        attack=attack,
        attack_s=given["attack_seconds"],
        attack_requests_s=given["attack_requests"] or 0,
        attack_sources=given["attack_sources"],
    )


def _at(data: Path) -> At:
    from rostra.rehearsal.run_io import At

    opened = _opened(data)
    if opened is None:
        fail(f"no house is open on {data}; start it first: rostra serve")
    edges = len(list((data / "run").glob("edge-*.sock")))
    return At(
        control_url=opened.control_url,
        operator_key=keys_io.load_or_create(data, "operator").hex(),
        run_dir=data / "run",
        cores=float(min(edges, os.cpu_count() or 1)),
    )


def _token(wish: Wish, screen: Console) -> str:
    """What generators show. Whoever starts workers is told how, or has chosen the token already."""
    from rostra.rehearsal.coordinator_io import TOKEN_VARIABLE

    if not wish.workers:
        return secrets.token_urlsafe(24)
    host, port = wish.listen
    if not port:
        fail("--workers wants a --listen with a port that they can reach", 2)
    chosen = os.environ.get(TOKEN_VARIABLE)
    if chosen is not None and len(chosen) < TOKEN_LEAST:
        fail(f"{TOKEN_VARIABLE} wants {TOKEN_LEAST} characters at least", 2)
    token = chosen or secrets.token_urlsafe(24)
    shown = "…"
    if chosen is None:
        # On a screen, for the person who starts the workers; never in a log.
        shown = token if screen.is_terminal else "(shown on a terminal only)"
    where = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    screen.print(
        f"Workers: {TOKEN_VARIABLE}={shown} rostra rehearse --worker {where}",
        soft_wrap=True,
        markup=False,
        highlight=False,
    )
    return token


def _rehearse(data: Path, as_json: bool, given: dict[str, Any]) -> None:
    from rostra.rehearsal import run_io, screen_io, summary
    from rostra.rehearsal.trouble import RehearsalTrouble
    from rostra.rehearsal.wish import Progress

    wish, at = _wish(given), _at(data)
    screen = Console(stderr=True)
    token = _token(wish, screen)
    last_says = ""

    def told(progress: Progress) -> None:
        nonlocal last_says
        if screen.is_terminal:
            live.update(screen_io.view(progress))
        elif progress.says != last_says:
            last_says = progress.says
            screen.print(f"{progress.elapsed_s:6.0f} s  {progress.says}", highlight=False)

    live = Live(console=screen, refresh_per_second=4, transient=True)
    try:
        if screen.is_terminal:
            with live:
                outcome = run_io.play(wish, at, token, told)
        else:
            outcome = run_io.play(wish, at, token, told)
    except RehearsalTrouble as trouble:
        fail(f"{trouble.message} ({trouble.code})")
    _told_of_it(outcome, data, given["html"], as_json, screen)
    if not as_json:
        for line in summary.lines(outcome.findings):
            click.echo(line)
    sys.exit(1 if outcome.findings.void or outcome.sealed is None else 0)


def _told_of_it(
    outcome: Outcome, data: Path, html: Path | None, as_json: bool, screen: Console
) -> None:
    from rostra.rehearsal import certificate, papers_io, screen_io

    if as_json:
        click.echo(json.dumps(msgspec.to_builtins(outcome.findings)))
    else:
        if outcome.findings.steps:
            screen.print(screen_io.steps_table(list(outcome.findings.steps)))
        if outcome.findings.attacks:
            screen.print(screen_io.attacks_table(list(outcome.findings.attacks)))
    if outcome.sealed is None:
        screen.print("The house sealed no certificate; what was found is above.")
        return
    read = certificate.read(outcome.sealed)
    assert isinstance(read, tuple)
    path = html or data / "certificates" / f"{read[0].number}.html"
    papers_io.write(read[0], read[1], path, sealed=outcome.sealed)
    screen.print(f"Certificate {read[0].number}: {path}")


def _simulate(name: str, data: Path, as_json: bool, given: dict[str, Any]) -> None:
    from rostra.rehearsal import simulate_io
    from rostra.rehearsal.trouble import RehearsalTrouble

    script = _script(name)
    if script.attacks or script.faults:
        click.echo(
            "The simulation plays the crowd alone: the script's attacks and faults are left out. "
            "A rehearsal against a house plays them.",
            err=True,
        )
    try:
        simulate_io.run(
            script,
            given["listeners"] or script.listeners,
            certificate_path=given["certificate"] or data / "certificates",
            html=given["html"],
            as_json=as_json,
            machines=given["machines"],
            cached=given["cached"],
        )
    except RehearsalTrouble as trouble:
        fail(f"{trouble.message} ({trouble.code})")
