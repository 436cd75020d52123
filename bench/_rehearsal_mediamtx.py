"""MediaMTX at LL-HLS as a peer of the listeners' benchmark, where it is installed.

It serves media only, and a virtual listener asks one origin for everything: so nginx stands before
it, answers page, state, ticket, pass and consent, and hands the rest on. A tone in noise stands for
the voice (ffmpeg, RTSP). Parts of a second and segments of four, as at our rung 1.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import shutil
import subprocess
import time
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
from tests.live.conftest import free_ports

from bench._rehearsal_peers import nginx
from bench.edge_throughput import pinned
from rostra.rehearsal.hls import read_playlist

RUNG = 1
STREAM = "voice"
_FILLED_S = 90.0
_PIECES_LEAST = 10
_GAP = b"#EXT-X-GAP"  # stands for segments that were never there, at the beginning
CONFIG = """
logLevel: error
rtmp: no
webrtc: no
srt: no
rtspTransports: [tcp]
rtspAddress: 127.0.0.1:{rtsp}
hlsAddress: 127.0.0.1:{hls}
hlsAlwaysRemux: yes
hlsVariant: lowLatency
hlsSegmentCount: 10
hlsSegmentDuration: 4s
hlsPartDuration: 1s
paths:
  {stream}:
    source: publisher
"""
HANDED_ON = """
    location /{stream}/ {{
      proxy_pass http://127.0.0.1:{hls}; proxy_http_version 1.1; proxy_buffering off;
      proxy_set_header Connection ""; proxy_set_header Authorization "";
    }}
"""
SOUND = "sine=frequency=220:sample_rate=48000[a];anoisesrc=r=48000:c=pink:a=0.1[b];[a][b]amix"


def there() -> str:
    """The version that is on the PATH, empty where there is none."""
    if not (shutil.which("mediamtx") and shutil.which("ffmpeg") and shutil.which("nginx")):
        return ""
    told = subprocess.run(["mediamtx", "--version"], capture_output=True, text=True, check=False)
    return told.stdout.strip() or "of an unknown version"


@contextlib.asynccontextmanager
async def mediamtx(root: Path, event: str, port: int, files: int) -> AsyncIterator[int]:
    """On the first core behind nginx on `port`, which serves `root`/www; its process id."""
    rtsp, hls = free_ports(2)
    config = root / "mediamtx.yml"
    config.write_text(CONFIG.format(rtsp=rtsp, hls=hls, stream=STREAM))
    publish = ["ffmpeg", "-nostdin", "-v", "error", "-re", "-f", "lavfi", "-i", SOUND, "-ac", "1"]
    publish += ["-c:a", "aac", "-b:a", "64k", "-f", "rtsp", "-rtsp_transport", "tcp"]
    with contextlib.ExitStack() as stack:
        pid = stack.enter_context(pinned(["mediamtx", str(config)], hls))
        speaker = await asyncio.create_subprocess_exec(
            *publish, f"rtsp://127.0.0.1:{rtsp}/{STREAM}"
        )
        try:
            playlist = await _filled(f"http://127.0.0.1:{hls}")
            _offer(root / "www" / "e" / event / "state.json", playlist)
            more = HANDED_ON.format(stream=STREAM, hls=hls)
            stack.enter_context(nginx(root, event, port, files, more))
            yield pid
        finally:
            with contextlib.suppress(ProcessLookupError):
                speaker.terminate()
            await speaker.wait()


async def _filled(origin: str) -> str:
    """The path of the media playlist, once it is as long as it gets. RuntimeError if it is not."""
    until = time.monotonic() + _FILLED_S
    async with httpx.AsyncClient(base_url=origin, follow_redirects=True, timeout=10) as client:
        while time.monotonic() < until:
            await asyncio.sleep(1.0)
            index = await client.get(f"/{STREAM}/index.m3u8")
            named = [row for row in index.text.splitlines() if row and not row.startswith("#")]
            if not index.is_success or not named:
                continue
            path = f"/{STREAM}/{named[0]}"
            body = (await client.get(path)).content
            listed = read_playlist(body, path.partition("?")[0])
            if listed and len(listed.pieces) >= _PIECES_LEAST and _GAP not in body:
                return path
    raise RuntimeError("MediaMTX has no stream that a listener can play")


def _offer(state: Path, playlist: str) -> None:
    """The state names this playlist and no other."""
    said = json.loads(state.read_bytes())
    said["rung"] = RUNG
    offered = said["links"]["playlists"][0] | {"rung": RUNG, "url": playlist}
    said["links"]["playlists"] = [offered]
    state.write_text(json.dumps(said))
