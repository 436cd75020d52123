"""From a voice in one browser to the ears in another: between speakers, and to the audience.

Short bursts at random moments are played into one Chromium's microphone. Their sound is recorded
in that browser as it leaves the microphone and in another as it leaves the player, both stamped
with the machine's one clock; the lag is where the two recordings agree best.
"""

from __future__ import annotations

import base64
import json
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from playwright.sync_api import Page, Route, sync_playwright
from tests.live.conftest import People, end_house, free_ports, start_house, until
from tests.live.hearing import save
from tests.live.test_evening import ACTIVE, go_live, listens, take_a_seat

Row = dict[str, Any]
RATE = 48_000
_HOP = 240  # 5 ms

# Each block is stamped when it comes; the earliest stamp relative to the samples is the truest.
TAP = """
(which) => {
  const stream = which === 'microphone'
    ? new MediaStream([window.rostra.pc().getSenders().find((s) => s.track).track])
    : ((e) => e.srcObject || e.captureStream())(document.querySelector(which));
  const context = new AudioContext({sampleRate: 48000});
  const node = context.createScriptProcessor(1024, 1, 1);
  const heard = window.__timed = {start_ms: Infinity, blocks: [], samples: 0, context, node};
  node.onaudioprocess = (event) => {
    const x = event.inputBuffer.getChannelData(0);
    heard.samples += x.length;
    const start = performance.timeOrigin + performance.now() - heard.samples / 48;
    heard.start_ms = Math.min(heard.start_ms, start);
    const out = new Uint8Array(x.length / 64);
    for (let i = 0; i < out.length; i++) {
      let peak = 0;
      for (let j = 0; j < 64; j++) peak = Math.max(peak, Math.abs(x[i * 64 + j]));
      out[i] = Math.min(255, peak * 255);
    }
    heard.blocks.push(out);
  };
  heard.source = context.createMediaStreamSource(stream);
  heard.source.connect(node); node.connect(context.destination);
}
"""
READ = """
() => {
  const heard = window.__timed;
  let text = '';
  for (const block of heard.blocks) text += String.fromCharCode.apply(null, block);
  return JSON.stringify({start_ms: heard.start_ms, peaks: btoa(text)});
}
"""
_PEAK_S = 64 / RATE


def bursts(path: Path, seconds: int, seed: int) -> Path:
    """A minute of bursts of noise at moments that never repeat."""
    chance = np.random.default_rng(seed)
    sound = np.zeros(seconds * RATE, np.float32)
    at = 0.3
    while at < seconds - 0.5:
        length = int(RATE * chance.uniform(0.02, 0.06))
        start = int(at * RATE)
        sound[start : start + length] = chance.uniform(-0.5, 0.5, length)
        at += float(chance.uniform(0.25, 0.9))
    return save(path, sound, RATE)


def read(page: Page) -> tuple[float, NDArray[np.float64]]:
    """When the recording began (wall time, ms) and its peaks, one each 64 samples."""
    found = json.loads(page.evaluate(READ))
    return float(found["start_ms"]), np.frombuffer(
        base64.b64decode(found["peaks"]), np.uint8
    ).astype(np.float64)


def lag_ms(mouth: Page, ear: Page) -> float:
    """How much later `ear` hears what `mouth` says."""
    said_ms, said = read(mouth)
    heard_ms, heard = read(ear)
    said, heard = (np.minimum(x / max(float(x.max()), 1.0), 0.3) for x in (said, heard))
    size = 1 << (len(said) + len(heard)).bit_length()
    cross = np.fft.irfft(
        np.fft.rfft(heard - heard.mean(), size) * np.conj(np.fft.rfft(said - said.mean(), size)),
        size,
    )
    lags = np.arange(size)
    lags[lags > size // 2] -= size
    lag = lags * _PEAK_S * 1000 + (heard_ms - said_ms)
    cross[(lag < 0) | (lag > 30_000)] = -np.inf
    return float(lag[int(np.argmax(cross))])


def force_rung(page: Page, rung: int) -> None:
    """This page believes that the house is on `rung`."""

    def answer(route: Route) -> None:
        response = route.fetch()
        state = response.json()
        state["rung"] = rung
        route.fulfill(response=response, json=state)

    page.route("**/state.json", answer)


def rows(quick: bool) -> list[Row]:
    """Lag between speakers and to listeners on rungs 0 and 1, median of several recordings."""
    folder = Path(tempfile.mkdtemp(prefix="rostra-"))
    first, second, third = free_ports(3)
    house = start_house(folder / "data", (first, second, third))
    lags: dict[str, list[float]] = {"speaker": [], "rung 0": [], "rung 1": []}
    try:
        with sync_playwright() as playwright:
            people = People(playwright)
            event = house.create("Bursts")
            silence = save(folder / "silence.wav", np.zeros(RATE, np.float32), RATE)
            mouth = people.speaker(bursts(folder / "bursts.wav", 300, seed=7))
            guest = people.speaker(silence)
            take_a_seat(mouth, event["host_link"], "Mouth")
            take_a_seat(guest, event["speaker_link"], "Ear")
            ears = {"rung 0": people.listener(), "rung 1": people.listener()}
            force_rung(ears["rung 1"], 1)
            for page in ears.values():
                page.goto(event["listener_link"])
            go_live(mouth)
            until(lambda: all(listens(page) for page in ears.values()), "all listen", 60)
            time.sleep(8)  # until the players stand where they want to
            for _ in range(1 if quick else 3):
                mouth.evaluate(TAP, "microphone")
                guest.evaluate(TAP, "audio")
                for page in ears.values():
                    page.evaluate(TAP, ACTIVE)
                time.sleep(12)
                lags["speaker"].append(lag_ms(mouth, guest))
                for name, page in ears.items():
                    lags[name].append(lag_ms(mouth, page))
            rung = ears["rung 1"].evaluate("window.rostra.player().rung")
            assert rung == 1, f"the page plays rung {rung}"
            people.close()
    finally:
        end_house(house)
    aims = {"speaker": 300, "rung 0": 2000, "rung 1": 4000}
    names = {
        "speaker": "mouth to ear between speakers",
        "rung 0": "mouth to ear, listener on rung 0",
        "rung 1": "mouth to ear, listener on rung 1",
    }
    return [
        {
            "name": names[key],
            "value": statistics.median(values),
            "unit": "ms",
            "peer": None,
            "peer_value": None,
            "ratio": None,
            "aim": f"≤ {aims[key]} ms",
            "met": statistics.median(values) <= aims[key],
        }
        for key, values in lags.items()
    ]
