"""The stage port: WHIP for speakers (RFC 9725), the stage page's status and buttons.

No token, name or address is logged; a refusal is JSON with a stable code.
"""

from __future__ import annotations

import asyncio
import datetime
import mimetypes
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import msgspec
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from rostra.ground.facts import Event, Seat
from rostra.ground.refusals import Refusal, Refused
from rostra.ground.signing import Invitation
from rostra.ground.wall_time import rfc3339
from rostra.stage.seats import clean_name
from rostra.stage.stage_io import UNKNOWN_EVENT, UNKNOWN_SESSION, Stage

BODY_BYTES = 64 * 1024
BODY_S = 10.0  # how long a body may take
_LEAST_SECRET, _MOST_SECRET = 16, 64

NO_TOKEN = Refusal("no_token", 401, "Open the link you were sent: this call carries no invitation.")
TOO_LARGE = Refusal("body_too_large", 413, "The body is larger than 64 KiB.")
TOO_SLOW = Refusal("body_too_slow", 408, "The body took longer than 10 seconds.")
NOT_SDP = Refusal("not_sdp", 415, "Send the offer with Content-Type: application/sdp.")
NOT_JSON = Refusal("not_json", 400, "The body is not the JSON this call wants.")
BAD_SECRET = Refusal("bad_seat", 400, "Rostra-Seat is 16 to 64 letters, digits, '-' or '_'.")
NO_PATCH = Refusal(
    "no_patch", 405, "The answer carries all candidates; there is nothing to patch (RFC 9725 4.3)."
)
NOT_FOUND = Refusal("not_found", 404, "There is nothing here.")
WRONG_METHOD = Refusal("wrong_method", 405, "This address does not take that method.")
NO_PAGES = Refusal("no_pages", 503, "The pages were not built. Run: make setup")

_CORS = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Expose-Headers": "Location",
}
_PREFLIGHT = {
    **_CORS,
    "Access-Control-Allow-Methods": "POST, DELETE, GET, OPTIONS",
    "Access-Control-Allow-Headers": (
        "Authorization, Content-Type, Rostra-Name, Rostra-Seat, Rostra-Session"
    ),
    "Access-Control-Max-Age": "86400",
}
_PAGE_HEADERS = {
    "Cache-Control": "no-cache",
    "Content-Security-Policy": (
        "default-src 'self'; connect-src 'self'; media-src 'self' blob:; frame-ancestors 'none'"
    ),
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
_ROOT = b"""<!doctype html><html lang="en"><meta charset="utf-8"><title>Rostra stage</title>
<meta name="viewport" content="width=device-width"><meta name="color-scheme" content="light dark">
<body style="font:1.1rem/1.5 system-ui;max-width:32rem;margin:20vh auto;padding:0 1rem">
<h1>The stage</h1><p>To speak, open the link you were sent.</p>"""


class _Mute(msgspec.Struct):
    session: str
    muted: bool


Answer = Callable[[Request], Awaitable[Response]]


def _refuse(refusal: Refusal) -> Response:
    headers = dict(_CORS)
    if refusal.status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    if refusal.status == 503:
        headers["Retry-After"] = "2"
    return Response(refusal.body(), refusal.status, headers, "application/json")


def _json(content: Any, status: int = 200) -> Response:
    headers = {**_CORS, "Cache-Control": "no-store"}
    return Response(msgspec.json.encode(content), status, headers, "application/json")


async def _body(request: Request) -> bytes:
    if int(request.headers.get("content-length", "0") or "0") > BODY_BYTES:
        raise Refused(TOO_LARGE)
    body = bytearray()
    try:
        async with asyncio.timeout(BODY_S):
            async for piece in request.stream():
                body += piece
                if len(body) > BODY_BYTES:
                    raise Refused(TOO_LARGE)
    except TimeoutError:
        raise Refused(TOO_SLOW) from None
    return bytes(body)


def _invitation(stage: Stage, request: Request) -> Invitation:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise Refused(NO_TOKEN)
    invitation = stage.invited(token.strip(), request.path_params["event_id"])
    if isinstance(invitation, Refusal):
        raise Refused(invitation)
    return invitation


def _secret(request: Request) -> str | None:
    secret = request.headers.get("rostra-seat")
    if secret is None:
        return None
    plain = secret.replace("-", "").replace("_", "")
    fits = _LEAST_SECRET <= len(secret) <= _MOST_SECRET
    if not (fits and plain.isalnum() and plain.isascii()):
        raise Refused(BAD_SECRET)
    return secret


def _seat(seat: Seat) -> dict[str, Any]:
    return {
        "id": seat.seat_id,
        "name": seat.name,
        "role": seat.role,
        "connected": seat.connected,
        "muted": seat.muted,
        "speaking": seat.speaking,
        "level_dbfs": seat.level_dbfs,
    }


def _event(event: Event, now_ms: int) -> dict[str, Any]:
    return {
        "phase": event.phase,
        "title": event.title,
        "language": event.language,
        "start": rfc3339(event.start_ms, always_ms=True),
        "now": rfc3339(now_ms, always_ms=True),
        "live_at": rfc3339(event.live_at_ms, always_ms=True),
        "ended_at": rfc3339(event.ended_at_ms, always_ms=True),
    }


def _read_pages(pages_dir: Path | None) -> dict[str, bytes]:
    """The stage page and all assets, by path: who opens them costs no disk and no thread."""
    if pages_dir is None:
        return {}
    found = [pages_dir / "stage.html", *(pages_dir / "assets").rglob("*")]
    return {p.relative_to(pages_dir).as_posix(): p.read_bytes() for p in found if p.is_file()}


class _Port:
    def __init__(self, stage: Stage, pages_dir: Path | None, public_url: str) -> None:
        self._stage = stage
        self._pages = _read_pages(pages_dir)
        self._public_url = public_url.rstrip("/")

    async def whip(self, request: Request) -> Response:
        invitation = _invitation(self._stage, request)
        kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind != "application/sdp":
            raise Refused(NOT_SDP)
        offer = (await _body(request)).decode("utf-8", "replace")
        name = clean_name(unquote(request.headers.get("rostra-name", "")))
        joined = await self._stage.join(invitation, name, _secret(request), offer)
        if isinstance(joined, Refusal):
            raise Refused(joined)
        session, answer = joined
        headers = {
            **_CORS,
            "Location": f"/whip/{invitation.event_id}/{session}",
            "Cache-Control": "no-store",
        }
        return Response(answer, 201, headers, "application/sdp")

    async def session(self, request: Request) -> Response:
        if request.method == "PATCH":
            raise Refused(NO_PATCH)
        _invitation(self._stage, request)
        parameters = request.path_params
        if not await self._stage.leave(parameters["session"], parameters["event_id"]):
            raise Refused(UNKNOWN_SESSION)
        return Response(status_code=200, headers=_CORS)

    async def status(self, request: Request) -> Response:
        invitation = _invitation(self._stage, request)
        floor = self._stage.floor(invitation.event_id)
        if floor is None:
            raise Refused(UNKNOWN_EVENT)
        session = request.headers.get("rostra-session")
        known = None
        if session is not None:
            known = "known" if self._stage.knows(invitation.event_id, session) else "gone"
        now_ms = round(datetime.datetime.now(datetime.UTC).timestamp() * 1000)
        return _json(
            {
                **_event(floor.event, now_ms),
                "you": {"role": invitation.role, "name": invitation.name},
                "seats": [_seat(seat) for seat in floor.seats.view()],
                "audience": {"connected": floor.audience},
                "listener_page": f"{self._public_url}/e/{invitation.event_id}",
                "session": known,
            }
        )

    async def mute(self, request: Request) -> Response:
        invitation = _invitation(self._stage, request)
        try:
            wish = msgspec.json.decode(await _body(request), type=_Mute)
        except msgspec.MsgspecError as error:
            raise Refused(NOT_JSON) from error
        refusal = self._stage.mute(invitation.event_id, wish.session, wish.muted)
        if refusal is not None:
            raise Refused(refusal)
        return _json({"muted": wish.muted})

    def asked(self, act: str) -> Answer:
        async def ask(request: Request) -> Response:
            refusal = self._stage.ask(_invitation(self._stage, request), act)
            if refusal is not None:
                raise Refused(refusal)
            return _json({"asked": act}, 202)

        return ask

    async def root(self, request: Request) -> Response:
        return Response(_ROOT, media_type="text/html; charset=utf-8")

    async def page(self, request: Request) -> Response:
        page = self._pages.get("stage.html")
        if page is None:
            raise Refused(NO_PAGES)
        return Response(page, headers=_PAGE_HEADERS, media_type="text/html; charset=utf-8")

    async def asset(self, request: Request) -> Response:
        path = f"assets/{request.path_params['path']}"
        asset = self._pages.get(path)
        if asset is None:
            raise Refused(NOT_FOUND)
        headers = {
            "Cache-Control": "public, max-age=31536000, immutable",
            "X-Content-Type-Options": "nosniff",
        }
        kind = mimetypes.guess_type(path)[0] or "application/octet-stream"
        return Response(asset, headers=headers, media_type=kind)

    async def preflight(self, request: Request) -> Response:
        return Response(status_code=204, headers={**_PREFLIGHT, "Accept-Post": "application/sdp"})


async def _refused(_request: Request, error: Exception) -> Response:
    assert isinstance(error, Refused)
    return _refuse(error.refusal)


async def _http_error(_request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return _refuse(WRONG_METHOD if error.status_code == 405 else NOT_FOUND)


async def _hung_up(_request: Request, _error: Exception) -> Response:
    return Response(status_code=400)


def make_app(stage: Stage, pages_dir: Path | None, public_url: str) -> Starlette:
    """The stage port's calls, as docs/reference/contract.md has them.

    `pages_dir`: the built pages, None if there are none. `public_url`: where listeners go.
    """
    port = _Port(stage, pages_dir, public_url)
    api = "/api/stage/{event_id}"
    routes = [
        Route("/", port.root),
        Route("/s/{event_id}", port.page),
        Route("/assets/{path:path}", port.asset),
        Route("/whip/{event_id}", port.whip, methods=["POST"]),
        Route("/whip/{event_id}/{session}", port.session, methods=["DELETE", "PATCH"]),
        Route(api, port.status),
        Route(f"{api}/mute", port.mute, methods=["POST"]),
        Route(f"{api}/go-live", port.asked("go_live"), methods=["POST"]),
        Route(f"{api}/end", port.asked("end"), methods=["POST"]),
        *(
            Route(path, port.preflight, methods=["OPTIONS"])
            for path in ("/whip/{event_id}", "/whip/{event_id}/{session}", api, f"{api}/{{act}}")
        ),
    ]
    handlers: dict[Any, Any] = {
        Refused: _refused,
        HTTPException: _http_error,
        ClientDisconnect: _hung_up,
    }
    return Starlette(routes=routes, exception_handlers=handlers)
