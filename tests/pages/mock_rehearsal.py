"""A mock of the control port while a rehearsal runs, brought about by hand."""

from __future__ import annotations

import math
import time
from typing import Any

from tests.pages.mock_control_room import ControlRoom
from tests.pages.mock_house import Answer, refuses, rfc3339, says

RUN = "r3h34rs4l"


def step(rung: int, listeners: int, **more: Any) -> dict[str, Any]:
    """A step that was carried, unless `more` says otherwise."""
    return {
        "rung": rung,
        "listeners": listeners,
        "seconds": 20.0,
        "carried": True,
        "reason": "",
        "void": "",
        "stalled_share": 0.0004,
        "join_p99_s": 1.3,
        "joined": listeners // 2,
        "edges_cpu": listeners / 5_000,
        "generator_cpu": listeners / 20_000,
    } | more


def certificate(
    number: str = "20361130-1", holds: bool = True, why_not: str = ""
) -> dict[str, Any]:
    """What `GET /api/certificate` says."""
    knees = {0: (4_000, 5_600, 3_600), 1: (9_000, None, 14_200)}
    rungs = [
        {"rung": rung, "carried": carried, "knee": knee, "allowed": allowed}
        for rung, (carried, knee, allowed) in knees.items()
    ]
    return {
        "certificate": {
            "number": number,
            "issued": "2036-11-30T18:00:00Z",
            "findings": {"void": "", "rungs": rungs},
        },
        "holds": holds,
        "why_not": why_not,
    }


class Rehearsing(ControlRoom):
    """The control port while a rehearsal runs; `say` changes what its conductor says."""

    def __init__(self) -> None:
        super().__init__("scheduled")
        self.withdrawn = False
        self.said = 0
        self.progress: dict[str, Any] = {
            "phase": "ramp",
            "says": "rung 1: 8,000 listeners",
            "rung": 1,
            "step_listeners": 8_000,
            "here": 7_912,
            "playing": 7_880,
            "stalled_share": 0.0012,
            "join_p99_s": 1.42,
            "generator_cpu": 0.47,
            "generator_late_ms": 12.0,
            "elapsed_s": 214.0,
            "left_s": 326.0,
            "steps": [
                step(0, 1_000),
                step(0, 2_000),
                step(0, 4_000),
                step(0, 8_000, carried=False, reason="stalled", stalled_share=0.31, join_p99_s=9.1),
                step(0, 5_600, carried=False, void="generator_cpu", generator_cpu=0.91),
            ],
        }
        self.begin()

    def begin(self) -> None:
        """It runs from now on."""
        self.rehearsal = {
            "run": RUN,
            "event_id": "r3h3",
            "until": rfc3339(time.time() + 600),
            "progress": self.progress,
        }

    def say(self, **changes: Any) -> None:
        """The conductor says something else."""
        self.progress |= changes

    def over(self) -> None:
        """The certificate was made."""
        self.rehearsal = None
        self.certificate = certificate()

    @staticmethod
    def readings() -> list[dict[str, Any]]:
        """The last two minutes of two edges."""
        now = math.floor(time.time())
        return [
            {
                "at": rfc3339(now - 120 + n),
                "edges": [
                    {
                        "edge": f"edge-{edge}",
                        "cpu": 0.3 + n / 400,
                        "busy": 0.28 + n / 400 + 0.02 * edge,
                        "loop_lag_p99_ms": 3.0 + n / 40,
                        "connections": 30 * n,
                        "requests_s": 60.0 * n,
                        "egress_bit_s": 320_000.0 * n,
                    }
                    for edge in range(2)
                ],
                "stage": {"late_ticks": 0, "cpu": 0.08},
                "packager": {"behind_ms": 9.0, "cpu": 0.07},
                "rung": 1,
                "admitted": 2**53 - 1,
                "inside": 60 * n,
                "waiting": 0,
            }
            for n in range(121)
        ]

    def __call__(self, method: str, path: str, body: bytes) -> Answer | None:
        if path == f"/api/rehearsals/{RUN}":
            if self.rehearsal is None:
                return refuses(404, "no_such_rehearsal", "There is no such rehearsal.")
            return says(
                {
                    "run": RUN,
                    "event_id": "r3h3",
                    "withdrawn": self.withdrawn,
                    "until": self.rehearsal["until"],
                    "readings": self.readings(),
                }
            )
        answer = super().__call__(method, path, body)
        if path == f"/api/rehearsals/{RUN}/withdraw":
            self.withdrawn = True
            return says({})
        return answer
