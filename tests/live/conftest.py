"""A whole house for live tests: `rostra serve` as a person starts it, and real browsers."""

from __future__ import annotations

import base64
import contextlib
import json
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Playwright, sync_playwright

from tests.live.hearing import RATE, Sound

ROSTRA = [sys.executable, "-m", "rostra"]
CHROMIUM = "/usr/bin/chromium"
QUIET_ARGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--autoplay-policy=no-user-gesture-required",
]


def free_ports(count: int) -> list[int]:
    """Ports that nobody uses now, below those that the kernel gives to outgoing connections."""
    found: list[int] = []
    for port in random.sample(range(18_000, 30_000), 200):
        with socket.socket() as sock, contextlib.suppress(OSError):
            sock.bind(("0.0.0.0", port))
            found.append(port)
        if len(found) == count:
            return found
    raise AssertionError("no free ports")


@dataclass
class House:
    """A running `rostra serve`."""

    data: Path
    ports: tuple[int, int, int]
    process: subprocess.Popen[str]
    extra: list[str] = field(default_factory=list)

    @property
    def audience(self) -> str:
        return f"http://localhost:{self.ports[0]}"

    @property
    def control(self) -> str:
        return f"http://localhost:{self.ports[1]}"

    @property
    def operator_key(self) -> str:
        return (self.data / "keys" / "operator.key").read_text().strip()

    def command(self, *words: str) -> Any:
        """A `rostra …` command with --json, as a person would type it."""
        done = subprocess.run(
            [*ROSTRA, *words, "--data", str(self.data), "--json"], capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def create(self, title: str, *more: str, start: str = "2036-12-01T20:00Z") -> Any:
        """An event with its links."""
        return self.command("event", "create", title, "--start", start, *more)

    def api(self, method: str, path: str, body: Any = None) -> Any:
        """The control API's answer."""
        answer = httpx.request(
            method,
            f"{self.control}{path}",
            json=body,
            headers={"Authorization": f"Bearer {self.operator_key}"},
        )
        assert answer.is_success, answer.text
        return answer.json()

    def pid(self, name: str) -> int:
        """The process id of one of the house's processes."""
        rows = json.loads((self.data / "run" / "processes.json").read_bytes())
        return int(next(row["pid"] for row in rows if row["name"] == name))

    def kill(self, name: str) -> None:
        """kill -9 one process of the house and wait until another has taken its place."""
        old = self.pid(name)
        os.kill(old, signal.SIGKILL)
        until(lambda: self.pid(name) != old, f"{name} started again")

    def state(self, event: Any) -> Any:
        """state.json of an event."""
        return httpx.get(f"{event['listener_link']}/state.json").json()


def until(true: Callable[[], bool], what: str, timeout_s: float = 60.0) -> float:
    """Wait for a fact; how long it took."""
    began = time.monotonic()
    while time.monotonic() - began < timeout_s:
        with contextlib.suppress(httpx.TransportError, FileNotFoundError, StopIteration):
            if true():
                return time.monotonic() - began
        time.sleep(0.02)
    raise AssertionError(f"not within {timeout_s:g} s: {what}")


def until_replay(house: House, event: Any) -> str:
    """The address of the replay, once the event page offers it."""
    found: list[str] = []

    def offered() -> bool:
        state = house.state(event)
        if state["links"]["replay"]:
            assert state["phase"] in ("ended", "posted")
            found.append(f"{house.audience}{state['links']['replay']}")
        return bool(found)

    until(offered, "the page offers the replay")
    return found[-1]


def start_house(data: Path, ports: tuple[int, int, int], *extra: str) -> House:
    """`rostra serve` on `ports`, once it says that it is open."""
    words = ["serve", "--data", str(data), "--port", str(ports[0]), "--edges", "2", "--json"]
    words += ["--control-port", str(ports[1]), "--stage-port", str(ports[2]), *extra]
    log = (data.parent / "serve.log").open("a")
    process = subprocess.Popen([*ROSTRA, *words], stdout=subprocess.PIPE, stderr=log, text=True)
    assert process.stdout is not None
    line = process.stdout.readline()
    log.close()
    if not line:
        process.wait(timeout=30)
        process.stdout.close()
        raise AssertionError((data.parent / "serve.log").read_text())
    return House(data, ports, process, list(extra))


def end_house(house: House) -> None:
    """ctrl-C, as a person would."""
    if house.process.poll() is None:
        house.process.send_signal(signal.SIGINT)
    house.process.wait(timeout=30)
    if house.process.stdout:
        house.process.stdout.close()


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder with a short path (unix sockets want that)."""
    path = Path(tempfile.mkdtemp(prefix="rostra-"))
    yield path
    shutil.rmtree(path, ignore_errors=True)


@contextlib.contextmanager
def open_house(folder: Path, settings: str = "") -> Iterator[House]:
    """A house that is open, with the settings of a rostra.toml."""
    config = folder / "rostra.toml"
    config.write_text(settings)
    first, second, third = free_ports(3)
    house = start_house(folder / "data", (first, second, third), "--config", str(config))
    try:
        yield house
    finally:
        end_house(house)


@pytest.fixture
def running(folder: Path) -> Iterator[House]:
    """A house that is open."""
    with open_house(folder) as house:
        yield house


# A module at a time: while it is open, no other test may run a loop of its own.
@pytest.fixture(scope="module")
def playwright() -> Iterator[Playwright]:
    """Playwright itself."""
    if not Path(CHROMIUM).exists():
        pytest.fail("the live tests need Debian's chromium: sudo apt-get install chromium")
    with sync_playwright() as started:
        yield started


class People:
    """Browsers, one a person: speakers with a file for a microphone, listeners."""

    def __init__(self, playwright: Playwright) -> None:
        self._playwright = playwright
        self._browsers: list[Browser] = []

    def browser(self, *args: str) -> Browser:
        """A headless Chromium."""
        browser = self._playwright.chromium.launch(
            executable_path=CHROMIUM, args=[*QUIET_ARGS, *args]
        )
        self._browsers.append(browser)
        return browser

    def speaker(self, microphone: Path, **context: Any) -> Page:
        """Someone whose microphone plays a WAV file over and over."""
        browser = self.browser(
            "--use-fake-ui-for-media-stream",
            "--use-fake-device-for-media-stream",
            f"--use-file-for-fake-audio-capture={microphone}",
        )
        return browser.new_context(permissions=["microphone"], **context).new_page()

    def listener(self, **context: Any) -> Page:
        """Someone who listens."""
        opened: BrowserContext = self.browser().new_context(**context)
        return opened.new_page()

    def close(self) -> None:
        """Everybody goes home."""
        for browser in self._browsers:
            with contextlib.suppress(Exception):
                browser.close()


@pytest.fixture
def people(playwright: Playwright) -> Iterator[People]:
    """People with browsers."""
    there = People(playwright)
    yield there
    there.close()


TAP = """
(selector) => {
  if (window.__tap) window.__tap.context.close();
  window.__tap = null;
  const element = document.querySelector(selector);
  const stream = element.srcObject || element.captureStream();
  if (stream.getAudioTracks().length === 0) return false;  // nothing is loaded yet
  const context = new AudioContext({sampleRate: 16000});
  const source = context.createMediaStreamSource(stream);
  const node = context.createScriptProcessor(4096, 1, 1);
  window.__heard = [];
  node.onaudioprocess = (e) => {
    const x = e.inputBuffer.getChannelData(0);
    const out = new Int16Array(x.length);
    for (let i = 0; i < x.length; i++) out[i] = Math.max(-1, Math.min(1, x[i])) * 32767;
    window.__heard.push(out);
  };
  source.connect(node); node.connect(context.destination);
  window.__tap = {context, source, node};
  return true;
}
"""
DRAIN = """
() => {
  const parts = window.__heard; window.__heard = [];
  let size = 0; for (const p of parts) size += p.length;
  const all = new Int16Array(size); let at = 0;
  for (const p of parts) { all.set(p, at); at += p.length; }
  const bytes = new Uint8Array(all.buffer); let text = '';
  for (let i = 0; i < bytes.length; i += 8192)
    text += String.fromCharCode.apply(null, bytes.subarray(i, i + 8192));
  return btoa(text);
}
"""


def tap(page: Page, selector: str = "audio") -> None:
    """Begin to record what an audio element of the page plays."""
    until(lambda: bool(page.evaluate(TAP, selector)), "there is sound to record")


def drain(page: Page) -> Sound:
    """What was heard since `tap` or the last `drain`, mono at RATE."""
    assert RATE == 16_000
    raw = base64.b64decode(page.evaluate(DRAIN))
    return np.frombuffer(raw, "<i2").astype(np.float32) / np.float32(32768)
