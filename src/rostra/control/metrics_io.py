"""Metrics in Prometheus' text format; docs/grafana/rostra.json plots them."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from rostra import __version__
from rostra.control.control_io import Control
from rostra.ground.facts import Event, Phase
from rostra.shield.bans import STEPS

CONTENT_TYPE = CONTENT_TYPE_LATEST
_Rows = Iterable[tuple[tuple[str, ...], float]]


def render(control: Control) -> bytes:
    """All metrics now (Prometheus text format 0.0.4)."""
    registry = CollectorRegistry()
    registry.register(_House(control))
    text: bytes = generate_latest(registry)
    return text


def _gauge(name: str, says: str, labels: tuple[str, ...], rows: _Rows) -> Metric:
    family = GaugeMetricFamily(f"rostra_{name}", says, labels=labels)
    for values, number in rows:
        family.add_metric(values, number)
    return family


def _counter(name: str, says: str, labels: tuple[str, ...], rows: _Rows) -> Metric:
    family = CounterMetricFamily(f"rostra_{name}", says, labels=labels)
    for values, number in rows:
        family.add_metric(values, number)
    return family


class _House(Collector):
    """Asks control at each scrape; nothing is counted twice."""

    def __init__(self, control: Control) -> None:
        self._control = control

    def collect(self) -> Iterator[Metric]:
        now = time.monotonic()
        yield _gauge("build_info", "Version.", ("version",), [((__version__,), 1)])
        yield from self._processes(now)
        yield from self._edges(now)
        yield from self._shield()
        yield from self._voice(now)
        events = [
            event
            for event in self._control.real_events()
            if event.phase not in (Phase.POSTED, Phase.CANCELLED)
        ]
        yield from self._audience(events, now)
        yield from self._doors(events)

    def _processes(self, now: float) -> Iterator[Metric]:
        rows = self._control.dashboard.processes(now)
        yield _gauge(
            "process_up", "1 while it runs.", ("process",), [((p["name"],), p["up"]) for p in rows]
        )
        yield _counter(
            "process_restarts",
            "Deaths since the house opened.",
            ("process",),
            [((p["name"],), p["restarts"]) for p in rows],
        )

    def _edges(self, now: float) -> Iterator[Metric]:
        tallies = self._control.dashboard.fresh_edges(now)
        edge = ("edge",)
        for name, says, rows in (
            ("connections", "Open connections.", [t.connections for t in tallies]),
            ("held", "Requests that wait for a part.", [t.held for t in tallies]),
            ("busy_ratio", "Share of the last second in use.", [t.busy_fraction for t in tallies]),
            (
                "loop_lag_p99_seconds",
                "How late the edge answers, 99th percentile.",
                [t.loop_lag_p99_ms / 1000 for t in tallies],
            ),
        ):
            labelled = [((t.edge,), float(n)) for t, n in zip(tallies, rows, strict=True)]
            yield _gauge(f"edge_{name}", says, edge, labelled)
        totals = self._control.dashboard.totals
        yield _counter(
            "edge_requests", "Requests by class.", ("edge", "class"), totals.requests.items()
        )
        yield _counter(
            "edge_refusals", "Refusals by code.", ("edge", "code"), totals.refusals.items()
        )
        yield _counter(
            "edge_sent_bytes",
            "Bodies sent.",
            edge,
            [((name,), count) for name, count in totals.body_bytes.items()],
        )

    def _shield(self) -> Iterator[Metric]:
        status, totals = self._control.shield.status(), self._control.dashboard.totals
        for name, says, number in (
            ("pressure", "0 peace, 1 watch, 2 attack, 3 siege.", status.pressure),
            ("dry_run", "1 while the shield only counts.", status.dry_run),
            ("difficulty", "Of the challenge before a new ticket, 0 for none.", status.difficulty),
            ("sources", "Distinct sources that asked in the last second.", status.distinct),
            ("listeners", "Listeners whose ticket or pass holds.", status.vouched),
            ("suspects", "Sources that control keeps an eye on.", status.cost.suspects),
        ):
            yield _gauge(f"shield_{name}", says, (), [((), float(number))])
        steps = [((step,), float(status.bans_by_step.get(step, 0))) for step in STEPS]
        yield _gauge("shield_bans", "Sources banned now.", ("step",), steps)
        for name, says, label, counts in (
            ("units", "Cost without a ticket or pass.", "kind", totals.shield_units),
            ("refused", "Refused by the shield.", "reason", totals.shield_refused),
            ("acts", "Done, or in a dry run not (would_).", "act", totals.shield_acts),
        ):
            rows = [((key,), float(count)) for key, count in counts.items()]
            yield _counter(f"shield_{name}", says, (label,), rows)

    def _voice(self, now: float) -> Iterator[Metric]:
        stage = self._control.dashboard.stage(now)
        packager = self._control.dashboard.packager(now)
        yield _gauge("stage_up", "1 while the stage speaks.", (), [((), stage is not None)])
        yield _gauge(
            "packager_up", "1 while the packager speaks.", (), [((), packager is not None)]
        )
        if stage is not None:
            yield _gauge("stage_seats", "People on stage.", (), [((), stage["seats"])])
            yield _counter(
                "stage_late_ticks", "Mixer ticks a frame late.", (), [((), stage["late_ticks"])]
            )
        if packager is not None:
            behind_s = packager["behind_ms"] / 1000
            yield _gauge("packager_behind_seconds", "Behind the clock.", (), [((), behind_s)])
            yield _counter(
                "packager_silence_seconds", "Silence filled in.", (), [((), packager["silence_s"])]
            )

    def _audience(self, events: list[Event], now: float) -> Iterator[Metric]:
        says = {
            "connected": "Player sessions connected.",
            "listening": "Distinct passes renewed with proof or fetching, last 90 s.",
            "low": "Lower end of the error bar (95 %) of listening.",
            "high": "Upper end of it.",
            "proven": "Of those listening, with proof.",
            "fetched": "Of those listening, only seen to fetch.",
            "inside": "Passes that hold a place.",
            "waiting": "People in the line.",
            "peak": "The most that listened at once.",
            "total_net": "Distinct tickets that listened for 60 s.",
            "total_gross": "Sessions that listened for 60 s.",
        }
        numbers = {
            event.event_id: self._control.doors.audience(event.event_id, now) for event in events
        }
        for name, help_text in says.items():
            rows = [((event_id,), audience[name]) for event_id, audience in numbers.items()]
            yield _gauge(f"audience_{name}", help_text, ("event",), rows)

    def _doors(self, events: list[Event]) -> Iterator[Metric]:
        doors = self._control.doors
        brief = {event.event_id: doors.brief(event.event_id) for event in events}

        def rows(name: str) -> _Rows:
            return [
                ((event_id,), float(one[name]))
                for event_id, one in brief.items()
                if one[name] is not None
            ]

        label = ("event",)
        yield _gauge("door_rung", "Rung of the ladder.", label, rows("rung"))
        yield _gauge("door_pace", "Joins a second now.", label, rows("pace"))
        yield _gauge("door_full", "1 while the house is full.", label, rows("full"))
        yield _gauge("door_cap", "The operator's cap, if any.", label, rows("cap"))
        yield _gauge("door_hold", "1 while the operator holds the line.", label, rows("hold"))
        yield _gauge(
            "door_admitted_cohort",
            "Cohort of the admitted rank.",
            label,
            [((event_id,), one["admitted_rank"] >> 32) for event_id, one in brief.items()],
        )
        yield _gauge(
            "door_lane_inside",
            "Places of a lane in use.",
            ("event", "lane"),
            [
                ((event.event_id, lane.name), lane.inside)
                for event in events
                for lane in doors.keeper(event.event_id).lane_states()
            ],
        )
        yield _gauge(
            "replay_due_timestamp_seconds",
            "By when the replay is promised, Unix time.",
            label,
            [
                ((event.event_id,), due_ms / 1000)
                for event in events
                if (due_ms := self._control.replays.due_ms(event.event_id)) is not None
            ],
        )
        capacity = doors.settings.capacity
        yield _gauge(
            "capacity_listeners",
            "Listeners a rung carries here.",
            ("rung",),
            [((str(rung),), most) for rung, most in enumerate(capacity.listeners)],
        )
        yield _gauge("capacity_joins", "Joins a second carried here.", (), [((), capacity.joins_s)])
