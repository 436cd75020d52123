"""The picture of a night: one page of HTML with a panel for each question (matplotlib, SVG)."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, MaxNLocator

from rostra.rehearsal.findings import NightFound
from rostra.rehearsal.papers_io import STYLE
from rostra.rehearsal.pictures_io import ACCENT, BLUE, GOOD, LINE, OCHRE, QUIET, drawn, svg

_POINTS_MOST = 900
_WAIT_CELLS = 120


def waits_by_arrival(arrived_s: Any, admitted_s: Any, doors_s: float) -> dict[str, list[float]]:
    """How long those let in had waited since doors-open, by the moment of their arrival.

    `wait_at_s`: middles of cells; `wait_p50_s`, `wait_p90_s`. Cells of fewer than 5 are left out.
    """
    shown: dict[str, list[float]] = {"wait_at_s": [], "wait_p50_s": [], "wait_p90_s": []}
    if not len(arrived_s):
        return shown
    order = np.argsort(arrived_s, kind="stable")
    arrived, waited = arrived_s[order], np.maximum(admitted_s - np.maximum(arrived_s, doors_s), 0)
    waited = waited[order]
    edges = np.linspace(arrived[0], arrived[-1], _WAIT_CELLS + 1)
    places = np.searchsorted(arrived, edges)
    for cell in range(_WAIT_CELLS):
        part = waited[places[cell] : places[cell + 1]]
        if len(part) >= 5:
            middle, high = np.quantile(part, (0.5, 0.9))
            shown["wait_at_s"].append(float((edges[cell] + edges[cell + 1]) / 2))
            shown["wait_p50_s"].append(float(middle))
            shown["wait_p90_s"].append(float(high))
    return shown


def _short(value: float, _: Any = None) -> str:
    for size, unit in ((1e6, " M"), (1e3, " k")):
        if abs(value) >= size:
            return f"{value / size:g}{unit}"
    return f"{value:g}"


class _Panels:
    """Stacked panels over the same minutes."""

    def __init__(self, night: NightFound) -> None:
        self._series = night.series
        times = night.series.get("at_s", [])
        self._every = max(1, len(times) // _POINTS_MOST)
        self.minutes = [at_s / 60 for at_s in self._thin(times, np.min)]
        self.there = bool(times)

    def _thin(self, values: Sequence[float], how: Any) -> list[float]:
        """So few points that a picture is small; peaks stay."""
        every = self._every
        return [float(how(values[at : at + every])) for at in range(0, len(values), every)]

    def has(self, name: str) -> bool:
        return len(self._series.get(name, [])) == len(self._series["at_s"])

    def of(self, name: str) -> list[float]:
        return self._thin(self._series[name], np.max)

    def raw(self, name: str) -> list[float]:
        return self._series.get(name, [])


def picture(night: NightFound) -> str:
    """The night's panels as SVG for a page; empty where nothing was noted."""
    panels = _Panels(night)
    if not panels.there:
        return ""
    kinds = [
        draw
        for draw, needs in (
            (_people, "inside"),
            (_line, "waiting"),
            (_door, "came_s"),
            (_waits, "wait_at_s"),
            (_rungs, "rung"),
            (_busy, "busy"),
        )
        if panels.raw(needs)
    ]
    with drawn(f"night-{night.script}", 8.2, 1.75 * len(kinds)) as figure:
        rows = figure.subplots(len(kinds), 1, sharex=True, squeeze=False)[:, 0]
        for axes, draw in zip(rows, kinds, strict=True):
            _style(axes)
            draw(axes, panels)
            axes.margins(x=0)
            if axes.get_legend_handles_labels()[1]:
                axes.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0), borderaxespad=0.3)
        rows[-1].set_xlabel("minutes from the announced start")
        return svg(figure)


def _style(axes: Axes) -> None:
    axes.grid(axis="y")
    axes.axvline(0, color=LINE, linewidth=1.5)
    axes.tick_params(length=0)
    axes.yaxis.set_major_formatter(FuncFormatter(_short))
    axes.yaxis.set_major_locator(MaxNLocator(4))


def _people(axes: Axes, panels: _Panels) -> None:
    axes.set_title("Inside")
    listening = panels.of("inside")
    axes.fill_between(panels.minutes, listening, color=GOOD, alpha=0.25, linewidth=0)
    axes.plot(panels.minutes, listening, color=GOOD, label="listening")
    if panels.raw("carries") and panels.has("carries"):
        axes.plot(
            panels.minutes,
            panels.of("carries"),
            color=QUIET,
            linestyle=(0, (2, 2)),
            drawstyle="steps-post",
            label="the rung carries",
        )
    if any(panels.raw("stalled")):
        axes.plot(panels.minutes, panels.of("stalled"), color=ACCENT, label="silent")
    axes.set_ylim(bottom=0)


def _line(axes: Axes, panels: _Panels) -> None:
    axes.set_title("In the line")
    waiting = panels.of("waiting")
    axes.fill_between(panels.minutes, waiting, color=BLUE, alpha=0.25, linewidth=0)
    axes.plot(panels.minutes, waiting, color=BLUE, label="waiting")
    axes.set_ylim(bottom=0)


def _door(axes: Axes, panels: _Panels) -> None:
    axes.set_title("A second")
    axes.plot(panels.minutes, panels.of("came_s"), color=BLUE, linewidth=1, label="came")
    axes.plot(panels.minutes, panels.of("let_in_s"), color=GOOD, linewidth=1, label="let in")
    axes.set_yscale("symlog", linthresh=10)
    axes.yaxis.set_major_formatter(FuncFormatter(_short))
    axes.set_ylim(bottom=0)


def _waits(axes: Axes, panels: _Panels) -> None:
    axes.set_title("Minutes until let in, by the moment of arrival (since doors-open)")
    minutes = [at_s / 60 for at_s in panels.raw("wait_at_s")]
    for name, label, dash in (("wait_p50_s", "half", "-"), ("wait_p90_s", "nine of ten", ":")):
        axes.plot(
            minutes,
            [waited_s / 60 for waited_s in panels.raw(name)],
            color=OCHRE,
            linestyle=dash,
            label=label,
        )
    axes.set_ylim(bottom=0)


def _rungs(axes: Axes, panels: _Panels) -> None:
    axes.set_title("Rung (0 is the best)")
    axes.plot(panels.minutes, panels.of("rung"), color=ACCENT, drawstyle="steps-post")
    axes.set_ylim(5.3, -0.3)
    axes.set_yticks(range(6))


def _busy(axes: Axes, panels: _Panels) -> None:
    axes.set_title("Edges busy (%)")
    axes.plot(panels.minutes, [100 * busy for busy in panels.of("busy")], color=OCHRE)
    axes.set_ylim(0, 105)


def page(night: NightFound, answer: str, rows: Sequence[tuple[str, str]], says: str = "") -> str:
    """The whole page: what was played, its picture, what came of it. It needs nothing else."""
    title = f"A simulated night: {night.script}"
    told = "".join(f"<dt>{escape(name)}</dt><dd>{escape(value)}</dd>" for name, value in rows)
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; '
        "style-src 'unsafe-inline'\">"
        f"<title>{escape(title)}</title><style>{STYLE}figure.night svg{{max-width:none}}"
        "</style></head>\n<body><main>"
        f"<header><h1>{escape(title)}</h1><p>{escape(says)}</p></header>"
        f'<p class="answer">{escape(answer)}</p>'
        "<p class=quiet>No server and no network took part: people, edges and their work are "
        "numbers; the line, the leases, the controller and its ladder are the code that runs "
        "the night.</p>"
        f'<section><figure class="night" role="img" aria-label="{escape(answer)}">'
        f"{picture(night)}</figure></section>"
        f"<section><h2>In numbers</h2><dl>{told}</dl></section></main></body></html>\n"
    )
