"""What this machine allows a crowd to be: files, ports, processes, each said with its remedy."""

from __future__ import annotations

SPARE_FILES = 200  # of a process: what it has open beside its listeners
PORTS_USED = 0.7  # the kernel's search for a free port gets slow beyond
PROCESSES_MOST = 64


def listeners_each(files_each: int) -> int:
    """How many listeners one process can drive."""
    return max(0, files_each - SPARE_FILES)


def ports_of(sources: int, port_range: tuple[int, int]) -> int:
    """Connections to one address that `sources` own addresses can open (0: one address)."""
    return int(max(1, sources) * (port_range[1] - port_range[0] + 1) * PORTS_USED)


def sources_for(listeners: int, port_range: tuple[int, int]) -> int:
    """How many source addresses so many connections to one address need."""
    return max(1, -(-listeners // max(1, ports_of(1, port_range))))


def check(
    listeners: int, files_each: int, processes: int, sources: int, port_range: tuple[int, int]
) -> list[str]:
    """Which limits `listeners` (connections, all tabs counted) pass; none: it can be tried.

    `files_each`: open files a process may have. `processes`: generators, all together. `sources`:
    addresses that they connect from. `port_range`: first and last port the kernel gives out.
    """
    problems = []
    each = listeners_each(files_each)
    if listeners > each * processes:
        enough = -(-listeners // each) if each else 0
        more = (
            f"start {enough} (--processes {enough}), or"
            if 0 < enough <= PROCESSES_MOST
            else "start generators on more machines (--worker), or"
        )
        problems.append(
            f"{listeners:,} listeners need {listeners:,} open files and some more; {processes} "
            f"generator{'s' if processes != 1 else ''} may open {files_each:,} each, which is "
            f"enough for {each * processes:,}: {more} raise the limit (ulimit -n, "
            "LimitNOFILE= of a systemd unit)."
        )
    ports = ports_of(sources, port_range)
    if listeners > ports:
        first, last = port_range
        problems.append(
            f"{listeners:,} connections to one address need as many ports; {max(1, sources)} "
            f"source address{'es' if sources > 1 else ''} with ports {first} to {last} give "
            f"{ports:,}: connect from {sources_for(listeners, port_range)} addresses (127.0.0.x "
            "here; on other machines several --worker), or widen "
            "net.ipv4.ip_local_port_range (sysctl)."
        )
    return problems
