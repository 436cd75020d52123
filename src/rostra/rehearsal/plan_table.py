"""A fleet plan as a table: a row for each thing, a column for each rung; and what to doubt."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from rostra.rehearsal.fleet_plan import DOUBTFUL, PLAUSIBLE, Plan

TRUST = {
    "seen": "seen in rehearsal",
    "plausible": "plausible",
    "doubtful": "doubtful",
    "guess": "a guess",
}
_BOUND = {
    "certificate": "what was certified",
    "link": "network",
    "connections": "connections",
}


def many(value: float) -> str:
    """A number with three digits or all before the point."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def _bits(value: float) -> str:
    for unit, size in (("Tbit/s", 1e12), ("Gbit/s", 1e9), ("Mbit/s", 1e6)):
        if value >= size:
            return f"{many(value / size)} {unit}"
    return f"{many(value / 1e3)} kbit/s"


def _lasts(seconds: float) -> str:
    return f"{many(seconds / 60)} min" if seconds >= 90 else f"{seconds:.0f} s"


def _cost(value: float | None, plan: Plan) -> str:
    return "no price given" if value is None else f"{value:,.2f} {plan.prices.currency}".strip()


_ROWS: tuple[tuple[str, Callable[[Plan], str]], ...] = (
    ("carried in rehearsal", lambda p: f"{p.carried:,}"),
    ("times that", lambda p: f"{many(p.factor)} ×"),
    ("to be trusted", lambda p: TRUST[p.trust]),
    ("busy cores", lambda p: many(p.cores.value)),
    ("  95 % interval", lambda p: f"{many(p.cores.low)} to {many(p.cores.high)}"),
    ("requests a second", lambda p: "?" if p.requests_s is None else many(p.requests_s)),
    ("egress", lambda p: _bits(p.egress_bit_s)),
    ("  in all", lambda p: f"{many(p.egress_gb)} GB"),
    ("connections", lambda p: f"{p.connections:,}"),
    ("machines, no cache", lambda p: f"{p.machines.count:,}"),
    ("  edges (processes)", lambda p: f"{p.machines.edges:,}"),
    ("  listeners of one", lambda p: f"{p.machines.each:,}"),
    ("  limited by", lambda p: _BOUND.get(p.machines.bound_by, p.machines.bound_by)),
    (
        "  all are let in after",
        lambda p: "?" if p.machines.admit_s is None else _lasts(p.machines.admit_s),
    ),
    ("  cost", lambda p: _cost(p.machines.cost, p)),
    (
        "origin behind a cache: media/s",
        lambda p: "?" if p.cached is None else many(p.cached.media_s),
    ),
    ("  door (passes)/s", lambda p: "?" if p.cached is None else many(p.cached.door_s)),
    ("  egress", lambda p: "?" if p.cached is None else _bits(p.cached.bit_s)),
    ("  busy cores", lambda p: "?" if p.cached is None else many(p.cached.cores)),
    ("  machines' worth", lambda p: "?" if p.cached is None else many(p.cached.busy)),
    ("  cost with one machine", lambda p: "?" if p.cached is None else _cost(p.cached.cost, p)),
)
SECTION_ENDS = {"to be trusted", "connections", "  cost"}


def rows(plans: Sequence[Plan]) -> list[tuple[str, list[str]]]:
    """Name and cells of each row."""
    return [(name, [told(plan) for plan in plans]) for name, told in _ROWS]


def words(plans: Sequence[Plan]) -> list[str]:
    """What the table means, what it assumes and where it stops to be trusted."""
    said = [
        f"Rung {p.rung}: seen up to {p.trusted_to['seen']:,} listeners, plausible up to "
        f"{p.trusted_to['plausible']:,} ({PLAUSIBLE:g} ×), doubtful up to "
        f"{p.trusted_to['doubtful']:,} ({DOUBTFUL:g} ×), a guess beyond."
        for p in plans
    ]
    said += [
        f"Rung {p.rung} was not carried in rehearsal; the cost is that of rung {p.measured_rung}."
        for p in plans
        if p.measured_rung != p.rung
    ]
    first = plans[0]
    taken, prices = first.assumptions, first.prices
    said.append(
        f"Assumed: {taken.hours:g} h; {taken.spare:.0%} machines to spare; "
        f"{taken.link_bit_s / 1e9:g} Gbit/s a machine; {taken.wire:g} bytes on the wire for one "
        f"of sound; {taken.connections_each:g} connection(s) each; {taken.caches} caches asking "
        f"once for each object of {taken.renditions} renditions; a pass renewed each "
        f"{taken.renew_s:g} s for {taken.renew_us:g} CPU-µs."
    )
    if prices.machine_hour is not None and prices.egress_gb is None:
        said.append("The machines' cost is without egress: no price was given for it.")
    if prices.machine_hour is None and prices.egress_gb is not None:
        said.append("The machines' cost is egress alone: no price was given for a machine.")
    if any(p.cached is not None and p.cached.busy > 1 for p in plans):
        said.append(
            "More than one machine's worth reaches the origin: one origin does not carry that."
        )
    if any(p.machines.count > 1 for p in plans):
        said.append(
            "More than one machine was not rehearsed: how they are fed and share the crowd is not "
            "in these numbers."
        )
    return said
