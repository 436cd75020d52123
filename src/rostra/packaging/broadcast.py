"""One event on air: frames of every rendition in; sealed media, playlists and offers out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec

from rostra.ground.facts import PlaylistInfo, PlaylistRendered, PlaylistsOffered
from rostra.packaging import boxes, playlists
from rostra.packaging.playlists import Open, Report
from rostra.packaging.renditions import (
    BY_NAME,
    RENDITIONS,
    RUNGS,
    Rendition,
    Rung,
    part_target_s,
    target_s,
)
from rostra.packaging.segmenter import Chunk, Part, Sealed, Segment, Segmenter


class MediaCut(msgspec.Struct, frozen=True):
    """Bytes to store (a 4 s or 6 s segment) and to publish, before what follows it.

    `nonce`: the proof of listening in the `emsg` that `body` begins with, or empty.
    """

    rendition: str
    path: str
    what: Part | Segment
    body: bytes
    nonce: str = ""


Output = MediaCut | PlaylistRendered | PlaylistsOffered


class Settings(msgspec.Struct, frozen=True):
    """`window_segments`: whole segments in a live playlist. `rewind_s`: length of the rewind."""

    window_segments: int = 10
    rewind_s: float = 7200.0


class Broadcast:
    """All cuts of all renditions of one event, in media time. `history` is the index's segments."""

    def __init__(
        self,
        event_id: str,
        live_at_ms: int,
        history: Mapping[str, Iterable[Segment]] | None = None,
        settings: Settings | None = None,
    ) -> None:
        self.event_id, self.live_at_ms = event_id, live_at_ms
        self._settings = settings or Settings()
        self.segmenters = {
            rendition.name: Segmenter(rendition, (history or {}).get(rendition.name, ()))
            for rendition in RENDITIONS
        }
        self._offered = PlaylistsOffered(event_id=event_id)
        self._rendered: set[str] = set()

    def begin_epoch(self, epoch: int, starts: Mapping[str, int]) -> None:
        """A new encoder run begins at these media times (by rendition, in its timescale)."""
        for name, start in starts.items():
            self.segmenters[name].begin_epoch(epoch, start)

    def push_frame(self, rendition: str, frame: bytes, nonce: str) -> list[Output]:
        """The next encoded frame of a rendition."""
        return self._put_out(rendition, self.segmenters[rendition].push_frame(frame, nonce))

    def read_back(self, rendition: str, epoch: int, chunks: Iterable[Chunk]) -> list[Output]:
        """Chunks of one segment read from disk after a restart; a short segment ends its epoch.

        Publishing them again is harmless: the same names carry the same bytes.
        """
        segmenter, out = self.segmenters[rendition], []
        for chunk in chunks:
            if epoch != segmenter.epoch:
                segmenter.begin_epoch(epoch, chunk.start)
            out += segmenter.push_chunk(chunk)
        return [self._cut(rendition, sealed) for sealed in out]

    def close_epoch(self, rendition: str) -> list[Output]:
        """Seal what a killed encoder run left open as short segments; no playlists yet."""
        return [self._cut(rendition, sealed) for sealed in self.segmenters[rendition].close()]

    def end(self, last_frames: Mapping[str, Iterable[bytes]], nonce: str) -> list[Output]:
        """The event is over: seal everything, end every live and rewind playlist."""
        out: list[Output] = []
        for name, segmenter in self.segmenters.items():
            sealed = [
                one
                for frame in last_frames.get(name, ())
                for one in segmenter.push_frame(frame, nonce)
            ]
            out += [self._cut(name, one) for one in sealed + segmenter.close(nonce)]
        return out + self.render_all(ended=True)

    def render_all(self, ended: bool = False) -> list[Output]:
        """Every playlist that has something to name, as it stands now."""
        out: list[Output] = []
        for rendition in RENDITIONS:
            out += self._render(rendition, set(rendition.cuts), ended)
        return out

    def replay_files(self) -> dict[str, str]:
        """The replay's playlists by path; empty if nothing was ever sealed."""
        present = [r for r in RENDITIONS if self.segmenters[r.name].sealed("s4")]
        files = {
            f"replay/{rendition.name}.m3u8": playlists.replay(
                rendition, self.segmenters[rendition.name].sealed("s4"), self.live_at_ms
            )
            for rendition in present
        }
        if files:  # last, so that its presence says that the others are there
            files["replay/index.m3u8"] = playlists.multivariant(present)
        return files

    def _cut(self, rendition: str, sealed: Sealed) -> MediaCut:
        path = playlists.media_path(rendition, sealed.what)
        what = sealed.what
        if isinstance(what, Segment):
            nonce = what.nonce
        else:
            nonce = "" if what.number else boxes.nonce_of(sealed.body)
        return MediaCut(rendition, path, what, sealed.body, nonce)

    def _put_out(self, name: str, sealed: list[Sealed]) -> list[Output]:
        out: list[Output] = [self._cut(name, one) for one in sealed]
        return out + self._render(BY_NAME[name], {one.what.cut for one in sealed}, ended=False)

    def _render(self, rendition: Rendition, cuts: set[str], ended: bool) -> list[Output]:
        out: list[Output] = []
        for rung in RUNGS:
            if rendition.name in rung.renditions and cuts & {rung.part_cut, rung.segment_cut}:
                out += self._live(rendition, rung, ended)
        if "s4" in cuts:
            out += self._rewind(rendition, ended)
        if out:
            out += self._offer()
        return out

    def _live(self, rendition: Rendition, rung: Rung, ended: bool) -> list[Output]:
        segmenter = self.segmenters[rendition.name]
        segments = segmenter.sealed(rung.segment_cut)[-self._settings.window_segments :]
        path = f"live/{rung.number}/{rendition.name}.m3u8"
        target = target_s(rendition, rung.segment_cut)
        if not segments:
            return []  # players take a playlist without a whole segment for a broken one
        if not rung.part_cut:
            text = playlists.plain(rendition, segments, self.live_at_ms, ended)
            return self._rendered_now(
                PlaylistRendered(
                    event_id=self.event_id,
                    path=path,
                    msn=segments[-1].msn,
                    part=-1,
                    body=text.encode(),
                    blocking=False,
                    target_s=target,
                    ended=ended,
                )
            )
        parts = segmenter.parts(rung.part_cut)
        open_ = Open(
            segmenter.next_msn("s4"), segmenter.epoch, segmenter.next_discontinuities("s4")
        )
        text = playlists.low_latency(
            rendition,
            rung,
            segments,
            parts,
            open_,
            self.live_at_ms,
            self._reports(rung, rendition),
            ended,
        )
        growing = [part for part in parts if part.msn == open_.msn]
        hint = playlists.media_path(
            rendition.name, Part(rung.part_cut, open_.msn, len(growing), 0, 0)
        )
        last = parts[-1] if parts else Part(rung.part_cut, segments[-1].msn, 0, 0, 0)
        return self._rendered_now(
            PlaylistRendered(
                event_id=self.event_id,
                path=path,
                msn=last.msn,
                part=last.number,
                body=text.encode(),
                target_s=target,
                part_target_s=part_target_s(rendition, rung.part_cut),
                ended=ended,
                hints=() if ended else (hint,),
            )
        )

    def _reports(self, rung: Rung, rendition: Rendition) -> list[Report]:
        """bis 4.4.5.4: the last part of the rung's other renditions."""
        reports = []
        for name in rung.renditions:
            parts = self.segmenters[name].parts(rung.part_cut)
            if name != rendition.name and parts:
                reports.append(Report(name, parts[-1].msn, parts[-1].number))
        return reports

    def _rewind(self, rendition: Rendition, ended: bool) -> list[Output]:
        sealed = self.segmenters[rendition.name].sealed("s4")
        if not sealed:
            return []
        oldest = sealed[-1].end - self._settings.rewind_s * rendition.timescale
        window = [segment for segment in sealed if segment.start >= oldest] or sealed[-1:]
        whole, delta = playlists.rewind(rendition, window, self.live_at_ms, ended)
        return self._rendered_now(
            PlaylistRendered(
                event_id=self.event_id,
                path=f"rewind/{rendition.name}.m3u8",
                msn=window[-1].msn,
                part=-1,
                body=whole.encode(),
                delta=delta.encode(),
                blocking=False,
                target_s=target_s(rendition, "s4"),
                ended=ended,
            )
        )

    def _rendered_now(self, fact: PlaylistRendered) -> list[Output]:
        self._rendered.add(fact.path)
        return [fact]

    def _offer(self) -> list[Output]:
        """What can be played has grown: multivariant playlists of whole rungs, and the offer."""
        out: list[Output] = []
        live: list[PlaylistInfo] = []
        for rung in RUNGS:
            paths = {name: f"live/{rung.number}/{name}.m3u8" for name in rung.renditions}
            if not self._rendered.issuperset(paths.values()):
                continue  # a rung is offered whole
            live += [self._info(rung.number, name, path) for name, path in paths.items()]
            index = f"live/{rung.number}/index.m3u8"
            if index not in self._rendered:
                text = playlists.multivariant([BY_NAME[name] for name in rung.renditions])
                out += self._rendered_now(
                    PlaylistRendered(
                        event_id=self.event_id,
                        path=index,
                        msn=0,
                        part=-1,
                        body=text.encode(),
                        blocking=False,
                    )
                )
        paths = {rendition.name: f"rewind/{rendition.name}.m3u8" for rendition in RENDITIONS}
        whole = self._rendered.issuperset(paths.values())
        rewind = [self._info(2, name, path) for name, path in paths.items()] if whole else []
        offered = PlaylistsOffered(event_id=self.event_id, live=tuple(live), rewind=tuple(rewind))
        if offered != self._offered:
            self._offered = offered
            out.append(offered)
        return out

    @staticmethod
    def _info(rung: int, name: str, path: str) -> PlaylistInfo:
        rendition = BY_NAME[name]
        return PlaylistInfo(
            rung=rung,
            rendition=name,
            codec=rendition.codec,
            bandwidth=rendition.bandwidth,
            path=path,
        )


def replay_offer(event_id: str, present: Iterable[str]) -> PlaylistsOffered:
    """What state.json says of a posted event: its replay's media playlists, in table order."""
    names = set(present)
    replay = tuple(
        PlaylistInfo(
            rung=2,
            rendition=rendition.name,
            codec=rendition.codec,
            bandwidth=rendition.bandwidth,
            path=f"replay/{rendition.name}.m3u8",
        )
        for rendition in RENDITIONS
        if rendition.name in names
    )
    return PlaylistsOffered(event_id=event_id, replay=replay)
