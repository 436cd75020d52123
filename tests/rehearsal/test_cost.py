"""The cost of a listener-second is read from steps, with as much doubt as they leave."""

from __future__ import annotations

import numpy as np
import pytest

from rostra.rehearsal.cost import listener_second
from rostra.rehearsal.findings import Interval, Step


def step(listeners: int, each_us: float, idle_us: float = 0.0) -> Step:
    cores = (each_us * listeners + idle_us) / 1e6
    return Step(
        rung=0, listeners=listeners, seconds=8, carried=True, heard_s=listeners, edges_cpu=cores
    )


def test_a_line_is_found_again() -> None:
    cost, idle_us = listener_second([step(n, 80, 30_000) for n in (500, 1000, 2000, 4000)])
    assert cost.value == pytest.approx(80) and idle_us == pytest.approx(30_000)


def test_noise_widens_the_interval_and_the_truth_stays_in_it() -> None:
    chance = np.random.Generator(np.random.PCG64(3))
    crowds = [500, 1000, 1500, 2000, 3000, 4000]
    widths, held = [], 0
    for noise in (0.01, 0.1):
        width = 0.0
        for _ in range(10):
            steps = [step(n, 80 * (1 + noise * float(chance.standard_normal()))) for n in crowds]
            cost, _ = listener_second(steps)
            width += cost.high - cost.low
            held += cost.low <= 80 <= cost.high
        widths.append(width)
    assert widths[1] > 3 * widths[0]
    assert held >= 12  # of 20; six points leave the bootstrap a little too sure


def test_two_crowds_tell_a_mean_that_may_be_twice_as_much() -> None:
    cost, idle_us = listener_second([step(1000, 80), step(2000, 80), step(2000, 80)])
    assert [cost.low, cost.value, cost.high] == pytest.approx([40, 80, 160])
    assert idle_us == 0


def test_steps_without_a_reading_tell_nothing() -> None:
    assert listener_second([step(1000, 0), step(0, 80)]) == (Interval(0, 0, 0), 0)
    assert listener_second([]) == (Interval(0, 0, 0), 0)
