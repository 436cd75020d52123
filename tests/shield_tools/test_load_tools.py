"""wrk and h2load, as hard as one core can: what they ask for is answered, and nobody else waits.

In peace nothing is refused for its source: a tool that asks for what is everyone's gets it all.
"""

from __future__ import annotations

import re
import time
from pathlib import Path

import pytest

from tests.delivery.playing import PART, token
from tests.shield_tools.conftest import Served, tool
from tests.shield_tools.honest import honest_beside
from tests.shield_tools.served import STILL

pytestmark = [pytest.mark.live]

STATE = f"/e/{STILL}/state.json"
AHEAD = """
init = function(args)
  local one = wrk.format("GET"); local all = {}
  for i = 1, 64 do all[i] = one end
  ahead = table.concat(all)
end
request = function() return ahead end
"""
ANEW = 'wrk.headers["Connection"] = "close"\n'


def wrk(served: Served, path: str, *options: str, connections: int = 64) -> str:
    return tool("wrk", "-t1", f"-c{connections}", "-d4s", *options, f"{served.url}{path}")


def requests(said: str) -> int:
    found = re.search(r"(\d+) requests in", said)
    assert found, said
    return int(found[1])


@pytest.mark.parametrize(
    ("script", "connections"),
    [("", 64), (AHEAD, 16), (ANEW, 64)],
    ids=["one after the other", "64 at a time", "each on a new connection"],
)
def test_wrk_gets_every_answer_and_listeners_are_served(
    served: Served, tmp_path: Path, script: str, connections: int
) -> None:
    path = tmp_path / "how.lua"
    path.write_text(script)
    with honest_beside(served.port):
        said = wrk(served, STATE, "-s", str(path), connections=connections)
    assert requests(said) and "Non-2xx" not in said and "Socket errors" not in said, said


def test_wrk_with_one_pass_gets_what_a_pass_may_and_takes_nothing_from_others(
    served: Served, tmp_path: Path
) -> None:
    given = token("Tool", wall_ms=time.time_ns() // 1_000_000)
    with honest_beside(served.port):
        said = wrk(
            served, f"/e/{STILL}/{PART}", "-H", f"Cookie: rostra_pass={given}", connections=8
        )
    refused = re.search(r"Non-2xx or 3xx responses: (\d+)", said)
    assert refused, said
    assert 0 < requests(said) - int(refused[1]) < requests(said), said


def test_h2load_gets_every_answer_to_requests_that_it_sends_ahead(served: Served) -> None:
    with honest_beside(served.port):
        said = tool("h2load", "--h1", "-n20000", "-c50", "-m16", f"{served.url}{STATE}")
    assert "20000 succeeded, 0 failed, 0 errored, 0 timeout" in said, said
    assert "20000 2xx" in said, said


def test_h2load_speaks_http_2_to_a_port_that_has_none_and_is_sent_away(served: Served) -> None:
    with honest_beside(served.port):
        said = tool("h2load", "-n2000", "-c100", "-m4", f"{served.url}{STATE}")
    assert " 0 succeeded, 2000 failed" in said, said
