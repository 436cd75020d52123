"""Documents read from disk, kept while they are asked for; bounded in bytes, oldest use goes."""

from __future__ import annotations

from collections import OrderedDict

from rostra.delivery.prepared import Document
from rostra.delivery.window import Stored

_MISSES_MOST = 4096


class StoredDocuments:
    """A least-recently-used store of documents, at most `most_bytes` of bodies."""

    def __init__(self, most_bytes: int) -> None:
        self._most_bytes = most_bytes
        self._documents: OrderedDict[Stored, Document] = OrderedDict()
        self._misses: set[Stored] = set()
        self.body_bytes = 0

    def get(self, stored: Stored) -> Document | None:
        """The document, now the most recently used, or None."""
        document = self._documents.get(stored)
        if document is not None:
            self._documents.move_to_end(stored)
        return document

    def put(self, stored: Stored, document: Document) -> None:
        """Keep a document; what was not used for longest makes room. A larger one is not kept."""
        self.forget(stored)
        if len(document.body) > self._most_bytes:
            return
        self._documents[stored] = document
        self.body_bytes += len(document.body)
        while self.body_bytes > self._most_bytes:
            _, dropped = self._documents.popitem(last=False)
            self.body_bytes -= len(dropped.body)

    def forget(self, stored: Stored) -> None:
        """Drop one, if it is here."""
        dropped = self._documents.pop(stored, None)
        if dropped is not None:
            self.body_bytes -= len(dropped.body)

    def forget_playlists(self, event_id: str) -> None:
        """Drop an event's playlists: newer ones stand on disk."""
        for stored in [s for s in self._documents if s.event_id == event_id]:
            if stored.path.endswith(".m3u8"):
                self.forget(stored)

    def missed(self, stored: Stored) -> None:
        """There is no such file; remembered until `second_passed`, so that a flood of requests
        for it reads the disk once a second."""
        if len(self._misses) < _MISSES_MOST:
            self._misses.add(stored)

    def known_missing(self, stored: Stored) -> bool:
        """Whether the disk was asked in vain within the last second."""
        return stored in self._misses

    def second_passed(self) -> None:
        """Forget what was missing."""
        self._misses.clear()
