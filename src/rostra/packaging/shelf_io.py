"""An event's folder: index, init segments, growing and sealed segments, the replay's playlists."""

from __future__ import annotations

import os
from pathlib import Path

from rostra.packaging import index, playlists
from rostra.packaging.index import EpochBegun, Index
from rostra.packaging.segmenter import Chunk, Segment, read_back

INDEX = "index.jsonl"
REPLAY = "replay/index.m3u8"


class Shelf:
    """Files of one event below `folder`, at the very paths that listeners ask for.

    Order on the disk: a chunk is appended to `s4/MSN.open` before anyone hears of it; a full
    segment is made durable, renamed to `MSN.m4s`, and only then gets its line in the index. So
    after a kill every byte that was published is in a `.m4s` or the `.open` file.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._torn: set[Path] = set()  # open files with a failed append: the tail is not whole

    def load(self) -> Index:
        """The index as far as it is whole; cuts off a line that a kill left unfinished."""
        path = self.folder / INDEX
        try:
            data = path.read_bytes()
        except FileNotFoundError:
            return Index(epochs=[], segments=[], whole_bytes=0)
        found = index.parse(data)
        if found.whole_bytes < len(data):
            os.truncate(path, found.whole_bytes)
        return found

    def note(self, record: EpochBegun | Segment) -> None:
        """Append one line to the index and make it durable."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / INDEX).open("ab") as file:
            file.write(index.line(record))
            file.flush()
            os.fsync(file.fileno())

    def write(self, path: str, body: bytes) -> None:
        """Write a whole file: it is there with all its bytes, or not at all."""
        target = self.folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        temporary = target.with_name(target.name + ".tmp")
        with temporary.open("wb") as file:
            file.write(body)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(target)

    def append(self, rendition: str, msn: int, chunk: bytes) -> None:
        """Keep a chunk of the 4 s segment that still grows."""
        path = self.folder / f"media/{rendition}/s4/{msn}.open"
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("ab") as file:
                file.write(chunk)
        except OSError:
            self._torn.add(path)
            raise

    def seal(self, path: str, body: bytes, segment: Segment) -> None:
        """Store a sealed segment and index it."""
        target = self.folder / path
        growing = target.with_suffix(".open")
        if target.exists() and target.stat().st_size == len(body):
            pass  # killed between the rename and the index line
        elif (
            segment.cut == "s4"
            and growing not in self._torn
            and growing.exists()
            and growing.stat().st_size == len(body)
        ):
            with growing.open("rb") as file:
                os.fsync(file.fileno())
            growing.replace(target)
        else:
            self.write(path, body)
        growing.unlink(missing_ok=True)
        self._torn.discard(growing)
        self.note(segment)

    def chunks(self, rendition: str, msn: int) -> list[Chunk]:
        """The chunks of a 4 s segment, sealed or still open; empty if there is no file."""
        for suffix in ("m4s", "open"):
            path = self.folder / f"media/{rendition}/s4/{msn}.{suffix}"
            if path.exists():
                return read_back(path.read_bytes())
        return []

    def discard_open(self, rendition: str, msn: int) -> None:
        """Forget a growing segment that holds no whole chunk: nobody has heard of it."""
        (self.folder / f"media/{rendition}/s4/{msn}.open").unlink(missing_ok=True)

    def read(self, path: str) -> bytes | None:
        """The file at `path`, or None if it is not there."""
        try:
            return (self.folder / path).read_bytes()
        except FileNotFoundError:
            return None

    def replays(self) -> list[str]:
        """Names of the renditions whose replay stands on disk; empty until all of them do."""
        if not (self.folder / REPLAY).exists():
            return []
        return [p.stem for p in (self.folder / "replay").glob("*.m3u8") if p.stem != "index"]

    def replay_s(self) -> float:
        """Length of the replay that stands on disk: its longest rendition's."""
        texts = [self.read(f"replay/{name}.m3u8") or b"" for name in self.replays()]
        return max((playlists.length_s(text.decode()) for text in texts), default=0.0)
