"""The kernel's bans: one `nft` process a batch, at most one batch a second, in a table of our own.

The table is there only while somebody is banned. Where nft or the right to use it is missing, or a
proxy stands in front (its address would be the one that is banned), nothing is done here and the
edges drop those connections themselves, as they do in any case.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from rostra.ground.settings import Settings
from rostra.shield import nft_rules
from rostra.shield.nft_rules import AnswerStrange

log = logging.getLogger(__name__)

EACH_S = 1.0
READ_EACH_S = 2.0  # how often drops are read while the table is there
AGAIN_MOST_S = 60.0  # between tries while nft fails
_PATIENCE_S = 20.0
_CAP_NET_ADMIN = 12  # capabilities(7)
_SAID_MOST = 300  # characters of nft's complaints


class NftTrouble(Exception):
    """nft did not do it; the message is nft's own."""


def table_of(data_dir: Path) -> str:
    """The table of the house with this data folder."""
    return nft_rules.table_name(str(data_dir.resolve()))


def find_nft() -> str | None:
    """Where nft is; Debian's users do not have it on their path."""
    return shutil.which("nft", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")


def may_ban() -> bool:
    """Whether this process has CAP_NET_ADMIN."""
    with contextlib.suppress(OSError, ValueError):
        for line in Path("/proc/self/status").read_text().splitlines():
            if line.startswith("CapEff:"):
                return bool(int(line.split()[1], 16) >> _CAP_NET_ADMIN & 1)
    return False


async def nft(command: str, *arguments: str, told: bytes = b"") -> bytes:
    """One run of nft: what it answers. Raises NftTrouble.

    In a thread, since uvloop would give nft a socket as its input, which `-f -` cannot open.
    """
    try:
        ran = await asyncio.to_thread(
            subprocess.run,
            [command, *arguments],
            input=told,
            capture_output=True,
            timeout=_PATIENCE_S,
        )
    except OSError as error:
        raise NftTrouble(f"{command}: {error.strerror}") from None
    except subprocess.TimeoutExpired:
        raise NftTrouble(f"no answer within {_PATIENCE_S:.0f} s") from None
    if ran.returncode != 0:
        words = ran.stderr.decode("utf-8", "replace").split()
        raise NftTrouble(" ".join(words)[:_SAID_MOST] or f"exit code {ran.returncode}")
    return ran.stdout


async def remove_table(data_dir: Path) -> str:
    """Remove the table of a house that may not run any more; what was done, in words."""
    command, table = find_nft(), table_of(data_dir)
    if command is None:
        return "there are no kernel bans: nft is not installed"
    try:
        await nft(command, "-j", "-f", "-", told=nft_rules.batch(nft_rules.remove(table)))
    except NftTrouble as error:
        return f"kernel bans could not be removed (table inet {table}): {error}"
    return f"no kernel bans are left (table inet {table} is gone)"


def kernel_of(settings: Settings, data_dir: Path) -> Kernel:
    """As the settings want it.

    Only the crowd's port is closed to who is banned: a speaker or an operator may share an address
    with a bot, and their ports look after themselves.
    """
    off = ""
    if settings.text("shield.kernel") == "off":
        off = "shield.kernel is off"
    elif settings.text("serve.proxies"):
        off = "proxies stand in front (serve.proxies), so that who connects is not who asks"
    return Kernel(data_dir, (settings.number("serve.port"),), off=off)


class Kernel:
    """Sources that the kernel drops for us. `note` says whether it does, and why not.

    `ports`: of ours, where they are dropped. `off`: why kernel bans are not wanted; empty if they
    are. `wall_ms`: Unix ms, as in the bans.
    """

    def __init__(
        self,
        data_dir: Path,
        ports: Iterable[int],
        *,
        off: str = "",
        wall_ms: Callable[[], int] = lambda: time.time_ns() // 1_000_000,
    ) -> None:
        self.table = table_of(data_dir)
        self.note = "kernel bans are not asked for yet"
        self.on = False
        self._ports = tuple(ports)
        self._off = off
        self._wall_ms = wall_ms
        self._command = ""
        self._wanted: dict[bytes, int] = {}
        self._asked = asyncio.Event()
        self._held: dict[bytes, int] | None = {}  # in the kernel; None: not known
        self._there = False  # the table is
        self._drops_before = 0  # by tables of this run that are gone
        self._drops = 0
        self._read_at = float("-inf")
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """See whether the kernel does it; remove what a run before left there."""
        trouble = await self._trouble()
        if trouble:
            self._say_off(trouble)
            return
        self.on = True
        self.note = f"kernel bans are on: table inet {self.table}"
        self._task = asyncio.ensure_future(self._run())

    def set(self, bans: Mapping[bytes, int]) -> None:
        """These sources, until then (Unix ms), and no others. Returns at once."""
        if self.on:
            self._wanted = dict(bans)
            self._asked.set()

    def drops(self) -> int:
        """Packets that the kernel dropped for us, as last read."""
        return self._drops_before + self._drops

    async def close(self) -> None:
        """Leave nothing in the kernel."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None
        if self.on:
            self.on = False
            with contextlib.suppress(NftTrouble):
                await self._tell(nft_rules.remove(self.table))

    async def _trouble(self) -> str:
        """Why the kernel cannot be used; empty if it can."""
        if self._off:
            return self._off
        command = find_nft()
        if command is None:
            return "nft is not installed (Debian: nftables)"
        if not may_ban():
            return "this process has no CAP_NET_ADMIN"
        self._command = command
        try:
            await self._tell(nft_rules.remove(self.table))
            # The kernel judges the whole table and keeps nothing of it.
            whole = nft_rules.build(self.table, self._ports, {}, 0)
            await nft(command, "-c", "-j", "-f", "-", told=nft_rules.batch(whole))
        except NftTrouble as error:
            return f"nft said: {error}"
        return ""

    def _say_off(self, why: str) -> None:
        self.note = f"kernel bans are off: {why}; edges drop in-process instead"

    async def _tell(self, commands: list[nft_rules.Command]) -> None:
        await nft(self._command, "-j", "-f", "-", told=nft_rules.batch(commands))

    async def _run(self) -> None:
        failed = 0
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(READ_EACH_S):
                    await self._asked.wait()
            self._asked.clear()
            try:
                await self._once()
            except (NftTrouble, AnswerStrange) as error:
                # Somebody may have flushed all tables: nothing is taken for granted.
                failed, self._held = failed + 1, None
                if failed == 1:
                    log.warning("kernel bans falter, edges drop in-process: %s", error)
                self.note = f"kernel bans falter: {error}; edges drop in-process meanwhile"
                self._asked.set()
            else:
                if failed:
                    log.info("kernel bans are back")
                    self.note = f"kernel bans are on: table inet {self.table}"
                failed = 0
            await asyncio.sleep(min(AGAIN_MOST_S, EACH_S * 2 ** max(0, min(failed, 8) - 1)))

    async def _once(self) -> None:
        """Bring the kernel to what is wanted, then read what it dropped if it is time to."""
        now_ms = self._wall_ms()
        wanted = nft_rules.kept(self._wanted, now_ms)
        held = self._held
        if not wanted:
            if self._there or held is None:
                await self._empty()
            return
        if held is None or not self._there:
            await self._tell(nft_rules.build(self.table, self._ports, wanted, now_ms))
            self._drops_before, self._drops = self.drops(), 0
            self._there, self._held = True, wanted
        else:
            commands, then = nft_rules.change(self.table, held, wanted, now_ms)
            if commands:
                await self._tell(commands)
            self._held = then
        if time.monotonic() - self._read_at >= READ_EACH_S:
            await self._read()

    async def _empty(self) -> None:
        """Nobody is banned: in peace nothing of ours stands in the kernel."""
        if self._there and self._held is not None:
            await self._read()
        await self._tell(nft_rules.remove(self.table))
        self._drops_before, self._drops = self.drops(), 0
        self._there, self._held = False, {}

    async def _read(self) -> None:
        answer = await nft(self._command, *nft_rules.list_counters(self.table))
        self._drops = nft_rules.read_drops(answer)
        self._read_at = time.monotonic()
