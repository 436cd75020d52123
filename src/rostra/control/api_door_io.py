"""The door's part of the operators' API: what it shows, what is asked of it, the log and undo."""

from __future__ import annotations

import asyncio
import time
from typing import Annotated, Any

from fastapi import FastAPI
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, ConfigDict, Field

from rostra.agenda.agenda import DELAY_MOST_MIN
from rostra.control.control_io import Control
from rostra.control.lanes_io import PLACES_MOST
from rostra.control.metrics_io import CONTENT_TYPE, render

_CAP_MOST = 100_000_000


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class DoorChange(_Strict):
    """Only what is to change. `cap`, `rung`: null for as measured and as decided."""

    cap: Annotated[int, Field(ge=1, le=_CAP_MOST)] | None = None
    hold: bool = False
    open_all: bool = False
    rung: Annotated[int, Field(ge=0, le=5)] | None = None


class NewLane(_Strict):
    """Places given out beforehand."""

    name: str = Field(pattern=r"^[a-z0-9-]{1,32}$")
    places: int = Field(ge=1, le=PLACES_MOST)


class Delay(_Strict):
    """Minutes later, or earlier if negative."""

    minutes: int = Field(ge=-DELAY_MOST_MIN, le=DELAY_MOST_MIN)


def add_door_calls(app: FastAPI, control: Control, guarded: list[Any]) -> None:
    """The calls about doors, acts and metrics."""

    @app.get("/api/events/{event_id}/door", dependencies=guarded)
    async def show_door(event_id: str) -> JSONResponse:
        """The line, the rung and why, the audience, and the last quarter of an hour."""
        return JSONResponse(control.door_view(event_id))

    @app.post("/api/events/{event_id}/door", dependencies=guarded)
    async def set_door(event_id: str, change: DoorChange) -> JSONResponse:
        """Cap, hold, open for all, a rung of one's own; each is recorded and can be undone."""
        fields = change.model_dump(exclude_unset=True)
        if "rung" in fields:
            fields["rung_forced"] = fields.pop("rung")
        control.set_door(event_id, fields)
        return JSONResponse(control.door_view(event_id))

    @app.post("/api/events/{event_id}/lanes", status_code=201, dependencies=guarded)
    async def add_lane(event_id: str, new: NewLane) -> JSONResponse:
        """A priority lane; its links are shown in this answer and never again."""
        lane = control.add_lane(event_id, new.name, new.places)
        links = await asyncio.to_thread(
            control.doors.links,
            control.get(event_id),
            lane,
            int(time.time()),
            control.addresses.public_url,
        )
        return JSONResponse({"name": lane.name, "places": lane.places, "links": links}, 201)

    @app.post("/api/events/{event_id}/delay", dependencies=guarded)
    async def delay(event_id: str, change: Delay) -> JSONResponse:
        """Move the start; the first one announced stays visible, calendars follow."""
        return JSONResponse(control.view(control.delay(event_id, change.minutes)))

    @app.get("/api/events/{event_id}/acts", dependencies=guarded)
    async def acts(event_id: str) -> JSONResponse:
        """What was done to the event, by whom, the newest first."""
        return JSONResponse(control.acts(event_id))

    @app.post("/api/events/{event_id}/acts/{number}/undo", dependencies=guarded)
    async def undo(event_id: str, number: int) -> JSONResponse:
        """Take an act back; 409 `cannot_undo`, `already_undone` or `later_act` where it stands."""
        control.undo(event_id, number)
        return JSONResponse(control.acts(event_id))

    @app.get("/metrics", include_in_schema=False)
    async def metrics() -> Response:
        """Numbers only, so no key is asked; the control port is no public one."""
        return Response(render(control), media_type=CONTENT_TYPE)
