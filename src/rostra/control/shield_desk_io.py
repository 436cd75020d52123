"""What operators see and do of the shield: one picture of it, acts that are written down, undo.

An act's line on disk names no network: which one it was is known only while control runs.
"""

from __future__ import annotations

import math
from typing import Any

import msgspec

from rostra.control.acts import OPERATOR, UNDO, Detail, Done, Undo, shown, to_undo
from rostra.control.shieldkeeper_io import ShieldKeeper
from rostra.control.storage_io import Storage
from rostra.ground.refusals import Refusal, Refused
from rostra.ground.wall_time import rfc3339
from rostra.shield.orders import prefix
from rostra.shield.status import BanStatus, Moment, PressureChange, SourceStatus, Status

HOUSE = ""  # acts that are no event's
A_NETWORK = "a network"
LISTS = "lists"  # what `allow`, `deny` and `forget` set: whoever undoes one brings both back whole
_NETWORK_ACTS = ("allow", "deny", "forget", "lift")
_BANS_MOST = 200  # shown
_ACTS_MOST = 100
_CHANGES_MOST = 20


class ShieldDesk:
    """One for an installation. `now_ms`: Unix milliseconds."""

    def __init__(self, keeper: ShieldKeeper, storage: Storage) -> None:
        self._keeper = keeper
        self._storage = storage
        self._done = storage.acts(HOUSE)

    # --- what is shown ------------------------------------------------------------------------

    def view(self, now_ms: int, since_ms: float = math.inf) -> dict[str, Any]:
        """The shield as the API answers it, with the seconds after `since_ms`."""
        status = self._keeper.status()
        return {
            "now": rfc3339(now_ms),
            **_state(status),
            "bans": [_ban(ban) for ban in status.bans[:_BANS_MOST]],
            "bans_all": sum(status.bans_by_step.values()),
            "by_step": status.bans_by_step,
            "log": shown(self._done)[:_ACTS_MOST],
            "history": [_point(one) for one in status.history if one.at_ms > since_ms],
        }

    # --- what is asked ------------------------------------------------------------------------

    def change(self, now_ms: int, **fields: Any) -> None:
        """Any of `mode`, `dry_run`; each that changes is an act. Raises Refused."""
        before = self._keeper.status()
        was = self._keeper.change(**fields)
        for name, value in was.items():
            then, now = (_said(one) for one in (getattr(before, name), fields[name]))
            if then != now:  # what was a setting until now may only be said aloud
                self._note(now_ms, name, f"{then} → {now}", Undo(name, {name: value}))

    def allow(self, text: str, now_ms: int) -> None:
        """Never judge an address or prefix. Raises Refused."""
        self._listed("allow", text, self._keeper.allow(text), now_ms)

    def deny(self, text: str, now_ms: int) -> None:
        """Keep an address or prefix out. Raises Refused."""
        self._listed("deny", text, self._keeper.deny(text), now_ms)

    def forget(self, which: str, text: str, now_ms: int) -> None:
        """Take it off that list. Raises Refused."""
        name = prefix(text)
        if name not in getattr(self._keeper.orders, which):
            raise Refused(
                Refusal("no_such_prefix", 404, f"{name} is not on this list; see the status.")
            )
        self._listed("forget", text, self._keeper.forget(text), now_ms)

    def lift(self, text: str, now_ms: int) -> None:
        """End the bans of an address or prefix. Raises Refused."""
        self._keeper.lift(text)
        self._note(now_ms, "lift", text.strip())

    def clear(self, now_ms: int) -> None:
        """End all bans."""
        self._keeper.clear()
        self._note(now_ms, "clear", "")

    def undo(self, number: int, now_ms: int) -> None:
        """Take back an act. Raises Refused where that cannot be."""
        done = to_undo(self._done, number)
        if isinstance(done, Refusal):
            raise Refused(done)
        self._keeper.change(**done.undo.was)
        self._note(now_ms, UNDO, f"{done.act} {done.detail.says}".strip(), undid=number)

    def _listed(self, act: str, text: str, was: dict[str, Any], now_ms: int) -> None:
        if was:
            self._note(now_ms, act, prefix(text), Undo(LISTS, was))

    # --- the log ------------------------------------------------------------------------------

    def _note(
        self, now_ms: int, act: str, says: str, undo: Undo | None = None, undid: int = 0
    ) -> None:
        done = Done(
            event_id=HOUSE,
            at_ms=now_ms,
            act=act,
            detail=Detail(OPERATOR, says, undid),
            undo=undo or Undo(),
        )
        number = self._storage.note(_without_networks(done))
        self._done.append(msgspec.structs.replace(done, number=number))


def _without_networks(done: Done) -> Done:
    """As it may stand on disk: what names a network, and so could be undone, does not."""
    act, _, rest = done.detail.says.partition(" ") if done.act == UNDO else (done.act, "", "")
    if act not in _NETWORK_ACTS:
        return done
    says = f"{act} {A_NETWORK}" if rest else A_NETWORK
    detail = Detail(done.detail.by, says)
    return msgspec.structs.replace(done, detail=detail, undo=Undo())


def _said(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)


def _state(status: Status) -> dict[str, Any]:
    return {
        "mode": status.mode,
        "dry_run": status.dry_run,
        "failed": status.failed,
        "pressure": status.pressure,
        "why": status.why,
        "says": status.says,
        "since": rfc3339(status.pressure_since_ms or None),
        "onset": rfc3339(status.onset_ms or None),
        "difficulty": status.difficulty,
        "spent": status.spent,
        "explained": status.explained,
        "unexplained": _unexplained(status),
        "refused": status.refused,
        "acts": status.acts,
        "sources": status.distinct,
        "listeners": status.vouched,
        "inside": status.inside,
        "waiting": status.waiting,
        "statistics": status.statistics,
        "busy": status.cost.busy,
        "cost": msgspec.to_builtins(status.cost),
        "path": status.path,
        "kernel": status.kernel,
        "kernel_drops": status.kernel_drops,
        "worst": [_source(one) for one in status.worst],
        "neighbourhoods": msgspec.to_builtins(status.neighbourhoods),
        "allow": list(status.allow),
        "deny": list(status.deny),
        "changes": [_change(one) for one in status.changes[-_CHANGES_MOST:]],
    }


def _unexplained(second: Status | Moment) -> float:
    """Units of this second; what the pressure goes by waits for listeners who explain later."""
    return round(max(0.0, second.spent - second.explained), 1)


def _source(one: SourceStatus) -> dict[str, Any]:
    return {
        "source": one.source,
        "neighbourhood": one.neighbourhood,
        "points": one.points,
        "demand": one.demand,
        "explained": one.explained,
        "listeners": one.vouched,
        "connections": one.connections,
        "step": one.step,
        "held": one.held,
    }


def _ban(one: BanStatus) -> dict[str, Any]:
    return {
        "source": one.source,
        "step": one.step,
        "reason": one.reason,
        "says": one.says,
        "since": rfc3339(one.since_ms),
        "until": rfc3339(one.until_ms),
        "times": one.times,
    }


def _change(one: PressureChange) -> dict[str, Any]:
    return {
        "at": rfc3339(one.at_ms),
        "onset": rfc3339(one.onset_ms or None),
        "before": one.before,
        "pressure": one.pressure,
        "reason": one.reason,
        "says": one.says,
        "statistic": one.statistic,
    }


def _point(moment: Moment) -> dict[str, Any]:
    return {
        "at": rfc3339(moment.at_ms),
        "pressure": moment.pressure,
        "spent": moment.spent,
        "explained": moment.explained,
        "unexplained": _unexplained(moment),
        "refused": moment.reasons,
        "sources": moment.distinct,
        "busy": moment.busy,
    }
