"""Access logs read from disk, plain or gzip, line by line."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from io import BufferedReader
from pathlib import Path

from rostra.admission import from_logs
from rostra.admission.from_logs import LogCount, NoAccessLog

LINE_MOST = 65_536  # longer ones are cut, and then not understood
_GZIP = b"\x1f\x8b"


def count(paths: Sequence[Path]) -> LogCount:
    """Listeners over all these logs. Raises NoAccessLog naming a file that cannot be read or is
    none."""
    with ExitStack() as open_files:
        files = [(str(path), _lines(path, _opened(path, open_files))) for path in paths]
        return from_logs.count(files)


def _opened(path: Path, open_files: ExitStack) -> BufferedReader | gzip.GzipFile:
    try:
        file = open_files.enter_context(path.open("rb"))
        if file.peek(2)[:2] == _GZIP:
            return open_files.enter_context(gzip.open(file))
    except OSError as error:
        raise NoAccessLog(f"{path} cannot be read: {error.strerror}") from error
    return file


def _lines(path: Path, file: BufferedReader | gzip.GzipFile) -> Iterator[str]:
    try:
        while line := file.readline(LINE_MOST):
            yield line.decode("utf-8", "replace")
    except (EOFError, OSError, zlib.error) as error:
        raise NoAccessLog(f"{path} cannot be read to its end: {error}") from error
