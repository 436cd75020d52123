"""The pace: how many may be called a second; gently up, halved when the edges answer late."""

from __future__ import annotations

LAG_MOST_MS = 50.0
BUSY_MOST = 0.85
HALVED_LEAST_S = 5.0
GROWTH_S = 1.05
LEAST = 1.0
LEAST_SHARE = 0.05  # of the most: edges that are late even so are late for another reason
_STEP_MOST_S = 2.0  # time in which nobody decided does not count


class Pace:
    """Joins a second: multiplied by 1.05 each second, halved at most once in 5 s.

    Additive increase, multiplicative decrease (D.-M. Chiu and R. Jain, 1989), with the increase in
    proportion, so that a machine of any size is found within a minute.
    """

    def __init__(self) -> None:
        self.rate: float | None = None  # joins a second; None before the first step
        self.credit = 0.0
        self._at = 0.0
        self._halved_at = float("-inf")

    def step(self, most: float, lag_p99_ms: float, busy: float, now: float) -> float:
        """The rate now; `credit` is how many may be called at once. `most`: joins a second."""
        passed_s = 1.0 if self.rate is None else min(max(0.0, now - self._at), _STEP_MOST_S)
        rate = most / 2 if self.rate is None else self.rate
        if lag_p99_ms > LAG_MOST_MS:
            if now - self._halved_at >= HALVED_LEAST_S:
                rate, self._halved_at = rate / 2, now
        elif busy <= BUSY_MOST:
            rate *= GROWTH_S**passed_s
        self.rate = min(max(rate, LEAST, most * LEAST_SHARE), most)
        self._at = now
        self.credit = min(self.credit + self.rate * passed_s, max(1.0, 2 * self.rate))
        return self.rate
