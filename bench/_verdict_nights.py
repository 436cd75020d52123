"""Nights with sealed truth, by dynamics of their own: edges with queues of work, half seconds.

Nothing here is shared with the judgement but the shape of what it reads: listeners stall by a
hazard and reload, work that waits too long is dropped, people grow impatient, the door adapts,
bots take tickets. The truth is found by running the same night again without causes: eight
variants of {crowd beyond the promise, attack, fault}. Harm: people minutes waiting or stalled above
the night with none of the three; a night is harmed above 2 % of the people minutes that were
wanted.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import product
from typing import Any

import numpy as np
import numpy.typing as npt

from rostra.verdict.readings import Bounds, EdgeSaid, HouseSaid, Mishap, Promise

Floats = npt.NDArray[np.float64]
KINDS = (
    "crowd", "over", "attack", "both", "either", "storm", "fault", "quiet", "mimic", "below",
    "attack and fault",
)  # fmt: skip
CROWD_ONLY = {"crowd", "over", "storm", "quiet"}
ATTACKS, HELD_ATTACK = ("flood", "solver", "scan", "mimic"), "replay"
FAULTS, HELD_FAULT = ("killed", "hog", "setting"), "slow disk"
SECONDS, DOORS, START, DT, EDGES = 600, 30, 90, 0.5, 4
VARIANTS = tuple(product((False, True), repeat=3))  # crowd, attack, fault
UNIT = 0.55  # units of a listener-second at the rung of the night
HARM_SHARE, DOOR_SHARE = 0.02, 0.85
# Ranges (log-uniform) of the audience and of the attack, over the capacity.
CROWDS = {
    "over": (1.05, 4.0), "either": (1.25, 3.5), "both": (0.85, 1.1), "quiet": (0.02, 0.2),
    "storm": (0.8, 1.4), "fault": (0.4, 1.0),
}  # fmt: skip
FORCES = {
    "attack": (0.5, 2.5), "both": (0.06, 0.3), "either": (0.35, 2.5), "mimic": (0.2, 1.5),
    "below": (0.003, 0.06), "attack and fault": (0.2, 1.5),
}  # fmt: skip
# Signs of each attack's clients, and how its units fall on them.
PATTERNS: dict[str, tuple[tuple[str, float], ...]] = {
    "flood": (("c", 0.2), ("cd", 0.8)),
    "solver": (("cf", 0.6), ("cfd", 0.3), ("c", 0.1)),
    "scan": (("cs", 0.5), ("cst", 0.3), ("csd", 0.2)),
    "replay": (("d", 0.7), ("nd", 0.3)),
    "mimic": (("ns", 0.5), ("n", 0.25), ("s", 0.12), ("", 0.13)),
}


@dataclass
class Sealed:
    """A night's truth and what was recorded of it. `entropy`: of sources, least, normalised."""

    kind: str
    truth: str
    attack: str
    fault: str
    uncertainty: float
    promise: Promise
    edges: list[EdgeSaid] = field(default_factory=list)
    house: list[HouseSaid] = field(default_factory=list)
    mishaps: list[Mishap] = field(default_factory=list)
    peak: float = 0.0  # requests of a second over what the promise asks
    entropy: float = 1.0


def answer(harmed: dict[tuple[bool, ...], bool]) -> str:
    """The word for which variants were harmed (crowd, attack, fault)."""
    if not harmed[True, True, True]:
        return "NO HARM"
    ours, theirs = harmed[True, False, True], harmed[False, True, False]
    if ours and theirs:
        return "EITHER SUFFICED"
    if theirs:
        return "ATTACK"
    if not ours:
        return "BOTH NEEDED"
    return "NOT READY" if harmed[True, False, False] else "FAULT"


def nights(seed: int, count: int, held_out: bool) -> list[Sealed]:
    """`count` nights; those of held-out families only where `held_out` (then half of them)."""
    chance = np.random.Generator(np.random.PCG64([seed, 77]))
    p = _parameters(chance, count, held_out)
    told = _run(p, chance)
    return [_sealed(p, told, i, chance) for i in range(count)]


def _log_uniform(c: np.random.Generator, low: float, high: float) -> float:
    return float(np.exp(c.uniform(np.log(low), np.log(high))))


def _parameters(c: np.random.Generator, count: int, held_out: bool) -> dict[str, Any]:
    p: dict[str, Any] = {
        "kind": [KINDS[i % len(KINDS)] for i in range(count)],
        "uncertainty": [(0.05, 0.10, 0.20)[(i // len(KINDS)) % 3] for i in range(count)],
        "attack": [], "fault": [],
    }  # fmt: skip
    size = np.zeros(count)
    out = {name: size.copy() for name in ("people", "force", "lost", "from", "until", "a0", "a1")}
    for i, kind in enumerate(p["kind"]):
        crowd = CROWDS.get(kind, (0.15, 0.85))
        force = FORCES.get(kind)
        out["people"][i] = _log_uniform(c, *crowd)
        out["force"][i] = _log_uniform(c, *force) if force else 0.0
        held = held_out and c.random() < 0.5
        family = HELD_ATTACK if held else str(c.choice(ATTACKS[:3]))
        p["attack"].append("" if not force else "mimic" if kind == "mimic" else family)
        faulty = kind in {"fault", "attack and fault"}
        of = HELD_FAULT if held_out and c.random() < 0.5 else str(c.choice(FAULTS))
        p["fault"].append(of if faulty else "hiccup" if kind == "storm" else "")
        out["lost"][i] = c.uniform(0.4, 0.95) if faulty else 0.4 if kind == "storm" else 0.0
        out["from"][i] = c.uniform(60, 350)
        out["until"][i] = out["from"][i] + (c.uniform(20, 200) if faulty else c.uniform(3, 8))
        out["a0"][i] = c.uniform(20, 320)
        out["a1"][i] = out["a0"][i] + c.uniform(60, 400)
    p |= out
    p["capacity"] = np.exp(c.uniform(np.log(200), np.log(50_000), count))
    z = np.clip(c.standard_normal(count), -2.5, 2.5)
    p["certified"] = p["capacity"] * np.exp(np.array(p["uncertainty"]) * z)
    p["fill"] = c.uniform(40, 150, count)  # seconds in which the house could fill
    p["edges"] = c.integers(1, EDGES + 1, count)
    p["stay"] = c.uniform(300, 4000, count)
    p["spike"] = c.uniform(0.2, 0.8, count)
    p["early"] = c.uniform(0.1, 0.5, count)
    p["again"] = np.where(np.array(p["kind"]) == "storm", c.uniform(0.6, 1.1, count),
                          c.uniform(0.1, 0.5, count))  # fmt: skip
    p["patience"] = c.uniform(200, 3000, count)
    p["newcomer"] = c.uniform(22, 42, count)
    return p


def _arrivals(p: dict[str, Any], t: float) -> Floats:
    """People a second, of an audience of one: those before the doors, a spike, a trickle."""
    people, spike, early = p["people"] * p["capacity"], p["spike"], p["early"]
    before = early / START if t < START else 0.0
    width = 25.0
    peak = np.exp(-0.5 * ((t - START - 15) / width) ** 2) / (width * np.sqrt(2 * np.pi))
    trickle = (1 - spike) * (1 - early) / SECONDS
    found: Floats = people * (before + spike * (1 - early) * peak + trickle)
    return found


def _run(p: dict[str, Any], c: np.random.Generator) -> dict[str, Floats]:
    """All variants of all nights at once: arrays of shape (variant, night[, edge])."""
    count = len(p["kind"])
    on = np.array(VARIANTS)
    crowd, attacked, faulty = (on[:, k][:, None] for k in range(3))
    there = (np.arange(EDGES)[None] < p["edges"][:, None]).astype(float)
    part = there / there.sum(1, keepdims=True)  # of the house, of one edge
    families, faults = np.array(p["attack"]), np.array(p["fault"])
    mimic = families == "mimic"
    setting = faults == "setting"
    bound = np.minimum(p["capacity"], p["certified"]) * DOOR_SHARE
    scale = np.where(crowd, 1.0, np.minimum(1.0, bound / (p["people"] * p["capacity"])))
    shape = (len(VARIANTS), count)
    waiting, inside, stalled, bots_in, bots_wait = (np.zeros(shape) for _ in range(5))
    backlog = np.zeros((*shape, EDGES))
    again = np.zeros(shape)
    slow = c.uniform(6, 10, count)
    full = len(VARIANTS) - 1
    wobble = np.ones(count)
    harm = np.zeros(shape)
    keep: dict[str, list[Floats]] = {k: [] for k in (
        "waiting", "inside", "stalled", "issued", "dropped", "attack", "retry", "served", "cut",
        "bots", "bots_in")}  # fmt: skip
    hold: dict[str, Floats] = {}
    for step in range(int(SECONDS / DT)):
        t = step * DT
        wobble = 1 + 0.98 * (wobble - 1) + 0.02 * c.standard_normal(count)
        strength = np.where((t >= p["a0"]) & (t < p["a1"]), p["force"] * wobble, 0.0) * attacked
        during = (t >= p["from"]) & (t < p["until"])
        burst = during & ((faults != HELD_FAULT) | ((t % slow) < 0.6 * slow))
        lost = np.where(burst & ~setting, p["lost"], 0.0) * faulty
        cut = np.repeat(lost[:, :, None], EDGES, axis=2)
        first = np.arange(EDGES)[None, None] < np.maximum(1, p["edges"][None, :, None] * 0.5)
        cut = np.where((faults == "killed")[None, :, None],
                       np.where(first & (lost > 0)[:, :, None], 1.0, 0.0), cut)  # fmt: skip
        came = c.poisson(np.maximum(0, _arrivals(p, t)) * DT)[None] * scale
        bots_came = np.where(mimic, strength * p["capacity"] * DT / 30, 0.0)
        full_up = bots_wait + bots_in > strength * p["capacity"]
        bots_wait = bots_wait + np.where(full_up, 0.0, bots_came)
        waiting = waiting + came
        line = waiting + bots_wait
        offered = UNIT * (inside + bots_in) + 0.2 * line + p["newcomer"] * came / DT + again
        flood = np.where(mimic, 0.0, strength * p["capacity"] * UNIT)
        cpu = p["capacity"][None, :, None] * UNIT * part[None] * (1 - cut)
        alive = part[None] * (cut < 1)
        spread = alive / np.maximum(alive.sum(2, keepdims=True), 1e-9)
        load = (offered + flood)[:, :, None] * spread
        backlog = backlog + load * DT
        done = np.minimum(backlog, cpu * DT)
        backlog = backlog - done
        dropped = np.maximum(0.0, backlog - 1.5 * cpu) * there[None]
        backlog = backlog - dropped
        loss = np.clip(dropped.sum(2) / np.maximum((offered + flood) * DT, 1e-9), 0, 1)
        loss = np.where(alive.sum(2) > 0, loss, 1.0)
        falls = (inside - stalled) * np.clip(1.4 * loss, 0, 1) * 0.35 * DT
        rises = stalled * (1 - loss) ** 2 * 0.4 * DT
        stalled = np.clip(stalled + falls - rises, 0, inside)
        upset = stalled * 1.6 + loss * waiting * 0.3
        again = again * (1 - DT / 3) + DT / 3 * upset * p["again"]
        limit = p["certified"] * DOOR_SHARE * np.where(setting & faulty, 1 - p["lost"], 1.0)
        busy = done.sum(2) / DT / (p["capacity"] * UNIT)
        adapt = np.where(loss > 0.02, 0.0, np.where(busy > 0.97, 0.3, 1.0))
        room = np.maximum(0.0, limit - inside - bots_in)
        taken = np.minimum(np.minimum(p["certified"] / p["fill"] * DT * adapt, room), line)
        taken = taken if t >= DOORS else taken * 0
        of = np.where(line > 0, waiting / np.maximum(line, 1e-9), 0)
        inside, waiting = inside + taken * of, waiting - taken * of
        bots_in, bots_wait = bots_in + taken * (1 - of), bots_wait - taken * (1 - of)
        gone = inside * DT / p["stay"]
        stalled, inside = stalled * (1 - DT / p["stay"]), inside - gone
        waiting = waiting * (1 - DT / p["patience"] * (t > START))
        over = (t >= p["a1"]) & mimic
        bots_in, bots_wait = np.where(over, 0.0, bots_in), np.where(over, 0.0, bots_wait)
        harm += (waiting + stalled) * DT / 60
        now = {
            "waiting": (waiting + bots_wait)[full], "inside": (inside + bots_in)[full],
            "stalled": stalled[full], "issued": (came + bots_came * ~full_up)[full],
            "dropped": dropped[full], "attack": flood[full] * DT, "retry": again[full] * DT,
            "served": done[full], "cut": cut[full], "bots": (bots_in + bots_wait)[full],
            "bots_in": bots_in[full],
        }  # fmt: skip
        sums = {"issued", "dropped", "attack", "retry", "served"}
        if step % 2 == 0:
            hold = now
        else:
            for name, value in now.items():
                keep[name].append(value + hold[name] if name in sums else value)
    out = {name: np.array(values) for name, values in keep.items()}
    out["harm"] = harm - harm[:1]
    out["wanted"] = (out["waiting"] + out["inside"] - out["bots"]).sum(0) / 60
    return out


def _sealed(p: dict[str, Any], told: dict[str, Floats], i: int, c: np.random.Generator) -> Sealed:
    harmed = {v: bool(told["harm"][k, i] >= HARM_SHARE * told["wanted"][i])
              for k, v in enumerate(VARIANTS)}  # fmt: skip
    sd = p["uncertainty"][i]
    size = float(p["certified"][i])
    fault, attack, edges = p["fault"][i], p["attack"][i], int(p["edges"][i])
    names = tuple(f"edge-{e}" for e in range(edges))
    bounds = Bounds(size, size * np.exp(-1.96 * sd), size * np.exp(1.96 * sd))
    promise = Promise(
        start_s=START, capacity=(bounds,) * 4, joins_s=size / float(p["fill"][i]), edges=names,
        set_share=1 - float(p["lost"][i]) if fault == "setting" else 1.0,
    )  # fmt: skip
    night = Sealed(p["kind"][i], answer(harmed), attack, fault, sd, promise)
    if fault == "killed" or (fault == "hiccup" and edges > 1):
        gone = max(1, int(np.ceil(edges * 0.5))) if fault == "killed" else 1
        at, to = int(p["from"][i]), int(p["until"][i])
        night.mishaps = [Mishap(subject=name, from_s=at, until_s=to) for name in names[:gone]]
    shows = {"n": c.uniform(0.005, 0.06), "s": c.uniform(0.005, 0.06), "f": c.uniform(0, 0.02),
             "d": c.uniform(0.0, 0.02)}  # fmt: skip
    bare = c.uniform(0.005, 0.04)
    patterns = PATTERNS.get(attack, ())
    mixed = c.dirichlet([12 * w for _, w in patterns]) if patterns else np.zeros(0)
    rate = c.uniform(2, 40)  # units a second of one attacking client
    seconds_gone = set()
    if c.random() < 0.1:
        at = int(c.integers(0, SECONDS - 60))
        seconds_gone = set(range(at, at + int(c.integers(5, 60))))
    inside, waiting, bots = (told[k][:, i] for k in ("inside", "waiting", "bots"))
    bots_in, retry, units = (told[k][:, i] for k in ("bots_in", "retry", "attack"))
    newcomers, honest = told["issued"][:, i], inside + waiting - bots
    clean = UNIT * (inside - bots_in) + 0.2 * (honest - inside + bots_in)
    rows: dict[str, list[Floats]] = {}  # sign: clients, units
    for s, share in (("", 1 - sum(shows.values())), *shows.items()):
        rows[s] = [share * honest, share * (clean + 0.7 * retry)]
    rows["c"] = [newcomers + 0.2 * bare * honest,
                 newcomers * p["newcomer"][i] + bare * clean + 0.3 * retry]  # fmt: skip
    for (s, _), w in zip(patterns, mixed, strict=True):
        row = rows.setdefault(s, [np.zeros(SECONDS), np.zeros(SECONDS)])
        held = attack == "mimic"
        row[0] = row[0] + w * (bots if held else units / rate)
        row[1] = row[1] + w * (UNIT * bots_in + 0.2 * (bots - bots_in) if held else units)
    total = sum((row[1] for row in rows.values()), np.zeros(SECONDS))
    night.peak = float((total / (UNIT * size)).max())
    a, n = np.maximum(units / rate, 1.0), np.maximum(honest, 1.0)
    flooding = np.clip(units / np.maximum(total, 1e-9), 1e-6, 1 - 1e-6)
    h = -(flooding * np.log(flooding / a) + (1 - flooding) * np.log((1 - flooding) / n))
    night.entropy = float((h / np.log(a + n))[honest > 20].min(initial=1.0))
    up = told["cut"][:, i, :edges] < 1
    alive = np.maximum(up.sum(1), 1)[:, None]
    drawn = {s: [c.poisson(np.maximum(k, 0)[:, None] / alive, (SECONDS, edges)).tolist()
                 for k in row] for s, row in rows.items()}  # fmt: skip
    issued, stalled = (c.poisson(told[k][:, i, None] / alive, (SECONDS, edges)).tolist()
                       for k in ("issued", "stalled"))  # fmt: skip
    drop, cut = told["dropped"][:, i, :edges], told["cut"][:, i, :edges]
    refused = c.poisson(drop).tolist()
    busy = np.minimum(1.0, told["served"][:, i, :edges] / (p["capacity"][i] * UNIT / edges))
    late = (cut > 0) & (busy > 0.9 * (1 - cut))
    lag = np.where(late, 400 + 600 * cut, 60 + 300 * (drop > 0)).astype(int).tolist()
    for t in range(SECONDS):
        night.house.append(
            HouseSaid(at_s=t, rung=2, waiting=round(waiting[t]), inside=round(inside[t]))
        )
        for e in range(edges):
            if t not in seconds_gone and up[t, e]:
                strata = {s: (k[t][e], u[t][e], u[t][e]) for s, (k, u) in drawn.items()}
                night.edges.append(EdgeSaid(
                    at_s=t, edge=names[e], strata=strata, refused=refused[t][e],
                    busy=float(busy[t, e]), issued=issued[t][e], lag_ms=lag[t][e],
                    stalled=stalled[t][e],
                ))  # fmt: skip
    return night
