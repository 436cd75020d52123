"""Whom the shield wrongly refuses: honest listeners beside a real attack, and what they met.

A whole house is attacked as `rostra rehearse --attack mixture` does it (2,000 requests a second
from 1,000 addresses, the shield ordered to `attack`), without a pause from the first listener to
the last. Counted are the refusals that those who listen met: any answer of 400 and above that is no
challenge, and any connection that was dropped. Challenges, which a page solves by itself, are
counted apart. The event is a rehearsal's, so its challenges are lighter; nothing else is.

As root, the house has a network namespace of its own (its loopback, its kernel bans) and the far
listener another; between them a process carries the packets and loses some (`_honest_link`).

What is known to miss its aim: who comes to an address where a bot was first, and nobody listens,
looks like the bot until they have a ticket. They are slowed with it (an answer takes up to 4 s, so
coming in takes half a minute or more), and refused while it is banned or fills the slow lane. Once
one of them is inside, the address has a listener, and no ban of it goes beyond the first step.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from bench import _honest_browsers, _honest_peer, _stage_link
from bench._honest_browsers import PRESSES, Seen
from bench._honest_crowd import FULL, LATER, LISTENERS, QUICK, Met
from bench._honest_evening import Evening
from bench._honest_link import DELAY_S, LOSS

Row = dict[str, Any]
AIM = "0 refused"
_MOST_S = 285.0


def _play(quick: bool) -> Evening:
    """The evening in a process of its own, which is ended with all that it started."""
    with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as stack:
        target = Path(folder) / "found.json"
        words = [sys.executable, "-m", "bench._honest_evening", str(target)]
        if not _honest_browsers.can_link():
            names = stack.enter_context(_stage_link.namespaces())
            words = ["ip", "netns", "exec", names[0], *words, "--namespaces", *names]
        process = subprocess.Popen(
            [*words, *(["--quick"] if quick else [])],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        try:
            _, said = process.communicate(timeout=_MOST_S)
        finally:
            if process.poll() is None:
                _end(process)
        if process.returncode != 0:
            raise RuntimeError((said.strip().splitlines() or ["the evening ended"])[-1])
        return msgspec.json.decode(target.read_bytes(), type=Evening)


def _end(process: subprocess.Popen[str]) -> None:
    """As ctrl-C does, which the house, the generators and the browsers follow."""
    for number in (signal.SIGINT, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError, subprocess.TimeoutExpired):
            os.killpg(process.pid, number)
            process.wait(40)
            return


def _codes(failed: Mapping[str, int]) -> str:
    told = ", ".join(f"{code} {count}" for code, count in sorted(failed.items()))
    return f" ({told})" if told else ""


def _not_measured(name: str, why: str) -> Row:
    return {"name": f"{name}: not measured, {why or 'it was not reached'}"}


def _crowd(name: str, met: Met | str, peer: Met | None = None) -> list[Row]:
    if isinstance(met, str):
        return [_not_measured(name, met)]
    beside: Row = {}
    if peer is not None:
        told = f"{peer.joined} of {peer.listeners} heard it, {peer.requests:,} requests"
        beside = {"peer": f"{_honest_peer.there()}: {told}", "peer_value": peer.refused}
    ban = f", their address banned ({met.ban})" if met.ban else ""
    return [
        {
            "name": (
                f"{name}: {met.listeners} listeners, {met.joined} heard it, {met.requests:,} "
                f"requests{ban}; the bot's {met.bot_sent:,}, {met.bot_served_share:.0%} served"
            ),
            "value": met.refused,
            "unit": f"refused{_codes(met.failed)}",
            "aim": f"{AIM}, all hear it",
            "met": met.refused == 0 and 0 < met.joined == met.listeners,
            **beside,
        },
        {"name": f"{name}: challenged", "value": met.challenged, "unit": "challenges"},
        {"name": f"{name}: silence", "value": round(100 * met.silent_share, 3), "unit": "%"},
    ]


def _browser(name: str, seen: Seen | str) -> list[Row]:
    if isinstance(seen, str):
        return [_not_measured(name, seen)]
    played = f"plays after {seen.plays_s} s" if seen.plays_s is not None else "never plays"
    return [
        {
            "name": f"{name}: 1 listener, {seen.requests:,} requests, {played}",
            "value": seen.refused,
            "unit": f"refused{_codes(seen.failed)}",
            "aim": AIM,
            "met": seen.refused == 0 and seen.plays_s is not None,
        },
        {"name": f"{name}: challenged", "value": seen.challenged, "unit": "challenges"},
    ]


def _again(name: str, seen: Seen | str) -> list[Row]:
    if isinstance(seen, str):
        return []
    row: Row = {"name": f"{name}: from the last press to sound", "unit": "s"}
    again = seen.again_s
    return [row | {"value": again, "aim": "it plays again", "met": again is not None}]


def _stalls(name: str, seen: Seen | str, link: Mapping[str, Any]) -> list[Row]:
    if isinstance(seen, str):
        return []
    carried = (
        f"{link['lost'] / max(1, link['packets']):.1%} of {link['packets']:,} packets lost, "
        f"the link itself late by {link['late_ms']} ms at most"
        if link
        else "the link said nothing"
    )
    return [
        {
            "name": f"{name}: stalls in {seen.heard_s} s ({carried})",
            "value": seen.stalls,
            "unit": f"stalls ({seen.still_s} s of silence, the longest {seen.longest_still_s} s)",
            "aim": "0 stalls",
            "met": seen.stalls == 0 and seen.still_s == 0 and seen.heard_s > 0,
        }
    ]


def _attack(found: Evening) -> Row:
    attack = found.attack
    due = max(1, attack.get("due", 0))
    ended = f", ended early: {found.attack_ended}" if found.attack_ended else ""
    return {
        "name": (
            f"the attack meanwhile: {attack.get('due', 0):,.0f} due in "
            f"{attack.get('seconds', 0):.0f} s{ended}; bans now {', '.join(found.bans) or 'none'}"
        ),
        "value": round(100 * attack.get("served", 0) / due, 1),
        "unit": "% of it served",
        "met": False if ended else None,
    }


def rows(quick: bool) -> list[Row]:
    """Refusals of honest listeners in each situation, challenges apart."""
    times = QUICK if quick else FULL
    found = _play(quick)
    together = f"{LISTENERS} behind one address, a bot floods from it, {LATER} more come"
    storm = f"the same, all connections dropped {times.drops} times"
    newcomers = f"{LATER} come to an address where a bot floods and nobody listens yet"
    back = f"Chromium, its back button pressed {PRESSES} times"
    far = f"Chromium, TUN link, {LOSS:.0%} lost and {1000 * DELAY_S:.0f} ms each way"
    peer = found.peer
    theirs = (None, None) if isinstance(peer, str) else (peer.together, peer.storm)
    missing = [] if quick or not isinstance(peer, str) else [_not_measured("nginx", peer)]
    return [
        *_crowd(together, found.together, theirs[0]),
        *_crowd(storm, found.storm, theirs[1]),
        *_crowd(newcomers, found.newcomers),
        *_browser(back, found.hammered),
        *_again(back, found.hammered),
        *_browser(far, found.far),
        *_stalls(far, found.far, found.link),
        _attack(found),
        *missing,
    ]


if __name__ == "__main__":
    began = time.monotonic()
    for row in rows("--quick" in sys.argv):
        print(row)
    print(f"{time.monotonic() - began:.0f} s", file=sys.stderr)
