"""Listeners behind a bot's own address: who come before it and after it, and drop all at once."""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from bench._honest_bot import Bot
from bench._honest_browsers import CHALLENGED
from rostra.rehearsal.coordinator_io import Coordinator
from rostra.rehearsal.orders import Come, DropAll, Person, Second
from rostra.rehearsal.watch_io import Watch

LISTENERS, LATER = 50, 10  # the later ones come when the bot is there
# Behind the first there are listeners before the bot comes, behind the second only after it.
SOURCES = ("127.1.0.1", "127.1.0.2")
_ARRIVE_S, _LATER_S = 6.0, 4.0
_SETTLE_S, _BOT_FIRST_S = 2.0, 3.0
# What is the generator's own doing or fault, and refuses nobody.
_OWN = {"dropped", "bounded", "no_socket", "clock_jumped"}


class Times(msgspec.Struct, frozen=True):
    """Seconds of each situation, and how often all connections drop."""

    listen_s: float
    drops: int
    drop_each_s: float
    far_s: float

    @property
    def storm_s(self) -> float:
        """All of the storm."""
        return self.drops * self.drop_each_s


FULL = Times(listen_s=25.0, drops=6, drop_each_s=5.0, far_s=40.0)
QUICK = Times(listen_s=16.0, drops=3, drop_each_s=4.0, far_s=20.0)


class Met(msgspec.Struct, kw_only=True):
    """What a crowd met. `failed` by code, without challenges. `silent_share`: of listener-seconds
    after the first sound. `ban`: of their address, by its step and reason, when it was over.
    """

    listeners: int
    joined: int
    requests: int
    challenged: int
    failed: dict[str, int]
    silent_share: float
    bot_sent: int
    bot_served_share: float
    ban: str = ""

    @property
    def refused(self) -> int:
        """All of `failed`."""
        return sum(self.failed.values())


class Crowds(msgspec.Struct, kw_only=True):
    """What those met who were together, the same in the storm, and who came to the second address
    (None where there is none).
    """

    together: Met
    storm: Met
    newcomers: Met | None = None


def _met(seconds: list[Second], bot: Bot, sent_before: int = 0) -> Met:
    requests = sum(sum(one.requests.values()) for one in seconds)
    codes: Counter[str] = Counter()
    for one in seconds:
        codes.update(one.failures)
    for own in _OWN:
        codes.pop(own, None)
    heard, silent = sum(s.heard_s for s in seconds), sum(s.silent_s for s in seconds)
    return Met(
        listeners=max((one.here for one in seconds), default=0),
        joined=max((one.playing for one in seconds), default=0),
        requests=requests,
        challenged=codes.pop(CHALLENGED, 0),
        failed=dict(codes),
        silent_share=silent / max(1.0, heard + silent),
        bot_sent=bot.sent - sent_before,
        bot_served_share=bot.served_share,
    )


def _people(first: int, count: int, at_s: float, over_s: float, elsewhere: bool = False) -> Come:
    """So many come behind the first address, or `elsewhere`: behind the second."""
    return Come(
        people=tuple(
            Person(
                number=2 * (first + n) + elsewhere, at_s=at_s + over_s * n / count, stay_s=10_000.0
            )
            for n in range(count)
        )
    )


async def ended(task: asyncio.Future[Any]) -> None:
    """It is cancelled, and over."""
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError, Exception):
        await task


async def played(
    crowd: Coordinator,
    watch: Watch,
    names: Sequence[str],
    bots: Sequence[Bot],
    times: Times,
    ban_of: Callable[[str], str],
) -> Crowds:
    """All come, and the bots. `names`: of the generators, each behind the address of its bot;
    `ban_of`: an address' ban in words.
    """
    begin_s = watch.now()
    await crowd.send(_people(0, LISTENERS, begin_s + 1, _ARRIVE_S))
    await watch.until(begin_s + 1 + _ARRIVE_S + _SETTLE_S)
    floods = [asyncio.ensure_future(bot.flood(times.listen_s + times.storm_s + 30)) for bot in bots]
    try:
        await watch.until(watch.now() + _BOT_FIRST_S)
        from_s = watch.now()
        await crowd.send(_people(LISTENERS, LATER, from_s + 1, _LATER_S))
        if len(bots) > 1:
            await crowd.send(_people(0, LATER, from_s + 1, _LATER_S, elsewhere=True))
        await watch.until(from_s + 1 + times.listen_s)
        end_s = watch.now()
        each = watch.each(begin_s, end_s)
        met = [_met(each[name], bot) for name, bot in zip(names, bots, strict=True)]
        for one, source in zip(met, SOURCES, strict=False):
            one.ban = await asyncio.to_thread(ban_of, source)
        sent = bots[0].sent
        for _ in range(times.drops):
            await crowd.send(DropAll())
            await watch.until(watch.now() + times.drop_each_s)
        storm = _met(watch.each(end_s, watch.now())[names[0]], bots[0], sent)
        return Crowds(together=met[0], storm=storm, newcomers=met[1] if len(met) > 1 else None)
    finally:
        for flood in floods:
            await ended(flood)
