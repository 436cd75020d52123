"""A slow device: the browser's renderers run only a share of the time.

`Emulation.setCPUThrottlingRate` slows a page's main thread alone. Workers and WebCrypto, which do
the computing here, run in other threads; so the processes themselves are stopped and continued.
"""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from playwright.sync_api import Browser

_RUN_S = 0.004


def renderers(browser: Browser) -> list[int]:
    """The processes of this browser that run pages."""
    session = browser.new_browser_cdp_session()
    try:
        found = session.send("SystemInfo.getProcessInfo")["processInfo"]
    finally:
        session.detach()
    return [int(one["id"]) for one in found if one["type"] == "renderer"]


@contextmanager
def slowed(browser: Browser, times: float) -> Iterator[None]:
    """The pages that are open now run `times` slower until the end of the block."""
    pids = renderers(browser)
    over = threading.Event()

    def signal_all(what: signal.Signals) -> None:
        for pid in pids:
            with suppress(ProcessLookupError):
                os.kill(pid, what)

    def throttle() -> None:
        while not over.is_set():
            signal_all(signal.SIGSTOP)
            time.sleep(_RUN_S * (times - 1))
            signal_all(signal.SIGCONT)
            time.sleep(_RUN_S)

    thread = threading.Thread(target=throttle)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
        signal_all(signal.SIGCONT)
