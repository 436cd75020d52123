"""Log files are read plain or gzip, and one that cannot be is named."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest
from click.testing import CliRunner
from tests.admission.test_from_logs import T0, line

from rostra.admission.from_logs import NoAccessLog
from rostra.admission.log_files_io import count
from rostra.cli import main


@pytest.fixture
def log(tmp_path: Path) -> Path:
    path = tmp_path / "access.log"
    path.write_text("\n".join(line(T0 + at, "one") for at in range(0, 70, 5)) + "\n")
    return path


def test_plain_and_gzip_are_read_whatever_their_name(log: Path, tmp_path: Path) -> None:
    packed = tmp_path / "rotated"
    packed.write_bytes(gzip.compress(log.read_bytes().replace(b"one", b"two")))
    event = count([log, packed]).events[0]
    assert (event.distinct, event.total_net, event.peak) == (2, 2, 2)


def test_a_line_without_end_is_cut_and_the_rest_is_read(tmp_path: Path) -> None:
    path = tmp_path / "access.log"
    path.write_bytes(b"x" * 200_000 + b"\n" + line(sid="one").encode() + b"\n\xff\xfe\n")
    counted = count([path])
    assert counted.events[0].distinct == 1
    assert counted.files[0].not_understood == 5


@pytest.mark.parametrize("kind", ["missing", "folder", "cut off", "binary"])
def test_a_file_that_cannot_be_read_is_named(kind: str, log: Path, tmp_path: Path) -> None:
    path = tmp_path / "wrong"
    if kind == "folder":
        path.mkdir()
    elif kind == "cut off":
        path.write_bytes(gzip.compress(log.read_bytes())[:-20])
    elif kind == "binary":
        path.write_bytes(bytes(range(256)) * 50)
    with pytest.raises(NoAccessLog, match="wrong"):
        count([path])


def test_the_command_prints_the_numbers(log: Path) -> None:
    shown = CliRunner().invoke(main, ["count", "from-logs", str(log)])
    assert shown.exit_code == 0
    assert "Event abc" in shown.output and "peak                  1 at" in shown.output
    shown = CliRunner().invoke(main, ["count", "from-logs", "--json", str(log), str(log)])
    facts = json.loads(shown.output)
    assert facts["events"][0]["total_net"] == facts["events"][0]["sessions"] == 1
    assert [file["lines"] for file in facts["files"]] == [14, 14]


def test_the_command_says_what_is_wrong_with_a_file(tmp_path: Path) -> None:
    shown = CliRunner().invoke(main, ["count", "from-logs", str(tmp_path / "none")])
    assert shown.exit_code == 1
    assert "none cannot be read: No such file" in shown.output
