"""A script's night with no server."""

from __future__ import annotations

import json
import re
from pathlib import Path

import msgspec
import numpy as np
import pytest
from tests.rehearsal.certificates import KEY, certificate, changed

from rostra.admission.simulated import NEVER
from rostra.rehearsal import scripts_io, simulate_io
from rostra.rehearsal.certificate import seal
from rostra.rehearsal.night_told_io import Simulated, found
from rostra.rehearsal.script import Script
from rostra.rehearsal.simulate_io import (
    assumed,
    behind_a_cache,
    of_certificate,
    simulate,
    times,
)
from rostra.rehearsal.trouble import RehearsalTrouble


def script(name: str) -> Script:
    found = scripts_io.load(name)
    assert isinstance(found, Script)
    return found


def test_the_same_script_makes_the_same_night() -> None:
    house = assumed(2, 20_000)
    first, second = (
        simulate(script("spike"), 3_000, house.capacity, house.costs) for _ in range(2)
    )
    assert (first.admitted_s == second.admitted_s).all()
    assert first.seconds == second.seconds


def test_everyone_who_came_was_let_in_or_left() -> None:
    house = assumed(1, 4_000)
    night = script("mention")
    evening = simulate(night, 8_000, house.capacity, house.costs)
    told = found(night, house, evening, 1.0)
    assert told.let_in + told.gave_up == 8_000
    assert told.let_in == (evening.admitted_s != NEVER).sum()
    assert told.inside_most <= max(told.listeners)
    assert told.night.series["waiting"][-1] >= 0
    assert min(told.night.series["waiting"]) >= 0
    lengths = {len(told.night.series[n]) for n in ("at_s", "inside", "waiting", "rung", "busy")}
    assert len(lengths) == 1


def test_the_waiting_curve_and_the_waits_say_the_same() -> None:
    """Little's law: the area below the curve is the sum of all waits."""
    house = assumed(1, 4_000)
    night = script("spike")
    evening = simulate(night, 5_000, house.capacity, house.costs)
    told = found(night, house, evening, 1.0)
    came = evening.admitted_s != NEVER
    until_s = np.where(came, evening.admitted_s, np.minimum(evening.until_s, night.ends_s))
    waits_s = float((until_s - evening.arrived_s).sum())
    assert sum(told.night.series["waiting"]) == pytest.approx(waits_s, rel=0.02)


def test_more_machines_let_more_people_in() -> None:
    one = assumed(1, 2_000)
    night = script("spike")

    def let_in(machines: int) -> int:
        house = times(one, machines)
        evening = simulate(night, 10_000, house.capacity, house.costs)
        return found(night, house, evening, 1.0).let_in

    assert let_in(1) < let_in(3) < let_in(9)


def test_a_cache_in_front_takes_the_work_of_those_who_wait() -> None:
    house = times(assumed(1, 2_000), 1)
    cached = behind_a_cache(house)
    night = script("spike")
    busy = []
    for one in (house, cached):
        evening = simulate(night, 40_000, one.capacity, one.costs)
        busy.append(np.mean([second.busy for second in evening.seconds]))
    assert busy[1] < busy[0]
    assert cached.costs.listener_us == house.costs.listener_us


def test_a_certificate_gives_capacity_and_costs() -> None:
    house = of_certificate(certificate())
    assert house is not None
    assert house.capacity.listeners == (5_400, 10_800, 32_000, 32_000)
    assert house.capacity.joins_s == 280.0
    assert house.costs.listener_us == (70.2, 35.1, 8.8, 5.9)
    assert house.costs.cores == 2.0
    assert house.measured
    rungs = tuple(row for row in certificate().findings.rungs if row.rung != 1)
    partly = of_certificate(changed(certificate(), rungs=rungs))
    assert partly is not None
    assert partly.costs.listener_us[1] == pytest.approx(35.1, rel=0.4)  # by its requests
    assert of_certificate(changed(certificate(), void="generator_cpu")) is None


def test_the_command_reads_the_newest_certificate_and_writes_the_page(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "certificates"
    folder.mkdir()
    (folder / "1.json").write_bytes(seal(certificate(), KEY))
    html = tmp_path / "night.html"
    simulate_io.run(script("spike"), 2_000, certificate_path=folder, html=html, as_json=True)
    told = msgspec.json.decode(capfd.readouterr().out, type=Simulated)
    assert told.basis == "certificate 20261124-7f3a"
    assert told.night.people == 2_000
    page = html.read_text()
    assert page.count("<svg") == 1
    assert "2,000 people came" in page
    assert not re.search(r"(src|href)=.(?!#)", page)


def test_without_a_certificate_it_says_that_it_assumes(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    simulate_io.run(script("spike"), 500, certificate_path=tmp_path / "none", as_json=True)
    told = json.loads(capfd.readouterr().out)
    assert told["measured"] is False
    assert "assumed" in told["basis"]


def test_a_certificate_that_is_none_is_refused(tmp_path: Path) -> None:
    torn = tmp_path / "torn.json"
    torn.write_text("{}")
    void = tmp_path / "void.json"
    void.write_bytes(seal(changed(certificate(), void="generator_cpu"), KEY))
    for path, code in (
        (torn, "seal_unreadable"),
        (void, "certificate_allows_nothing"),
        (tmp_path / "missing.json", "certificate_unreadable"),
    ):
        with pytest.raises(RehearsalTrouble) as trouble:
            simulate_io.house_at(path)
        assert trouble.value.code == code
