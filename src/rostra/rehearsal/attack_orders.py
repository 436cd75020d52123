"""What an attacker is told, and what it tells of each second."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

import msgspec

SLOW_S = 0.25  # an answer that took so long was held back, or the house was slow


class AttackOrders(msgspec.Struct, frozen=True, kw_only=True):
    """One attack of one process. `profiles`: names (see attack.py), all at once.

    `generator`: this process' key of the run (hex); the consent of `origin` names it. `token`: what
    lets rehearsal listeners have tickets. `requests_s`: requests and openings a second that come
    whatever is answered. `sources`: addresses to come from, where the target is on 127.0.0.1;
    `first_source`: other processes have those before. `pipelined`: requests in one write.
    """

    run: str
    generator: str
    origin: str
    page: str
    profiles: tuple[str, ...]
    lasts_s: float
    requests_s: float
    token: str = ""
    connections: int = 1000
    sources: int = 1000
    first_source: int = 0
    pipelined: int = 1
    seed: int = 1


class Tally(msgspec.Struct, kw_only=True):
    """What became of one profile's requests in some time.

    `due`: as many as should have been sent; `held`: of these not sent, since no connection took
    more. `answers` by status (0: what is none). `slow`: answered after more than `SLOW_S`.
    `dropped`: not answered when their connection ended, `lost`: not answered in time. `ended`,
    `reset`: connections that the other side ended in order or not; `unopened`: that it never took;
    `no_socket`: that this machine could not open. `solved`: challenges.
    """

    due: int = 0
    held: int = 0
    sent: int = 0
    answers: dict[int, int] = {}
    retry_after: int = 0
    slow: int = 0
    dropped: int = 0
    lost: int = 0
    opened: int = 0
    unopened: int = 0
    ended: int = 0
    reset: int = 0
    no_socket: int = 0
    solved: int = 0
    read_bytes: int = 0

    @property
    def answered(self) -> int:
        """All answers."""
        return sum(self.answers.values())

    @property
    def refused(self) -> int:
        """Answers that give nothing of what was asked for: every one of 400 and above."""
        return sum(n for status, n in self.answers.items() if status >= 400)

    @property
    def served(self) -> int:
        """Answers that give what was asked for."""
        return sum(n for status, n in self.answers.items() if 200 <= status < 400)

    @property
    def served_share(self) -> float:
        """Of what was due (and of connections that were tried, where nothing is asked)."""
        return self.served / max(1, self.due)


class AttackSecond(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """One second of one attacker. `open`: connections now, by profile. `late_ms`: the most by which
    its own turns came too late; `cpu_fraction`: of a core, its own.
    """

    at_s: float
    each: dict[str, Tally]
    open: dict[str, int]
    cpu_fraction: float
    late_ms: float

    @property
    def all(self) -> Tally:
        """All profiles together."""
        return total(self.each.values())


class AttackReport(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """A whole attack of one process, or of several together.

    `why` it ended: "done", "told", or the code of what ended the consent. `connections`, `sources`:
    as many as it could have, within consent and open files. `without`: what the look did not find.
    """

    why: str
    seconds: tuple[AttackSecond, ...]
    connections: int
    sources: int
    without: tuple[str, ...] = ()

    @property
    def each(self) -> dict[str, Tally]:
        """By profile."""
        names = dict.fromkeys(name for second in self.seconds for name in second.each)
        return {
            name: total(second.each[name] for second in self.seconds if name in second.each)
            for name in names
        }

    @property
    def all(self) -> Tally:
        """All of it."""
        return total(second.all for second in self.seconds)

    @property
    def cpu_fraction(self) -> float:
        """The mean of its seconds: the attack's own cost, in cores."""
        return sum(second.cpu_fraction for second in self.seconds) / max(1, len(self.seconds))


def total(tallies: Iterable[Tally]) -> Tally:
    """Their sum."""
    whole = Tally()
    answers: Counter[int] = Counter()
    for tally in tallies:
        answers.update(tally.answers)
        for name in _NUMBERS:
            setattr(whole, name, getattr(whole, name) + getattr(tally, name))
    whole.answers = dict(answers)
    return whole


_NUMBERS = tuple(name for name in Tally.__struct_fields__ if name != "answers")


def together(reports: Iterable[AttackReport]) -> AttackReport:
    """What several processes did at the same time, second by second."""
    those = list(reports)
    length = max((len(report.seconds) for report in those), default=0)
    seconds = []
    for index in range(length):
        at = [report.seconds[index] for report in those if index < len(report.seconds)]
        names = dict.fromkeys(name for second in at for name in second.each)
        seconds.append(
            AttackSecond(
                at_s=max(second.at_s for second in at),
                each={n: total(s.each[n] for s in at if n in s.each) for n in names},
                open={n: sum(s.open.get(n, 0) for s in at) for n in names},
                cpu_fraction=sum(second.cpu_fraction for second in at),
                late_ms=max(second.late_ms for second in at),
            )
        )
    whys = [report.why for report in those]
    return AttackReport(
        why=next((why for why in whys if why != "done"), "done"),
        seconds=tuple(seconds),
        connections=sum(report.connections for report in those),
        sources=sum(report.sources for report in those),
        without=tuple(dict.fromkeys(what for report in those for what in report.without)),
    )


def shared(orders: AttackOrders, processes: int) -> tuple[AttackOrders, ...]:
    """The same attack by several processes, each with its part and addresses of its own.

    The keys are to be put in by whoever asks for the consent.
    """
    sources, connections = orders.sources // processes, orders.connections // processes
    return tuple(
        msgspec.structs.replace(
            orders,
            requests_s=orders.requests_s / processes,
            connections=max(1, connections),
            sources=max(1, sources),
            first_source=orders.first_source + index * max(1, sources),
            seed=orders.seed * 100 + index,
        )
        for index in range(processes)
    )
