"""The one-way rule: ground ← pure files of a room ← *_io.py ← house.py, cli.py."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

SOURCES = Path(__file__).parent.parent / "src" / "rostra"
FILES = sorted(p for p in SOURCES.rglob("*.py") if "pages" not in p.parts)
TOP = {
    "house.py",
    "cli.py",
    "cli_certificate.py",
    "cli_count.py",
    "cli_door.py",
    "cli_evidence.py",
    "cli_operator.py",
    "cli_rehearse.py",
    "cli_shield.py",
    "cli_verdict.py",
    "__main__.py",
}  # know all
# A module here gives a pure file a clock, chance, network, disk, threads or logging.
WORLDLY = {
    "asyncio", "http", "io", "logging", "multiprocessing", "os", "pathlib", "random", "secrets",
    "shutil", "signal", "socket", "sqlite3", "ssl", "subprocess", "tempfile", "threading", "time",
    "urllib.request", "uvicorn", "uvloop", "aiortc", "av", "fastapi", "httpx", "starlette",
    "httptools",
}  # fmt: skip
LONGEST = 420  # lines of one file; longer ones want two rooms


def imports(path: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            found.add(node.module or "")
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def room(path: Path) -> str:
    relative = path.relative_to(SOURCES)
    return relative.parts[0] if len(relative.parts) > 1 else ""


def is_io(module_or_path: str) -> bool:
    return module_or_path.removesuffix(".py").endswith("_io")


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(SOURCES)))
def test_file_keeps_the_one_way_rule(path: Path) -> None:
    if path.name in TOP or path.name == "__init__.py":
        return
    for name in imports(path):
        if name.startswith("rostra."):
            parts = name.split(".")
            assert parts[1] not in {"house", "cli"}, f"{path}: only house and cli know all: {name}"
            target_io = any(part.endswith("_io") for part in parts)
            if is_io(path.name):
                assert not target_io or parts[1] == room(path), f"{path}: another room's io: {name}"
            else:
                assert parts[1] in {"ground", room(path)}, f"{path}: another room: {name}"
                assert not target_io, f"{path}: a pure file imports io: {name}"
        elif not is_io(path.name):
            root = name.split(".")[0]
            assert name not in WORLDLY and root not in WORLDLY, f"{path}: not pure: {name}"


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(SOURCES)))
def test_file_is_short_and_says_what_it_is(path: Path) -> None:
    text = path.read_text()
    assert ast.get_docstring(ast.parse(text)), f"{path}: no module docstring"
    assert text.count("\n") <= LONGEST, f"{path}: longer than {LONGEST} lines"


def test_no_room_is_a_junk_drawer() -> None:
    names = {p.stem for p in FILES}
    assert not names & {"utils", "util", "helpers", "common", "manager", "misc"}


def test_the_architecture_names_every_file() -> None:
    page = (SOURCES.parents[1] / "ARCHITECTURE.md").read_text()
    for path in FILES:
        if path.name not in {"__init__.py", "__main__.py"}:
            assert path.stem in page, f"ARCHITECTURE.md does not show {path.stem}"


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(SOURCES)))
def test_no_cancellation_is_swallowed(path: Path) -> None:
    """In Python 3.11 `asyncio.wait_for` loses a cancel that comes in the turn of the result."""
    assert "asyncio.wait_for" not in path.read_text(), "use `async with asyncio.timeout(...)`"
