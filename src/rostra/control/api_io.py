"""The hosts' and operators' HTTP API, described by OpenAPI, and the operator page."""

from __future__ import annotations

import hmac
from collections.abc import Awaitable, Callable
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

from fastapi import Depends, FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import FileResponse, JSONResponse
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException
from starlette.middleware.gzip import GZipMiddleware
from starlette.staticfiles import StaticFiles

from rostra import __version__
from rostra.agenda.life import Act
from rostra.control.api_door_io import add_door_calls
from rostra.control.api_rehearsal_io import add_rehearsal_calls
from rostra.control.api_shield_io import add_shield_calls
from rostra.control.control_io import Control
from rostra.ground.facts import Role
from rostra.ground.refusals import Refusal, Refused

NOT_OPERATOR = Refusal(
    "not_operator", 401, "Operators only. Open the address that `rostra operator link` prints."
)
BODY_MOST = 256 * 1024
FINDINGS_MOST = 2 * 1024 * 1024  # of a long rehearsal
_CSP = (
    "default-src 'self'; img-src 'self' data:; media-src 'self' blob:; frame-ancestors 'none'; "
    "base-uri 'none'; form-action 'self'"
)


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class NewEvent(_Strict):
    """What a new event needs. `start` is RFC 3339 with a zone, for example 2026-12-01T20:00Z."""

    title: str = Field(max_length=200)
    start: AwareDatetime
    description: str = ""
    language: str = "en"
    duration_min: int = 60
    people: list[str] = []


class EventChange(_Strict):
    """Only what is to change."""

    title: str | None = None
    start: AwareDatetime | None = None
    description: str | None = None
    language: str | None = None
    duration_min: int | None = None
    people: list[str] | None = None


class NewAnnouncement(_Strict):
    """A sentence to everyone."""

    text: str


class NewInvitation(_Strict):
    """A seat for one person."""

    role: Role = Role.SPEAKER
    name: str = Field(default="", max_length=80)


def unix_ms(moment: datetime) -> int:
    """Wall time as Unix milliseconds."""
    return round(moment.timestamp() * 1000)


def refuse(refusal: Refusal) -> Response:
    """The refusal as an HTTP answer."""
    headers = {"WWW-Authenticate": "Bearer"} if refusal.status == 401 else None
    return Response(refusal.body(), refusal.status, headers, "application/json")


def make_app(
    control: Control, operator_key: bytes, data_dir: Path, pages_dir: Path | None
) -> FastAPI:
    """The control port's application. `operator_key`: what a Bearer token must equal, in hex."""
    expected = operator_key.hex().encode()

    def operator(request: Request) -> None:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not hmac.compare_digest(
            token.strip().encode("utf-8", "replace"), expected
        ):
            raise Refused(NOT_OPERATOR)

    app = FastAPI(title="Rostra control", version=__version__, docs_url=None, redoc_url=None)
    guarded: list[Any] = [Depends(operator)]

    @app.exception_handler(Refused)
    async def on_refused(_: Request, refused: Refused) -> Response:
        return refuse(refused.refusal)

    @app.exception_handler(RequestValidationError)
    async def on_invalid(_: Request, error: RequestValidationError) -> Response:
        says = "; ".join(
            f"{'.'.join(str(part) for part in row['loc'][1:]) or 'body'}: {row['msg']}"
            for row in error.errors()
        )
        return refuse(Refusal("bad_request", 422, says))

    @app.exception_handler(HTTPException)
    async def on_http(_: Request, error: HTTPException) -> Response:
        codes = {404: "not_found", 405: "method_not_allowed"}
        code = codes.get(error.status_code, "bad_request")
        return refuse(Refusal(code, error.status_code, str(error.detail)))

    # A quarter of an hour of figures, each second and operator. No answer echoes what was asked.
    app.add_middleware(GZipMiddleware, minimum_size=8 * 1024)

    @app.middleware("http")
    async def harden(
        request: Request, answer: Callable[[Request], Awaitable[Response]]
    ) -> Response:
        most = FINDINGS_MOST if request.url.path.endswith("/certificate") else BODY_MOST
        if int(request.headers.get("content-length") or 0) > most:
            return refuse(Refusal("too_large", 413, f"At most {most // 1024} KiB, please."))
        response = await answer(request)
        response.headers.setdefault("X-Content-Type-Options", "nosniff")
        response.headers.setdefault("Referrer-Policy", "no-referrer")
        if response.headers.get("content-type", "").startswith("text/html"):
            response.headers["Content-Security-Policy"] = _CSP
            response.headers["Cache-Control"] = "no-cache"
        elif not request.url.path.startswith("/assets/"):
            response.headers.setdefault("Cache-Control", "no-store")
        return response

    @app.get("/healthz", include_in_schema=False)
    async def healthz() -> Response:
        return Response("ok\n", media_type="text/plain")

    @app.get("/", include_in_schema=False)
    async def page() -> Response:
        file = pages_dir / "control.html" if pages_dir else None
        if file is None or not file.exists():
            return Response("The pages were not built; run: make setup\n", 503)
        return FileResponse(file)

    if pages_dir is not None and (pages_dir / "assets").is_dir():
        app.mount("/assets", StaticFiles(directory=pages_dir / "assets"))

    @app.get("/api/status", dependencies=guarded)
    async def status() -> JSONResponse:
        """Processes, stage, packager, edges and the events that are not over."""
        return JSONResponse(control.status())

    @app.get("/api/events", dependencies=guarded)
    async def list_events() -> JSONResponse:
        """All events, the earliest start first."""
        events = sorted(control.real_events(), key=lambda event: event.start_ms)
        return JSONResponse([control.view(event) for event in events])

    @app.post("/api/events", status_code=201, dependencies=guarded)
    async def create_event(new: NewEvent) -> JSONResponse:
        """Create an event; the answer holds its three links."""
        fields = new.model_dump(exclude={"start", "people"})
        event = control.create(**fields, start_ms=unix_ms(new.start), people=tuple(new.people))
        return JSONResponse(control.view(event), 201)

    @app.get("/api/events/{event_id}", dependencies=guarded)
    async def show_event(event_id: str) -> JSONResponse:
        """One event."""
        return JSONResponse(control.view(control.get(event_id)))

    @app.patch("/api/events/{event_id}", dependencies=guarded)
    async def change_event(event_id: str, change: EventChange) -> JSONResponse:
        """Change what is given; a moved start is announced as a delay."""
        fields = {k: v for k, v in change.model_dump(exclude_unset=True).items() if v is not None}
        if "start" in fields:
            fields["start_ms"] = unix_ms(fields.pop("start"))
        if "people" in fields:
            fields["people"] = tuple(fields["people"])
        return JSONResponse(control.view(control.change(event_id, fields)))

    def add_act(path: str, what: Act, says: str) -> None:
        async def step(event_id: str) -> JSONResponse:
            return JSONResponse(control.view(control.act(event_id, what)))

        app.post(
            f"/api/events/{{event_id}}/{path}",
            dependencies=guarded,
            operation_id=what.value,
            description=says,
        )(step)

    add_act("open-doors", Act.OPEN_DOORS, "Open the doors now.")
    add_act("go-live", Act.GO_LIVE, "Begin: from now on the audience hears the stage.")
    add_act("end", Act.END, "End the event; the replay follows at once.")
    add_act("cancel", Act.CANCEL, "Call the event off.")

    @app.post("/api/events/{event_id}/announcements", dependencies=guarded)
    async def announce(event_id: str, new: NewAnnouncement) -> JSONResponse:
        """Tell everyone something."""
        return JSONResponse(control.view(control.announce(event_id, new.text)))

    @app.post("/api/events/{event_id}/invitations", status_code=201, dependencies=guarded)
    async def invite(event_id: str, new: NewInvitation) -> JSONResponse:
        """A link for one person, with their name in it."""
        return JSONResponse({"link": control.invite(event_id, new.role, new.name)}, 201)

    add_door_calls(app, control, guarded)
    add_rehearsal_calls(app, control, guarded)
    add_shield_calls(app, control, guarded)

    @app.get("/api/events/{event_id}/recordings", dependencies=guarded)
    async def recordings(event_id: str) -> JSONResponse:
        """Recorded files: the programme and a stem for each speaker."""
        folder = data_dir / "events" / control.get(event_id).event_id / "recording"
        files = sorted(folder.iterdir()) if folder.is_dir() else []
        return JSONResponse(
            [
                {
                    "name": file.name,
                    "kind": "programme" if file.stem.startswith("programme") else "stem",
                    "body_bytes": file.stat().st_size,
                    "finished": file.suffix == ".flac",
                    "url": f"/api/events/{event_id}/recordings/{file.name}",
                }
                for file in files
                if file.suffix in (".flac", ".wav")
            ]
        )

    @app.get("/api/events/{event_id}/recordings/{name}", dependencies=guarded)
    async def recording(
        event_id: str, name: Annotated[str, Field(pattern=r"^[\w.()\- ]{1,120}$")]
    ) -> Response:
        """One recorded file."""
        folder = data_dir / "events" / control.get(event_id).event_id / "recording"
        # Only a name that the folder itself lists is opened: nothing to traverse with.
        listed = {file.name: file for file in folder.iterdir()} if folder.is_dir() else {}
        file = listed.get(name)
        if file is None or file.suffix not in (".flac", ".wav"):
            raise Refused(Refusal("no_such_recording", 404, f"There is no recording {name!r}."))
        return FileResponse(file, filename=name)

    return app
