"""The packager: programme sound of every live event in, playlists and parts out."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from pathlib import Path

from rostra.ground.facts import (
    AnyFact,
    Event,
    EventChanged,
    PackagerTallied,
    Phase,
    ProgrammeMixed,
    ReplaySealed,
)
from rostra.packaging.broadcast import Settings, replay_offer
from rostra.packaging.event_io import EventPackager
from rostra.packaging.shelf_io import Shelf

EARLY_FRAMES = 600  # 12 s, more than the bus keeps
_OVER = (Phase.ENDED, Phase.POSTED, Phase.CANCELLED)


def _wall_ms() -> int:
    return time.time_ns() // 1_000_000


class Packager:
    """All events of one packager process.

    Feed it every `EventChanged` and `ProgrammeMixed`, and call `tick` each 20 to 50 ms. `publish`
    gets `MediaSealed` before the `PlaylistRendered` that names it. Files stand at
    `data_dir/events/ID/<path>`. `now` is monotonic seconds.
    """

    def __init__(
        self,
        data_dir: Path,
        publish: Callable[[AnyFact], None],
        *,
        window_segments: int = 10,
        rewind_s: float = 7200.0,
        wall_ms: Callable[[], int] = _wall_ms,
    ) -> None:
        self._events_dir = data_dir / "events"
        self._publish, self._wall_ms = publish, wall_ms
        self._settings = Settings(window_segments=window_segments, rewind_s=rewind_s)
        self._on_air: dict[str, EventPackager] = {}
        self._offered: set[str] = set()
        self._phases: dict[str, Phase] = {}
        self._early: dict[str, deque[tuple[int, bytes]]] = {}
        self._media_samples = 0
        self._silence_samples = 0
        self._tallied_at: float | None = None
        self._cpu_s = time.process_time()

    def handle(self, fact: AnyFact, now: float) -> None:
        """Take one fact; facts of no interest here are ignored."""
        if isinstance(fact, ProgrammeMixed):
            on_air = self._on_air.get(fact.event_id)
            if on_air is not None:
                on_air.offer(fact.sample_index, fact.pcm, now)
            elif self._phases.get(fact.event_id) not in _OVER:
                # Stage and control speak on two sockets: sound can come before the word that the
                # event is live, above all when the bus plays back what a killed packager missed.
                early = self._early.setdefault(fact.event_id, deque(maxlen=EARLY_FRAMES))
                early.append((fact.sample_index, fact.pcm))
        elif isinstance(fact, EventChanged):
            self._follow(fact.event, now)

    def tick(self, now: float) -> None:
        """Silence that is due, ends that are due, the tally of each second."""
        for event_id, on_air in list(self._on_air.items()):
            on_air.advance(now)
            if on_air.done:
                self._count(on_air)
                del self._on_air[event_id]
        if self._tallied_at is None:
            self._tallied_at = now
        elif now - self._tallied_at >= 1.0:
            self._tally(now, now - self._tallied_at)
            self._tallied_at = now

    def _follow(self, event: Event, now: float) -> None:
        self._phases[event.event_id] = event.phase
        on_air = self._on_air.get(event.event_id)
        if event.phase is Phase.LIVE and on_air is None:
            self._begin(event, now)
        elif event.phase is Phase.CANCELLED and on_air is not None:  # a rehearsal is over
            self._count(on_air)
            del self._on_air[event.event_id]
        elif event.phase is Phase.ENDED:
            if on_air is None and not self._offer_replay(event, sealed=True):
                on_air = self._begin(event, now)
            if on_air is not None:
                on_air.end(event.ended_at_ms, now)
        elif event.phase is Phase.POSTED and event.event_id not in self._offered:
            self._offer_replay(event, sealed=False)

    def _begin(self, event: Event, now: float) -> EventPackager:
        shelf = Shelf(self._events_dir / event.event_id)
        begun = EventPackager(event, shelf, self._publish, now, self._wall_ms, self._settings)
        self._on_air[event.event_id] = begun
        for sample_index, pcm in self._early.pop(event.event_id, ()):
            begun.offer(sample_index, pcm, now)
        return begun

    def _offer_replay(self, event: Event, sealed: bool) -> bool:
        """Say again where the replay is; False if it is not on disk."""
        shelf = Shelf(self._events_dir / event.event_id)
        names = shelf.replays()
        if not names:
            return False
        self._offered.add(event.event_id)
        self._publish(replay_offer(event.event_id, names))
        if sealed:  # control has not heard it: it still says "ended"
            self._publish(
                ReplaySealed(
                    event_id=event.event_id,
                    duration_s=shelf.replay_s(),
                    at_ms=self._wall_ms(),
                )
            )
        return True

    def _count(self, on_air: EventPackager) -> None:
        self._media_samples += on_air.media_samples
        self._silence_samples += on_air.timeline.silence_samples

    def _tally(self, now: float, elapsed_s: float) -> None:
        cpu_s = time.process_time()
        on_air = self._on_air.values()
        self._publish(
            PackagerTallied(
                at_ms=self._wall_ms(),
                events=len(self._on_air),
                media_samples=self._media_samples + sum(one.media_samples for one in on_air),
                silence_samples=self._silence_samples
                + sum(one.timeline.silence_samples for one in on_air),
                behind_ms=max((one.behind_ms(now) for one in on_air), default=0.0),
                cpu_fraction=(cpu_s - self._cpu_s) / elapsed_s,
            )
        )
        self._cpu_s = cpu_s
