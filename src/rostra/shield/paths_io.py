"""Where the model of our player's path stands: one that was rehearsed, else the one that came."""

from __future__ import annotations

import hashlib
import logging
import os
import tempfile
from collections.abc import Sequence
from pathlib import Path

import msgspec

from rostra.shield.path import Automaton
from rostra.shield.path_model import PathModel, Unreadable, automaton_of, learn, read, write

log = logging.getLogger(__name__)
_CAME = Path(__file__).with_name("path_model.json")


class Paths:
    """The file in the data folder: control writes it, edges look now and then whether it changed.

    One that was learnt beside another Rostra's model counts no more: that player may be gone.
    """

    def __init__(self, data_dir: Path) -> None:
        self._path = data_dir / "player-path.json"
        self._seen_ns = -1  # which state of the file was read last; 0 if there was none
        self._came, self._mark = came()
        self._model = self._came

    def changed(self) -> Automaton | None:
        """What walks are judged by, if that is another one than the last time."""
        return automaton_of(self._model) if self._look() else None

    def says(self) -> str:
        """Which model counts."""
        self._look()
        return self._model.learnt_from

    def teach(self, walks: Sequence[str], learnt_from: str) -> None:
        """From now on what these walks teach counts beside what came. Durable when it returns.

        ValueError where they teach nothing; OSError.
        """
        model = learn(walks, learnt_from, beside=self._came)
        raw = write(msgspec.structs.replace(model, beside=self._mark))
        descriptor, made = tempfile.mkstemp(dir=self._path.parent, prefix=f".{self._path.name}.")
        try:
            with os.fdopen(descriptor, "wb") as file:  # mkstemp makes it ours alone: 0600
                file.write(raw)
                file.flush()
                os.fsync(file.fileno())
            os.replace(made, self._path)
        except OSError:
            os.unlink(made)
            raise

    def _look(self) -> bool:
        """Whether the file changed since it was looked at; the model is then the one in force."""
        try:
            seen_ns = self._path.stat().st_ctime_ns
        except OSError:
            seen_ns = 0
        if seen_ns == self._seen_ns:
            return False
        self._seen_ns = seen_ns
        self._model = self._came
        try:
            model = read(self._path.read_bytes()) if seen_ns else self._came
        except (OSError, Unreadable) as error:
            log.error(
                "%s cannot be used (%s); the model that came with Rostra is", self._path, error
            )
            return True
        if seen_ns and model.beside != self._mark:
            log.warning("another Rostra was rehearsed for %s; rehearse again", self._path)
            return True
        self._model = model
        return True


def came() -> tuple[PathModel, str]:
    """The model that came with Rostra, and its mark."""
    raw = _CAME.read_bytes()
    return read(raw), hashlib.sha256(raw).hexdigest()[:16]
