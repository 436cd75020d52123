"""The shield's part of the operators' API: what it sees and does, both switches, lists, bans."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import FastAPI, Query
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field

from rostra.control.control_io import Control, now_ms

_NETWORK_MOST = 64  # characters; the longest IPv6 prefix has 43
Listed = Literal["allow", "deny"]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class ShieldChange(_Strict):
    """Only what is to change. `mode` "attack": as under attack whatever is measured."""

    mode: Literal["auto", "attack", "off"] = "auto"
    dry_run: bool = False


class Prefix(_Strict):
    """An address or prefix: 203.0.113.7, 203.0.113.0/24, 2001:db8::/64."""

    prefix: str = Field(max_length=_NETWORK_MOST)


class Source(_Strict):
    """Whose bans end: an address or prefix."""

    source: str = Field(max_length=_NETWORK_MOST)


def add_shield_calls(app: FastAPI, control: Control, guarded: list[Any]) -> None:
    """The calls about the shield. Each act answers with the shield as it is then."""
    desk = control.shield_desk

    def seen() -> JSONResponse:
        return JSONResponse(desk.view(now_ms()))

    @app.get("/api/shield", dependencies=guarded)
    async def show_shield(
        since: Annotated[float, Query(ge=0, allow_inf_nan=False)] = 0.0,
    ) -> JSONResponse:
        """The last second, bans, lists, acts, and the seconds after `since` (Unix time)."""
        return JSONResponse(desk.view(now_ms(), round(since * 1000)))

    @app.post("/api/shield", dependencies=guarded)
    async def set_shield(change: ShieldChange) -> JSONResponse:
        """Mode and dry run; each is recorded and can be undone."""
        desk.change(now_ms(), **change.model_dump(exclude_unset=True))
        return seen()

    @app.post("/api/shield/allow", dependencies=guarded)
    async def allow(body: Prefix) -> JSONResponse:
        """Never judge it by where it comes from; 422 `bad_prefix`, `prefix_too_wide`."""
        desk.allow(body.prefix, now_ms())
        return seen()

    @app.post("/api/shield/deny", dependencies=guarded)
    async def deny(body: Prefix) -> JSONResponse:
        """Keep it out, listeners there too; likewise."""
        desk.deny(body.prefix, now_ms())
        return seen()

    @app.delete("/api/shield/{which}", dependencies=guarded)
    async def forget(which: Listed, body: Prefix) -> JSONResponse:
        """Take it off that list; 404 `no_such_prefix`."""
        desk.forget(which, body.prefix, now_ms())
        return seen()

    @app.post("/api/shield/lift", dependencies=guarded)
    async def lift(body: Source) -> JSONResponse:
        """End its bans; 404 `not_banned`."""
        desk.lift(body.source, now_ms())
        return seen()

    @app.post("/api/shield/clear", dependencies=guarded)
    async def clear() -> JSONResponse:
        """End all bans; the lists stay."""
        desk.clear(now_ms())
        return seen()

    @app.post("/api/shield/acts/{number}/undo", dependencies=guarded)
    async def undo_shield(number: int) -> JSONResponse:
        """Take an act back; 409 `cannot_undo`, `already_undone` or `later_act` where it stands."""
        desk.undo(number, now_ms())
        return seen()
