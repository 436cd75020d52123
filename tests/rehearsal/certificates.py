"""A certificate as a rehearsal of a small house makes it, for the tests of all that reads one."""

from __future__ import annotations

import math
from typing import Any

import msgspec

from rostra.rehearsal.findings import (
    Certificate,
    FaultFound,
    Findings,
    Generator,
    House,
    Interval,
    NightFound,
    RungFound,
    Step,
    Usl,
)

KEY = bytes(range(32))


def step(rung: int, listeners: int, carried: bool = True, **fields: Any) -> Step:
    requests = (3.9, 1.95, 0.49, 0.33)[rung] * listeners
    good = {
        "stalled_share": 0.0 if carried else 0.031,
        "silent_share": 0.0 if carried else 0.02,
        "join_p50_s": 0.4 + listeners / 40_000,
        "join_p99_s": 0.9 + listeners / 9_000 if carried else 7.2,
        "joined": listeners // 4,
        "answer_p99_ms": 8 + listeners / 200,
        "behind_s": (2.1, 4.2, 13.0, 19.0)[rung],
        "heard_s": float(listeners),
        "requests_s": requests,
        "body_bytes_s": 10_500.0 * listeners,
        "edges_cpu": requests * 18e-6,
        "edges_busy": requests * 18e-6,
        "generator_cpu": 0.5,
        "generator_late_ms": 12.0,
    }
    row = {"seconds": 20.0, "reason": "" if carried else "stalled"} | good | fields
    return Step(rung=rung, listeners=listeners, carried=carried, **row)


def found(rung: int, carried: int, knee: int | None, allowed: int, **fields: Any) -> RungFound:
    us = (70.2, 35.1, 8.8, 5.9)[rung]
    row = {
        "basis": "knee" if knee else "cost",
        "cpu_us": Interval(us, us * 0.93, us * 1.08),
        "body_bytes": (11_800.0, 10_900.0, 10_300.0, 4_800.0)[rung],
    } | fields
    return RungFound(rung=rung, carried=carried, knee=knee, allowed=allowed, **row)


def findings(**fields: Any) -> Findings:
    seconds = [float(s) for s in range(0, 601, 10)]
    inside = [3_000 / (1 + math.exp(-(s - 200) / 30)) for s in seconds]
    row: dict[str, Any] = {
        "run": "r-7f3a",
        "started": "2026-11-24T01:00:00Z",
        "ended": "2026-11-24T01:09:12Z",
        "program": "steps at rungs 0 to 3, joins, faults, the script 'night'",
        "generators": (
            Generator(
                name="here-0",
                key="ab" * 32,
                machine="2 cores, Linux 6.1",
                cpu_most=0.61,
                late_most_ms=38.0,
                same_machine=True,
            ),
        ),
        "steps": (
            step(0, 1_000),
            step(0, 2_000),
            step(0, 4_000),
            step(0, 6_000),
            step(0, 8_000, carried=False),
            step(1, 8_000),
            step(1, 12_000),
            step(1, 16_000, carried=False, reason="joins_slow"),
            step(2, 16_000),
            step(2, 24_000, void="generator_cpu"),
            step(3, 16_000),
        ),
        "rungs": (
            found(
                0,
                6_000,
                8_000,
                5_400,
                usl=Usl(
                    rate=Interval(3.9, 3.85, 3.96),
                    contention=Interval(1e-6, 0.0, 4e-6),
                    coherency=Interval(2e-9, 1e-9, 4e-9),
                    peak=22_360.0,
                    points=5,
                ),
            ),
            found(1, 12_000, 16_000, 10_800),
            found(2, 16_000, None, 32_000),
            found(3, 16_000, None, 32_000),
        ),
        "joins_s": Interval(310.0, 280.0, 340.0),
        "faults": (
            FaultFound(
                name="edge_killed",
                says="an audience process was killed",
                listeners=4_000,
                stalled=310,
                silent_s=0.4,
                recovered_s=3.2,
            ),
            FaultFound(
                name="stage_killed",
                says="the stage process was killed",
                listeners=4_000,
                stalled=4_000,
                silent_s=6.5,
                recovered_s=None,
            ),
        ),
        "night": NightFound(
            script="night",
            script_hash="cd" * 32,
            seed=7,
            people=3_200,
            joined=3_150,
            gave_up=50,
            join_p50_s=1.1,
            join_p99_s=19.0,
            stalled_share=0.001,
            silent_share=0.0002,
            series={
                "at_s": seconds,
                "inside": inside,
                "waiting": [max(0.0, 900 - abs(s - 180) * 9) for s in seconds],
                "stalled": [0.0 for _ in seconds],
            },
        ),
        "not_tested": ("More than one network: everything ran over loopback.",),
        "doubts": ("The generator ran on the same machine as the house.",),
    }
    return Findings(**(row | fields))


def certificate(**fields: Any) -> Certificate:
    return Certificate(
        v=1,
        number="20261124-7f3a",
        issued="2026-11-24T01:09:20Z",
        house=House(
            build="b" * 64,
            settings="s" * 64,
            machine="m" * 64,
            version="0.1.0",
            settings_said={"edge.max_connections": 18000, "serve.edges": 2, "tls": False},
            machine_said={
                "cpu": "Example CPU 2.5 GHz",
                "cores": 2,
                "memory_gib": 8,
                "kernel": "6.1.0",
                "files": 20000,
            },
            edges=2,
        ),
        findings=findings(**fields),
    )


def changed(given: Certificate, **fields: Any) -> Certificate:
    """`given` with other findings."""
    return msgspec.structs.replace(
        given, findings=msgspec.structs.replace(given.findings, **fields)
    )
