"""A mock of the three ports for the pages' own tests: canned JSON and one ready-made recording.

The real servers are tested with the real pages in tests/live; here the pages meet states that are
hard to bring about for real, and nothing but loopback.
"""

from __future__ import annotations

import datetime
import json
import math
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import av
import numpy as np

PAGES = Path(__file__).parent.parent.parent / "src" / "rostra" / "pages"
POLICY = "default-src 'self'; media-src 'self' blob:; worker-src blob: 'self'; img-src 'self' data:"
KINDS = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript",
    ".css": "text/css",
    ".svg": "image/svg+xml",
    ".m3u8": "application/vnd.apple.mpegurl",
    ".m4s": "audio/mp4",
    ".mp4": "audio/mp4",
}
SEGMENT_S = 2.0
WINDOW = 10  # segments in the live playlist


@dataclass
class Answer:
    """What a port says."""

    body: bytes
    kind: str = "application/json"
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)


Port = Callable[[str, str, bytes], Answer | None]  # (method, path, body) → answer, None: 404
_asked = threading.local()


def asked_header(name: str) -> str:
    """A header of the request that is being answered, or ""."""
    return str(_asked.headers.get(name) or "")


def says(value: Any, status: int = 200) -> Answer:
    """JSON."""
    return Answer(json.dumps(value).encode(), status=status)


def refuses(status: int, code: str, message: str) -> Answer:
    """A refusal as every port of Rostra gives it."""
    return says({"error": {"code": code, "message": message}}, status)


def rfc3339(at: float) -> str:
    """UTC with milliseconds."""
    stamp = datetime.datetime.fromtimestamp(at, datetime.UTC)
    return stamp.strftime("%Y-%m-%dT%H:%M:%S.") + f"{stamp.microsecond // 1000:03d}Z"


HANGS_UP = Answer(b"", status=0)  # no answer at all: to a browser the same as a refused connection


def built(path: str) -> Answer | None:
    """A built file."""
    file = (PAGES / path.lstrip("/")).resolve()
    if not file.is_relative_to(PAGES.resolve()) or not file.is_file():
        return None
    return Answer(file.read_bytes(), KINDS.get(file.suffix, "application/octet-stream"))


def shell(name: str, **parts: str) -> Answer:
    """A page with the edge's markers filled in."""
    text = (PAGES / name).read_text().replace("__LANG__", parts.pop("language", "en"))
    for marker, value in parts.items():
        text = text.replace(f"<!--rostra:{marker}-->", value)
    return Answer(text.encode(), KINDS[".html"], headers={"Content-Security-Policy": POLICY})


@contextmanager
def serving(port: Port) -> Iterator[str]:
    """The address of a server on loopback that answers with `port`; stopped at the end."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self) -> None:
            path = self.path.partition("?")[0]
            length = int(self.headers.get("Content-Length") or 0)
            body = self.rfile.read(length)
            _asked.headers = self.headers
            found = built(path) if path.startswith("/assets/") else port(self.command, path, body)
            found = found or refuses(404, "not_found", "There is nothing here.")
            if found is HANGS_UP:
                self.close_connection = True
                return
            self.send_response(found.status)
            self.send_header("Content-Type", found.kind)
            self.send_header("Content-Length", str(len(found.body)))
            self.send_header("Cache-Control", "no-store")
            for name, value in found.headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(found.body)

        do_GET = do_POST = do_DELETE = do_PATCH = answer

        def log_message(self, format: str, *args: Any) -> None:
            pass

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, request: Any, client_address: Any) -> None:
            pass  # a browser that closes early is no news

    server = Server(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield f"http://localhost:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def record(folder: Path, seconds: int) -> None:
    """A soft tone as HLS with fMP4 segments of SEGMENT_S in `folder`."""
    options = {
        "hls_time": str(SEGMENT_S),
        "hls_segment_type": "fmp4",
        "hls_playlist_type": "vod",
        "hls_segment_filename": str(folder / "%d.m4s"),
    }
    with av.open(str(folder / "replay.m3u8"), "w", format="hls", options=options) as sink:
        stream = sink.add_stream("aac", rate=48_000)
        stream.bit_rate = 64_000
        for at in range(0, seconds * 48_000, 960):
            phase = np.arange(at, at + 960) * (2 * math.pi * 220 / 48_000)
            tone = (0.1 * np.sin(phase)).astype(np.float32)[np.newaxis]
            frame = av.AudioFrame.from_ndarray(tone, format="fltp", layout="mono")
            frame.sample_rate, frame.pts = 48_000, at
            sink.mux(stream.encode(frame))
        sink.mux(stream.encode(None))


class Audience:
    """The audience port with one event, whose state a test may change at any time."""

    def __init__(self, media: Path, **state: Any) -> None:
        self.media = media
        self.began = time.time() - WINDOW * SEGMENT_S
        self.broken = False  # media answers 503
        self.hold_back_s = 3 * SEGMENT_S  # how far behind the live edge players stay
        self.asked: list[str] = []
        self.state: dict[str, Any] = {
            "v": 1,
            "id": "k3v9x2mq",
            "phase": "scheduled",
            "title": "The night the crowd came",
            "description": "Ada and Grace talk about engines and what a crowd does to both.",
            "language": "en",
            "start": rfc3339(time.time() + 93_784),
            "first_start": None,
            "duration_min": 60,
            "live_at": None,
            "ended_at": None,
            "speakers": [],
            "people": ["Ada Lovelace", "Grace Hopper"],
            "announcements": [],
            "rung": 2,
            "audience": {"connected": 1204},
            "poll_s": 0.5,
            "links": {
                "page": "/e/k3v9x2mq",
                "calendar": "/e/k3v9x2mq/calendar.ics",
                "replay": None,
                "rewind": [],
                "playlists": [],
            },
        }
        self.state |= state

    def playlists(self, *paths: tuple[int, str, str]) -> list[dict[str, Any]]:
        """`links.playlists` for (rung, rendition, file)."""
        return [
            {
                "rung": rung,
                "rendition": name,
                "codec": "mp4a.40.2",
                "bandwidth": 72_000,
                "url": f"/e/k3v9x2mq/{file}",
            }
            for rung, name, file in paths
        ]

    def go_live(self) -> None:
        """On air since a few segments ago."""
        self.state |= {
            "phase": "live",
            "live_at": rfc3339(self.began),
            "speakers": [
                {
                    "id": "a1",
                    "name": "Ada Lovelace",
                    "role": "host",
                    "speaking": True,
                    "muted": False,
                },
                {
                    "id": "b2",
                    "name": "Grace Hopper",
                    "role": "speaker",
                    "speaking": False,
                    "muted": True,
                },
            ],
            "announcements": [
                {"number": 1, "at": rfc3339(time.time()), "text": "Questions come at the end."}
            ],
        }
        live = self.playlists((2, "aac", "live/2/aac.m3u8"), (3, "eco", "live/3/eco.m3u8"))
        rewind = self.playlists((2, "aac", "rewind/aac.m3u8"))
        self.state["links"] = {**self.state["links"], "playlists": live, "rewind": rewind}

    def post(self) -> None:
        """Over, with the replay."""
        replay = self.playlists((2, "aac", "replay.m3u8"))
        self.state |= {"phase": "posted", "ended_at": rfc3339(time.time())}
        links = {"replay": "/e/k3v9x2mq/replay.m3u8", "playlists": replay, "rewind": []}
        self.state["links"] = {**self.state["links"], **links}

    def __call__(self, method: str, path: str, body: bytes) -> Answer | None:
        self.asked.append(path)
        if path == "/":
            row = (
                '<li class="live"><a href="/e/k3v9x2mq">The night the crowd came</a> '
                '<time datetime="2036-12-01T20:00:00Z">2036-12-01 20:00 UTC</time></li>'
            )
            return shell("index.html", events=row * 2)
        if path == "/lost":
            return shell("404.html")
        state = {**self.state, "now": rfc3339(time.time())}
        if path == "/e/k3v9x2mq":
            block = json.dumps(state).replace("<", "\\u003c")
            return shell(
                "event.html",
                language=state["language"],
                head=f"<title>{state['title']}</title>",
                state=f'<script type="application/json" id="rostra-state">{block}</script>',
                noscript="<noscript>…</noscript>",
            )
        if path == "/e/k3v9x2mq/state.json":
            return says(state)
        return self.sound(path.removeprefix("/e/k3v9x2mq/"))

    def sound(self, path: str) -> Answer | None:
        """Playlists and segments."""
        if self.broken:
            return refuses(503, "busy", "Too many are asking.")
        if path.endswith(".m3u8") and path.startswith(("live/", "rewind/")):
            last = int((time.time() - self.began) / SEGMENT_S)
            first = max(0, last - WINDOW) if path.startswith("live/") else 0
            lines = [
                "#EXTM3U",
                "#EXT-X-VERSION:7",
                f"#EXT-X-TARGETDURATION:{math.ceil(SEGMENT_S)}",
                f"#EXT-X-MEDIA-SEQUENCE:{first}",
                f"#EXT-X-SERVER-CONTROL:HOLD-BACK={self.hold_back_s:.3f}",
                '#EXT-X-MAP:URI="/e/k3v9x2mq/init.mp4"',
            ]
            for number in range(first, last):
                lines.append(f"#EXT-X-PROGRAM-DATE-TIME:{rfc3339(self.began + number * SEGMENT_S)}")
                lines.append(f"#EXTINF:{SEGMENT_S:.3f},")
                lines.append(f"/e/k3v9x2mq/{number}.m4s")
            return Answer("\n".join([*lines, ""]).encode(), KINDS[".m3u8"])
        file = self.media / path
        if "/" in path or not file.is_file():
            return None
        return Answer(file.read_bytes(), KINDS[file.suffix])


def seat(name: str, role: str, level: float, **more: Any) -> dict[str, Any]:
    """A seat as stage and control show it."""
    return {
        "id": name.lower()[:8],
        "name": name,
        "role": role,
        "connected": True,
        "muted": False,
        "speaking": level > -40,
        "level_dbfs": level,
    } | more


class Stage:
    """The stage port. It shows a status; a session it refuses (WebRTC is tests/live's)."""

    def __init__(self) -> None:
        self.status: dict[str, Any] = {
            "phase": "doors_open",
            "title": "The night the crowd came",
            "language": "en",
            "start": rfc3339(time.time() + 600),
            "live_at": None,
            "ended_at": None,
            "you": {"role": "host", "name": None},
            "seats": [
                seat("Grace Hopper", "speaker", -18),
                seat("Alan", "speaker", -90, muted=True),
            ],
            "audience": {"connected": 1204},
            "listener_page": "http://localhost/e/k3v9x2mq",
            "session": None,
        }

    def __call__(self, method: str, path: str, body: bytes) -> Answer | None:
        if path == "/s/k3v9x2mq":
            return shell("stage.html")
        if path == "/api/stage/k3v9x2mq":
            return says({**self.status, "now": rfc3339(time.time())})
        if path == "/whip/k3v9x2mq":
            return refuses(503, "stage_busy", "Many are connecting right now.")
        return None


def peace() -> dict[str, Any]:
    """What control says of a shield that has nothing to do."""
    return {
        "mode": "auto",
        "dry_run": False,
        "failed": False,
        "pressure": 0,
        "why": "calm",
        "says": "nothing unusual for half a minute",
        "since": None,
        "onset": None,
        "difficulty": 0,
        "spent": 212.0,
        "explained": 212.0,
        "unexplained": 0.0,
        "refused": {},
        "acts": {},
        "sources": 38,
        "listeners": 1_204,
        "busy": 0.08,
        "kernel": "kernel bans are on: table inet rostra_0123",
        "kernel_drops": 0,
        "worst": [],
        "neighbourhoods": [],
        "bans": [],
        "bans_all": 0,
        "by_step": {},
        "allow": [],
        "deny": [],
        "log": [],
        "history": [],
    }


class Control:
    """The control port with a list of events."""

    def __init__(self) -> None:
        self.events: list[dict[str, Any]] = []
        self.rehearsal: dict[str, Any] | None = None
        self.certificate: dict[str, Any] = {"certificate": None, "holds": False, "why_not": ""}
        self.shield = peace()
        self.calls: list[tuple[str, str, Any]] = []

    def add(self, title: str, phase: str = "scheduled", **more: Any) -> dict[str, Any]:
        """One more event."""
        number = len(self.events)
        event = {
            "id": f"event{number}",
            "title": title,
            "description": "",
            "language": "en",
            "start": rfc3339(time.time() + 3600 * (number + 1)),
            "first_start": None,
            "duration_min": 60,
            "phase": phase,
            "live_at": rfc3339(time.time() - 754) if phase == "live" else None,
            "ended_at": None,
            "replay_s": None,
            "people": [],
            "announcements": [],
            "host_link": f"http://localhost/s/event{number}#{'h' * 120}",
            "speaker_link": f"http://localhost/s/event{number}#{'s' * 120}",
            "listener_link": f"http://localhost/e/event{number}",
        } | more
        self.events.append(event)
        return event

    def __call__(self, method: str, path: str, body: bytes) -> Answer | None:
        if path == "/":
            return shell("control.html")
        sent: Any = json.loads(body) if body else None
        if method != "GET":
            self.calls.append((method, path, sent))
        if path == "/api/events":
            if method == "GET":
                return says(self.events)
            if len(sent["title"]) > 100:
                return refuses(422, "bad_title", "A title has 1 to 100 characters.")
            return says(self.add(**sent), 201)
        if path == "/api/status":
            return says(self.status())
        if path == "/api/certificate":
            return says(self.certificate)
        if path == "/api/shield":
            return says({**self.shield, "now": rfc3339(time.time())})
        if path.endswith("/recordings"):
            url = f"{path}/programme.flac"
            one = {"name": "programme.flac", "kind": "programme", "body_bytes": 31_000_000}
            return says([{**one, "finished": True, "url": url}])
        if path.endswith("/invitations"):
            token = f"{sent['role']}.{sent['name']}".encode().hex()
            return says({"link": f"http://localhost/s/{path.split('/')[3]}#{token:x<120}"}, 201)
        if path.startswith("/api/events/"):
            event = next(e for e in self.events if e["id"] == path.split("/")[3])
            phases = {"go-live": "live", "open-doors": "doors_open", "end": "ended"}
            event["phase"] = phases.get(path.split("/")[-1], event["phase"])
            return says(event)
        return None

    def status(self) -> dict[str, Any]:
        """All that a dashboard needs."""
        on_air = [e for e in self.events if e["phase"] not in ("cancelled", "posted")]
        seats = [seat("Ada Lovelace", "host", -16), seat("Grace Hopper", "speaker", -70)]
        names = ["control", "stage", "packager", "edge-0", "edge-1"]
        return {
            "now": rfc3339(time.time()),
            "version": "0.1.0",
            "uptime_s": 4000,
            "processes": [
                {"name": n, "up": True, "restarts": int(n == "stage"), "last_seen_s": 0.2}
                for n in names
            ],
            "stage": {
                "seats": 2,
                "late_ticks": 0,
                "cpu_fraction": 0.11,
                "loop_lag_ms": 0.8,
                "frames_concealed": 4,
                "packets_lost": 3,
            },
            "rehearsal": self.rehearsal,
            "packager": {"behind_ms": 12, "silence_s": 0.0, "cpu_fraction": 0.06, "events": 1},
            "edges": [
                {
                    "edge": f"edge-{n}",
                    "connections": 602,
                    "held": 590,
                    "requests_s": {"playlist": 1204.0, "media": 1204.0, "state": 301.0},
                    "refusals_s": {"rate": 2.0},
                    "egress_bit_s": 41_000_000,
                    "busy_fraction": 0.08,
                    "loop_lag_ms": 1.2,
                }
                for n in range(2)
            ],
            "events": [
                {
                    **e,
                    "seats": seats if e["phase"] == "live" else [],
                    "audience": {"connected": 1204},
                }
                for e in on_air
            ],
        }
