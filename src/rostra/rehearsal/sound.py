"""One player's buffer: what is heard, when it runs dry, how far behind the voice it is.

The law is that of hls.js 1.7 with the settings of web/src/audience/deck.ts: begin at the live edge
less the hold-back; after a stall go on as soon as one piece is there, a quarter of a second more
tolerant; catch up by at most 6 % at rungs with parts; jump where the window has gone past; another
rung takes over from the same moment where it can.
"""

from __future__ import annotations

from rostra.rehearsal.hls import Playlist

_STALL_S = 0.25  # liveSyncOnStallIncrease
_GAP_S = 0.02
_CATCH_UP, _CATCH_UP_NEAR = 0.06, 0.05  # maxLiveSyncPlaybackRate
_AHEAD_S = 1.0  # nobody catches up with less in the buffer
_NEAR_S = 0.2  # below it hls.js rounds the rate to 1.05
_THERE_S = 0.067  # below it hls.js rounds it to 1
_READY_S = 0.2  # a browser does not begin with less
AHEAD_MOST_S = 20.0  # maxBufferLength


class Sound:
    """`sounding`: it has begun; it is silent again from `dry_at` on, until more is added.

    `changing`: another source is being loaded while the old one sounds.
    `wants_s`: wall time from which media are wanted. Media time is wall time (playlists' dates).
    """

    __slots__ = (
        "_aim_s",
        "_begun",
        "_edge_s",
        "_end_s",
        "_fed_at",
        "_fresh",
        "_live_s",
        "_parted",
        "_reach_s",
        "_safe_s",
        "_target_s",
        "changing",
        "dry_at",
        "sounding",
        "stalls",
        "wants_s",
    )

    def __init__(self) -> None:
        self.sounding = False
        self.dry_at = self.wants_s = 0.0
        self.stalls = 0
        self._fresh = True  # nothing of this source was added yet
        self._begun = False  # what sounds is of this source
        self.changing = False  # another source is loaded while the old one sounds
        self._parted = False
        self._aim_s = self._end_s = self._fed_at = 0.0
        self._edge_s = self._live_s = self._target_s = self._reach_s = self._safe_s = 0.0

    def change(self) -> None:
        """Media come from another playlist from now on; what is in the buffer is played out."""
        self._fresh = True
        self.changing = self.sounding

    def restart(self) -> None:
        """The engine is loaded anew: nothing of the old source goes on behind what is there."""
        self._fresh, self.changing = True, False

    def tune(self, playlist: Playlist, now: float) -> None:
        """A playlist came that is newer than the last one."""
        self._edge_s, target_s = playlist.edge_s, playlist.target_s
        self._live_s = self._edge_s - now
        self._target_s = playlist.hold_back_s
        if self.stalls:
            self._target_s += min(self.stalls * _STALL_S, target_s)
        if self._fresh or self.wants_s < playlist.pieces[0].start_s - _GAP_S:
            self._parted = playlist.part_target_s > 0
            self._reach_s = target_s
            self._safe_s = playlist.hold_back_s if self._parted else 2 * target_s
            least, most = (
                playlist.pieces[0].start_s,
                self._edge_s - (playlist.part_target_s or target_s),
            )
            self._aim_s = self.wants_s = min(max(least, self._edge_s - self._target_s), most)
            self._fresh = True

    def position(self, now: float) -> float:
        """The wall time of what is heard (or, in a stall, was heard last)."""
        return self._end_s - max(0.0, self.dry_at - now)

    def behind_s(self, wall_s: float) -> float:
        """Seconds behind the voice while it sounds; wall time is now + `wall_s`."""
        return wall_s + self.dry_at - self._end_s

    def add(self, start_s: float, end_s: float, now: float) -> None:
        """A piece was loaded; pieces come in order, from `wants_s` on."""
        if self._fresh:
            self._fresh = False
            self._aim_s = max(start_s, self._aim_s)
            self._begun = False
        elif end_s <= self.wants_s:
            return
        added = end_s - max(start_s, self.wants_s)
        self.wants_s = end_s
        if not self._begun:
            if (not self.changing or self.dry_at <= now) and end_s - self._aim_s >= _READY_S:
                self._begin(self._aim_s, now)
            return
        if self.dry_at < now:
            self.stalls += 1
            self.dry_at = now + added
        else:
            if self._parted:
                self._catch_up(now)
            self.dry_at += added
        self._end_s, self._fed_at = end_s, now

    def settle(self, now: float) -> None:
        """All that the playlist names is there: where another source was loaded, it takes over.

        From the moment that is heard now, where the new source holds it far enough from the edge;
        or else from where it begins: then some words are said twice, or left out.
        """
        if self.changing and not self._fresh:
            at = self.position(now)
            held = self._aim_s <= at < self.wants_s and self._edge_s - at >= self._safe_s
            self._begin(at if held else self._aim_s, now)

    def _begin(self, at_s: float, now: float) -> None:
        if self.sounding and self.dry_at < now:
            self.stalls += 1
        self.sounding = self._begun = True
        self.changing = False
        self._end_s = self.wants_s
        self.dry_at = now + self.wants_s - at_s
        self._fed_at = now

    def _catch_up(self, now: float) -> None:
        """The time since the last piece was played a little faster, if that was right."""
        late = self._live_s + self.dry_at - self._end_s - self._target_s
        if not _THERE_S < late < self._target_s + self._reach_s:
            return
        faster = _CATCH_UP if late > _NEAR_S else _CATCH_UP_NEAR
        ahead = max(0.0, self.dry_at - self._fed_at - _AHEAD_S)
        self.dry_at -= min(now - self._fed_at, ahead) * faster
