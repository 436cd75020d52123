"""What nftables is told: one JSON batch for each change of the kernel's bans (libnftables-json(5)).

The table is ours alone. Its sets are hash sets of exact IPv4 addresses and IPv6 /64 prefixes; the
rule masks an IPv6 address, because a set of intervals costs a thousand times as much to change.
Each element ends by itself, so a table that nobody removes is empty after a while.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from typing import Any, TypeAlias

import msgspec

Command: TypeAlias = dict[str, Any]
Bans: TypeAlias = Mapping[bytes, int]  # source → until, Unix ms

MOST = 65_536  # bans; of more, those that end last are kept
LONGEST_S = 30 * 24 * 3600
_FAMILY = "inet"
_RAW = -300  # before other tables' rules: what is dropped costs nothing more
_SETS = {4: ("ipv4", "ipv4_addr"), 8: ("ipv6", "ipv6_addr")}  # by bytes of a source
_COUNTER = "dropped"
_PREFIX_64 = "ffff:ffff:ffff:ffff::"


class AnswerStrange(ValueError):
    """nft answered what its documentation does not have."""


def table_name(data_dir: str) -> str:
    """Of the house with this data folder; the same in each of its runs."""
    return f"rostra_{hashlib.blake2b(data_dir.encode(), digest_size=6).hexdigest()}"


def batch(commands: Iterable[Command]) -> bytes:
    """For the standard input of `nft -j -f -`: all of it is done, or nothing."""
    head = {"metainfo": {"json_schema_version": 1}}
    return msgspec.json.encode({"nftables": [head, *commands]})


def kept(bans: Bans, now_ms: int) -> dict[bytes, int]:
    """Of `bans`, those that the kernel is to hold now."""
    found = {s: until for s, until in bans.items() if len(s) in _SETS and until > now_ms}
    if len(found) > MOST:
        latest = sorted(found, key=lambda source: found[source], reverse=True)
        found = {source: found[source] for source in latest[:MOST]}
    return found


def remove(table: str) -> list[Command]:
    """No table is there afterwards, whether there was one before or not."""
    name = {"family": _FAMILY, "name": table}
    return [{"add": {"table": name}}, {"delete": {"table": name}}]


def build(table: str, ports: Iterable[int], bans: Bans, now_ms: int) -> list[Command]:
    """The whole table anew. `ports`: of ours, where banned sources hear nothing (TCP and UDP)."""
    place = {"family": _FAMILY, "table": table}
    commands: list[Command] = [
        *remove(table),
        {"add": {"table": {"family": _FAMILY, "name": table}}},
        {"add": {"counter": {**place, "name": _COUNTER}}},
    ]
    for name, kind in _SETS.values():
        made = {**place, "name": name, "type": kind, "flags": ["timeout"], "size": 2 * MOST}
        commands.append({"add": {"set": made}})
    hook = {"type": "filter", "hook": "input", "prio": _RAW, "policy": "accept"}
    commands.append({"add": {"chain": {**place, "name": "input", **hook}}})
    ours = [
        _match({"meta": {"key": "l4proto"}}, {"set": ["tcp", "udp"]}),
        _match(_field("th", "dport"), {"set": sorted(ports)}),
    ]
    prefix = {"&": [_field("ip6", "saddr"), _PREFIX_64]}
    for source, name in ((_field("ip", "saddr"), "ipv4"), (prefix, "ipv6")):
        match = [*ours, _match(source, f"@{name}")]
        rule = {**place, "chain": "input", "expr": [*match, {"counter": _COUNTER}, {"drop": None}]}
        commands.append({"add": {"rule": rule}})
    return commands + _elements(table, "add", bans, now_ms)


def change(
    table: str, before: Bans, after: Bans, now_ms: int
) -> tuple[list[Command], dict[bytes, int]]:
    """From `before` to `after`, and what the kernel holds then; no commands where nothing changes.

    Adding what is there changes no timeout, and deleting what has just ended would undo the whole
    batch. So whatever goes or changes is added first, which does nothing if it is still there. The
    kernel counts whole seconds, so what has just ended may be there for one more.
    """
    old = {s: u for s, u in before.items() if s not in after and u > now_ms - 1000}
    stays = {
        s: u for s, u in before.items() if u > now_ms and s in after and abs(after[s] - u) < 1000
    }
    old |= {s: u for s, u in before.items() if s in after and s not in stays}
    fresh = {s: u for s, u in after.items() if s not in stays}
    commands = [
        *_elements(table, "add", old, now_ms),
        *_elements(table, "delete", old, None),
        *_elements(table, "add", fresh, now_ms),
    ]
    return commands, {**stays, **fresh}


def read_drops(answer: bytes) -> int:
    """Packets dropped, from `nft -j list counters table …`. Raises AnswerStrange."""
    try:
        rows = msgspec.json.decode(answer)["nftables"]
        return sum(int(row["counter"]["packets"]) for row in rows if "counter" in row)
    except (msgspec.DecodeError, KeyError, TypeError, ValueError) as error:
        raise AnswerStrange(f"nft's counters cannot be read: {error}") from None


def list_counters(table: str) -> tuple[str, ...]:
    """The arguments of nft for `read_drops`."""
    return ("-j", "list", "counters", "table", _FAMILY, table)


def _field(protocol: str, name: str) -> Command:
    return {"payload": {"protocol": protocol, "field": name}}


def _match(left: Command, right: Any) -> Command:
    return {"match": {"op": "==", "left": left, "right": right}}


def _elements(table: str, verb: str, bans: Bans, now_ms: int | None) -> list[Command]:
    """`now_ms`: for their timeouts; None names them only."""
    commands: list[Command] = []
    for size, (name, _) in _SETS.items():
        elements: list[Any] = []
        for source, until in bans.items():
            if len(source) == size:
                text = _text(source)
                elements.append(text if now_ms is None else _timed(text, until - now_ms))
        if elements:
            place = {"family": _FAMILY, "table": table, "name": name}
            commands.append({verb: {"element": {**place, "elem": elements}}})
    return commands


def _timed(text: str, left_ms: int) -> Command:
    seconds = max(1, min(LONGEST_S, -(-left_ms // 1000)))
    return {"elem": {"val": text, "timeout": seconds}}


def _text(source: bytes) -> str:
    """Faster than by way of ipaddress: a siege has thousands."""
    if len(source) == 4:
        return ".".join(map(str, source))
    groups = (source[i : i + 2].hex() for i in range(0, 8, 2))
    return ":".join(groups) + "::"
