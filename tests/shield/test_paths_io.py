"""The model's file: kept for ourselves, seen by edges, and never a reason to fail."""

from __future__ import annotations

import os
import random
import stat
from pathlib import Path

import msgspec
import pytest
from tests.shield.walkers import mimic, text_of

from rostra.shield.path_model import read, write
from rostra.shield.paths_io import Paths, came

WALKS = [text_of(mimic(random.Random(n), 0.4)) for n in range(30)]


def file_of(folder: Path) -> Path:
    [found] = folder.iterdir()
    return found


def test_without_a_rehearsal_the_model_that_came_counts(tmp_path: Path) -> None:
    paths = Paths(tmp_path)
    assert paths.says() == came()[0].learnt_from
    first = Paths(tmp_path)
    automaton = first.changed()
    assert automaton is not None and automaton.floor == came()[0].floor
    assert first.changed() is None


def test_what_was_taught_is_seen_by_who_looks_and_after_a_restart(tmp_path: Path) -> None:
    control, edge = Paths(tmp_path), Paths(tmp_path)
    assert edge.changed() is not None
    control.teach(WALKS, "the rehearsal 1 here")
    assert edge.changed() is not None and edge.changed() is None
    for paths in (control, edge, Paths(tmp_path)):
        assert paths.says().startswith("the rehearsal 1 here; beside: ")
    control.teach(WALKS, "the rehearsal 2 here")
    assert control.says().count("rehearsal") == 1, "each is learnt beside what came, not beside all"


def test_the_file_is_ours_alone_and_holds_no_address(tmp_path: Path) -> None:
    Paths(tmp_path).teach(WALKS, "the rehearsal 1 here")
    path = file_of(tmp_path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    said = msgspec.to_builtins(read(path.read_bytes()))
    assert said.keys() == {
        "version", "learnt_from", "beside", "usual", "floor", "quickest_s", "counts", "samples"
    }  # fmt: skip
    assert all(set(walk) <= set("pasrtlymo0123456789") for walk in said["samples"])


@pytest.mark.parametrize("raw", [b"", b"{", b"\xff\xfe", b'{"version": 2}'])
def test_one_that_cannot_be_read_leaves_the_one_that_came(
    raw: bytes, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    Paths(tmp_path).teach(WALKS, "the rehearsal 1 here")
    file_of(tmp_path).write_bytes(raw)
    paths = Paths(tmp_path)
    automaton = paths.changed()
    assert automaton is not None and automaton.floor == came()[0].floor
    for _ in range(3):
        assert paths.says() == came()[0].learnt_from
    assert caplog.text.count("cannot be used") == 1


def test_a_folder_in_its_place_is_no_model_either(tmp_path: Path) -> None:
    (tmp_path / "player-path.json").mkdir()
    assert Paths(tmp_path).says() == came()[0].learnt_from


def test_what_was_learnt_beside_another_rostras_model_counts_no_more(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    Paths(tmp_path).teach(WALKS, "the rehearsal 1 here")
    path = file_of(tmp_path)
    older = msgspec.structs.replace(read(path.read_bytes()), beside="0" * 16)
    path.write_bytes(write(older))
    assert Paths(tmp_path).says() == came()[0].learnt_from
    assert "rehearse again" in caplog.text


def test_what_teaches_nothing_changes_nothing(tmp_path: Path) -> None:
    paths = Paths(tmp_path)
    with pytest.raises(ValueError, match="long enough"):
        paths.teach(["p0a0"], "x")
    assert list(tmp_path.iterdir()) == []


def test_a_write_that_fails_leaves_the_old_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    paths = Paths(tmp_path)
    paths.teach(WALKS, "the rehearsal 1 here")

    def full(_: int) -> None:
        raise OSError("no space left")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="no space"):
        paths.teach(WALKS, "the rehearsal 2 here")
    assert [path.name for path in tmp_path.iterdir()] == ["player-path.json"]
    assert paths.says().startswith("the rehearsal 1")
