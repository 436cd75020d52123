"""Pictures of certificates and plans: matplotlib, as SVG."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from textwrap import fill
from typing import Any

from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from rostra.rehearsal import plan_table
from rostra.rehearsal.findings import (
    JOIN_P99_MOST_S,
    STALLED_MOST,
    FaultFound,
    NightFound,
    RungFound,
    Step,
)
from rostra.rehearsal.fleet_plan import Plan
from rostra.rehearsal.paper_words import (
    Language,
    noted,
    number,
    rounded,
    say,
    seconds,
    sentence,
    short,
)

# The pages' tokens (web/src/style/base.css) on light paper; a page may put its own in their place.
INK, QUIET, LINE, ACCENT, GOOD = "#1c1815", "#625a51", "#e0d8cc", "#b3341a", "#2f6b3c"
SURFACE, BLUE, OCHRE = "#fffdfa", "#2b5c8a", "#9a6b00"
RUNG_COLOURS = (ACCENT, BLUE, GOOD, OCHRE)
TOKENS = {
    INK: "var(--ink)",
    QUIET: "var(--quiet)",
    LINE: "var(--line)",
    ACCENT: "var(--accent)",
    GOOD: "var(--good)",
    SURFACE: "var(--surface)",
    BLUE: "var(--blue)",
    OCHRE: "var(--ochre)",
}
_MARKERS = ("o", "s", "^", "D")
_DASHES = ("-", (0, (5, 1.5)), (0, (3, 1, 1, 1)), (0, (1, 1)))
_POINTS_MOST = 600
_FONT = re.compile(r"font: ([0-9.]+px) [^;\"]+")


@contextmanager
def drawn(name: str, width: float, height: float) -> Iterator[Figure]:
    """A figure (inches) in our style; read it with `svg` before the block ends."""
    style: dict[Any, Any] = {
        "svg.fonttype": "none",
        "svg.hashsalt": name,
        "font.size": 9,
        "text.color": INK,
        "axes.edgecolor": QUIET,
        "axes.labelcolor": QUIET,
        "axes.titlesize": 9,
        "axes.titleweight": "bold",
        "axes.titlelocation": "left",
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.facecolor": "none",
        "xtick.color": QUIET,
        "ytick.color": QUIET,
        "grid.color": LINE,
        "grid.linewidth": 0.8,
        "axes.axisbelow": True,
        "legend.frameon": False,
        "text.parse_math": False,
    }
    with rc_context(style):
        yield Figure(figsize=(width, height), layout="constrained", facecolor="none")


def svg(figure: Figure, *, inline: bool = True) -> str:
    """The figure's markup; `inline`: for a page, with the page's colours and font."""
    out = io.StringIO()
    figure.savefig(out, format="svg", metadata={"Date": None, "Creator": None})
    text = out.getvalue()
    if not inline:
        return _FONT.sub(r"font: \1 sans-serif", text)
    text = _FONT.sub(r"font: \1 var(--sans)", text[text.index("<svg") :])
    for colour, token in TOKENS.items():
        text = text.replace(colour, token)
    return text


def _axes(axes: Axes, language: Language) -> None:
    axes.grid(axis="y")
    axes.tick_params(length=0)
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(FuncFormatter(lambda value, _: short(language, value)))


def stalled(rows: Sequence[Step], rungs: Sequence[RungFound], language: Language) -> str:
    """Share of listeners whose sound stopped against listeners: a line a rung, knees marked."""
    told = [(row, 100 * row.stalled_share) for row in rows]
    return _against(told, rungs, "steps_stalled", 100 * STALLED_MOST, language)


def first_sound(rows: Sequence[Step], rungs: Sequence[RungFound], language: Language) -> str:
    """The 99th percentile of the time to the first sound, likewise."""
    told = [(row, row.join_p99_s) for row in rows if row.joined]
    return _against(told, rungs, "steps_join", JOIN_P99_MOST_S, language)


def _against(
    told: Sequence[tuple[Step, float]],
    rungs: Sequence[RungFound],
    title: str,
    limit: float,
    language: Language,
) -> str:
    with drawn(title, 4.2, 3.0) as figure:
        axes = figure.subplots()
        _axes(axes, language)
        axes.set_title(say(language, title))
        axes.axhline(limit, color=QUIET, linewidth=1, linestyle=(0, (2, 2)))
        for found in rungs:
            _rung_line(axes, [one for one in told if one[0].rung == found.rung], language)
        for name, marker, face in (("too_many", "X", INK), ("void_step", "o", "none")):
            label = say(language, name)
            axes.plot([], [], marker, color=INK, markerfacecolor=face, label=label, markersize=6)
        axes.set_ylim(0, max(1.25 * limit, axes.get_ylim()[1]))
        axes.set_xlim(left=0)
        axes.xaxis.set_major_locator(MaxNLocator(5))
        axes.annotate(
            say(language, "limit"),
            (1, limit),
            xycoords=axes.get_yaxis_transform(),
            xytext=(0, 2),
            textcoords="offset points",
            ha="right",
            color=QUIET,
        )
        axes.set_xlabel(say(language, "steps_x"))
        figure.legend(loc="outside lower center", ncols=3)
        return svg(figure)


def _rung_line(axes: Axes, told: Sequence[tuple[Step, float]], language: Language) -> None:
    if not told:
        return
    rung = told[0][0].rung
    colour = RUNG_COLOURS[rung % 4]
    line = sorted((row.listeners, y) for row, y in told if not row.void)
    axes.plot(
        [x for x, _ in line],
        [y for _, y in line],
        color=colour,
        linestyle=_DASHES[rung % 4],
        marker=_MARKERS[rung % 4],
        markersize=4,
        label=say(language, "rung_short", rung=str(rung)),
    )
    for row, y in told:
        if row.void:
            axes.plot([row.listeners], [y], "o", color=colour, mfc="none", markersize=7)
        elif not row.carried:
            axes.plot([row.listeners], [y], "X", color=colour, markersize=9)


def bars(rungs: Sequence[RungFound], language: Language) -> str:
    """Carried and allowed, a pair of bars for each rung."""
    with drawn("bars", 4.4, 0.8 + 0.5 * len(rungs)) as figure:
        axes = figure.subplots()
        _bare(axes, [say(language, "rung_short", rung=str(row.rung)) for row in rungs])
        for place, row in enumerate(rungs):
            colour = RUNG_COLOURS[row.rung % 4]
            axes.barh(place - 0.19, row.carried, 0.32, color=colour)
            axes.barh(
                place + 0.19, row.allowed, 0.32, color="none", edgecolor=colour, linewidth=1.2
            )
            for shift, value, name in (
                (-0.19, row.carried, "bars_carried"),
                (0.19, row.allowed, "bars_allowed"),
            ):
                _beside(axes, value, place + shift, number(language, value), say(language, name))
        axes.set_xlim(0, 1.75 * max((max(r.carried, r.allowed) for r in rungs), default=1) or 1)
        return svg(figure)


def _bare(axes: Axes, names: Sequence[str]) -> None:
    axes.set_yticks(range(len(names)), names)
    axes.invert_yaxis()
    axes.set_xticks([])
    axes.tick_params(length=0)
    for side in ("bottom", "left"):
        axes.spines[side].set_visible(False)


def _beside(axes: Axes, x: float, y: float, value: str, name: str = "") -> None:
    axes.annotate(
        f"{value} {name}".strip(),
        (x, y),
        xytext=(4, 0),
        textcoords="offset points",
        va="center",
        fontsize=8,
    )


def cost(rungs: Sequence[RungFound], language: Language) -> str:
    """CPU (with its interval) and bytes of one listener, for each rung."""
    names = [say(language, "rung_short", rung=str(row.rung)) for row in rungs]
    with drawn("cost", 4.2, 0.8 + 0.5 * len(rungs)) as figure:
        left, right = figure.subplots(1, 2)
        for axes, title in ((left, "cost_cpu"), (right, "cost_bytes")):
            _bare(axes, names if axes is left else ["" for _ in names])
            axes.set_title(say(language, title), fontsize=8)
        for place, row in enumerate(rungs):
            colour = RUNG_COLOURS[row.rung % 4]
            cpu, kilobytes = row.cpu_us, row.body_bytes / 1000
            around = [[max(0.0, cpu.value - cpu.low)], [max(0.0, cpu.high - cpu.value)]]
            left.barh(place, cpu.value, 0.5, color=colour, xerr=around, ecolor=INK, capsize=2)
            _beside(left, max(cpu.value, cpu.high), place, rounded(language, cpu.value))
            right.barh(place, kilobytes, 0.5, color=colour)
            _beside(right, kilobytes, place, rounded(language, kilobytes))
        left.set_xlim(0, 1.5 * max((r.cpu_us.high for r in rungs), default=1) or 1)
        right.set_xlim(0, 1.5 * max((r.body_bytes / 1000 for r in rungs), default=1) or 1)
        return svg(figure)


def faults(rows: Sequence[FaultFound], language: Language) -> str:
    """Seconds until all was well again, a bar for each fault; hatched where that never came."""
    longest = max((row.recovered_s or 0.0 for row in rows), default=0.0) or 1.0
    with drawn("faults", 4.4, 0.35 + 0.38 * len(rows)) as figure:
        axes = figure.subplots()
        _bare(axes, [fill(sentence(noted(language, row.says))[:60], 26) for row in rows])
        for place, row in enumerate(rows):
            if row.recovered_s is None:
                axes.barh(
                    place, longest * 1.15, 0.5, color="none", edgecolor=ACCENT, hatch="////", lw=0.8
                )
                _beside(axes, longest * 1.15, place, say(language, "fault_never"))
            else:
                axes.barh(place, row.recovered_s, 0.5, color=GOOD)
                _beside(axes, row.recovered_s, place, seconds(language, row.recovered_s))
        axes.set_xlim(0, 3.0 * longest)
        return svg(figure)


def night(found: NightFound, language: Language) -> str:
    """Listening, waiting and silent over the night; empty where there is no series."""
    series, times = found.series, found.series.get("at_s", [])
    every = max(1, len(times) // _POINTS_MOST)
    lines = [
        (name, series[name], colour, dash)
        for name, colour, dash in (
            ("inside", GOOD, _DASHES[0]),
            ("waiting", BLUE, _DASHES[1]),
            ("stalled", ACCENT, _DASHES[2]),
        )
        if len(series.get(name, [])) == len(times) and times
    ]
    if not lines:
        return ""
    with drawn("night", 4.6, 2.4) as figure:
        axes = figure.subplots()
        _axes(axes, language)
        minutes = [at / 60 for at in times[::every]]
        for name, values, colour, dash in lines:
            label = say(language, f"night_{name}")
            axes.plot(minutes, values[::every], color=colour, linestyle=dash, label=label)
        axes.set_xlabel(say(language, "night_x"))
        axes.set_ylim(bottom=0)
        axes.margins(x=0)
        figure.legend(loc="outside upper left", ncols=3)
        return svg(figure)


def plans(made: Sequence[Plan]) -> str:
    """Busy cores against listeners, with the interval, and how far that is to be trusted."""
    with drawn("plan", 7.2, 4.2) as figure:
        figure.set_facecolor(SURFACE)
        axes = figure.subplots()
        axes.set(xscale="log", yscale="log", xlabel="listeners at once", ylabel="busy cores")
        axes.grid(axis="y")
        first = min(made, key=lambda plan: plan.carried)
        wanted = first.listeners
        ends = [0.5 * first.carried, *first.trusted_to.values()]
        ends = [*ends, max(2 * wanted, 2 * ends[-1])]
        for start, end, name, shade in zip(
            ends, ends[1:], plan_table.TRUST.values(), (0.0, 0.05, 0.1, 0.16), strict=False
        ):
            axes.axvspan(start, end, color=ACCENT, alpha=shade, linewidth=0)
            axes.annotate(
                name.replace(" in rehearsal", ""),
                ((start * end) ** 0.5, 1),
                xycoords=axes.get_xaxis_transform(),
                xytext=(0, 3),
                textcoords="offset points",
                ha="center",
                color=QUIET,
            )
        for plan in made:
            colour, each = (
                RUNG_COLOURS[plan.rung % 4],
                [end / wanted for end in (ends[0], ends[-1])],
            )
            xs = [wanted * share for share in each]
            label = f"rung {plan.rung}: {plan_table.many(plan.cores.value)}"
            dashes = _DASHES[plan.rung % 4]
            cores = plan.cores
            axes.plot(xs, [cores.value * one for one in each], color=colour, ls=dashes, label=label)
            axes.fill_between(
                xs,
                [cores.low * one for one in each],
                [cores.high * one for one in each],
                color=colour,
                alpha=0.18,
                linewidth=0,
            )
            axes.plot([wanted], [cores.value], "o", color=colour)
        axes.set_xlim(ends[0], ends[-1])
        for axis in (axes.xaxis, axes.yaxis):
            axis.set_major_formatter(FuncFormatter(lambda value, _: plan_table.many(value)))
        figure.legend(loc="outside lower center", ncols=4)
        return svg(figure, inline=False)
