"""Every attack profile on a real house, small: listeners hear it all and nobody of them is refused.

One rehearsal plays them one after another, with the shield as under attack from the start: so small
an attack would not raise the pressure by itself (tests/shield/test_policy.py has how it rises).
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from rostra.rehearsal.attack import MIXTURE, PROFILES
from rostra.rehearsal.findings import AttackFound
from tests.live.conftest import House, open_house
from tests.live.rehearsing import Rehearsal

pytestmark = [pytest.mark.live, pytest.mark.timeout(420)]

LISTENERS, SOURCES = 40, 200
EACH_S, REQUESTS_S = 3, 1200
# What the shield says to whom it refuses; honest listeners must never hear it.
REFUSALS = {
    "source_spent", "connection_spent", "source_banned", "connections_crowded", "pass_overused",
    "challenge_failed", "shield_failed", "connections_full",
}  # fmt: skip
NOTHING_SERVED = ("playlist_flood", "ticket_flood", "slowloris", "malformed", "stage_junk")


@pytest.fixture(scope="module")
def house() -> Iterator[House]:
    folder = Path(tempfile.mkdtemp(prefix="rostra-"))
    with open_house(folder) as one:
        one.command("shield", "mode", "attack")
        yield one
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="module")
def found(house: House) -> dict[str, AttackFound]:
    """What each attack met, by its name."""
    words = ("--attack", "all", "--attack-seconds", str(EACH_S), "--listeners", str(LISTENERS))
    bounds = ("--attack-requests", str(REQUESTS_S), "--attack-sources", str(SOURCES))
    with closing(Rehearsal(house, *words, *bounds)) as rehearsal:
        findings = rehearsal.ended(timeout_s=400)
        assert not findings.cut_short, rehearsal.said
    return {one.name: one for one in findings.attacks}


@pytest.mark.parametrize("name", [*PROFILES, MIXTURE])
def test_listeners_hear_it_all_and_none_of_them_is_refused(
    name: str, found: dict[str, AttackFound]
) -> None:
    one = found[name]
    assert one.listeners == LISTENERS
    assert one.honest or one.due > REQUESTS_S * EACH_S * 0.2 or one.open > 100, "it did attack"
    assert not one.why, "it was played to its end"
    assert not REFUSALS & one.failures.keys()
    # One listener may have met with the machine's own troubles.
    assert one.silent_share <= 1 / LISTENERS and one.stalled_share <= 1 / LISTENERS


@pytest.mark.parametrize("name", NOTHING_SERVED)
def test_what_no_listener_asks_for_is_not_given(name: str, found: dict[str, AttackFound]) -> None:
    assert found[name].served == 0


def test_one_pass_does_not_serve_many_places(found: dict[str, AttackFound]) -> None:
    replayed = found["pass_replay"]
    assert replayed.served < 0.5 * replayed.due


def test_people_came_in_meanwhile(found: dict[str, AttackFound]) -> None:
    """Who comes late in an attack is inside only in the next one's time."""
    assert sum(one.joined for one in found.values()) > 0


def test_the_control_room_saw_it_and_nobody_with_listeners_was_dropped(
    house: House, found: dict[str, AttackFound]
) -> None:
    seen = house.api("GET", "/api/shield")
    refused = sum(sum(moment["refused"].values()) for moment in seen["history"])
    assert refused > 0 and len(found) == len(PROFILES) + 1
    assert all(not ban["source"].startswith("127.0.0.") for ban in seen["bans"])


def test_no_source_that_attacked_stands_on_disk(
    house: House, found: dict[str, AttackFound]
) -> None:
    """Neither in data nor in logs: addresses live in memory and in the kernel alone."""
    assert found
    for path in house.data.parent.rglob("*"):
        if path.is_file():
            held = path.read_bytes()
            assert b"127.16." not in held and b"127.17." not in held, path
