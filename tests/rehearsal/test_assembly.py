"""The findings say what was run, by whom, and what to doubt."""

from __future__ import annotations

from typing import Any

import pytest

from rostra.rehearsal import assembly
from rostra.rehearsal.findings import Findings, Step
from rostra.rehearsal.orders import Hello, Second
from rostra.rehearsal.paper_words import noted
from rostra.rehearsal.wish import Wish

HELLO = Hello(key="ab", name="here-0", files=20_000, cores=2, machine="m")


def step(listeners: int, void: str = "") -> Step:
    return Step(
        rung=0,
        listeners=listeners,
        seconds=8,
        carried=not void,
        void=void,
        heard_s=listeners,
        edges_cpu=listeners / 10_000,
        edges_busy=0.2,
        body_bytes_s=listeners * 9000.0,
    )


def found(wish: Wish, steps: list[Step], **fields: Any) -> Findings:
    usual: dict[str, Any] = {
        "run": "r",
        "started": "",
        "ended": "",
        "generators": (),
        "trials": (),
        "cores": 2.0,
        "faults": (),
        "night": None,
        "attacks": (),
        "cut_short": "",
        "lost": (),
    }
    return assembly.findings(wish, steps=steps, **(usual | fields))


def test_a_run_whose_steps_are_all_void_is_void() -> None:
    assert found(Wish(), [step(500, "generator_cpu")]).void == "every step was void"
    assert found(Wish(), []).void == "no step was finished"
    assert found(Wish(), [step(500), step(1000, "generator_cpu")]).void == ""


def test_only_rungs_that_were_tried_are_found() -> None:
    assert [row.rung for row in found(Wish(), [step(500), step(1000)]).rungs] == [0]


@pytest.mark.parametrize(
    ("whys", "said"),
    [
        (["withdrawn"], "withdrawn: the house withdrew it"),
        (["withdrawn", "withdrawn"], "withdrawn: the house withdrew it"),
        (["house_silent"], "house_silent: the house did not answer any more"),
        (["unreachable", "unreachable"], "house_silent: the house did not answer any more"),
        (["unreachable", "signal"], "broken_off: it could not go on (house_silent, signal)"),
        (["no_such_rehearsal"], "broken_off: it could not go on (no_such_rehearsal)"),
    ],
)
def test_a_run_that_cannot_go_on_says_whose_doing_it_is(whys: list[str], said: str) -> None:
    trouble = assembly.ended(*whys)
    assert f"{trouble.code}: {trouble}" == said


def test_what_was_not_done_is_said() -> None:
    notes = found(Wish(faults=False), [step(500)]).not_tested
    assert {"faults", "attacks"} <= set(notes)
    [levels] = [note for note in notes if note.startswith("service levels: ")]
    assert levels == "service levels: 1, 2, 3"
    assert noted("fr", levels) == "les niveaux de service\N{NARROW NO-BREAK SPACE}: 1, 2, 3"
    assert "faults" not in assembly.program(Wish(faults=False))
    assert "0, 3" in assembly.program(Wish(rungs=(0, 3)))


def test_generators_beside_the_house_and_lost_ones_are_doubts() -> None:
    each = {"here-0": [Second(at_s=1, cpu_fraction=0.4), Second(at_s=2, cpu_fraction=0.7)]}
    generators = assembly.generators([HELLO, HELLO], each, here=1)
    assert [one.same_machine for one in generators] == [True, False]
    assert generators[0].cpu_most == 0.7
    doubts = found(Wish(), [step(500)], generators=generators, lost=("here-0: gone",)).doubts
    assert any("shared the cores" in doubt for doubt in doubts)
    assert any("here-0: gone" in doubt for doubt in doubts)
