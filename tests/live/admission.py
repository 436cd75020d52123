"""A listener without a browser: takes a ticket, waits for their turn, gets a pass."""

from __future__ import annotations

from typing import Any

import httpx

from tests.live.conftest import House, until


def admitted(house: House, event: Any, timeout_s: float = 60.0) -> dict[str, str]:
    """Header fields with which this listener may fetch an event's media for two minutes.

    Asks as a page does. Raises AssertionError if their turn does not come in time.
    """
    page = f"{house.audience}/e/{event['id']}"
    ticket = ""
    fields: dict[str, str] = {}

    def let_in() -> bool:
        nonlocal ticket, fields
        answer = httpx.post(f"{page}/ticket", headers=_bearer(ticket))
        if answer.is_success:
            ticket = answer.json()["ticket"]
            answer = httpx.post(f"{page}/pass", headers=_bearer(ticket))
            if answer.is_success:
                fields = _bearer(answer.json()["pass"])
        return bool(fields)

    until(let_in, "a listener is let in", timeout_s)
    return fields


def renewed(house: House, event: Any, fields: dict[str, str], nonce: str = "") -> dict[str, str]:
    """The header fields of a pass that was renewed; `nonce`: proof of listening."""
    page = f"{house.audience}/e/{event['id']}"
    answer = httpx.post(f"{page}/pass", headers=fields | ({"Rostra-Nonce": nonce} if nonce else {}))
    assert answer.is_success, answer.text
    return _bearer(answer.json()["pass"])


def _bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"} if token else {}
