"""A lossy link between two network namespaces, carried by a process, and the journal it keeps.

The kernel's own emulator (netem) is not everywhere; a process that holds a TUN device in each
namespace carries the packets instead, with seeded loss and jitter in both directions. Needs root.
The n-th RTP packet of each flow has the same fate, so receivers side by side hear the same network.
"""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import heapq
import os
import random
import select
import struct
import subprocess
import sys
import time
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

BASE_S, JITTER_S, FRAMING_S = 0.020, 0.040, 0.020
STAGE_IP, BROWSER_IP = "10.201.7.1", "10.201.7.2"
LATE_S = 0.005  # what the link says of itself
ENVELOPE = 25  # packets on either side, half a second
_CLONE_NEWNET = 0x40000000
_TUNSETIFF = 0x400454CA
_IFF_TUN_NO_PI = 0x1001
_IP_UDP = 28  # bytes of header


def tun(namespace: str, name: str) -> int:
    """A TUN device in that namespace, which this process enters for it; it ends with us."""
    libc = ctypes.CDLL(None, use_errno=True)
    with open(f"/var/run/netns/{namespace}") as space:
        if libc.setns(space.fileno(), _CLONE_NEWNET) != 0:
            raise OSError(ctypes.get_errno(), "setns")
    tun = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    fcntl.ioctl(tun, _TUNSETIFF, struct.pack("16sH22x", name.encode(), _IFF_TUN_NO_PI))
    return tun


def _rtp(packet: bytes) -> tuple[int, int] | None:
    """(ssrc, timestamp) of an RTP packet, whose header SRTP leaves in clear; RTCP is none."""
    if len(packet) < _IP_UDP + 12 or packet[_IP_UDP] >> 6 != 2:
        return None
    if 64 <= packet[_IP_UDP + 1] & 0x7F <= 95:  # RFC 5761 4
        return None
    timestamp, ssrc = struct.unpack_from(">II", packet, _IP_UDP + 4)
    return ssrc, timestamp


def carry(namespaces: list[str], loss: float, seed: int, journal: Path) -> None:
    """Carry packets between the two until the parent ends. TCP, the signalling, is not harmed.

    Writes `ssrc timestamp seconds` of each RTP packet as it was sent, lost or not, and prints
    `seconds lateness` for each packet that it carried late.
    """
    ends = [tun(namespace, "link") for namespace in namespaces]
    for namespace, address in zip(namespaces, (STAGE_IP, BROWSER_IP), strict=True):
        command = ["ip", "-n", namespace]
        subprocess.run([*command, "addr", "add", f"{address}/24", "dev", "link"], check=True)
        subprocess.run([*command, "link", "set", "dev", "link", "up"], check=True)
    print("up", flush=True)
    other, parent = random.Random(seed), os.getppid()
    flows: defaultdict[int, random.Random] = defaultdict(lambda: random.Random(seed))
    waiting: list[tuple[float, int, int, bytes]] = []
    number = 0
    with journal.open("w", buffering=1) as sent:
        while os.getppid() == parent:
            timeout = max(0.0, waiting[0][0] - time.monotonic()) if waiting else 0.5
            ready, _, _ = select.select(ends, [], [], timeout)
            now = time.monotonic()
            for end in ready:
                with contextlib.suppress(BlockingIOError):
                    while packet := os.read(end, 2048):
                        udp = packet[0] >> 4 == 4 and packet[9] == 17
                        rtp = _rtp(packet) if udp else None
                        chance = flows[rtp[0]] if rtp else other
                        lost, jitter = chance.random() < loss, chance.random() * JITTER_S
                        if rtp:
                            sent.write(f"{rtp[0]} {rtp[1]} {now:.6f}\n")
                        if udp and lost:
                            continue
                        number += 1
                        due = now + BASE_S + (jitter if udp else 0.0)
                        heapq.heappush(waiting, (due, number, ends[1 - ends.index(end)], packet))
            while waiting and waiting[0][0] <= time.monotonic():
                if (late := time.monotonic() - waiting[0][0]) > LATE_S:
                    print(f"{time.monotonic():.3f} {late:.4f}", flush=True)
                with contextlib.suppress(OSError):
                    os.write(waiting[0][2], waiting[0][3])
                heapq.heappop(waiting)


@contextlib.contextmanager
def namespaces() -> Iterator[list[str]]:
    """Two network namespaces, for the stage and for the browser, gone afterwards."""
    names = [f"rostra-{os.getpid()}-{side}" for side in ("stage", "browser")]
    try:
        for name in names:
            subprocess.run(["ip", "netns", "add", name], check=True, capture_output=True)
            command = ["ip", "-n", name, "link", "set", "lo", "up"]
            subprocess.run(command, check=True, capture_output=True)
        yield names
    finally:
        for name in names:
            subprocess.run(["ip", "netns", "del", name], check=False, capture_output=True)


class Sent(NamedTuple):
    """One packet as the link saw it leave the sender. `timestamp` in samples, unwrapped."""

    timestamp: int
    at: float


class Journal:
    """When each moment of the sound was spoken, by the link's own clock.

    A sender's clock is not ours: Chromium's fake microphone leaves out 10 ms whenever it wakes up
    late, so from then on every timestamp is 10 ms behind. What was spoken when is therefore taken
    from the packets that left the sender least late within half a second before and after.
    """

    def __init__(self, sent: list[Sent]) -> None:
        if not sent:
            raise ValueError("the link saw no sound of this sender")
        sent = sorted(sent)
        self.timestamps = [packet.timestamp for packet in sent]
        transits = [packet.at - packet.timestamp / 48000 for packet in sent]
        self.early = [
            min(transits[max(0, n - ENVELOPE) : n + ENVELOPE + 1]) for n in range(len(sent))
        ]
        self.sent = [packet.at for packet in sent]

    def pause_s(self, since: float, until: float) -> float:
        """The longest time without a packet of the sender."""
        within = sorted(at for at in self.sent if since <= at <= until)
        return max([0.0, *(b - a for a, b in pairwise(within))])

    def slipped_s(self) -> float:
        """How much sound the sender's clock left out (above 0) from the beginning to the end."""
        return self.early[-1] - self.early[0]

    def spoken(self, timestamp: int) -> float:
        """When the sample with this RTP timestamp (any wrap) was spoken, by the link's clock."""
        first = self.timestamps[0]
        near = first + ((timestamp - first + (1 << 31)) & 0xFFFFFFFF) - (1 << 31)
        packet = max(0, bisect_right(self.timestamps, near) - 1)
        return self.early[packet] + near / 48000 - FRAMING_S


def journal(file: Path, ssrc: int) -> Journal:
    """What the link wrote of one sender."""
    sent: list[Sent] = []
    for line in file.read_text().splitlines():
        source, timestamp, at = line.split()
        if int(source) == ssrc:
            near = sent[-1].timestamp if sent else int(timestamp)
            moved = ((int(timestamp) - near + (1 << 31)) & 0xFFFFFFFF) - (1 << 31)
            sent.append(Sent(near + moved, float(at)))
    return Journal(sent)


if __name__ == "__main__":
    carry(sys.argv[1:3], float(sys.argv[3]), int(sys.argv[4]), Path(sys.argv[5]))
