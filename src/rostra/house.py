"""The house: builds each process's rooms from the settings and carries facts between them.

Each process imports its own rooms only, when it starts: an edge that was killed is back before a
listener's buffer is empty, and holds no encoder in memory.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import logging
import os
import resource
import socket
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import msgspec

from rostra.agenda.links import Addresses
from rostra.control import keys_io, tls_io
from rostra.control.corner_io import PortTrouble, corner_of, listening_socket
from rostra.control.rehearsals_io import record_path
from rostra.ground.facts import AnyFact, Event
from rostra.ground.hearing import CONTROL_HEARS, EDGE_HEARS, PACKAGER_HEARS, STAGE_HEARS
from rostra.ground.settings import Settings
from rostra.supervision.supervisor_io import Supervisor, end_orphans

log = logging.getLogger(__name__)

COST_US = 200.0  # of one request, where it cannot be measured: careful, many times the usual
REPLAY_MAKER = "replay-maker"  # a process that control starts, not the supervisor


class HouseTrouble(Exception):
    """The house cannot open, with what to do about it."""


def pages_dir() -> Path | None:
    """The built pages inside the package, if they were built."""
    folder = Path(__file__).parent / "pages"
    return folder if (folder / "event.html").exists() else None


def edge_count(settings: Settings) -> int:
    """Edges to run: as set, or one for each core."""
    return settings.number("serve.edges") or os.cpu_count() or 1


def addresses(settings: Settings) -> Addresses:
    """Where people go, from the settings."""
    scheme = "https" if settings.text("serve.tls_cert") else "http"

    def address(setting: str, port: str) -> str:
        given = settings.text(setting).rstrip("/")
        return given or f"{scheme}://localhost:{settings.number(port)}"

    return Addresses(
        public_url=address("serve.public_url", "serve.port"),
        control_url=address("serve.control_url", "serve.control_port"),
        stage_url=address("serve.stage_url", "serve.stage_port"),
    )


def _origins(settings: Settings) -> tuple[str, ...]:
    """Where a rehearsal may ask: on this machine first, then as listeners do."""
    scheme = "https" if settings.text("serve.tls_cert") else "http"
    port = settings.number("serve.port")
    here = [f"{scheme}://{host}:{port}" for host in ("127.0.0.1", "localhost")]
    return tuple(dict.fromkeys((*here, addresses(settings).public_url)))


def _go_first(nice: int) -> None:
    """Let the voice's own processes run before the crowd's, where the system allows it."""
    with contextlib.suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, 0, nice)


def _connections(settings: Settings) -> int:
    """Connections that all edges together may hold."""
    most, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    each = settings.number("edge.max_connections")
    if most != resource.RLIM_INFINITY:
        each = min(each, most)
    return each * edge_count(settings)


def _definitions() -> bytes:
    """The page that says what the audience's numbers mean, where the pages were built."""
    folder = pages_dir()
    page = folder / "count.html" if folder else None
    return page.read_bytes() if page and page.exists() else b""


async def run_control(settings: Settings) -> None:
    """The control process."""
    from rostra.admission.capacity import defaults
    from rostra.admission.capacity_io import measure_cost_us
    from rostra.control import api_io
    from rostra.control.control_io import Control, ControlSettings
    from rostra.control.doors_io import DoorSettings
    from rostra.control.promise_io import Promise
    from rostra.control.shieldkeeper_io import ShieldSettings
    from rostra.control.storage_io import Storage
    from rostra.evidence.keeper_io import Keeper
    from rostra.rehearsal import fingerprint_io
    from rostra.shield.nft_io import kernel_of
    from rostra.shield.paths_io import Paths
    from rostra.shield.policy import PolicySettings

    async with corner_of("control", settings) as corner:
        kernel = kernel_of(settings, corner.data)
        await kernel.start()
        try:
            cost_us = await asyncio.to_thread(measure_cost_us)
        except OSError as error:
            log.error("capacity was not measured, %.0f µs a request is assumed: %s", COST_US, error)
            cost_us = COST_US
        edges = tuple(f"edge-{i}" for i in range(edge_count(settings)))
        as_it_is = await asyncio.to_thread(fingerprint_io.house, settings, len(edges))
        signing = keys_io.load_or_create(corner.data, "signing")
        keeper = Keeper(
            corner.data,
            signing,
            corner.bus.publish,
            lambda event, now_ms: promise.sealed(event, now_ms),
            lambda event_id: promise.standing(event_id),
        )

        def tell(fact: AnyFact) -> None:
            corner.bus.publish(fact)
            keeper.handle(fact)

        def hear(fact: AnyFact) -> None:
            keeper.handle(fact)
            control.handle(fact)

        control = Control(
            Storage(corner.data),
            corner.data,
            keys_io.load_or_create(corner.data, "invitation"),
            addresses(settings),
            tell,
            ControlSettings(
                doors_open_before_min=settings.number("agenda.doors_open_before_min"),
                invitation_days=settings.number("agenda.invitation_days"),
                replay_within_min=settings.number("agenda.replay_within_min"),
                replay_maker=_process_command(corner.data / "run", REPLAY_MAKER),
                house=as_it_is,
                origins=_origins(settings),
                door=DoorSettings(
                    capacity=defaults(cost_us, os.cpu_count() or 1, _connections(settings)),
                    cap=settings.number("door.cap"),
                    pace=settings.number("door.pace"),
                    edges=edges,
                ),
                shield=ShieldSettings(
                    policy=PolicySettings(
                        mode=settings.text("shield.mode"),
                        dry_run=settings.text("shield.dry_run") == "on",
                        challenge=settings.text("shield.challenge") == "auto",
                        kernel=True,
                    ),
                    kernel=kernel,
                    paths=Paths(corner.data),
                ),
            ),
        )
        promise = Promise(corner.data, as_it_is, signing, control.doors, _definitions())
        control.noted = keeper.acted
        control.resume()
        corner.hear(CONTROL_HEARS, hear, len(edges))
        corner.go(keeper.run())
        operator_key = keys_io.load_or_create(corner.data, "operator")
        app = api_io.make_app(control, operator_key, corner.data, pages_dir())
        await corner.serve_app(
            app, settings.text("serve.control_host"), settings.number("serve.control_port")
        )
        corner.go(corner.repeat(control.tick, 0.1))
        await corner.until_ended()
        await control.close()
        await keeper.close()
        await kernel.close()


def capacity_said(settings: Settings) -> str:
    """What the house goes by, in words: its newest certificate, or why that does not hold."""
    from rostra.control import certificates_io
    from rostra.rehearsal import fingerprint_io

    data = Path(settings.text("serve.data")).resolve()
    house = fingerprint_io.house(settings, edge_count(settings))
    key = keys_io.load_or_create(data, "signing")
    return certificates_io.said(certificates_io.standing(data, house, key))


def run_replay_maker(settings: Settings) -> int:
    """Make the replay of the event on standard input from its recording; the exit code."""
    from rostra.control.replay_io import NOTHING_RECORDED
    from rostra.packaging.replay_maker_io import NothingRecorded, make_gently

    event = msgspec.json.decode(sys.stdin.buffer.read(), type=Event)
    try:
        make_gently(event, Path(settings.text("serve.data")).resolve())
    except NothingRecorded as error:
        log.error("%s", error)
        return NOTHING_RECORDED
    return 0


async def run_stage(settings: Settings) -> None:
    """The stage process."""
    from rostra.shield.proxied_io import introduced
    from rostra.shield.proxies import read_proxies
    from rostra.stage.port_io import StagePort
    from rostra.stage.signalling_io import make_app
    from rostra.stage.stage_io import Stage

    _go_first(-10)
    async with corner_of("stage", settings) as corner:
        stage = Stage(
            keys_io.load_or_create(corner.data, "invitation"),
            corner.data,
            corner.bus.publish,
            max_seats=settings.number("stage.max_seats"),
            public_ip=settings.text("stage.public_ip") or None,
        )
        corner.hear(STAGE_HEARS, stage.handle)
        await corner.until_caught_up()
        port = StagePort(
            make_app(stage, pages_dir(), addresses(settings).public_url),
            stage.holds,
            stage.strangers,
            proxies=read_proxies(settings.text("serve.proxies")),
            introduced=introduced,
        )
        host, number = settings.text("serve.stage_host"), settings.number("serve.stage_port")
        corner.go(port.serve(listening_socket(host, number), corner.tls()))
        corner.go(stage.run())
        await corner.until_ended()
        await stage.close()


async def run_packager(settings: Settings) -> None:
    """The packager process."""
    from rostra.packaging.packager_io import Packager

    _go_first(-5)
    async with corner_of("packager", settings) as corner:
        packager = Packager(corner.data, corner.bus.publish)
        corner.hear(PACKAGER_HEARS, lambda fact: packager.handle(fact, time.monotonic()))
        corner.go(corner.repeat(lambda: packager.tick(time.monotonic()), 0.02))
        await corner.until_ended()


async def run_edge(settings: Settings, index: int) -> None:
    """One edge process."""
    from rostra.delivery.edge_io import Edge
    from rostra.shield.paths_io import Paths
    from rostra.shield.proxied_io import introduced
    from rostra.shield.proxies import read_proxies

    name = f"edge-{index}"
    async with corner_of(name, settings) as corner:
        edge = Edge(
            name,
            corner.data,
            pages_dir(),
            keys_io.load_or_create(corner.data, "session"),
            public_url=addresses(settings).public_url,
            max_connections=settings.number("edge.max_connections"),
            media_cache_bytes=settings.number("edge.media_cache_mb") * 1024 * 1024,
            admission=settings.text("door.admission"),
            proxies=read_proxies(settings.text("serve.proxies")),
        )
        ring_path = keys_io.ring_path(corner.data, "door")
        edge.watch_ring(ring_path, lambda: keys_io.load_ring(corner.data, "door"))
        edge.watch_path(Paths(corner.data).changed)
        corner.hear(EDGE_HEARS, edge.handle)
        await corner.until_caught_up()
        host, port = settings.text("serve.host"), settings.number("serve.port")
        await edge.serve(host, port, corner.tls(), introduced)
        corner.go(corner.repeat(lambda: corner.bus.publish(edge.tally(time.monotonic()))))
        await corner.until_ended()
        await edge.close()


def run_process(name: str, settings: Settings) -> None:
    """One process of the house, until it is told to end."""
    import uvloop

    logging.basicConfig(
        level=logging.INFO, format=f"%(asctime)s {name}: %(message)s", stream=sys.stderr
    )
    logging.getLogger("aioice").setLevel(logging.WARNING)  # it names peers' addresses
    if name == REPLAY_MAKER:
        sys.exit(run_replay_maker(settings))
    runs: dict[str, Callable[[], Any]] = {
        "control": lambda: run_control(settings),
        "stage": lambda: run_stage(settings),
        "packager": lambda: run_packager(settings),
    }
    run = runs.get(name) or (lambda: run_edge(settings, int(name.removeprefix("edge-"))))
    try:
        uvloop.run(run())
    except (HouseTrouble, PortTrouble, keys_io.KeyTrouble, tls_io.TlsTrouble) as error:
        log.critical("%s", error)
        sys.exit(3)


class Opened(msgspec.Struct, frozen=True):
    """A house that is open: what the command line needs to find it."""

    pid: int
    control_url: str  # on this machine, whatever the public one is
    addresses: Addresses


def _prepare(settings: Settings) -> tuple[int, Path]:
    """Take the data folder for ourselves and check what can be: the lock's descriptor, `run/`."""
    data = Path(settings.text("serve.data")).resolve()
    run_dir = data / "run"
    run_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    if len(str(run_dir / "supervisor.sock")) > 100:
        raise HouseTrouble(f"the path {run_dir} is too long for a unix socket (100)")
    lock = os.open(run_dir / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        raise HouseTrouble(f"another `rostra serve` uses {data}") from error
    if ended := end_orphans(run_dir):
        log.warning("%d processes of a supervisor that was killed were ended", ended)
    if settings.text("serve.tls_cert"):
        tls_io.make_context(
            Path(settings.text("serve.tls_cert")), Path(settings.text("serve.tls_key"))
        )
    # Nobody can tell a listener of tonight from one of last night: that key lives for one run.
    (data / "keys" / "session.key").unlink(missing_ok=True)
    record_path(data).unlink(missing_ok=True)  # a rehearsal ends with the house that it was for
    for name in ("operator", "invitation", "session"):
        keys_io.load_or_create(data, name)
    keys_io.load_ring(data, "door")
    for host, port in (
        ("host", "port"),
        ("control_host", "control_port"),
        ("stage_host", "stage_port"),
    ):
        try:
            listening_socket(
                settings.text(f"serve.{host}"), settings.number(f"serve.{port}")
            ).close()
        except PortTrouble as error:
            raise HouseTrouble(f"{error}; choose another: --{port.replace('_', '-')} N") from error
    return lock, run_dir


def _process_command(run_dir: Path, name: str) -> tuple[str, ...]:
    return (sys.executable, "-m", "rostra", "process", name, str(run_dir / "settings.json"))


async def _until_open(settings: Settings, names: Iterable[str]) -> None:
    ports = [settings.number(f"serve.{p}") for p in ("port", "control_port", "stage_port")]
    deadline = time.monotonic() + 60
    run_dir = Path(settings.text("serve.data")) / "run"
    while time.monotonic() < deadline:
        await asyncio.sleep(0.05)
        if all((run_dir / f"{name}.sock").exists() for name in names) and all(
            _answers(port) for port in ports
        ):
            return
    raise HouseTrouble("the processes did not come up within a minute; their messages are above")


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(0.2)
        return probe.connect_ex(("127.0.0.1", port)) == 0


async def serve(settings: Settings, opened: Callable[[Opened], None]) -> None:
    """Open the house: start all processes, call `opened` once all answer, run until a signal."""
    lock, run_dir = _prepare(settings)
    (run_dir / "settings.json").write_bytes(msgspec.json.encode(settings))
    names = ["control", "stage", "packager", *(f"edge-{i}" for i in range(edge_count(settings)))]
    for stale in run_dir.glob("*.sock"):
        stale.unlink()
    commands = {name: list(_process_command(run_dir, name)) for name in names}
    async with corner_of("supervisor", settings) as corner:
        supervisor = Supervisor(commands, run_dir, corner.bus.publish)
        await supervisor.start()
        try:
            waiting = asyncio.ensure_future(_until_open(settings, names))
            ended = asyncio.ensure_future(corner.ended.wait())
            await asyncio.wait({waiting, ended}, return_when=asyncio.FIRST_COMPLETED)
            if not corner.ended.is_set():
                waiting.result()
                scheme = "https" if settings.text("serve.tls_cert") else "http"
                house = Opened(
                    os.getpid(),
                    f"{scheme}://127.0.0.1:{settings.number('serve.control_port')}",
                    addresses(settings),
                )
                (run_dir / "serve.json").write_bytes(msgspec.json.encode(house))
                opened(house)
            await ended
        finally:
            await supervisor.stop()
            with contextlib.suppress(FileNotFoundError):
                (run_dir / "serve.json").unlink()
            os.close(lock)
