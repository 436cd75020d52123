"""The rehearsal's part of the operators' API."""

from __future__ import annotations

import asyncio
import time
from typing import Annotated, Any

import msgspec
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, Response
from msgspec import Meta

from rostra.control.control_io import Control
from rostra.control.rehearsals_io import Asked
from rostra.ground.refusals import Refusal, Refused
from rostra.rehearsal.findings import Findings
from rostra.rehearsal.orders import WALKS_MOST, Walk

_PROGRESS_MOST = 64 * 1024


class Walked(msgspec.Struct, frozen=True):
    """Walks as in shield/path_model.py."""

    walks: Annotated[tuple[Walk, ...], Meta(max_length=WALKS_MOST)]


async def _read(request: Request, type_: Any) -> Any:
    try:
        return msgspec.json.decode(await request.body(), type=type_)
    except msgspec.DecodeError as error:
        raise Refused(Refusal("bad_request", 422, str(error))) from error


def add_rehearsal_calls(app: FastAPI, control: Control, guarded: list[Any]) -> None:
    """The calls about rehearsals and certificates."""

    @app.post("/api/rehearsals", status_code=201, dependencies=guarded)
    async def start(request: Request) -> JSONResponse:
        """Consent to a rehearsal by these generators; 409 `rehearsal_runs`, `event_near`."""
        return JSONResponse(control.rehearse(await _read(request, Asked)), 201)

    @app.get("/api/rehearsals/{run}", dependencies=guarded)
    async def show(run: str, since: float = 0.0) -> JSONResponse:
        """What the house did, second by second."""
        return JSONResponse(control.rehearsals.view(run, since))

    @app.post("/api/rehearsals/{run}/withdraw", dependencies=guarded)
    async def withdraw(run: str) -> JSONResponse:
        """End it now: generators stop within two seconds, its event is gone."""
        control.rehearsals.withdraw(run)
        return JSONResponse({"withdrawn": True})

    @app.post("/api/rehearsals/{run}/progress", dependencies=guarded)
    async def progress(run: str, request: Request) -> JSONResponse:
        """What the control room is to show of it."""
        if len(await request.body()) > _PROGRESS_MOST:
            raise Refused(Refusal("too_large", 413, "At most 64 KiB of progress, please."))
        control.rehearsals.note_progress(run, await _read(request, Any))
        return JSONResponse({"noted": True})

    @app.post("/api/rehearsals/{run}/walks", dependencies=guarded)
    async def walks(run: str, request: Request) -> JSONResponse:
        """How its listeners asked; the shield learns from it with the certificate."""
        found = await _read(request, Walked)
        control.rehearsals.note_walks(run, found.walks)
        return JSONResponse({"noted": len(found.walks)})

    @app.post("/api/rehearsals/{run}/certificate", status_code=201, dependencies=guarded)
    async def certify(run: str, request: Request) -> Response:
        """Seal what was found; the house uses it from now on, if it says something."""
        findings = await _read(request, Findings)
        sealed = control.rehearsals.certify(run, findings, time.time_ns() // 1_000_000)
        lesson, said = control.rehearsals.lesson(run)
        if lesson:
            await asyncio.to_thread(control.shield.learn, lesson, said)
        return Response(sealed, 201, media_type="application/json")

    @app.get("/api/certificate", dependencies=guarded)
    async def newest() -> JSONResponse:
        """The newest certificate, and whether it holds for this house as it is now."""
        return JSONResponse(control.rehearsals.newest())
