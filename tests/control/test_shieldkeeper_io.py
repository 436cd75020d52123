"""The shield's keeper: each second's decision, orders on disk, and a policy that breaks."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from rostra.agenda.links import Addresses
from rostra.control.control_io import Control
from rostra.control.shieldkeeper_io import (
    AGAIN_FIRST_S,
    AGAIN_MOST_S,
    SILENT_S,
    STEADY_S,
    TALLIES_MOST,
    NoKernel,
    ShieldKeeper,
    ShieldSettings,
)
from rostra.control.storage_io import Storage
from rostra.ground.facts import AnyFact, EdgeTallied, ShieldSet
from rostra.ground.refusals import Refused
from rostra.ground.shield_values import ShieldTally, SourceTally
from rostra.shield.policy import Policy, PolicySettings, Seen

BOT = bytes([203, 0, 113, 7])
BOT_TEXT = "203.0.113.7"


class Told(list[ShieldSet]):
    """What the keeper published."""

    def __call__(self, fact: AnyFact) -> None:
        assert isinstance(fact, ShieldSet)
        self.append(fact)


class FakeKernel:
    on = True
    note = "kernel bans are on: a table"

    def __init__(self) -> None:
        self.sets: list[dict[bytes, int]] = []

    def set(self, bans: Mapping[bytes, int]) -> None:
        self.sets.append(dict(bans))

    def drops(self) -> int:
        return 7


class House:
    """A keeper and its virtual seconds."""

    def __init__(self, folder: Path, **settings: Any) -> None:
        self.folder = folder
        self.told = Told()
        self.ticks, self.now = 0, 100.0
        self.kernel = FakeKernel()
        self.settings = ShieldSettings(policy=PolicySettings(**settings), kernel=self.kernel)
        self.keeper = ShieldKeeper(folder, self.settings, self.told, self.now)

    def restart(self) -> None:
        self.told = Told()
        self.keeper = ShieldKeeper(self.folder, self.settings, self.told, self.now)

    @property
    def now_ms(self) -> int:
        return 1_000_000 + round(self.now * 1000)

    def second(self, *tallies: EdgeTallied, times: int = 1) -> ShieldSet | None:
        """Ten ticks; what was told last."""
        for _ in range(times):
            for fact in tallies:
                self.keeper.heard(fact)
            for _ in range(10):
                self.ticks += 1
                self.now = 100 + self.ticks / 10
                self.keeper.tick((), self.now, self.now_ms)
        return self.told[-1] if self.told else None


def tallied(refused: int = 0, spent: float = 0.0, edge: str = "edge-0") -> EdgeTallied:
    worst = SourceTally(
        source=BOT, refused={"source_spent": refused}, spent=spent, connections=1, vouched=0
    )
    return EdgeTallied(
        edge=edge, at_ms=0, connections=0, held=0, requests={}, refusals={}, body_bytes=0,
        busy_fraction=0.5, loop_lag_ms=0, listeners={},
        shield=ShieldTally(accounts=1, worst=(worst,) if refused else (), spent=spent),
    )  # fmt: skip


ATTACK = tallied(refused=500, spent=30_000)


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House(tmp_path)


def broken(monkeypatch: pytest.MonkeyPatch) -> None:
    def second(self: Policy, seen: Seen, now_ms: int) -> ShieldSet:
        raise KeyError(BOT)

    monkeypatch.setattr(Policy, "second", second)


# --- seconds ----------------------------------------------------------------------------------


def test_it_tells_only_what_changed_and_at_most_once_a_second(house: House) -> None:
    for _ in range(120):
        before = len(house.told)
        house.second(ATTACK)
        assert len(house.told) - before <= 1
    bare = [(fact.pressure, fact.bans) for fact in house.told]
    assert all(one != other for one, other in pairwise(bare))
    assert 3 < len(house.told) < 20
    assert house.told[-1].bans[0].source == BOT
    assert house.told[-1].at_ms > 1_100_000


def test_a_control_that_restarts_lets_edges_go_on_until_it_has_seen_what_comes(
    house: House,
) -> None:
    house.second(ATTACK, times=60)
    house.restart()
    house.second(ATTACK, times=4)
    assert house.told[0].pressure >= 1  # it never said that there was peace


def test_in_peace_it_says_so_soon_after_the_start_and_then_no_more(house: House) -> None:
    house.second(tallied(), times=2)
    assert house.told == []
    house.second(tallied(), times=int(SILENT_S) + 60)
    assert len(house.told) == 1
    assert house.told[0].pressure == 0


def test_what_was_ordered_is_told_at_once_after_the_start(house: House) -> None:
    house.keeper.deny(BOT_TEXT)
    house.restart()
    house.second()
    assert house.told[0].deny == (BOT_TEXT,)


def test_each_tally_counts_once_and_those_of_a_stalled_second_are_bounded(house: House) -> None:
    for _ in range(10 * TALLIES_MOST):
        house.keeper.heard(ATTACK)
    house.second()
    assert house.keeper.status().spent == TALLIES_MOST * 30_000
    house.second()
    house.second(tallied(spent=5.0))
    assert house.keeper.status().spent == 5.0


def test_an_edge_that_tells_nothing_of_its_shield_is_not_seen(house: House) -> None:
    fact = EdgeTallied(
        edge="edge-0", at_ms=0, connections=0, held=0, requests={}, refusals={}, body_bytes=0,
        busy_fraction=1.0, loop_lag_ms=0, listeners={},
    )  # fmt: skip
    house.second(fact, times=5)
    assert house.keeper.status().cost.busy == 0


# --- orders -----------------------------------------------------------------------------------


def test_orders_are_durable_private_and_nothing_else_is_on_disk(house: House) -> None:
    house.second(ATTACK, times=60)
    assert not (house.folder / "shield.json").exists()
    house.keeper.change(mode="attack", dry_run=True)
    house.keeper.allow("2001:db8::1")
    house.keeper.deny("198.51.100.0/24")
    path = house.folder / "shield.json"
    assert path.stat().st_mode & 0o777 == 0o600
    assert [one.name for one in house.folder.iterdir()] == ["shield.json"]
    assert "203.0.113" not in path.read_text()
    house.restart()
    status = house.keeper.status()
    assert (status.mode, status.dry_run) == ("attack", True)
    assert (status.allow, status.deny) == (("2001:db8::/64",), ("198.51.100.0/24",))


def test_each_act_says_what_was_before_and_that_is_the_way_back(house: House) -> None:
    keeper = house.keeper
    assert keeper.change(mode="attack") == {"mode": None}
    assert keeper.change(mode="attack") == {}
    first = keeper.deny(BOT_TEXT)
    assert first == {"deny": ()}
    both = keeper.allow(BOT_TEXT)
    assert both == {"allow": (), "deny": (BOT_TEXT,)}
    keeper.change(**both)
    assert (keeper.orders.allow, keeper.orders.deny) == ((), (BOT_TEXT,))
    assert keeper.forget(BOT_TEXT) == {"deny": (BOT_TEXT,)}
    keeper.change(mode=None)
    assert keeper.status().mode == "auto"


def test_an_order_that_is_none_changes_nothing(house: House) -> None:
    for act in (
        lambda: house.keeper.change(mode="panic"),
        lambda: house.keeper.deny("nobody"),
        lambda: house.keeper.allow("0.0.0.0/0"),
        lambda: house.keeper.forget(BOT_TEXT),
        lambda: house.keeper.lift(BOT_TEXT),
    ):
        with pytest.raises(Refused):
            act()
    assert not (house.folder / "shield.json").exists()
    assert house.second() is None


def test_orders_reach_the_edges_within_a_second(house: House) -> None:
    house.keeper.change(mode="off", dry_run=True, deny=(BOT_TEXT,))
    fact = house.second(tallied())
    assert fact and fact.off and fact.dry_run and fact.deny == (BOT_TEXT,)
    house.keeper.change(mode="attack", dry_run=None)
    fact = house.second(tallied())
    assert fact and fact.pressure == 2 and not fact.off and not fact.dry_run


@pytest.mark.parametrize("raw", [b"{", b'{"mode": "panic"}', b'{"allow": ["nobody"]}', b"\xff"])
def test_a_damaged_file_is_put_aside_and_said(
    house: House, raw: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    path = house.folder / "shield.json"
    path.write_bytes(raw)
    house.restart()
    assert house.keeper.orders.allow == ()
    assert not path.exists()
    assert (house.folder / "shield.damaged").read_bytes() == raw
    assert "rostra shield deny" in caplog.text


# --- the kernel -------------------------------------------------------------------------------


def test_the_kernel_hears_of_the_worst_step_alone_and_of_every_change(tmp_path: Path) -> None:
    house = House(tmp_path, kernel=True)
    house.second(ATTACK, times=60)
    ban = house.told[-1].bans[0]
    assert ban.step == "kernel"
    assert house.kernel.sets[-1] == {BOT: ban.until_ms}
    sets = len(house.kernel.sets)
    house.second(times=1)
    assert len(house.kernel.sets) == sets
    house.keeper.lift(BOT_TEXT)
    house.second()
    assert house.kernel.sets[-1] == {}
    status = house.keeper.status()
    assert (status.kernel, status.kernel_drops) == ("kernel bans are on: a table", 7)


@pytest.mark.parametrize("change", [{"dry_run": True}, {"mode": "off"}])
def test_in_a_dry_run_or_switched_off_the_kernel_drops_nobody(
    tmp_path: Path, change: dict[str, Any]
) -> None:
    house = House(tmp_path, kernel=True)
    house.second(ATTACK, times=60)
    assert house.kernel.sets[-1]
    house.keeper.change(**change)
    house.second(ATTACK)
    assert house.kernel.sets[-1] == {}


def test_a_kernel_that_cannot_is_never_asked(tmp_path: Path) -> None:
    told = Told()
    settings = ShieldSettings(policy=PolicySettings(kernel=True))
    keeper = ShieldKeeper(tmp_path, settings, told, 0.0)
    for now_s in range(1, 60):
        keeper.heard(ATTACK)
        keeper.tick((), float(now_s), now_s * 1000)
    assert {ban.step for ban in told[-1].bans} == {"drop"}
    assert keeper.status().kernel == NoKernel.note
    assert "not allowed here" in keeper.status().kernel


# --- a policy that breaks ---------------------------------------------------------------------


def test_if_the_policy_breaks_edges_know_and_keep_what_was_decided(
    house: House, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    house.keeper.deny("198.51.100.0/24")
    before = house.second(ATTACK, times=60)
    assert before
    with monkeypatch.context() as patch, caplog.at_level(logging.DEBUG):
        broken(patch)
        failed = house.second(ATTACK)
        assert failed and failed.failed
        assert (failed.pressure, failed.bans, failed.deny, failed.difficulty) == (
            before.pressure, before.bans, before.deny, before.difficulty,
        )  # fmt: skip
        assert house.keeper.status().failed
        assert house.keeper.status().pressure == before.pressure
    assert "KeyError" in caplog.text
    assert "203" not in caplog.text and "xcb" not in caplog.text  # what it was about is not said
    back = house.second(ATTACK, times=int(AGAIN_FIRST_S))
    assert back and not back.failed
    assert back.pressure >= before.pressure  # the attack did not end because the policy broke
    assert not house.keeper.status().failed


def test_bans_end_and_orders_hold_while_it_is_broken(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    house.second(ATTACK, times=20)
    broken(monkeypatch)
    assert house.second() and house.told[-1].bans
    house.keeper.change(mode="off", deny=(BOT_TEXT,))
    fact = house.second()
    assert fact and fact.off and fact.failed and fact.deny == (BOT_TEXT,)
    house.second(times=120)
    assert house.told[-1].bans == ()


def test_bans_can_be_lifted_while_it_is_broken(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    house.second(ATTACK, times=20)
    broken(monkeypatch)
    house.second()
    with pytest.raises(Refused):
        house.keeper.lift("198.51.100.1")
    assert house.keeper.lift("203.0.113.0/24") == 1
    fact = house.second()
    assert fact and fact.bans == ()
    assert house.keeper.clear() == 0
    assert house.keeper.status().bans == ()
    assert house.keeper.status().bans_by_step == {}


def test_a_policy_that_breaks_again_and_again_is_tried_ever_more_seldom(
    house: House, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    made: list[float] = []

    def second(self: Policy, seen: Seen, now_ms: int) -> ShieldSet:
        made.append(house.now)
        raise ValueError

    with monkeypatch.context() as patch:
        patch.setattr(Policy, "second", second)
        house.second(times=400)
    waits = [round(b - a) for a, b in pairwise(made)]
    assert waits[:4] == [5, 10, 20, 40]
    assert set(waits[4:]) == {round(AGAIN_MOST_S)}
    assert len(caplog.records) == len(made)
    house.second(times=int(AGAIN_MOST_S + STEADY_S) + 5)
    assert not house.told[-1].failed
    made.clear()
    monkeypatch.setattr(Policy, "second", second)
    house.second(times=10)
    assert round(made[1] - made[0]) == 5


# --- control's hook ---------------------------------------------------------------------------


def test_control_feeds_it_and_counts_who_waits_and_listens(tmp_path: Path) -> None:
    facts: list[AnyFact] = []
    control = Control(
        Storage(tmp_path), tmp_path, bytes(32), Addresses("http://p", "http://c", "http://s"),
        facts.append,
    )  # fmt: skip
    control.create(title="x", start_ms=4_000_000_000_000)
    control.handle(ATTACK)
    control.shield.tick([control.doors.keeper(event_id) for event_id in control.events], 1e9, 1_000)
    status = control.shield.status()
    assert (status.spent, status.waiting, status.inside) == (30_000, 0, 0)
    control.tick()
