"""Capacity: how many listeners each rung carries here, and how many may join a second."""

from __future__ import annotations

from typing import Literal

import msgspec

from rostra.admission.ladder import LADDER, MEDIA_RUNGS

CORES_SHARE = 0.5  # nobody has rehearsed this machine yet: half of it is left alone
STATE_S = 0.5  # requests a second for the state, of a page that listens
FILES_SHARE = 0.8  # of the connections that the file limits allow
# A join is a page, its assets, a ticket, a pass (two signatures) and the first playlists and
# segments: about as much work as so many requests for prepared bytes. It may take a fifth of what
# the audience may use, so that those inside are never made to wait for those who come.
JOIN_REQUESTS = 40
JOIN_SHARE = 0.2


class Capacity(msgspec.Struct, frozen=True):
    """Listeners for each of the rungs 0 to 3, and joins a second."""

    listeners: tuple[int, int, int, int]
    joins_s: float
    source: Literal["certificate", "measured at start"]


def defaults(cost_us: float, cores: int, connections: int) -> Capacity:
    """What to begin with before there is a certificate; careful on purpose.

    `cost_us`: CPU-µs of one request for prepared bytes, as measured at start; `cores`: those that
    the edges may use; `connections`: the files that all edges together may open. A listener holds
    one connection. ValueError where one of them is not positive.
    """
    if cost_us <= 0 or cores <= 0 or connections <= 0:
        raise ValueError("cost, cores and connections must be positive")
    requests_s = cores * CORES_SHARE * 1e6 / cost_us
    held = int(connections * FILES_SHARE)
    most = [
        max(1, min(int(requests_s / (rung.requests_s + STATE_S)), held))
        for rung in LADDER[:MEDIA_RUNGS]
    ]
    joins_s = max(1.0, requests_s * JOIN_SHARE / JOIN_REQUESTS)
    return Capacity((most[0], most[1], most[2], most[3]), joins_s, "measured at start")


def without(capacity: Capacity, places: int) -> Capacity:
    """What is left for the line where so many places were given out beforehand (lanes)."""
    zero, one, two, three = (max(0, most - places) for most in capacity.listeners)
    return msgspec.structs.replace(capacity, listeners=(zero, one, two, three))
