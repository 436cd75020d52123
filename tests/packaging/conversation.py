"""An event played through the real packager in virtual time, and what a listener has of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np

from rostra.ground.facts import (
    FRAME_SAMPLES,
    AnyFact,
    Event,
    EventChanged,
    MediaSealed,
    Phase,
    PlaylistRendered,
    ProgrammeMixed,
)
from rostra.packaging.packager_io import Packager

LIVE_AT_MS = 1_800_000_000_000
EVENT_ID = "k3v9x2mq"
Pcm = np.ndarray[tuple[int], np.dtype[np.int16]]


def event(phase: Phase, ended_at_ms: int | None = None) -> EventChanged:
    return EventChanged(
        event=Event(
            event_id=EVENT_ID,
            title="A night",
            start_ms=LIVE_AT_MS,
            phase=phase,
            live_at_ms=LIVE_AT_MS,
            ended_at_ms=ended_at_ms,
        )
    )


class Night:
    """Drives packagers over one event. `seconds` is virtual time since go-live."""

    def __init__(self, data_dir: Path, sound: Pcm) -> None:
        self.data_dir, self.sound = data_dir, sound
        self.folder = data_dir / "events" / EVENT_ID
        self.facts: list[AnyFact] = []
        self.seconds = 0.0
        self.packager = self.start()

    def start(self) -> Packager:
        """A new packager process (the old one, if any, is simply forgotten: kill -9)."""
        self.packager = Packager(self.data_dir, self.facts.append, wall_ms=self._wall_ms)
        return self.packager

    def _wall_ms(self) -> int:
        return LIVE_AT_MS + round(self.seconds * 1000)

    def _now(self) -> float:
        return 5000.0 + self.seconds

    def say(self, phase: Phase) -> None:
        ended = self._wall_ms() if phase in {Phase.ENDED, Phase.POSTED} else None
        self.packager.handle(event(phase, ended), self._now())

    def frame(self, number: int) -> None:
        """Hand over the stage's 20 ms frame of this number, as it is at this moment."""
        pcm = self.sound[number * FRAME_SAMPLES : (number + 1) * FRAME_SAMPLES].tobytes()
        fact = ProgrammeMixed(event_id=EVENT_ID, sample_index=number * FRAME_SAMPLES, pcm=pcm)
        self.packager.handle(fact, self._now())

    def run(
        self,
        until_s: float,
        stage: Callable[[int], bool] = lambda number: True,
        each: Callable[[], None] = lambda: None,
    ) -> None:
        """Go on in steps of 20 ms; `stage` says which frames the stage sends."""
        while self.seconds < until_s - 1e-9:
            self.seconds = round(self.seconds + 0.02, 6)
            number = round(self.seconds / 0.02) - 1
            if stage(number):
                self.frame(number)
            self.packager.tick(self._now())
            each()

    def finish(self) -> None:
        self.say(Phase.ENDED)
        self.run(self.seconds + 0.6, stage=lambda number: False)

    def back(self, replay_from: int, replay_to: int) -> None:
        """The packager is started again; the bus plays back frames that it may have missed."""
        self.start()
        self.say(Phase.LIVE)
        for number in range(replay_from, replay_to):
            self.frame(number)

    def playlists(self, path: str) -> list[PlaylistRendered]:
        return [f for f in self.facts if isinstance(f, PlaylistRendered) and f.path == path]

    def media(self) -> dict[str, bytes]:
        return {fact.path: fact.body for fact in self.facts if isinstance(fact, MediaSealed)}


def write_down(folder: Path, files: Iterable[tuple[str, bytes]]) -> None:
    """What an edge would answer with, as files, so that any player can open it."""
    for path, body in files:
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(body)
