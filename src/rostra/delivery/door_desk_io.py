"""The desk at the door: personal requests, passes that let connections in, their budgets."""

from __future__ import annotations

import os
import re
from collections.abc import Callable

from rostra.admission.door import Door, Reply
from rostra.admission.refused import NO_PLACE_FREE
from rostra.admission.tokens import kid_of
from rostra.delivery.catalogue import Catalogue
from rostra.delivery.challenges_io import (
    Anybody,
    Asker,
    Challenges,
    Entry,
    Rehearsing,
    shield_failed,
)
from rostra.delivery.credentials import bearer, pass_cookie
from rostra.delivery.manner import Headers, header_text
from rostra.delivery.prepared import Prepared, http_date, personal
from rostra.delivery.refused import EVENT_UNKNOWN, PASS_OVERUSED
from rostra.delivery.shares import CONNECTIONS_MOST, Accepted, Share, Shares
from rostra.delivery.targets import DOOR_ACT
from rostra.ground.refusals import Refusal
from rostra.shield.challenge import Failed

_ANYBODY = Anybody()
_FRESH_BYTES = 16
_LOOK_EACH_S = 0.2  # for a key that a token names and our ring does not hold
_RETRY_MOST_S = 5  # who found no place asks again within this, each at another time
_NONCE_MOST = 64
_OF_EVENT = re.compile(rb"(?:https?://[^/?#]+)?/e/([A-Za-z0-9_-]{1,64})(?:[/?]|\Z)")


class DoorDesk:
    """One edge's side of the door. Tickets and passes are the Door's; here are its surroundings.

    `secure`: listeners come by https, so the cookie is for https alone. `look_for_keys` is called
    where a token names a key that our ring does not hold: it may have been made a moment ago.
    """

    def __init__(self, door: Door, catalogue: Catalogue, secure: bool) -> None:
        self.door = door
        self.shares = Shares(lambda share: self.forgotten(share))
        self.forgotten: Callable[[Share], None] = lambda _: None
        self.challenges = Challenges()
        self.secure = secure
        self.look_for_keys: Callable[[], None] = lambda: None
        self._looked_at = float("-inf")
        self._catalogue = catalogue

    def personal(
        self,
        target: bytes,
        headers: Headers,
        now: float,
        wall_ms: int,
        asker: Asker = _ANYBODY,
    ) -> tuple[Prepared, Reply | None]:
        """The answer to a POST, and the ticket or pass in it; `DOOR_ACT` matches `target`.

        `asker`: how the shield sees who wants a new ticket.
        """
        act = DOOR_ACT.fullmatch(target)
        assert act is not None
        event_id, what = act[1].decode(), act[2]
        if not self._catalogue.knows(event_id):
            return self._refusal(EVENT_UNKNOWN, wall_ms), None
        # A ticket never comes as a cookie: a page that has none asks for a new one.
        carried = bearer(headers) or ("" if what == b"ticket" else pass_cookie(headers))
        nonce = header_text(headers, b"rostra-nonce").strip()[: _NONCE_MOST + 1]
        fresh = os.urandom(_FRESH_BYTES)

        def asked() -> Reply | Refusal | Failed | Prepared | None:
            if what == b"ticket":
                if carried:
                    return self.door.ticket(event_id, carried, wall_ms, fresh)
                return self._new_ticket(event_id, headers, fresh, wall_ms, asker)
            if what == b"pass":
                return self.door.exchange(event_id, carried, nonce, wall_ms, fresh)
            return self.door.leave(event_id, carried, wall_ms)

        reply = asked()
        named = reply.kid if isinstance(reply, Failed) else kid_of(carried)
        if isinstance(reply, Refusal | Failed) and self._found_key(named, now):
            reply = asked()
        if reply is None:
            return personal(b"", http_date(wall_ms / 1000)), None
        if isinstance(reply, Failed):
            reply = self.challenges.refuse(
                reply.why, event_id, asker, self.door.ring, self.door.now_s(wall_ms), wall_ms
            )
        if isinstance(reply, Prepared):
            return reply, None
        if isinstance(reply, Refusal):
            return self._refusal(reply, wall_ms, fresh[-1]), None
        cookie = f"{reply.cookie}; Secure" if reply.cookie and self.secure else reply.cookie
        return personal(reply.body, http_date(wall_ms / 1000), cookie), reply

    def _new_ticket(
        self, event_id: str, headers: Headers, fresh: bytes, wall_ms: int, asker: Asker
    ) -> Reply | Refusal | Failed | Prepared:
        """For who shows no ticket; Failed where a key is named that we may not have yet."""
        door = self.door
        rehearsal = header_text(headers, b"rostra-rehearsal").strip()
        refusal = door.refuses_new(event_id, wall_ms, rehearsal)
        if refusal is not None:
            return refusal
        if asker.failed():
            return shield_failed(wall_ms)
        if door.is_rehearsal(event_id):
            asker = Rehearsing(asker)
        shown = header_text(headers, b"rostra-challenge").strip()
        carried = pass_cookie(headers)
        inside = door.knows(event_id, carried, wall_ms) if carried else b""
        now_s = door.now_s(wall_ms)
        entry = self.challenges.enter(event_id, shown, inside, asker, door.ring, now_s, wall_ms)
        if not isinstance(entry, Entry):
            return entry
        return door.ticket(event_id, "", wall_ms, entry.place or fresh, rehearsal, entry.arrived_s)

    def whose(self, target: bytes, headers: Headers, wall_ms: int) -> tuple[str, bytes]:
        """The event and listener whose ticket or pass this request carries; empty for nobody's.

        `target`: of a request for anything of one event, without its pass in it.
        """
        found = _OF_EVENT.match(target)
        event_id = found[1].decode() if found else ""
        if not event_id or not self._catalogue.knows(event_id):
            return "", b""
        carried = bearer(headers) or pass_cookie(headers)
        listener = self.door.knows(event_id, carried, wall_ms) if carried else b""
        return (self._catalogue.name_of(event_id), listener) if listener else ("", b"")

    def _found_key(self, kid: str, now: float) -> bool:
        """Whether the key that what was refused names was not in our ring, and now is."""
        if now - self._looked_at < _LOOK_EACH_S or self.door.knows_key(kid):
            return False
        self._looked_at = now
        self.look_for_keys()
        return self.door.knows_key(kid)

    def _refusal(self, refusal: Refusal, wall_ms: int, jitter: int = 0) -> Prepared:
        extra = ""
        if refusal.code == NO_PLACE_FREE.code:
            extra = f"Retry-After: {1 + jitter % _RETRY_MOST_S}\r\n"
        return self._catalogue.refusal(refusal, wall_ms, extra, jitter).prepared(False)

    # --- media ----------------------------------------------------------------------------

    def accept(
        self, event_id: str, token: str, now: float, wall_ms: int, counted: bool = True
    ) -> Accepted | Refusal:
        """Let a connection in with a pass; it then counts among the pass' connections.

        `counted` False: not where a proxy brings each request on any of its own connections.
        """
        admitted = self.door.admits(event_id, token, wall_ms)
        if isinstance(admitted, Refusal) and self._found_key(kid_of(token), now):
            admitted = self.door.admits(event_id, token, wall_ms)
        if isinstance(admitted, Refusal):
            return admitted
        share = self.shares.of(event_id, admitted.listener, now)
        if counted and share.connections >= CONNECTIONS_MOST:
            self.overused(share, now)
            return PASS_OVERUSED
        share.connections += counted
        self.shares.promote(share)
        return Accepted(token, admitted.until_ms, share, counted)

    def fetched(self, share: Share, now: float) -> None:
        """This pass fetches an event's sound; told to the Door now and then."""
        if share.fetches(now):
            self.door.fetched(share.event_id, share.listener)

    def overused(self, share: Share, now: float) -> None:
        """This pass was refused for overuse; who goes on with that counts as nobody's listening."""
        if share.overuses(now):
            self.door.marked(share.event_id, share.listener)
