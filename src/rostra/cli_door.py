"""The command line's door: `rostra ticket explain`, `rostra keys rotate`."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import click
import msgspec

from rostra.admission.explain import door_of, explain, lines
from rostra.admission.tickets import claimed_ticket
from rostra.cli import _CONFIG, _DATA, _JSON, _opened, _settings, fail, main
from rostra.control import keys_io
from rostra.ground.keys import KeyRing, key_id
from rostra.ground.refusals import Refusal

_STATE_MOST = 1024 * 1024


def _refuse(refusal: Refusal) -> None:
    fail(f"{refusal.message} ({refusal.code})")


@main.group()
def ticket() -> None:
    """Places in the waiting line."""


@ticket.command("explain")
@click.argument("token")
@click.option("--state", help="state.json of the event: a URL or a file [the house that is open]")
@_DATA
@_CONFIG
@_JSON
def ticket_explain(
    token: str, state: str | None, config: Path | None, as_json: bool, **given: Any
) -> None:
    """Recompute a ticket's rank, step by step. TOKEN may be - to read it from standard input.

    Needs no key and no house: the event's state.json says all that the draw was made of. Ends with
    1 if anything does not agree.
    """
    if token == "-":  # noqa: S105
        token = sys.stdin.readline(4096).strip()
    data = Path(_settings(config, **given).text("serve.data"))
    if state is None:
        state = _own_state(token, data)
    read = door_of(_state(state))
    if isinstance(read, Refusal):
        return _refuse(read)
    explained = explain(token, read[0], _ring(data), read[1])
    if isinstance(explained, Refusal):
        return _refuse(explained)
    if as_json:
        facts = {"admitted": explained.admitted, "sound": explained.sound}
        click.echo(json.dumps(msgspec.to_builtins(explained) | facts))
    else:
        click.echo("\n".join(lines(explained)))
    sys.exit(0 if explained.sound else 1)


def _own_state(token: str, data: Path) -> str:
    opened, claimed = _opened(data), claimed_ticket(token)
    if opened is None or claimed is None:
        fail("no house is open here; say where the event's state.json is: --state URL_OR_FILE", 2)
    return f"{opened.addresses.public_url}/e/{claimed.event_id}"


def _state(where: str) -> bytes:
    """The state.json at a URL (or of the event page at that URL), or in a file."""
    import httpx

    if not where.startswith(("http://", "https://")):
        try:
            return Path(where).read_bytes()
        except OSError as error:
            fail(f"{where} cannot be read: {error.strerror}", 2)
    url = where if where.endswith("state.json") else where.rstrip("/") + "/state.json"
    body = b""
    try:
        with httpx.stream("GET", url, timeout=10, follow_redirects=True) as answer:
            if answer.is_error:
                fail(f"{url} answers {answer.status_code}")
            for piece in answer.iter_bytes():
                body += piece
                if len(body) > _STATE_MOST:
                    fail(f"{url} is no state.json: it is longer than 1 MiB")
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        fail(f"{url} cannot be read: {error}")
    return body


def _ring(data: Path) -> KeyRing | None:
    """The house's own door keys, if this is its machine. None are made here."""
    if not keys_io.ring_path(data, "door").exists():
        return None
    try:
        return keys_io.load_ring(data, "door")
    except (keys_io.KeyTrouble, OSError) as error:
        fail(str(error))


@main.group()
def keys() -> None:
    """The keys that sign tickets and passes."""


@keys.command("rotate")
@click.argument("name", type=click.Choice(["door"]))
@_DATA
@_CONFIG
@_JSON
def keys_rotate(name: str, config: Path | None, as_json: bool, **given: Any) -> None:
    """Sign with a new key from now on. The two newest of the older ones still hold."""
    data = Path(_settings(config, **given).text("serve.data"))
    try:
        before = keys_io.load_ring(data, name)
        ring = keys_io.rotate_ring(data, name)
    except (keys_io.KeyTrouble, OSError) as error:
        fail(str(error))
    signing, *older = (key_id(key) for key in ring.keys)
    gone = [key_id(key) for key in before.keys if key not in ring.keys]
    if as_json:
        click.echo(json.dumps({"signing": signing, "holding": older, "gone": gone}))
        return
    click.echo(f"Key {signing} signs from now on; what {' and '.join(older)} signed still holds.")
    for kid in gone:
        click.echo(f"What {kid} signed does not hold any more.")
    click.echo("Edges on this machine take it up by themselves.")
