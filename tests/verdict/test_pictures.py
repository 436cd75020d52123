"""The timeline is an SVG that parses, bounded in size, whatever the night."""

from __future__ import annotations

from xml.etree import ElementTree

import numpy as np
import pytest
from tests.verdict.nights import KERNEL, evening, promise

from rostra.verdict.pictures import timeline
from rostra.verdict.readings import HouseSaid, Mishap, night


@pytest.mark.parametrize("seconds", [1, 2, 7, 361, 5000])
def test_it_parses_and_stays_small(seconds: int) -> None:
    house = [HouseSaid(at_s=t, inside=t % 50, rung=t % 4) for t in range(seconds)]
    of = night(promise(), [], house, [], KERNEL, first_speech_s=65)
    svg = timeline(of, np.zeros(seconds), "fr")
    ElementTree.fromstring(svg)
    assert len(svg) < 60_000


def test_lost_capacity_is_drawn() -> None:
    down = (Mishap(subject="edge-1", from_s=100, until_s=130),)
    plain, faulty = (evening(mishaps=m) for m in ((), down))
    drawn = [timeline(of, np.zeros(240), "en").count("<rect") for of in (plain, faulty)]
    assert drawn[1] == drawn[0] + 1


def test_nothing_is_no_picture() -> None:
    assert timeline(night(promise(), [], [], [], KERNEL), np.zeros(0), "en") == ""
