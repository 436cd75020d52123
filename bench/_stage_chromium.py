"""A real Chromium speaks to three receivers at once across two namespaces and a lossy link.

Delay: from the moment a sample was spoken by the link's own clock (`_stage_link.Journal`), which
takes the sender's clock, and its slips, out for all receivers alike; what the browser's microphone
path adds before a packet leaves cannot be seen from here and is left out. A run in which the link
was late, or in which the sender itself fell silent, is void for all receivers alike; what was heard
plays no part in that. `python -m bench._stage_chromium LOSS SECONDS SEED FILE` keeps what arrived,
and `python -m bench._stage_chromium FILE` plays it again through our buffer in virtual time.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import shutil
import subprocess
import sys
import tempfile
import time
from itertools import pairwise
from pathlib import Path
from typing import Any

from bench import _stage_link, _stage_receivers
from bench._stage_heard import Heard
from bench._stage_link import STAGE_IP, Journal, Sent

MOST_LINK_LAG_MS = 20.0  # beyond it the run shows the machine, not the receivers
MOST_PAUSE_MS = 50.0  # between two packets of the sender, which has one each 20 ms
ATTEMPTS = 3
WRTC = "wrtc==0.1.0"  # `wrtc[aiortc]` is the same engine under aiortc's interface
INSTALL_S = 120


# --- wrtc, which is no dependency of ours ---------------------------------------------------------


def install_wrtc(folder: Path) -> str:
    """A bare environment with wrtc; its interpreter. Raises OSError or SubprocessError."""
    subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True, capture_output=True)
    python = str(folder / "bin" / "python")
    pip = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    done = subprocess.run(
        [*pip, "--only-binary", ":all:", WRTC], capture_output=True, text=True, timeout=INSTALL_S
    )
    if done.returncode != 0:
        raise OSError((done.stderr.strip().splitlines() or ["pip failed"])[-1])
    return python


# --- one run --------------------------------------------------------------------------------------


def _end(process: subprocess.Popen[str]) -> None:
    process.terminate()
    try:
        process.wait(5)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    for stream in (process.stdout, process.stderr):
        if stream is not None:
            stream.close()


def _says(process: subprocess.Popen[str], word: str, within_s: float) -> bool:
    assert process.stdout is not None
    ready, _, _ = select.select([process.stdout], [], [], within_s)
    return bool(ready) and process.stdout.readline().strip() == word


def run(pythons: dict[str, str], loss: float, seconds: float, seed: int) -> dict[str, Any]:
    """One Chromium for `seconds`; `pythons`: the interpreter of each receiver.

    Gives for each receiver what it heard, or why it did not, and of the machine how late the link
    was and how long the sender paused. Raises OSError where it cannot be.
    """
    from bench._stage_speech import speech
    from rostra.stage.mixer import to_pcm16
    from rostra.stage.recorder import wav_header

    root = Path(__file__).resolve().parents[1]
    paths = {**os.environ, "PYTHONPATH": f"{root}:{root / 'src'}"}
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        pcm = to_pcm16(speech()).tobytes()
        (folder / "speech.wav").write_bytes(wav_header(len(pcm) // 2) + pcm)
        names = stack.enter_context(_stage_link.namespaces())

        def start(command: list[str], **given: Any) -> subprocess.Popen[str]:
            process = subprocess.Popen(
                command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **given
            )
            stack.callback(_end, process)
            return process

        sent, late = folder / "sent", folder / "late"
        with late.open("w") as lateness:
            carrying = subprocess.Popen(
                [
                    sys.executable, "-m", "bench._stage_link",
                    *names, str(loss), str(seed), str(sent),
                ],
                stdout=lateness, stderr=subprocess.PIPE, text=True, env=paths,
            )  # fmt: skip
        stack.callback(_end, carrying)
        deadline = time.monotonic() + 10
        while not late.read_text() and carrying.poll() is None and time.monotonic() < deadline:
            time.sleep(0.05)
        if carrying.poll() is not None or not late.read_text():
            assert carrying.stderr is not None
            carrying.terminate()
            raise OSError((carrying.stderr.read().strip().splitlines() or ["no link"])[-1])
        inside = ["ip", "netns", "exec"]
        ports = ",".join(str(_stage_receivers.PORTS[kind]) for kind in pythons)
        listening = {
            kind: start(
                [
                    *inside, names[0], python, "-m", "bench._stage_receivers", kind, str(seconds),
                    ports, STAGE_IP, str(folder / kind),
                ],
                env=paths,
            )
            for kind, python in pythons.items()
        }  # fmt: skip
        for process in listening.values():
            _says(process, "listening", 20)
        page = f"http://{STAGE_IP}:{_stage_receivers.PORTS['ours']}/"
        chromium = shutil.which("chromium") or "chromium"
        with (folder / "chromium").open("w") as log:
            browser = subprocess.Popen(
                [
                    *inside, names[1], chromium, "--headless=new", "--no-sandbox", "--disable-gpu",
                    "--no-first-run", "--disable-background-networking",
                    f"--user-data-dir={folder / 'profile'}",
                    f"--unsafely-treat-insecure-origin-as-secure={page}",
                    "--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream",
                    f"--use-file-for-fake-audio-capture={folder / 'speech.wav'}", page,
                ],
                stdout=log, stderr=log, text=True,
            )  # fmt: skip
        stack.callback(_end, browser)
        return _collected(listening, seconds, sent, late, folder)


def _collected(
    listening: dict[str, subprocess.Popen[str]], seconds: float, sent: Path, late: Path, out: Path
) -> dict[str, Any]:
    heard: dict[str, Any] = {}
    for kind, process in listening.items():
        _, error = process.communicate(timeout=seconds + _stage_receivers.WARM_UP_S + 60)
        if process.returncode != 0:
            heard[kind] = (error.strip().splitlines() or ["the receiver ended"])[-1]
            continue
        heard[kind] = json.loads((out / kind).read_text())
        heard[kind]["spoken"] = _stage_link.journal(sent, heard[kind]["ssrc"])
    ours = heard.get("ours")
    if not isinstance(ours, dict):
        raise OSError(str(ours))
    since = ours["start"] + _stage_receivers.WARM_UP_S
    until = since + seconds
    lags = [line.split() for line in late.read_text().splitlines()[1:] if " " in line]
    late_s = [float(lag) for at, lag in lags if since <= float(at) <= until]
    return {
        "heard": heard,
        "link_lag_ms": 1000 * max([0.0, *late_s]),
        "pause_ms": 1000 * ours["spoken"].pause_s(since, until),
        "slipped_ms": 1000 * ours["spoken"].slipped_s(),
    }


def valid(pythons: dict[str, str], loss: float, seconds: float, seed: int) -> dict[str, Any]:
    """A run in which link and sender kept time. Raises OSError if none of a few did."""
    voided = []
    for attempt in range(ATTEMPTS):
        result = run(pythons, loss, seconds, seed + attempt)
        if result["link_lag_ms"] <= MOST_LINK_LAG_MS and result["pause_ms"] <= MOST_PAUSE_MS:
            return result
        voided.append(f"{result['link_lag_ms']:.0f}/{result['pause_ms']:.0f}")
    raise OSError(f"link late/sender silent for {', '.join(voided)} ms: machine too busy")


def heard(result: dict[str, Any]) -> list[Heard]:
    """What one receiver heard, for each phase if it was asked at several."""
    spoken = result["spoken"]
    delays = [[at - spoken.spoken(stamp) for at, stamp in run] for run in result["played"]]
    if "own" in result:
        return [Heard.of_ticks(*each) for each in zip(result["own"], delays, strict=True)]
    return [Heard(delays[0], *counted(result["counts"]))]


def counted(counts: list[tuple[float, int, int, int]]) -> tuple[list[float], float]:
    """Gaps in ms, and the share concealed, of libwebrtc's (time, samples, concealed, events)."""
    gaps, gap = [], 0.0
    for before, after in pairwise(counts):
        concealed, events = after[2] - before[2], after[3] - before[3]
        if concealed > 0 and events == 0:  # one that lasts
            gap += concealed / 48
            continue
        if gap:
            gaps.append(gap)
        each = concealed / events / 48 if events else 0.0
        gaps += [each] * (events - 1)
        gap = each
    if gap:
        gaps.append(gap)
    samples = counts[-1][1] - counts[0][1]
    return gaps, (counts[-1][2] - counts[0][2]) / samples


# --- a run kept, and played again -----------------------------------------------------------------


def replay(kept: dict[str, Any], phase_s: float) -> Heard:
    """The packets of a run through our buffer in virtual time, ticks at `phase_s`."""
    from bench._stage_network import TICK_S
    from rostra.stage.jitter_buffer import RtpPacket
    from rostra.stage.playout_io import Playout

    arrivals, playout = kept["arrivals"], Playout()
    spoken = Journal([Sent(*each) for each in kept["sent"]])
    own, delays, come = [], [], 0
    begin = arrivals[0][0] + phase_s
    for tick in range(int((arrivals[-1][0] - begin) / TICK_S)):
        now = begin + tick * TICK_S
        while arrivals[come][0] <= now:
            at, sequence, stamp, payload = arrivals[come]
            playout.add(RtpPacket(sequence, stamp, bytes.fromhex(payload)), at)
            come += 1
        before = playout.buffer.counts.concealed
        frame = playout.frame(now)
        if now - begin < _stage_receivers.WARM_UP_S:
            continue
        own.append(frame is not None and playout.buffer.counts.concealed == before)
        if own[-1]:
            delays.append(now - spoken.spoken(playout.position))
    return Heard.of_ticks(own, delays)


if __name__ == "__main__":
    from bench._stage_heard import figures

    if len(sys.argv) == 2:
        kept = json.loads(Path(sys.argv[1]).read_text())
        for phase in _stage_receivers.PHASES_S:
            print(f"phase {1000 * phase:.0f} ms", figures([replay(kept, phase)]))
    else:
        level, length = map(float, sys.argv[1:3])
        found = run({"ours": sys.executable}, level, length, int(sys.argv[3]))
        ours = found.pop("heard")["ours"]
        sent = list(zip(ours["spoken"].timestamps, ours["spoken"].sent, strict=True))
        Path(sys.argv[4]).write_text(json.dumps({"arrivals": ours["arrivals"], "sent": sent}))
        print(found, figures(heard(ours), max))
