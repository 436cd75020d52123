"""A mock of an event's door: tickets that are plain words, and a line that a test moves by hand.

The real door signs tokens and lends places; here every answer can be brought about at will.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from tests.pages.mock_house import Answer, Audience, asked_header, refuses, rfc3339, says

COHORT = 2**32
EVENT = "/e/k3v9x2mq"


class Door(Audience):
    """The audience port with the door closed to those without a pass."""

    def __init__(self, media: Path, **state: Any) -> None:
        super().__init__(media, **state)
        self.rank = 5 * COHORT
        self.expires_s, self.renew_s, self.beat_s = 120.0, 60.0, 30.0
        self.refusing: dict[str, Answer] = {}  # by the last word of the path
        self.calls: list[tuple[float, str, str, str]] = []  # when, path, bearer, nonce
        self.issued = 0
        self.passes: dict[str, float] = {}  # pass → until when
        self.state["audience"] = {"connected": 9, "listening": 7, "low": 7, "high": 7}
        self.state["replay_due"] = rfc3339(time.time() + 7_200)
        self.state["door"] = {
            "admission": "passes",
            "commitment": "5ea1" * 16,
            "secret": None,
            "seed": None,
            "opened_at": None,
            "cohort_s": 10,
            "admitted_rank": -1,
            "pace": 0.0,
            "full": False,
            "waiting": 0,
            "line": [],
            "beat_s": 30,
            "poll_s": 0.5,
            "lanes": [],
        }

    def line(self, admitted_rank: int, *pieces: tuple[int, int, int], pace: float = 1.0) -> None:
        """Move the line."""
        self.state["door"] = {
            **self.state["door"],
            "admitted_rank": admitted_rank,
            "line": [list(piece) for piece in pieces],
            "waiting": sum(waiting for _, _, waiting in pieces),
            "pace": pace,
        }

    def admit(self) -> None:
        """Everybody's turn has come."""
        self.line(100 * COHORT)

    def count(self, path: str) -> int:
        """How often `path` (ticket, pass, leave) was asked."""
        return sum(1 for _, asked, _, _ in self.calls if asked == path)

    def __call__(self, method: str, path: str, body: bytes) -> Answer | None:
        act = path.removeprefix(f"{EVENT}/")
        if method == "POST" and act in ("ticket", "pass", "leave"):
            bearer = asked_header("Authorization").removeprefix("Bearer ")
            self.calls.append((time.monotonic(), act, bearer, asked_header("Rostra-Nonce")))
            if act in self.refusing:
                return self.refusing[act]
            return self._ticket(bearer) if act == "ticket" else self._pass(act, bearer)
        if act.startswith(("live/", "rewind/")) and not self._holds():
            return refuses(403, "pass_missing", "Listening needs a pass.")
        return super().__call__(method, path, body)

    def _holds(self) -> bool:
        _, _, cookie = asked_header("Cookie").partition("rostra_pass=")
        return self.passes.get(cookie.partition(";")[0], 0) > time.time()

    def _ticket(self, bearer: str) -> Answer:
        if bearer.startswith("bad"):
            return refuses(403, "ticket_invalid", "This ticket is not valid.")
        self.issued += not bearer
        drawn = self.state["phase"] != "scheduled"
        lane = "press" if bearer.startswith("lane") else None
        called = self.rank <= self.state["door"]["admitted_rank"]
        view = {
            "ticket": bearer or f"ticket-{self.issued}",
            "id": f"id-of-{bearer or f'ticket-{self.issued}'}",
            "arrived": rfc3339(time.time()),
            "lane": lane,
            "cohort": 5 if drawn and not lane else None,
            "rank": self.rank if drawn and not lane else None,
            "admitted": bool(lane) or (drawn and called),
            "beat_s": self.beat_s,
            "kept_until": rfc3339(time.time() + 50_000),
        }
        return says(view)

    def _pass(self, act: str, bearer: str) -> Answer:
        if act == "leave":
            return Answer(b"", status=204)
        if bearer in self.passes and self.passes[bearer] < time.time():
            return refuses(403, "pass_expired", "This pass has expired.")
        given = f"pass-{len(self.passes) + 1}"
        self.passes[given] = time.time() + self.expires_s
        view = {"pass": given, "expires_s": self.expires_s, "renew_s": self.renew_s, "proof": None}
        answer = says(view)
        answer.headers["Set-Cookie"] = (
            f"rostra_pass={given}; Path={EVENT}; Max-Age={int(self.expires_s)}; HttpOnly; "
            "SameSite=Lax"
        )
        return answer
