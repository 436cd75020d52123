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
import signal
import socket
import ssl
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from pathlib import Path
from typing import Any

import msgspec

from rostra.agenda.links import Addresses
from rostra.control import keys_io, tls_io
from rostra.control.bus_io import Publisher, subscribe
from rostra.ground.facts import (
    AudienceCounted,
    DoorMoved,
    DoorSet,
    EdgeTallied,
    EventChanged,
    HostAsked,
    MediaSealed,
    PackagerTallied,
    PlaylistRendered,
    PlaylistsOffered,
    ProcessesSeen,
    ProgrammeMixed,
    RecordingFinished,
    ReplayPromised,
    ReplaySealed,
    SeatsChanged,
    StageTallied,
)
from rostra.ground.settings import Settings
from rostra.supervision.supervisor_io import Supervisor, end_orphans

log = logging.getLogger(__name__)
_CATCH_UP_S = 3.0  # of the others' start; a house opens in about two

# Who hears which facts from whom.
CONTROL_HEARS: dict[str, list[type]] = {
    "stage": [SeatsChanged, HostAsked, StageTallied, RecordingFinished],
    "packager": [ReplaySealed, PackagerTallied],
    "edge": [EdgeTallied],
    "supervisor": [ProcessesSeen],
}
STAGE_HEARS: dict[str, list[type]] = {"control": [EventChanged, AudienceCounted]}
PACKAGER_HEARS: dict[str, list[type]] = {"control": [EventChanged], "stage": [ProgrammeMixed]}
EDGE_HEARS: dict[str, list[type]] = {
    "control": [EventChanged, AudienceCounted, DoorSet, DoorMoved, ReplayPromised],
    "stage": [SeatsChanged],
    "packager": [MediaSealed, PlaylistRendered, PlaylistsOffered, ReplaySealed],
}


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


class Corner:
    """What every process has: its side of the bus, TLS, a way to end."""

    def __init__(self, name: str, settings: Settings) -> None:
        self.name = name
        self.settings = settings
        self.data = Path(settings.text("serve.data")).resolve()
        self.bus = Publisher(self.data / "run" / f"{name}.sock")
        self.ended = asyncio.Event()
        self._catching_up: list[asyncio.Event] = []
        self._tasks: list[asyncio.Future[Any]] = []
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self.ended.set)

    def go(self, work: Awaitable[Any]) -> None:
        """Run `work` beside; if it fails, the process ends and the supervisor starts it again."""
        task = asyncio.ensure_future(work)
        task.add_done_callback(self._done)
        self._tasks.append(task)

    def _done(self, task: asyncio.Future[Any]) -> None:
        if not task.cancelled() and (error := task.exception()) is not None:
            log.critical("%s cannot go on", self.name, exc_info=error)
            self.ended.set()

    def hear(
        self, hears: dict[str, list[type]], handle: Callable[[Any], None], edges: int = 0
    ) -> None:
        """Subscribe to other processes."""
        for source, kinds in hears.items():
            names = [f"edge-{i}" for i in range(edges)] if source == "edge" else [source]
            for name in names:
                caught_up = asyncio.Event()
                self._catching_up.append(caught_up)
                path = self.data / "run" / f"{name}.sock"
                self.go(subscribe(path, kinds, handle, caught_up.set))

    async def until_caught_up(self) -> None:
        """Until all that others keep was heard; those who are dead are not waited for."""
        waits = [caught_up.wait() for caught_up in self._catching_up]
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(asyncio.gather(*waits), _CATCH_UP_S)

    def tls(self) -> ssl.SSLContext | None:
        """The TLS context of all ports, kept fresh; None without TLS."""
        if not self.settings.text("serve.tls_cert"):
            return None
        cert = Path(self.settings.text("serve.tls_cert"))
        key = Path(self.settings.text("serve.tls_key"))
        context = tls_io.make_context(cert, key)
        self.go(tls_io.watch(context, cert, key))
        return context

    async def serve_app(self, app: Any, host: str, port: int) -> None:
        """Serve `app` beside. No access log: no address and no token is ever written."""
        import uvicorn

        config = uvicorn.Config(
            app, log_level="warning", access_log=False, lifespan="off", timeout_graceful_shutdown=2
        )
        config.load()
        config.ssl = self.tls()
        if config.ssl is not None:
            config.ssl_certfile = self.settings.text("serve.tls_cert")
        server = uvicorn.Server(config)
        # Signals belong to the corner.
        server.capture_signals = contextlib.nullcontext  # type: ignore[method-assign,assignment]
        self.go(server.serve(sockets=[_listening(host, port)]))

    async def repeat(self, work: Callable[[], None], every_s: float = 1.0) -> None:
        """Call `work` each second, or as often as said."""
        while True:
            await asyncio.sleep(every_s)
            work()

    async def close(self) -> None:
        """End what runs beside."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.bus.close()


def _listening(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_STREAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        sock.bind((host, port))
        sock.listen(1024)
    except OSError as error:
        sock.close()
        raise HouseTrouble(f"{host}:{port} cannot be used: {error.strerror}") from error
    sock.setblocking(False)
    return sock


@contextlib.asynccontextmanager
async def _corner(name: str, settings: Settings) -> AsyncIterator[Corner]:
    corner = Corner(name, settings)
    await corner.bus.start()
    try:
        yield corner
    finally:
        await corner.close()


def _go_first(nice: int) -> None:
    """Let the voice's own processes run before the crowd's, where the system allows it."""
    with contextlib.suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, 0, nice)


async def run_control(settings: Settings) -> None:
    """The control process."""
    from rostra.control import api_io
    from rostra.control.control_io import Control
    from rostra.control.storage_io import Storage

    async with _corner("control", settings) as corner:
        control = Control(
            Storage(corner.data),
            keys_io.load_or_create(corner.data, "invitation"),
            addresses(settings),
            corner.bus.publish,
            settings.number("agenda.doors_open_before_min"),
            settings.number("agenda.invitation_days"),
        )
        corner.hear(CONTROL_HEARS, control.handle, edge_count(settings))
        operator_key = keys_io.load_or_create(corner.data, "operator")
        app = api_io.make_app(control, operator_key, corner.data, pages_dir())
        await corner.serve_app(
            app, settings.text("serve.control_host"), settings.number("serve.control_port")
        )
        corner.go(corner.repeat(control.tick, 0.1))
        await corner.ended.wait()


async def run_stage(settings: Settings) -> None:
    """The stage process."""
    from rostra.stage import signalling_io
    from rostra.stage.stage_io import Stage

    _go_first(-10)
    async with _corner("stage", settings) as corner:
        stage = Stage(
            keys_io.load_or_create(corner.data, "invitation"),
            corner.data,
            corner.bus.publish,
            max_seats=settings.number("stage.max_seats"),
            public_ip=settings.text("stage.public_ip") or None,
        )
        corner.hear(STAGE_HEARS, stage.handle)
        await corner.until_caught_up()
        app = signalling_io.make_app(stage, pages_dir(), addresses(settings).public_url)
        await corner.serve_app(
            app, settings.text("serve.stage_host"), settings.number("serve.stage_port")
        )
        corner.go(stage.run())
        await corner.ended.wait()
        await stage.close()


async def run_packager(settings: Settings) -> None:
    """The packager process."""
    from rostra.packaging.packager_io import Packager

    _go_first(-5)
    async with _corner("packager", settings) as corner:
        packager = Packager(corner.data, corner.bus.publish)
        corner.hear(PACKAGER_HEARS, lambda fact: packager.handle(fact, time.monotonic()))
        corner.go(corner.repeat(lambda: packager.tick(time.monotonic()), 0.02))
        await corner.ended.wait()


async def run_edge(settings: Settings, index: int) -> None:
    """One edge process."""
    from rostra.delivery.edge_io import Edge

    name = f"edge-{index}"
    async with _corner(name, settings) as corner:
        edge = Edge(
            name,
            corner.data,
            pages_dir(),
            keys_io.load_or_create(corner.data, "session"),
            public_url=addresses(settings).public_url,
            max_connections=settings.number("edge.max_connections"),
            media_cache_bytes=settings.number("edge.media_cache_mb") * 1024 * 1024,
            admission=settings.text("door.admission"),
        )
        ring_path = keys_io.ring_path(corner.data, "door")
        edge.watch_ring(ring_path, lambda: keys_io.load_ring(corner.data, "door"))
        corner.hear(EDGE_HEARS, edge.handle)
        await corner.until_caught_up()
        await edge.serve(settings.text("serve.host"), settings.number("serve.port"), corner.tls())
        corner.go(corner.repeat(lambda: corner.bus.publish(edge.tally(time.monotonic()))))
        await corner.ended.wait()
        await edge.close()


def run_process(name: str, settings: Settings) -> None:
    """One process of the house, until it is told to end."""
    import uvloop

    logging.basicConfig(
        level=logging.INFO, format=f"%(asctime)s {name}: %(message)s", stream=sys.stderr
    )
    logging.getLogger("aioice").setLevel(logging.WARNING)  # it names peers' addresses
    runs: dict[str, Callable[[], Any]] = {
        "control": lambda: run_control(settings),
        "stage": lambda: run_stage(settings),
        "packager": lambda: run_packager(settings),
    }
    run = runs.get(name) or (lambda: run_edge(settings, int(name.removeprefix("edge-"))))
    try:
        uvloop.run(run())
    except (HouseTrouble, keys_io.KeyTrouble, tls_io.TlsTrouble) as error:
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
    for name in ("operator", "invitation", "session"):
        keys_io.load_or_create(data, name)
    for host, port in (
        ("host", "port"),
        ("control_host", "control_port"),
        ("stage_host", "stage_port"),
    ):
        try:
            _listening(settings.text(f"serve.{host}"), settings.number(f"serve.{port}")).close()
        except HouseTrouble as error:
            raise HouseTrouble(f"{error}; choose another: --{port.replace('_', '-')} N") from error
    return lock, run_dir


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
    python = [sys.executable, "-m", "rostra", "process"]
    commands = {name: [*python, name, str(run_dir / "settings.json")] for name in names}
    async with _corner("supervisor", settings) as corner:
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
