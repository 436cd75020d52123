"""A crowd of our players and an edge that says no for ten seconds: what they make of it.

The law before this one (hls.js repeated by itself what was refused, nothing obeyed Retry-After for
media, and all that was missed was fetched later) sent up to 3.8 times the usual in one second.
"""

from __future__ import annotations

from collections import Counter

import pytest
from tests.rehearsal.pretend import House, Night, person

from rostra.delivery.strain import Strain
from rostra.rehearsal.asks import Ask

FROM_S, UNTIL_S, LAST_S = 20, 30, 40
USUAL_S = 12  # two of the longest segments
MOST = 2.25  # times their usual rate, in any second; over all the refusals hardly more than it


class Refusing(House):
    """Its refusals say when to come back as an edge's do: each connection at another time."""

    def __init__(self, status: int) -> None:
        super().__init__(rtt_s=0.03)
        self.status, self.strain = status, Strain()

    def answer(
        self, ask: Ask, tab: int, now: float
    ) -> tuple[float, int | str, float | None, bytes]:
        if self.status:
            wait_s = float(self.strain.retry_after_s(tab))
            self.errs = [(FROM_S, UNTIL_S, self.status, wait_s)]
        return super().answer(ask, tab, now)


def rates(rung: int, players: int, status: int) -> tuple[float, list[float]]:
    """(usual requests a second and player, that of each second from the first refusal on)."""
    house = Refusing(status)
    house.rungs = [(-1e9, rung)]
    if not status:
        house.refuses = [(FROM_S, UNTIL_S)]
    night = Night(house)
    night.come(person(number, 0.5 + 5 * number / players) for number in range(players))
    seconds = night.run(LAST_S)
    assert seconds[-1].stalled < players / 50, "they came back"
    asked = Counter(int(at) for at, _, _ in house.asked)
    usual = sum(asked[second] for second in range(FROM_S - USUAL_S, FROM_S)) / USUAL_S
    return usual / players, [asked[second] / players for second in range(FROM_S, LAST_S)]


@pytest.mark.parametrize(
    ("rung", "players", "status"),
    [
        pytest.param(3, 10_000, 503, id="ten thousand of economy, busy"),
        pytest.param(0, 1_000, 503, id="low latency, busy"),
        pytest.param(0, 1_000, 429, id="low latency, refused"),
        pytest.param(0, 1_000, 0, id="low latency, no connection"),
        pytest.param(2, 1_000, 503, id="plain segments, busy"),
        pytest.param(3, 1_000, 0, id="economy, no connection"),
    ],
)
def test_ten_seconds_of_refusals_are_not_answered_with_a_storm(
    rung: int, players: int, status: int
) -> None:
    usual, each = rates(rung, players, status)
    during = each[: UNTIL_S - FROM_S]
    assert sum(during) / len(during) < 1.25 * usual
    print(
        f"rung {rung}, {status or 'no connection'}: usual {usual:.2f} a second and player, "
        f"refused {sum(during) / len(during) / usual:.2f} x, most {max(each) / usual:.2f} x"
    )
    assert max(each) <= MOST * usual, [round(rate / usual, 2) for rate in each]
