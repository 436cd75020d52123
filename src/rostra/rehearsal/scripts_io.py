"""Scripts on disk: those that come with Rostra, by name, and one's own, by path."""

from __future__ import annotations

import difflib
from pathlib import Path

from rostra.rehearsal.script import Problem, Script, read_script

_BUNDLED = Path(__file__).parent / "scripts"
LARGEST = 1024 * 1024


def bundled() -> dict[str, Script]:
    """The scripts that come with Rostra, by name."""
    found = {path.stem: read_script(path.read_text()) for path in sorted(_BUNDLED.glob("*.toml"))}
    return {name: script for name, script in found.items() if isinstance(script, Script)}


def load(name: str) -> Script | list[Problem]:
    """The bundled script of that name, or the file at that path, or what is wrong with it."""
    path = Path(name) if name.endswith(".toml") else _BUNDLED / f"{Path(name).name}.toml"
    if path.parent == _BUNDLED and not path.is_file():
        names = sorted(other.stem for other in _BUNDLED.glob("*.toml"))
        near = difflib.get_close_matches(name, names, n=1, cutoff=0.5)
        hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(names)}"
        return [Problem("", f"no script is called {name}; {hint} (a file's name ends in .toml)")]
    try:
        if path.stat().st_size > LARGEST:
            return [Problem("", f"{path} is larger than {LARGEST} bytes")]
        return read_script(path.read_text())
    except (OSError, UnicodeDecodeError) as error:
        return [Problem("", f"{path} cannot be read: {error}")]
