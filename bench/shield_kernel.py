"""Kernel bans: what a flood of connections costs an edge that has other work too.

Let in, dropped by the edge, dropped by the kernel; in a network namespace of its own, with a full
table of 4,096 bans, told to the kernel in one batch.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from typing import Any

Row = dict[str, Any]
PATH = os.environ.get("PATH", "") + ":/usr/sbin:/sbin"


def rows(quick: bool) -> list[Row]:
    """A listener's requests beside the flood, compared with a quiet edge; drops; a batch."""
    needed = ("wrk", "nft", "unshare", "ip")
    missing = [name for name in needed if not shutil.which(name, path=PATH)]
    if missing:
        return [{"name": "kernel bans", "peer": f"not installed: {', '.join(missing)}"}]
    ran = subprocess.run(
        ["unshare", "-n", sys.executable, "-m", "bench._shield_kernel", "2" if quick else "6"],
        capture_output=True,
        text=True,
        timeout=180,
        env=os.environ | {"PATH": PATH},
    )
    if ran.returncode:
        said = (ran.stderr or ran.stdout).strip().splitlines()
        return [{"name": "kernel bans", "peer": f"not measured: {said[-1] if said else 'no word'}"}]
    scenes: dict[str, dict[str, float]] = json.loads(ran.stdout)
    quiet = scenes["quiet"]["wrk_s"] / scenes["quiet"]["cpu"]
    found: list[Row] = []
    for name, seen in scenes.items():
        if name == "quiet":
            continue
        found.append(
            {
                "name": f"a flood of {seen['asked_s']:,.0f} connections a second, {name}: "
                "wrk's requests beside it",
                "value": round(seen["wrk_s"] / seen["cpu"]),
                "unit": "requests / edge CPU-s",
                "peer": "no flood",
                "peer_value": round(quiet),
                "ratio": round(seen["wrk_s"] / seen["cpu"] / quiet, 3),
            }
        )
        found.append(
            {"name": f"{name}: CPU of the edge", "value": round(seen["cpu"], 2), "unit": "cores"}
        )
    kernel = scenes["dropped by the kernel"]
    found.append(
        {
            "name": "packets that the kernel dropped",
            "value": int(kernel["packets"]),
            "unit": "packets",
        }
    )
    found.append(
        {
            "name": "4,096 bans in one batch, with the nft process",
            "value": round(kernel["batch_ms"]),
            "unit": "ms",
        }
    )
    return found


if __name__ == "__main__":
    for row in rows("--quick" in sys.argv):
        print(row)
