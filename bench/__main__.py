"""`make bench`: runs every benchmark here, prints a table each; --json FILE writes the rows."""

from __future__ import annotations

import argparse
import importlib
import json
import os
import pkgutil
import platform
import sys
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

Row = dict[str, Any]
COLUMNS = ("name", "value", "unit", "peer", "peer_value", "ratio", "aim", "met")


def modules() -> list[str]:
    """The benchmarks of this folder: modules that have `rows`."""
    names = sorted(m.name for m in pkgutil.iter_modules([str(Path(__file__).parent)]))
    return [name for name in names if not name.startswith("_")]


def machine() -> str:
    """What the figures were measured on."""
    cpu = next(
        (
            line.split(":", 1)[1].strip()
            for line in Path("/proc/cpuinfo").read_text().splitlines()
            if line.startswith("model name")
        ),
        platform.machine(),
    )
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return (
        f"{os.cpu_count()} × {cpu}, {memory:.0f} GiB, Linux {platform.release().split('-')[0]}, "
        f"Python {platform.python_version()}"
    )


def whole(row: Row) -> Row:
    """The row with each of COLUMNS, None where the benchmark has nothing to say."""
    return dict.fromkeys(COLUMNS) | row


def shown(value: Any) -> str:
    """A figure with at most three significant digits behind the point."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"
    return f"{value:,}" if isinstance(value, int) else str(value)


def main() -> None:
    """Run, print, write."""
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("names", nargs="*", help=f"of: {', '.join(modules())}")
    parser.add_argument("--quick", action="store_true", help="shorter runs, rougher figures")
    parser.add_argument("--json", metavar="FILE", type=Path, help="write the rows there")
    chosen = parser.parse_args()
    unknown = set(chosen.names) - set(modules())
    if unknown:
        parser.error(f"no such benchmark: {', '.join(sorted(unknown))}")
    console = Console()
    console.print(f"[bold]Machine:[/bold] {machine()}", highlight=False)
    rows: list[Row] = []
    for name in chosen.names or modules():
        bench = importlib.import_module(f"bench.{name}")
        with console.status(f"{name} …"):
            found = [whole(row) for row in bench.rows(chosen.quick)]
        rows += found
        table = Table(title=name, title_justify="left")
        for column in COLUMNS:
            table.add_column(column, overflow="fold")
        for row in found:
            table.add_row(*(shown(row[column]) for column in COLUMNS))
        console.print(table)
    if chosen.json:
        chosen.json.write_text(json.dumps({"machine": machine(), "rows": rows}, indent=1) + "\n")
        console.print(f"{len(rows)} rows written to {chosen.json}")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
