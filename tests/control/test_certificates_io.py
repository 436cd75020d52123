"""A house goes by its newest certificate as long as nothing that matters has changed."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from rostra.admission.capacity import Capacity
from rostra.control import certificates_io
from rostra.control.certificates_io import (
    Standing,
    capacity_beside,
    connections,
    judged,
    keep,
    said,
    standing,
)
from rostra.rehearsal.certificate import seal
from rostra.rehearsal.findings import (
    Certificate,
    Findings,
    House,
    Interval,
    RungFound,
)

KEY = b"\1" * 32
HOUSE = House(
    build="b",
    settings="s",
    machine="m",
    version="1",
    settings_said={"edge.max_connections": 1000},
    machine_said={"cores": 2, "files": 400},
    edges=2,
)


def certificate(number: str, issued: str, *, void: str = "", carried: int = 600) -> Certificate:
    us = Interval(1.0, 1.0, 1.0)
    rungs = tuple(
        RungFound(
            rung=rung, carried=carried, knee=2 * carried, allowed=carried, basis="knee",
            cpu_us=us, body_bytes=1.0,
        )
        for rung in range(4)
    )  # fmt: skip
    findings = Findings(
        run="r", started=issued, ended=issued, program="", generators=(), steps=(), rungs=rungs,
        joins_s=Interval(50.0, 40.0, 60.0), void=void,
    )  # fmt: skip
    return Certificate(v=1, number=number, issued=issued, house=HOUSE, findings=findings)


def kept(data: Path, *those: Certificate, key: bytes = KEY) -> Standing:
    for one in those:
        keep(data, one.number, seal(one, key))
    return standing(data, HOUSE, KEY)


def test_without_a_certificate_it_says_how_to_make_one(tmp_path: Path) -> None:
    found = standing(tmp_path, HOUSE, KEY)
    assert (found.newest, found.capacity) == (None, None)
    assert "rostra rehearse" in found.why_not[0]


def test_the_newest_of_ones_own_counts(tmp_path: Path) -> None:
    found = kept(
        tmp_path,
        certificate("a", "2026-11-24T01:00:00Z"),
        certificate("b", "2026-11-25T01:00:00Z", carried=500),
    )
    assert found.newest is not None
    assert (found.newest.number, found.why_not) == ("b", ())
    assert found.capacity == Capacity((500,) * 4, 40.0, "certificate")


def test_nobody_elses_certificate_is_gone_by(tmp_path: Path) -> None:
    found = kept(tmp_path, certificate("a", "2026-11-24T01:00:00Z"), key=b"\2" * 32)
    assert found.newest is None


def test_what_was_changed_or_is_none_is_passed_over(tmp_path: Path) -> None:
    good = certificate("a", "2026-11-24T01:00:00Z")
    raw = seal(certificate("b", "2026-11-25T01:00:00Z"), KEY)
    keep(tmp_path, "b", raw.replace(b'"cores": 2', b'"cores": 3'))
    keep(tmp_path, "c", b"nonsense")
    assert kept(tmp_path, good).newest == good


def test_a_void_one_says_nothing_and_an_older_one_goes_on(tmp_path: Path) -> None:
    good = certificate("a", "2026-11-24T01:00:00Z")
    void = certificate("b", "2026-11-25T01:00:00Z", void="generator_cpu")
    assert kept(tmp_path, void).why_not == ("its rehearsal was void: generator_cpu",)
    assert kept(tmp_path, good, void).newest == good


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"build": "x"}, "program"),
        ({"settings": "x", "settings_said": {"edge.max_connections": 50}}, "1000, now 50"),
        ({"machine": "x", "machine_said": {"cores": 4}}, "cores: 2, now 4"),
    ],
)
def test_it_lapses_with_what_changed_and_says_so(changed: dict[str, object], says: str) -> None:
    now = msgspec.structs.replace(HOUSE, **changed)
    found = judged(certificate("a", "2026-11-24T01:00:00Z"), now)
    assert found.capacity is None
    assert says in found.why_not[0]


def test_no_more_than_the_edges_have_connections_for(tmp_path: Path) -> None:
    assert connections(HOUSE) == 800
    found = kept(tmp_path, certificate("a", "2026-11-24T01:00:00Z", carried=900))
    assert found.capacity is not None
    assert found.capacity.listeners == (800,) * 4


def test_a_certificate_can_be_read_by_its_owner_alone(tmp_path: Path) -> None:
    path = keep(tmp_path, "a", b"{}")
    assert path == certificates_io.folder(tmp_path) / "a.json"
    assert path.stat().st_mode & 0o077 == 0


def test_what_the_house_goes_by_is_said_in_words(tmp_path: Path) -> None:
    assert said(kept(tmp_path)).startswith("careful defaults.")
    good = certificate("n1", "2026-11-24T01:00:00Z")
    assert said(judged(good, HOUSE)) == (
        "600, 600, 600, 600 listeners at the rungs 0 to 3, by certificate n1"
    )
    other = msgspec.structs.replace(HOUSE, machine="x")
    assert said(judged(good, other)).startswith(
        "careful defaults. Certificate n1 does not hold: this is another machine"
    )


def without_knees(one: Certificate) -> Certificate:
    findings = one.findings
    rungs = tuple(msgspec.structs.replace(row, knee=None, basis="cost") for row in findings.rungs)
    joins_s = Interval(10.0, 10.0, 10.0)
    findings = msgspec.structs.replace(findings, rungs=rungs, joins_s=joins_s)
    return msgspec.structs.replace(one, findings=findings)


DEFAULTS = Capacity((1000, 2000, 8000, 500), 40.0, "measured at start")


def test_a_small_rehearsal_that_found_no_limit_takes_nothing_away() -> None:
    small = judged(without_knees(certificate("n1", "2026-11-24T01:00:00Z")), HOUSE)
    found = capacity_beside(small, DEFAULTS)
    assert found == Capacity((1000, 2000, 8000, 600), 40.0, "certificate")


def test_a_knee_below_the_defaults_disproves_them_all() -> None:
    found = capacity_beside(judged(certificate("n1", "2026-11-24T01:00:00Z"), HOUSE), DEFAULTS)
    assert found.listeners == (600, 600, 600, 600)


def test_what_lapsed_leaves_the_defaults() -> None:
    other = msgspec.structs.replace(HOUSE, machine="x")
    assert capacity_beside(judged(certificate("n1", ""), other), DEFAULTS) == DEFAULTS
