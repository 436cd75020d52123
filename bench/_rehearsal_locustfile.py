"""Our virtual listener under Locust: each FastHttpUser asks what the listener's law says.

Runs in Locust's own environment (bench/_rehearsal_locust.py). Only the shell is Locust's: its
client, its greenlets, its statistics. So both generators ask the same house for the same things.
Settings stand as JSON in the environment; each second a `Second` goes to stdout, a line of JSON.
"""

from __future__ import annotations

import gc
import itertools
import os
import random
import sys
import time
from typing import Any

import gevent  # type: ignore[import-untyped]
import msgspec
from locust import FastHttpUser, events  # type: ignore[import-not-found]

from rostra.rehearsal.asks import Ask
from rostra.rehearsal.experience import Experience
from rostra.rehearsal.household import Household
from rostra.rehearsal.library import Library
from rostra.rehearsal.listener import Listener
from rostra.rehearsal.orders import Person

_SETTINGS: dict[str, Any] = msgspec.json.decode(os.environ["ROSTRA_LOCUST"])
_ZERO, _WALL_S = time.monotonic(), time.time()
_IDLE_MOST_S = 20.0
_library, _experience, _numbers = Library(), Experience(), itertools.count()


def _now() -> float:
    return time.monotonic() - _ZERO


def _fields(ask: Ask) -> dict[str, str]:
    """What the head of this request says beyond what all say."""
    fields = {"Accept-Encoding": "gzip"}  # else Locust adds more than our own generator asks for
    if ask.bearer:
        fields["Authorization"] = f"Bearer {ask.bearer}"
    if ask.nonce:
        fields["Rostra-Nonce"] = ask.nonce
    if ask.rehearsal:
        fields["Rostra-Rehearsal"] = _SETTINGS["token"]
    if ask.method != "GET":
        fields["Origin"] = _SETTINGS["origin"]
    return fields


def _listen(user: Any) -> None:
    """One task: all that is due now, one request after the other over one connection."""
    listener = user.listener
    ask = listener.wake(_now())
    while ask is not None:
        answer = user.client.request(
            ask.method,
            ask.path,
            name=str(ask.intent),
            headers=_fields(ask),
            allow_redirects=False,
        )
        if not answer.status_code:
            timeout = "timeout" in type(answer.error).__name__.lower()
            listener.lost("timeout" if timeout else "reset", _now())
            return
        body = bytes(answer.content or b"")
        asked = answer.headers.get("retry-after")
        retry_after_s = float(asked) if asked and asked.isdecimal() else None
        ask = listener.answered(answer.status_code, retry_after_s, body, len(body), _now())


class Tab(FastHttpUser):  # type: ignore[misc]
    """One listener, from the moment Locust lets it come."""

    default_headers = _SETTINGS["fields"]
    network_timeout = connection_timeout = _SETTINGS["timeout_s"]
    tasks = [_listen]

    def on_start(self) -> None:
        """It sits down with an empty browser."""
        number = next(_numbers)
        self.listener = Listener(
            Person(number=number, at_s=_now(), stay_s=1e6),
            0,
            Household(),
            _SETTINGS["page"],
            _library,
            _experience,
            random.Random(number),
            _WALL_S,
        )

    def wait_time(self) -> float:
        """Seconds until something is due."""
        return max(0.0, min(_IDLE_MOST_S, self.listener.due - _now()))


def _tell() -> None:
    at_s = int(_now()) + 1
    was, used = time.perf_counter(), time.process_time()
    while True:
        gevent.sleep(max(0.0, at_s - _now()))
        now = _now()
        before, spent = was, used
        was, used = time.perf_counter(), time.process_time()
        second = msgspec.structs.replace(
            _experience.take(now),
            at_s=float(at_s),
            cpu_fraction=(used - spent) / (was - before),
            loop_lag_ms=1000 * (now - at_s),
        )
        sys.stdout.write(msgspec.json.encode(second).decode() + "\n")
        sys.stdout.flush()
        at_s = max(at_s, int(now)) + 1


def _begin(**_: Any) -> None:
    gc.freeze()  # as our own generator does
    gc.set_threshold(50_000, 20, 1_000)
    gevent.spawn(_tell)


events.init.add_listener(_begin)
