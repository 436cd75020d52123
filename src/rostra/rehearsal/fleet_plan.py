"""Fleet plan: what a larger crowd would take, from a certificate, and how far to trust that."""

from __future__ import annotations

import math
from typing import Literal, TypeAlias

import msgspec

from rostra.ground.refusals import Refusal
from rostra.rehearsal.certificate import MEDIA_RUNGS, allowed
from rostra.rehearsal.findings import Certificate, Interval, RungFound

LISTENERS_MOST = 1_000_000_000
PLAUSIBLE, DOUBTFUL = 2.0, 10.0  # times what was carried: beyond the last one it is a guess
Trust: TypeAlias = Literal["seen", "plausible", "doubtful", "guess"]


class Prices(msgspec.Struct, frozen=True, kw_only=True):
    """What the user pays, in one currency; None: not told, and then not reckoned."""

    machine_hour: float | None = None  # one machine as it was rehearsed
    egress_gb: float | None = None  # 10**9 bytes from the machines to the listeners
    cache_gb: float | None = None  # 10**9 bytes from somebody's cache to the listeners
    currency: str = ""


class Assumptions(msgspec.Struct, frozen=True, kw_only=True):
    """What no rehearsal can know. All of them are shown beside the result.

    `utilisation`: share of its cores that a machine may use where cost alone limits it. `spare`:
    machines beyond the need, as a share. `wire`: bytes on the wire for one of the body (headers,
    TLS, TCP, IP). `caches`: places of a cache that fetch from the origin, each object once.
    `renditions`: those that are asked for. `renew_s`, `renew_us`: between a listener's renewals of
    a pass, and an edge's CPU-µs for one (`make bench-door`); they reach the origin behind any
    cache.
    """

    utilisation: float = 0.6
    spare: float = 0.25
    hours: float = 2.0
    link_bit_s: float = 10e9
    wire: float = 1.1
    connections_each: float = 1.0
    caches: int = 50
    renditions: int = 3
    renew_s: float = 60.0
    renew_us: float = 130.0


class Machines(msgspec.Struct, frozen=True, kw_only=True):
    """Machines like the rehearsed one, and no cache. `bounds`: listeners of one, by what limits."""

    bounds: dict[str, int]
    bound_by: str
    each: int
    count: int  # with those to spare
    edges: int  # processes
    admit_s: float | None  # until the line has let everybody in
    cost: float | None  # of the whole evening


class Cached(msgspec.Struct, frozen=True, kw_only=True):
    """One origin behind a cache. Everything is what reaches the origin, a second."""

    media_s: float
    door_s: float
    bit_s: float
    cores: float
    busy: float  # of the cores that the rehearsed machine's edges may use
    cost: float | None  # of the cache's bytes and of one machine


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """A crowd at one rung. `cores`: busy ones, with the interval of the measured cost.

    `measured_rung`: whose cost is used, a dearer one where `rung` itself was not measured.
    `factor`: listeners for one that was carried. `trusted_to`: up to how many listeners the plan is
    seen, plausible, doubtful.
    """

    certificate: str
    listeners: int
    rung: int
    measured_rung: int
    carried: int
    factor: float
    trust: Trust
    trusted_to: dict[str, int]
    cores: Interval
    requests_s: float | None
    egress_bit_s: float
    egress_gb: float
    connections: int
    machines: Machines
    cached: Cached | None
    prices: Prices
    assumptions: Assumptions


def _refused(code: str, message: str) -> Refusal:
    return Refusal(f"plan_{code}", 422, message)


def check(listeners: int, rung: int, prices: Prices, assumptions: Assumptions) -> str:
    """What is wrong with what was given, in words; empty if nothing is."""
    told = [prices.machine_hour, prices.egress_gb, prices.cache_gb]
    if not 1 <= listeners <= LISTENERS_MOST:
        return f"listeners must be from 1 to {LISTENERS_MOST:,}"
    if not 0 <= rung < MEDIA_RUNGS:
        return f"there is sound at the rungs 0 to {MEDIA_RUNGS - 1} only"
    if any(price is not None and not 0 <= price < math.inf for price in told):
        return "a price must be 0 or more"
    if not 0 < assumptions.utilisation <= 1:
        return "utilisation must be above 0 and at most 1"
    if not 0 <= assumptions.spare < math.inf:
        return "spare must be 0 or more"
    more_than_none = ("hours", "link_bit_s", "connections_each", "caches", "renditions")
    for name in (*more_than_none, "renew_s", "renew_us"):
        if not 0 < getattr(assumptions, name) < math.inf:
            return f"{name} must be above 0"
    if not 1 <= assumptions.wire < math.inf:
        return "wire must be 1 or more"
    return ""


def plan(
    certificate: Certificate,
    listeners: int,
    rung: int,
    prices: Prices | None = None,
    assumptions: Assumptions | None = None,
) -> Plan | Refusal:
    """What `listeners` at `rung` take. Refused where the certificate has nothing to say on it."""
    prices, assumptions = prices or Prices(), assumptions or Assumptions()
    wrong = check(listeners, rung, prices, assumptions)
    if wrong:
        return _refused("wrong", wrong[0].upper() + wrong[1:] + ".")
    may = allowed(certificate)
    if may is None:
        return _refused("void", f"Certificate {certificate.number} is void: nothing follows of it.")
    rows = [
        row
        for row in certificate.findings.rungs
        if row.rung <= rung and row.carried > 0 and row.cpu_us.value > 0
    ]
    if not rows:
        return _refused("rung", f"Neither rung {rung} nor a dearer one was carried in rehearsal.")
    row = max(rows, key=lambda found: found.rung)
    factor = listeners / row.carried
    egress = listeners * row.body_bytes * 8 * assumptions.wire
    gigabytes = egress / 8 * assumptions.hours * 3600 / 1e9
    requests = _requests(certificate, row.rung)
    return Plan(
        certificate=certificate.number,
        listeners=listeners,
        rung=rung,
        measured_rung=row.rung,
        carried=row.carried,
        factor=factor,
        trust=trust(factor),
        trusted_to={
            "seen": row.carried,
            "plausible": int(PLAUSIBLE * row.carried),
            "doubtful": int(DOUBTFUL * row.carried),
        },
        cores=_scaled(row.cpu_us, listeners / 1e6),
        requests_s=None if requests is None else requests * listeners,
        egress_bit_s=egress,
        egress_gb=gigabytes,
        connections=math.ceil(listeners * assumptions.connections_each),
        machines=_machines(
            certificate, listeners, row, may[0][rung], may[1], gigabytes, prices, assumptions
        ),
        cached=None
        if requests is None
        else _cached(certificate, listeners, row, requests, gigabytes, prices, assumptions),
        prices=prices,
        assumptions=assumptions,
    )


def trust(factor: float) -> Trust:
    """How far to believe a number that is `factor` times what was seen."""
    if factor <= 1:
        return "seen"
    return "plausible" if factor <= PLAUSIBLE else "doubtful" if factor <= DOUBTFUL else "guess"


def _scaled(interval: Interval, by: float) -> Interval:
    return Interval(interval.value * by, interval.low * by, interval.high * by)


def _requests(certificate: Certificate, rung: int) -> float | None:
    """Requests of one listener-second, as the largest carried step had them."""
    steps = [
        step
        for step in certificate.findings.steps
        if step.rung == rung and step.carried and not step.void and step.heard_s > 0
    ]
    if not steps:
        return None
    step = max(steps, key=lambda one: one.listeners)
    return step.requests_s / step.heard_s


def _machines(
    certificate: Certificate,
    listeners: int,
    row: RungFound,
    may: int,
    joins_s: float,
    gigabytes: float,
    prices: Prices,
    assumptions: Assumptions,
) -> Machines:
    edges = max(1, certificate.house.edges)
    bounds = {"certificate": may}
    if row.body_bytes > 0:
        wire_bits = row.body_bytes * 8 * assumptions.wire
        bounds["link"] = int(assumptions.link_bit_s / wire_bits)
    most = certificate.house.settings_said.get("edge.max_connections")
    if isinstance(most, int | float) and most > 0:
        bounds["connections"] = int(edges * most / assumptions.connections_each)
    bound_by = min(bounds, key=lambda name: bounds[name])
    each = max(1, bounds[bound_by])
    count = math.ceil(math.ceil(listeners / each) * (1 + assumptions.spare))
    cost = None
    if prices.machine_hour is not None or prices.egress_gb is not None:
        hours = count * assumptions.hours * (prices.machine_hour or 0.0)
        cost = hours + gigabytes * (prices.egress_gb or 0.0)
    return Machines(
        bounds=bounds,
        bound_by=bound_by,
        each=each,
        count=count,
        edges=count * edges,
        admit_s=listeners / (joins_s * count) if joins_s > 0 else None,
        cost=cost,
    )


def _cached(
    certificate: Certificate,
    listeners: int,
    row: RungFound,
    requests: float,
    gigabytes: float,
    prices: Prices,
    assumptions: Assumptions,
) -> Cached:
    """All listeners of a rendition ask for the same objects, and each cache asks once for each."""
    media = min(requests * assumptions.renditions * assumptions.caches, requests * listeners)
    door = listeners / assumptions.renew_s
    cores = (media * row.cpu_us.value / requests + door * assumptions.renew_us) / 1e6
    told = certificate.house.machine_said.get("cores")
    edges = max(1, certificate.house.edges)
    own = min(edges, told) if isinstance(told, int) and told > 0 else edges
    cost = None
    if prices.machine_hour is not None or prices.cache_gb is not None:
        machine = assumptions.hours * (prices.machine_hour or 0.0)
        cost = machine + gigabytes * (prices.cache_gb or 0.0)
    return Cached(
        media_s=media,
        door_s=door,
        bit_s=media / requests * row.body_bytes * 8 * assumptions.wire,
        cores=cores,
        busy=cores / (own * assumptions.utilisation),
        cost=cost,
    )
