"""The benchmarks' contract: each is found by its name, and its rows have the same columns."""

from __future__ import annotations

import importlib
import json
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from bench import __main__ as bench


@pytest.mark.parametrize("name", bench.modules())
def test_each_benchmark_gives_rows(name: str) -> None:
    assert callable(importlib.import_module(f"bench.{name}").rows)


def test_rows_are_written_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def rows(quick: bool) -> list[dict[str, Any]]:
        return [{"name": "one", "value": 1.5, "unit": "s"}, {"name": "not measured", "met": quick}]

    monkeypatch.setattr(bench, "modules", lambda: ["fast"])
    monkeypatch.setattr(importlib, "import_module", lambda _: SimpleNamespace(rows=rows))
    written = tmp_path / "rows.json"
    monkeypatch.setattr(sys, "argv", ["bench", "fast", "--quick", "--json", str(written)])
    bench.main()
    found = json.loads(written.read_text())["rows"]
    assert [set(row) for row in found] == [set(bench.COLUMNS)] * 2
    assert found[0]["value"] == 1.5 and found[1]["met"] is True and found[1]["value"] is None
