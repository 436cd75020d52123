"""What one pass may use of one edge: all its connections draw on one budget."""

from __future__ import annotations

CONNECTIONS_MOST = 8  # a browser opens six
IDLE_S = 15  # a connection that was not used for so long is none of the pass' any more
# Rung 0 needs two requests for each half-second part: four a second.
REQUESTS_S = 16.0
BURST = 320.0  # requests at once: a player that fills its buffer, or is moved in the rewind
FETCHED_EACH_S = 30.0  # how often we note that a pass fetches media
SHARES_MOST = 65_536  # budgets remembered of passes that have no connection now
_PURGE_EACH_S = 20.0


class Share:
    """The budget of one pass. `left`: requests it may make now; the hot path counts it down.

    `event_id` is the very string that stands in the catalogue, so that it is compared by identity.
    """

    __slots__ = ("at", "connections", "event_id", "fetched_at", "left", "listener")

    def __init__(self, event_id: str, listener: bytes, now: float) -> None:
        self.event_id = event_id
        self.listener = listener
        self.left = BURST
        self.connections = 0
        self.at = now
        self.fetched_at = float("-inf")

    def refill(self, now: float) -> None:
        """What the time since the last call has earned."""
        self.left = min(BURST, self.left + (now - self.at) * REQUESTS_S)
        self.at = now

    def fetches(self, now: float) -> bool:
        """Whether it is time to note again that this pass fetches media."""
        if now - self.fetched_at < FETCHED_EACH_S:
            return False
        self.fetched_at = now
        return True


FREE = Share("", b"", 0.0)  # of those who need no pass: it never ends
FREE.left = float("inf")


class Shares:
    """The shares of all passes that this edge saw lately, by event and listener."""

    def __init__(self) -> None:
        self._shares: dict[tuple[str, bytes], Share] = {}
        self._purged_at = float("-inf")

    def __len__(self) -> int:
        return len(self._shares)

    def of(self, event_id: str, listener: bytes, now: float) -> Share:
        """The share of a pass."""
        share = self._shares.get((event_id, listener))
        if share is None:
            if len(self._shares) >= SHARES_MOST:
                self._make_room()
            share = self._shares[event_id, listener] = Share(event_id, listener, now)
        share.refill(now)
        return share

    def _make_room(self) -> None:
        """Forget the eighth that came first, but for those who are connected."""
        idle = [key for key, share in self._shares.items() if not share.connections]
        for key in idle[: SHARES_MOST // 8]:
            del self._shares[key]

    def second_passed(self, now: float) -> None:
        """Now and then: forget those who have left and whose budget is whole again."""
        if now - self._purged_at < _PURGE_EACH_S:
            return
        self._purged_at = now
        gone = now - BURST / REQUESTS_S - FETCHED_EACH_S
        for key in [k for k, s in self._shares.items() if not s.connections and s.at < gone]:
            del self._shares[key]


class Accepted:
    """What a connection was let in with: the pass, and until when (wall, Unix ms) it holds.

    `by_target`: it stood in the target, so a target without it opens nothing.
    """

    __slots__ = ("by_target", "share", "token", "until_ms")

    def __init__(self, token: str, until_ms: int, share: Share) -> None:
        self.token = token
        self.until_ms = until_ms
        self.share = share
        self.by_target = False
