"""From the ledger's records and their certificate to the verdict's own readings."""

from __future__ import annotations

import random
from collections.abc import Sequence

import msgspec
import numpy as np

from rostra.evidence.record import AnyRecord, ControlSecond, EdgeSecond, Happened, Sealed
from rostra.ground.refusals import Refusal
from rostra.rehearsal.certificate import MEDIA_RUNGS, allowed, read
from rostra.rehearsal.findings import Certificate
from rostra.rehearsal.law import backoff_s
from rostra.verdict import thresholds as limits
from rostra.verdict.readings import (
    Bounds,
    EdgeSaid,
    Floats,
    HouseSaid,
    Mishap,
    Night,
    Promise,
    night,
)

# Refusals for want of room, whoever asked; the others are for what a client did.
ROOM = frozenset(
    {
        "house_busy", "connections_full", "edge_closing", "playlist_stalled", "no_place_free",
        "connections_crowded", "shield_failed",
    }
)  # fmt: skip
STALLED_S = 10  # that a player was out of sound, when it says at its renewal that it was
DOOR_SHARE = 0.85  # of what a house bears, the door lets in: for a rung without a step of its own
BEYOND_MOST = 1.25  # of the most that was tried: further, a capacity is not extrapolated
UNMEASURED = (0.8, 1.25)
KERNEL_S, KERNEL_DRAWS, GOES_ON = 10, 4000, 0.6


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """What a ledger says of its night. `over`: whether the event ended in it."""

    event_id: str
    start_s: int
    night: Night
    thresholds: limits.Thresholds
    model: str
    over: bool


def told(records: Sequence[AnyRecord]) -> Told:
    """The night of these records, in the ledger's order.

    ValueError where the first is not `Sealed`, a threshold is none, or nothing was promised.
    """
    if not records or not isinstance(records[0], Sealed):
        raise ValueError("the ledger does not begin with what was sealed")
    first = records[0]
    happened = [r for r in records if isinstance(r, Happened)]
    last_s = max(r.at_ms for r in records) // 1000
    edges = _edges([r for r in records if isinstance(r, EdgeSecond)])
    house = [_house(r) for r in records if isinstance(r, ControlSecond)]
    speech = next((r.from_ms or r.at_ms for r in happened if r.what == "first_speech"), None)
    return Told(
        event_id=first.event_id,
        start_s=first.start_ms // 1000,
        night=night(
            promise(first),
            edges,
            house,
            mishaps(happened, last_s),
            kernel(),
            None if speech is None else speech / 1000,
        ),
        thresholds=limits.sealed(first.thresholds),
        model=first.model,
        over=any(r.what == "phase" and r.subject in {"ended", "posted"} for r in happened),
    )


def kernel() -> Floats:
    """The chance that one who was refused asks again 0, 1, 2 … s later, by the page's law."""
    chance = random.Random(1)  # noqa: S311
    found = np.zeros(KERNEL_S)
    for _ in range(KERNEL_DRAWS):
        attempt = 0
        while attempt < 5 and chance.random() < GOES_ON:
            attempt += 1
        second = int(backoff_s(attempt, chance))
        if second < KERNEL_S:
            found[second] += 1 / KERNEL_DRAWS
    return found


def promise(first: Sealed) -> Promise:
    """What was sealed, as the readings take it.

    A certificate that cannot be read, is void or allows nothing is none: the capacity is then what
    the house went by, and the basis "none".
    """
    certificate = _certificate(first.certificate)
    permits = allowed(certificate) if certificate else None
    if certificate is None or permits is None:
        capacity = tuple(_guess(listeners) for listeners in first.capacity)
        basis, share = "none", 1.0
    else:
        capacity = _bounds(certificate, permits[0])
        basis = "lapsed" if first.lapsed else "certificate"
        went = max(first.capacity, default=0)
        share = min(1.0, went / max(permits[0])) if went else 1.0
    return Promise(
        start_s=first.start_ms // 1000,
        capacity=capacity,
        joins_s=first.joins_permille / 1000,
        edges=first.edges,
        basis=basis,
        set_share=share,
    )


def _certificate(text: str) -> Certificate | None:
    found = read(text.encode()) if text else None
    return None if found is None or isinstance(found, Refusal) else found[0]


def _guess(listeners: float) -> Bounds:
    point = listeners / DOOR_SHARE
    return Bounds(point, point * UNMEASURED[0], point * UNMEASURED[1])


def _bounds(certificate: Certificate, permits: tuple[int, ...]) -> tuple[Bounds, ...]:
    """Of each rung: between the most that was carried and the least that was not."""
    rows = {row.rung: row for row in certificate.findings.rungs}
    out = []
    for rung in range(MEDIA_RUNGS):
        row = rows.get(rung)
        if row is None or row.carried <= 0:
            out.append(_guess(permits[rung]))
        elif row.knee is not None and row.knee >= row.carried:
            point = float(np.sqrt(row.carried * row.knee))
            out.append(Bounds(point, float(row.carried), float(row.knee)))
        else:  # its limit was not reached: not far beyond what was tried
            point = float(min(max(row.carried, permits[rung]), BEYOND_MOST * row.carried))
            out.append(Bounds(point, float(row.carried), BEYOND_MOST * row.carried))
    return tuple(out)


def _edges(records: Sequence[EdgeSecond]) -> list[EdgeSaid]:
    """Two processes that say they are the same edge in the same second are two."""
    runs: dict[tuple[str, int], str] = {}
    out = []
    for r in records:
        at = r.at_ms // 1000
        own = runs.setdefault((r.by, at), r.run)
        out.append(
            EdgeSaid(
                at_s=at,
                edge=r.by if own == r.run else f"{r.by} ({r.run[:8]})",
                strata={s: (v.clients, v.requests, v.cost) for s, v in r.strata.items()},
                refused=sum(n for code, n in r.refused.items() if code in ROOM),
                busy=min(1.0, r.busy_permille / 1000),
                lag_ms=r.lag_ms,
                issued=r.issued,
                stalled=r.stalled * STALLED_S,
            )
        )
    return out


def _house(r: ControlSecond) -> HouseSaid:
    return HouseSaid(
        at_s=r.at_ms // 1000,
        rung=r.rung,
        cap=r.cap,
        held=r.held,
        waiting=r.waiting,
        inside=r.inside,
    )


def mishaps(happened: Sequence[Happened], last_s: int) -> list[Mishap]:
    """Processes that were down: from each `fault` to its `back`, or to `last_s`."""
    out: list[Mishap] = []
    since: dict[str, tuple[int, str]] = {}
    for r in happened:
        at = (r.from_ms or r.at_ms) // 1000
        if r.what == "fault":
            since.setdefault(r.subject, (at, r.reason))
        elif r.what == "back" and r.subject in since:
            begin, reason = since.pop(r.subject)
            until = (r.until_ms or r.at_ms) // 1000
            out.append(Mishap(subject=r.subject, from_s=begin, until_s=until, reason=reason))
    for subject, (begin, reason) in since.items():
        out.append(Mishap(subject=subject, from_s=begin, until_s=last_s + 1, reason=reason))
    return out
