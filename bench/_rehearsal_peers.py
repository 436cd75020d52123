"""The peers of the listeners' benchmark: nginx and uvicorn + Starlette, before the same crowd.

They serve a real live stream: a mirror fetches the rung 2 playlist, its segments, the state and the
page from a running house and puts them in a folder in memory. What a file cannot answer (ticket,
pass, goodbye) has a fixed answer. Both serve the consent of the bench's own run.

    python -m bench._rehearsal_peers mirror ORIGIN EVENT FOLDER
    python -m bench._rehearsal_peers naive EVENT FOLDER PORT
"""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import json
import os
import secrets
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from pathlib import Path
from typing import Any

import httpx

from bench.edge_throughput import pinned
from rostra.rehearsal.consent import Consent, seal_consent
from rostra.rehearsal.consent_check_io import PATH as CONSENT
from rostra.rehearsal.hls import read_playlist
from rostra.rehearsal.library import Library

RUN = "bench"
RUNG = 2
_EVERY_S = 0.25
_FILLED_S = 40.0
_FIRST_CORE = 0
TICKET = {
    "ticket": "t" * 180,
    "id": "A" * 22,
    "arrived": "2026-01-01T00:00:00Z",
    "lane": None,
    "cohort": 0,
    "rank": 0,
    "admitted": True,
    "beat_s": 30,
    "kept_until": "2036-01-01T00:00:00Z",
}
PASS = {"pass": "p" * 260, "expires_s": 120, "renew_s": 60, "proof": None}
# One worker, everything in memory, no log: as a person who knows nginx sets it up for live HLS.
NGINX = """
worker_processes 1; worker_rlimit_nofile {files}; daemon off; pid {root}/nginx.pid;
error_log {root}/error.log crit;
events {{ worker_connections {connections}; multi_accept on; }}
http {{
  {zones}
  access_log off; sendfile on; tcp_nopush on; tcp_nodelay on; keepalive_requests 1000000000;
  open_file_cache max=2000 inactive=60s; open_file_cache_valid 1s;
  default_type application/json;
  types {{ video/mp4 m4s mp4; application/vnd.apple.mpegurl m3u8; text/javascript js;
    text/css css; image/svg+xml svg; }}
  client_body_temp_path {root}/t1; proxy_temp_path {root}/t2; fastcgi_temp_path {root}/t3;
  uwsgi_temp_path {root}/t4; scgi_temp_path {root}/t5;
  server {{
    listen 127.0.0.1:{port} backlog=4096; root {root}/www;
    location = /e/{event} {{ default_type text/html; gzip_static on; alias {root}/www/page; }}
    location = /e/{event}/ticket {{ return 200 '{ticket}'; }}
    location = /e/{event}/pass {{ return 200 '{pass_}'; }}
    location = /e/{event}/leave {{ return 204; }}
    location /assets/ {{ gzip_static on; add_header Cache-Control "max-age=31536000, immutable"; }}
    {more}
  }}
}}
"""


@contextlib.contextmanager
def served_folder() -> Iterator[Path]:
    """A folder with a `www` that peers may read; in memory, where there is such a place."""
    memory = "/dev/shm" if Path("/dev/shm").is_dir() else None
    with tempfile.TemporaryDirectory(dir=memory) as folder:
        root = Path(folder)
        root.chmod(0o755)
        (root / "www").mkdir()
        yield root


@contextlib.contextmanager
def on_cores(cores: set[int]) -> Iterator[None]:
    """What is started meanwhile runs on these cores only."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cores)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def consent(
    folder: Path, origin: str, generators: Sequence[str], listeners: int, **attacks: Any
) -> None:
    """The bench consents to its own run on its own server. `attacks`: what its attacks may."""
    now_s = int(time.time())
    agreed = Consent(
        run=RUN,
        event_id=RUN,
        generators=tuple(generators),
        origins=(origin,),
        listeners=listeners,
        requests_s=100 * listeners,
        not_before_s=now_s,
        until_s=now_s + 3600,
        **attacks,
    )
    _put(folder, CONSENT, seal_consent(agreed, secrets.token_bytes(32)))


@contextlib.asynccontextmanager
async def mirrored(origin: str, event: str, folder: Path) -> AsyncIterator[None]:
    """A mirror of the event that stays up to date, from when it has a whole playlist."""
    process = await asyncio.create_subprocess_exec(
        *("taskset", "-c", str(_FIRST_CORE), sys.executable, "-m", "bench._rehearsal_peers"),
        *("mirror", origin, event, str(folder)),
    )
    try:
        until = time.monotonic() + _FILLED_S
        while not await asyncio.to_thread((folder / "page").exists):
            if process.returncode is not None or time.monotonic() > until:
                raise RuntimeError("the mirror has nothing to show")
            await asyncio.sleep(0.1)
        yield
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        await process.wait()


@contextlib.contextmanager
def nginx(
    root: Path, event: str, port: int, files: int, more: str = "", zones: str = ""
) -> Iterator[int]:
    """nginx with one worker on the first core; its process id. `more`: lines of its server,
    `zones`: of its http."""
    config = root / "nginx.conf"
    config.write_text(
        NGINX.format(
            root=root,
            event=event,
            port=port,
            files=files,
            connections=files - 100,
            ticket=json.dumps(TICKET),
            pass_=json.dumps(PASS),
            more=more,
            zones=zones,
        )
    )
    with pinned(["nginx", "-e", f"{root}/error.log", "-c", str(config)], port) as pid:
        yield pid


@contextlib.contextmanager
def naive(root: Path, event: str, port: int) -> Iterator[int]:
    """uvicorn (uvloop, httptools, no access log) with Starlette's StaticFiles; its process id."""
    module = [sys.executable, "-m", "bench._rehearsal_peers"]
    with pinned([*module, "naive", event, str(root / "www"), str(port)], port) as pid:
        yield pid


# --- processes of their own ---------------------------------------------------------------------


def _put(folder: Path, path: str, body: bytes, *, packed: bool = False) -> None:
    """Atomically, so that nobody is served half a file."""
    file = folder / path.lstrip("/")
    file.parent.mkdir(parents=True, exist_ok=True)
    made = file.with_name(f".{file.name}.new")
    if packed:
        _put(folder, f"{path}.gz", gzip.compress(body))
    made.write_bytes(body)
    made.replace(file)


def _mirror(origin: str, event: str, folder: Path) -> None:
    page, library, state_at = f"/e/{event}", Library(), 0.0
    with httpx.Client(base_url=origin, timeout=10) as house:

        def fetch(path: str) -> bytes:
            return house.get(path).raise_for_status().content

        there: set[str] = set()
        while True:
            began = time.monotonic()
            if began >= state_at:
                state_at = began + 1.0
                state = json.loads(fetch(f"{page}/state.json"))
                offered = [
                    row
                    for row in state["links"]["playlists"]
                    if row["rung"] == RUNG and row["rendition"] == "aac"
                ]
                state["links"]["playlists"] = offered
                state["door"] |= {"admission": "passes", "seed": None, "opened_at": None}
                state["door"]["admitted_rank"] = 1 << 52
                _put(folder, f"{page}/state.json", json.dumps(state).encode())
            for row in offered:
                body = fetch(row["url"])
                listed = read_playlist(body, row["url"])
                if listed is None:
                    continue
                wanted = {piece.path for piece in listed.pieces} | {
                    piece.init for piece in listed.pieces
                }
                for path in wanted - there:
                    _put(folder, path, fetch(path))
                there = wanted
                _put(folder, row["url"], body)
                if len(listed.pieces) >= 5 and not (folder / "page").exists():
                    _put_page(folder, page, library, fetch)
            time.sleep(max(0.0, _EVERY_S - (time.monotonic() - began)))


def _put_page(folder: Path, page: str, library: Library, fetch: Any) -> None:
    body = fetch(page)
    for path in library.assets(body):
        asset = fetch(path)
        _put(folder, path, asset, packed=True)
        if engine := library.engine(path, asset):
            _put(folder, engine, fetch(engine), packed=True)
    _put(folder, "page", body, packed=True)


def _naive(event: str, folder: Path, port: int) -> None:
    import uvicorn
    from starlette.applications import Starlette
    from starlette.requests import Request
    from starlette.responses import FileResponse, JSONResponse, Response
    from starlette.routing import Mount, Route
    from starlette.staticfiles import StaticFiles

    async def page(_: Request) -> Response:
        return FileResponse(folder / "page", media_type="text/html")

    async def ticket(_: Request) -> Response:
        return JSONResponse(TICKET)

    async def pass_(_: Request) -> Response:
        return JSONResponse(PASS)

    async def leave(_: Request) -> Response:
        return Response(status_code=204)

    app = Starlette(
        routes=[
            Route(f"/e/{event}", page),
            Route(f"/e/{event}/ticket", ticket, methods=["POST"]),
            Route(f"/e/{event}/pass", pass_, methods=["POST"]),
            Route(f"/e/{event}/leave", leave, methods=["POST"]),
            Mount("/", StaticFiles(directory=folder)),
        ]
    )
    # Kept open as long as nginx keeps connections; uvicorn's five seconds would make it do more.
    uvicorn.run(
        app,
        host="127.0.0.1",
        port=port,
        loop="uvloop",
        http="httptools",
        access_log=False,
        log_level="error",
        timeout_keep_alive=75,
        backlog=4096,
    )


if __name__ == "__main__":
    if sys.argv[1] == "mirror":
        _mirror(sys.argv[2], sys.argv[3], Path(sys.argv[4]))
    else:
        _naive(sys.argv[2], Path(sys.argv[3]), int(sys.argv[4]))
