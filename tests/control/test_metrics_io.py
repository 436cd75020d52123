"""Metrics, and the dashboard that plots them."""

from __future__ import annotations

import json
import re
from pathlib import Path

from prometheus_client.parser import text_string_to_metric_families

from rostra.agenda.links import Addresses
from rostra.control.control_io import Control, now_ms
from rostra.control.metrics_io import render
from rostra.control.storage_io import Storage
from rostra.ground.facts import (
    EdgeTallied,
    PackagerTallied,
    ProcessesSeen,
    ProcessState,
    StageTallied,
)
from rostra.ground.shield_values import ShieldTally, SourceTally

DASHBOARD = Path(__file__).parents[2] / "docs" / "grafana" / "rostra.json"


def busy_house(folder: Path) -> Control:
    """A control that has heard from everyone."""
    control = Control(
        Storage(folder), folder, bytes(32), Addresses("http://p", "http://c", "http://s"),
        lambda _: None,
    )  # fmt: skip
    event = control.create(title="x", start_ms=now_ms() + 3_600_000)
    control.set_door(event.event_id, {"cap": 3})
    control.add_lane(event.event_id, "press", 2)
    for _ in range(2):
        control.handle(EdgeTallied(
            edge="edge-0", at_ms=0, connections=2, held=1, requests={"media": 3, "refused": 2},
            refusals={"pass_missing": 2}, body_bytes=10, busy_fraction=0.5, loop_lag_ms=1,
            loop_lag_p99_ms=4, listeners={}, shield=ShieldTally(
                accounts=2, spent=90.5, explained=40, vouched=7, refused={"source_spent": 3},
                acts={"slowed": 2, "dropped": 1, "challenged": 4, "solved": 3},
                worst=(SourceTally(
                    source=b"\xc6\x33\x64\x17", refused={"source_spent": 3}, spent=90, vouched=0,
                    connections=1,
                ),),
            ),
        ))  # fmt: skip
    control.handle(StageTallied(
        at_ms=0, seats=1, ticks=50, late_ticks=2, cpu_fraction=0.1, loop_lag_ms=1,
        frames_concealed=0, packets_lost=0,
    ))  # fmt: skip
    control.handle(PackagerTallied(
        at_ms=0, events=0, media_samples=0, silence_samples=48_000, behind_ms=20, cpu_fraction=0.1
    ))  # fmt: skip
    control.handle(ProcessesSeen(
        processes=(ProcessState(name="edge-0", up=True, restarts=1, since_ms=0),), at_ms=0
    ))  # fmt: skip
    return control


def samples(folder: Path) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    text = render(busy_house(folder)).decode()
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_requests_and_refusals_count_up_with_class_and_code(tmp_path: Path) -> None:
    found = samples(tmp_path)
    assert found["rostra_edge_requests_total", (("class", "media"), ("edge", "edge-0"))] == 6
    refused = ("rostra_edge_refusals_total", (("code", "pass_missing"), ("edge", "edge-0")))
    assert found[refused] == 4
    assert found["rostra_edge_loop_lag_p99_seconds", (("edge", "edge-0"),)] == 0.004
    assert found["rostra_packager_silence_seconds_total", ()] == 1


def test_the_shield_counts_up_by_reason_and_act(tmp_path: Path) -> None:
    found = samples(tmp_path)
    assert found["rostra_shield_refused_total", (("reason", "source_spent"),)] == 6
    assert found["rostra_shield_acts_total", (("act", "solved"),)] == 6
    assert found["rostra_shield_units_total", (("kind", "spent"),)] == 181
    assert found["rostra_shield_units_total", (("kind", "explained"),)] == 80
    assert found["rostra_shield_pressure", ()] == 0
    steps = ("refuse", "slow", "drop", "kernel")
    assert all(found["rostra_shield_bans", (("step", step),)] == 0 for step in steps)


def test_no_source_is_in_a_label(tmp_path: Path) -> None:
    text = render(busy_house(tmp_path)).decode()
    assert "198.51.100.23" not in text
    shield = [labels for name, labels in samples(tmp_path / "again") if "shield" in name]
    assert {key for labels in shield for key, _ in labels} == {"reason", "act", "kind", "step"}


def test_the_dashboard_plots_every_metric_and_no_other(tmp_path: Path) -> None:
    exposed = {name for name, _ in samples(tmp_path)}
    panels = json.loads(DASHBOARD.read_bytes())["panels"]
    exprs = [target["expr"] for panel in panels for target in panel["targets"]]
    plotted = set(re.findall(r"rostra_\w+", " ".join(exprs)))
    assert plotted == exposed


def test_every_name_begins_with_rostra(tmp_path: Path) -> None:
    assert all(name.startswith("rostra_") for name, _ in samples(tmp_path))
