"""What is sealed before an event begins: what the house promised, and what it goes by."""

from __future__ import annotations

import hashlib
from pathlib import Path

import msgspec

from rostra.control import certificates_io
from rostra.control.doors_io import Doors
from rostra.evidence.control_book import CONTROL, Standing
from rostra.evidence.record import VERSION, Sealed
from rostra.ground.facts import Event
from rostra.rehearsal.findings import House
from rostra.verdict.thresholds import MODEL, Thresholds, said

CERTIFICATE_MOST = 48 * 1024  # bytes in a record, which has 64 KiB at most
TOO_LONG = "certificate_too_long"  # for a record: only its hash is sealed


class Promise:
    """Of one house; `definitions` is the page that says what the audience's numbers mean."""

    def __init__(
        self, data: Path, house: House, key: bytes, doors: Doors, definitions: bytes
    ) -> None:
        self._data, self._house, self._key, self._doors = data, house, key, doors
        self._definitions = hashlib.sha256(definitions).hexdigest()

    def sealed(self, event: Event, now_ms: int) -> Sealed:
        """The first record of the event's ledger. Blocking."""
        capacity = self._doors.settings.capacity
        certificate, lapsed = self._certificate()
        short = len(certificate) <= CERTIFICATE_MOST
        return Sealed(
            at_ms=now_ms,
            by=CONTROL,
            version=VERSION,
            event_id=event.event_id,
            start_ms=event.start_ms,
            build=self._house.build,
            settings=self._house.settings,
            settings_said=self._house.settings_said,
            certificate=certificate.decode() if short else "",
            certificate_hash=hashlib.sha256(certificate).hexdigest() if certificate else "",
            lapsed=lapsed if short else (*lapsed, TOO_LONG),
            capacity=capacity.listeners,
            joins_permille=round(capacity.joins_s * 1000),
            thresholds=said(Thresholds()),
            definitions=self._definitions,
            model=MODEL,
            edges=self._doors.settings.edges,
        )

    def standing(self, event_id: str) -> Standing:
        """What control goes by now, for that event."""
        settings, keeper = self._doors.settings, self._doors.keeper(event_id)
        cap = keeper.record.cap if keeper.record.cap is not None else settings.cap or None
        return Standing(
            capacity=settings.capacity.listeners,
            cap=-1 if cap is None else cap,
            held=keeper.record.hold,
        )

    def _certificate(self) -> tuple[bytes, tuple[str, ...]]:
        """The certificate that holds, without its blanks, which nothing signs; or why none."""
        stands = certificates_io.standing(self._data, self._house, self._key)
        if stands.capacity is None or stands.newest is None:
            return b"", stands.why_not
        path = certificates_io.folder(self._data) / f"{stands.newest.number}.json"
        try:
            return msgspec.json.format(path.read_bytes(), indent=-1), ()
        except OSError as error:
            return b"", (f"it cannot be read: {error.strerror}",)
