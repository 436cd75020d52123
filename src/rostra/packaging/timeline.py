"""The media clock: puts frames in order, fills silence where none came, drops what is too late."""

from __future__ import annotations

from collections import deque

from rostra.ground.facts import FRAME_SAMPLES, SAMPLE_RATE

_SAMPLE_BYTES = 2


class Timeline:
    """Frames of the programme in, one unbroken run of PCM out.

    `position`: the next sample that is given out (48 kHz, since go-live). `clock_samples`: where
    the programme should stand at `now` by the wall clock; from then on the earliest frame to arrive
    sets the clock, because the stage counts the samples. Silence is filled only when no frame came
    for `overdue_s`, and only up to that much behind the clock, so that frames which were merely
    held up still find their place. Before the first frame `patience_s` is granted: after a restart
    the bus first plays back what was missed.
    """

    def __init__(
        self,
        position: int,
        clock_samples: int,
        now: float,
        overdue_s: float = 0.25,
        patience_s: float = 1.0,
        queue_s: float = 30.0,
    ) -> None:
        self.position = position
        self.silence_samples = 0
        self.late_samples = 0
        self.end: int | None = None  # nothing is given out from this sample on
        self.fills = True  # False: wait for frames however long it takes
        self._zero_at = now - clock_samples / SAMPLE_RATE
        self._overdue_s = overdue_s
        self._heard_at = now + patience_s - overdue_s
        self._shift = 0  # added to the stage's sample indices once its clock has slipped for good
        self._late_since: float | None = None
        self._queue: deque[tuple[int, bytes]] = deque()
        self._queue_frames = int(queue_s * SAMPLE_RATE / FRAME_SAMPLES)

    def expected(self, now: float) -> int:
        """The sample the programme should have reached at `now`."""
        return int((now - self._zero_at) * SAMPLE_RATE)

    def offer(self, sample_index: int, pcm: bytes, now: float) -> None:
        """Take a frame as it came from the stage."""
        start, samples = sample_index + self._shift, len(pcm) // _SAMPLE_BYTES
        self._heard_at = max(self._heard_at, now)
        if start + samples <= self.position:
            self.late_samples += samples
            if self._late_since is None:
                self._late_since = now
            # A burst of late frames is a hiccup. Late frames for two seconds mean that the stage's
            # clock stood still for a while; without a shift the event would stay silent for ever.
            if now - self._late_since <= 2.0:
                return
            self._shift += self.position - start
            start = self.position
            self._zero_at = now - (start + samples) / SAMPLE_RATE
        if self._queue and start < self._queue[-1][0]:
            self.late_samples += samples
            return
        self._late_since = None
        ahead_s = (start + samples - self.expected(now)) / SAMPLE_RATE
        if 0 < ahead_s <= 1.0:
            self._zero_at -= ahead_s
        if len(self._queue) == self._queue_frames:
            self._queue.popleft()
        self._queue.append((start, pcm))

    def take(self, now: float, most_samples: int = SAMPLE_RATE // 2) -> bytes:
        """The next run of PCM, empty if nothing is due. Call again until it is empty."""
        expected = self.expected(now)
        room = self.end - self.position if self.end is not None else most_samples
        if room <= 0:
            return b""
        while self._queue:
            start, pcm = self._queue[0]
            if start > self.position:
                return self._silence(min(start, expected) - self.position, most_samples, room)
            if self.position > expected:
                return b""
            self._queue.popleft()
            tail = pcm[(self.position - start) * _SAMPLE_BYTES :]
            if tail:
                if self.end is not None:
                    tail = tail[: room * _SAMPLE_BYTES]
                self.position += len(tail) // _SAMPLE_BYTES
                return tail
        if self.fills and now - self._heard_at >= self._overdue_s:
            overdue = expected - int(self._overdue_s * SAMPLE_RATE) - self.position
            return self._silence(overdue, most_samples, room)
        return b""

    def _silence(self, samples: int, *most: int) -> bytes:
        samples = min(samples, *most)
        if samples <= 0:
            return b""
        self.position += samples
        self.silence_samples += samples
        return bytes(samples * _SAMPLE_BYTES)
