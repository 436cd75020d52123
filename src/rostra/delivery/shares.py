"""What one listener may use of one edge, over all connections that show their pass or ticket."""

from __future__ import annotations

from collections.abc import Callable

CONNECTIONS_MOST = 8  # a browser opens six
IDLE_S = 15  # a connection that was not used for so long is none of the pass' any more
# By rung: three times what a player there asks for (two requests for each part, or one for each
# segment and one for its playlist), since a listener may have two tabs, and one for the state.
RATES_S = (13.0, 7.0, 2.5, 2.0)
BURST = 320.0  # requests at once: a player that fills its buffer, or is moved in the rewind
TICKET_REQUESTS_S = 4.0  # who waits asks for the state and shows signs of life
TICKET_BURST = 80.0  # the page twice
FETCHED_EACH_S = 30.0  # how often we note that a pass fetches media
MARKED_AFTER = 30  # seconds in which a pass was refused for overuse: no person listens like that
SHARES_MOST = 65_536  # budgets remembered of passes that have no connection now
_PURGE_EACH_S = 20.0


class Share:
    """The budget of one listener, who holds a ticket or, once `promoted`, a pass.

    `left`: requests it may make now; the hot path counts it down. `event_id` is the very string
    that stands in the catalogue, so that it is compared by identity. `account`: of the source where
    the listener was seen last (shield/accounts.py).
    """

    __slots__ = (
        "account",
        "at",
        "burst",
        "connections",
        "event_id",
        "fetched_at",
        "left",
        "listener",
        "overused",
        "overused_at",
        "rate_s",
    )

    def __init__(self, event_id: str, listener: bytes, now: float) -> None:
        self.event_id = event_id
        self.listener = listener
        self.rate_s = TICKET_REQUESTS_S
        self.burst = self.left = TICKET_BURST
        self.connections = 0
        self.account: object = None
        self.at = now
        self.fetched_at = float("-inf")
        self.overused, self.overused_at = 0, float("-inf")

    def refill(self, now: float) -> None:
        """What the time since the last call has earned."""
        self.left = min(self.burst, self.left + (now - self.at) * self.rate_s)
        self.at = now

    @property
    def plays(self) -> bool:
        """Whether a pass was shown."""
        return self.burst == BURST

    def promote(self, rate_s: float) -> None:
        """The listener showed a pass: they may fetch media."""
        if not self.plays:
            self.left += BURST - self.burst
            self.burst, self.rate_s = BURST, rate_s

    def overuses(self, now: float) -> bool:
        """A pass was refused for overuse; whether that was the last second that is forgiven."""
        if now - self.overused_at < 1.0:
            return False
        self.overused_at = now
        self.overused += 1
        return self.overused == MARKED_AFTER

    def fetches(self, now: float) -> bool:
        """Whether it is time to note again that this pass fetches media."""
        if now - self.fetched_at < FETCHED_EACH_S:
            return False
        self.fetched_at = now
        return True


def unpaid() -> Share:
    """Of requests that nobody has to pay for: it does not end, unless it is made to."""
    share = Share("", b"", 0.0)
    share.left = float("inf")
    return share


class Shares:
    """The shares of all listeners that this edge saw lately, by event and listener.

    `forgotten` is called with each that is forgotten.
    """

    def __init__(self, forgotten: Callable[[Share], None] = lambda _: None) -> None:
        self._forgotten = forgotten
        self._shares: dict[tuple[str, bytes], Share] = {}
        self._rungs: dict[str, int] = {}  # by event
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

    def promote(self, share: Share) -> None:
        """A pass was shown: the share is what the event's rung needs."""
        share.promote(self._rate_s(share.event_id))

    def moved(self, event_id: str, rung: int, now: float) -> None:
        """The event is at this rung now: so much does a pass need."""
        if self._rungs.get(event_id, 0) == rung:
            return
        self._rungs[event_id] = rung
        rate_s = self._rate_s(event_id)
        for (of_event, _), share in self._shares.items():
            if of_event == event_id and share.plays:
                share.refill(now)
                share.rate_s = rate_s

    def _rate_s(self, event_id: str) -> float:
        return RATES_S[min(self._rungs.get(event_id, 0), len(RATES_S) - 1)]

    def _make_room(self) -> None:
        """Forget the eighth that came first, but for those who are connected."""
        idle = [key for key, share in self._shares.items() if not share.connections]
        for key in idle[: SHARES_MOST // 8]:
            self._forgotten(self._shares.pop(key))

    def second_passed(self, now: float) -> None:
        """Now and then: forget those who have left and whose budget is whole again."""
        if now - self._purged_at < _PURGE_EACH_S:
            return
        self._purged_at = now
        gone = now - BURST / RATES_S[0] - FETCHED_EACH_S
        for key in [k for k, s in self._shares.items() if not s.connections and s.at < gone]:
            self._forgotten(self._shares.pop(key))


class Accepted:
    """What a connection was let in with: the pass, and until when (wall, Unix ms) it holds.

    `by_target`: it stood in the target, so a target without it opens nothing. `counted`: among the
    share's connections.
    """

    __slots__ = ("by_target", "counted", "share", "token", "until_ms")

    def __init__(self, token: str, until_ms: int, share: Share, counted: bool = True) -> None:
        self.token = token
        self.until_ms = until_ms
        self.share = share
        self.counted = counted
        self.by_target = False
