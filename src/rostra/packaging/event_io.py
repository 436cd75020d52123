"""One event's packager: media clock, encoders, broadcast and shelf, and how it comes back."""

from __future__ import annotations

import base64
import logging
import os
from collections.abc import Callable, Iterable

from rostra.ground.facts import SAMPLE_RATE, AnyFact, Event, MediaSealed, ReplaySealed
from rostra.packaging.broadcast import Broadcast, MediaCut, Output, Settings, replay_offer
from rostra.packaging.encoder_io import Encoder, init_segment
from rostra.packaging.index import EpochBegun, Index
from rostra.packaging.playlists import init_path, media_path
from rostra.packaging.renditions import RENDITIONS
from rostra.packaging.segmenter import PARTS_KEPT_S, Part, Segment
from rostra.packaging.shelf_io import Shelf
from rostra.packaging.timeline import Timeline

logger = logging.getLogger(__name__)

CONTENT_TYPE = "audio/mp4"
PART_KEEP_S = 30.0
SEGMENT_KEEP_S = 120.0
INIT_KEEP_S = 86_400.0
_SLICE_SAMPLES = 2 * SAMPLE_RATE  # most that one call encodes
_END_PATIENCE_S = 0.5  # for frames that are still on the bus when the event ends


def new_nonce() -> str:
    """128 random bits, base64url."""
    return base64.urlsafe_b64encode(os.urandom(16)).rstrip(b"=").decode()


class EventPackager:
    """Packages one event from go-live (or from where a killed packager stopped) to its replay."""

    def __init__(
        self,
        event: Event,
        shelf: Shelf,
        publish: Callable[[AnyFact], None],
        now: float,
        wall_ms: Callable[[], int],
        settings: Settings,
    ) -> None:
        self.event_id, self.done = event.event_id, False
        self._shelf, self._publish, self._wall_ms = shelf, publish, wall_ms
        found = shelf.load()
        if found.damaged:
            logger.warning("%s: %d damaged index lines skipped", event.event_id, found.damaged)
        given = event.live_at_ms if event.live_at_ms is not None else wall_ms()
        self._live_at_ms = found.epochs[0].live_at_ms if found.epochs else given
        self._epoch = found.epochs[-1].epoch + 1 if found.epochs else 0
        self._begun = False
        self._end_by: float | None = None
        self._broadcast = self._come_back(found, settings)
        self._encoders = {
            r.name: Encoder(r, self._broadcast.segmenters[r.name].end) for r in RENDITIONS
        }
        clock = (wall_ms() - self._live_at_ms) * SAMPLE_RATE // 1000
        first = min(encoder.feed_from for encoder in self._encoders.values())
        self.timeline = Timeline(first, clock, now)
        self._first_sample = first

    def _come_back(self, found: Index, settings: Settings) -> Broadcast:
        """The broadcast as the index and the open files have it; what was open is sealed short."""
        history: dict[str, list[Segment]] = {}
        tails: dict[str, list[Segment]] = {}
        for rendition in RENDITIONS:
            segments = found.of(rendition.name)
            whole = [segment for segment in segments if segment.cut == "s4"]
            rest = [segment for segment in segments if segment.cut != "s4"]
            whole_end = whole[-1].end if whole else 0
            # The 6 s segment that was open is put together again from 4 s segments.
            rest_end = rest[-1].end if rest else 0 if "s6" in rendition.cuts else whole_end
            tail = [
                segment
                for segment in whole
                if segment.end > min(whole_end - PARTS_KEPT_S * rendition.timescale, rest_end)
            ]
            while tail and any(not self._shelf.chunks(rendition.name, s.msn) for s in tail):
                tail.pop(0)
            tails[rendition.name] = tail
            history[rendition.name] = rest + whole[: len(whole) - len(tail)]
        self._indexed = {(s.rendition, s.cut, s.msn) for s in found.segments}
        broadcast = Broadcast(self.event_id, self._live_at_ms, history, settings)
        if not found.epochs:
            return broadcast
        for rendition in RENDITIONS:
            for begun in found.epochs:
                body = self._shelf.read(init_path(rendition.name, begun.epoch))
                if body is not None:
                    self._publish_init(rendition.name, begun.epoch, body)
            segmenter = broadcast.segmenters[rendition.name]
            for segment in [s for s in history[rendition.name] if s.cut == "s6"][-1:]:
                self._publish_again(segment)
            for segment in tails[rendition.name]:
                chunks = self._shelf.chunks(rendition.name, segment.msn)
                self._put_out(broadcast.read_back(rendition.name, segment.epoch, chunks))
                if segmenter.next_msn("s4") == segment.msn:  # it was a short one
                    self._put_out(broadcast.close_epoch(rendition.name))
            chunks = self._shelf.chunks(rendition.name, segmenter.next_msn("s4"))
            self._put_out(broadcast.read_back(rendition.name, self._epoch - 1, chunks))
            self._put_out(broadcast.close_epoch(rendition.name))
            self._shelf.discard_open(rendition.name, segmenter.next_msn("s4"))
        self._put_out(broadcast.render_all())
        return broadcast

    @property
    def media_samples(self) -> int:
        """Samples of the programme encoded by this process, silence included."""
        return self.timeline.position - self._first_sample

    def offer(self, sample_index: int, pcm: bytes, now: float) -> None:
        """Take a frame of the programme."""
        self.timeline.offer(sample_index, pcm, now)
        self.advance(now)

    def end(self, ended_at_ms: int | None, now: float) -> None:
        """The event is over; the replay follows within half a second."""
        if self._end_by is not None:
            return
        self._end_by = now + _END_PATIENCE_S
        if ended_at_ms is not None:
            samples = (ended_at_ms - self._live_at_ms) * SAMPLE_RATE // 1000
            self.timeline.end = max(samples, 0)
        # An outage before the end is not filled: nobody is listening any more.
        self.timeline.fills = self._begun

    def advance(self, now: float) -> None:
        """Encode what is due, a bounded amount; finish an ended event."""
        if self.done:
            return
        taken = 0
        while taken < _SLICE_SAMPLES:
            position = self.timeline.position
            pcm = self.timeline.take(now)
            if not pcm:
                break
            taken += self.timeline.position - position
            self._encode(position, pcm)
        if self._end_by is None or taken >= _SLICE_SAMPLES:
            return
        reached = self.timeline.end is not None and self.timeline.position >= self.timeline.end
        if reached or now >= self._end_by:
            self._finish()

    def behind_ms(self, now: float) -> float:
        """How far the media is behind the clock."""
        return max(0.0, (self.timeline.expected(now) - self.timeline.position) * 1000 / SAMPLE_RATE)

    def _encode(self, position: int, pcm: bytes) -> None:
        if not self._begun:
            self._begin_epoch()
        for name, encoder in self._encoders.items():
            for frame in encoder.encode(position, pcm):
                self._put_out(self._broadcast.push_frame(name, frame, new_nonce()))

    def _begin_epoch(self) -> None:
        self._begun = True
        inits = {rendition.name: init_segment(rendition) for rendition in RENDITIONS}
        try:
            self._shelf.note(EpochBegun(self._epoch, self._live_at_ms))
            for name, body in inits.items():
                self._shelf.write(init_path(name, self._epoch), body)
        except OSError as error:
            logger.error("%s: epoch %d not stored: %s", self.event_id, self._epoch, error)
        for name, body in inits.items():
            self._publish_init(name, self._epoch, body)
        starts = {name: encoder.start for name, encoder in self._encoders.items()}
        self._broadcast.begin_epoch(self._epoch, starts)

    def _publish_again(self, segment: Segment) -> None:
        """The kill may have come after the index line and before anyone was told."""
        path = media_path(segment.rendition, segment)
        body = self._shelf.read(path)
        if body is not None:
            self._publish(self._sealed(path, body, SEGMENT_KEEP_S, True, segment.nonce))

    def _sealed(
        self, path: str, body: bytes, keep_s: float, stored: bool, nonce: str = ""
    ) -> MediaSealed:
        return MediaSealed(
            event_id=self.event_id,
            path=path,
            body=body,
            content_type=CONTENT_TYPE,
            keep_s=keep_s,
            stored=stored,
            nonce=nonce,
        )

    def _publish_init(self, rendition: str, epoch: int, body: bytes) -> None:
        self._publish(self._sealed(init_path(rendition, epoch), body, INIT_KEEP_S, stored=True))

    def _put_out(self, outputs: Iterable[Output]) -> None:
        """Disk first, then everyone: nothing is ever heard that a restart would not know."""
        for output in outputs:
            if not isinstance(output, MediaCut):
                self._publish(output)
                continue
            stored = self._store(output)
            keep_s = PART_KEEP_S if isinstance(output.what, Part) else SEGMENT_KEEP_S
            self._publish(self._sealed(output.path, output.body, keep_s, stored, output.nonce))

    def _store(self, cut: MediaCut) -> bool:
        """True if a segment now stands on disk. A full disk must not end the event."""
        what = cut.what
        try:
            if isinstance(what, Segment):
                key = (what.rendition, what.cut, what.msn)
                if key not in self._indexed:
                    self._shelf.seal(cut.path, cut.body, what)
                    self._indexed.add(key)
                return True
            if what.cut == "p0" and self._begun:
                self._shelf.append(cut.rendition, what.msn, cut.body)
        except OSError as error:
            logger.error("%s: %s not stored: %s", self.event_id, cut.path, error)
        return False

    def _finish(self) -> None:
        last = {name: encoder.finish() for name, encoder in self._encoders.items()}
        self._put_out(self._broadcast.end(last, new_nonce()))
        # Where one was made from the recording meanwhile, it stays: it is whole, and known.
        files = {} if self._shelf.replays() else self._broadcast.replay_files()
        self.done = True
        try:
            for path, text in files.items():
                self._shelf.write(path, text.encode())
        except OSError as error:  # the next start completes it
            logger.error("%s: replay not stored: %s", self.event_id, error)
            return
        self._publish(replay_offer(self.event_id, self._shelf.replays()))
        if self._shelf.replays():
            self._publish(
                ReplaySealed(
                    event_id=self.event_id,
                    duration_s=self._shelf.replay_s(),
                    at_ms=self._wall_ms(),
                )
            )
