"""Who pays for a connection's requests: its source, or whose pass or ticket it showed; and, while
the house is attacked, whether it asks as a player asks.

Whatever breaks in the shield's code refuses nobody here but new tickets
(docs/decisions/0010-shield.md).
"""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Callable
from hmac import compare_digest
from typing import Any, TypeVar, cast

from rostra.admission.door import Reply
from rostra.delivery.answers_io import Answers
from rostra.delivery.credentials import token_in_headers
from rostra.delivery.decoys import led_here
from rostra.delivery.desk_io import Desk
from rostra.delivery.manner import Headers
from rostra.delivery.refused import PASS_OVERUSED
from rostra.delivery.shares import Share
from rostra.delivery.turns import Turn
from rostra.ground.refusals import Refusal
from rostra.shield.accounts import Account, Purse
from rostra.shield.guard import Slow
from rostra.shield.path import Walk, class_of
from rostra.shield.prices import DECOY, OPENED, SIGNED
from rostra.shield.proxies import forwarded
from rostra.shield.reasons import SOURCE_BANNED
from rostra.shield.sources import NOWHERE, source_of

log = logging.getLogger(__name__)
_T = TypeVar("_T")
ASKED_MOST = 1000  # chunks of one connection without a credential; then it has to be opened anew


class Payments(Answers):
    """The part of a connection that knows who pays. `purse` is what the hot path takes from."""

    __slots__ = ("brought", "opened", "own", "paid", "purse", "resting", "share", "slowed", "walk")

    def __init__(self, desk: Desk, number: int, client: str = "") -> None:
        super().__init__(desk, number, client)
        self.brought = ""  # the proxy that brings different clients on this connection
        self.opened = ""  # the event whose media the connection's last bytes give a right to
        self.share = desk.free  # on what its requests for them draw
        self.own: Purse | None = None  # while no credential was shown
        self.purse: Purse | Share = desk.unpaid
        self.paid = False  # the request at the head of the buffer has paid, and was slowed
        self.slowed = False
        self.resting: asyncio.Handle | Turn | None = None  # nothing is read until then
        self.walk: Walk | None = None  # while its path is followed

    def _enter(self) -> bool:
        """Find the account of who connects; False where they are kept out altogether."""
        address = self._address()
        self.brought = address if self.desk.proxies.trusts(address) else ""
        source = NOWHERE if self.brought else source_of(address)
        purse = self._guarded(lambda: self.desk.guard.connected(source, self.desk.now()), None)
        if purse is None:
            return self.desk.guard_failed
        self.own = self.purse = purse
        self._guarded(lambda: self.desk.guard.spend(purse, OPENED), None)
        self._follow()
        return True

    def _turn_to_client(self, headers: Headers) -> Refusal | None:
        """A proxy's connection brings many clients: from here on this request's own pays."""
        fields = [value for name, value in headers if name == b"x-forwarded-for"]
        source = forwarded(self.brought, fields, self.desk.proxies)
        self.client = source.hex()
        self._be_known()
        self.purse = self.desk.unpaid
        now = self.desk.now()
        purse = self._guarded(lambda: self.desk.guard.connected(source, now, brought=True), None)
        if purse is None:
            return None if self.desk.guard_failed else SOURCE_BANNED
        self.own = self.purse = purse
        return None

    def _crowds(self) -> bool:
        own = self.own
        return own is not None and self._guarded(lambda: self.desk.guard.crowded(own), False)

    def _go(self) -> None:
        """The client left."""
        if self.resting is not None:
            self.resting.cancel()
            self.resting = None
        self._stop_being_slow()
        self._be_known()
        self.purse = self.desk.unpaid  # it may be a share, which holds nothing of ours

    def _be_known(self) -> None:
        own, self.own = self.own, None
        if own is not None:
            self._guarded(lambda: self.desk.guard.closed(own), None)

    # --- credentials --------------------------------------------------------------------------

    def _vouch(self, share: Share) -> None:
        """A pass or ticket that holds was shown: from now on its listener pays here."""
        own, guard = self.own, self.desk.guard
        if own is not None:
            account = own.account
            before = cast("Account | None", share.account)
            self._be_known()
            if before is not account:
                self._guarded(lambda: guard.vouch(account, before), None)
                share.account = account
        self.purse = share

    def _showed(self, act: re.Match[bytes] | None, reply: Reply | None) -> None:
        """The door gave a ticket or pass on this connection, to a request that `act` matched."""
        if reply is None or act is None:
            return
        event_id = self.desk.catalogue.name_of(act[1].decode())
        own, purse = self.own, self.purse
        if reply.issued:
            account = (
                own.account if own else cast("Account | None", getattr(purse, "account", None))
            )
            self._guarded(lambda: self.desk.guard.sign(account, SIGNED), None)
            if own is None:
                return  # the second ticket of one connection buys no second budget
        share = self.desk.door.shares.of(event_id, reply.listener, self.desk.now())
        self._vouch(share)
        account = cast("Account | None", share.account)
        if reply.invented and account is not None:
            self._guarded(lambda: self.desk.guard.strange(account, "nonce_invented"), None)

    # --- who asks for a new ticket (challenges_io.Asker) ------------------------------------

    def difficulty(self) -> int:
        """Of the challenge that stands before a new ticket now."""
        return self._guarded(self.desk.guard.difficulty, 0)

    def failed(self) -> bool:
        """Whether the shield's code is broken: no new tickets then; those inside go on."""
        return self.desk.guard_failed or self.desk.guard.set.failed

    def may_wait(self) -> bool:
        """Whether one more from this source may wait instead of solving."""
        own = self.own
        return own is None or self._guarded(lambda: self.desk.guard.may_wait(own), True)

    def told(self, act: str, cost: float) -> None:
        """What became of a challenge."""
        self.desk.guard.acts[act] += 1
        own = self.own
        if act == "unsolved":
            self._broke(cost, act)
        elif cost and own is not None:
            self._guarded(lambda: self.desk.guard.spend(own, cost), None)
        elif cost:
            self.purse.left -= cost

    # --- passes ---------------------------------------------------------------------------

    def _open(
        self, event_id: str, needs_pass: bool, token: str, headers: Headers
    ) -> Refusal | None:
        """Open an event's media to this request, and to those that follow with the same tail.

        `token`: the pass in the target; it opens them to its own request alone.
        """
        if not needs_pass:
            self._turn_to(event_id)
            self.opened, self.share = event_id, self.desk.free
            return None
        now, wall_ms = self.desk.now(), self.desk.wall_ms()
        carried = token or token_in_headers(headers)
        accepted = self.accepted
        if accepted is None or not (
            wall_ms < accepted.until_ms
            and accepted.share.event_id is event_id
            and compare_digest(accepted.token.encode(), carried.encode())
        ):
            self._return_pass()
            found = self.desk.door.accept(event_id, carried, now, wall_ms, not self.brought)
            if isinstance(found, Refusal):
                self._broke(1.0, "pass_replayed" if found is PASS_OVERUSED else "no_pass")
                return found
            accepted = self.accepted = found
            self._vouch(found.share)
        share = accepted.share
        share.refill(now)
        if share.left < 1:
            self._overdraws(share, 1.0)
            return PASS_OVERUSED
        share.left -= 1
        accepted.by_target = bool(token)
        if not token:
            self._turn_to(event_id)
            self.opened, self.share = event_id, share
        return None

    def _return_pass(self) -> None:
        """It opens nothing here any more, and this connection is no more one of its own."""
        if self.accepted is not None:
            self._note_listener()
            self.accepted.share.connections -= self.accepted.counted
            self.accepted = None
            self.opened = ""

    # --- paying -------------------------------------------------------------------------------

    def _charge(self, price: float, target: bytes, headers: Headers) -> Refusal | Slow | None:
        """Take `price` from who pays; what is to be done instead of answering, or None."""
        if self.paid:
            self.paid = False
            return None
        if self.purse.left >= price:
            self.purse.left -= price
            return None
        now = self.desk.now()
        if self.own is not None:
            event_id, listener = self.desk.door.whose(target, headers, self.desk.wall_ms())
            if listener:
                self._vouch(self.desk.door.shares.of(event_id, listener, now))
        own = self.own
        if own is not None:
            return self._guarded(lambda: self.desk.guard.ask(own, price, now), None)
        share = self.purse
        if isinstance(share, Share):
            share.refill(now)
            if share.left >= price:
                share.left -= price
            elif self._overdraws(share, price):
                return PASS_OVERUSED
        return None

    def _overdraws(self, share: Share, price: float) -> bool:
        """Whether what a listener asks for beyond their share is to be refused."""
        if share.plays:
            self.desk.door.overused(share, self.desk.now())
        account = cast("Account | None", share.account)
        guard = self.desk.guard
        return self._guarded(lambda: guard.overdrawn(account, price, PASS_OVERUSED), False)

    def _settle(self, unused: bool) -> None:
        """Once a second: what was spent here without a credential shall be known; a pass that is
        over, or not used here, opens nothing any more."""
        own, accepted = self.own, self.accepted
        if own is not None and own.left != own.held:
            self._guarded(lambda: self.desk.guard.settle(own), None)
        if accepted is not None:
            accepted.share.refill(self.desk.now())
            if unused or self.desk.wall_ms() >= accepted.until_ms:
                self._return_pass()

    def _worn(self) -> bool:
        """Whether this connection had its number of requests without a credential."""
        return self.own is not None and self.own.asked > ASKED_MOST

    def _note_decoy(self, path: str, headers: Headers) -> None:
        """Nothing is there; whether somebody followed a link that no person sees."""
        if self.desk.catalogue.decoys.holds(path, self.desk.wall_ms()) and led_here(headers):
            self._broke(DECOY, "decoy")

    def _broke(self, cost: float, code: str) -> None:
        own = self.own
        if own is not None:
            self._guarded(lambda: self.desk.guard.broke(own, cost, code), None)

    def _patience_s(self) -> int:
        """How long a client may ask for nothing."""
        limits, terms = self.desk.limits, self.desk.guard.terms
        if self.served:
            return self._within_s(limits.idle_s, terms.idle_s)
        return self._within_s(limits.head_s, terms.head_s)

    def _within_s(self, usual: int, pressed: int) -> int:
        """Who showed no credential has less time while the house is attacked."""
        return usual if self.own is None else min(usual, pressed)

    def _be_slow(self, seconds: float, resume: Callable[[], Any]) -> None:
        """Read and answer nothing for so long."""
        own = self.own
        if own is not None and not self.slowed:
            self.slowed = True
            self.desk.guard.slowed(own, 1)
        if not self.transport.is_closing():
            self.transport.pause_reading()
        self.resting = asyncio.get_running_loop().call_later(seconds, resume)

    def _stop_being_slow(self) -> None:
        if self.slowed:
            self.slowed = False
            if self.own is not None:
                self.desk.guard.slowed(self.own, -1)

    # --- its path -----------------------------------------------------------------------------

    def _follow(self) -> None:
        """Begin to follow its path, or end it: as the pressure is now."""
        desk = self.desk
        if desk.automaton is None or not desk.guard.terms.enforced:
            self.walk = None
        elif not self.brought:  # a proxy mixes the paths of many
            self.walk = Walk(desk.automaton)

    def _note_path(self, target: bytes) -> None:
        """A request that is not answered from the hot path's prepared bytes."""
        if self.walk is not None and not self.paid:  # what was slowed is served anew
            self._step(self.walk, class_of(target))

    def _step(self, walk: Walk, what: int) -> None:
        """It asks for this class now. If that is no player's path, its listener's last known source
        hears of it, or its own."""
        try:
            if not walk.step(what, self.desk.now()):
                return
        except Exception:
            self._guard_broke()
            return
        account = self.purse.account
        if isinstance(account, Account):
            self._guarded(lambda: self.desk.guard.strange(account), None)

    def _guarded(self, act: Callable[[], _T], instead: _T) -> _T:
        """What the guard says; where its code breaks, `instead`, and no new tickets for a while."""
        try:
            return act()
        except Exception:
            self._guard_broke()
            return instead

    def _guard_broke(self) -> None:
        if not self.desk.guard_failed:
            log.exception("the shield's code broke: no new tickets until it works")
        self.desk.guard_fails()
