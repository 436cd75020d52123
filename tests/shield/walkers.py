"""Walks of honest players and of attackers, made in virtual time, that paths are judged by.

A walk is a list of (when, class). Players are the rehearsal's virtual listeners at a pretended
house, near and far, with loss, double tabs, storms; browsers' walks are recorded
(browser_paths.json).
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from pathlib import Path

from tests.rehearsal.pretend import House, Night, person

from rostra.rehearsal.asks import Ask, Intent
from rostra.rehearsal.orders import Person
from rostra.shield.path import BY_NAME, Automaton, Walk
from rostra.shield.path_model import steps_of, text

FAR_S = (0.001, 0.005, 0.02, 0.06, 0.15, 0.4)  # round trips
Steps = list[tuple[float, int]]
RECORDED = Path(__file__).parent / "browser_paths.json"
BY_INTENT = {
    Intent.PAGE: "page", Intent.ASSET: "asset", Intent.STATE: "state", Intent.TICKET: "ticket",
    Intent.PASS: "pass", Intent.RENEW: "pass", Intent.LEAVE: "leave", Intent.PLAYLIST: "playlist",
    Intent.PART: "media", Intent.SEGMENT: "media", Intent.INIT: "media",
}  # fmt: skip


class Lossy(House):
    """Each request or its answer is lost with `loss` and repeated by TCP: 0.2 s, 0.4 s, 0.8 s …"""

    def __init__(self, rtt_s: float, loss: float, seed: int) -> None:
        super().__init__(rtt_s)
        self._loss, self._chance = loss, random.Random(seed)

    def answer(
        self, ask: Ask, tab: int, now: float
    ) -> tuple[float, int | str, float | None, bytes]:
        when, *rest = super().answer(ask, tab, now)
        again_s = 0.2
        while self._chance.random() < 2 * self._loss:
            when += again_s
            again_s *= 2
        return when, *rest  # type: ignore[return-value]


def visit(house: House, people: list[Person], until_s: float, seed: int = 1) -> dict[int, Steps]:
    """Walks by tab: each has one connection that stays."""
    night = Night(house, seed)
    night.come(people)
    night.run(until_s)
    walks: dict[int, Steps] = {}
    for at, tab, ask in house.asked:
        walks.setdefault(tab, []).append((at, BY_NAME[BY_INTENT[ask.intent]]))
    return walks


def _crowd(number: int, **habits: object) -> list[Person]:
    return [person(one, 0.5 + 0.7 * one, **habits) for one in range(number)]  # type: ignore[arg-type]


def players(
    seed: int, far_s: tuple[float, ...] = FAR_S, each: int = 6
) -> Iterator[tuple[str, list[Steps]]]:
    """Honest players by what happens to them: (name, walks)."""
    chance = random.Random(seed)
    for rtt_s in far_s:
        for rung in range(4):
            house = Lossy(rtt_s * (0.8 + 0.4 * chance.random()), 0.0, seed)
            house.rungs = [(-1e9, rung), (60.0, (rung + 1) % 4)]
            yield "calm", list(visit(house, _crowd(each), 120, seed).values())
        house = Lossy(rtt_s, 0.05, seed)
        house.rungs = [(-1e9, 0), (70.0, 2)]
        yield "loss of 5 %", list(visit(house, _crowd(each), 120, seed).values())
        house = Lossy(rtt_s, 0.0, seed)
        yield "double tabs", list(visit(house, _crowd(each, tabs=2), 100, seed).values())
        house = Lossy(rtt_s, 0.01, seed)
        house.refuses = [(30.0, 36.0), (60.0, 61.0), (75.0, 76.0)]
        yield "reconnect storm", list(visit(house, _crowd(each), 110, seed).values())
        house = Lossy(rtt_s, 0.01, seed)
        house.errs = [(30.0, 40.0, 503, 2.0), (70.0, 75.0, 429, 3.0)]
        yield "refused for a while", list(visit(house, _crowd(each), 110, seed).values())
        house = Lossy(rtt_s, 0.0, seed)
        house.full_until = 60.0
        yield "full house", list(visit(house, _crowd(each), 110, seed).values())
        house = Lossy(rtt_s, 0.0, seed)
        house.phase = [(-1e9, "scheduled"), (60.0, "doors_open"), (80.0, "live")]
        yield "waiting", list(visit(house, _crowd(each), 130, seed).values())
        house = Lossy(rtt_s, 0.0, seed)
        lost = [person(n, 0.5 + n, drop_after_s=20.0 + n, dropped_s=5.0) for n in range(each)]
        yield "lost network", list(visit(house, lost, 90, seed).values())


def recorded() -> dict[str, list[str]]:
    """What real browsers did, by evening and distance: the text of each connection's walk."""
    found: dict[str, list[str]] = json.loads(RECORDED.read_text())
    return found


def hammered(chance: random.Random, rtt_s: float, presses: int = 40) -> Steps:
    """The back button, again and again: what is asked each time was seen in browsers."""
    names = ("page", "leave", "state", "ticket", "playlist", "media", "media")
    at, steps = 0.0, []
    for _ in range(presses):
        for name in names[: chance.randint(2, len(names))]:
            steps.append((at, BY_NAME[name]))
            at += chance.choice((rtt_s, rtt_s, 0.03, 0.1)) * (0.8 + 0.4 * chance.random())
        at += 0.2 + 0.8 * chance.random()
    return steps


def hammering(seed: int, rtts_s: tuple[float, ...], each: int = 6) -> list[Steps]:
    """So many people at each distance."""
    chance = random.Random(seed)
    return [hammered(chance, rtt_s) for rtt_s in rtts_s for _ in range(each)]


# --- attackers -----------------------------------------------------------------------------------


def flood(chance: random.Random, names: tuple[str, ...], each_s: float, steps: int = 200) -> Steps:
    """These, over and over, so many a second on one connection."""
    at, found = 0.0, []
    for number in range(steps):
        found.append((at, BY_NAME[names[number % len(names)]]))
        at += each_s * (0.5 + chance.random())
    return found


def mimic(chance: random.Random, each_s: float, steps: int = 200) -> Steps:
    """Page, files, state, ticket, pass, then playlist and part in turn, as fast as it is woken
    (rehearsal/attack_visit.py)."""
    names = ["page", *["asset"] * 5, "state", "ticket", "pass"]
    while len(names) < steps:
        for turn in range(10):
            names += ["playlist", "media"] if turn else ["playlist", "media", "state"]
    at, found = 0.0, []
    for name in names[:steps]:
        found.append((at, BY_NAME[name]))
        at += each_s * (0.5 + chance.random())
    return found


def hastened(steps: Steps, times: float) -> Steps:
    """The very path of an honest player, so many times as fast."""
    return [(at / times, what) for at, what in steps]


# --- judging -------------------------------------------------------------------------------------


def text_of(steps: Steps) -> str:
    before = [steps[0], *steps]
    return text((what, at - was) for (at, what), (was, _) in zip(steps, before, strict=False))


def walk_of(recorded_text: str, chance: random.Random) -> Steps:
    """A recorded walk again: gaps anywhere within their buckets."""
    at, steps = 0.0, []
    for what, gap in steps_of(recorded_text):
        at += 0.01 * 10 ** ((gap - 1 + chance.random()) / 2)
        steps.append((at, what))
    return steps


def strange_after(steps: Steps, automaton: Automaton) -> int | None:
    """The request at which it is found strange."""
    walk = Walk(automaton)
    for number, (at, what) in enumerate(steps):
        if walk.step(what, at):
            return number + 1
    return None
