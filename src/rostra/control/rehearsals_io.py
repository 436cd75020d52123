"""Rehearsals: consent, an event of their own, what the house did in them, their certificate."""

from __future__ import annotations

import contextlib
import logging
import os
import secrets
import shutil
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from rostra.admission.rehearsal_tokens import sign_rehearsal
from rostra.agenda import agenda
from rostra.control import certificates_io
from rostra.control.certificates_io import Standing
from rostra.control.dashboard import Dashboard
from rostra.control.readings import Readings
from rostra.ground.facts import AnyFact, Event, Phase, RehearsalSet
from rostra.ground.keys import KeyRing
from rostra.ground.refusals import Refusal, Refused
from rostra.ground.wall_time import rfc3339
from rostra.rehearsal import certificate
from rostra.rehearsal.consent import Consent, HexKey, is_here, seal_consent
from rostra.rehearsal.findings import Certificate, Findings, House

log = logging.getLogger(__name__)
CLEAN_UP_S = 4.0  # stage and packager have let go of the files by then
MINUTES_MOST = 60
MARK = "rehearsal"  # an empty file in the event's folder: all of it may go
_OPEN = (Phase.DOORS_OPEN, Phase.LIVE)


class Asked(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A request for a rehearsal. `origins`: where listeners ask, if not as the house says.

    `attacks` and what follows: as in the consent.
    """

    generators: Annotated[tuple[HexKey, ...], Meta(min_length=1, max_length=1000)]
    listeners: Annotated[int, Meta(ge=1, le=10_000_000)]
    requests_s: Annotated[int, Meta(ge=1, le=100_000_000)]
    minutes: Annotated[int, Meta(ge=1, le=MINUTES_MOST)]
    faults: bool = False
    origins: Annotated[
        tuple[Annotated[str, Meta(pattern=r"^https?://[^/?#\s]{1,255}\Z")], ...],
        Meta(max_length=16),
    ] = ()
    attacks: bool = False
    attack_requests_s: Annotated[int, Meta(ge=0, le=1_000_000)] = 0
    attack_connections: Annotated[int, Meta(ge=0, le=1_000_000)] = 0
    attack_sources: Annotated[int, Meta(ge=0, le=65_536)] = 0


class _Run(msgspec.Struct, kw_only=True):
    """The rehearsal that runs, or was the last to run."""

    consent: Consent
    until_ms: int
    sealed: str
    progress: Any = None
    over: bool = False
    certified: bool = False


class Rehearsals:
    """One at a time. `now` is monotonic seconds, `now_ms` wall time.

    `settle(event)` stores an event and makes it known to everyone; `forget(event_id)` takes it from
    the agenda and the storage and says that it is cancelled; `adopt` hears how it stands with the
    newest certificate. `doors_open_before_ms`: a real event's doors open so long before it.
    """

    def __init__(
        self,
        data_dir: Path,
        key: bytes,
        ring: Callable[[], KeyRing],
        house: House,
        origins: tuple[str, ...],
        doors_open_before_ms: int,
        publish: Callable[[AnyFact], None],
        settle: Callable[[Event], object],
        forget: Callable[[str], None],
        adopt: Callable[[Standing], None],
    ) -> None:
        self._data_dir, self._key, self._ring = data_dir, key, ring
        self._house, self._origins = house, origins
        self._doors_open_before_ms = doors_open_before_ms
        self._publish, self._settle, self._forget = publish, settle, forget
        self._adopt = adopt
        self._run: _Run | None = None
        self._readings = Readings()
        self._clean_up: dict[str, float | None] = {}
        self._walks: tuple[str, ...] = ()  # of the rehearsal's listeners
        self._teaches = ""  # the number of its certificate, if it was not void
        self.standing = Standing()

    @property
    def event_id(self) -> str | None:
        """The event of the rehearsal that runs."""
        return self._run.consent.event_id if self._run and not self._run.over else None

    def resume(self, events: Iterable[Event], now_ms: int) -> None:
        """Control has started: the newest certificate is gone by, if it holds; the rehearsal that
        ran goes on, of any other nothing is kept."""
        self.standing = certificates_io.standing(self._data_dir, self._house, self._key)
        self._adopt(self.standing)
        run = self._read_record()
        for event in [event for event in events if event.rehearsal]:
            if run and run.consent.event_id == event.event_id and now_ms < run.until_ms:
                self._run = run
                self._tell(run.sealed.encode())
            else:
                self._forget(event.event_id)
        if run is not None and self._run is None:
            self._record.unlink(missing_ok=True)
        for mark in (self._data_dir / "events").glob(f"*/{MARK}"):
            if mark.parent.name != self.event_id:
                self._clean_up[mark.parent.name] = None

    # --- what is asked ------------------------------------------------------------------------

    def start(
        self, asked: Asked, events: Iterable[Event], now_ms: int, stage: str = ""
    ) -> dict[str, Any]:
        """Consent to a rehearsal and make its event. `stage`: its origin. Raises Refused."""
        until_ms = now_ms + asked.minutes * 60_000
        if self.event_id is not None:
            raise Refused(
                Refusal(
                    "rehearsal_runs", 409, "A rehearsal runs already. Withdraw it, or let it end."
                )
            )
        if near := next((event for event in events if self._is_near(event, until_ms)), None):
            says = f"{near.title[:60]!r} has its doors open, is live or opens them too soon."
            raise Refused(Refusal("event_near", 409, f"{says} Rehearse before or after it."))
        origins = asked.origins or self._origins
        if asked.attacks and not any(map(is_here, origins)):
            says = (
                "Attacks are rehearsed on this machine only. Give --origin http://localhost:PORT."
            )
            raise Refused(Refusal("attack_elsewhere", 409, says))
        event = Event(
            event_id=agenda.event_id(secrets.token_bytes(32)),
            title="Rehearsal",
            description="Virtual listeners rehearse the night here. Nobody else is expected.",
            start_ms=now_ms,
            duration_min=asked.minutes,
            created_ms=now_ms,
            rehearsal=True,
        )
        consent = Consent(
            run=secrets.token_hex(8),
            event_id=event.event_id,
            generators=asked.generators,
            origins=origins,
            listeners=asked.listeners,
            requests_s=asked.requests_s,
            not_before_s=now_ms // 1000,
            until_s=until_ms // 1000,
            faults=asked.faults,
            attacks=asked.attacks,
            attack_requests_s=asked.attack_requests_s if asked.attacks else 0,
            attack_connections=asked.attack_connections if asked.attacks else 0,
            attack_sources=asked.attack_sources if asked.attacks else 0,
            attack_stage=stage if asked.attacks and is_here(stage) else "",
        )
        # As it is answered: one line, since several may stand beside each other.
        sealed = msgspec.json.format(seal_consent(consent, self._key), indent=-1)
        self._run = _Run(consent=consent, until_ms=until_ms, sealed=sealed.decode())
        self._readings, self._walks, self._teaches = Readings(), (), ""
        folder = self._data_dir / "events" / event.event_id
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        (folder / MARK).touch()
        self._settle(event)
        self._write_record(self._run)
        self._tell(sealed)
        return {
            "run": consent.run,
            "event_id": event.event_id,
            "consent": msgspec.to_builtins(consent),
            "token": sign_rehearsal(event.event_id, until_ms // 1000, self._ring()),
            "page": f"/e/{event.event_id}",
            "origin": consent.origins[0],
            "until": rfc3339(until_ms),
        }

    def _is_near(self, event: Event, until_ms: int) -> bool:
        if event.rehearsal:
            return False
        opens_ms = event.start_ms - self._doors_open_before_ms
        return event.phase in _OPEN or (event.phase is Phase.SCHEDULED and opens_ms < until_ms)

    def withdraw(self, run: str) -> None:
        """It ends now; again is no fault. Raises Refused."""
        self._known(run)
        self.end()

    def note_progress(self, run: str, progress: Any) -> None:
        """What the control room shows of it. Raises Refused."""
        self._known(run).progress = progress

    def note_walks(self, run: str, walks: tuple[str, ...]) -> None:
        """How its listeners asked. Raises Refused."""
        self._known(run)
        self._walks = walks

    def lesson(self, run: str) -> tuple[tuple[str, ...], str]:
        """What the shield can learn from it, once, and what that is in words; nothing before it has
        its certificate, or if it was void. Raises Refused."""
        self._known(run)
        walks, self._walks = self._walks, ()
        return (walks, f"the rehearsal {self._teaches} here") if self._teaches else ((), "")

    def certify(self, run: str, findings: Findings, now_ms: int) -> bytes:
        """Seal what was found, adopt it if it says something, and end. Raises Refused.

        A rehearsal that was withdrawn or whose time is over has found something too.
        """
        running = self._known(run)
        if running.certified:
            raise Refused(Refusal("certified_already", 409, "This rehearsal has its certificate."))
        keys = {generator.key for generator in findings.generators}
        if findings.run != run or not keys <= set(running.consent.generators):
            raise Refused(
                Refusal("bad_findings", 422, "These were found by another run or other generators.")
            )
        if running.over and not findings.cut_short:
            findings = msgspec.structs.replace(findings, cut_short="the house ended it")
        issued = rfc3339(now_ms)
        number = f"{issued[:10].replace('-', '')}-{run[:8]}"
        document = Certificate(
            v=certificate.VERSION,
            number=number,
            issued=issued,
            house=self._house,
            findings=findings,
        )
        try:
            raw = certificate.seal(document, self._key)
        except ValueError as error:
            raise Refused(Refusal("bad_findings", 422, str(error))) from error
        certificates_io.keep(self._data_dir, number, raw)
        running.certified = True
        self._teaches = "" if findings.void else number
        self.standing = certificates_io.standing(self._data_dir, self._house, self._key)
        self._adopt(self.standing)
        self.end()
        return raw

    def _known(self, run: str) -> _Run:
        if self._run is None or self._run.consent.run != run:
            raise Refused(Refusal("no_such_rehearsal", 404, "No such rehearsal runs here."))
        return self._run

    # --- time ---------------------------------------------------------------------------------

    def look(self, events: Iterable[Event], now: float, now_ms: int) -> None:
        """To be called often: its time is over, or a real event begins and it gives way."""
        if self._run is not None and not self._run.over:
            if now_ms >= self._run.until_ms:
                self.end()
            elif any(not event.rehearsal and event.phase in _OPEN for event in events):
                log.warning("a real event begins: the rehearsal is withdrawn")
                self.end()
        for event_id, due in list(self._clean_up.items()):
            if due is None:
                self._clean_up[event_id] = now + CLEAN_UP_S
            elif now >= due:
                del self._clean_up[event_id]
                shutil.rmtree(self._data_dir / "events" / event_id, ignore_errors=True)

    def second(self, board: Dashboard, door: dict[str, Any], now: float, now_ms: int) -> None:
        """A second of the rehearsal has passed. `door`: its door's brief and its audience."""
        self._readings.add(board, door, now, now_ms)

    def end(self) -> None:
        """Nothing is left of the rehearsal that runs but what was found."""
        running = self._run
        if running is None or running.over:
            return
        running.over = True
        self._record.unlink(missing_ok=True)
        self._tell(b"")
        self._forget(running.consent.event_id)
        self._clean_up[running.consent.event_id] = None

    # --- what is shown ------------------------------------------------------------------------

    def view(self, run: str, since_s: float) -> dict[str, Any]:
        """The readings after `since_s` (Unix seconds). Raises Refused."""
        running = self._known(run)
        return {
            "run": run,
            "event_id": running.consent.event_id,
            "withdrawn": running.over,
            "until": rfc3339(running.until_ms),
            "readings": self._readings.after(since_s),
        }

    def brief(self) -> dict[str, Any] | None:
        """For the dashboard: the rehearsal that runs."""
        running = self._run
        if running is None or running.over:
            return None
        return {
            "run": running.consent.run,
            "event_id": running.consent.event_id,
            "until": rfc3339(running.until_ms),
            "progress": running.progress,
        }

    def newest(self) -> dict[str, Any]:
        """The newest certificate, and whether it holds."""
        standing = self.standing
        return {
            "certificate": msgspec.to_builtins(standing.newest),
            "holds": standing.capacity is not None,
            "why_not": "; ".join(standing.why_not),
        }

    # --- on the bus and on disk ---------------------------------------------------------------

    def _tell(self, consent: bytes) -> None:
        running = self._run
        assert running is not None
        self._publish(
            RehearsalSet(
                run=running.consent.run,
                event_id=running.consent.event_id,
                until_ms=running.until_ms,
                consent=consent,
            )
        )

    @property
    def _record(self) -> Path:
        return record_path(self._data_dir)

    def _write_record(self, run: _Run) -> None:
        self._record.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        made = self._record.with_suffix(".part")
        made.write_bytes(msgspec.json.encode(run))
        os.replace(made, self._record)

    def _read_record(self) -> _Run | None:
        with contextlib.suppress(OSError, msgspec.DecodeError):
            return msgspec.json.decode(self._record.read_bytes(), type=_Run)
        return None


def record_path(data_dir: Path) -> Path:
    """What control remembers of a rehearsal over a restart of its own, not of the house."""
    return data_dir / "run" / "rehearsal.json"
