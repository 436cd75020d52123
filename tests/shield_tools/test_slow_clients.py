"""slowhttptest in its four modes: an edge lets none of them keep a connection.

It says "No open connections left" when the server has ended every connection before the tool's
own time was over. Here the edge's limits are 2 and 3 s, and the tool's time is 9 s.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from rostra.delivery.desk_io import Limits
from tests.live.conftest import until
from tests.shield_tools.conftest import Served, serving, tool
from tests.shield_tools.honest import honest_beside
from tests.shield_tools.served import LARGE, STILL

pytestmark = [pytest.mark.live]

CONNECTIONS = 300
HOW = ["-c", f"{CONNECTIONS}", "-r", f"{CONNECTIONS}", "-i", "1", "-l", "9", "-p", "5"]
PAGE = f"/e/{STILL}"
MODES = {
    "slow heads (slowloris)": ["-H", "-x", "8", "-u", PAGE],
    "slow bodies to the door": ["-B", "-s", "4096", "-u", f"{PAGE}/ticket"],
    "slow bodies to a page": ["-B", "-s", "4096", "-u", PAGE],
    "thousands of ranges": ["-R", "-a", "1", "-b", "2000", "-u", LARGE],
}


def slowly(served: Served, mode: list[str]) -> str:
    *options, path = mode
    return tool("slowhttptest", *HOW, *options, f"{served.url}{path}")


@pytest.mark.parametrize("mode", MODES.values(), ids=MODES)
def test_no_slow_client_keeps_a_connection_and_listeners_are_served(
    served: Served, mode: list[str]
) -> None:
    with honest_beside(served.port):
        said = slowly(served, mode)
    assert "No open connections left" in said, said
    assert "service available:   NO" not in said, said


def test_slow_heads_over_tls_keep_no_connection_either(tmp_path: Path) -> None:
    with serving(tmp_path, tls=True) as served, honest_beside(served.port, served.client):
        said = slowly(served, MODES["slow heads (slowloris)"])
    assert "No open connections left" in said, said


@pytest.mark.parametrize("path", [LARGE, PAGE], ids=["a large answer", "three small ones"])
def test_slow_readers_keep_nothing_of_the_edge(tmp_path: Path, path: str) -> None:
    """What the kernel took of a small answer it may go on sending; the edge holds nothing for it.

    Of the large one 200 KiB a second are asked for here, so that the test need not last minutes.
    """
    limits = Limits(head_s=2, idle_s=3, stall_s=2, read_bytes_s=200 * 1024)
    how = ["-X", "-w", "512", "-y", "1024", "-z", "32", "-k", "3", "-u", path]
    with (
        serving(tmp_path, limits) as served,
        honest_beside(served.port),
        ThreadPoolExecutor() as beside,
    ):
        reading = beside.submit(slowly, served, how)
        until(lambda: served.seen.connections >= CONNECTIONS // 4, "slow readers are here")
        until(lambda: served.seen.connections < 10, "they are gone", 15)
        assert not reading.done()
        assert "service available:   NO" not in reading.result()
