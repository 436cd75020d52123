"""A mock of the control port's shield: peace, an attack, and whatever an operator does about it."""

from __future__ import annotations

import json
import math
import time
from typing import Any

from tests.pages.mock_control_room import ControlRoom
from tests.pages.mock_house import Answer, refuses, rfc3339, says

WORST = [
    ("198.51.100.23", {"source_spent": 41_200.0, "garbage": 12.0}, 88_000.0, 0.0, 0, 61, "drop"),
    ("2001:db8:77:1200::/64", {"no_pass": 8_100.0}, 21_400.0, 0.0, 0, 32, "refuse"),
    ("203.0.113.9", {"connection_spent": 900.0}, 3_100.0, 0.86, 214, 18, ""),
    ("192.0.2.77", {"decoy": 4.0}, 640.0, 0.0, 0, 2, ""),
]


class UnderAttack(ControlRoom):
    """The control port on a bad evening; `shield` is what it says of it."""

    def __init__(self) -> None:
        super().__init__("live")
        self.moving()
        self.shield |= self.attack()
        self.number = 0
        self.was: dict[int, dict[str, Any]] = {}

    @staticmethod
    def attack() -> dict[str, Any]:
        """Two minutes into it."""
        now = time.time()
        return {
            "pressure": 2,
            "why": "demand_unexplained",
            "says": "more is asked for than the listeners who come and stay explain",
            "since": rfc3339(now - 120),
            "onset": rfc3339(now - 124),
            "difficulty": 1,
            "spent": 31_420.0,
            "explained": 400.0,
            "unexplained": 31_020.0,
            "refused": {"source_spent": 24_100, "source_banned": 6_000, "connection_spent": 12},
            "acts": {"refused": 30_112, "slowed": 214, "dropped": 61, "challenged": 9, "solved": 7},
            "sources": 1_204,
            "listeners": 2_812,
            "busy": 0.62,
            "kernel": "kernel bans are off: this process has no CAP_NET_ADMIN; "
            "edges drop in-process instead",
            "worst": [
                {
                    "source": source,
                    "points": points,
                    "demand": demand,
                    "explained": explained,
                    "listeners": listeners,
                    "connections": connections,
                    "step": step,
                    "held": "listeners" if listeners else "",
                }
                for source, points, demand, explained, listeners, connections, step in WORST
            ],
            "neighbourhoods": [{"neighbourhood": "198.51.100.0/24", "bans": 31, "suspects": 12}],
            "bans": [
                {
                    "source": source,
                    "step": step,
                    "reason": "overspent" if step == "drop" else "no_pass",
                    "since": rfc3339(now - 60),
                    "until": rfc3339(now + left_s),
                }
                for source, step, left_s in (
                    ("198.51.100.23", "drop", 600),
                    ("2001:db8:77:1200::/64", "refuse", 45),
                )
            ],
            "bans_all": 2,
            "by_step": {"drop": 1, "refuse": 1},
            "history": [UnderAttack._second(n, now) for n in range(600)],
        }

    @staticmethod
    def _second(n: int, now: float) -> dict[str, Any]:
        hard = n > 470
        wave = 0.9 + 0.1 * math.sin(n / 7)
        spent = 31_000 * wave if hard else 300 + 100 * math.sin(n / 40)
        return {
            "at": rfc3339(now - 600 + n),
            "pressure": 2 if n > 480 else 0,
            "spent": spent,
            "explained": 400.0 if hard else spent,
            "refused": {"source_spent": round(24_000 * wave), "source_banned": 40 * (n - 470)}
            if hard
            else {},
            "sources": 1_204 if hard else 40,
            "busy": 0.62 if hard else 0.2,
        }

    def __call__(self, method: str, path: str, body: bytes) -> Answer | None:
        if not path.startswith("/api/shield") or method == "GET":
            return super().__call__(method, path, body)
        sent = json.loads(body)
        self.calls.append((method, path, sent))
        if path in self.refusing:
            return self.refusing[path]
        self._do(method, path.removeprefix("/api/shield").strip("/"), sent)
        return says({**self.shield, "now": rfc3339(time.time()), "history": []})

    def _do(self, method: str, what: str, sent: dict[str, Any]) -> None:
        view = self.shield
        if what == "":
            for name, value in sent.items():
                words = {True: "yes", False: "no"}
                before, after = (words.get(one, one) for one in (view[name], value))
                self._log(name, f"{before} → {after}", {name: view[name]})
                view[name] = value
                if name == "mode":
                    view["why"] = "operator" if value == "attack" else "demand_unexplained"
        elif what in ("allow", "deny"):
            prefix = sent["prefix"]
            kept = [one for one in view[what] if one != prefix]
            self._log("forget" if method == "DELETE" else what, prefix, {what: view[what]})
            view[what] = kept if method == "DELETE" else [*kept, prefix]
        elif what in ("lift", "clear"):
            gone = {sent["source"]} if what == "lift" else {one["source"] for one in view["bans"]}
            self._log(what, sent.get("source", ""), {})
            view["bans"] = [one for one in view["bans"] if one["source"] not in gone]
            view["bans_all"] = len(view["bans"])
        else:
            number = int(what.split("/")[1])
            view |= self.was.pop(number)
            done = next(one for one in view["log"] if one["number"] == number)
            done["undoable"] = False
            self._log("undo", f"{done['act']} {done['detail']}", {})

    def _log(self, act: str, detail: str, was: dict[str, Any]) -> None:
        self.number += 1
        self.was[self.number] = was
        line = {
            "number": self.number,
            "at": rfc3339(time.time()),
            "act": act,
            "by": "operator",
            "detail": detail,
            "undoable": bool(was),
        }
        self.shield["log"] = [line, *self.shield["log"]]


def bad_prefix() -> Answer:
    """As control refuses it."""
    return refuses(422, "bad_prefix", "'x' is no address or prefix.")
