"""What a mixer got of one speaker: the gaps, the delay and its drift."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from bench._stage_network import TICK_S

MOST_GAP_MS = 60


@dataclass
class Heard:
    """One run. `delays` in seconds, in order; of frames with sound of the speaker's own."""

    delays: list[float] = field(default_factory=list)
    gaps_ms: list[float] = field(default_factory=list)
    share_not_own: float = 0.0

    @classmethod
    def of_ticks(cls, own: list[bool], delays: list[float]) -> Heard:
        """`own`: for each tick whether it was the speaker's own sound."""
        gaps, run = [], 0
        for mine in [*own, True]:
            if not mine:
                run += 1
            elif run:
                gaps.append(run * TICK_S * 1000)
                run = 0
        return cls(delays, gaps, own.count(False) / len(own) if own else 0.0)

    @property
    def long_gaps(self) -> int:
        return sum(gap > MOST_GAP_MS for gap in self.gaps_ms)

    def drift_ms(self) -> float:
        """Median delay of the last ten seconds less that of the second ten (or quarters)."""
        part = max(1, min(500, len(self.delays) // 4))
        begin, end = self.delays[part : 2 * part], self.delays[-part:]
        return 1000 * (statistics.median(end) - statistics.median(begin))


def figures(runs: list[Heard], over: Callable[[Iterable[int]], int] = sum) -> dict[str, float]:
    """What is published of runs over one network: the worst gap, the middle of the rest.

    `over`: what to make of each run's number of long gaps; runs that heard the same packets at
    other phases are one run, of which the worst counts (`max`).
    """
    return {
        "longest gap": max([0.0, *(gap for run in runs for gap in run.gaps_ms)]),
        "gaps over 60 ms": float(over(run.long_gaps for run in runs)),
        "share not the speaker's own": 100 * statistics.mean(run.share_not_own for run in runs),
        "median delay": 1000 * statistics.median(d for run in runs for d in run.delays),
        "drift of the delay": statistics.median(run.drift_ms() for run in runs),
    }
