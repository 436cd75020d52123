"""The shield's keeper: asks the policy each second, tells the edges, keeps the operator's orders.

If the policy breaks, the edges are told so: no new tickets until a fresh policy decides again, and
those inside go on. On disk stands only what an operator typed; no source ever, nor in a log.
"""

from __future__ import annotations

import contextlib
import logging
import os
import tempfile
import traceback
from collections import Counter, deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import msgspec

from rostra.control.doorkeeper_io import Doorkeeper
from rostra.ground.facts import AnyFact, EdgeTallied, ShieldSet
from rostra.ground.refusals import Refusal, Refused
from rostra.ground.shield_values import Ban
from rostra.shield.bans import standing
from rostra.shield.orders import Orders, checked, inside
from rostra.shield.policy import EdgeSeen, Policy, PolicySettings, Seen
from rostra.shield.sources import text_of
from rostra.shield.status import Status

log = logging.getLogger(__name__)
TALLIES_MOST = 1024  # heard since the last second; no house has more edges
AGAIN_FIRST_S, AGAIN_MOST_S = 5.0, 60.0  # a policy that broke is followed by a fresh one
STEADY_S = 60.0  # after which a policy counts as one that works
# Edges know what the control before said: it holds until this one has seen what comes in.
SILENT_S = 4.0


class Kernel(Protocol):
    """Drops sources in the kernel (shield/nft_io.py). `on`: whether it can; `note`: in words."""

    on: bool
    note: str

    def set(self, bans: Mapping[bytes, int]) -> None:
        """These sources until then (Unix ms), and no others. Returns at once."""

    def drops(self) -> int:
        """Packets dropped so far."""


class NoKernel:
    """Where the kernel is not to be asked."""

    on = False
    note = "kernel bans are off: not allowed here; edges drop in-process instead"

    def set(self, bans: Mapping[bytes, int]) -> None:
        """Nothing."""

    def drops(self) -> int:
        """None."""
        return 0


class Paths(Protocol):
    """The model of our player's path (shield/paths_io.py)."""

    def says(self) -> str:
        """Which one counts."""

    def teach(self, walks: Sequence[str], learnt_from: str) -> None:
        """Learn from these. Raises ValueError, OSError."""


class NoPaths:
    """Where nobody's path is looked at."""

    def says(self) -> str:
        """None."""
        return ""

    def teach(self, walks: Sequence[str], learnt_from: str) -> None:
        """Nothing."""


class ShieldSettings(msgspec.Struct, frozen=True, kw_only=True):
    """`policy`: as in the settings; its `kernel` counts only where `kernel` can."""

    policy: PolicySettings = PolicySettings()
    kernel: Kernel = NoKernel()
    paths: Paths = NoPaths()


class ShieldKeeper:
    """One for an installation. `now`: monotonic seconds; `now_ms`: Unix milliseconds."""

    def __init__(
        self,
        data_dir: Path,
        settings: ShieldSettings,
        publish: Callable[[AnyFact], None],
        now: float,
    ) -> None:
        self._path = data_dir / "shield.json"
        self._publish = publish
        self._kernel, self._paths = settings.kernel, settings.paths
        may = settings.policy.kernel and settings.kernel.on
        self._settings = msgspec.structs.replace(settings.policy, kernel=may)
        self.orders = self._load()
        self._tallies: deque[EdgeTallied] = deque(maxlen=TALLIES_MOST)
        self._policy: Policy | None = Policy(self._settings, self.orders)
        self._began = self._second_at = now
        self._again_s, self._again_at = AGAIN_FIRST_S, now
        self._status = Status()  # of the last policy that worked
        self._set = ShieldSet(at_ms=0)  # as decided last
        self._told: ShieldSet | None = None
        self._in_kernel: dict[bytes, int] = {}
        self._silent_until = now + SILENT_S

    # --- what is heard and decided ------------------------------------------------------------

    def heard(self, fact: EdgeTallied) -> None:
        """One second of one edge."""
        if fact.shield is not None:
            self._tallies.append(fact)

    def tick(self, doors: Iterable[Doorkeeper], now: float, now_ms: int) -> None:
        """To be called often; acts once a second."""
        if now - self._second_at < 1.0:
            return
        self._second_at = max(self._second_at + 1.0, now - 1.0)
        seen = self._seen(list(doors))
        if self._policy is None and now >= self._again_at:
            self._policy = Policy(self._settings, self.orders, self._set.pressure)
            self._began = now
        if self._policy is not None:
            try:
                self._set = self._policy.second(seen, now_ms)
            except Exception as error:
                self._break(self._policy, error, now)
            else:
                if now - self._began >= STEADY_S:
                    self._again_s = AGAIN_FIRST_S
        if self._policy is None:
            bans = standing(self._set.bans, now_ms)
            self._set = self._ordered(
                msgspec.structs.replace(self._set, at_ms=now_ms, failed=True, bans=bans)
            )
        self._tell(now)

    def _seen(self, doors: list[Doorkeeper]) -> Seen:
        seen = Seen(
            edges=tuple(
                EdgeSeen(
                    edge=fact.edge,
                    tally=fact.shield,
                    busy_fraction=fact.busy_fraction,
                    loop_lag_p99_ms=fact.loop_lag_p99_ms,
                )
                for fact in self._tallies
                if fact.shield is not None
            ),
            waiting=sum(door.moved.waiting for door in doors if door.moved is not None),
            inside=sum(door.counts.inside for door in doors),
        )
        self._tallies.clear()
        return seen

    def _break(self, policy: Policy, error: Exception, now: float) -> None:
        """The policy broke. What it was about may name sources, so only the place is logged."""
        where = traceback.extract_tb(error.__traceback__)[-1]
        log.error(
            "the shield's policy broke: %s in %s, line %s; no new tickets for %.0f s",
            type(error).__name__,
            Path(where.filename).name,
            where.lineno,
            self._again_s,
        )
        with contextlib.suppress(Exception):  # what is broken may break there too
            self._status = policy.status()
        self._policy = None
        self._again_at = now + self._again_s
        self._again_s = min(AGAIN_MOST_S, 2 * self._again_s)

    def _ordered(self, fact: ShieldSet) -> ShieldSet:
        """What an operator orders holds also while nothing else is decided."""
        orders = self.orders
        dry_run = self._settings.dry_run if orders.dry_run is None else orders.dry_run
        return msgspec.structs.replace(
            fact,
            off=(orders.mode or self._settings.mode) == "off",
            dry_run=dry_run,
            allow=orders.allow,
            deny=orders.deny,
        )

    def _tell(self, now: float) -> None:
        fact, unsaid = self._set, ShieldSet(at_ms=self._set.at_ms)
        if self._told is None and fact == unsaid and now < self._silent_until:
            return
        same = self._told is not None and fact == msgspec.structs.replace(
            self._told, at_ms=fact.at_ms
        )
        if not same:
            self._told = fact
            self._publish(fact)
        self._drop({} if fact.dry_run or fact.off else _kernel_bans(fact.bans))

    def _drop(self, bans: dict[bytes, int]) -> None:
        if bans != self._in_kernel:
            self._in_kernel = bans
            self._kernel.set(bans)

    def learn(self, walks: Sequence[str], learnt_from: str) -> None:
        """A rehearsal's listeners asked so; edges go by it within a second. It takes a while."""
        try:
            self._paths.teach(walks, learnt_from)
        except (ValueError, OSError, IndexError) as error:
            log.warning("%s taught the shield nothing: %s", learnt_from, error)

    # --- what operators ask -------------------------------------------------------------------

    def change(self, **fields: Any) -> dict[str, Any]:
        """Set `mode`, `dry_run` (None: as in the settings), `allow`, `deny`; each whole.

        What really changed, with its value before: given to `change` again, that is the way back.
        Durable when it returns; edges hear of it within a second. Raises Refused.
        """
        return self._obey(checked(self.orders, **fields))

    def allow(self, text: str) -> dict[str, Any]:
        """Never judge an address or prefix; as `change`."""
        return self._obey(self.orders.allowing(text))

    def deny(self, text: str) -> dict[str, Any]:
        """Keep an address or prefix out; as `change`."""
        return self._obey(self.orders.denying(text))

    def forget(self, text: str) -> dict[str, Any]:
        """Neither allow nor deny an address or prefix any more; as `change`."""
        return self._obey(self.orders.forgetting(text))

    def lift(self, text: str) -> int:
        """End all bans of an address or prefix; how many. Raises Refused."""
        if self._policy is not None:
            return self._policy.lift(text)
        networks, before = inside(text), self._set.bans
        bans = tuple(ban for ban in before if ban.source not in networks)
        if len(bans) == len(before):
            raise Refused(Refusal("not_banned", 404, f"Nobody at {text[:60]} is banned."))
        self._set = msgspec.structs.replace(self._set, bans=bans)
        return len(before) - len(bans)

    def clear(self) -> int:
        """End all bans and forget what led to them; how many. What is allowed or denied stays."""
        if self._policy is not None:
            return self._policy.clear()
        number = len(self._set.bans)
        self._set = msgspec.structs.replace(self._set, bans=())
        return number

    def status(self) -> Status:
        """Everything about the shield, for operators."""
        if self._policy is not None:
            self._status = self._policy.status()
        orders, given = self.orders, self._settings
        status = self._status
        if self._policy is None:
            stand = {text_of(ban.source) for ban in self._set.bans}
            bans = tuple(ban for ban in status.bans if ban.source in stand)
            steps = dict(Counter(ban.step for ban in bans))
            status = msgspec.structs.replace(status, bans=bans, bans_by_step=steps)
        return msgspec.structs.replace(
            status,
            failed=self._policy is None,
            mode=orders.mode or given.mode,
            dry_run=given.dry_run if orders.dry_run is None else orders.dry_run,
            allow=orders.allow,
            deny=orders.deny,
            path=self._paths.says(),
            kernel=self._kernel.note,
            kernel_drops=self._kernel.drops(),
        )

    # --- orders -------------------------------------------------------------------------------

    def _obey(self, orders: Orders) -> dict[str, Any]:
        was = {
            name: getattr(self.orders, name)
            for name in Orders.__struct_fields__
            if getattr(self.orders, name) != getattr(orders, name)
        }
        if was:
            self._save(orders)
            self.orders = orders
            if self._policy is not None:
                self._policy.obey(orders)
        return was

    def _save(self, orders: Orders) -> None:
        folder = self._path.parent
        descriptor, made = tempfile.mkstemp(dir=folder, prefix=f".{self._path.name}.")  # 0600
        with os.fdopen(descriptor, "wb") as file:
            file.write(msgspec.json.format(msgspec.json.encode(orders)) + b"\n")
            file.flush()
            os.fsync(file.fileno())
        os.replace(made, self._path)

    def _load(self) -> Orders:
        """What was ordered before; a file that cannot be read is put aside."""
        try:
            raw = self._path.read_bytes()
        except FileNotFoundError:
            return Orders()
        try:
            return checked(msgspec.json.decode(raw, type=Orders))
        except (msgspec.DecodeError, Refused) as error:
            aside = self._path.with_suffix(".damaged")
            os.replace(self._path, aside)
            log.error(
                "%s cannot be read (%s): it is %s now, and nothing is allowed or denied. Order it "
                "again: rostra shield allow, rostra shield deny",
                self._path,
                type(error).__name__,
                aside.name,
            )
            return Orders()


def _kernel_bans(bans: Iterable[Ban]) -> dict[bytes, int]:
    return {ban.source: ban.until_ms for ban in bans if ban.step == "kernel"}
