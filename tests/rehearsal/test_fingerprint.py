"""The same house has the same fingerprint; whatever may change what it carries changes it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from rostra.ground.settings import TABLE, Setting, Settings, Value, defaults
from rostra.rehearsal import fingerprint_io
from rostra.rehearsal.fingerprint import build_hash, machine_said, said_hash, settings_said

FILES = [("a.py", b"one"), ("pages/a.js", b"two")]
MACHINE: dict[str, Any] = {
    "cpuinfo": "processor\t: 0\nmodel name\t: A  Chip\nprocessor\t: 1\nmodel name\t: A  Chip\n",
    "meminfo": "MemTotal:       24599336 kB\nMemFree:  1 kB\n",
    "architecture": "x86_64",
    "cores": 2,
    "kernel": "6.1",
    "files": 20_000,
}
ELSEWHERE = {
    "serve.data", "serve.host", "serve.port", "serve.control_host", "serve.control_port",
    "serve.stage_host", "serve.stage_port", "serve.public_url", "serve.control_url",
    "serve.stage_url", "serve.tls_key", "stage.public_ip", "door.cap", "door.pace",
}  # fmt: skip


def with_setting(name: str, value: Value) -> Settings:
    return Settings(defaults().values | {name: value})


def settings_hash(settings: Settings) -> str:
    return said_hash(settings_said(settings, edges=settings.number("serve.edges") or 2))


def test_the_order_of_files_does_not_matter() -> None:
    assert build_hash(FILES, "3.11") == build_hash(reversed(FILES), "3.11")


@pytest.mark.parametrize(
    ("files", "interpreter"),
    [
        ([("a.py", b"other"), FILES[1]], "3.11"),
        ([("b.py", b"one"), FILES[1]], "3.11"),
        (FILES[:1], "3.11"),
        (FILES, "3.12"),
    ],
)
def test_any_other_file_or_interpreter_is_another_build(
    files: list[tuple[str, bytes]], interpreter: str
) -> None:
    assert build_hash(files, interpreter) != build_hash(FILES, "3.11")


@pytest.mark.parametrize("row", TABLE, ids=lambda row: row.name)
def test_each_setting_matters_unless_it_is_a_name_an_address_or_a_wish(row: Setting) -> None:
    other: Value
    if row.choices:
        other = next(choice for choice in row.choices if choice != row.default)
    elif isinstance(row.default, str):
        other = row.default + "x"
    else:
        other = int(row.default) + 7
    same = settings_hash(with_setting(row.name, other)) == settings_hash(defaults())
    assert same == (row.name in ELSEWHERE)


def test_tls_matters_and_its_files_names_do_not() -> None:
    one, two = with_setting("serve.tls_cert", "a.pem"), with_setting("serve.tls_cert", "b.pem")
    assert settings_hash(one) == settings_hash(two) != settings_hash(defaults())


def test_one_edge_for_each_core_is_the_same_as_that_many_edges() -> None:
    assert settings_hash(with_setting("serve.edges", 2)) == settings_hash(defaults())


def test_a_machine_is_its_processor_memory_kernel_and_limits() -> None:
    said = machine_said(**MACHINE)
    assert said == {
        "cpu": "A Chip", "cores": 2, "memory_gib": 23, "kernel": "6.1", "files": 20_000
    }  # fmt: skip
    assert said == machine_said(**MACHINE | {"meminfo": "MemTotal: 24599000 kB\n"})
    for name, other in (("cores", 4), ("kernel", "6.2"), ("files", 1024)):
        assert said_hash(machine_said(**MACHINE | {name: other})) != said_hash(said)


def test_a_processor_without_a_name_is_its_architecture() -> None:
    assert machine_said(**MACHINE | {"cpuinfo": "", "meminfo": ""})["cpu"] == "x86_64"


def test_a_changed_file_of_the_package_is_another_build(tmp_path: Path) -> None:
    (tmp_path / "pages").mkdir()
    (tmp_path / "pages" / "a.js").write_text("1")
    (tmp_path / "__pycache__").mkdir()
    before = fingerprint_io.house(defaults(), 2, tmp_path)
    (tmp_path / "__pycache__" / "a.pyc").write_text("compiled")
    assert fingerprint_io.house(defaults(), 2, tmp_path) == before
    (tmp_path / "pages" / "a.js").write_text("2")
    after = fingerprint_io.house(defaults(), 2, tmp_path)
    assert after.build != before.build
    assert (after.settings, after.machine) == (before.settings, before.machine)
