"""A mock of the control port's door: every state of an evening, brought about by hand.

The real door decides by measured capacity; here a test says what it shows and reads what is asked.
"""

from __future__ import annotations

import math
import time
from typing import Any

from tests.pages.mock_house import Answer, Control, refuses, rfc3339, says

COHORT = 2**32
FIELDS = ("cap", "hold", "open_all", "rung_forced")


class ControlRoom(Control):
    """The control port with one event whose door a test moves."""

    def __init__(self, phase: str = "doors_open") -> None:
        super().__init__()
        self.add("The night the crowd came", phase)
        self.asked_door = 0
        self.log: list[dict[str, Any]] = []
        self._was: dict[int, dict[str, Any]] = {}  # what an undo brings back
        self.refusing: dict[str, Answer] = {}  # by the last word of the path
        self.door: dict[str, Any] = {
            "admitted_rank": -1,
            "pace": 0.0,
            "rung": 0,
            "reason": "rung_best",
            "rung_since": rfc3339(time.time() - 3_000),
            "opened_at": None,
            "full": False,
            "waiting": 0,
            "cap": None,
            "hold": False,
            "open_all": False,
            "rung_forced": None,
            "capacity": {
                "listeners": [4_000, 8_000, 32_000, 48_000],
                "joins_s": 40.0,
                "source": "measured at start",
            },
            "line": [],
            "audience": self.audience(0),
            "lanes": [],
            "replay_due": None,
            "history": [],
        }

    @staticmethod
    def audience(inside: int, error: float = 0.0) -> dict[str, int]:
        """The count with so many inside, known to ± `error`."""
        return {
            "connected": inside + 40,
            "listening": inside,
            "low": round(inside * (1 - error)),
            "high": round(inside * (1 + error)),
            "proven": round(inside * 0.9),
            "fetched": inside - round(inside * 0.9),
            "inside": inside,
            "waiting": 0,
            "peak": round(inside * 1.04),
            "total_net": round(inside * 1.3),
            "total_gross": round(inside * 1.6),
        }

    def moving(self) -> None:
        """The doors opened some minutes ago and the line moves."""
        opened = time.time() - 400
        line = [[0, 0, 8_214], *([n, n, 40 + 10 * n] for n in range(1, 41))]
        waiting = sum(piece[2] for piece in line)
        self.door |= {
            "admitted_rank": COHORT // 2,
            "pace": 38.5,
            "opened_at": rfc3339(opened),
            "line": line,
            "waiting": waiting,
            "audience": self.audience(2_812),
            "lanes": [{"name": "press", "places": 40, "inside": 31}],
            "history": self.history(450, 2_812, waiting),
        }

    def full(self) -> None:
        """As many inside as the machine carries, more of them outside, counted by sketches."""
        self.moving()
        self.door |= {
            "full": True,
            "rung": 4,
            "reason": "rung_house_full",
            "pace": 0.0,
            "waiting": 412_400,
            "audience": self.audience(812_000, 0.008),
            "capacity": {
                "listeners": [90_000, 180_000, 540_000, 812_000],
                "joins_s": 1_200.0,
                "source": "certificate",
            },
            "line": [[0, 0, 300_000], [1, 20, 90_000], [21, 40, 22_400]],
            "admitted_rank": 12 * COHORT + COHORT // 3,
            "replay_due": rfc3339(time.time() + 7_200),
            "history": self.history(450, 812_000, 412_400, 0.008),
        }

    def live_failed(self) -> None:
        """The stage is gone; the recording goes on."""
        self.moving()
        self.door |= {
            "rung": 5,
            "reason": "rung_live_failed",
            "replay_due": rfc3339(time.time() + 7_200),
        }

    def history(
        self, points: int, inside: int, waiting: int, error: float = 0.0
    ) -> list[dict[str, Any]]:
        """Two seconds apart; people come in along a slope, and one second is refused."""
        now = time.time()
        return [self._point(n, points, now, inside, waiting, error) for n in range(points)]

    def _point(
        self, n: int, points: int, now: float, inside: int, waiting: int, error: float
    ) -> dict[str, Any]:
        grown = 1 / (1 + math.exp(-(n - points / 2) / 50))
        here = round(inside * grown)
        return {
            "at": rfc3339(now - 2 * (points - 1 - n)),
            "waiting": round(waiting * (0.3 + 0.7 * math.sin(n / points * 2.2))),
            "inside": here,
            "listening": here,
            "low": round(here * (1 - error)),
            "high": round(here * (1 + error)),
            "admitted": COHORT,
            "rung": 0,
            "pace": 38.5,
            "requests_s": {
                "media": round(here * 0.5),
                "playlist": round(here * 0.5 + 30 * math.sin(n / 9)),
                "state": round(here * 0.2),
                "door": round(30 * grown),
                "page": 20 + n % 7,
                "asset": 25,
                "refused": 2 + n % 3,
            },
            "refusals_s": {"no_place_free": n % 40, "not_your_turn": 60 if n == 300 else 3},
            "busy": round(0.1 + 0.5 * grown, 3),
            "loop_lag_ms": 90.0 if n == 200 else 2.0 + grown,
            "egress_bit_s": here * 41_000,
        }

    def note(self, act: str, detail: str, by: str = "operator", **was: Any) -> None:
        """A line of the log; `was`: what an undo brings back."""
        number = len(self.log) + 1
        self._was[number] = was
        self.log.insert(
            0,
            {
                "number": number,
                "at": rfc3339(time.time()),
                "act": act,
                "by": by,
                "detail": detail,
                "undoable": bool(was),
            },
        )

    def __call__(self, method: str, path: str, body: bytes) -> Answer | None:
        parts = path.strip("/").split("/")
        known = super().__call__ if len(parts) < 4 else self._of_event
        act = parts[-1]
        if method == "POST" and act in self.refusing:
            return self.refusing[act]
        return known(method, path, body)

    def _of_event(self, method: str, path: str, body: bytes) -> Answer | None:
        act = path.split("/")[4]
        if act not in ("door", "lanes", "delay", "acts"):
            return super().__call__(method, path, body)
        if method == "GET":
            if act == "acts":
                return says(self.log)
            self.asked_door += 1
            return self.refusing.get("GET door") or says(self.door)
        super().__call__(method, path, body)  # writes down what was asked
        sent = self.calls[-1][2]
        return {"door": self._set, "lanes": self._lane, "delay": self._delay, "acts": self._undo}[
            act
        ](path, sent)

    def _set(self, _path: str, sent: dict[str, Any]) -> Answer:
        for name, value in sent.items():
            field = "rung_forced" if name == "rung" else name
            before = self.door[field]
            words = {None: "none", True: "yes", False: "no"}
            self.note(
                name,
                f"{words.get(before, before)} → {words.get(value, value)}",
                **{field: before},
            )
            self.door[field] = value
        return says(self.door)

    def _lane(self, path: str, sent: dict[str, Any]) -> Answer:
        if any(lane["name"] == sent["name"] for lane in self.door["lanes"]):
            name = sent["name"]
            return refuses(409, "lane_exists", f"There is a lane {name} already.")
        self.door["lanes"] = [*self.door["lanes"], {**sent, "inside": 0}]
        self.note("lane", f"{sent['name']}: {sent['places']} places")
        base = f"http://localhost/e/{path.split('/')[3]}#place="
        return says({**sent, "links": [f"{base}token{n}" for n in range(sent["places"])]}, 201)

    def _delay(self, path: str, sent: dict[str, Any]) -> Answer:
        minutes = sent["minutes"]
        event = self.events[0]
        self.note("delay", f"{minutes} minutes: {event['start']} → {event['start']}", start=0)
        return says(event)

    def _undo(self, path: str, _sent: Any) -> Answer:
        number = int(path.split("/")[5])
        was = self._was.pop(number)
        self.door |= {name: value for name, value in was.items() if name in FIELDS}
        for done in self.log:
            if done["number"] == number:
                done["undoable"] = False
                self.note("undo", f"{done['act']} {done['detail']}")
                break
        return says(self.log)
