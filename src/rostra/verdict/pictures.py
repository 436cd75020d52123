"""The timeline as inline SVG: demand, capacity, attack; refusals and silence; the rung."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

import numpy as np

from rostra.verdict.readings import Floats, Night
from rostra.verdict.report_words import Language, number, say

WIDTH, LEFT, RIGHT = 720, 62, 12
POINTS_MOST = 360
_SPAN = WIDTH - LEFT - RIGHT


def timeline(night: Night, attack: Floats, language: Language) -> str:
    """The picture. `attack`: places of work, of shape (n,). Empty where there is no second."""
    n = night.people.size
    if n == 0:
        return ""
    top = float(max(night.people.max(), night.capacity.high, attack.max(initial=0.0), 1.0)) * 1.05
    low = float(max(night.refused.max(), night.stalled.max(), 1.0)) * 1.05
    first = _panel(20, 190, top, language)
    first += _band(20, 190, top, night.capacity.low, night.capacity.high)
    first += _level(20, 190, top, night.capacity.point)
    first += _lost(20, 190, night)
    for values, style in (
        (attack, "stroke:var(--accent);fill:var(--accent);fill-opacity:.15"),
        (night.inside, "stroke:var(--good);stroke-dasharray:6 3"),
        (night.people, "stroke:var(--ink);stroke-width:2"),
    ):
        first += _line(20, 190, top, values, style)
    second = _panel(256, 80, low, language)
    second += _line(256, 80, low, night.refused, "stroke:var(--ochre)")
    second += _line(256, 80, low, night.stalled, "stroke:var(--accent);stroke-dasharray:2 3")
    third = _panel(382, 40, 5, language)
    third += _line(382, 40, 5, night.rung, "stroke:var(--blue);stroke-width:2")
    marks = _mark(night.start, n, say(language, "start"), 0)
    if night.first_s is not None:
        marks += _mark(night.start + night.first_s, n, say(language, "speech"), 1)
    words = [
        _legend(224, [("var(--ink)", "demand"), ("var(--good)", "inside")], language),
        _legend(
            240,
            [("var(--quiet)", "capacity"), ("var(--accent)", "attack"), ("var(--blue)", "fault")],
            language,
        ),
        _legend(352, [("var(--ochre)", "refused"), ("var(--accent)", "stalled")], language),
        _legend(438, [("var(--blue)", "rung")], language),
    ]
    return (
        f'<svg viewBox="0 0 {WIDTH} 470" xmlns="http://www.w3.org/2000/svg" role="img" '
        f'aria-label="{escape(say(language, "timeline"))}">'
        f"{first}{second}{third}{marks}{''.join(words)}{_hours(night)}</svg>"
    )


def _thinned(values: Floats) -> tuple[Floats, Floats]:
    """At most `POINTS_MOST` points (place from 0 to 1, value): the mean of each stretch."""
    n = values.size
    ends = np.unique(np.linspace(0, n, min(n, POINTS_MOST) + 1).astype(np.int64))
    means = np.add.reduceat(values, ends[:-1]) / np.diff(ends)
    return (ends[:-1] + np.diff(ends) / 2) / n, means


def _y(y: float, height: float, top: float, value: float) -> float:
    return y + height * (1 - min(max(value / top, 0.0), 1.0))


def _line(y: float, height: float, top: float, values: Floats, style: str) -> str:
    at, means = _thinned(values)
    points = [
        f"{LEFT + _SPAN * x:.1f} {_y(y, height, top, v):.1f}"
        for x, v in zip(at.tolist(), means.tolist(), strict=True)
    ]
    path = "M" + "L".join(points)
    if "fill:" in style:  # closed along the foot of the panel
        foot = y + height
        path = f"M{points[0].split()[0]} {foot}L{path[1:]}L{points[-1].split()[0]} {foot}"
    return f'<path d="{path}" style="{style}"/>'


def _panel(y: float, height: float, top: float, language: Language) -> str:
    words = "".join(
        f'<text x="{LEFT - 6}" y="{_y(y, height, top, v) + 4:.1f}" text-anchor="end" '
        f'class="axis">{escape(number(language, v))}</text>'
        for v in (0.0, top / 1.05)
    )
    return f'<rect x="{LEFT}" y="{y}" width="{_SPAN}" height="{height}" class="panel"/>{words}'


def _band(y: float, height: float, top: float, low: float, high: float) -> str:
    a, b = _y(y, height, top, high), _y(y, height, top, low)
    return (
        f'<rect x="{LEFT}" y="{a:.1f}" width="{_SPAN}" height="{b - a:.1f}" '
        'style="fill:var(--quiet);fill-opacity:.2"/>'
    )


def _level(y: float, height: float, top: float, value: float) -> str:
    at = _y(y, height, top, value)
    return f'<path d="M{LEFT} {at:.1f}h{_SPAN}" style="stroke:var(--quiet);stroke-dasharray:1 3"/>'


def _lost(y: float, height: float, night: Night) -> str:
    """A bar over the time in which capacity was lost."""
    lost = np.concatenate([[0.0], (night.fault + night.act > 0).astype(float), [0.0]])
    turns = np.flatnonzero(np.diff(lost))
    n = night.people.size
    bars = [
        f'<rect x="{LEFT + _SPAN * a / n:.1f}" y="{y}" width="{max(1.0, _SPAN * (b - a) / n):.1f}" '
        f'height="{height}" style="fill:var(--blue);fill-opacity:.15"/>'
        for a, b in turns[: 2 * POINTS_MOST].reshape(-1, 2).tolist()
    ]
    return "".join(bars)


def _mark(at: float, n: int, text: str, row: int) -> str:
    if not 0 <= at <= n:
        return ""
    x = LEFT + _SPAN * at / n
    anchor = "start" if x < WIDTH / 2 else "end"
    return (
        f'<path d="M{x:.1f} 20V422" style="stroke:var(--ink);stroke-dasharray:4 2"/>'
        f'<text x="{x:.1f}" y="{8 + 9 * row}" text-anchor="{anchor}" class="axis">'
        f"{escape(text)}</text>"
    )


def _legend(y: float, entries: Sequence[tuple[str, str]], language: Language) -> str:
    out = []
    for i, (colour, name) in enumerate(entries):
        x = LEFT + i * _SPAN / 3
        out.append(
            f'<path d="M{x:.0f} {y - 4}h18" style="stroke:{colour};stroke-width:3"/>'
            f'<text x="{x + 24:.0f}" y="{y}" class="axis">{escape(say(language, name))}</text>'
        )
    return "".join(out)


def _hours(night: Night) -> str:
    """Seconds of the day under the axis, at the begin, the middle and the end (UTC)."""
    n = night.people.size
    out = []
    for part, anchor in ((0.0, "start"), (0.5, "middle"), (1.0, "end")):
        at = (night.from_s + int(part * n)) % 86_400
        clock = f"{at // 3600:02d}:{at // 60 % 60:02d}:{at % 60:02d}"
        out.append(
            f'<text x="{LEFT + part * _SPAN:.0f}" y="462" text-anchor="{anchor}" class="axis">'
            f"{clock} UTC</text>"
        )
    return "".join(out)
