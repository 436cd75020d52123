"""How attack profiles use their connections: floods, silence, drips, unread answers, visits."""

from __future__ import annotations

from collections import deque
from functools import partial
from itertools import islice

from rostra.rehearsal.answer_head import BODY_MOST_BYTES, Understood, read_chunks
from rostra.rehearsal.attack import Manner, Part
from rostra.rehearsal.attack_bytes import Site, large, requests_of, unending_head
from rostra.rehearsal.attack_orders import SLOW_S
from rostra.rehearsal.attack_visit import Visit
from rostra.rehearsal.attack_volley_io import WAIT, Place, Polled, Volley, view
from rostra.rehearsal.library import Library
from rostra.rehearsal.puzzles_io import Puzzles
from rostra.rehearsal.request_head import Heads
from rostra.rehearsal.sockets_io import Opener

UNANSWERED_MOST = 16  # of one connection; then another has its turn
DRIP_S = 1.0
TINY_BYTES = 1024  # of a receive buffer; the kernel makes 2304 of it
VISIT_EACH_S = {
    "mimic": 0.05,
    "ticket_flood_solving": 0.1,
}  # a player at rung 1 asks twice a second


class Flood(Volley):
    """Asks on and on: whoever stands and does not owe too many answers is sent the next."""

    pipelined = 1

    def learn(self, site: Site) -> None:
        """What is known of the target now."""
        super().learn(site)
        self._requests = requests_of(self.name, site, self._seed)

    def _act(self, now: float, passed_s: float) -> None:
        tally, ready, requests = self.tally, self._ready, self._requests
        left = self._due(self.rate, passed_s)
        tally.due += left
        passed_over = 0
        while left > 0 and passed_over < len(ready):
            self._turn = (self._turn + 1) % len(ready)
            place = ready[self._turn]
            if len(place.asked) >= UNANSWERED_MOST:
                passed_over += 1
                continue
            one = place.socket
            assert one is not None
            many = min(self.pipelined, left)
            request = next(requests) if many == 1 else b"".join(islice(requests, many))
            try:
                sent = one.send(request)
            except WAIT:
                passed_over += 1
                continue
            except OSError:
                self.lost(place, reset=True)
                continue
            left -= many
            tally.sent += many
            place.asked.extend([now] * many)
            if sent != len(request):  # what follows would be another request's middle
                self.lost(place, reset=False)
        tally.held += left


class Hold(Volley):
    """Opens, and is silent."""

    def _begin(self, place: Place, now: float) -> None:
        self.tally.due += 1


class Drip(Volley):
    """A head that does not end, a byte a second."""

    def _begin(self, place: Place, now: float) -> None:
        self.tally.due += 1
        self.tally.sent += 1
        place.told = unending_head(self._site)
        place.asked.append(now)

    def _act(self, now: float, passed_s: float) -> None:
        for _ in range(self._due(len(self._ready) / DRIP_S, passed_s)):
            if not self._ready:
                return
            self._turn = (self._turn + 1) % len(self._ready)
            place = self._ready[self._turn]
            assert place.socket is not None
            try:
                place.socket.send(next(place.told))
            except WAIT:
                continue
            except OSError:
                self.lost(place, reset=True)

    def sweep(self, now: float) -> None:
        """Nobody waits for an answer to half a request."""
        self._give_up_opening(now)


class Unread(Volley):
    """Asks for much through a tiny window, and takes a little once a second."""

    inbox_bytes = TINY_BYTES

    def learn(self, site: Site) -> None:
        """What is known of the target now."""
        super().learn(site)
        self._requests = large(site, self._seed)

    def _begin(self, place: Place, now: float) -> None:
        assert place.socket is not None
        many = UNANSWERED_MOST // 2
        self.tally.due += many
        try:
            place.socket.send(b"".join(islice(self._requests, many)))
        except OSError:
            self.lost(place, reset=True)
            return
        self.tally.sent += many
        place.asked.extend([now] * many)
        self._poll.modify(place.handle, 0)  # how it ends is told all the same

    def sweep(self, now: float) -> None:
        """A little is read; what is slow is so on purpose."""
        self._give_up_opening(now)
        for place in list(self._ready):
            assert place.socket is not None
            try:
                size = place.socket.recv_into(view, 64)
            except WAIT:
                continue
            except OSError:
                self.lost(place, reset=True)
                continue
            if size == 0:
                self.lost(place, reset=False)
            else:
                self.tally.read_bytes += size
                self._took(place, size, now)


class Visits(Volley):
    """Acts as players do, each at a steady haste; reads what is answered."""

    def __init__(
        self, part: Part, site: Site, openers: list[Opener], polled: Polled, seed: int
    ) -> None:
        self._each_s = VISIT_EACH_S[part.profile.name]
        count = max(1, min(len(openers), round(part.requests_s * self._each_s)))
        super().__init__(part, site, openers[:count], polled, seed)
        self._each_s = len(self._closed) / part.requests_s
        origin = f"http://{site.authority}"
        self._heads = Heads(site.authority, origin, site.page, site.rehearsal)
        self._understood, self._library = Understood(), Library()
        self._waking: deque[tuple[float, Place]] = deque()
        self._puzzles = Puzzles()
        for place in self._closed:
            place.visit = self._visit()

    def _visit(self) -> Visit:
        tickets = self.name != "mimic"
        return Visit(self._heads, self._site.page, self._library, tickets)

    def _begin(self, place: Place, now: float) -> None:
        self._waking.append((now, place))

    def _act(self, now: float, passed_s: float) -> None:
        waking = self._waking
        while waking and waking[0][0] <= now:
            _, place = waking.popleft()
            if place.index < 0 or place.asked:
                continue  # it was lost since, and will be woken when it stands again
            assert place.socket is not None and place.visit is not None
            self.tally.due += 1
            try:
                place.socket.send(place.visit.ask())
            except WAIT:
                self.tally.held += 1
                waking.append((now + self._each_s, place))
                continue
            except OSError:
                self.lost(place, reset=True)
                continue
            self.tally.sent += 1
            place.asked.append(now)

    def _took(self, place: Place, size: int, now: float) -> None:
        place.partial += view[:size]
        end = place.partial.find(b"\r\n\r\n") + 4
        if end <= 3:
            return
        head = self._understood.head(place.partial[:end])
        rest = place.partial[end:]
        if head is None or len(rest) > BODY_MOST_BYTES:
            self._answers[b"0"] += 1
            self._close(place)
            return
        if head.length is None:
            chunks = read_chunks(rest)
            if chunks is None:
                return
            rest = chunks[0]
        elif len(rest) < head.length:
            return
        visit = place.visit
        assert visit is not None
        self._answers[b"%d" % head.status] += 1
        if place.asked and now - place.asked.popleft() > SLOW_S:
            self.tally.slow += 1
        self.tally.retry_after += head.retry_after_s is not None
        place.partial = b""
        visit.answered(head.status, self._understood.text(rest) if head.gzip and rest else rest)
        if head.closes:
            self.lost(place, reset=False)
        elif not visit.puzzle or not self._puzzles.solve(
            visit.puzzle, partial(self._solved, place, visit)
        ):
            self._waking.append((now + self._each_s, place))

    def _solved(self, place: Place, visit: Visit, proof: str) -> None:
        self.tally.solved += proof != ""
        visit.puzzle, visit.proof = b"", proof
        self._waking.append((0.0, place))

    def close(self) -> None:
        """All of it ends."""
        self._puzzles.close()
        super().close()


VOLLEYS: dict[Manner, type[Volley]] = {
    Manner.FLOOD: Flood,
    Manner.HOLD: Hold,
    Manner.DRIP: Drip,
    Manner.UNREAD: Unread,
    Manner.VISIT: Visits,
}
