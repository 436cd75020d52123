"""The desk at the door: personal requests, passes that let connections in, their budgets."""

from __future__ import annotations

import os
from collections.abc import Callable

from rostra.admission.door import Door, Reply
from rostra.admission.refused import NO_PLACE_FREE
from rostra.delivery.catalogue import Catalogue
from rostra.delivery.credentials import bearer, pass_cookie
from rostra.delivery.manner import Headers, header_text
from rostra.delivery.prepared import Prepared, http_date, personal
from rostra.delivery.refused import EVENT_UNKNOWN, PASS_OVERUSED
from rostra.delivery.shares import CONNECTIONS_MOST, Accepted, Share, Shares
from rostra.delivery.targets import DOOR_ACT
from rostra.ground.refusals import Refusal

_FRESH_BYTES = 16
_LOOK_EACH_S = 0.2  # for a key that a token names and our ring does not hold
_RETRY_MOST_S = 5  # who found no place asks again within this, each at another time
_NONCE_MOST = 64


class DoorDesk:
    """One edge's side of the door. Tickets and passes are the Door's; here are its surroundings.

    `secure`: listeners come by https, so the cookie is for https alone. `look_for_keys` is called
    where a token names a key that our ring does not hold: it may have been made a moment ago.
    """

    def __init__(self, door: Door, catalogue: Catalogue, secure: bool) -> None:
        self.door = door
        self.shares = Shares()
        self.secure = secure
        self.look_for_keys: Callable[[], None] = lambda: None
        self._looked_at = float("-inf")
        self._catalogue = catalogue

    def personal(self, target: bytes, headers: Headers, now: float, wall_ms: int) -> Prepared:
        """The answer to a POST; `target` is one that `DOOR_ACT` matches."""
        act = DOOR_ACT.fullmatch(target)
        assert act is not None
        event_id, what = act[1].decode(), act[2]
        if not self._catalogue.knows(event_id):
            return self._refusal(EVENT_UNKNOWN, wall_ms)
        # A ticket never comes as a cookie: a page that has none asks for a new one.
        carried = bearer(headers) or ("" if what == b"ticket" else pass_cookie(headers))
        nonce = header_text(headers, b"rostra-nonce").strip()[: _NONCE_MOST + 1]
        fresh = os.urandom(_FRESH_BYTES)

        def asked() -> Reply | Refusal | None:
            if what == b"ticket":
                return self.door.ticket(event_id, carried, wall_ms, fresh)
            if what == b"pass":
                return self.door.exchange(event_id, carried, nonce, wall_ms, fresh)
            return self.door.leave(event_id, carried, wall_ms)

        reply = asked()
        if isinstance(reply, Refusal) and self._found_key(carried, now):
            reply = asked()
        if reply is None:
            return personal(b"", http_date(wall_ms / 1000))
        if isinstance(reply, Refusal):
            return self._refusal(reply, wall_ms, fresh[-1])
        cookie = f"{reply.cookie}; Secure" if reply.cookie and self.secure else reply.cookie
        return personal(reply.body, http_date(wall_ms / 1000), cookie)

    def _found_key(self, token: str, now: float) -> bool:
        """Whether a refused token's key was not in our ring, and now is."""
        if now - self._looked_at < _LOOK_EACH_S or self.door.knows_key(token):
            return False
        self._looked_at = now
        self.look_for_keys()
        return self.door.knows_key(token)

    def _refusal(self, refusal: Refusal, wall_ms: int, jitter: int = 0) -> Prepared:
        extra = ""
        if refusal.code == NO_PLACE_FREE.code:
            extra = f"Retry-After: {1 + jitter % _RETRY_MOST_S}\r\n"
        return self._catalogue.refusal(refusal, wall_ms, extra).prepared(False)

    # --- media ----------------------------------------------------------------------------

    def accept(self, event_id: str, token: str, now: float, wall_ms: int) -> Accepted | Refusal:
        """Let a connection in with a pass; it then counts among the pass' connections."""
        admitted = self.door.admits(event_id, token, wall_ms)
        if isinstance(admitted, Refusal) and self._found_key(token, now):
            admitted = self.door.admits(event_id, token, wall_ms)
        if isinstance(admitted, Refusal):
            return admitted
        share = self.shares.of(event_id, admitted.listener, now)
        if share.connections >= CONNECTIONS_MOST:
            return PASS_OVERUSED
        share.connections += 1
        return Accepted(token, admitted.until_ms, share)

    def fetched(self, share: Share, now: float) -> None:
        """This pass fetches an event's sound; told to the Door now and then."""
        if share.fetches(now):
            self.door.fetched(share.event_id, share.listener)
