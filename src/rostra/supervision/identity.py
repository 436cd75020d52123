"""Which process is which: an id and its start time, as the supervisor writes them down."""

from __future__ import annotations

import msgspec

FILE = "processes.json"  # in DATA/run


class Identity(msgspec.Struct, frozen=True):
    """A process id and its start time: ids are used again, the pair is not."""

    name: str
    pid: int
    started: str


def read_identities(raw: bytes) -> tuple[Identity, ...]:
    """The processes of `processes.json`; none where it is damaged."""
    try:
        return msgspec.json.decode(raw, type=tuple[Identity, ...])
    except msgspec.DecodeError:
        return ()


def started(stat: str) -> str:
    """When the process of this `/proc/PID/stat` started, in ticks since boot (proc(5), field 22);
    empty for one that has ended and is only not yet waited for.
    """
    # The name stands in brackets and may hold anything, so the fields are counted after it.
    fields = stat.rsplit(")", 1)[1].split()
    return "" if fields[0] == "Z" else fields[19]
