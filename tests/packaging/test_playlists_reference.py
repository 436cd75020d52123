"""The examples in docs/reference/playlists.md are what the code writes."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from tests.packaging.conversation import Night
from tests.packaging.test_playlists import QuickEncoder, frame_of

from rostra.ground.facts import Phase, PlaylistRendered
from rostra.packaging import event_io

REFERENCE = Path(__file__).parents[2] / "docs" / "reference" / "playlists.md"
EXAMPLE = re.compile(r"^`([^`\n]+)`[^\n]*\n\n```m3u8\n(.*?)```$", re.MULTILINE | re.DOTALL)


def examples(data_dir: Path) -> dict[str, str]:
    """An event of 71 s whose packager was killed at 58.3 s, by the name of the example."""
    night = Night(data_dir, np.zeros(48_000 * 90, np.int16))
    night.say(Phase.LIVE)
    night.run(58.3)
    night.back(0, frame_of(58.3))
    night.run(71.0)
    found: dict[str, str] = {}
    for fact in night.facts:
        if isinstance(fact, PlaylistRendered):
            found[fact.path] = fact.body.decode()
            found[f"{fact.path}?_HLS_skip=YES"] = fact.delta.decode()
    night.finish()
    for path in night.folder.glob("replay/*.m3u8"):
        found[f"replay/{path.name}"] = path.read_text()
    return found


def test_every_example_in_the_reference_is_made_by_the_code(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(event_io, "Encoder", QuickEncoder)
    made = examples(tmp_path)
    shown = EXAMPLE.findall(REFERENCE.read_text())
    assert len(shown) >= 7
    for name, text in shown:
        assert made[name] == text, f"{name}: the reference is out of date"
