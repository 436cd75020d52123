"""What an attack did to those who listened, and what became of it."""

from __future__ import annotations

from collections.abc import Sequence

from rostra.rehearsal import faults
from rostra.rehearsal.attack import PROFILES, SAYS
from rostra.rehearsal.attack_orders import AttackReport
from rostra.rehearsal.findings import AttackFound, Step
from rostra.rehearsal.orders import Second

COMFORT_SHARE = 0.6  # of what the certificate allows
UNCERTIFIED = 300  # listeners, where no certificate holds


def attack_found(
    name: str,
    report: AttackReport | None,
    seconds: Sequence[Second],
    at_s: float,
    step: Step,
) -> AttackFound:
    """`seconds`: of the listeners, from a little before the onset `at_s` to the end.

    `report` None: nobody attacked (a storm of our own listeners). `step`: the judged seconds of it.
    """
    before = [sum(second.requests.values()) for second in seconds if second.at_s <= at_s]
    whole = report.all if report else None
    profile = PROFILES.get(name)
    last = report.seconds[-1] if report and report.seconds else None
    return AttackFound(
        name=name,
        says=SAYS.get(name, name),
        honest=profile is not None and profile.honest,
        seconds=step.seconds,
        sources=report.sources if report else 0,
        connections=report.connections if report else 0,
        due=whole.due if whole else 0,
        sent=whole.sent if whole else 0,
        served=whole.served if whole else 0,
        refused=whole.refused if whole else 0,
        slow=whole.slow if whole else 0,
        dropped=whole.dropped + whole.lost if whole else 0,
        held=whole.held if whole else 0,
        open=sum(last.open.values()) if last else 0,
        cpu=report.cpu_fraction if report else 0.0,
        listeners=step.listeners,
        requests_s=sum(before) / max(1, len(before)),
        stalled_share=step.stalled_share,
        silent_share=step.silent_share,
        joined=step.joined,
        join_p50_s=step.join_p50_s,
        join_p99_s=step.join_p99_s,
        relief_s=faults.found(name, seconds, at_s).recovered_s,
        stage_late_ticks=step.stage_late_ticks,
        failures=step.failures,
        void=step.void,
        why="" if report is None or report.why == "done" else report.why,
    )


def crowd_for(wished: int, allowed: int, most: int) -> int:
    """How many listen meanwhile: as wished, or three fifths of what the certificate allows."""
    return max(1, min(most, wished or int(allowed * COMFORT_SHARE) or UNCERTIFIED))


def requests_for(wished: int, times: float, crowd_requests_s: float, most: int) -> float:
    """The attack's requests a second: as wished, or so many times the crowd's own."""
    return float(min(most, wished)) if wished else min(float(most), times * crowd_requests_s)
