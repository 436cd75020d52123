"""What a person who comes spends at a real edge, with the real page: no more than is explained."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from rostra.ground.shield_values import ShieldTally
from rostra.shield.prices import SIGNED
from rostra.shield.terms import ARRIVAL
from tests.live.conftest import until
from tests.pages.conftest import Visit
from tests.pages.real_edge import EVENT_ID, real_edge

pytestmark = pytest.mark.live


@pytest.mark.parametrize("difficulty", [0, 2], ids=["in peace", "with a challenge"])
def test_a_person_with_an_empty_cache_spends_no_more_than_their_ticket_explains(
    difficulty: int, tmp_path: Path, chromium: Browser
) -> None:
    with real_edge(tmp_path) as edge:
        edge.open_doors()
        edge.shield(difficulty)
        tallies: list[ShieldTally] = []

        def told() -> ShieldTally:
            tally = edge.edge.tally(time.monotonic()).shield
            assert tally is not None
            tallies.append(tally)
            return tally

        context = chromium.new_context()
        visit = Visit(context.new_page(), f"http://127.0.0.1:{edge.port}")
        visit.page.goto(f"{visit.address}/e/{EVENT_ID}")
        until(lambda: told().vouched == 1, "the ticket was seen")
        context.close()
        until(lambda: edge.edge.desk.connections == 0, "the browser is gone")
        told()
        spent = sum(tally.spent for tally in tallies)
        explained = sum(tally.explained for tally in tallies)
        print(f"a person who comes: {spent:.1f} units, {explained:.1f} of them explained")
        assert SIGNED < spent <= ARRIVAL
        assert not any(tally.refused for tally in tallies)
