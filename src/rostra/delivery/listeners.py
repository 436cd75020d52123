"""Listeners connected: player sessions as keyed hashes, forgotten after fifteen seconds."""

from __future__ import annotations

from hashlib import blake2b

KEEP_S = 15  # a session counts while it fetched a playlist or media within this
HASH_BYTES = 8
TALLIED_MOST = 4096  # hashes of one event in one tally
SESSIONS_MOST = 65_536  # of one event; an invented flood of session ids stays bounded


def nameless(address: str, user_agent: str) -> str:
    """A player that sends no session id, such as a browser's own: it opens several connections, so
    its address and kind stand for it. Two of a kind behind one address count as one."""
    return f"\0{address}\0{user_agent}"


class Listeners:
    """Who listens, without knowing who they are.

    `key` lives for one run of the house and is the same in all edges, so that a player that changes
    the edge is one player still, and nobody can tell a session from its hash.
    """

    def __init__(self, key: bytes) -> None:
        self._key = blake2b(key, digest_size=32).digest()
        self._seen: dict[str, dict[bytes, float]] = {}

    def session(self, event_id: str, player: str) -> bytes:
        """The hash of a player: of its session id, or of `nameless` where it sent none."""
        name = f"{event_id}\0{player}"
        return blake2b(name.encode(), digest_size=HASH_BYTES, key=self._key).digest()

    def saw(self, event_id: str, session: bytes, now: float) -> None:
        """This session fetched something of the event, or waits for it."""
        seen = self._seen.setdefault(event_id, {})
        if session in seen or len(seen) < SESSIONS_MOST:
            seen[session] = now

    def tally(self, now: float) -> dict[str, bytes]:
        """Event id → sorted distinct hashes, joined. Beyond the bound the smallest stay: they are
        a fair sample, from which the number can be estimated (k minimum values)."""
        tallied: dict[str, bytes] = {}
        for event_id, seen in list(self._seen.items()):
            alive = {session: at for session, at in seen.items() if now - at <= KEEP_S}
            if alive:
                self._seen[event_id] = alive
                tallied[event_id] = b"".join(sorted(alive)[:TALLIED_MOST])
            else:
                del self._seen[event_id]
        return tallied
