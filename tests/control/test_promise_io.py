"""What is sealed before an event begins."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any, cast

import msgspec
import pytest
from tests.control.test_certificates_io import HOUSE, KEY, certificate

from rostra.admission.capacity import Capacity
from rostra.control import promise_io
from rostra.control.certificates_io import keep
from rostra.control.door_record import DoorRecord
from rostra.control.doors_io import Doors, DoorSettings
from rostra.control.promise_io import TOO_LONG, Promise
from rostra.evidence.record import Sealed, decode, encode
from rostra.ground.facts import Event
from rostra.ground.sealed import public_key
from rostra.rehearsal.certificate import read, seal

EVENT = Event(event_id="abcdefghij", title="T", start_ms=1_796_000_000_000)


class _Doors:
    """As much of the doors as a promise asks for."""

    def __init__(self, cap: int = 0, **record: Any) -> None:
        capacity = Capacity((100, 200, 400, 600), 12.5, "measured at start")
        self.settings = DoorSettings(capacity=capacity, cap=cap, edges=("edge-0", "edge-1"))
        self.record = DoorRecord(secret=b"s", **record)

    def keeper(self, event_id: str) -> _Doors:
        return self


def promise(data: Path, doors: _Doors | None = None) -> Promise:
    return Promise(data, HOUSE, KEY, cast(Doors, doors or _Doors()), b"page")


def sealed(data: Path) -> Sealed:
    found = decode(encode(promise(data).sealed(EVENT, 5)))
    assert isinstance(found, Sealed)
    return found


def test_without_a_certificate_it_says_why(tmp_path: Path) -> None:
    found = sealed(tmp_path)
    assert (found.at_ms, found.event_id, found.start_ms) == (5, "abcdefghij", EVENT.start_ms)
    assert (found.capacity, found.joins_permille) == ((100, 200, 400, 600), 12_500)
    assert found.edges == ("edge-0", "edge-1")
    assert (found.certificate, found.certificate_hash) == ("", "")
    assert "rostra rehearse" in found.lapsed[0]
    assert found.definitions == hashlib.sha256(b"page").hexdigest()


def test_the_certificate_that_holds_is_in_it_with_its_signature(tmp_path: Path) -> None:
    kept = certificate("a", "2026-11-24T01:00:00Z")
    keep(tmp_path, "a", seal(kept, KEY))
    found = sealed(tmp_path)
    assert found.lapsed == ()
    assert read(found.certificate.encode()) == (kept, public_key(KEY))
    assert found.certificate_hash == hashlib.sha256(found.certificate.encode()).hexdigest()


def test_one_too_long_for_a_record_is_sealed_by_its_hash(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(promise_io, "CERTIFICATE_MOST", 100)
    keep(tmp_path, "a", seal(certificate("a", "2026-11-24T01:00:00Z"), KEY))
    found = sealed(tmp_path)
    assert (found.certificate, found.lapsed) == ("", (TOO_LONG,))
    assert len(found.certificate_hash) == 64


@pytest.mark.parametrize(
    ("doors", "cap", "held"),
    [
        (_Doors(), -1, False),
        (_Doors(cap=70), 70, False),
        (_Doors(cap=70, hold=True), 70, True),
    ],
)
def test_what_control_goes_by_now(tmp_path: Path, doors: _Doors, cap: int, held: bool) -> None:
    found = promise(tmp_path, doors).standing("abcdefghij")
    assert (found.capacity, found.cap, found.held) == ((100, 200, 400, 600), cap, held)
    doors.record = msgspec.structs.replace(doors.record, cap=0)
    assert promise(tmp_path, doors).standing("abcdefghij").cap == 0
