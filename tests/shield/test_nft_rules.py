"""What nftables is told."""

from __future__ import annotations

import ipaddress
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rostra.shield import nft_rules
from rostra.shield.nft_rules import LONGEST_S, MOST, AnswerStrange, build, change, kept, remove
from rostra.shield.sources import source_of

NOW = 1_800_000_000_000
V4, V6 = source_of("203.0.113.7"), source_of("2001:db8:0:9::1")


def elements(commands: list[dict[str, Any]], verb: str) -> dict[str, int | None]:
    """Text of each element that `verb` names, and its timeout; the last word counts."""
    found: dict[str, int | None] = {}
    for command in commands:
        for element in command.get(verb, {}).get("element", {}).get("elem", []):
            if isinstance(element, str):
                found[element] = None
            else:
                found[element["elem"]["val"]] = element["elem"]["timeout"]
    return found


class Sets:
    """The kernel's two sets, as nft's manual has them: adding what is there does nothing."""

    def __init__(self) -> None:
        self.until: dict[str, int] = {}

    def run(self, commands: list[dict[str, Any]], now_ms: int) -> None:
        there = {text: until for text, until in self.until.items() if until > now_ms}
        for command in commands:
            for verb, what in command.items():
                for element in what.get("element", {}).get("elem", []):
                    if verb == "add":
                        inner = element["elem"]
                        there.setdefault(inner["val"], now_ms + inner["timeout"] * 1000)
                    else:
                        del there[element]  # ENOENT undoes the batch
        self.until = there


def test_a_table_is_removed_whether_it_is_there_or_not() -> None:
    name = {"family": "inet", "name": "rostra_x"}
    assert remove("rostra_x") == [{"add": {"table": name}}, {"delete": {"table": name}}]


def test_each_house_has_a_table_of_its_own() -> None:
    here, there = nft_rules.table_name("/srv/a"), nft_rules.table_name("/srv/b")
    assert here != there
    assert here == nft_rules.table_name("/srv/a")
    assert here.removeprefix("rostra_").isalnum()


def test_only_our_ports_are_closed_and_only_to_banned_sources() -> None:
    commands = build("t", (8080, 443), {V4: NOW + 60_000, V6: NOW + 1}, NOW)
    assert commands[:2] == remove("t")
    rules = [c["add"]["rule"]["expr"] for c in commands if "rule" in c.get("add", {})]
    assert len(rules) == 2
    for rule in rules:
        assert rule[1]["match"]["right"] == {"set": [443, 8080]}
        assert rule[2]["match"]["right"] in ("@ipv4", "@ipv6")
        assert rule[-1] == {"drop": None}
    assert "&" in rules[1][2]["match"]["left"]  # the /64 is masked, so that a hash set holds it
    assert elements(commands, "add") == {"203.0.113.7": 60, "2001:0db8:0000:0009::": 1}
    sets = [command["add"]["set"] for command in commands if "set" in command.get("add", {})]
    assert all(made["flags"] == ["timeout"] for made in sets)


def test_nothing_is_said_where_nothing_changes() -> None:
    bans = {V4: NOW + 60_000}
    assert change("t", bans, bans, NOW) == ([], bans)
    assert change("t", bans, {V4: NOW + 60_500}, NOW) == ([], bans)  # less than nft can say


def test_what_goes_is_added_first_so_that_its_end_cannot_undo_the_batch() -> None:
    commands, held = change("t", {V4: NOW + 5}, {}, NOW)
    assert [next(iter(command)) for command in commands] == ["add", "delete"]
    assert held == {}
    assert change("t", {V4: NOW - 1000}, {}, NOW) == ([], {})  # it has ended by itself


def test_timeouts_are_whole_seconds_and_bounded() -> None:
    bans = {V4: NOW + 1001, V6: NOW + 10**15}
    assert elements(build("t", (1,), bans, NOW), "add") == {
        "203.0.113.7": 2,
        "2001:0db8:0000:0009::": LONGEST_S,
    }


def test_only_what_the_kernel_can_hold_is_kept() -> None:
    assert kept({V4: NOW, V6: NOW + 1, b"": NOW + 1, b"\1\2\3": NOW + 1}, NOW) == {V6: NOW + 1}
    many = {number.to_bytes(4): NOW + 1 + number for number in range(MOST + 10)}
    held = kept(many, NOW)
    assert len(held) == MOST
    assert min(held.values()) == NOW + 11


def test_drops_are_read_from_what_nft_lists() -> None:
    listed = {
        "nftables": [
            {"metainfo": {"version": "1.0.6"}},
            {"counter": {"family": "inet", "name": "dropped", "packets": 12, "bytes": 720}},
        ]
    }
    assert nft_rules.read_drops(msgspec.json.encode(listed)) == 12
    for strange in (b"", b"[]", b'{"nftables": 1}', b'{"nftables": [{"counter": {}}]}', b"\xff"):
        with pytest.raises(AnswerStrange):
            nft_rules.read_drops(strange)


BANS = st.dictionaries(
    st.one_of(st.binary(min_size=4, max_size=4), st.binary(min_size=8, max_size=8)).map(
        lambda raw: bytes(byte % 2 for byte in raw)  # few, so that they meet again
    ),
    st.integers(1, 30).map(lambda seconds: NOW + 1000 * seconds),
    max_size=12,
)


@given(st.lists(st.tuples(BANS, st.integers(0, 8000)), min_size=1, max_size=6))
def test_whatever_was_before_the_kernel_holds_what_is_wanted(
    turns: list[tuple[dict[bytes, int], int]],
) -> None:
    sets, held, now_ms = Sets(), dict[bytes, int](), NOW
    for wanted, passed_ms in turns:
        now_ms += passed_ms
        commands, held = change("t", held, kept(wanted, now_ms), now_ms)
        sets.run(commands, now_ms)
        expected = {nft_rules._text(s): u for s, u in kept(wanted, now_ms).items()}
        ending = {text for text, until in sets.until.items() if until < now_ms + 1000}
        assert set(sets.until) - ending <= set(expected) <= set(sets.until)
        assert all(-1000 < sets.until[text] - until < 2000 for text, until in expected.items())


@given(st.binary(min_size=8, max_size=8))
def test_a_prefix_is_written_as_everyone_reads_it(source: bytes) -> None:
    assert ipaddress.ip_address(nft_rules._text(source)).packed == source + bytes(8)
