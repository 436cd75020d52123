"""Anyone can recompute a rank: the explanation's commands give what stands below them."""

from __future__ import annotations

import json
import shutil
import subprocess
from typing import Any

import pytest

from rostra.admission import draw
from rostra.admission.explain import STATE_INVALID, Explanation, door_of, explain, lines
from rostra.admission.refused import TICKET_INVALID, TICKET_OTHER_EVENT
from rostra.admission.tickets import Ticket, sign_ticket
from rostra.ground.door_values import Covered
from rostra.ground.facts import DoorSet
from rostra.ground.keys import KeyRing

RING = KeyRing((b"k" * 32,))
SECRET = bytes(range(32))
ID = "-AECAwQFBgcICQoLDA0ODw"
COVERED = (
    Covered(edge="edge-1", run="r1", issued=2, chain="ab" * 32),
    Covered(edge="edge-0", run="r9", issued=0, chain="00" * 32),
)
SHUT = DoorSet(event_id="ev", commitment=draw.commitment(SECRET).hex(), places_until_s=0)
OPEN = DoorSet(
    event_id="ev",
    commitment=draw.commitment(SECRET).hex(),
    places_until_s=0,
    secret=SECRET.hex(),
    seed=draw.seed(SECRET, COVERED).hex(),
    covered=COVERED,
    opened_at_s=1_800_000_000,
)


def token(arrived_s: int = 1_800_000_025, lane: str = "") -> str:
    ticket = Ticket(
        event_id="ev", ticket_id=ID, arrived_s=arrived_s, expires_s=1_900_000_000, lane=lane
    )
    return sign_ticket(ticket, RING)


def explained(door: DoorSet = OPEN, ring: KeyRing | None = RING, **ticket: Any) -> Explanation:
    found = explain(token(**ticket), door, ring, 3 << 32 | 1 << 31)
    assert isinstance(found, Explanation)
    return found


def replaced(**changes: Any) -> DoorSet:
    import msgspec

    return msgspec.structs.replace(OPEN, **changes)


def test_a_sound_ticket_is_recomputed_to_its_rank() -> None:
    found = explained()
    assert found.signature_holds and found.commitment_holds and found.seed_holds and found.sound
    assert found.cohort == 3
    assert found.fraction == draw.fraction(bytes.fromhex(OPEN.seed), ID)
    assert found.rank == (3 << 32) + found.fraction
    assert found.admitted == (found.fraction <= 1 << 31)


@pytest.mark.skipif(shutil.which("xxd") is None, reason="xxd is not installed")
@pytest.mark.parametrize("covered", [COVERED, ()])
def test_each_command_gives_the_value_below_it(covered: tuple[Covered, ...]) -> None:
    text = lines(explained(replaced(covered=covered, seed=draw.seed(SECRET, covered).hex())))
    commands = [at for at, line in enumerate(text) if line.startswith("   $ ")]
    assert len(commands) == 4
    for at in commands:
        done = subprocess.run(
            ["bash", "-c", text[at][5:]], capture_output=True, text=True, check=True, timeout=20
        )
        assert done.stdout.split()[0] == text[at + 1].strip()


def test_before_the_doors_open_nobody_has_a_rank() -> None:
    found = explained(SHUT)
    assert found.rank is None and found.cohort is None and not found.admitted and found.sound
    assert "nobody has a rank" in lines(found)[-1]


def test_the_words_say_what_the_ticket_is_worth() -> None:
    text = "\n".join(lines(explained()))
    assert "3 = 1 + (1800000025 - 1800000000) / 10, rounded down" in text
    assert "signature  holds" in text and "NOT" not in text
    early = "\n".join(lines(explained(arrived_s=1_799_999_999)))
    assert "0: it came before the doors opened" in early and "may come in" in early
    late = "\n".join(lines(explained(arrived_s=1_800_009_999)))
    assert "not this ticket's turn" in late
    lane = explained(arrived_s=1_800_009_999, lane="press")
    assert lane.admitted and "lane       press" in "\n".join(lines(lane))


def test_without_the_key_the_rank_is_the_same_and_the_signature_unchecked() -> None:
    for ring in (None, KeyRing((b"other key" * 4,))):
        found = explained(ring=ring)
        assert found.signature_holds is None and found.sound
        assert found.rank == explained().rank
        assert "signature  not checked" in "\n".join(lines(found))


def test_an_altered_ticket_is_explained_but_not_sound() -> None:
    head, body, signature = token().split(".")
    found = explain(f"{head}.{body}.{'A' * 42 + 'A'}", OPEN, RING, -1)
    assert isinstance(found, Explanation)
    assert found.signature_holds is False and not found.sound
    assert "DOES NOT HOLD" in "\n".join(lines(found))
    assert signature != "A" * 43


def test_a_secret_that_was_not_committed_to_is_seen() -> None:
    found = explained(replaced(commitment="00" * 32))
    assert found.commitment_holds is False and not found.sound
    assert "IT IS NOT THE SAME" in "\n".join(lines(found))


def test_a_seed_that_was_not_drawn_from_what_was_covered_is_seen() -> None:
    found = explained(replaced(seed="00" * 32))
    assert found.seed_holds is False and not found.sound
    fewer = explained(replaced(covered=COVERED[:1]))
    assert fewer.seed_holds is False


def test_a_state_that_does_not_list_what_was_covered_leaves_the_seed_unchecked() -> None:
    found = explained(replaced(covered=()))
    assert found.seed_holds is None and found.sound
    assert "does not list what was covered" in "\n".join(lines(found))


def test_other_tokens_and_events_are_refused() -> None:
    other = DoorSet(event_id="other", commitment="", places_until_s=0)
    assert explain("nonsense", OPEN, RING, -1) is TICKET_INVALID
    assert explain(token(), other, RING, -1) is TICKET_OTHER_EVENT


def state(**door: Any) -> dict[str, Any]:
    whole = {
        "commitment": OPEN.commitment,
        "secret": OPEN.secret,
        "seed": OPEN.seed,
        "opened_at": "2027-01-15T08:00:00Z",
        "admitted_rank": 77,
        "covered": [[row.edge, row.run, row.issued, row.chain] for row in COVERED],
        "pace": 1.0,
    }
    return {"v": 1, "id": "ev", "title": "t", "door": whole | door}


def test_the_state_tells_the_draw() -> None:
    assert door_of(json.dumps(state()).encode()) == (OPEN, 77)
    shut = state(secret=None, seed=None, opened_at=None, admitted_rank=-1)
    del shut["door"]["covered"]
    assert door_of(json.dumps(shut).encode()) == (SHUT, -1)


@pytest.mark.parametrize(
    "wrong",
    [
        {"commitment": "zz"},
        {"seed": "$(reboot)"},
        {"opened_at": "soon"},
        {"opened_at": "2027-01-15T08:00:00"},
        {"admitted_rank": "1"},
        {"covered": [["edge';reboot;'", "r", 1, "ab" * 32]]},
        {"covered": [["edge", "r%s", 1, "ab" * 32]]},
        {"covered": [["edge", "r", -1, "ab" * 32]]},
        {"covered": [["edge", "r", 1]]},
    ],
)
def test_a_state_that_could_harm_who_copies_from_it_is_refused(wrong: dict[str, Any]) -> None:
    assert door_of(json.dumps(state(**wrong)).encode()) is STATE_INVALID


@pytest.mark.parametrize("raw", [b"", b"{}", b"[]", b'{"id":"ev"}', b"\xff"])
def test_what_is_no_state_is_refused(raw: bytes) -> None:
    assert door_of(raw) is STATE_INVALID
