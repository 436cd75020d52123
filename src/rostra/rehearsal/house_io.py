"""The house that is rehearsed, as the conductor reaches it: control's API on this machine."""

from __future__ import annotations

from typing import Any

import httpx
import msgspec

from rostra.rehearsal.certificate import allowed
from rostra.rehearsal.consent import Consent
from rostra.rehearsal.findings import Certificate, Findings
from rostra.rehearsal.trouble import RehearsalTrouble

CALL_S = 15.0


class Allowed(msgspec.Struct, frozen=True, kw_only=True):
    """What control answered to the request for a rehearsal."""

    run: str
    event_id: str
    token: str
    page: str
    origin: str
    speaker_link: str
    until: str
    consent: Consent


class EdgeReading(msgspec.Struct, frozen=True, kw_only=True):
    """One edge in one second. `cpu`: of one core."""

    edge: str
    cpu: float = 0.0
    busy: float = 0.0
    loop_lag_p99_ms: float = 0.0
    connections: int = 0
    requests_s: float = 0.0
    egress_bit_s: float = 0.0


class StageReading(msgspec.Struct, frozen=True, kw_only=True):
    """The stage in one second."""

    late_ticks: int = 0
    cpu: float = 0.0


class PackagerReading(msgspec.Struct, frozen=True, kw_only=True):
    """The packager in one second."""

    behind_ms: float = 0.0
    cpu: float = 0.0


class Reading(msgspec.Struct, frozen=True, kw_only=True):
    """The house in one second."""

    at: str
    edges: tuple[EdgeReading, ...] = ()
    stage: StageReading | None = None
    packager: PackagerReading | None = None
    rung: int = 0
    admitted: int = -1
    inside: int = 0
    waiting: int = 0


class _Readings(msgspec.Struct, frozen=True, kw_only=True):
    withdrawn: bool
    readings: tuple[Reading, ...]


class _Standing(msgspec.Struct, frozen=True, kw_only=True):
    holds: bool
    certificate: Certificate | None


class HouseAtHand:
    """Calls to control; an `async with`. Refusals and silence become RehearsalTrouble."""

    def __init__(self, control_url: str, operator_key: str) -> None:
        self._client = httpx.AsyncClient(
            base_url=control_url,
            headers={"Authorization": f"Bearer {operator_key}"},
            timeout=CALL_S,
            # The certificate names the public host; these calls stay on the machine.
            verify=False,  # noqa: S501
        )
        self.run = ""
        self.withdrawn = False

    async def __aenter__(self) -> HouseAtHand:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._client.aclose()

    async def _call(self, method: str, path: str, body: Any = None) -> bytes:
        content = None if body is None else msgspec.json.encode(body)
        headers = {} if body is None else {"Content-Type": "application/json"}
        try:
            answer = await self._client.request(method, path, content=content, headers=headers)
        except httpx.HTTPError as error:
            raise RehearsalTrouble("house_silent", f"control does not answer: {error!r}") from error
        if answer.is_success:
            return answer.content
        try:
            refused = answer.json()["error"]
            code, message = str(refused["code"]), str(refused["message"])
        except (ValueError, KeyError, TypeError):
            code, message = "house_failed", f"control answered {answer.status_code} to {path}"
        raise RehearsalTrouble(code, message)

    async def ask(self, wish: dict[str, Any]) -> Allowed:
        """A consent for this run."""
        raw = await self._call("POST", "/api/rehearsals", wish)
        allowed = msgspec.json.decode(raw, type=Allowed)
        self.run = allowed.run
        return allowed

    async def certified(self, rung: int) -> int:
        """Listeners that the newest certificate allows at a rung; 0 where none holds."""
        told = msgspec.json.decode(await self._call("GET", "/api/certificate"), type=_Standing)
        found = allowed(told.certificate) if told.holds and told.certificate else None
        return found[0][rung] if found else 0

    async def go_live(self, event_id: str) -> None:
        """The rehearsal's event begins."""
        await self._call("POST", f"/api/events/{event_id}/go-live")

    async def open_doors(self, event_id: str) -> None:
        """As on the night."""
        await self._call("POST", f"/api/events/{event_id}/open-doors")

    async def door(self, event_id: str, **fields: Any) -> None:
        """`rung`, `open_all`, `cap`, `hold`."""
        await self._call("POST", f"/api/events/{event_id}/door", fields)

    async def readings(self, since_s: float) -> tuple[Reading, ...]:
        """The house's seconds since that Unix second; notices a withdrawal."""
        raw = await self._call("GET", f"/api/rehearsals/{self.run}?since={since_s:.3f}")
        told = msgspec.json.decode(raw, type=_Readings)
        self.withdrawn = self.withdrawn or told.withdrawn
        return told.readings

    async def progress(self, shown: dict[str, Any]) -> None:
        """What the control room shows."""
        await self._call("POST", f"/api/rehearsals/{self.run}/progress", shown)

    async def walks(self, walks: tuple[str, ...]) -> None:
        """How listeners asked: the shield learns from it once the certificate is sealed."""
        await self._call("POST", f"/api/rehearsals/{self.run}/walks", {"walks": walks})

    async def certificate(self, findings: Findings) -> bytes:
        """The sealed certificate; the rehearsal is over."""
        return await self._call("POST", f"/api/rehearsals/{self.run}/certificate", findings)

    async def withdraw(self) -> None:
        """No more."""
        if self.run:
            await self._call("POST", f"/api/rehearsals/{self.run}/withdraw")
