"""A rehearsal is consented to, plays on its own event, and leaves nothing but what it found."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest

from rostra.agenda.life import Act
from rostra.agenda.links import Addresses
from rostra.control import metrics_io, rehearsals_io
from rostra.control.api_io import make_app
from rostra.control.control_io import Control, ControlSettings, now_ms
from rostra.control.dashboard import Health
from rostra.control.doors_io import DoorSettings
from rostra.control.shieldkeeper_io import ShieldSettings
from rostra.control.storage_io import Storage
from rostra.ground.facts import (
    AnyFact,
    DoorMoved,
    EdgeTallied,
    EventChanged,
    Phase,
    RehearsalSet,
    ReplayPromised,
    StageTallied,
)
from rostra.rehearsal import certificate
from rostra.rehearsal.consent import Consent, read_consent, refusal_for, refusal_for_attack
from rostra.rehearsal.findings import Findings, Generator, House, Interval, RungFound

KEY = bytes(range(32))
MINE = "ab" * 32
HOUSE = House(
    build="b", settings="s", machine="m", version="1", settings_said={}, machine_said={}, edges=2
)
WISH: dict[str, Any] = {"generators": [MINE], "listeners": 500, "requests_s": 3000, "minutes": 5}
MINUTE_MS = 60_000


@dataclasses.dataclass
class Place:
    """A control with its API, and what it told."""

    folder: Path
    control: Control
    client: httpx.AsyncClient
    told: list[AnyFact]

    async def ask(self, method: str, path: str, body: Any = None) -> Any:
        answer = await self.client.request(method, path, json=body)
        assert answer.is_success, answer.text
        return answer.json()

    async def code(self, method: str, path: str, body: Any = None) -> str:
        answer = await self.client.request(method, path, json=body)
        assert answer.is_error, answer.text
        return str(answer.json()["error"]["code"])

    def consents(self) -> list[bytes]:
        return [fact.consent for fact in self.told if isinstance(fact, RehearsalSet)]

    def pass_time(self, monkeypatch: pytest.MonkeyPatch, seconds: float) -> None:
        began, wall_ns = time.monotonic(), time.time_ns()
        monkeypatch.setattr(time, "monotonic", lambda: began + seconds)
        monkeypatch.setattr(time, "time_ns", lambda: wall_ns + int(seconds * 1e9))
        self.control.tick()


class Pupil:
    """What the shield was taught."""

    def __init__(self) -> None:
        self.taught: list[tuple[tuple[str, ...], str]] = []
        self.fails: Exception | None = None

    def says(self) -> str:
        return "as it came"

    def teach(self, walks: Sequence[str], learnt_from: str) -> None:
        if self.fails is not None:
            raise self.fails
        self.taught.append((tuple(walks), learnt_from))


def open_place(
    folder: Path, house: House = HOUSE, shield: ShieldSettings | None = None, **door: Any
) -> Place:
    told: list[AnyFact] = []
    control = Control(
        Storage(folder),
        folder,
        bytes(32),
        Addresses("http://p", "http://c", "http://s"),
        told.append,
        ControlSettings(
            house=house,
            origins=("http://127.0.0.1:1", "http://p"),
            door=DoorSettings(**door),
            shield=shield or ShieldSettings(),
        ),
    )
    control.resume()
    client = httpx.AsyncClient(
        transport=httpx.ASGITransport(make_app(control, KEY, folder, None)),
        base_url="http://c",
        headers={"Authorization": f"Bearer {KEY.hex()}"},
    )
    return Place(folder, control, client, told)


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return open_place(tmp_path)


def findings(run: str, *, key: str = MINE, **fields: Any) -> Any:
    us = Interval(20.0, 19.0, 21.0)
    generator = Generator(
        name="g", key=key, machine="", cpu_most=0.1, late_most_ms=1.0, same_machine=True
    )
    found = Findings(
        run=run,
        started="2026-11-24T00:00:00Z",
        ended="2026-11-24T00:09:00Z",
        program="growing crowds",
        generators=(generator,),
        steps=(),
        rungs=tuple(
            RungFound(
                rung=rung, carried=700, knee=900, allowed=630, basis="knee", cpu_us=us,
                body_bytes=1.0,
            )
            for rung in range(4)
        ),
        joins_s=Interval(80.0, 70.0, 90.0),
    )  # fmt: skip
    return msgspec.to_builtins(msgspec.structs.replace(found, **fields))


async def test_the_consent_names_who_where_how_much_and_until_when(place: Place) -> None:
    allowed = await place.ask("POST", "/api/rehearsals", WISH)
    read = read_consent(place.consents()[-1])
    assert isinstance(read, tuple)
    consent, _ = read
    assert msgspec.convert(allowed["consent"], Consent) == consent
    assert (consent.run, consent.event_id) == (allowed["run"], allowed["event_id"])
    assert (consent.listeners, consent.requests_s, consent.faults) == (500, 3000, False)
    assert consent.origins == ("http://127.0.0.1:1", "http://p")
    assert refusal_for(consent, consent.run, MINE, "http://p", time.time()) is None
    assert consent.until_s - consent.not_before_s == 300
    assert allowed["page"] == f"/e/{consent.event_id}"
    assert allowed["speaker_link"].startswith(f"http://s/s/{consent.event_id}#")


async def test_attacks_are_consented_to_only_when_they_are_asked_for(place: Place) -> None:
    bounds = {"attack_requests_s": 900, "attack_connections": 80, "attack_sources": 70}
    plain = await place.ask("POST", "/api/rehearsals", WISH | bounds)
    assert not plain["consent"]["attacks"]
    assert all(plain["consent"][name] == 0 for name in bounds)
    assert refusal_for_attack(msgspec.convert(plain["consent"], Consent), "http://127.0.0.1:1")
    await place.ask("POST", f"/api/rehearsals/{plain['run']}/withdraw")
    allowed = await place.ask("POST", "/api/rehearsals", WISH | bounds | {"attacks": True})
    assert allowed["consent"]["attacks"]
    assert {name: allowed["consent"][name] for name in bounds} == bounds
    consent = msgspec.convert(allowed["consent"], Consent)
    assert refusal_for_attack(consent, "http://127.0.0.1:1") is None
    assert refusal_for_attack(consent, "http://p") is not None
    assert consent.attack_stage == "", "the stage here is another machine"


async def test_attacks_on_another_machine_are_not_consented_to(place: Place) -> None:
    wish = WISH | {"attacks": True, "origins": ["https://live.example.org"]}
    assert await place.code("POST", "/api/rehearsals", wish) == "attack_elsewhere"
    assert place.consents() == [] and place.control.events == {}


async def test_a_consent_stands_on_one_line_as_the_edges_answer_it(place: Place) -> None:
    await place.ask("POST", "/api/rehearsals", WISH)
    assert b"\n" not in place.consents()[-1]


@pytest.mark.parametrize(
    "wrong",
    [
        {"minutes": 61},
        {"minutes": 0},
        {"listeners": 0},
        {"requests_s": -1},
        {"generators": []},
        {"generators": ["not hex"]},
        {"origins": ["ftp://x"]},
        {"origins": ["http://x/path"]},
        {"surprise": 1},
    ],
)
async def test_a_wrong_request_is_refused_and_nothing_is_consented_to(
    place: Place, wrong: dict[str, Any]
) -> None:
    assert await place.code("POST", "/api/rehearsals", WISH | wrong) == "bad_request"
    assert place.consents() == []
    assert place.control.events == {}


async def test_only_an_operator_may_ask(place: Place) -> None:
    place.client.headers["Authorization"] = "Bearer wrong"
    for method, path in (
        ("POST", "/api/rehearsals"),
        ("GET", "/api/rehearsals/x"),
        ("POST", "/api/rehearsals/x/withdraw"),
        ("POST", "/api/rehearsals/x/progress"),
        ("POST", "/api/rehearsals/x/walks"),
        ("POST", "/api/rehearsals/x/certificate"),
        ("GET", "/api/certificate"),
    ):
        assert await place.code(method, path, WISH) == "not_operator"


async def test_its_event_is_on_no_list_and_in_no_count(place: Place) -> None:
    real = place.control.create(title="Tonight", start_ms=now_ms() + 600 * MINUTE_MS)
    allowed = await place.ask("POST", "/api/rehearsals", WISH)
    place.control.tick()
    listed = await place.ask("GET", "/api/events")
    status = await place.ask("GET", "/api/status")
    assert [event["id"] for event in listed] == [real.event_id]
    assert [event["id"] for event in status["events"]] == [real.event_id]
    assert status["rehearsal"]["event_id"] == allowed["event_id"]
    text = metrics_io.render(place.control).decode()
    assert real.event_id in text
    assert allowed["event_id"] not in text
    promised = [fact.event_id for fact in place.told if isinstance(fact, ReplayPromised)]
    assert promised == [real.event_id]
    assert place.control.acts(allowed["event_id"]) == []


async def test_its_doors_open_when_the_conductor_says(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    allowed = await place.ask("POST", "/api/rehearsals", WISH)
    page = f"/api/events/{allowed['event_id']}"
    place.pass_time(monkeypatch, 2)
    assert (await place.ask("GET", page))["phase"] == "scheduled"
    assert (await place.ask("POST", f"{page}/open-doors"))["phase"] == "doors_open"
    assert (await place.ask("POST", f"{page}/go-live"))["phase"] == "live"


@pytest.mark.parametrize("minutes", [1, 19])
async def test_none_begins_so_shortly_before_a_real_event(place: Place, minutes: int) -> None:
    place.control.create(title="Soon", start_ms=now_ms() + minutes * MINUTE_MS)
    assert await place.code("POST", "/api/rehearsals", WISH) == "event_near"


async def test_none_begins_while_a_real_event_is_on(place: Place) -> None:
    event = place.control.create(title="Far", start_ms=now_ms() + 900 * MINUTE_MS)
    place.control.act(event.event_id, Act.GO_LIVE)
    assert await place.code("POST", "/api/rehearsals", WISH) == "event_near"
    place.control.act(event.event_id, Act.END)
    await place.ask("POST", "/api/rehearsals", WISH)


async def test_one_at_a_time(place: Place) -> None:
    first = await place.ask("POST", "/api/rehearsals", WISH)
    assert await place.code("POST", "/api/rehearsals", WISH) == "rehearsal_runs"
    await place.ask("POST", f"/api/rehearsals/{first['run']}/withdraw")
    second = await place.ask("POST", "/api/rehearsals", WISH)
    assert second["run"] != first["run"]
    assert await place.code("GET", f"/api/rehearsals/{first['run']}") == "no_such_rehearsal"


def over(place: Place, event_id: str) -> None:
    """Nothing is left of it, and everyone was told."""
    assert event_id not in place.control.events
    assert place.consents()[-1] == b""
    last = [f.event for f in place.told if isinstance(f, EventChanged)][-1]
    assert (last.event_id, last.phase) == (event_id, Phase.CANCELLED)
    storage = Storage(place.folder)
    assert [e.event_id for e in storage.load_all() if e.event_id == event_id] == []
    assert event_id not in storage.load_doors()


async def test_withdrawn_nothing_is_left_of_it(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    allowed = await place.ask("POST", "/api/rehearsals", WISH)
    folder = place.folder / "events" / allowed["event_id"]
    (folder / "media").mkdir()
    (folder / "media" / "1.m4s").write_bytes(b"x")
    place.control.tick()
    for _ in range(2):  # again is no fault
        await place.ask("POST", f"/api/rehearsals/{allowed['run']}/withdraw")
    over(place, allowed["event_id"])
    assert (await place.ask("GET", "/api/status"))["rehearsal"] is None
    assert (await place.ask("GET", f"/api/rehearsals/{allowed['run']}"))["withdrawn"]
    place.control.tick()
    place.pass_time(monkeypatch, rehearsals_io.CLEAN_UP_S + 1)
    assert not folder.exists()


@pytest.mark.parametrize("act", ["open-doors", "go-live"])
async def test_it_gives_way_to_a_real_event(place: Place, act: str) -> None:
    event = place.control.create(title="Real", start_ms=now_ms() + 900 * MINUTE_MS)
    allowed = await place.ask("POST", "/api/rehearsals", WISH)
    await place.ask("POST", f"/api/events/{event.event_id}/{act}")
    place.control.tick()
    over(place, allowed["event_id"])


async def test_it_ends_at_its_time(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    allowed = await place.ask("POST", "/api/rehearsals", WISH)
    place.pass_time(monkeypatch, 299)
    assert allowed["event_id"] in place.control.events
    place.pass_time(monkeypatch, 2)
    over(place, allowed["event_id"])


@pytest.mark.parametrize("act", ["end", "cancel"])
async def test_an_operator_who_ends_its_event_ends_it(place: Place, act: str) -> None:
    allowed = await place.ask("POST", "/api/rehearsals", WISH)
    page = f"/api/events/{allowed['event_id']}"
    await place.ask("POST", f"{page}/go-live")
    assert (await place.ask("POST", f"{page}/{act}"))["phase"] == "cancelled"
    over(place, allowed["event_id"])


async def test_a_control_that_restarts_goes_on_with_it(tmp_path: Path) -> None:
    before = open_place(tmp_path)
    allowed = await before.ask("POST", "/api/rehearsals", WISH)
    await before.ask("POST", f"/api/events/{allowed['event_id']}/go-live")
    await before.ask("POST", f"/api/events/{allowed['event_id']}/door", {"rung": 2})
    after = open_place(tmp_path)
    assert after.consents() == before.consents()
    shown = await after.ask("GET", f"/api/rehearsals/{allowed['run']}")
    assert (shown["withdrawn"], shown["until"]) == (False, allowed["until"])
    door = await after.ask("GET", f"/api/events/{allowed['event_id']}/door")
    assert (door["rung_forced"], door["open_all"]) == (2, True)
    await after.ask("POST", f"/api/rehearsals/{allowed['run']}/withdraw")
    over(after, allowed["event_id"])


async def test_a_house_that_opens_anew_keeps_nothing_of_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = open_place(tmp_path)
    allowed = await before.ask("POST", "/api/rehearsals", WISH)
    rehearsals_io.record_path(tmp_path).unlink()  # as `rostra serve` does at its start
    after = open_place(tmp_path)
    assert after.control.events == {}
    assert Storage(tmp_path).load_all() == []
    assert after.consents() == []
    after.control.tick()
    after.pass_time(monkeypatch, rehearsals_io.CLEAN_UP_S + 1)
    assert not (tmp_path / "events" / allowed["event_id"]).exists()


async def test_neither_cap_nor_pace_nor_measure_bounds_its_open_door(tmp_path: Path) -> None:
    place = open_place(tmp_path, cap=3, pace=1)
    allowed = await place.ask("POST", "/api/rehearsals", WISH)
    page = f"/api/events/{allowed['event_id']}"
    await place.ask("POST", f"{page}/open-doors")

    def pace() -> float:
        moved = [fact for fact in place.told if isinstance(fact, DoorMoved)]
        return moved[-1].pace

    await place.ask("POST", f"{page}/door", {"rung": 1})
    assert pace() > 1000
    await place.ask("POST", f"{page}/door", {"open_all": False})
    assert pace() <= 1, "a night is rehearsed with the door as on the night"


async def test_the_house_is_read_each_second(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    allowed = await place.ask("POST", "/api/rehearsals", WISH)
    began_s = time.time()
    for late in (7, 10):
        for fact in (
            EdgeTallied(
                edge="edge-0", at_ms=0, connections=5, held=1, requests={"page": 3, "media": 4},
                refusals={}, body_bytes=1000, busy_fraction=0.25, loop_lag_ms=1.0, listeners={},
                loop_lag_p99_ms=2.0,
            ),
            StageTallied(
                at_ms=0, seats=1, ticks=50, late_ticks=late, cpu_fraction=0.1, loop_lag_ms=1.0,
                frames_concealed=0, packets_lost=0,
            ),
        ):  # fmt: skip
            place.control.handle(fact)
        place.pass_time(monkeypatch, 1.01)
    path = f"/api/rehearsals/{allowed['run']}"
    first, last = (await place.ask("GET", path))["readings"]
    assert last["edges"] == [
        {"edge": "edge-0", "cpu": 0.25, "busy": 0.25, "loop_lag_p99_ms": 2.0, "connections": 5,
         "requests_s": 7, "egress_bit_s": 8000}
    ]  # fmt: skip
    assert [first["stage"]["late_ticks"], last["stage"]["late_ticks"]] == [0, 3]
    assert last["packager"] is None
    assert (last["rung"], last["inside"], last["waiting"]) == (0, 0, 0)
    newer = (await place.ask("GET", f"{path}?since={began_s + 1.5:.3f}"))["readings"]
    assert newer == [last]


async def test_the_control_room_sees_what_the_conductor_shows(place: Place) -> None:
    allowed = await place.ask("POST", "/api/rehearsals", WISH)
    path = f"/api/rehearsals/{allowed['run']}/progress"
    await place.ask("POST", path, {"phase": "ramp", "here": 10})
    shown = (await place.ask("GET", "/api/status"))["rehearsal"]
    assert shown == {
        "run": allowed["run"],
        "event_id": allowed["event_id"],
        "until": allowed["until"],
        "progress": {"phase": "ramp", "here": 10},
    }
    assert await place.code("POST", path, {"says": "x" * 70_000}) == "too_large"


async def test_what_was_found_is_sealed_by_the_house_and_gone_by_at_once(tmp_path: Path) -> None:
    place = open_place(tmp_path)
    assert not (await place.ask("GET", "/api/certificate"))["holds"]
    allowed = await place.ask("POST", "/api/rehearsals", WISH)
    path = f"/api/rehearsals/{allowed['run']}/certificate"
    answer = await place.client.post(path, json=findings(allowed["run"]))
    assert answer.status_code == 201
    read = certificate.read(answer.content)
    assert isinstance(read, tuple)
    sealed, _ = read
    assert sealed.house == HOUSE
    kept = tmp_path / "certificates" / f"{sealed.number}.json"
    assert kept.read_bytes() == answer.content
    newest = await place.ask("GET", "/api/certificate")
    assert (newest["holds"], newest["why_not"]) == (True, "")
    assert newest["certificate"]["number"] == sealed.number
    capacity = place.control.doors.settings.capacity
    assert (capacity.source, capacity.listeners, capacity.joins_s) == (
        "certificate", (630, 630, 630, 630), 70.0
    )  # fmt: skip
    over(place, allowed["event_id"])
    assert await place.code("POST", path, findings(allowed["run"])) == "certified_already"


async def test_a_control_that_starts_goes_by_the_certificate_until_something_changes(
    tmp_path: Path,
) -> None:
    place = open_place(tmp_path)
    allowed = await place.ask("POST", "/api/rehearsals", WISH)
    path = f"/api/rehearsals/{allowed['run']}/certificate"
    await place.ask("POST", path, findings(allowed["run"]))
    assert open_place(tmp_path).control.doors.settings.capacity.source == "certificate"
    for name in ("build", "settings", "machine"):
        other = open_place(tmp_path, msgspec.structs.replace(HOUSE, **{name: "other"}))
        assert other.control.doors.settings.capacity.source == "measured at start"
        newest = await other.ask("GET", "/api/certificate")
        assert not newest["holds"]
        assert newest["why_not"]


async def test_a_void_rehearsal_is_kept_and_not_gone_by(place: Place) -> None:
    allowed = await place.ask("POST", "/api/rehearsals", WISH)
    path = f"/api/rehearsals/{allowed['run']}/certificate"
    await place.ask("POST", path, findings(allowed["run"], void="generator_cpu"))
    newest = await place.ask("GET", "/api/certificate")
    assert not newest["holds"]
    assert "generator_cpu" in newest["why_not"]
    assert place.control.doors.settings.capacity.source == "measured at start"


async def test_a_rehearsal_that_was_ended_early_still_gets_its_certificate(place: Place) -> None:
    allowed = await place.ask("POST", "/api/rehearsals", WISH)
    await place.ask("POST", f"/api/rehearsals/{allowed['run']}/withdraw")
    path = f"/api/rehearsals/{allowed['run']}/certificate"
    sealed = await place.ask("POST", path, findings(allowed["run"]))
    assert sealed["says"]["findings"]["cut_short"]


async def test_what_another_run_or_other_generators_found_is_not_sealed(place: Place) -> None:
    allowed = await place.ask("POST", "/api/rehearsals", WISH)
    path = f"/api/rehearsals/{allowed['run']}/certificate"
    assert await place.code("POST", path, findings("other")) == "bad_findings"
    assert await place.code("POST", path, findings(allowed["run"], key="cd" * 32)) == "bad_findings"
    assert await place.code("POST", path, {"run": allowed["run"]}) == "bad_request"
    assert not (place.folder / "certificates").exists()


async def test_a_control_that_slept_reads_no_burst(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    allowed = await place.ask("POST", "/api/rehearsals", WISH)
    place.pass_time(monkeypatch, 60)
    for _ in range(5):
        place.control.tick()
    shown = await place.ask("GET", f"/api/rehearsals/{allowed['run']}")
    assert len(shown["readings"]) == 2


async def test_late_edges_never_slow_the_arrivals_of_a_rehearsal_but_those_of_a_night(
    place: Place,
) -> None:
    allowed = await place.ask("POST", "/api/rehearsals", WISH)
    doors, event_id = place.control.doors, allowed["event_id"]
    await place.ask("POST", f"/api/events/{event_id}/go-live")
    event = place.control.get(event_id)
    late = Health(busy=1.0, loop_lag_p99_ms=900.0)

    def pace_after_a_minute(begin: float) -> float:
        for second in range(60):
            doors.second(event, late, begin + second, 1_000 * second)
        return float(doors.brief(event_id)["pace"])

    begin = time.monotonic()
    assert pace_after_a_minute(begin) >= 100_000
    await place.ask("POST", f"/api/events/{event_id}/door", {"open_all": False})
    assert pace_after_a_minute(begin + 100) < 10


# --- what the shield learns ----------------------------------------------------------------------


async def learning(folder: Path, walks: Any, **found: Any) -> tuple[Pupil, Place, str]:
    """A rehearsal whose listeners asked so, with its certificate."""
    pupil = Pupil()
    place = open_place(folder, shield=ShieldSettings(paths=pupil))
    run = (await place.ask("POST", "/api/rehearsals", WISH))["run"]
    noted = await place.ask("POST", f"/api/rehearsals/{run}/walks", {"walks": walks})
    assert noted == {"noted": len(walks)} and pupil.taught == []
    await place.ask("POST", f"/api/rehearsals/{run}/certificate", findings(run, **found))
    return pupil, place, run


async def test_with_its_certificate_the_shield_learns_how_listeners_asked(tmp_path: Path) -> None:
    pupil, place, run = await learning(tmp_path, ["p0a0y4", "y0m4"])
    [(walks, said)] = pupil.taught
    assert walks == ("p0a0y4", "y0m4")
    newest = await place.ask("GET", "/api/certificate")
    assert said == f"the rehearsal {newest['certificate']['number']} here"
    code = await place.code("POST", f"/api/rehearsals/{run}/certificate", findings(run))
    assert code == "certified_already" and len(pupil.taught) == 1
    assert (await place.ask("GET", "/api/shield"))["path"] == "as it came"


async def test_a_void_rehearsal_teaches_nothing(tmp_path: Path) -> None:
    pupil, _, _ = await learning(tmp_path, ["p0a0y4"], void="every step was void")
    assert pupil.taught == []


async def test_nor_does_one_whose_listeners_were_not_followed(tmp_path: Path) -> None:
    pupil, _, _ = await learning(tmp_path, [])
    assert pupil.taught == []


@pytest.mark.parametrize("error", [ValueError("too short"), OSError("no space left")])
async def test_what_cannot_be_learnt_takes_no_certificate_away(
    error: Exception, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    pupil = Pupil()
    pupil.fails = error
    place = open_place(tmp_path, shield=ShieldSettings(paths=pupil))
    run = (await place.ask("POST", "/api/rehearsals", WISH))["run"]
    await place.ask("POST", f"/api/rehearsals/{run}/walks", {"walks": ["p0a0y4"]})
    await place.ask("POST", f"/api/rehearsals/{run}/certificate", findings(run))
    assert (await place.ask("GET", "/api/certificate"))["certificate"] is not None
    assert "taught the shield nothing" in caplog.text


@pytest.mark.parametrize(
    "walks", [["p"], ["zz"], ["127.0.0.1"], ["p0" * 300], ["p0"] * 600, "p0", [1], None]
)
async def test_what_are_no_walks_is_refused(walks: Any, place: Place) -> None:
    run = (await place.ask("POST", "/api/rehearsals", WISH))["run"]
    code = await place.code("POST", f"/api/rehearsals/{run}/walks", {"walks": walks})
    assert code == "bad_request"
