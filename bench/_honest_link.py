"""A link between two network namespaces that loses and delays every packet, those of TCP too.

    python -m bench._honest_link NAMESPACE NAMESPACE LOSS DELAY_S SEED

As `_stage_link`, whose addresses it has, but for listeners: there TCP is only the signalling and is
not harmed. Loss and delay are those of one way, and both ways have them. Needs root. It ends with
its parent or a signal and says then what it did.
"""

from __future__ import annotations

import contextlib
import heapq
import json
import os
import random
import select
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bench._stage_link import BROWSER_IP, STAGE_IP, tun

HOUSE_IP, LISTENER_IP = STAGE_IP, BROWSER_IP
LOSS, DELAY_S, SEED = 0.05, 0.040, 7
_UP_S = 10.0
_PACKET_MOST = 2048


class Link:
    """A link that is up. `done`: what it did, once it has ended."""

    def __init__(self) -> None:
        self.done: dict[str, Any] = {}


def carry(namespaces: list[str], loss: float, delay_s: float, seed: int) -> dict[str, Any]:
    """Carry packets between the two until the parent ends or a signal comes."""
    over: list[int] = []
    signal.signal(signal.SIGTERM, lambda number, _: over.append(number))
    parent, chance = os.getppid(), random.Random(seed)
    ends = [tun(namespace, "link") for namespace in namespaces]
    for namespace, address in zip(namespaces, (HOUSE_IP, LISTENER_IP), strict=True):
        command = ["ip", "-n", namespace]
        subprocess.run([*command, "addr", "add", f"{address}/24", "dev", "link"], check=True)
        subprocess.run([*command, "link", "set", "dev", "link", "up"], check=True)
    print("up", flush=True)
    waiting: list[tuple[float, int, int, bytes]] = []
    number = lost = 0
    late_s = 0.0
    while not over and os.getppid() == parent:
        timeout = max(0.0, waiting[0][0] - time.monotonic()) if waiting else 0.2
        ready, _, _ = select.select(ends, [], [], timeout)
        for end in ready:
            with contextlib.suppress(BlockingIOError):
                while packet := os.read(end, _PACKET_MOST):
                    number += 1
                    if chance.random() < loss:
                        lost += 1
                        continue
                    other = ends[1 - ends.index(end)]
                    heapq.heappush(waiting, (time.monotonic() + delay_s, number, other, packet))
        while waiting and waiting[0][0] <= (now := time.monotonic()):
            due, _, other, packet = heapq.heappop(waiting)
            late_s = max(late_s, now - due)
            with contextlib.suppress(OSError):
                os.write(other, packet)
    return {"packets": number, "lost": lost, "late_ms": round(1000 * late_s, 1)}


@contextlib.contextmanager
def lossy(namespaces: list[str]) -> Iterator[Link]:
    """The link between the two, in a process of its own. RuntimeError where it does not come up."""
    link = Link()
    words = [*namespaces, str(LOSS), str(DELAY_S), str(SEED)]
    with tempfile.NamedTemporaryFile() as said, tempfile.NamedTemporaryFile() as troubles:
        process = subprocess.Popen(
            [sys.executable, "-m", "bench._honest_link", *words], stdout=said, stderr=troubles
        )
        try:
            until = time.monotonic() + _UP_S
            while not Path(said.name).read_text() and process.poll() is None:
                if time.monotonic() > until:
                    break
                time.sleep(0.05)
            if process.poll() is not None or not Path(said.name).read_text():
                told = Path(troubles.name).read_text().strip().splitlines() or ["no link"]
                raise RuntimeError(told[-1])
            yield link
        finally:
            process.terminate()
            try:
                process.wait(5)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            lines = Path(said.name).read_text().splitlines()
            if len(lines) > 1:
                link.done = json.loads(lines[-1])


if __name__ == "__main__":
    spaces = sys.argv[1:3]
    print(json.dumps(carry(spaces, float(sys.argv[3]), float(sys.argv[4]), int(sys.argv[5]))))
