"""The ladder: what each rung gives a listener and what it costs (docs/reference/ladder.md)."""

from __future__ import annotations

import msgspec

MEDIA_RUNGS = 4  # 0 to 3; above them an outsider gets the state only
HOUSE_FULL = 4
LIVE_FAILED = 5
REASONS = {
    "rung_best": "everybody who wants to can have the best",
    "rung_demand": "more people want to listen than this machine carries at a better rung",
    "rung_edge_busy": "the edges are too busy for the better rung",
    "rung_loop_lag": "the edges answer too late at the better rung",
    "rung_operator": "the operator chose it",
    "rung_house_full": "the machine carries no more listeners, and people wait",
    "rung_live_failed": "there is no live sound; the recording goes on",
    "rung_recovered": "there is room for more again",
}


class Rung(msgspec.Struct, frozen=True, kw_only=True):
    """One level of service.

    `requests_s`: requests a second of one listener, playlists and media together; `bit_s`: bits a
    second of the rendition that a page chooses there, media only. Both are what a rung costs an
    edge; for those outside (rungs 4 and 5) it is the state alone.
    """

    number: int
    gives: str
    requests_s: float
    bit_s: int


# A part of AAC is 24 chunks' frames of 1024 samples, 0.512 s; a playlist and a part for each.
# bit_s: average bandwidths of packaging/renditions.py (a test of that room's table holds them).
LADDER = (
    Rung(
        number=0,
        gives="LL-HLS, parts of half a second, about 2 s behind the voice",
        requests_s=2 / 0.512,
        bit_s=80_000,
    ),
    Rung(
        number=1,
        gives="LL-HLS, parts of a second, about 4 s behind the voice",
        requests_s=2 / 1.024,
        bit_s=80_000,
    ),
    Rung(
        number=2,
        gives="HLS, segments of 4 s, no request is held",
        requests_s=2 / 4.096,
        bit_s=80_000,
    ),
    Rung(
        number=3,
        gives="HLS, segments of 6 s, economy bit rate",
        requests_s=2 / 6.144,
        bit_s=36_000,
    ),
    Rung(
        number=HOUSE_FULL,
        gives="house full: those inside keep rung 3, the others their place and get the replay",
        requests_s=0.1,
        bit_s=0,
    ),
    Rung(
        number=LIVE_FAILED,
        gives="posted later: the stage records on, the replay comes by its deadline",
        requests_s=0.2,
        bit_s=0,
    ),
)


def document() -> str:
    """The table as a page in Markdown (docs/reference/ladder.md is this)."""
    lines = [
        "# The ladder",
        "",
        "What a listener gets at each rung, and what one listener costs an edge there: requests a",
        "second, and bits a second of media. The same frames are cut several ways, so a rung costs",
        "no second encoder. The controller goes down after 3 s of need and up again after 60 s of",
        "clear headroom, one rung at a time; rung and reason stand in `state.json`. An operator's",
        "cap makes the house full but never worsens the rung. This page is made from",
        "`src/rostra/admission/ladder.py`.",
        "",
        "| rung | what a listener gets | requests/s | bit/s |",
        "| --- | --- | --- | --- |",
    ]
    lines += [
        f"| {rung.number} | {rung.gives} | {rung.requests_s:.2f} | {rung.bit_s:,} |"
        for rung in LADDER
    ]
    lines += ["", "| reason | in words |", "| --- | --- |"]
    lines += [f"| `{code}` | {words} |" for code, words in REASONS.items()]
    return "\n".join(lines) + "\n"
