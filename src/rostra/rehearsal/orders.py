"""What a coordinator and its generators say to each other (JSON over one websocket)."""

from __future__ import annotations

from typing import Annotated, TypeAlias

import msgspec
from msgspec import Meta

WALKS_MOST = 512
Walk: TypeAlias = Annotated[str, Meta(max_length=400, pattern=r"^([pasrtlymo][0-9])*\Z")]


class Person(msgspec.Struct, frozen=True, kw_only=True):
    """One who will come. Times are seconds from the run's zero, by the coordinator's clock.

    `tabs`: pages that this person opens; all share one ticket and one pass, each plays.
    `silent`: leaves without a goodbye. `drops_s`: loses the network so long after they came, for
    `dropped_s`. `patience_s`: gives up if nobody let them in so long after they came.
    """

    number: int
    at_s: float
    stay_s: float
    tabs: int = 1
    economy: bool = False
    silent: bool = False
    drop_after_s: float | None = None
    patience_s: float | None = None
    dropped_s: float = 0.0


class Order(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """The root of what a coordinator says."""


class Begin(Order, frozen=True, kw_only=True):
    """Check the consent of `origin` for `run`, read the event's page, answer `Ready` or `Failed`.

    `page`: path of the event's page. `token`: what lets rehearsal listeners have tickets.
    `sources`: loopback addresses to connect from, or none. `share`: this generator drives each
    person whose `number % share[1] == share[0]`. `seed` makes the listeners' chances.
    """

    run: str
    origin: str
    page: str
    token: str
    share: tuple[int, int]
    seed: int
    sources: tuple[str, ...] = ()


class ClockAsked(Order, frozen=True, kw_only=True):
    """Answer with `ClockTold`. `at`: the coordinator's clock, given back."""

    at: float


class Zero(Order, frozen=True, kw_only=True):
    """Second zero of the run is at `at` of the generator's own monotonic clock."""

    at: float


class Come(Order, frozen=True, kw_only=True):
    """These come (all of them, whichever are yours); may be sent again and again."""

    people: tuple[Person, ...]


class DropAll(Order, frozen=True, kw_only=True):
    """A reconnect storm: every connection is closed at once; listeners act by their own law."""


class Leave(Order, frozen=True, kw_only=True):
    """So many of those who are here leave now, with a goodbye, spread over `over_s`."""

    people: int
    over_s: float = 1.0


class End(Order, frozen=True, kw_only=True):
    """All leave at once; the generator says `Ended` and goes."""


AnyOrder: TypeAlias = Begin | ClockAsked | Zero | Come | DropAll | Leave | End


class Told(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """The root of what a generator says."""


class Hello(Told, frozen=True, kw_only=True):
    """The first word. `key`: this run's public key of the generator (hex); `files`: its limit."""

    key: str
    name: str
    files: int
    cores: int
    machine: str


class ClockTold(Told, frozen=True, kw_only=True):
    """`at` as it was asked, and the generator's monotonic clock."""

    at: float
    mine: float


class Ready(Told, frozen=True, kw_only=True):
    """The consent holds. `consent`: its digest (SHA-256, hex)."""

    consent: str


class Failed(Told, frozen=True, kw_only=True):
    """The generator stops or did not begin. `code` is stable, `message` says what to do."""

    code: str
    message: str


class Histogram(msgspec.Struct, kw_only=True):
    """Counts by bucket: b holds [1.1^b, 1.1^(b+1)) milliseconds; bucket -1: below 1 ms."""

    buckets: dict[int, int] = {}


class Second(Told, frozen=True, kw_only=True):
    """One second of one generator. Counts are of this second unless they say otherwise.

    `here`: people who came and did not leave, now; `waiting`: those without a pass, now;
    `playing`: those whose sound is on or was (joined), now; `stalled`: of these, silent for want
    of media, now. `heard_s`, `silent_s`: listener-seconds of sound and of silence after the first
    sound. `joined`: first sounds; `join`: ms from the intended arrival to it (those let in at once)
    and `admit`: from the intended arrival to the pass. `late`: ms by which arrivals and requests
    began behind their intended moment: the generator's own fault.
    """

    at_s: float
    here: int = 0
    waiting: int = 0
    playing: int = 0
    stalled: int = 0
    came: int = 0
    left: int = 0
    joined: int = 0
    stalls: int = 0  # that began
    heard_s: float = 0.0
    silent_s: float = 0.0
    behind_s: float = 0.0  # mean seconds behind the voice of those who play; 0 where unknown
    gave_up: int = 0
    join: Histogram = msgspec.field(default_factory=Histogram)
    admit: Histogram = msgspec.field(default_factory=Histogram)
    answers: Histogram = msgspec.field(default_factory=Histogram)  # request to last byte, not held
    requests: dict[str, int] = {}  # by intent
    failures: dict[str, int] = {}  # by code: status_503, refused, reset, timeout, …
    body_bytes: int = 0
    rungs: dict[int, int] = {}  # playing, by rung, now
    # the generator itself
    cpu_fraction: float = 0.0
    loop_lag_ms: float = 0.0  # the most of this second
    late: Histogram = msgspec.field(default_factory=Histogram)
    sockets: int = 0
    no_socket: int = 0  # connections that this machine itself could not open (ports, files)


class Walked(Told, frozen=True, kw_only=True):
    """How some of its listeners asked (shield/path_model.py)."""

    walks: Annotated[tuple[Walk, ...], Meta(max_length=WALKS_MOST)] = ()


class Ended(Told, frozen=True, kw_only=True):
    """The last word. `why`: "told", "withdrawn", "deadline", "signal", or a code."""

    why: str
    listeners: int  # people it drove in all


AnyTold: TypeAlias = Hello | ClockTold | Ready | Failed | Second | Walked | Ended
